"""Planted bugs of the spot venues: each breaks the interpreted core, and names who must notice.

    PLIMSOLL_PURE=1 python -m tests.harness.planted_spot NAME

runs random swaps, quotes and hedges on the broken core and prints the id of the invariant that
halted it and the check that found it, ``command`` or ``full`` (``none`` if nothing did).
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable
from typing import Any

from plimsoll.core import invariants, spot
from plimsoll.core.rows import FirmQuote
from plimsoll.core.vault_board import VaultBoard
from plimsoll.messages import commands, events
from plimsoll.messages.codes import BUY, SELL, TREASURY_ACCOUNT, Reject
from plimsoll.messages.commands import Command
from tests.harness.planted import Planted
from tests.harness.scenario import KEEPER, OPERATOR
from tests.harness.spot_scene import DOLLAR, ETH, ETH_USD, UNIT, USD, SpotScene

SEED = 3
STEPS = 1_500
VIRTUAL = 3
"""A pool of which most is virtual."""


class Watched(SpotScene):
    """A page that knows which check it is in, and does not compare hashes."""

    def __init__(self) -> None:
        self.when = "command"
        super().__init__(fee=0)
        self.do(commands.CreateSpotPool(ETH, USD, 1, 900 * UNIT, 1_800_000 * DOLLAR), OPERATOR)
        add = commands.AddSpotLiquidity(TREASURY_ACCOUNT, VIRTUAL, 10 * UNIT, 0)
        self.do(add, OPERATOR)
        for _ in range(3):
            self.quote(BUY, 1_990, 3 * UNIT + 7)

    def apply(self, command: Command, principal: int) -> bool:
        self.seq += 1
        self.when = "command"
        accepted = self.engine.apply(command, self.seq, self.now, principal)
        self.found = self.engine.drain()
        self.when = "full"
        invariants.check_full(self.state)
        return accepted

    def finish(self) -> None:
        self.when = "command"
        invariants.check_command(self.state, self.engine.check)
        self.state.log.commit()
        self.found: list[events.Event] = self.engine.drain()
        self.when = "full"
        invariants.check_full(self.state)


def step(page: Watched, rng: random.Random) -> None:
    """One random command, or a hedge of the vault."""
    name, side = rng.choice(("alice", "desk")), rng.choice((BUY, SELL))
    account, sender = page.accounts[name], page.owner(name)
    amount = int(10 ** rng.uniform(3, 10.5))
    what = rng.random()
    if what < 0.4:
        pool, asset = rng.choice((ETH_USD, VIRTUAL)), rng.choice((USD, ETH))
        page.apply(commands.SwapSpot(account, pool, asset, rng.random() < 0.5, amount, 0), sender)
    elif what < 0.6:
        price = int((1_980 if side == BUY else 2_020) * DOLLAR * rng.uniform(0.99, 1.01))
        until = page.now + rng.randint(1, 3_000)
        page.apply(commands.PostFirmQuote(account, ETH, side, price, amount, until), sender)
    elif what < 0.65:
        number = rng.choice([*sorted(page.state.liquidity.quotes), 1])
        page.apply(commands.CancelFirmQuote(account, number), sender)
    elif what < 0.8:
        page.now += rng.randint(0, 300)
        page.apply(commands.Tick(rng.randint(1, 4)), KEEPER)
    else:
        try:
            planned = page.plan(side, amount)
        except Reject:
            return
        if side == BUY or amount <= page.has(page.vault.account, ETH)[0]:
            page.execute(planned)


def virtual_reserves_paid_out(original: Callable[..., Any]) -> Callable[..., Any]:
    """A pool pays out what it never had."""

    def leg(pool: Any, asset_in: int) -> Any:
        found = original(pool, asset_in)
        found.payable = found.y
        return found

    return leg


def rounded_for_the_trader(original: Callable[..., Any]) -> Callable[..., Any]:
    """A swap gives a unit more than the curve."""

    def amount_out(leg: Any, amount: int) -> int:
        given: int = original(leg, amount)
        return given + 2

    return amount_out


def escrow_forgets_payments(original: Callable[..., Any]) -> Callable[..., Any]:
    """What a desk pays out of escrow is not taken off its quote."""

    def fill(self: Any, amount: int, paid: int) -> None:
        original(self, amount, paid if self.side == SELL else 0)

    return fill


def newest_first(_: Callable[..., Any]) -> Callable[..., Any]:
    """A new quote stands before all others, whatever its price."""

    def show(self: Any, quote: Any) -> None:
        self.quotes[quote.ident] = quote
        self.offers.insert(0, quote)

    return show


PLANTED: dict[str, Planted] = {
    "virtual_reserves_paid_out": Planted("S1", spot, "leg", virtual_reserves_paid_out),
    "rounded_for_the_trader": Planted("K1", spot, "amount_out", rounded_for_the_trader),
    "escrow_forgets_payments": Planted("E5", FirmQuote, "fill", escrow_forgets_payments),
    "newest_first": Planted("X2", VaultBoard, "show", newest_first),
}
"""Name -> bug."""


def halted_by(name: str) -> str:
    """Plant a bug, run, and say which invariant halted the exchange in which check."""
    if name != "none":
        bug = PLANTED[name]
        setattr(bug.owner, bug.attribute, bug.broken(getattr(bug.owner, bug.attribute)))
    rng = random.Random(SEED)
    page: Watched | None = None
    try:
        page = Watched()
        for _ in range(STEPS):
            step(page, rng)
    except invariants.InvariantBroken as broken:
        return f"{broken.ident} {'full' if page is None else page.when}"
    return "none"


def main() -> None:
    """Plant the named bug, run, print who noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=[*PLANTED, "none"])
    print(halted_by(parser.parse_args().name))


if __name__ == "__main__":
    main()
