"""The tools with their own backend clients: what these would send is caught where it leaves them."""

from __future__ import annotations

import importlib
import json
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import openai
from peer_table.entries import Entry


def _client(*, is_async: bool, **options: Any) -> Any:
    return (openai.AsyncOpenAI if is_async else openai.OpenAI)(**options)


class LangSmith:
    """LangSmith's wrapper of clients; its runs go to a server on loopback, one request each."""

    def __init__(self) -> None:
        self._runs: dict[str, dict[str, Any]] = defaultdict(dict)
        runs = self._runs

        class Receiver(BaseHTTPRequestHandler):
            def _take(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])) or b"{}")
                runs[body.get("id") or self.path.rpartition("/")[2]].update(body)
                self.send_response(202)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            do_POST = do_PATCH = _take  # noqa: N815 - the names that http.server asks for

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self._wrap = importlib.import_module("langsmith.wrappers").wrap_openai
        self._sender = importlib.import_module("langsmith").Client(
            api_url=f"http://127.0.0.1:{server.server_port}", api_key="local", auto_batch_tracing=False
        )

    def client(self, *, is_async: bool, **options: Any) -> Any:
        """Return a wrapped client."""
        extra = {"client": self._sender, "enabled": True}
        return self._wrap(_client(is_async=is_async, **options), tracing_extra=extra)

    def take(self) -> list[Entry]:
        """Return the runs that were sent."""
        self._sender.flush()
        runs = list(self._runs.values())
        self._runs.clear()
        return [_langsmith_entry(run) for run in runs]


def _langsmith_entry(run: dict[str, Any]) -> Entry:
    usage = (run.get("outputs") or {}).get("usage_metadata")
    usage = usage or (run.get("extra") or {}).get("metadata", {}).get("usage_metadata") or {}
    return Entry(usage.get("input_tokens") or 0, bool(run.get("error")))


class Braintrust:
    """Braintrust's wrapper of clients; its own in-memory logger takes the rows."""

    def __init__(self) -> None:
        logger = importlib.import_module("braintrust.logger")
        # As in Braintrust's own tests; without the context manager, its logger would be dropped.
        self._held = logger._internal_with_memory_background_logger()  # noqa: SLF001
        self._memory = self._held.__enter__()
        owner = logger.ObjectMetadata(id="local", name="local", full_info={})
        project = logger.OrgProjectMetadata(org_id="local", project=owner)
        # Made without its metadata, it would log in at Braintrust's.
        logger.init_logger("local")._lazy_metadata = logger.LazyValue(lambda: project, use_mutex=False)  # noqa: SLF001
        self._wrap = importlib.import_module("braintrust").wrap_openai

    def client(self, *, is_async: bool, **options: Any) -> Any:
        """Return a wrapped client."""
        return self._wrap(_client(is_async=is_async, **options))

    def take(self) -> list[Entry]:
        """Return the spans that were logged."""
        return [
            Entry((row.get("metrics") or {}).get("prompt_tokens") or 0, bool(row.get("error")))
            for row in self._memory.pop()
        ]


class Sentry:
    """Sentry's integration, in one transaction per scenario; a transport of ours takes what it sends."""

    def __init__(self) -> None:
        self._sdk = sdk = importlib.import_module("sentry_sdk")
        transport = importlib.import_module("sentry_sdk.transport").Transport
        self._sent: list[dict[str, Any]] = []
        sent = self._sent

        class Taking(transport):  # type: ignore[misc, valid-type]
            def capture_envelope(self, envelope: Any) -> None:
                for item in envelope.items:
                    # Spans about generations are sent separately from the transaction.
                    sent.extend((item.payload.json or {}).get("items", []))

        sdk.init(dsn="http://public@127.0.0.1:9/1", transport=Taking, traces_sample_rate=1.0)
        self._transaction: Any = None

    def client(self, *, is_async: bool, **options: Any) -> Any:
        """Return a client of the SDK, in a transaction."""
        self._transaction = self._sdk.start_transaction(name="scenario")
        self._transaction.__enter__()
        return _client(is_async=is_async, **options)

    def take(self) -> list[Entry]:
        """Return the spans about generation."""
        self._transaction.__exit__(None, None, None)
        self._sdk.flush()
        spans = [span for span in self._sent if "gen_ai.operation.name" in span.get("attributes", {})]
        self._sent.clear()
        return [_sentry_entry(span) for span in spans]


def _sentry_entry(span: dict[str, Any]) -> Entry:
    tokens = span["attributes"].get("gen_ai.usage.input_tokens", {}).get("value", 0)
    return Entry(tokens, span.get("status") == "error")
