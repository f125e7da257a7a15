"""The folders that `sdk_tests.py` works in: virtual environments and the SDK's unpacked source.

Each is made once under `.cache/sdk-tests` and used again later. An incomplete one, or one for other
requirements, is made again.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "sdk-tests"

SDK_VERSION = "3.57.0"

# What the SDK's tests import, besides the SDK itself. The lower bounds are those of its own
# development dependencies; `constraints.txt` pins what it names.
TEST_REQUIREMENTS = (
    f"openai[aiohttp,realtime]=={SDK_VERSION}",
    "azure-identity>=1.14.1",
    "griffe>=1",
    "inline-snapshot>=0.28.0",
    "pytest>=9.0.3",
    "pytest-asyncio>=1.4.0",
    "pytest-xdist>=3.6",
    "rich>=13.7.1",
    "trio>=0.22.2",
)
INSTALL_TIMEOUT_SECONDS = 600


class SdkTestsError(Exception):
    """The comparison could not be made; the message says what to do."""


def sdk_source(python: Path) -> Path:
    """Return the unpacked source distribution, downloading it when it is not there."""
    source = CACHE / f"openai-{SDK_VERSION}"
    if source.exists():
        return source
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        command = [str(python), "-m", "pip", "download", "--quiet", "--no-deps"]
        _pip([*command, "--no-binary", "openai", "--dest", folder, f"openai=={SDK_VERSION}"])
        archive = next(Path(folder).glob("openai-*.tar.gz"), None)
        if archive is None:
            raise SdkTestsError(f"pip brought no source distribution of openai {SDK_VERSION}")
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        # Renamed when complete, so that a folder with the final name is never a broken one.
        Path(folder, source.name).rename(source)
    return source


def virtual_environment(name: str, base_python: str, requirements: list[str], *, cache: Path = CACHE) -> Path:
    """Return the interpreter of a virtual environment that holds exactly these requirements."""
    folder = cache / name
    complete = folder / "complete.json"
    constraints = _constraints(requirements, whole=name == "venv")
    wanted = json.dumps([_version(base_python), sorted(requirements), constraints], indent=1)
    if complete.exists() and complete.read_text(encoding="utf-8") == wanted:
        return _python(folder)
    print(f"making {folder.relative_to(ROOT)} ...", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    cache.mkdir(parents=True, exist_ok=True)
    subprocess.run([base_python, "-m", "venv", str(folder)], check=True)
    with tempfile.TemporaryDirectory() as temporary:
        pins = Path(temporary, "constraints.txt")
        pins.write_text("\n".join(constraints), encoding="utf-8")
        install = [str(_python(folder)), "-m", "pip", "install", "--quiet", "--constraint"]
        _pip([*install, str(pins), *requirements])
    # Last of all: without it, the next call starts afresh.
    complete.write_text(wanted, encoding="utf-8")
    return _python(folder)


def project_requirements() -> list[str]:
    """Return what the tests need and what threadtrail needs; threadtrail itself runs from `src`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [*TEST_REQUIREMENTS, *project["dependencies"]]


def _constraints(requirements: list[str], *, whole: bool) -> list[str]:
    """Return the pins of `constraints.txt`.

    Other tools pin versions that contradict ours, so for them only the pins of what the tests name
    are kept (`whole=False`), unless they have a pin of their own.
    """
    path = ROOT / "constraints.txt"
    if not path.exists():
        return []
    lines = [line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").split("\n")]
    names = {_name(requirement) for requirement in requirements if "==" not in requirement}
    return [line for line in lines if line and (whole or _name(line) in names)]


def _name(requirement: str) -> str:
    for separator in "[<>=!~; ":
        requirement = requirement.partition(separator)[0]
    return requirement.lower().replace("_", "-")


def _pip(command: list[str]) -> None:
    process = subprocess.run(
        command,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=INSTALL_TIMEOUT_SECONDS,
        check=False,
    )
    if process.returncode:
        raise SdkTestsError(f"pip failed: {' '.join(command)}\n{process.stderr}")


def _python(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _version(python: str) -> str:
    command = [python, "-c", "import sys; print(sys.executable, sys.version)"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def clean_environment() -> dict[str, str]:
    """Return the environment without variables that would change the tests: paths, keys and options."""
    prefixes = ("OPENAI_", "AZURE_", "PYTEST_", "PYTHON", "THREADTRAIL_", "VIRTUAL_ENV")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(prefixes)}
    # The canned server is on this machine, whatever proxy the rest goes through.
    return {**kept, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
