"""The market update: what a trade, a price, funding, an auction's end or a keeper sets off.

    1 repeg      decide, book, move the peg; the event's timer runs on oracle prices
    2 averages   of the oracle (after a price) and of the mark, with the new reservation price
    3 health     restricted or released
    4 quotes     spreads and quoted reserves

A market with every mechanism switched off is left alone. Nothing here refuses: an update never
takes back the command that caused it.

Spec: docs/spec/13-tracking.md, UPDATE-001 … UPDATE-005; docs/spec/15-repeg.md, REPEG-010 …
REPEG-014, HEALTH-008 … HEALTH-010.
"""

from __future__ import annotations

from typing import Final

from plimsoll.core import curve, health, ledger, margin, oracle, repeg, spread, tracking, vamm
from plimsoll.core import market_averages as averages
from plimsoll.core.context import Txn
from plimsoll.core.repeg import Decision, Timer
from plimsoll.core.rows import Market, Track, Vamm
from plimsoll.core.spread import Inputs, Spreads
from plimsoll.messages.codes import (
    BUY,
    HALTED,
    R_REPEG_COST,
    R_REPEG_REVENUE,
    REPEG_EVENT,
    REPEG_OPPORTUNISTIC,
    SELL,
)
from plimsoll.messages.mechanisms import (
    MarketReleased,
    MarketRestricted,
    Repegged,
    RepegUnaffordable,
    VammQuoted,
)
from plimsoll.units import AMOUNT_MAX, LOT, PRICE_MAX, div_floor

# What sets an update off
TRADE: Final = 0
FUNDING: Final = 1
ORACLE: Final = 2
AUCTION: Final = 3
CRANK: Final = 4

PAID_TOO: Final = 2
"""``MarketParams.repeg``: what the pool can pay is done at every check."""
REPORT_MS: Final = 3_600_000
"""A repeg that the pool cannot pay is reported when it falls due and once an hour after."""


def update(txn: Txn, market: Market, cause: int) -> None:
    """Bring a market up to date. UPDATE-001.

    ``TRADE`` takes the fills from ``txn.traded``; ``ORACLE`` follows an accepted price.
    """
    if not market.params.followed and market.unhealthy == 0:
        return
    row = txn.state.vamms[market.ident]
    bid = row.bid
    ask = row.ask
    long = row.long_spread
    short = row.short_spread
    if cause == TRADE:
        if not after_fills(txn, market):
            return
    elif cause == ORACLE:
        samples = averages.sample(txn, market)
        reporting = advance_timer(txn, market)
        check_repeg(txn, market, samples, reporting)
        averages.follow_oracle(txn, market, samples)
        averages.follow_resting(txn, market)
    else:
        check_repeg(txn, market, txn.state.tracks[market.ident].samples, False)
        averages.follow_resting(txn, market)
    judge_health(txn, market)
    quote(txn, market)
    if row.bid != bid or row.ask != ask or row.long_spread != long or row.short_spread != short:
        report_quotes(txn, market, row)


def after_fills(txn: Txn, market: Market) -> bool:
    """Volumes, repeg check and the mark's averages; False if nothing else can have changed.

    What only the book traded moves no quote of the vAMM: a second whose mark is already known
    needs no more than the volumes. UPDATE-003.
    """
    done = averages.traded(txn, market.ident)
    track = txn.state.tracks[market.ident]
    averages.count(txn, market, done)
    known = track.mark.updated == averages.seconds(txn.now)
    if known and not done.with_vamm and not done.deleveraged:
        return False
    check_repeg(txn, market, track.samples, False)
    averages.follow_trades(txn, market, done)
    return True


def report_quotes(txn: Txn, market: Market, row: Vamm) -> None:
    """Say what the vAMM quotes now."""
    price = curve.price(row.y, row.x, row.peg)
    txn.emit(VammQuoted(market.ident, price, row.bid, row.ask, row.long_spread, row.short_spread))


# 1: repeg -----------------------------------------------------------------------------------------


def has_price(txn: Txn, market: Market) -> bool:
    """Whether the oracle price is good enough to move the curve by. REPEG-010."""
    return oracle.class_of(txn.state, market, txn.now) >= tracking.STALE_FOR_VAMM


def advance_timer(txn: Txn, market: Market) -> bool:
    """Feed the timer of the event with the price that was just accepted. REPEG-006.

    Returns whether an event that cannot be paid for would be reported now.
    """
    params = market.params
    if params.repeg == 0 or not params.vamm_enabled:
        return False
    state = txn.state
    track = state.tracks[market.ident]
    old = track.timer
    timer = repeg.step(
        old,
        txn.now,
        averages.mark(state, market),
        state.oracles[market.ident].price if has_price(txn, market) else 0,
        params.repeg_divergence,
        params.oracle_max_age_ms,
    )
    if timer.elapsed_ms == old.elapsed_ms and timer.sampled_ms == old.sampled_ms:
        return False
    track.set_timer(timer)
    return reports(timer, params.repeg_after_ms) > reports(old, params.repeg_after_ms)


def reports(timer: Timer, after_ms: int) -> int:
    """How many times an event so old has been reported: when due, and each hour. REPEG-013."""
    over = timer.elapsed_ms - after_ms
    return div_floor(over - 1, REPORT_MS) + 1 if over > 0 else 0


def invalid_price(txn: Txn, market: Market) -> None:
    """The source spoke, and not of a price: the timer waits for one. REPEG-006."""
    track = txn.state.tracks[market.ident]
    if track.timer.sampled_ms >= 0:
        track.set_timer(Timer(track.timer.elapsed_ms, -1))


def within_bounds(row: Vamm, peg: int) -> bool:
    """Whether the curve stays within its amounts at a peg (parameter rule 28). REPEG-012."""
    if peg > PRICE_MAX or 8 * row.sqrt_k * peg > AMOUNT_MAX * LOT:
        return False
    return curve.price(row.y, row.x, peg) > 0


def most_peg(row: Vamm) -> int:
    """The largest peg of ``within_bounds``."""
    return min(PRICE_MAX, div_floor(AMOUNT_MAX * LOT, 8 * row.sqrt_k))


def decide(
    txn: Txn, market: Market, row: Vamm, samples: list[tuple[int, int]], mode: int
) -> Decision | None:
    """What a check of the peg comes to; None where there is no target to decide on."""
    target = repeg.target_peg(tracking.dampened(samples), row.x, row.y)
    if target == row.peg or not within_bounds(row, target):
        return None
    terminal = vamm.terminal_quote_reserve(row)
    free = 0
    if repeg.cost(row.y, terminal, row.peg, target) < 0:
        free = max(0, margin.free(txn.state, market.vamm))
    return repeg.decide(row.y, terminal, row.peg, target, market.adjustments.cash(), free, mode)


def is_event(txn: Txn, market: Market, track: Track) -> bool:
    """Whether the divergence has lasted long enough, and lasts. REPEG-007."""
    params = market.params
    if not repeg.is_due(track.timer, params.repeg_after_ms):
        return False
    price = txn.state.oracles[market.ident].price
    return health.divergence(averages.mark(txn.state, market), price) > params.repeg_divergence


def check_repeg(txn: Txn, market: Market, samples: list[tuple[int, int]], reporting: bool) -> None:
    """Decide on the peg and book what it costs or brings. REPEG-010, REPEG-011."""
    params = market.params
    if params.repeg == 0 or not params.vamm_enabled or market.mode == HALTED:
        return
    if len(samples) == 0 or not has_price(txn, market):
        return
    track = txn.state.tracks[market.ident]
    row = txn.state.vamms[market.ident]
    event = is_event(txn, market, track)
    mode = repeg.EVENT if event or params.repeg == PAID_TOO else repeg.OPPORTUNISTIC
    decision = decide(txn, market, row, samples, mode)
    if decision is None:
        return
    target = tracking.dampened(samples)
    if decision.moves():
        cause = REPEG_EVENT if event else REPEG_OPPORTUNISTIC
        book_repeg(txn, market, row, decision, cause, target)
        if event:
            track.set_timer(repeg.stopped())
    elif event and reporting:
        report_unaffordable(txn, market, row, track, decision, target)


def book_repeg(
    txn: Txn, market: Market, row: Vamm, decision: Decision, cause: int, target: int
) -> None:
    """Pay for a repeg (or take what it earns), move the peg, and say so. REPEG-011."""
    before = row.peg
    stood = curve.price(row.y, row.x, before)
    distance = row.y - vamm.terminal_quote_reserve(row)
    cost = decision.cost
    if cost > 0:
        ledger.pay(txn, market.adjustments, market.vamm, cost, R_REPEG_COST, market.ident)
    elif cost < 0:
        ledger.pay(txn, market.vamm, market.adjustments, -cost, R_REPEG_REVENUE, market.ident)
    if cost != 0:
        txn.state.tracks[market.ident].add_revenue(-cost)
    row.set_peg(decision.peg)
    txn.emit(
        Repegged(
            market.ident, cause, decision.outcome, before, row.peg, cost, stood, target, distance
        )
    )


def report_unaffordable(
    txn: Txn, market: Market, row: Vamm, track: Track, decision: Decision, target: int
) -> None:
    """Report an event that nobody can pay for. REPEG-013."""
    # A move that earns is paid by the vAMM's account, out of what its margin leaves free.
    budget = market.adjustments.cash()
    if decision.wanted < 0:
        budget = max(0, margin.free(txn.state, market.vamm))
    stands = curve.price(row.y, row.x, row.peg)
    txn.emit(
        RepegUnaffordable(
            market.ident, decision.wanted, budget, stands, target, track.timer.elapsed_ms
        )
    )


# 3: health ----------------------------------------------------------------------------------------

ORACLE_BOUNDS: Final = (1 << health.MARK_ORACLE) | (1 << health.MARK_ORACLE_TWAP)


def judge_health(txn: Txn, market: Market) -> None:
    """Restrict the market while a bound of its health is broken. HEALTH-008, HEALTH-009."""
    params = market.params
    before = market.unhealthy
    if params.health_divergence_max == 0 and params.health_imbalance_max == 0 and before == 0:
        return
    state = txn.state
    stands = averages.mark(state, market)
    price = state.oracles[market.ident].price
    now = 0
    for breach in breaches(txn, market, stands):
        now |= 1 << breach.what
        if before & (1 << breach.what) == 0:
            txn.emit(MarketRestricted(market.ident, breach.what, breach.value, breach.limit))
    if params.health_divergence_max != 0 and not has_price(txn, market):
        # What cannot be measured stays as it was found.
        now |= before & ORACLE_BOUNDS
    if now == before:
        return
    market.set_unhealthy(now)
    if now == 0:
        txn.emit(MarketReleased(market.ident, stands, price))


def breaches(txn: Txn, market: Market, stands: int) -> list[health.Breach]:
    """The bounds that do not hold; a bound of 0 is off."""
    state = txn.state
    params = market.params
    track = state.tracks[market.ident]
    row = state.vamms[market.ident]
    price = 0
    average = 0
    own = 0
    if params.health_divergence_max != 0 and stands > 0:
        own = track.mark.health
        if has_price(txn, market):
            price = state.oracles[market.ident].price
            average = track.oracle.health
    net = 0
    buy_room = 0
    sell_room = 0
    if params.health_imbalance_max != 0 and params.vamm_enabled:
        net = row.net
        buy_room = vamm.open_side(row, params, BUY)
        sell_room = vamm.open_side(row, params, SELL)
    return health.restricted_by(
        mark=stands,
        oracle=price,
        oracle_twap=average,
        mark_twap=own,
        net=net,
        buy_room=buy_room,
        sell_room=sell_room,
        divergence_max=params.health_divergence_max,
        imbalance_max=params.health_imbalance_max,
    )


# 4: quotes ----------------------------------------------------------------------------------------


def quote(txn: Txn, market: Market) -> None:
    """Set the vAMM's spreads. UPDATE-004."""
    params = market.params
    if params.vamm_spread_steps == 0 or not params.vamm_enabled:
        return
    row = txn.state.vamms[market.ident]
    found = quoted_spreads(txn, market, row)
    if found.long != row.long_spread or found.short != row.short_spread:
        row.set_spreads(found.long, found.short)


def quoted_spreads(txn: Txn, market: Market, row: Vamm) -> Spreads:
    """The spreads as they are now, from the state."""
    state = txn.state
    params = market.params
    track = state.tracks[market.ident]
    price = curve.price(row.y, row.x, row.peg)
    oracle_price = state.oracles[market.ident].price
    if price == 0:
        return Spreads(params.vamm_base_spread, params.vamm_base_spread)
    return spread.spreads(
        Inputs(
            steps=params.vamm_spread_steps,
            base_spread=params.vamm_base_spread,
            max_spread=params.vamm_max_spread,
            price=price,
            peg=row.peg,
            y=row.y,
            terminal_y=vamm.terminal_quote_reserve(row),
            net=row.net,
            buy_room=vamm.open_side(row, params, BUY),
            sell_room=vamm.open_side(row, params, SELL),
            gap=health.gap(price, oracle_price) if oracle_price > 0 else 0,
            confidence=track.oracle.confidence,
            oracle_std=track.oracle.deviation,
            mark_std=track.mark.deviation,
            long_volume=track.buy_volume,
            short_volume=track.sell_volume,
            volume_24h=track.day_volume,
            equity=market.adjustments.cash(),
            revenue=track.revenue,
            adjustment=params.vamm_spread_adjustment,
        )
    )
