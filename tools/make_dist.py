"""Build every distribution of the project, check it, and try it in a fresh environment.

    python tools/make_dist.py            the core and each of plugins/, into dist/

For each: a source distribution, a wheel built from that, `twine check --strict`, `check-wheel-contents`, the
licence and the links. Then each wheel is installed with nothing else: the core plays its demo and runs the
fast tests of its source distribution, and each exporter must pass the conformance kit.

For a release, RELEASED_FROM and RELEASED_TAG name its repository and its tag, which must match the files.
"""

from __future__ import annotations

import email
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path

from set_address import address

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
CONSTRAINTS = ROOT / "constraints.txt"
TESTS_NEED = ["hypothesis", "pytest", "pytest-asyncio", "pytest-timeout", "pytest-xdist"]
LOOSENED = {"threadtrail-agentops": {"wrapt", "packaging", "httpx", "click", "python-dotenv"}}
"""The packages that constraints.txt does not pin, since the backend's SDK pins them lower."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """One distribution: its folder, and the files that were built from it."""

    folder: Path
    name: str
    wheel: Path
    sdist: Path


def main() -> int:
    """Build, check and try all; return the exit code."""
    check_release()
    shutil.rmtree(DIST, ignore_errors=True)
    folders = [ROOT, *sorted(file.parent for file in ROOT.glob("plugins/*/pyproject.toml"))]
    projects = [built(folder) for folder in folders]
    files = [str(file) for project in projects for file in (project.sdist, project.wheel)]
    run("twine", "check", "--strict", *files)
    run("check_wheel_contents", *(str(project.wheel) for project in projects))
    for project in projects:
        check_metadata(project)
    core, *exporters = projects
    try_core(core)
    for exporter in exporters:
        try_exporter(exporter, core)
    print(f"{len(projects)} distributions in {DIST.relative_to(ROOT)}/, each of them tried")
    return 0


def run(module: str, *arguments: str) -> None:
    """Run a tool of this environment; end if it fails."""
    subprocess.run([sys.executable, "-m", module, *arguments], check=True)


def check_release() -> None:
    """Check that a release has the repository's address and the tag's version.

    Raises:
        ValueError: it has another address or version.
    """
    said, named = os.environ.get("RELEASED_FROM", address()), address()
    if said != named:
        raise ValueError(f"the files name {named}, and this is {said}: run make address URL={said}")
    source = (ROOT / "src" / "threadtrail" / "__init__.py").read_text("utf-8")
    (version,) = re.findall('^__version__ = "(.*)"$', source, re.MULTILINE)
    tag = os.environ.get("RELEASED_TAG", f"v{version}")
    if tag != f"v{version}":
        raise ValueError(f"threadtrail is {version}, and the tag is {tag}: it must be v{version}")


def built(folder: Path) -> Project:
    """Build one project."""
    name = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]["name"]
    print(f"building {name} ...", flush=True)
    before = set(DIST.glob("*"))
    subprocess.run(
        [sys.executable, "-m", "build", "--outdir", str(DIST), str(folder)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (wheel,) = set(DIST.glob("*.whl")) - before
    (sdist,) = set(DIST.glob("*.tar.gz")) - before
    return Project(folder=folder, name=name, wheel=wheel, sdist=sdist)


def check_metadata(project: Project) -> None:
    """Check what an index shows of a wheel, and that a source distribution has its tests and no exporters.

    Raises:
        ValueError: something is missing, or should not be there.
    """
    with zipfile.ZipFile(project.wheel) as wheel:
        names = wheel.namelist()
        (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        message = email.message_from_bytes(wheel.read(metadata))
    shown = message.get_payload()
    wrong = {
        "no licence": not any(name.endswith(".dist-info/licenses/LICENSE") for name in names),
        "no links": project.name != "threadtrail-example" and not message.get_all("Project-URL"),
        "a link of the README that leads nowhere on an index": "](docs/" in str(shown),
    }
    with tarfile.open(project.sdist) as sdist:
        held = {Path(*Path(name).parts[1:]).parts[0] for name in sdist.getnames() if "/" in name}
    wrong["no tests"] = "tests" not in held
    wrong["plugins"] = "plugins" in held
    if any(wrong.values()):
        raise ValueError(f"{project.name}: {', '.join(what for what, is_so in wrong.items() if is_so)}")


def environment(folder: Path, project: Project, *requirements: str) -> Path:
    """Make an environment with only these packages; return its interpreter."""
    print(f"trying {project.name} ...", flush=True)
    lines = CONSTRAINTS.read_text("utf-8").splitlines()
    loosened = LOOSENED.get(project.name, set())
    held = [line for line in lines if line.partition("==")[0] not in loosened]
    (folder / "constraints.txt").write_text("\n".join(held), "utf-8")
    python = folder / "bin" / "python"
    run("venv", "--without-pip", str(folder))
    given = ("-c", str(folder / "constraints.txt"), *requirements)
    run("pip", "--python", str(python), "--disable-pip-version-check", "--quiet", "install", *given)
    return python


def try_core(core: Project) -> None:
    """Play the demo, and run the tests of the source distribution that take milliseconds."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "environment")
        folder.mkdir()
        python = environment(folder, core, f"{core.wheel}[testing]", *TESTS_NEED)
        call(python, "-m", "threadtrail", "demo", "responses", "--no-color", cwd=folder)
        with tarfile.open(core.sdist) as sdist:
            sdist.extractall(temporary, filter="data")
        unpacked = Path(temporary, core.sdist.name.removesuffix(".tar.gz"))
        fast = ("-m", "not slow and not costly", "--first-cases")
        call(python, "-m", "pytest", "-q", *fast, cwd=unpacked)


def try_exporter(exporter: Project, core: Project) -> None:
    """Run its conformance test, or the tests that it has, against what is installed."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        python = environment(folder, exporter, f"{core.wheel}[testing]", str(exporter.wheel), *TESTS_NEED)
        tests = exporter.folder / "tests"
        conformance = tests / "test_conformance.py"
        chosen = conformance if conformance.exists() else tests
        call(python, "-m", "pytest", "-q", str(chosen), cwd=ROOT)


def call(python: Path, *arguments: str, cwd: Path) -> None:
    """Run a program of an environment, which imports nothing from the checkout; end if it fails."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    subprocess.run([str(python), *arguments], cwd=cwd, env=variables, check=True)


if __name__ == "__main__":
    sys.exit(main())
