"""What a backend received, as trees in plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def trees(spans: Sequence[Any]) -> str:
    """Return the names of the spans, one per line, each below its parent; by name, since clocks differ."""
    spans = sorted(spans, key=lambda span: str(span.name))
    return "\n" + "".join(f"{line}\n" for line in _lines(spans, None, ""))


def _lines(spans: Sequence[Any], parent: str | None, indent: str) -> Iterator[str]:
    known = {span.span_id for span in spans}
    for span in spans:
        if (span.parent_id if span.parent_id in known else None) == parent:
            lost = " (its parent is not here)" if span.parent_id and span.parent_id not in known else ""
            yield f"{indent}{span.name}{lost}"
            yield from _lines(spans, span.span_id, indent + "  ")
