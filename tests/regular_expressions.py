"""Find regular expressions in code, and the inputs that would take them longest."""

from __future__ import annotations

import ast
import functools
import importlib
import itertools
import math
import pkgutil
import re
import time
from re import _constants as codes  # type: ignore[attr-defined]  # what a pattern is parsed to
from re import _parser as parser  # type: ignore[attr-defined]  # the parser of `re` itself
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from types import ModuleType

METHODS = ("search", "match", "fullmatch", "findall", "finditer", "split", "sub", "subn")
ANCHORED = ("match", "fullmatch")
ONE = {codes.NOT_LITERAL, codes.ANY, codes.CATEGORY, codes.IN}
"""Elements of a pattern that match one character of several."""

REPEATS = {codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT}
AROUND = {codes.ASSERT, codes.ASSERT_NOT}
BRANCHES = 4
"""How many alternatives are tried, at each place."""

CANDIDATES = " a0_-=+/%;:,.\n\t\r\0é"


class Use:
    """A pattern, and the methods by which it is used."""

    def __init__(self, where: str, pattern: str, flags: int, methods: Iterable[str]) -> None:
        self.where = where
        self.pattern = re.compile(pattern, flags)
        self.methods = tuple(methods)

    def __repr__(self) -> str:
        return f"{self.where}: {self.pattern.pattern!r} by {', '.join(self.methods)}"


# -- find them ------------------------------------------------------------------------------------------


def modules_of(package: str) -> Iterator[ModuleType]:
    """Import a package with everything in it, except what is a program."""
    root = importlib.import_module(package)
    yield root
    for found in pkgutil.walk_packages(getattr(root, "__path__", ()), f"{package}."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def compiled_in(module: ModuleType) -> Iterator[tuple[str, re.Pattern[str]]]:
    """Yield the patterns that a module, its classes and its containers hold, with their names."""
    todo = [(name, value, 0) for name, value in vars(module).items()]
    while todo:
        name, value, depth = todo.pop()
        if isinstance(value, re.Pattern):
            yield name, value
        elif isinstance(value, (list, tuple, set, frozenset)) and depth < 3:
            todo += [(name, item, depth + 1) for item in value]
        elif isinstance(value, dict) and depth < 3:
            todo += [(name, item, depth + 1) for pair in value.items() for item in pair]
        elif isinstance(value, type) and value.__module__ == module.__name__:
            todo += [(key, item, depth + 1) for key, item in vars(value).items()]


def calls_in(source: str, where: str) -> Iterator[tuple[str, ast.Call]]:
    """Yield each call of `re.NAME` in the source that takes a pattern.

    Those at the top of a module or of a class that compile one are left out: ``compiled_in`` finds them.

    Raises:
        ValueError: `re` has another name there, so that its calls would not be found.
    """
    if not re.search(r"\bre\b", source):
        return
    tree = parsed(source)
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Import, ast.ImportFrom)):
            continue
        renamed = any(each.name == "re" and each.asname for each in node.names)
        if renamed or (isinstance(node, ast.ImportFrom) and node.module == "re"):
            raise ValueError(f"{where}, line {node.lineno}: say `import re`, and nothing else")
    inside = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    in_functions = {id(node) for function in inside for node in ast.walk(function)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and of(node.func, "re"):
            name = node.func.attr
            if name in METHODS or (name == "compile" and id(node) in in_functions):
                yield name, node


@functools.lru_cache(maxsize=1)
def parsed(source: str) -> ast.Module:
    return ast.parse(source)


def of(attribute: ast.Attribute, name: str) -> bool:
    return isinstance(attribute.value, ast.Name) and attribute.value.id == name


def methods_of(name: str, source: str) -> set[str]:
    """Return the methods that are called on a name; all of them if it is used in another way."""
    attributes = {
        node.attr for node in ast.walk(parsed(source)) if isinstance(node, ast.Attribute) and of(node, name)
    }
    return attributes & set(METHODS) or set(METHODS)


def uses_in(package: str) -> Iterator[Use]:
    """Yield every use of a pattern in the package.

    Raises:
        ValueError: a pattern is put together while the program runs, so that nobody can look at it.
    """
    for module in modules_of(package):
        file = getattr(module, "__file__", None)
        source = path_of(file).read_text(encoding="utf-8") if file else ""
        for name, pattern in compiled_in(module):
            methods = methods_of(name, source)
            yield Use(f"{module.__name__}.{name}", pattern.pattern, pattern.flags & ~re.UNICODE, methods)
        for function, call in calls_in(source, module.__name__):
            where = f"{module.__name__}, line {call.lineno}"
            text = getattr(call.args[0], "value", None) if call.args else None
            if not isinstance(text, str):
                raise ValueError(f"{where}: the pattern is no plain text")  # noqa: TRY004 - of the source
            yield Use(where, text, 0, [function] if function in METHODS else METHODS)


def path_of(file: str) -> Path:
    from pathlib import Path

    return Path(file)


# -- the inputs that take longest -----------------------------------------------------------------------


def sample(items: Any, candidates: str, branch: int = 0) -> str:
    """Return a text that the parsed items match, or nearly; of alternatives, by the one of this number."""
    return "".join(_sample(code, value, candidates, branch) for code, value in items)


def _sample(code: Any, value: Any, candidates: str, branch: int) -> str:
    if code is codes.LITERAL:
        return chr(value)
    if code in ONE:
        return next(fitting(code, value, candidates), "")
    if code in REPEATS:
        least, _, within = value
        return sample(within, candidates, branch) * int(least)
    inner = {codes.SUBPATTERN: lambda: value[-1], codes.ATOMIC_GROUP: lambda: value}
    inner[codes.BRANCH] = lambda: value[1][min(branch, len(value[1]) - 1)]
    # What else there is takes no characters.
    return sample(inner[code](), candidates, branch) if code in inner else ""


def fitting(code: Any, value: Any, candidates: str) -> Iterator[str]:
    """Yield the characters that one element of a pattern matches."""
    tree = parser.SubPattern(parser.State(), [(code, value)])
    pattern = re._compiler.compile(tree)  # type: ignore[attr-defined]  # as above
    return filter(pattern.fullmatch, candidates)


def repeated(items: Any) -> Iterator[Any]:
    """Yield what is repeated in a pattern, at any depth, and what is looked for ahead or behind."""
    for code, value in items:
        if code in REPEATS:
            yield value[2]
            yield from repeated(value[2])
        elif code is codes.SUBPATTERN or code in AROUND:
            yield from repeated(value[-1])
        elif code is codes.ATOMIC_GROUP:
            yield from repeated(value)
        elif code is codes.BRANCH:
            for branch in value[1]:
                yield from repeated(branch)


def inputs(pattern: re.Pattern[Any], length: int) -> Iterator[Any]:
    """Yield long texts: what the pattern repeats, over and over, by itself and after what comes before it."""
    if isinstance(pattern.pattern, bytes):
        of_text = re.compile(pattern.pattern.decode("latin-1"), pattern.flags)
        yield from (text.encode("latin-1", "ignore") for text in inputs(of_text, length))
        return
    items = list(parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE))
    # Two repetitions that meet share characters: one that only this pattern names may be among them.
    candidates = CANDIDATES + "".join(sorted(set(pattern.pattern) - set(CANDIDATES)))
    pumps, beginnings = set(), {""}
    for each in repeated(items):
        code, value = each[0]
        pumps |= {sample(each, candidates, branch) for branch in range(BRANCHES)}
        pumps |= set(fitting(code, value, candidates)) if len(each) == 1 and code in ONE else set()
    for number in range(1, len(items) + 1):
        begun = {sample(items[:number], candidates, branch) for branch in range(BRANCHES)}
        pumps |= begun
        beginnings |= begun
    for pump, beginning, end in itertools.product(pumps - {""}, beginnings, ("", "\0", "x")):
        yield beginning + pump * (length // len(pump)) + end


def seconds(use: Use, text: Any) -> float:
    """Return the CPU time of this thread that the pattern takes for the text."""
    begun = time.thread_time()
    for method in use.methods:
        if method in {"sub", "subn"}:
            getattr(use.pattern, method)(text[:0], text)
        elif method == "finditer":
            for _ in use.pattern.finditer(text):
                pass
        else:
            getattr(use.pattern, method)(text)
    return time.thread_time() - begun


def slowest(use: Use, length: int, bound: float = math.inf) -> float:
    """Return the longest time that any of its inputs takes, or the first that is over the bound."""
    longest = 0.0
    for text in inputs(use.pattern, length):
        longest = max(longest, seconds(use, text))
        if longest > bound:
            break
    return longest
