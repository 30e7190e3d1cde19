"""An exchange driven step by step in this process, with the caller's clock: for simulations.

The same core and, if asked for, the same journal as a node's: `Node.open` on the directory takes
up where the run ended. There is no queue and nobody to wait for.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

import plimsoll
from plimsoll.core import invariants
from plimsoll.core.engine import Engine, genesis
from plimsoll.core.state import State
from plimsoll.errors import ConfigError, NodeHalted
from plimsoll.messages import codec
from plimsoll.messages.commands import Command
from plimsoll.messages.events import Event
from plimsoll.runtime import house, identity, recovery
from plimsoll.runtime.journal import JournalWriter, Record
from plimsoll.runtime.lock import DataDirLock
from plimsoll.runtime.publisher import Listener, Published
from plimsoll.runtime.signatures import Door

OPERATOR: Final = 0
_RECORDS_IN_MEMORY: Final = 2_000


class Outcome(NamedTuple):
    """What came of a command; ``house`` is what the house keeper's ``Tick`` after it did."""

    accepted: bool
    events: list[Event]
    house: list[Event]


class InlineExchange:
    """Genesis, then commands one after the other. A context manager; ``seq`` counts commands."""

    def __init__(
        self,
        journal_dir: Path | None = None,
        *,
        house_keeper: bool = False,
        listen: Listener | None = None,
    ) -> None:
        """``journal_dir`` must hold no journal yet; with a ``house_keeper`` the work that a
        command makes due is done by a ``Tick`` right after it, as a node does. ``listen`` is told
        what each command did.

        Errors: `JournalError`, `ConfigError`.
        """
        self._listen = listen
        self._door = Door(identity.simulated_id(plimsoll.__version__))
        self._engine = Engine(genesis())
        self._house = house.HouseKeeper() if house_keeper else None
        self._held = ExitStack()
        self._writer: JournalWriter | None = None
        self._records: list[Record] = []
        self.seq = 0
        self.now = 0
        if journal_dir is not None:
            with ExitStack() as opening:
                self._writer = _open_journal(journal_dir, opening)
                self._held = opening.pop_all()

    @property
    def exchange_id(self) -> str:
        """What orders for this exchange are signed with."""
        return self._door.exchange

    @property
    def state(self) -> State:
        """The state, to look at."""
        return self._engine.state

    def submit(self, command: Command, principal: int, now: int) -> Outcome:
        """Apply one command at ``now`` (ms, never falling).

        Errors: `FieldError`; `BadSignature`; `NodeHalted` if the state contradicts itself;
        `JournalError`.
        """
        if now < self.now:
            raise ConfigError(f"time goes back from {self.now} to {now} ms")
        # As a node does: bounds are checked, and flags get the one form that states are hashed in.
        checked = codec.check_command(command)
        self._door.check(checked)
        accepted, events = self._apply(checked, principal, now)
        done: list[Event] = []
        keeper = self._house
        if keeper is not None and keeper.has_work(self._engine, checked, now):
            _, done = self._apply(house.TICK, OPERATOR, now)
            keeper.worked(done, now)
        return Outcome(accepted, events, done)

    def _apply(self, command: Command, principal: int, now: int) -> tuple[bool, list[Event]]:
        self.seq += 1
        self.now = now
        try:
            accepted = self._engine.apply(command, self.seq, now, principal)
        except invariants.InvariantBroken as error:
            raise NodeHalted(f"record {self.seq}, {type(command).__name__}: {error}") from error
        events = self._engine.drain()
        if self._writer is not None:
            body, digest = codec.encode_command(command), codec.digest(events)
            self._records.append(Record(self.seq, now, principal, "", body, digest))
            if len(self._records) >= _RECORDS_IN_MEMORY:
                self._flush(self._writer)
        if self._listen is not None:
            self._listen(Published(self.seq, now, principal, events, command))
        return accepted, events

    def bootstrap(self, commands: Iterable[Command], now: int) -> None:
        """The operator's first commands; `ConfigError` if one is refused."""
        for command in commands:
            outcome = self.submit(command, OPERATOR, now)
            if not outcome.accepted:
                refusal = [codec.event_to_named(event) for event in outcome.events]
                raise ConfigError(f"bootstrap command {command.row()} is refused: {refusal}")

    def check(self) -> None:
        """Sweep all invariants over the whole state. Errors: `NodeHalted`."""
        try:
            invariants.check_full(self._engine.state)
        except invariants.InvariantBroken as error:
            raise NodeHalted(f"after record {self.seq}: {error}") from error

    def state_hash(self) -> str:
        """SHA-256 (hex) of the state."""
        return codec.state_hash(self._engine.state.dump())

    def close(self) -> None:
        """Make the journal durable and let go of it. Errors: `JournalError`."""
        try:
            if self._writer is not None and self._records:
                self._flush(self._writer)
        finally:
            self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _flush(self, writer: JournalWriter) -> None:
        records, self._records = self._records, []
        writer.submit(records).result()


def _open_journal(journal_dir: Path, held: ExitStack) -> JournalWriter:
    journal_dir.mkdir(parents=True, exist_ok=True)
    held.enter_context(DataDirLock.acquire(journal_dir))
    birth = identity.simulated_birth(plimsoll.__version__)
    path = journal_dir / recovery.JOURNAL_NAME
    writer = held.enter_context(JournalWriter(path, create=True, birth=birth))
    if writer.recovered.seq > 0:
        raise ConfigError(
            f"{journal_dir} holds a journal of {writer.recovered.seq} records",
            remedy="Choose an empty directory.",
        )
    return writer
