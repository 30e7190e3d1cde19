"""Random commands on markets with repeg, spreads and health on: no update ever refuses."""

from __future__ import annotations

from collections import Counter

import pytest

from plimsoll.core import invariants, market_update
from plimsoll.core.context import Txn
from plimsoll.core.engine import Engine, genesis
from plimsoll.core.rows import Market
from plimsoll.messages import codec, commands
from plimsoll.units import RangeError
from tests.harness import world
from tests.harness.commands_gen import Generator

COMMANDS = 2_500
ADJUSTMENTS = (0, -60, 100)


@pytest.mark.parametrize(("seed", "steps"), [(1, 159), (2, 255), (3, 128), (4, 255)])
def test_updates_never_take_back_their_cause(
    seed: int, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """UPDATE-001, REPEG-005: whatever happens, amounts fit, pools and curve stay sound."""
    switched = {
        "vamm_spread_steps": steps, "vamm_spread_adjustment": ADJUSTMENTS[seed % 3],
        "repeg": 1 + seed % 2, "health_divergence_max": 200_000, "health_imbalance_max": 800_000,
    }  # fmt: skip
    for symbol, given in world.OVERRIDES.items():
        monkeypatch.setitem(world.OVERRIDES, symbol, {**given, **switched})
    update = market_update.update

    def guarded(txn: Txn, market: Market, cause: int) -> None:
        try:
            update(txn, market, cause)
        except RangeError as problem:
            raise AssertionError(f"an update refused: {problem}") from problem

    monkeypatch.setattr(market_update, "update", guarded)
    engine = Engine(genesis())
    generator = Generator(seed)
    seen: Counter[str] = Counter()
    for number in range(COMMANDS):
        command, now, principal = generator.next()
        if number % 50 == 49:
            command, principal = commands.UpdateMarket(number % 3, -1), world.KEEPER
        command = codec.decode_command(codec.encode_command(command))
        engine.apply(command, number + 1, now, principal)
        found = engine.drain()
        codec.encode_events(found)
        seen.update(type(event).__name__ for event in found)
        generator.learn(command, found)
        if number % 100 == 99:
            invariants.check_full(engine.state)
    for row in engine.state.vamms:
        assert 0 <= row.long_spread + row.short_spread <= 1_000_000
    assert seen["Repegged"] > 20
    assert seen["VammQuoted"] > 100 or steps == 128
    assert seen["Filled"] > 100
