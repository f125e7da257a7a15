"""The check that content which is switched off is not written, however an exporter may come by it."""

from __future__ import annotations

import base64
import warnings
from typing import TYPE_CHECKING

import threadtrail
from threadtrail.testing.conformance import rules
from threadtrail.testing.conformance.arrivals import everything_written
from threadtrail.testing.conformance.problem import NotCheckedError, Problem
from threadtrail.testing.conformance.process_state import import_sdk
from threadtrail.testing.conformance.real_runs import SECRETS, play, server_for_runs
from threadtrail.testing.conformance.taking import TAKING
from threadtrail.testing.server import MissingExtraError

if TYPE_CHECKING:
    from threadtrail.testing.conformance.case import Case

NOT_SEEN = "nothing that the exporter writes of real runs can be seen, whether they complete or fail."
LET_SEE = (
    "Let it write under tmp_path, or define `def written(self)` in your test class: return all that the "
    "backend got."
)


def writes_no_content(case: Case) -> None:
    """A real client, real runs, ``instrument(capture_content=False)``: what was said is found nowhere."""
    if threadtrail.status().active:
        raise NotCheckedError("threadtrail.instrument() is in force in this process.", add="Undo it first.")
    try:
        server = server_for_runs().start()
    except MissingExtraError as missing:
        raise NotCheckedError(str(missing)) from None
    import_sdk()  # before the clock runs
    try:
        with case.watching() as watch, warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the SDK marks the whole Assistants API
            watch.sockets.ignored_ports.add(server.port)
            driver = case.drive(start=False)
            delivered, error = driver.in_app(
                lambda: _application(case, driver.exporter, server.base_url), "the application", deadlines=3
            )
            written = everything_written(case.author, watch)
    finally:
        server.stop()
    leaks = [f"{secret} in {where}" for where, data in written.items() for secret in _found(data)]
    if leaks:
        raise Problem(
            rules.CONTENT,
            seen=f"with capture_content=False, content was written: {', '.join(leaks)}.",
            mend="write only what the events hold; switch off what your backend's SDK records by itself.",
        )
    if isinstance(error, NotCheckedError):
        raise error
    if error is not None:
        raise Problem(
            rules.STARTS,
            seen=f"instrument() with the exporter raised {type(error).__name__}: {error}",
            mend="give the fixture what start() needs.",
            error=error,
        )
    if not delivered:
        raise Problem(
            rules.THREADS,
            seen="of real runs, no event was delivered: export() raised each time.",
            mend="mend export() first.",
            after=TAKING,
        )
    if not written:
        raise NotCheckedError(NOT_SEEN, add=LET_SEE, after=(*TAKING, rules.THREADS, rules.LOSES))


def _application(case: Case, exporter: object, base_url: str) -> int:
    """The real runs, with the exporter in force; how many events were delivered to it."""
    instrumentation = threadtrail.instrument(
        exporters=[exporter],
        capture_content=False,
        settle_seconds=0.0,
        sample_rate=1.0,
        shutdown_timeout_seconds=case.deadline,
    )
    if not instrumentation.active:
        raise NotCheckedError("threadtrail is switched off by THREADTRAIL_DISABLED")
    try:
        play(base_url)
        threadtrail.flush(case.deadline)
        (lane,) = threadtrail.status().exporters.values()
        return lane.delivered
    finally:
        threadtrail.uninstrument()


def _found(data: bytes) -> list[str]:
    """The secrets in what was written, also where it is in base64."""
    return [secret for secret in SECRETS if any(form in data for form in _forms(secret))]


def _forms(secret: str) -> list[bytes]:
    plain = secret.encode()
    # How it looks in base64 depends on where in a group of three bytes it begins; the ends are left out,
    # since what stands beside it has part in them.
    shifted = [base64.b64encode(b"\0" * shift + plain)[4:-4] for shift in range(3)]
    return [plain, *shifted]
