"""The live view fits its screen and shows what the board holds."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from plimsoll.cli.board import Board, Caption, MarketBoard, NodeBoard
from plimsoll.cli.figures import decimals_of, fixed, short_usd, span, usd
from plimsoll.cli.terminal import render
from plimsoll.cli.terminal_mechanisms import funding_clock
from plimsoll.messages.events import Filled
from plimsoll.messages.mechanisms import (
    BadDebt,
    Deleveraged,
    Liquidating,
    Repegged,
    RepegUnaffordable,
)
from plimsoll.runtime import presets
from plimsoll.runtime.node import MemoryNode

NOW = 1_700_000_000_000


def drawn(board: Board, width: int, height: int, selected: int = 0) -> list[str]:
    """The lines of the screen."""
    console = Console(
        file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None
    )
    options = console.options.update_dimensions(width, height)
    rows = console.render_lines(render(board, selected, width, height), options)
    return ["".join(part.text for part in row) for row in rows]


def market(symbol: str = "BTC-USD") -> MarketBoard:
    """A market with three levels a side, a vAMM between them, and some trades."""
    made = MarketBoard(symbol, 1, 3, oracle=60_000_000_000, oracle_valid=True, mode="active")
    made.bids = [[59_990_000_000 - 10_000_000 * at, (at + 1) * 10**8] for at in range(30)]
    made.asks = [[60_010_000_000 + 10_000_000 * at, (at + 1) * 10**8] for at in range(30)]
    made.vamm = {
        "reservation_price": 59_994_000_000, "bid": 59_985_000_000, "ask": 60_015_000_000,
        "bid_size": 8 * 10**9, "ask_size": 8 * 10**9, "base": -(10**9),
        "capital": 10**12, "equity": 10**12 + 5_000_000, "pnl": 5_000_000,
        "long_spread": 1_234, "short_spread": 500,
    }  # fmt: skip
    made.pools = {
        "adjustments": 1_000_000, "funding": 2_000_000, "insurance": 3_000_000, "clearing": 4_000,
        "escrow": 0,
    }  # fmt: skip
    made.averages = {
        "mark": 59_994_000_000, "mark_5min": 59_993_000_000, "mark_1h": 59_992_000_000,
        "oracle_5min": 59_991_000_000, "oracle_1h": 59_990_000_000,
    }  # fmt: skip
    made.funding = {"rate": 750_000_000, "due_ms": NOW + 1_800_000}
    made.repeg_timer = {"elapsed_ms": 5_400_000, "after_ms": 10_800_000}
    for at in range(60):
        fill = Filled(
            at, 0, at % 2, at % 2, 1, 2, 3, 4, 60_000_000_000, 10**7, 600_000_000,
            *[0] * (len(Filled.FIELDS) - 11),
        )  # fmt: skip
        made.take(fill, NOW + at)
    return made


@pytest.fixture
async def board() -> Board:
    """A board of a node that has not been looked at yet."""
    async with await MemoryNode.open(clock=lambda: NOW) as node:
        return NodeBoard(node, lambda: NOW, note="http://127.0.0.1:8766")


def auction(ident: int, **changes: Any) -> dict[str, Any]:
    """A live auction that has run for two of its five seconds."""
    row = {
        "auction": ident, "side": "buy", "size": 10**9, "remaining": 7 * 10**8,
        "price": 60_012_000_000, "start": 60_000_000_000, "end": 60_030_000_000,
        "started_ms": NOW - 2_000, "ends_ms": NOW + 3_000, "cause": "order",
    }  # fmt: skip
    return {**row, **changes}


def happened(made: MarketBoard) -> None:
    """A repeg that was paid, one that was not, a liquidation with all that may follow."""
    made.take(Repegged(0, 1, 3, 1, 2, 7_511_920_000, 59_000_000_000, 60_000_000_000, 5), NOW)
    made.take(
        RepegUnaffordable(0, 9_000_000_000, 5, 56_000_000_000, 60_000_000_000, 10**7), NOW + 1
    )
    made.take(Liquidating(9, 0, 1, 10**9, 1, 1, -5, 6, 7), NOW + 2)
    made.take(Deleveraged(1, 9, 12, 0, 2 * 10**9, 8), NOW + 3)
    made.take(BadDebt(9, 0, 1_234_560_000, 1_000_000_000, 234_560_000, 0), NOW + 4)


@pytest.mark.parametrize(
    ("width", "height"),
    [(80, 24), (100, 30), (110, 24), (120, 40), (130, 42), (200, 60)],
)
@pytest.mark.parametrize("auctions", [0, 1, 32])
@pytest.mark.parametrize("chapter", [False, True])
async def test_screen_is_filled_exactly(
    board: Board, width: int, height: int, auctions: int, chapter: bool
) -> None:
    """As many lines as the screen has, none longer than it is wide, every panel closed."""
    board.markets = [market(), market("ETH-USD")]
    board.markets[0].auctions = [auction(ident) for ident in range(1, auctions + 1)]
    happened(board.markets[0])
    board.caption = Caption("1/12  A chapter", "What to look at") if chapter else None
    lines = drawn(board, width, height)
    assert len(lines) == height
    assert max(map(len, lines)) <= width
    assert sum(line.count("╭") for line in lines) == sum(line.count("╰") for line in lines)
    text = "\n".join(lines)
    for word in ("oracle", "vAMM bid", "spread", "divergence", "order book", "trades", "◆ vAMM",
                 "insurance", "funding", "cmd/s", "rejects", "quit", board.note):  # fmt: skip
        assert word in text
    assert "60,000.0" in text
    assert "-1.0 bp" in text  # 6 below 60,000
    assert "1,000,005.00" in text


async def test_book_stands_in_order_with_the_vamm_in_its_place(board: Board) -> None:
    """Prices fall from the top of the asks to the bottom of the bids, the vAMM's among them."""
    board.markets = [market()]
    left = [line[:40] for line in drawn(board, 80, 24)][6:15]
    prices = [float(line.split()[1].replace(",", "")) for line in left if "─" not in line]
    assert prices == sorted(prices, reverse=True)
    assert len(prices) == 8
    assert [line.split()[1] for line in left if "◆" in line] == ["60,015.0", "59,985.0"]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (130, 42)])
async def test_auctions_count_down(board: Board, width: int, height: int) -> None:
    """Id, side, what is left, what it asks, the time; the next to end first; how many do not fit.

    On a wide screen also where the price ends and a bar of the time.
    """
    made = market()
    soon = auction(8, side="sell", ends_ms=NOW + 900, cause="liquidation")
    made.auctions = [auction(7), soon, *(auction(ident) for ident in range(20, 50))]
    board.markets = [made]
    lines = drawn(board, width, height)
    text = "\n".join(lines)
    assert "auctions 32" in text
    shown = [line for line in lines if "60,012.0" in line]
    assert "8 sell" in shown[0]
    assert "liq" in shown[0]
    assert "0.9" in shown[0]
    assert "7 buy" in shown[1]
    assert "0.700" in shown[1]
    assert "3.0" in shown[1]
    assert f"… and {32 - len(shown)} more" in text


@pytest.mark.parametrize(("width", "height"), [(80, 24), (130, 42)])
async def test_mechanisms_are_shown(board: Board, width: int, height: int) -> None:
    """Averages, both spreads, all pools, the funding rate and when the next is due, repegs and
    liquidations, and why the market is restricted."""
    made = market()
    made.mode, made.unhealthy = "restricted", ["mark_oracle", "imbalance"]
    happened(made)
    board.markets = [made]
    text = "\n".join(drawn(board, width, height))
    for words in (
        "restricted: mark off oracle, imbalance", "59,993.0", "59,991.0", "59,992.0", "59,990.0",
        "+12.3", "-5.0", "clearing", "+0.0012 %", "00:30:00", "due 9,000",
    ):  # fmt: skip
        assert words in text
    if width > 100:
        for words in (
            "01:30:00 of 03:00:00", "59,000.0→60,000.0 -7,511", "bad debt", "1,234.56 USD",
            "deleveraged", "2.000 of #12", "1.000 of #9",
        ):  # fmt: skip
            assert words in text


async def test_a_chapter_stands_above_the_market(board: Board) -> None:
    """Title, what to look at and the step are the lines under the header."""
    board.markets = [market()]
    board.caption = Caption("3/12  One-sided flow", "Look at the spreads", "bob buys")
    lines = drawn(board, 80, 24)
    assert [line.strip() for line in lines[1:4]] == [
        "3/12  One-sided flow", "Look at the spreads", "▸ bob buys",
    ]  # fmt: skip
    assert "BTC-USD" in lines[4]


async def test_stale_price_and_another_market(board: Board) -> None:
    """A price that is too old says so; the chosen market is shown."""
    board.markets = [market(), market("ETH-USD")]
    board.markets[1].oracle_valid = False
    text = "\n".join(drawn(board, 80, 24, selected=1))
    assert "stale" in text
    assert "╭─ ETH-USD" in text


async def test_empty_board_can_be_drawn(board: Board) -> None:
    """Before the first look there is a line, not an error."""
    assert "waiting" in "\n".join(drawn(board, 80, 24))
    board.markets = [MarketBoard("BTC-USD", 1, 3)]
    assert len(drawn(board, 80, 24)) == 24


async def test_board_reads_a_node() -> None:
    """A look at a node fills in markets with the digits of their grids."""
    clock = iter(range(NOW, NOW + 10**6, 500))
    commands = presets.bootstrap(presets.DEFAULT_PRICES, open_deposits=False)
    async with await MemoryNode.open(bootstrap=commands, clock=lambda: NOW) as node:
        board = NodeBoard(node, lambda: next(clock))
        await board.refresh()
        assert [(m.symbol, m.price_digits, m.size_digits) for m in board.markets] == [
            ("BTC-USD", 1, 3),
            ("ETH-USD", 2, 3),
        ]
        assert board.node.seq == len(commands)
        assert board.markets[0].vamm is not None
        assert not board.markets[0].oracle_valid


def test_funding_clock_counts_to_the_full_hour() -> None:
    """It shows the rest of the hour, a full one at its start."""
    assert funding_clock(NOW - NOW % 3_600_000) == "01:00:00"
    assert funding_clock(NOW - NOW % 3_600_000 + 3_599_001) == "00:00:01"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (fixed(-1_234_567_890, 6, 2), "-1,234.56"),
        (fixed(5, 0, 2), "5.00"),
        (fixed(-4_000, 6, 2), "0.00"),
        (usd(999_999), "0.99"),
        (short_usd(950_000_000), "950"),
        (short_usd(12_345_000_000), "12.3k"),
        (short_usd(-4_567_890_000_000), "-4.56M"),
        (short_usd(2_000_000_000_000_000), "2.00B"),
        (span(90_000), "1.5 min"),
        (span(86_400_000), "1 d"),
        (str(decimals_of(100_000, 6)), "1"),
        (str(decimals_of(1, 9)), "9"),
    ],
)
def test_figures_are_cut_never_rounded_up(text: str, expected: str) -> None:
    """Digits that are shown are digits that are there."""
    assert text == expected
