"""The play without threadtrail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from differential.tape import Tape
    from threadtrail.testing.server import OpenAIServer


class Bare:
    """Does nothing, and imports nothing of threadtrail's instrumentation."""

    def before_import(self) -> None:
        """Act before the SDK is imported."""

    def meet(self, server: OpenAIServer, tape: Tape) -> None:
        """Act when the server runs and nothing has been played."""

    def after_import(self) -> None:
        """Act when the SDK is imported and has made clients."""

    def next_part(self) -> None:
        """Act before the next part of the play."""

    def finish(self) -> dict[str, Any]:
        """Return what was recorded."""
        return {}
