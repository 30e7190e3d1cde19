"""Lengths of time as people write them."""

from __future__ import annotations

import re
from typing import Final

from plimsoll.cli.app import USAGE, Failure

_UNITS: Final = {"s": 1_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}


def read_span(name: str, text: str) -> int:
    """A length of time in ms, as 45s, 30min, 2h or 1d. Errors: `Failure`."""
    found = re.fullmatch(r"([0-9]{1,9})(s|min|h|d)", text, re.ASCII)
    if found is None:
        raise Failure(f"{name} {text!r}: must be a length of time such as 30min or 2h", USAGE)
    return int(found[1]) * _UNITS[found[2]]
