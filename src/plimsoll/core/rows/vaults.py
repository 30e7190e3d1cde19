"""Rows of the maker vaults and of spot: vaults, who holds their shares, pools, firm quotes."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from plimsoll.core.rows.accounts import Account
from plimsoll.core.rows.base import Row
from plimsoll.core.rows.guard import VaultGuard
from plimsoll.core.store import Tally, Undo, UndoLog
from plimsoll.messages.codes import ACTIVE, RESTRICTED
from plimsoll.messages.vault_params import QuoteParams, VaultParams


@final
class Unlock:
    """A withdrawal that waits for its cooldown; its value is in the unlocks account. Never
    changes.
    """

    def __init__(self, ident: int, value: int, shares: int, due_ms: int) -> None:
        self.ident: int = ident
        self.value: int = value
        self.shares: int = shares
        self.due_ms: int = due_ms


@final
class Holding(Row):
    """What an account has in a vault: shares, and unlocks in order of their request.

    ``unlocks`` is replaced, never changed in place.
    """

    def __init__(self, log: UndoLog, vault: int, account: int) -> None:
        super().__init__(log)
        self.was: HoldingWas | None = None
        self.vault: int = vault
        self.account: int = account
        self.shares: int = 0
        self.allowed: bool = False  # on the vault's whitelist
        self.unlocks: list[Unlock] = []

    def save(self, first: bool) -> Undo:
        was = self.was
        if was is None or not first:
            was = HoldingWas(self)
            if first:
                self.was = was
        was.take()
        return was

    def add_shares(self, shares: int) -> None:
        """Change the shares by a signed number; with ``Vault.issue``, which counts them all."""
        self.touch()
        self.shares += shares

    def set_allowed(self, allowed: bool) -> None:
        """Put the account on the whitelist or take it off."""
        self.touch()
        self.allowed = allowed

    def set_unlocks(self, unlocks: list[Unlock]) -> None:
        """What waits; ``VaultBoard`` keeps the timer with it."""
        self.touch()
        self.unlocks = unlocks

    def is_empty(self) -> bool:
        """Whether nothing would be lost without this row."""
        return self.shares == 0 and not self.allowed and len(self.unlocks) == 0


@final
class HoldingWas(Undo):
    """Saved ``Holding``."""

    def __init__(self, row: Holding) -> None:
        self.row: Holding = row
        self.stamp: i64 = row.stamp
        self.shares: int = row.shares
        self.allowed: bool = row.allowed
        self.unlocks: list[Unlock] = row.unlocks

    def take(self) -> None:
        """Save the values as they are now."""
        row = self.row
        self.stamp = row.stamp
        self.shares = row.shares
        self.allowed = row.allowed
        self.unlocks = row.unlocks

    def undo(self) -> None:
        row = self.row
        row.stamp = self.stamp
        row.shares = self.shares
        row.allowed = self.allowed
        row.unlocks = self.unlocks


@final
class Vault(Row):
    """A maker vault. ``asset`` is what its shares are bought with and worth.

    ``supply`` is the sum of the shares held, ``waiting`` of those given back whose value waits in
    ``unlocks``; ``liability`` what depositors brought and have not
    taken out; ``net_base`` what of the market's base they brought, less what was paid out in it:
    what a hedged vault's spot balance and position sum to, but for ``unhedged``: base that a leg
    brought (or took, negative) without the other one. ``market`` is -1 for the passive vault.
    ``unlocks`` holds what waits to be paid out. ``shut`` remembers that it was reported to be
    worth nothing. ``quotes`` (by market, shorter where nothing was set) is replaced, never changed
    in place.
    """

    def __init__(
        self,
        log: UndoLog,
        ident: int,
        kind: int,
        market: int,
        asset: int,
        account: Account,
        unlocks: Account,
        label: str,
        params: VaultParams,
    ) -> None:
        super().__init__(log)
        self.was: VaultWas | None = None
        self.ident: int = ident
        self.kind: int = kind
        self.market: int = market
        self.asset: int = asset
        self.account: Account = account
        self.unlocks: Account = unlocks
        self.label: str = label
        self.params: VaultParams = params
        self.supply: int = 0
        self.waiting: int = 0
        self.liability: int = 0
        self.net_base: int = 0
        self.unhedged: int = 0
        self.mode: int = 0
        self.shut: bool = False
        self.snapshot_day: int = 0
        self.quotes: list[QuoteParams] = []
        self.guard: VaultGuard = VaultGuard(log)

    def save(self, first: bool) -> Undo:
        was = self.was
        if was is None or not first:
            was = VaultWas(self)
            if first:
                self.was = was
        was.take()
        return was

    def set_params(self, params: VaultParams) -> None:
        """Replace the parameters (checked as a set before)."""
        self.touch()
        self.params = params

    def set_mode(self, mode: int) -> None:
        """Change what the vault allows."""
        self.touch()
        self.mode = mode

    def set_shut(self, shut: bool) -> None:
        """Remember which of ``VaultShut`` and ``VaultOpened`` was reported last."""
        self.touch()
        self.shut = shut

    def issue(self, shares: int, liability: int) -> None:
        """Change the supply by a signed number of shares, and set the liability."""
        self.touch()
        self.supply += shares
        self.liability = liability

    def wait(self, shares: int) -> None:
        """Count a signed number of shares whose value waits; only the board does."""
        self.touch()
        self.waiting += shares

    def count_base(self, amount: int) -> None:
        """Count a signed amount of base (in its asset's units) that depositors brought or took."""
        self.touch()
        self.net_base += amount

    def count_unhedged(self, amount: int) -> None:
        """Count a signed amount of base (in its asset's units) that came without its other leg."""
        self.touch()
        self.unhedged += amount

    def effective_mode(self) -> int:
        """What it allows: what its operator and its breaker do, and restricted at least while a
        hedge is missing."""
        mode = max(self.mode, self.guard.allows())
        return RESTRICTED if self.unhedged != 0 and mode == ACTIVE else mode

    def set_snapshot_day(self, day: int) -> None:
        """The last day (UTC, since 1970) that a snapshot was taken."""
        self.touch()
        self.snapshot_day = day

    def quote(self, market: int) -> QuoteParams | None:
        """How it quotes in a market; None where it never did."""
        return self.quotes[market] if market < len(self.quotes) else None

    def set_quote(self, market: int, params: QuoteParams) -> None:
        """Replace how it quotes in a market."""
        self.touch()
        quotes = self.quotes.copy()
        while len(quotes) <= market:
            quotes.append(QuoteParams())
        quotes[market] = params
        self.quotes = quotes


@final
class VaultWas(Undo):
    """Saved ``Vault``."""

    def __init__(self, row: Vault) -> None:
        self.row: Vault = row
        self.stamp: i64 = row.stamp
        self.params: VaultParams = row.params
        self.supply: int = row.supply
        self.waiting: int = row.waiting
        self.liability: int = row.liability
        self.net_base: int = row.net_base
        self.unhedged: int = row.unhedged
        self.mode: int = row.mode
        self.shut: bool = row.shut
        self.snapshot_day: int = row.snapshot_day
        self.quotes: list[QuoteParams] = row.quotes

    def take(self) -> None:
        """Save the values as they are now."""
        row = self.row
        self.stamp = row.stamp
        self.params = row.params
        self.supply = row.supply
        self.waiting = row.waiting
        self.liability = row.liability
        self.net_base = row.net_base
        self.unhedged = row.unhedged
        self.mode = row.mode
        self.shut = row.shut
        self.snapshot_day = row.snapshot_day
        self.quotes = row.quotes

    def undo(self) -> None:
        row = self.row
        row.stamp = self.stamp
        row.params = self.params
        row.supply = self.supply
        row.waiting = self.waiting
        row.liability = self.liability
        row.net_base = self.net_base
        row.unhedged = self.unhedged
        row.mode = self.mode
        row.shut = self.shut
        row.snapshot_day = self.snapshot_day
        row.quotes = self.quotes

    def audit(self, check: Tally, stamp: i64) -> None:
        if self.stamp < stamp:
            check.vault(self.row.ident)


@final
class SpotPool:
    """A spot pool. Its reserves are the balances of its account. Never changes."""

    def __init__(
        self,
        ident: int,
        account: Account,
        base: int,
        quote: int,
        fee: int,
        virtual_base: int,
        virtual_quote: int,
    ) -> None:
        self.ident: int = ident
        self.account: Account = account
        self.base: int = base
        self.quote: int = quote
        self.fee: int = fee
        self.virtual_base: int = virtual_base
        self.virtual_quote: int = virtual_quote


@final
class FirmQuote(Row):
    """A desk's offer to trade an asset for the collateral. ``held`` is what escrow has for it:
    of the asset if the desk sells, of the collateral if it buys.
    """

    def __init__(
        self,
        log: UndoLog,
        ident: int,
        account: Account,
        asset: int,
        side: int,
        price: int,
        left: int,
        held: int,
        expires_ms: int,
    ) -> None:
        super().__init__(log)
        self.was: FirmQuoteWas | None = None
        self.ident: int = ident
        self.account: Account = account
        self.asset: int = asset
        self.side: int = side
        self.price: int = price
        self.left: int = left
        self.held: int = held
        self.expires_ms: int = expires_ms
        # Made in this scope: taking it back forgets the quote.
        self.stamp = log.stamp

    def save(self, first: bool) -> Undo:
        was = self.was
        if was is None or not first:
            was = FirmQuoteWas(self)
            if first:
                self.was = was
        was.take()
        return was

    def fill(self, amount: int, paid: int) -> None:
        """A part was traded, for which so much left escrow."""
        self.touch()
        self.left -= amount
        self.held -= paid


@final
class FirmQuoteWas(Undo):
    """Saved ``FirmQuote``."""

    def __init__(self, row: FirmQuote) -> None:
        self.row: FirmQuote = row
        self.stamp: i64 = row.stamp
        self.left: int = row.left
        self.held: int = row.held

    def take(self) -> None:
        """Save the values as they are now."""
        row = self.row
        self.stamp = row.stamp
        self.left = row.left
        self.held = row.held

    def undo(self) -> None:
        row = self.row
        row.stamp = self.stamp
        row.left = self.left
        row.held = self.held
