"""The order gateway over HTTP: keys, signed orders, and who may see what of them."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator
from typing import Any

import pytest

from plimsoll.client.signed import Ed25519Key, EvmKey
from plimsoll.messages import codes
from plimsoll.messages.commands import CreateAccount, CreatePrincipal
from plimsoll.runtime.keys import READ, SCOPES, StoredKey
from plimsoll.runtime.presets import OPERATOR
from tests.api.signing import SIGNER, signed_form
from tests.api.world import START_MS, Reply, World, open_world

SIGNED = "/v1/signed"
RELAYER = 5
EXPIRES = START_MS + 60_000


class Desk:
    """The world with Bob's offers in the book, Ann's key allowed, and Rita, who relays."""

    def __init__(self, world: World, rita: StoredKey, rita_account: int) -> None:
        self.world = world
        self.rita = rita
        self.rita_account = rita_account

    def form(self, account: int | None = None, **terms: Any) -> dict[str, Any]:
        """A signed order of Ann's."""
        owner = self.world.ann_account if account is None else account
        return signed_form(owner, **{"expires_ms": EXPIRES, **terms})

    async def settle(
        self, form: dict[str, Any], size: str = "0.01", key: StoredKey | None = None, **more: Any
    ) -> Reply:
        """A settlement by Rita."""
        body = {"order": form, "size": size, "relayer": self.rita_account, **more}
        return await self.world.call("POST", f"{SIGNED}/settle", body=body, key=key or self.rita)

    async def cancel(self, form: dict[str, Any], key: StoredKey) -> Reply:
        """A cancellation."""
        return await self.world.call("POST", f"{SIGNED}/cancel", body={"order": form}, key=key)

    async def known(self, form: dict[str, Any], key: StoredKey) -> Reply:
        """What is known of an order."""
        return await self.world.call("GET", f"{SIGNED}/{form['order_hash']}", key=key)

    async def allow(self, account: int, signer: str, key: StoredKey) -> Reply:
        """Let a key sign."""
        path = f"/v1/accounts/{account}/signers"
        return await self.world.call("POST", path, body={"signer": signer}, key=key)

    async def cash(self, account: int, key: StoredKey) -> str:
        """An account's money."""
        found = (await self.world.call("GET", f"/v1/accounts/{account}", key=key)).json()
        return str(found["balances"]["USD"])


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """An exchange with a relayer."""
    async with open_world() as world:
        made = CreatePrincipal("rita", codes.ROLE_RELAYER)
        await world.node.submit(made, principal=OPERATOR)
        opened = await world.node.submit(CreateAccount(RELAYER, -1, "r"), principal=RELAYER)
        account: int = opened.events[0].account  # type: ignore[attr-defined]
        rita = world.keys.create(RELAYER, SCOPES, "rita", now_ms=START_MS)
        offer = world.order(world.bob_account, side="sell", price="60050", size="1")
        await world.call("POST", "/v1/orders", body=offer, key=world.bob)
        found = Desk(world, rita, account)
        await found.allow(world.ann_account, SIGNER.signer, world.ann)
        yield found


def reject(reply: Reply) -> tuple[int, str, str, str]:
    """Status, code and numbers of a refusal."""
    why = reply.json()["reject"]
    return reply.status, why["name"], why["value"], why["limit"]


# Keys ----------------------------------------------------------------------------------------


async def test_keys_are_let_in_listed_and_shut_out(desk: Desk) -> None:
    """API-024: saying again what holds changes nothing; a key that is out signs no more."""
    world, path = desk.world, f"/v1/accounts/{desk.world.ann_account}/signers"
    again = await desk.allow(world.ann_account, SIGNER.signer, world.ann)
    assert (again.status, again.json()["events"][0]["type"]) == (200, "SignerSet")
    listed = (await world.call("GET", path, key=world.ann)).json()
    assert listed == [{"account": world.ann_account, "signer": SIGNER.signer}]
    form = desk.form()
    assert (await desk.settle(form, "0.004")).status == 200
    gone = await world.call("DELETE", f"{path}/{SIGNER.signer}", key=world.ann)
    assert (gone.status, gone.json()["events"][0]["allowed"]) == (200, False)
    assert (await world.call("GET", path, key=world.ann)).json() == []
    assert reject(await desk.settle(form, "0.006"))[:2] == (422, "UNKNOWN_SIGNER")


@pytest.mark.parametrize(
    "signer",
    ["", "ed25519:", "ed25519:" + "AB" * 32, "evm:0x" + "1" * 39, "rsa:" + "1" * 64, "x" * 96],
)
async def test_what_is_no_key_is_refused(desk: Desk, signer: str) -> None:
    """API-024: the exchange judges the text of a key."""
    reply = await desk.allow(desk.world.ann_account, signer, desk.world.ann)
    assert reject(reply)[:2] == (422, "BAD_FIELD")


@pytest.mark.parametrize("end", ["", "x:", "ED25519:" + "ab" * 32, "a" * 17 + ":1", "a/b:1"])
async def test_what_cannot_be_a_key_is_not_found(desk: Desk, end: str) -> None:
    """API-024: a path that no key can have leads nowhere."""
    path = f"/v1/accounts/{desk.world.ann_account}/signers/{end}"
    assert (await desk.world.call("DELETE", path, key=desk.world.ann)).status == 404


# Signed orders -------------------------------------------------------------------------------


async def test_a_relayer_settles_in_parts(desk: Desk) -> None:
    """API-025: each part is told; the fee goes to the relayer once; what is done is done."""
    form = desk.form(relay_fee="2", client_order_id="mine")
    first = (await desk.settle(form, "0.004")).json()
    assert (first["status"], first["filled"], first["average_price"]) == (
        "filled",
        "0.004",
        "60050",
    )
    (settled,) = [one for one in first["events"] if one["type"] == "SignedSettled"]
    assert (settled["filled"], settled["relay_fee"]) == ("0.004", "2")
    known = (await desk.known(form, desk.world.ann)).json()
    assert known == {
        "order_hash": form["order_hash"], "account": desk.world.ann_account, "status": "open",
        "size": "0.01", "filled": "0.004", "left": "0.006", "expires_ms": EXPIRES,
    }  # fmt: skip
    assert reject(await desk.settle(form, "0.007")) == (422, "SIGNED_OVERFILL", "0.007", "0.006")
    assert (await desk.settle(form, "0.006")).status == 200
    assert reject(await desk.settle(form, "0.001")) == (422, "SIGNED_DONE", "0.01", "0.01")
    assert (await desk.known(form, desk.rita)).json()["status"] == "filled"
    assert await desk.cash(desk.rita_account, desk.rita) == "2"


async def test_a_settlement_acts_once(desk: Desk) -> None:
    """API-025: the command id counts as everywhere, so that a lost reply fills nothing twice."""
    body = {"order": desk.form(), "size": "0.004", "relayer": None}
    replies = [
        await desk.world.call(
            "POST", f"{SIGNED}/settle", body=body, key=desk.rita, command_id="once"
        )
        for _ in range(2)
    ]
    assert [reply.json()["duplicate"] for reply in replies] == [False, True]
    assert (await desk.known(desk.form(), desk.rita)).json()["filled"] == "0.004"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("side", "sell"), ("price", "60200"), ("size", "0.02"), ("expires_ms", EXPIRES + 1),
        ("fok", True), ("min_fill", "0.001"), ("reduce_only", True), ("client_order_id", "other"),
        ("relay_fee", "1"), ("fund", 1), ("margin", "1"), ("account", 11), ("market", "ETH-USD"),
        ("signer", Ed25519Key("08" * 32).signer), ("order_hash", "0" * 64), ("signature", ""),
        ("signature", "0" * 128),
    ],
)  # fmt: skip
async def test_no_term_can_be_changed(desk: Desk, field: str, value: Any) -> None:
    """API-025: what is not what was signed gets no further than the door, and is in no record."""
    seq = desk.world.node.last_seq
    form = desk.form()
    assert form[field] != value
    reply = await desk.settle({**form, field: value})
    assert reject(reply)[:2] == (422, "BAD_SIGNATURE")
    assert desk.world.node.last_seq == seq
    assert (await desk.settle(form)).status == 200


async def test_an_order_for_another_exchange(desk: Desk) -> None:
    """API-025: the exchange is part of what is signed; `/v1/exchange` says which this one is."""
    here = (await desk.world.call("GET", "/v1/exchange")).json()["exchange_id"]
    assert reject(await desk.settle(desk.form(where="elsewhere")))[1] == "BAD_SIGNATURE"
    assert (await desk.settle(desk.form(where=here))).status == 200


async def test_only_relayers_settle(desk: Desk) -> None:
    """API-025: a rightly signed order is no use to who is no relayer; nor may others be paid."""
    form = desk.form(relay_fee="1")
    for key in (desk.world.ann, desk.world.bob, desk.world.operator):
        assert reject(await desk.settle(form, key=key))[1] == "NOT_ALLOWED"
    to_bob = await desk.settle(form, relayer=desk.world.bob_account)
    assert reject(to_bob)[1] == "NOT_OWNER"
    assert (await desk.settle(form, relayer=None)).status == 200


async def test_cancelling(desk: Desk) -> None:
    """API-025: by the owner, with or without a signature, seen before or not; for good."""
    world = desk.world
    form = {**desk.form(), "signature": ""}
    assert reject(await desk.cancel(form, world.bob))[1] == "NOT_OWNER"
    done = await desk.cancel(form, world.ann)
    assert (done.status, done.json()["events"][0]["type"]) == (200, "SignedCancelled")
    assert reject(await desk.cancel(form, world.ann))[1] == "SIGNED_CANCELLED"
    assert reject(await desk.settle(desk.form()))[1] == "SIGNED_CANCELLED"
    known = (await desk.known(form, world.ann)).json()
    assert (known["status"], known["left"]) == ("cancelled", "0")
    other = {**desk.form(client_order_id="other"), "order_hash": form["order_hash"]}
    assert reject(await desk.cancel(other, world.ann))[1] == "BAD_SIGNATURE"


async def test_two_orders_meet(desk: Desk) -> None:
    """API-025: at the maker's price, in the size that is asked."""
    world, bobs = desk.world, Ed25519Key("09" * 32)
    await desk.allow(world.bob_account, bobs.signer, world.bob)
    maker = desk.form(world.bob_account, key=bobs, side="sell", price="60000")
    body = {"taker": desk.form(), "maker": maker, "size": "0.01", "relayer": None}
    done = await world.call("POST", f"{SIGNED}/match", body=body, key=desk.rita)
    assert (done.status, done.json()["average_price"]) == (200, "60000")
    fills = await world.call("GET", f"/v1/accounts/{world.bob_account}/fills", key=world.bob)
    assert (fills.json()[0]["source"], fills.json()[0]["role"]) == ("signed", "maker")
    again = await world.call("POST", f"{SIGNED}/match", body=body, key=desk.rita)
    assert reject(again)[1] == "SIGNED_DONE"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"size": "1e-3"}, "order.size"), ({"price": "0"}, "order.price"),
        ({"min_fill": "-1"}, "order.min_fill"), ({"relay_fee": "x"}, "order.relay_fee"),
        ({"margin": "0.0000001"}, "order.margin"), ({"fund": -1}, "order.fund"),
        ({"market": "NO-PE"}, "order.market"), ({"vault": 7}, "order.vault"),
        ({"client_order_id": "a b"}, "order.client_order_id"), ({"side": "long"}, "order.side"),
        ({"signature": "x" * 161}, "order.signature"), ({"account": -1}, "order.account"),
        ({"nick": 1}, "order"),
    ],
)  # fmt: skip
async def test_fields_at_fault_are_named(desk: Desk, change: dict[str, Any], field: str) -> None:
    """API-025: malformed terms are a 400 that names the field, and no record."""
    seq = desk.world.node.last_seq
    reply = await desk.settle({**desk.form(), **change})
    assert (reply.status, reply.json()["field"]) == (400, field)
    assert desk.world.node.last_seq == seq


async def test_a_scheme_that_cannot_be_checked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """API-025: without the extra the answer says what is missing, and not that it is forged."""
    form = desk.form(key=EvmKey("09" * 32))
    real = builtins.__import__

    def without(name: str, *given: Any, **more: Any) -> Any:
        if name.startswith("eth_account"):
            raise ImportError(name)
        return real(name, *given, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    reply = await desk.settle(form)
    monkeypatch.undo()
    assert (reply.status, reply.json()["field"]) == (400, "signer")
    assert "plimsoll[evm]" in reply.json()["message"]


# Who may see what ----------------------------------------------------------------------------


async def test_orders_are_their_owners(desk: Desk) -> None:
    """API-026: to others an order is like one of which nothing is known."""
    world, form = desk.world, desk.form()
    unknown = await desk.known(form, world.ann)
    await desk.settle(form, "0.004")
    seen = [await desk.known(form, key) for key in (world.ann, desk.rita, world.operator)]
    assert [reply.status for reply in seen] == [200, 200, 200]
    stranger = await desk.known(form, world.bob)
    assert (stranger.status, stranger.body) == (404, unknown.body)
    path = f"/v1/accounts/{world.ann_account}/signed"
    assert [one["filled"] for one in (await world.call("GET", path, key=world.ann)).json()] == [
        "0.004"
    ]
    for key in (world.bob, desk.rita):
        assert (await world.call("GET", path, key=key)).status == 404
    own = f"/v1/accounts/{world.bob_account}/signed"
    assert (await world.call("GET", own, key=world.bob)).json() == []
    reader = world.keys.create(RELAYER, [READ], "reader", now_ms=START_MS)
    assert (await desk.settle(form, key=reader)).status == 403


@pytest.mark.parametrize("text", ["0" * 63, "0" * 65, "A" * 64, "g" * 64])
async def test_what_cannot_be_a_hash_is_not_found(desk: Desk, text: str) -> None:
    """API-026: one form of each hash."""
    assert (await desk.world.call("GET", f"{SIGNED}/{text}", key=desk.world.ann)).status == 404


async def test_a_relayer_learns_no_numbers_of_the_owner(desk: Desk) -> None:
    """API-026: why an order cannot be filled, but not what its owner has; nor by explanation."""
    world = desk.world
    form = desk.form(size="900", price="60100")
    offer = world.order(world.bob_account, side="sell", price="60060", size="150")
    for _ in range(2):
        await world.call("POST", "/v1/orders", body=offer, key=world.bob)
    await world.call(
        "POST", f"/v1/accounts/{world.bob_account}/deposits",
        body={"amount": "9000000", "external_id": "more"}, key=world.bob,
    )  # fmt: skip
    big = world.order(world.bob_account, side="sell", price="60070", size="900")
    await world.call("POST", "/v1/orders", body=big, key=world.bob)
    refused = await desk.settle(form, "900")
    assert reject(refused) == (422, "INSUFFICIENT_MARGIN", "hidden", "hidden")
    seq = refused.json()["seq"]
    lines = (await world.call("GET", f"/v1/explain/{seq}", key=desk.rita)).json()["lines"]
    assert [one["text"] for one in lines] == [
        "Refused: INSUFFICIENT_MARGIN (equity hidden, equity needed hidden)."
    ]
    whole = (await world.call("GET", f"/v1/explain/{seq}", key=world.operator)).json()["lines"]
    assert "hidden" not in whole[-1]["text"]


async def test_a_relayer_sees_the_settlement_and_no_more(desk: Desk) -> None:
    """API-026: not what went back to the fund, not what else happened to the account."""
    world = desk.world
    opened = await world.call("POST", "/v1/accounts", body={"label": "fund"}, key=world.ann)
    fund = next(one["account"] for one in opened.json()["events"] if "account" in one)
    moved = {"source": world.ann_account, "target": fund, "amount": "5000"}
    await world.call("POST", "/v1/transfers", body=moved, key=world.ann)
    form = desk.form(fund=fund, margin="100")
    assert reject(await desk.settle(form))[1] == "UNKNOWN_SIGNER", "a key reaches one account only"
    assert (await desk.allow(fund, form["signer"], world.ann)).status == 200
    done = (await desk.settle(form)).json()
    assert {one["type"] for one in done["events"]} <= {"Filled", "SignedSettled", "VammMoved"}
    settled = next(one for one in done["events"] if one["type"] == "SignedSettled")
    assert (settled["margin"], "released" in settled) == ("100", False)
    for event in done["events"]:
        assert "taker" not in event and "taker_fee" not in event
    path = f"/v1/explain/{done['seq']}"
    told = [one["event"] for one in (await world.call("GET", path, key=desk.rita)).json()["lines"]]
    assert set(told) <= {"Filled", "SignedSettled", "VammMoved"}
    owners = (await world.call("GET", path, key=world.ann)).json()["lines"]
    assert {"Transferred", "SignedSettled"} <= {one["event"] for one in owners}
