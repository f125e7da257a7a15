"""Keeps secrets out of what the doctor says, whatever the messages of others hold."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from threadtrail._text import assigned, is_secret
from threadtrail.checks import shown_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from threadtrail.commands.doctor.findings import Finding
    from threadtrail.config.choice import ExporterChoice

HIDDEN = "(hidden)"
SHORTEST = 4
"""Letters; anything shorter is too likely part of other words to be cut from a message."""

BETWEEN_PARTS = re.compile(r"[\s,;&]+|%20")
NAME_OF_PART = re.compile(r"^[\w-]+=(?=[^=])")
SHORTEST_PART = 8
ADDRESS = re.compile(r"^https?://", re.IGNORECASE)


def shown(name: str, value: object) -> str:
    """Return ``name = value``; secrets are hidden, also in an address."""
    if isinstance(value, str) and ADDRESS.match(value) and not is_secret(name):
        return assigned(name, shown_address(value))
    return assigned(name, value)


def secrets_of(choice: ExporterChoice, variables: Iterable[str]) -> list[str]:
    """Return the secret texts among the exporter's options and these environment variables, longest first."""
    texts = {text for key, option in choice.options.items() for text in _secret_texts(key, option.value)}
    for variable in variables:
        texts |= set(_secret_texts(variable, os.environ.get(variable)))
    return sorted(texts, key=len, reverse=True)


def without(secrets: Iterable[str], finding: Finding) -> Finding:
    """Return the finding with each secret cut from its words."""
    message, advice = finding.message, finding.advice
    for secret in secrets:
        message, advice = message.replace(secret, HIDDEN), advice.replace(secret, HIDDEN)
    return dataclasses.replace(finding, message=message, advice=advice)


def _secret_texts(name: str, value: Any) -> Iterator[str]:
    """Yield what must not be said: the text, and parts like ``abc`` of ``authorization=Bearer abc``."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _secret_texts(name if is_secret(name) else str(key), item)
    elif isinstance(value, str):
        if is_secret(name) and value.lstrip().startswith("{"):  # a table, as an environment variable has it
            yield from _secret_texts(name, _table(value))
        if is_secret(name):
            parts = [NAME_OF_PART.sub("", part) for part in BETWEEN_PARTS.split(value)]
            yield from (text for text in [value.strip()] if len(text) >= SHORTEST)
            yield from (part for part in parts if len(part) >= SHORTEST_PART)
        elif ADDRESS.match(value) and value != shown_address(value):
            yield value


def _table(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
