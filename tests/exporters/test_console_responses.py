"""What people read of a response: its prompt or model, its items in order, what it cost and how it ended."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from threadtrail.events import RunEnded
from threadtrail.exporters.console import ConsoleExporter
from threadtrail.testing.samples import sample_runs
from threadtrail.values import ReasoningPart, Run, Step, ToolCall

RUNS = {name: run for name, run in sample_runs().items() if run.one_generation}


def printed(run: Run) -> str:
    stream = io.StringIO()
    exporter = ConsoleExporter(stream, costs=False)
    exporter.export([RunEnded(time=run.ended_at or 0, run=run)])
    exporter.flush()
    return stream.getvalue()


def test_a_plain_response() -> None:
    assert (
        printed(RUNS["plain_response"])
        == """\
✓ pmpt_math_tutor  completed in 1.8s  gpt-5.2-2025-12-11
├── run         resp_plain_response · conv_sample · req_plain_response
├── attributes  user u1 · session s1 · tags beta · topic=algebra
├── status      completed 1.8s  service tier flex
├── user        I need to solve the equation `3x + 11 = 14`. Can you help me?
├── assistant   Subtract 11 and divide by 3: x = 1.
└── tokens      1,104 in · 21 out · 512 cached · 256 written to the cache · 0 reasoning · 1,125 total
"""
    )


def test_without_a_prompt_it_is_called_by_its_model_once() -> None:
    header = printed(RUNS["refused_response"]).partition("\n")[0]
    assert header == "✓ gpt-5.2-2025-12-11  completed in 0.9s"


def test_how_a_background_response_was_watched() -> None:
    status = next(
        line for line in printed(RUNS["background_response"]).split("\n") if line.startswith("├── status")
    )
    assert status.endswith(
        "queued 0.0s → in_progress 30.0s → completed 1m35s  "
        "9 polls · background · streamed · stream resumed 1 time · first output 31.5s · deleted"
    )
    assert "after resp_plain_response" in printed(RUNS["background_response"])


def test_items_stand_in_their_order_and_messages_have_no_step() -> None:
    labels = [line[4:].split()[0] for line in printed(RUNS["reasoning_response"]).split("\n")[1:-1]]
    assert labels == ["run", "status", "user", "reasoning", "assistant", "assistant", "tokens"]


def test_tools_of_the_server_with_what_is_billed_apart() -> None:
    text = printed(RUNS["hosted_tools"])
    assert "├── tool       web_search  1.0s\n│   ├── query  leave in France\n" in text
    assert "│   └── found  Leave in France https://example.com/leave\n" in text
    assert "│   └── found  handbook.pdf (0.87): 25 days of leave a year.\n" in text
    assert "├── item       mcp_list_tools\n" in text
    assert "├── tool       get_policy  0.5s  mcp · on hr\n" in text
    assert "│   └── error      http_error: The server answered 502.\n" in text
    assert "└── billed     web_search num_requests 1 · image_gen total_tokens 1,056\n" in text


def test_an_error_that_a_tool_and_its_item_share_is_printed_once() -> None:
    run = RUNS["hosted_tools"]
    steps = tuple(replace(step, error=step.tool_calls[0].error) for step in run.steps if step.tool_calls)
    assert printed(replace(run, steps=steps)).count("http_error") == 1


def test_calls_that_were_answered_and_the_time_of_the_model_alone() -> None:
    text = printed(RUNS["answered_calls"])
    assert text.startswith("✓ gpt-5.2-2025-12-11  completed in 1.2s\n")
    assert "├── tool       get_weather  1.4s\n" in text
    assert "│   └── output     22 °C, sunny\n" in text
    assert "│   └── answer     refused\n" in text


def test_a_call_that_is_still_open() -> None:
    text = printed(RUNS["open_call"])
    assert text.startswith("✓ gpt-5.2-2025-12-11  completed in 1.0s\n")
    assert "├── tool    get_weather  no output\n" in text


def test_a_tool_whose_times_nobody_saw_has_none() -> None:
    search = ToolCall(id="ws_1", kind="web_search", name="web_search", status="completed")
    run = replace(RUNS["refused_response"], steps=(Step(id="ws_1", kind="x", tool_calls=(search,)),))
    assert "├── tool       web_search\n" in printed(run)


def test_what_an_earlier_response_had_is_not_printed_again() -> None:
    text = printed(RUNS["answering_response"])
    assert "├── input      2 items as before\n├── tool       22 °C, sunny\n" in text
    assert "How is the weather in Paris?" not in text
    whole = printed(replace(RUNS["answering_response"], input_repeated=None))
    assert "How is the weather in Paris?" in whole
    assert '[reasoning] [512 bytes, encrypted] [calls get_weather] {"city": "Paris"}' in whole


def test_encrypted_reasoning_is_only_its_size() -> None:
    thought = Step(id="rs_1", kind="reasoning", parts=(ReasoningPart(encrypted_bytes=2048),))
    assert "├── reasoning  [2,048 bytes, encrypted]\n" in printed(
        replace(RUNS["plain_response"], steps=(thought,))
    ).replace("├── reasoning   ", "├── reasoning  ")


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        (
            "failed_response",
            ["✗ gpt-5.2-2025-12-11  failed in 0.7s", "invalid_image_url", "(about input[0].content[1])"],
        ),
        (
            "incomplete_response",
            ["! gpt-5.2-2025-12-11  incomplete in 1.1s", "incomplete  max_output_tokens"],
        ),
        ("cancelled_response", ["○ gpt-5.2-2025-12-11  cancelled in 6.0s"]),
        ("refused_response", ["[refused] I'm sorry, I can't help with that."]),
        (
            "unfinished_response",
            ["? gpt-5.2-2025-12-11  unfinished: last seen queued", "3 polls · background"],
        ),
    ],
)
def test_each_end(name: str, lines: list[str]) -> None:
    text = printed(RUNS[name])
    for line in lines:
        assert line in text
