"""The tutorial for authors of exporters builds the example package, and everything in it works as it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tarfile
from importlib.metadata import entry_points
from pathlib import Path
from typing import NamedTuple

import pytest

from threadtrail.config.installed import PLUGINS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "plugins" / "writing-an-exporter.md"
PACKAGE = ROOT / "plugins" / "threadtrail-example"
BESIDE_THE_PACKAGE = {"first.py", "threadtrail.toml"}
NOT_SHOWN = re.compile(r"(^|/)(LICENSE|\.\w+|__pycache__|\w+\.egg-info|build|dist)(/|$)")
"""The licence, whose text the page spares the reader, and what tools make."""


OF_THE_TESTS = ("OPENAI_", "PIP_", "PYTEST_", "PYTHON", "THREADTRAIL_", "VIRTUAL_ENV")


class Block(NamedTuple):
    """A code block: of a file, if the text before it ends with the file's name and a colon."""

    file: str | None
    language: str
    text: str


def blocks() -> list[Block]:
    fenced = re.compile(r"(?:`([\w./-]+)`:\n\n)?^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
    return [Block(*found.groups()) for found in fenced.finditer(PAGE.read_text(encoding="utf-8"))]


def files() -> dict[str, str]:
    return {block.file: block.text for block in blocks() if block.file}


def test_files_are_those_of_the_example() -> None:
    names = {path.relative_to(PACKAGE).as_posix(): path for path in PACKAGE.rglob("*") if path.is_file()}
    package = {
        name: path.read_text(encoding="utf-8") for name, path in names.items() if not NOT_SHOWN.search(name)
    }
    written = files()
    assert written.keys() == package.keys() | BESIDE_THE_PACKAGE
    for name, text in package.items():
        assert written[name] == text, f"{PAGE.name} and {PACKAGE.name}/{name} differ"


def test_every_block_is_a_file_or_a_command_or_what_one_printed() -> None:
    before = None
    for block in blocks():
        allowed = block.file or block.language == "bash" or (block.language == "text" and before == "bash")
        assert allowed, block.text
        before = block.language


class Reader:
    """Does what the page says, in an empty folder; packages come from the environment of the tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._state = folder / "state"
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(OF_THE_TESTS)
        } | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_BUILD_ISOLATION": "0",  # which is how pip spells that there is none
            "PIP_NO_CACHE_DIR": "1",
            "PIP_NO_INDEX": "1",
        }

    def write(self, file: str, text: str) -> None:
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def type(self, command: str) -> str:
        """Run the command as in a shell that stays open; return what it printed."""
        keep = f"pwd > '{self._state}'; env -0 >> '{self._state}'"
        done = subprocess.run(
            ["bash", "-ec", f"{command}\n{keep}"],  # noqa: S607 - the reader's own shell
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}"
        folder, _, variables = self._state.read_text(encoding="utf-8").partition("\n")
        self.folder = Path(folder)
        self.environment = dict(variable.split("=", 1) for variable in variables.split("\0") if variable)
        return done.stdout


def lend_packages(environment: Path) -> None:
    """Let a new virtual environment have what this one has, so that nothing is downloaded."""
    (packages,) = environment.glob("lib/python*/site-packages")
    lent = sysconfig.get_path("purelib")
    # Such files are read by the alphabet: what is installed there comes before what is lent.
    (packages / "zz_lent.pth").write_text(f"import site; site.addsitedir({lent!r})\n")
    for script in entry_points(group="console_scripts"):
        if script.name in {"threadtrail", "pytest", "pip"}:
            file = environment / "bin" / script.name
            start = f"from {script.module} import {script.attr} as main\nraise SystemExit(main())\n"
            file.write_text(f"#!{environment}/bin/python\n{start}")
            file.chmod(0o755)


def masked(text: str) -> list[str]:
    """The lines without what differs from one time to the next: moments, durations, ids, widths.

    The reader has installed none of the project's own plugins, so these are left out where they are lent.
    """
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", "MOMENT", text)
    text = re.sub(r"\brun_\w+", "RUN", text)
    text = re.sub(r"(?<=,completed,)[\d.]+", "SECONDS", text)
    text = re.sub(r"\d+ passed, (\d+) skipped in [\d.]+s", r"passed, \1 skipped", text)
    lines = [" ".join(line.strip("= ").split()) for line in text.splitlines()]
    return [line for line in lines if not line.startswith(tuple(f"{name} threadtrail-" for name in PLUGINS))]


def is_shown(block: str, printed: str) -> bool:
    """Whether the block has all that was printed; ``…`` stands for lines, or within one for some of it."""
    patterns = [
        r"(?:.*\n)+?" if line == "…" else re.escape(line).replace("…", ".*") + r"\n" for line in masked(block)
    ]
    return re.fullmatch("".join(patterns), "".join(f"{line}\n" for line in masked(printed))) is not None


@pytest.mark.parametrize(
    ("block", "shown"),
    [
        ("one\ntwo\nthree\n", True),
        ("…\nthree\n", True),
        ("one\n…\nthree\n", True),
        ("one\nt…o\n…\n", True),
        ("two\nthree\n", False),
        ("one\ntwo\n", False),
        ("one\nthree\n", False),
        ("one\n…\ntwo\nthree\n", False),
        ("two\n…\none\n", False),
    ],
)
def test_what_is_left_out_is_marked(block: str, *, shown: bool) -> None:
    assert is_shown(block, "one\ntwo\nthree\n") == shown


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_all_that_it_says_happens(tmp_path: Path) -> None:
    reader, printed = Reader(tmp_path), ""
    for block in blocks():
        if block.file:
            reader.write(block.file, block.text)
        elif block.language == "bash":
            printed = ""
            for command in block.text.splitlines():
                makes_environment = command.endswith("-m venv .venv")
                # pip is lent as well, which is faster than to unpack another one.
                printed += reader.type(f"{command} --without-pip" if makes_environment else command)
                if makes_environment:
                    lend_packages(reader.folder / ".venv")
        else:
            assert is_shown(block.text, printed), f"not what was printed:\n{block.text}\n{printed}"
    assert reader.folder == tmp_path / PACKAGE.name
    assert [file.name for file in reader.folder.glob("dist/*")] == [
        "threadtrail_example-0.1.0-py3-none-any.whl"
    ]
    reader.type("python -m hatchling build -t sdist -d sdist")
    (sdist,) = reader.folder.glob("sdist/*.tar.gz")
    with tarfile.open(sdist) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    assert packed - {".gitignore"} == {"PKG-INFO", *files().keys() - BESIDE_THE_PACKAGE}
    assert "THREADTRAIL_RUN_TABLE_PATH" not in reader.environment
    where = reader.type("python -c 'import threadtrail_example; print(threadtrail_example.__file__)'")
    assert Path(where.strip()).is_relative_to(reader.folder)
