"""Responses servers that others wrote: the app hears the same with us, and each response is one run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from driving import entered
from real_servers import talks
from real_servers.heard import Heard
from threadtrail.events import RequestFailed
from threadtrail.testing import capture

if TYPE_CHECKING:
    from collections.abc import Callable

    from real_servers.running import RealServer

AZURE = (*talks.EVERYWHERE, talks.taken_up_again, talks.taken_up_by_helper, talks.failed)
OGX = (*talks.EVERYWHERE, talks.in_conversation, talks.compacted, talks.deleted)


@pytest.mark.parametrize("talk", AZURE, ids=lambda talk: talk.__name__)
async def test_azure_agentserver(
    talk: Any, azure: RealServer, new_client: Callable[[RealServer], Any], strict: None
) -> None:
    await with_and_without(talk, azure, new_client)


@pytest.mark.parametrize("talk", OGX, ids=lambda talk: talk.__name__)
async def test_ogx(talk: Any, ogx: RealServer, new_client: Callable[[RealServer], Any], strict: None) -> None:
    await with_and_without(talk, ogx, new_client)


async def test_an_answer_that_is_paid_for_and_comes_as_an_exception(
    azure: RealServer, new_client: Callable[[RealServer], Any], strict: None
) -> None:
    heard = Heard(azure.model)
    async with entered(new_client(azure)) as client:
        with capture(settle_seconds=600) as captured:
            await talks.not_valid(client, heard)
            run = captured.run()
    assert (run.status, run.output[0].text) == ("completed", "You said: hello")
    assert run.usage is not None
    assert (run.usage.input_tokens, run.usage.output_tokens, run.usage.total_tokens) == (5, 6, 11)
    assert [event.error.type for event in captured.of(RequestFailed)] == ["ValidationError"]


async def with_and_without(talk: Any, server: RealServer, new_client: Callable[[RealServer], Any]) -> None:
    bare, heard = Heard(server.model), Heard(server.model)
    async with entered(new_client(server)) as client:
        await talk(client, bare)
    # Another client: raw responses that were looked at before are not recorded.
    async with entered(new_client(server)) as client:
        with capture(settle_seconds=600) as captured:
            await talk(client, heard)
            runs = captured.runs
    assert heard.story == bare.story
    heard.compare(runs)
