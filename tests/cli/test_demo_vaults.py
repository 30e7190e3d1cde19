"""The demonstration's vaults: opened by ordinary commands, filled once, hedging at fair prices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from plimsoll.cli import demo_vaults
from plimsoll.messages import codes
from plimsoll.messages.commands import OraclePrices, PricePoint
from plimsoll.messages.vaults import TradeVault
from plimsoll.runtime import presets
from plimsoll.runtime.node import MemoryNode
from plimsoll.runtime.presets_vaults import open_vaults

NOW = 1_700_000_000_000
PRICES = presets.DEFAULT_PRICES


async def open_node(
    prices: Mapping[str, int], overrides: Mapping[str, Mapping[str, Any]] | None = None
) -> MemoryNode:
    """A node that begins as `plimsoll up` does."""
    commands = presets.bootstrap(prices, open_deposits=True, overrides=overrides)
    commands += open_vaults(prices, overrides)
    return await MemoryNode.open(bootstrap=commands, clock=lambda: NOW)


async def publish(node: MemoryNode, *prices: int) -> None:
    """Prices of the markets, now."""
    stamp = NOW + node.last_seq
    points = [PricePoint(at, price, 0, stamp) for at, price in enumerate(prices)]
    await node.submit(OraclePrices(points), principal=presets.ORACLE)


async def test_vaults_are_opened_and_filled_once() -> None:
    """Two markets: five vaults, all with a depositor; a restart deposits nothing again."""
    async with await open_node(PRICES) as node:
        account = await demo_vaults.prepare(node)
        seq = node.last_seq
        vaults = await node.query(lambda state: state.liquidity.vaults)
        assert [codes.VAULT_KINDS[one.kind] for one in vaults] == [
            "passive", "base", "quote", "base", "quote",
        ]  # fmt: skip
        assert all(one.supply > 0 for one in vaults)
        assert await demo_vaults.prepare(node) == account
        assert node.last_seq == seq
        await publish(node, *PRICES.values())
        orders = await node.query(lambda state: len(state.accounts[codes.VAULT_ACCOUNT].orders))
        assert orders == 4


async def test_pools_follow_the_oracle() -> None:
    """A price that moves away brings one swap a pool; then there is nothing to do, and vaults can
    hedge there."""
    async with await open_node(PRICES) as node:
        account = await demo_vaults.prepare(node)
        owner = await node.query(lambda state: state.accounts[account].owner)
        await publish(node, *PRICES.values())
        assert await node.query(lambda state: demo_vaults.swaps(state, account)) == []
        moved = [price * 11 // 10 for price in PRICES.values()]
        for prices in (moved, list(PRICES.values())):
            await publish(node, *prices)
            found = await node.query(lambda state: demo_vaults.swaps(state, account))
            assert [one.pool for one in found] == [0, 1]
            for command in found:
                assert (await node.submit(command, principal=owner)).accepted
            assert await node.query(lambda state: demo_vaults.swaps(state, account)) == []
        trade = TradeVault(account, 1, codes.SELL, False, 10**8, 0, False)
        assert (await node.submit(trade, principal=owner)).accepted


@pytest.mark.parametrize(
    ("prices", "overrides", "kinds"),
    [
        ({"DOGE-USD": 200_000}, {}, ["passive"]),
        (
            {"BTC-USD": 60_000_000_000},
            {"BTC-USD": {"price_band": 900, "market_slippage": 900}},
            ["passive", "base", "quote"],
        ),
        ({"BTC-USD": 100_000_000}, {"BTC-USD": {"vamm_enabled": 0}}, ["passive", "base", "quote"]),
        ({"ETH-USD": 3_000_000_000}, {}, ["passive", "base", "quote"]),
    ],
)
async def test_whatever_markets_there_are(
    prices: dict[str, int], overrides: dict[str, dict[str, Any]], kinds: list[str]
) -> None:
    """Where there is no room for a vault or its quotes the exchange opens all the same."""
    async with await open_node(prices, overrides) as node:
        await demo_vaults.prepare(node)
        vaults = await node.query(lambda state: state.liquidity.vaults)
        assert [codes.VAULT_KINDS[one.kind] for one in vaults] == kinds
        assert all(one.supply > 0 for one in vaults)


async def test_an_exchange_without_vaults_goes_on_without() -> None:
    """A data directory from before is opened as it is."""
    commands = presets.bootstrap(PRICES, open_deposits=True)
    async with await MemoryNode.open(bootstrap=commands, clock=lambda: NOW) as node:
        assert await demo_vaults.prepare(node) == -1
