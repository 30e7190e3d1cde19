"""The exchange's breaker as the observer sees it: what is held, and how its modes change."""

from __future__ import annotations

from plimsoll.messages import codes, commands, events
from plimsoll.messages.guard_params import BreakerParams
from tests.harness.observer_money import broken, must
from tests.harness.observer_outflow import NORMAL, PAUSED, Claim, Outflow, Stock, fit
from tests.harness.observer_verdicts import Rules

LOOKED_AT = 16


class Breakers(Outflow):
    """Every claim, and every mode of the exchange."""

    def __init__(self) -> None:
        super().__init__()
        self.found: Stock | None = None  # before a held withdrawal is paid

    def rules(self, c: commands.Command) -> Rules | None:
        if isinstance(c, commands.ReleaseHeld):
            return self.rules_of_releasing(c)
        if isinstance(c, commands.CancelHeld):
            return self.rules_of_taking_back(c)
        if isinstance(c, commands.ReviewBreaker) and c.vault < 0:
            return self.rules_of_review()
        return super().rules(c)

    # What is held -------------------------------------------------------------------------------

    def may_pay(self, one: Claim, s: Stock) -> bool:
        """Whether a claim may be paid now."""
        if self.tripped != NORMAL or one.due > self.now:
            return False
        worth = self.worth_up(one.asset, one.amount)
        if one.due == 0 or not self.is_bound(s):
            return True
        left = min(max(0, s.worth - s.kept), self.part_left(self.owner[one.account], s))
        return worth <= left

    def rules_of_releasing(self, c: commands.ReleaseHeld) -> Rules:
        """Once all is normal, it is due, and the bound lets it pass."""
        one = self.claims.get(c.claim)
        yield codes.UNKNOWN_HELD, one is None
        if one is None:
            return
        yield codes.HELD_WAITS, self.tripped != NORMAL
        yield codes.BREAKER_WAITS, one.due > self.now
        yield codes.RATE_LIMITED, not self.may_pay(one, self.stock())

    def rules_of_taking_back(self, c: commands.CancelHeld) -> Rules:
        """By its owner; what asked for too much, once all is normal."""
        there = 0 <= c.account < len(self.owner)
        yield codes.UNKNOWN_ACCOUNT, not there
        yield codes.NOT_OWNER, there and self.owner[c.account] != self.principal
        one = self.claims.get(c.claim)
        yield codes.UNKNOWN_HELD, one is None or one.account != c.account
        yield codes.HELD_WAITS, one is not None and one.over and self.tripped != NORMAL

    def before_held_paid(self, e: events.Transferred) -> None:
        """Out, of what is held."""
        self.found = self.stock()
        self.keep_leg(e)

    def before_held_back(self, e: events.Transferred) -> None:
        """Back to where it came from."""
        must(isinstance(self.command, commands.CancelHeld), "C5", "taken back by nobody")
        self.keep_leg(e)

    def on_HeldReleased(self, e: events.HeldReleased) -> None:  # noqa: N802
        """Once; paid when it may be, or taken back by its owner."""
        one, c = self.claims.pop(e.claim, None), self.command
        if one is None:
            broken("C5", f"claim {e.claim} is released and was not held")
        told = (e.account, e.asset, e.amount)
        must(told == (one.account, one.asset, one.amount), "C5", f"claim {e.claim}: {told}")
        target = codes.OUTSIDE_ACCOUNT if e.paid else one.account
        self.take_legs("a claim", (self.holder, target, one.asset, one.amount))
        if e.paid:
            self.judge_paid_out(one)
        else:
            must(isinstance(c, commands.CancelHeld) and c.claim == e.claim, "C5", "taken back")
            must(self.owner[one.account] == self.principal, "X4", f"claim {e.claim} of others")
            if one.due == 0:
                self.count_flow(one.account, one.asset, one.amount, -one.worth)
        if one.due == 0:
            self.gone[one.asset] -= one.amount
        elif e.paid:
            worth = self.worth_up(one.asset, one.amount)
            self.count_flow(one.account, one.asset, -one.amount, worth)

    def judge_paid_out(self, one: Claim) -> None:
        """By whoever asks for it, or by the house, the first that may be paid first."""
        c, s = self.command, self.found
        self.found = None
        must(s is not None and self.may_pay(one, s), "C4", f"claim {one.ident} is paid too early")
        if isinstance(c, commands.ReleaseHeld):
            must(c.claim == one.ident, "C5", f"claim {one.ident} is paid unasked")
            return
        must(isinstance(c, commands.Tick), "C5", f"claim {one.ident} is paid by nobody")
        mine = (one.due, one.ident)
        due = sorted((o.due, o.ident) for o in self.claims.values() if o.due <= self.now)
        for first in due[:LOOKED_AT]:
            ready = self.may_pay(self.claims[first[1]], s)  # type: ignore[arg-type]
            must(not (first < mine and ready), "C5", f"claim {first[1]} is passed over")

    # Modes --------------------------------------------------------------------------------------

    def rules_of_mode(self, c: commands.SetBreakerMode) -> Rules:
        """A grace is of a normal mode, under limits, and no longer than a window."""
        latest = self.now + self.outflow.window_ms if self.outflow is not None else 0
        good = c.mode == NORMAL and self.now < c.grace_until_ms <= latest
        yield codes.BAD_FIELD, c.grace_until_ms > 0 and not good

    def cooldown(self) -> int:
        """How long the exchange stays in its mode."""
        p = self.outflow or BreakerParams()
        return p.pause_cooldown_ms if self.tripped == PAUSED else p.cooldown_ms

    def recovers(self) -> bool:
        """Whether a mode may be left: its time is over and what has to stay is there."""
        if self.tripped == NORMAL or self.now - self.since < self.cooldown():
            return False
        s = self.stock()
        return self.tripped == PAUSED or not s.active or s.worth >= s.kept

    def rules_of_review(self) -> Rules:
        """Of the exchange's breaker."""
        yield codes.NOTHING_TO_DO, self.tripped == NORMAL
        yield codes.BREAKER_WAITS, not self.recovers()

    def on_BreakerParamsSet(self, e: events.BreakerParamsSet) -> None:  # noqa: N802
        """Those of the command, a sound set."""
        c = self.command
        if not isinstance(c, commands.SetBreakerParams):
            broken("N3", "limits nobody set")
        must(not c.params.problems(), "N2", f"limits that are not sound: {c.params.problems()}")
        self.outflow = c.params
        worth = fit(self.stock().worth)
        must(e.worth == worth, "C1", f"worth {e.worth}, is {worth}")

    def on_AccountCreated(self, e: events.AccountCreated) -> None:  # noqa: N802
        """One account has all that is held."""
        super().on_AccountCreated(e)
        if e.kind == codes.HELD:
            must(self.holder < 0 and self.outflow is None, "C5", f"held in {e.account}, too")
            self.holder = e.account

    def on_BreakerMoved(self, e: events.BreakerMoved) -> None:  # noqa: N802
        """By the operator, by what left, or by its own condition."""
        c = self.command
        must(e.before == self.tripped, "C2", f"mode before: {e.before}, was {self.tripped}")
        told = (e.mode, e.cause, e.value, e.limit)
        grace = 0
        if isinstance(c, commands.SetBreakerMode):
            grace = c.grace_until_ms
            must(told == (c.mode, codes.CAUSE_OPERATOR, grace, 0), "C2", f"moved by {told}")
        elif e.cause == codes.CAUSE_RECOVERED:
            asked = isinstance(c, commands.Tick) or (
                isinstance(c, commands.ReviewBreaker) and c.vault < 0
            )
            must(asked and self.recovers(), "C2", f"left mode {self.tripped} by {told}")
            due = (self.tripped - 1, e.cause, fit(self.now - self.since), self.cooldown())
            must(told == due, "C2", f"left mode {self.tripped} by {told}, is due {due}")
        else:
            must(self.moves[:1] == [told], "C1", f"moved by {told}, due {self.moves}")
            del self.moves[0]
        self.tripped, self.since, self.grace = e.mode, self.now, grace

    # The end ------------------------------------------------------------------------------------

    def finish_breaker(self, told: int) -> None:
        """What was held is told and there; a house with time left lets go what may."""
        must(self.fate is None, "C5", "a withdrawal that nobody told")
        must(not self.moves, "C1", f"the breaker did not move: {self.moves}")
        if self.holder in self.touched:
            self.judge_holder()
        if self.has_time(told):
            must(not self.recovers(), "C2", f"mode {self.tripped} is not left")
            if self.claims and self.tripped == NORMAL:
                s = self.stock()
                due = sorted((o.due, o.ident) for o in self.claims.values() if o.due <= self.now)
                free = [i for _, i in due[:LOOKED_AT] if self.may_pay(self.claims[i], s)]
                must(not free, "C5", f"claims {free} may be paid, and wait")

    def judge_holder(self) -> None:
        """C5: what is held is the sum of the claims, of every asset."""
        for asset in range(len(self.decimals)):
            claims = sum(o.amount for o in self.claims.values() if o.asset == asset)
            have = self.held(self.holder, asset)
            must(claims == have, "C5", f"held {have} of asset {asset}, claims {claims}")
