"""Malformed requests against every endpoint: each must get a clear answer and change nothing.

    python -m tests.api.fuzz --requests 20000 --seed 7

Requests go straight into the application, most of them rightly signed, so that what lies behind
the door is reached too. Same seed, same requests.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from structlog.testing import capture_logs

from plimsoll.api.endpoints import ENDPOINTS, Endpoint
from plimsoll.client.models import ErrorInfo, Receipt
from plimsoll.runtime.keys import StoredKey
from tests.api.liquid import body_for, pour
from tests.api.world import Reply, World, open_world

NUMBERS: Final[tuple[str, ...]] = (
    "0", "-0", "1", "-1", "2147483647", "2147483648", "-2147483649", "9007199254740991",
    "9007199254740992", "9007199254740993", "-9007199254740993", "9223372036854775807",
    "9223372036854775808", "18446744073709551616", "1e19", "1e30", "1e400", "-1e400", "0.1",
    "1.0", "1E5", "1e2000000", "0x10", "01", "1_000", "+1", "NaN", "Infinity", "-Infinity",
    "9" * 5000, "0." + "0" * 3000 + "1",
)  # fmt: skip
TEXTS: Final[tuple[str, ...]] = (
    "", " ", " 1", "1 ", "1_000", "1e5", "1e2000000", "NaN", "Infinity", "-1", "-0", "+1", "0x1",
    "\uff11\uff12", "\u0661", "1,5", "0.0000000001", "9" * 19, "9" * 20, "9" * 5000, "0" * 400,
    "\x00", "a\x00b", "a\nb", "\r\nX: y", "\u202e", "\U0001f600", "../../etc/passwd", "%2F", "%00",
    "' OR 1=1 --", "<script>", "${7*7}", "{{7*7}}", "null", "true", "BTC-USD", "ETH-USD", "usd",
    "buy", "sell", "x" * 37, "x" * 65, "x" * 60_000, "__proto__", "\ud800", "\\", '"', "$", "\n",
)  # fmt: skip
JUNK_BODIES: Final[tuple[bytes, ...]] = (
    b"", b" ", b"{", b"}", b"[]", b"null", b"true", b"1", b'"x"', b"\xff\xfe", b"\xef\xbb\xbf{}",
    b'{"a":1}' * 3, b'{"account":1,}', b"{'account':1}", b'{"account":1}\x00', b"\x00" * 100,
    b'{"\\ud800":1}', b'{"account":"\xed\xa0\x80"}', b"[" * 9 + b"]" * 9, b"[" * 30_000,
    b'{"a":' * 10_000, b'{"items":' + b"[" * 2_000 + b"]" * 2_000 + b"}", b'"' * 60_001,
    b'"\\"' * 20_000 + b"[" * 20, b"{" + b",".join(b'"k%d":0' % i for i in range(5_000)) + b"}",
    b"x" * 65_537, b"{}" + b" " * 70_000, b"a=1&b=2", b"<a/>", b"\x1f\x8b\x08\x00",
)  # fmt: skip
PATHS: Final[tuple[str, ...]] = (
    "", "/", "//", "/v1", "/v1/", "/v1//orders", "/v1/orders/", "/V1/orders", "/v1/orders/../x",
    "/v1/markets/BTC%2DUSD", "/v1/markets/%2F", "/v1/markets/\u00e9", "/v1/markets/BTC-USD/",
    "/v1/markets/" + "x" * 5_000, "/v1/accounts/-1", "/v1/accounts/01", "/v1/accounts/1e3",
    "/v1/accounts/" + "9" * 5_000, "/v1/accounts/\uff11", "/v1/orders/99999999999999999999",
    "/v1/markets/NO-PE", "/v1/markets/..", "/v1/accounts/%31", "/health/", "/docs/..", "/metrics/x",
    "/v1/stream", "*", "/v1/markets/BTC-USD/book/..", "/v1/orders;x=1", "/v1/orders\x00",
)  # fmt: skip
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "get", "X")
QUERIES: Final[tuple[str, ...]] = (
    "depth=0", "depth=-1", "depth=1e3", "depth=01", "depth=1001", "depth=" + "9" * 5_000, "depth=",
    "depth", "=1", "&", "&&", "depth=5&depth=6", "Depth=5", "depth=%35", "depth=5&x=1", "x=1",
    "limit=0", "limit=\u00e9", "account=1&account=2", "account=0", "market=BTC-USD", "account=+1",
    "client_order_id=" + "a" * 37, "account=1&client_order_id=a%00", "a" * 9_000, "depth[]=5",
)  # fmt: skip
HEADERS: Final[tuple[tuple[str, str], ...]] = (
    ("content-type", "text/plain"), ("content-type", "application/json; charset=utf-16"),
    ("content-type", "application/json;charset=UTF-8"), ("content-encoding", "gzip"),
    ("content-encoding", "identity"), ("content-type", "application/x-www-form-urlencoded"),
    ("content-length", "-1"), ("content-length", "99999999999"), ("content-length", "\u00b2"),
    ("content-length", "abc"), ("x-junk", "\xff\x00"), ("x-big", "y" * 20_000), ("host", "a"),
    ("plimsoll-command-id", ""), ("plimsoll-command-id", "x" * 37), ("plimsoll-command-id", "\xe9"),
    ("plimsoll-command-id", "again"), ("plimsoll-key", "pk_x"), ("plimsoll-nonce", "a b"),
    ("plimsoll-timestamp", "1" * 16), ("plimsoll-signature", "\xff" * 64), ("expect", "nonsense"),
    ("transfer-encoding", "gzip"), ("accept", "text/html"), ("cookie", "a=b"),
)  # fmt: skip


@dataclass(slots=True)
class Request:
    """One request about to be sent."""

    method: str
    path: str
    query: str
    body: bytes
    headers: list[tuple[str, str]]


@dataclass(slots=True)
class Outcome:
    """What came of a run; ``problems`` must stay empty."""

    sent: int = 0
    server_errors: int = 0
    tracebacks: int = 0
    max_ms: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"sent={self.sent} 5xx={self.server_errors} tracebacks={self.tracebacks} "
            f"max_ms={self.max_ms:.1f}"
        )


class Fuzzer:
    """Makes requests from a seed."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._random = random.Random(seed)
        self._used: list[str] = ["first"]

    def make(self) -> Request:
        """A request with one to three things wrong; now and then with none."""
        pick = self._random
        endpoint = pick.choice(ENDPOINTS)
        made = self._sound(endpoint)
        for _ in range(pick.choice((0, 1, 1, 1, 2, 3))):
            pick.choice(
                (
                    self._bend_body, self._bend_body, self._bend_body, self._bend_body,
                    self._bend_path, self._bend_query, self._bend_method, self._bend_headers,
                )
            )(made)  # fmt: skip
        self._sign(made)
        if pick.random() < 0.15:
            self._bend_headers(made)
        return made

    def _sound(self, endpoint: Endpoint) -> Request:
        pick, world = self._random, self._world
        account = pick.choice((world.ann_account, world.ann_account, world.bob_account, 0, 999))
        order = pick.choice((0, 1, 2, 3, 50, 10**6))
        path = endpoint.path.replace("{symbol}", pick.choice(("BTC-USD", "ETH-USD", "NO-PE")))
        path = path.replace("{account}", str(account)).replace("{order}", str(order))
        path = path.replace("{vault}", pick.choice("0129")).replace("{quote}", str(order))
        query = ""
        if endpoint.method == "DELETE" and "{order}" in endpoint.path:
            query = f"account={account}" + ("&client_order_id=c1" if order == 0 else "")
        if endpoint.method == "DELETE" and "{quote}" in endpoint.path:
            query = f"account={account}"
        body, headers = b"", []
        if endpoint.request is not None:
            body = msgspec.json.encode(self._content(endpoint.path, account))
            headers = [("content-type", "application/json")]
        if endpoint.command and pick.random() < 0.2:
            headers.append(("plimsoll-command-id", f"c{pick.randrange(50)}"))
        return Request(endpoint.method, path, query, body, headers)

    def _content(self, path: str, account: int) -> dict[str, Any]:
        pick = self._random
        if (body := body_for(path, account)) is not None:
            return body
        side = pick.choice(("buy", "sell"))
        order = {
            "account": account, "market": "BTC-USD", "side": side, "type": "limit",
            "tif": pick.choice(("gtc", "ioc", "fok", None)), "size": "0.01", "expires_ms": 0,
            "price": pick.choice(("59000", "61000", "60000.5")), "post_only": "none",
            "reduce_only": pick.random() < 0.1, "client_order_id": f"c{pick.randrange(9)}",
        }  # fmt: skip
        if path.endswith("/batch"):
            cancel = {"action": "cancel", "account": account, "order": pick.randrange(9)}
            return {"atomic": pick.random() < 0.5, "items": [{"action": "place", **order}, cancel]}
        if path.endswith("{order}"):
            return {"account": account, "price": "58000", "size": "0.02"}
        if path.endswith(("/orders", "/quotes")):
            return order
        if path.endswith("/transfers"):
            return {"source": account, "target": 3, "asset": "USD", "amount": "1"}
        if path.endswith("/commands"):
            return pick.choice(
                (
                    {"type": "CreatePrincipal", "name": f"p{pick.randrange(50)}", "roles": 1},
                    {"type": "SetMarketMode", "market": pick.randrange(3), "mode": "active"},
                    {"type": "CreateAsset", "symbol": "GEM", "decimals": 2},
                    {"type": "CancelAll", "account": account, "market": -1},
                    {"type": "Tick", "limit": 9},
                )
            )
        if path.endswith(("/deposits", "/withdrawals")):
            ident = f"x{pick.randrange(500)}"
            return {"asset": "USD", "amount": "1.5", "external_id": ident}
        return {"label": "fuzz", "parent": pick.choice((None, account))}

    # --- ways to go wrong ---------------------------------------------------------------------

    def _bend_body(self, made: Request) -> None:
        pick = self._random
        if pick.random() < 0.25 or not made.body.startswith(b"{"):
            made.body = pick.choice(JUNK_BODIES)
            return
        try:
            content: Any = msgspec.json.decode(made.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return
        if not isinstance(content, dict):
            return
        name = pick.choice(list(content) or ["x"])
        way = pick.randrange(7)
        if way == 0:
            content.pop(name, None)
        elif way == 1:
            content[pick.choice(("unknown", "type_", "__class__", ""))] = 1
        elif way == 2:
            content[name] = pick.choice((None, True, False, [], {}, [[]], {"a": 1}, [1] * 100))
        encoded = msgspec.json.encode(content)
        if way == 3:
            encoded = encoded[:-1] + b"," + encoded[1:]
        elif way in (4, 5):
            encoded = _with(content, name, pick.choice(NUMBERS))
        elif way == 6:
            text = pick.choice(TEXTS).encode("unicode_escape" if pick.random() < 0.3 else "utf-8",
                                             "surrogatepass")  # fmt: skip
            encoded = _with(content, name, b'"' + text + b'"')
        made.body = encoded

    def _bend_path(self, made: Request) -> None:
        pick = self._random
        if pick.random() < 0.5:
            made.path = pick.choice(PATHS)
            return
        parts = made.path.split("/")
        parts[pick.randrange(len(parts))] = pick.choice(TEXTS)
        made.path = "/".join(parts)

    def _bend_query(self, made: Request) -> None:
        joint = "&" if made.query else ""
        made.query += joint + self._random.choice(QUERIES)

    def _bend_method(self, made: Request) -> None:
        made.method = self._random.choice(METHODS)

    def _bend_headers(self, made: Request) -> None:
        made.headers.append(self._random.choice(HEADERS))

    def _sign(self, made: Request) -> None:
        pick, world = self._random, self._world
        way = pick.random()
        if way < 0.05:
            return
        key = world.ann if way < 0.7 else world.bob
        if made.path in ("/v1/commands", "/v1/principals") and pick.random() < 0.7:
            key = world.operator
        made.headers += self._signed(made, key)
        if way > 0.9:
            self._break_signature(made)

    def _signed(self, made: Request, key: StoredKey) -> list[tuple[str, str]]:
        # A line break cannot be signed; the server must refuse the path before it comes to that.
        path, query = (
            text.encode("utf-8", "surrogatepass").decode("latin-1").replace("\n", "")
            for text in (made.path, made.query)
        )
        nonce = self._world.nonce()
        self._used.append(nonce)
        idents = [text for name, text in made.headers if name.lower() == "plimsoll-command-id"]
        ident = (idents[-1] if idents else "").replace("\n", "")
        lines = self._world.sign(
            key, made.method, path, query, made.body, nonce=nonce, command_id=ident
        )
        return list(lines.items())

    def _break_signature(self, made: Request) -> None:
        pick = self._random
        at = pick.randrange(1, 5)
        name, value = made.headers[-at]
        other = pick.choice(("", value[::-1], value + "0", value.upper(), "\xff", "0", value * 40))
        way = pick.randrange(3)
        if way == 0:
            del made.headers[-at]
        elif way == 1:
            made.headers[-at] = (name, other)
        else:
            made.headers.append((name, pick.choice((value, pick.choice(self._used)))))


def _with(content: dict[str, Any], name: str, raw: str | bytes) -> bytes:
    """The JSON of an object with one value written as it is."""
    value = raw.encode() if isinstance(raw, str) else raw
    parts = [
        msgspec.json.encode(key) + b":" + (value if key == name else msgspec.json.encode(one))
        for key, one in content.items()
    ]
    return b"{" + b",".join(parts) + b"}"


def judge(made: Request, reply: Reply, outcome: Outcome) -> None:
    """Note what is wrong with an answer."""
    where = f"{made.method} {made.path[:80]!r}?{made.query[:80]} {made.body[:200]!r}"
    if reply.status >= 500:
        outcome.server_errors += 1
        outcome.problems.append(f"{reply.status} for {where}")
    if b"Traceback" in reply.body or b'File "' in reply.body:
        outcome.problems.append(f"a traceback is shown for {where}")
    if reply.status == 200:
        return
    kind: type[Receipt | ErrorInfo] = Receipt if reply.status == 422 else ErrorInfo
    try:
        msgspec.json.decode(reply.body, type=kind)
    except msgspec.DecodeError:
        outcome.problems.append(f"{reply.status} with {reply.body[:100]!r} for {where}")


async def run(requests: int, seed: int) -> Outcome:
    """Send ``requests`` requests and judge each answer; the state changes by 200s only."""
    outcome = Outcome()
    async with open_world() as world:
        await pour(world)
        fuzzer = Fuzzer(world, seed)
        before = await world.state_hash()
        for _ in range(requests):
            made = fuzzer.make()
            start = time.perf_counter()
            with capture_logs() as logs:
                reply = await world.raw(made.method, made.path, made.query, made.body, made.headers)
            outcome.max_ms = max(outcome.max_ms, (time.perf_counter() - start) * 1000)
            outcome.sent += 1
            outcome.statuses[reply.status] += 1
            outcome.tracebacks += sum(1 for line in logs if line.get("exc_info"))
            judge(made, reply, outcome)
            after = await world.state_hash()
            if after != before and reply.status != 200:
                outcome.problems.append(f"{reply.status} changed the state: {made}")
            before = after
    return outcome


def main() -> int:
    """Command line: prints the figures; 0 if nothing was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    outcome = asyncio.run(run(chosen.requests, chosen.seed))
    print(outcome)
    print("answers " + " ".join(f"{code}={n}" for code, n in sorted(outcome.statuses.items())))
    for problem in outcome.problems[:20]:
        print(problem, file=sys.stderr)
    return 1 if outcome.problems or outcome.tracebacks else 0


if __name__ == "__main__":
    raise SystemExit(main())
