"""Changes by two keys over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from plimsoll.messages import codes
from plimsoll.runtime.keys import ADMIN, READ, SCOPES, WITHDRAW, StoredKey
from tests.api.world import START_MS, Reply, World, open_world

DELAY = 3_600_000


class TwoOperators:
    """The world with a second operator, its key, and a delay."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.second = world.operator

    async def send(self, body: dict[str, Any], key: StoredKey | None = None) -> Reply:
        """A command by its name, of the first operator unless told otherwise."""
        return await self.world.call(
            "POST", "/v1/commands", body=body, key=key or self.world.operator
        )

    async def limits(self, **new: int) -> Reply:
        """New limits of the exchange, of one operator."""
        limits = (await self.world.call("GET", "/v1/exchange")).json()["limits"]
        return await self.send({"type": "SetGlobalParams", "params": {**limits, **new}})

    async def prepare(self) -> None:
        """As an operator does it: first the second key, then the delay."""
        made = await self.send({"type": "CreatePrincipal", "name": "second", "roles": 64})
        ident = made.json()["events"][0]["principal"]
        self.second = self.world.keys.create(ident, SCOPES, "second", now_ms=START_MS)
        assert (await self.limits(admin_delay_ms=DELAY)).status == 200

    async def propose(self, change: dict[str, Any], key: StoredKey | None = None) -> int:
        """The number of a proposal."""
        made = await self.send({"type": "Propose", "change": change}, key)
        assert made.status == 200, made.body
        (event,) = made.json()["events"]
        assert event["type"] == "Proposed"
        return int(event["proposal"])

    async def execute(self, proposal: int, key: StoredKey) -> Reply:
        """An execution."""
        return await self.send({"type": "ExecuteProposal", "proposal": proposal}, key)

    async def open(self) -> list[dict[str, Any]]:
        """What is announced, as anybody sees it."""
        found: list[dict[str, Any]] = (await self.world.call("GET", "/v1/proposals")).json()
        return found


@pytest.fixture
async def two() -> AsyncIterator[TwoOperators]:
    """An exchange that two operators change."""
    async with open_world() as world:
        made = TwoOperators(world)
        await made.prepare()
        yield made


async def params_of(world: World) -> dict[str, Any]:
    """All parameters of the market."""
    found: dict[str, Any] = (await world.call("GET", "/v1/markets/BTC-USD/params")).json()
    return found


async def test_a_change_by_two_keys(two: TwoOperators) -> None:
    """PROP-013, PROP-009: refused directly, announced to everybody, executed by the second key."""
    before = await params_of(two.world)
    change = {"type": "SetMarketParams", "market": 0, "params": {**before, "imr": 45_000}}
    refused = (await two.send(change)).json()["reject"]
    assert (refused["name"], refused["value"], refused["limit"]) == (
        "NEEDS_PROPOSAL", "5", str(DELAY),
    )  # fmt: skip
    number = await two.propose(change)
    (shown,) = await two.open()
    ready = two.world.clock.now + DELAY
    assert shown["differences"] == [
        {"field": "imr", "before": 50_000, "after": 45_000, "loosens": True}
    ]
    assert (shown["proposal"], shown["principal"], shown["name"], shown["status"]) == (
        number, 0, "operator", "waiting",
    )  # fmt: skip
    assert shown["change"]["type"] == "SetMarketParams"
    assert shown["change"]["params"]["imr"] == 45_000
    assert (shown["ready_ms"], shown["expires_ms"] - ready) == (ready, 604_800_000)
    early = (await two.execute(number, two.second)).json()["reject"]
    assert (early["name"], early["limit"]) == ("PROPOSAL_EARLY", str(ready))
    two.world.clock.now = ready
    assert (await two.open())[0]["status"] == "ready"
    own = (await two.execute(number, two.world.operator)).json()["reject"]
    assert own["name"] == "PROPOSAL_OWN"
    done = await two.execute(number, two.second)
    ended = done.json()["events"][0]
    assert (done.status, ended["type"], ended["reason"]) == (200, "ProposalEnded", "executed")
    assert (await params_of(two.world))["imr"] == 45_000
    assert await two.open() == []


async def test_what_is_announced_may_turn_stale(two: TwoOperators) -> None:
    """PROP-013, PROP-008: and shows it, until somebody takes it back."""
    before = await params_of(two.world)
    looser = {"type": "SetMarketParams", "market": 0, "params": {**before, "imr": 45_000}}
    tighter = {**looser, "params": {**before, "imr": 60_000}}
    number = await two.propose(looser)
    assert (await two.send(tighter, two.second)).status == 200
    assert (await two.open())[0]["status"] == "stale"
    two.world.clock.now += DELAY
    stale = (await two.execute(number, two.second)).json()["reject"]
    assert stale["name"] == "PROPOSAL_STALE"
    two.world.clock.now += 604_800_001
    assert (await two.open())[0]["status"] == "expired"
    cancel = {"type": "CancelProposal", "proposal": number}
    assert (await two.send(cancel, two.second)).status == 200
    assert await two.open() == []


async def test_modes_are_shown_as_words(two: TwoOperators) -> None:
    """PROP-013: a market that is to be opened again."""
    halt, activate = ({"type": "SetMarketMode", "market": 0, "mode": mode} for mode in
                      ("halted", "active"))  # fmt: skip
    assert (await two.send(halt)).status == 200
    assert (await two.send(activate)).json()["reject"]["name"] == "NEEDS_PROPOSAL"
    await two.propose(activate)
    assert (await two.open())[0]["differences"] == [
        {"field": "mode", "before": "halted", "after": "active", "loosens": True}
    ]


async def test_limits_of_the_outflow(two: TwoOperators) -> None:
    """PROP-014: empty until they are set; then what was set, and what is announced against it."""

    async def limits() -> Any:
        return (await two.world.call("GET", "/v1/breaker/params")).json()

    assert await limits() == {}
    params = {
        "window_ms": 14_400_000, "tick_ms": 300_000, "retained": 700_000, "threshold": 0,
        "principal_share": 500_000, "locking": 1, "cooldown_ms": 259_200_000,
        "pause_retained": 400_000, "pause_cooldown_ms": 604_800_000,
    }  # fmt: skip
    first = await two.send({"type": "SetBreakerParams", "params": params})
    assert first.status == 200, first.body
    assert await limits() == params
    looser = {"type": "SetBreakerParams", "params": {**params, "locking": 0, "retained": 800_000}}
    await two.propose(looser)
    assert (await two.open())[0]["differences"] == [
        {"field": "retained", "before": 700_000, "after": 800_000, "loosens": False},
        {"field": "locking", "before": 1, "after": 0, "loosens": True},
    ]


async def test_a_proposal_is_no_way_around_a_scope(two: TwoOperators) -> None:
    """API-011: who proposes or executes a payment needs the scope of payments."""
    world = two.world
    money = {"asset": "USD", "amount": "10", "external_id": "in"}
    await world.call("POST", "/v1/accounts/1/deposits", body=money, key=world.operator)
    pay = {"type": "Withdraw", "account": 1, "asset": 0, "amount": 5, "external_id": "out"}
    narrow = world.keys.create(0, [READ, ADMIN], "narrow", now_ms=START_MS)
    principal = two.second.principal
    other = world.keys.create(principal, [READ, ADMIN], "narrow", now_ms=START_MS)
    refused = await two.send({"type": "Propose", "change": pay}, narrow)
    assert (refused.status, f"scope {WITHDRAW}" in refused.json()["message"]) == (403, True)
    number = await two.propose(pay)
    world.clock.now += DELAY
    refused = await two.execute(number, other)
    assert (refused.status, f"scope {WITHDRAW}" in refused.json()["message"]) == (403, True)
    assert (await two.execute(number, two.second)).status == 200
    mode = {"type": "SetMarketMode", "market": 0, "mode": "active"}
    assert await two.propose(mode, narrow) > 0


@pytest.mark.parametrize(
    "change",
    [
        {"type": "Propose", "change": {"type": "SetMarketMode", "market": 0, "mode": 0}},
        {"type": "ExecuteProposal", "proposal": 1},
        {"type": "PlaceOrder"},
        {"type": "SetMarketMode", "market": 0, "mode": "open"},
        {"type": "SetMarketMode", "market": 0},
        {},
        7,
    ],
)
async def test_malformed_proposals(two: TwoOperators, change: Any) -> None:
    """API-011: what is no change is a 400 and changes nothing; proposals do not nest."""
    before = await two.world.state_hash()
    reply = await two.send({"type": "Propose", "change": change})
    assert reply.status == 400, reply.body
    assert await two.world.state_hash() == before


async def test_only_operators_change_anything(two: TwoOperators) -> None:
    """PROP-005, PROP-010: others see what is announced, and that is all."""
    number = await two.propose({"type": "SetMarketMode", "market": 0, "mode": "active"})
    for body in (
        {"type": "Propose", "change": {"type": "SetMarketMode", "market": 0, "mode": "active"}},
        {"type": "ExecuteProposal", "proposal": number},
        {"type": "CancelProposal", "proposal": number},
    ):
        refused = (await two.send(body, two.world.ann)).json()["reject"]
        assert (refused["name"], refused["limit"]) == ("NOT_ALLOWED", "operator")
    assert codes.ROLE_OPERATOR == 64
    assert [one["proposal"] for one in await two.open()] == [number]
