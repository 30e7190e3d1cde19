"""The published properties of ERC-4626 on all three vaults, in every state, through the engine."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness.erc4626 import KINDS, Tokenized
from tests.harness.erc4626_attacks import ALL, of
from tests.harness.erc4626_states import STATES, scene, shut

LIVE = st.sampled_from(list(STATES))
ANY = st.sampled_from([*STATES, "shut"])
NUMBERS = st.one_of(
    st.integers(1, 12), st.integers(1, 10**6), st.integers(1, 10**13), st.integers(1, 2**62 - 1)
)
EXAMPLES = settings(max_examples=40, deadline=None)


def vault(kind: str, state: str) -> Tokenized:
    """A vault in a state; a shut one has no price, and few laws speak of it."""
    return shut(kind) if state == "shut" else scene(kind, state)


@pytest.mark.parametrize("name", of("round trips"))
@pytest.mark.parametrize("kind", KINDS)
@EXAMPLES
@given(state=LIVE, number=NUMBERS)
def test_round_trips(kind: str, name: str, state: str, number: int) -> None:
    """SHARE-005: deposit, mint, withdraw and redeem there and back never gain anything."""
    ALL[name].body(vault(kind, state), number)


@pytest.mark.parametrize("name", of("accounting"))
@pytest.mark.parametrize("kind", KINDS)
@EXAMPLES
@given(state=LIVE, number=NUMBERS)
def test_accounting(kind: str, name: str, state: str, number: int) -> None:
    """SHARE-001, SHARE-002, SHARE-003, SHARE-007: what happens is what its dry run said, exactly
    the ratio rounded for the vault, and nothing happens to anybody else."""
    ALL[name].body(vault(kind, state), number)


@pytest.mark.parametrize("name", of("rounding"))
@pytest.mark.parametrize("kind", KINDS)
@EXAMPLES
@given(state=LIVE, number=NUMBERS)
def test_rounding(kind: str, name: str, state: str, number: int) -> None:
    """SHARE-001, SHARE-005: nothing is free, and every remainder is the vault's."""
    ALL[name].body(vault(kind, state), number)


@pytest.mark.parametrize("name", of("senders"))
@pytest.mark.parametrize("kind", KINDS)
@EXAMPLES
@given(state=LIVE, number=NUMBERS)
def test_senders(kind: str, name: str, state: str, number: int) -> None:
    """SHARE-001: numbers do not depend on who asks, and shares are given back by their owner."""
    ALL[name].body(vault(kind, state), number)


@pytest.mark.parametrize("name", of("never fail"))
@pytest.mark.parametrize("kind", KINDS)
@EXAMPLES
@given(state=ANY, number=NUMBERS)
def test_what_never_fails(kind: str, name: str, state: str, number: int) -> None:
    """SHARE-004: looking always works, and any number is taken or refused with a code."""
    ALL[name].body(vault(kind, state), number)


@pytest.mark.parametrize("name", of("attacks"))
@pytest.mark.parametrize("kind", KINDS)
@EXAMPLES
@given(state=LIVE, number=NUMBERS)
def test_attacks(kind: str, name: str, state: str, number: int) -> None:
    """SHARE-005, SHARE-006, SHARE-009: inflation, sequences of commands, and claiming twice."""
    ALL[name].body(vault(kind, state), number)


@pytest.mark.parametrize("name", ["inflation_does_not_pay", "a_share_is_finer_than_a_unit"])
@pytest.mark.parametrize("kind", KINDS)
@EXAMPLES
@given(number=NUMBERS)
def test_fresh_vaults(kind: str, name: str, number: int) -> None:
    """SHARE-006: what is only asked of a vault that nobody has been in."""
    ALL[name].body(vault(kind, "fresh"), number)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ALL)
def test_no_law_is_silent(kind: str, name: str) -> None:
    """Of a handful of numbers in every state, each law has something to say of some."""
    numbers = (3, 999, 123_456_789)
    assert any(ALL[name].body(scene(kind, state), number) for state in STATES for number in numbers)


def test_every_law_is_run() -> None:
    """No law is in a group that nobody runs."""
    groups = ("round trips", "accounting", "rounding", "senders", "never fail", "attacks")
    assert {one.group for one in ALL.values()} == set(groups)
