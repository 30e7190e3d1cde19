"""Settings of a keeper process, with their bounds."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

ROLES: Final = ("filler", "crank", "liquidator", "trigger", "maker")
"""All roles, in the order in which they are asked."""

Ms = Annotated[int, Meta(ge=1, le=86_400_000)]


class MakerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the auction maker quotes and how much it may hold."""

    aggressiveness_bp: Annotated[
        int, Meta(ge=-1_000, le=1_000, description="Distance of own quotes from the oracle.")
    ] = 5
    leverage: Annotated[
        int, Meta(ge=1, le=100_000_000, description="Target leverage over all markets, ppm.")
    ] = 1_000_000
    position_max: Annotated[
        int, Meta(ge=0, description="Most notional in a market (1e-6 USD); 0: by leverage alone.")
    ] = 0
    offer_max: Annotated[
        int, Meta(ge=0, description="Most notional of an offer (1e-6 USD); 0: the whole auction.")
    ] = 0
    full_at: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            description="Part of the limit (ppm) from which on it only reduces.",
        ),
    ] = 950_000
    volatile_bp: Annotated[
        int, Meta(ge=1, le=10_000, description="Oracle this far off its 5 min average: no offers.")
    ] = 150


class KeeperSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One process. Times in ms, money 1e-6 USD."""

    roles: Annotated[
        tuple[str, ...], Meta(description=f"Of {', '.join(ROLES)}.")
    ] = ("filler", "crank", "liquidator", "trigger")  # fmt: skip
    interval_ms: Annotated[Ms, Meta(description="Between two looks for work.")] = 250
    max_in_flight: Annotated[
        int, Meta(ge=1, le=1_000, description="Commands that may wait for their answer.")
    ] = 8
    dry_run: Annotated[bool, Meta(description="Log what would be sent, send nothing.")] = False
    min_reward: Annotated[
        int, Meta(ge=0, description="Least expected reward of a fill; upkeep is done for nothing.")
    ] = 0
    attempts: Annotated[int, Meta(ge=1, le=20, description="Of a command without answer.")] = 3
    throttle_ms: Annotated[Ms, Meta(description="After work that somebody else did.")] = 1_000
    liquidation_throttle_ms: Annotated[Ms, Meta(description="Between tries of an account.")] = 5_000
    poison_ms: Annotated[Ms, Meta(description="After work that cannot be done as it is.")] = 60_000
    throttle_max: Annotated[int, Meta(ge=1, le=1_000_000, description="Keys remembered.")] = 10_000
    update_ms: Annotated[Ms, Meta(description="A market untouched this long is cranked.")] = 60_000
    backstop_ms: Annotated[Ms, Meta(description="Work overdue this long calls for a Tick.")] = 5_000
    tick_limit: Annotated[int, Meta(ge=1, le=100_000, description="Work of a Tick.")] = 64
    tasks_max: Annotated[int, Meta(ge=1, le=10_000, description="Pieces a role may find.")] = 64
    check_ms: Annotated[Ms, Meta(description="Between comparisons with a fresh snapshot.")] = 30_000
    stuck_ms: Annotated[Ms, Meta(description="Top of the book unchanged: look again.")] = 60_000
    lag_ms: Annotated[Ms, Meta(description="Behind the exchange this long: unhealthy.")] = 5_000
    skew_ms: Annotated[Ms, Meta(description="Clocks this far apart: unhealthy.")] = 5_000
    stop_ms: Annotated[Ms, Meta(description="Longest wait for answers at the end.")] = 10_000
    health_host: Annotated[str, Meta(min_length=1, description="Of /health and /metrics.")] = (
        "127.0.0.1"
    )
    health_port: Annotated[
        int, Meta(ge=-1, le=65_535, description="-1: no server; 0: any free port.")
    ] = 9465
    maker: MakerSettings = MakerSettings()
