"""Measures pairs of blocks, one with the tool and one without, in alternating order.

A block is some rounds of a workload. Before it is timed, some rounds run untimed: switching, and what
``mix_type_cache`` does, make the interpreter forget what it knows of classes, and it learns that again in
about fifty runs of the same code. Before and after it, everything recorded is delivered, so that no work of
one block falls into another.
"""

from __future__ import annotations

import asyncio
import gc
import random
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.pairs import Pairs

if TYPE_CHECKING:
    from benchmarks.workloads import Workload


UNTIMED = 64
"""The least number of calls, or of streamed events, that run untimed before a block."""

MOST_TYPES = 700
"""The greatest number of classes that are made to mix the interpreter's cache of types."""


@dataclass(slots=True)
class Block:
    """What one block took, in nanoseconds: for each call by name, and as a whole.

    ``thread`` is the CPU time of the app's thread, ``wall`` its wall time, ``total`` the CPU time of all
    threads until everything was delivered. ``rounds`` is how many rounds ran, with those that were not timed.
    """

    call_thread: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    call_wall: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    thread: int = 0
    wall: int = 0
    total: int = 0
    rounds: int = 0


def mix_type_cache() -> None:
    """Give classes other places in the interpreter's cache of their attributes.

    It has 4,096 places, and what shares one is looked up the slow way. Which classes do depends on the order
    in which everything was made. Without this, two trees could differ by 20 us per call for that reason
    alone, again and again, in every process.
    """
    clear: Callable[[], None] = getattr(sys, "_clear_internal_caches", None) or sys._clear_type_cache  # noqa: SLF001
    clear()
    for number in range(random.randrange(MOST_TYPES)):  # noqa: S311 - no secret
        # A class gets its number when one of its attributes is looked up.
        getattr(type(f"Type{number}", (), {})(), "missing", None)


def run_block(workload: Workload, rounds: int, flush: Callable[[], None], runner: asyncio.Runner) -> Block:
    """Run one block and return what it took."""
    block, calls = Block(rounds=rounds), 0
    mix_type_cache()
    while calls < UNTIMED:
        untimed = Block()
        if workload.is_async:
            runner.run(_round_async(workload, untimed))
        else:
            _round(workload, untimed)
        calls += workload.events or sum(len(times) for times in untimed.call_wall.values())
        block.rounds += 1
    flush()
    total = time.process_time_ns()
    if workload.is_async:
        runner.run(_rounds_async(workload, block, rounds))
    else:
        thread, wall = time.thread_time_ns(), time.perf_counter_ns()
        for _ in range(rounds):
            _round(workload, block)
        block.wall = time.perf_counter_ns() - wall
        block.thread = time.thread_time_ns() - thread
    flush()
    block.total = time.process_time_ns() - total
    return block


def _round(workload: Workload, block: Block) -> None:
    for name, request in workload.requests(workload.client):
        thread, wall = time.thread_time_ns(), time.perf_counter_ns()
        request()
        block.call_wall[name].append(time.perf_counter_ns() - wall)
        block.call_thread[name].append(time.thread_time_ns() - thread)


async def _rounds_async(workload: Workload, block: Block, rounds: int) -> None:
    thread, wall = time.thread_time_ns(), time.perf_counter_ns()
    for _ in range(rounds):
        await _round_async(workload, block)
    block.wall = time.perf_counter_ns() - wall
    block.thread = time.thread_time_ns() - thread


async def _round_async(workload: Workload, block: Block) -> None:
    for name, request in workload.requests(workload.client):
        thread, wall = time.thread_time_ns(), time.perf_counter_ns()
        await request()
        block.call_wall[name].append(time.perf_counter_ns() - wall)
        block.call_thread[name].append(time.thread_time_ns() - thread)


@dataclass(slots=True)
class Measured:
    """Pairs (bare, with the tool) in microseconds: per call by name, and per round as a whole."""

    call_thread: dict[str, Pairs] = field(default_factory=lambda: defaultdict(Pairs))
    call_wall: dict[str, Pairs] = field(default_factory=lambda: defaultdict(Pairs))
    thread: Pairs = field(default_factory=Pairs)
    wall: Pairs = field(default_factory=Pairs)
    total: Pairs = field(default_factory=Pairs)


@dataclass(frozen=True, slots=True)
class Sides:
    """How to get from one side of the comparison to the other, and how to deliver what was recorded."""

    bare: Callable[[], None]
    instrumented: Callable[[], None]
    flush: Callable[[], None]


def measure(
    workload: Workload,
    sides: Sides,
    *,
    pairs: int,
    rounds: int,
    again: Callable[[Measured, int], bool] = lambda _measured, _times: False,
) -> Measured:
    """Measure pairs of blocks, of this many rounds each, and as many again while ``again`` returns True.

    ``again`` is called with what was measured so far, and how many times the pairs were measured.
    """
    measured, times = Measured(), 0
    with asyncio.Runner() as runner:
        while times == 0 or again(measured, times):
            for number in range(pairs):
                blocks: dict[bool, Block] = {}
                for on in (False, True) if number % 2 else (True, False):
                    (sides.instrumented if on else sides.bare)()
                    gc.collect()
                    blocks[on] = run_block(workload, rounds, sides.flush, runner)
                _add(measured, blocks[False], blocks[True], rounds)
            times += 1
    sides.bare()
    return measured


def _add(measured: Measured, bare: Block, tool: Block, rounds: int) -> None:
    for name, times in bare.call_thread.items():
        measured.call_thread[name].add_medians(times, tool.call_thread[name])
        measured.call_wall[name].add_medians(bare.call_wall[name], tool.call_wall[name])
    measured.thread.add(bare.thread / rounds, tool.thread / rounds)
    measured.wall.add(bare.wall / rounds, tool.wall / rounds)
    measured.total.add(bare.total / rounds, tool.total / rounds)
