"""Tool loops: a script asks for a call, and continues with the request that brings the outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openai
import pytest

from threadtrail.testing.server import (
    ApplyPatchCall,
    ComputerCall,
    CustomToolCall,
    FunctionCall,
    LocalShellCall,
    McpApprovalRequest,
    Message,
    RunScript,
    ShellCall,
    SubmittedOutput,
    ToolCalls,
    server_error,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openai import OpenAI
    from openai.types.responses import Response

    from threadtrail.testing.server import OpenAIServer

STYLES = ("previous_response_id", "conversation", "conversation items", "whole input")


class App:
    """An application that answers calls, and chains its requests in one of several ways."""

    def __init__(self, client: OpenAI, style: str) -> None:
        self.client = client
        self.style = style
        self.conversation = client.conversations.create().id if style.startswith("conv") else None
        self.history: list[Any] = []
        self.last: Response | None = None

    def ask(self, items: list[Any]) -> Response:
        self.history += items
        options: dict[str, Any] = {"input": items}
        if self.style == "whole input":
            options["input"] = list(self.history)
        elif self.style == "previous_response_id" and self.last:
            options["previous_response_id"] = self.last.id
        elif self.style == "conversation":
            options["conversation"] = self.conversation
        elif self.style == "conversation items":
            assert self.conversation is not None
            self.client.conversations.items.create(self.conversation, items=items)
            options = {"conversation": self.conversation}
        self.last = self.client.responses.create(model="gpt-4o", **options)
        self.history += self.last.output
        return self.last


def answer_to(call: Any, output: str = "ok") -> dict[str, Any]:
    kind = call.type
    if kind == "mcp_approval_request":
        return {"type": "mcp_approval_response", "approval_request_id": call.id, "approve": output == "ok"}
    if kind == "local_shell_call":
        return {"type": "local_shell_call_output", "id": call.call_id, "output": output}
    if kind == "computer_call":
        shot = {"type": "computer_screenshot", "image_url": "data:image/png;base64,AAAA"}
        return {"type": "computer_call_output", "call_id": call.call_id, "output": shot}
    if kind == "shell_call":
        printed = [{"stdout": output, "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}]
        return {"type": "shell_call_output", "call_id": call.call_id, "output": printed}
    extra = {"status": "completed"} if kind == "apply_patch_call" else {}
    return {"type": f"{kind}_output", "call_id": call.call_id, "output": output, **extra}


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def report(outputs: Sequence[SubmittedOutput]) -> Message:
    return Message("; ".join(f"{given.name}={given.output}" for given in outputs))


@pytest.mark.parametrize("style", STYLES)
def test_two_rounds_and_a_further_question(client: OpenAI, server: OpenAIServer, style: str) -> None:
    server.script_next(
        RunScript(
            ToolCalls(FunctionCall("a"), FunctionCall("b", {"x": 1})),
            ToolCalls(FunctionCall("c")),
            report,
        )
    )
    app = App(client, style)
    first = app.ask([user("question")])
    assert [call.to_dict()["name"] for call in first.output] == ["a", "b"]
    second = app.ask([answer_to(call, str(number)) for number, call in enumerate(first.output)])
    assert [call.to_dict()["name"] for call in second.output] == ["c"]
    third = app.ask([answer_to(call, "2") for call in second.output])
    assert third.output_text == "a=0; b=1; c=2"
    assert app.ask([user("and now?")]).output_text == "You said: and now?"


@pytest.mark.parametrize(
    ("call", "output"),
    [
        (CustomToolCall("sql", "select"), "sql=ok"),
        (LocalShellCall(["ls"]), "local_shell_call=ok"),
        (ShellCall(["ls"]), 'shell_call=[{"stdout": "ok"'),
        (ApplyPatchCall({"type": "delete_file", "path": "a"}), "apply_patch_call=ok"),
        (ComputerCall(), 'computer_call={"type": "computer_screenshot"'),
        (McpApprovalRequest("ask"), "ask=approved"),
    ],
)
@pytest.mark.parametrize("style", ["previous_response_id", "whole input"])
def test_every_call_of_the_application(
    client: OpenAI, server: OpenAIServer, style: str, call: Any, output: str
) -> None:
    server.script_next(RunScript(ToolCalls(call), report))
    app = App(client, style)
    [item] = app.ask([user("question")]).output
    assert app.ask([answer_to(item)]).output_text.startswith(output)


def test_outputs_between_the_calls(client: OpenAI, server: OpenAIServer) -> None:
    server.script_next(RunScript(ToolCalls(FunctionCall("a"), FunctionCall("b")), report))
    app = App(client, "whole input")
    a, b = app.ask([user("question")]).output
    app.history = [user("question"), a, answer_to(a, "1"), b, answer_to(b, "2")]
    assert app.ask([]).output_text == "a=1; b=2"


def test_the_same_request_again_gets_the_same_answer(client: OpenAI, server: OpenAIServer) -> None:
    server.script_next(RunScript(ToolCalls(FunctionCall("a")), report))
    first = client.responses.create(model="gpt-4o", input="x")
    outputs: Any = [answer_to(call) for call in first.output]
    server.inject(server_error(), "responses.create")
    answers = [
        client.responses.create(model="gpt-4o", input=outputs, previous_response_id=first.id).output_text
        for _ in range(2)
    ]
    assert answers == ["a=ok", "a=ok"]


def test_async_call_may_be_answered_later(client: OpenAI, server: OpenAIServer) -> None:
    later = FunctionCall("later", extra={"async": True})
    server.script_next(RunScript(ToolCalls(FunctionCall("now"), later), "Going on."), RunScript("Thanks."))
    app = App(client, "previous_response_id")
    now, waiting = app.ask([user("question")]).output
    assert app.ask([answer_to(now)]).output_text == "Going on."
    assert app.ask([answer_to(waiting)]).output_text == "Thanks."


def test_a_script_without_further_steps_leaves_the_answer_to_the_next(
    client: OpenAI, server: OpenAIServer
) -> None:
    server.script_next(RunScript(ToolCalls(FunctionCall("a"))), RunScript("The next script."))
    app = App(client, "previous_response_id")
    first = app.ask([user("question")])
    assert app.ask([answer_to(call) for call in first.output]).output_text == "The next script."


@pytest.mark.parametrize("style", STYLES)
def test_call_without_an_output(client: OpenAI, server: OpenAIServer, style: str) -> None:
    server.script_next(RunScript(ToolCalls(FunctionCall("a", id="call_1"))))
    app = App(client, style)
    app.ask([user("question")])
    with pytest.raises(openai.BadRequestError, match="No tool output found for function call call_1"):
        app.ask([user("forget it")])


def test_output_without_a_call(client: OpenAI) -> None:
    given: Any = [{"type": "function_call_output", "call_id": "call_1", "output": "x"}]
    with pytest.raises(
        openai.BadRequestError, match="No tool call found for function call output with call_id"
    ):
        client.responses.create(model="gpt-4o", input=given)


def test_item_references_are_looked_up(client: OpenAI, server: OpenAIServer) -> None:
    server.script_next(RunScript(ToolCalls(FunctionCall("a")), report))
    [call] = client.responses.create(model="gpt-4o", input="x").output
    given: Any = [user("x"), {"type": "item_reference", "id": call.id}, answer_to(call)]
    assert client.responses.create(model="gpt-4o", input=given).output_text == "a=ok"


def test_background_and_streams_go_on_as_well(client: OpenAI, server: OpenAIServer) -> None:
    server.script_next(
        RunScript(ToolCalls(FunctionCall("a")), ToolCalls(FunctionCall("b")), report, polls=[1, 2])
    )
    first = client.responses.create(model="gpt-4o", input="x", background=True)
    [a] = client.responses.retrieve(first.id).output
    second = client.responses.create(
        model="gpt-4o",
        input=[answer_to(a)],  # type: ignore[list-item]  # JSON
        previous_response_id=first.id,
        background=True,
    )
    assert client.responses.retrieve(second.id).status == "in_progress"
    [b] = client.responses.retrieve(second.id).output
    with client.responses.stream(
        model="gpt-4o",
        input=[answer_to(b)],  # type: ignore[list-item]  # JSON
        previous_response_id=second.id,
    ) as stream:
        assert stream.get_final_response().output_text == "a=ok; b=ok"
