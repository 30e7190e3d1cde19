"""Auctions, triggers, histories and keepers over HTTP and the WebSocket."""

from __future__ import annotations

from typing import Any

import pytest

from plimsoll.api.mirror import Mirror
from plimsoll.client.models import StreamMessage
from tests.api.wire import PATH, Follower, Wire
from tests.api.world import ANN, START_MS, World

MARKET = "/v1/markets/BTC-USD"


async def test_market_data_of_the_mechanisms_is_open(world: World) -> None:
    """API-013: without a key, parameters, auctions, histories; empty where nothing happened."""
    for path in (f"{MARKET}/auctions", f"{MARKET}/funding", f"{MARKET}/repegs", "/v1/liquidations"):
        reply = await world.call("GET", path)
        assert (reply.status, reply.json()) == (200, [])
    params = (await world.call("GET", f"{MARKET}/params")).json()
    assert (params["symbol"], params["imr"], params["vamm_enabled"]) == ("BTC-USD", 50_000, 1)
    for path in ("auctions", "funding", "repegs", "params"):
        assert (await world.call("GET", f"/v1/markets/NONE/{path}")).status == 404


@pytest.mark.parametrize("path", [f"{MARKET}/funding", f"{MARKET}/repegs", "/v1/liquidations"])
async def test_histories_have_bounds(world: World, path: str) -> None:
    """API-013: a limit outside its bounds is refused by name."""
    reply = await world.call("GET", path, "limit=501")
    assert (reply.status, reply.json()["field"]) == (400, "limit")


async def test_a_trigger_is_read_strictly(world: World) -> None:
    """API-014: what is missing or wrong is named; what is sound reaches the exchange."""
    body = world.order() | {"trigger_price": "70000", "direction": "above"}
    for change, field in (
        ({"direction": "up"}, "direction"),
        ({"trigger_price": "-1"}, "trigger_price"),
        ({"price": None, "type": "limit"}, "price"),
        ({"post_only": "reject"}, "body"),
    ):
        reply = await world.call("POST", "/v1/triggers", body=body | change, key=world.ann)
        assert (reply.status, reply.json()["field"]) == (400, field)
    reply = await world.call("POST", "/v1/triggers", body=body, key=world.ann)
    assert reply.status in (200, 422)
    path = f"/v1/accounts/{world.ann_account}/triggers"
    listed = (await world.call("GET", path, key=world.ann)).json()
    assert [one["order"] for one in listed] == (
        [reply.json()["order"]] if reply.status == 200 else []
    )


async def test_an_offer_to_no_auction(world: World) -> None:
    """API-014: a refusal by the exchange is a receipt, 422."""
    body = {"account": world.ann_account, "price": "60000", "size": "0.01"}
    reply = await world.call("POST", "/v1/auctions/99/offers", body=body, key=world.ann)
    assert (reply.status, reply.json()["accepted"]) == (422, False)


async def test_a_record_is_explained(world: World) -> None:
    """API-017: in sentences, with rules; unknown ones are 404."""
    placed = await world.call("POST", "/v1/orders", body=world.order(), key=world.ann)
    seq = placed.json()["seq"]
    found = (await world.call("GET", f"/v1/explain/{seq}", key=world.ann)).json()
    assert "OrderRested" in [line["event"] for line in found["lines"]]
    assert all(line["rules"] for line in found["lines"])
    assert (await world.call("GET", "/v1/explain/999999", key=world.ann)).status == 404


async def test_keepers_need_scope_and_role(world: World) -> None:
    """API-015: the key's scope and the principal's role are both looked at."""
    path = "/v1/keeper/snapshot"
    assert (await world.call("GET", path)).status == 401
    trader = await world.call("GET", path, key=world.ann)
    assert (trader.status, trader.json()["name"]) == (403, "FORBIDDEN")
    found = (await world.call("GET", path, key=world.keeper)).json()
    assert [one["symbol"] for one in found["markets"]] == ["BTC-USD", "ETH-USD"]
    assert found["markets"][0]["oracle_price"] == 60_000_000_000


async def test_keepers_commands_over_http(world: World) -> None:
    """API-015: a tick is done once; what keepers do not send is refused at the door."""
    tick = {"type": "Tick", "limit": 10}
    path = "/v1/keeper/commands"
    first, again = [
        await world.call("POST", path, body=tick, key=world.keeper, command_id="t-1")
        for _ in range(2)
    ]
    assert (first.status, again.json()) == (200, first.json() | {"duplicate": True})
    other: dict[str, Any] = {"type": "CancelAll", "account": world.ann_account, "market": -1}
    assert (await world.call("POST", path, body=other, key=world.keeper)).status == 400
    late = {"type": "ExpireOrder", "order": 1, "keeper": -1}
    reply = await world.call("POST", path, body=late, key=world.keeper)
    assert (reply.status, reply.json()["accepted"]) == (422, False)


async def test_the_keepers_channel(world: World) -> None:
    """API-016: contiguous records from the snapshot on; who joins later begins at the present."""
    follower, records = Follower(), []
    headers = world.sign(world.keeper, "GET", PATH)
    wire = await Wire(world, headers).accept()
    await wire.subscribe("keeper")
    first = await wire.read()
    follower.take(dict(first))
    for _ in range(3):
        await world.call("POST", "/v1/orders", body=world.order(), key=world.ann)
    while len(records) < 3:
        message = await wire.read()
        records += message["data"]["records"]
        follower.take(message)
    assert [one["seq"] for one in records] == [first["seq"] + at for at in (1, 2, 3)]
    later = await Wire(world, world.sign(world.keeper, "GET", PATH)).accept()
    await later.subscribe("keeper")
    joined = await later.read()
    assert (joined["type"], joined["seq"], joined["data"]) == (
        "snapshot", records[-1]["seq"], {"records": []},
    )  # fmt: skip
    await wire.close()
    await later.close()


async def test_the_keepers_channel_is_closed_to_others(world: World) -> None:
    """API-016: no key, a key without the scope, a principal without the role: none is served."""
    reader = world.keys.create(ANN, ["read"], "reader", now_ms=START_MS)
    for headers, status in (
        (None, 9401),
        (world.sign(reader, "GET", PATH), 9403),
        (world.sign(world.ann, "GET", PATH), 9403),
    ):
        wire = await Wire(world, headers).accept()
        await wire.subscribe("keeper")
        assert (await wire.read())["error"]["code"] == status
        await wire.close()


def test_a_board_of_auctions_is_mirrored() -> None:
    """API-008: rows by auction: changed ones replace, removed ones go."""
    mirror = Mirror("auctions")

    def take(seq: int, kind: Any, data: dict[str, Any]) -> None:
        mirror.apply(StreamMessage(channel="auctions:X", seq=seq, ts=0, type=kind, data=data))

    take(1, "snapshot", {"auctions": [{"auction": 1, "price": "5"}, {"auction": 2, "price": "6"}]})
    take(2, "delta", {"auctions": [{"auction": 2, "price": "7"}], "removed": [1]})
    assert mirror.data == {"auctions": [{"auction": 2, "price": "7"}]}
