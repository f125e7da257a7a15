"""Asks Langfuse which project the keys belong to, by the API client of its SDK. Writes nothing there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import langfuse
from langfuse.api import LangfuseAPI
from langfuse.api.core import ApiError, RequestOptions

from threadtrail.checks import no_answer, shown_address
from threadtrail.errors import CheckError

if TYPE_CHECKING:
    from langfuse.api import Project

    from threadtrail_langfuse.account import Account

OK = 200
REFUSED = frozenset({401, 403})
SERVER_ERRORS = range(500, 600)

KEYS = (
    "Copy both keys of one project from its settings into LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY, and "
    "check that LANGFUSE_BASE_URL is the server of that project."
)


def ask(account: Account, timeout: float) -> str:
    """Ask Langfuse once, within ``timeout`` seconds; return a sentence that names server and project.

    Raises:
        CheckError: there is no answer, it is not that of Langfuse, or the keys are rejected.
    """
    address = shown_address(account.settings(account.owner())["base_url"])
    return f"Langfuse at {address} accepts the keys of the project {project_of(account, timeout).name!r}."


def project_of(account: Account, timeout: float) -> Project:
    """Ask Langfuse once for the project of the keys; raise as ``ask``."""
    settings = account.settings(account.owner())
    address = shown_address(settings["base_url"])
    custom = settings.get("httpx_client")
    client = custom or httpx.Client(timeout=timeout, headers=settings.get("additional_headers") or {})
    api = LangfuseAPI(
        base_url=settings["base_url"],
        username=account.public_key,
        password=settings["secret_key"],
        x_langfuse_sdk_name="python",
        x_langfuse_sdk_version=langfuse.__version__,
        x_langfuse_public_key=account.public_key,
        httpx_client=client,
        timeout=timeout,
    )
    try:
        # Typed as whole seconds, but passed to httpx, which accepts fractions.
        once = RequestOptions(timeout_in_seconds=timeout, max_retries=0)  # type: ignore[typeddict-item]  # see above
        projects = api.projects.get(request_options=once).data
    except httpx.HTTPError as error:
        raise no_answer(address, error, timeout) from error
    except ApiError as error:
        raise _refusal(address, error.status_code) from error
    except ValueError as error:  # the answer is not a list of projects
        raise _refusal(address, OK) from error
    finally:
        if custom is None:
            client.close()
    if not projects:
        raise CheckError(f"Langfuse at {address} accepts the keys, but has no project for them.", KEYS)
    project: Project = projects[0]
    return project


def _refusal(address: str, status: int | None) -> CheckError:
    if status in REFUSED:
        return CheckError(f"Langfuse at {address} rejects the keys (HTTP {status}).", KEYS)
    if status in SERVER_ERRORS:
        return CheckError(
            f"Langfuse at {address} answers with a server error (HTTP {status}).", "See its logs."
        )
    return CheckError(
        f"{address} answers, but not as Langfuse would (HTTP {status}).",
        "Check that LANGFUSE_BASE_URL is the address of Langfuse, without a path.",
    )
