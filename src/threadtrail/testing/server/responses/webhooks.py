"""Deliveries of webhooks, signed by the Standard Webhooks scheme."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from threadtrail.testing.server.objects import Json

WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"threadtrail-local-server").decode()
"""The default secret with which deliveries are signed."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery to the application's endpoint.

    Attributes:
        body: the exact text of the body.
        headers: the headers, with the signature.
    """

    body: str
    headers: Mapping[str, str]

    @property
    def event(self) -> Any:
        """The event in the body."""
        return json.loads(self.body)


def deliver(response: Json, kind: str, secret: str, *, valid: bool) -> Delivery:
    """Return a delivery about a response.

    The same response and kind give the same event id, as a repeated delivery does.

    Args:
        response: the response.
        kind: the event's type, such as `response.completed`.
        secret: the secret to sign with; as the API's, `whsec_` and base64, or any other text.
        valid: whether the signature is right.
    """
    # The SDK compares with the real time, so a clock of the test would not do.
    now = int(time.time())
    event_id = "evt_" + hashlib.sha256(f"{response['id']}:{kind}".encode()).hexdigest()[:24]
    event = {
        "id": event_id,
        "object": "event",
        "created_at": int(response["completed_at"] or response["created_at"]),
        "type": kind,
        "data": {"id": response["id"]},
    }
    body = json.dumps(event)
    signed = f"{event_id}.{now}.{body}"
    signature = sign(signed if valid else "something else", secret)
    headers = {
        "content-type": "application/json",
        "user-agent": "OpenAI/1.0 (+https://platform.openai.com/docs/webhooks)",
        "webhook-id": event_id,
        "webhook-timestamp": str(now),
        "webhook-signature": f"v1,{signature}",
    }
    return Delivery(body, headers)


def sign(content: str, secret: str) -> str:
    """Return the signature of the Standard Webhooks scheme."""
    _, prefix, coded = secret.rpartition("whsec_")
    key = base64.b64decode(coded) if prefix else secret.encode()
    return base64.b64encode(hmac.new(key, content.encode(), hashlib.sha256).digest()).decode()
