"""What guards the exchange as a data structure: its breaker, what principals took out, withdrawals
that are held, proposals.

Every change leaves its inverse in the undo log. What they mean is decided in ``breaker`` and
``proposals``.
"""

from __future__ import annotations

from typing import final

from mypy_extensions import i64, mypyc_attr

from plimsoll.core.board import DueAdded, DueRemoved
from plimsoll.core.rows import Account, Breaker, Held, Outflow, Proposal
from plimsoll.core.store import KeyAdded, KeyIndex, Undo, UndoLog


@final
class GuardBoard:
    """The breaker; outflows by principal; held withdrawals by id and by when they are due;
    proposals by id and by expiry.
    """

    def __init__(self, log: UndoLog) -> None:
        self.log: UndoLog = log
        self.breaker: Breaker = Breaker(log)
        self.outflows: dict[int, Outflow] = {}
        self.holder: Account | None = None  # has what is held; made with the first limits
        self.held: dict[int, Held] = {}
        self.held_due: KeyIndex = KeyIndex()
        self.proposals: dict[int, Proposal] = {}
        self.proposal_ends: KeyIndex = KeyIndex()

    def outflow(self, principal: int) -> Outflow:
        """What a principal took out; the row is made if there is none."""
        row = self.outflows.get(principal)
        if row is None:
            row = Outflow(self.log, principal)
            self.outflows[principal] = row
            self.log.entries.append(KeyAdded(self.outflows, principal))
        return row

    def use_holder(self, account: Account) -> None:
        """The account that has what is held."""
        before = self.holder
        self.holder = account
        self.log.entries.append(HolderSet(self, before))

    def hold(self, row: Held) -> None:
        """Hold a withdrawal back."""
        self.held[row.ident] = row
        self.log.entries.append(KeyAdded(self.held, row.ident))
        self.held_due.add(row.due_ms, row.ident)
        self.log.entries.append(DueAdded(self.held_due, row.due_ms, row.ident))
        self.outflow(row.account.owner).count_claim(1)
        if row.due_ms == 0:
            self.breaker.add_gone(row.asset, row.amount)

    def let_go(self, row: Held) -> None:
        """Hold a withdrawal no more."""
        del self.held[row.ident]
        self.log.entries.append(HeldGone(self, row))
        self.held_due.remove(row.due_ms, row.ident)
        self.log.entries.append(DueRemoved(self.held_due, row.due_ms, row.ident))
        self.outflow(row.account.owner).count_claim(-1)
        if row.due_ms == 0:
            self.breaker.add_gone(row.asset, -row.amount)

    def due_claims(self, now: int, most: int) -> list[Held]:
        """Held withdrawals that are due, the earliest first, at most so many."""
        found: list[Held] = []
        index = self.held_due
        at: i64 = len(index.keys)
        while at > 0 and len(found) < most:
            at -= 1
            if index.keys[at] > now:
                break
            found.append(self.held[index.ids[at]])
        return found

    def propose(self, row: Proposal) -> None:
        """Let a change wait."""
        self.proposals[row.ident] = row
        self.log.entries.append(KeyAdded(self.proposals, row.ident))
        self.proposal_ends.add(row.expires_ms, row.ident)
        self.log.entries.append(DueAdded(self.proposal_ends, row.expires_ms, row.ident))

    def end_proposal(self, row: Proposal) -> None:
        """Let a change wait no more."""
        del self.proposals[row.ident]
        self.log.entries.append(ProposalGone(self, row))
        self.proposal_ends.remove(row.expires_ms, row.ident)
        self.log.entries.append(DueRemoved(self.proposal_ends, row.expires_ms, row.ident))

    def lapsed_proposal(self, now: int) -> Proposal | None:
        """A proposal past its expiry, the earliest first; None."""
        if self.proposal_ends.size() > 0 and self.proposal_ends.first_key() < now:
            return self.proposals[self.proposal_ends.first_id()]
        return None


@final
@mypyc_attr(acyclic=True)
class HolderSet(Undo):
    """The account for what is held was opened."""

    def __init__(self, board: GuardBoard, before: Account | None) -> None:
        self.board: GuardBoard = board
        self.before: Account | None = before

    def undo(self) -> None:
        self.board.holder = self.before


@final
@mypyc_attr(acyclic=True)
class HeldGone(Undo):
    """A withdrawal is held no more."""

    def __init__(self, board: GuardBoard, row: Held) -> None:
        self.board: GuardBoard = board
        self.row: Held = row

    def undo(self) -> None:
        self.board.held[self.row.ident] = self.row


@final
@mypyc_attr(acyclic=True)
class ProposalGone(Undo):
    """A proposal is over."""

    def __init__(self, board: GuardBoard, row: Proposal) -> None:
        self.board: GuardBoard = board
        self.row: Proposal = row

    def undo(self) -> None:
        self.board.proposals[self.row.ident] = self.row
