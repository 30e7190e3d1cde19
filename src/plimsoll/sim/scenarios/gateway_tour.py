"""The gateway tour: signed and delayed orders, a whitelist, breakers, changes by two keys."""

from __future__ import annotations

from plimsoll.sim.scenarios import (
    gateway_breaker,
    gateway_delayed,
    gateway_keys,
    gateway_orders,
    gateway_pairs,
)
from plimsoll.sim.scenarios.gateway_stage import PLAYERS, PRICES, opening
from plimsoll.sim.scenarios.language import Scenario
from plimsoll.sim.scenarios.sujiko_tour import START_MS


def scenario() -> Scenario:
    """The whole tour."""
    return Scenario(
        name="gateway-tour",
        title="Signed orders, delayed orders, whitelist, circuit breakers, changes by two keys",
        start_ms=START_MS,
        opening=opening(),
        prices=tuple(PRICES.values()),
        players=PLAYERS,
        chapters=(
            gateway_orders.keys(),
            gateway_orders.parts(),
            gateway_orders.directed(),
            gateway_orders.replays(),
            gateway_pairs.pairs(),
            gateway_pairs.isolated(),
            gateway_delayed.delays(),
            gateway_delayed.whitelist(),
            gateway_breaker.bounds(),
            gateway_breaker.outflow(),
            gateway_breaker.restricted(),
            gateway_breaker.recovery(),
            gateway_keys.vault_breaker(),
            gateway_keys.two_keys(),
            gateway_keys.paused(),
            gateway_keys.ending(),
        ),
    )
