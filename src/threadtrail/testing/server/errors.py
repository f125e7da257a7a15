"""Errors, worded as the API words them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


class ApiError(Exception):
    """A request that the API answers with an error.

    Attributes:
        status: the HTTP status.
        body: the JSON body.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        param: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = error_body(message, kind=kind, param=param, code=code)


class AzureError(ApiError):
    """The same in the shape of Azure's gateway."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(status, body["error"]["message"])
        self.body = body


def error_body(
    message: str, *, kind: str, param: str | None = None, code: str | None = None
) -> dict[str, Any]:
    """Return the JSON body of an error."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def not_found(noun: str, object_id: str) -> ApiError:
    """Return the error for an unknown assistant, thread, message, run or run step."""
    return ApiError(404, f"No {noun} found with id '{object_id}'.")


def missing_parameter(name: str) -> ApiError:
    """Return the error for a missing parameter."""
    return ApiError(
        400,
        f"Missing required parameter: '{name}'.",
        param=name,
        code="missing_required_parameter",
    )


def invalid_value(name: str, value: object, supported: Sequence[str]) -> ApiError:
    """Return the error for a value that a parameter does not support."""
    allowed = " and ".join(f"'{choice}'" for choice in supported)
    return ApiError(
        400,
        f"Invalid value: '{value}'. Supported values are: {allowed}.",
        param=name,
        code="invalid_value",
    )


def thread_is_locked(thread_id: str, run_id: str) -> ApiError:
    """Return the error for a new message while a run is active on its thread."""
    return ApiError(400, f"Can't add messages to {thread_id} while a run {run_id} is active.")


def run_is_active(thread_id: str, run_id: str) -> ApiError:
    """Return the error for a new run while another is active on its thread."""
    return ApiError(400, f"Thread {thread_id} already has an active run {run_id}.")


def outputs_not_expected(status: str) -> ApiError:
    """Return the error for tool outputs to a run that does not wait for them."""
    return ApiError(400, f'Runs in status "{status}" do not accept tool outputs.')


def wrong_outputs(expected: Sequence[str], got: Sequence[str]) -> ApiError:
    """Return the error for outputs that do not match the pending calls."""
    return ApiError(400, f"Expected tool outputs for call_ids {list(expected)}, got {list(got)}")


def cannot_cancel(status: str) -> ApiError:
    """Return the error for cancelling a run that has ended."""
    return ApiError(400, f"Cannot cancel run with status '{status}'.")


def no_api_key() -> ApiError:
    """Return the error for a request without a key."""
    return ApiError(
        401,
        "You didn't provide an API key. You need to provide your API key in an Authorization "
        "header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY), or as the password field "
        "(with blank username) if you're accessing the API from your browser and are prompted for "
        "a username and password. You can obtain an API key from "
        "https://platform.openai.com/account/api-keys.",
    )


def wrong_api_key(key: str) -> ApiError:
    """Return the error for a wrong key, which is masked as the API does."""
    visible = 4
    tail = key[-visible:] if len(key) > visible else ""
    return ApiError(
        401,
        f"Incorrect API key provided: {'*' * 8}{tail}. You can find your API key at "
        "https://platform.openai.com/account/api-keys.",
        code="invalid_api_key",
    )


def no_beta_header() -> ApiError:
    """Return the error for a request without the header for Assistants v2."""
    return ApiError(
        400,
        "You must provide the 'OpenAI-Beta' header to access the Assistants API. Please try again "
        "by setting the header 'OpenAI-Beta: assistants=v2'.",
        code="invalid_beta",
    )


def bad_json() -> ApiError:
    """Return the error for a body that is not a JSON object."""
    return ApiError(
        400,
        "We could not parse the JSON body of your request. (HINT: This likely means you aren't "
        "using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was "
        "sent was not valid JSON.)",
    )


def unknown_url(method: str, path: str) -> ApiError:
    """Return the error for an unknown address."""
    return ApiError(404, f"Invalid URL ({method} {path})")


AZURE_ACCESS_DENIED: dict[str, Any] = {
    "error": {
        "code": "401",
        "message": "Access denied due to invalid subscription key or wrong API endpoint. Make sure "
        "to provide a valid key for an active subscription and use a correct regional API endpoint "
        "for your resource.",
    }
}
AZURE_NOT_FOUND: dict[str, Any] = {"error": {"code": "404", "message": "Resource not found"}}
