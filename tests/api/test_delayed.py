"""Delayed orders over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.world import START_MS, Reply, World

EXPIRES = START_MS + 60_000


async def place(world: World, **changes: Any) -> Reply:
    """A delayed order of Ann's."""
    body = {**world.order(price="60100"), "expires_ms": EXPIRES, **changes}
    return await world.call("POST", "/v1/delayed", body=body, key=world.ann)


async def triggers(world: World) -> list[dict[str, Any]]:
    """What of Ann's waits for the oracle."""
    path = f"/v1/accounts/{world.ann_account}/triggers"
    found: list[dict[str, Any]] = (await world.call("GET", path, key=world.ann)).json()
    return found


async def test_a_delayed_order_waits_for_a_later_price(world: World) -> None:
    """API-027: it is listed with when it may go, and executed at a price published then."""
    placed = (await place(world)).json()
    assert (placed["status"], placed["remaining"]) == ("waiting", "0.01")
    (listed,) = await triggers(world)
    assert (listed["kind"], listed["order"]) == ("delayed", placed["order"])
    assert (listed["earliest_ms"], listed["expires_ms"]) == (START_MS + 1, EXPIRES)
    assert listed["direction"] is None and listed["trigger_price"] is None
    world.clock.now += 1_000
    await world.set_prices()
    # The house executes it right behind the price.
    assert await triggers(world) == []
    fills = await world.call("GET", f"/v1/accounts/{world.ann_account}/fills", key=world.ann)
    assert [one["order"] for one in fills.json()] == [placed["order"]]


async def test_a_delayed_order_is_cancelled_as_an_order(world: World) -> None:
    """API-027: by its number, by its own name, and with all others."""
    query = f"account={world.ann_account}"
    first = (await place(world)).json()["order"]
    gone = await world.call("DELETE", f"/v1/orders/{first}", query, key=world.ann)
    assert gone.status == 200
    await place(world, client_order_id="mine")
    named = await world.call(
        "DELETE", "/v1/orders/0", f"{query}&client_order_id=mine", key=world.ann
    )
    assert named.status == 200
    await place(world)
    path = f"/v1/accounts/{world.ann_account}/orders"
    assert (await world.call("DELETE", path, key=world.ann)).status == 200
    assert await triggers(world) == []


@pytest.mark.parametrize(
    ("changes", "status", "what"),
    [
        ({"price": None}, 400, "price"),
        ({"tif": "gtc"}, 400, "tif"),
        ({"post_only": "reject"}, 400, "body"),
        ({"market": "NO-PE"}, 400, "market"),
        ({"vault": 9}, 400, "vault"),
        ({"expires_ms": START_MS}, 422, "ALREADY_EXPIRED"),
        ({"expires_ms": START_MS + 10**9}, 422, "BAD_FIELD"),
        ({"size": "0.0005"}, 422, "SIZE_NOT_ON_STEP"),
    ],
)
async def test_delayed_orders_that_are_none(
    world: World, changes: dict[str, Any], status: int, what: str
) -> None:
    """API-027: the field at fault, or the refusal of the exchange."""
    reply = await place(world, **changes)
    found = reply.json()["field"] if status == 400 else reply.json()["reject"]["name"]
    assert (reply.status, found) == (status, what)
