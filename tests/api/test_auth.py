"""Signed requests: replay, time window, what the signature covers, guessing. Attacks 38 to 41."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from plimsoll.api.limits import ApiSettings
from plimsoll.client.signing import WINDOW_MS
from plimsoll.runtime.keys import KeyStore
from tests.api.world import OPEN_LIMITS, START_MS, Reply, World, open_world

ORDERS = "/v1/orders"
JSON = ("content-type", "application/json")
COMMAND_ID = "Plimsoll-Command-Id"


async def send(
    world: World,
    headers: dict[str, str],
    method: str = "GET",
    path: str = "/v1/accounts",
    query: str = "",
    body: bytes = b"",
    more: tuple[tuple[str, str], ...] = (),
    host: str = "192.0.2.1",
) -> Reply:
    """A request with exactly these headers."""
    return await world.raw(method, path, query, body, [*headers.items(), *more], host=host)


async def test_a_request_counts_once(world: World) -> None:
    """The same signed bytes are refused the second time."""
    body = msgspec.json.encode(world.order())
    headers = world.sign(world.ann, "POST", ORDERS, "", body)
    first = await send(world, headers, "POST", ORDERS, "", body, (JSON,))
    seq = world.node.last_seq
    again = await send(world, headers, "POST", ORDERS, "", body, (JSON,))
    assert (first.status, again.status, again.json()["name"]) == (200, 401, "UNAUTHENTICATED")
    assert world.node.last_seq == seq


async def test_a_nonce_counts_once_per_key(world: World) -> None:
    """A fresh signature over a used nonce is refused; another key may use the same nonce."""
    one = world.sign(world.ann, "GET", "/v1/accounts", nonce="same")
    two = world.sign(world.ann, "GET", "/v1/accounts", nonce="same", at=world.clock.now + 1)
    other = world.sign(world.bob, "GET", "/v1/accounts", nonce="same")
    assert [(await send(world, made)).status for made in (one, two, other)] == [200, 401, 200]


async def test_a_restart_does_not_forget_nonces(tmp_path: Path) -> None:
    """A request that was answered before a restart is refused after it."""
    path = tmp_path / "keys.db"
    with KeyStore.open(path) as keys:
        async with open_world(keys=keys) as world:
            headers = world.sign(world.ann, "GET", "/v1/accounts")
            assert (await send(world, headers)).status == 200
    with KeyStore.open(path) as keys:
        async with open_world(keys=keys) as world:
            assert (await send(world, headers)).status == 401


async def test_nonces_outlive_their_timestamps(world: World) -> None:
    """A request stamped a full window ahead cannot be replayed until its stamp is too old."""
    headers = world.sign(world.ann, "GET", "/v1/accounts", at=world.clock.now + WINDOW_MS)
    seen = []
    for step in range(2 * WINDOW_MS // 500 + 2):
        world.clock.now = START_MS + step * 500
        world.keys.purge(world.clock.now)
        seen.append((await send(world, headers)).status)
    assert seen == [200] + [401] * (len(seen) - 1)


@pytest.mark.parametrize(
    ("skew", "status"),
    [(-WINDOW_MS - 1, 401), (-WINDOW_MS, 200), (0, 200), (WINDOW_MS, 200), (WINDOW_MS + 1, 401)],
)
async def test_the_window_ends_exactly(world: World, skew: int, status: int) -> None:
    """The timestamp may be 5 s off either way; beyond it the answer tells the server's time."""
    headers = world.sign(world.ann, "GET", "/v1/accounts", at=world.clock.now + skew)
    reply = await send(world, headers)
    assert reply.status == status
    assert reply.headers.get("plimsoll-time") == (str(START_MS) if status == 401 else None)
    assert (str(START_MS) in reply.json()["message"]) if status == 401 else True


async def test_the_signature_covers_everything(world: World) -> None:
    """Another method, path, query, body, timestamp or nonce than the signed one is refused."""
    body = msgspec.json.encode(world.order())
    path = f"/v1/accounts/{world.ann_account}/fills"
    signed_get = world.sign(world.ann, "GET", path, "limit=5")
    assert (await send(world, signed_get, "GET", path, "limit=6")).status == 401
    assert (await send(world, signed_get, "GET", path, "")).status == 401
    assert (await send(world, signed_get, "GET", path.replace("fills", "orders"))).status == 401
    signed_post = world.sign(world.ann, "POST", ORDERS, "", body)
    moved = body.replace(b"0.01", b"0.02")
    for method, where, query, content in (
        ("POST", ORDERS, "", moved),
        ("POST", ORDERS, "", body + b" "),
        ("POST", "/v1/quotes", "", body),
        ("POST", ORDERS, body.decode(), b""),
        ("PATCH", f"{ORDERS}/1", "", body),
    ):
        reply = await send(world, signed_post, method, where, query, content, (JSON,))
        assert reply.status in (400, 401), (method, where)
    for name, value in (("Plimsoll-Timestamp", str(START_MS + 1)), ("Plimsoll-Nonce", "other")):
        changed = {**signed_post, name: value}
        assert (await send(world, changed, "POST", ORDERS, "", body, (JSON,))).status == 401
    assert (await send(world, signed_post, "POST", ORDERS, "", body, (JSON,))).status == 200


async def test_the_signature_covers_the_command_id(world: World) -> None:
    """Nobody on the way can change, add or take away a command id to make a repeat act twice."""
    body = msgspec.json.encode(world.order())

    async def sent(signed_id: str, *shown: tuple[str, str]) -> int:
        headers = world.sign(world.ann, "POST", ORDERS, "", body, command_id=signed_id)
        return (await send(world, headers, "POST", ORDERS, "", body, (JSON, *shown))).status

    before = world.node.last_seq
    assert await sent("c-1", (COMMAND_ID, "c-2")) == 401
    assert await sent("c-1", (COMMAND_ID, "C-1")) == 401
    assert await sent("c-1") == 401
    assert await sent("", (COMMAND_ID, "c-1")) == 401
    assert world.node.last_seq == before
    assert await sent("c-1", (COMMAND_ID, "c-1")) == 200
    assert await sent("c-1", (COMMAND_ID, "c-1")) == 200
    assert world.node.last_seq == before + 1
    headers = world.sign(world.ann, "GET", "/v1/accounts")
    assert (await send(world, headers, more=((COMMAND_ID, "c-1"),))).status == 401


@pytest.mark.parametrize("value", ["", "x" * 37, "a b", "a\n", "\xe9"])
async def test_malformed_command_ids_look_alike(world: World, value: str) -> None:
    """One answer, whoever asks for whatever: right, wrong or no signature, command or read."""
    seen = set()
    for method, path in (("POST", ORDERS), ("GET", "/v1/accounts"), ("GET", "/v1/markets"),
                         ("PUT", ORDERS)):  # fmt: skip
        right = world.sign(world.ann, method, path)
        wrong = {**right, "Plimsoll-Signature": "0" * 64}
        unknown = {**right, "Plimsoll-Key": "pk_nobody"}
        for headers in (right, wrong, unknown, {}):
            reply = await send(world, headers, method, path, more=((COMMAND_ID, value),))
            seen.add((reply.status, reply.body, str(reply.headers)))
    assert len(seen) == 1
    assert (reply.status, reply.json()["field"]) == (400, "Plimsoll-Command-Id")


@pytest.mark.parametrize(
    "path",
    ["/v1/accounts/", "//v1/accounts", "/V1/accounts", "/v1/accounts/../accounts", "/v1/%61ccounts",
     "/v1/accounts%2F3", "/v1/accounts/%33", "/v1/accounts;a=1"],
)  # fmt: skip
async def test_a_path_has_one_spelling(world: World, path: str) -> None:
    """No other spelling of a path reaches its endpoint, even rightly signed."""
    decoded = path.replace("%61", "a").replace("%2F", "/").replace("%33", "3")
    headers = list(world.sign(world.ann, "GET", path).items())
    reply = await world.raw("GET", path, "", b"", headers, decoded=decoded)
    assert reply.status == 404


@pytest.mark.parametrize(
    "query", ["limit=5&limit=6", "limit=5&limit=5", "limit=%35", "limit=+5", "limit=5&", "LIMIT=5"]
)
async def test_a_query_has_one_reading(world: World, query: str) -> None:
    """Repeated, escaped and unknown parameters are refused, even rightly signed."""
    path = f"/v1/accounts/{world.ann_account}/fills"
    reply = await send(world, world.sign(world.ann, "GET", path, query), "GET", path, query)
    assert (reply.status, reply.json()["name"]) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("name", ["Plimsoll-Key", "Plimsoll-Nonce", "Plimsoll-Signature", "Host"])
async def test_headers_stand_once(world: World, name: str) -> None:
    """A repeated header, even with the same value, is refused."""
    headers = {**world.sign(world.ann, "GET", "/v1/accounts"), "Host": "a"}
    reply = await send(world, headers, more=((name, headers[name]),))
    assert (reply.status, name in reply.json()["message"].title()) == (400, True)


async def test_unknown_key_and_wrong_signature_look_alike(world: World) -> None:
    """Whether a key exists cannot be learned from the answer; a revoked key is an unknown one."""
    right = world.sign(world.ann, "GET", "/v1/accounts")
    wrong = {**right, "Plimsoll-Signature": "0" * 64}
    unknown = {**right, "Plimsoll-Key": "pk_nobody"}
    strange = {**right, "Plimsoll-Signature": "\xff"}
    revoked = world.sign(world.bob, "GET", "/v1/accounts")
    world.keys.revoke(world.bob.key_id, now_ms=world.clock.now)
    replies = [await send(world, made) for made in (wrong, unknown, strange, revoked)]
    assert {(reply.status, reply.body, str(reply.headers)) for reply in replies} == {
        (401, replies[0].body, str(replies[0].headers))
    }
    assert (await send(world, right)).status == 200


@pytest.mark.parametrize("missing", range(4))
async def test_half_a_signature_is_none(world: World, missing: int) -> None:
    """All four headers or none; also on endpoints open to all."""
    headers = list(world.sign(world.ann, "GET", "/v1/markets").items())
    del headers[missing]
    reply = await world.raw("GET", "/v1/markets", "", b"", headers)
    assert (reply.status, reply.headers["www-authenticate"]) == (401, "Plimsoll")


async def test_guessing_locks_the_address_and_the_key() -> None:
    """After the allowed failures both wait; the key's owner elsewhere does not."""
    settings = ApiSettings(**{**OPEN_LIMITS, "failures_max": 3, "lockout_seconds": 3_600.0})
    async with open_world(settings) as world:
        home, thief, other = "192.0.2.7", "198.51.100.1", "203.0.113.9"
        assert (await send(world, _right(world), host=home)).status == 200
        wrong = {**_right(world), "Plimsoll-Signature": "0" * 64}
        tries = [(await send(world, wrong, host=thief)).status for _ in range(4)]
        assert tries == [401, 401, 401, 429]
        locked = await send(world, _right(world), host=thief)
        assert (locked.status, int(locked.headers["retry-after"]) > 3_000) == (429, True)
        assert (await send(world, _right(world), host=other)).status == 429
        assert (await send(world, _right(world), host=home)).status == 200
        bob = world.sign(world.bob, "GET", "/v1/accounts")
        assert (await send(world, bob, host=other)).status == 200


async def test_guessed_key_ids_lock_alike() -> None:
    """An id that no key has is locked like one that has: the lock tells nothing."""
    settings = ApiSettings(**{**OPEN_LIMITS, "failures_max": 2, "lockout_seconds": 3_600.0})
    async with open_world(settings) as world:
        unknown = {**_right(world), "Plimsoll-Key": "pk_nobody"}
        hosts = ["198.51.100.1", "198.51.100.2", "198.51.100.3"]
        assert [(await send(world, unknown, host=host)).status for host in hosts] == [401, 401, 429]


async def test_an_unwritable_store_lets_nobody_in(world: World) -> None:
    """When a nonce cannot be recorded the request is not carried out."""
    world.keys._db.execute("PRAGMA query_only = ON")
    reply = await send(world, world.sign(world.ann, "GET", "/v1/accounts"))
    assert (reply.status, reply.json()["name"]) == (503, "HALTED")


def _right(world: World) -> dict[str, str]:
    return world.sign(world.ann, "GET", "/v1/accounts")
