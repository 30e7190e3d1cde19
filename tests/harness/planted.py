"""Planted bugs: each breaks the interpreted core in a believable way and names who must notice.

    PLIMSOLL_PURE=1 python -m tests.harness.planted NAME

runs random commands on the broken core, with its checks on, and prints the id of the invariant
that halted it and the check that found it, ``command`` or ``full`` (``none`` if nothing did).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NamedTuple

from plimsoll.core import book, curve, fees, invariants, ledger, rows, settlement
from plimsoll.core.engine import Engine, genesis
from plimsoll.core.handlers import checks
from plimsoll.core.ladder import Ladder
from plimsoll.core.rows import accounts, balances
from plimsoll.core.state import State
from plimsoll.core.store import Inserted, KeyIndex
from plimsoll.messages import codes
from tests.harness.commands_gen import Generator

SEED = 7
COMMANDS = 4_000
Original = Callable[..., Any]


class Planted(NamedTuple):
    """Where a bug goes in, what it replaces the original by, and which invariant must notice."""

    ident: str
    owner: Any
    attribute: str
    broken: Callable[[Original], Original]


def credits_one_more(original: Original) -> Original:
    """A unit of money is made with every large transfer."""

    def shift(source: Any, target: Any, amount: int) -> None:
        original(source, target, amount)
        if amount > 10**9:
            target.add(1)

    return shift


def fee_part_from_nowhere(original: Original) -> Original:
    """The insurance pool's part is booked once more, without a payer."""

    def collect(txn: Any, market: Any, taker: Any, net: int) -> Any:
        original(txn, market, taker, net)
        parts = txn.parts
        market.insurance.usd.add(parts.insurance)

    return collect


def undo_leaves_cash(original: Original) -> Original:
    """Taking a command back forgets the cash of traders."""

    def undo(self: Any) -> None:
        kept = self.row.amount
        original(self)
        if self.row.kind == codes.TRADER:
            self.row.amount = kept

    return undo


def undo_leaves_positions(original: Original) -> Original:
    """Taking a command back forgets the positions of traders with an odd id."""

    def undo(self: Any) -> None:
        kept = self.row.base
        original(self)
        if self.row.account % 2 == 1 and self.row.account > 16:
            self.row.base = kept

    return undo


def flip_loses_a_unit(original: Original) -> Original:
    """A long that turns short is one unit off."""

    def move(txn: Any, market: Any, row: Any, base: int, cost: int) -> Any:
        trader = txn.state.accounts[row.account].kind == codes.TRADER
        off = 1 if trader and row.base > 0 > row.base + base else 0
        return original(txn, market, row, base + off, cost)

    return move


def interest_never_falls(original: Original) -> Original:
    """Open interest counts what opens and not what closes."""

    def add_interest(self: Any, delta: int) -> None:
        original(self, max(delta, 0))

    return add_interest


def positions_out_of_order(_: Original) -> Original:
    """New positions go to the end of the list instead of their place."""

    def position(self: Any, account: Any, market: int) -> Any:
        for row in account.positions:
            if row.market == market:
                return row
        made = rows.Position(self.log, account.ident, market)
        account.positions.append(made)
        self.log.entries.append(Inserted(account.positions, len(account.positions) - 1))
        return made

    return position


def pool_pays_too_much(original: Original) -> Original:
    """Insurance gives the treasury a unit more than it got from a fee."""

    def collect(txn: Any, market: Any, taker: Any, net: int) -> Any:
        original(txn, market, taker, net)
        parts = txn.parts
        treasury = txn.state.accounts[codes.TREASURY_ACCOUNT]
        ledger.move(market.insurance, treasury, parts.insurance + 1)

    return collect


def reserve_off_the_curve(original: Original) -> Original:
    """The quote reserve after a swap is rounded to the wrong place."""

    def swap(x: int, y: int, sqrt_k: int, peg: int, side: int, size: int) -> Any:
        found = original(x, y, sqrt_k, peg, side, size)
        return curve.Swapped(found.x, found.y + 1_000, found.quote)

    return swap


def net_forgets_sells(original: Original) -> Original:
    """The traders' net is not reduced when they sell."""

    def move(self: Any, x: int, y: int, net: int) -> None:
        original(self, x, y, max(net, self.net))

    return move


def peg_lost_at_launch(original: Original) -> Original:
    """A market starts without its peg."""

    def set_curve(self: Any, x: int, y: int, root: int, peg: int, net: int) -> None:
        original(self, x, y, root, 0, net)

    return set_curve


def capital_counted_twice(original: Original) -> Original:
    """The operator's capital is booked twice to the vAMM's account of it."""

    def add_capital(self: Any, amount: int) -> None:
        original(self, 2 * amount)

    return add_capital


def surplus_stays(original: Original) -> Original:
    """The vAMM keeps the spread that belongs to the adjustments pool."""

    def settle_vamm(*given: Any) -> Any:
        *others, quote, _ = given  # the taker's quote, the plain one
        return original(*others, quote, quote)

    return settle_vamm


def equal_prices_do_not_cross(_: Original) -> Original:
    """A bid at the price of an ask rests beside it."""

    def crosses(side: int, limit: int, price: int) -> bool:
        return price < limit if side == codes.BUY else price > limit

    return crosses


def total_not_reduced(original: Original) -> Original:
    """A fill leaves the level's total as it was."""

    def fill(self: Any, size: int) -> None:
        original(self, size)
        if self.resting and self.level is not None:
            self.level.total += size

    return fill


def tail_not_moved(original: Original) -> Original:
    """Unlinking the last of several orders leaves the level's tail on it."""

    def unlink(self: Any, order: Any) -> None:
        original(self, order)
        if order.next is None and order.prev is not None:
            self.tail = order

    return unlink


def never_linked(original: Original) -> Original:
    """An order with a client id is indexed but not put into its level."""

    def place(self: Any, order: Any) -> None:
        if order.client_order_id == "" or not self.levels:
            original(self, order)

    return place


def slides_by_a_unit(original: Original) -> Original:
    """A post-only order slides behind the best price by a unit instead of a tick."""

    def slide(side: int, price: int, best: int, _: int) -> int:
        moved: int = original(side, price, best, 1)
        return moved

    return slide


def size_priority_ignored(_: Original) -> Original:
    """Every order goes to the end of its level."""

    def place(self: Any, order: Any) -> None:
        level = self.level_at(order.price)
        level.link(order, level.tail)

    return place


def any_number_rests(_: Original) -> Original:
    """The limit of open orders is not enforced."""

    def check_may_rest(*_: Any) -> None:
        return

    return check_may_rest


def trim_skipped(_: Original) -> Original:
    """Reduce-only orders are left as they are when the position shrinks."""

    def trim_reduce_only(txn: Any) -> None:
        txn.to_trim.clear()

    return trim_reduce_only


def sums_forget_fills(_: Original) -> Original:
    """A fill of a resting order does not release its part of the reservation."""

    def fill_maker(order: Any, size: int, _: int) -> None:
        order.fill(size)

    return fill_maker


def notional_at_new_price(original: Original) -> Original:
    """The reservation of an order that shrinks is released by size but not by notional."""

    def shrink(txn: Any, order: Any, removed: int, _: int) -> None:
        original(txn, order, removed, 0)

    return shrink


def timers_stay(_: Original) -> Original:
    """The timer of an order that is gone stays in the index."""

    def remove(*_: Any) -> None:
        return

    return remove


def timers_late(original: Original) -> Original:
    """Timers are set and removed a second late, all of them."""

    def shifted(self: Any, key: int, ident: int) -> None:
        original(self, key + 1_000, ident)

    return shifted


PLANTED: dict[str, Planted] = {
    "credits_one_more": Planted("M1", ledger, "shift", credits_one_more),
    "fee_part_from_nowhere": Planted("M1", fees, "collect", fee_part_from_nowhere),
    "undo_leaves_cash": Planted("M2", balances.BalanceWas, "undo", undo_leaves_cash),
    "flip_loses_a_unit": Planted("M3", settlement, "move", flip_loses_a_unit),
    "interest_never_falls": Planted("M3F", rows.Market, "add_interest", interest_never_falls),
    "undo_leaves_positions": Planted("M3F", accounts.PositionWas, "undo", undo_leaves_positions),
    "positions_out_of_order": Planted("M8", State, "position", positions_out_of_order),
    "pool_pays_too_much": Planted("S5", fees, "collect", pool_pays_too_much),
    "reserve_off_the_curve": Planted("A1", curve, "swap", reserve_off_the_curve),
    "net_forgets_sells": Planted("A2", rows.Vamm, "move", net_forgets_sells),
    "peg_lost_at_launch": Planted("A9", rows.Vamm, "set_curve", peg_lost_at_launch),
    "capital_counted_twice": Planted("A10", rows.Vamm, "add_capital", capital_counted_twice),
    "surplus_stays": Planted("A10", settlement, "settle_vamm", surplus_stays),
    "equal_prices_do_not_cross": Planted("B1", book, "crosses", equal_prices_do_not_cross),
    "total_not_reduced": Planted("B2", rows.Order, "fill", total_not_reduced),
    "tail_not_moved": Planted("B2", rows.Level, "unlink", tail_not_moved),
    "never_linked": Planted("B2", Ladder, "place", never_linked),
    "slides_by_a_unit": Planted("B2", book, "slide", slides_by_a_unit),
    "size_priority_ignored": Planted("B3", Ladder, "place", size_priority_ignored),
    "any_number_rests": Planted("O1", checks, "check_may_rest", any_number_rests),
    "trim_skipped": Planted("O6", book, "trim_reduce_only", trim_skipped),
    "sums_forget_fills": Planted("G5", book, "fill_maker", sums_forget_fills),
    "notional_at_new_price": Planted("G5", book, "shrink", notional_at_new_price),
    "timers_stay": Planted("X1", KeyIndex, "remove", timers_stay),
    "timers_late": Planted("X1", KeyIndex, "add", timers_late),
}
"""Name -> bug."""


def plant(name: str) -> None:
    """Break the core."""
    bug = PLANTED[name]
    original = getattr(bug.owner, bug.attribute)
    setattr(bug.owner, bug.attribute, bug.broken(original))
    if name == "timers_late":
        setattr(KeyIndex, "remove", bug.broken(KeyIndex.remove))  # noqa: B010


def halted_by(commands: int = COMMANDS, seed: int = SEED) -> str:
    """Id of the invariant that halts a random run and the check that found it (``none``: no one).

    The whole state is checked after each command.
    """
    generator = Generator(seed)
    engine = Engine(genesis())
    when = "command"
    try:
        for index in range(commands):
            command, now, principal = generator.next()
            when = "command"
            engine.apply(command, index, now, principal)
            generator.learn(command, engine.drain())
            when = "full"
            invariants.check_full(engine.state)
    except invariants.InvariantBroken as broken:
        return f"{broken.ident} {when}"
    return "none"


def main() -> None:
    """Plant the named bug, run, print who noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=[*PLANTED, "none"])
    name = parser.parse_args().name
    if name != "none":
        plant(name)
    print(halted_by())


if __name__ == "__main__":
    main()
