"""Random changes of what operators set: by one key, by two, and proposals that come to nothing."""

from __future__ import annotations

from typing import Any

from plimsoll.messages import codes, commands
from plimsoll.messages.changes import BY_TAG
from plimsoll.messages.fields import BOUNDS
from plimsoll.messages.guard_params import BreakerParams
from tests.harness import breaker_gen, mechanism_gen, spot_gen, vault_gen
from tests.harness.commands_gen import Made
from tests.harness.guard_world import GuardWorld, replaced

CAPS = ("hedge_window_max", "drawdown_max", "fill_max", "deposit_cap", "health_imbalance_max")
MOVES: dict[str, dict[str, tuple[int, ...]]] = {
    "globals": {
        "relay_fee_max": (-1_000, 1_000), "signed_validity_max_ms": (-1_000, 1_000),
        "admin_expiry_ms": (-100, 100), "accounts_max": (-1, 1), "oracle_future_max_ms": (-10, 10),
    },
    "market": {
        "min_notional": (-1_000, 1_000), "keeper_fee_max": (-1_000, 1_000), "imr": (-10, 10),
        "market_slippage": (-10, 10), "delayed_ms": (-50, 50), "taker_fee": (-1, 1),
        "keeper_flat_fee": (-10, 10), "health_imbalance_max": (-10, 10),
    },
    "vault": {
        "util_max": (-1_000, 1_000), "breaker_hold_ms": (-100, 100), "hedge_slippage": (-100, 100),
        "drawdown_max": (-100, 100), "hedge_window_max": (-10**6, 10**6), "deposit_fee": (-1, 1),
        "fill_max": (-10**6, 10**6), "deposit_cap": (-10**6, 10**6),
    },
    "breaker": {
        "cooldown_ms": (-100, 100), "pause_cooldown_ms": (-100, 100), "threshold": (-1, 1),
        "principal_share": (-1_000, 1_000), "retained": (-10, 10), "pause_retained": (-10, 10),
    },
}  # fmt: skip
"""How far fields may move at a time, in sets that stay sound, mostly."""


def two_keys(w: GuardWorld) -> Made:
    """The operators decide that a change needs two of them for a while; or no more."""
    delay = w.delay()
    new = w.rng.choice((1_500, 3_000, 6_000)) if delay == 0 else w.rng.choice((0, 0, delay + 500))
    return commands.SetGlobalParams(replaced(w.globals, admin_delay_ms=new)), w.operator()


def globals_too(w: GuardWorld) -> Made:
    """Other limits of the exchange change."""
    g = w.globals
    new = {
        "relay_fee_max": w.rng.choice((2_000_000, 1_500_000)),
        "signed_validity_max_ms": w.rng.choice((600_000, 300_000)),
        "open_orders_max": w.rng.choice((12, 12, 11)),
    }
    if w.chance(0.3):
        new = {"relay_fee_max": max(1_000_000, g.relay_fee_max - 1_000)}
    return commands.SetGlobalParams(replaced(g, **new)), w.operator()


def market_too(w: GuardWorld) -> Made:
    """The delay of delayed orders changes, or all goes back to what it was."""
    market = w.rng.randrange(4)
    p = w.params[market] if w.chance(0.5) else w.home[market]
    new = {"delayed_ms": w.rng.choice((0, 400, 1_500, p.delayed_ms + 100))}
    return commands.SetMarketParams(market, replaced(p, **new)), w.operator()


def no_bound(w: GuardWorld) -> Made:
    """A bound of a vault is taken away, or lowered."""
    able = [(v, name) for v in w.vaults for name in CAPS if getattr(v.params, name, 0)]
    vault, name = w.rng.choice(able) if able else (w.vaults[0], "deposit_cap")
    new = 0 if w.chance(0.6) else getattr(vault.params, name) * 9 // 10
    return commands.SetVaultParams(vault.ident, replaced(vault.params, **{name: new})), w.operator()


def some_fields(w: GuardWorld) -> Made:
    """One or two fields of a set move a little, this way or that, or a bound is taken away."""
    if w.chance(0.4):
        return no_bound(w)
    market, vault = w.rng.randrange(len(w.params)), w.rng.choice(w.vaults)
    sets: list[tuple[Any, dict[str, tuple[int, ...]]]] = [
        (w.globals, MOVES["globals"]), (w.params[market], MOVES["market"]),
        (vault.params, MOVES["vault"]), (w.limits or BreakerParams(), MOVES["breaker"]),
    ]  # fmt: skip
    params, moves = w.rng.choice(sets)
    new, kinds = {}, dict(params.FIELDS)
    for name in w.rng.sample(sorted(moves), w.rng.choice((1, 1, 2))):
        least, most = BOUNDS[kinds[name]]
        new[name] = min(most, max(least, getattr(params, name) + w.rng.choice(moves[name])))
        if name in CAPS and w.chance(0.4):
            new[name] = 0
    changed = replaced(params, **new)
    if params is w.globals:
        return commands.SetGlobalParams(changed), w.operator()
    if params is vault.params:
        return commands.SetVaultParams(vault.ident, changed), w.operator()
    if params is w.params[market]:
        return commands.SetMarketParams(market, changed), w.operator()
    return commands.SetBreakerParams(changed), w.operator()


def new_principal(w: GuardWorld) -> Made:
    """Somebody comes: a trader by one key, an operator by two."""
    roles = w.rng.choice((codes.ROLE_LP, codes.ROLE_DESK, codes.ROLE_OPERATOR, codes.ROLE_ORACLE))
    return commands.CreatePrincipal(w.fresh_name(), roles), w.operator()


def mend(w: GuardWorld) -> Made:
    """A market that takes no price goes back to what it was."""
    market = min(range(len(w.params)), key=lambda m: w.params[m].oracle_confidence_max)
    most = w.home[market].oracle_confidence_max
    back = replaced(w.params[market], oracle_confidence_max=most)
    return commands.SetMarketParams(market, back), w.operator()


CHANGING = (
    some_fields, some_fields, two_keys, globals_too, market_too, new_principal, breaker_gen.limits,
    breaker_gen.set_mode, breaker_gen.treasury_out, breaker_gen.guard_vault, mechanism_gen.settings,
    mechanism_gen.fund_pool, vault_gen.settings, spot_gen.liquidity,
)  # fmt: skip


def propose(w: GuardWorld) -> Made:
    """An operator announces a change; sometimes the same one twice."""
    change, sender = w.rng.choice(CHANGING)(w)
    if change.tag() not in BY_TAG:
        return change, sender
    made = commands.Propose(change), w.operator()
    if w.chance(0.1):
        w.at_once.append(made)
    return made


def execute(w: GuardWorld) -> Made:
    """An operator executes a proposal: another one's that is due, or not."""
    if not w.proposals:
        return commands.ExecuteProposal(w.rng.choice(w.done_ids or [1])), w.operator()
    due = [e for e in w.proposals.values() if e.ready_ms <= w.now <= e.expires_ms]
    if due and w.chance(0.85):
        e = min(due, key=lambda one: one.proposal) if w.chance(0.6) else w.rng.choice(due)
    else:
        e = w.rng.choice(list(w.proposals.values()))
    sender = w.operator(but=e.principal) if w.chance(0.93) else e.principal
    return commands.ExecuteProposal(e.proposal), sender


def take_down(w: GuardWorld) -> Made:
    """An operator takes a proposal back."""
    ident = w.rng.choice(list(w.proposals) or w.done_ids or [1])
    return commands.CancelProposal(ident), w.operator()


KINDS = [
    (two_keys, 0.12), (globals_too, 0.12), (market_too, 0.2), (some_fields, 1.2),
    (new_principal, 0.02), (propose, 0.7), (execute, 0.7), (take_down, 0.15),
]  # fmt: skip
