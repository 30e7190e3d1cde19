"""Vaults and spot over HTTP, from the first deposit to the last swap."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.api.liquid import pour
from tests.api.world import START_MS, Reply, World, open_world


@pytest.fixture
async def liquid() -> AsyncIterator[World]:
    """An exchange with three vaults and a spot pool."""
    async with open_world() as made:
        await pour(made)
        yield made


async def post(world: World, path: str, command_id: str = "", **body: Any) -> Reply:
    """A signed request of Ann's about her account."""
    content = {"account": world.ann_account, **body}
    return await world.call("POST", path, body=content, key=world.ann, command_id=command_id)


async def test_what_vaults_are_is_open(liquid: World) -> None:
    """API-018: without a key; vaults that are not there are 404, ids that cannot be too."""
    vaults = (await liquid.call("GET", "/v1/vaults")).json()
    assert [(one["vault"], one["kind"], one["asset"]) for one in vaults] == [
        (0, "passive", "USD"), (1, "base", "BTC"), (2, "quote", "USD"),
    ]  # fmt: skip
    assert (await liquid.call("GET", "/v1/vaults/1")).json() == vaults[1]
    quotes = (await liquid.call("GET", "/v1/vaults/0/quotes")).json()
    assert [one["market"] for one in quotes] == ["BTC-USD"]
    assert (await liquid.call("GET", "/v1/vaults/0/unlocks")).json() == []
    (pool,) = (await liquid.call("GET", "/v1/spot/pools")).json()
    assert (pool["base"], pool["quote"], pool["price"]) == ("BTC", "USD", "60000")
    for path in ("/v1/vaults/9", "/v1/vaults/9/quotes", "/v1/vaults/9/unlocks", "/v1/vaults/x"):
        assert (await liquid.call("GET", path)).status == 404
    missing = await post(liquid, "/v1/vaults/9/deposits", amount="1")
    assert (missing.status, missing.json()["name"]) == (404, "UNKNOWN_VAULT")


async def test_a_deposit_and_a_withdrawal(liquid: World) -> None:
    """API-019: previews say what happens; a command id acts once; a refusal is a 422."""
    path = "/v1/vaults/0/deposits"
    before = await liquid.state_hash()
    shown = (await post(liquid, f"{path}/preview", amount="5000")).json()
    assert await liquid.state_hash() == before
    first, again = [await post(liquid, path, "d-1", amount="5000") for _ in range(2)]
    assert again.json() == first.json() | {"duplicate": True}
    (event,) = [one for one in first.json()["events"] if one["type"] == "VaultDeposited"]
    assert str(event["shares"]) == shown["shares"] == "5000000000"
    (held,) = (
        await liquid.call("GET", f"/v1/accounts/{liquid.ann_account}/vaults", key=liquid.ann)
    ).json()
    assert (held["shares"], held["value"], held["unlocks"]) == ("5000000000", "5000", [])
    path = "/v1/vaults/0/withdrawals"
    refused = await post(liquid, path, shares="5000000001")
    assert (refused.status, refused.json()["reject"]["name"]) == (422, "INSUFFICIENT_SHARES")
    shown = await post(liquid, f"{path}/preview", shares="5000000001")
    assert (shown.status, shown.json()["accepted"]) == (200, False)
    assert shown.json()["reject"] == refused.json()["reject"]
    done = await post(liquid, path, shares="5000000000", min_value="4999")
    assert done.status == 200
    claim = await post(liquid, "/v1/vaults/0/claims")
    assert (claim.status, claim.json()["reject"]["name"]) == (422, "UNLOCK_NOT_DUE")


async def test_trades_swaps_and_firm_quotes(liquid: World) -> None:
    """API-020, API-021: each with its receipt; what is read strictly is named."""
    assert (await post(liquid, "/v1/vaults/1/deposits", amount="2")).status == 200
    trade = await post(liquid, "/v1/vaults/1/trades", side="sell", amount="0.5")
    assert (trade.status, trade.json()["filled"]) == (200, "0.5")
    order = liquid.order(side="buy", size="0.1", price="61000", vault=1)
    placed = (await liquid.call("POST", "/v1/orders", body=order, key=liquid.ann)).json()
    assert (placed["status"], placed["filled"]) == ("filled", "0.1")
    swap = await post(liquid, "/v1/spot/swaps", pool=0, asset_in="USD", amount="100")
    assert swap.status == 200
    quote = {"asset": "BTC", "side": "sell", "price": "60000", "amount": "0.1"}
    posted = await post(liquid, "/v1/spot/quotes", **quote, expires_ms=START_MS + 9_000)
    (event,) = [one for one in posted.json()["events"] if one["type"] == "FirmQuotePosted"]
    for key, account in ((None, None), (liquid.bob, None), (liquid.ann, liquid.ann_account)):
        (seen,) = (await liquid.call("GET", "/v1/spot/quotes", key=key)).json()
        assert (seen["quote"], seen["account"]) == (event["firm_quote"], account)
    path, query = f"/v1/spot/quotes/{event['firm_quote']}", f"account={liquid.ann_account}"
    assert (await liquid.call("DELETE", path, query, key=liquid.ann)).status == 200
    again = await liquid.call("DELETE", path, query, key=liquid.ann)
    assert (again.status, again.json()["reject"]["name"]) == (422, "UNKNOWN_FIRM_QUOTE")
    for change, field in (
        ({"amount": "0.000000001"}, "amount"),
        ({"asset_in": "ETH"}, "asset_in"),
        ({"exact": "none"}, "exact"),
        ({"pool": 1}, "pool"),
        ({"size": "1"}, "body"),
    ):
        body = {"pool": 0, "asset_in": "BTC", "amount": "1", **change}
        reply = await post(liquid, "/v1/spot/swaps", **body)
        assert (reply.status, reply.json()["field"]) == (400, field)


async def test_the_exchange_names_its_assets(liquid: World) -> None:
    """API-012: with their decimals, in which amounts are written."""
    found = (await liquid.call("GET", "/v1/exchange")).json()
    assert found["assets"] == [
        {"asset": 0, "symbol": "USD", "decimals": 6}, {"asset": 1, "symbol": "BTC", "decimals": 8},
    ]  # fmt: skip
