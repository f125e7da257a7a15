"""Cursor pagination: limit, order, after, before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail.testing.server.errors import ApiError, invalid_value, not_found

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_DEFAULT_LIMIT = 20
_MAX_LIMIT = 100


def page(items: Sequence[dict[str, Any]], query: Mapping[str, Sequence[str]], noun: str) -> dict[str, Any]:
    """Return one page.

    Args:
        items: all objects, oldest first.
        query: the request's query parameters.
        noun: what the objects are called in an error about a cursor.

    Raises:
        ApiError: a parameter is not valid.
    """
    order = _one(query, "order") or "desc"
    if order not in ("asc", "desc"):
        raise invalid_value("order", order, ("asc", "desc"))
    chosen = list(items) if order == "asc" else list(reversed(items))
    limit = _limit(query)
    after, before = _one(query, "after"), _one(query, "before")
    if after:
        chosen = chosen[_position(chosen, after, noun) + 1 :]
    if before:
        # A page before a cursor is the one that ends right in front of it.
        chosen = chosen[: _position(chosen, before, noun)]
        has_more = len(chosen) > limit
        data = chosen[-limit:]
    else:
        has_more = len(chosen) > limit
        data = chosen[:limit]
    return whole(data, has_more=has_more)


def whole(data: Sequence[dict[str, Any]], *, has_more: bool = False) -> dict[str, Any]:
    """Return these objects as a list of the API."""
    return {
        "object": "list",
        "data": data,
        "first_id": data[0].get("id") if data else None,
        "last_id": data[-1].get("id") if data else None,
        "has_more": has_more,
    }


def _one(query: Mapping[str, Sequence[str]], name: str) -> str | None:
    values = query.get(name)
    return values[-1] if values else None


def _limit(query: Mapping[str, Sequence[str]]) -> int:
    text = _one(query, "limit")
    if text is None:
        return _DEFAULT_LIMIT
    try:
        limit = int(text)
    except ValueError:
        message = f"Invalid type for 'limit': expected an integer, but got '{text}' instead."
        raise ApiError(400, message, param="limit", code="invalid_type") from None
    if limit < 1:
        raise ApiError(
            400,
            f"Invalid 'limit': integer below minimum value. Expected a value >= 1, but got {limit} instead.",
            param="limit",
            code="integer_below_min_value",
        )
    if limit > _MAX_LIMIT:
        raise ApiError(
            400,
            "Invalid 'limit': integer above maximum value. Expected a value <= 100, "
            f"but got {limit} instead.",
            param="limit",
            code="integer_above_max_value",
        )
    return limit


def _position(items: Sequence[dict[str, Any]], cursor: str, noun: str) -> int:
    for position, item in enumerate(items):
        if item.get("id") == cursor:
            return position
    raise not_found(noun, cursor)
