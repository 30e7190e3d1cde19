"""Words for numbers in events, for those outside the core who count or show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from plimsoll.core.views_mechanisms import BOUNDS

RESTRICTIONS: Final[Mapping[int, str]] = BOUNDS
"""``MarketRestricted.what``: which bound of a market's health is broken."""
