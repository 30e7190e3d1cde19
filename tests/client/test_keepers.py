"""What keepers are told and may do; histories and explanations of what mechanisms did."""

from __future__ import annotations

import asyncio

import pytest

from plimsoll.client import errors
from plimsoll.client.base import HISTORY_MAX, KEEPER_COMMANDS
from plimsoll.messages import codec, codes
from plimsoll.messages.commands import Command
from plimsoll.messages.events import Event
from plimsoll.messages.mechanisms import (
    BadDebt,
    FundingSkipped,
    FundingUpdated,
    Liquidating,
    MarketRestricted,
    Repegged,
)
from plimsoll.runtime import presets
from plimsoll.runtime.node import Published
from tests.client.samples import BTC, OPERATOR, World

LOT = 10**9


def publish(world: World, *found: Event) -> int:
    """Let the history see a record with these events; its number."""
    seq = world.history.seq + 1
    world.history.add(Published(seq, world.clock.now, OPERATOR, found))
    return seq


async def test_snapshot_is_complete_and_in_whole_numbers(world: World) -> None:
    """API-015: markets with all parameters, resting orders with their place, traders at risk."""
    await world.alice.place_order(world.buy("59000", "3"))
    await world.bob.place_order(world.sell("59000", "1"))
    keeper = world.client(presets.KEEPER)
    found = await keeper.keeper_snapshot()
    assert found.seq == world.node.last_seq
    (market,) = found.markets
    assert (market.symbol, market.oracle_price) == (BTC, 60_000_000_000)
    assert (market.params["tick"], market.params["imr"]) == (100_000, 50_000)
    assert market.params.keys() == (await world.alice.market_params(BTC)).keys()
    assert (market.best_bid, market.funding_due_ms) == (59_000_000_000, 0)
    (order,) = found.orders
    assert (order.account, order.owner, order.remaining) == (world.a, 3, 2 * LOT)
    assert (order.side, order.price, order.priority_size) == ("buy", 59_000_000_000, 3 * LOT)
    rows = {one.account: one for one in found.accounts}
    assert rows.keys() == {world.a, world.b}
    for one in rows.values():
        (held,) = one.positions
        worth = held.base * market.oracle_price // LOT
        assert one.equity == one.cash + worth + held.funding
        assert one.maintenance == 60_000_000_000 * 25_000 // 10**6


async def test_only_keepers_and_operators_see_it(world: World) -> None:
    """Snapshot and channel show whose everything is: traders get neither."""
    await world.client(OPERATOR).keeper_snapshot()
    with pytest.raises(errors.Forbidden, match="role keeper"):
        await world.alice.keeper_snapshot()
    with pytest.raises(errors.Forbidden, match="role keeper"):
        await anext(world.alice.stream(["keeper"]))


async def test_the_channel_misses_no_record(world: World) -> None:
    """API-016: every record after the snapshot comes once, in order, refused ones too."""
    stream = world.client(presets.KEEPER).stream(["keeper"])
    async with asyncio.timeout(5):
        first = await anext(stream)
        assert (first.type, first.data) == ("snapshot", {"records": []})
        await asyncio.gather(
            *(world.alice.place_order(world.buy("59000", "1")) for _ in range(3)),
            world.alice.place_order(world.buy("50", "1")),
        )
        records = []
        while len(records) < 4:
            records += (await anext(stream)).data["records"]
    assert [one["seq"] for one in records] == [first.seq + at for at in range(1, 5)]
    assert records[0]["events"][0]["size"] == LOT
    assert [one["type"] for one in records[3]["events"]] == ["Rejected"]
    assert records[3]["events"][0]["name"] == "PRICE_BAND"


async def test_keepers_send_their_commands_and_no_others(world: World) -> None:
    """API-015: each is read by name; what is not theirs is refused at the door."""
    keeper = world.client(presets.KEEPER)
    for name in KEEPER_COMMANDS:
        cls: type[Command] = codec.COMMAND_BY_NAME[name]
        values = {field: 1 if field == "limit" else 0 for field, _ in cls.FIELDS}
        found = await keeper.keeper_command({"type": name, **values, **_pot(cls)})
        assert found.accepted or found.reject is not None
        refused = await world.alice.keeper_command({"type": name, **values, **_pot(cls)})
        assert refused.reject is not None and refused.reject.name == "NOT_ALLOWED"
    for name in ("PlaceOrder", "OraclePrices", "FundPool", ""):
        with pytest.raises(errors.BadField) as caught:
            await keeper.keeper_command({"type": name})
        assert caught.value.info.field == "type"


def _pot(cls: type[Command]) -> dict[str, int]:
    return {"keeper": -1} if "keeper" in dict(cls.FIELDS) else {}


async def test_funding_and_repegs_newest_first(world: World) -> None:
    """Histories of a market, of bounded length, with units."""
    for at in range(HISTORY_MAX + 2):
        publish(world, FundingUpdated(0, at, 1, -1, 5 * 10**6, 10**6, 10**6, 0, 0, 3_600))
    publish(world, FundingSkipped(0, codes.FUNDING_BLOCKED, 1, 2, 3_600))
    newest, before = await world.alice.funding(BTC, 2)
    assert (newest.skipped, newest.reason) == (True, "FUNDING_BLOCKED")
    assert (before.rate, before.rate_short, before.pool) == ("0.000000501", "-0.000000001", "5")
    assert len(await world.alice.funding(BTC, HISTORY_MAX)) == HISTORY_MAX
    publish(world, Repegged(0, 1, 3, 10**6, 2 * 10**6, -7 * 10**6, 10**6, 10**6, 5))
    publish(world, MarketRestricted(0, 4, 900_000, 800_000))
    restricted, moved = await world.alice.repegs(BTC)
    assert (restricted.type, restricted.what, restricted.value) == (
        "restricted", "imbalance", 900_000,
    )  # fmt: skip
    assert (moved.type, moved.cause, moved.outcome, moved.cost) == (
        "repegged", "event", "paid", "-7",
    )  # fmt: skip
    with pytest.raises(errors.NotFound):
        await world.alice.funding("NONE-USD")


async def test_liquidations_do_not_say_whose(world: World) -> None:
    """Everybody sees the steps, nobody the account."""
    publish(world, Liquidating(7, 0, 1, LOT, 58_000_000_000, 57_000_000_000, 5, 9, 59 * 10**9))
    publish(world, BadDebt(7, 0, 4_000_000, 3_000_000, 0, 1_000_000))
    debt, begun = await world.alice.liquidations()
    assert (begun.type, begun.symbol, begun.side, begun.size, begun.price) == (
        "liquidating", BTC, "sell", "1", "58000",
    )  # fmt: skip
    assert (debt.loss, debt.insurance, debt.unpaid) == ("4", "3", "1")
    assert not hasattr(debt, "account")


async def test_explain_shows_each_what_is_theirs(world: World) -> None:
    """API-017: the owner learns of his order and its refusal, others of the fill only."""
    await world.alice.place_order(world.buy("59000", "1"))
    done = await world.bob.place_order(world.sell("59000", "1"))
    own = await world.bob.explain(done.seq)
    assert own.accepted and "OrderAccepted" in [line.event for line in own.lines]
    other = await world.client(presets.ORACLE).explain(done.seq)
    assert {line.event for line in other.lines} == {"Filled"}
    refused = await world.alice.place_order(world.buy("50", "1"))
    (line,) = (await world.alice.explain(refused.seq)).lines
    assert line.text.startswith("Refused: PRICE_BAND (price 50,") and "ORDER-012" in line.rules
    assert (await world.bob.explain(refused.seq)).lines == []
    assert len((await world.client(OPERATOR).explain(refused.seq)).lines) == 1
    with pytest.raises(errors.NotFound, match="record 999999"):
        await world.alice.explain(999_999)
