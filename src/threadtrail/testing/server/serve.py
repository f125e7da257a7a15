"""`OpenAIServer`: start, script, inspect and stop a local server of the API."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from threadtrail import _install
from threadtrail.testing.server.backend import Backend
from threadtrail.testing.server.faults import Fault, FaultQueue
from threadtrail.testing.server.log import LoggedRequest, RequestLog
from threadtrail.testing.server.operations import Operation, check_exists
from threadtrail.testing.server.responses.plan import ENDS
from threadtrail.testing.server.responses.webhooks import WEBHOOK_SECRET, Delivery, deliver
from threadtrail.testing.server.script import AnyScript, as_script, echo

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from threadtrail.testing.server.app import Application
    from threadtrail.testing.server.transport import ServerThread


class MissingExtraError(ImportError):
    """The server was started without the packages that it needs."""


class OpenAIServer:
    """A local OpenAI API on 127.0.0.1: Responses, Conversations and Assistants (v2), for tests and demos.

    Example:
        with OpenAIServer() as server:
            client = OpenAI(base_url=server.base_url, api_key="sk-local")

    Args:
        script: what runs and responses do if no other script is set; by default they echo the user's last
            message.
        port: the port; 0 chooses a free one.
        seed: makes ids reproducible: with a fixed clock, the same requests get the same answers, byte for
            byte. Random ids when `None`.
        clock: the time in Unix seconds; sent as whole seconds.
        poll_after_ms: the `openai-poll-after-ms` header of runs and responses, in milliseconds; `None` leaves
            it out, and the SDK then waits one second between polls.
        api_key: the only key accepted; any that is not empty when `None`.
    """

    def __init__(  # noqa: PLR0913 - one keyword per setting
        self,
        script: AnyScript = echo,
        *,
        port: int = 0,
        seed: str | None = None,
        clock: Callable[[], float] = time.time,
        poll_after_ms: int | None = 5,
        api_key: str | None = None,
    ) -> None:
        self._backend = Backend(as_script(script), clock, seed)
        self._log = RequestLog()
        self._faults = FaultQueue()
        self._requested_port = port
        self._poll_after_ms = poll_after_ms
        self._api_key = api_key
        self._application: Application | None = None
        self._thread: ServerThread | None = None

    # -- start and stop -------------------------------------------------------------------

    def start(self) -> Self:
        """Start to serve, and return the server.

        Raises:
            MissingExtraError: starlette or uvicorn is not installed.
            OSError: the port is taken; the message names it.
            RuntimeError: it is already running, or did not start in time.
        """
        if self._thread is not None:
            raise RuntimeError(f"The local server is already running on port {self.port}.")
        try:
            # Here and not above, so that importing this module needs no extra packages.
            from threadtrail.testing.server.app import Application  # noqa: PLC0415 - see above
            from threadtrail.testing.server.transport import (  # noqa: PLC0415 - see above
                Connections,
                ServerThread,
            )
        except ModuleNotFoundError as error:
            raise MissingExtraError(
                f"The local server needs the package {error.name!r}, which is not installed. "
                f"Install it with: {_install.extra_command('testing')}",
                name=error.name,
            ) from error
        connections = Connections()
        application = Application(self._backend, self._log, self._faults, connections.close)
        application.poll_after_ms = self._poll_after_ms
        application.api_key = self._api_key
        self._thread = ServerThread(application, connections, self._requested_port)
        self._application = application
        return self

    def stop(self) -> None:
        """Close every connection and stop. Does nothing when the server is not running."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    # -- addresses ------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """The port.

        Raises:
            RuntimeError: the server is not running.
        """
        if self._thread is None:
            raise RuntimeError("The local server is not running; call start(), or use `with`.")
        return self._thread.port

    @property
    def base_url(self) -> str:
        """The address for `OpenAI(base_url=...)`."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def azure_endpoint(self) -> str:
        """The address for `AzureOpenAI(azure_endpoint=...)`."""
        return f"http://127.0.0.1:{self.port}"

    # -- what runs do ---------------------------------------------------------------------

    def script(
        self, script: AnyScript, *, assistant: str | None = None, thread_id: str | None = None
    ) -> None:
        """Set the script of runs and responses from now on.

        A script for the next one takes precedence over one for a thread, that over one for an assistant,
        and that over the one for all. A response that continues an earlier script needs none.

        Args:
            script: the script, a message, or a function that chooses a script for each run or response.
            assistant: only runs of the assistant with this id or name, and responses of this prompt.
            thread_id: only runs on this thread, or responses in this conversation.

        Raises:
            TypeError: it is no script.
        """
        script = as_script(script)
        with self._backend.lock:
            if thread_id is not None:
                self._backend.thread_scripts[thread_id] = script
            elif assistant is not None:
                self._backend.assistant_scripts[assistant] = script
            else:
                self._backend.default_script = script

    def script_next(self, *scripts: AnyScript) -> None:
        """Set the scripts of the next runs or responses, one each, on any assistant and thread.

        Raises:
            TypeError: one of them is no script.
        """
        checked = [as_script(script) for script in scripts]
        with self._backend.lock:
            self._backend.next_scripts.extend(checked)

    def expire_run(self, run_id: str) -> None:
        """Let a run or response expire now.

        Raises:
            KeyError: there is neither with this id.
        """
        with self._backend.lock:
            self._backend.find_run(run_id).expire()

    def webhook(
        self,
        response_id: str,
        *,
        kind: str | None = None,
        secret: str = WEBHOOK_SECRET,
        valid: bool = True,
    ) -> Delivery:
        """Return the delivery that a webhook's endpoint gets when a response has ended.

        Nothing is sent: pass the body and the headers to the application, or to
        `client.webhooks.unwrap(delivery.body, delivery.headers, secret=WEBHOOK_SECRET)`.

        Args:
            response_id: the response.
            kind: the event's type; by default the one of the response's status.
            secret: the secret to sign with.
            valid: whether the signature is right.

        Raises:
            KeyError: there is no such response.
            ValueError: the response has not ended, and no `kind` was given.
        """
        with self._backend.lock:
            body = self._backend.responses.responses[response_id].body
            if kind is None and body["status"] not in ENDS:
                raise ValueError(f"The response is {body['status']}; a webhook is sent only at its end")
            return deliver(body, kind or f"response.{body['status']}", secret, valid=valid)

    # -- what goes wrong ------------------------------------------------------------------

    def inject(
        self, fault: Fault, operation: Operation | None = None, *, times: int = 1, skip: int = 0
    ) -> None:
        """Inject a fault into the next requests.

        Args:
            fault: the fault.
            operation: only requests of this operation, such as `"runs.retrieve"`; any if `None`.
            times: how many requests.
            skip: how many requests are answered normally first.

        Raises:
            ValueError: there is no such operation, or a number is out of range.
        """
        if operation is not None:
            check_exists(operation)
        if times < 1 or skip < 0:
            raise ValueError(f"times={times}, skip={skip}: times must be 1 or more, skip 0 or more")
        self._faults.add(fault, operation, skip, times)

    # -- what happened --------------------------------------------------------------------

    @property
    def requests(self) -> list[LoggedRequest]:
        """The requests so far, oldest first."""
        return self._log.all()

    def requests_to(self, operation: Operation) -> list[LoggedRequest]:
        """Return the requests of one operation, oldest first.

        Raises:
            ValueError: there is no such operation.
        """
        check_exists(operation)
        return [request for request in self.requests if request.operation == operation]

    def clear_requests(self) -> None:
        """Remove the requests so far; objects and scripts stay."""
        self._log.clear()

    @property
    def open_streams(self) -> int:
        """How many streams are being sent now."""
        return self._application.open_streams if self._application else 0

    def wait_for_requests(
        self, count: int, operation: Operation | None = None, timeout: float = 120.0
    ) -> list[LoggedRequest]:
        """Wait until there were `count` requests, and return them all.

        Raises:
            TimeoutError: there were fewer within `timeout` seconds.
            ValueError: there is no such operation.
        """

        def matching() -> list[LoggedRequest]:
            return self.requests if operation is None else self.requests_to(operation)

        if not self._log.wait_until(lambda: len(matching()) >= count, timeout):
            seen = len(matching())
            raise TimeoutError(
                f"{seen} of {count} requests to {operation or 'any operation'} arrived in {timeout} s"
            )
        return matching()

    def wait_until(self, condition: Callable[[], bool], timeout: float = 120.0) -> None:
        """Wait until `condition()` is true, for example `lambda: server.open_streams == 0`.

        Raises:
            TimeoutError: it was not true within `timeout` seconds.
        """
        if not self._log.wait_until(condition, timeout):
            raise TimeoutError(f"The condition was not true within {timeout} s")

    def reset(self) -> None:
        """Remove objects, scripts, faults and requests, and restart the ids."""
        with self._backend.lock:
            self._backend.clear()
        self._faults.clear()
        self._log.clear()


AssistantsServer = OpenAIServer
"""Another name of the same server."""
