"""The stream: snapshot and deltas make the book, slow readers, privacy, limits. X5, attack 47."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import msgspec
import pytest

from plimsoll.api.limits import ApiSettings
from tests.api.wire import PATH, Follower, Wire
from tests.api.world import OPEN_LIMITS, START_MS, World, open_world

BOOK = "book:BTC-USD"


async def trade_at_random(world: World, pick: random.Random, steps: int) -> None:
    """Orders of two traders that rest, match, are amended and cancelled."""
    for _ in range(steps):
        key, account = pick.choice(((world.ann, world.ann_account), (world.bob, world.bob_account)))
        order = pick.randrange(1, 60)
        kind = pick.random()
        price = f"{pick.randrange(599_500, 600_500) / 10:.1f}"
        size = f"0.0{pick.randrange(10, 99)}"
        if kind < 0.7:
            side = pick.choice(("buy", "sell"))
            body = world.order(account, price=price, size=size, side=side)
            await world.call("POST", "/v1/orders", body=body, key=key)
        elif kind < 0.85:
            body = {"account": account, "price": price, "size": size}
            await world.call("PATCH", f"/v1/orders/{order}", body=body, key=key)
        else:
            await world.call("DELETE", f"/v1/orders/{order}", f"account={account}", key=key)


async def book_of(world: World) -> dict[str, Any]:
    """The book as the REST interface gives it."""
    found: dict[str, Any] = (
        await world.call("GET", "/v1/markets/BTC-USD/book", "depth=100")
    ).json()
    return found


def sides(book: dict[str, Any] | None) -> tuple[list[list[str]], list[list[str]]]:
    """Bids and asks as lists."""
    assert book is not None
    return [list(level) for level in book["bids"]], [list(level) for level in book["asks"]]


@pytest.mark.parametrize("seed", range(3))
async def test_snapshot_and_deltas_make_the_book(world: World, seed: int) -> None:
    """Under random trading, for one who listens from the start and one who comes in between."""
    pick = random.Random(seed)
    early, late = await Wire(world).accept(), await Wire(world).accept()
    first, second = Follower(), Follower()
    await early.subscribe(BOOK)
    for round_ in range(8):
        await trade_at_random(world, pick, 25)
        if round_ == 3:
            await late.subscribe(BOOK)
        truth = await book_of(world)
        # The trades' prices lie inside the band, so this order always changes the book.
        body = world.order(price=f"{58_000 + round_}")
        seq = (await world.call("POST", "/v1/orders", body=body, key=world.ann)).json()["seq"]
        truth = await book_of(world)
        await first.until(early, seq, BOOK)
        assert sides(first.mirrors[BOOK].data) == sides(truth)
        assert first.mirrors[BOOK].data["vamm_bid"] == truth["vamm_bid"]  # type: ignore[index]
        if round_ >= 3:
            await second.until(late, seq, BOOK)
            assert sides(second.mirrors[BOOK].data) == sides(truth)
    assert (first.gaps, first.deltas > 50, second.deltas > 20) == (0, True, True)
    await early.close()
    await late.close()


async def test_all_listeners_share_one_encoding(world: World) -> None:
    """A message is made once: everybody gets the very same text object."""
    wires = [await Wire(world).accept() for _ in range(5)]
    for wire in wires:
        await wire.subscribe(BOOK)
    for wire in wires:
        assert (await wire.read())["type"] == "snapshot"
    await world.call("POST", "/v1/orders", body=world.order(), key=world.ann)
    texts = [(await wire.next())["text"] for wire in wires]
    assert len({id(text) for text in texts}) == 1
    for wire in wires:
        await wire.close()


async def test_private_channels_follow_the_account(world: World) -> None:
    """Account, orders and fills of one's own account arrive and agree with the REST answers."""
    wire = await Wire(world, world.sign(world.ann, "GET", PATH)).accept()
    ident = world.ann_account
    names = [f"account:{ident}", f"orders:{ident}", f"fills:{ident}"]
    await wire.subscribe(*names)
    follower = Follower()
    for _ in names:
        follower.take(await wire.read())
    for changes in ({}, {"type": "market", "price": None}, {"price": "58000"}):
        body = world.order(**changes)
        reply = await world.call("POST", "/v1/orders", body=body, key=world.ann)
    seq = reply.json()["seq"]
    for name in (f"orders:{ident}", f"account:{ident}"):
        await follower.until(wire, seq, name)
    base = f"/v1/accounts/{ident}"
    account = (await world.call("GET", base, key=world.ann)).json()
    orders = (await world.call("GET", f"{base}/orders", key=world.ann)).json()
    fills = (await world.call("GET", f"{base}/fills", key=world.ann)).json()
    assert follower.mirrors[f"account:{ident}"].data == account
    assert follower.mirrors[f"orders:{ident}"].data == {"orders": orders}
    assert follower.mirrors[f"fills:{ident}"].data == {"fills": fills}
    await wire.close()


async def test_trades_and_markets_arrive(world: World) -> None:
    """Public trades one by one; the markets together, only those that changed."""
    wire = await Wire(world).accept()
    await wire.subscribe("trades:BTC-USD", "markets", "market:ETH-USD")
    follower = Follower()
    for _ in range(3):
        follower.take(await wire.read())
    market = world.order(type="market", price=None)
    seqs = [
        (await world.call("POST", "/v1/orders", body=market, key=world.ann)).json()["seq"]
        for _ in range(3)
    ]
    await follower.until(wire, seqs[-1], "trades:BTC-USD")
    await follower.until(wire, seqs[-1], "markets")
    trades = (await world.call("GET", "/v1/markets/BTC-USD/trades")).json()
    assert follower.mirrors["trades:BTC-USD"].data == {"trades": trades[::-1]}
    markets = (await world.call("GET", "/v1/markets")).json()
    assert follower.mirrors["markets"].data == {"markets": markets}
    await wire.close()


# --- slow readers -----------------------------------------------------------------------------


async def test_a_slow_reader_gets_a_gap_and_a_fresh_snapshot() -> None:
    """What it missed is dropped, its book is right again, and others notice nothing."""
    settings = ApiSettings(**OPEN_LIMITS, ws_queue_max=5)
    async with open_world(settings) as world:
        slow, quick = await Wire(world).accept(), await Wire(world).accept()
        behind, abreast = Follower(), Follower()
        for wire, follower in ((slow, behind), (quick, abreast)):
            await wire.subscribe(BOOK)
            follower.take(await wire.read())
        slow.gate.clear()
        for step in range(40):
            body = world.order(price=f"{58_000 + step}")
            reply = await world.call("POST", "/v1/orders", body=body, key=world.ann)
            await abreast.until(quick, reply.json()["seq"], BOOK)
        slow.gate.set()
        await behind.until(slow, reply.json()["seq"], BOOK)
        assert (behind.gaps, abreast.gaps, abreast.deltas) == (1, 0, 40)
        truth = sides(await book_of(world))
        assert sides(behind.mirrors[BOOK].data) == sides(abreast.mirrors[BOOK].data) == truth
        await slow.close()
        await quick.close()


async def test_a_hopeless_reader_is_cut_off() -> None:
    """One that does not read at all is closed with 1013 after the time for a message."""
    settings = ApiSettings(**OPEN_LIMITS, ws_send_seconds=0.01)
    async with open_world(settings) as world:
        wire = await Wire(world).accept()
        wire.gate.clear()
        await wire.subscribe(BOOK)
        async with asyncio.timeout(10):
            await wire.waiting.wait()
            await asyncio.wait([wire.task])
        assert wire.sent.empty()
        assert world.app.state.api.streaming._open == {}
        assert world.app.state.api.feeds._feeds == {}


async def test_falling_behind_again_and_again_ends_in_1013() -> None:
    """A reader that needs more fresh starts than allowed is told to come back later."""
    settings = ApiSettings(**OPEN_LIMITS, ws_queue_max=2, ws_resyncs_max=0)
    async with open_world(settings) as world:
        wire = await Wire(world).accept()
        await wire.subscribe(BOOK)
        await wire.read()
        wire.gate.clear()
        quick = await Wire(world).accept()
        await quick.subscribe(BOOK)
        follower = Follower()
        for step in range(6):
            body = world.order(price=f"{58_000 + step}")
            reply = await world.call("POST", "/v1/orders", body=body, key=world.ann)
            await follower.until(quick, reply.json()["seq"], BOOK)
        wire.gate.set()
        seen = [await wire.next() for _ in range(2)]
        assert seen[-1] == {"type": "websocket.close", "code": 1013}
        await quick.close()


# --- who may listen ---------------------------------------------------------------------------


async def test_private_channels_need_ones_own_key(world: World) -> None:
    """Without a key, without the scope, or for somebody else's account: a fault, no data."""
    mine, foreign = f"account:{world.ann_account}", f"account:{world.bob_account}"
    owner = await Wire(world, world.sign(world.ann, "GET", PATH)).accept()
    await owner.subscribe(mine)
    assert (await owner.read())["type"] == "snapshot"
    trade_only = world.keys.create(3, ["trade"], "t", now_ms=START_MS)
    cases = [
        (None, mine, "UNAUTHENTICATED"),
        (trade_only, mine, "FORBIDDEN"),
        (world.ann, foreign, "UNKNOWN_ACCOUNT"),
        (world.ann, "account:99999", "UNKNOWN_ACCOUNT"),
        (world.bob, mine, "UNKNOWN_ACCOUNT"),
    ]
    for key, channel, name in cases:
        headers = {} if key is None else world.sign(key, "GET", PATH)
        wire = await Wire(world, headers).accept()
        await wire.subscribe(channel)
        fault = await wire.read()
        assert (fault["channel"], fault["error"]["name"]) == (channel, name)
        await wire.close()
    await owner.close()


async def test_the_first_message_may_sign(world: World) -> None:
    """Browsers cannot set headers: the four values in a message do the same, once."""
    wire = await Wire(world).accept()
    signed = world.sign(world.ann, "GET", PATH)
    op = {"op": "auth", **{name.removeprefix("Plimsoll-").lower(): v for name, v in signed.items()}}
    wrong = {**op, "signature": "0" * 64}
    for message in (wrong, op, op):
        wire.write(message)
    answers = [await wire.read() for _ in range(3)]
    assert answers[0]["error"]["name"] == "UNAUTHENTICATED"
    assert answers[1]["op"] == "auth"
    assert answers[2]["error"]["name"] == "FORBIDDEN"
    await wire.subscribe(f"account:{world.ann_account}")
    assert (await wire.read())["data"]["owner"] == 3
    other = await Wire(world).accept()
    other.write(op)
    assert (await other.read())["error"]["message"] == "the nonce was used before"
    await wire.close()
    await other.close()


async def test_a_bad_handshake_is_answered(world: World) -> None:
    """A wrong signature, a query string or a command id: an ErrorInfo, not a connection."""
    bad = {**world.sign(world.ann, "GET", PATH), "Plimsoll-Signature": "0" * 64}
    other = world.sign(world.ann, "GET", PATH, command_id="c-1")
    named = {**world.sign(world.ann, "GET", PATH), "Plimsoll-Command-Id": "c-1"}
    odd = {"Plimsoll-Command-Id": "a b"}
    for headers, query, status in (
        (bad, "", 401), ({}, "a=1", 400), (other, "", 401), (named, "", 400), (odd, "", 400),
    ):  # fmt: skip
        wire = Wire(world, headers, query)
        start, body = await wire.next(), await wire.next()
        assert (start["status"], "name" in msgspec.json.decode(body["body"])) == (status, True)
        await wire.close()


async def test_a_revoked_key_hears_no_more(world: World) -> None:
    """The next private message after the revocation closes the connection instead."""
    wire = await Wire(world, world.sign(world.ann, "GET", PATH)).accept()
    await wire.subscribe(f"orders:{world.ann_account}")
    await wire.read()
    world.keys.revoke(world.ann.key_id, now_ms=world.clock.now)
    key = world.keys.create(3, ["trade"], "t", now_ms=START_MS)
    await world.call("POST", "/v1/orders", body=world.order(), key=key)
    assert await wire.next() == {"type": "websocket.close", "code": 1008}


# --- limits -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"op":"x"}', '{"op":"subscribe"}', '{"op":"subscribe","channels":1}',
     '{"op":"ping","id":1e9}', '{"op":"ping","op":"ping"}', '{"op":"ping","x":1}', "[" * 5_000,
     '{"op":"auth","key":"\u00e9","timestamp":"1","nonce":"a\\nb","signature":""}',
     '{"op":"subscribe","channels":["book"]}', '{"op":"subscribe","channels":["book:NO-PE"]}',
     '{"op":"subscribe","channels":["account:-1"]}', '{"op":"subscribe","channels":["' + "x" * 500
     + '"]}', '{"op":"subscribe","channels":[' + ",".join(['"a"'] * 65) + "]}"],
)  # fmt: skip
async def test_junk_is_answered_with_a_fault(world: World, text: str) -> None:
    """Every malformed operation gets an ErrorInfo, and the connection lives on."""
    wire = await Wire(world).accept()
    wire.write(text)
    assert (await wire.read())["error"]["code"] > 0
    wire.write({"op": "ping", "id": 7})
    pong = await wire.read()
    assert (pong["op"], pong["id"], pong["ts"]) == ("ping", 7, START_MS)
    await wire.close()


async def test_channels_end_when_unsubscribed(world: World) -> None:
    """Nothing more arrives, and a feed without listeners is stopped."""
    wire = await Wire(world).accept()
    await wire.subscribe(BOOK, BOOK)
    await wire.read()
    wire.write({"op": "unsubscribe", "channels": [BOOK, "book:ETH-USD"]})
    assert (await wire.read())["channels"] == []
    assert world.app.state.api.feeds._feeds == {}
    await world.call("POST", "/v1/orders", body=world.order(), key=world.ann)
    wire.write({"op": "ping"})
    assert (await wire.read())["op"] == "ping"
    await wire.close()


async def test_floods_and_giants_are_cut_off() -> None:
    """Too many operations: 1008; a frame over 64 KiB: 1009."""
    settings = ApiSettings(**OPEN_LIMITS, ws_ops_rate=0.001, ws_ops_burst=3.0)
    async with open_world(settings) as world:
        flood = await Wire(world).accept()
        for _ in range(5):
            flood.write({"op": "ping"})
        while (message := await flood.next())["type"] == "websocket.send":
            assert "ping" in message["text"]
        assert message == {"type": "websocket.close", "code": 1008}
        giant = await Wire(world).accept()
        giant.write(" " * 65_537)
        assert await giant.next() == {"type": "websocket.close", "code": 1009}


async def test_connections_are_counted_per_address() -> None:
    """More than allowed from one address are answered with 429."""
    settings = ApiSettings(**OPEN_LIMITS, ws_connections_per_address_max=2)
    async with open_world(settings) as world:
        wires = [await Wire(world).accept() for _ in range(2)]
        third = Wire(world)
        assert (await third.next())["status"] == 429
        await wires[0].close()
        fourth = await Wire(world).accept()
        for wire in (wires[1], third, fourth):
            await wire.close()


async def test_a_stopping_node_ends_its_channels(world: World) -> None:
    """Listeners are told instead of left in silence."""
    wire = await Wire(world).accept()
    await wire.subscribe(BOOK)
    await wire.read()
    await world.node.close()
    assert (await wire.read())["error"]["name"] == "HALTED"
    await wire.close()
