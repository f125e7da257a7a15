"""The address of a trace in Langfuse's interface."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from threadtrail._guard import guard
from threadtrail.errors import CheckError, ConfigurationError
from threadtrail_langfuse.account import Given, find_account, why_switched_off
from threadtrail_langfuse.ids import trace_id_for

if TYPE_CHECKING:
    from threadtrail_langfuse.account import Account

__all__ = ["trace_url"]

TIMEOUT_SECONDS = 5.0
"""The timeout of the one request, in seconds."""

PAUSE_SECONDS = 30.0
"""How long Langfuse is not asked again after it returned no project, in seconds."""


class _Known:
    """The account that observations are sent to, and its known projects.

    ``ask_from``: when Langfuse may be asked, by the monotonic clock; ``projects``: ids by server and key.
    """

    account: Account | None = None
    ask_from = 0.0
    projects: dict[tuple[str, str], str] = {}  # noqa: RUF012 - one for the process


def use(account: Account | None) -> None:
    """Take this account for addresses from now on: that of the exporter which was started last."""
    _Known.account, _Known.ask_from = account, 0.0


def trace_url(identifier: str) -> str | None:
    """Return the address of a run's trace in Langfuse's interface.

    Langfuse is asked for the project of the keys, once in a process. Return ``None`` if it does not answer
    within 5 seconds, if keys are missing, or if nothing is sent.

    Args:
        identifier: as for ``trace_id_for``.
    """
    account = _account()
    if account is None:
        return None
    address = account.settings(account.owner())["base_url"]
    project = _project(account, address)
    return None if project is None else f"{address}/project/{project}/traces/{trace_id_for(identifier)}"


def _account() -> Account | None:
    if _Known.account is None and why_switched_off() is None:
        _Known.account, _ = guard.catch(find_account, Given(), contain=ConfigurationError)
    return _Known.account


def _project(account: Account, address: str) -> str | None:
    key = (address, account.public_key)
    if key not in _Known.projects and time.monotonic() >= _Known.ask_from:
        from threadtrail_langfuse.check import project_of  # noqa: PLC0415 - not every app needs it

        project, error = guard.catch(project_of, account, TIMEOUT_SECONDS, contain=CheckError)
        if error is not None:
            _Known.ask_from = time.monotonic() + PAUSE_SECONDS
            guard.report("threadtrail_langfuse.trace_url()", f"returned None: {error}")
        else:
            _Known.projects[key] = project.id
    return _Known.projects.get(key)
