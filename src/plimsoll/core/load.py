"""A state from its dump: the inverse of ``State.dump``. Derived indexes are rebuilt."""

from __future__ import annotations

from typing import Any, cast

from plimsoll.core.repeg import Timer
from plimsoll.core.rows import (
    Auction,
    FirmQuote,
    Held,
    Offer,
    Order,
    Proposal,
    Signed,
    Ticks,
    Track,
    Trigger,
    Unlock,
)
from plimsoll.core.state import State
from plimsoll.core.tracking import MarkTrack, OracleTrack
from plimsoll.messages import changes
from plimsoll.messages.codes import OF_LIQUIDATION, TRADER
from plimsoll.messages.guard_params import BreakerParams
from plimsoll.messages.params import GlobalParams, MarketParams
from plimsoll.messages.vault_params import QuoteParams, VaultParams


def load(dumped: list[Any]) -> State:
    """The state that was dumped."""
    state = State()
    head, principals, assets, accounts, markets, vamms, oracles, orders, used, *more = dumped
    tracks, rates, auctions, triggers, vaults, spot, gateway, guard = more
    state.globals.set_params(GlobalParams(*head[0]))
    state.globals.set_counters(head[1], head[2], head[3])
    state.globals.set_scanned(head[4])
    for name, roles in principals:
        state.add_principal(name, roles)
    for symbol, decimals in assets:
        state.add_asset(symbol, decimals)
    for owner, kind, parent, label, balances, positions in accounts:
        account = state.add_account(owner, kind, parent, label)
        if kind == TRADER:
            state.principals[owner].count_account()
        for asset, amount in balances:
            state.balance(account, asset).add(amount)
        for market_id, base, entry_cost, funding_mark, liquidated_ms in positions:
            row = state.position(account, market_id)
            row.hold(base, entry_cost)
            row.mark_funding(funding_mark)
            row.mark_liquidated(liquidated_ms)
    for params, mode, unhealthy, interest, *idents in markets:
        owners = [state.accounts[ident] for ident in idents]
        market = state.add_market(MarketParams(*params), owners)
        market.set_mode(mode)
        market.set_unhealthy(unhealthy)
        market.add_interest(interest)
    for ident in range(len(state.markets)):
        load_vamm(state, ident, vamms[ident])
        price, confidence, published, accepted, window = oracles[ident]
        state.oracles[ident].accept(price, confidence, published, accepted, window)
        state.oracles[ident].set_band(state.markets[ident].params)
        load_track(state.tracks[ident], tracks[ident])
        state.rates[ident].advance(*rates[ident])
    load_orders(state, orders)
    for live in auctions:
        for dumped_auction in live:
            load_auction(state, dumped_auction)
    for order, *waits in triggers:
        state.board.arm(Trigger(load_order(state, order), *waits))
    load_vaults(state, vaults)
    load_spot(state, spot)
    load_gateway(state, gateway)
    load_guard(state, guard)
    for key, seq in used:
        state.use_external_id(key, seq)
    state.log.commit()
    return state


def load_vamm(state: State, market: int, row: list[Any]) -> None:
    """A curve, its spreads and its sums."""
    x, y, sqrt_k, peg, net, capital, booked, repegs, long_spread, short_spread = row
    vamm = state.vamms[market]
    if state.markets[market].params.vamm_enabled:
        vamm.set_curve(x, y, sqrt_k, peg, net)
        vamm.set_spreads(long_spread, short_spread)
    vamm.add_capital(capital)
    vamm.set_counts(booked, repegs)


def load_track(track: Track, row: list[Any]) -> None:
    """Averages, samples, timer, volumes."""
    oracle, mark, samples, timer, volumes = row
    kept = [(second, price) for second, price in samples]
    track.follow_oracle(OracleTrack(*oracle), kept)
    track.follow_mark(MarkTrack(*mark))
    track.set_timer(Timer(*timer))
    track.set_volumes(volumes[0], volumes[1], volumes[2], volumes[3])
    track.add_revenue(volumes[4])


def load_order(state: State, row: list[Any]) -> Order:
    """An order that is nowhere yet."""
    ident, owner, market, side, price, size, remaining, filled, *flags = row
    reduce_only, expires_ms, client_order_id, age, priority_size, sequence, keeper_fee = flags
    account = state.accounts[owner]
    order = Order(
        state.log,
        ident,
        account,
        state.position(account, market),
        side,
        price,
        size,
        filled,
        reduce_only,
        expires_ms,
        client_order_id,
        age,
    )
    order.set_place(remaining, priority_size, sequence)
    order.set_keeper_fee(keeper_fee)
    return order


def load_orders(state: State, rows: list[list[Any]]) -> None:
    """Rest the orders of a dump in order of arrival."""
    by_arrival: list[list[Any]] = sorted(rows, key=_arrival)
    for row in by_arrival:
        state.rest(load_order(state, row))


def load_auction(state: State, row: list[Any]) -> None:
    """Put an auction up again, with the offers that wait."""
    order, cause, start, end, started_ms, ends_ms, bankruptcy, offers = row
    taker = load_order(state, order)
    if cause == OF_LIQUIDATION:
        taker.without_fees()
    auction = Auction(state.log, taker, cause, start, end, started_ms, ends_ms, bankruptcy)
    state.board.start(auction)
    waiting: list[Offer] = []
    for ident, owner, price, size, arrived_ms, due_ms in offers:
        waiting.append(Offer(ident, state.accounts[owner], price, size, arrived_ms, due_ms))
    if len(waiting) > 0:
        auction.set_offers(waiting)
        state.board.await_offers(waiting[0].due_ms, auction.ident)


def load_vaults(state: State, rows: list[list[Any]]) -> None:
    """Vaults with their shares and what waits to be paid out."""
    board = state.liquidity
    for kind, market, asset, account, unlocks, label, params, supply, liability, *more in rows:
        net_base, unhedged, mode, shut, day, guard, quotes, holdings = more
        owner = state.accounts[account]
        waiting = state.accounts[unlocks]
        vault = board.add_vault(kind, market, asset, owner, waiting, label, VaultParams(*params))
        vault.issue(supply, liability)
        vault.count_base(net_base)
        vault.count_unhedged(unhedged)
        vault.set_mode(mode)
        vault.set_shut(shut)
        vault.set_snapshot_day(day)
        vault.guard.set_mode(guard[0])
        vault.guard.set_calm(guard[1])
        vault.guard.set_high(guard[2])
        vault.guard.set_hedges(load_ticks(guard[3]))
        for at in range(len(quotes)):
            vault.set_quote(at, QuoteParams(*quotes[at]))
        for holder, shares, allowed, queued in holdings:
            row = board.holding(vault.ident, holder)
            row.add_shares(shares)
            row.set_allowed(allowed)
            for ident, value, given, due_ms in queued:
                board.queue(row, Unlock(ident, value, given, due_ms))


def load_spot(state: State, rows: list[Any]) -> None:
    """Spot pools and firm quotes."""
    pools, offers, escrow = rows
    board = state.liquidity
    for account, *fields in pools:
        board.add_pool(state.accounts[account], *fields)
    for ident, owner, *fields in offers:
        board.post(FirmQuote(state.log, ident, state.accounts[owner], *fields))
    if escrow >= 0:
        board.use_escrow(state.accounts[escrow])


def load_ticks(rows: list[list[Any]]) -> Ticks:
    """What was counted, tick by tick."""
    return [(start, amount) for start, amount in rows]


def load_gateway(state: State, rows: list[Any]) -> None:
    """Signers and signed orders."""
    signers, signed = rows
    for account, keys in signers:
        state.gateway.set_signers(account, list(keys))
    for row in signed:
        state.gateway.learn(Signed(state.log, *row))


def load_guard(state: State, rows: list[Any]) -> None:
    """The breaker, what was taken out, what is held, what is proposed."""
    breaker, outflows, holder, held, proposals = rows
    board = state.guard
    params, mode, since_ms, grace_ms, flows = breaker
    if len(params) > 0:
        board.breaker.set_params(BreakerParams(*params))
    board.breaker.set_mode(mode, since_ms, grace_ms)
    for asset in range(len(flows)):
        board.breaker.set_flows(asset, load_ticks(flows[asset]))
    for principal, taken in outflows:
        board.outflow(principal).set_flows(load_ticks(taken))
    if holder >= 0:
        board.use_holder(state.accounts[holder])
    for ident, account, *claim in held:
        board.hold(Held(ident, state.accounts[account], *claim))
    for ident, principal, change, basis, ready_ms, expires_ms in proposals:
        made = changes.from_row(change)
        board.propose(Proposal(ident, principal, made, basis, ready_ms, expires_ms))


def _arrival(row: list[Any]) -> int:
    return cast(int, row[13])
