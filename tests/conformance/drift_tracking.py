"""Adapters for the tracking subjects of ``drift.json``: names, linear units, and chains of cases.

Many cases go on from the one before them; ``world_after`` replays those once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from plimsoll.core import curve, tracking
from plimsoll.core.tracking import MarkTrack, OracleTrack
from plimsoll.decimal_text import parse_decimal
from plimsoll.messages.codes import BUY, SELL
from plimsoll.units import mul_div_floor
from tests.conformance.cases import VECTORS, Case, load
from tests.conformance.desk import SIDE
from tests.conformance.scaling import difference, money, whole

HEALTH_WINDOW = 300
CLAMP = 3
CONTINUED = "result of the previous case"

CLASSES = {
    tracking.NON_POSITIVE: "NonPositive",
    tracking.TOO_VOLATILE: "TooVolatile",
    tracking.TOO_UNCERTAIN: "TooUncertain",
    tracking.STALE_FOR_MARGIN: "StaleForMargin",
    tracking.TOO_FEW_POINTS: "InsufficientDataPoints",
    tracking.STALE_FOR_VAMM: "StaleForAMM",
    tracking.VALID: "Valid",
}


class World(NamedTuple):
    """A market's averages, and what they are taken from."""

    oracle: OracleTrack
    mark: MarkTrack
    price: int
    reserve_price: int
    window: int
    base_spread: int

    def see_oracle(self, now: int, price: int, confidence: int) -> World:
        """An oracle price."""
        track = tracking.follow_oracle(
            self.oracle, self.mark, now, price, confidence, self.reserve_price,
            self.window, HEALTH_WINDOW, CLAMP, 0,
        )  # fmt: skip
        return self._replace(oracle=track, price=price)

    def see_trade(self, now: int, price: int, side: int) -> World:
        """A trade; all these cases quote without a spread."""
        bid, ask = (curve.quoted(self.reserve_price, 0, each) for each in (SELL, BUY))
        quotes = tracking.trade_quotes(price, side, self.price, self.base_spread, 0, 0, 1, bid, ask)
        track = tracking.follow_mark(
            self.mark, self.oracle, now, price, quotes, self.window, HEALTH_WINDOW, CLAMP, 0
        )
        return self._replace(mark=track)


def world_of(given: dict[str, str]) -> World:
    """The market that a case describes. Reserves are equal, so the peg is the price."""

    def read(name: str) -> int:
        return whole(given.get(name, "0"))

    return World(
        OracleTrack(
            0,
            read("last_oracle_price_twap"),
            read("last_oracle_price_twap_5min"),
            read("oracle_std"),
            read("last_oracle_conf_pct"),
            read("last_oracle_price_twap_ts"),
        ),
        MarkTrack(
            read("last_bid_price_twap"),
            read("last_ask_price_twap"),
            read("last_mark_price_twap"),
            read("last_mark_price_twap_5min"),
            read("mark_std"),
            read("last_mark_price_twap_ts"),
        ),
        read("last_oracle_price"),
        curve.price(
            read("quote_asset_reserve"), read("base_asset_reserve"), read("peg_multiplier")
        ),
        read("funding_period"),
        read("base_spread"),
    )


def stamped(world: World, updated: int) -> World:
    """Both averages with another time."""
    oracle, mark = world.oracle, world.mark
    return world._replace(
        oracle=OracleTrack(
            oracle.price, oracle.funding, oracle.health, oracle.deviation, oracle.confidence,
            updated,
        ),
        mark=MarkTrack(mark.bid, mark.ask, mark.funding, mark.health, mark.deviation, updated),
    )  # fmt: skip


@cache
def chain(subject: str) -> dict[str, tuple[Case, str]]:
    """The cases of a subject with the id of the one before, as the file has them."""
    found: dict[str, tuple[Case, str]] = {}
    before = ""
    for case in load(VECTORS.joinpath("drift.json")):
        if case.subject == subject:
            found[case.ident] = (case, before)
            before = case.ident
    return found


@cache
def world_after(subject: str, ident: str) -> World:
    """The market after a case."""
    case, before = chain(subject)[ident]
    if "state" in case.given:
        world = world_after(subject, before)
        if case.given["state"] != CONTINUED:
            world = stamped(world, RESTAMPED[ident])
    else:
        world = world_of(case.given)
    step = SCRIPTS.get(ident)
    return step(world) if step is not None else one_step(world, case.when)


def one_step(world: World, when: dict[str, Any]) -> World:
    """A price or a trade."""
    now = whole(when["now"])
    if when["op"] == "update_oracle_twap":
        price, confidence = whole(when["oracle_price"]), whole(when["oracle_confidence"])
        return world.see_oracle(now, price, confidence)
    return world.see_trade(now, whole(when["trade_price"]), SIDE[when["direction"]])


RESTAMPED = {"oracle_twap-002": 1_656_685_798}
"""now - 60, as the case says."""


def first_minute(world: World) -> World:
    """mark_twap-002."""
    return world.see_oracle(1, 40_021_280, 10_000).see_trade(1, 40_051_280, BUY)


def falling(world: World) -> World:
    """twap_sequence-001: both prices lose value, and jump every 15 seconds."""
    price = oracle = 1_000_000
    for now in range(1_656_682_319, 1_656_689_520):
        if now in range(0, 1_656_689_535, 15):
            price = mul_div_floor(price, 1_012, 1_000)
            oracle = mul_div_floor(oracle, 10_119, 10_000)
        else:
            price = mul_div_floor(price, 100_000, 100_133)
            oracle = mul_div_floor(oracle, 100_001, 100_133)
        world = world.see_oracle(now, oracle, 0)._replace(reserve_price=price)
        world = world.see_trade(now, price, BUY)
    return world


def dear(world: World) -> World:
    """A trade above its oracle."""
    return world._replace(reserve_price=31_986_658, price=30_986_658)


def cheap(world: World) -> World:
    """A trade below its oracle."""
    return world._replace(reserve_price=31_883_651, price=32_883_651)


def rare(world: World) -> World:
    """twap_sequence-002: a buy every 15 seconds, a sell every 189."""
    world = world._replace(reserve_price=31_986_658, price=31_986_658)
    for now in range(1_656_689_520, 1_656_696_721):
        if now in range(0, 1_656_696_735, 15):
            world = dear(world).see_trade(now, 31_986_658, BUY)
        if now in range(0, 1_656_696_909, 189):
            world = cheap(world).see_trade(now, 31_883_651, SELL)
    return world


def by_turns(world: World) -> World:
    """twap_sequence-003: a buy and a sell in turn."""
    for now in range(1_656_696_721, 1_656_703_922):
        if now in range(1_656_696_721, 1_656_703_922, 2):
            world = dear(world).see_trade(now, 31_986_658, BUY)
        else:
            world = cheap(world).see_trade(now, 31_883_651, SELL)
            oracle, mark = world.oracle, world.mark
            strayed = tracking.deviation(
                oracle.deviation, 32_883_651, mark.funding, mark.funding, 1, 0
            )
            track = OracleTrack(
                oracle.price, oracle.funding, oracle.health, strayed, oracle.confidence,
                oracle.updated,
            )  # fmt: skip
            world = world._replace(oracle=track)
    return world


def steady(start: int, end: int) -> Callable[[World], World]:
    """An oracle price far away, every second."""

    def step(world: World) -> World:
        for now in range(start, end):
            world = world.see_oracle(now, 130_000_873, 100_000)
        return world

    return step


SCRIPTS: dict[str, Callable[[World], World]] = {
    "mark_twap-002": first_minute,
    "twap_sequence-001": falling,
    "twap_sequence-002": rare,
    "twap_sequence-003": by_turns,
    "twap_sequence-006": steady(1_667_387_001, 1_667_390_600),
    "twap_sequence-007": steady(1_667_390_600, 1_667_394_200),
    "twap_sequence-008": steady(1_667_394_200, 1_667_423_000),
}


def averages(case: Case) -> dict[str, Any]:
    """Everything that is remembered after the case."""
    if case.when["op"] == "decay_confidence":
        return decay(case)
    world = world_after(case.subject, case.ident)
    oracle, mark = world.oracle, world.mark
    values = {
        "last_oracle_price": world.price,
        "last_oracle_normalised_price": oracle.price,
        "last_oracle_price_twap": oracle.funding,
        "last_oracle_price_twap_5min": oracle.health,
        "oracle_std": oracle.deviation,
        "last_oracle_conf_pct": oracle.confidence,
        "last_bid_price_twap": mark.bid,
        "last_ask_price_twap": mark.ask,
        "last_mark_price_twap": mark.funding,
        "last_mark_price_twap_5min": mark.health,
        "mark_std": mark.deviation,
        "price": world.reserve_price,
        "now": mark.updated,
    }
    return {name: str(value) for name, value in values.items()}


def decay(case: Case) -> dict[str, Any]:
    """The confidence alone."""
    given, when = case.given, case.when
    elapsed = difference(whole(when["now"]), whole(given["last_oracle_price_twap_ts"]))
    ratio = tracking.confidence_ratio(
        whole(given["last_oracle_conf_pct"]),
        whole(when["oracle_confidence"]),
        whole(when["reserve_price"]),
        elapsed,
    )
    return {"last_oracle_conf_pct": str(ratio)}


def oracle_validity(case: Case) -> dict[str, Any]:
    """The class. The reference has no separate limit for trades at once."""
    given, when = case.given, case.when
    stale = whole(given["slots_before_stale_for_amm"])
    found = tracking.validity(
        whole(when["oracle_price"]),
        whole(when["oracle_confidence"]),
        whole(when["delay"]),
        whole(given["last_oracle_price_twap"]),
        when["sufficient_data_points"],
        whole(given["confidence_interval_max_size"]),
        money(given["too_volatile_ratio"]),
        stale,
        stale,
        whole(given["slots_before_stale_for_margin"]),
    )
    return {"validity": CLASSES[found]}


def normalise_oracle(case: Case) -> dict[str, Any]:
    """The price moved toward the mark."""
    names = ("reserve_price", "oracle_price", "oracle_confidence")
    return {"price": str(tracking.normalised(*(whole(case.when[name]) for name in names)))}


def sanitize(case: Case) -> dict[str, Any]:
    """The clipped price."""
    word = case.when["clamp_denominator"]
    clamp = CLAMP if word == "default(3)" else whole(word)
    price = tracking.sanitised(whole(case.when["new_price"]), whole(case.given["last_twap"]), clamp)
    return {"price": str(price)}


def twap_formula(case: Case) -> dict[str, Any]:
    """One step of an average."""
    given, when = case.given, case.when
    price = tracking.twap(
        whole(when["new_price"]),
        whole(given["last_twap"]),
        whole(given["last_ts"]),
        whole(when["now"]),
        whole(given["period"]),
    )
    return {"price": str(price)}


def twap_quote_filter(case: Case) -> dict[str, Any]:
    """Which quotes are near enough; a percent is 10,000 millionths."""
    oracle = whole(case.given["oracle_price"])
    limit = parse_decimal(case.given["max_divergence_percent"], 4)
    return {
        side: [price for price in case.when[side] if tracking.is_near(whole(price), oracle, limit)]
        for side in ("bids", "asks")
    }


def volatility(case: Case) -> dict[str, Any]:
    """The deviation of the mark, which remembers nothing in the reference."""
    given, when = case.given, case.when
    since = difference(whole(when["now"]), whole(given["last_mark_price_twap_ts"]))
    found = tracking.deviation(
        whole(given["mark_std"]),
        whole(when["price"]),
        whole(when["last_mark_price_twap"]),
        whole(when["last_mark_price_twap_5min"]),
        since,
        0,
    )
    return {"mark_std": str(found)}


ADAPTERS = {
    "oracle_validity": oracle_validity,
    "normalise_oracle": normalise_oracle,
    "sanitize": sanitize,
    "twap_formula": twap_formula,
    "oracle_twap": averages,
    "mark_twap": averages,
    "twap_sequence": averages,
    "twap_quote_filter": twap_quote_filter,
    "volatility": volatility,
    "oracle_confidence": averages,
}
