"""The sequencer: stamps each command, applies it, and notes what to make durable.

Everything here is synchronous and touches no file. Results stay inside a `Batch` until the node
has committed it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

import msgspec

from plimsoll.core import invariants
from plimsoll.core.engine import Engine
from plimsoll.errors import ClientIdReused, ConfigError, JournalCorrupt
from plimsoll.messages import codec
from plimsoll.messages.commands import Command
from plimsoll.messages.events import Event, Rejected
from plimsoll.runtime import house
from plimsoll.runtime.journal_format import ANSWER_BYTES_MAX, Answer, Record
from plimsoll.runtime.metrics import NodeMetrics
from plimsoll.runtime.node_types import Clock
from plimsoll.runtime.publisher import Published
from plimsoll.runtime.signatures import Door

ANSWER_FORMAT: Final = 1
OPERATOR: Final = 0
_ANSWER_EVENTS_MAX: Final = ANSWER_BYTES_MAX - 64
_NO_EVENTS: Final = codec.encode_events([])


@dataclass(frozen=True, slots=True)
class Receipt:
    """The durable answer to a command: its number, its time in ms, and what happened.

    ``duplicate`` tells that the command had been executed before and this is its first answer.
    ``complete`` is False if that answer had been too long to keep: then ``events`` is empty.
    """

    seq: int
    ts: int
    accepted: bool
    events: list[Event]
    duplicate: bool = False
    complete: bool = True


@dataclass(slots=True, eq=False)
class Submission:
    """A checked command on its way. ``body`` is its wire form."""

    command: Command
    body: bytes
    principal: int
    client_id: str
    future: asyncio.Future[Receipt]


@dataclass(slots=True)
class Batch:
    """Commands applied but not yet durable."""

    records: list[Record] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)

    def published(self) -> list[Published]:
        """What subscribers get."""
        return [
            Published(record.seq, record.ts, record.principal, receipt.events, command)
            for record, receipt, command in zip(
                self.records, self.receipts, self.commands, strict=True
            )
        ]


class Sequencer:
    """Stamps and applies commands, one after the other; ``seq`` and ``ts`` are the last given."""

    def __init__(
        self,
        engine: Engine,
        *,
        seq: int,
        ts: int,
        clock: Clock,
        metrics: NodeMetrics,
        check_every: int = 0,
        house_keeper: bool = False,
    ) -> None:
        """``clock`` gives ms UTC; ``check_every`` N sweeps all invariants after every Nth record
        (0: never; the check of each command itself always runs); with a ``house_keeper`` the work
        that a command makes due is done by a ``Tick`` right after it."""
        self.engine = engine
        self.seq = seq
        self.ts = ts
        self._clock = clock
        self._metrics = metrics
        self._check_every = check_every
        self._house = house.HouseKeeper() if house_keeper else None

    def now(self) -> int:
        """The time in ms that a command would be stamped with: the clock, never going back."""
        now = self._clock()
        if now < self.ts:
            self._metrics.clock_clamps += 1
            behind = self.ts - now
            self._metrics.clock_behind_ms_max = max(self._metrics.clock_behind_ms_max, behind)
            return self.ts
        return now

    def apply(
        self, batch: Batch, command: Command, body: bytes, principal: int, client_id: str
    ) -> Receipt:
        """Stamp and apply one command and add its record, answer and receipt to the batch; do
        the work that it made due. Returns the command's receipt.

        Errors: `InvariantBroken`, or whatever else escapes the core: the state cannot be trusted
        any more.
        """
        receipt = self._apply_one(batch, command, body, principal, client_id)
        keeper = self._house
        if keeper is not None and keeper.has_work(self.engine, command, self.ts):
            done = self._apply_one(batch, house.TICK, house.TICK_BODY, OPERATOR, "")
            keeper.worked(done.events, self.ts)
        return receipt

    def bootstrap(self, commands: Sequence[Command], door: Door) -> Batch:
        """Apply the operator's first commands as one batch. Errors: `ConfigError` for a refusal."""
        batch = Batch()
        for command in commands:
            checked, body = check_submission(command, OPERATOR, "", door)
            receipt = self.apply(batch, checked, body, OPERATOR, "")
            if not receipt.accepted:
                refusal = [codec.event_to_named(event) for event in receipt.events]
                raise ConfigError(f"bootstrap command {command.row()} is refused: {refusal}")
        return batch

    def _apply_one(
        self, batch: Batch, command: Command, body: bytes, principal: int, client_id: str
    ) -> Receipt:
        seq, ts = self.seq + 1, self.now()
        engine = self.engine
        accepted = engine.apply(command, seq, ts, principal)
        events = engine.drain()
        if self._check_every and seq % self._check_every == 0:
            invariants.check_full(engine.state)
        self.seq, self.ts = seq, ts
        digest = codec.digest(events) if engine.txn.recording else b""
        batch.records.append(Record(seq, ts, principal, client_id, body, digest))
        receipt = Receipt(seq, ts, accepted, events)
        batch.receipts.append(receipt)
        batch.commands.append(command)
        if client_id:
            encoded = encode_answer(ts, accepted=accepted, events=events)
            batch.answers.append(Answer(principal, client_id, seq, sha256(body).digest(), encoded))
        self._count(accepted, events)
        return receipt

    def _count(self, accepted: bool, events: list[Event]) -> None:
        metrics = self._metrics
        metrics.commands += 1
        if accepted:
            metrics.accepted += 1
            return
        last = events[-1] if events else None
        metrics.reject(last.code if isinstance(last, Rejected) else 0)


def check_submission(
    command: Command, principal: int, client_id: str, door: Door
) -> tuple[Command, bytes]:
    """The command rebuilt with every field and signature checked, and its wire form.

    Errors: `FieldError`, `BadSignature`.
    """
    codec.check_value("principal", "id", principal)
    codec.check_value("client_id", "external_id", client_id)
    checked = codec.check_command(command)
    door.check(checked)
    return checked, codec.encode_command(checked)


def encode_answer(ts: int, *, accepted: bool, events: list[Event]) -> bytes:
    """The stored form of a receipt, without the events if they exceed an answer's limit."""
    encoded = codec.encode_events(events)
    complete = len(encoded) <= _ANSWER_EVENTS_MAX
    row = [ANSWER_FORMAT, ts, accepted, complete, encoded if complete else _NO_EVENTS]
    return msgspec.msgpack.encode(row)


def decode_answer(answer: Answer) -> Receipt:
    """The receipt of a stored answer, marked as a duplicate. Errors: `JournalCorrupt`."""
    try:
        version, ts, accepted, complete, encoded = msgspec.msgpack.decode(answer.answer)
        if version != ANSWER_FORMAT:
            raise ValueError(f"format {version}")
        events = codec.decode_events(encoded)
    except (msgspec.DecodeError, ValueError, TypeError, KeyError) as error:
        raise JournalCorrupt(
            f"the answer to record {answer.seq} cannot be read: {error}", seq=answer.seq
        ) from error
    return Receipt(answer.seq, ts, accepted, events, duplicate=True, complete=complete)


def require_same_body(client_id: str, body: bytes, body_hash: bytes) -> None:
    """Refuse another command under a client id that was used. Errors: `ClientIdReused`."""
    if sha256(body).digest() != body_hash:
        raise ClientIdReused(f"the client id {client_id} was used for another command")
