"""Vaults and spot pools in the live view."""

from __future__ import annotations

from typing import Any

import pytest

from plimsoll.cli.board import Board, Caption, NodeBoard
from plimsoll.runtime import presets
from plimsoll.runtime.node import MemoryNode
from tests.cli.test_terminal import NOW, drawn, market
from tests.harness.liquidity import liquidity


def passive(**changes: Any) -> dict[str, Any]:
    """A passive vault worth 5,001.23 USD that quotes BTC."""
    quotes = [{"market": "BTC-USD", "bid": 59_880_000_000, "ask": 60_120_000_000}]
    row = {
        "vault": 0, "kind": "passive", "market": None, "asset": "USD", "decimals": 6,
        "assets": 5_001_239_999, "share_price": 1_000_248_000, "shut": False, "mode": "active",
        "utilisation": 0, "hedge": None, "quotes": quotes,
    }  # fmt: skip
    return {**row, **changes}


def hedged(**changes: Any) -> dict[str, Any]:
    """A base vault of 2 BTC of which a quarter is in use."""
    hedge = {
        "base_asset": "BTC", "spot": 15 * 10**7, "position": 5 * 10**8, "unhedged": 0,
    }  # fmt: skip
    row = {
        "vault": 1, "kind": "base", "market": "BTC-USD", "asset": "BTC", "decimals": 8,
        "base_decimals": 8, "assets": 2 * 10**8, "share_price": 10**9, "shut": False,
        "mode": "active", "utilisation": 250_000, "hedge": hedge, "quotes": [],
    }  # fmt: skip
    return {**row, **changes}


POOL = {
    "pool": 0, "base": "BTC", "quote": "USD", "price": 59_404_470_186_388,
    "base_reserve": 105 * 10**7, "quote_reserve": 570_149_253_732, "decimals": (8, 6),
}  # fmt: skip


def full(**changes: Any) -> Board:
    """A board with a market, two vaults and a pool."""
    made = Board(NOW, "a note")
    made.markets = [market()]
    made.vaults, made.pools = [passive(), hedged(**changes)], [POOL]
    return made


@pytest.mark.parametrize(
    ("width", "height"), [(80, 24), (100, 30), (110, 24), (120, 40), (130, 42), (200, 60)]
)
@pytest.mark.parametrize("count", [1, 3, 40])
@pytest.mark.parametrize("chapter", [False, True])
def test_screen_is_filled_exactly(width: int, height: int, count: int, chapter: bool) -> None:
    """With any number of vaults: as many lines as the screen has, every panel closed."""
    made = full()
    made.vaults = [hedged(vault=at) for at in range(count)]
    made.caption = Caption("1/12  A chapter", "What to look at") if chapter else None
    lines = drawn(made, width, height)
    assert len(lines) == height
    assert max(map(len, lines)) <= width
    assert sum(line.count("╭") for line in lines) == sum(line.count("╰") for line in lines)
    text = "\n".join(lines)
    for word in ("oracle", "order book", "trades", "insurance", "cmd/s", "a note"):
        assert word in text
    assert "2.0000 BTC" in text
    if count == 40:
        assert "more" in text or "vaults" in text


def test_worth_quotes_and_hedges_are_shown() -> None:
    """Cut, never rounded up; quotes of the market that is shown; both legs of a hedge."""
    text = "\n".join(drawn(full(), 130, 42))
    for words in ("vaults and spot pools", "5,001.23 USD", "1.0002 a share", "59,880.0 / 60,120.0",
                  "25% used", "spot 1.500", "pos 0.500", "BTC/USD", "59,404.4701",
                  "10.500 BTC + 570,149.25 USD"):  # fmt: skip
        assert words in text, words
    assert "unhedged" not in text


def test_what_is_wrong_with_a_vault_is_shown() -> None:
    """A hedge that is missing, a mode, a vault that is worth nothing, no quotes."""
    missing = {**hedged()["hedge"], "unhedged": -5 * 10**6}
    made = full(mode="restricted", utilisation=1_000_000, hedge=missing)
    made.vaults[0] = passive(quotes=[])
    text = "\n".join(drawn(made, 130, 42))
    for words in ("restricted", "100% used", "unhedged -0.050", "quotes nothing here"):
        assert words in text, words
    made.vaults[0] = passive(shut=True, share_price=None, assets=-1_000_000)
    made.pools = [{**POOL, "price": None}]
    text = "\n".join(drawn(made, 130, 42))
    assert "-1.00 USD  shut" in text


def test_a_small_screen_has_a_line() -> None:
    """Where a table would leave no room for the book."""
    text = "\n".join(drawn(full(), 80, 24))
    assert "vaults  passive 5,001.23 USD base 2.0000 BTC 25%" in text
    assert "vaults and spot pools" not in text


async def test_a_board_sees_vaults_and_pools_of_a_node() -> None:
    """A look fills in what the view needs, with the decimals of each asset."""
    commands = presets.bootstrap({"BTC-USD": 60_000_000_000}, open_deposits=True)
    params = presets.market_params("BTC-USD", 60_000_000_000)
    commands += liquidity(params, 1)
    async with await MemoryNode.open(bootstrap=commands, clock=lambda: NOW) as node:
        board = NodeBoard(node, lambda: NOW)
        await board.refresh()
    assert [one["kind"] for one in board.vaults] == ["passive", "base", "quote"]
    assert [one["decimals"] for one in board.vaults] == [6, 8, 6]
    assert board.pools[0]["decimals"] == (8, 6)
    text = "\n".join(drawn(board, 130, 42))
    assert "10.000 BTC + 600,000.00 USD" in text
