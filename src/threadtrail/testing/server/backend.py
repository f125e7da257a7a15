"""The state of the server: assistants, threads, messages, runs, responses, and the scripts to come."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from threadtrail.testing.server.errors import ApiError, not_found, run_is_active, thread_is_locked
from threadtrail.testing.server.ids import Ids
from threadtrail.testing.server.objects import Json, new_run, new_thread, new_user_message
from threadtrail.testing.server.responses.store import ResponsesStore
from threadtrail.testing.server.runs import RunPlayer
from threadtrail.testing.server.script import AnyScript, RunRequest, RunScript, as_script

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from threadtrail.testing.server.responses.player import ResponsePlayer


class Backend:
    """The API's objects. Every method is called with `lock` held."""

    def __init__(self, script: AnyScript, clock: Callable[[], float], seed: str | None) -> None:
        self.lock: threading.RLock = threading.RLock()
        self.clock = clock
        self._default_script = script
        self._seed = seed
        self.clear()

    def clear(self) -> None:
        """Remove everything, and restart the ids."""
        self.ids: Ids = Ids(self._seed)
        self.assistants: dict[str, Json] = {}
        self.threads: dict[str, Json] = {}
        self.messages: dict[str, dict[str, Json]] = {}
        self.runs: dict[str, dict[str, RunPlayer]] = {}
        self.responses: ResponsesStore = ResponsesStore(self)
        self.default_script: AnyScript = self._default_script
        self.next_scripts: deque[AnyScript] = deque()
        self.thread_scripts: dict[str, AnyScript] = {}
        self.assistant_scripts: dict[str, AnyScript] = {}

    # -- what runs need -------------------------------------------------------------------

    def now(self) -> int:
        """Return the time in whole seconds."""
        return int(self.clock())

    def new_id(self, prefix: str) -> str:
        """Return a new id."""
        return self.ids.new(prefix)

    def add_message(self, message: Json) -> None:
        """Put a message on its thread, if that still exists."""
        self.messages.get(message["thread_id"], {})[message["id"]] = message

    # -- look-ups -------------------------------------------------------------------------

    def assistant(self, assistant_id: str) -> Json:
        """Return an assistant.

        Raises:
            ApiError: there is none with this id.
        """
        if assistant_id not in self.assistants:
            raise not_found("assistant", assistant_id)
        return self.assistants[assistant_id]

    def thread(self, thread_id: str) -> Json:
        """Return a thread.

        Raises:
            ApiError: there is none with this id.
        """
        if thread_id not in self.threads:
            raise not_found("thread", thread_id)
        return self.threads[thread_id]

    def message(self, thread_id: str, message_id: str) -> Json:
        """Return a message of a thread.

        Raises:
            ApiError: there is no such thread or message.
        """
        self.thread(thread_id)
        if message_id not in self.messages[thread_id]:
            raise not_found("message", message_id)
        return self.messages[thread_id][message_id]

    def run(self, thread_id: str, run_id: str) -> RunPlayer:
        """Return a run of a thread.

        Raises:
            ApiError: there is no such thread or run.
        """
        self.thread(thread_id)
        if run_id not in self.runs[thread_id]:
            raise not_found("run", run_id)
        return self.runs[thread_id][run_id]

    def find_run(self, run_id: str) -> RunPlayer | ResponsePlayer:
        """Return a run, whatever its thread, or a response.

        Raises:
            KeyError: there is neither with this id.
        """
        if run_id in self.responses.responses:
            return self.responses.responses[run_id]
        for runs in self.runs.values():
            if run_id in runs:
                return runs[run_id]
        raise KeyError(run_id)

    def active_run(self, thread_id: str) -> RunPlayer | None:
        """Return the run that locks the thread."""
        runs = self.runs[thread_id].values()
        return next((run for run in reversed(runs) if run.is_active), None)

    # -- new objects ----------------------------------------------------------------------

    def create_thread(self, request: Json) -> Json:
        """Create a thread with its first messages.

        Raises:
            ApiError: a message is not valid.
        """
        thread = new_thread(self.new_id("thread_"), self.now(), request)
        first = [self._user_message(thread["id"], item) for item in request.get("messages") or ()]
        self.threads[thread["id"]] = thread
        self.messages[thread["id"]] = {message["id"]: message for message in first}
        self.runs[thread["id"]] = {}
        return thread

    def create_message(self, thread_id: str, request: Json) -> Json:
        """Add a message that the application wrote.

        Raises:
            ApiError: there is no such thread, a run locks it, or the message is not valid.
        """
        self.thread(thread_id)
        active = self.active_run(thread_id)
        if active is not None:
            raise thread_is_locked(thread_id, active.body["id"])
        message = self._user_message(thread_id, request)
        self.add_message(message)
        return message

    def create_run(self, thread_id: str, request: Json) -> RunPlayer:
        """Create a run with the next script.

        Raises:
            ApiError: there is no such thread or assistant, or the thread has an active run.
        """
        self.thread(thread_id)
        assistant = self.assistant(request["assistant_id"])
        active = self.active_run(thread_id)
        if active is not None:
            raise run_is_active(thread_id, active.body["id"])
        for item in request.get("additional_messages") or ():
            self.add_message(self._user_message(thread_id, item))
        body = new_run(self.new_id("run_"), self.now(), thread_id, assistant, request)
        asked = RunRequest(thread_id, assistant, request, tuple(self.messages[thread_id].values()))
        player = RunPlayer(body, self.choose_script(thread_id, assistant, asked), self)
        self.runs[thread_id][body["id"]] = player
        return player

    def _user_message(self, thread_id: str, request: Any) -> Json:
        if not isinstance(request, dict):
            raise ApiError(400, "Invalid type for 'messages': expected a list of objects.")
        return new_user_message(self.new_id("msg_"), self.now(), thread_id, request)

    def choose_script(self, thread_id: str, assistant: Mapping[str, Any], request: RunRequest) -> RunScript:
        """Return the script of the next run or response.

        Args:
            thread_id: the thread or conversation; empty if there is none.
            assistant: the assistant or prompt; empty if there is none.
            request: the argument for a function that chooses a script.
        """
        if self.next_scripts:
            script = self.next_scripts.popleft()
        else:
            script = self.default_script
            for scripts, key in (
                (self.thread_scripts, thread_id),
                (self.assistant_scripts, assistant.get("id")),
                (self.assistant_scripts, assistant.get("name")),
            ):
                if key is not None and key in scripts:
                    script = scripts[key]
                    break
        script = as_script(script)
        if isinstance(script, RunScript):
            return script
        chosen = script(request)
        if not isinstance(chosen, RunScript | str):
            raise TypeError(f"{script!r} returned {chosen!r}; it must return a RunScript or a string")
        return RunScript(chosen) if isinstance(chosen, str) else chosen
