"""The arena of the breaker with two operators, a delay, and everything one of them could try."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from plimsoll.messages import codes, commands, events
from plimsoll.messages.guard import ExecuteProposal, Propose
from plimsoll.messages.guard_params import BreakerParams
from plimsoll.messages.params import GlobalParams, MarketParams
from plimsoll.messages.vault_params import QuoteParams, VaultParams
from tests.attacks.arena import LOT, OPERATOR, PRICE, USD
from tests.attacks.breaker_arena import PPM, TICK, WINDOW, Walled
from tests.attacks.gateway_strategies import limits
from tests.attacks.vault_arena import BASE, ETH, PASSIVE

DELAY = 86_400_000
EXPIRY = 3 * DELAY
TREASURY = codes.TREASURY_ACCOUNT
UP, DOWN = 1, -1

GUARDS: dict[type[Any], dict[str, int]] = {
    GlobalParams: {"admin_delay_ms": DOWN, "relay_fee_max": UP, "signed_validity_max_ms": UP,
                   "open_deposits": UP, "oracle_future_max_ms": UP},
    MarketParams: {"imr": DOWN, "price_band": UP, "open_interest_max": UP, "delayed_ms": DOWN,
                   "oracle_max_age_ms": UP, "oracle_jump_max": UP, "keeper_fee_max": UP},
    VaultParams: {"min_margin_ratio": DOWN, "hedge_slippage": UP, "util_max": UP,
                  "takers_listed": DOWN, "depositors_listed": DOWN, "confidence_max": UP},
    BreakerParams: {"retained": DOWN, "window_ms": DOWN, "principal_share": UP, "locking": DOWN,
                    "cooldown_ms": DOWN, "pause_retained": DOWN, "threshold": UP},
}  # fmt: skip
"""What guards somebody's money, and the way that takes the guard off."""


def row_of(params: Any) -> dict[str, Any]:
    """A set of parameters by name."""
    return dict(zip([name for name, _ in params.FIELDS], params.row(), strict=True))


class Keyed(Walled):
    """Two operators, a delay of a day, limits of the outflow, and a friend of whoever steals."""

    def __init__(self, **more: Any) -> None:
        super().__init__(principal_share=PPM, pause_retained=0, **more)
        self.hold(20_000, 200, 20_000)
        self.friend = self.rich(2_000_000, 3_000)
        self.must(commands.CreatePrincipal("second", codes.ROLE_OPERATOR), OPERATOR)
        self.second = len(self.state.principals) - 1
        self.limit()
        limits(self, admin_delay_ms=DELAY, admin_expiry_ms=EXPIRY)

    def set_of(self, kind: type[Any]) -> Any:
        """The set of a kind that is in force."""
        if kind is GlobalParams:
            return self.state.globals.params
        if kind is MarketParams:
            return self.state.markets[0].params
        if kind is VaultParams:
            return self.row(BASE).params
        return self.state.guard.breaker.params

    def setting(self, kind: type[Any], **new: Any) -> commands.Command:
        """The command that replaces some of a set."""
        params = kind(**{**row_of(self.set_of(kind)), **new})
        if kind is GlobalParams:
            return commands.SetGlobalParams(params)
        if kind is MarketParams:
            return commands.SetMarketParams(0, params)
        if kind is VaultParams:
            return commands.SetVaultParams(BASE, params)
        return commands.SetBreakerParams(params)

    def guarded(self) -> list[tuple[str, int, int]]:
        """Everything that guards money: its name, the way that loosens it, its value."""
        found = []
        for kind, ways in GUARDS.items():
            values = row_of(self.set_of(kind))
            found += [(name, way, int(values[name])) for name, way in ways.items()]
        found.append(("market mode", DOWN, self.state.markets[0].mode))
        found.append(("vault mode", DOWN, self.row(BASE).mode))
        found.append(("breaker mode", DOWN, self.exchange_mode))
        found.append(("grace", UP, self.state.guard.breaker.grace_ms))
        return found

    def house(self) -> list[int]:
        """What the exchange has of its own: treasury, vAMM, pools and pools of spot."""
        market = self.state.markets[0]
        own = [self.state.accounts[TREASURY], market.vamm, market.insurance, market.adjustments,
               market.funding, self.state.liquidity.pools[0].account]  # fmt: skip
        return [one.held(asset) for one in own for asset in (0, ETH)]

    def operators(self) -> int:
        """How many operators there are."""
        return sum((row.roles & codes.ROLE_OPERATOR) != 0 for row in self.state.principals)

    def propose(self, change: commands.Command, by: int = OPERATOR) -> int:
        """Announce a change; its number, 0 if it was refused."""
        self.send(Propose(change), by)
        made = self.of(events.Proposed)
        return made[0].proposal if made else 0

    def execute(self, proposal: int, by: int) -> bool:
        """Execute a proposal."""
        return self.send(ExecuteProposal(proposal), by)


def turned(rng: random.Random, arena: Keyed) -> commands.Command:
    """A set with one or two guards moved, either way."""
    kind = rng.choice(list(GUARDS))
    new = {}
    for name in rng.sample(list(GUARDS[kind]), rng.choice([1, 1, 2])):
        value = int(row_of(arena.set_of(kind))[name])
        if name == "window_ms":
            new[name] = max(TICK, value + rng.choice([-1, 1]) * TICK)
        elif name in ("locking", "open_deposits", "takers_listed", "depositors_listed"):
            new[name] = 1 - value
        else:
            new[name] = max(1, value + rng.choice([-1, 1]) * rng.choice([1, value // 2, value]))
    return arena.setting(kind, **new)


def any_change(rng: random.Random, arena: Keyed) -> commands.Command:
    """Whatever the owner of a key would try."""
    amount = rng.choice([1, 1_000 * USD, 10**5 * USD])
    arena.external += 1
    choices: list[Callable[[], commands.Command]] = [
        lambda: turned(rng, arena), lambda: turned(rng, arena), lambda: turned(rng, arena),
        lambda: commands.Withdraw(TREASURY, rng.choice([0, ETH]), amount, f"t{arena.external}"),
        lambda: commands.FundVamm(0, amount),
        lambda: commands.FundPool(0, codes.POOL_INSURANCE, amount),
        lambda: commands.AddSpotLiquidity(TREASURY, 0, rng.choice([0, LOT]), amount),
        lambda: commands.RemoveSpotLiquidity(
            rng.choice([TREASURY, arena.friend.ident]), 0, rng.choice([0, LOT]), amount),
        lambda: commands.SetMarketMode(0, rng.randrange(4)),
        lambda: commands.SetVaultMode(BASE, rng.randrange(4)),
        lambda: commands.SetBreakerMode(
            rng.randrange(3), rng.choice([0, 0, arena.now + WINDOW // 2])),
        lambda: commands.CreatePrincipal(f"n{arena.external}", rng.randrange(1, 128)),
        lambda: commands.CreateMarket(MarketParams(
            f"N{arena.external}-USD", *arena.settings[1:])),
        lambda: commands.CreateAsset(f"N{arena.external}", 9),
        lambda: commands.CreateVault(codes.BASE_VAULT, 0, "h", VaultParams(
            pool_1=0, undirected=1, min_margin_ratio=1, hedge_slippage=999_999)),
        lambda: commands.CreateSpotPool(ETH, 0, rng.randrange(9_000), LOT, 10**9 * USD),
        lambda: commands.SetVaultWhitelist(BASE, arena.friend.ident, True),
        lambda: commands.SetVaultQuote(PASSIVE, 0, QuoteParams(
            weight=1, half_spread=rng.choice([1, 1_000, 90_000]),
            max_quote_size=rng.choice([1, 1_000, 10**6]) * LOT)),
        lambda: commands.Repeg(0, PRICE * rng.randint(90, 110) // 100),
    ]  # fmt: skip
    return rng.choice(choices)()


def check_tighter(before: list[tuple[str, int, int]], after: list[tuple[str, int, int]]) -> None:
    """Nothing that guards money is looser than it was."""
    for (name, way, old), (_, _, new) in zip(before, after, strict=True):
        assert (new - old) * way <= 0, f"{name}: {old} -> {new}"
