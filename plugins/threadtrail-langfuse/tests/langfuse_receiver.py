"""A Langfuse server on loopback, as far as the SDK sees it: traces, scores, media, prompts, projects."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from threadtrail.testing.http_receiver import HttpReceiver, Reply
from threadtrail.testing.otlp import ReceivedSpan, spans_in

if TYPE_CHECKING:
    from threadtrail.testing.http_receiver import ReceivedRequest

TRACES = "/api/public/otel/v1/traces"
MEDIA = "/api/public/media"
PROMPTS = "/api/public/v2/prompts/"
PROJECTS = "/api/public/projects"
PROJECT = {"id": "p", "name": "Lessons", "organization": {"id": "o", "name": "School"}, "metadata": {}}
JSON = {"content-type": "application/json"}


@dataclass(frozen=True, kw_only=True)
class Observation(ReceivedSpan):
    """A span as the server reads it: only of the SDK's scope, with the project's key on it."""

    @property
    def id(self) -> str:
        return self.span_id

    @property
    def key(self) -> str:
        return str(self.scope_attributes.get("public_key")) if self.scope == "langfuse-sdk" else ""

    @property
    def type(self) -> str:
        return str(self._get("type") or "span")

    def _get(self, name: str) -> Any:
        return self.attributes.get(f"langfuse.observation.{name}")

    def _json(self, name: str) -> Any:
        value = self._get(name)
        try:
            return json.loads(value) if isinstance(value, str) else value
        except ValueError:
            return value

    @property
    def input(self) -> Any:
        return self._json("input")

    @property
    def output(self) -> Any:
        return self._json("output")

    @property
    def usage(self) -> dict[str, int] | None:
        usage: dict[str, int] | None = self._json("usage_details")
        return usage

    @property
    def model(self) -> str | None:
        name: str | None = self._get("model.name")
        return name

    @property
    def model_parameters(self) -> Any:
        return self._json("model.parameters")

    @property
    def level(self) -> str:
        return str(self._get("level") or "DEFAULT")

    @property
    def status_message(self) -> str | None:
        message: str | None = self._get("status_message")
        return message

    @property
    def metadata(self) -> dict[str, Any]:
        """Return values as the server stores them: newer SDKs write JSON, older ones the text itself."""
        prefix = "langfuse.observation.metadata."
        found = {}
        for name, value in self.attributes.items():
            if name.startswith(prefix):
                try:
                    found[name.removeprefix(prefix)] = json.loads(value)
                except (TypeError, ValueError):
                    found[name.removeprefix(prefix)] = value
        return found

    @property
    def session(self) -> str | None:
        return self.attributes.get("session.id")

    @property
    def is_app_root(self) -> bool:
        return bool(self.attributes.get("langfuse.internal.is_app_root"))


class Receiver(HttpReceiver):
    """A running server. ``status`` and ``location`` are for what is sent to it, not for what is asked.

    ``missing`` holds beginnings of paths at which nothing is found.
    """

    def __init__(self) -> None:
        super().__init__()
        self.missing: set[str] = set()

    def reply(self, request: ReceivedRequest) -> Reply:
        if request.method == "GET":
            is_missing = request.path.startswith(tuple(self.missing))
            return Reply(status=404) if is_missing else _asked(request.path)
        # No upload address: the server has this media already.
        body = json.dumps({"mediaId": "m", "uploadUrl": None}).encode() if request.path == MEDIA else b""
        headers = JSON if self.location is None else {**JSON, "location": self.location}
        return Reply(status=self.status, body=body, headers=headers)

    @property
    def all_observations(self) -> list[Observation]:
        """Return all observations, as often as they came and in that order."""
        return [each for request in self.to(TRACES) for each in _observations(request)]

    @property
    def observations(self) -> list[Observation]:
        """Return the observations of all traces, by start; each must have come only once."""
        found = self.all_observations
        ids = [(each.key, each.id) for each in found]
        assert len(ids) == len(set(ids)), "an observation came twice"
        return sorted(found, key=lambda each: (each.start, -each.end))

    def of(self, *types: str) -> list[Observation]:
        return [each for each in self.observations if each.type in types]

    def one(self, kind: str) -> Observation:
        return self._only([each for each in self.observations if each.type == kind])

    def observation(self, name: str) -> Observation:
        return self._only([each for each in self.observations if each.name == name])

    def _only(self, found: list[Observation]) -> Observation:
        assert len(found) == 1, [(each.type, each.name) for each in self.observations]
        return found[0]


def _asked(path: str) -> Reply:
    """There is one project, and a prompt of every name, in its third version."""
    name = path.removeprefix(PROMPTS).partition("?")[0]
    prompt = {"type": "text", "name": name, "version": 3, "prompt": "You are patient."}
    found = {**prompt, "config": {}, "labels": ["production"], "tags": []}
    if path == PROJECTS:
        found = {"data": [PROJECT]}
    status = 200 if path.startswith((PROMPTS, PROJECTS)) else 404
    return Reply(status=status, body=json.dumps(found).encode(), headers=JSON)


def credentials_of(request: ReceivedRequest) -> str:
    return base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()


def questions_in(request: ReceivedRequest) -> set[str]:
    """Return the questions of the runs in a request."""
    return {str(each.input) for each in _observations(request) if each.type == "agent"}


def _observations(request: ReceivedRequest) -> list[Observation]:
    names = [field.name for field in fields(ReceivedSpan)]
    spans = spans_in(request.body)
    return [Observation(**{name: getattr(span, name) for name in names}) for span in spans]
