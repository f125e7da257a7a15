"""Argument types for numbers on the command line; argparse reports any other text as a usage error."""

from __future__ import annotations

import argparse
import math

LAST_PORT = 65_535


def seconds(text: str) -> float:
    """Return the number of seconds that a text gives.

    Raises:
        ArgumentTypeError: the text is not a finite number above 0.
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return number


def count(text: str) -> int:
    """Return a whole number, 1 or more.

    Raises:
        ArgumentTypeError: the text is not a whole number, or it is below 1.
    """
    return _whole(text, 1)


def number(text: str) -> int:
    """Return a whole number, 0 or more.

    Raises:
        ArgumentTypeError: the text is not a whole number, or it is below 0.
    """
    return _whole(text, 0)


def port(text: str) -> int:
    """Return a port number, 0 to 65535; 0 stands for any free port.

    Raises:
        ArgumentTypeError: the text is not such a number.
    """
    if not text.isdecimal() or int(text) > LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port, 0 to {LAST_PORT}")
    return int(text)


def _whole(text: str, least: int) -> int:
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, {least} or more")
    return int(text)
