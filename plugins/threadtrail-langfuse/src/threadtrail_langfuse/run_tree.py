"""Emits a run as observations: agent, generations, tools, retrievers and events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langfuse import LangfuseAgent, LangfuseEvent, LangfuseGeneration, LangfuseRetriever, LangfuseTool

from threadtrail.trace_shape import late_tool_span, shape, span_id_for, spans_in_turn
from threadtrail_langfuse import content
from threadtrail_langfuse.fields import (
    model_parameters,
    moment,
    outcome,
    run_outcome,
    session_of,
    usage_details,
)
from threadtrail_langfuse.observations import Caller, below, span_of
from threadtrail_langfuse.prompts import prompt_link

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.context import Context

    from threadtrail.events import RequestFailed, RunEnded
    from threadtrail.trace_shape import Span as Node
    from threadtrail.values import Run, Step, ToolCall
    from threadtrail_langfuse.observations import Observations, Place


def emit_run(
    observations: Observations,
    event: RunEnded,
    place: Place,
    *,
    failures: Sequence[RequestFailed] = (),
    in_turn: bool = False,
) -> None:
    """Make the observations of a run that has ended.

    Args:
        observations: makes them.
        event: the run.
        place: their place.
        failures: failed requests about the run.
        in_turn: whether it is part of a turn, so that its calls are beside its generation.
    """
    run = event.run
    root, *beside = spans_in_turn(run, overwrites=True) if in_turn else [shape(run, overwrites=True)]
    _RunTree(observations, event, place, root).emit(beside, failures)


def emit_late_call(observations: Observations, event: RunEnded, call: ToolCall, place: Place) -> None:
    """Make the observation of a call that was answered after its run, which is ``event``, was exported."""
    node = late_tool_span(event.run, call)
    _RunTree(observations, event, place, node).emit_tool(node, place.parent)


class _RunTree:
    """Emits the observations of one run; ``_conversation`` is the input of the model so far."""

    def __init__(self, observations: Observations, event: RunEnded, place: Place, root: Node) -> None:
        self._observations = observations
        self._event = event
        self._run: Run = event.run
        self._parent = place.parent
        self._root = root
        self._caller = Caller(
            attributes=event.attributes, session=session_of(event.run), trace_name=place.trace_name
        )
        self._conversation: list[content.Json] = content.instructions(event.run.request)
        self._used_ids: dict[tuple[str, ...], int] = {}

    def emit(self, beside: Sequence[Node], failures: Sequence[RequestFailed]) -> None:
        """Emit the run, then the calls that are beside it."""
        node = self._root
        root = self._agent() if node.kind == "agent" else self._generation(node, self._parent)
        # The root stays open until all below it has ended: a child of an ended span counts as a root.
        inside = below(span_of(root), self._parent)
        self._status_changes(inside)
        for failure in failures:
            self._failed_request(failure, inside)
        self._children(node, inside)
        self._observations.end(root, node.end)
        for call in beside:
            self.emit_tool(call, self._parent)

    def _children(self, node: Node, inside: Context) -> None:
        before: Step | None = None
        for child in node.children:
            if child.kind != "generation":
                self.emit_tool(child, inside)
                continue
            self._hear(child, before)
            generation = self._generation(child, inside)
            self._children(child, below(span_of(generation), inside))
            self._observations.end(generation, child.end)
            before = child.step or before

    def _agent(self) -> Any:
        run, node = self._run, self._root
        return self._observations.start(
            LangfuseAgent,
            node.name,
            start=node.start,
            parent=self._parent,
            caller=self._caller,
            trace_of=run.key,
            span_id=node.span_id,
            input=content.at_a_glance(run.new_input, "user"),
            output=content.at_a_glance(run.output, "assistant"),
            metadata={**_run_metadata(self._event), **content.plain(run.metadata)},
            **run_outcome(run),
        )

    def _hear(self, node: Node, before: Step | None) -> None:
        """Add the new input of the model at this turn to the conversation."""
        if before is not None:
            self._conversation += content.tool_results(before)
        self._conversation += map(content.chat_message, filter(content.has_content, node.input))

    def _generation(self, node: Node, parent: Context | None) -> Any:
        """Start the observation of a model turn, which may be the whole run."""
        run, is_root = self._run, node is self._root
        if is_root:
            self._hear(node, None)
        output = self._output(node)
        reason = run.incomplete_reason if node.status == "incomplete" else None
        ids = {"step_id": node.step.id if node.step else None, "run_id": run.id}
        generation = self._observations.start(
            LangfuseGeneration,
            node.name,
            start=node.start,
            parent=parent,
            caller=self._caller,
            trace_of=run.key if is_root else None,
            span_id=node.span_id,
            more=prompt_link(run),
            input=list(self._conversation) or None,
            output=output[0] if len(output) == 1 else output or None,
            model=node.model,
            model_parameters=model_parameters(run),
            usage_details=usage_details(node.usage),
            completion_start_time=moment(node.first_output_at),
            metadata={**_run_metadata(self._event), **content.plain(run.metadata)} if is_root else ids,
            **(run_outcome(run) if is_root else outcome(node.status, node.error, reason)),
        )
        self._conversation += output
        return generation

    def _output(self, node: Node) -> list[content.Json]:
        if self._run.one_generation:
            return content.answers(node)
        if node.requested_tool_calls:
            return [content.tool_requests(node.requested_tool_calls)]
        return [content.chat_message(message) for message in node.output if content.has_content(message)]

    def emit_tool(self, node: Node, parent: Context | None) -> None:
        """Emit a call."""
        call = node.tool_call
        if call is None:
            return
        tool = self._observations.start(
            LangfuseRetriever if node.kind == "retriever" else LangfuseTool,
            node.name,
            start=node.start,
            parent=parent,
            caller=self._caller,
            span_id=node.span_id,
            input=content.tool_input(call),
            output=content.tool_output(call),
            metadata=_tool_metadata(node, call),
            **outcome(node.status, node.error),
        )
        self._observations.end(tool, node.end)

    def _status_changes(self, parent: Context) -> None:
        run, previous = self._run, None
        for change in run.status_history:
            last = change.status == run.status
            self._point(
                change.type or change.status,  # recordings made before the type was kept have none
                change.time,
                parent,
                # Another process that follows the run gives the same, whatever it has seen before.
                span_id=self._id("status", change.status, str(change.server_time or "")),
                metadata={"previous": previous, "learnt_from": change.learnt_from},
                **(run_outcome(run) if last and run.finished else outcome(change.status)),
            )
            previous = change.status

    def _failed_request(self, failure: RequestFailed, parent: Context) -> None:
        self._point(
            f"{failure.operation} failed",
            failure.time,
            parent,
            span_id=self._id("failed request", failure.request_id or "", str(failure.started_at)),
            metadata=request_metadata(failure),
            **{**outcome("failed", failure.error), "level": "WARNING"},  # the run may still succeed
        )

    def _id(self, *parts: str) -> str:
        """Return the id of an event of the run; a second event of the same parts gets another id."""
        seen = self._used_ids[parts] = self._used_ids.get(parts, 0) + 1
        return span_id_for(self._run.key, *parts, *([str(seen)] if seen > 1 else []))

    def _point(self, name: str, time: int, parent: Context, **fields: Any) -> None:
        """Emit an event, which begins and ends at one moment within its run."""
        time = min(max(time, self._root.start), self._root.end)
        event = self._observations.start(
            LangfuseEvent, name, start=time, parent=parent, caller=self._caller, **fields
        )
        self._observations.end(event, time)


def request_metadata(event: RequestFailed) -> dict[str, Any]:
    """Return the metadata of a failed request."""
    return {
        "operation": event.operation,
        "error_type": event.error.type,
        "http_status_code": event.status_code,
        "request_id": event.request_id,
        "retries": event.retry_count or None,
    }


def _run_metadata(event: RunEnded) -> dict[str, Any]:
    run = event.run
    kind = run.assistant.kind if run.assistant else ""
    return {
        "run_id": run.id,
        "thread_id": run.thread_id,
        f"{kind}_id": run.assistant.id if run.assistant else None,
        f"{kind}_version": run.assistant.version if run.assistant else None,
        "status": run.status,
        "incomplete_reason": run.incomplete_reason,
        "tools": list(run.request.tool_names) or None,
        "polls": run.poll_count or None,
        "retries": run.retry_count or None,
        "streamed": run.streamed or None,
        "provider": event.provider,
        "server": event.server_address,
        **_of_chain(run),
    }


def _of_chain(run: Run) -> dict[str, Any]:
    """Return the run's place among others, how the server worked on it, and what it bills apart."""
    return {
        "previous_run_id": run.previous_run_id,
        "turn_id": run.turn_id,
        "answers": list(run.answers) or None,
        "input_repeated": run.input_repeated,
        "background": run.background or None,
        "completion_window": run.request.completion_window,
        "stored": run.stored,
        "deleted": run.deleted or None,
        "resumed_streams": run.resumed or None,
        "request_id": run.request_id,
        "tool_usage": content.plain(run.tool_usage) or None,
    }


def _tool_metadata(node: Node, call: ToolCall) -> dict[str, Any]:
    return {
        "tool_call_id": call.id,
        "kind": call.kind,
        "step_id": node.step.id if node.step else None,
        "executed_by": call.executed_by,
        "server_label": call.server_label,
        "namespace": call.namespace,
        "caller_id": call.caller_id,
    }
