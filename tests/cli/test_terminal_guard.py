"""The breaker and delayed orders in the live view."""

from __future__ import annotations

from typing import Any

import pytest

from plimsoll.cli.board import Board, Guard, NodeBoard
from plimsoll.cli.terminal_guard import header
from plimsoll.messages import codes
from plimsoll.messages.commands import (
    CreateAccount,
    CreatePrincipal,
    OraclePrices,
    PlaceDelayed,
    PricePoint,
    SetBreakerMode,
)
from plimsoll.runtime import presets
from plimsoll.runtime.node import MemoryNode
from tests.cli.test_terminal import NOW, drawn, market
from tests.cli.test_terminal_vaults import full, hedged
from tests.harness import plain

ANN = 3


def guarded(**changes: Any) -> Board:
    """A board with limits in force: 1.5 of 4 million may leave; two delayed orders."""
    made = Board(NOW, "a note")
    made.markets = [market()]
    values: dict[str, Any] = {
        "mode": "normal", "limited": True, "may_leave": 1_500_000 * 10**6,
        "worth": 4_000_000 * 10**6, "held": 0, "delayed": (2,),
    }  # fmt: skip
    made.see_guard(Guard(**{**values, **changes}))
    return made


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (130, 42), (200, 60)])
@pytest.mark.parametrize("mode", codes.BREAKER_MODES)
def test_the_mode_is_in_the_header(width: int, height: int, mode: str) -> None:
    """In every layout, with what may leave; the screen is filled exactly."""
    lines = drawn(guarded(mode=mode, held=3), width, height)
    assert len(lines) == height
    assert max(map(len, lines)) <= width
    assert mode in lines[0] and "3 held" in lines[0] and "starting" in lines[0]
    if width > 80:
        assert "1.50M of 4.00M" in lines[0]
    assert "2 delayed" in "\n".join(lines)


def test_the_panel_of_a_wide_screen() -> None:
    """Where there is room, the same in full."""
    text = "\n".join(drawn(guarded(), 130, 60))
    for words in ("╭─ breaker", "may leave", "1.50M of 4.00M", "held"):
        assert words in text


def test_a_breaker_with_nothing_to_say() -> None:
    """Without limits the header is as before; a mode is told all the same."""
    assert header(guarded(limited=False), 80).plain == ""
    assert header(guarded(limited=False, mode="paused"), 80).plain == "breaker paused  "
    assert header(Board(NOW), 80).plain == ""
    assert "no limit" in "\n".join(drawn(guarded(limited=False), 130, 60))


@pytest.mark.parametrize("room", range(60))
def test_the_header_never_takes_more_than_there_is(room: int) -> None:
    """As much of it as fits."""
    for mode in codes.BREAKER_MODES:
        assert header(guarded(mode=mode, held=12), room).cell_len <= room


def test_a_vaults_breaker_is_shown() -> None:
    """Instead of what it allows, as it says more."""
    board = full()
    board.vaults = [hedged(mode="restricted", breaker={"mode": "restricted"})]
    assert "breaker restricted" in "\n".join(drawn(board, 130, 42))


async def test_the_board_looks_at_a_node() -> None:
    """Mode, limits and delayed orders come from the state."""
    prices = {"BTC-USD": 60_000 * 10**6, "ETH-USD": 3_000 * 10**6}
    setup = [*plain.bootstrap(prices, open_deposits=True), *presets.outflow_limits()]
    setup += [CreatePrincipal("ann", codes.ROLE_TRADER), CreateAccount(ANN, -1, "ann")]
    async with await MemoryNode.open(bootstrap=setup, clock=lambda: NOW) as node:
        board = NodeBoard(node, lambda: NOW)
        await board.refresh()
        assert board.guard is not None
        assert (board.guard.mode, board.guard.limited, board.guard.held) == ("normal", True, 0)
        assert 0 < board.guard.may_leave < board.guard.worth
        assert board.guard.delayed == (0, 0)
        points = [PricePoint(at, price, 0, NOW) for at, price in enumerate(prices.values())]
        await node.submit(OraclePrices(points), principal=presets.ORACLE)
        account = (await node.query(lambda state: len(state.accounts))) - 1
        later = PlaceDelayed(
            account, 1, codes.BUY, codes.MARKET, codes.IOC, 0, 10**9, False, NOW + 60_000, "", -1
        )
        assert (await node.submit(later, principal=ANN)).accepted
        await node.submit(SetBreakerMode(codes.PAUSED, 0), principal=presets.OPERATOR)
        await board.refresh()
        assert (board.guard.mode, board.guard.may_leave) == ("paused", 0)
        assert board.guard.delayed == (0, 1)
