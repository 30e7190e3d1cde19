"""Orders and hedged vaults: who is asked, for how much, and at which price.

An order directed at a vault asks that one. Any other asks the vaults that are open to it, in the
order of their ids, as far as their price beats the vAMM's, which is where an auction ends. Each is
asked once, in a scope of its own: a vault that refuses leaves no trace and the order goes on.

Spec: docs/spec/24-spot-hedge.md, HEDGE-013 … HEDGE-016.
"""

from __future__ import annotations

from plimsoll.core import auctions, settlement, spot_hedge_vault, vault_guard
from plimsoll.core.context import Txn
from plimsoll.core.rows import Market, Order, Vault
from plimsoll.messages.codes import (
    AMOUNT_RANGE,
    BUY,
    PASSIVE_VAULT,
    SPOT_SLIPPAGE,
    VAULT_CAPACITY,
    Reject,
)
from plimsoll.messages.events import VaultRefused
from plimsoll.units import AMOUNT_MAX, LOT, RangeError, div_floor, step_floor


def take(txn: Txn, market: Market, taker: Order, maker: int) -> None:
    """Fill what hedged vaults take of an order: the one whose account is ``maker``, or (-1) those
    that are open to orders directed at nobody. HEDGE-013, HEDGE-014.
    """
    for vault in txn.state.liquidity.vaults:
        if vault.kind == PASSIVE_VAULT or vault.market != market.ident or taker.remaining == 0:
            continue
        if maker >= 0:
            if vault.account.ident == maker:
                ask(txn, market, taker, vault, True)
        elif vault.params.undirected:
            ask(txn, market, taker, vault, False)


def ask(txn: Txn, market: Market, taker: Order, vault: Vault, directed: bool) -> None:
    """Let one vault fill what it can; what it refuses leaves nothing behind. HEDGE-015."""
    scope = txn.state.log.open()
    mark = len(txn.events)
    try:
        fill_most(txn, market, taker, vault, directed)
        return
    except Reject as refusal:
        why = refusal
    except RangeError:
        why = Reject(AMOUNT_RANGE, 0, AMOUNT_MAX)
    txn.take_back(scope, mark)
    if directed:
        txn.emit(
            VaultRefused(vault.ident, market.ident, taker.ident, why.code, why.value, why.limit)
        )


def fill_most(txn: Txn, market: Market, taker: Order, vault: Vault, directed: bool) -> None:
    """Fill as much as order, modes and vault allow.

    Rejects: those of ``spot_hedge_vault.check_open`` and ``offer``, VAULT_CAPACITY (nothing to
    give), SPOT_SLIPPAGE (the hedge's price is worse than the limit, or does not beat the vAMM),
    HEDGE_QUOTA, MIN_MARGIN_RATIO, VAULT_UTILISATION.
    """
    state = txn.state
    spot_hedge_vault.check_open(txn, vault, taker.side, taker.account)
    wanted = auctions.fillable(market, taker)
    most = spot_hedge_vault.capacity(state, vault, taker.side, txn.now)
    size = step_floor(min(wanted, most), market.params.step)
    if size == 0:
        raise Reject(VAULT_CAPACITY, wanted, most)
    hedge = spot_hedge_vault.offer(txn, vault, taker.side, size)
    if not settlement.within(taker.side, hedge.quote, size, taker.price):
        raise Reject(SPOT_SLIPPAGE, hedge.quote, div_floor(taker.price * size, LOT))
    if not directed and market.params.vamm_enabled:
        row = state.vamms[market.ident]
        best = row.ask if taker.side == BUY else row.bid
        if not beats(taker.side, hedge.quote, size, best):
            raise Reject(SPOT_SLIPPAGE, hedge.quote, div_floor(best * size, LOT))
    vault_guard.fill(txn, taker, vault, hedge, size)


def beats(side: int, quote: int, size: int, price: int) -> bool:
    """Whether the average price is better for the taker than ``price``."""
    return quote * LOT < price * size if side == BUY else quote * LOT > price * size
