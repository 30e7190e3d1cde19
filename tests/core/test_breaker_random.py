"""C4: whatever is deposited, taken out, held, taken back and released, within any window no more
leaves than the limits say; judged by a model that knows neither ticks nor windows of the core."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import NORMAL, PAUSED, TRIPPED
from tests.harness.outflow_page import COOLDOWN, TICK, WINDOW, OutflowPage
from tests.harness.scenario import KEEPER, OPERATOR

NAMES = ("alice", "bob", "carol")
SHARE = 2
"""One in so many of what may leave is one principal's."""
USD = 10**6

amounts = st.integers(1, 1_200)
moments = st.one_of(
    st.integers(0, 2 * TICK),
    st.sampled_from([TICK, WINDOW // 2, WINDOW - 1, WINDOW, COOLDOWN - 1, COOLDOWN]),
)
step = st.one_of(
    st.tuples(st.just("take"), st.sampled_from(NAMES), amounts),
    st.tuples(st.just("take"), st.sampled_from(NAMES), amounts),
    st.tuples(st.just("bring"), st.sampled_from(NAMES), amounts),
    st.tuples(st.just("wait"), st.just(""), moments),
    st.tuples(st.just("cancel"), st.sampled_from(NAMES), st.integers(0, 5)),
    st.tuples(st.just("release"), st.just(""), st.integers(0, 5)),
    st.tuples(st.just("review"), st.just(""), st.just(0)),
    st.tuples(st.just("tick"), st.just(""), st.integers(1, 4)),
)


class Model:
    """What is in the exchange (1e-6 USD), as a history: at the start of which tick it became
    what. What the bound holds has left for it, what waits for a part has not. What somebody
    brought and took out again within a window was never there."""

    def __init__(self, worth: int) -> None:
        self.history = [(-1, worth)]
        self.taken: list[tuple[int, str, int]] = []

    @property
    def worth(self) -> int:
        """What is there now."""
        return self.history[-1][1]

    def comes(self, now: int, amount: int, name: str) -> None:
        """Something came in."""
        self.history.append((now - now % TICK, self.worth + amount))
        self.taken.append((now - now % TICK, name, -amount))

    def leaves(self, now: int, amount: int, name: str) -> None:
        """Something left: first what the same one brought within the window, the oldest first."""
        for start in sorted({start for start, who, _ in self.taken if who == name}):
            brought = -sum(out for at, who, out in self.taken if (at, who) == (start, name))
            part = min(amount, brought)
            if part > 0 and now - start < WINDOW:
                self.history = [(at, had - part * (at >= start)) for at, had in self.history]
                self.taken.append((start, name, part))
                amount -= part
        if amount:
            self.comes(now, -amount, name)

    def before(self, now: int) -> int:
        """What was there before the window."""
        old = [worth for start, worth in self.history if now - start >= WINDOW]
        return old[-1]

    def room(self, now: int) -> int:
        """What may leave."""
        total = self.before(now)
        return self.worth - total * 7 // 10 if total > 0 else self.worth

    def most(self, now: int) -> int:
        """The largest withdrawal that passes where nothing came or left before."""
        total = self.before(now)
        return total - total * 7 // 10 if total > 0 else 10**15

    def part(self, now: int, name: str) -> int:
        """What one may take out."""
        total = self.before(now)
        if total <= 0:
            return 10**15
        used = sum(out for start, who, out in self.taken if who == name and now - start < WINDOW)
        return (total - total * 7 // 10) // SHARE - used

    def fate(self, page: OutflowPage, name: str, amount: int) -> str:
        """What is to come of a withdrawal."""
        if page.now_mode == PAUSED:
            return "EXCHANGE_MODE"
        fits = amount <= self.room(page.now)
        passes = fits and amount <= self.part(page.now, name)
        if fits and not passes and amount > self.most(page.now) // SHARE:
            return "RATE_LIMITED"
        if page.now_mode == TRIPPED:
            return "held"
        if passes:
            return "paid"
        return "waits" if fits else "trips"


class Player:
    """Plays steps on a page and asks the model of each."""

    def __init__(self) -> None:
        self.page = OutflowPage(
            traders=" ".join(NAMES), principal_share=500_000, pause_retained=400_000
        )
        self.model = Model(3_000 * USD)
        self.gone: dict[int, bool] = {}
        self.due: dict[int, int] = {}
        self.stuck: set[int] = set()
        self.met: set[str] = set()

    def play(self, kind: str, name: str, number: int) -> None:
        """One step."""
        getattr(self, kind)(name, number)
        self.look()

    def take(self, name: str, amount: int) -> None:
        """A withdrawal."""
        page = self.page
        out = amount * USD
        if out > page.account(name).cash():
            return
        expected = self.model.fate(page, name, out)
        found = page.takes(name, str(amount))
        if found not in ("paid", "held"):
            assert found in (expected, "TOO_MANY")
            self.met.add(found)
            return
        assert found == ("paid" if expected == "paid" else "held"), expected
        assert expected in ("paid", "held", "waits", "trips")
        if expected == "trips":
            assert page.moves()[0] == (NORMAL, TRIPPED, codes.CAUSE_OUTFLOW)
        self.met.add(expected)
        if found == "held":
            claim = page.claims()[-1]
            self.gone[claim] = expected != "waits"
            self.due[claim] = page.now + WINDOW if expected == "waits" else 0
            if expected == "trips" or (expected == "held" and out > self.model.most(page.now)):
                self.stuck.add(claim)
        if expected != "waits":
            self.model.leaves(page.now, out, name)

    def bring(self, name: str, amount: int) -> None:
        """A deposit."""
        self.page.brings(name, str(amount))
        self.model.comes(self.page.now, amount * USD, name)

    def wait(self, _: str, ms: int) -> None:
        """Time passes."""
        self.page.waits(ms)

    def cancel(self, name: str, at: int) -> None:
        """Somebody takes back what is held, perhaps of somebody else; what asked for too much comes
        back in a normal mode only."""
        claims = self.page.claims()
        if not claims:
            return
        claim = claims[at % len(claims)]
        row = self.page.state.guard.held[claim]
        mine = row.account.ident == self.page.accounts[name]
        command = commands.CancelHeld(self.page.accounts[name], claim)
        waits = claim in self.stuck and self.page.now_mode != NORMAL
        assert self.page.apply(command, self.page.owner(name)) == (mine and not waits)
        if mine and waits:
            (event,) = self.page.found
            assert isinstance(event, events.Rejected)
            assert event.code == codes.HELD_WAITS
            self.met.add("HELD_WAITS")
        elif mine:
            self.met.add("back")
            if self.gone.pop(claim):
                self.model.comes(self.page.now, row.amount, name)

    def release(self, _: str, at: int) -> None:
        """Somebody asks for what is held: it is paid when it may be."""
        claims = self.page.claims()
        if not claims:
            return
        claim = claims[at % len(claims)]
        expected = self.page.now_mode == NORMAL and self.may_pay(claim)
        assert self.page.apply(commands.ReleaseHeld(claim), KEEPER) == expected
        self.settle()

    def may_pay(self, claim: int) -> bool:
        """Whether a claim may be paid in a normal mode."""
        row = self.page.state.guard.held[claim]
        name = next(n for n, a in self.page.accounts.items() if a == row.account.ident)
        now = self.page.now
        within = row.amount <= min(self.model.room(now), self.model.part(now, name))
        return self.gone[claim] or (self.due[claim] <= now and within)

    def review(self, *_: Any) -> None:
        """Somebody asks for the mode."""
        since = self.page.state.guard.breaker.since_ms
        if self.page.review() == (0, 0, 0):
            assert self.page.now - since >= COOLDOWN

    def tick(self, _: str, limit: int) -> None:
        """Due work."""
        self.page.tick(limit)
        self.settle()

    def settle(self) -> None:
        """What was paid of what was held: only in a normal mode; what waited counts now, and is
        within the bound and the part."""
        for one in self.page.found:
            if isinstance(one, events.HeldReleased):
                assert one.paid
                assert self.page.now_mode == NORMAL
                name = next(n for n, a in self.page.accounts.items() if a == one.account)
                if not self.gone.pop(one.claim):
                    assert one.amount <= self.model.room(self.page.now)
                    assert one.amount <= self.model.part(self.page.now, name)
                    self.model.leaves(self.page.now, one.amount, name)

    def look(self) -> None:
        """C4: what is there is what the model says."""
        bound = self.page.bound()
        assert bound.worth == self.model.worth
        assert bound.total == self.model.before(self.page.now)


@settings(max_examples=150, deadline=None)
@given(st.lists(step, max_size=40))
def test_no_window_lets_more_out(steps: list[tuple[str, str, int]]) -> None:
    """C4, BREAK-003 to BREAK-005: every withdrawal meets its fate."""
    player = Player()
    for kind, name, number in steps:
        player.play(kind, name, number)


def test_the_player_meets_everything() -> None:
    """The model is asked for each fate, and the modes are entered and left."""
    player = Player()
    page = player.page
    seen = set()
    script = [
        ("take", "alice", 100), ("take", "alice", 400), ("take", "bob", 300), ("take", "bob", 160),
        ("take", "bob", 451),
        ("bring", "carol", 500), ("take", "carol", 1_100), ("take", "alice", 1),
        ("cancel", "carol", 2), ("cancel", "alice", 3),
        ("bring", "bob", 600), ("take", "bob", 1_000), ("cancel", "bob", 3),
        ("wait", "", COOLDOWN), ("review", "", 0), ("tick", "", 4), ("take", "carol", 1),
    ]  # fmt: skip
    for kind, name, number in script:
        player.play(kind, name, number)
        seen.add((kind, page.now_mode))
    assert ("take", TRIPPED) in seen
    assert ("tick", NORMAL) in seen
    assert player.met == {"paid", "waits", "trips", "held", "RATE_LIMITED", "HELD_WAITS", "back"}
    page.do(commands.SetBreakerMode(PAUSED, 0), OPERATOR)
    player.play("take", "alice", 1)


def test_the_player_brings_and_takes_the_same() -> None:
    """BREAK-003, BREAK-013: money that leaves in a later tick than it came leaves the window with
    it; the model is asked in between, and of what waits for a part."""
    player = Player()
    for kind, name, number in [
        ("bring", "carol", 900), ("wait", "", TICK), ("bring", "carol", 300),
        ("wait", "", WINDOW // 2), ("take", "carol", 1_000), ("take", "alice", 440),
        ("take", "alice", 30), ("wait", "", WINDOW // 2 - TICK), ("take", "bob", 1),
        ("wait", "", TICK), ("take", "bob", 1), ("wait", "", WINDOW // 2),
        ("take", "alice", 390), ("release", "", 0), ("wait", "", WINDOW), ("release", "", 0),
    ]:  # fmt: skip
        player.play(kind, name, number)
    assert player.met == {"paid", "waits"}
    assert player.page.claims() == []
