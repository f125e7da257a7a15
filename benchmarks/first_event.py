"""What the first streamed event of a process costs: recording must not make the SDK build anything.

    python -m benchmarks.first_event

prints one line of JSON: nanoseconds of the caller's CPU time up to the second event of a stream, for a bare
stream (a median), and for the first and the second that are recorded. The SDK is warmed up before.
"""

from __future__ import annotations

import json
import statistics
import time

from benchmarks.canned import clients
from benchmarks.canned_responses import ResponsesApi, stream
from benchmarks.child import last_line_of
from benchmarks.contenders import Contender, start
from benchmarks.response_workloads import ASK
from benchmarks.switching import Switch

BARE_STREAMS = 30


def times() -> list[int]:
    """Time bare streams, then the first two with threadtrail, in this process."""
    body, _ = stream(1)
    client = clients(ResponsesApi(streamed=body))[False]

    def first_events() -> int:
        begun = time.thread_time_ns()
        events = client.responses.create(**ASK, stream=True)
        next(events)
        next(events)
        taken = time.thread_time_ns() - begun
        for _ in events:
            pass
        return taken

    first_events()
    started: list[Contender] = []
    switch = Switch(lambda: started.append(start("threadtrail")))
    switch.off()
    bare = [first_events() for _ in range(BARE_STREAMS)]
    switch.on()
    recorded = [first_events(), first_events()]
    started[0].flush()
    return [round(statistics.median(bare)), *recorded]


def times_in_child() -> list[int]:
    """``times``, measured in a process of its own."""
    measured: list[int] = json.loads(last_line_of("-m", "benchmarks.first_event"))
    return measured


if __name__ == "__main__":
    print(json.dumps(times()))
