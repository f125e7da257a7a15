"""The exporter: sends events as sessions to AgentOps."""

from __future__ import annotations

from collections.abc import Sequence  # noqa: TC003 - the core reads the types of options
from typing import TYPE_CHECKING

from opentelemetry import context as otel_context

from threadtrail.exporters.each_event import each
from threadtrail.hookspecs import hookimpl
from threadtrail.otlp.context import as_context, span_context_in
from threadtrail.otlp.origins import key_mark, origin
from threadtrail.otlp.provider import sdk_switched_off
from threadtrail_agentops.native_wrappers import NativeWrappers
from threadtrail_agentops.options import NativeInstrumentation, Options, resolve

if TYPE_CHECKING:
    from threadtrail.events import Event
    from threadtrail_agentops.pipeline import Pipeline

__all__ = ["AgentOpsExporter"]


class AgentOpsExporter:
    """Sends each run as a session to AgentOps: agent, model turns and tool calls, each once.

    Options that are not set come from the variables of AgentOps' own SDK. It never calls ``agentops.init()``.

    Args:
        api_key: the project's key; by default ``AGENTOPS_API_KEY``.
        endpoint: the API, which issues tokens; by default ``AGENTOPS_API_ENDPOINT``.
        exporter_endpoint: the address for spans, path included; by default ``AGENTOPS_EXPORTER_ENDPOINT``.
        tags: on every trace; by default ``AGENTOPS_DEFAULT_TAGS`` (with commas).
        trace_name: of runs outside of ``threadtrail.trace()``; by default ``AGENTOPS_TRACE_NAME``, else
            the assistant's name.
        environment: on every trace, such as ``"production"``; by default ``AGENTOPS_ENVIRONMENT``.
        native_instrumentation: what to do if ``agentops.init()`` has wrapped Assistants methods, so
            that tokens are counted twice: ``"warn"`` once, or ``"unwrap"`` those methods.
        timeout: seconds that a request to AgentOps may take, retries included.
        retry_seconds: how long to try to get a token before the spans are lost.

    Raises:
        ConfigurationError: an argument is not valid, or (from ``start``) there is no API key.
    """

    harmless_options: frozenset[str] = frozenset(
        {"tags", "trace_name", "environment", "native_instrumentation", "timeout", "retry_seconds"}
    )

    def __init__(  # noqa: PLR0913 - an exporter's options are the parameters of what builds it
        self,
        *,
        api_key: str | None = None,
        endpoint: str | None = None,
        exporter_endpoint: str | None = None,
        tags: Sequence[str] | None = None,
        trace_name: str | None = None,
        environment: str | None = None,
        native_instrumentation: NativeInstrumentation = "warn",
        timeout: float = 10.0,
        retry_seconds: float = 30.0,
    ) -> None:
        self._options = Options(
            api_key=api_key,
            endpoint=endpoint,
            exporter_endpoint=exporter_endpoint,
            tags=tags,
            trace_name=trace_name,
            environment=environment,
            native_instrumentation=native_instrumentation,
            timeout=timeout,
            retry_seconds=retry_seconds,
        )
        self._native_wrappers = NativeWrappers(native_instrumentation)
        self._pipeline: Pipeline | None = None

    @hookimpl
    def start(self) -> str | None:
        """Prepare to send; start no thread and open no connection. Return why nothing is sent, if so.

        Raises:
            ConfigurationError: there is no API key.
        """
        target = resolve(self._options)
        switched_off = sdk_switched_off()
        if switched_off is not None:
            return switched_off
        from threadtrail_agentops.pipeline import Pipeline  # noqa: PLC0415 - agentops takes 0.5 s to load

        self._pipeline = Pipeline(target)
        self._native_wrappers.look()
        return None

    @hookimpl
    def destination(self) -> str:
        """Return the hosts that issue tokens and that accept spans, and the project."""
        if (switched_off := sdk_switched_off()) is not None:
            return f"nowhere, since {switched_off}"
        target = resolve(self._options)
        hosts = dict.fromkeys(map(origin, (target.token_url, target.exporter_endpoint)))
        return ", ".join([*hosts, key_mark(target.api_key)])

    @hookimpl
    def capture_context(self) -> object:
        """Return the current OpenTelemetry context if a span is active in it."""
        self._native_wrappers.look()
        context = otel_context.get_current()
        return context if span_context_in(context) is not None else None

    @hookimpl
    def export(self, events: Sequence[Event], contexts: Sequence[object]) -> None:
        """Send these events as spans; events of other classes are ignored.

        Raises:
            NotDeliveredError: AgentOps did not accept the spans; they are lost.
            EventsLostError: some could not be made spans; the others were sent.
        """
        pipeline = self._pipeline
        if pipeline is None:
            return
        self._native_wrappers.look()
        _, lost = each(
            zip(events, contexts, strict=True), lambda pair: pipeline.emit(pair[0], as_context(pair[1]))
        )
        pipeline.send()
        if lost is not None:
            raise lost

    @hookimpl
    def shutdown(self, timeout: float) -> None:
        """Send what is left within ``timeout`` seconds, and close the connection."""
        pipeline, self._pipeline = self._pipeline, None
        if pipeline is not None:
            pipeline.shutdown(timeout)

    @hookimpl
    def check(self, timeout: float) -> str:
        """Exchange the API key for a token, and send an empty request with it.

        Raises:
            CheckError: AgentOps does not answer, or rejects the key.
        """
        from threadtrail_agentops.check import ask  # noqa: PLC0415 - apps do not need it

        return ask(resolve(self._options), timeout)

    @hookimpl
    def after_fork(self) -> None:
        """Leave open sessions and the connection to the parent process."""
        if self._pipeline is not None:
            self._pipeline = self._pipeline.after_fork()
