"""Runs the engine against the auditor and reports the first difference."""

from __future__ import annotations

from typing import Any, NoReturn

from plimsoll.core import invariants
from plimsoll.core.engine import Engine, genesis
from plimsoll.core.load import load
from plimsoll.core.state import State
from plimsoll.messages import codec, codes, events
from tests.harness import naive_vamm
from tests.harness.auditor import Auditor
from tests.harness.commands_gen import Generator
from tests.harness.exact import Wide
from tests.harness.naive_book import BUY, SELL
from tests.harness.world import Stamped

FULL_EVERY = 100
HASH_FIRST = 500
HASH_EVERY = 50
DRY_EVERY = 60
RELOAD_EVERY = 1_500


class Difference(Exception):
    """Engine and auditor disagree, or a promise of the engine is broken."""


Rows = list[list[object]]


def parts(found: list[events.Event]) -> tuple[Rows, Rows, dict[tuple[int, ...], int]]:
    """Events in order; reduce-only trims in any order; money netted by account and reason."""
    ordered: Rows = []
    trims: Rows = []
    money: dict[tuple[int, ...], int] = {}
    for event in found:
        if isinstance(event, events.Transferred):
            for account, change in ((event.debit, -event.amount), (event.credit, event.amount)):
                key = (account, event.asset, event.reason, event.market)
                money[key] = money.get(key, 0) + change
        elif isinstance(event, events.OrderReduced) or (
            isinstance(event, events.OrderRemoved) and event.reason == codes.DONE_REDUCE_ONLY
        ):
            trims.append(event.row())
        else:
            ordered.append(event.row())
    trims.sort(key=lambda row: (str(row[0]), row[1:]))  # one order is trimmed at most once a kind
    return ordered, trims, {key: value for key, value in money.items() if value}


def differences(said: list[events.Event], expected: list[events.Event]) -> list[str]:
    """What differs between the engine's events and the auditor's."""
    names = ("events", "trims", "money")
    engine, auditor = parts(said), parts(expected)
    if Wide.seen:
        engine = ([forgive(row) for row in engine[0]], *engine[1:])
        auditor = ([forgive(row) for row in auditor[0]], *auditor[1:])
    return [
        f"{name}\n  engine  {one}\n  auditor {two}"
        for name, one, two in zip(names, engine, auditor, strict=True)
        if one != two
    ]


def forgive(row: Any) -> Any:
    """Where an amount left its range, any refusal is as good as ``AMOUNT_RANGE``."""
    return [row[0], "out of range", row[4]] if row[0] == events.Rejected.TAG else row


def state_hash(state: State) -> str:
    """Hash of the canonical dump."""
    return codec.state_hash(state.dump())


class Run:
    """One seeded run: engine, auditor, generator, and what was counted."""

    def __init__(self, seed: int, full_every: int = FULL_EVERY) -> None:
        self.seed = seed
        self.full_every = full_every
        self.generator = Generator(seed)
        self.auditor = Auditor()
        self.engine = Engine(genesis())
        self.counts: dict[str, int] = {}
        self.index = 0
        self.refused = 0

    def count(self, what: str, by: int = 1) -> None:
        """More of something."""
        self.counts[what] = self.counts.get(what, 0) + by

    def run(self, commands: int) -> None:
        """Apply this many commands, each checked; the whole state every so often and at the end."""
        for _ in range(commands):
            self.index += 1
            self.step()
            if self.index % self.full_every == 0:
                self.compare_state()
            if self.index % RELOAD_EVERY == 0:
                self.reload()
        self.compare_state()
        for name, count in self.auditor.counts.items():
            self.counts[name] = count

    def step(self) -> None:
        """One command through both."""
        command, now, principal = self.generator.next()
        stamped = Stamped(codec.decode_command(codec.encode_command(command)), now, principal)
        accepted, expected = self.auditor.predict(stamped.command, self.index, now, principal)
        dry = self.index % DRY_EVERY == 0
        hashed = dry or not (accepted or (self.refused >= HASH_FIRST and self.refused % HASH_EVERY))
        before = state_hash(self.engine.state) if hashed else ""
        predicted = self.dry_run(stamped, before) if dry else None
        said = self.apply(stamped)
        found = self.engine.drain()
        problems = differences(found, expected)
        if said != accepted:
            problems.insert(0, f"accepted: engine {said}, auditor {accepted}")
        if predicted is not None and predicted != [event.row() for event in found]:
            problems.append(f"dry run\n  said    {predicted}")
        if problems:
            self.fail(stamped, "\n".join(problems))
        if not said:
            self.refused += 1
            if hashed:
                self.count("refusals that left the hash")
                if state_hash(self.engine.state) != before:
                    self.fail(stamped, "a refused command changed the state")
        for event in found:
            if isinstance(event, events.Filled):
                self.compare_accounts(stamped, (event.taker, event.maker))
        self.generator.learn(stamped.command, found)
        self.tally(stamped, said, found)

    def apply(self, stamped: Stamped) -> bool:
        """The engine's verdict; it may refuse, but never fail."""
        try:
            return self.engine.apply(stamped.command, self.index, stamped.now, stamped.principal)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is reported in full
            self.fail(stamped, f"the engine failed: {error!r}", error)

    def dry_run(self, stamped: Stamped, before: str) -> Rows:
        """What a dry run predicts; it changes nothing, and a copy from a snapshot agrees."""
        events_ = self.engine.dry_run(stamped.command, stamped.now, stamped.principal)
        predicted = [event.row() for event in events_]
        if state_hash(self.engine.state) != before:
            self.fail(stamped, "a dry run changed the state")
        twin = Engine(load(codec.decode_state(codec.encode_state(self.engine.state.dump()))))
        twin.apply(stamped.command, self.index, stamped.now, stamped.principal)
        rows = [event.row() for event in twin.drain()]
        if predicted != rows:
            self.fail(stamped, f"dry run said {predicted}, a loaded snapshot answers {rows}")
        self.count("dry runs")
        return predicted

    def reload(self) -> None:
        """The run goes on with the state that a snapshot gives back."""
        dump = self.engine.state.dump()
        state = load(codec.decode_state(codec.encode_state(dump)))
        if codec.state_hash(state.dump()) != codec.state_hash(dump):
            self.fail(None, "a loaded snapshot has another hash")
        self.check_full(state)
        self.engine = Engine(state)
        self.count("snapshots loaded")

    def fail(
        self, stamped: Stamped | None, problem: str, cause: Exception | None = None
    ) -> NoReturn:
        """Report where, what, and how to see it again."""
        shown = "after a command" if stamped is None else str(stamped.command.row())
        stamp = "" if stamped is None else f" now={stamped.now} principal={stamped.principal}"
        raise Difference(
            f"seed {self.seed}, command {self.index}:{stamp} {shown}\n{problem}\n"
            f"again: python -m tests.random_commands --seed {self.seed} --commands {self.index}"
        ) from cause

    def compare_accounts(self, stamped: Stamped, accounts: tuple[int, int]) -> None:
        """Cash of both sides of a fill, at once."""
        for ident in accounts:
            held, expected = self.engine.state.accounts[ident].cash(), self.auditor.money(ident)
            if held != expected:
                self.fail(stamped, f"cash of account {ident}: engine {held}, auditor {expected}")

    # The whole state ----------------------------------------------------------------------

    def compare_state(self) -> None:
        """All balances, positions, curves, prices and books; then the invariants."""
        state, auditor = self.engine.state, self.auditor
        cash, base, cost = {}, {}, {}
        for account in state.accounts:
            for row in account.balances:
                cash[account.ident, row.asset] = row.amount
            for held in account.positions:
                base[account.ident, held.market] = held.base
                cost[account.ident, held.market] = held.entry_cost
        self.same("balances", cash, auditor.cash)
        self.same("positions", base, auditor.base)
        self.same("entry costs", cost, auditor.cost)
        for market in state.markets:
            at = market.ident
            curve = state.vamms[at]
            shape = (curve.x, curve.y, curve.sqrt_k, curve.peg, curve.net, curve.capital)
            if curve.sqrt_k:
                shown = [
                    naive_vamm.shown_price(auditor.curves[at], market.params, side)
                    for side in (SELL, BUY)
                ]
                self.equal("quotes", [curve.bid, curve.ask], shown)
            feed = state.oracles[at]
            self.equal("band", (feed.low, feed.high), auditor.band(at))
            seen = (feed.price, feed.confidence, feed.published_ms, feed.accepted_ms)
            self.equal("curve", shape, tuple(auditor.curves[at]))
            self.equal("oracle", (*seen, tuple(feed.window)), tuple(auditor.feeds[at]))
            self.equal("mode", market.mode, auditor.venues[at].mode)
            self.equal("open interest", market.open_interest, auditor.open_interest(at))
            self.equal("parameters", market.params.row(), auditor.venues[at].params.row())
            for side in (BUY, SELL):
                self.equal("book", self.walk(state, at, side), self.twin(at, side))
        if set(state.external_ids) != set(auditor.used):
            self.fail(None, "external ids differ")
        self.check_full(state)
        self.count("whole states compared")

    def check_full(self, state: State) -> None:
        """The core's own sweep."""
        try:
            invariants.check_full(state)
        except invariants.InvariantBroken as broken:
            self.fail(None, str(broken), broken)

    def same(self, name: str, engine: dict[Any, int], auditor: dict[Any, int]) -> None:
        """Two tables agree, an absent row being zero."""
        for key in sorted(set(engine) | set(auditor)):
            one, two = engine.get(key, 0), auditor.get(key, 0)
            if one != two:
                self.fail(None, f"{name} of {key}: engine {one}, auditor {two}")

    def equal(self, name: str, engine: object, auditor: object) -> None:
        """Two values agree."""
        if engine != auditor:
            self.fail(None, f"{name}\n  engine  {engine}\n  auditor {auditor}")

    def walk(self, state: State, market: int, side: int) -> list[tuple[object, ...]]:
        """A side of the engine's book in matching order."""
        found: list[tuple[object, ...]] = []
        for level in reversed(state.books[market].side(side).levels):
            order = level.head
            while order is not None:
                found.append(
                    (
                        order.ident, order.account.ident, order.side, order.price, order.size,
                        order.remaining, order.filled, order.reduce_only, order.expires_ms,
                        order.client_order_id, order.age, order.priority_size, order.sequence,
                    )
                )  # fmt: skip
                order = order.next
        return found

    def twin(self, market: int, side: int) -> list[tuple[object, ...]]:
        """The same side of the naive book."""
        return [tuple(order) for order in self.auditor.books[market].ranked(side)]

    # Counting -----------------------------------------------------------------------------

    def tally(self, stamped: Stamped, accepted: bool, found: list[events.Event]) -> None:
        """Count what occurred, so that a run which tests nothing does not pass."""
        command = stamped.command
        self.count("accepted" if accepted else "refused")
        if type(command).__name__ == "Batch":
            kind = "atomic" if command.atomic else "loose"  # type: ignore[attr-defined]
            inner = any(isinstance(event, events.Rejected) for event in found)
            self.count(f"{kind} batches {'with refusals' if inner else 'all good'}")
        tifs: dict[int, int] = {}
        for event in found:
            if isinstance(event, events.Rejected):
                self.count(f"rejected {codes.REJECTS[event.code][0]}")
            elif isinstance(event, events.OracleRefused):
                self.count(f"oracle {codes.REJECTS[event.code][0]}")
            elif isinstance(event, events.Filled):
                self.count(f"fills {codes.SOURCES[event.source]}")
                if event.market == 2:
                    self.count("fills without a vamm")
            elif isinstance(event, events.OrderAccepted):
                tifs[event.order] = event.tif
            elif isinstance(event, events.OrderRemoved):
                self.count(f"removed {codes.DONE_REASONS[event.reason]}")
                if tifs.get(event.order) == codes.FOK and event.reason == codes.DONE_FILLED:
                    self.count("fok filled")
            elif isinstance(event, events.OrderReduced):
                self.count("reduced")
