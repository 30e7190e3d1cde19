"""Limits: rates, sizes, depth, JSON that could be read in two ways. Attacks 43 to 46."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.api.guard import check_depth, decode_body, read_query
from plimsoll.api.limits import ApiSettings, Buckets, LockOut, network_of
from plimsoll.client.errors import BadField, HttpProblem
from plimsoll.client.models import PlaceOrderRequest
from tests.api.world import OPEN_LIMITS, World, open_world

DECODER = msgspec.json.Decoder(dict[str, Any])


# --- rates ------------------------------------------------------------------------------------


def test_a_bucket_fills_at_its_rate() -> None:
    """A burst, then as much as the rate gives, and never more than the burst saved."""
    buckets = Buckets(rate=2.0, burst=4.0)
    assert [buckets.take("a", 2, 0.0) for _ in range(3)] == [0, 0, 1.0]
    assert buckets.take("b", 4, 0.0) == 0
    assert buckets.take("a", 2, 0.9) == pytest.approx(0.1)
    assert buckets.take("a", 2, 1.0) == 0
    assert [buckets.take("a", 4, 1_000.0), buckets.take("a", 1, 1_000.0)] == [0, 0.5]


def test_a_request_heavier_than_the_burst_is_possible() -> None:
    """It empties the bucket instead of never being let in."""
    assert Buckets(rate=1.0, burst=4.0).take("a", 10, 0.0) == 0


def test_tables_are_bounded() -> None:
    """Inventing subjects does not fill the memory."""
    buckets = Buckets(1.0, 1.0, subjects_max=10)
    locks = LockOut(1, 60.0, subjects_max=10)
    for number in range(100):
        buckets.take(str(number), 1, 0.0)
        locks.fail(str(number), 0.0)
    assert (len(buckets._levels), len(locks._failures)) == (10, 10)
    assert locks.wait("99", 0.0) == 60.0


def test_failures_are_forgotten() -> None:
    """Old failures do not add up; a lock ends."""
    locks = LockOut(2, 60.0)
    locks.fail("a", 0.0)
    locks.fail("a", 61.0)
    assert locks.wait("a", 61.0) == 0
    locks.fail("a", 62.0)
    assert [locks.wait("a", at) for at in (62.0, 100.0, 122.0)] == [60.0, 22.0, 0]


def test_addresses_are_counted_by_who_owns_them() -> None:
    """An IPv6 customer has a /64; an IPv4 address is itself in either form."""
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:2") == "2001:db8::/64"
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1") == "192.0.2.1"
    assert network_of("local") == "local"


async def test_rates_count_weight_per_key_and_per_address() -> None:
    """Each has its own bucket; the answer says when to come again."""
    tight = {"key_rate": 0.001, "key_burst": 22.0, "address_rate": 0.001, "address_burst": 3.0}
    async with open_world(ApiSettings(**{**OPEN_LIMITS, **tight})) as world:
        seq = world.node.last_seq
        keyed = [await world.call("GET", "/v1/accounts", key=world.ann) for _ in range(3)]
        assert [reply.status for reply in keyed] == [200, 200, 429]
        assert int(keyed[-1].headers["retry-after"]) > 60
        placed = [
            await world.call("POST", "/v1/orders", body=world.order(), key=world.ann)
            for _ in range(4)
        ]
        assert [reply.status for reply in placed] == [200, 200, 429, 429]
        assert world.node.last_seq == seq + 2
        assert (await world.call("GET", "/v1/accounts", key=world.bob)).status == 200
        plain = [await world.call("GET", "/v1/exchange") for _ in range(4)]
        assert [reply.status for reply in plain] == [200, 200, 200, 429]
        assert (await world.call("GET", "/v1/exchange", host="198.51.100.7")).status == 200
        assert (await world.call("GET", "/health")).status == 429


async def test_a_refused_rate_does_not_use_up_the_nonce() -> None:
    """The same signed request may be sent again when there is room."""
    tight = {"key_rate": 1e9, "key_burst": 0.5}
    async with open_world(ApiSettings(**{**OPEN_LIMITS, **tight})) as world:
        headers = list(world.sign(world.ann, "GET", "/v1/accounts").items())
        world.app.state.api.door._by_key.rate = 1e-9
        world.app.state.api.door._by_key.take(world.ann.key_id, 1, 0.0)
        statuses = [(await world.raw("GET", "/v1/accounts", headers=headers)).status]
        world.app.state.api.door._by_key.rate = 1e9
        statuses.append((await world.raw("GET", "/v1/accounts", headers=headers)).status)
        assert statuses == [429, 200]


# --- sizes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("extra", "status"), [(0, 422), (1, 413)])
async def test_a_body_has_at_most_64_kib(world: World, extra: int, status: int) -> None:
    """Exactly the limit is read, one byte more is not."""
    body = msgspec.json.encode(world.order(size="0.001", price="1"))
    body += b" " * (65_536 - len(body) + extra)
    headers = world.sign(world.ann, "POST", "/v1/orders", "", body)
    lines = [*headers.items(), ("content-type", "application/json")]
    reply = await world.raw("POST", "/v1/orders", "", body, lines)
    assert reply.status == status


async def test_a_long_body_is_refused_by_its_announcement(world: World) -> None:
    """Content-Length alone is enough; a wrong one is an error."""
    for length, status in (("65537", 413), ("9" * 30, 413), ("-1", 400), ("\xb2", 400)):
        reply = await world.raw("POST", "/v1/orders", "", b"", [("content-length", length)])
        assert reply.status == status


async def test_endless_bodies_are_cut(world: World) -> None:
    """A body in pieces without an end is refused once it is too long."""
    reads = 0
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        nonlocal reads
        reads += 1
        return {"type": "http.request", "body": b"x" * 10_000, "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/orders", "raw_path": b"/v1/orders",
             "query_string": b"", "headers": [], "client": ("a", 1), "root_path": ""}  # fmt: skip
    await world.app(scope, receive, send)
    assert (sent[0]["status"], reads) == (413, 7)


async def test_headers_have_a_total(world: World) -> None:
    """More than 16 KiB of headers are refused."""
    reply = await world.raw("GET", "/health", headers=[("x-a", "y" * 16_400)])
    assert reply.status == 431


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("content-encoding", "gzip", 415), ("content-encoding", "identity", 415),
        ("content-type", "text/plain", 415), ("content-type", "application/jsonx", 415),
        ("content-type", "application/json; charset=utf-16", 415), ("x-any", "a", 415),
        ("content-type", "application/json", 200),
        ("content-type", "Application/JSON; charset=UTF-8", 200),
    ],
)  # fmt: skip
async def test_only_plain_json_is_read(world: World, name: str, value: str, status: int) -> None:
    """Encoded bodies and other media types are refused, whatever they hold."""
    body = msgspec.json.encode(world.order())
    headers = world.sign(world.ann, "POST", "/v1/orders", "", body)
    reply = await world.raw("POST", "/v1/orders", "", body, [*headers.items(), (name, value)])
    assert reply.status == status


async def test_reads_take_no_body(world: World) -> None:
    """A GET with a body means nothing here."""
    reply = await world.raw("GET", "/v1/markets", "", b"{}")
    assert (reply.status, reply.json()["name"]) == (400, "BAD_REQUEST")


# --- JSON -------------------------------------------------------------------------------------

_LEAVES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8)


@st.composite
def nested(draw: st.DrawFn) -> tuple[Any, int]:
    """A value and how deep it is nested."""
    depth = draw(st.integers(0, 12))
    value: Any = draw(_LEAVES)
    for _ in range(depth):
        value = [value, "[{"] if draw(st.booleans()) else {draw(st.text(max_size=4)): value}
    return value, depth


@given(nested(), st.integers(0, 12))
def test_depth_is_counted_exactly(made: tuple[Any, int], most: int) -> None:
    """Brackets inside strings do not count, whatever the strings."""
    value, depth = made
    text = msgspec.json.encode(value).decode()
    if depth <= most:
        check_depth(text, most)
    else:
        with pytest.raises(HttpProblem):
            check_depth(text, most)


@given(st.text(alphabet='"\\[]{}a', max_size=60))
def test_depth_of_anything_ends(text: str) -> None:
    """Text that is no JSON is passed on or refused, never more."""
    try:
        check_depth(text, 3)
    except HttpProblem as error:
        assert error.status == 400


@pytest.mark.parametrize(("depth", "fits"), [(8, True), (9, False)])
def test_bodies_are_at_most_eight_levels_deep(depth: int, fits: bool) -> None:
    """The object itself is the first level."""
    body = b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"
    if fits:
        assert list(decode_body(body, DECODER, 8)) == ["a"]
    else:
        with pytest.raises(HttpProblem, match="deep"):
            decode_body(body, DECODER, 8)


@pytest.mark.parametrize(
    "body",
    [b'{"a":1,"a":1}', b'{"a":{"b":1,"b":2}}', b'{"a":[{"b":1},{"c":1,"c":1}]}',
     b'{"a":1,"\\u0061":2}'],
)  # fmt: skip
def test_names_stand_once(body: bytes) -> None:
    """At every level, and also when written in another way."""
    with pytest.raises(BadField, match="twice"):
        decode_body(body, DECODER, 8)


@pytest.mark.parametrize(
    "body",
    [b"", b"NaN", b'{"a":NaN}', b'{"a":Infinity}', b'{"a":1e400}', b'{"a":"\xff"}', b'{"a":1}x',
     b"\xef\xbb\xbf{}", b'{"a":01}', b'{"a":"\\ud800"}', b'{"a":' + b"9" * 5_000 + b"}",
     b"[" * 60_000, b'{"a":"\x00"}'],
)  # fmt: skip
def test_what_is_not_json_is_refused(body: bytes) -> None:
    """Nothing lenient, and nothing escapes as another error."""
    with pytest.raises(HttpProblem) as caught:
        decode_body(body, DECODER, 8)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("field", "value"),
    [("account", True), ("account", 1.0), ("account", "1"), ("account", None), ("price", 59000),
     ("reduce_only", 1), ("side", "BUY"), ("unknown", 1), ("tif", ""), ("expires_ms", 1.5)],
)  # fmt: skip
def test_types_are_exact(field: str, value: Any) -> None:
    """No number for a text, no text for a number, no truth for either; the field is named."""
    order = {"account": 1, "market": "A", "side": "buy", "price": "1", "size": "1", field: value}
    decoder = msgspec.json.Decoder(PlaceOrderRequest)
    with pytest.raises(BadField) as caught:
        decode_body(msgspec.json.encode(order), decoder, 8)
    assert field in f"{caught.value.info.field} {caught.value.info.message}"


@pytest.mark.parametrize(
    ("field", "value"),
    [("size", "1e5"), ("size", "\uff11"), ("size", " 1"), ("size", "1_000"), ("size", "NaN"),
     ("size", "9" * 20), ("size", "9" * 5_000), ("size", "1e2000000"), ("price", "-1"),
     ("price", "0"), ("price", "0.0000001"), ("account", 2**53), ("account", 2**63 - 1),
     ("account", -1), ("expires_ms", 2**48), ("client_order_id", "a b"),
     ("client_order_id", "x" * 37), ("market", "NO-PE"), ("market", "BTC-USD\n")],
)  # fmt: skip
async def test_values_are_bounded(world: World, field: str, value: Any) -> None:
    """Every bad value is a 400 that names its field, and nothing is journaled."""
    seq = world.node.last_seq
    body = world.order(**{field: value})
    reply = await world.call("POST", "/v1/orders", body=body, key=world.ann)
    assert (reply.status, reply.json()["field"]) == (400, field)
    assert world.node.last_seq == seq


@given(st.text(max_size=30))
def test_queries_are_read_strictly(text: str) -> None:
    """Any text is either refused or exactly what it says."""
    try:
        found = read_query(text.encode("utf-8", "surrogatepass"), ("a", "b"))
    except HttpProblem as error:
        assert error.status == 400
    else:
        assert "&".join(f"{name}={value}" for name, value in found.items()) == text
