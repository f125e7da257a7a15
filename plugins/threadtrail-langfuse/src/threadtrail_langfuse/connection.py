"""A private Langfuse client on a private provider, which shares nothing with the app's.

It has the settings of the app's own client, if there is one, including mask and sampler.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import langfuse
from langfuse import Langfuse
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, TraceIdRatioBased

from threadtrail.otlp.provider import ChosenIds, explicit_limits
from threadtrail.otlp.sending import BatchSender
from threadtrail_langfuse import sdk_internals
from threadtrail_langfuse.sender import OTLP_LOGGER, Sender, langfuse_batches

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace.sampling import Sampler
    from opentelemetry.trace import Tracer

    from threadtrail_langfuse.account import Account
    from threadtrail_langfuse.sdk_internals import Manager

SCOPE = "langfuse-sdk"
"""The instrumentation scope: the server reads Langfuse's attributes only from spans of this scope."""

MAX_ATTRIBUTES = 512
"""The maximum number of attributes of an observation."""

FLUSH_MILLISECONDS = 120_000
"""The timeout of a flush: longer than any exporter retries, so that all losses are known.

The core stops waiting earlier.
"""

MAX_HELD = 256
"""The maximum number of observations that wait to be sent; the SDK's queue drops those beyond its size."""


class Connection:
    """Makes observations for one account and sends them. Used by one thread at a time.

    Args:
        account: the project to send to.
        owner: the manager of the app's own client, if there is one.
    """

    def __init__(self, account: Account, owner: Manager | None) -> None:
        settings = account.settings(owner)
        self.owner = owner
        self.ids: ChosenIds = ChosenIds()
        self.defaults: dict[str, str] = account.defaults(owner)
        shared = owner if owner is not None and account.shares_host(owner) else None
        self._sender = Sender(_custom_batches(shared) or partial(langfuse_batches, settings))
        self.sampler: Sampler = _sampler(owner, account)
        self._provider = TracerProvider(
            sampler=self.sampler,
            resource=_resource(owner, account),
            shutdown_on_exit=False,
            id_generator=self.ids,
            span_limits=explicit_limits(MAX_ATTRIBUTES),
        )
        with sdk_internals.unregistered(account.public_key):
            self.client: Langfuse = Langfuse(
                **settings, tracer_provider=self._provider, span_exporter=self._sender
            )
        sdk_internals.remove_exit_handler(self.client)
        self.tracer: Tracer = self._provider.get_tracer(
            SCOPE, langfuse.__version__, attributes={"public_key": account.public_key}
        )
        self._held = 0
        self._max_held = min(MAX_HELD, account.numbers.queue_size)

    def ended(self) -> None:
        """Count an ended observation; send when there are many."""
        self._held += 1
        if self._held >= self._max_held:
            self._flush_provider()

    def send(self) -> None:
        """Send the ended observations.

        Raises:
            NotDeliveredError: Langfuse did not accept all of them.
        """
        if self._held:
            self._flush_provider()
        self._sender.raise_if_lost()

    def flush(self) -> None:
        """Send the ended observations, and wait for uploads of images.

        Raises:
            NotDeliveredError: Langfuse did not accept all of them.
        """
        self.client.flush()
        self._held = 0
        self._sender.raise_if_lost()

    def shutdown(self) -> None:
        """Send the rest and end the threads.

        Raises:
            NotDeliveredError: Langfuse did not accept all of it.
        """
        sdk_internals.close(self.client)
        self._provider.shutdown()
        self._sender.raise_if_lost()

    def _flush_provider(self) -> None:
        self._held = 0
        self._provider.force_flush(FLUSH_MILLISECONDS)


def _custom_batches(owner: Manager | None) -> Callable[[], BatchSender] | None:
    """Return what makes a sender for the exporter of the app's own client, if that has one."""
    custom = None if owner is None else owner.span_exporter
    return None if custom is None else partial(BatchSender, custom, logger=OTLP_LOGGER)


def _sampler(owner: Manager | None, account: Account) -> Sampler:
    """Return the app's own sampler, so that runs and their parents are kept or dropped together."""
    sampler: Sampler | None = getattr(owner and owner.tracer_provider, "sampler", None)
    if sampler is not None:
        return sampler
    rate = account.numbers.sample_rate
    return TraceIdRatioBased(rate) if rate < 1 else ALWAYS_ON


def _resource(owner: Manager | None, account: Account) -> Resource:
    resource: Resource | None = getattr(owner and owner.tracer_provider, "resource", None)
    return account.resource if resource is None else resource
