"""What checks of the doors need: a relayer, a key that may sign, orders, something that is held."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from plimsoll.client.models import SignedOrderForm
from plimsoll.client.signed import Key
from plimsoll.client.signed_forms import order_of
from plimsoll.messages import codes, signed_form
from plimsoll.messages.commands import CreateAccount, CreatePrincipal, SetBreakerParams
from plimsoll.messages.guard_params import BreakerParams
from plimsoll.runtime.identity import IN_MEMORY
from plimsoll.runtime.keys import SCOPES, StoredKey
from plimsoll.runtime.presets import OPERATOR
from tests.api.signing import SIGNER
from tests.api.signing import signed_form as form_of
from tests.api.world import START_MS, Reply, World

ACCOUNTS: Final = "/v1/accounts"
RELAYER: Final = 5
HOUR: Final = 3_600_000
BASE: Final[dict[str, Any]] = {
    "side": "buy", "price": "60100", "size": "0.01", "min_fill": "0.001",
    "expires_ms": START_MS + HOUR, "client_order_id": "mine", "relay_fee": "1",
}  # fmt: skip


async def people(world: World) -> tuple[StoredKey, int]:
    """A relayer, her account, and Bob's offers."""
    await world.node.submit(CreatePrincipal("rita", codes.ROLE_RELAYER), principal=OPERATOR)
    made = await world.node.submit(CreateAccount(RELAYER, -1, "rita"), principal=RELAYER)
    offer = world.order(world.bob_account, side="sell", price="60050", size="5")
    await world.call("POST", "/v1/orders", body=offer, key=world.bob)
    key = world.keys.create(RELAYER, SCOPES, "rita", now_ms=START_MS)
    return key, made.events[0].account  # type: ignore[attr-defined]


async def allow(world: World, key: Key, signer: str = "") -> Reply:
    """Ann lets a key sign."""
    path = f"{ACCOUNTS}/{world.ann_account}/signers"
    body = {"signer": signer or key.signer}
    return await world.call("POST", path, body=body, key=world.ann)


async def hold(world: World) -> None:
    """Ann's withdrawal is held."""
    params = SetBreakerParams(BreakerParams(retained=999_000, pause_retained=0))
    await world.node.submit(params, principal=OPERATOR)
    world.clock.now += 24 * HOUR
    await world.set_prices()
    path = f"{ACCOUNTS}/{world.ann_account}/withdrawals"
    body = {"amount": "900000", "external_id": "big"}
    reply = await world.call("POST", path, body=body, key=world.ann)
    assert reply.json()["status"] == "held", reply.body


def form(
    account: int, *, key: Key = SIGNER, where: str = IN_MEMORY, **terms: Any
) -> dict[str, Any]:
    """A signed order of an account."""
    return form_of(account, key=key, where=where, **{**BASE, **terms})


def rehashed(changed: dict[str, Any], market: int = 0, maker: int = -1) -> dict[str, Any]:
    """An order under the hash that its terms really have, with the signature left as it was."""
    order = order_of(msgspec.convert(changed, SignedOrderForm), market, maker)
    return {**changed, "order_hash": signed_form.hash_of(order, IN_MEMORY)}


async def settle(
    world: World, rita: StoredKey, order: dict[str, Any], relayer: int | None = None
) -> Reply:
    """A settlement of all of an order."""
    body = {"order": order, "size": order["size"], "relayer": relayer}
    return await world.call("POST", "/v1/signed/settle", body=body, key=rita)


def refusal(reply: Reply) -> str | None:
    """The name of the code a command was refused for; None if it was not."""
    found: str | None = (reply.json().get("reject") or {}).get("name")
    return found


async def kept_out(world: World, rita: StoredKey, order: dict[str, Any], why: str) -> None:
    """The order gets no further than the door."""
    before = world.node.last_seq
    reply = await settle(world, rita, order)
    assert (reply.status, refusal(reply)) == (422, "BAD_SIGNATURE"), (why, reply.body)
    assert world.node.last_seq == before, why
