"""The sample responses by name, and those that used no tool; ``samples.py`` is the public module."""

from __future__ import annotations

from dataclasses import replace

from threadtrail._frozen import freeze
from threadtrail.testing._sample_response_ends import (
    cancelled_response,
    failed_response,
    incomplete_response,
    refused_response,
    unfinished_response,
)
from threadtrail.testing._sample_response_parts import (
    CONVERSATION,
    PROMPT,
    REQUEST,
    asked,
    message_item,
    response,
    said,
    since,
    spent,
    statuses,
)
from threadtrail.testing._sample_response_tools import (
    answered_calls,
    answering_response,
    hosted_tools,
    open_call,
)
from threadtrail.values import Attributes, ReasoningPart, Run, Step, TextPart


def all_responses() -> dict[str, Run]:
    """Return every sample response, by name."""
    return {
        "plain_response": _plain_response(),
        "background_response": _background_response(),
        "reasoning_response": _reasoning_response(),
        "hosted_tools": hosted_tools(),
        "answered_calls": answered_calls(),
        "answering_response": answering_response(),
        "open_call": open_call(),
        "refused_response": refused_response(),
        "incomplete_response": incomplete_response(),
        "failed_response": failed_response(),
        "cancelled_response": cancelled_response(),
        "unfinished_response": unfinished_response(),
    }


def _plain_response() -> Run:
    """Return a response of a stored prompt, in a conversation, with attributes of the caller."""
    name = "plain_response"
    answer = said(name, TextPart(text="Subtract 11 and divide by 3: x = 1."), phase="final_answer")
    question = "I need to solve the equation `3x + 11 = 14`. Can you help me?"
    return response(
        name,
        question,
        statuses(("completed", 1.8, "create")),
        answer,
        thread_id=CONVERSATION,
        session_key=CONVERSATION,
        assistant=PROMPT,
        input=(asked(name, TextPart(text=question), thread_id=CONVERSATION),),
        request=replace(
            REQUEST,
            instructions="You are a personal math tutor. Answer in English.",
            service_tier="flex",
            verbosity="low",
            prompt_variables=freeze({"language": "English"}),
        ),
        service_tier="flex",
        usage=spent(1104, 21, cached=512, cache_write=256),
        attributes=Attributes(
            user_id="u1", session_id="s1", tags=("beta",), metadata=freeze({"topic": "algebra"})
        ),
    )


def _background_response() -> Run:
    """Return a background response: queued, polled, resumed, announced by a webhook, then deleted."""
    name = "background_response"
    return response(
        name,
        "Prove it in general.",
        statuses(("queued", 0.0, "create"), ("in_progress", 30.0, "poll"), ("completed", 95.0, "webhook")),
        said(name, TextPart(text="Let a ≠ 0. Then ax + b = c has the one solution (c - b) / a.")),
        request=replace(
            REQUEST, background=True, completion_window="2h", previous_response_id="resp_plain_response"
        ),
        previous_run_id="resp_plain_response",
        session_key="resp_plain_response",
        background=True,
        poll_count=9,
        resumed=1,
        first_output_at=since(31.5),
        streamed=True,
        deleted=True,
        usage=spent(1220, 640, cached=1024, reasoning=512),
    )


def _reasoning_response() -> Run:
    """Return a streamed response: reasoning summaries, a comment before the answer, encrypted reasoning."""
    name = "reasoning_response"
    thought = ReasoningPart(text="**Choosing a method**\n\nFactoring is quicker here.", encrypted_bytes=2048)
    comment = said(name, TextPart(text="Let me factor it."), id=f"msg_{name}_comment", phase="commentary")
    answer = said(name, TextPart(text="x = 2 or x = 3."), phase="final_answer")
    reasoning = Step(
        id=f"rs_{name}",
        kind="reasoning",
        status="completed",
        parts=(thought,),
        index=0,
        started_at=since(0.3),
        ended_at=since(2.0),
        seen_live=True,
    )
    seen = {"seen_live": True}
    return response(
        name,
        "Solve x² - 5x + 6 = 0.",
        statuses(("in_progress", 0.1, "stream"), ("completed", 3.2, "stream")),
        comment,
        answer,
        created_at=since(0.0),
        steps=(
            reasoning,
            message_item(comment, 1, started_at=since(2.0), ended_at=since(2.4), **seen),
            message_item(answer, 2, started_at=since(2.4), ended_at=since(3.1), **seen),
        ),
        request=replace(
            REQUEST,
            stream=True,
            reasoning_effort="high",
            reasoning_summary="auto",
            include=("reasoning.encrypted_content",),
            context_management=freeze([{"type": "compaction", "compact_threshold": 200000}]),
        ),
        streamed=True,
        first_output_at=since(0.4),
        usage=spent(64, 310, reasoning=256),
    )
