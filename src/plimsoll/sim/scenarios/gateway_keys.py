"""Chapters of the gateway tour: a vault's own breaker, changes by two keys, and the sum."""

from __future__ import annotations

from typing import Final

from plimsoll.messages import codes
from plimsoll.messages.codes import (
    BUY,
    CAUSE_OPERATOR,
    CAUSE_RECOVERED,
    CAUSE_UTILISATION,
    NORMAL,
    PAUSED,
    PROPOSAL_CANCELLED,
    PROPOSAL_EXECUTED,
    R_WITHDRAWAL,
    SELL,
    TRIPPED,
)
from plimsoll.messages.commands import (
    CancelProposal,
    Command,
    CreatePrincipal,
    ExecuteProposal,
    Propose,
    SetBreakerMode,
    SetBreakerParams,
    SetGlobalParams,
    Withdraw,
)
from plimsoll.messages.events import (
    BreakerMoved,
    BreakerParamsSet,
    Event,
    Filled,
    PrincipalCreated,
    ProposalEnded,
    Proposed,
    Transferred,
    VaultBreakerMoved,
    VaultDeposited,
    VaultHedged,
    VaultWithdrawn,
    WithdrawalHeld,
)
from plimsoll.messages.params import GlobalParams
from plimsoll.sim.scenarios.gateway_breaker import TENTH
from plimsoll.sim.scenarios.gateway_stage import (
    COIN,
    COLLATERAL,
    VAULT,
    guarded,
    limits,
    same_prices,
    takes_out,
    vault_set,
)
from plimsoll.sim.scenarios.language import (
    OPERATOR,
    Chapter,
    Step,
    counted,
    does,
    holds,
    may_not,
    never,
    saw,
    waits,
)
from plimsoll.sim.scenarios.scene import BASE, HOUR, MINUTE, USD, Scene
from plimsoll.sim.scenarios.vault_stage import (
    chapter,
    hedged,
    joins,
    leaves,
    position,
    spot_base,
    trades,
    util,
)
from plimsoll.units import RATIO_SCALE, div_floor, step_floor

HOLD: Final = 5 * MINUTE
UTIL_MAX: Final = 600_000
DELAY: Final = 10 * MINUTE
STEP: Final = div_floor(BASE, 1_000)


# The breaker of a vault ---------------------------------------------------------------------------


def _to_use(scene: Scene, ppm: int) -> int:
    """What a taker trades with the vault so that ``ppm`` of what depositors brought is in use."""
    held = position(scene, VAULT)
    whole = spot_base(scene, VAULT) + held
    return step_floor(abs(div_floor(whole * ppm, RATIO_SCALE) - held), STEP)


def _use(scene: Scene, events: list[Event]) -> str:
    words = [guarded(scene, events)] if _moved(events) else []
    return "; ".join([*words, hedged(scene, events)])


def _moved(events: list[Event]) -> bool:
    return any(isinstance(one, VaultBreakerMoved) for one in events)


def vault_breaker() -> Chapter:
    """Too much in use, because depositors left: the vault only reduces until that is over."""
    return chapter(
        "The breaker of a vault",
        "Above 60 % in use it only reduces, and takes no deposits; below it for five minutes, all.",
        same_prices(),
        does("the operator sets the vault's bounds", OPERATOR,
             lambda s: vault_set(util_max=UTIL_MAX, breaker_hold_ms=HOLD)),
        does("alice sells so much that 55 % are in use", "alice",
             lambda s: trades(s, "alice", VAULT, SELL, _to_use(s, 550_000)),
             saw(VaultHedged, 1), never(VaultBreakerMoved), note=_use),
        may_not("she may not go beyond 60 %", "alice",
                lambda s: trades(s, "alice", VAULT, SELL, _to_use(s, 610_000)),
                "VAULT_UTILISATION", never(Filled)),
        does("lena leaves with a fifth of her shares: what is left is in use to more than 60 %",
             "lena", lambda s: leaves(s, "lena", VAULT, 2 * TENTH), saw(VaultWithdrawn, 1),
             holds("above", lambda s: util(s, VAULT) > UTIL_MAX)),
        waits("with the next price the vault is restricted", MINUTE // 6,
              saw(VaultBreakerMoved, 1, vault=VAULT, mode=TRIPPED, before=NORMAL,
                  cause=CAUSE_UTILISATION), note=guarded),
        may_not("it takes nothing more", "alice",
                lambda s: trades(s, "alice", VAULT, SELL, BASE), "VAULT_MODE", never(Filled)),
        may_not("nor deposits", "lars", lambda s: joins(s, "lars", VAULT, COIN), "VAULT_MODE",
                never(VaultDeposited)),
        does("lars may leave", "lars", lambda s: leaves(s, "lars", VAULT, TENTH),
             saw(VaultWithdrawn, 1)),
        does("alice buys back so much that 40 % are in use", "alice",
             lambda s: trades(s, "alice", VAULT, BUY, _to_use(s, 400_000)),
             saw(VaultHedged, 1, side=BUY),
             holds("below", lambda s: util(s, VAULT) < UTIL_MAX), note=_use),
        waits("all is well for four minutes: that is not enough", 4 * MINUTE,
              never(VaultBreakerMoved)),
        waits("for five: it is released", 2 * MINUTE,
              saw(VaultBreakerMoved, 1, mode=NORMAL, before=TRIPPED, cause=CAUSE_RECOVERED),
              note=guarded),
        does("lars joins again", "lars", lambda s: joins(s, "lars", VAULT, COIN),
             saw(VaultDeposited, 1)),
    )  # fmt: skip


# Two keys -----------------------------------------------------------------------------------------


def _proposes(text: str, label: str, change: Command) -> Step:
    return does(text, OPERATOR, lambda s: Propose(change),
                saw(Proposed, 1, change=change.tag()), never(BreakerParamsSet),
                label=label, note=_ready)  # fmt: skip


def _ready(scene: Scene, events: list[Event]) -> str:
    (one,) = [event for event in events if isinstance(event, Proposed)]
    return f"proposal {one.proposal}, ready in {div_floor(one.ready_ms - scene.now, 1_000)} s"


def _may_not_execute(text: str, who: str, label: str, code: str) -> Step:
    return may_not(text, who, lambda s: ExecuteProposal(s.order(label)), code,
                   never(ProposalEnded), never(BreakerParamsSet))  # fmt: skip


LOOSER: Final = SetBreakerParams(limits(retained=700_000))
LOOSEST: Final = SetBreakerParams(limits(retained=600_000))
TIGHTER: Final = SetBreakerParams(limits(retained=900_000))


def two_keys() -> Chapter:
    """What loosens a limit is announced, waits, and needs another operator; what tightens, not."""
    return chapter(
        "Changes by two keys",
        "The cap of the outflow is raised ten minutes after it was announced, by somebody else.",
        same_prices(),
        does("the operator sets a delay of ten minutes", OPERATOR,
             lambda s: SetGlobalParams(GlobalParams(admin_delay_ms=DELAY, admin_expiry_ms=HOUR))),
        may_not("he may not raise the cap to 30 % at once", OPERATOR, lambda s: LOOSER,
                "NEEDS_PROPOSAL", never(BreakerParamsSet)),
        may_not("nor take the delay back", OPERATOR, lambda s: SetGlobalParams(GlobalParams()),
                "NEEDS_PROPOSAL"),
        may_not("nor make himself a second operator", OPERATOR,
                lambda s: CreatePrincipal("oscar", codes.ROLE_OPERATOR), "NEEDS_PROPOSAL",
                never(PrincipalCreated)),
        may_not("nor send the treasury's money out", OPERATOR,
                lambda s: Withdraw(codes.TREASURY_ACCOUNT, COLLATERAL, USD, "out/treasury"),
                "NEEDS_PROPOSAL", never(Transferred)),
        _proposes("he proposes the cap", "cap", LOOSER),
        _may_not_execute("olga may not execute it yet", "olga", "cap", "PROPOSAL_EARLY"),
        waits("ten minutes pass", DELAY, never(ProposalEnded), never(BreakerParamsSet)),
        _may_not_execute("he may not execute it himself", OPERATOR, "cap", "PROPOSAL_OWN"),
        does("olga executes it", "olga", lambda s: ExecuteProposal(s.order("cap")),
             saw(BreakerParamsSet, 1), saw(ProposalEnded, 1, reason=PROPOSAL_EXECUTED)),
        _may_not_execute("and only once", "olga", "cap", "UNKNOWN_PROPOSAL"),
        _proposes("he proposes 40 %", "more", LOOSEST),
        does("he lowers the cap to 10 % at once: that only tightens", OPERATOR, lambda s: TIGHTER,
             saw(BreakerParamsSet, 1)),
        waits("ten minutes pass", DELAY, never(BreakerParamsSet)),
        _may_not_execute("what olga agrees to would replace other limits than it was announced for",
                         "olga", "more", "PROPOSAL_STALE"),
        does("olga takes it off", "olga", lambda s: CancelProposal(s.order("more")),
             saw(ProposalEnded, 1, reason=PROPOSAL_CANCELLED)),
    )  # fmt: skip


def paused() -> Chapter:
    """The operator stops everything at once; letting it go again needs two keys."""
    return chapter(
        "Paused by the operator, let go by two",
        "Paused: nobody leaves, exits of LPs wait last; who reduces may go on.",
        same_prices(),
        does("the operator pauses the exchange", OPERATOR, lambda s: SetBreakerMode(PAUSED, 0),
             saw(BreakerMoved, 1, mode=PAUSED, before=NORMAL, cause=CAUSE_OPERATOR), note=guarded),
        may_not("lena may not leave the vault", "lena", lambda s: leaves(s, "lena", VAULT, TENTH),
                "EXCHANGE_MODE", never(VaultWithdrawn)),
        may_not("nor alice take money out", "alice",
                lambda s: takes_out(s, "alice", COLLATERAL, USD), "EXCHANGE_MODE",
                never(WithdrawalHeld), never(Transferred)),
        does("alice may buy back from the vault", "alice",
             lambda s: trades(s, "alice", VAULT, BUY, 5 * BASE), saw(Filled, 1), note=hedged),
        may_not("the operator may not let it go at once", OPERATOR,
                lambda s: SetBreakerMode(NORMAL, 0), "NEEDS_PROPOSAL", never(BreakerMoved)),
        _proposes("he proposes to", "go", SetBreakerMode(NORMAL, 0)),
        waits("ten minutes pass", DELAY, never(BreakerMoved)),
        does("olga lets it go", "olga", lambda s: ExecuteProposal(s.order("go")),
             saw(BreakerMoved, 1, mode=NORMAL, before=PAUSED, cause=CAUSE_OPERATOR),
             saw(ProposalEnded, 1, reason=PROPOSAL_EXECUTED), note=guarded),
        does("alice takes 1,000 USD out", "alice",
             lambda s: takes_out(s, "alice", COLLATERAL, 1_000 * USD),
             saw(Transferred, 1, reason=R_WITHDRAWAL)),
        does("lena leaves the vault with a tenth", "lena",
             lambda s: leaves(s, "lena", VAULT, TENTH), saw(VaultWithdrawn, 1)),
    )  # fmt: skip


# The end ------------------------------------------------------------------------------------------


def ending() -> Chapter:
    """Everything adds up."""
    return chapter(
        "What is left",
        "All invariants are swept; every balance is the sum of its ledger lines.",
        does("the ledger gives every balance, in every asset", "kim", lambda s: [],
             holds("ledger", lambda s: s.is_conserved()),
             note=counted("SignedSettled", "SignedCancelled", "SignedLapsed", "DelayedExecuted",
                          "DelayedRefused", "WithdrawalHeld", "HeldReleased", "BreakerMoved",
                          "VaultBreakerMoved", "Proposed", "ProposalEnded", "Rejected")),
    )  # fmt: skip
