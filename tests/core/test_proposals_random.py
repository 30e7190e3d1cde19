"""Random changes by three operators: nothing gets looser without two keys and the whole delay."""

from __future__ import annotations

import pytest

from plimsoll.core.load import load
from plimsoll.messages import codec
from tests.harness.proposals_model import Model

STEPS = 1_200


@pytest.mark.parametrize("seed", range(4))
def test_nothing_gets_looser_within_the_delay(seed: int) -> None:
    """PROP-001, PROP-004, PROP-009: whatever three operators send, in any order and at any time."""
    model = Model(seed)
    for number in range(STEPS):
        model.step()
        if number % 300 == 299:
            dumped = codec.decode_state(codec.encode_state(model.page.state.dump()))
            assert codec.state_hash(load(dumped).dump()) == model.page.hash()
    # Every turn was taken, or the sequences prove nothing.
    for turn in ("NEEDS_PROPOSAL", "PROPOSAL_OWN", "PROPOSAL_EARLY", "PROPOSAL_EXPIRED",
                 "PROPOSAL_STALE", "executed", "cancelled", "lapsed", "SetMarketParams",
                 "SetBreakerParams", "SetVaultQuote"):  # fmt: skip
        assert model.met[turn] > 0, (turn, model.met)
