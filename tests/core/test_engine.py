"""The only door of the core: all or nothing, predictable, and shut after a contradiction."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.core.engine import Engine, genesis
from plimsoll.core.invariants import InvariantBroken
from plimsoll.core.load import load
from plimsoll.messages import codec, codes, commands, events
from plimsoll.messages.codes import BUY
from plimsoll.runtime import presets
from tests.harness.commands_gen import Generator
from tests.harness.scenario import OPERATOR, Scenario

LOT = 10**9


def test_a_refused_command_leaves_one_event_and_nothing_else() -> None:
    """MSG-004: state hash, ids and events are as before, but for one Rejected."""
    page = Scenario().play("bob sell 1 @ 100")
    before = page.hash()
    order = page.place("alice", BUY, 2 * LOT, 100_000_000, tif=codes.FOK)
    assert page.refuse(order, page.owner("alice"))[0] == codes.FOK_NOT_FILLABLE
    assert page.hash() == before
    page.play("alice buy 1 @ 100  -> 1 @ 100 bob")


def test_events_of_commands_before_a_refusal_stand() -> None:
    """MSG-004: the refusal drops its own events only; they are drained once."""
    page = Scenario()
    engine = page.engine
    owner = page.owner("alice")
    good = page.place("alice", BUY, LOT, 90_000_000)
    bad = page.place("alice", BUY, LOT, 1_000_000)
    found = engine.apply_all([good, bad, good], 100, page.now, [owner] * 3)
    names = [type(event).__name__ for event in found]
    assert names == ["OrderAccepted", "OrderRested", "Rejected", "OrderAccepted", "OrderRested"]
    assert engine.drain() == []


def test_without_recording_the_state_is_the_same() -> None:
    """Nobody needs events to be right; a dry run has them all the same."""
    first, second = Scenario(), Scenario()
    second.engine.txn.recording = False
    for page in (first, second):
        owner = page.owner("alice")
        for price in (90, 91, 1):
            order = page.place("alice", BUY, LOT, price * 10**6)
            page.engine.apply(order, 100, page.now, owner)
    assert second.engine.drain() == []
    assert first.hash() == second.hash()
    order = second.place("alice", BUY, LOT, 92_000_000)
    assert len(second.engine.dry_run(order, second.now, second.owner("alice"))) == 2
    assert second.engine.drain() == []


@pytest.mark.parametrize(
    ("price", "size", "code"),
    [(1_000_000, LOT, codes.PRICE_BAND), (100_000_000, 4 * 10**18, codes.INSUFFICIENT_MARGIN)],
)
def test_a_dry_run_of_a_refusal_says_so(price: int, size: int, code: int) -> None:
    """NODE-011: what would be refused is answered, not raised."""
    page = Scenario()
    before = page.hash()
    command = page.place("alice", BUY, size, price)
    (event,) = page.engine.dry_run(command, page.now, page.owner("alice"))
    assert isinstance(event, events.Rejected)
    assert event.code == code
    (event,) = page.engine.dry_run(command, page.now, 77)
    assert event.row()[1] == codes.UNKNOWN_PRINCIPAL
    assert page.hash() == before


def test_a_dry_run_out_of_range_says_so() -> None:
    """MONEY-002: as the command itself would."""
    page = Scenario()
    command = commands.Deposit(page.accounts["alice"], 0, 2**62 - 1, "x")
    (event,) = page.engine.dry_run(command, page.now, OPERATOR)
    assert event.row()[1:] == [codes.AMOUNT_RANGE, 0, 2**62 - 1, -1]


def test_a_contradiction_halts_for_good() -> None:
    """INV-001: a broken invariant is no refusal; the engine applies nothing after it."""
    page = Scenario(taker_fee=500).play("bob sell 1 @ 100")
    page.state.log.begin()  # as a broken handler would, behind the ledger's back
    page.account("insurance").usd.add(-1_000_000_000)
    page.account("outside").usd.add(1_000_000_000)
    page.state.log.commit()
    order = page.place("alice", BUY, LOT, 100_000_000)
    with pytest.raises(InvariantBroken, match="S5"):
        page.engine.apply(order, 500, page.now, page.owner("alice"))
    with pytest.raises(InvariantBroken, match="HALTED"):
        page.engine.apply(commands.Tick(1), 501, page.now, OPERATOR)


def run(seed: int, count: int) -> tuple[Engine, list[str]]:
    """An engine after random commands, and a digest of the events of each."""
    engine = Engine(genesis())
    generator = Generator(seed)
    digests = []
    for seq in range(1, count + 1):
        stamped = generator.next()
        engine.apply(stamped.command, seq, stamped.now, stamped.principal)
        found = engine.drain()
        generator.learn(stamped.command, found)
        digests.append(codec.digest(found).hex())
    return engine, digests


def test_the_same_commands_give_the_same_history() -> None:
    """Nothing but the commands decides: events and state are equal in every run."""
    one, first = run(11, 1_500)
    two, second = run(11, 1_500)
    assert first == second
    assert codec.state_hash(one.state.dump()) == codec.state_hash(two.state.dump())
    other, third = run(12, 1_500)
    assert first != third
    assert codec.state_hash(one.state.dump()) != codec.state_hash(other.state.dump())


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6), cut=st.integers(60, 600))
def test_a_loaded_state_goes_on_as_if_nothing_had_happened(seed: int, cut: int) -> None:
    """NODE-006: dump and load is the identity, and the future of both agrees."""
    engine = Engine(genesis())
    generator = Generator(seed)
    copy: Engine | None = None
    for seq in range(1, cut + 200):
        if seq == cut:
            data = codec.encode_state(engine.state.dump())
            copy = Engine(load(codec.decode_state(data)))
            assert copy.state.dump() == engine.state.dump()
        stamped = generator.next()
        said = engine.apply(stamped.command, seq, stamped.now, stamped.principal)
        found = engine.drain()
        generator.learn(stamped.command, found)
        if copy is not None:
            assert copy.apply(stamped.command, seq, stamped.now, stamped.principal) == said
            assert codec.digest(copy.drain()) == codec.digest(found)
    assert copy is not None
    assert copy.state.dump() == engine.state.dump()


def broken_batch() -> commands.OraclePrices:
    """A command no codec would let pass: the handler fails after it has accepted one price."""
    good = commands.PricePoint(0, 101_000_000, 0, 10**12)
    return commands.OraclePrices([good, None])  # type: ignore[list-item]


def test_a_fault_in_a_dry_run_changes_nothing() -> None:
    """Whatever goes wrong in a dry run, the state and the events are as they were."""
    page = Scenario()
    before = page.hash()
    with pytest.raises((AttributeError, TypeError)):
        page.engine.dry_run(broken_batch(), 10**12, presets.ORACLE)
    assert page.hash() == before
    assert page.engine.state.log.entries == []
    page.play("bob sell 1 @ 100")
    page.play("alice buy 1 @ 100  -> 1 @ 100 bob")


def test_a_fault_in_a_command_halts() -> None:
    """After a fault nothing more is applied, not even in thought."""
    page = Scenario()
    with pytest.raises((AttributeError, TypeError)):
        page.engine.apply(broken_batch(), 10**6, 10**12, presets.ORACLE)
    assert page.engine.halted != ""
    good = commands.Tick(1)
    with pytest.raises(InvariantBroken):
        page.engine.apply(good, 10**6 + 1, 10**12, OPERATOR)
    with pytest.raises(InvariantBroken):
        page.engine.dry_run(good, 10**12, OPERATOR)
