"""Reads the ids in the URL of a request from the path that its operation asks for.

A path has the names of ids in braces: ``/threads/{thread_id}/runs``.
"""

from __future__ import annotations

import re
from operator import itemgetter
from typing import TYPE_CHECKING

from threadtrail._frozen import clean_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ID = re.compile(r"\{(\w+)\}")


def renamed(path: str, names: Mapping[str, str]) -> str:
    """Return the path with other names of its ids, for those that are in ``names``."""
    return ID.sub(lambda found: f"{{{names.get(found[1], found[1])}}}", path)


class Path:
    """A path, taken apart at its slashes.

    A URL is this path, with nothing around it and no id that is quoted, if it has ``length`` parts of which
    the ``fixed`` ones are ``text``, and neither ``%`` nor ``?``. That is asked in the app's thread, so it is
    written out there; a function would take as long again.
    """

    def __init__(self, path: str) -> None:
        parts = path.split("/")
        names = [ID.fullmatch(part) for part in parts]
        self.length: int = len(parts)
        self.fixed: Callable[[list[str]], object] = itemgetter(
            *(place for place, name in enumerate(names) if name is None)
        )
        self.text: object = self.fixed(parts)
        self.ids: dict[str, int] = {name[1]: place for place, name in enumerate(names) if name is not None}
        """The place of each id."""

    def id_in(self, url: str, name: str) -> str:
        """Return an id in a URL that is this path."""
        return clean_text(url.split("/")[self.ids[name]])


NO_PATH = Path("")
NO_PATH.length = 0
"""The path of an operation for which none is known: no URL is this path."""
