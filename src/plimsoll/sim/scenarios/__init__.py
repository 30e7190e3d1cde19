"""Scripted runs of the exchange, one file each; ``SCENARIOS`` is the list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from plimsoll.errors import ConfigError
from plimsoll.sim.scenarios.gateway_tour import scenario as gateway_tour
from plimsoll.sim.scenarios.language import Scenario
from plimsoll.sim.scenarios.sujiko_tour import scenario as sujiko_tour
from plimsoll.sim.scenarios.vault_tour import scenario as vault_tour

SCENARIOS: Final[Mapping[str, Callable[[], Scenario]]] = {
    "gateway-tour": gateway_tour,
    "sujiko-tour": sujiko_tour,
    "vault-tour": vault_tour,
}
"""name -> what makes the scenario."""


def find(name: str) -> Scenario:
    """A scenario by name. Errors: `ConfigError`."""
    made = SCENARIOS.get(name)
    if made is None:
        raise ConfigError(
            f"there is no scenario called {name}",
            remedy=f"Choose one of: {', '.join(sorted(SCENARIOS))}.",
        )
    return made()
