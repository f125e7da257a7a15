"""What the local server answers in the demo: a tutor that knows these questions and no others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from threadtrail.testing.server import (
    CodeInterpreterCall,
    FileSearchCall,
    FileSearchResult,
    FunctionCall,
    Message,
    RunRequest,
    RunScript,
    SubmittedOutput,
    Text,
    ToolCalls,
    Usage,
    echo,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from threadtrail.testing.server.steps import AnyStep

POLLS = 4
EVENT_DELAY_SECONDS = 0.03

FIBONACCI = """\
a, b, numbers = 0, 1, []
for _ in range(20):
    numbers.append(a)
    a, b = b, a + b
print(numbers)"""
FIBONACCI_LOGS = "[0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987, 1597, 2584, 4181]"

PAPER = "language_models.pdf"
PASSAGES = (
    FileSearchResult(
        PAPER, "Language modeling is usually framed as unsupervised distribution estimation.", 0.93
    ),
    FileSearchResult(PAPER, "p(x) is factorized as the product of conditional probabilities.", 0.88),
)
SUMMARY = "It estimates a distribution over texts. It splits it into one probability per word [0]."
CITATION: dict[str, Any] = {
    "type": "file_citation",
    "text": "[0]",
    "start_index": SUMMARY.index("[0]"),
    "end_index": SUMMARY.index("[0]") + len("[0]"),
    "file_citation": {"file_id": "file-paper"},
}

QUIZ: dict[str, Any] = {
    "title": "Linear equations",
    "questions": [
        {
            "question_text": "What is x in 2x = 8?",
            "question_type": "MULTIPLE_CHOICE",
            "choices": ["4", "6", "8", "16"],
        },
        {"question_text": "What is a variable?", "question_type": "FREE_RESPONSE"},
    ],
}


def _feedback(outputs: Sequence[SubmittedOutput]) -> Message:
    choice, text = json.loads(outputs[-1].output)
    first = "right" if choice == "a" else "not right, it is a) 4"
    second = "a letter that stands for a number" if "know" in text else "just that"
    return Message(f"The first is {first}. For the second: a variable is {second}.", usage=Usage(402, 31))


def _polled(*steps: AnyStep) -> RunScript:
    return RunScript(*steps, polls=POLLS, queued_polls=1, event_delay=EVENT_DELAY_SECONDS)


def _warmer(outputs: Sequence[SubmittedOutput]) -> Message:
    oslo, rome = (given.output for given in outputs)
    return Message(f"In Rome: it has {rome}, and Oslo has {oslo}.", usage=Usage(131, 16))


SCRIPTS = {
    "Oslo or in Rome": RunScript(
        ToolCalls(
            FunctionCall("get_weather", {"city": "Oslo"}),
            FunctionCall("get_weather", {"city": "Rome"}),
            usage=Usage(78, 34),
        ),
        _warmer,
    ),
    "3x + 11 = 14": _polled(
        Message("Subtract 11 from both sides, then divide by 3: x = 1.", usage=Usage(64, 19))
    ),
    "How do I check": _polled(Message("Put it in: 3 * 1 + 11 = 14, which is true.", usage=Usage(108, 17))),
    "linear algebra": _polled(
        Message("It is the study of vectors, and of the maps that keep lines straight.", usage=Usage(52, 18))
    ),
    "do not like math": _polled(
        Message("Begin with something you like, and look for the math in it.", usage=Usage(53, 15))
    ),
    "Thank you": _polled(Message("You are welcome! Come back any time.", usage=Usage(81, 9))),
    "Fibonacci": _polled(
        ToolCalls(CodeInterpreterCall(FIBONACCI, FIBONACCI_LOGS), usage=Usage(189, 57)),
        Message("Here they are, from 0 to 4181.", usage=Usage(341, 11)),
    ),
    "this paper": _polled(
        ToolCalls(FileSearchCall(PASSAGES), usage=Usage(212, 24)),
        Message(
            Text(SUMMARY, [CITATION]),
            usage=Usage(1874, 38),
        ),
    ),
    "Make a quiz": _polled(ToolCalls(FunctionCall("display_quiz", QUIZ), usage=Usage(226, 63)), _feedback),
}
"""The scripts, by words of the question."""


def choose(request: RunRequest) -> RunScript:
    """Return the script for the newest question of the thread."""
    question = request.last_user_text
    return next((script for words, script in SCRIPTS.items() if words in question), echo(request))
