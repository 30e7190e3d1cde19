"""What vaults earn, in the live view."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from plimsoll.analytics.attribution import CAUSES
from plimsoll.analytics.vault_history import VaultHistory
from plimsoll.cli import board_pnl
from plimsoll.cli.board import Board, NodeBoard
from plimsoll.cli.board_pnl import Earnings
from plimsoll.runtime.node import MemoryNode
from plimsoll.runtime.pnl import HOUR_MS, HistoryUnavailable, Point
from tests.cli.test_terminal import NOW, drawn
from tests.cli.test_terminal_vaults import full, hedged, passive
from tests.harness.vault_hours import accounts, exchange, first_account, oracle
from tests.runtime.node_samples import Clock

PRICE = 60_000_000_000


def point(vault: int, ts: int, price: int | None = 10**9, **earned: int) -> Point:
    """A vault whose causes are as given, 1e-6 USD."""
    causes = dict.fromkeys(CAUSES, 0) | earned
    return Point(
        source=f"vault:{vault}", ts=ts, seq=1, nav=sum(causes.values()), flows=0, causes=causes,
        worth=0, supply=0, share_price=price, price=0,
    )  # fmt: skip


def board() -> Board:
    """Two vaults that earned and lost something, the first over twelve hours."""
    made = full()
    hours = [point(0, NOW - (12 - at) * HOUR_MS, 10**9 + at * 10**6) for at in range(12)]
    made.earnings.see_hours("vault:0", hours)
    now = [
        point(0, NOW, 1_012_000_000, spread=1_234_560_000, inventory=-234_560_000),
        point(1, NOW, None, fees=5_000_000, hedge_slippage=-7_250_000),
        point(1, NOW)._replace(source="vamm:1"),
    ]
    made.earnings.see(now, NOW)
    return made


def words(lines: list[str]) -> str:
    """A screen without its spacing."""
    return "\n".join(" ".join(line.split()) for line in lines)


def test_causes_and_the_share_price_are_shown() -> None:
    """Each vault in a line under the vaults: how the price came here, PnL, causes; no vAMM."""
    text = words(drawn(board(), 130, 46))
    assert "vault PnL by cause, USD" in text
    assert "share price, 12 h PnL spread fees funding invent. hedge bad debt" in text
    assert "0 passive ▁▂▂▃▃▄▅▅▆▆▇▇█ +1.200% +1,000 +1,234 0 0 -234.56 0 0" in text
    assert "1 base shut -2.25 0 +5.00 0 0 -7.25 0" in text


@pytest.mark.parametrize(
    ("width", "height", "shown"),
    [(80, 24, False), (80, 46, True), (100, 30, False), (120, 46, True), (200, 60, True)],
)
@pytest.mark.parametrize("count", [1, 5, 40])
def test_the_screen_is_filled_exactly(width: int, height: int, shown: bool, count: int) -> None:
    """Where there is room for it, beside everything else; what does not fit is counted."""
    made = full()
    made.vaults = [hedged(vault=at) for at in range(count)]
    made.earnings.see([point(at, NOW, spread=at - 3) for at in range(count)], NOW)
    lines = drawn(made, width, height)
    text = "\n".join(lines)
    assert len(lines) == height and max(map(len, lines)) <= width
    assert text.count("╭") == text.count("╰")
    for word in ("oracle", "order book", "trades", "cmd/s"):
        assert word in text
    if count == 1:
        assert ("vault PnL" in text) == shown
    if "vault PnL" in text and count == 40:
        assert " more" in text


def test_a_narrow_screen_has_the_causes_there_are() -> None:
    """Columns of zeros make room for what was earned."""
    text = words(drawn(board(), 80, 46))
    assert "share, 12 h PnL spread fees invent. hedge" in text
    assert "bad debt" not in text and "funding inven" not in text


def test_a_new_exchange_shows_its_own_minutes() -> None:
    """Until there are enough hours the line is of the prices seen since it was started."""
    found = Earnings()
    found.see_hours("vault:0", [point(0, NOW, 5)])
    for at in range(40):
        found.see([point(0, NOW + at * 1_000, 10**9 + at)], NOW + at * 1_000)
    (row,) = found.rows
    assert row.prices == [10**9 + at for at in (0, 5, 10, 15, 20, 25, 30, 35, 39)]
    assert row.span == 39_000


async def test_a_board_asks_the_kept_history(monkeypatch: pytest.MonkeyPatch) -> None:
    """What vaults earned and their hours; what cannot be read now stays as it was."""
    clock, kept = Clock(), VaultHistory()
    node = await MemoryNode.open(bootstrap=exchange(), clock=clock, listen=kept.listen)
    kept.follow(node)
    asked: list[Any] = []
    points = kept.points

    async def counted(*args: Any) -> Any:
        asked.append(args)
        return await points(*args)

    monkeypatch.setattr(kept, "points", counted)
    for command, principal in [oracle(PRICE, clock.now), *accounts(first_account())]:
        await node.submit(command, principal=principal)
    board = NodeBoard(node, clock, kept=kept)
    await board.refresh()
    assert [row.vault for row in board.earnings.rows] == [0, 1, 2]
    clock.now += 5_000
    await node.submit(*oracle(PRICE + 60_000_000, clock.now)[:1], principal=1)
    before = len(asked)
    await board.refresh()
    assert len(asked) == before
    # Five bitcoin on spot, a tenth of a percent higher.
    assert board.earnings.rows[1].causes["inventory"] == 300_000_000
    clock.now += board_pnl.HOURS_EVERY_MS
    await board.refresh()
    assert len(asked) > before
    rows = board.earnings.rows

    async def gone() -> Any:
        raise HistoryUnavailable("away", again=True)

    monkeypatch.setattr(kept, "latest", gone)
    await board.refresh()
    assert board.earnings.rows == rows
    assert "vault PnL" in "\n".join(drawn(board, 130, 46))
    await node.close()
    await asyncio.sleep(0)
    await kept.close()


def test_nothing_is_shown_without_a_history() -> None:
    """A board that knows nothing of it has no empty panel."""
    made = full()
    made.vaults = [passive()]
    assert "vault PnL" not in "\n".join(drawn(made, 130, 46))
