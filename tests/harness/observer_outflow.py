"""What leaves the exchange as the observer sees it: what is in it, what left, what has to stay."""

from __future__ import annotations

from typing import NamedTuple

from plimsoll.messages import codes, commands, events
from plimsoll.messages.gateway import SignedOrder
from plimsoll.messages.guard_params import BreakerParams
from tests.harness.observer_gateway import Gateway
from tests.harness.observer_margin import Order
from tests.harness.observer_money import AMOUNT_MAX, PPM, USD, broken, down, must, up
from tests.harness.observer_verdicts import Rules

CLAIMS_MOST = 64
WINDOW_MS, TICK_MS = 4 * 3_600_000, 300_000
"""What is counted by as long as no limits are set."""
SPOT_WORK = (commands.SwapSpot, commands.AddSpotLiquidity, commands.RemoveSpotLiquidity)
LAST_BLOCKED = (*SPOT_WORK, commands.WithdrawVault)
"""What only a pause stops."""
NORMAL, TRIPPED, PAUSED = codes.NORMAL, codes.TRIPPED, codes.PAUSED
PAID, HELD_BACK, HELD_FOR_PART = "paid", "held", "held for the part"


def fit(amount: int) -> int:
    """An amount as events can state it."""
    return max(-AMOUNT_MAX, min(AMOUNT_MAX, amount))


class Window:
    """What was counted, each amount by the tick it fell into."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, int]] = []

    def add(self, now: int, window_ms: int, tick_ms: int, amount: int) -> None:
        """Count an amount; what has left the window is gone for good."""
        self.entries = [one for one in self.entries if now - one[0] < window_ms]
        start = now - now % tick_ms
        if self.entries:
            start = max(start, self.entries[-1][0])
        self.entries.append((start, amount))

    def at(self, start: int, amount: int) -> None:
        """Count an amount in an earlier tick."""
        self.entries = sorted([*self.entries, (start, amount)], key=lambda one: one[0])

    def brought(self, now: int, window_ms: int) -> list[tuple[int, int]]:
        """Ticks in the window in which more came in than left, and how much more, oldest first."""
        sums: dict[int, int] = {}
        for start, amount in self.entries:
            if now - start < window_ms:
                sums[start] = sums.get(start, 0) + amount
        return [(start, -amount) for start, amount in sorted(sums.items()) if amount < 0]

    def total(self, now: int, window_ms: int) -> int:
        """What is in the window now."""
        return sum(amount for start, amount in self.entries if now - start < window_ms)


class Claim:
    """A withdrawal that is held."""

    def __init__(self, e: events.WithdrawalHeld, due: int) -> None:
        self.ident, self.account, self.asset, self.amount = e.claim, e.account, e.asset, e.amount
        self.worth, self.due, self.over = e.worth, due, False


class Stock(NamedTuple):
    """What is in the exchange, and what has to stay."""

    worth: int
    total: int
    kept: int
    paused: int
    part: int
    active: bool


class Outflow(Gateway):
    """Every withdrawal, and what is counted."""

    def __init__(self) -> None:
        super().__init__()
        self.outflow: BreakerParams | None = None
        self.tripped = NORMAL
        self.since = self.grace = 0
        self.flows: dict[int, Window] = {}
        self.taken: dict[int, Window] = {}
        self.gone: dict[int, int] = {}
        self.claims: dict[int, Claim] = {}
        self.holder = -1
        self.fate: tuple[str, Stock] | None = None  # of the withdrawal that is under way
        self.moves: list[tuple[int, int, int, int]] = []  # due: mode, cause, value, limit
        self.last_claim = 0

    # What is there ------------------------------------------------------------------------------

    def window_ms(self) -> int:
        """How long what left is counted."""
        return WINDOW_MS if self.outflow is None else self.outflow.window_ms

    def tick_ms(self) -> int:
        """How finely."""
        return TICK_MS if self.outflow is None else self.outflow.tick_ms

    def price_of(self, asset: int) -> int:
        """Of a whole of an asset: the last price of the first market of it."""
        if asset == USD:
            return PPM
        for place in self.places:
            if place.params.base_asset == asset:
                return place.price
        return 0

    def stock(self) -> Stock:
        """All that is here, at the prices of now, and what of it has to stay."""
        p = self.outflow or BreakerParams()
        worth = total = 0
        for asset in range(len(self.decimals)):
            price = self.price_of(asset)
            inside = -self.held(codes.OUTSIDE_ACCOUNT, asset) - self.gone.get(asset, 0)
            window = self.flows.get(asset)
            net = window.total(self.now, p.window_ms) if window is not None else 0
            worth += down(max(0, inside) * price, self.unit(asset))
            total += down(max(0, inside - net) * price, self.unit(asset))
        kept, paused = down(total * p.retained, PPM), down(total * p.pause_retained, PPM)
        active = p.retained > 0 and 0 < total >= p.threshold
        part = down((total - kept) * p.principal_share, PPM)
        return Stock(worth, total, kept, paused, part, active)

    def is_bound(self, s: Stock) -> bool:
        """Whether what leaves is limited now."""
        return self.outflow is not None and s.active and self.now >= self.grace

    def part_left(self, owner: int, s: Stock) -> int:
        """What an owner's part still lets pass."""
        if self.outflow is None or self.outflow.principal_share == PPM:
            return AMOUNT_MAX
        window = self.taken.get(owner)
        used = window.total(self.now, self.window_ms()) if window is not None else 0
        return max(0, s.part - used)

    def worth_up(self, asset: int, amount: int) -> int:
        """What an amount counts that leaves."""
        return up(amount * self.price_of(asset), self.unit(asset))

    def count_flow(self, account: int, asset: int, amount: int, worth: int) -> None:
        """Something came in (or left, negative); its owner took out that much worth."""
        if self.outflow is None:
            return
        given = (self.now, self.window_ms(), self.tick_ms())
        if amount < 0:
            amount, worth = self.undo_inflow(account, asset, amount, worth)
            if amount == 0 and worth == 0:
                return
        self.flows.setdefault(asset, Window()).add(*given, amount)
        if worth:
            self.taken.setdefault(self.owner[account], Window()).add(*given, worth)

    def undo_inflow(self, account: int, asset: int, amount: int, worth: int) -> tuple[int, int]:
        """What leaves and was brought by the same hands within the window is counted with that;
        the rest of it."""
        mine = self.taken.setdefault(self.owner[account], Window())
        flows = self.flows.setdefault(asset, Window())
        rest, left = -amount, worth
        for start, brought in mine.brought(self.now, self.window_ms()):
            part = min(left, brought)
            if part > 0:
                gone = rest if part == left else down(-amount * part, worth)
                flows.at(start, -gone)
                mine.at(start, part)
                rest, left = rest - gone, left - part
        return -rest, left

    # What a mode refuses ------------------------------------------------------------------------

    def judge_verdict(self, refusal: events.Rejected | None) -> None:
        """A mode refuses what it is there to refuse, and nothing else."""
        c = self.command
        last = isinstance(c, LAST_BLOCKED)
        if refusal is not None and refusal.code == codes.EXCHANGE_MODE:
            least = PAUSED if last else TRIPPED
            must(self.tripped >= least, "C3", f"{type(c).__name__} in mode {self.tripped}")
            must(self.is_risky(c), "C3", f"{type(c).__name__} adds no risk and is refused")
        elif refusal is None:
            blocked = (last and self.tripped == PAUSED) or (
                isinstance(c, commands.DepositVault) and self.tripped != NORMAL
            )
            must(not blocked, "C3", f"{type(c).__name__} passes in mode {self.tripped}")
        super().judge_verdict(refusal)

    def is_risky(self, c: commands.Command) -> bool:
        """Whether an order may open something; of other commands, always."""
        if not isinstance(c, commands.PlaceOrder):
            return True
        if c.reduce_only:
            return False
        bids, _, asks, _ = self.sums(c.account, c.market)
        resting = bids if c.side == codes.BUY else asks
        return c.size + resting > self.closable(c.account, c.market, c.side)

    def mode_rules(self, order: SignedOrder, size: int, rests: bool) -> Rules:
        """What the exchange's breaker refuses, too."""
        stop = codes.IN_LIQUIDATION
        for code, holds in super().mode_rules(order, size, rests):
            if code == stop:
                risky = self.adds_risk(order, size)
                yield codes.EXCHANGE_MODE, risky and self.tripped != NORMAL
            yield code, holds

    def judge_after(self, f: events.Filled, taker: Order, opened: bool, maker_opened: bool) -> None:
        """Nobody opens by taking, unless the exchange is normal; what rested before may be met."""
        calm = self.tripped == NORMAL or taker.fee_free
        must(calm or not opened, "C3", f"taker {taker.ident} opens in mode {self.tripped}")
        if f.source == codes.FROM_SIGNED:
            must(calm or not maker_opened, "C3", f"{f.maker} opens in mode {self.tripped}")
        super().judge_after(f, taker, opened, maker_opened)

    # Withdrawals --------------------------------------------------------------------------------

    def rules_of_withdrawing(self, c: commands.Withdraw) -> Rules:
        """What may leave its account; and what the breaker refuses."""
        there = 0 <= c.account < len(self.owner)
        yield codes.UNKNOWN_ACCOUNT, not there
        if not there:
            return
        yield codes.NOT_OWNER, self.owner[c.account] != self.principal
        yield codes.UNKNOWN_ASSET, c.asset >= len(self.decimals)
        kinds = (codes.TRADER, codes.TREASURY)
        yield codes.ACCOUNT_KIND, self.kind[c.account] not in kinds
        treasury = self.kind[c.account] == codes.TREASURY
        yield codes.NEEDS_PROPOSAL, treasury and self.limits.admin_delay_ms > 0
        yield codes.BAD_FIELD, c.external_id == ""
        yield codes.EXTERNAL_ID_USED, ("Withdraw", c.asset, c.external_id) in self.used
        yield codes.IN_LIQUIDATION, self.liquidated(c.account)
        if c.asset == USD:
            yield from self.leaving_rules(c.account, c.amount)
        yield (
            codes.INSUFFICIENT_BALANCE,
            c.asset != USD and c.amount > self.held(c.account, c.asset),
        )
        limited = self.outflow is not None
        refused = PAUSED if self.outflow is not None and self.outflow.locking else TRIPPED
        yield codes.EXCHANGE_MODE, self.tripped >= refused
        s = self.stock()
        if limited:
            room = max(0, s.worth - s.kept)
            worth = self.worth_up(c.asset, c.amount)
            over = worth > min(room, self.part_left(self.owner[c.account], s))
            never = refused == TRIPPED or s.part < worth <= room
            yield codes.RATE_LIMITED, self.is_bound(s) and over and never
        if self.fate_of(c.account, c.asset, c.amount, s) != PAID:
            mine = [
                o for o in self.claims.values() if self.owner[o.account] == self.owner[c.account]
            ]
            yield codes.TOO_MANY, len(mine) >= CLAIMS_MOST

    def fate_of(self, account: int, asset: int, amount: int, s: Stock) -> str:
        """What becomes of a withdrawal that is not refused."""
        if self.outflow is None:
            return PAID
        if self.tripped != NORMAL:
            return HELD_BACK
        worth = self.worth_up(asset, amount)
        if not self.is_bound(s):
            return PAID
        if worth > s.worth - s.kept:
            return HELD_BACK
        return PAID if worth <= self.part_left(self.owner[account], s) else HELD_FOR_PART

    def meet_fate(self, e: events.Transferred, account: int) -> str:
        """What the bound says of a withdrawal whose money is about to move."""
        must(self.fate is None, "C4", "a withdrawal in the middle of another")
        must(self.tripped != PAUSED, "C3", "a withdrawal while all is paused")
        s = self.stock()
        found = self.fate_of(account, e.asset, e.amount, s)
        self.fate = (found, s)
        return found

    def before_withdrawal(self, e: events.Transferred) -> None:
        """To the outside world, as much as may."""
        super().before_withdrawal(e)
        found = self.meet_fate(e, e.debit)
        must(found == PAID, "C4", f"{e.amount} of asset {e.asset} is paid, is to be {found}")
        self.fate = None

    def after_withdrawal(self, e: events.Transferred) -> None:
        """It counts."""
        self.count_flow(e.debit, e.asset, -e.amount, self.worth_up(e.asset, e.amount))

    def after_deposit(self, e: events.Transferred) -> None:
        """What came in counts, too."""
        worth = down(e.amount * self.price_of(e.asset), self.unit(e.asset))
        self.count_flow(e.credit, e.asset, e.amount, -worth)

    def before_withdrawal_held(self, e: events.Transferred) -> None:
        """Off its account, and not out."""
        must(isinstance(self.command, commands.Withdraw), "C5", "held, and nobody withdraws")
        key = ("Withdraw", e.asset, self.command.external_id)  # type: ignore[attr-defined]
        must(key not in self.used, "M6", f"external id {key} used again")
        self.used.add(key)
        must(e.credit == self.holder, "C5", f"held by {e.credit}")
        self.judge_leaving(e)
        found = self.meet_fate(e, e.debit)
        must(found != PAID, "C4", f"{e.amount} of asset {e.asset} is held, and may leave")
        self.keep_leg(e)

    def on_WithdrawalHeld(self, e: events.WithdrawalHeld) -> None:  # noqa: N802
        """Counted as gone, and the breaker trips; or held for its owner's next part."""
        c = self.command
        if self.fate is None or not isinstance(c, commands.Withdraw):
            broken("C5", f"claim {e.claim} of nothing")
        found, s = self.fate
        self.fate = None
        told = (e.account, e.asset, e.amount)
        must(told == (c.account, c.asset, c.amount), "C5", f"claim {e.claim} of {told}")
        self.take_legs("a held withdrawal", (e.account, self.holder, e.asset, e.amount))
        must(e.claim > self.last_claim, "O9", f"claim {e.claim}")
        self.last_claim = e.claim
        worth = self.worth_up(e.asset, e.amount)
        must(e.worth == fit(worth), "C5", f"claim {e.claim} is worth {worth}")
        due = 0 if found == HELD_BACK else self.now + self.window_ms()
        self.claims[e.claim] = Claim(e, due)
        most = s.worth if self.tripped == NORMAL else s.total
        over = found == HELD_BACK and self.is_bound(s) and worth > most - s.kept
        self.claims[e.claim].over = over
        if found != HELD_BACK:
            return
        self.count_flow(e.account, e.asset, -e.amount, worth)
        self.gone[e.asset] = self.gone.get(e.asset, 0) + e.amount
        if self.tripped == NORMAL:
            self.moves.append((TRIPPED, codes.CAUSE_OUTFLOW, fit(s.worth - worth), fit(s.kept)))
        s = self.stock()
        if s.active and s.worth < s.paused:
            self.moves.append((PAUSED, codes.CAUSE_OUTFLOW, fit(s.worth), fit(s.paused)))
