"""The function ``display_quiz`` that the assistant may call, and a student who answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openai.types.beta.function_tool_param import FunctionToolParam

DISPLAY_QUIZ: FunctionToolParam = {
    "type": "function",
    "function": {
        "name": "display_quiz",
        "description": "Show a quiz to the student, and return the student's answers.",
        "parameters": {
            "type": "object",
            "properties": {
                "title": {"type": "string"},
                "questions": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "question_text": {"type": "string"},
                            "question_type": {"type": "string", "enum": ["MULTIPLE_CHOICE", "FREE_RESPONSE"]},
                            "choices": {"type": "array", "items": {"type": "string"}},
                        },
                        "required": ["question_text", "question_type"],
                    },
                },
            },
            "required": ["title", "questions"],
        },
    },
}


def display_quiz(arguments: str) -> str:
    """Show the quiz of a tool call's JSON arguments, and return the answers as JSON.

    The student is made up: the answer to any choice is "a", and to a free question "I do not know."
    """
    quiz = json.loads(arguments)
    print(f"Quiz: {quiz['title']}")  # noqa: T201 - a tutorial prints
    answers = []
    for question in quiz["questions"]:
        answer = "a" if question["question_type"] == "MULTIPLE_CHOICE" else "I do not know."
        choices = "".join(
            f"  {letter}) {choice}"
            for letter, choice in zip("abcd", question.get("choices", ()), strict=False)
        )
        print(f"  {question['question_text']}{choices}  > {answer}")  # noqa: T201 - a tutorial prints
        answers.append(answer)
    return json.dumps(answers)
