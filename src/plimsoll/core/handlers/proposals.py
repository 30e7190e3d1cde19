"""Changes by two keys: proposed by one operator, delayed, executed by another.

While there is a delay, a direct change only passes if it tightens. What loosens, moves the money
of the exchange or makes an operator or an oracle is announced first. A proposal is rehearsed when
it is made, at the time from which it may be executed, so that what could not be done is not
announced; and it is good only as long as what it replaces is what it was then.

Spec: docs/spec/27-proposals.md, PROP-001 … PROP-012.
"""

from __future__ import annotations

from plimsoll.core import proposals
from plimsoll.core.context import Txn
from plimsoll.core.rows import Proposal
from plimsoll.core.state import State
from plimsoll.messages import changes
from plimsoll.messages.base import Command
from plimsoll.messages.codes import (
    ACCOUNT_KIND,
    BAD_FIELD,
    NEEDS_PROPOSAL,
    NOTHING_TO_DO,
    PROPOSAL_CANCELLED,
    PROPOSAL_EARLY,
    PROPOSAL_EXECUTED,
    PROPOSAL_EXPIRED,
    PROPOSAL_LAPSED,
    PROPOSAL_OWN,
    PROPOSAL_STALE,
    PROPOSALS_FULL,
    TREASURY,
    UNKNOWN_PROPOSAL,
    Reject,
)
from plimsoll.messages.commands import Withdraw
from plimsoll.messages.events import ProposalEnded, Proposed
from plimsoll.messages.guard import CancelProposal, ExecuteProposal, Propose
from plimsoll.messages.vaults import AddSpotLiquidity, RemoveSpotLiquidity

# What needs a proposal ----------------------------------------------------------------------------


def check_direct(txn: Txn, command: Command) -> None:
    """Refuse a change that needs a proposal. PROP-001.

    Rejects: NEEDS_PROPOSAL, and UNKNOWN_MARKET, UNKNOWN_VAULT for what is not there.
    """
    delay = txn.state.globals.params.admin_delay_ms
    if delay == 0 or txn.executing or command.tag() not in changes.BY_TAG:
        return
    field = proposals.loosened(txn.state, command)
    if field != proposals.PASSES:
        raise Reject(NEEDS_PROPOSAL, field, delay)


# Proposals ----------------------------------------------------------------------------------------


def check_proposable(txn: Txn, cmd: Propose) -> None:
    """Refuse what is no change of the exchange, and any change while there is no delay. PROP-005.

    Rejects: NOTHING_TO_DO, PROPOSALS_FULL, BAD_FIELD, UNKNOWN_ACCOUNT, ACCOUNT_KIND.
    """
    state = txn.state
    # What is announced without a delay would be at hand as soon as there is one.
    if state.globals.params.admin_delay_ms == 0:
        raise Reject(NOTHING_TO_DO)
    count = len(state.guard.proposals)
    if count >= proposals.OPEN_MOST:
        raise Reject(PROPOSALS_FULL, count, proposals.OPEN_MOST)
    change = cmd.change
    if change.tag() not in changes.BY_TAG:
        raise Reject(BAD_FIELD, change.tag())
    account = -1
    if isinstance(change, (Withdraw, AddSpotLiquidity, RemoveSpotLiquidity)):
        account = change.account
    if account >= 0 and state.account(account).kind != TREASURY:
        raise Reject(ACCOUNT_KIND, state.account(account).kind, TREASURY)


def ready_ms(txn: Txn) -> int:
    """The first moment at which what is proposed now may be executed."""
    return txn.now + txn.state.globals.params.admin_delay_ms


def propose(txn: Txn, cmd: Propose) -> None:
    """Announce a change that was found proposable and has been rehearsed. PROP-007."""
    state = txn.state
    ready = ready_ms(txn)
    row = Proposal(
        state.globals.take_sequence(),
        txn.principal,
        cmd.change,
        proposals.basis_of(state, cmd.change),
        ready,
        ready + state.globals.params.admin_expiry_ms,
    )
    state.guard.propose(row)
    txn.emit(Proposed(row.ident, row.principal, cmd.change.tag(), row.ready_ms, row.expires_ms))


def find(state: State, ident: int) -> Proposal:
    """An open proposal. Rejects: UNKNOWN_PROPOSAL."""
    row = state.guard.proposals.get(ident)
    if row is None:
        raise Reject(UNKNOWN_PROPOSAL, ident)
    return row


def end(txn: Txn, row: Proposal, reason: int) -> None:
    """A proposal is over."""
    txn.state.guard.end_proposal(row)
    txn.emit(ProposalEnded(row.ident, txn.principal, row.change.tag(), reason))


def take(txn: Txn, cmd: ExecuteProposal) -> Command:
    """The change of a proposal that may be executed now; the proposal is over. If the change is
    refused, so is the whole command, and the proposal stays. PROP-009.

    Rejects: UNKNOWN_PROPOSAL, PROPOSAL_OWN, PROPOSAL_EARLY, PROPOSAL_EXPIRED, PROPOSAL_STALE.
    """
    row = find(txn.state, cmd.proposal)
    if row.principal == txn.principal:
        raise Reject(PROPOSAL_OWN, txn.principal, row.principal)
    if txn.now < row.ready_ms:
        raise Reject(PROPOSAL_EARLY, txn.now, row.ready_ms)
    if txn.now > row.expires_ms:
        raise Reject(PROPOSAL_EXPIRED, txn.now, row.expires_ms)
    if proposals.is_stale(txn.state, row):
        raise Reject(PROPOSAL_STALE, row.change.tag())
    end(txn, row, PROPOSAL_EXECUTED)
    txn.executing = True
    return row.change


def cancel(txn: Txn, cmd: CancelProposal) -> None:
    """Take a proposal back; any operator may. PROP-010. Rejects: UNKNOWN_PROPOSAL."""
    end(txn, find(txn.state, cmd.proposal), PROPOSAL_CANCELLED)


def lapse_due(txn: Txn, limit: int) -> int:
    """End proposals past their expiry, at most ``limit``; returns how many. PROP-011."""
    board = txn.state.guard
    done = 0
    while done < limit:
        row = board.lapsed_proposal(txn.now)
        if row is None:
            break
        end(txn, row, PROPOSAL_LAPSED)
        done += 1
    return done
