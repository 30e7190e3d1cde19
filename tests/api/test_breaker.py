"""Circuit breakers over HTTP: what may leave, what is held and whose it is, metrics."""

from __future__ import annotations

from typing import Any

import pytest

from plimsoll.messages import codes
from plimsoll.messages.commands import Command, SetBreakerMode, SetBreakerParams
from plimsoll.messages.guard_params import BreakerParams
from plimsoll.runtime.keys import TRADE, StoredKey
from plimsoll.runtime.presets import OPERATOR
from tests.api.liquid import pour
from tests.api.wire import PATH, Follower, Wire
from tests.api.world import ANN, START_MS, Reply, World

HOUR = 3_600_000
COOLDOWN = 4 * HOUR


async def operate(world: World, command: Command) -> None:
    """A command of the operator's."""
    assert (await world.node.submit(command, principal=OPERATOR)).accepted


@pytest.fixture
async def guarded(world: World) -> World:
    """The world with limits, set a day ago: 90 % have to stay, of the rest half for each."""
    params = BreakerParams(
        retained=900_000, pause_retained=400_000, cooldown_ms=COOLDOWN, pause_cooldown_ms=COOLDOWN
    )
    await operate(world, SetBreakerParams(params))
    world.clock.now += 24 * HOUR
    await world.set_prices()
    return world


async def withdraw(world: World, amount: str, key: StoredKey, account: int, name: str) -> Reply:
    """A withdrawal."""
    path = f"/v1/accounts/{account}/withdrawals"
    body = {"amount": amount, "external_id": name}
    return await world.call("POST", path, body=body, key=key)


async def breaker(world: World, key: StoredKey | None = None) -> dict[str, Any]:
    """What is told of the breaker."""
    found: dict[str, Any] = (await world.call("GET", "/v1/breaker", key=key)).json()
    return found


async def held(world: World, account: int, key: StoredKey) -> list[dict[str, Any]]:
    """What of an account is held."""
    found: list[dict[str, Any]] = (
        await world.call("GET", f"/v1/accounts/{account}/held", key=key)
    ).json()
    return found


async def test_without_limits_everything_may_leave(world: World) -> None:
    """API-028: normal, not limited, and all there is may leave."""
    found = await breaker(world)
    assert (found["mode"], found["limited"], found["params"]) == ("normal", False, None)
    assert found["may_leave"] == found["worth"] and float(found["worth"]) > 2_000_000
    assert (found["kept"], found["part"], found["held"]) == (None, None, [])


async def test_what_may_leave(guarded: World) -> None:
    """API-028: the bound, what one principal may take of it, and what he has taken."""
    found = await breaker(guarded)
    worth, kept = float(found["worth"]), float(found["kept"])
    assert found["limited"] and kept == pytest.approx(0.9 * worth, rel=1e-6)
    assert float(found["may_leave"]) == pytest.approx(worth - kept)
    assert float(found["part"]) == pytest.approx((worth - kept) / 2, rel=1e-6)
    assert "own" not in found or found["own"] is None
    assert found["params"]["retained"] == 900_000
    paid = await withdraw(guarded, "1000", guarded.ann, guarded.ann_account, "w1")
    assert (paid.status, paid.json()["status"], paid.json()["claim"]) == (200, "done", None)
    own = (await breaker(guarded, guarded.ann))["own"]
    assert (own["principal"], own["taken"], own["held"]) == (ANN, "1000", [])
    assert float(own["may_leave"]) == pytest.approx(float(found["part"]) - 1000, rel=1e-6)
    flows = (await breaker(guarded))["flows"]
    assert [(one["asset"], one["net"], one["held"]) for one in flows] == [("USD", "-1000", "0")]


async def trip(world: World) -> int:
    """Ann asks for more than may leave; the number of what is held."""
    reply = (await withdraw(world, "900000", world.ann, world.ann_account, "big")).json()
    assert (reply["accepted"], reply["status"]) == (True, "held")
    claim: int = reply["claim"]
    return claim


async def small(world: World) -> int:
    """Ann asks for ten dollars while the exchange is restricted; the number of what is held."""
    reply = (await withdraw(world, "10", world.ann, world.ann_account, "small")).json()
    claim: int = reply["claim"]
    return claim


async def test_a_withdrawal_that_is_held(guarded: World) -> None:
    """API-029: the answer says so, with the claim; the exchange is restricted, and says it."""
    claim = await trip(guarded)
    found = await breaker(guarded)
    assert (found["mode"], found["since_ms"]) == ("restricted", guarded.clock.now)
    assert found["recovers_ms"] == guarded.clock.now + COOLDOWN
    (own,) = await held(guarded, guarded.ann_account, guarded.ann)
    assert (own["claim"], own["amount"], own["asset"]) == (claim, "900000", "USD")
    assert (own["held_by"], own["payable"]) == ("exchange", False)
    order = guarded.order(guarded.bob_account)
    opening = await guarded.call("POST", "/v1/orders", body=order, key=guarded.bob)
    why = opening.json()["reject"]
    assert (why["name"], why["value"], why["limit"]) == (
        "EXCHANGE_MODE", "restricted", "restricted",
    )  # fmt: skip


async def test_whose_a_claim_is(guarded: World) -> None:
    """API-029: everybody sees that something is held, its owner and an operator whose it is."""
    claim = await trip(guarded)
    account = guarded.ann_account
    for key, seen in (
        (None, None), (guarded.bob, None), (guarded.ann, account), (guarded.operator, account),
    ):  # fmt: skip
        (one,) = (await breaker(guarded, key))["held"]
        assert (one["claim"], one["account"]) == (claim, seen)
    assert (await breaker(guarded, guarded.bob))["own"]["held"] == []
    assert [one["claim"] for one in (await breaker(guarded, guarded.ann))["own"]["held"]] == [claim]
    for end in ("cancel", "release"):
        for whose in (account, guarded.bob_account):
            path = f"/v1/accounts/{whose}/held/{claim}/{end}"
            reply = await guarded.call("POST", path, key=guarded.bob)
            assert reply.status == (404 if whose == account or end == "release" else 422)
    assert len(await held(guarded, account, guarded.ann)) == 1


async def test_taking_it_back(guarded: World) -> None:
    """API-029: once; what tripped the breaker in a normal mode only, all else in every mode."""
    tripping = await trip(guarded)
    path = f"/v1/accounts/{guarded.ann_account}/held/{tripping}/cancel"
    waits = await guarded.call("POST", path, key=guarded.ann)
    assert (waits.status, waits.json()["reject"]["name"]) == (422, "HELD_WAITS")
    claim = await small(guarded)
    path = f"/v1/accounts/{guarded.ann_account}/held/{claim}/cancel"
    first, again = [
        await guarded.call("POST", path, key=guarded.ann, command_id="back") for _ in range(2)
    ]
    (event,) = [one for one in first.json()["events"] if one["type"] == "HeldReleased"]
    assert (event["amount"], event["paid"]) == ("10", False)
    assert {**first.json(), "duplicate": True} == again.json()
    other = await guarded.call("POST", path, key=guarded.ann)
    assert (other.status, other.json()["reject"]["name"]) == (422, "UNKNOWN_HELD")


async def test_recovery_and_payment(guarded: World) -> None:
    """API-029, API-030: not before its time; then anybody may ask, and what was held is paid."""
    claim = await trip(guarded)
    review, path = "/v1/breaker/review", f"/v1/accounts/{guarded.ann_account}/held/{claim}/release"
    early = await guarded.call("POST", review, key=guarded.bob)
    assert (early.status, early.json()["reject"]["name"]) == (422, "BREAKER_WAITS")
    waits = await guarded.call("POST", path, key=guarded.ann)
    assert (waits.status, waits.json()["reject"]["value"]) == (422, "restricted")
    guarded.clock.now += COOLDOWN
    done = await guarded.call("POST", review, key=guarded.bob)
    assert [one["mode"] for one in done.json()["events"]] == ["normal"]
    # The house pays right behind it.
    assert await held(guarded, guarded.ann_account, guarded.ann) == []
    assert (await breaker(guarded, guarded.ann))["own"]["held"] == []
    over = await guarded.call("POST", path, key=guarded.ann)
    assert (over.status, over.json()["reject"]["name"]) == (422, "UNKNOWN_HELD")


async def test_paying_needs_the_scope_of_a_withdrawal(guarded: World) -> None:
    """API-029: what leaves the exchange needs a key that may withdraw."""
    await trip(guarded)
    claim = await small(guarded)
    key = guarded.keys.create(ANN, [TRADE], "trade", now_ms=START_MS)
    path = f"/v1/accounts/{guarded.ann_account}/held/{claim}"
    assert (await guarded.call("POST", f"{path}/release", key=key)).status == 403
    assert (await guarded.call("POST", f"{path}/cancel", key=key)).status == 200


async def test_a_principals_part(guarded: World) -> None:
    """API-028: more than is left of one's part is held until the window is over, and trips
    nothing; more than all of it is refused."""
    part = int(float((await breaker(guarded))["part"]))
    ann, account = guarded.ann, guarded.ann_account
    whole = await withdraw(guarded, str(part + 1), ann, account, "whole")
    assert (whole.status, whole.json()["reject"]["name"]) == (422, "RATE_LIMITED")
    assert (await withdraw(guarded, str(part * 6 // 10), ann, account, "first")).status == 200
    reply = (await withdraw(guarded, str(part // 2), ann, account, "part")).json()
    assert reply["status"] == "held"
    (own,) = await held(guarded, guarded.ann_account, guarded.ann)
    assert own["held_by"] == "part" and own["due_ms"] > guarded.clock.now
    assert (await breaker(guarded))["mode"] == "normal"
    path = f"/v1/accounts/{guarded.ann_account}/held/{reply['claim']}/release"
    early = await guarded.call("POST", path, key=guarded.ann)
    assert (early.status, early.json()["reject"]["name"]) == (422, "BREAKER_WAITS")
    guarded.clock.now = own["due_ms"]
    first, again = [
        await guarded.call("POST", path, key=guarded.ann, command_id="pay") for _ in range(2)
    ]
    assert [one["type"] for one in first.json()["events"]] == ["Transferred", "HeldReleased"]
    assert {**first.json(), "duplicate": True} == again.json()


async def test_a_breaker_is_explained_to_everybody(guarded: World) -> None:
    """API-017: who withdrew stays unknown; why the breaker moved does not."""
    reply = (await withdraw(guarded, "900000", guarded.ann, guarded.ann_account, "big")).json()
    path = f"/v1/explain/{reply['seq']}"
    lines = (await guarded.call("GET", path, key=guarded.bob)).json()["lines"]
    assert [one["event"] for one in lines] == ["BreakerMoved"]
    assert "is restricted, it was normal, because" in lines[0]["text"]
    owners = (await guarded.call("GET", path, key=guarded.ann)).json()["lines"]
    assert {"WithdrawalHeld", "BreakerMoved"} <= {one["event"] for one in owners}


async def test_vaults_show_their_breakers(world: World) -> None:
    """API-030: mode and why; a review of one that is calm has nothing to do."""
    await pour(world)
    found = (await world.call("GET", "/v1/vaults/1")).json()["breaker"]
    assert (found["mode"], found["cause"], found["hedge_left"]) == ("normal", None, None)
    reply = await world.call("POST", "/v1/vaults/1/review", key=world.bob)
    assert (reply.status, reply.json()["reject"]["name"]) == (422, "NOTHING_TO_DO")
    assert (await world.call("POST", "/v1/vaults/99/review", key=world.bob)).status == 404


async def test_metrics_tell_the_modes(guarded: World) -> None:
    """API-010: gauges of the modes, of what may leave and of how much is held."""
    await pour(guarded)
    guarded.clock.now += 24 * HOUR
    await guarded.set_prices()
    limits = BreakerParams(retained=999_000, pause_retained=0)
    await operate(guarded, SetBreakerParams(limits))
    await trip(guarded)
    await operate(guarded, SetBreakerMode(codes.PAUSED, 0))
    lines = set((await guarded.call("GET", "/metrics")).body.decode().splitlines())
    assert {
        "plimsoll_breaker_mode 2.0",
        "plimsoll_breaker_may_leave 0.0",
        "plimsoll_held_withdrawals 1.0",
        'plimsoll_vault_breaker_mode{vault="1"} 0.0',
    } <= lines


async def test_streams_of_the_breaker_and_of_an_account(guarded: World) -> None:
    """API-008: moves are open to all; what happens to an account needs its owner's key."""
    mine = f"activity:{guarded.ann_account}"
    anonymous = await Wire(guarded).accept()
    await anonymous.subscribe("breaker", mine, f"triggers:{guarded.ann_account}")
    answers = [await anonymous.read() for _ in range(3)]
    faults = [one["error"]["name"] for one in answers if "error" in one]
    (first,) = [one for one in answers if "error" not in one]
    assert faults == ["UNAUTHENTICATED"] * 2
    assert (first["channel"], first["data"]["mode"]) == ("breaker", "normal")
    signed = guarded.sign(guarded.ann, "GET", PATH)
    owner, follower = await Wire(guarded, signed).accept(), Follower()
    await owner.subscribe(mine)
    follower.take(await owner.read())
    stranger = await Wire(guarded, guarded.sign(guarded.bob, "GET", PATH)).accept()
    await stranger.subscribe(mine)
    assert (await stranger.read())["error"]["name"] == "UNKNOWN_ACCOUNT"
    claim = await trip(guarded)
    moved = await anonymous.read()
    assert [one["mode"] for one in moved["data"]["moves"]] == ["restricted"]
    assert (moved["type"], moved["prev"]) == ("delta", first["seq"])
    held_one = await owner.read()
    follower.take(held_one)
    assert [one["claim"] for one in held_one["data"]["activity"]] == [claim]
    for wire in (anonymous, owner, stranger):
        await wire.close()
