"""The exporter: sends events as Langfuse observations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from langfuse import Langfuse  # noqa: TC002 - the core reads the types of options
from opentelemetry import context as otel_context

from threadtrail.exporters.each_event import each
from threadtrail.hookspecs import hookimpl
from threadtrail.otlp.context import as_context
from threadtrail_langfuse import sdk_internals, trace_urls
from threadtrail_langfuse.account import Given, find_account, why_switched_off
from threadtrail_langfuse.pipeline import Pipeline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from threadtrail.events import Event

__all__ = ["LangfuseExporter"]


class LangfuseExporter:
    """Sends each run as one tree of Langfuse observations.

    Options that are not set come from your own Langfuse client, if there is one for the key, else from
    Langfuse's variables. That client, the SDK's ``get_client()`` and ``@observe``, and the global
    OpenTelemetry provider stay as they are, whichever comes first.

    Args:
        client: your own Langfuse client; runs go to its project, with its settings.
        public_key: the project's public key (``pk-lf-…``); by default ``LANGFUSE_PUBLIC_KEY``.
        secret_key: its secret key (``sk-lf-…``); by default ``LANGFUSE_SECRET_KEY``.
        base_url: your server; by default ``LANGFUSE_BASE_URL``, else Langfuse's cloud in the EU.
        environment: ``production``, ``staging`` …; by default ``LANGFUSE_TRACING_ENVIRONMENT``.
        release: the version of your app; by default ``LANGFUSE_RELEASE``.
        version: the version of what is observed, on every observation.
        timeout: seconds for one request; by default ``LANGFUSE_TIMEOUT``, else 5.
    """

    harmless_options: frozenset[str] = frozenset({"environment", "release", "version", "timeout"})

    def __init__(  # noqa: PLR0913 - an exporter's options are the parameters of what builds it
        self,
        *,
        client: Langfuse | None = None,
        public_key: str | None = None,
        secret_key: str | None = None,
        base_url: str | None = None,
        environment: str | None = None,
        release: str | None = None,
        version: str | None = None,
        timeout: int | None = None,
    ) -> None:
        self._given = Given(
            client=client,
            public_key=public_key,
            secret_key=secret_key,
            base_url=base_url,
            environment=environment,
            release=release,
            version=version,
            timeout=timeout,
        )
        self._pipeline: Pipeline | None = None
        self._all_arrived = True
        self._switched_off: str | None = None

    @hookimpl
    def start(self) -> str | None:
        """Find keys and address; make no client yet, and open no connection.

        Return why nothing is sent, if so.

        Raises:
            ConfigurationError: keys are missing or swapped, or another setting is not valid.
        """
        self._switched_off = why_switched_off()
        if self._switched_off is None:
            account = find_account(self._given)
            self._switched_off = account.why_switched_off()
            self._pipeline = None if self._switched_off else Pipeline(account)
            trace_urls.use(account)
        return self._switched_off

    @hookimpl
    def destination(self) -> str:
        """Return Langfuse's host."""
        if self._pipeline is None:
            return f"nowhere, since {self._switched_off or 'it was shut down'}"
        return self._pipeline.destination()

    @hookimpl
    def capture_context(self) -> object:
        """Return the current OpenTelemetry context: the active observation and what the app propagates."""
        if self._pipeline is not None:
            self._pipeline.prepare()
        return otel_context.get_current() or None

    @hookimpl
    def export(self, events: Sequence[Event], contexts: Sequence[object]) -> None:
        """Send these events as observations.

        Raises:
            NotDeliveredError: Langfuse did not accept them.
            EventsLostError: some could not be made observations; the others were sent.
        """
        pipeline = self._pipeline
        if pipeline is None:
            return
        so_far, self._all_arrived = self._all_arrived, False
        _, lost = each(
            zip(events, contexts, strict=True), lambda pair: pipeline.emit(pair[0], as_context(pair[1]))
        )
        pipeline.send()
        if lost is not None:
            raise lost
        self._all_arrived = so_far

    @hookimpl
    def flush(self) -> bool:
        """Send everything, images too; return False if something was lost since the last call.

        The core waits no longer than its deadline.

        Raises:
            NotDeliveredError: Langfuse did not accept what was left to send.
        """
        if self._pipeline is not None:
            self._pipeline.flush()
        arrived, self._all_arrived = self._all_arrived, True
        return arrived

    @hookimpl
    def shutdown(self) -> None:
        """Send the rest, and close what the exporter opened; the app shuts down its own client."""
        pipeline, self._pipeline = self._pipeline, None
        if pipeline is not None:
            pipeline.shutdown()

    @hookimpl
    def check(self, timeout: float) -> str | None:
        """Ask Langfuse which project the keys belong to.

        Raises:
            CheckError: it does not answer, or rejects the keys.
        """
        if self._pipeline is None:
            return None
        from threadtrail_langfuse.check import ask  # noqa: PLC0415 - apps do not need it

        return ask(find_account(self._given), timeout)

    @hookimpl
    def after_fork(self) -> None:
        """Leave connections and open observations to the parent process."""
        sdk_internals.repair_after_fork()
        if self._pipeline is not None:
            self._pipeline.after_fork()
