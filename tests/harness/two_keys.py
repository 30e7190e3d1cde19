"""An exchange with vaults, two operators, and a delay on whatever loosens a limit."""

from __future__ import annotations

from typing import Any, Final

from plimsoll.messages import codes, commands, events
from plimsoll.messages.guard import CancelProposal, ExecuteProposal, Propose
from plimsoll.messages.guard_params import BreakerParams
from plimsoll.messages.params import GlobalParams
from plimsoll.messages.vault_params import QuoteParams
from tests.harness.scenario import OPERATOR, market
from tests.harness.vault_page import BASE, PASSIVE, VaultPage

DELAY: Final = 86_400_000
EXPIRY: Final = 3 * 86_400_000

MARKET: Final[dict[str, Any]] = {
    "vamm_enabled": 1, "vamm_limits": 1, "vamm_spread_steps": 255, "vamm_spread_adjustment": 5,
    "health_divergence_max": 200_000, "health_imbalance_max": 800_000, "keeper_fee_max": 10**7,
    "delayed_ms": 1_000,
}  # fmt: skip
GLOBAL: Final = {"open_deposits": 1}
VAULT: Final = {
    "deposit_cap": 10**15, "margin_total": 1, "fill_max": 10**12, "undirected": 1,
    "firm_quotes": 1, "pause_margin_ratio": 1_000, "drawdown_max": 900_000,
    "hedge_window_max": 10**12,
}  # fmt: skip
QUOTE: Final = {
    "weight": 1, "half_spread": 50_000, "max_quote_size": 10**10, "max_skew": 10**10,
    "max_position": 10**12,
}  # fmt: skip
BREAKER: Final = {"locking": 0, "threshold": 1_000}


TREASURY: Final = codes.TREASURY_ACCOUNT
NEEDED: Final = ("NEEDS_PROPOSAL", 0, DELAY)


def money() -> list[commands.Command]:
    """Every command that moves money of the exchange."""
    return [
        commands.FundVamm(0, 1), commands.FundPool(0, codes.POOL_INSURANCE, 1),
        commands.Withdraw(TREASURY, 0, 1, "t"), commands.AddSpotLiquidity(TREASURY, 0, 0, 1),
        commands.RemoveSpotLiquidity(TREASURY, 0, 1, 0),
    ]  # fmt: skip


def always() -> list[commands.Command]:
    """Every command that needs a proposal whatever it says."""
    return [*money(), commands.CreateMarket(market(symbol="NEW"))]


def named(params: Any) -> dict[str, Any]:
    """A set of parameters by name."""
    return dict(zip([name for name, _ in params.FIELDS], params.row(), strict=True))


def replaced(params: Any, **new: Any) -> Any:
    """A set of parameters with some replaced."""
    return type(params)(**{**named(params), **new})


class TwoKeys(VaultPage):
    """Every field of every set of parameters has room to move; ``breaker``: limits are set."""

    def __init__(self, *, delay: int = DELAY, breaker: bool = False) -> None:
        super().__init__(vault=VAULT, **MARKET)
        self.quote(**QUOTE)
        self.do(commands.CreatePrincipal("second", codes.ROLE_OPERATOR), OPERATOR)
        self.second = len(self.state.principals) - 1
        if breaker:
            self.do(commands.SetBreakerParams(BreakerParams(**BREAKER)), OPERATOR)
        limits = GlobalParams(**GLOBAL, admin_delay_ms=delay, admin_expiry_ms=EXPIRY)
        self.do(commands.SetGlobalParams(limits), OPERATOR)

    # Sets of parameters -------------------------------------------------------------------

    def params_of(self, kind: str) -> Any:
        """The set of a kind that the page changes, as it is now."""
        liquidity = self.state.liquidity
        if kind == "global_params":
            return self.state.globals.params
        if kind == "market_params":
            return self.state.markets[0].params
        if kind == "vault_params":
            return liquidity.vaults[BASE].params
        if kind == "quote_params":
            return liquidity.vaults[PASSIVE].quote(0) or QuoteParams()
        return self.state.guard.breaker.params

    def setting(self, kind: str, **new: Any) -> commands.Command:
        """The command that replaces some of a set, not yet applied."""
        params = replaced(self.params_of(kind), **new)
        if kind == "global_params":
            return commands.SetGlobalParams(params)
        if kind == "market_params":
            return commands.SetMarketParams(0, params)
        if kind == "vault_params":
            return commands.SetVaultParams(BASE, params)
        if kind == "quote_params":
            return commands.SetVaultQuote(PASSIVE, 0, params)
        return commands.SetBreakerParams(params)

    # Proposals ----------------------------------------------------------------------------

    def propose(self, change: commands.Command, by: int = OPERATOR) -> events.Proposed:
        """Announce a change; nothing else happens."""
        (event,) = self.do(Propose(change), by)
        assert isinstance(event, events.Proposed)
        return event

    def execute(self, proposal: int, by: int = -1) -> list[events.Event]:
        """Execute a proposal with the second key; what else it does than end."""
        ended, *others = self.do(ExecuteProposal(proposal), self.second if by < 0 else by)
        assert isinstance(ended, events.ProposalEnded)
        return others

    def change(self, change: commands.Command) -> list[events.Event]:
        """A change with both keys, as soon as it may be."""
        made = self.propose(change)
        self.now = made.ready_ms
        return self.execute(made.proposal)

    def cancel(self, proposal: int, by: int) -> events.Event:
        """Take a proposal back."""
        (event,) = self.do(CancelProposal(proposal), by)
        return event

    def refused(self, command: commands.Command, by: int = OPERATOR) -> tuple[str, int, int]:
        """Name and numbers of the refusal a command must meet."""
        code, value, limit, _ = self.refuse(command, by)
        return codes.REJECTS[code][0], value, limit


def rich(**more: Any) -> TwoKeys:
    """A page whose treasury has money."""
    page = TwoKeys(**more)
    page.deposit("treasury", "5000")
    return page
