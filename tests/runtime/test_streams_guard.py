"""Streams of what happens at the gateway and the breaker: each to whom it concerns, once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from plimsoll.api.mirror import Mirror
from plimsoll.client import errors
from plimsoll.client.models import (
    PlaceDelayedRequest,
    SettleSignedRequest,
    SignedTerms,
    StreamMessage,
    WithdrawRequest,
)
from plimsoll.client.signed import Ed25519Key
from plimsoll.client.signed_forms import sign_terms
from plimsoll.messages import codes
from plimsoll.messages.commands import (
    CreateAccount,
    CreatePrincipal,
    CreateVault,
    SetBreakerMode,
    SetBreakerParams,
)
from plimsoll.messages.guard_params import BreakerParams
from plimsoll.messages.vault_params import VaultParams
from plimsoll.runtime.recent import ACTIVITY_MAX
from tests.client.samples import BTC, OPERATOR, World

KEY = Ed25519Key("07" * 32)
RITA = 5
HOUR = 3_600_000


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """An exchange in memory with two traders."""
    made = await World.open()
    yield made
    await made.close()


async def take(stream: AsyncIterator[StreamMessage], count: int = 1) -> list[StreamMessage]:
    """The next messages; a test that waits for one that never comes fails."""
    async with asyncio.timeout(5):
        return [await anext(stream) for _ in range(count)]


def kinds(message: StreamMessage) -> list[str]:
    """What happened, in a message of an account's activity."""
    return [one["type"] for one in message.data["activity"]]


def waiting(world: World, **more: Any) -> PlaceDelayedRequest:
    """A delayed order of Alice's."""
    values: dict[str, Any] = {"type": "market", "size": "1", "side": "buy", **more}
    until = world.clock.now + 60_000
    return PlaceDelayedRequest(account=world.a, market=BTC, expires_ms=until, **values)


async def test_a_settlement_is_told_to_owner_and_relayer(world: World) -> None:
    """Of it the relayer is not told what went back to the fund; a stranger is told nothing."""
    await world.node.submit(CreatePrincipal("rita", codes.ROLE_RELAYER), principal=OPERATOR)
    made = await world.node.submit(CreateAccount(RITA, -1, "rita"), principal=RITA)
    account: int = made.events[0].account  # type: ignore[attr-defined]
    rita = world.client(RITA)
    streams = [
        world.alice.stream([f"activity:{world.a}"]),
        rita.stream([f"activity:{account}"]),
        world.bob.stream([f"activity:{world.b}"]),
    ]
    firsts = [(await take(one))[0] for one in streams]
    assert [(one.type, one.data) for one in firsts] == [("snapshot", {"activity": []})] * 3
    await world.alice.add_signer(world.a, KEY.signer)
    (added,) = await take(streams[0])
    assert kinds(added) == ["SignerSet"]
    await world.bob.place_order(world.sell("60000", "1"))
    terms = SignedTerms(
        account=world.a, market=BTC, side="buy", price="60000", size="1", relay_fee="1",
        expires_ms=world.clock.now + HOUR,
    )  # fmt: skip
    form = await sign_terms(world.alice, KEY, terms)
    done = await rita.settle_signed(SettleSignedRequest(order=form, size="1", relayer=account))
    owner, relayer = (await take(streams[0]))[0], (await take(streams[1]))[0]
    assert (owner.type, owner.seq, relayer.seq) == ("delta", done.seq, done.seq)
    (own,), (other,) = owner.data["activity"], relayer.data["activity"]
    assert (own["filled"], own["relay_fee"], own["released"]) == ("1", "1", "0")
    assert "released" not in other and other["order_hash"] == form.order_hash
    assert (own["seq"], own["ts"]) == (done.seq, done.ts)
    await world.bob.add_signer(world.b, KEY.signer)
    (bobs,) = await take(streams[2])
    assert kinds(bobs) == ["SignerSet"]


async def test_a_delayed_order_from_beginning_to_end(world: World) -> None:
    """It appears among the triggers and goes; why, the activity tells."""
    names = [f"triggers:{world.a}", f"activity:{world.a}"]
    stream = world.alice.stream(names)
    await take(stream, 2)
    placed = await world.alice.place_delayed(waiting(world))
    triggers, activity = await take(stream, 2)
    (row,) = triggers.data["triggers"]
    assert (row["kind"], row["order"], triggers.data["removed"]) == ("delayed", placed.order, [])
    assert kinds(activity) == ["DelayedPlaced"]
    await world.bob.place_order(world.sell("60000", "1"))
    await world.oracle("60001")
    triggers, activity = await take(stream, 2)
    assert triggers.data == {"triggers": [], "removed": [placed.order]}
    assert kinds(activity) == ["DelayedExecuted"]
    await world.alice.place_delayed(waiting(world, tif="fok", size="500"))
    await take(stream, 2)
    await world.oracle("60002")
    _, activity = await take(stream, 2)
    (why,) = activity.data["activity"]
    assert (why["type"], why["name"]) == ("DelayedRefused", "FOK_NOT_FILLABLE")
    gone = await world.alice.place_delayed(waiting(world))
    await take(stream, 2)
    await world.alice.cancel_order(world.a, gone.order or 0)
    (triggers,) = await take(stream)
    assert triggers.data["removed"] == [gone.order]


async def test_the_breaker_is_public(world: World) -> None:
    """Its modes, then every move with why; who made it move stays unknown."""
    await world.node.submit(
        CreateVault(codes.PASSIVE_VAULT, -1, "v", VaultParams()), principal=OPERATOR
    )
    limits = SetBreakerParams(BreakerParams(retained=999_000, pause_retained=0))
    await world.node.submit(limits, principal=OPERATOR)
    world.clock.now += 24 * HOUR
    stream, mirror = world.client(-1).stream(["breaker"]), Mirror("breaker")
    (first,) = await take(stream)
    mirror.apply(first)
    assert first.data == {
        "mode": "normal", "since_ms": 0, "vaults": [{"vault": 0, "mode": "normal"}], "moves": [],
    }  # fmt: skip
    own = world.alice.stream([f"activity:{world.a}"])
    await take(own)
    done = await world.alice.withdraw(world.a, WithdrawRequest(amount="50000", external_id="w"))
    (moved,) = await take(stream)
    mirror.apply(moved)
    (move,) = moved.data["moves"]
    assert (moved.data["mode"], move["mode"], move["before"]) == (
        "restricted", "restricted", "normal",
    )  # fmt: skip
    assert (move["cause"], move["vault"], move["seq"]) == ("outflow", None, done.seq)
    assert (
        str(world.a) not in str({k: v for k, v in move.items() if k not in ("seq", "ts")}).split()
    )
    (mine,) = await take(own)
    assert kinds(mine) == ["WithdrawalHeld"]
    assert (mine.data["activity"][0]["amount"], mine.data["activity"][0]["claim"]) == (
        "50000", done.claim,
    )  # fmt: skip
    await world.node.submit(SetBreakerMode(codes.NORMAL, 0), principal=OPERATOR)
    (again,) = await take(stream)
    mirror.apply(again)
    assert mirror.data is not None
    assert [one["mode"] for one in mirror.data["moves"]] == ["restricted", "normal"]
    assert mirror.data["mode"] == "normal"
    # Who joins later is told what happened before.
    (late,) = await take(world.bob.stream(["breaker"]))
    assert [one["mode"] for one in late.data["moves"]] == ["restricted", "normal"]


async def test_a_snapshot_has_what_happened_lately(world: World) -> None:
    """Oldest first, a bounded number, and nothing of it comes again."""
    for at in range(ACTIVITY_MAX + 5):
        text = f"ed25519:{at % 2:064x}"
        await world.alice.add_signer(world.a, text)
    stream = world.alice.stream([f"activity:{world.a}"])
    (first,) = await take(stream)
    seen = [one["seq"] for one in first.data["activity"]]
    assert len(seen) == ACTIVITY_MAX and seen == sorted(seen)
    await world.alice.remove_signer(world.a, "ed25519:" + "0" * 64)
    (delta,) = await take(stream)
    assert [one["allowed"] for one in delta.data["activity"]] == [False]


@pytest.mark.parametrize("kind", ["activity", "triggers"])
async def test_others_do_not_listen(world: World, kind: str) -> None:
    """X4: a channel of somebody else's account is like one of an account that is not there."""
    for account in (world.a, 99_999):
        with pytest.raises(errors.NotFound):
            await anext(world.bob.stream([f"{kind}:{account}"]))
