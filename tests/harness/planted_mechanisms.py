"""Planted bugs of the mechanisms: each breaks the interpreted core, and names the rule it breaks.

    PLIMSOLL_PURE=1 python -m tests.harness.planted_mechanisms NAME

runs random commands on the broken core in front of the observer and prints the id of the rule that
was found broken, by the observer or by the core's own invariants (``none`` if nothing was).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NamedTuple

from plimsoll.core import (
    auction_price,
    auctions,
    board,
    closing,
    closing_vamm,
    curve,
    deleverage,
    escrow,
    fees,
    funding,
    health,
    ledger,
    liquidation,
    load,
    losses,
    margin,
    oracle,
    repeg,
    routing,
    rows,
    vamm,
)
from plimsoll.core.handlers import access, checks, triggers
from plimsoll.core.handlers import funding as funding_handlers
from plimsoll.core.rows import exchange, mechanisms
from plimsoll.messages import codes
from plimsoll.units import at_rate_floor
from tests.harness.mechanism_gen import MechanismGenerator
from tests.harness.witness import Witness, Witnessed

SEED = 5
COMMANDS = 20_000
Original = Any


class Bug(NamedTuple):
    """The rule it breaks, where it goes in, and what it puts there, given the original."""

    ident: str
    owner: Any
    attribute: str
    broken: Callable[[Original], Original]


def always(value: Any) -> Callable[[Original], Original]:
    """A function that says the same whatever it is asked."""
    return lambda _: lambda *given, **named: value


def nothing(_: Original) -> Original:
    """A function that does nothing."""
    return lambda *given, **named: None


def unchecked_self_trade(original: Original) -> Original:
    """Owners trade with themselves."""

    def unfit(txn: Any, taker: Any, maker: Any) -> int:
        reason: int = original(txn, taker, maker)
        return 0 if reason == codes.DONE_SELF_TRADE else reason

    return unfit


def expires_early(original: Original) -> Original:
    """An order is gone a second before its time."""

    def unfit(txn: Any, taker: Any, maker: Any) -> int:
        reason: int = original(txn, taker, maker)
        soon = 0 < maker.expires_ms < txn.now + 5_000
        return codes.DONE_EXPIRED if not reason and soon else reason

    return unfit


def remainder_to_treasury(original: Original) -> Original:
    """What roundings leave of a fee goes to the treasury."""

    def split(parts: Any, params: Any, net: int) -> None:
        original(parts, params, net)
        left = parts.insurance - at_rate_floor(net, params.split_insurance)
        parts.insurance -= left
        parts.treasury += left

    return split


def flat_fee_doubled(_: Original) -> Original:
    """A keeper gets the flat fee twice over."""

    def pay_flat(txn: Any, market: Any, payer: Any) -> None:
        amount = min(2 * market.params.keeper_flat_fee, max(0, margin.free(txn.state, payer)))
        if txn.keeper is not None:
            ledger.pay(txn, payer, txn.keeper, amount, codes.R_KEEPER_FLAT, market.ident)

    return pay_flat


def flat_fee_untold(_: Original) -> Original:
    """A keeper's flat fee moves without an event."""

    def pay_flat(txn: Any, market: Any, payer: Any) -> None:
        if txn.keeper is not None:
            ledger.move(payer, txn.keeper, market.params.keeper_flat_fee)

    return pay_flat


def refund_forgets(_: Original) -> Original:
    """What was given back still stands with the order."""

    def refund(txn: Any, order: Any) -> None:
        account = txn.state.markets[order.market].escrow
        ledger.pay(
            txn, account, order.account, order.keeper_fee, codes.R_EXTRA_REFUND, order.market
        )

    return refund


def fires_too_soon(original: Original) -> Original:
    """A keeper fires a trigger a per mille before its price."""

    def is_reached(direction: int, trigger_price: int, price: int) -> bool:
        near = price // 1_000
        shifted = price + near if direction == codes.ABOVE else price - near
        return bool(original(direction, trigger_price, shifted))

    return is_reached


def asks_the_end(_: Original) -> Original:
    """An auction asks its last price from the first moment on."""

    def price_now(auction: Any, params: Any, now: int) -> int:
        order = auction.order
        found = auction_price.price(order.side, auction.end, auction.end, 0, 1, params.tick)
        return auction_price.limited(order.side, found, order.price)

    return price_now


def ends_early(_: Original) -> Original:
    """An auction ends half a second before its time."""
    return lambda auction, now: now > auction.ends_ms - 500


def worst_offer_first(original: Original) -> Original:
    """A batch of offers is worked off from the worst."""
    return lambda side, one, other: not original(side, one, other)


def half_a_spread(original: Original) -> Original:
    """The vAMM shows half its spread."""
    return lambda mid, spread, side: original(mid, spread // 2, side)


def spends_what_is_not_free(original: Original) -> Original:
    """A repeg earns what the vAMM's account cannot spare."""

    def decide(y: int, at: int, peg: int, target: int, budget: int, _: int, mode: int) -> Any:
        return original(y, at, peg, target, budget, 10**15, mode)

    return decide


def loss_from_elsewhere(original: Original) -> Original:
    """The first market's insurance pays for all."""

    def insure(txn: Any, market: Any, debtor: Any, loss: int) -> int:
        first = txn.state.markets[0]
        if debtor.kind == codes.VAMM or first is market:
            return int(original(txn, market, debtor, loss))
        paid: int = min(loss, max(0, first.insurance.cash()))
        ledger.pay(txn, first.insurance, debtor, paid, codes.R_BAD_DEBT, market.ident)
        return paid

    return insure


def half_insured(original: Original) -> Original:
    """Insurance keeps half while winners pay."""

    def insure(txn: Any, market: Any, debtor: Any, loss: int) -> int:
        return int(original(txn, market, debtor, loss // 2))

    return insure


def penalty_without_bound(_: Original) -> Original:
    """A penalty may create debt."""
    return lambda value, rate, equity: at_rate_floor(value, rate)


def everybody_bears_all(_: Original) -> Original:
    """Who is deleveraged loses more than his profit."""
    return lambda txn, market, account, held, price: abs(held.base)


def losers_first(original: Original) -> Original:
    """Deleveraging starts with who gains least."""
    return lambda base, found: list(reversed(original(base, found)))


def fees_after_restart(original: Original) -> Original:
    """A loaded liquidation pays trading fees."""

    def load_auction(state: Any, row: Any) -> None:
        original(state, row)
        for live in state.board.live:
            for auction in live:
                auction.order.fee_free = False

    return load_auction


def counters_never_fall(original: Original) -> Original:
    """Triggers that are gone still count."""

    def count_live(self: Any, auctions_: int, liquidations: int, triggers_: int) -> None:
        original(self, auctions_, liquidations, max(0, triggers_))

    return count_live


def stands_twice(original: Original) -> Original:
    """An auction's order says that it rests."""

    def start(self: Any, auction: Any) -> None:
        original(self, auction)
        auction.order.resting = True

    return start


def same_fill_again(_: Original) -> Original:
    """Fills are not numbered."""
    return lambda self: self.next_fill


def any_price(original: Original) -> Original:
    """No price is too far from the ones before, or too uncertain."""

    def judge(txn: Any, point: Any) -> Any:
        found = original(txn, point)
        loose = (codes.ORACLE_TOO_VOLATILE, codes.ORACLE_TOO_UNCERTAIN)
        return None if found is not None and found.code in loose else found

    return judge


PLANTED: dict[str, Bug] = {
    # M, S, E: money
    "flat_fee_untold": Bug("M5", escrow, "pay_flat", flat_fee_untold),
    "penalty_called_a_haircut": Bug("M8", losses, "R_PENALTY", lambda _: codes.R_HAIRCUT),
    "debts_stay": Bug("S3", losses, "cover", nothing),
    "closes_into_debt": Bug("S2", margin, "sinks", always(False)),
    "vamms_are_left_alone": Bug("S4", closing_vamm, "is_due", always(False)),
    "loss_from_elsewhere": Bug("S6", losses, "insure", loss_from_elsewhere),
    "fee_rounds_down": Bug(
        "E1", fees, "taker_fee", lambda _: lambda p, quote: at_rate_floor(quote, p.taker_fee)
    ),
    "remainder_to_treasury": Bug("E2", fees, "split", remainder_to_treasury),
    "flat_fee_doubled": Bug("E4", escrow, "pay_flat", flat_fee_doubled),
    "refund_forgets": Bug("E4", escrow, "refund", refund_forgets),
    # A, C, P: the vAMM, modes, prices
    "half_a_spread": Bug("A3", curve, "quoted", half_a_spread),
    "fills_past_the_bound": Bug(
        "A5", vamm, "available", lambda f: lambda row, params, side: 50 * f(row, params, side)
    ),
    "spends_what_is_not_free": Bug("A7", repeg, "decide", spends_what_is_not_free),
    "event_at_once": Bug("A8", repeg, "is_due", always(True)),
    "restricted_at_ten_per_mille": Bug(
        "C1", health, "mark_diverges", lambda _: lambda distance, limit: abs(distance) > 10_000
    ),
    "restriction_ignored": Bug(
        "C3", rows.Market, "effective_mode", lambda _: lambda self: self.mode
    ),
    "any_price": Bug("P1", oracle, "judge", any_price),
    "stale_prices_do": Bug(
        "P3", oracle, "is_valid", lambda _: lambda state, m, now: state.oracles[m.ident].price > 0
    ),
    # B, O, G, X, T: orders
    "no_limit_on_slippage": Bug(
        "B4", routing, "worst_market_price",
        lambda f: lambda state, m, side, given: f(state, m, side, 2**45 if side == 0 else 1),
    ),
    "unchecked_self_trade": Bug("B5", routing, "unfit", unchecked_self_trade),
    "no_band": Bug("B7", checks, "check_band", nothing),
    "through_zero": Bug("O6", routing, "offer", lambda _: lambda order: order.remaining),
    "any_number_waits": Bug("O1", checks, "check_may_rest", nothing),
    "same_fill_again": Bug("O9", exchange.Globals, "take_fill", same_fill_again),
    "fires_too_soon": Bug("O10", triggers, "is_reached", fires_too_soon),
    "counters_never_fall": Bug("O2", rows.Account, "count_live", counters_never_fall),
    "makers_need_no_margin": Bug("G1", routing, "maker_can_pay", always(True)),
    "auctions_need_no_margin": Bug("G1", auctions, "taker_can_pay", always(True)),
    "profit_may_leave": Bug(
        "G3", margin, "withdrawable", lambda _: lambda state, a: max(0, margin.free(state, a))
    ),
    "anybody_cancels": Bug(
        "X4", access, "own_or_operator", lambda _: lambda txn, ident: txn.state.account(ident)
    ),
    "expires_early": Bug("T1", routing, "unfit", expires_early),
    # U: auctions
    "always_room": Bug("U1", auctions, "has_room", always(True)),
    "asks_the_end": Bug("U2", auctions, "price_now", asks_the_end),
    "ends_early": Bug("U3", auctions, "is_over", ends_early),
    "batches_are_forgotten": Bug("U3", board.Board, "await_offers", nothing),
    "stands_twice": Bug("U4", board.Board, "start", stands_twice),
    "worst_offer_first": Bug("U6", auctions, "goes_before", worst_offer_first),
    # F: funding
    "pool_is_not_paid": Bug("F1", funding_handlers, "post", nothing),
    "no_cap": Bug("F3", funding, "capped", lambda _: lambda value, most: value),
    "payers_round_down": Bug(
        "F4", funding, "payment", lambda f: lambda base, delta, _: f(base, delta, 1)
    ),
    "always_due": Bug("F5", funding, "seconds_left", always(0)),
    "receivers_have_no_cap": Bug(
        "F6", funding, "settle", lambda f: lambda rate, _, *given: f(rate, 2**60, *given)
    ),
    # L, I: liquidation
    "liquidates_too_soon": Bug(
        "L1", liquidation, "is_liquidatable",
        lambda _: lambda equity, needed: 100 * equity < 104 * needed,
    ),
    "closes_too_much": Bug(
        "L3", liquidation, "needed_size", lambda f: lambda *given: 2 * f(*given)
    ),
    "bankrupt_at_half": Bug(
        "L4", liquidation, "bankruptcy_price",
        lambda f: lambda base, price, equity, tick: f(base, price, equity // 2, tick),
    ),
    "sweeps_anything": Bug(
        "L4", liquidation, "book_limit",
        lambda _: lambda base, price, equity, pool, tick: (
            (price // 2 if base > 0 else price * 2) // tick * tick
        ),
    ),
    "everybody_bears_all": Bug("L5", deleverage, "bearable", everybody_bears_all),
    "penalty_without_bound": Bug("L6", liquidation, "penalty", penalty_without_bound),
    "losers_first": Bug("L7", liquidation, "deleveraging_order", losers_first),
    "ends_untold": Bug("L8", closing, "judge", nothing),
    "half_insured": Bug("I1", losses, "insure", half_insured),
    "covers_too_much": Bug(
        "I2", liquidation, "deficit", lambda f: lambda equity: 2 * f(equity)
    ),
    # D: all or nothing, and the same again
    "fees_after_restart": Bug("D1", load, "load_auction", fees_after_restart),
    "undo_keeps_averages": Bug("D4", mechanisms.TrackWas, "undo", nothing),
}  # fmt: skip
"""Name -> bug."""


def witnessed(bug: Bug | None, generator: type[MechanismGenerator]) -> str:
    """Plant a bug, run, and say which rule was found broken first, and how."""
    if bug is not None:
        setattr(bug.owner, bug.attribute, bug.broken(getattr(bug.owner, bug.attribute)))
    run = Witness(SEED, full_every=20, reload_every=60, generator=generator)
    run.swaps = False
    try:
        run.run(1_500 if bug is None else COMMANDS)
    except Witnessed as problem:
        return f"{problem.ident}\n{problem}"
    return "none"


def main() -> None:
    """Plant the named bug, run, print who noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=[*PLANTED, "none"])
    print(witnessed(PLANTED.get(parser.parse_args().name), MechanismGenerator))


if __name__ == "__main__":
    main()
