"""What makes a command all or nothing: the undo log, and an ordered index.

Every change of state leaves in the log an ``Undo`` that takes it back; a scope is a mark in the
log, so scopes nest at no cost. Rows save their values once per scope (``rows.Row.touch``),
indexes and links save their inverse operation. Rolling back runs the log backwards, hence each
inverse finds exactly the state it left.
"""

from __future__ import annotations

from typing import Any, final

from librt.vecs import append, pop, vec
from mypy_extensions import i64, mypyc_attr


@mypyc_attr(acyclic=True)
class Undo:
    """One change of state that can be taken back."""

    def undo(self) -> None:
        """Restore what was before the change."""
        raise RuntimeError("an undo entry must say how it is taken back")

    def audit(self, check: Tally, stamp: i64) -> None:
        """Tell the end-of-command check what this entry changed.

        ``stamp`` is the one the command began with: a saved value with an older one is the value
        from before the command.
        """


class Tally:
    """Receives what a command changed; see ``invariants``."""

    def balance(self, asset: int, kind: int, before: int, after: int) -> None:
        """A balance went from ``before`` to ``after``."""

    def position(self, market: int, before: int, after: int) -> None:
        """A position's base went from ``before`` to ``after``."""

    def rested(self, market: int, open_orders: int) -> None:
        """An order came to rest; its owner now has so many."""

    def vamm(self, market: int) -> None:
        """The vAMM of this market changed."""

    def vault(self, ident: int) -> None:
        """This vault's row changed."""

    def swapped(self, before: int, after: int) -> None:
        """A spot pool swapped; the product of its reserves before and after."""


@final
class UndoLog:
    """What the running command has overwritten. Empty between commands."""

    def __init__(self) -> None:
        self.entries: list[Undo] = []
        self.stamp: i64 = 1
        self.base: i64 = 1  # the stamp at which the running command began

    def begin(self) -> None:
        """Start a command: nothing to undo."""
        self.stamp += 1
        self.base = self.stamp

    def open(self) -> int:
        """Open a scope; returns the mark to roll back to."""
        self.stamp += 1
        return len(self.entries)

    def rollback(self, mark: int) -> None:
        """Take back everything since ``mark``."""
        entries = self.entries
        while len(entries) > mark:
            entries.pop().undo()
        self.stamp += 1

    def commit(self) -> None:
        """Everything stands."""
        self.entries.clear()

    def add(self, entry: Undo) -> None:
        """Remember how a change that was just made is taken back."""
        self.entries.append(entry)


@final
@mypyc_attr(acyclic=True)
class Appended(Undo):
    """A list grew by one at its end."""

    def __init__(self, target: list[Any]) -> None:
        self.target: list[Any] = target

    def undo(self) -> None:
        """Drop the last element."""
        self.target.pop()


@final
@mypyc_attr(acyclic=True)
class Inserted(Undo):
    """A list grew by one at ``index``."""

    def __init__(self, target: list[Any], index: int) -> None:
        self.target: list[Any] = target
        self.index: int = index

    def undo(self) -> None:
        """Drop the element."""
        self.target.pop(self.index)


@final
@mypyc_attr(acyclic=True)
class KeyAdded(Undo):
    """A mapping got a new key."""

    def __init__(self, target: dict[Any, Any], key: Any) -> None:
        self.target: dict[Any, Any] = target
        self.key: Any = key

    def undo(self) -> None:
        """Drop the key."""
        del self.target[self.key]


@final
class KeyIndex:
    """Pairs (key, id) in order of key, then id; the smallest pair is at the end.

    Timers are mostly set for later than the ones that wait, and taken soonest first: both ends
    of that stay cheap, an insertion in between moves what is sooner.
    """

    def __init__(self) -> None:
        self.keys: vec[i64] = vec[i64]()
        self.ids: vec[i64] = vec[i64]()

    def find(self, key: i64, ident: i64) -> i64:
        """Index of the first pair that is not greater than (key, id)."""
        keys = self.keys
        ids = self.ids
        low: i64 = 0
        high: i64 = len(keys)
        while low < high:
            middle = (low + high) >> 1
            if keys[middle] > key or (keys[middle] == key and ids[middle] > ident):
                low = middle + 1
            else:
                high = middle
        return low

    def add(self, key: i64, ident: i64) -> None:
        """Insert a pair; it must not be there yet."""
        at = self.find(key, ident)
        self.keys = append(self.keys, key)
        self.ids = append(self.ids, ident)
        keys = self.keys
        ids = self.ids
        i: i64 = len(keys) - 1
        while i > at:
            keys[i] = keys[i - 1]
            ids[i] = ids[i - 1]
            i -= 1
        keys[at] = key
        ids[at] = ident

    def remove(self, key: i64, ident: i64) -> None:
        """Remove a pair; it must be there."""
        at = self.find(key, ident)
        if at >= len(self.keys) or self.keys[at] != key or self.ids[at] != ident:
            raise RuntimeError("the pair to remove is not in the index")
        self.keys, _ = pop(self.keys, at)
        self.ids, _ = pop(self.ids, at)

    def has(self, key: i64, ident: i64) -> bool:
        """Whether a pair is there."""
        at = self.find(key, ident)
        return at < len(self.keys) and self.keys[at] == key and self.ids[at] == ident

    def first_key(self) -> int:
        """The smallest key, or -1 when empty."""
        n: i64 = len(self.keys)
        return -1 if n == 0 else self.keys[n - 1]

    def first_id(self) -> int:
        """The id that goes with the smallest key; only when not empty."""
        n: i64 = len(self.ids)
        return self.ids[n - 1]

    def size(self) -> int:
        """How many pairs there are."""
        return len(self.keys)
