"""The public functions: what they patch, undo, replace and report, and what they refuse."""

from __future__ import annotations

import functools
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from threadtrail.delivery.status import LaneStatus
from threadtrail.events import Event, RunEnded
from threadtrail.instrumentation.patching import _has_ours
from threadtrail.runtime import Status

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SCRIPT_SECONDS = 240


class Memory:
    """An exporter that keeps what it gets."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.closed = 0

    @threadtrail.hookimpl
    def export(self, events: list[Event]) -> None:
        self.events += events

    @threadtrail.hookimpl
    def shutdown(self) -> None:
        self.closed += 1


class Refuses:
    @threadtrail.hookimpl
    def start(self) -> None:
        raise threadtrail.ConfigurationError("no key")

    @threadtrail.hookimpl
    def export(self, events: list[Event]) -> None: ...


def run_python(code: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program of its own, as a user would."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        timeout=SCRIPT_SECONDS,
        cwd=cwd,
        env={"PATH": "", "PYTHONDONTWRITEBYTECODE": "1", **environment},
        check=False,
    )


def methods() -> dict[str, Any]:
    """The function objects that stand in the SDK's classes now."""
    from openai import _base_client, _streaming
    from openai.resources.beta import assistants
    from openai.resources.beta.threads import messages, threads
    from openai.resources.beta.threads.runs import runs, steps

    modules = (assistants, threads, messages, runs, steps, _base_client, _streaming)
    return {
        f"{cls.__qualname__}.{name}": value
        for module in modules
        for cls in vars(module).values()
        if isinstance(cls, type) and cls.__module__.startswith("openai")
        for name, value in vars(cls).items()
        if callable(value)
    }


def test_uninstrument_puts_the_identical_functions_back() -> None:
    before = methods()
    threadtrail.instrument(exporters=[Memory()])
    during = methods()
    threadtrail.instrument(exporters=[Memory()])
    again = methods()
    threadtrail.uninstrument()
    changed = {name for name in before if during[name] is not before[name]}
    assert {"Runs.create", "AsyncRuns.create", "Stream.close", "Threads.create_and_run"} <= changed
    assert all(again[name] is during[name] for name in before), "the second call wrapped something again"
    assert all(value is before[name] for name, value in methods().items())


def test_the_second_call_replaces_the_configuration_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    first, second = Memory(), Memory()
    threadtrail.instrument(exporters=[first])
    with threadtrail.instrument(exporters=[second]) as instrumentation:
        assert (first.closed, second.closed) == (1, 0)
        assert instrumentation.active
        assert list(threadtrail.status().exporters) == ["Memory"]
    assert "called again" in caplog.text
    assert not instrumentation.active
    assert second.closed == 1


def test_a_former_instrumentation_does_not_undo_a_later_one() -> None:
    former = threadtrail.instrument(exporters=[Memory()])
    later = threadtrail.instrument(exporters=[Memory()])
    former.uninstrument()
    assert later.active
    later.uninstrument()
    assert not threadtrail.status().patched


def test_what_others_wrapped_around_ours_stays_and_ours_is_taken_out_of_it() -> None:
    import wrapt
    from openai.resources.beta.threads.runs.runs import Runs

    original = Runs.__dict__["retrieve"]
    threadtrail.instrument(exporters=[Memory()])
    ours = Runs.__dict__["retrieve"]
    theirs = wrapt.FunctionWrapper(ours, lambda wrapped, _instance, args, kwargs: wrapped(*args, **kwargs))
    Runs.retrieve = theirs  # type: ignore[method-assign]  # what another instrumentation does
    try:
        threadtrail.uninstrument()
        assert Runs.__dict__["retrieve"] is theirs
        assert theirs.__wrapped__ is original
        threadtrail.instrument(exporters=[Memory()])
        assert Runs.__dict__["retrieve"] is theirs
        assert _has_ours(theirs)
    finally:
        threadtrail.uninstrument()
        Runs.retrieve = original  # type: ignore[method-assign]  # what this test is about
    assert theirs.__wrapped__ is original


def test_within_a_wrapper_of_another_kind_ours_stays_and_is_switched_off() -> None:
    from openai.resources.beta.threads.runs.runs import Runs

    original = Runs.__dict__["retrieve"]
    threadtrail.instrument(exporters=[Memory()])
    ours = Runs.__dict__["retrieve"]

    @functools.wraps(ours)
    def theirs(*args: Any, **kwargs: Any) -> Any:
        return ours(*args, **kwargs)

    Runs.retrieve = theirs  # type: ignore[method-assign]  # what another instrumentation does
    try:
        threadtrail.uninstrument()
        assert Runs.__dict__["retrieve"] is theirs
        threadtrail.instrument(exporters=[Memory()])
        assert Runs.__dict__["retrieve"] is theirs, "ours is in the chain already"
    finally:
        Runs.retrieve = ours  # type: ignore[method-assign]  # what this test is about
        threadtrail.uninstrument()
    assert Runs.__dict__["retrieve"] is original


@pytest.mark.parametrize("first", ["theirs", "ours"])
@pytest.mark.parametrize("first_off", ["theirs", "ours"])
@pytest.mark.parametrize("deprecated", [True, False], ids=["deprecated", "as of old"])
def test_in_any_order_of_coming_and_going_the_sdks_own_function_is_left(
    first: str, first_off: str, deprecated: bool
) -> None:
    import wrapt
    from openai.resources.beta.threads.runs.runs import Runs

    shimmed = Runs.__dict__["retrieve"]
    original = shimmed if deprecated else shimmed.__wrapped__

    def pass_on(wrapped: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        return wrapped(*args, **kwargs)

    def unwrap() -> None:
        """Take off whatever is outermost, as OpenTelemetry's `unwrap` does."""
        function: Any = Runs.retrieve
        if isinstance(function, (wrapt.FunctionWrapper, wrapt.BoundFunctionWrapper)):
            Runs.retrieve = function.__wrapped__  # type: ignore[method-assign]  # what this test is about

    on: dict[str, Callable[[], object]] = {
        "theirs": lambda: wrapt.wrap_function_wrapper(Runs, "retrieve", pass_on),
        "ours": lambda: threadtrail.instrument(exporters=[Memory()]),
    }
    off: dict[str, Callable[[], object]] = {
        "theirs": unwrap,
        "ours": threadtrail.uninstrument,
    }
    Runs.retrieve = original  # type: ignore[method-assign]  # what this test is about
    try:
        for name in sorted(on, key=lambda name: name != first):
            on[name]()
        assert not threadtrail.status().missing
        for name in sorted(off, key=lambda name: name != first_off):
            off[name]()
        assert Runs.__dict__["retrieve"] is original
        assert not threadtrail.status().patched
    finally:
        Runs.retrieve = shimmed  # type: ignore[method-assign]  # what this test is about


def test_others_may_take_their_wrapper_off_and_leave_ours_on() -> None:
    import wrapt
    from openai.resources.beta.threads.runs.runs import Runs

    original = Runs.__dict__["retrieve"]
    seen = []

    def theirs(wrapped: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        seen.append(kwargs)
        return wrapped(*args, **kwargs)

    Runs.retrieve = wrapt.FunctionWrapper(original, theirs)  # type: ignore[method-assign]  # as they do
    try:
        threadtrail.instrument(exporters=[Memory()])
        outermost = Runs.__dict__["retrieve"]
        with pytest.raises(ValueError, match="run_id"):
            outermost(None, "", thread_id="thread_1")
        assert seen == [{"thread_id": "thread_1"}]
        # What OpenTelemetry's unwrap() does: it takes off whatever is outermost.
        Runs.retrieve = outermost.__wrapped__  # type: ignore[method-assign]  # what this test is about
        assert _has_ours(Runs.__dict__["retrieve"])
    finally:
        Runs.retrieve = original  # type: ignore[method-assign]  # what this test is about
        threadtrail.uninstrument()


def test_a_method_that_the_sdk_lacks_disables_its_own_row_only(monkeypatch: pytest.MonkeyPatch) -> None:
    from openai.resources.beta.threads.messages import AsyncMessages, Messages

    monkeypatch.delattr(Messages, "delete")
    monkeypatch.delattr(AsyncMessages, "delete")
    with threadtrail.instrument(exporters=[Memory()]):
        status = threadtrail.status()
        path = "openai.resources.beta.threads.messages:"
        assert status.missing == (f"{path}AsyncMessages.delete", f"{path}Messages.delete")
        assert f"{path}Messages.create" in status.patched
        assert not [name for name in status.not_imported if name.startswith(path)]


def test_nothing_is_patched_when_an_exporter_refuses_to_start() -> None:
    before, memory = methods(), Memory()
    with pytest.raises(threadtrail.ConfigurationError, match="exporter 'Refuses': no key"):
        threadtrail.instrument(exporters=[memory, Refuses()])
    assert all(value is before[name] for name, value in methods().items())
    assert memory.closed == 1, "an exporter that had started is closed again"
    assert not threadtrail.status().active


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"exporters": ["langfusee"]}, ["langfusee", "langfuse", "Installed"]),
        ({"exporters": {"jsonl": {"pth": "x"}}}, ["pth", "path"]),
        ({"exporters": {"jsonl": {"path": "/no/such/folder/runs.jsonl"}}}, ["/no/such/folder", "path"]),
        ({"sample_rate": 1.5}, ["sample_rate", "1.5"]),
        ({"settle_seconds": "soon"}, ["settle_seconds", "soon"]),
    ],
)
def test_bad_input_is_refused_before_anything_is_patched(settings: dict[str, Any], words: list[str]) -> None:
    before = methods()
    with pytest.raises(threadtrail.ConfigurationError) as caught:
        threadtrail.instrument(**settings)
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert all(value is before[name] for name, value in methods().items())


@pytest.mark.slow
def test_an_unreadable_file_is_refused_with_its_path_and_line(tmp_path: Path) -> None:
    (tmp_path / "threadtrail.toml").write_text("exporters = [\n")
    done = run_python("import threadtrail; threadtrail.instrument()", cwd=tmp_path)
    assert done.returncode == 1
    assert "ConfigurationError" in done.stderr
    assert "threadtrail.toml" in done.stderr


def test_disabled_by_the_environment_wins_over_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREADTRAIL_DISABLED", "1")
    before = methods()
    with threadtrail.instrument(exporters=[Memory()]) as instrumentation:
        assert not instrumentation.active
        assert all(value is before[name] for name, value in methods().items())


@pytest.mark.slow
def test_importing_is_light_and_has_no_side_effect() -> None:
    code = """
import sys, threading
before = set(sys.modules)
import threadtrail
heavy = {"openai", "pydantic", "wrapt", "rich", "starlette", "uvicorn", "httpx2", "asyncio"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
assert threading.active_count() == 1
import openai
from openai.resources.beta.threads.runs.runs import Runs
assert "threadtrail" not in type(Runs.__dict__["retrieve"]).__module__
assert not threadtrail.status().active
"""
    done = run_python(code)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_instrumenting_imports_no_resource_of_the_sdk() -> None:
    code = """
import sys
import openai
import threadtrail
threadtrail.instrument(exporters=[])
assert not [name for name in sys.modules if name.startswith("openai.resources.beta.threads")]
waiting = threadtrail.status().not_imported
assert "openai.resources.beta.threads.runs.runs:Runs.create" in waiting
openai.OpenAI(api_key="sk-local").beta.threads.runs
assert "openai.resources.beta.threads.runs.runs:Runs.create" in threadtrail.status().patched
"""
    done = run_python(code)
    assert (done.returncode, done.stderr) == (0, "")


def test_events_of_a_later_class_reach_status_and_exporter_alike() -> None:
    memory = Memory()
    with threadtrail.instrument(exporters=[memory]):
        with threadtrail.trace("alone", user_id="u1", tags=["t"]) as trace:
            trace_id = trace.trace_id
        assert threadtrail.flush(60)
        counters = threadtrail.status().exporters["Memory"]
    assert [event.event for event in memory.events] == ["TraceStarted", "TraceEnded"]
    assert {event.trace_id for event in memory.events} == {trace_id}
    assert {event.attributes.user_id for event in memory.events} == {"u1"}
    assert (counters.delivered, counters.queued) == (2, 0)
    assert not [event for event in memory.events if isinstance(event, RunEnded)]


def test_status_as_text_is_a_line_for_each_exporter() -> None:
    lanes = {"console": LaneStatus(delivered=2_000), "jsonl": LaneStatus(failed=3, last_error="disk full")}
    whole = Status(
        active=True,
        patched=("a", "b"),
        open_runs=1,
        forgotten={"notes": 4, "turns ended early": 0},
        contained={"x": 1, "y": 2},
        exporters=lanes,
    )
    assert str(whole).splitlines() == [
        "active: 2 methods patched, 1 open runs, 4 forgotten for lack of room (notes), 3 errors contained",
        "console: 2,000 delivered",
        "jsonl: 0 delivered, 3 failed; last error: disk full",
    ]
    assert str(Status()) == "not active"


@pytest.mark.parametrize("given", ["x", None, [5]])
@pytest.mark.parametrize("recording", [True, False])
def test_a_timeout_that_is_no_number_is_refused_in_words(given: Any, recording: bool) -> None:
    if recording:
        threadtrail.instrument(exporters=[Memory()])
    calls: dict[str, Callable[..., Any]] = {
        "flush": threadtrail.flush,
        "shutdown": threadtrail.shutdown,
        "turn_id": functools.partial(threadtrail.turn_id, "resp_1"),
    }
    for name, call in calls.items():
        with pytest.raises(TypeError) as raised:
            call(timeout=given)
        told = str(raised.value)
        assert told.startswith(f"{name}() takes timeout as a number of seconds: threadtrail.{name}(")
        assert told.endswith(f"not {given!r} ({type(given).__name__})")
    assert threadtrail.flush(5)


@pytest.mark.parametrize("given", [5, [[]], {"event": "RunEnded"}])
def test_what_is_no_event_is_not_merged(given: Any) -> None:
    with pytest.raises(
        TypeError, match=rf"^merge\(\) takes events: .*, not the {type(given).__name__}; JSON "
    ):
        threadtrail.merge([given])
