"""What an application does with assistants, in short functions."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import exporter_driving
from exporter_driving import QUESTION, WEATHER, answer, asked, tutor
from openai import OpenAI

import threadtrail
from langfuse_receiver import Receiver
from threadtrail.testing import AssistantsServer

if TYPE_CHECKING:
    from langfuse_receiver import Observation

PUBLIC, SECRET = "pk-lf-test", "sk-lf-test"
OTEL = tuple(map(int, version("opentelemetry-sdk").split(".")[:2]))
"""The version of OpenTelemetry's SDK that the tests run with."""


@dataclass(frozen=True)
class Stage:
    """A server in front, Langfuse behind, an app's client between them."""

    server: AssistantsServer
    client: OpenAI
    langfuse: Receiver

    def trace(self, *, settings: dict[str, Any] | None = None, **options: Any) -> None:
        """Switch threadtrail on; keys and address are in the environment."""
        threadtrail.instrument(exporters={"langfuse": options}, **(settings or {}))

    def run(self, question: str = QUESTION, *, look: bool = True, **options: Any) -> Any:
        """A question, a run with its function calls, its answer, its steps."""
        assistant = tutor(self.client, tools=[WEATHER])
        thread = asked(self.client, question)
        run = self.client.beta.threads.runs.create(thread.id, assistant_id=assistant.id, **options)
        run = answer(self.client, run, _question_back)
        if look:
            exporter_driving.look(self.client, run)
        return run

    def observations(self) -> list[Observation]:
        """Deliver, and return what arrived."""
        assert threadtrail.flush()
        return self.langfuse.observations

    def children(self, parent: Observation) -> list[Observation]:
        return [each for each in self.langfuse.observations if each.parent_id == parent.id]


def _question_back(_number: int, call: Any) -> Any:
    return {"asked": json.loads(call.function.arguments)}


def total_usage(observations: list[Observation]) -> Counter[str]:
    """Return the usage that Langfuse adds up for a trace."""
    total: Counter[str] = Counter()
    for observation in observations:
        total.update(observation.usage or {})
    return total
