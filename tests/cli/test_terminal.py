"""The live view fits its screen and shows what the board holds."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from plimsoll.cli.board import Board, MarketBoard, NodeBoard
from plimsoll.cli.figures import decimals_of, fixed, short_usd, span, usd
from plimsoll.cli.terminal import funding_clock, render
from plimsoll.messages.events import Filled
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
    }  # fmt: skip
    made.pools = {"adjustments": 1_000_000, "funding": 2_000_000, "insurance": 3_000_000}
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


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (120, 40), (200, 60)])
async def test_screen_is_filled_exactly(board: Board, width: int, height: int) -> None:
    """As many lines as the screen has, none longer than it is wide, every panel closed."""
    board.markets = [market(), market("ETH-USD")]
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
    left = [line[:44] for line in drawn(board, 80, 24)][6:17]
    prices = [float(line.split()[1].replace(",", "")) for line in left if "─" not in line]
    assert prices == sorted(prices, reverse=True)
    assert len(prices) == 10
    assert [line.split()[1] for line in left if "◆" in line] == ["60,015.0", "59,985.0"]


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
