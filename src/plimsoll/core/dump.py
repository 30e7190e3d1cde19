"""Rows as nested lists of ints and texts, in canonical order: what the state hash is taken of."""

from __future__ import annotations

from plimsoll.core.rows import (
    Account,
    Auction,
    Breaker,
    FirmQuote,
    Held,
    Holding,
    Market,
    Offer,
    Oracle,
    Order,
    Outflow,
    Position,
    Proposal,
    Rates,
    Signed,
    SpotPool,
    Track,
    Trigger,
    Vamm,
    Vault,
)


def account(row: Account) -> list[object]:
    """An account with what it holds; an empty balance leaves no trace.

    A flat position does: its market bears a part of what the account may still owe.
    """
    balances = [[b.asset, b.amount] for b in row.balances if b.amount != 0]
    positions = [position(p) for p in row.positions]
    return [row.owner, row.kind, row.parent, row.label, balances, positions]


def position(row: Position) -> list[object]:
    """What is held in one market; the sums of open orders are derived."""
    return [row.market, row.base, row.entry_cost, row.funding_mark, row.liquidated_ms]


def market(row: Market) -> list[object]:
    """A market and its accounts."""
    return [
        row.params.row(),
        row.mode,
        row.unhealthy,
        row.open_interest,
        row.vamm.ident,
        row.adjustments.ident,
        row.funding.ident,
        row.insurance.ident,
        row.clearing.ident,
        row.escrow.ident,
    ]


def vamm(row: Vamm) -> list[object]:
    """A curve, its spreads and its sums."""
    return [
        row.x,
        row.y,
        row.sqrt_k,
        row.peg,
        row.net,
        row.capital,
        row.booked,
        row.repegs,
        row.long_spread,
        row.short_spread,
    ]


def oracle(row: Oracle) -> list[object]:
    """The last price and the window."""
    return [row.price, row.confidence, row.published_ms, row.accepted_ms, row.window]


def track(row: Track) -> list[object]:
    """Averages, samples, timer, volumes."""
    of = row.oracle
    mark = row.mark
    return [
        [of.price, of.funding, of.health, of.deviation, of.confidence, of.updated],
        [mark.bid, mark.ask, mark.funding, mark.health, mark.deviation, mark.updated],
        [[second, price] for second, price in row.samples],
        [row.timer.elapsed_ms, row.timer.sampled_ms],
        [row.buy_volume, row.sell_volume, row.day_volume, row.traded_s, row.revenue],
    ]


def rates(row: Rates) -> list[object]:
    """Cumulative funding."""
    return [row.long, row.short, row.last, row.average, row.updated_s]


def order(row: Order) -> list[object]:
    """An order, whether it rests, is in an auction, or waits for a trigger."""
    return [
        row.ident,
        row.account.ident,
        row.market,
        row.side,
        row.price,
        row.size,
        row.remaining,
        row.filled,
        row.reduce_only,
        row.expires_ms,
        row.client_order_id,
        row.age,
        row.priority_size,
        row.sequence,
        row.keeper_fee,
    ]


def auction(row: Auction) -> list[object]:
    """A live auction and the offers that wait."""
    return [
        order(row.order),
        row.cause,
        row.start,
        row.end,
        row.started_ms,
        row.ends_ms,
        row.bankruptcy,
        [offer(one) for one in row.offers],
    ]


def offer(row: Offer) -> list[object]:
    """A waiting offer."""
    return [row.ident, row.account.ident, row.price, row.size, row.arrived_ms, row.due_ms]


def trigger(row: Trigger) -> list[object]:
    """A waiting trigger."""
    return [
        order(row.order),
        row.kind,
        row.tif,
        row.trigger_price,
        row.direction,
        row.earliest_ms,
        row.maker,
    ]


def vault(row: Vault, held: list[Holding]) -> list[object]:
    """A vault and who holds something of it; an empty holding leaves no trace."""
    return [
        row.kind,
        row.market,
        row.asset,
        row.account.ident,
        row.unlocks.ident,
        row.label,
        row.params.row(),
        row.supply,
        row.liability,
        row.net_base,
        row.unhedged,
        row.mode,
        row.shut,
        row.snapshot_day,
        [row.guard.mode, row.guard.calm_ms, row.guard.high, ticks(row.guard.hedges)],
        [quote.row() for quote in row.quotes],
        [holding(one) for one in held if not one.is_empty()],
    ]


def holding(row: Holding) -> list[object]:
    """Shares of an account, and the unlocks that wait."""
    unlocks = [[one.ident, one.value, one.shares, one.due_ms] for one in row.unlocks]
    return [row.account, row.shares, row.allowed, unlocks]


def liquidity(vaults: list[Vault], holdings: list[list[Holding]]) -> list[object]:
    """Every vault."""
    return [vault(row, holdings[row.ident]) for row in vaults]


def pool(row: SpotPool) -> list[object]:
    """A spot pool; its reserves are balances."""
    return [row.account.ident, row.base, row.quote, row.fee, row.virtual_base, row.virtual_quote]


def firm_quote(row: FirmQuote) -> list[object]:
    """A firm quote that stands."""
    return [
        row.ident,
        row.account.ident,
        row.asset,
        row.side,
        row.price,
        row.left,
        row.held,
        row.expires_ms,
    ]


def spot(pools: list[SpotPool], offers: list[FirmQuote], escrow: Account | None) -> list[object]:
    """Every pool, every firm quote in its order, and the account that holds what quotes need."""
    return [
        [pool(row) for row in pools],
        [firm_quote(row) for row in offers],
        -1 if escrow is None else escrow.ident,
    ]


def ticks(flows: list[tuple[int, int]]) -> list[object]:
    """What was counted, tick by tick."""
    return [[start, amount] for start, amount in flows]


def signed(row: Signed) -> list[object]:
    """What is known of a signed order."""
    return [
        row.ident,
        row.order_hash,
        row.account,
        row.size,
        row.expires_ms,
        row.filled,
        row.cancelled,
    ]


def breaker(row: Breaker) -> list[object]:
    """The breaker of the exchange and what it counted; what is gone is derived."""
    params: list[object] = [] if row.params is None else row.params.row()
    flows: list[object] = [ticks(each) for each in row.flows]
    return [params, row.mode, row.since_ms, row.grace_ms, flows]


def outflow(row: Outflow) -> list[object]:
    """What a principal took out."""
    return [row.principal, ticks(row.flows)]


def held(row: Held) -> list[object]:
    """A withdrawal that waits."""
    return [
        row.ident,
        row.account.ident,
        row.asset,
        row.amount,
        row.worth,
        row.due_ms,
        row.over,
    ]


def proposal(row: Proposal) -> list[object]:
    """A change that waits."""
    return [
        row.ident,
        row.principal,
        row.change.row(),
        row.basis,
        row.ready_ms,
        row.expires_ms,
    ]
