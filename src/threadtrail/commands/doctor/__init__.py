"""``threadtrail doctor``: is everything as it has to be, and if not, what is to be done?

The command looks at a process of its own. What else has wrapped the SDK in *your* process, ``conflicts()``
says when it is called there.
"""

from __future__ import annotations

from threadtrail.commands.doctor.findings import Finding, Level

__all__ = ["Finding", "Level", "conflicts"]


def conflicts() -> list[Finding]:
    """Return what else in this process records the same calls, or has set OpenTelemetry's global provider.

    Looks at what is there and changes nothing; imports neither the SDK nor OpenTelemetry. Empty: nothing.
    """
    # Imported here: the command line reads only the options of the doctor to answer `--help`.
    from threadtrail.commands.doctor import other_instrumentations  # noqa: PLC0415

    return other_instrumentations.live()
