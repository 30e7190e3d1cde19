"""Changes by two keys: which ones need a proposal, what they replace, what they loosen.

Spec: docs/spec/27-proposals.md, PROP-002 … PROP-004, PROP-008.
"""

from __future__ import annotations

from typing import Final, cast

from plimsoll.core.rows import Proposal
from plimsoll.core.state import State
from plimsoll.messages import changes
from plimsoll.messages.base import Command
from plimsoll.messages.codes import ACTIVE, NORMAL, ROLE_OPERATOR, ROLE_ORACLE, TREASURY
from plimsoll.messages.commands import (
    CreateMarket,
    CreatePrincipal,
    FundPool,
    FundVamm,
    SetBreakerMode,
    SetBreakerParams,
    SetGlobalParams,
    SetMarketMode,
    SetMarketParams,
    Withdraw,
)
from plimsoll.messages.guard_params import BreakerParams
from plimsoll.messages.params import GlobalParams, MarketParams
from plimsoll.messages.vault_params import QuoteParams, VaultParams
from plimsoll.messages.vaults import (
    AddSpotLiquidity,
    RemoveSpotLiquidity,
    SetVaultMode,
    SetVaultParams,
    SetVaultQuote,
)
from plimsoll.units import RATIO_SCALE

OPEN_MOST: Final = 64
"""Proposals that may be open at a time."""
SPREAD_SKEW: Final = 5
"""Place of ``spread_skew`` in a set of quotes."""
ALWAYS: Final = 0
"""Instead of the number of a field: the command as a whole needs a proposal."""
PASSES: Final = -1
"""Instead of the number of a field: nothing is loosened."""


def loosened(state: State, command: Command) -> int:
    """What a change loosens: the number of a field (from 1) of its set of parameters, or of the
    command if it has none; ``ALWAYS``; ``PASSES``. PROP-002, PROP-003.
    """
    if isinstance(command, CreatePrincipal):
        return 2 if (command.roles & (ROLE_OPERATOR | ROLE_ORACLE)) != 0 else PASSES
    if isinstance(command, SetMarketMode):
        return 2 if command.mode < state.market(command.market).mode else PASSES
    if isinstance(command, SetVaultMode):
        vault = state.liquidity.vault(command.vault)
        # Opening one whose breaker has tripped lets it measure anew: BREAK-019.
        lets_go = command.mode == ACTIVE and vault.guard.mode != NORMAL
        return 2 if command.mode < vault.mode or lets_go else PASSES
    if isinstance(command, SetBreakerMode):
        if command.mode < state.guard.breaker.mode:
            return 1
        return 2 if command.grace_until_ms > 0 else PASSES
    if isinstance(command, (CreateMarket, FundVamm, FundPool, RemoveSpotLiquidity)):
        return ALWAYS
    if isinstance(command, (Withdraw, AddSpotLiquidity)):
        return ALWAYS if state.account(command.account).kind == TREASURY else PASSES
    found = loosened_set(state, command)
    return PASSES if found == 0 else found


def loosened_set(state: State, command: Command) -> int:
    """The number of the first parameter that a change of a set loosens; 0: none. PROP-004."""
    before = basis_of(state, command)
    if isinstance(command, SetGlobalParams):
        after = command.params.row()
        return changes.first_loosened("global_params", GlobalParams.FIELDS, before, after)
    if isinstance(command, SetMarketParams):
        after = command.params.row()
        return changes.first_loosened("market_params", MarketParams.FIELDS, before, after)
    if isinstance(command, SetVaultParams):
        after = command.params.row()
        return changes.first_loosened("vault_params", VaultParams.FIELDS, before, after)
    if isinstance(command, SetVaultQuote):
        return loosened_quote(before, command.params.row())
    if isinstance(command, SetBreakerParams):
        return loosened_breaker(before, command.params)
    return ALWAYS


def loosened_quote(before: list[object], after: list[object]) -> int:
    """As ``loosened_set``. A skew above 100 % turns the spread of a side around: there a wider one
    is nearer to the taker."""
    for at in range(len(QuoteParams.FIELDS)):
        if before[at] != after[at] and is_looser("quote_params", at, before, after):
            return at + 1
    return 0


def is_looser(kind: str, at: int, before: list[object], after: list[object]) -> bool:
    """Whether the field at a place (from 0), which differs, is loosened."""
    name = changes.RECORDS[kind].FIELDS[at][0]
    if name == "half_spread" and cast(int, after[SPREAD_SKEW]) > RATIO_SCALE:
        return True
    return changes.is_looser(kind, name, before[at], after[at])


def loosened_breaker(before: list[object], params: BreakerParams) -> int:
    """As ``loosened_set``. The first limits are none looser than there were: none. Only hedges were
    counted already, within the window that holds as long as nothing is set."""
    if len(before) == 0:
        return 1 if params.window_ms < changes.NO_LIMITS.window_ms else 0
    return changes.first_loosened("breaker_params", BreakerParams.FIELDS, before, params.row())


def basis_of(state: State, change: Command) -> list[object]:
    """What a change replaces, as it is now; empty where it replaces nothing. PROP-008."""
    if isinstance(change, SetGlobalParams):
        return state.globals.params.row()
    if isinstance(change, SetMarketParams):
        return state.market(change.market).params.row()
    if isinstance(change, SetMarketMode):
        return [state.market(change.market).mode]
    if isinstance(change, SetVaultParams):
        return state.liquidity.vault(change.vault).params.row()
    if isinstance(change, SetVaultMode):
        vault = state.liquidity.vault(change.vault)
        # Announced before its breaker tripped, it knows nothing of what it would accept.
        return [vault.mode, vault.guard.mode]
    if isinstance(change, SetVaultQuote):
        state.market(change.market)
        quote = state.liquidity.vault(change.vault).quote(change.market)
        return QuoteParams().row() if quote is None else quote.row()
    breaker = state.guard.breaker
    if isinstance(change, SetBreakerParams):
        return [] if breaker.params is None else breaker.params.row()
    if isinstance(change, SetBreakerMode):
        # When it was entered, too: another outflow is another judgement.
        return [breaker.mode, breaker.since_ms, breaker.grace_ms]
    return []


def is_stale(state: State, row: Proposal) -> bool:
    """Whether what a proposal replaces is no longer what it was. PROP-008."""
    return basis_of(state, row.change) != row.basis
