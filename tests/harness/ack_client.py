"""A client that never gives up, and remembers what it was told.

It sends each command until it is acknowledged, always with the same id and body, over as many
deaths of the node as it takes. Every acknowledgement goes to a log of its own, outside the node.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from plimsoll.messages import codec, codes
from plimsoll.messages.commands import (
    CancelAll,
    CancelOrder,
    Command,
    Deposit,
    PlaceOrder,
    Withdraw,
)
from plimsoll.runtime import presets
from plimsoll.runtime.node import system_clock
from tests.harness.node_link import Door, LinkLost, Refused, Reply, Wire
from tests.runtime.node_samples import PRICE, STEP, TICK, oracle

_RETRY_SECONDS = 0.01


@dataclass(frozen=True)
class Sent:
    """A command under its id."""

    principal: int
    client_id: str
    body: bytes
    flow: int  # 1e-6 USD that a deposit brings in, negative for a withdrawal


@dataclass(frozen=True)
class Ack:
    """What the node said it had made durable."""

    sent: Sent
    seq: int
    accepted: bool
    body_hash: bytes
    answer_hash: bytes


class AckClient:
    """One client: a few commands at a time, until told to finish.

    ``changed`` collects answers to repeats that were not the first answer, and commands that were
    executed under an id that had been used for another one.
    """

    def __init__(self, index: int, seed: int, log: Path, door: Door) -> None:
        self.index = index
        self.acks: dict[str, Ack] = {}
        self.resent = 0  # commands that took more than one attempt …
        self.already_done = 0  # … of them those that an earlier attempt had made durable
        self.changed: list[str] = []
        self._rng = random.Random(f"{seed}/{index}")
        self._log = log.open("a", encoding="ascii")
        self._door = door
        self._seat = door.seat(index)
        self._count = 0
        self._finish = False
        self._link: Wire | None = None
        self._connecting = asyncio.Lock()

    def finish(self) -> None:
        """Begin no new command; `run` returns once all are acknowledged."""
        self._finish = True

    async def run(self) -> None:
        """Live through any number of lost connections."""
        lanes = self._rng.randint(2, 6)
        await asyncio.gather(*(self._lane() for _ in range(lanes)))
        if self._link is not None:
            await self._link.close()
        self._log.close()

    async def _lane(self) -> None:
        while not self._finish:
            dice = self._rng.random()
            if dice < 0.05 and self.acks:
                await self._repeat(self._rng.choice(sorted(self.acks)))
            elif dice < 0.07 and self.acks:
                await self._misuse(self._rng.choice(sorted(self.acks)))
            else:
                await self._send_until_acked(self._next())

    async def _send_until_acked(self, sent: Sent) -> None:
        tries = 0
        while (reply := await self._try(sent)) is None:
            tries += 1
        tries += reply.sends
        self.resent += tries > 1
        self.already_done += reply.duplicate
        ack = Ack(
            sent, reply.seq, reply.accepted, sha256(sent.body).digest(),
            sha256(reply.answer).digest(),
        )  # fmt: skip
        self._log.write(
            f"{ack.seq} {sent.client_id} {ack.body_hash.hex()} {ack.answer_hash.hex()}\n"
        )
        self._log.flush()
        self.acks[sent.client_id] = ack
        if reply.duplicate and tries == 1:
            self.changed.append(f"{sent.client_id}: a new command is called a repeat")

    async def _repeat(self, client_id: str) -> None:
        """Send an acknowledged command again: the first answer must come back."""
        ack = self.acks[client_id]
        reply = await self._try(ack.sent)
        if reply is None:
            return
        if not reply.duplicate or sha256(reply.answer).digest() != ack.answer_hash:
            self.changed.append(f"{client_id}: its repeat got another answer")

    async def _misuse(self, client_id: str) -> None:
        """Send another command under a used id: it must be refused."""
        sent = self.acks[client_id].sent
        # Nobody here cancels in the second market, so this is another command whatever was sent.
        other = codec.encode_command(CancelAll(self._seat.account, 1))
        try:
            if await self._try(Sent(sent.principal, client_id, other, 0)) is not None:
                self.changed.append(f"{client_id}: another command was executed under this id")
        except Refused as refusal:
            if refusal.name != "ClientIdReused":
                raise

    async def _try(self, sent: Sent) -> Reply | None:
        """One attempt; None if the connection was lost or the node could not take it."""
        try:
            link = await self._connected()
            return await link.request(sent.principal, sent.client_id, sent.body)
        except LinkLost:
            pass  # the same as an answer that never came
        except Refused as refusal:
            if refusal.name not in ("NodeBusy", "NodeClosed"):
                raise
        await asyncio.sleep(_RETRY_SECONDS)
        return None

    async def _connected(self) -> Wire:
        async with self._connecting:
            if self._link is None or self._link.lost:
                self._link = await self._door.connect(self.index)
            return self._link

    def _next(self) -> Sent:
        self._count += 1
        client_id = f"client{self.index}-{self._count}"
        command, principal = self._command(client_id)
        flow = 0
        if isinstance(command, Deposit):
            flow = command.amount
        elif isinstance(command, Withdraw):
            flow = -command.amount
        return Sent(principal, client_id, codec.encode_command(command), flow)

    def _command(self, client_id: str) -> tuple[Command, int]:
        rng, (principal, account) = self._rng, self._seat
        dice = rng.random()
        if self._door.oracle and self.index == 0 and dice < 0.1:
            return oracle(PRICE + rng.randrange(-50, 50) * TICK, system_clock()), presets.ORACLE
        if self._count == 1 or dice < 0.3:
            return Deposit(account, 0, rng.randrange(1, 10**11), f"in-{client_id}"), principal
        if dice < 0.7:
            side, price = rng.randrange(2), PRICE + rng.randrange(-80, 80) * TICK
            return PlaceOrder(
                account, 0, side, codes.LIMIT, codes.GTC, price, 20 * STEP,
                codes.POST_NONE, False, 0, "",
            ), principal  # fmt: skip
        if dice < 0.8:
            return PlaceOrder(
                account, 0, rng.randrange(2), codes.MARKET, codes.IOC, 0,
                rng.randrange(1, 100) * STEP, codes.POST_NONE, False, 0, "",
            ), principal  # fmt: skip
        if dice < 0.9:
            return CancelOrder(account, rng.randrange(1, self._count * 4 + 2), ""), principal
        if dice < 0.95:
            return CancelAll(account, -1), principal
        return Withdraw(account, 0, rng.randrange(1, 10**10), f"out-{client_id}"), principal
