"""Errors of Responses and Conversations, worded as the API words them."""

from __future__ import annotations

from threadtrail.testing.server.errors import ApiError


def not_found(noun: str, object_id: str) -> ApiError:
    """Return the error for an unknown response, conversation or item."""
    return ApiError(404, f"{noun} with id '{object_id}' not found.")


def previous_not_found(response_id: str) -> ApiError:
    """Return the error for a chain whose last response is not known, or was not stored."""
    return ApiError(
        400,
        f"Previous response with id '{response_id}' not found.",
        param="previous_response_id",
        code="previous_response_not_found",
    )


STREAMABLE_SECONDS = 300


def no_input() -> ApiError:
    """Return the error for a request without input."""
    return ApiError(
        400,
        "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation_id' must be provided.",
        code="missing_required_parameter",
    )


def both_chains() -> ApiError:
    """Return the error for a request with a conversation and a previous response."""
    return ApiError(
        400,
        "Mutually exclusive parameters: 'previous_response_id' and 'conversation'. "
        "Ensure you are only providing one of: 'previous_response_id' or 'conversation'.",
        code="mutually_exclusive_parameters",
    )


def background_needs_store() -> ApiError:
    """Return the error for a background response that is not to be stored."""
    return ApiError(400, "Background mode requires store=true.", param="background")


def no_output_for(kind: str, call_id: str) -> ApiError:
    """Return the error for a call in the history that nobody answered."""
    return ApiError(400, f"No tool output found for {kind} {call_id}.", param="input")


def no_call_for(kind: str, call_id: str) -> ApiError:
    """Return the error for an output whose call is not in the history."""
    return ApiError(400, f"No tool call found for {kind} with call_id {call_id}.", param="input")


def cannot_stream(response_id: str, reason: str) -> ApiError:
    """Return the error for resuming the stream of a response that was not created for it."""
    return ApiError(
        400, f"Response with id '{response_id}' cannot be streamed because it was not created with {reason}."
    )


def too_old_to_stream() -> ApiError:
    """Return the error for resuming a stream after five minutes."""
    return ApiError(400, "This response can no longer be streamed because it is more than 5 minutes old.")


def cannot_cancel() -> ApiError:
    """Return the error for cancelling a response that is not in the background."""
    return ApiError(400, "Cannot cancel a synchronous response.")
