"""Langfuse's keys go to the host that they belong to, and to no other."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from langfuse import Langfuse
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import threadtrail
from langfuse_stage import PUBLIC, SECRET
from threadtrail import ConfigurationError
from threadtrail.otlp.origins import key_mark
from threadtrail.testing import HttpReceiver
from threadtrail_langfuse import LangfuseExporter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from langfuse_receiver import Receiver
    from langfuse_stage import Stage

OWN_PUBLIC, OWN_SECRET = "pk-lf-own", "sk-lf-own"
OTHERS = "key-of-another-vendor"
ENVIRONMENT = {
    "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{OTHERS},x-api-key={OTHERS},cookie=a={OTHERS}",
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS": f"x-team={OTHERS}",
}


@pytest.fixture
def stranger() -> Iterator[HttpReceiver]:
    with HttpReceiver() as running:
        yield running


def refused(**options: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        threadtrail.instrument(exporters={"langfuse": options})
    assert SECRET not in str(caught.value)
    return str(caught.value)


def holds_key(receiver: HttpReceiver) -> bool:
    """Whether the secret key is in anything that came in, as it is or as the SDK sends it."""
    texts = [SECRET, base64.b64encode(f"{PUBLIC}:{SECRET}".encode()).decode()]
    return any(text.encode() in receiver.wire for text in texts)


def test_keys_of_the_environment_belong_to_the_host_that_it_names(
    stranger: HttpReceiver, langfuse: Receiver
) -> None:
    assert (
        f"option base_url = '{stranger.url}' (keyword argument): the secret key that was found belongs to "
        f"{langfuse.url}, and no other host gets it. Give public_key and secret_key beside base_url, or "
        "leave base_url out."
    ) in refused(base_url=stranger.url)
    assert stranger.requests == []


@pytest.mark.parametrize("variable", ["LANGFUSE_BASE_URL", "LANGFUSE_HOST"])
def test_whichever_variable_names_it(
    stranger: HttpReceiver, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.delenv("LANGFUSE_BASE_URL")
    monkeypatch.setenv(variable, "https://langfuse.example")
    monkeypatch.setenv("THREADTRAIL_LANGFUSE_BASE_URL", stranger.url)
    assert "belongs to https://langfuse.example, and no other host gets it" in refused()


@pytest.mark.parametrize("address", ["{}", "{}/", "{}/some/path"])
def test_the_same_host_is_no_other(stage: Stage, address: str) -> None:
    stage.trace(base_url=address.format(stage.langfuse.url))
    assert threadtrail.status().active


def test_keys_without_a_host_of_their_own_go_where_the_project_says(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.delenv("LANGFUSE_BASE_URL")
    (tmp_path / "threadtrail.toml").write_text(f'[exporters.langfuse]\nbase_url = "{stage.langfuse.url}"\n')
    monkeypatch.chdir(tmp_path)
    threadtrail.instrument()
    stage.run()
    assert stage.observations()
    assert holds_key(stage.langfuse)


def test_keys_beside_the_address_go_there(stage: Stage, stranger: HttpReceiver) -> None:
    stage.trace(base_url=stranger.url, public_key=OWN_PUBLIC, secret_key=OWN_SECRET)
    stage.run()
    threadtrail.flush()
    assert stranger.requests
    assert not holds_key(stranger)
    assert stage.langfuse.requests == []


# --- the app's own client ------------------------------------------------------------------------


def test_keys_of_a_client_belong_to_its_host(
    langfuse: Receiver, stranger: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LANGFUSE_PUBLIC_KEY", "LANGFUSE_SECRET_KEY", "LANGFUSE_BASE_URL"):
        monkeypatch.delenv(name)
    client = Langfuse(public_key=PUBLIC, secret_key=SECRET, base_url=langfuse.url)
    for options in ({"client": client}, {}, {"public_key": PUBLIC}):
        words = refused(**options, base_url=stranger.url)
        assert f"the secret key that was found belongs to {langfuse.url}, and no other host gets it" in words


def test_a_key_that_a_client_and_the_environment_share_is_the_clients(
    langfuse: Receiver, stranger: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LANGFUSE_BASE_URL")
    Langfuse(base_url=langfuse.url)
    assert f"belongs to {langfuse.url}" in refused(base_url=stranger.url)


def test_a_client_that_is_made_later_lends_nothing_to_another_host(
    quiet_stage: Stage, stranger: HttpReceiver
) -> None:
    quiet_stage.trace(base_url=stranger.url, public_key=PUBLIC, secret_key=OWN_SECRET)
    Langfuse(
        public_key=PUBLIC,
        secret_key=SECRET,
        base_url=quiet_stage.langfuse.url,
        additional_headers={"x-gateway": OTHERS},
        span_exporter=InMemorySpanExporter(),
    )
    quiet_stage.run()
    threadtrail.flush()
    assert stranger.requests
    assert not holds_key(stranger)
    assert OTHERS.encode() not in stranger.wire


def test_a_client_on_the_same_host_lends_its_headers(stage: Stage) -> None:
    Langfuse(additional_headers={"x-gateway": "ours"})
    stage.trace(base_url=stage.langfuse.url)
    stage.run()
    assert stage.observations()
    assert {request.headers["x-gateway"] for request in stage.langfuse.requests} == {"ours"}


# --- what is meant for others --------------------------------------------------------------------


def test_no_header_of_another_backend_is_sent(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    stage.trace()
    stage.run()
    assert stage.observations()
    assert OTHERS.encode() not in stage.langfuse.wire


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_takes_nothing_along(quiet_stage: Stage, stranger: HttpReceiver, status: int) -> None:
    quiet_stage.langfuse.status, quiet_stage.langfuse.location = status, f"{stranger.url}/v1/traces"
    quiet_stage.trace()
    quiet_stage.run()
    threadtrail.flush()
    assert quiet_stage.langfuse.requests
    assert stranger.requests == []


def test_neither_does_the_check(stranger: HttpReceiver) -> None:
    with HttpReceiver() as moved:
        moved.status, moved.location = 308, f"{stranger.url}/api/public/projects"
        exporter = LangfuseExporter(base_url=moved.url, public_key=PUBLIC, secret_key=SECRET)
        exporter.start()
        with pytest.raises(threadtrail.CheckError):
            exporter.check(5.0)
        exporter.shutdown()
        assert holds_key(moved)
    assert stranger.requests == []


# --- where it goes -------------------------------------------------------------------------------


def test_the_destination(langfuse: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    def destination(**options: Any) -> str:
        exporter = LangfuseExporter(**options)
        exporter.start()
        return exporter.destination()

    assert destination() == f"{langfuse.url}, key 9f78"
    keys = {"public_key": OWN_PUBLIC, "secret_key": OWN_SECRET}
    of_another_project = destination(base_url="https://me:pw@langfuse.example/path?a=b", **keys)
    assert of_another_project == f"https://langfuse.example, {key_mark(OWN_PUBLIC)}"
    assert key_mark(OWN_PUBLIC) != key_mark("pk-lf-test")
    monkeypatch.delenv("LANGFUSE_BASE_URL")
    assert destination() == "https://cloud.langfuse.com, key 9f78"
    Langfuse(base_url=langfuse.url, span_exporter=InMemorySpanExporter())
    assert destination() == "the span exporter of the app's Langfuse client (InMemorySpanExporter)"
    monkeypatch.setenv("LANGFUSE_TRACING_ENABLED", "false")
    assert destination() == "nowhere, since LANGFUSE_TRACING_ENABLED is false"
