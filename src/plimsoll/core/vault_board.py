"""Vaults, who holds their shares, spot pools and firm quotes as a data structure, with timers.

Every change leaves its inverse in the undo log. What vaults and pools do is decided elsewhere.
"""

from __future__ import annotations

from typing import final

from mypy_extensions import mypyc_attr

from plimsoll.core.board import DueAdded, DueRemoved
from plimsoll.core.rows import Account, FirmQuote, Holding, SpotPool, Unlock, Vault
from plimsoll.core.store import Appended, Inserted, KeyIndex, Undo, UndoLog
from plimsoll.messages.codes import (
    BUY,
    HEDGED_VAULT,
    PASSIVE_VAULT,
    UNKNOWN_POOL,
    UNKNOWN_VAULT,
    Reject,
)
from plimsoll.messages.vault_params import VaultParams


@final
class VaultBoard:
    """Vaults and pools by id; holdings by vault, in order of account; firm quotes best first.

    ``due`` has the first unlock of every holding that has one: (due, id of the unlock).
    """

    def __init__(self, log: UndoLog) -> None:
        self.log: UndoLog = log
        self.vaults: list[Vault] = []
        self.holdings: list[list[Holding]] = []  # by vault
        self.due: KeyIndex = KeyIndex()
        self.waiting: dict[int, Holding] = {}  # by the id of the unlock that is in ``due``
        self.pools: list[SpotPool] = []
        self.quotes: dict[int, FirmQuote] = {}
        self.offers: list[FirmQuote] = []  # by asset, side, price (best first), id
        self.quote_ends: KeyIndex = KeyIndex()
        self.escrow: Account | None = None  # holds what firm quotes need; made with the first

    # Vaults and shares --------------------------------------------------------------------------

    def vault(self, ident: int) -> Vault:
        """The vault, or ``UNKNOWN_VAULT``."""
        if ident < 0 or ident >= len(self.vaults):
            raise Reject(UNKNOWN_VAULT, ident, len(self.vaults))
        return self.vaults[ident]

    def passive(self) -> Vault | None:
        """The passive vault; None before it is opened."""
        for vault in self.vaults:
            if vault.kind == PASSIVE_VAULT:
                return vault
        return None

    def of_account(self, account: int) -> Vault | None:
        """The vault whose own account this is."""
        for vault in self.vaults:
            if vault.account.ident == account:
                return vault
        return None

    def hedged(self, account: Account) -> Vault | None:
        """The hedged vault whose own account this is; None for every other account."""
        return self.of_account(account.ident) if account.kind == HEDGED_VAULT else None

    def add_vault(
        self,
        kind: int,
        market: int,
        asset: int,
        account: Account,
        unlocks: Account,
        label: str,
        params: VaultParams,
    ) -> Vault:
        """Open a vault under the next id."""
        ident = len(self.vaults)
        row = Vault(self.log, ident, kind, market, asset, account, unlocks, label, params)
        self.vaults.append(row)
        self.holdings.append([])
        self.log.entries.append(Appended(self.vaults))
        self.log.entries.append(Appended(self.holdings))
        return row

    def find(self, vault: int, account: int) -> Holding | None:
        """What an account has in a vault, if there is a row for it."""
        rows = self.holdings[vault]
        at = self._place(rows, account)
        if at < len(rows) and rows[at].account == account:
            return rows[at]
        return None

    def holding(self, vault: int, account: int) -> Holding:
        """What an account has in a vault; the row is made if there is none."""
        rows = self.holdings[vault]
        at = self._place(rows, account)
        if at < len(rows) and rows[at].account == account:
            return rows[at]
        made = Holding(self.log, vault, account)
        rows.insert(at, made)
        self.log.entries.append(Inserted(rows, at))
        return made

    def _place(self, rows: list[Holding], account: int) -> int:
        """Where an account stands, or would stand."""
        low = 0
        high = len(rows)
        while low < high:
            middle = (low + high) >> 1
            if rows[middle].account < account:
                low = middle + 1
            else:
                high = middle
        return low

    # Unlocks ------------------------------------------------------------------------------------

    def queue(self, row: Holding, unlock: Unlock) -> None:
        """Put an unlock behind the others of its holding."""
        if len(row.unlocks) == 0:
            self.await_unlock(row, unlock)
        unlocks = row.unlocks.copy()
        unlocks.append(unlock)
        row.set_unlocks(unlocks)
        self.vaults[row.vault].wait(unlock.shares)

    def take_unlock(self, row: Holding) -> Unlock:
        """Take the first unlock out; the next one waits in its place."""
        first = row.unlocks[0]
        rest = row.unlocks[1:]
        self.unhang(row, first)
        self.log.entries.append(UnlockTaken(self, row, first))
        row.set_unlocks(rest)
        self.vaults[row.vault].wait(-first.shares)
        if len(rest) > 0:
            self.await_unlock(row, rest[0])
        return first

    def await_unlock(self, row: Holding, unlock: Unlock) -> None:
        """Let the timer wait for an unlock, which is the first of its holding."""
        self.hang(row, unlock)
        self.log.entries.append(UnlockHung(self, row, unlock))

    def hang(self, row: Holding, unlock: Unlock) -> None:
        """Enter an unlock into the timer (not into the log)."""
        self.due.add(unlock.due_ms, unlock.ident)
        self.waiting[unlock.ident] = row

    def unhang(self, row: Holding, unlock: Unlock) -> None:
        """Take an unlock out of the timer (not of the log)."""
        self.due.remove(unlock.due_ms, unlock.ident)
        del self.waiting[unlock.ident]

    def due_unlock(self, now: int) -> Holding | None:
        """A holding whose first unlock is due, the earliest first; None."""
        if self.due.size() == 0 or self.due.first_key() > now:
            return None
        return self.waiting[self.due.first_id()]

    # Spot ---------------------------------------------------------------------------------------

    def pool(self, ident: int) -> SpotPool:
        """The pool, or ``UNKNOWN_POOL``."""
        if ident < 0 or ident >= len(self.pools):
            raise Reject(UNKNOWN_POOL, ident, len(self.pools))
        return self.pools[ident]

    def add_pool(
        self,
        account: Account,
        base: int,
        quote: int,
        fee: int,
        virtual_base: int,
        virtual_quote: int,
    ) -> SpotPool:
        """Open a pool under the next id."""
        made = SpotPool(len(self.pools), account, base, quote, fee, virtual_base, virtual_quote)
        self.pools.append(made)
        self.log.entries.append(Appended(self.pools))
        return made

    def use_escrow(self, account: Account) -> None:
        """The account that holds what firm quotes need."""
        before = self.escrow
        self.escrow = account
        self.log.entries.append(EscrowSet(self, before))

    def post(self, quote: FirmQuote) -> None:
        """Let a firm quote stand."""
        self.show(quote)
        self.log.entries.append(Posted(self, quote))
        self.quote_ends.add(quote.expires_ms, quote.ident)
        self.log.entries.append(DueAdded(self.quote_ends, quote.expires_ms, quote.ident))

    def end(self, quote: FirmQuote) -> None:
        """Take a firm quote down."""
        self.hide(quote)
        self.log.entries.append(Ended(self, quote))
        self.quote_ends.remove(quote.expires_ms, quote.ident)
        self.log.entries.append(DueRemoved(self.quote_ends, quote.expires_ms, quote.ident))

    def show(self, quote: FirmQuote) -> None:
        """Enter a firm quote into the tables (not into the log)."""
        self.quotes[quote.ident] = quote
        offers = self.offers
        low = 0
        high = len(offers)
        while low < high:
            middle = (low + high) >> 1
            if ranks_before(offers[middle], quote):
                low = middle + 1
            else:
                high = middle
        offers.insert(low, quote)

    def hide(self, quote: FirmQuote) -> None:
        """Take a firm quote out of the tables (not of the log)."""
        del self.quotes[quote.ident]
        at = 0
        while self.offers[at] is not quote:
            at += 1
        self.offers.pop(at)

    def best_offers(self, asset: int, side: int) -> list[FirmQuote]:
        """The firm quotes of desks on one side of an asset, best price first, then oldest."""
        return [one for one in self.offers if one.asset == asset and one.side == side]


def ranks_before(one: FirmQuote, two: FirmQuote) -> bool:
    """By asset and side, then the price that is better for who trades with the desk, then age."""
    if one.asset != two.asset:
        return one.asset < two.asset
    if one.side != two.side:
        return one.side < two.side
    if one.price != two.price:
        return one.price > two.price if one.side == BUY else one.price < two.price
    return one.ident < two.ident


@final
@mypyc_attr(acyclic=True)
class UnlockHung(Undo):
    """The timer waits for an unlock."""

    def __init__(self, board: VaultBoard, row: Holding, unlock: Unlock) -> None:
        self.board: VaultBoard = board
        self.row: Holding = row
        self.unlock: Unlock = unlock

    def undo(self) -> None:
        self.board.unhang(self.row, self.unlock)


@final
@mypyc_attr(acyclic=True)
class UnlockTaken(Undo):
    """The timer no longer waits for an unlock."""

    def __init__(self, board: VaultBoard, row: Holding, unlock: Unlock) -> None:
        self.board: VaultBoard = board
        self.row: Holding = row
        self.unlock: Unlock = unlock

    def undo(self) -> None:
        self.board.hang(self.row, self.unlock)


@final
@mypyc_attr(acyclic=True)
class EscrowSet(Undo):
    """The escrow account of firm quotes was opened."""

    def __init__(self, board: VaultBoard, before: Account | None) -> None:
        self.board: VaultBoard = board
        self.before: Account | None = before

    def undo(self) -> None:
        self.board.escrow = self.before


@final
@mypyc_attr(acyclic=True)
class Posted(Undo):
    """A firm quote came to stand."""

    def __init__(self, board: VaultBoard, quote: FirmQuote) -> None:
        self.board: VaultBoard = board
        self.quote: FirmQuote = quote

    def undo(self) -> None:
        self.board.hide(self.quote)


@final
@mypyc_attr(acyclic=True)
class Ended(Undo):
    """A firm quote was taken down."""

    def __init__(self, board: VaultBoard, quote: FirmQuote) -> None:
        self.board: VaultBoard = board
        self.quote: FirmQuote = quote

    def undo(self) -> None:
        self.board.show(self.quote)
