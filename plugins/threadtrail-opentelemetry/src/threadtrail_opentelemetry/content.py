"""Message content: the attributes of a run's spans, and the details event of each model turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail.otlp.run_content import step_before
from threadtrail_opentelemetry import conventions as c
from threadtrail_opentelemetry import messages as m
from threadtrail_opentelemetry.answers import answer_messages
from threadtrail_opentelemetry.attributes import plain
from threadtrail_opentelemetry.outcomes import run_finish_reason, turn_finish_reason

if TYPE_CHECKING:
    from threadtrail.trace_shape import Span as Node
    from threadtrail.values import Run, Step

Values = dict[str, Any]


class RunContent:
    """One run's content in the convention's shapes; empty if the event has no content."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def of(self, node: Node) -> Values:
        """Return the content of one span."""
        match node.kind:
            case "agent":
                return self._agent(node)
            case "generation":
                return self._answer(node) if self._run.one_generation else self._turn(node)
            case _:
                return self._tool(node)

    def fetched(self, node: Node) -> Values:
        """Return the content of the fetch of a background response: its answer."""
        reason = run_finish_reason(self._run) or "stop"
        return filled({c.OUTPUT_MESSAGES: answer_messages(node, reason)})

    def details(self, node: Node) -> Values:
        """Return the content of a turn's details event, with the run's instructions and tools."""
        return filled({**self._instructions(), **self.of(node)})

    def _instructions(self) -> Values:
        request = self._run.request
        return {
            c.SYSTEM_INSTRUCTIONS: m.system_instructions(request),
            c.TOOL_DEFINITIONS: m.tool_definitions(request.tools),
        }

    def _agent(self, node: Node) -> Values:
        reason = run_finish_reason(self._run) or "stop"
        return filled(
            {
                **self._instructions(),
                c.INPUT_MESSAGES: m.input_messages(node.input),
                c.OUTPUT_MESSAGES: m.output_messages(node.output, reason),
            }
        )

    def _answer(self, node: Node) -> Values:
        """Return the whole input of a run that is one generation, and its whole answer."""
        variables = self._run.request.prompt_variables
        reason = run_finish_reason(self._run) or "stop"
        return filled(
            {
                **self._instructions(),
                **{c.PROMPT_VARIABLE + key: plain(value) for key, value in variables.items()},
                c.INPUT_MESSAGES: m.input_messages(node.input),
                c.OUTPUT_MESSAGES: answer_messages(node, reason),
            }
        )

    def _turn(self, node: Node) -> Values:
        """Return the new input of the model at this turn, and its output or the tools that it requested."""
        outputs = m.output_messages(node.output, turn_finish_reason(self._run, node) or "stop")
        if node.requested_tool_calls:
            outputs.append(m.tool_request_message(node.requested_tool_calls))
        before = self._tools_before(node.step)
        inputs = m.input_messages(node.input)
        if before is not None and not inputs:
            inputs.append(m.tool_response_message(before))
        return filled({c.INPUT_MESSAGES: inputs, c.OUTPUT_MESSAGES: outputs})

    def _tools_before(self, step: Step | None) -> Step | None:
        """Return the step before if it called tools, whose results this turn answers."""
        before = step_before(self._run, step)
        return before if before is not None and before.tool_calls else None

    def _tool(self, node: Node) -> Values:
        call = node.tool_call
        if call is None:
            return {}
        return filled(
            {
                c.TOOL_DESCRIPTION: m.tool_description(self._run.request, call.name),
                c.TOOL_CALL_ARGUMENTS: m.arguments_of(call),
                c.TOOL_CALL_RESULT: m.result_of(call),
            }
        )


def filled(values: Values) -> Values:
    """Return the values without empty ones; an empty output of a tool is kept."""
    return {name: value for name, value in values.items() if value not in (None, [])}


def as_texts(values: Values) -> Values:
    """Return each value as JSON text, which most backends expect on spans today."""
    return {name: m.as_text(value) for name, value in values.items()}
