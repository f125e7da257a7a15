"""The class of a list's pages stays: the SDK makes it again, in a millisecond, when it is gone."""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from driving import drained, resolved

if TYPE_CHECKING:
    from threadtrail.testing import Captured


async def page_class(client: Any) -> weakref.ref[type[BaseModel]]:
    """List messages, and return a reference to the class of their page that does not keep it."""
    thread = await resolved(client.beta.threads.create())
    page = await resolved(client.beta.threads.messages.list(thread.id))
    assert isinstance(page, BaseModel)
    await drained(page)
    return weakref.ref(type(page))


@pytest.mark.asyncio
async def test_it_outlives_a_garbage_collection(any_client: Any, recorded: Captured) -> None:
    kept = await page_class(any_client)
    assert recorded.events
    gc.collect()
    assert kept() is not None
