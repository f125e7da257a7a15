"""The operations of the Assistants API: what each does with the objects, and its address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from threadtrail.testing.server.deltas import without_search_content
from threadtrail.testing.server.errors import missing_parameter, not_found
from threadtrail.testing.server.objects import (
    STREAM_ONLY_FIELDS,
    Json,
    new_assistant,
    update_assistant,
)
from threadtrail.testing.server.pagination import page
from threadtrail.testing.server.plan import Event
from threadtrail.testing.server.run_events import RunEvents

if TYPE_CHECKING:
    from collections.abc import Mapping

    from threadtrail.testing.server.backend import Backend
    from threadtrail.testing.server.call import Call, Handler, Result
    from threadtrail.testing.server.runs import RunPlayer

AssistantsOperation = Literal[
    "assistants.create",
    "assistants.list",
    "assistants.retrieve",
    "assistants.update",
    "assistants.delete",
    "threads.create",
    "threads.create_and_run",
    "threads.retrieve",
    "threads.update",
    "threads.delete",
    "messages.create",
    "messages.list",
    "messages.retrieve",
    "messages.update",
    "messages.delete",
    "runs.create",
    "runs.list",
    "runs.retrieve",
    "runs.update",
    "runs.cancel",
    "runs.submit_tool_outputs",
    "steps.list",
    "steps.retrieve",
]
"""An operation, named after the SDK's method."""

SEARCH_CONTENT = "step_details.tool_calls[*].file_search.results[*].content"


def _deleted(object_id: str, kind: str) -> Json:
    return {"id": object_id, "object": f"{kind}.deleted", "deleted": True}


# -- assistants -------------------------------------------------------------------------------


def _create_assistant(backend: Backend, call: Call) -> Json:
    assistant = new_assistant(backend.new_id("asst_"), backend.now(), call.body)
    backend.assistants[assistant["id"]] = assistant
    return assistant


def _list_assistants(backend: Backend, call: Call) -> Json:
    return page(list(backend.assistants.values()), call.query, "assistant")


def _retrieve_assistant(backend: Backend, call: Call) -> Json:
    return backend.assistant(call.ids["assistant_id"])


def _update_assistant(backend: Backend, call: Call) -> Json:
    assistant = backend.assistant(call.ids["assistant_id"])
    update_assistant(assistant, call.body)
    return assistant


def _delete_assistant(backend: Backend, call: Call) -> Json:
    assistant = backend.assistant(call.ids["assistant_id"])
    del backend.assistants[assistant["id"]]
    return _deleted(assistant["id"], "assistant")


# -- threads ----------------------------------------------------------------------------------


def _create_thread(backend: Backend, call: Call) -> Json:
    return backend.create_thread(call.body)


def _retrieve_thread(backend: Backend, call: Call) -> Json:
    return backend.thread(call.ids["thread_id"])


def _update_thread(backend: Backend, call: Call) -> Json:
    thread = backend.thread(call.ids["thread_id"])
    _take_over(thread, call.body, "metadata", "tool_resources")
    return thread


def _delete_thread(backend: Backend, call: Call) -> Json:
    thread = backend.thread(call.ids["thread_id"])
    for objects in (backend.threads, backend.messages, backend.runs):
        objects.pop(thread["id"])
    return _deleted(thread["id"], "thread")


def _take_over(target: Json, request: Json, *names: str) -> None:
    for name in names:
        if name in request:
            target[name] = request[name] or {}


# -- messages ---------------------------------------------------------------------------------


def _at_rest(message: Json) -> Json:
    return {name: value for name, value in message.items() if name not in STREAM_ONLY_FIELDS}


def _create_message(backend: Backend, call: Call) -> Json:
    return _at_rest(backend.create_message(call.ids["thread_id"], call.body))


def _list_messages(backend: Backend, call: Call) -> Json:
    thread = backend.thread(call.ids["thread_id"])
    messages = [_at_rest(message) for message in backend.messages[thread["id"]].values()]
    for run_id in call.query.get("run_id", ())[-1:]:
        messages = [message for message in messages if message["run_id"] == run_id]
    return page(messages, call.query, "message")


def _retrieve_message(backend: Backend, call: Call) -> Json:
    return _at_rest(backend.message(call.ids["thread_id"], call.ids["message_id"]))


def _update_message(backend: Backend, call: Call) -> Json:
    message = backend.message(call.ids["thread_id"], call.ids["message_id"])
    _take_over(message, call.body, "metadata")
    return _at_rest(message)


def _delete_message(backend: Backend, call: Call) -> Json:
    message = backend.message(call.ids["thread_id"], call.ids["message_id"])
    del backend.messages[message["thread_id"]][message["id"]]
    return _deleted(message["id"], "thread.message")


# -- runs -------------------------------------------------------------------------------------


def _answer(player: RunPlayer, call: Call, before: tuple[Event, ...] = ()) -> Result:
    if call.body.get("stream"):
        player.streaming = True
        return RunEvents(player, before, search_content=SEARCH_CONTENT in call.include)
    player.begin_leg()
    return player.body


def _create_run(backend: Backend, call: Call) -> Result:
    if not call.body.get("assistant_id"):
        raise missing_parameter("assistant_id")
    return _answer(backend.create_run(call.ids["thread_id"], call.body), call)


def _create_thread_and_run(backend: Backend, call: Call) -> Result:
    if not call.body.get("assistant_id"):
        raise missing_parameter("assistant_id")
    backend.assistant(call.body["assistant_id"])
    thread = backend.create_thread(call.body.get("thread") or {})
    player = backend.create_run(thread["id"], call.body)
    return _answer(player, call, (Event("thread.created", thread),))


def _list_runs(backend: Backend, call: Call) -> Json:
    thread = backend.thread(call.ids["thread_id"])
    runs = [player.body for player in backend.runs[thread["id"]].values()]
    return page(runs, call.query, "run")


def _run(backend: Backend, call: Call) -> RunPlayer:
    return backend.run(call.ids["thread_id"], call.ids["run_id"])


def _retrieve_run(backend: Backend, call: Call) -> Json:
    player = _run(backend, call)
    player.poll()
    return player.body


def _update_run(backend: Backend, call: Call) -> Json:
    player = _run(backend, call)
    _take_over(player.body, call.body, "metadata")
    return player.body


def _cancel_run(backend: Backend, call: Call) -> Json:
    player = _run(backend, call)
    player.cancel()
    return player.body


def _submit_tool_outputs(backend: Backend, call: Call) -> Result:
    player = _run(backend, call)
    if call.body.get("tool_outputs") is None:
        raise missing_parameter("tool_outputs")
    player.submit(call.body["tool_outputs"])
    return _answer(player, call)


# -- steps ------------------------------------------------------------------------------------


def _shown(step: Json, call: Call) -> Json:
    return step if SEARCH_CONTENT in call.include else without_search_content(step)


def _list_steps(backend: Backend, call: Call) -> Json:
    steps = [_shown(step, call) for step in _run(backend, call).steps]
    return page(steps, call.query, "run step")


def _retrieve_step(backend: Backend, call: Call) -> Json:
    step_id = call.ids["step_id"]
    for step in _run(backend, call).steps:
        if step["id"] == step_id:
            return _shown(step, call)
    raise not_found("run step", step_id)


# -- where they live --------------------------------------------------------------------------

_ASSISTANT = "/assistants/{assistant_id}"
_THREAD = "/threads/{thread_id}"
_MESSAGE = _THREAD + "/messages/{message_id}"
_RUN = _THREAD + "/runs/{run_id}"

ROUTES: Mapping[AssistantsOperation, tuple[str, str, Handler]] = {
    # Those that an application calls most often come first: routes are tried in this order.
    "runs.retrieve": ("GET", _RUN, _retrieve_run),
    "runs.create": ("POST", _THREAD + "/runs", _create_run),
    "threads.create_and_run": ("POST", "/threads/runs", _create_thread_and_run),
    "messages.list": ("GET", _THREAD + "/messages", _list_messages),
    "messages.create": ("POST", _THREAD + "/messages", _create_message),
    "runs.submit_tool_outputs": ("POST", _RUN + "/submit_tool_outputs", _submit_tool_outputs),
    "steps.list": ("GET", _RUN + "/steps", _list_steps),
    "steps.retrieve": ("GET", _RUN + "/steps/{step_id}", _retrieve_step),
    "runs.cancel": ("POST", _RUN + "/cancel", _cancel_run),
    "runs.list": ("GET", _THREAD + "/runs", _list_runs),
    "runs.update": ("POST", _RUN, _update_run),
    "messages.retrieve": ("GET", _MESSAGE, _retrieve_message),
    "messages.update": ("POST", _MESSAGE, _update_message),
    "messages.delete": ("DELETE", _MESSAGE, _delete_message),
    "threads.create": ("POST", "/threads", _create_thread),
    "threads.retrieve": ("GET", _THREAD, _retrieve_thread),
    "threads.update": ("POST", _THREAD, _update_thread),
    "threads.delete": ("DELETE", _THREAD, _delete_thread),
    "assistants.create": ("POST", "/assistants", _create_assistant),
    "assistants.list": ("GET", "/assistants", _list_assistants),
    "assistants.retrieve": ("GET", _ASSISTANT, _retrieve_assistant),
    "assistants.update": ("POST", _ASSISTANT, _update_assistant),
    "assistants.delete": ("DELETE", _ASSISTANT, _delete_assistant),
}
