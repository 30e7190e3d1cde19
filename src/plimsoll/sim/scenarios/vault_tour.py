"""The vault tour: passive and hedged vaults, from the first deposit to the last exit."""

from __future__ import annotations

from plimsoll.sim.scenarios import vault_deposits, vault_hedges, vault_losses, vault_passive
from plimsoll.sim.scenarios.language import Scenario
from plimsoll.sim.scenarios.sujiko_tour import START_MS
from plimsoll.sim.scenarios.vault_stage import PLAYERS, PRICES, opening


def scenario() -> Scenario:
    """The whole tour."""
    return Scenario(
        name="vault-tour",
        title="Passive vault, base and quote vaults hedged on spot, shares, cooldown, exits",
        start_ms=START_MS,
        opening=opening(),
        prices=tuple(PRICES.values()),
        players=PLAYERS,
        chapters=(
            vault_deposits.deposits(),
            vault_deposits.first_depositor(),
            vault_passive.quotes(),
            vault_passive.requotes(),
            vault_passive.skew(),
            vault_hedges.base_vault(),
            vault_hedges.quote_vault(),
            vault_hedges.desk(),
            vault_hedges.utilization(),
            vault_hedges.band(),
            vault_hedges.neutral(),
            vault_deposits.exits(),
            vault_losses.deleveraging(),
            vault_deposits.cooldown(),
            vault_deposits.maturity(),
            vault_passive.shut(),
            vault_losses.ending(),
        ),
    )
