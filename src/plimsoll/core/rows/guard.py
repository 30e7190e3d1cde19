"""Rows of what guards the exchange: breakers, counted outflow, held withdrawals, proposals.

Ticks are pairs (start of the tick in ms, amount), in order of time. A list of them, or of amounts
by asset (shorter where nothing was counted), is replaced, never changed in place.
"""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from plimsoll.core.rows.accounts import Account
from plimsoll.core.rows.base import Row
from plimsoll.core.store import Undo, UndoLog
from plimsoll.messages.base import Command
from plimsoll.messages.codes import ACTIVE, NORMAL, REDUCE_ONLY, RESTRICTED, TRIPPED
from plimsoll.messages.guard_params import BreakerParams

Ticks = list[tuple[int, int]]


@final
class Breaker(Row):
    """The breaker of the exchange. ``params`` is None until limits are set for the first time.

    ``flows`` is what of each asset came in (and left, negative) within the window, ``gone`` what of
    each is held back and counts as if it had left. ``since_ms``: when the mode was entered; until
    ``grace_ms`` outflow is not limited.
    """

    def __init__(self, log: UndoLog) -> None:
        super().__init__(log)
        self.was: BreakerWas | None = None
        self.params: BreakerParams | None = None
        self.mode: int = NORMAL
        self.since_ms: int = 0
        self.grace_ms: int = 0
        self.gone: list[int] = []
        self.flows: list[Ticks] = []

    def save(self, first: bool) -> Undo:
        was = self.was
        if was is None or not first:
            was = BreakerWas(self)
            if first:
                self.was = was
        was.take()
        return was

    def set_params(self, params: BreakerParams) -> None:
        """Replace the limits (checked as a set before)."""
        self.touch()
        self.params = params

    def set_mode(self, mode: int, now: int, grace_ms: int) -> None:
        """Enter a mode."""
        self.touch()
        self.mode = mode
        self.since_ms = now
        self.grace_ms = grace_ms

    def set_flows(self, asset: int, flows: Ticks) -> None:
        """What of an asset came and left within the window."""
        self.touch()
        found = self.flows.copy()
        while len(found) <= asset:
            found.append([])
        found[asset] = flows
        self.flows = found

    def flows_of(self, asset: int) -> Ticks:
        """What of an asset came and left within the window."""
        return self.flows[asset] if asset < len(self.flows) else []

    def add_gone(self, asset: int, amount: int) -> None:
        """Count a signed amount that is held back."""
        self.touch()
        found = self.gone.copy()
        while len(found) <= asset:
            found.append(0)
        found[asset] += amount
        self.gone = found

    def gone_of(self, asset: int) -> int:
        """What of an asset is held back and counts as if it had left."""
        return self.gone[asset] if asset < len(self.gone) else 0


@final
class BreakerWas(Undo):
    """Saved ``Breaker``."""

    def __init__(self, row: Breaker) -> None:
        self.row: Breaker = row
        self.stamp: i64 = row.stamp
        self.params: BreakerParams | None = row.params
        self.mode: int = row.mode
        self.since_ms: int = row.since_ms
        self.grace_ms: int = row.grace_ms
        self.gone: list[int] = row.gone
        self.flows: list[Ticks] = row.flows

    def take(self) -> None:
        """Save the values as they are now."""
        row = self.row
        self.stamp = row.stamp
        self.params = row.params
        self.mode = row.mode
        self.since_ms = row.since_ms
        self.grace_ms = row.grace_ms
        self.gone = row.gone
        self.flows = row.flows

    def undo(self) -> None:
        row = self.row
        row.stamp = self.stamp
        row.params = self.params
        row.mode = self.mode
        row.since_ms = self.since_ms
        row.grace_ms = self.grace_ms
        row.gone = self.gone
        row.flows = self.flows


@final
class VaultGuard(Row):
    """The breaker of a vault. ``calm_ms``: since when nothing is past its threshold (0: something
    is); ``high`` the highest value a share ever had (1e-9 units of the asset); ``hedges`` the quote
    (1e-6) hedged within the window for fills that added to the position.
    """

    def __init__(self, log: UndoLog) -> None:
        super().__init__(log)
        self.was: VaultGuardWas | None = None
        self.mode: int = NORMAL
        self.calm_ms: int = 0
        self.high: int = 0
        self.hedges: Ticks = []

    def save(self, first: bool) -> Undo:
        was = self.was
        if was is None or not first:
            was = VaultGuardWas(self)
            if first:
                self.was = was
        was.take()
        return was

    def allows(self) -> int:
        """What a vault allows in this mode, as a mode of markets: what reduces always passes."""
        if self.mode == NORMAL:
            return ACTIVE
        return RESTRICTED if self.mode == TRIPPED else REDUCE_ONLY

    def set_mode(self, mode: int) -> None:
        """Enter a mode."""
        self.touch()
        self.mode = mode

    def set_calm(self, since_ms: int) -> None:
        """Since when nothing is past its threshold; 0: something is."""
        self.touch()
        self.calm_ms = since_ms

    def set_high(self, price: int) -> None:
        """The highest value of a share."""
        self.touch()
        self.high = price

    def set_hedges(self, hedges: Ticks) -> None:
        """What was hedged within the window."""
        self.touch()
        self.hedges = hedges


@final
class VaultGuardWas(Undo):
    """Saved ``VaultGuard``."""

    def __init__(self, row: VaultGuard) -> None:
        self.row: VaultGuard = row
        self.stamp: i64 = row.stamp
        self.mode: int = row.mode
        self.calm_ms: int = row.calm_ms
        self.high: int = row.high
        self.hedges: Ticks = row.hedges

    def take(self) -> None:
        """Save the values as they are now."""
        row = self.row
        self.stamp = row.stamp
        self.mode = row.mode
        self.calm_ms = row.calm_ms
        self.high = row.high
        self.hedges = row.hedges

    def undo(self) -> None:
        row = self.row
        row.stamp = self.stamp
        row.mode = self.mode
        row.calm_ms = self.calm_ms
        row.high = self.high
        row.hedges = self.hedges


@final
class Outflow(Row):
    """What one principal took out within the window, less what he brought in (1e-6 quote, valued
    then), and how many of his withdrawals are held.
    """

    def __init__(self, log: UndoLog, principal: int) -> None:
        super().__init__(log)
        self.was: OutflowWas | None = None
        self.principal: int = principal
        self.flows: Ticks = []
        self.claims: int = 0

    def save(self, first: bool) -> Undo:
        was = self.was
        if was is None or not first:
            was = OutflowWas(self)
            if first:
                self.was = was
        was.take()
        return was

    def set_flows(self, flows: Ticks) -> None:
        """What left within the window."""
        self.touch()
        self.flows = flows

    def count_claim(self, count: int) -> None:
        """One more withdrawal is held, or one less."""
        self.touch()
        self.claims += count


@final
class OutflowWas(Undo):
    """Saved ``Outflow``."""

    def __init__(self, row: Outflow) -> None:
        self.row: Outflow = row
        self.stamp: i64 = row.stamp
        self.flows: Ticks = row.flows
        self.claims: int = row.claims

    def take(self) -> None:
        """Save the values as they are now."""
        self.stamp = self.row.stamp
        self.flows = self.row.flows
        self.claims = self.row.claims

    def undo(self) -> None:
        self.row.stamp = self.stamp
        self.row.flows = self.flows
        self.row.claims = self.claims


@final
class Held:
    """A withdrawal that waits for the breaker; its money is in the account for that. Never
    changes. ``worth`` (1e-6 quote) is its value when it was held.

    Without ``due_ms`` the exchange's bound holds it: it counts as gone, and is paid once the
    breaker is normal. With ``due_ms`` its owner's own part holds it: it has not left yet, and is
    paid from then on, as far as bound and part allow. One that tripped the breaker, or would have
    at any time (``over``), cannot be taken back while the breaker is not normal.
    """

    def __init__(
        self,
        ident: int,
        account: Account,
        asset: int,
        amount: int,
        worth: int,
        due_ms: int,
        over: bool,
    ) -> None:
        self.ident: int = ident
        self.account: Account = account
        self.asset: int = asset
        self.amount: int = amount
        self.worth: int = worth
        self.due_ms: int = due_ms
        self.over: bool = over


@final
class Proposal:
    """A change that waits for its delay and for another operator. Never changes.

    ``basis`` is the row of the parameters that it would replace, as they were then (empty where it
    replaces none).
    """

    def __init__(
        self,
        ident: int,
        principal: int,
        change: Command,
        basis: list[object],
        ready_ms: int,
        expires_ms: int,
    ) -> None:
        self.ident: int = ident
        self.principal: int = principal
        self.change: Command = change
        self.basis: list[object] = basis
        self.ready_ms: int = ready_ms
        self.expires_ms: int = expires_ms
