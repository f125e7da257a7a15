"""A background response whose end a webhook reports, so that nobody has to poll.

The webhook brings a status, but no output and no tokens. Retrieving the response publishes the run once, with
its tokens, whoever else looks at it. OPENAI_WEBHOOK_SECRET is the secret of the endpoint, WEBHOOK_PORT the
port to listen on (any free one by default).
"""

import os
from http.server import BaseHTTPRequestHandler, HTTPServer

from openai import InvalidWebhookSignatureError, OpenAI

import threadtrail

threadtrail.instrument()

client = OpenAI()
open_responses: set[str] = set()


class Webhooks(BaseHTTPRequestHandler):
    """The endpoint. OpenAI repeats a delivery until it is answered with 2xx, so answer first."""

    def do_POST(self) -> None:
        """Take a delivery, which may come more than once."""
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            event = client.webhooks.unwrap(body, dict(self.headers))
        except InvalidWebhookSignatureError:
            self.answer(400)
            return
        self.answer(200)
        if event.type.startswith("response.") and event.data.id in open_responses:
            open_responses.remove(event.data.id)
            response = client.responses.retrieve(event.data.id)
            print(f"{response.status}: {response.output_text}")

    def answer(self, status: int) -> None:
        """Answer without a body."""
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """No line per request."""


with HTTPServer(("127.0.0.1", int(os.environ.get("WEBHOOK_PORT", "0"))), Webhooks) as server:
    response = client.responses.create(model="gpt-4o", input="What is linear algebra?", background=True)
    open_responses.add(response.id)
    print(
        f"{response.id} is {response.status}; waiting for its webhook on port {server.server_port}",
        flush=True,
    )
    while open_responses:
        server.handle_request()
