"""Integer extremes and things that are no integers, in every field of every command."""

from __future__ import annotations

import random
from typing import Any

import msgspec

from plimsoll.messages import codec, codes, commands, events, fields
from plimsoll.messages.params import MarketParams
from tests.attacks.arena import (
    BUY,
    KEEPER,
    LOT,
    OPERATOR,
    ORACLE,
    PRICE,
    SELL,
    USD,
    Arena,
    every,
    pair_up,
)

NUMBERS: tuple[Any, ...] = (
    0, 1, -1, 2, 2**31 - 1, 2**31, -(2**31), 2**53 - 1, 2**53, 2**53 + 1, 2**62 - 1, 2**62,
    2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64 - 1, 10**19, 10**30, -(10**30),
    True, False, 0.0, 1.0, -0.0, 1e5, float("nan"), float("inf"), float("-inf"), None,
    "1", "1e5", "\uff11", " 1", "1_000", "-0", "NaN", "Infinity", "", b"1", [], [1], {}, {"a": 1},
)  # fmt: skip


NESTED: dict[str, Any] = {
    "change": [commands.SetMarketMode.TAG, 0, codes.HALTED],
    "signed_order": [0, 0, 0, False, 1, 1, 0, False, 1, "x", 0, -1, 0, -1, "x", "x", "x"],
}
"""What a field has that is made of others."""


def plain(name: str, kind: str, account: int) -> Any:
    """A value that a field of a kind may have: the account for an account, else the first from
    -1 (none, where there may be none).
    """
    if name == "account":
        return account
    if kind in fields.BOUNDS:
        return max(fields.BOUNDS[kind][0], -1)
    if kind in NESTED:
        return NESTED[kind]
    return "x" if kind in fields.TEXTS else codec.RECORDS[kind]().row()


def whole(kind: type[commands.Command], row: list[Any], account: int) -> list[Any]:
    """A row of a kind; the fields it does not name have plain values."""
    return [*row, *(plain(name, what, account) for name, what in kind.FIELDS[len(row) :])]


class Doors:
    """A busy exchange, and a well-formed command of every kind: a good one of those listed here,
    one made from its fields of any other.
    """

    def __init__(self) -> None:
        self.arena = arena = Arena(auction=1)
        self.who, other = arena.person(10**5), arena.person(10**5)
        self.relayer = arena.person(10, codes.ROLE_TRADER | codes.ROLE_RELAYER).owner
        pair_up(arena, self.who, other, 10 * LOT)
        arena.place(self.who, BUY, LOT, 95 * USD, client_order_id="a")
        rests = arena.placed()
        arena.trigger(self.who, SELL, LOT, 90 * USD, codes.BELOW)
        armed = next(iter(arena.state.board.triggers))
        arena.at_market(other, BUY, 3 * LOT)
        auction = arena.placed()
        me = self.who.ident
        params = arena.params
        order = whole(commands.PlaceOrder, [me, 0, 0, 0, 0, 95 * USD, LOT, 0, False, 0, "", 0], me)
        self.rows: dict[type[commands.Command], list[Any]] = {
            commands.CreatePrincipal: ["x", 1],
            commands.SetGlobalParams: [arena.state.globals.params.row()],
            commands.CreateAsset: ["EUR", 6],
            commands.CreateMarket: [[*params.row()[:0], "Z-USD", *params.row()[1:]]],
            commands.SetMarketParams: [0, params.row()],
            commands.SetMarketMode: [0, 0],
            commands.FundVamm: [0, USD],
            commands.FundPool: [0, codes.POOL_INSURANCE, USD],
            commands.Repeg: [0, PRICE + 1],
            commands.CreateAccount: [self.who.owner, -1, "x"],
            commands.Deposit: [me, 0, USD, "x"],
            commands.Withdraw: [me, 0, USD, "x"],
            commands.Transfer: [me, me, 0, USD],
            commands.PlaceOrder: order,
            commands.CancelOrder: [me, rests, ""],
            commands.CancelAll: [me, -1],
            commands.AmendOrder: [me, rests, 94 * USD, LOT],
            commands.Batch: [False, [[40, *order]]],
            commands.PlaceTrigger: [me, 0, 1, 1, 1, 0, LOT, True, 80 * USD, 1, 0, ""],
            commands.OfferAuction: [me, auction, PRICE, LOT],
            commands.OraclePrices: [[[0, PRICE, 0, arena.now + 1]]],
            commands.Tick: [10],
            commands.SettleAuction: [auction, -1],
            commands.MatchLimit: [rests, -1],
            commands.FireTrigger: [armed, -1],
            commands.Liquidate: [me, -1],
            commands.UpdateFunding: [0, -1],
            commands.ExpireOrder: [rests, -1],
            commands.UpdateMarket: [0, -1],
            commands.SettleFunding: [me],
        }
        for kind in commands.COMMANDS:
            self.rows[kind] = whole(kind, self.rows.get(kind, []), me)

    def sender(self, kind: type[commands.Command]) -> int:
        """Who may send commands of a kind."""
        if kind.TAG < 20 or kind in (commands.Deposit, commands.CancelProposal):
            return OPERATOR
        if kind in (commands.SettleSigned, commands.MatchSigned):
            return self.relayer
        if kind is commands.OraclePrices:
            return ORACLE
        if kind.TAG >= 60 and kind is not commands.SettleFunding:
            return KEEPER
        return self.who.owner

    def try_row(self, kind: type[commands.Command], row: list[Any]) -> str:
        """Send a row through the codec: "typed" refusal, "refused" by the core, or "accepted"."""
        try:
            data = msgspec.msgpack.encode([kind.TAG, *row])
        except (OverflowError, msgspec.MsgspecError):
            try:
                codec.command_from_row([kind.TAG, *row])
            except fields.FieldError:
                return "typed"
            raise AssertionError((kind.__name__, row)) from None
        try:
            command = codec.decode_command(data)
        except fields.FieldError:
            return "typed"
        found = self.arena.engine.dry_run(command, self.arena.now, self.sender(kind))
        return "refused" if found and found[-1].row()[0] == 1 else "accepted"


def test_every_kind_of_command_is_here() -> None:
    """Each row is well-formed as it stands, and its sender is let in."""
    doors = Doors()
    assert set(doors.rows) == set(commands.COMMANDS)
    for kind, row in doors.rows.items():
        assert doors.try_row(kind, row) != "typed", kind.__name__
        command = codec.command_from_row([kind.TAG, *row])
        found = doors.arena.engine.dry_run(command, doors.arena.now, doors.sender(kind))
        refusals = [event.code for event in found if isinstance(event, events.Rejected)]
        assert codes.NOT_ALLOWED not in refusals, kind.__name__


def nested(doors: Doors, kind: type[commands.Command], value: Any) -> list[list[Any]]:
    """The rows of a kind with a value in each place, one after the other; also inside lists."""
    found: list[list[Any]] = []
    row = doors.rows[kind]
    for at, old in enumerate(row):
        found.append([*row[:at], value, *row[at + 1 :]])
        if isinstance(old, list) and kind is not commands.Batch:
            inner = old[0] if isinstance(old[0], list) else old
            for place in range(len(inner)):
                changed = [*inner[:place], value, *inner[place + 1 :]]
                found.append([*row[:at], [changed] if inner is not old else changed,
                              *row[at + 1 :]])  # fmt: skip
    return found


def test_extremes_in_every_field() -> None:
    """Whatever stands in a field: a typed refusal or an answer of the core, never another error.

    Nothing of it changes the state; what is no integer never gets as far as the core.
    """
    doors = Doors()
    before = doors.arena.hash()
    tally = {"typed": 0, "refused": 0, "accepted": 0}
    for kind in doors.rows:
        for value in NUMBERS:
            for row in nested(doors, kind, value):
                said = doors.try_row(kind, row)
                tally[said] += 1
                number = isinstance(value, int) and not isinstance(value, bool)
                if isinstance(value, float) or value is None or (number and abs(value) >= 2**63):
                    assert said == "typed", (kind.__name__, row)
        assert doors.arena.hash() == before, kind.__name__
    assert doors.arena.engine.halted == ""
    doors.arena.check()
    assert min(tally.values()) > 300, tally


def test_two_extremes_at_once() -> None:
    """Several extreme fields together, applied for good: refused or accepted, always sound."""

    def play(rng: random.Random) -> None:
        doors = Doors()
        arena = doors.arena
        kinds = [kind for kind in doors.rows if kind is not commands.SetGlobalParams]
        numbers = [n for n in NUMBERS if isinstance(n, int) and not isinstance(n, bool)]
        for _ in range(40):
            kind = rng.choice(kinds)
            row = list(doors.rows[kind])
            for _ in range(rng.randint(1, 3)):
                at = rng.randrange(len(row))
                if not isinstance(row[at], list):
                    row[at] = rng.choice([*numbers, *[2**62 - 1 - 10**6 * k for k in range(3)]])
            try:
                command = codec.command_from_row([kind.TAG, *row])
            except fields.FieldError:
                continue
            before = arena.hash()
            if not arena.send(command, doors.sender(kind)):
                assert arena.hash() == before
        arena.check()

    every(play)


def test_params_at_their_bounds() -> None:
    """Settings of a market at the ends of their bounds: refused as a set, or the market works."""

    def play(rng: random.Random) -> None:
        arena = Arena()
        row = [*arena.params.row()]
        row[0] = "Z-USD"
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(1, len(row))
            low, high = fields.BOUNDS[MarketParams.FIELDS[at][1]]
            row[at] = rng.choice([low, low + 1, high, high - 1, 0, 1])
        try:
            command = codec.command_from_row([commands.CreateMarket.TAG, row])
        except fields.FieldError:
            return
        before = arena.hash()
        if not arena.send(command, OPERATOR):
            assert arena.hash() == before
            return
        arena.put(codes.TREASURY_ACCOUNT, 1_000 * USD)
        arena.send(commands.FundVamm(1, 1_000 * USD), OPERATOR)
        arena.oracle_of(1, PRICE)
        who = arena.person(10**5)
        for side in (BUY, SELL):
            for tif in (codes.GTC, codes.IOC):
                step = arena.state.markets[1].params.step
                size = min(2**62 - 1, max(step, 10**9 - 10**9 % step))
                order = commands.PlaceOrder(
                    who.ident, 1, side, 0, tif, PRICE - PRICE % arena.state.markets[1].params.tick
                    or 1, size, 0, False, 0, "")  # fmt: skip
                arena.send(order, who.owner)
        arena.now += 10_000
        arena.tick()
        arena.check()

    every(play)
