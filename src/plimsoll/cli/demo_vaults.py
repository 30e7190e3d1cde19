"""Who makes the demonstration's vaults live: a depositor, and somebody who trades the spot pools to
where the oracle is, as outside markets would.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import structlog

from plimsoll.cli import demo_client
from plimsoll.core import views
from plimsoll.errors import NodeBusy
from plimsoll.messages.commands import Command, Deposit
from plimsoll.messages.vaults import DepositVault, SwapSpot
from plimsoll.runtime import presets
from plimsoll.runtime.node import NodeBase
from plimsoll.runtime.presets_vaults import amount_for
from plimsoll.units import QUOTE_SCALE, isqrt

DEPOSITOR: Final = "demo/depositor"
ARBITRAGEUR: Final = "demo/spot"
SECONDS: Final = 1.0
IN_VAULT: Final = 200_000 * QUOTE_SCALE
"""What a vault is worth at first."""
WEALTH: Final = 20_000_000 * QUOTE_SCALE
"""What each of the two brings of every asset."""
FEES: Final = 2
"""How many fees of a pool its price may be off before somebody trades it back."""

_log = structlog.get_logger("plimsoll.up")


async def prepare(node: NodeBase) -> int:
    """Let the two join, once, with money in every asset; the account that trades the pools.

    -1 on an exchange without vaults.
    """
    if not await node.query(lambda state: len(state.liquidity.vaults)):
        return -1
    _, trader = await demo_client.join(node, ARBITRAGEUR, WEALTH)
    principal, depositor = await demo_client.join(node, DEPOSITOR, WEALTH)
    for command in await node.query(lambda state: _first_steps(state, depositor, trader)):
        sender = presets.OPERATOR if isinstance(command, Deposit) else principal
        receipt = await node.submit(command, principal=sender)
        if not receipt.accepted:
            _log.warning("vaults not filled", command=type(command).__name__)
    return trader


def _first_steps(state: Any, depositor: int, trader: int) -> list[Command]:
    """Assets for both, then a deposit into each vault; nothing if that was done before."""
    found: list[Command] = []
    worth: dict[int, int] = {0: IN_VAULT}
    for market in state.markets:
        asset = market.params.base_asset
        if asset >= 0:
            price = state.oracles[market.ident].price or market.params.vamm_peg
            decimals = state.assets[asset].decimals
            worth[asset] = amount_for(IN_VAULT, price, decimals)
            brought = amount_for(WEALTH, price, decimals)
            for account in (depositor, trader):
                key = f"demo-{state.assets[asset].symbol}-{account}"
                found.append(Deposit(account, asset, brought, key))
    for vault in state.liquidity.vaults:
        if state.liquidity.find(vault.ident, depositor) is not None:
            return []
        found.append(DepositVault(depositor, vault.ident, worth[vault.asset], 0))
    return found


def swaps(state: Any, account: int) -> list[SwapSpot]:
    """A swap for each pool whose price is off the oracle by more than its fees."""
    found: list[SwapSpot] = []
    for market in state.markets:
        price = state.oracles[market.ident].price
        for pool in state.liquidity.pools:
            if price > 0 and pool.base == market.params.base_asset and pool.quote == 0:
                view = views.spot_pool_view(state, pool)
                swap = _swap(view, pool.ident, account, pool.base, price, state.assets)
                if swap is not None:
                    found.append(swap)
    return found


def _swap(
    view: dict[str, Any], pool: int, account: int, base: int, price: int, assets: Any
) -> SwapSpot | None:
    """What brings a pool of constant product to a price (1e-6 quote a whole base)."""
    held = view["base_reserve"] + view["virtual_base"]
    product = held * (view["quote_reserve"] + view["virtual_quote"])
    if product == 0:
        return None
    wanted = isqrt(product * 10 ** assets[base].decimals // price)
    # The reserve moves by half as much as the price, in proportion.
    if abs(wanted - held) * 2_000_000 <= held * max(1, FEES * view["fee"]):
        return None
    if wanted > held:
        return SwapSpot(account, pool, base, False, wanted - held, 0)
    amount = min(held - wanted, view["base_reserve"])
    return SwapSpot(account, pool, 0, True, amount, 0) if amount > 0 else None


async def arbitrage(node: NodeBase, account: int) -> None:
    """Trade the pools back to the oracle, again and again."""
    principal = await node.query(lambda state: state.accounts[account].owner)
    while True:
        await asyncio.sleep(SECONDS)
        for command in await node.query(lambda state: swaps(state, account)):
            try:
                await node.submit(command, principal=principal)
            except NodeBusy:
                _log.warning("order not sent", trader=ARBITRAGEUR, reason="the node is busy")
