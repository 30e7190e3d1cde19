"""Commands over HTTP: receipts, refusals, idempotency, and what a halted node says."""

from __future__ import annotations

import asyncio

import pytest

from tests.api.world import World


async def test_a_command_id_acts_once(world: World) -> None:
    """A repeat under a fresh signature returns the stored receipt, marked as a duplicate."""
    first, again = [
        await world.call("POST", "/v1/orders", body=world.order(), key=world.ann, command_id="c-1")
        for _ in range(2)
    ]
    assert first.headers["plimsoll-command-id"] == again.headers["plimsoll-command-id"] == "c-1"
    assert (first.json()["duplicate"], again.json()["duplicate"]) == (False, True)
    assert {**first.json(), "duplicate": True} == again.json()
    orders = await world.call("GET", f"/v1/accounts/{world.ann_account}/orders", key=world.ann)
    assert len(orders.json()) == 1


async def test_a_command_id_belongs_to_one_command(world: World) -> None:
    """Another body under a used id is a 409 and does nothing; another principal's id is free."""
    sent = {"key": world.ann, "command_id": "c-1"}
    await world.call("POST", "/v1/orders", body=world.order(), **sent)
    before = await world.state_hash()
    reply = await world.call("POST", "/v1/orders", body=world.order(size="0.02"), **sent)
    assert (reply.status, reply.json()["name"]) == (409, "CLIENT_ID_REUSED")
    assert await world.state_hash() == before
    body = world.order(world.bob_account)
    other = await world.call("POST", "/v1/orders", body=body, key=world.bob, command_id="c-1")
    assert other.status == 200


async def test_repeats_at_the_same_time_act_once(world: World) -> None:
    """Many senders of the same command id get the same receipt."""
    replies = await asyncio.gather(
        *(
            world.call("POST", "/v1/orders", body=world.order(), key=world.ann, command_id="c")
            for _ in range(20)
        )
    )
    assert {reply.json()["seq"] for reply in replies} == {replies[0].json()["seq"]}
    assert sum(not reply.json()["duplicate"] for reply in replies) == 1


@pytest.mark.parametrize("command_id", ["x" * 37, "a b", "a/b", "\xe9", "a\tb", "a,b"])
async def test_bad_command_ids_are_refused(world: World, command_id: str) -> None:
    """They are 1 to 36 of a small alphabet."""
    reply = await world.call(
        "POST", "/v1/orders", body=world.order(), key=world.ann, command_id=command_id
    )
    assert (reply.status, reply.json()["field"]) == (400, "Plimsoll-Command-Id")
    assert "plimsoll-command-id" not in reply.headers


async def test_a_refusal_of_the_exchange_is_a_422_with_its_numbers(world: World) -> None:
    """The receipt says what was measured against what; the state stays."""
    before = await world.state_hash()
    body = world.order(price="1", size="50")
    reply = await world.call("POST", "/v1/orders", body=body, key=world.ann)
    receipt = reply.json()
    assert (reply.status, receipt["accepted"], receipt["status"]) == (422, False, "rejected")
    assert receipt["reject"]["name"] == "PRICE_BAND"
    assert (receipt["reject"]["value"], receipt["reject"]["limit"]) == ("1", "54000")
    assert await world.state_hash() == before


async def test_the_life_of_an_order(world: World) -> None:
    """Place, read, amend, cancel; the other way by client order id; then all at once."""
    base = f"/v1/accounts/{world.ann_account}"
    placed = await world.call("POST", "/v1/orders", body=world.order(), key=world.ann)
    order = placed.json()["order"]
    change = {"account": world.ann_account, "price": "58500", "size": "0.02"}
    amended = await world.call("PATCH", f"/v1/orders/{order}", body=change, key=world.ann)
    assert (amended.status, amended.json()["status"]) == (200, "resting")
    (found,) = (await world.call("GET", f"{base}/orders", key=world.ann)).json()
    assert (found["order"], found["price"], found["size"]) == (order, "58500", "0.02")
    query = f"account={world.ann_account}"
    gone = await world.call("DELETE", f"/v1/orders/{order}", query, key=world.ann)
    assert (gone.status, gone.json()["status"]) == (200, "cancelled")
    await world.call("POST", "/v1/orders", body=world.order(client_order_id="mine"), key=world.ann)
    named = f"{query}&client_order_id=mine"
    assert (await world.call("DELETE", "/v1/orders/0", named, key=world.ann)).status == 200
    items = [{"action": "place", **world.order(price=price)} for price in ("58000", "57000")]
    batch = {"atomic": True, "items": items}
    done = await world.call("POST", "/v1/orders/batch", body=batch, key=world.ann)
    assert done.status == 200
    book = (await world.call("GET", "/v1/markets/BTC-USD/book", "depth=5")).json()
    assert book["bids"] == [["58000", "0.01"], ["57000", "0.01"]]
    cleared = await world.call("DELETE", f"{base}/orders", "market=BTC-USD", key=world.ann)
    assert cleared.status == 200
    assert (await world.call("GET", f"{base}/orders", key=world.ann)).json() == []


async def test_fills_reach_trades_and_both_accounts(world: World) -> None:
    """A match shows in the public trades and, by side, in the fills of taker and maker."""
    await world.call("POST", "/v1/orders", body=world.order(price="59990"), key=world.ann)
    sell = world.order(world.bob_account, side="sell", type="market", price=None)
    assert (await world.call("POST", "/v1/orders", body=sell, key=world.bob)).status == 200
    (trade,) = (await world.call("GET", "/v1/markets/BTC-USD/trades")).json()
    assert (trade["price"], trade["size"], trade["side"]) == ("59990", "0.01", "sell")
    seen = []
    for key, account in ((world.ann, world.ann_account), (world.bob, world.bob_account)):
        (fill,) = (await world.call("GET", f"/v1/accounts/{account}/fills", key=key)).json()
        seen.append((fill["role"], fill["side"]))
    assert seen == [("maker", "buy"), ("taker", "sell")]


async def test_quotes_change_nothing(world: World) -> None:
    """A dry run gives the receipt the order would get, and leaves no trace."""
    before, seq = await world.state_hash(), world.node.last_seq
    body = world.order(type="market", price=None)
    quote = await world.call("POST", "/v1/quotes", body=body, key=world.ann)
    assert (await world.state_hash(), world.node.last_seq) == (before, seq)
    placed = await world.call("POST", "/v1/orders", body=body, key=world.ann)
    assert quote.json()["average_price"] == placed.json()["average_price"] is not None


async def test_a_closed_node_answers_503(world: World) -> None:
    """The only 5xx there is: health, reads and commands say so, in JSON; metrics still answer."""
    await world.node.close()
    replies = [
        await world.call("GET", "/health"),
        await world.call("GET", "/v1/markets"),
        await world.call("POST", "/v1/orders", body=world.order(), key=world.ann),
    ]
    assert [reply.status for reply in replies] == [503, 503, 503]
    assert replies[0].json()["ready"] is False
    assert {reply.json()["name"] for reply in replies[1:]} == {"HALTED"}
    assert (await world.call("GET", "/metrics")).status == 200
