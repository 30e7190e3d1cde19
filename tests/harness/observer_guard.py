"""Changes of parameters as the observer sees them: what loosens waits, and needs two keys."""

from __future__ import annotations

from typing import Any

from plimsoll.messages import codes, commands, events
from plimsoll.messages.guard_params import BreakerParams
from plimsoll.messages.vault_params import QuoteParams
from tests.harness.observer_money import PPM, broken, must
from tests.harness.observer_vault_guard import VaultGuards
from tests.harness.observer_verdicts import Rules

OPEN_MOST = 64
HIGHER = frozenset(
    {
        "admin_delay_ms", "min_notional", "imr", "oracle_reset_ms", "vamm_base_spread",
        "vamm_max_spread", "vamm_max_fill_fraction", "vamm_spread_adjustment", "auctions_reserved",
        "auction_min_notional", "delayed_ms", "depositors_listed", "takers_listed",
        "min_margin_ratio", "pause_margin_ratio", "breaker_hold_ms", "half_spread", "window_ms",
        "retained", "locking", "cooldown_ms:breaker", "pause_retained", "pause_cooldown_ms",
    }
)  # fmt: skip
"""What is tighter the higher it is."""
LOWER = frozenset(
    {
        "open_orders_max", "batch_max", "accounts_max", "accounts_per_principal_max",
        "oracle_future_max_ms", "open_deposits", "signed_validity_max_ms", "relay_fee_max",
        "open_interest_max", "price_band", "market_slippage", "oracle_max_age_ms",
        "oracle_confidence_max", "oracle_jump_max", "vamm_concentration", "auctions_max",
        "auctions_per_account", "keeper_fee_max", "keeper_flat_fee", "vamm_limits",
        "delayed_validity_max_ms", "confidence_max", "margin_total", "hedge_slippage", "undirected",
        "firm_quotes", "util_max", "max_quote_size", "threshold", "principal_share",
    }
)  # fmt: skip
"""What is tighter the lower it is."""
CAPS = frozenset(
    {
        "health_divergence_max", "health_imbalance_max", "deposit_cap", "fill_max", "drawdown_max",
        "hedge_window_max", "max_position",
    }
)  # fmt: skip
"""What is tighter the lower it is, but that 0 is no bound at all."""
SETS = (
    commands.SetGlobalParams, commands.SetMarketParams, commands.SetVaultParams,
    commands.SetVaultQuote, commands.SetBreakerParams,
)  # fmt: skip
MODES = (commands.SetMarketMode, commands.SetVaultMode)
ALWAYS = (
    commands.CreateMarket, commands.FundVamm, commands.FundPool, commands.RemoveSpotLiquidity,
)  # fmt: skip
OF_ACCOUNTS = (commands.Withdraw, commands.AddSpotLiquidity, commands.RemoveSpotLiquidity)
KEYS = codes.ROLE_OPERATOR | codes.ROLE_ORACLE


def is_looser(name: str, before: int, after: int) -> bool:
    """Whether a parameter that changes allows more, or may do either."""
    if name in CAPS:
        return after == 0 or 0 < before < after
    if name in HIGHER:
        return after < before
    return after > before if name in LOWER else True


class Waiting:
    """A proposal while it is open."""

    def __init__(self, e: events.Proposed, change: Any, basis: list[Any]) -> None:
        self.told, self.change, self.basis = e, change, basis


class Guard(VaultGuards):
    """Every change of an operator's."""

    def __init__(self) -> None:
        super().__init__()
        self.open: dict[int, Waiting] = {}
        self.asked: commands.Command = self.command  # what was sent; ``command`` is what is done
        self.last_sequence = 0

    # What a change loosens ----------------------------------------------------------------------

    def basis(self, c: Any) -> list[Any]:
        """What a change replaces, as it is now."""
        if isinstance(c, commands.SetGlobalParams):
            return self.limits.row()
        if isinstance(c, commands.SetMarketParams):
            return self.places[c.market].params.row()
        if isinstance(c, commands.SetMarketMode):
            return [self.places[c.market].mode]
        if isinstance(c, commands.SetVaultParams):
            return self.vaults[c.vault].params.row()
        if isinstance(c, commands.SetVaultMode):
            return [self.vaults[c.vault].mode, self.watches[c.vault].mode]
        if isinstance(c, commands.SetVaultQuote):
            return self.vaults[c.vault].quotes.get(c.market, QuoteParams()).row()
        if isinstance(c, commands.SetBreakerParams):
            return [] if self.outflow is None else self.outflow.row()
        if isinstance(c, commands.SetBreakerMode):
            return [self.tripped, self.since, self.grace]
        return []

    def loosens(self, c: Any) -> bool:
        """Whether a change needs two keys."""
        if isinstance(c, commands.CreatePrincipal):
            return bool(c.roles & KEYS)
        if isinstance(c, MODES):
            opens = isinstance(c, commands.SetVaultMode) and c.mode == codes.ACTIVE
            tripped = opens and self.watches[getattr(c, "vault", 0)].mode != codes.NORMAL
            return bool(c.mode < self.basis(c)[0]) or tripped
        if isinstance(c, commands.SetBreakerMode):
            return c.mode < self.tripped or c.grace_until_ms > 0
        if isinstance(c, ALWAYS):
            return True
        if isinstance(c, (commands.Withdraw, commands.AddSpotLiquidity)):
            return self.kind[c.account] == codes.TREASURY
        before, after = self.basis(c), c.params.row()
        if isinstance(c, commands.SetBreakerParams) and not before:
            return bool(c.params.window_ms < BreakerParams().window_ms)
        turned = isinstance(c, commands.SetVaultQuote) and c.params.spread_skew > PPM
        for (name, _), old, new in zip(c.params.FIELDS, before, after, strict=True):
            if old == new:
                continue
            if isinstance(c, commands.SetBreakerParams) and name == "cooldown_ms":
                name = "cooldown_ms:breaker"  # noqa: PLW2901 - a vault's has no tighter way
            if is_looser(name, old, new) or (turned and name == "half_spread"):
                return True
        return False

    # Which changes pass -------------------------------------------------------------------------

    def rules(self, c: commands.Command) -> Rules | None:
        if isinstance(c, commands.Propose):
            return self.rules_of_proposing(c)
        if isinstance(c, commands.ExecuteProposal):
            return self.rules_of_carrying_out(c)
        if isinstance(c, commands.CancelProposal):
            return iter([(codes.UNKNOWN_PROPOSAL, c.proposal not in self.open)])
        if isinstance(c, commands.Withdraw):
            return self.rules_of_withdrawing(c)
        if isinstance(c, commands.SetBreakerMode):
            return self.after_keys(c, self.rules_of_mode(c))
        kinds = (*SETS, *MODES, *ALWAYS, commands.CreatePrincipal, commands.AddSpotLiquidity)
        if isinstance(c, kinds):
            return self.after_keys(c, iter(()))
        return super().rules(c)

    def after_keys(self, c: Any, others: Rules) -> Rules:
        """A change: one key is enough for what tightens."""
        yield from self.key_rules(c)
        yield from others

    def key_rules(self, c: Any) -> Rules:
        """Whether one key is enough, of what is there."""
        delayed = self.limits.admin_delay_ms > 0
        if isinstance(c, (commands.SetVaultParams, commands.SetVaultMode, commands.SetVaultQuote)):
            there = c.vault < len(self.vaults)
            if isinstance(c, commands.SetVaultQuote) and delayed:
                yield codes.UNKNOWN_MARKET, c.market >= len(self.places)
            yield codes.UNKNOWN_VAULT, not there if delayed or not there else None
            if not there:
                return
        if isinstance(c, (commands.SetMarketParams, commands.SetMarketMode)):
            there = c.market < len(self.places)
            yield codes.UNKNOWN_MARKET, not there
            if not there:
                return
        if isinstance(c, commands.AddSpotLiquidity):
            there = 0 <= c.account < len(self.owner)
            yield codes.UNKNOWN_ACCOUNT, not there if delayed or not there else None
            if not there:
                return
        yield codes.NEEDS_PROPOSAL, delayed and self.loosens(c)

    def rules_of_proposing(self, c: commands.Propose) -> Rules:
        """While changes wait at all, and there is room."""
        yield codes.NOTHING_TO_DO, self.limits.admin_delay_ms == 0
        yield codes.PROPOSALS_FULL, len(self.open) >= OPEN_MOST
        change: Any = c.change
        if isinstance(change, OF_ACCOUNTS):
            there = 0 <= change.account < len(self.owner)
            yield codes.UNKNOWN_ACCOUNT, not there
            yield codes.ACCOUNT_KIND, self.kind.get(change.account) != codes.TREASURY
        if isinstance(change, SETS):
            yield codes.PARAMS_INVALID, True if change.params.problems() else None

    def rules_of_carrying_out(self, c: commands.ExecuteProposal) -> Rules:
        """By another key, in time, of what is still as it was."""
        one = self.open.get(c.proposal)
        yield codes.UNKNOWN_PROPOSAL, one is None
        if one is None:
            return
        e = one.told
        yield codes.PROPOSAL_OWN, e.principal == self.principal
        yield codes.PROPOSAL_EARLY, self.now < e.ready_ms
        yield codes.PROPOSAL_EXPIRED, self.now > e.expires_ms
        yield codes.PROPOSAL_STALE, self.basis(one.change) != one.basis

    def judge_outcome_code(self, c: commands.Command, code: int) -> None:
        """What is changed may be refused by rules of its own, which are not foretold here."""
        kinds = (*SETS, *MODES, *ALWAYS, commands.CreatePrincipal, commands.AddSpotLiquidity)
        whole = (commands.Propose, commands.ExecuteProposal)
        if not isinstance(c, (*kinds, *whole)):
            super().judge_outcome_code(c, code)
            return
        must(code // 100 != 140, "N3", f"{type(c).__name__} is refused with {code} for nothing")

    # Proposals ----------------------------------------------------------------------------------

    def on_Proposed(self, e: events.Proposed) -> None:  # noqa: N802
        """For as long as the exchange says, of a set that is sound."""
        c = self.command
        if not isinstance(c, commands.Propose):
            broken("N3", "a proposal nobody made")
        must(self.principal in self.operators, "N3", f"a proposal by {self.principal}")
        must(e.proposal > self.last_sequence, "O9", f"proposal {e.proposal}")
        self.last_sequence = e.proposal
        must((e.principal, e.change) == (self.principal, c.change.tag()), "N3", f"{e.row()}")
        ready = self.now + self.limits.admin_delay_ms
        expires = ready + self.limits.admin_expiry_ms
        must((e.ready_ms, e.expires_ms) == (ready, expires), "N3", f"ready at {e.ready_ms}")
        problems = c.change.params.problems() if isinstance(c.change, SETS) else []
        must(not problems, "N2", f"a set that is not sound: {problems}")
        self.open[e.proposal] = Waiting(e, c.change, self.basis(c.change))
        must(len(self.open) <= OPEN_MOST, "N3", f"{len(self.open)} proposals")

    def on_ProposalEnded(self, e: events.ProposalEnded) -> None:  # noqa: N802
        """Executed, taken back, or past its time."""
        one, c = self.open.pop(e.proposal, None), self.asked
        if one is None:
            broken("N3", f"proposal {e.proposal} ends and was not open")
        told = (e.principal, e.change)
        must(told == (self.principal, one.change.tag()), "N3", f"proposal {e.proposal}: {told}")
        if e.reason == codes.PROPOSAL_EXECUTED:
            asked = isinstance(c, commands.ExecuteProposal) and c.proposal == e.proposal
            must(asked and self.command is one.change, "N3", f"{e.proposal} executed unasked")
            must(one.told.principal != self.principal, "N4", f"{e.proposal} by one key")
            must(self.principal in self.operators, "N3", f"executed by {self.principal}")
            must(self.now >= one.told.ready_ms, "N3", f"{e.proposal} before {one.told.ready_ms}")
            must(self.now <= one.told.expires_ms, "N3", f"{e.proposal} after its time")
            must(self.basis(one.change) == one.basis, "N3", f"{e.proposal} of what was before")
        elif e.reason == codes.PROPOSAL_CANCELLED:
            asked = isinstance(c, commands.CancelProposal) and c.proposal == e.proposal
            must(asked and self.principal in self.operators, "N3", f"{e.proposal} taken back")
        else:
            must(isinstance(c, commands.Tick), "N3", f"{e.proposal} lapses unasked")
            must(one.told.expires_ms < self.now, "N3", f"{e.proposal} lapses early")

    def finish_proposals(self, told: int) -> None:
        """A house with time left ends what is past its time."""
        if self.has_time(told):
            old = [ident for ident, one in self.open.items() if one.told.expires_ms < self.now]
            must(not old, "N3", f"proposals {old} are past their time, and open")

    def change_of(self, c: commands.Command) -> commands.Command:
        """What an accepted command does: of a proposal, its change."""
        if not isinstance(c, commands.ExecuteProposal):
            return c
        one = self.open.get(c.proposal)
        must(one is not None, "N3", f"proposal {c.proposal} is not open")
        return one.change  # type: ignore[union-attr, no-any-return]
