"""The path that an operation's request asks for: recognises it in a URL, and reads the ids in it.

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
    """A path, taken apart at its slashes; an empty one is that of no URL.

    A URL is this path, with nothing around it and no id that is quoted, if it has ``length`` parts of which
    the ``fixed`` ones are ``text``, and neither ``%`` nor ``?``. That is asked in the app's thread, so it is
    written out there; a function would take as long again. ``ids`` has the place of each id.
    """

    def __init__(self, path: str) -> None:
        parts = path.split("/")
        names = [ID.fullmatch(part) for part in parts]
        self.length: int = len(parts) if path else 0
        self.fixed: Callable[[list[str]], object] = itemgetter(
            *(place for place, name in enumerate(names) if name is None)
        )
        self.text: object = self.fixed(parts)
        self.ids: dict[str, int] = {name[1]: place for place, name in enumerate(names) if name is not None}

    def ends(self, url: str) -> bool:
        """Return whether a URL ends in this path; a query may follow.

        A client may have put something before the path: a deployment, a gateway, the path of the API's root.
        """
        parts = url.partition("?")[0].split("/")
        if len(parts) > self.length:
            parts[: 1 - self.length] = [""]
        return len(parts) == self.length and self.fixed(parts) == self.text

    def id_in(self, url: str, name: str) -> str:
        """Return an id in a URL that is this path."""
        return clean_text(url.split("/")[self.ids[name]])
