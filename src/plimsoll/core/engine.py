"""The only door of the core: apply a command to the state, all or nothing, and list its events.

    apply(command, seq, now, principal) -> accepted?        events are drained by the caller
    dry_run(command, now, principal)    -> events           what it would do now; nothing changes

A refused command leaves the state as it was and one ``Rejected`` event. A broken invariant raises
``InvariantBroken`` and the engine refuses everything after it.
"""

from __future__ import annotations

from typing import final

from plimsoll.core import invariants
from plimsoll.core.authority import MASKS
from plimsoll.core.context import Txn
from plimsoll.core.dispatch import dispatch, refuse
from plimsoll.core.handlers import house, market
from plimsoll.core.state import State
from plimsoll.messages import codes
from plimsoll.messages.codes import (
    AMOUNT_RANGE,
    NOT_ALLOWED,
    UNKNOWN_PRINCIPAL,
    Reject,
)
from plimsoll.messages.commands import Command, OraclePrices
from plimsoll.messages.events import Event, Rejected
from plimsoll.units import AMOUNT_MAX, RangeError


@final
class Engine:
    """A state and the commands applied to it, one at a time."""

    def __init__(self, state: State, recording: bool = True, checking: bool = True) -> None:
        self.state: State = state
        self.txn: Txn = Txn(state)
        self.txn.recording = recording
        self.checking: bool = checking
        self.check: invariants.CommandCheck = invariants.CommandCheck(state)
        self.halted: str = ""

    def apply(self, command: Command, seq: int, now: int, principal: int) -> bool:
        """Apply one command; returns whether it was accepted.

        ``seq`` and ``now`` (ms) come from the sequencer and never fall; ``principal`` is who sent
        it. Raises ``InvariantBroken`` (and stays halted) if the state contradicts itself.
        """
        if self.halted != "":
            raise invariants.InvariantBroken("HALTED", self.halted)
        txn = self.txn
        txn.seq = seq
        txn.now = now
        txn.principal = principal
        self.forget_work()
        log = self.state.log
        log.begin()
        mark = len(txn.events)
        accepted = True
        try:
            self.authorise(command, principal)
            dispatch(txn, command)
            if len(txn.traded) > 0:
                market.after_trades(txn)
            if self.checking:
                invariants.check_command(self.state, self.check)
        except Reject as refusal:
            accepted = False
            refuse(txn, 0, mark, refusal)
        except RangeError:
            accepted = False
            refuse(txn, 0, mark, Reject(AMOUNT_RANGE, 0, AMOUNT_MAX))
        except BaseException as failure:
            # An invariant, a fault in a handler, or an interrupt in the middle of one: the state
            # may be half changed, so nothing may follow.
            self.halted = f"{type(failure).__name__}: {failure}"
            raise
        log.commit()
        return accepted

    def apply_all(
        self, commands: list[Command], seq: int, now: int, principals: list[int]
    ) -> list[Event]:
        """Apply commands of one time stamp in a row and drain their events."""
        at = 0
        for command in commands:
            self.apply(command, seq + at, now, principals[at])
            at += 1
        return self.drain()

    def is_due(self, command: Command, now: int) -> bool:
        """Whether ``command``, the last one, or the time left work for a ``Tick``."""
        return house.is_due(self.state, now, isinstance(command, OraclePrices))

    def drain(self) -> list[Event]:
        """The events since the last call."""
        events = self.txn.events
        self.txn.events = []
        return events

    def dry_run(self, command: Command, now: int, principal: int) -> list[Event]:
        """What a command would do now. Nothing changes; the events are not kept."""
        if self.halted != "":
            raise invariants.InvariantBroken("HALTED", self.halted)
        log = self.state.log
        kept = self.txn.events
        recording = self.txn.recording
        self.txn.events = []
        self.txn.recording = True
        txn = self.txn
        txn.now = now
        txn.principal = principal
        self.forget_work()
        log.begin()
        try:
            self.authorise(command, principal)
            dispatch(txn, command)
            if len(txn.traded) > 0:
                market.after_trades(txn)
            events = txn.events
        except Reject as refusal:
            events = [Rejected(refusal.code, refusal.value, refusal.limit, refusal.item)]
        except RangeError:
            events = [Rejected(AMOUNT_RANGE, 0, AMOUNT_MAX, -1)]
        finally:
            txn.to_trim.clear()
            log.rollback(0)
            txn.events = kept
            txn.recording = recording
        return events

    def forget_work(self) -> None:
        """Start a command with nothing left to do by the one before."""
        txn = self.txn
        txn.to_trim.clear()
        txn.traded.clear()
        txn.keeper = None
        txn.executing = False

    def authorise(self, command: Command, principal: int) -> None:
        """The sender exists and has one of the roles the command needs."""
        principals = self.state.principals
        if principal < 0 or principal >= len(principals):
            raise Reject(UNKNOWN_PRINCIPAL, principal, len(principals))
        roles = principals[principal].roles
        needed = MASKS[command.tag()]
        if (roles & needed) == 0:
            raise Reject(NOT_ALLOWED, roles, needed)
        self.txn.roles = roles


def genesis(operator: str = "operator") -> State:
    """An empty exchange: principal 0 (operator), asset 0 (USD), the well-known accounts."""
    state = State()
    state.add_principal(operator, codes.ROLE_OPERATOR)
    state.add_asset("USD", 6)
    for kind, label in (
        (codes.OUTSIDE, "outside"),
        (codes.TREASURY, "treasury"),
        (codes.KEEPER_POT, "keepers"),
        (codes.VAULT, "vault"),
    ):
        state.add_account(0, kind, -1, label)
    state.log.commit()
    return state
