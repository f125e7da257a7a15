"""The key and the tokens go to the hosts that they belong to, and to no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from exporter_driving import whole_run
from requests import Response, Session

import threadtrail
from agentops_receiver import API_KEY, TOKEN_PATH, Receiver
from threadtrail import ConfigurationError
from threadtrail.otlp.origins import key_mark
from threadtrail.testing import HttpReceiver
from threadtrail_agentops import AgentOpsExporter
from threadtrail_agentops.options import Options, resolve
from threadtrail_agentops.session import TokenSession

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from openai import OpenAI

OTHERS = "key-of-another-vendor"
OWN = "https://agentops.mine.example"
OWN_SPANS = "https://otlp.mine.example/v1/traces"


@pytest.fixture
def stranger() -> Iterator[HttpReceiver]:
    with HttpReceiver() as running:
        yield running


def refused(**options: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        threadtrail.instrument(exporters={"agentops": options})
    assert API_KEY not in str(caught.value)
    return str(caught.value)


def test_the_key_of_the_environment_belongs_to_the_host_that_it_names(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in receiver.variables.items():
        monkeypatch.setenv(name, value)
    assert (
        f"option endpoint = '{OWN}' (keyword argument): the key in AGENTOPS_API_KEY belongs to "
        f"{receiver.url} (AGENTOPS_API_ENDPOINT), and no other host gets it. Give api_key beside endpoint, "
        "or leave endpoint out."
    ) in refused(endpoint=OWN, exporter_endpoint=OWN_SPANS)
    target = resolve(Options(endpoint=OWN, exporter_endpoint=OWN_SPANS, api_key="mine"))
    assert (target.api_key, target.token_url) == ("mine", f"{OWN}/v3/auth/token")
    assert resolve(Options(endpoint=f"{receiver.url}/")).api_key == API_KEY


def test_a_key_without_a_host_of_its_own_goes_where_the_project_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTOPS_API_KEY", API_KEY)
    target = resolve(Options(endpoint=OWN, exporter_endpoint=OWN_SPANS))
    assert (target.api_key, target.exporter_endpoint) == (API_KEY, OWN_SPANS)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("endpoint", OWN, "its tokens would be sent to https://otlp.agentops.ai. Give exporter_endpoint too"),
        (
            "exporter_endpoint",
            OWN_SPANS,
            "the tokens of https://api.agentops.ai would be sent there. Give endpoint too",
        ),
    ],
)
def test_tokens_of_one_host_go_to_no_other(option: str, value: str, words: str) -> None:
    text = refused(api_key=API_KEY, **{option: value})
    assert f"option {option} = '{value}' (keyword argument): {words}" in text


@pytest.mark.parametrize(
    ("option", "value"),
    [("endpoint", "https://api.agentops.ai/"), ("exporter_endpoint", "https://otlp.agentops.ai/v2/traces")],
)
def test_the_usual_host_needs_no_other_address(option: str, value: str) -> None:
    assert value.startswith("https://")
    resolve(Options(api_key=API_KEY, **{option: value}))  # type: ignore[arg-type]  # both are texts


def test_no_header_of_another_backend_is_sent(
    traced: Callable[..., None], client: OpenAI, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", f"x-api-key={OTHERS},cookie=a={OTHERS}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_HEADERS", f"x-team={OTHERS}")
    traced()
    whole_run(client)
    assert threadtrail.flush()
    assert {request.path for request in receiver.requests} == {TOKEN_PATH, "/v1/traces"}
    assert OTHERS.encode() not in receiver.wire


def test_no_certificate_of_another_backend_is_used_not_even_for_the_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(variable, raising=False)
    used: list[tuple[Any, Any]] = []

    def refuse(_session: Session, _request: Any, **options: Any) -> Response:
        used.append((options["verify"], options["cert"]))
        answer = Response()
        answer.status_code = 503
        return answer

    monkeypatch.setattr(Session, "send", refuse)
    with TokenSession(API_KEY, f"{OWN}/v3/auth/token") as session:
        session.verify, session.cert = "/ca.pem", "/client.pem"  # as an OTLP exporter sets them
        session.ask_for_token(1.0)
    assert used == [(True, None)]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("moved", ["tokens", "spans"])
def test_a_redirect_takes_nothing_along(
    client: OpenAI, receiver: Receiver, stranger: HttpReceiver, status: int, moved: str
) -> None:
    with HttpReceiver() as gone:
        gone.status, gone.location = status, f"{stranger.url}/v1/traces"
        addresses = {
            "endpoint": gone.url if moved == "tokens" else receiver.url,
            "exporter_endpoint": f"{gone.url if moved == 'spans' else receiver.url}/v1/traces",
        }
        options = {"api_key": API_KEY, "retry_seconds": 0.0, **addresses}
        threadtrail.instrument(exporters={"agentops": options}, settle_seconds=0.0)
        whole_run(client)
        threadtrail.flush()
        threadtrail.uninstrument()
        assert gone.requests
    assert stranger.requests == []


def test_the_destination(options: dict[str, Any], receiver: Receiver) -> None:
    exporter = AgentOpsExporter(**options)
    exporter.start()
    assert exporter.destination() == f"{receiver.url}, {key_mark(API_KEY)}"
    exporter.shutdown(1.0)
    apart = AgentOpsExporter(
        api_key=API_KEY,
        endpoint=f"{OWN}/a?b=c",
        exporter_endpoint="https://me:pw@otlp.mine.example/v1/traces",
    )
    apart.start()
    assert apart.destination() == "https://agentops.mine.example, https://otlp.mine.example, key 666f"
    apart.shutdown(1.0)
