"""The Sujiko tour: every mechanism once, from a market order to the vAMM's own deleveraging."""

from __future__ import annotations

from typing import Final

from plimsoll.sim.scenarios import sujiko_losses, sujiko_orders, sujiko_prices
from plimsoll.sim.scenarios.language import Scenario
from plimsoll.sim.scenarios.sujiko_stage import PLAYERS, PRICES, opening

START_MS: Final = 1_767_226_200_000
"""1 January 2026, ten minutes past midnight UTC."""


def scenario() -> Scenario:
    """The whole tour."""
    return Scenario(
        name="sujiko-tour",
        title="Book, auctions, vAMM, repegs, funding, restricted mode, liquidations",
        start_ms=START_MS,
        opening=opening(),
        prices=tuple(PRICES.values()),
        players=PLAYERS,
        chapters=(
            sujiko_orders.normal_flow(),
            sujiko_orders.limit_orders(),
            sujiko_orders.one_sided_flow(),
            sujiko_prices.repegs(),
            sujiko_orders.auctions_at_once(),
            sujiko_orders.triggers(),
            sujiko_prices.funding(),
            sujiko_prices.restricted(),
            sujiko_prices.imbalance(),
            sujiko_losses.cascade(),
            sujiko_losses.thin_vamm(),
            sujiko_losses.ending(),
        ),
    )
