"""A comparison as JSON values."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from threadtrail.commands.compare.comparison import errors_of

if TYPE_CHECKING:
    from threadtrail.commands.compare.comparison import Comparison, PairRow, Section
    from threadtrail.commands.compare.files import Side
    from threadtrail.commands.compare.matching import Pair
    from threadtrail.commands.compare.measures import Number, Row
    from threadtrail.commands.compare.units import Unit


def document(found: Comparison) -> dict[str, Any]:
    """Return a whole comparison: durations in seconds, moments in Unix nanoseconds, money in US dollars."""
    return {
        "before": _side(found.before),
        "after": _side(found.after),
        "whole": _section(found.whole),
        "groups": [_section(group) for group in found.groups],
        "pairs": {
            "rows": [_pair_row(row) for row in found.pair_rows],
            "turns": [_pair(pair) for pair in found.pairs],
        },
        "notes": list(found.notes),
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "name": side.name,
        "sources": list(side.sources),
        "turns": len(side.units),
        "runs": sum(len(unit.runs) for unit in side.units),
        "open_runs": side.open_runs,
        "began": side.began,
        "ended": side.ended,
        "failed_requests": dict(errors_of(side).most_common()),
    }


def _section(section: Section) -> dict[str, Any]:
    return {
        "label": section.label,
        "matched_by": section.by,
        "rows": [_row(row) for row in section.rows],
        "tools": {
            name: {"before": asdict(before), "after": asdict(after)}
            for name, (before, after) in section.tools.items()
        },
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "key": row.measure.key,
        "kind": row.measure.kind,
        "before": _number(row.before),
        "after": _number(row.after),
        "difference": row.difference,
        "values": {"before": row.values[0], "after": row.values[1]},
        "verdict": row.verdict,
        "interval": row.interval,
    }


def _pair_row(row: PairRow) -> dict[str, Any]:
    return {
        "key": row.measure.key,
        "kind": row.measure.kind,
        "median_difference": row.median,
        "pairs": row.pairs,
        "verdict": row.verdict,
        "interval": row.interval,
    }


def _pair(pair: Pair) -> dict[str, Any]:
    return {"input": pair.before.question, "before": _unit(pair.before), "after": _unit(pair.after)}


def _unit(unit: Unit) -> dict[str, Any]:
    usage = unit.turn.usage
    return {
        "turn": unit.turn.id,
        "runs": list(unit.turn.run_ids),
        "status": unit.status,
        "seconds": unit.duration / 1e9 if unit.duration is not None else None,
        "usage": asdict(usage) if usage is not None else None,
        "cost": _number(unit.price),
        "tool_calls": [call.name for call in unit.turn.tool_calls],
        "answer": unit.answer,
    }


def _number(number: Number | None) -> int | float | None:
    return number if number is None or isinstance(number, int) else float(number)
