"""No regular expression takes more than linear time, whatever it is given."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from regular_expressions import METHODS, Use, slowest, uses_in
from threadtrail._text import escaped
from threadtrail.exporters.console_text import visible, visible_lines

LONG = 20_000
BOUND_SECONDS = 0.2
"""CPU time, not the clock's: a linear expression takes a thousandth, a quadratic one a third or more."""

PLUGINS = sorted(
    path.name
    for path in (Path(__file__).parent.parent / "plugins").glob("threadtrail-*/src/*")
    if path.is_dir() and path.name.isidentifier()
)


@pytest.mark.slow
@pytest.mark.parametrize("package", ["threadtrail", *PLUGINS])
def test_every_expression_is_linear(package: str) -> None:
    try:
        uses = list(uses_in(package))
    except ModuleNotFoundError as error:  # of the plugin, or of its backend's SDK
        pytest.skip(f"not installed: {error.name}")
    slow = [use for use in uses if slowest(use, LONG, BOUND_SECONDS) > BOUND_SECONDS]
    assert slow == []
    assert uses or package != "threadtrail", "none was found, so none was looked at"


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (r"[^\S\n]*\n\s*", "sub"),
        (r"\s+$", "search"),
        (r"\w+\s*=", "search"),
        (r"<a[^>]*>.*?</a>", "findall"),
        (r"(\s*,\s*)+$", "search"),
        (r"data:[^,]*,x", "search"),
        (r"[xyz]*[vwx]*!", "match"),
        (r"(?:ab|[k-n])+;", "search"),
        (r"(?=[k-n]*;)", "search"),
    ],
)
def test_one_that_is_not_would_be_noticed(pattern: str, method: str) -> None:
    # The least of several: one that was interrupted looks as slow as what is not linear.
    bound = 10 * min(slowest(Use("here", r"[\s,;&]+|%20", 0, ["split"]), LONG) for _ in range(5))
    use = Use("here", pattern, 0, [method])
    # Most are noticed with the shorter text, and would take seconds with the long one.
    assert any(slowest(use, length, bound) > bound for length in (4_000, LONG))


def test_an_expression_that_is_put_together_at_run_time_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "unclear_words.py").write_text("import re\ndef f(word, text):\n    re.sub(word, '', text)\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match="line 3: the pattern is no plain text"):
        list(uses_in("unclear_words"))


@pytest.mark.parametrize("line", ["import re as regex", "from re import compile", "from re import sub as s"])
def test_a_module_that_names_re_otherwise_is_refused(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"renaming_{abs(hash(line))}"
    (tmp_path / f"{name}.py").write_text(f"{line}\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match="line 1: say `import re`"):
        list(uses_in(name))


def test_an_expression_is_found_wherever_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = """
import re
ONE = re.compile("1")
TABLE = {"two": [re.compile("2")]}
class Holder:
    three = re.compile("3")
def function(text):
    return ONE.sub("", text), re.search("4", text), re.compile("5").match(text)
"""
    (tmp_path / "many_words.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    found = {use.pattern.pattern: set(use.methods) for use in uses_in("many_words")}
    assert found == {"1": {"sub"}, "2": set(METHODS), "3": set(METHODS), "4": {"search"}, "5": set(METHODS)}


# -- what replaces the one that was not -----------------------------------------------------------------


@pytest.mark.parametrize(
    "unit", [" ", "\t", "\r", "\n", " \n", "\x0b", "\x1b[", "a ", "\u2028", "\u200b", "\ud800"]
)
@pytest.mark.parametrize("show", [visible, visible_lines, escaped])
def test_long_texts_are_shown_in_linear_time(unit: str, show: object) -> None:
    text = f"begin{unit * (LONG // len(unit))}end"
    begun = time.thread_time()
    assert callable(show)
    shown = show(text)
    assert time.thread_time() - begun < BOUND_SECONDS
    assert shown.startswith("begin")
    assert shown.endswith("end")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "one",
        "  one  ",
        "one\ntwo",
        "one \t\r\n\n  \n two ",
        "a\n\n\nb",
        "\x0ba\x1c\nb\x85\nc\u2028\nd",
        "\u3000a\u3000\n\u3000b",
        "tab\tin between\n\ttab",
    ],
)
def test_lines_are_joined_as_before(text: str) -> None:
    assert visible(text) == escaped(re.sub(r"[^\S\n]*\n\s*", " ↵ ", text.strip()).replace("\t", " "))
