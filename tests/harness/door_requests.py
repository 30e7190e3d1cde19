"""The door of requests as checks over HTTP (X3, X4): signature, time, nonce, scope, one's own data;
see ``door_checks``.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable
from typing import Any

import msgspec

from plimsoll.client import signing
from plimsoll.client.signing import WINDOW_MS
from plimsoll.runtime.keys import READ, SCOPES, TRADE
from tests.api.signing import SIGNER
from tests.api.wire import PATH, Wire
from tests.api.world import START_MS, World
from tests.harness.door_desk import (
    ACCOUNTS,
    HOUR,
    allow,
    form,
    hold,
    people,
    refusal,
    settle,
)

# The door of requests ----------------------------------------------------------------------------


async def ask(
    world: World, headers: dict[str, str], path: str = ACCOUNTS, query: str = "", **more: Any
) -> int:
    """The status of a GET with exactly these headers."""
    lines = [*headers.items(), *more.get("extra", ())]
    body = more.get("body", b"")
    method = more.get("method", "GET")
    return (await world.raw(method, path, query, body, lines)).status


async def nonce_once(world: World) -> None:
    """A signed request counts once, for as long as its timestamp is good."""
    headers = world.sign(world.ann, "GET", ACCOUNTS, at=START_MS + WINDOW_MS)
    assert await ask(world, headers) == 200
    for later in range(0, 2 * WINDOW_MS + 1, 500):
        world.clock.now = START_MS + later
        world.keys.purge(world.clock.now)
        assert await ask(world, headers) == 401, later


async def signature_covers_all(world: World) -> None:
    """Another method, path, query, body, timestamp, nonce or command id is another request."""
    body = msgspec.json.encode(world.order())
    json = (("content-type", "application/json"),)

    def posted(**changes: Any) -> Awaitable[int]:
        headers = world.sign(world.ann, "POST", "/v1/orders", "", body, command_id="c-1")
        headers |= changes.pop("headers", {})
        sent = {"method": "POST", "body": body, "path": "/v1/orders", "query": "", **changes}
        ident = sent.pop("ident", "c-1")
        extra = (*json, ("plimsoll-command-id", ident)) if ident else json
        return ask(world, headers, extra=extra, **sent)

    assert await posted(body=body.replace(b"0.01", b"0.02")) == 401
    assert await posted(path="/v1/quotes") == 401
    assert await posted(ident="c-2") == 401
    assert await posted(ident="") == 401
    assert await posted(headers={"Plimsoll-Timestamp": str(START_MS + 1)}) == 401
    assert await posted(headers={"Plimsoll-Nonce": "another"}) == 401
    assert await posted(headers={"Plimsoll-Key": world.bob.key_id}) == 401
    fills = f"{ACCOUNTS}/{world.ann_account}/fills"
    asked = world.sign(world.ann, "GET", fills, "limit=5")
    assert await ask(world, asked, fills, "limit=6") == 401
    orders = f"{ACCOUNTS}/{world.ann_account}/orders"
    listed = world.sign(world.ann, "GET", orders)
    assert await ask(world, listed, orders, method="DELETE") == 401
    assert await posted() == 200


async def signature_is_whole(world: World) -> None:
    """No part of it, nor none, is enough; it is compared in constant time, as a whole."""
    right = world.sign(world.ann, "GET", ACCOUNTS)
    text = right["Plimsoll-Signature"]
    last = "0" if text[-1] != "0" else "1"
    for wrong in ("0" * 64, text[:-1] + last, text[:32] + "0" * 32, text[:32], ""):
        assert await ask(world, {**right, "Plimsoll-Signature": wrong}) == 401, wrong
    seen: list[tuple[int, int]] = []
    real = hmac.compare_digest

    def spied(a: Any, b: Any) -> bool:
        seen.append((len(a), len(b)))
        return real(a, b)

    signing.hmac.compare_digest = spied  # type: ignore[assignment]
    try:
        assert await ask(world, right) == 200
    finally:
        signing.hmac.compare_digest = real
    assert (64, 64) in seen


async def window_both_ways(world: World) -> None:
    """A timestamp is at most 5 s off, either way."""
    for skew, status in (
        (-WINDOW_MS - 1, 401), (-WINDOW_MS, 200), (WINDOW_MS, 200), (WINDOW_MS + 1, 401),
        (-HOUR, 401), (HOUR, 401),
    ):  # fmt: skip
        headers = world.sign(world.ann, "GET", ACCOUNTS, at=START_MS + skew)
        assert await ask(world, headers) == status, skew


async def keys_end(world: World) -> None:
    """A revoked key, and one that never was, open nothing."""
    world.keys.revoke(world.bob.key_id, now_ms=START_MS)
    for key_id, secret in ((world.bob.key_id, world.bob.secret), ("pk_nobody", "0" * 64)):
        key = msgspec.structs.replace(world.bob, key_id=key_id, secret=secret)
        assert await ask(world, world.sign(key, "GET", ACCOUNTS)) == 401, key_id


async def scopes_hold(world: World) -> None:
    """Reading, trading and paying out are three things; nothing is open that should be signed."""
    account = world.ann_account
    held = f"{ACCOUNTS}/{account}/held"
    rows: list[tuple[str, str, Any, str]] = [
        ("GET", held, None, READ),
        ("GET", f"{ACCOUNTS}/{account}/signers", None, READ),
        ("GET", f"{ACCOUNTS}/{account}/signed", None, READ),
        ("GET", f"/v1/signed/{'0' * 64}", None, READ),
        ("POST", f"{ACCOUNTS}/{account}/signers", {"signer": SIGNER.signer}, TRADE),
        ("POST", "/v1/delayed", {**world.order(), "expires_ms": START_MS + HOUR}, TRADE),
        ("POST", "/v1/signed/settle", {"order": form(account), "size": "0.01"}, TRADE),
        ("POST", "/v1/signed/cancel", {"order": form(account)}, TRADE),
        ("POST", f"{held}/1/cancel", None, TRADE),
        ("POST", f"{held}/1/release", None, "withdraw"),
        ("POST", "/v1/breaker/review", None, TRADE),
    ]
    for method, path, body, needed in rows:
        assert (await world.call(method, path, body=body)).status == 401, path
        others = [scope for scope in SCOPES if scope != needed]
        key = world.keys.create(world.ann.principal, others, "some", now_ms=START_MS)
        reply = await world.call(method, path, body=body, key=key)
        assert reply.status == 403 and f"scope {needed}" in reply.json()["message"], path
    named = {"type": "ReleaseHeld", "claim": 1}
    key = world.keys.create(world.ann.principal, ["admin", TRADE], "admin", now_ms=START_MS)
    assert (await world.call("POST", "/v1/commands", body=named, key=key)).status == 403


async def streams_ask_who_listens(world: World) -> None:
    """What happens to an account is told to a key of its owner that may read."""
    trade = world.keys.create(world.ann.principal, [TRADE], "trade", now_ms=START_MS)
    for key in (None, trade, world.bob):
        headers = {} if key is None else world.sign(key, "GET", PATH)
        for channel in ("activity", "triggers"):
            wire = await Wire(world, headers).accept()
            await wire.subscribe(f"{channel}:{world.ann_account}")
            assert "error" in await wire.read(), (channel, key)
            await wire.close()
            headers = {} if key is None else world.sign(key, "GET", PATH)


# One's own data ----------------------------------------------------------------------------------


async def own_data_only(world: World) -> None:
    """Somebody else's account is, in every way, like one that is not there."""
    rita, _ = await people(world)
    await allow(world, SIGNER)
    order = form(world.ann_account, expires_ms=START_MS + 48 * HOUR)
    done = await settle(world, rita, order)
    assert done.status == 200, done.body
    order_hash = order["order_hash"]
    await hold(world)
    for path in ("", "/signers", "/signed", "/held", "/triggers", "/orders", "/fills"):
        mine = f"{ACCOUNTS}/{world.ann_account}{path}"
        assert (await world.call("GET", mine, key=world.ann)).status == 200, path
        for key in (world.bob, rita):
            assert (await world.call("GET", mine, key=key)).status == 404, path
    assert (await world.call("GET", f"/v1/signed/{order_hash}", key=world.ann)).status == 200
    assert (await world.call("GET", f"/v1/signed/{order_hash}", key=world.bob)).status == 404
    before = await world.state_hash()
    for method, path, body in (
        ("POST", "/signers", {"signer": SIGNER.signer}),
        ("DELETE", f"/signers/{SIGNER.signer}", None),
        ("POST", "/held/1/cancel", None),
        ("POST", "/held/1/release", None),
    ):
        whose = f"{ACCOUNTS}/{world.ann_account}{path}"
        assert (await world.call(method, whose, body=body, key=world.bob)).status == 404, path
    (claim,) = (
        await world.call("GET", f"{ACCOUNTS}/{world.ann_account}/held", key=world.ann)
    ).json()
    under_his = f"{ACCOUNTS}/{world.bob_account}/held/{claim['claim']}/release"
    assert (await world.call("POST", under_his, key=world.bob)).status == 404
    assert await world.state_hash() == before


async def claims_are_nobodys_to_others(world: World) -> None:
    """What is held is public, whose it is is not."""
    await hold(world)
    for key, seen in ((None, None), (world.bob, None), (world.ann, world.ann_account)):
        (claim,) = (await world.call("GET", "/v1/breaker", key=key)).json()["held"]
        assert claim["account"] == seen
        (move,) = (await world.call("GET", "/v1/breaker", key=key)).json()["flows"]
        assert "account" not in move


async def relayers_learn_no_more(world: World) -> None:
    """Whether an order was filled, not what its owner has; nor what went back to a fund."""
    rita, account = await people(world)
    await allow(world, SIGNER)
    # Nothing can be closed, and the answer would tell the position.
    refused = await settle(world, rita, form(world.ann_account, reduce_only=True))
    assert refusal(refused) is not None
    why = refused.json()["reject"]
    assert (why["name"], why["value"], why["limit"]) == ("REDUCE_ONLY_NOTHING", "hidden", "hidden")
    seq = refused.json()["seq"]
    told = (await world.call("GET", f"/v1/explain/{seq}", key=rita)).json()["lines"]
    assert all("hidden" in one["text"] for one in told)
    done = await settle(world, rita, form(world.ann_account), relayer=account)
    assert done.status == 200, done.body
    kinds = {one["type"] for one in done.json()["events"]}
    assert kinds <= {"Filled", "SignedSettled", "Transferred", "VammMoved"}, kinds
    for event in done.json()["events"]:
        assert "released" not in event and "taker" not in event and "debit" not in event, event
    lines = (await world.call("GET", f"/v1/explain/{done.json()['seq']}", key=rita)).json()["lines"]
    assert not {"OrderAccepted", "OrderRemoved"} & {one["event"] for one in lines}
