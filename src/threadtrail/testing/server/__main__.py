"""Run the server by itself: `python -m threadtrail.testing.server --port 8000`."""

from __future__ import annotations

import argparse
import sys
import threading
from typing import TYPE_CHECKING

from threadtrail.testing.server.responses.scenarios import RESPONSES_SCENARIOS
from threadtrail.testing.server.scenarios import SCENARIOS
from threadtrail.testing.server.serve import MissingExtraError, OpenAIServer

if TYPE_CHECKING:
    from threadtrail.testing.server.script import AnyScript

ALL_SCENARIOS: dict[str, AnyScript] = {**SCENARIOS, **RESPONSES_SCENARIOS}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m threadtrail.testing.server",
        description="A local OpenAI API on 127.0.0.1 (Responses, Conversations, Assistants), scripted.",
    )
    parser.add_argument("--port", type=int, default=8000, help="0 chooses a free one (default: 8000)")
    parser.add_argument(
        "--scenario",
        choices=ALL_SCENARIOS,
        default="plain",
        help="the script to answer with (default: plain)",
    )
    parser.add_argument("--seed", help="make ids the same at each start")
    parser.add_argument("--api-key", help="the only key accepted (default: any)")
    parser.add_argument(
        "--poll-after-ms",
        type=int,
        default=500,
        help="the openai-poll-after-ms header, in milliseconds (default: 500)",
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted; return the exit code."""
    options = _parser().parse_args(arguments)
    server = OpenAIServer(
        ALL_SCENARIOS[options.scenario],
        port=options.port,
        seed=options.seed,
        poll_after_ms=options.poll_after_ms,
        api_key=options.api_key,
    )
    try:
        server.start()
    except MissingExtraError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"--port {options.port}: {error.strerror or error}\n")
        return 1
    sys.stdout.write(
        f"OpenAI API on {server.base_url} (Azure: {server.azure_endpoint}), "
        f"scenario {options.scenario!r}. Stop with Ctrl+C.\n"
    )
    sys.stdout.flush()
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        pass
    finally:
        server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
