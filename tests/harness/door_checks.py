"""What the doors of the exchange must let in and keep out, as checks over HTTP.

One door is that of requests (X3, X4): signature, time, nonce, scope, one's own data. The other is
that of signed orders: what is settled is what its key signed, here. Each check runs on an exchange
of its own and raises ``AssertionError`` when a door is not as it should be; all of them pass on the
sound program.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec

from plimsoll.client.models import SignedOrderForm
from plimsoll.client.signed import Ed25519Key, EvmKey, Key
from plimsoll.client.signed_forms import order_of
from plimsoll.messages import signed_form
from plimsoll.runtime.identity import IN_MEMORY
from plimsoll.runtime.keys import KeyStore
from tests.api.signing import SIGNER
from tests.api.world import START_MS, World, open_world
from tests.harness import door_requests
from tests.harness.door_desk import (
    ACCOUNTS,
    HOUR,
    allow,
    form,
    kept_out,
    people,
    refusal,
    rehashed,
    settle,
)

ORDER_OF_CURVE: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
OTHER: Final[dict[str, Any]] = {
    "account": 12, "market": "ETH-USD", "side": "sell", "price": "60200", "size": "0.02",
    "expires_ms": START_MS + HOUR + 1, "fok": True, "min_fill": "0.002", "reduce_only": True,
    "client_order_id": "yours", "relay_fee": "2", "fund": 12, "margin": "1", "vault": 0,
    "signer": Ed25519Key("08" * 32).signer,
}  # fmt: skip
"""Another value for every term that is signed."""

Check = Callable[[World], Awaitable[None]]


async def every_term_is_signed(world: World) -> None:
    """With any term changed an order is another one: under its old hash and under its own, by
    either scheme; and the right one is settled.
    """
    rita, _ = await people(world)
    for key in (SIGNER, EvmKey("09" * 32)):
        await allow(world, key)
        right = form(world.ann_account, key=key)
        for field, value in OTHER.items():
            changed = {**right, field: value}
            if field != "vault":
                await kept_out(world, rita, changed, field)
                fresh = rehashed(changed, 1 if field == "market" else 0)
                # With another signer it is still not that one's signature.
                await kept_out(world, rita, fresh, f"{field}, rehashed")
        directed = order_of(msgspec.convert(right, SignedOrderForm), 0, 12)
        assert signed_form.hash_of(directed, IN_MEMORY) != right["order_hash"]
        assert key.signature(directed, IN_MEMORY) != right["signature"]
        assert (await settle(world, rita, right)).status == 200


async def the_exchange_is_signed(world: World) -> None:
    """An order for another exchange is none here, by either scheme."""
    rita, _ = await people(world)
    for key in (SIGNER, EvmKey("09" * 32)):
        await allow(world, key)
        elsewhere = form(world.ann_account, key=key, where="elsewhere")
        await kept_out(world, rita, elsewhere, "its own hash")
        await kept_out(world, rita, rehashed(elsewhere), "the hash it would have here")
        assert (await settle(world, rita, form(world.ann_account, key=key))).status == 200


async def the_hash_is_worked_out(world: World) -> None:
    """State is kept by hash: one that is chosen freely would fill an order again and again."""
    rita, _ = await people(world)
    await allow(world, SIGNER)
    right = form(world.ann_account)
    assert (await settle(world, rita, right)).status == 200
    for text in ("0" * 64, "", right["order_hash"].upper(), right["order_hash"][:-1]):
        await kept_out(world, rita, {**right, "order_hash": text}, text)
    other = form(world.ann_account, client_order_id="other")
    body = {"order": {**other, "order_hash": right["order_hash"]}}
    reply = await world.call("POST", "/v1/signed/cancel", body=body, key=world.ann)
    assert refusal(reply) == "BAD_SIGNATURE"


async def signatures_are_for_one_order(world: World) -> None:
    """What was good for one order, also after it was settled, is not for the next."""
    rita, _ = await people(world)
    await allow(world, SIGNER)
    first = form(world.ann_account)
    assert (await settle(world, rita, first)).status == 200
    second = form(world.ann_account, client_order_id="second", size="0.02")
    await kept_out(world, rita, {**second, "signature": first["signature"]}, "the first one's")
    await kept_out(world, rita, {**second, "signature": ""}, "none")
    another = Ed25519Key("08" * 32)
    forged = form(world.ann_account, key=another, client_order_id="third")
    stolen = rehashed({**forged, "signer": SIGNER.signer})
    await kept_out(world, rita, stolen, "another key's")


async def both_sides_are_checked(world: World) -> None:
    """Of two that are matched, neither is taken on trust."""
    rita, _ = await people(world)
    await allow(world, SIGNER)
    bobs = Ed25519Key("08" * 32)
    path = f"{ACCOUNTS}/{world.bob_account}/signers"
    await world.call("POST", path, body={"signer": bobs.signer}, key=world.bob)
    taker = form(world.ann_account)
    maker = form(world.bob_account, key=bobs, side="sell", price="60000")
    forged = {"taker": rehashed({**taker, "price": "60200"}),
              "maker": rehashed({**maker, "price": "55000"})}  # fmt: skip
    for side, bad in forged.items():
        body = {"taker": taker, "maker": maker, "size": "0.01", side: bad}
        reply = await world.call("POST", "/v1/signed/match", body=body, key=rita)
        assert refusal(reply) == "BAD_SIGNATURE", side
    body = {"taker": taker, "maker": maker, "size": "0.01"}
    assert (await world.call("POST", "/v1/signed/match", body=body, key=rita)).status == 200


async def schemes_are_not_mixed(world: World) -> None:
    """The text of a signer says by which scheme it signs, and one key has one text."""
    rita, _ = await people(world)
    wallet = EvmKey("09" * 32)
    # An Ed25519 key that ends as the address of a wallet does.
    lookalike = "ed25519:" + "0" * 24 + wallet.signer[-40:]
    await allow(world, wallet, lookalike)
    forged = named_otherwise(world, wallet, lookalike)
    await kept_out(world, rita, forged, "a wallet's signature for an Ed25519 key")
    await allow(world, SIGNER)
    loud = "ed25519:" + SIGNER.signer.partition(":")[2].upper()
    again = named_otherwise(world, SIGNER, loud)
    await kept_out(world, rita, again, "another text of the same key")


def named_otherwise(world: World, key: Key, signer: str) -> dict[str, Any]:
    """An order that a key signed under another name."""
    named = {**form(world.ann_account), "signer": signer}
    order = order_of(msgspec.convert(named, SignedOrderForm), 0, -1)
    proof = {"order_hash": signed_form.hash_of(order, IN_MEMORY)}
    return {**named, **proof, "signature": key.signature(order, IN_MEMORY)}


async def signatures_have_one_form(world: World) -> None:
    """No second signature can be made of one, and no key signs everything."""
    rita, _ = await people(world)
    wallet = EvmKey("09" * 32)
    await allow(world, wallet)
    right = form(world.ann_account, key=wallet)
    text: str = right["signature"]
    mirrored = f"{ORDER_OF_CURVE - int(text[66:130], 16):064x}"
    last = "1b" if text.endswith("1c") else "1c"
    await kept_out(world, rita, {**right, "signature": text[:66] + mirrored + last}, "mirrored")
    await kept_out(world, rita, {**right, "signature": text.upper()}, "in upper case")
    weak = "ed25519:01" + "00" * 31
    await allow(world, SIGNER, weak)
    nobodys = {**form(world.ann_account), "signer": weak, "signature": "01" + "00" * 63}
    await kept_out(world, rita, rehashed(nobodys), "by a key that anybody has")
    assert (await settle(world, rita, right)).status == 200


CHECKS: Final[dict[str, Check]] = {
    check.__name__: check
    for check in (
        door_requests.nonce_once,
        door_requests.signature_covers_all,
        door_requests.signature_is_whole,
        door_requests.window_both_ways,
        door_requests.keys_end,
        door_requests.scopes_hold,
        door_requests.streams_ask_who_listens,
        door_requests.own_data_only,
        door_requests.claims_are_nobodys_to_others,
        door_requests.relayers_learn_no_more,
        every_term_is_signed,
        the_exchange_is_signed,
        the_hash_is_worked_out,
        signatures_are_for_one_order,
        both_sides_are_checked,
        schemes_are_not_mixed,
        signatures_have_one_form,
    )
}
"""Name -> check."""


async def run(name: str) -> bool:
    """Whether the doors pass a check, on an exchange of its own."""
    with KeyStore.open(":memory:") as keys:
        async with open_world(keys=keys) as world:
            try:
                await CHECKS[name](world)
            except AssertionError:
                return False
    return True
