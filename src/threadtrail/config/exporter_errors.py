"""Turns exceptions that an exporter raises while it is built or started into problems.

This is the one place that reads the text of an error: an author may name an option by ``path='x': ...``.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from threadtrail._text import CONCEALED, is_secret
from threadtrail.config.problems import Problem
from threadtrail.config.secrets import secrets_among, without
from threadtrail.errors import ABSENT, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from threadtrail.config.choice import Option

NOT_EXPLAINED = "Check its options. If they are right, report this to the exporter's maintainer."


def problems_raised(
    error: BaseException, exporter: str, options: Mapping[str, Option], *, failed: str
) -> Iterator[Problem]:
    """Yield what is wrong: with the option that the error is about, and its origin, if that is known.

    Args:
        error: the exporter's exception.
        exporter: its name.
        options: the options that it was built with.
        failed: what did not work, such as "it cannot be built".
    """
    secrets = secrets_among((name, option.value) for name, option in options.items())
    for problem in _problems(error, exporter, options, failed):
        yield replace(
            problem,
            exporter=exporter,
            says=without(secrets, problem.says),
            advice=without(secrets, problem.advice),
        )


def _problems(
    error: BaseException, exporter: str, options: Mapping[str, Option], failed: str
) -> Iterator[Problem]:
    if isinstance(error, ConfigurationError):
        for found in error.details:
            if isinstance(found, Problem):
                yield found
            elif error.option is not None:
                set_to = options[error.option].value if error.option in options else ABSENT
                value = set_to if error.value is ABSENT else error.value
                yield _of_option(error.option, value, str(found), options)
            else:
                yield _of_text(str(found), exporter, options)
        return
    cause = f"{type(error).__name__}: {error}"
    name = _option_of_file(error, options)
    if name is None:
        yield Problem(says=f"{failed}: {cause}.", advice=NOT_EXPLAINED)
    else:
        yield replace(_of_option(name, options[name].value, f"{cause}.", options), advice="Correct it.")


def _of_option(name: str, value: object, says: str, options: Mapping[str, Option]) -> Problem:
    origin = options[name].origin if name in options else ""
    return Problem(name, _plain(value), origin, says)


def _of_text(text: str, exporter: str, options: Mapping[str, Option]) -> Problem:
    """Return the problem of an exporter's text, which may begin with its name or ``option=value:``."""
    text = text.removeprefix(f"exporter {exporter!r}: ")
    for name, option in options.items():
        if not text.startswith((f"{name}=", f"{name}:")):
            continue
        value = _plain(option.value)
        for beginning in (f"{name}:", f"{name}={option.value!r}:", f"{name}={value!r}:"):
            if text.startswith(beginning):
                return _of_option(name, value, text.removeprefix(beginning).lstrip(), options)
        if is_secret(name):  # the exporter may have changed the value, so it cannot be found and removed
            return _of_option(name, CONCEALED, text.partition(": ")[2] or "it is refused", options)
        return _of_option(name, ABSENT, text, options)
    return Problem(says=text)


def _option_of_file(error: BaseException, options: Mapping[str, Option]) -> str | None:
    """Return the option with the file that an ``OSError`` is about."""
    path = _plain(error.filename) if isinstance(error, OSError) else None
    if not isinstance(path, str):
        return None
    values = ((name, _plain(option.value)) for name, option in options.items())
    return next((name for name, value in values if isinstance(value, str) and value == path), None)


def _plain(value: object) -> object:
    """Return the text of a path; return any other value unchanged."""
    return os.fspath(value) if isinstance(value, os.PathLike) else value
