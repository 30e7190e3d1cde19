"""Adapters for the funding and auction subjects of ``drift.json``: names and linear units only."""

from __future__ import annotations

from typing import Any

from plimsoll.core import auction_price as auction
from plimsoll.core import funding, ledger, settlement
from plimsoll.messages import events
from plimsoll.messages.codes import BUY, SELL
from plimsoll.units import RATIO_SCALE, proportion
from tests.conformance.cases import Case
from tests.conformance.desk import SIDE, Desk
from tests.conformance.scaling import difference, magnitude, negated, side_of, whole

CLAMPS = {"highly speculative": 10}
"""The reference's tier of a market -> our setting."""
RESERVED = 500_000
"""Share of its fees that the reference never pays out, in millionths. Our pool has none."""


def ratio(text: str) -> int:
    """``5/10000`` in millionths."""
    over, _, under = text.partition("/")
    return proportion(whole(over), RATIO_SCALE, whole(under))


def funding_schedule(case: Case) -> dict[str, Any]:
    """Seconds to wait."""
    last, period = whole(case.given["last_update_ts"]), whole(case.given["update_period"])
    return {"time_remaining": str(funding.seconds_left(last, period, whole(case.when["now"])))}


def rate_of(case: Case, period: int) -> int:
    """The rate of a period."""
    return funding.rate(
        whole(case.given["mark_twap"]),
        whole(case.given["oracle_twap"]),
        whole(case.when["clamp_denominator"]),
        whole(case.when["offset_denominator"] or "0"),
        period,
    )


def funding_rate(case: Case) -> dict[str, Any]:
    """A rate, or the largest premium that counts."""
    if case.when["op"] == "max_price_divergence_for_funding":
        clamp = CLAMPS[case.given["contract_tier"]]
        most = funding.premium_max(whole(case.when["oracle_twap"]), clamp)
        return {"max_divergence_price": str(most)}
    return {"funding_rate": str(rate_of(case, whole(case.given["funding_period"])))}


def funding_estimate(case: Case) -> dict[str, Any]:
    """An hour's rate as a share of the oracle's price; 1e-8 is a millionth of a percent."""
    share = funding.relative(rate_of(case, funding.HOUR), whole(case.given["oracle_twap"]))
    return {"hourly_rate_pct": str(share)}


def funding_payment(case: Case) -> dict[str, Any]:
    """What a position receives, in the reference's rounding."""
    base, delta = whole(case.given["base_asset_amount"]), whole(case.when["funding_rate"])
    return {"payment": str(funding.payment(base, delta, funding.TOWARD_ZERO))}


def funding_settlement(case: Case) -> dict[str, Any]:
    """One event against a pool that holds what the reference may pay out of its own."""
    given = case.given
    held = whole(given["total_fee_minus_distributions"])
    reserved = proportion(whole(given["total_exchange_fee"]), RESERVED, RATIO_SCALE)
    free = difference(held, reserved)
    rate = whole(case.when["funding_rate"])
    event = funding.settle(
        rate,
        magnitude(rate),
        whole(given["base_asset_amount_long"]),
        magnitude(whole(given["base_asset_amount_short"])),
        free if side_of(free) == BUY else 0,
        funding.TOWARD_ZERO,
    )
    desk = Desk()
    pool = desk.user("pool", held)
    payer, payee = (desk.other, pool) if side_of(event.pool) == BUY else (pool, desk.other)
    ledger.move(payer, payee, magnitude(event.pool))
    return {
        "funding_rate_long": str(event.rate_long),
        "funding_rate_short": str(event.rate_short),
        "total_fee_minus_distributions": str(pool.cash()),
    }


def price_of(row: dict[str, Any], slot: str, oracle: str | None, tick: int) -> int:
    """The price of a band that the case gives: its start for the oracle, its end for the quote."""
    side = SIDE[row["direction"]]
    below = negated(whole(oracle or "0"))
    end = difference(whole(row["auction_end_price"]), below)
    start = auction.start_price(side, difference(whole(row["auction_start_price"]), below), end)
    elapsed = difference(whole(slot), whole(row["order_slot"]))
    return auction.price(side, start, end, elapsed, whole(row["auction_duration"]), tick)


def auction_price(case: Case) -> dict[str, Any]:
    """A price on the path."""
    tick = whole(case.given["tick_size"])
    price = price_of(case.given, case.when["slot"], case.when["oracle_price"], tick)
    return {"price": str(price)}


def auction_sujiko(case: Case) -> dict[str, Any]:
    """The same in milliseconds, from the oracle to the vAMM's quote."""
    given = case.given
    side = SIDE[given["side"]]
    end = whole(given["vamm_quote_at_start"])
    start = auction.start_price(side, whole(given["oracle_price_at_start"]), end)
    elapsed = whole(case.when["elapsed_ms"])
    price = auction.price(
        side, start, end, elapsed, whole(given["duration_ms"]), whole(given["tick_size"])
    )
    return {"price": str(price)}


def auction_complete(case: Case) -> dict[str, Any]:
    """Whether it is over."""
    elapsed = difference(whole(case.when["slot"]), whole(case.given["order_slot"]))
    return {"complete": auction.complete(elapsed, whole(case.given["auction_duration"]))}


def asked_by(case: Case) -> int:
    """What the taker accepts: its limit, the auction's price, or the vAMM's quote at the end."""
    taker = case.given["taker"]
    if "auction_duration" in taker:
        return price_of(taker, case.when["slot"], None, whole(case.given["tick_size"]))
    if taker["limit_price"] is not None:
        return whole(taker["limit_price"])
    quote = whole(case.given["amm_ask" if SIDE[taker["direction"]] == BUY else "amm_bid"])
    return auction.price(SIDE[taker["direction"]], quote, quote, 0, 0, 1)


def auction_match(case: Case) -> dict[str, Any]:
    """A maker's offer, settled if it is valid; the maker's account is no pool of the market."""
    if case.when["op"] == "maker_quote_amount":
        side = SELL if SIDE[case.given["maker_direction"]] == BUY else BUY
        price, size = whole(case.when["maker_price"]), whole(case.when["base_asset_amount"])
        return {"quote_asset_amount": str(auction.fill_quote(side, price, size))}
    taker, maker = case.given["taker"], case.given["maker"]
    side, price = SIDE[taker["direction"]], whole(maker["maker_price"])
    if not auction.accepts(side, asked_by(case), SIDE[maker["direction"]], price):
        return {"base_filled": "0"}
    remaining, offered = whole(taker["order_size"]), whole(maker["maker_size"])
    size = auction.fill_size(remaining, offered, remaining, 1)
    quote = auction.fill_quote(side, price, size)
    desk = Desk()
    rates = {
        name: ratio(case.given[name]) for name in ("taker_fee", "maker_rebate")
        if name in case.given
    }  # fmt: skip
    made = desk.pair("X", **rates)
    users = desk.user("taker", 0), desk.user("maker", 0)
    signed = size if side == BUY else negated(size)
    orders = (
        desk.draft(users[0], "X", signed, price),
        desk.draft(users[1], "X", negated(signed), price),
    )
    settlement.settle(desk.txn, made, *orders, size, quote)
    (fill,) = [event for event in desk.txn.events if isinstance(event, events.Filled)]
    entry = desk.state.position(users[0], made.ident).entry_cost
    return {
        "base_filled": str(fill.size),
        "taker_quote": str(users[0].cash()),
        "taker_entry_quote": str(negated(entry)),
        "maker_quote": str(users[1].cash()),
        "user_fee": str(fill.taker_fee),
        "maker_rebate": str(fill.maker_rebate),
        "market_fee": str(difference(fill.taker_fee, fill.maker_rebate)),
    }


ADAPTERS = {
    "funding_schedule": funding_schedule,
    "funding_rate": funding_rate,
    "funding_estimate": funding_estimate,
    "funding_payment": funding_payment,
    "funding_settlement": funding_settlement,
    "auction_price": auction_price,
    "auction_sujiko": auction_sujiko,
    "auction_complete": auction_complete,
    "auction_match": auction_match,
}
