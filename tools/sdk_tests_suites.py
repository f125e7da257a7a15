"""The parts of the SDK's own tests that are run, and how many tests each holds."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """Some of the SDK's tests.

    Attributes:
        name: what they test.
        tests: pytest's arguments, relative to the source distribution.
        expected: how many pass. This is a fixed number, since "all passed" is also true of no tests at all: a
            moved file or an empty collection must not look like success. With ``None``, any number will do.
        source: the name of the source whose events the tests must have made; none if `None`.
    """

    name: str
    tests: tuple[str, ...]
    expected: int | None = None
    source: str | None = None


ASSISTANTS = Suite(
    name="Assistants",
    tests=(
        "tests/api_resources/beta/test_assistants.py",
        "tests/api_resources/beta/test_threads.py",
        "tests/api_resources/beta/threads",
        "tests/lib/test_assistants.py",
        "tests/lib/test_assistant_tool_call_deltas.py",
        "tests/lib/test_assistants_helper_contracts.py",
    ),
    expected=640,
    source="openai.assistants",
)
RESPONSES = Suite(
    name="Responses",
    tests=(
        "tests/api_resources/test_responses.py",
        "tests/api_resources/responses",
        "tests/api_resources/beta/test_responses.py",
        "tests/api_resources/beta/responses",
        "tests/api_resources/test_conversations.py",
        "tests/api_resources/conversations",
        "tests/lib/responses",
        "tests/lib/test_responses_tool_runner.py",
        "tests/lib/test_webhooks.py",
        "tests/lib/test_webhook_signature.py",
        "tests/test_streaming.py",
    ),
    expected=3252,
    source="openai.responses",
)
REST = Suite(
    name="the rest",
    tests=(
        "tests/test_client.py",
        "tests/test_client_runtime_bindings.py",
        "tests/test_debug_logging.py",
        "tests/test_httpx2.py",
        "tests/test_httpx_compat.py",
        "tests/test_lazy_imports.py",
        "tests/test_legacy_response.py",
        "tests/test_models.py",
        "tests/test_module_client.py",
        "tests/test_response.py",
        "tests/test_sse_framing.py",
        "tests/test_stream_mode.py",
        "tests/lib/chat",
        # Its recorded streams are kept outside the source distribution, so it fails without any tool.
        "--ignore=tests/lib/chat/test_completions_streaming.py",
        "tests/lib/streaming",
        "tests/lib/test_azure.py",
        "tests/lib/test_azure_auth.py",
        "tests/lib/test_azure_deployment_path.py",
        "tests/lib/test_azure_redirects.py",
    ),
)
