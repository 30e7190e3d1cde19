"""The order gateway and the breaker in the SDK: signing in one call, and what each client says."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from plimsoll.client import errors
from plimsoll.client.http import HttpClient
from plimsoll.client.models import (
    MatchSignedRequest,
    PlaceDelayedRequest,
    SettleSignedRequest,
    SignedOrderForm,
    SignedTerms,
    WithdrawRequest,
)
from plimsoll.client.signed import Ed25519Key, EvmKey, Key
from plimsoll.client.signed_forms import order_of, sign_terms
from plimsoll.messages import codes, signed_form
from plimsoll.messages.commands import CreateAccount, CreatePrincipal, SetBreakerParams
from plimsoll.messages.guard_params import BreakerParams
from plimsoll.runtime.local import LocalClient
from tests.client.samples import BTC, OPERATOR, World

KEY = Ed25519Key("07" * 32)
RITA = 5
HOUR = 3_600_000


def terms(world: World, **more: Any) -> SignedTerms:
    """Alice buys 1 at 60,000 or better."""
    values: dict[str, Any] = {
        "account": world.a, "market": BTC, "side": "buy", "price": "60000", "size": "1",
        "expires_ms": world.clock.now + HOUR,
    }  # fmt: skip
    return msgspec.convert({**values, **more}, SignedTerms)


async def relayer(world: World) -> tuple[LocalClient, int]:
    """Rita, who relays, and her account."""
    await world.node.submit(CreatePrincipal("rita", codes.ROLE_RELAYER), principal=OPERATOR)
    made = await world.node.submit(CreateAccount(RITA, -1, "rita"), principal=RITA)
    account: int = made.events[0].account  # type: ignore[attr-defined]
    return world.client(RITA), account


@pytest.mark.parametrize("key", [KEY, EvmKey("09" * 32)], ids=["ed25519", "evm"])
async def test_signed_in_one_call_and_settled(world: World, key: Key) -> None:
    """Terms in symbols and decimals become what the exchange accepts, by either scheme."""
    rita, account = await relayer(world)
    await world.alice.add_signer(world.a, key.signer)
    form = await sign_terms(world.alice, key, terms(world, relay_fee="0.5", min_fill="0.25"))
    await world.bob.place_order(world.sell("59990", "1"))
    done = await rita.settle_signed(SettleSignedRequest(order=form, size="0.4", relayer=account))
    assert (done.accepted, done.status, done.filled) == (True, "filled", "0.4")
    assert (done.average_price, done.remaining) == ("59990", "0")
    assert (await rita.account(account)).balances["USD"] == "0.5"
    known = await world.alice.signed_order(form.order_hash)
    assert (known.filled, known.left, known.status) == ("0.4", "0.6", "open")
    small = await rita.settle_signed(SettleSignedRequest(order=form, size="0.1", relayer=account))
    assert small.reject is not None
    assert (small.reject.name, small.reject.limit) == ("SIGNED_MIN_FILL", "0.25")
    await world.alice.cancel_signed(form)
    assert (await world.alice.signed_orders(world.a))[0].status == "cancelled"


async def test_nothing_is_sent_by_signing(world: World) -> None:
    """Whoever signs an order keeps it until he hands it on."""
    before = world.node.last_seq
    form = await sign_terms(world.alice, KEY, terms(world))
    assert world.node.last_seq == before
    order = order_of(form, 0, -1)
    assert signed_form.hash_of(order, "memory") == form.order_hash
    assert msgspec.json.decode(msgspec.json.encode(form), type=SignedOrderForm) == form
    with pytest.raises(errors.NotFound):
        await sign_terms(world.alice, KEY, terms(world, market="NO-PE"))
    with pytest.raises(errors.NotFound):
        await sign_terms(world.alice, KEY, terms(world, vault=3))


@pytest.mark.parametrize(
    ("field", "value"),
    [("price", "0"), ("size", "1e3"), ("min_fill", "-1"), ("margin", "x"),
     ("relay_fee", "1.0000001"), ("fund", -5), ("client_order_id", "a b"), ("expires_ms", -1)],
)  # fmt: skip
async def test_terms_at_fault_are_named(world: World, field: str, value: Any) -> None:
    """Before anything is signed."""
    with pytest.raises(errors.BadField) as caught:
        await sign_terms(world.alice, KEY, terms(world, **{field: value}))
    assert caught.value.info.field == field


async def test_equal_numbers_are_equal_terms(world: World) -> None:
    """What is signed are numbers: how they are written does not matter."""
    rita, _ = await relayer(world)
    await world.alice.add_signer(world.a, KEY.signer)
    form = await sign_terms(world.alice, KEY, terms(world))
    await world.bob.place_order(world.sell("59990", "1"))
    same = msgspec.structs.replace(form, price="60000.00", size="1.000", margin="0.0")
    assert (await rita.settle_signed(SettleSignedRequest(order=same, size="1.0"))).accepted


async def test_matching_two_orders(world: World) -> None:
    """The receipt is that of the taker's order, at the maker's price."""
    rita, _ = await relayer(world)
    bobs = Ed25519Key("08" * 32)
    await world.alice.add_signer(world.a, KEY.signer)
    await world.bob.add_signer(world.b, bobs.signer)
    taker = await sign_terms(world.alice, KEY, terms(world))
    other = terms(world, account=world.b, side="sell", price="59950", size="3")
    maker = await sign_terms(world.bob, bobs, other)
    done = await rita.match_signed(MatchSignedRequest(taker=taker, maker=maker, size="1"))
    assert (done.status, done.filled, done.average_price) == ("filled", "1", "59950")
    left = {one.order_hash: one.left for one in await world.bob.signed_orders(world.b)}
    assert left == {maker.order_hash: "2"}


async def test_a_forged_order_is_a_refusal(world: World) -> None:
    """Not an exception, and no record; the numbers say nothing."""
    rita, _ = await relayer(world)
    form = await sign_terms(world.alice, KEY, terms(world))
    forged = msgspec.structs.replace(form, price="60001")
    before = world.node.last_seq
    done = await rita.settle_signed(SettleSignedRequest(order=forged, size="1"))
    assert (done.accepted, done.seq, world.node.last_seq) == (False, before, before)
    assert done.reject is not None and done.reject.name == "BAD_SIGNATURE"


async def test_a_delayed_order(world: World) -> None:
    """It waits, is listed, and is executed with the first price published later."""
    await world.bob.place_order(world.sell("60010", "1"))
    request = PlaceDelayedRequest(
        account=world.a, market=BTC, side="buy", type="market", size="1",
        expires_ms=world.clock.now + 60_000,
    )  # fmt: skip
    placed = await world.alice.place_delayed(request)
    assert (placed.status, placed.remaining) == ("waiting", "1")
    (waits,) = await world.alice.triggers(world.a)
    assert (waits.kind, waits.order) == ("delayed", placed.order)
    await world.oracle("60001")
    (fill,) = await world.alice.fills(world.a)
    assert fill.order == placed.order
    with pytest.raises(errors.BadField) as caught:
        await world.alice.place_delayed(msgspec.structs.replace(request, type="limit"))
    assert caught.value.info.field == "price"


async def test_a_held_withdrawal(world: World) -> None:
    """The receipt has its claim; owner and stranger see what is theirs to see."""
    limits = SetBreakerParams(BreakerParams(retained=999_000, pause_retained=0))
    await world.node.submit(limits, principal=OPERATOR)
    world.clock.now += 24 * HOUR
    done = await world.alice.withdraw(world.a, WithdrawRequest(amount="50000", external_id="w"))
    assert (done.accepted, done.status, done.claim is None) == (True, "held", False)
    assert done.claim is not None
    (mine,) = await world.alice.held(world.a)
    assert (mine.claim, mine.account, mine.amount) == (done.claim, world.a, "50000")
    (seen,) = (await world.bob.breaker()).held
    assert (seen.claim, seen.account) == (done.claim, None)
    for ask in (world.bob.held(world.a), world.bob.cancel_held(world.a, done.claim)):
        with pytest.raises(errors.NotFound):
            await ask
    with pytest.raises(errors.NotFound):
        await world.bob.release_held(world.b, done.claim)
    waits = await world.alice.review_breaker()
    assert waits.reject is not None and waits.reject.name == "BREAKER_WAITS"
    stays = await world.alice.cancel_held(world.a, done.claim)
    assert stays.reject is not None and stays.reject.name == "HELD_WAITS"
    small = await world.alice.withdraw(world.a, WithdrawRequest(amount="1", external_id="v"))
    assert small.claim is not None
    back = await world.alice.cancel_held(world.a, small.claim)
    assert [one["type"] for one in back.events][-1] == "HeldReleased"
    assert [one.claim for one in await world.alice.held(world.a)] == [done.claim]
    with pytest.raises(errors.NotFound):
        await world.alice.review_breaker(7)


async def test_paths_hold_what_they_can(impatient: None) -> None:
    """What would have to be escaped in a path is refused before it is sent."""
    async with HttpClient("http://127.0.0.1:9") as client:
        for signer in ("", "ed25519", "ed25519:AB", "ed25519:a/b", "ed25519:%20"):
            with pytest.raises(errors.BadField):
                await client.remove_signer(1, signer)
        for text in ("", "0" * 63, "G" * 64, "../" + "0" * 61):
            with pytest.raises(errors.BadField):
                await client.signed_order(text)
