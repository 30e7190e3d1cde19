"""The states a vault may be in, each made once by commands, and by gains and losses of hand."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final

from plimsoll.messages import codes
from plimsoll.messages.codes import BUY, SELL
from tests.harness.erc4626 import HOUR_MS, KINDS, Tokenized, shift
from tests.harness.vault_page import BASE, PASSIVE, QUOTE, VaultPage

JOINS: Final = {PASSIVE: ("2000", "700"), BASE: ("20", "7"), QUOTE: ("2000", "700")}


def joined(ident: int, **params: Any) -> VaultPage:
    """Two depositors, and fees and rebates of the market."""
    page = VaultPage(passive=params, vault=params, taker_fee=500, maker_rebate=200)
    for name, amount in zip(("lp", "lp2"), JOINS[ident], strict=True):
        page.join(name, ident, amount)
    return page


def earned(page: VaultPage, ident: int, ppm: int) -> VaultPage:
    """So much of its worth is gained, in collateral; negative: lost."""
    price = 100 if ident == BASE else 1
    amount = page.worth(ident) * price * 10**6 // 10 ** page.digits(ident) * ppm // 10**6
    shift(page.engine, page.vault(ident).account, amount)
    return page


def left_with(page: VaultPage, ident: int, worth: int) -> VaultPage:
    """All is lost but ``worth`` units."""
    lost = page.worth(ident) - worth
    if ident == BASE:
        # 1e-9 of base at 100: ten of its units are one of the collateral.
        lost = lost // 10
    shift(page.engine, page.vault(ident).account, -lost)
    return page


def with_position(ident: int) -> VaultPage:
    """A position that the price has moved since, which holds back a part of what there is."""
    page = joined(ident)
    if ident == PASSIVE:
        page.quote()
        page.prices("100")
        bid = page.place("bob", BUY, 3 * 10**9, 105 * 10**6, tif=codes.IOC)
        page.do(bid, page.owner("bob"))
    else:
        page.deal("alice", ident, SELL if ident == BASE else BUY, "12.017")
    page.prices("103.7")
    return page


def with_unlocks(ident: int) -> VaultPage:
    """Three withdrawals that wait, after a profit."""
    page = earned(joined(ident, cooldown_ms=HOUR_MS, max_unlocks=40), ident, 70_001)
    for name, part in (("lp", 7), ("lp2", 3), ("lp", 5)):
        page.leave(name, ident, page.shares(name, ident) // part)
    return page


FEES: Final = {"deposit_fee": 1_000, "withdrawal_fee": 3_000}
PLAIN: Final = {"virtual_shares": 0, "virtual_assets": 0}

STATES: Final[dict[str, Callable[[int], VaultPage]]] = {
    "fresh": lambda _: VaultPage(),
    "profit": lambda ident: earned(joined(ident), ident, 233_333),
    "multiplied": lambda ident: earned(joined(ident), ident, 40_000_007),
    "loss": lambda ident: earned(joined(ident), ident, -417_771),
    "position": with_position,
    "unlocks": with_unlocks,
    "ruined": lambda ident: left_with(joined(ident), ident, 77),
    "near shut": lambda ident: left_with(
        joined(ident), ident, 40 - joined(ident).vault(ident).params.virtual_assets
    ),
    "fees": lambda ident: earned(joined(ident, **FEES), ident, 123_456),
    "without virtual shares": lambda ident: earned(joined(ident, **PLAIN), ident, 55_555),
}
"""Name -> an exchange with the vault in that state. A share costs a unit at first (a hundredth of
one of the base vault); ``multiplied`` it costs forty times as much."""


@functools.cache
def prepared(kind: str, state: str) -> tuple[VaultPage, list[Any]]:
    """An exchange, made once, and its dump."""
    page = STATES[state](KINDS[kind])
    return page, page.state.dump()


def scene(kind: str, state: str) -> Tokenized:
    """A vault in a state, for one test to do with as it likes."""
    page, dump = prepared(kind, state)
    return Tokenized(page, dump, KINDS[kind])


def shut(kind: str) -> Tokenized:
    """A vault that has lost all and the virtual assets too."""
    made = scene(kind, "near shut")
    made.gain(-(10**6))
    return made
