"""What programs of either API are made of: streams that are read bit by bit, and faults."""

from __future__ import annotations

import re

from hypothesis import strategies as st

Phrases = st.SearchStrategy[tuple[str, ...]]
"""Statements that belong together."""

ENDINGS = st.sampled_from(
    [*["Completed()"] * 3, "Failed()", "Incomplete()", "Expired()", "Cancelled()"],
)
USAGES = st.sampled_from(['"sum"', '"sum"', "None", "Usage(500, 200)"])

FLUSH = "threadtrail.flush()"
LOSE_ANSWER = "network.lose_next_answer()"
LEAVE = "await leave(SLOT)"
HOLD = "held.append(stream.pop(SLOT))"
LET_GO = """\
while held:  # or they would take what passes the gate
    await held.pop().close()
server.wait_until(lambda: server.open_streams <= len(stream))"""
READ = """\
gate[SLOT].release(COUNT)
for _ in range(COUNT):
    saw(SLOT, await anext(stream[SLOT]))"""
DRAIN = """\
gate[SLOT].release()
while True:
    saw(SLOT, await anext(stream[SLOT]))
    gate[SLOT].release()"""
READING = st.sampled_from([READ, READ, DRAIN, LEAVE, HOLD])

FAULTS = st.sampled_from(
    [
        "server_error()",
        "too_many_requests()",
        "conflict()",
        'ErrorAnswer(400, "Not like this.", kind="invalid_request_error", code="invalid_value")',
        "CloseConnection()",
        "CloseConnection(after_bytes=20)",
    ]
)
STREAM_FAULTS = st.builds(
    "{}({}{})".format,
    st.just("DropStream"),
    st.integers(0, 9),
    st.just(""),
) | st.builds(
    "{}({}{})".format, st.just("StreamError"), st.integers(0, 9), st.sampled_from(["", ", wrapped=False"])
)


def scripts(steps: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """What runs do, of these steps."""
    return st.builds(
        _script, st.lists(steps, max_size=3), ENDINGS, st.integers(0, 4), st.integers(0, 2), USAGES
    )


def _script(steps: list[str], end: str, polls: int, queued: int, usage: str) -> str:
    settings = f"end={end}, polls={polls}, queued_polls={queued}, usage={usage}, gate=gate[SLOT]"
    return f"RunScript({', '.join([*steps, settings])})"


def faults(operations: list[str], streams: list[str]) -> st.SearchStrategy[str]:
    """A fault in one of these operations, or in a stream that one of those begins."""
    inject = 'server.inject({}, "{}", times={})'.format
    return st.one_of(
        st.builds(inject, FAULTS, st.sampled_from(operations), st.integers(1, 3)),
        st.builds(inject, STREAM_FAULTS, st.sampled_from(streams), st.just(1)),
        st.just(LOSE_ANSWER),
    )


def phrase(*texts: st.SearchStrategy[str] | str) -> Phrases:
    """Statements that belong together, one after the other."""
    return st.tuples(*[st.just(text) if isinstance(text, str) else text for text in texts])


def maybe(text: str) -> st.SearchStrategy[str]:
    """This statement, or none."""
    return st.sampled_from(["pass", text])


def in_the_other_slot(texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """The same, for a second run beside that of the phrase."""
    return texts.map(lambda text: text.replace("SLOT", "OTHER"))


def filled(phrases: Phrases, *, slot: int | None = None) -> Phrases:
    """Phrases with the slots, a client and a number put in."""
    return st.builds(
        _filled,
        phrases,
        st.integers(0, 1) if slot is None else st.just(slot),
        st.sampled_from(["client", "hasty"]),
        st.integers(1, 3),
    )


def _filled(phrase: tuple[str, ...], slot: int, client: str, count: int) -> tuple[str, ...]:
    values = {"SLOT": str(slot), "OTHER": str(1 - slot), "CLIENT": client, "COUNT": str(count)}
    return tuple(re.sub("|".join(values), lambda found: values[found[0]], text) for text in phrase)
