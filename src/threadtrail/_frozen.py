"""JSON values that nobody can change: what events carry instead of dicts and lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema


class FrozenDict(dict[str, Any]):
    """A dict that refuses to change: one exporter must not be able to alter what another one gets.

    A real ``dict``, so that ``json``, OpenTelemetry and the backends' SDKs take it as it is.
    """

    __slots__ = ()

    def _refuse(self, *_args: object, **_kwargs: object) -> NoReturn:
        raise TypeError("events are immutable: copy the value with dict(...) and change the copy")

    __setitem__ = __delitem__ = clear = pop = popitem = setdefault = update = _refuse
    __ior__ = _refuse

    def __hash__(self) -> int:  # type: ignore[override]  # immutable, hence hashable
        """Hash by content; raises TypeError where a value is not hashable, as a tuple does."""
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by content: the default would rebuild through the refused ``__setitem__``."""
        return (FrozenDict, (dict(self),))


def freeze(value: Any) -> Any:
    """Return ``value`` as immutable JSON: tuples for lists, ``FrozenDict`` for mappings.

    Text is made valid Unicode (a lone surrogate becomes U+FFFD), since neither UTF-8 nor any backend
    can carry it. A value that JSON does not have is kept as its ``repr``.
    """
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return value if value.isascii() else clean_text(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return tuple([freeze(item) for item in value])  # faster than from a generator
    if isinstance(value, Mapping):
        return FrozenDict({clean_text(str(key)): freeze(item) for key, item in value.items()})
    return clean_text(repr(value))


def clean_text(text: str) -> str:
    """Return ``text`` with every lone surrogate replaced by U+FFFD; valid text is returned unchanged."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


class AsJson:
    """Annotation for pydantic: any JSON value, frozen when it is read back.

    It is used in ``Annotated`` and imports nothing of pydantic until an adapter is built, so that
    ``import threadtrail`` stays light.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """Describe the value: validated as plain JSON of its kind, then frozen."""
        from pydantic_core import core_schema  # noqa: PLC0415 - kept out of `import threadtrail`

        shapes = {
            "object": core_schema.dict_schema(core_schema.str_schema(), core_schema.any_schema()),
            "array": core_schema.list_schema(core_schema.any_schema(), strict=False),
            "any": core_schema.any_schema(),
        }
        return core_schema.no_info_after_validator_function(freeze, shapes[self.kind])
