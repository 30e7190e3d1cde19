"""Runs the engine, with every mechanism on, in front of the observer; reports the first breach."""

from __future__ import annotations

from typing import Any, NoReturn

from plimsoll.core import invariants
from plimsoll.core.engine import Engine, genesis
from plimsoll.core.load import load
from plimsoll.core.state import State
from plimsoll.messages import codec, codes, commands, events
from plimsoll.messages.changes import BY_TAG
from tests.harness.guard_gen import GuardGenerator
from tests.harness.mechanism_gen import MechanismGenerator
from tests.harness.observer import Breach, Observer
from tests.harness.observer_curve import quotes
from tests.harness.observer_margin import AUCTION, BOOK, TRIGGER
from tests.harness.world import Stamped

GUARDED = (
    events.BreakerMoved, events.VaultBreakerMoved, events.ProposalEnded, events.WithdrawalHeld,
    events.HeldReleased, events.DelayedExecuted, events.DelayedRefused,
)  # fmt: skip
FULL_EVERY = 100
HASH_EVERY = 40
RELOAD_EVERY = 1_000


class Witnessed(Exception):
    """A rule is broken, or books and engine differ; ``ident`` is the rule's id."""

    def __init__(self, ident: str, text: str) -> None:
        super().__init__(text)
        self.ident = ident


def state_hash(state: State) -> str:
    """Hash of the canonical dump."""
    return codec.state_hash(state.dump())


def named(command: commands.Command) -> str:
    """What a command is counted as."""
    name = type(command).__name__
    if isinstance(command, commands.TradeVault):
        exact = "quote" if command.exact_quote else "base"
        return f"{name} {codes.SIDES[command.side]} {exact}"
    if isinstance(command, commands.PlaceOrder) and command.maker >= 0:
        return f"{name} directed {codes.KINDS[command.kind]} {codes.TIFS[command.tif]}"
    if isinstance(command, commands.SettleSigned):
        order = command.order
        part = "all" if command.size == order.size else "a part"
        return f"{name} of {part}{', reduce-only' if order.reduce_only else ''}"
    return name


def guarded(event: events.Event, by: str) -> str:
    """What an event of the gateway, of breakers or of proposals is counted as."""
    name = type(event).__name__
    if isinstance(event, events.BreakerMoved | events.VaultBreakerMoved):
        mode, cause = codes.BREAKER_MODES[event.mode], codes.BREAKER_CAUSES[event.cause]
        return f"event {name} to {mode}, {cause}"
    if isinstance(event, events.ProposalEnded):
        done = event.reason == codes.PROPOSAL_EXECUTED
        change = f", {BY_TAG[event.change].__name__}" if done else ""
        return f"event {name}, {codes.PROPOSAL_ENDS[event.reason]}{change}"
    if isinstance(event, events.WithdrawalHeld):
        return f"event {name} of {'base' if event.asset else 'collateral'}"
    if isinstance(event, events.HeldReleased):
        return f"event {name}, {'paid' if event.paid else 'taken back'}"
    if isinstance(event, events.DelayedRefused):
        return f"delayed refused {codes.REJECTS[event.code][0]}"
    return f"event {name} by {by}"


class Witness:
    """One seeded run: engine, observer, generator, and what was counted."""

    def __init__(
        self,
        seed: int,
        full_every: int = FULL_EVERY,
        reload_every: int = RELOAD_EVERY,
        generator: type[MechanismGenerator] = GuardGenerator,
    ) -> None:
        self.seed = seed
        self.reload_every = reload_every
        self.swaps = True  # whether the run goes on, now and then, with what was loaded
        self.full_every = full_every
        self.generator = generator(seed)
        self.observer = Observer()
        self.engine = Engine(genesis())
        self.counts: dict[str, int] = {}
        self.index = 0
        self.journal: list[tuple[bytes, int, int, int, str]] = []
        self.kept = codec.encode_state(self.engine.state.dump())
        self.last: Stamped | None = None

    def count(self, what: str, by: int = 1) -> None:
        """More of something."""
        self.counts[what] = self.counts.get(what, 0) + by

    def run(self, commands: int) -> None:
        """Apply this many commands, each observed; everything is compared every so often."""
        for _ in range(commands):
            self.index += 1
            self.step()
            if self.index % self.full_every == 0:
                self.compare()
            if self.index % self.reload_every == 0:
                self.replay()
        self.compare()
        self.replay()

    def step(self) -> None:
        """One command through the engine, in front of the observer."""
        command, now, principal = self.generator.next()
        wire = codec.encode_command(command)
        stamped = Stamped(codec.decode_command(wire), now, principal)
        hashed = self.index % HASH_EVERY == 0
        before = state_hash(self.engine.state) if hashed else ""
        if hashed:
            self.dry_run(stamped, before)
        accepted = self.apply(stamped)
        found = self.engine.drain()
        told = repr([event.row() for event in found])
        self.journal.append((wire, self.index, now, principal, told))
        if hashed and not accepted:
            self.count("refusals that left the hash")
            if state_hash(self.engine.state) != before:
                self.fail(stamped, "D4", "a refused command changed the state")
        try:
            self.observer.step(stamped.command, principal, self.index, now, accepted, found)
        except Breach as breach:
            rows = "\n  ".join(f"{type(event).__name__} {event.row()}" for event in found)
            self.fail(stamped, breach.ident, f"{breach.text}\n  {rows}", breach)
        self.compare_touched(stamped)
        self.generator.learn(stamped.command, found)
        self.tally(stamped, accepted, found)

    def apply(self, stamped: Stamped) -> bool:
        """The engine's verdict; it may refuse, but never fail."""
        try:
            return self.engine.apply(stamped.command, self.index, stamped.now, stamped.principal)
        except invariants.InvariantBroken as broken:
            self.fail(stamped, broken.ident, str(broken), broken)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is reported in full
            self.fail(stamped, "D5", f"the engine failed: {error!r}", error)

    def dry_run(self, stamped: Stamped, before: str) -> None:
        """A dry run changes nothing."""
        try:
            self.engine.dry_run(stamped.command, stamped.now, stamped.principal)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is reported in full
            self.fail(stamped, "D5", f"a dry run failed: {error!r}", error)
        if state_hash(self.engine.state) != before:
            self.fail(stamped, "D4", "a dry run changed the state")
        self.count("dry runs")

    def replay(self) -> None:
        """From the last snapshot the same commands lead to the same events and the same hash."""
        dump = self.engine.state.dump()
        twin = Engine(load(codec.decode_state(self.kept)))
        for wire, seq, now, principal, told in self.journal:
            command = codec.decode_command(wire)
            twin.apply(command, seq, now, principal)
            again = repr([event.row() for event in twin.drain()])
            if again != told:
                name = f"command {seq}, {type(command).__name__} {command.row()}"
                self.fail(None, "D1", f"replayed from the last snapshot, {name}\n{told}\n{again}")
        if codec.state_hash(twin.state.dump()) != codec.state_hash(dump):
            self.fail(None, "D1", "a replay from the last snapshot leads to another state")
        self.kept = codec.encode_state(dump)
        state = load(codec.decode_state(self.kept))
        if codec.state_hash(state.dump()) != codec.state_hash(dump):
            self.fail(None, "D2", "a loaded snapshot has another hash")
        if self.swaps and self.index % (3 * self.reload_every) == 0:
            # Not each time: what a snapshot forgets shows when live and loaded run side by side.
            self.engine = Engine(state)
        self.journal.clear()
        self.count("snapshots loaded and replayed")

    def fail(
        self, stamped: Stamped | None, ident: str, problem: str, cause: Exception | None = None
    ) -> NoReturn:
        """Report where, what, and how to see it again."""
        shown = "after a command" if stamped is None else str(stamped.command.row())
        stamp = "" if stamped is None else f" now={stamped.now} principal={stamped.principal}"
        name = "" if stamped is None else type(stamped.command).__name__
        raise Witnessed(
            ident,
            f"{ident}: seed {self.seed}, command {self.index}:{stamp} {name} {shown}\n{problem}\n"
            f"again: python -m tests.random_mechanisms --seed {self.seed}"
            f" --commands {self.index}",
        ) from cause

    # Engine and books -----------------------------------------------------------------------

    def same(self, what: str, engine: Any, observer: Any, ident: str = "M5") -> None:
        """Two views of one thing agree."""
        if engine != observer:
            self.fail(self.last, ident, f"{what}\n  engine   {engine}\n  observer {observer}")

    def compare_touched(self, stamped: Stamped) -> None:
        """Cash of everybody who was paid, or paid."""
        accounts = self.engine.state.accounts
        self.last = stamped
        for ident in self.observer.touched:
            held = self.observer.held(ident)
            self.same(f"cash of account {ident}", accounts[ident].cash(), held)

    def compare(self) -> None:
        """Everything; then the core's own sweep and the observer's."""
        state, own = self.engine.state, self.observer
        self.last = None
        for account in state.accounts:
            ident = account.ident
            for row in account.balances:
                self.same(f"balance {ident}", row.amount, own.held(ident, row.asset))
            for held in account.positions:
                key = (ident, held.market)
                mine = (own.size(*key), own.cost.get(key, 0), *own.sums(*key))
                theirs = (
                    held.base, held.entry_cost,
                    held.bid_size, held.bid_notional, held.ask_size, held.ask_notional,
                )  # fmt: skip
                self.same(f"position {key}", theirs, mine)
        for market in state.markets:
            self.compare_market(state, market.ident)
        waiting = {o.ident for o in own.orders.values() if o.where == TRIGGER}
        self.same("triggers", set(state.board.triggers), waiting, "U3")
        live = {o.ident: o.remaining for o in own.orders.values() if o.where == AUCTION}
        running = {a.ident: a.order.remaining for a in self.auctions()}
        self.same("auctions", running, live, "U3")
        for auction in self.auctions():
            offers = [(o.ident, o.size) for o in auction.offers]
            mine_offers = [(o.ident, o.left) for o in own.auctions[auction.ident].offers.values()]
            self.same(f"offers of {auction.ident}", offers, mine_offers, "U3")
        self.compare_vaults(state)
        self.compare_gateway(state)
        self.compare_guards(state)
        try:
            invariants.check_full(state)
        except invariants.InvariantBroken as broken:
            self.fail(None, broken.ident, str(broken), broken)
        try:
            own.judge_all()
        except Breach as breach:
            self.fail(None, breach.ident, breach.text, breach)
        self.count("whole states compared")

    def compare_vaults(self, state: State) -> None:
        """Vaults, who holds them, what waits, and firm quotes."""
        board = state.liquidity
        for row, mine in zip(board.vaults, self.observer.vaults, strict=True):
            ident = row.ident
            theirs = (row.supply, row.liability, row.mode, row.shut, row.snapshot_day)
            own = (mine.supply, mine.liability, mine.mode, mine.shut, mine.day)
            self.same(f"vault {ident}", theirs, own, "V5")
            if row.market >= 0:
                gap = (row.net_base, row.unhedged)
                self.same(f"hedge of vault {ident}", gap, (mine.net_base, mine.missing), "H1")
            held = board.holdings[ident]
            shares = {one.account: one.shares for one in held if one.shares}
            known = {account: count for account, count in mine.shares.items() if count}
            self.same(f"shares of vault {ident}", shares, known, "V5")
            listed = {one.account for one in held if one.allowed}
            self.same(f"whitelist of vault {ident}", listed, mine.allowed)
            waits = {u.ident: (u.value, u.shares, u.due_ms) for one in held for u in one.unlocks}
            told = {one.ident: (one.value, one.shares, one.due) for one in mine.waiting}
            self.same(f"unlocks of vault {ident}", waits, told, "V11")
        firms = {one.ident: (one.left, one.held) for one in board.offers}
        standing = {one.ident: (one.left, one.held) for one in self.observer.firms.values()}
        self.same("firm quotes", firms, standing, "E5")

    def compare_gateway(self, state: State) -> None:
        """Who may sign, what is known of signed orders, what waits for a later price."""
        own, board = self.observer, state.gateway
        keys = {account: sorted(keys) for account, keys in own.keys.items() if keys}
        self.same("signers", board.signers, keys, "X3")
        known = {key: (*one.terms, one.filled, one.cancelled) for key, one in own.known.items()}
        rows = {
            key: (row.account, row.size, row.expires_ms, row.filled, row.cancelled)
            for key, row in board.signed.items()
        }
        self.same("signed orders", rows, known, "X3")
        waits = {
            row.ident: (row.earliest_ms, row.order.expires_ms)
            for row in state.board.triggers.values()
            if row.is_delayed()
        }
        later = {ident: (one.earliest, one.expires) for ident, one in own.later.items()}
        self.same("delayed orders", waits, later, "O11")

    def compare_guards(self, state: State) -> None:
        """Breakers, what they counted, what is held, what is proposed."""
        own, board = self.observer, state.guard
        row, now = board.breaker, own.now
        mine = (own.tripped, own.since, own.grace)
        self.same("breaker", (row.mode, row.since_ms, row.grace_ms), mine, "C2")
        window = own.window_ms()
        for asset in range(len(state.assets)):
            flows = sum(many for start, many in row.flows_of(asset) if now - start < window)
            counted = own.flows[asset].total(now, window) if asset in own.flows else 0
            self.same(f"flow of asset {asset}", flows, counted, "C4")
            self.same(f"gone of asset {asset}", row.gone_of(asset), own.gone.get(asset, 0), "C5")
        for principal, taken in own.taken.items():
            flows = sum(
                many for start, many in board.outflow(principal).flows if now - start < window
            )
            self.same(f"taken by {principal}", flows, taken.total(now, window), "C4")
        held = {one.ident: (one.amount, one.due_ms) for one in board.held.values()}
        claims = {one.ident: (one.amount, one.due) for one in own.claims.values()}
        self.same("claims", held, claims, "C5")
        for vault, watch in zip(state.liquidity.vaults, own.watches, strict=True):
            guard = vault.guard
            hedged = sum(many for start, many in guard.hedges if now - start < window)
            self.same(f"hedges of {vault.ident}", hedged, watch.hedges.total(now, window), "H8")
            told = (guard.mode, guard.calm_ms)
            self.same(f"breaker of {vault.ident}", told, (watch.mode, watch.calm), "C2")
        waiting = {one.ident: (one.ready_ms, one.expires_ms) for one in board.proposals.values()}
        open_now = {i: (one.told.ready_ms, one.told.expires_ms) for i, one in own.open.items()}
        self.same("proposals", waiting, open_now, "N3")

    def auctions(self) -> list[Any]:
        """The engine's live auctions."""
        return [one for live in self.engine.state.board.live for one in live]

    def compare_market(self, state: State, at: int) -> None:
        """Mode, oracle, curve and book of a market."""
        own, curve, feed = self.observer, state.vamms[at], state.oracles[at]
        place = own.places[at]
        self.same("mode", state.markets[at].effective_mode(), place.effective(), "C3")
        shape = (curve.x, curve.y, curve.peg, curve.net, curve.long_spread, curve.short_spread)
        if place.root:
            mine = (place.x, place.y, place.peg, place.net, place.long_spread, place.short_spread)
            self.same("curve", shape, mine)
            self.same("quotes", (curve.bid, curve.ask), quotes(place), "A3")
        self.same("oracle", (feed.price, feed.published_ms), (place.price, place.published), "P1")
        timer = state.tracks[at].timer
        if place.root and place.params.repeg and not place.doubtful:
            told = (timer.elapsed_ms, timer.sampled_ms)
            self.same("timer", told, (place.elapsed, place.sampled), "A8")
        for side in (codes.BUY, codes.SELL):
            mine_book = own.book.get((at, side), {}).values()
            ranked = sorted(mine_book, key=lambda o: own.rank[o.ident])
            expected = [(o.ident, o.price, o.remaining) for o in ranked]
            self.same("book", self.walk(state, at, side), expected, "B2")

    def walk(self, state: State, market: int, side: int) -> list[tuple[int, int, int]]:
        """A side of the engine's book in matching order."""
        found = []
        for level in reversed(state.books[market].side(side).levels):
            order = level.head
            while order is not None:
                found.append((order.ident, order.price, order.remaining))
                order = order.next
        return found

    # Counting -------------------------------------------------------------------------------

    def tally(self, stamped: Stamped, accepted: bool, found: list[events.Event]) -> None:
        """Count what occurred, so that a run which tests nothing does not pass."""
        self.count("accepted" if accepted else "refused")
        if accepted:
            self.count(f"did {named(stamped.command)}")
        for event in found:
            name = type(event).__name__
            if isinstance(event, events.Rejected):
                self.count(f"rejected {codes.REJECTS[event.code][0]}")
            elif isinstance(event, events.OracleRefused):
                self.count(f"oracle {codes.REJECTS[event.code][0]}")
            elif isinstance(event, events.Filled):
                self.count(f"fills {codes.SOURCES[event.source]}")
            elif isinstance(event, events.Transferred):
                self.count(f"paid {codes.REASONS[event.reason]}")
            elif isinstance(event, events.OrderRemoved):
                self.count(f"removed {codes.DONE_REASONS[event.reason]}")
            elif isinstance(event, events.VaultHedged):
                cause = "of a fill" if event.fill else "that was missing"
                self.count(f"hedges {cause}, {codes.VENUES[event.venue]}")
            elif isinstance(event, events.VaultRefused):
                self.count(f"vault refused {codes.REJECTS[event.code][0]}")
            elif isinstance(event, events.VaultWithdrawn):
                self.count(f"event {name}{' for both assets' if event.other else ''}")
            elif isinstance(event, events.VaultModeSet):
                self.count(f"event {name}{' of itself' if event.cause else ''}")
            elif isinstance(event, GUARDED):
                self.count(guarded(event, type(stamped.command).__name__))
            else:
                self.count(f"event {name}")


__all__ = ["BOOK", "Witness", "Witnessed"]
