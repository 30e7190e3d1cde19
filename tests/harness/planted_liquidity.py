"""Planted bugs of vaults that invariants notice: each breaks the interpreted core, and names who.

    PLIMSOLL_PURE=1 python -m tests.harness.planted_liquidity NAME

scripts deposits, exits, quotes and hedges on the broken core and prints the id of the invariant
that halted it and the check that found it, ``command`` or ``full`` (``none`` if nothing did).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from plimsoll.core import invariants, passive_vault, settlement, shares
from plimsoll.core.rows import Holding, Unlock, Vault
from plimsoll.core.vault_board import VaultBoard
from plimsoll.messages import commands
from plimsoll.messages.codes import BUY, SELL
from plimsoll.messages.commands import Command
from tests.harness.planted import Planted
from tests.harness.scenario import KEEPER
from tests.harness.vault_page import BASE, PASSIVE, QUOTE, VaultPage

HOUR = 3_600_000
Original = Callable[..., Any]


class Watched(VaultPage):
    """A page that knows which check it is in, and does not compare hashes."""

    when = "command"

    def apply(self, command: Command, principal: int) -> bool:
        self.seq += 1
        self.when = "command"
        accepted = self.engine.apply(command, self.seq, self.now, principal)
        self.found = self.engine.drain()
        self.when = "full"
        invariants.check_full(self.state)
        return accepted


def script(page: VaultPage) -> None:
    """Everything once: two depositors, quotes, hedges both ways, exits that wait and are paid."""
    for name, ident, amount in (
        ("lp", PASSIVE, "1000"), ("lp2", PASSIVE, "500"), ("lp", BASE, "10"), ("lp2", BASE, "3"),
        ("lp", QUOTE, "1000"),
    ):  # fmt: skip
        page.join(name, ident, amount)
    page.quote()
    page.prices("100")
    page.play("alice sell 2 @ 95 ioc")
    page.deal("alice", BASE, SELL, "2")
    page.deal("bob", QUOTE, BUY, "1")
    page.prices("101")
    for name, ident in (("lp2", PASSIVE), ("lp2", BASE), ("lp", PASSIVE)):
        page.leave(name, ident, page.shares(name, ident) // 2)
    page.now += 2 * HOUR
    page.prices("100")
    page.do(commands.Tick(100), KEEPER)
    page.deal("alice", BASE, BUY, "2")


def adds(more: int) -> Callable[[Original], Original]:
    """A bug that returns ``more`` than the original."""
    return lambda original: lambda *given: original(*given) + more


def nothing(_: Original) -> Original:
    """A bug that does nothing."""
    return lambda *_given: None


def twice(original: Original) -> Original:
    """Shares are credited twice."""

    def add_shares(self: Any, number: int) -> None:
        original(self, 2 * number)

    return add_shares


def half_waits(original: Original) -> Original:
    """Only half of what left the vault is written down to be paid."""

    def queue(self: Any, row: Any, unlock: Any) -> None:
        half = Unlock(unlock.ident, unlock.value // 2, unlock.shares, unlock.due_ms)
        original(self, row, half)

    return queue


def never_cancelled(_: Original) -> Original:
    """The quotes of the price before stay."""
    return lambda *_given: []


PLANTED: dict[str, Planted] = {
    "mints_too_much": Planted("V3", shares, "minted_floor", adds(10**6)),
    "credits_twice": Planted("V5", Holding, "add_shares", twice),
    "half_waits": Planted("V11", VaultBoard, "queue", half_waits),
    "forgets_who_waits": Planted("V11", Vault, "wait", nothing),
    "never_cancelled": Planted("V12", passive_vault, "cancel_quotes", never_cancelled),
    "forgets_a_leg": Planted("H1", settlement, "count_leg", nothing),
    "counts_no_deposit": Planted("H1", Vault, "count_base", nothing),
}
"""Name -> bug."""


def halted_by(name: str) -> str:
    """Plant a bug, run, and say which invariant halted the exchange in which check."""
    if name != "none":
        bug = PLANTED[name]
        setattr(bug.owner, bug.attribute, bug.broken(getattr(bug.owner, bug.attribute)))
    page: Watched | None = None
    try:
        page = Watched(vault={"cooldown_ms": HOUR}, passive={"cooldown_ms": HOUR})
        script(page)
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
