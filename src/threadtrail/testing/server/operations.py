"""All operations of the server, with their addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from threadtrail.testing.server.responses.conversations import CONVERSATIONS_ROUTES, ConversationsOperation
from threadtrail.testing.server.responses.routes import RESPONSES_ROUTES, ResponsesOperation
from threadtrail.testing.server.routes import ROUTES as ASSISTANTS_ROUTES
from threadtrail.testing.server.routes import AssistantsOperation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from threadtrail.testing.server.call import Handler

Operation = Literal[AssistantsOperation, ResponsesOperation, ConversationsOperation]
"""An operation, named after the SDK's method."""

OPERATIONS: tuple[Operation, ...] = get_args(Operation)

ROUTES: Mapping[str, tuple[str, str, Handler]] = dict(
    [*ASSISTANTS_ROUTES.items(), *RESPONSES_ROUTES.items(), *CONVERSATIONS_ROUTES.items()]
)


def check_exists(operation: str) -> None:
    """Check that there is such an operation.

    Raises:
        ValueError: there is none.
    """
    if operation not in OPERATIONS:
        raise ValueError(f"operation={operation!r} does not exist; choose one of {', '.join(OPERATIONS)}")


def is_polled(operation: str) -> bool:
    """Return whether the answer may be a run or response that is polled, which carries the polling header."""
    return operation.startswith("runs.") or operation in {
        "threads.create_and_run",
        "responses.create",
        "responses.retrieve",
        "responses.cancel",
    }


def needs_beta_header(operation: str) -> bool:
    """Return whether the operation is one of the Assistants API, which asks for the header of its beta."""
    return operation in ASSISTANTS_ROUTES
