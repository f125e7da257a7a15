"""Realtime sessions by the real client and a real WebSocket: they are not recorded, and the log says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from servers.processes import Workplace

PROGRAM = """
import asyncio, json, threading
from websockets.sync.server import serve
import openai, threadtrail

def session(connection):
    event = {"type": "session.created", "event_id": "evt_1", "session": {"type": "realtime"}}
    connection.send(json.dumps(event))
    for _ in connection:
        pass

server = serve(session, "127.0.0.1", 0)
address = f"ws://127.0.0.1:{server.socket.getsockname()[1]}/v1"
threading.Thread(target=server.serve_forever, daemon=True).start()

async def main():
    async with openai.AsyncOpenAI(websocket_base_url=address) as client:
        async with client.realtime.connect(model="gpt-realtime") as connection:
            assert (await connection.recv()).type == "session.created"

threadtrail.instrument()
asyncio.run(main())
"""
RESPONDS = 'openai.OpenAI().responses.create(model="gpt-4o", input="Hi")'


@pytest.mark.parametrize(("also", "times"), [("", 1), (RESPONDS, 0)], ids=["alone", "with a response"])
def test_a_realtime_session(work: Workplace, also: str, times: int) -> None:
    work.write("app.py", f"{PROGRAM}\n{also}\n")
    program = work.python("app.py")
    assert program.ends() == 0, program.output
    assert program.output.count("nothing was recorded: this process used the openai package") == times
