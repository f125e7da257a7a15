"""Who else has wrapped the SDK's methods: whose code it is, and how bad that is."""

from __future__ import annotations

import functools
import sys
import types
from typing import TYPE_CHECKING, Any

import openai
import pytest
import wrapt
from openai.resources.beta.threads.messages import AsyncMessages
from openai.resources.beta.threads.runs.runs import Runs

import threadtrail
from threadtrail.commands.doctor.other_instrumentations import live
from threadtrail.config.choice import ExporterChoice
from threadtrail.doctor import Level, conflicts
from threadtrail.instrumentation.install import patches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from doctors_visit import Visit
    from fake_distributions import Installer

AREA = "other instrumentations"

SOURCE = """
import functools

def wrapper(wrapped, instance, args, kwargs):
    return wrapped(*args, **kwargs)

class Wrapper:
    def __call__(self, wrapped, instance, args, kwargs):
        return wrapped(*args, **kwargs)

def decorated(function):
    @functools.wraps(function)
    def inner(*args, **kwargs):
        return function(*args, **kwargs)
    return inner
"""


def code_of(module: str) -> Any:
    """Wrappers as a module of that name has them."""
    made = types.ModuleType(module)
    exec(compile(SOURCE, f"{module}.py", "exec"), vars(made))  # noqa: S102 - our own text, above
    return made


def by_wrapt(module: str) -> Callable[[Any], Any]:
    return lambda function: wrapt.FunctionWrapper(function, code_of(module).wrapper)


def by_object(module: str) -> Callable[[Any], Any]:
    return lambda function: wrapt.FunctionWrapper(function, code_of(module).Wrapper())


def by_partial(module: str) -> Callable[[Any], Any]:
    return lambda function: wrapt.FunctionWrapper(function, functools.partial(code_of(module).wrapper))


def by_decorator(module: str) -> Callable[[Any], Any]:
    return lambda function: code_of(module).decorated(function)


@pytest.fixture
def wrap() -> Iterator[Callable[..., None]]:
    """Wraps a method as another tool would; at the end the classes are what they were."""
    owners = (Runs, AsyncMessages, openai.OpenAI)
    before = [dict(vars(owner)) for owner in owners]

    def put_on(wrapped: Callable[[Any], Any], owner: Any = Runs, method: str = "create") -> None:
        setattr(owner, method, wrapped(getattr(owner, method)))

    yield put_on
    threadtrail.uninstrument()
    for owner, methods in zip(owners, before, strict=True):
        for name, now in list(vars(owner).items()):
            if name not in methods:
                delattr(owner, name)
            elif methods[name] is not now:
                setattr(owner, name, methods[name])
    patches.remove()


def test_nobody(visit: Visit) -> None:
    assert conflicts() == []
    assert visit().of(AREA) == [
        ("ok", "Without your program, no other tool has wrapped the methods that threadtrail patches.")
    ]
    assert visit(visit.program("")).of(AREA) == [
        ("ok", "No other tool has wrapped the methods that threadtrail patches.")
    ]


def test_ours_are_not_somebody_elses(visit: Visit) -> None:
    with threadtrail.instrument():
        assert threadtrail.status().patched
        assert conflicts() == []


@pytest.mark.parametrize("way", [by_wrapt, by_object, by_partial, by_decorator])
@pytest.mark.parametrize("instrumented", ["before", "after", "not at all"])
def test_every_way_to_wrap_is_found(
    wrap: Callable[..., None], way: Callable[[str], Any], instrumented: str
) -> None:
    if instrumented == "before":
        threadtrail.instrument()
    wrap(way("openinference.instrumentation.openai._request"))
    if instrumented == "after":
        threadtrail.instrument()
    (finding,) = conflicts()
    threadtrail.uninstrument()
    assert finding.level is Level.NOTE
    assert finding.message == (
        "OpenInference has wrapped Runs.create: it makes a span of every request, polls too, without tokens. "
        "What threadtrail records is not affected."
    )
    assert "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=openai" in finding.advice


def test_async_methods_and_the_clients_own_request_are_looked_at(wrap: Callable[..., None]) -> None:
    way = by_wrapt("opentelemetry.instrumentation.openai.v1")
    wrap(way, AsyncMessages, "list")
    wrap(way, openai.OpenAI, "request")
    (finding,) = conflicts()
    assert finding.level is Level.WARNING
    assert "OpenLLMetry (Traceloop) has wrapped AsyncMessages.list, OpenAI.request: " in finding.message


def test_what_has_a_similar_name_is_not_taken_for_it(wrap: Callable[..., None]) -> None:
    wrap(by_wrapt("opentelemetry.instrumentation.openai_v2.patch"))
    (finding,) = conflicts()
    assert finding.level is Level.NOTE
    assert "Traceloop" not in finding.message


def test_one_that_nobody_knows_is_a_note_and_two_are_two(visit: Visit, wrap: Callable[..., None]) -> None:
    wrap(by_decorator("acme_tracing.wrappers"))
    wrap(by_wrapt("agentops.instrumentation.common.wrappers"))
    found = visit()
    assert found.of(AREA) == [
        (
            "warning",
            (
                "AgentOps has wrapped Runs.create: it makes a span of each of these calls, polls too, and "
                "counts a run's tokens again on each. What threadtrail records is not affected."
            ),
        ),
        (
            "note",
            (
                "acme_tracing has wrapped Runs.create: it sees these calls too. What threadtrail records "
                "is not affected."
            ),
        ),
    ]
    assert found.code == 0


def test_with_an_exporter_for_the_same_backend_it_is_a_problem(wrap: Callable[..., None]) -> None:
    wrap(by_wrapt("agentops.instrumentation.common.wrappers"))
    (finding,) = live([ExporterChoice("agentops")])
    assert finding.level is Level.PROBLEM
    assert finding.message.endswith(
        "The exporter agentops sends to the same backend, where tokens then count twice."
    )
    assert '{"native_instrumentation": "unwrap"}' in finding.advice


def test_many_methods_are_counted(wrap: Callable[..., None]) -> None:
    for method in ("create", "retrieve", "update", "list", "cancel", "poll", "stream", "create_and_stream"):
        wrap(by_decorator("acme_tracing"), Runs, method)
    (finding,) = conflicts()
    assert "has wrapped Runs.create, Runs.retrieve, Runs.update, Runs.list, Runs.cancel, " in finding.message
    assert " and 2 more: " in finding.message


def test_what_is_installed_is_noted(
    visit: Visit, install: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("openinference-instrumentation-openai", {}, "0.1.66")
    found = visit()
    assert found.only("note")["message"] == (
        "OpenInference is installed (openinference-instrumentation-openai 0.1.66). If it is switched on "
        "it records the same calls."
    )
    assert found.code == 0


def test_looking_imports_nothing(here: object) -> None:
    import subprocess

    program = (
        "import sys\n"
        "from threadtrail.doctor import conflicts\n"
        "assert conflicts() == []\n"
        "print(sorted({'openai', 'opentelemetry', 'rich'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=240
    )
    assert done.stdout == "[]\n"
