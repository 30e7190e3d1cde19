"""The door of signed orders: what passes is what its key signed, for this exchange, in one form."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plimsoll.client import evm
from plimsoll.client.signed import Ed25519Key, EvmKey, Key, make
from plimsoll.errors import BadSignature, SchemeUnavailable
from plimsoll.messages import codec, codes, signed_form
from plimsoll.messages.commands import (
    CancelSigned,
    Command,
    CreateAccount,
    CreatePrincipal,
    MatchSigned,
    SetSigner,
    SettleSigned,
    Tick,
)
from plimsoll.messages.events import SignedCancelled, SignedSettled
from plimsoll.messages.fields import FieldError
from plimsoll.messages.gateway import SignedOrder
from plimsoll.runtime import identity, presets, recovery
from plimsoll.runtime.inline import InlineExchange
from plimsoll.runtime.journal import JournalReader
from plimsoll.runtime.node import MemoryNode, Node, NodeBase, NodeSettings
from plimsoll.runtime.signatures import _WEAK_Y, Door
from tests.runtime.node_samples import (
    ALICE,
    BOB,
    FIRST_ACCOUNT,
    PRICE,
    START,
    STEP,
    Clock,
    deposit,
    exchange,
    limit_order,
    oracle,
)

ED25519 = Ed25519Key("07" * 32)
EVM = EvmKey("09" * 32)
KEYS: tuple[Key, ...] = (ED25519, EVM)
HERE = "here"
NAMES = [name for name, _ in SignedOrder.FIELDS]
RELAYER = 5
both = pytest.mark.parametrize("key", KEYS, ids=["ed25519", "evm"])


def signed(key: Key = ED25519, where: str = HERE, **fields: Any) -> SignedOrder:
    """An order of Alice's, signed."""
    values: dict[str, Any] = {
        "account": FIRST_ACCOUNT, "market": 0, "side": "buy", "price": PRICE, "size": 1_000 * STEP,
        "min_fill": STEP, "expires_ms": START + 3_600_000, "client_order_id": "mine",
        "relay_fee": 10, "fund": 11, "margin": 20, "maker": 12,
    }  # fmt: skip
    return make(key, where, **{**values, **fields})


def with_fields(order: SignedOrder, **fields: Any) -> SignedOrder:
    """The order with other values and nothing else renewed."""
    return SignedOrder(**{**dict(zip(NAMES, order.row(), strict=True)), **fields})


def settling(order: SignedOrder) -> Command:
    """A settlement of all of it."""
    return SettleSigned(order, order.size, -1)


def refused(command: Command, where: str = HERE) -> bool:
    """Whether the door of an exchange keeps a command out."""
    try:
        Door(where).check(command)
    except BadSignature:
        return True
    return False


@both
def test_what_was_signed_passes(key: Key) -> None:
    """GATE-004: alone, as either side of a match, and to be cancelled."""
    order, other = signed(key), signed(ED25519, side="sell")
    assert Door(HERE).check(settling(order)) == 1
    assert Door(HERE).check(MatchSigned(order, other, STEP, -1)) == 2
    assert Door(HERE).check(MatchSigned(other, order, STEP, -1)) == 2
    assert Door(HERE).check(CancelSigned(order)) == 0
    assert Door(HERE).check(Tick(1)) == 0


OTHER: dict[str, Any] = {
    "account": 7, "market": 1, "side": 1, "fok": True, "price": PRICE + 1, "size": 999,
    "min_fill": 0, "reduce_only": True, "expires_ms": START, "client_order_id": "yours",
    "relay_fee": 11, "fund": -1, "margin": 21, "maker": -1, "signer": "ed25519:" + "ab" * 32,
}  # fmt: skip


@both
@pytest.mark.parametrize("name", signed_form.SIGNED)
def test_no_field_can_be_changed(key: Key, name: str) -> None:
    """GATE-003, GATE-004: under the old hash or under its own, each is noticed."""
    order = signed(key)
    changed = with_fields(order, **{name: OTHER[name]})
    renewed = with_fields(changed, order_hash=signed_form.hash_of(changed, HERE))
    assert renewed.order_hash != order.order_hash
    for bad in (changed, renewed):
        assert refused(settling(bad))
        assert refused(MatchSigned(signed(side="sell"), bad, STEP, -1))
        assert refused(MatchSigned(bad, signed(side="sell"), STEP, -1))
    assert refused(CancelSigned(changed))
    assert set(OTHER) == set(signed_form.SIGNED)


@both
def test_another_exchange_is_another_order(key: Key) -> None:
    """GATE-006: neither hash nor signature is good elsewhere."""
    order = signed(key)
    assert refused(settling(order), "elsewhere")
    moved = with_fields(order, order_hash=signed_form.hash_of(order, "elsewhere"))
    assert refused(settling(moved), "elsewhere")
    assert not refused(settling(signed(key, "elsewhere")), "elsewhere")


@both
def test_another_keys_signature_is_none(key: Key) -> None:
    """GATE-004: signed by somebody, but not by who is named."""
    order = signed(key)
    other: Key = Ed25519Key("08" * 32) if key is ED25519 else EvmKey("08" * 32)
    assert refused(settling(with_fields(order, signature=other.signature(order, HERE))))
    crossed = EVM if key is ED25519 else ED25519
    assert refused(settling(with_fields(order, signature=crossed.signature(order, HERE))))


@both
def test_a_hash_must_be_the_orders_own(key: Key) -> None:
    """GATE-004: though the signature fits, and though somebody's order has that hash."""
    order, other = signed(key), signed(key, price=PRICE + 100)
    for text in (other.order_hash, order.order_hash.upper(), order.order_hash[:-1], "",
                 order.order_hash[:-1] + "g", "0x" + order.order_hash[:62]):  # fmt: skip
        bad = with_fields(order, order_hash=text)
        assert refused(settling(bad))
        assert refused(CancelSigned(bad))


@both
def test_a_signature_has_one_form(key: Key) -> None:
    """GATE-004: lower case, full length, nothing around it."""
    order = signed(key)
    text = order.signature
    for bad in (text.upper(), text[:-2], text + "00", "", "0x" + text, text[2:] + "0", text[2:],
                text[:-1] + "g", " " + text[1:], text[:10] + text[11:] + "-"):  # fmt: skip
        assert refused(settling(with_fields(order, signature=bad))), bad


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.upper(),
        lambda text: text[:-1],
        lambda text: text + "0",
        lambda text: text.partition(":")[2],
        lambda text: "rsa:" + text.partition(":")[2],
        lambda _: "",
    ],
)
@both
def test_a_signer_has_one_form(key: Key, change: Callable[[str], str]) -> None:
    """GATE-001, GATE-004: another text of the same key would be another key to the core."""
    order = with_fields(signed(key), signer=change(key.signer))
    fresh = with_fields(order, order_hash=signed_form.hash_of(order, HERE))
    assert refused(settling(with_fields(fresh, signature=key.signature(fresh, HERE))))


def test_ed25519_signatures_are_not_malleable() -> None:
    """GATE-004: the scalar plus the order of the group would fit a laxer check."""
    order = signed()
    scalar = int.from_bytes(bytes.fromhex(order.signature[64:]), "little")
    group = 2**252 + 27742317777372353535851937790883648493
    moved = (scalar + group).to_bytes(32, "little").hex()
    assert refused(settling(with_fields(order, signature=order.signature[:64] + moved)))


def test_evm_signatures_are_not_malleable() -> None:
    """GATE-004: the other of the two scalars that recover the same key is refused."""
    order = signed(EVM)
    group = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    other = f"{group - int(order.signature[66:130], 16):064x}"
    last = "1b" if order.signature.endswith("1c") else "1c"
    bad = order.signature[:66] + other + last
    data = signed_form.typed_data(order, HERE)
    assert f"evm:{evm.recover(data, bad)}" == EVM.signer
    assert refused(settling(with_fields(order, signature=bad)))
    short = f"{int(order.signature[130:], 16) - 27:02x}"
    assert refused(settling(with_fields(order, signature=order.signature[:130] + short)))


def test_an_evm_signature_of_nothing_is_refused() -> None:
    """GATE-004: numbers that are no point of the curve are a wrong signature, no fault."""
    order = signed(EVM)
    for numbers in ("00" * 64, "ff" * 32 + "00" * 31 + "01", "00" * 31 + "05" + "00" * 31 + "01"):
        assert refused(settling(with_fields(order, signature=f"0x{numbers}1b")))


def points_of_small_order() -> set[int]:
    """Their y, by the arithmetic of the curve: those that eight times themselves are nothing."""
    field = 2**255 - 19
    d = -121665 * pow(121666, -1, field) % field

    def doubled(x: int, y: int) -> tuple[int, int]:
        both_ = d * x * x * y * y % field
        return (
            2 * x * y * pow(1 + both_, -1, field) % field,
            (y * y + x * x) * pow(1 - both_, -1, field) % field,
        )

    def x_of(y: int) -> int:
        square = (y * y - 1) * pow(d * y * y + 1, -1, field) % field
        root = pow(square, (field + 3) // 8, field)
        if (root * root - square) % field:
            root = root * pow(2, (field - 1) // 4, field) % field
        assert (root * root - square) % field == 0
        return root

    found = set()
    for y in _WEAK_Y:
        point = (x_of(y), y)
        for _ in range(3):
            point = doubled(*point)
        if point == (0, 1):
            found.add(y)
    return found


def test_weak_keys_sign_nothing() -> None:
    """GATE-004: a signature by a point of small order fits any text, whoever made it."""
    assert points_of_small_order() == _WEAK_Y
    assert len(_WEAK_Y) == 5
    field, sign = 2**255 - 19, 1 << 255
    weak = [y + high for y in sorted(_WEAK_Y) for high in (0, sign)] + [field, field + 1]
    for y in weak:
        key = y.to_bytes(32, "little")
        order = with_fields(signed(), signer=f"ed25519:{key.hex()}", signature="00" * 64)
        for point in weak[:10]:
            signature = point.to_bytes(32, "little").hex() + "00" * 32
            fresh = with_fields(order, signature=signature)
            fresh = with_fields(fresh, order_hash=signed_form.hash_of(fresh, HERE))
            assert refused(settling(fresh))


def test_without_the_extra_evm_orders_say_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """GATE-004: a typed error, of the kind of a wrong signature; Ed25519 needs nothing."""
    order = signed(EVM)
    imported = builtins.__import__

    def without(name: str, *given: Any, **more: Any) -> Any:
        if name.partition(".")[0] == "eth_account":
            raise ImportError(name)
        return imported(name, *given, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SchemeUnavailable, match=r"plimsoll\[evm\]"):
        Door(HERE).check(settling(order))
    assert Door(HERE).check(settling(signed())) == 1


def test_the_extra_leaves_the_limit_of_recursion_alone() -> None:
    """GATE-004: raised, as one of its packages does, nested input would end the process."""
    assert Door(HERE).check(settling(signed(EVM))) == 1
    assert sys.getrecursionlimit() < 10_000
    with pytest.raises(FieldError):
        codec.decode_command(b"\x91" * 300_000)


# Nodes --------------------------------------------------------------------------------------------


def bootstrap() -> list[Command]:
    """Two traders, of whom Alice's key may sign, and a relayer."""
    return [
        *exchange(2),
        CreatePrincipal("relayer", codes.ROLE_RELAYER),
        CreateAccount(RELAYER, -1, "relayer"),
    ]


async def ready(node: NodeBase, clock: Clock) -> None:
    """Money, a price, and Bob's offer."""
    for trader in (0, 1):
        await node.submit(deposit(100_000, f"in{trader}", trader), principal=ALICE + trader)
    await node.submit(SetSigner(FIRST_ACCOUNT, ED25519.signer, True), principal=ALICE)
    await node.submit(oracle(PRICE, clock.now), principal=presets.ORACLE)
    await node.submit(limit_order(1, codes.SELL, 0, 1_000), principal=BOB)


def plain(where: str, **more: Any) -> SignedOrder:
    """An order that can be settled there."""
    free = {"relay_fee": 0, "fund": -1, "margin": 0, "maker": -1, "size": 10 * STEP}
    return signed(where=where, **{**free, **more})


async def test_a_node_settles_what_was_signed_for_it() -> None:
    """GATE-004: and lets nothing else near the core: not to run, not to be tried, not recorded."""
    clock = Clock()
    async with await MemoryNode.open(bootstrap=bootstrap(), clock=clock) as node:
        await ready(node, clock)
        assert node.exchange_id == identity.IN_MEMORY
        before = node.last_seq
        bad = settling(plain("elsewhere"))
        with pytest.raises(BadSignature):
            await node.submit(bad, principal=RELAYER, client_id="a")
        with pytest.raises(BadSignature):
            await node.dry_run(bad, RELAYER)
        assert node.last_seq == before
        assert node.metrics.refused == {"BadSignature": 1}
        order = plain(node.exchange_id)
        tried = await node.dry_run(settling(order), RELAYER)
        assert isinstance(tried[-1], SignedSettled)
        done = await node.submit(settling(order), principal=RELAYER, client_id="a")
        assert done.accepted
        assert isinstance(done.events[-1], SignedSettled)
        other = plain(node.exchange_id, client_order_id="b")
        assert refused(CancelSigned(with_fields(other, order_hash=order.order_hash)), "memory")
        cancelled = await node.submit(
            CancelSigned(with_fields(other, signature="")), principal=ALICE
        )
        assert isinstance(cancelled.events[0], SignedCancelled)


async def test_the_id_of_an_exchange_lasts(tmp_path: Path) -> None:
    """GATE-006: over restarts with and without snapshot, in a copy and in a fork; a new exchange
    has a new one."""
    clock = Clock()
    folder, settings = tmp_path / "a", NodeSettings(snapshot_every=2)
    async with await Node.open(
        folder, bootstrap=bootstrap(), clock=clock, settings=settings
    ) as node:
        await ready(node, clock)
        ident = node.exchange_id
        assert len(ident) == 32
        order = plain(ident)
        await node.submit(SettleSigned(order, STEP, -1), principal=RELAYER)
    recovery.fork(folder, tmp_path / "b", node.last_seq)
    for path in (folder, tmp_path / "b"):
        async with await Node.open(path, clock=clock) as again:
            assert again.exchange_id == ident
            rest = await again.submit(SettleSigned(order, 9 * STEP, -1), principal=RELAYER)
            assert rest.accepted
            more = await again.submit(SettleSigned(order, STEP, -1), principal=RELAYER)
            assert not more.accepted
        report = recovery.verify(path)
        assert (report.ok, report.signatures) == (True, 3)
    async with await Node.open(tmp_path / "c", bootstrap=bootstrap(), clock=clock) as other:
        assert other.exchange_id != ident


def test_simulations_have_one_id(tmp_path: Path) -> None:
    """GATE-006: equal runs are equal, journal or not; what they write verifies under it."""
    with InlineExchange() as quiet, InlineExchange(tmp_path) as kept:
        assert quiet.exchange_id == kept.exchange_id
        with pytest.raises(BadSignature):
            quiet.submit(settling(plain("elsewhere")), RELAYER, START)
        kept.bootstrap(bootstrap(), START)
        kept.submit(deposit(100_000, "in"), ALICE, START)
        kept.submit(SetSigner(FIRST_ACCOUNT, ED25519.signer, True), ALICE, START)
        assert not kept.submit(settling(plain(kept.exchange_id)), RELAYER, START).accepted
    with JournalReader.open(tmp_path / recovery.JOURNAL_NAME) as journal:
        assert identity.exchange_id(journal) == quiet.exchange_id
    assert recovery.verify(tmp_path).signatures == 1


def test_verify_names_a_record_that_nobody_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GATE-005: what got past the door, by whatever fault, is found by the audit."""
    with InlineExchange(tmp_path) as kept:
        kept.bootstrap(bootstrap(), START)
        with monkeypatch.context() as open_door:
            open_door.setattr(Door, "check", lambda *_: 0)
            kept.submit(settling(plain("elsewhere")), RELAYER, START)
            bad = with_fields(plain(kept.exchange_id), signature="00" * 64)
            kept.submit(settling(bad), RELAYER, START)
        seq = kept.seq
        kept.submit(settling(plain(kept.exchange_id)), RELAYER, START)
    report = recovery.verify(tmp_path)
    assert not report.ok
    assert report.signatures == 1
    assert [text.partition(":")[0] for text in report.problems] == [
        f"record {seq - 1}", f"record {seq}",
    ]  # fmt: skip
