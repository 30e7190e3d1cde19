"""What vaults and vAMMs earn over HTTP: by cause, between two times, hour by hour; and to whom."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from plimsoll.analytics.attribution import CAUSES
from plimsoll.runtime.pnl import DAY_MS, HOUR_MS
from tests.api.liquid import pour
from tests.api.world import START_MS, Reply, World, open_world
from tests.harness.liquidity import BASE, PASSIVE

MINUTE = 60_000


@pytest.fixture
async def earning() -> AsyncIterator[World]:
    """Ann brings 5,000 USD and 2 BTC; Bob trades; the price moves on in each of five hours."""
    async with open_world() as made:
        await pour(made)
        await made.set_prices({"BTC-USD": 60_000_000_000})
        for vault, amount in ((PASSIVE, "5000"), (BASE, "2")):
            body = {"account": made.ann_account, "amount": amount}
            path = f"/v1/vaults/{vault}/deposits"
            assert (await made.call("POST", path, body=body, key=made.ann)).status == 200
        for hour in range(5):
            made.clock.now = START_MS + hour * HOUR_MS + 10 * MINUTE
            await made.set_prices({"BTC-USD": 60_000_000_000 + hour * 10_000_000})
            side = "buy" if hour % 2 else "sell"
            order = made.order(made.bob_account, type="market", size="0.05", side=side, price=None)
            assert (await made.call("POST", "/v1/orders", body=order, key=made.bob)).status == 200
            body = {"account": made.bob_account, "side": side, "amount": "0.1"}
            path = f"/v1/vaults/{BASE}/trades"
            await made.call("POST", path, body=body, key=made.bob)
        yield made


async def get(world: World, path: str, **query: object) -> Reply:
    """Without a key: all of it is open. ``since`` and ``until`` stand for from and to."""
    names = {"since": "from", "until": "to"}
    text = "&".join(f"{names.get(name, name)}={value}" for name, value in query.items())
    return await world.call("GET", path, text)


def check_sum(info: dict[str, Any]) -> None:
    """NAV before, flows and the seven causes are the NAV, to the last digit."""
    causes = [Decimal(info["causes"][name]) for name in CAUSES]
    assert list(info["causes"]) == list(CAUSES)
    assert Decimal(info["pnl"]) == sum(causes)
    before = Decimal(info.get("nav_before", "0"))
    assert before + Decimal(info["flows"]) + sum(causes) == Decimal(info["nav"])


async def test_pnl_since_the_opening(earning: World) -> None:
    """API-022: without a key; what was brought and what was earned make what it is worth."""
    info = (await get(earning, f"/v1/vaults/{PASSIVE}/pnl")).json()
    check_sum(info)
    assert (info["source"], info["kind"], info["vault"], info["market"]) == (
        "vault:0", "passive", 0, None,
    )  # fmt: skip
    assert (info["flows"], info["from_ms"], info["nav_before"]) == ("5000", None, "0")
    assert Decimal(info["causes"]["spread"]) > 0 and info["causes"]["repeg"] == "0"
    shown = (await get(earning, f"/v1/vaults/{PASSIVE}")).json()
    assert (info["nav"], info["worth"], info["supply"], info["share_price"]) == (
        shown["equity"], shown["assets"], shown["supply"], shown["share_price"],
    )  # fmt: skip
    assert (info["share_price_before"], info["seq"]) == ("1", earning.node.last_seq)
    base = (await get(earning, f"/v1/vaults/{BASE}/pnl")).json()
    check_sum(base)
    shown = (await get(earning, f"/v1/vaults/{BASE}")).json()
    assert (base["asset"], base["worth"], base["market"]) == ("BTC", shown["assets"], "BTC-USD")
    assert Decimal(base["causes"]["spread"]) == -Decimal(base["causes"]["hedge_slippage"]) != 0


async def test_pnl_between_two_times(earning: World) -> None:
    """API-022: parts of the time sum to the whole, cause by cause; the points used are told."""
    path = f"/v1/vaults/{PASSIVE}/pnl"
    whole = (await get(earning, path)).json()
    middle = START_MS + 3 * HOUR_MS
    first = (await get(earning, path, until=middle)).json()
    second = (await get(earning, path, since=middle)).json()
    for part in (first, second):
        check_sum(part)
    assert first["from_ms"] is None
    assert first["to_ms"] == second["from_ms"] == START_MS + 2 * HOUR_MS + 10 * MINUTE
    assert first["nav"] == second["nav_before"] and second["flows"] == "0"
    assert first["share_price"] == second["share_price_before"]
    for name in CAUSES:
        parts = Decimal(first["causes"][name]) + Decimal(second["causes"][name])
        assert parts == Decimal(whole["causes"][name])
    # A time within an hour: what was known at the end of the one before.
    third = (await get(earning, path, since=middle, until=middle + 70 * MINUTE)).json()
    check_sum(third)
    assert third["to_ms"] == START_MS + 4 * HOUR_MS + 10 * MINUTE
    # A beginning before the opening is the opening; an empty range earns nothing.
    assert (await get(earning, path, since=5)).json() == whole
    now = earning.clock.now
    empty = (await get(earning, path, since=now, until=now)).json()
    assert (empty["pnl"], empty["flows"], empty["nav"]) == ("0", "0", empty["nav_before"])


async def test_every_source_at_once(earning: World) -> None:
    """API-022: vaults by id, then vAMMs; each as it is alone."""
    found = (await get(earning, "/v1/pnl")).json()
    assert [one["source"] for one in found][:3] == ["vault:0", "vault:1", "vault:2"]
    assert {one["kind"] for one in found[3:]} == {"vamm"}
    for one in found:
        check_sum(one)
    assert found[1] == (await get(earning, "/v1/vaults/1/pnl")).json()
    symbol = found[3]["market"]
    assert found[3] == (await get(earning, f"/v1/vamms/{symbol}/pnl")).json()
    assert (found[3]["vault"], found[3]["share_price"], found[3]["supply"]) == (None, None, "0")
    later = (await get(earning, "/v1/pnl", since=START_MS + HOUR_MS, until=START_MS + 9**14)).json()
    assert [one["source"] for one in later] == [one["source"] for one in found]
    assert (await get(earning, "/v1/pnl", until=1)).json() == []


async def test_history(earning: World) -> None:
    """API-023: a point an hour, oldest first, the newest at its last record; days are the last."""
    path = f"/v1/vaults/{PASSIVE}/history"
    points = (await get(earning, path)).json()
    assert [one["ts"] for one in points] == [
        START_MS + hour * HOUR_MS + 10 * MINUTE for hour in range(5)
    ]
    for one in points:
        check_sum(one)
    assert [one["seq"] for one in points] == sorted({one["seq"] for one in points})
    assert points[-1]["seq"] == earning.node.last_seq
    info = (await get(earning, f"/v1/vaults/{PASSIVE}/pnl")).json()
    same = ("nav", "flows", "pnl", "causes", "worth", "supply", "share_price")
    assert {name: points[-1][name] for name in same} == {name: info[name] for name in same}
    (day,) = (await get(earning, path, resolution="day")).json()
    assert day == points[-1] if START_MS % DAY_MS < 19 * HOUR_MS else day in points
    assert (await get(earning, path, limit=2)).json() == points[-2:]
    assert (await get(earning, path, limit=2, since=5)).json() == points[:2]
    two = {"since": points[1]["ts"], "until": points[2]["ts"]}
    assert (await get(earning, path, **two)).json() == points[1:3]
    assert (await get(earning, path, until=5)).json() == []
    vamm = (await get(earning, "/v1/vamms/BTC-USD/history", limit=1)).json()
    assert (vamm[0]["share_price"], vamm[0]["price"], len(vamm)) == (None, "60040", 1)


@pytest.mark.parametrize(
    ("path", "query", "status", "name", "field"),
    [
        ("/v1/vaults/9/pnl", {}, 404, "UNKNOWN_VAULT", "vault"),
        ("/v1/vaults/9/history", {}, 404, "UNKNOWN_VAULT", "vault"),
        ("/v1/vamms/DOGE/pnl", {}, 404, "UNKNOWN_MARKET", "market"),
        ("/v1/vamms/DOGE/history", {}, 404, "UNKNOWN_MARKET", "market"),
        ("/v1/vaults/0/pnl", {"until": 5}, 404, "UNKNOWN_ROUTE", "to"),
        ("/v1/vamms/BTC-USD/pnl", {"until": 5}, 404, "UNKNOWN_ROUTE", "to"),
        ("/v1/vaults/0/pnl", {"since": 9, "until": 5}, 400, "BAD_FIELD", "from"),
        ("/v1/pnl", {"since": 9, "until": 5}, 400, "BAD_FIELD", "from"),
        ("/v1/vaults/0/history", {"since": 9, "until": 5}, 400, "BAD_FIELD", "from"),
        ("/v1/vaults/0/history", {"resolution": "week"}, 400, "BAD_FIELD", "resolution"),
        ("/v1/vaults/0/history", {"limit": 0}, 400, "BAD_FIELD", "limit"),
        ("/v1/vaults/0/history", {"limit": 1001}, 400, "BAD_FIELD", "limit"),
        ("/v1/vaults/0/history", {"since": "yesterday"}, 400, "BAD_FIELD", "from"),
        ("/v1/vaults/0/pnl", {"since": 2**48}, 400, "BAD_FIELD", "from"),
        ("/v1/vaults/0/pnl", {"resolution": "day"}, 400, "BAD_REQUEST", "resolution"),
    ],
)
async def test_what_is_not_there(
    earning: World, path: str, query: dict[str, object], status: int, name: str, field: str
) -> None:
    """API-007: each with its status, its code and the field at fault."""
    reply = await get(earning, path, **query)
    found = reply.json()
    assert (reply.status, found["name"], found["field"]) == (status, name, field)
