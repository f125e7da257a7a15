"""Measures pairs of blocks in this process, one with the tool and one without, in alternating order.

A block is some rounds of a workload. Before the first one, both sides run often enough for the interpreter to
specialise their code. Some rounds run untimed before each block, and everything recorded is delivered before
and after it, so that no work of one block falls into another.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import json
import random
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.pairs import Pairs

if TYPE_CHECKING:
    from benchmarks.workloads import Workload


WARM_ROUNDS, WARM_EVENTS = 64, 4_096
"""How many rounds, or streamed events, run on each side before the first block. CPython specialises code
again for changed classes after about fifty runs."""

TYPE_CACHE = 4_096
"""The number of places in CPython's cache of attributes of classes."""

UNTIMED = 64
"""The least number of calls, or of streamed events, that run untimed before a block: switching changes the
SDK's classes."""


@dataclass(slots=True)
class Block:
    """What some rounds took, in nanoseconds: for each call by name, and as a whole.

    ``thread`` is the CPU time of the app's thread, ``wall`` its wall time. ``total`` is the CPU time of all
    threads until everything was delivered, for one round more than the others: the last untimed one.
    """

    rounds: int
    call_thread: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    call_wall: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    thread: int = 0
    wall: int = 0
    total: int = 0


def move_in_type_cache() -> None:
    """Make the interpreter forget all classes; then leave out a random number of places in its cache of them.

    That cache has 4,096 places for attributes of classes, and what shares one is looked up the slow way.
    Which classes do depends on the order in which they are first used. Without this, two trees could differ
    by 20 us per call for that reason alone, in every process.
    """
    # Public C API; it takes in all classes that inherit from the one it is given.
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(object))
    for number in range(random.randrange(TYPE_CACHE)):  # noqa: S311 - no secret
        # A class gets its number when one of its attributes is looked up.
        getattr(type(f"Type{number}", (), {})(), "missing", None)


def run_rounds(workload: Workload, rounds: int, runner: asyncio.Runner) -> Block:
    """Run some rounds and return what they took, without ``total``."""
    block = Block(rounds)
    if workload.is_async:
        runner.run(_rounds_async(workload, block))
    else:
        _rounds(workload, block)
    return block


def run_block(workload: Workload, rounds: int, flush: Callable[[], None], runner: asyncio.Runner) -> Block:
    """Run one block, after untimed rounds, and return what it took."""
    gc.collect()
    # Otherwise the next collections would come at the same calls in every block, and what they cost would
    # always fall into the timed rounds of one side, and before or after those of the other.
    kept = [object.__new__(Block) for _ in range(random.randrange(gc.get_threshold()[0]))]  # noqa: S311
    calls = 0
    while calls < UNTIMED:
        calls += _calls_of(workload, run_rounds(workload, 1, runner))
    flush()
    total = time.process_time_ns()
    # Delivering took time, in which other data came into the processor's caches.
    run_rounds(workload, 1, runner)
    block = run_rounds(workload, rounds, runner)
    flush()
    block.total = time.process_time_ns() - total
    del kept
    return block


def _calls_of(workload: Workload, block: Block) -> int:
    return workload.events or sum(map(len, block.call_wall.values()))


def _rounds(workload: Workload, block: Block) -> None:
    thread, wall = time.thread_time_ns(), time.perf_counter_ns()
    for _ in range(block.rounds):
        for name, request in workload.requests(workload.client):
            call_thread, call_wall = time.thread_time_ns(), time.perf_counter_ns()
            request()
            block.call_wall[name].append(time.perf_counter_ns() - call_wall)
            block.call_thread[name].append(time.thread_time_ns() - call_thread)
    block.wall = time.perf_counter_ns() - wall
    block.thread = time.thread_time_ns() - thread


async def _rounds_async(workload: Workload, block: Block) -> None:
    thread, wall = time.thread_time_ns(), time.perf_counter_ns()
    for _ in range(block.rounds):
        for name, request in workload.requests(workload.client):
            call_thread, call_wall = time.thread_time_ns(), time.perf_counter_ns()
            await request()
            block.call_wall[name].append(time.perf_counter_ns() - call_wall)
            block.call_thread[name].append(time.thread_time_ns() - call_thread)
    block.wall = time.perf_counter_ns() - wall
    block.thread = time.thread_time_ns() - thread


class Measured:
    """Pairs of times (bare, with the tool): per round as a whole, and per call by name.

    ``recorded`` is how many runs, or spans, the tool delivers for one round.
    """

    def __init__(self) -> None:
        self.rows: dict[str, Pairs] = defaultdict(Pairs)
        self.recorded = 0.0

    def of(self, kind: str, call: str = "") -> Pairs:
        """Return the pairs of a kind of time: "thread", "wall" or, without a call, "total"; see `Block`."""
        return self.rows[f"{kind} of {call}" if call else kind]

    def add(self, other: Measured) -> None:
        """Add the pairs of another process."""
        for name, pairs in other.rows.items():
            self.rows[name].bare += pairs.bare
            self.rows[name].tool += pairs.tool
        self.recorded = other.recorded

    def to_json(self) -> str:
        """Return what is typical of each row, in one line."""
        rows = {name: pairs.typical() for name, pairs in self.rows.items()}
        return json.dumps({"recorded": self.recorded, "rows": rows})

    @classmethod
    def from_json(cls, line: str) -> Measured:
        """Return what ``to_json`` wrote: each row has one pair, the typical one."""
        values, measured = json.loads(line), cls()
        measured.recorded = values["recorded"]
        for name, (bare, tool) in values["rows"].items():
            measured.rows[name].add_microseconds(bare, tool)
        return measured

    def add_blocks(self, bare: Block, tool: Block) -> None:
        """Add a pair of blocks."""
        for call in bare.call_thread:
            self.of("thread", call).add_medians(bare.call_thread[call], tool.call_thread[call])
            self.of("wall", call).add_medians(bare.call_wall[call], tool.call_wall[call])
        rounds = bare.rounds
        self.of("thread").add(bare.thread / rounds, tool.thread / rounds)
        self.of("wall").add(bare.wall / rounds, tool.wall / rounds)
        self.of("total").add(bare.total / (rounds + 1), tool.total / (rounds + 1))


@dataclass(frozen=True, slots=True)
class Sides:
    """How to get from one side of the comparison to the other, and how to deliver what was recorded."""

    bare: Callable[[], None]
    instrumented: Callable[[], None]
    flush: Callable[[], None]


def measure(workload: Workload, sides: Sides, *, pairs: int, rounds: int) -> Measured:
    """Measure pairs of blocks, of this many rounds each."""
    measured = Measured()
    with asyncio.Runner() as runner:
        move_in_type_cache()
        warm_rounds = min(WARM_ROUNDS, WARM_EVENTS // (workload.events or 1))
        for switch in (sides.bare, sides.instrumented):
            switch()
            run_rounds(workload, warm_rounds, runner)
        for number in range(pairs):
            blocks: dict[bool, Block] = {}
            for on in (False, True) if number % 2 else (True, False):
                (sides.instrumented if on else sides.bare)()
                blocks[on] = run_block(workload, rounds, sides.flush, runner)
            measured.add_blocks(blocks[False], blocks[True])
    sides.bare()
    return measured
