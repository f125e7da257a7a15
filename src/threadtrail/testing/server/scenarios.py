"""Ready-made scripts by name, for the command line, for demos and for trying out a client."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from threadtrail.testing.server.script import (
    AnyScript,
    Cancelled,
    Expired,
    Failed,
    Hangs,
    Incomplete,
    RunScript,
    echo,
)
from threadtrail.testing.server.steps import (
    CodeInterpreterCall,
    FileSearchCall,
    FileSearchResult,
    FunctionCall,
    ImageFile,
    Message,
    Refusal,
    StreamEvent,
    SubmittedOutput,
    Text,
    ToolCalls,
    UnknownToolCall,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def _report(outputs: Sequence[SubmittedOutput]) -> Message:
    return Message("; ".join(f"{given.name} says {given.output}" for given in outputs))


_OSLO = FunctionCall("get_weather", {"city": "Oslo"})
_ROME = FunctionCall("get_weather", {"city": "Rome"})
_CITATION = {
    "type": "file_citation",
    "text": "【0†source】",
    "start_index": 21,
    "end_index": 31,
    "file_citation": {"file_id": "file-handbook"},
}

SCENARIOS: Mapping[str, AnyScript] = MappingProxyType(
    {
        "plain": echo,
        "several-messages": RunScript("First, the facts.", "Second, the conclusion."),
        "function-calls": RunScript(ToolCalls(_OSLO, _ROME), _report),
        "two-rounds": RunScript(
            ToolCalls(_OSLO, _ROME),
            ToolCalls(FunctionCall("get_time", {"city": "Oslo"})),
            _report,
        ),
        "code-interpreter": RunScript(
            ToolCalls(
                CodeInterpreterCall(
                    "import matplotlib.pyplot as plt\nx = (14 - 11) / 3\nprint(x)\n",
                    logs="1.0\n",
                    images=("file-plot",),
                )
            ),
            Message("x is 1.", ImageFile("file-plot")),
        ),
        "file-search": RunScript(
            ToolCalls(
                FileSearchCall(
                    (
                        FileSearchResult("handbook.pdf", "Leave is 30 days.", 0.92, "file-handbook"),
                        FileSearchResult("faq.md", "Ask the office about leave.", 0.41, "file-faq"),
                    )
                )
            ),
            Message(Text("You have 30 days off.【0†source】", (_CITATION,))),
        ),
        "refusal": RunScript(Message(Refusal("I'm sorry, I cannot help with that."))),
        "image": RunScript(Message(ImageFile("file-picture"))),
        "empty": RunScript(Message()),
        "failed": RunScript("This answer breaks", end=Failed()),
        "rate-limited": RunScript(end=Failed("rate_limit_exceeded", "You exceeded your current quota.")),
        "expired": RunScript("This answer comes too", end=Expired()),
        "incomplete": RunScript("This answer is cut", end=Incomplete()),
        "cancelled": RunScript("This answer is not", end=Cancelled()),
        "hanging": RunScript("This answer never", end=Hangs()),
        "unknown": RunScript(
            ToolCalls(UnknownToolCall("hologram", {"hologram": {"shape": "sphere"}})),
            StreamEvent("thread.run.step.hologram", {"id": "holo_1", "object": "thread.hologram"}),
            Message(
                "Seen.",
                {"type": "hologram", "hologram": {"url": "https://example.com/1"}},
                extra={"mood": "calm"},
            ),
            extra={"carbon_grams": 3},
        ),
    }
)
"""Scripts by name; each shows one thing that a run can do."""
