"""What must hold of vaults, their depositors and their quotes: the full sweep's part of them.

Every function lists what it finds wrong as (invariant, value, limit); ``invariants`` halts on it.
"""

from __future__ import annotations

from plimsoll.core import asset_units, vault_money
from plimsoll.core.live_checks import Fault
from plimsoll.core.rows import Holding, Vault
from plimsoll.core.state import State
from plimsoll.messages.codes import BUY, PASSIVE_VAULT


def faults(state: State) -> list[Fault]:
    """Everything that is wrong, in a fixed order."""
    found: list[Fault] = []
    waiting = 0
    for vault in state.liquidity.vaults:
        held = state.liquidity.holdings[vault.ident]
        check_shares(vault, held, found)
        waiting += check_unlocks(state, vault, held, found)
        check_hedge(state, vault, found)
        if vault.kind == PASSIVE_VAULT:
            check_quotes(state, vault, found)
    board = state.liquidity
    if board.due.size() != waiting or len(board.waiting) != waiting:
        found.append(("V11", board.due.size(), waiting))
    return found


def check_shares(vault: Vault, held: list[Holding], found: list[Fault]) -> None:
    """V5: the supply is the sum of what is held, and nobody holds less than none."""
    total = 0
    last = -1
    for row in held:
        total += row.shares
        if row.shares < 0 or row.account <= last:
            found.append(("V5", row.shares, row.account))
        last = row.account
    if total != vault.supply:
        found.append(("V5", total, vault.supply))


def check_unlocks(state: State, vault: Vault, held: list[Holding], found: list[Fault]) -> int:
    """V11 of one vault: what waits is there, to the unit; how many holdings have a timer."""
    board = state.liquidity
    total = 0
    given = 0
    timers = 0
    for row in held:
        for unlock in row.unlocks:
            total += unlock.value
            given += unlock.shares
            if unlock.value < 1 or unlock.shares < 1:
                found.append(("V11", unlock.value, unlock.shares))
        if len(row.unlocks) > 0:
            timers += 1
            first = row.unlocks[0]
            known = board.waiting.get(first.ident)
            if known is not row or not board.due.has(first.due_ms, first.ident):
                found.append(("V11", first.ident, first.due_ms))
    if given != vault.waiting:
        found.append(("V11", vault.waiting, given))
    for balance in vault.unlocks.balances:
        due = total if balance.asset == vault.asset else 0
        if balance.amount != due:
            found.append(("V11", balance.amount, due))
    if total > 0 and vault.asset >= len(vault.unlocks.balances):
        found.append(("V11", 0, total))
    return timers


def check_quotes(state: State, vault: Vault, found: list[Fault]) -> None:
    """V12: at most one quote a side of a market it quotes in, bid below ask, free to open."""
    bids: dict[int, int] = {}
    asks: dict[int, int] = {}
    for order in vault.account.orders:
        side = bids if order.side == BUY else asks
        params = vault.quote(order.market)
        if order.market in side or order.reduce_only or params is None or params.weight == 0:
            found.append(("V12", order.ident, order.market))
        side[order.market] = order.price
    for market in sorted(bids):
        ask = asks.get(market, 0)
        if 0 < ask <= bids[market]:
            found.append(("V12", bids[market], ask))


def check_hedge(state: State, vault: Vault, found: list[Fault]) -> None:
    """H1: spot and position of a hedged vault are what depositors brought of the base, and what a
    leg still misses. Nothing of the passive vault."""
    if vault.kind == PASSIVE_VAULT:
        return
    decimals = vault_money.base_decimals(state, vault)
    position = vault_money.position_base(vault)
    amount = asset_units.base_to_asset_floor(abs(position), decimals)
    held = vault_money.spot_base(state, vault) + (amount if position > 0 else -amount)
    due = vault.net_base + vault.unhedged
    if held != due:
        found.append(("H1", held, due))
