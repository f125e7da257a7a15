"""The check that content which is switched off is not written, wherever an exporter may get it from."""

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
    from collections.abc import Mapping

    from threadtrail.testing.conformance.case import Case

NOT_SEEN = "the kit sees nothing that the exporter writes for real runs, whether they complete or fail."
LET_SEE = (
    "Let it write under tmp_path, or define `def written(self)` in your test class: return everything that "
    "the backend received."
)


def writes_no_content(case: Case) -> None:
    """With a real client, real runs and ``capture_content=False``, no content is found anywhere."""
    if threadtrail.status().active:
        raise NotCheckedError(
            "threadtrail.instrument() was called in this process.",
            add="Call threadtrail.uninstrument() first.",
        )
    try:
        server = server_for_runs().start()
    except MissingExtraError as missing:
        raise NotCheckedError(str(missing)) from None
    import_sdk()  # not counted in the deadline
    try:
        with case.watching() as watch, warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the SDK marks the whole Assistants API
            watch.sockets.ignored_ports.add(server.port)
            driver = case.drive(start=False)
            delivered, error = driver.in_app(
                lambda: _application(case, driver.exporter, server.base_url),
                "the application",
                grace=2 * case.deadline,
            )
            written = everything_written(case.author, watch)
    finally:
        server.stop()
    _check_leaks(written)
    _check_delivery(delivered, error)
    if not written:
        raise NotCheckedError(NOT_SEEN, add=LET_SEE, after=(*TAKING, rules.THREADS, rules.LOSES))


def _check_leaks(written: Mapping[str, bytes]) -> None:
    leaks = [f"{secret} in {where}" for where, data in written.items() for secret in _found(data)]
    if leaks:
        raise Problem(
            rules.CONTENT,
            seen=f"with capture_content=False, content was written: {', '.join(leaks)}.",
            fix="write only what the events contain; switch off what your backend's SDK records by itself.",
        )


def _check_delivery(delivered: int | None, error: BaseException | None) -> None:
    """Raise what kept the application from delivering: without that, nothing can be found."""
    if isinstance(error, NotCheckedError):
        raise error
    if error is not None:
        raise Problem(
            rules.STARTS,
            seen=f"instrument() with the exporter raised {type(error).__name__}: {error}",
            fix="give the exporter in the fixture what start() needs.",
            error=error,
        )
    if not delivered:
        raise Problem(
            rules.THREADS,
            seen="no event of real runs was delivered: export() raised each time.",
            fix="fix export() first.",
            after=TAKING,
        )


def _application(case: Case, exporter: object, base_url: str) -> int:
    """Play the real runs with the exporter; return how many events were delivered."""
    instrumentation = threadtrail.instrument(
        exporters=[exporter],
        capture_content=False,
        settle_seconds=0.0,
        sample_rate=1.0,
        shutdown_timeout_seconds=case.deadline,
    )
    if not instrumentation.active:
        raise NotCheckedError("threadtrail is disabled by THREADTRAIL_DISABLED.", add="Unset it.")
    try:
        play(base_url)
        threadtrail.flush(case.deadline)
        (lane,) = threadtrail.status().exporters.values()
        return lane.delivered
    finally:
        threadtrail.uninstrument()


def _found(data: bytes) -> list[str]:
    """Return the secrets that were written, as text or in base64."""
    return [secret for secret in SECRETS if any(form in data for form in _forms(secret))]


def _forms(secret: str) -> list[bytes]:
    plain = secret.encode()
    # Base64 encodes groups of three bytes, so there are three forms. Their ends are left out, since they
    # also depend on the neighbouring bytes.
    shifted = [base64.b64encode(b"\0" * shift + plain)[4:-4] for shift in range(3)]
    return [plain, *shifted]
