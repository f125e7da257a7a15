"""gevent and eventlet patch the process after ``instrument()``: the program goes on, and nothing is lost."""

from __future__ import annotations

import signal
from collections import Counter
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from servers.processes import Workplace

LATE = """
import os, sys
library, how, recorded = sys.argv[1:4]
if recorded == "recorded":
    import threadtrail
    threadtrail.instrument()
    threadtrail.flush(), threadtrail.status()  # a look changes nothing
from openai import OpenAI

if how == "forked":
    child = os.fork()
    if child:
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

if library == "gevent":
    from gevent import monkey, spawn
    monkey.patch_all()
else:
    sys.modules["trio"] = None  # httpx would find it half patched
    import eventlet
    eventlet.monkey_patch()
    from eventlet import spawn

client = OpenAI().beta

def ask(question):
    return client.threads.create_and_run_poll(
        assistant_id=os.environ["ASSISTANT_ID"],
        thread={"messages": [{"role": "user", "content": question}]},
    ).status

def wait_for(greenlet):
    return greenlet.get() if library == "gevent" else greenlet.wait()

print([wait_for(each) for each in [spawn(ask, question) for question in ("a", "b", "c")]])
if recorded == "recorded":
    print("delivered:", threadtrail.flush(30))
    threadtrail.status()
ask("d")
"""


@pytest.mark.parametrize(
    ("library", "how"), [("gevent", "same process"), ("gevent", "forked"), ("eventlet", "same process")]
)
def test_patched_after_instrument(work: Workplace, library: str, how: str) -> None:
    work.write("late.py", LATE)
    without = work.python("late.py", library, how, "bare")
    program = work.python("late.py", library, how, "recorded")
    assert without.ends() == program.ends() == 0, program.output
    assert program.output == without.output + "delivered: True\n", "it says nothing else"
    assert work.questions() == Counter("abcd")


SERVER = """
import os, sys
import threadtrail
threadtrail.instrument(flush_on_sigterm=True, settle_seconds=600)
from gevent import monkey
monkey.patch_all()
from gevent.pywsgi import WSGIServer
from openai import OpenAI

def app(environ, start_response):
    OpenAI().beta.threads.create_and_run_poll(
        assistant_id=os.environ["ASSISTANT_ID"],
        thread={"messages": [{"role": "user", "content": "served"}]},
    )
    start_response("200 OK", [])
    return [b"completed"]

WSGIServer(("127.0.0.1", int(sys.argv[1])), app).serve_forever()
"""


def test_sigterm_in_the_hub_of_gevent(work: Workplace) -> None:
    """The handler runs where nothing may wait; the process still ends as it would."""
    work.write("server.py", SERVER)
    program, site = work.serve("python", "server.py", "{port}")
    assert site.ask("served") == "completed"
    assert program.stop() == -signal.SIGTERM
    assert work.questions() == Counter(["served"]), program.output
