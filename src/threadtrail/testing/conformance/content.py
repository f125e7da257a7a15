"""The check that content which is switched off is not written, however an exporter may come by it."""

from __future__ import annotations

import base64
import warnings
from typing import TYPE_CHECKING, Any

import threadtrail
from threadtrail.testing.conformance import rules
from threadtrail.testing.conformance.arrivals import everything_written
from threadtrail.testing.conformance.problem import NotCheckedError, Problem
from threadtrail.testing.conformance.process_state import import_sdk
from threadtrail.testing.conformance.taking import TAKING
from threadtrail.testing.server import (
    AssistantsServer,
    FunctionCall,
    Message,
    MissingExtraError,
    RunScript,
    ToolCalls,
)

if TYPE_CHECKING:
    from openai import OpenAI

    from threadtrail.testing.conformance.case import Case

INSTRUCTIONS, QUESTION, ARGUMENT, OUTPUT, ANSWER = SECRETS = tuple(
    f"conformance-secret-{what}" for what in ("instructions", "question", "argument", "output", "answer")
)
SCRIPT = RunScript(ToolCalls(FunctionCall("look_up", {"word": ARGUMENT})), Message(ANSWER))
NOT_SEEN = (
    "nothing that the exporter writes can be seen. Let it write under tmp_path, or define "
    "`def written(self)` in your test class: return all that the backend got."
)


def writes_no_content(case: Case) -> None:
    """A real client, a real run, ``instrument(capture_content=False)``: what was said is found nowhere."""
    if threadtrail.status().active:
        raise NotCheckedError("threadtrail.instrument() is in force in this process. Undo it first.")
    try:
        server = AssistantsServer(SCRIPT, poll_after_ms=1).start()
    except MissingExtraError as missing:
        raise NotCheckedError(str(missing)) from None
    import_sdk()  # before the clock runs
    try:
        with case.watching() as watch, warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the SDK marks the whole Assistants API
            watch.sockets.ignored_ports.add(server.port)
            driver = case.drive(start=False)
            delivered, error = driver.in_app(
                lambda: _application(case, driver.exporter, server.base_url), "the application", deadlines=3
            )
            written = everything_written(case.author, watch)
    finally:
        server.stop()
    leaks = [f"{secret} in {where}" for where, data in written.items() for secret in _found(data)]
    if leaks:
        raise Problem(
            rules.CONTENT,
            seen=f"with capture_content=False, content was written: {', '.join(leaks)}.",
            mend="write only what the events hold; switch off what your backend's SDK records by itself.",
        )
    if isinstance(error, NotCheckedError):
        raise error
    if error is not None:
        raise Problem(
            rules.STARTS,
            seen=f"instrument() with the exporter raised {type(error).__name__}: {error}",
            mend="give the fixture what start() needs.",
            error=error,
        )
    if not delivered:
        raise Problem(
            rules.THREADS,
            seen="of a real run, no event was delivered: export() raised each time.",
            mend="mend export() first.",
            after=TAKING,
        )
    if not written:
        raise NotCheckedError(NOT_SEEN)


def _application(case: Case, exporter: object, base_url: str) -> int:
    """What an application does, with a secret in all that is content; how many events were delivered."""
    from openai import DefaultHttpxClient, OpenAI  # noqa: PLC0415 - only this needs the SDK

    instrumentation = threadtrail.instrument(
        exporters=[exporter],
        capture_content=False,
        settle_seconds=0.0,
        sample_rate=1.0,
        inline=False,
        shutdown_timeout_seconds=case.deadline,
    )
    if not instrumentation.active:
        raise NotCheckedError("threadtrail is switched off by THREADTRAIL_DISABLED")
    try:
        # Reading certificates takes long, and nothing here is encrypted.
        plain = DefaultHttpxClient(verify=False)
        with OpenAI(base_url=base_url, api_key="sk-local", http_client=plain, max_retries=0) as client:
            _run(client)
        threadtrail.flush(case.deadline)
        (lane,) = threadtrail.status().exporters.values()
        return lane.delivered
    finally:
        threadtrail.uninstrument()


def _run(client: OpenAI) -> None:
    beta = client.beta
    tool: Any = {"type": "function", "function": {"name": "look_up"}}
    assistant = beta.assistants.create(model="gpt-4o", instructions=INSTRUCTIONS, tools=[tool])
    thread = beta.threads.create()
    beta.threads.messages.create(thread.id, role="user", content=QUESTION)
    run = beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
    action = run.required_action
    calls = action.submit_tool_outputs.tool_calls if action is not None else []
    beta.threads.runs.submit_tool_outputs_and_poll(
        run_id=run.id,
        thread_id=thread.id,
        tool_outputs=[{"tool_call_id": call.id, "output": OUTPUT} for call in calls],
    )
    beta.threads.runs.steps.list(run.id, thread_id=thread.id)
    beta.threads.messages.list(thread.id)


def _found(data: bytes) -> list[str]:
    """The secrets in what was written, also where it is in base64."""
    return [secret for secret in SECRETS if any(form in data for form in _forms(secret))]


def _forms(secret: str) -> list[bytes]:
    plain = secret.encode()
    # How it looks in base64 depends on where in a group of three bytes it begins; the ends are left out,
    # since what stands beside it has part in them.
    shifted = [base64.b64encode(b"\0" * shift + plain)[4:-4] for shift in range(3)]
    return [plain, *shifted]
