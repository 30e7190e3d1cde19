"""Liquidation: who, how much, at which prices, who is deleveraged, and who bears what is lost.

    liquidatable   equity < MM                                             MM: maintenance
    close          ((1+b)·MM - equity)/(O·((1+b)·mmr - λ))   up, then up to the step
    bankruptcy     O - equity/|size| for a long, O + equity/|size| for a short
    book limit     bankruptcy price; of an insolvent account nearer to O by insurance/|size|
    penalty        min(floor(λ·value), max(0, equity after))
    deficit        max(0, -equity), split over the closed markets by closed notional
    haircut_i      ceil(loss·uPnL_i/Σ positive uPnL)

O is the oracle price, b the buffer, λ the penalty's rate. Sizes 1e-9, prices and quote 1e-6,
ratios ppm. Nothing is posted and nobody is looked up here. Arguments out of range raise
``RangeError``.

Spec: docs/spec/18-liquidation.md, LIQ-001 … LIQ-013.
"""

from __future__ import annotations

from typing import Final, final

from plimsoll.units import (
    AMOUNT_MAX,
    LOT,
    PRICE_MAX,
    RATIO_SCALE,
    at_rate_ceil,
    at_rate_floor,
    div_ceil,
    div_floor,
    notional_ceil,
    refusal,
    require_range,
    step_floor,
)

KEEPER_SHARE_MAX: Final = 200_000
"""A keeper gets at most 20 % of a penalty."""

# Who is deleveraged first: lower ranks before higher ones
RANK_TRADER: Final = 0
RANK_PASSIVE_VAULT: Final = 1
RANK_VAMM: Final = 2
RANK_HEDGED_VAULT: Final = 3


def is_liquidatable(equity: int, maintenance: int) -> bool:
    """Whether equity is below the maintenance requirement, strictly. LIQ-001."""
    return equity < maintenance


@final
class Holding:
    """A position as the schedule sees it; ``size`` is without sign, ``penalty`` is λ.

    ``chunk`` is the part (ppm) of a position worth more than ``chunk_above`` that is closed at a
    time; 1e6 is all of it. ``requirement`` is its maintenance requirement (MARGIN-003).
    Holdings sort in the order in which they are closed: the largest requirement first.
    """

    def __init__(
        self,
        *,
        market: int,
        size: int,
        price: int,
        mmr: int,
        penalty: int,
        buffer: int,
        step: int,
        min_notional: int,
        chunk: int = RATIO_SCALE,
        chunk_above: int = 0,
    ) -> None:
        require_range(market, 0, AMOUNT_MAX, "market")
        require_range(size, 1, AMOUNT_MAX, "size")
        require_range(price, 1, PRICE_MAX, "oracle price")
        require_range(mmr, 1, RATIO_SCALE, "maintenance ratio")
        require_range(penalty, 0, RATIO_SCALE, "penalty")
        require_range(buffer, 0, RATIO_SCALE, "buffer")
        require_range(step, 1, AMOUNT_MAX, "step")
        require_range(min_notional, 0, AMOUNT_MAX, "minimum notional")
        require_range(chunk, 1, RATIO_SCALE, "chunk")
        require_range(chunk_above, 0, AMOUNT_MAX, "notional of a chunk")
        self.market: int = market
        self.size: int = size
        self.price: int = price
        self.mmr: int = mmr
        self.penalty: int = penalty
        self.buffer: int = buffer
        self.step: int = step
        self.min_notional: int = min_notional
        self.chunk: int = chunk
        self.chunk_above: int = chunk_above
        self.requirement: int = at_rate_ceil(notional_ceil(price, size), mmr)

    def __lt__(self, other: Holding) -> bool:
        if self.requirement != other.requirement:
            return self.requirement > other.requirement
        return self.market < other.market

    def leaves_dust(self, closed: int) -> bool:
        """Whether what a close leaves is worth less than the smallest order. LIQ-004."""
        return (self.size - closed) * self.price < self.min_notional * LOT

    def rounded(self, needed: int) -> int:
        """``needed`` up to the step, at most the size; all of it instead of dust. LIQ-004."""
        if needed >= self.size:
            return self.size
        closed = min(self.size, div_ceil(needed, self.step) * self.step)
        return self.size if self.leaves_dust(closed) else closed

    def at_a_time(self, wanted: int) -> int:
        """What of ``wanted`` is closed now: at most a chunk, at least one step. LIQ-005."""
        if self.size * self.price <= self.chunk_above * LOT:
            return wanted
        part = step_floor(at_rate_floor(self.size, self.chunk), self.step)
        part = min(self.size, max(self.step, part))
        if part >= wanted or self.leaves_dust(part):
            return wanted
        return part


@final
class Close:
    """What is to be closed in a market: ``size`` now, ``wanted`` in all (base, without sign)."""

    def __init__(self, market: int, size: int, wanted: int) -> None:
        self.market: int = market
        self.size: int = size
        self.wanted: int = wanted

    def waits(self) -> bool:
        """Whether this is a chunk, after which the next one has to wait. LIQ-005."""
        return self.size < self.wanted


def account_buffer(holdings: list[Holding]) -> int:
    """The buffer of an account (ppm): the largest of the markets it holds. LIQ-002.

    A lower one would leave (1+b)·mmr > λ unproven in the market that asks for more.
    """
    found = 0
    for held in holdings:
        found = max(found, held.buffer)
    return found


def shortfall(equity: int, maintenance: int, buffer: int) -> int:
    """(1+b)·MM - equity, in millionths of a unit of quote, exact; positive if too little."""
    return (RATIO_SCALE + buffer) * maintenance - RATIO_SCALE * equity


def needed_size(short: int, price: int, mmr: int, penalty: int, buffer: int) -> int:
    """Base to close for a ``shortfall``: short/(O·((1+b)·mmr - λ)), rounded up. LIQ-003.

    It may be more than is held. Refuses a penalty that costs as much as the close frees.
    """
    require_range(price, 1, PRICE_MAX, "oracle price")
    frees = (RATIO_SCALE + buffer) * mmr - RATIO_SCALE * penalty
    if frees <= 0:
        raise refusal("needed_size", short, price, mmr, penalty, buffer)
    return div_ceil(max(0, short) * LOT * RATIO_SCALE, price * frees)


def close_schedule(equity: int, maintenance: int, holdings: list[Holding]) -> list[Close]:
    """The closes that bring equity to (1+b)·MM, largest requirement first. LIQ-002 to LIQ-005.

    ``maintenance`` is the requirement of the whole account, ``holdings`` what of it may be closed
    now. It does not ask whether the account is liquidatable; empty if nothing is missing.
    """
    require_range(equity, -AMOUNT_MAX, AMOUNT_MAX, "equity")
    held_back = 0
    for held in holdings:
        held_back += held.requirement
    require_range(maintenance, held_back, AMOUNT_MAX, "maintenance requirement")
    buffer = account_buffer(holdings)
    closes: list[Close] = []
    left = equity
    required = maintenance
    for held in sorted(holdings):
        short = shortfall(left, required, buffer)
        if short <= 0:
            break
        needed = needed_size(short, held.price, held.mmr, held.penalty, buffer)
        wanted = held.rounded(needed)
        # Who has nothing left loses other people's money by waiting.
        now = held.at_a_time(wanted) if equity > 0 else wanted
        closes.append(Close(held.market, now, wanted))
        if needed <= held.size:
            break
        left -= at_rate_ceil(notional_ceil(held.price, held.size), held.penalty)
        required -= held.requirement
    return closes


def bankruptcy_price(base: int, oracle: int, equity: int, tick: int) -> int:
    """The price at which closing all of ``base`` (signed) leaves nothing. LIQ-006, LIQ-007.

    O - equity/|base| for a long, up to the tick; O + equity/|base| for a short, down to it; then
    within one tick and the largest price. Equity is that before any fill, funding settled.
    """
    size = abs(base)
    require_range(size, 1, AMOUNT_MAX, "size")
    require_range(oracle, 1, PRICE_MAX, "oracle price")
    require_range(equity, -AMOUNT_MAX, AMOUNT_MAX, "equity")
    require_range(tick, 1, PRICE_MAX, "tick")
    if base > 0:
        found = div_ceil(oracle * size - equity * LOT, size * tick) * tick
    else:
        found = div_floor(oracle * size + equity * LOT, size * tick) * tick
    return max(tick, min(found, step_floor(PRICE_MAX, tick)))


def book_limit(base: int, oracle: int, equity: int, insurance: int, tick: int) -> int:
    """Worst price a liquidation takes from book, auction and vAMM. LIQ-008.

    The bankruptcy price; of an insolvent account moved toward the oracle price by
    insurance/|base|, never past it, so that all fills together lose at most ``insurance``.
    """
    require_range(insurance, 0, AMOUNT_MAX, "insurance")
    if equity <= 0:
        return bankruptcy_price(base, oracle, min(0, equity + insurance), tick)
    return bankruptcy_price(base, oracle, equity, tick)


def penalty(value: int, rate: int, equity: int) -> int:
    """min(floor(rate·value), max(0, equity)): quote to insurance. LIQ-009.

    ``value`` is what was closed, at the oracle price; ``equity`` is that after the closes.
    """
    require_range(rate, 0, RATIO_SCALE, "penalty")
    return min(at_rate_floor(value, rate), max(0, equity))


def keeper_part(paid: int, share: int) -> int:
    """What of a penalty the keeper gets: ``share`` ppm, rounded down, at most 20 %. LIQ-009."""
    require_range(share, 0, KEEPER_SHARE_MAX, "keeper's share")
    return at_rate_floor(paid, share)


def deficit(equity: int) -> int:
    """max(0, -equity): the loss of an account that has closed everything. LIQ-010."""
    return max(0, -equity)


def split_deficit(missing: int, notionals: list[int]) -> list[int]:
    """A deficit over the closed markets, by closed notional, in their order. LIQ-010.

    ceil(missing·notional/Σ), the last by what remains: the parts sum to ``missing``. Refuses a
    deficit without a closed notional to bear it.
    """
    require_range(missing, 0, AMOUNT_MAX, "deficit")
    parts = _shares(missing, notionals)
    if parts is None:
        raise refusal("split_deficit", missing)
    return parts


def haircut_shares(loss: int, profits: list[int]) -> list[int]:
    """What each position of a market gives up for a loss, in the order given. LIQ-011.

    ceil(loss·uPnL/Σ positive uPnL), never more than the uPnL; the parts sum to
    min(loss, Σ positive uPnL). A position without profit gives nothing.
    """
    require_range(loss, 0, AMOUNT_MAX, "loss")
    gains: list[int] = []
    total = 0
    for profit in profits:
        require_range(profit, -AMOUNT_MAX, AMOUNT_MAX, "unrealised profit")
        gain = max(0, profit)
        gains.append(gain)
        total += gain
    parts = _shares(min(loss, total), gains)
    if parts is None:
        raise refusal("haircut_shares", loss)
    return parts


def _shares(amount: int, weights: list[int]) -> list[int] | None:
    """``amount`` by weights, each part rounded up while there is something; None: no weight.

    Parts that are rounded up use up the amount by the last one, which gets what remains.
    """
    total = 0
    for weight in weights:
        require_range(weight, 0, AMOUNT_MAX, "weight of a share")
        total += weight
    if total == 0 and amount > 0:
        return None
    parts: list[int] = []
    left = amount
    for weight in weights:
        part = 0
        if left > 0:
            part = min(left, div_ceil(amount * weight, total))
        parts.append(part)
        left -= part
    return parts


@final
class Counterparty:
    """A position that may be deleveraged: signed base, signed quote paid for it (SETTLE-002).

    Counterparties of a side sort in the order in which they are taken: by rank, then shorts by
    entry price from the highest, longs from the lowest, then by account. LIQ-012, LIQ-013.
    """

    def __init__(self, account: int, rank: int, base: int, entry_cost: int) -> None:
        require_range(rank, RANK_TRADER, RANK_HEDGED_VAULT, "rank")
        require_range(abs(base), 1, AMOUNT_MAX, "size")
        require_range(entry_cost, -AMOUNT_MAX, AMOUNT_MAX, "entry cost")
        self.account: int = account
        self.rank: int = rank
        self.base: int = base
        self.entry_cost: int = entry_cost

    def __lt__(self, other: Counterparty) -> bool:
        if self.rank != other.rank:
            return self.rank < other.rank
        # entry_cost/base of both times base·base, which is positive on one side of a market.
        mine = self.entry_cost * other.base
        others = other.entry_cost * self.base
        if mine != others:
            return (mine < others) == (self.base > 0)
        return self.account < other.account


def deleveraging_order(victim_base: int, found: list[Counterparty]) -> list[Counterparty]:
    """Who is deleveraged against a victim, the first one first; a new list. LIQ-012, LIQ-013.

    Refuses a victim without a position and a counterparty on its own side.
    """
    if victim_base == 0:
        raise refusal("deleveraging_order", victim_base)
    for each in found:
        if (each.base > 0) == (victim_base > 0):
            raise refusal("deleveraging_order", victim_base, each.account, each.base)
    return sorted(found)
