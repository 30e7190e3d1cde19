"""What a liquidation costs and who bears what is lost: penalty, insurance, haircut.

The shares are found in ``liquidation``; here they are paid. A pool never goes below zero and never
bears another market's loss; a haircut takes unrealised profit only. Money 1e-6 quote.

Spec: docs/spec/18-liquidation.md, LIQ-009 … LIQ-011, LIQ-020 … LIQ-023.
"""

from __future__ import annotations

from plimsoll.core import ledger, liquidation, margin, settlement
from plimsoll.core.context import Txn
from plimsoll.core.rows import Account, Market, Position
from plimsoll.core.state import State
from plimsoll.messages.codes import (
    R_BAD_DEBT,
    R_HAIRCUT,
    R_KEEPER_LIQUIDATION,
    R_PENALTY,
)
from plimsoll.messages.mechanisms import BadDebt
from plimsoll.units import notional_floor


def charge(txn: Txn, market: Market, account: Account, closed: int) -> None:
    """Charge the penalty for base ``closed`` just now; the keeper is paid out of it. LIQ-009."""
    if closed == 0:
        return
    state = txn.state
    params = market.params
    value = notional_floor(state.oracles[market.ident].price, closed)
    equity = margin.equity(state, account)
    amount = liquidation.penalty(value, params.liquidation_penalty, equity)
    reward = liquidation.keeper_part(amount, params.liquidation_keeper_share)
    ident = market.ident
    ledger.pay(txn, account, market.insurance, amount, R_PENALTY, ident)
    ledger.pay(txn, market.insurance, txn.keeper_account(), reward, R_KEEPER_LIQUIDATION, ident)


def profit(state: State, market: Market, account: Account, row: Position) -> int:
    """Unrealised profit of a position that its account can give up and stay solvent; >= 0.

    Funding must be settled. LIQ-021.
    """
    gained = margin.value(row.base, state.oracles[market.ident].price) - row.entry_cost
    if gained <= 0:
        return 0
    least = min(gained, margin.equity(state, account))
    return max(0, least)


def cover(txn: Txn, account: Account, markets: list[Market], notionals: list[int]) -> None:
    """Bring an account without positions up to 0, at the cost of the markets. LIQ-010, LIQ-022.

    ``notionals`` weigh the markets; without any they bear equal parts. Nothing if it owes nothing.
    """
    missing = liquidation.deficit(account.cash())
    if missing == 0:
        return
    weights = notionals
    if max(notionals) == 0:
        weights = [1] * len(notionals)
    at = 0
    for part in liquidation.split_deficit(missing, weights):
        bear(txn, markets[at], account, part)
        at += 1


def bear(txn: Txn, market: Market, debtor: Account, loss: int) -> None:
    """Pay a loss from the market's insurance, then from its winners; report what is left."""
    if loss == 0:
        return
    insured = insure(txn, market, debtor, loss)
    cut = haircut(txn, market, debtor, loss - insured)
    unpaid = loss - insured - cut
    txn.emit(BadDebt(debtor.ident, market.ident, loss, insured, cut, unpaid))


def insure(txn: Txn, market: Market, debtor: Account, loss: int) -> int:
    """Pay a loss from the insurance pool as far as it goes; returns how much."""
    paid = min(loss, max(0, market.insurance.cash()))
    ledger.pay(txn, market.insurance, debtor, paid, R_BAD_DEBT, market.ident)
    if debtor is market.vamm:
        txn.state.vamms[market.ident].book(-paid)
    return paid


def haircut(txn: Txn, market: Market, debtor: Account, loss: int) -> int:
    """Take a loss from the unrealised profits of a market; returns how much. LIQ-011, LIQ-021.

    Walks all accounts, in order of their ids: it is the last resort.
    """
    if loss == 0:
        return 0
    state = txn.state
    winners: list[Account] = []
    profits: list[int] = []
    for account in state.accounts:
        row = account.position(market.ident)
        if account is debtor or row is None or row.base == 0:
            continue
        settlement.settle_funding(txn, market, account, row)
        gain = profit(state, market, account, row)
        if gain > 0:
            winners.append(account)
            profits.append(gain)
    taken = 0
    at = 0
    for part in liquidation.haircut_shares(loss, profits):
        winner = winners[at]
        at += 1
        ledger.pay(txn, winner, debtor, part, R_HAIRCUT, market.ident)
        # What is cut is profit no more: the next loss must not find it again.
        row = state.position(winner, market.ident)
        row.hold(row.base, row.entry_cost + part)
        taken += part
        if winner is market.vamm:
            state.vamms[market.ident].book(part)
    if debtor is market.vamm:
        state.vamms[market.ident].book(-taken)
    return taken
