"""What the observer expects of funding: rate, sides, pool, and that nothing is lost on the way."""

from __future__ import annotations

from fractions import Fraction
from math import floor

from plimsoll.messages import codes, commands, events, mechanisms
from tests.harness.observer_auctions import Auctions
from tests.harness.observer_money import Place, broken, down, must, toward_zero

SCALE = 10**12


def expected_rate(e: mechanisms.FundingUpdated, place: Place) -> int:
    """The rate of a period, from the averages that the event tells."""
    p = place.params
    premium = e.mark - e.oracle
    if p.funding_carry:
        premium += down(e.oracle, p.funding_carry)
    most = down(e.oracle, p.funding_clamp)
    premium = max(-most, min(most, premium))
    period = max(3_600, p.funding_period_s)
    rate = toward_zero(premium * 1000, down(86_400, period))
    cap = down(e.oracle * p.funding_paying_max * period, 3_600_000)
    return max(-cap, min(cap, rate))


def wait(last: int, period: int) -> int:
    """Seconds a funding must wait after the last one."""
    late = last % period
    return period - late + (period if late > period // 3 else 0)


class Funding(Auctions):
    """Funding of every market."""

    def __init__(self) -> None:
        super().__init__()
        self.pooled: dict[int, int] = {}
        self.pool_before: dict[int, int] = {}
        self.told: dict[int, int] = {}
        self.updated: set[int] = set()

    def sides(self, market: int) -> tuple[int, int]:
        """Longs and shorts of those who pay and receive."""
        vamm = self.places[market].vamm
        held = [b for (a, m), b in self.base.items() if m == market and a != vamm]
        return sum(b for b in held if b > 0), -sum(b for b in held if b < 0)

    def before_funding_pool(self, e: events.Transferred) -> None:
        """The pool's part of an event."""
        pool = self.places[e.market].funding
        must(e.market not in self.pooled, "F1", "two payments of a pool")
        self.pool_before[e.market] = self.held(pool)
        self.pooled[e.market] = e.amount if e.credit == pool else -e.amount
        self.match_pool(e.market)

    def match_pool(self, market: int) -> None:
        """What the pool moved is what the event says, whichever came first."""
        if self.told.get(market, 0) == self.pooled.get(market, 0):
            self.told.pop(market, None)
            self.pooled.pop(market, None)

    def on_FundingUpdated(self, e: mechanisms.FundingUpdated) -> None:  # noqa: N802
        """Rate, sides and pool recomputed; every position runs up its exact part."""
        place = self.places[e.market]
        p = place.params
        must(p.funding_period_s > 0 and place.mode != codes.HALTED, "F5", "funding is off")
        self.judge_time(place)
        rate = expected_rate(e, place)
        must(e.rate == rate, "F3", f"rate {e.rate}, expected {rate}")
        paying = abs(rate)
        period = max(3_600, p.funding_period_s)
        cap = down(e.oracle * p.funding_receiving_max * period, 3_600_000)
        receiving = min(paying, cap)
        longs, shorts = self.sides(e.market)
        payers, receivers = (longs, shorts) if rate > 0 else (shorts, longs)
        before = self.pool_before.get(e.market, self.held(place.funding))
        gain = down(payers * paying - receivers * receiving, SCALE)
        third = down(before, 3)
        if gain < -third:
            gain = -third
            brought = down(payers * paying, SCALE)
            receiving = down(max(0, third + brought - 1) * SCALE, receivers)
        must(e.pool == gain, "F6", f"pool {e.pool}, expected {gain}")
        expected = (paying, receiving) if rate > 0 else (-receiving, -paying)
        must((e.rate_long, e.rate_short) == expected, "F1", f"{e.rate_long}, {e.rate_short}")
        if gain < 0:
            must(place.effective() == codes.ACTIVE, "C3", "a pool pays in a restricted market")
        self.told[e.market] = e.pool
        self.updated.add(e.market)
        self.match_pool(e.market)
        place.rate_long += e.rate_long
        place.rate_short += e.rate_short
        must((e.long, e.short) == (place.rate_long, place.rate_short), "F2", f"sums {e.long}")
        for (account, market), base in self.base.items():
            if market == e.market and base and account != place.vamm:
                each = e.rate_long if base > 0 else e.rate_short
                key = (account, market)
                self.due[key] = self.due.get(key, Fraction(0)) - Fraction(base * each, SCALE)
        place.funded_s = self.now // 1000

    def judge_time(self, place: Place) -> None:
        """Not before the period is over."""
        if place.funded_s >= 0:
            least = wait(place.funded_s, place.params.funding_period_s)
            passed = self.now // 1000 - place.funded_s
            must(passed >= least, "F5", f"after {passed} s of {least}")

    def on_FundingSkipped(self, e: mechanisms.FundingSkipped) -> None:  # noqa: N802
        """A period without funding is told with its reason."""
        place = self.places[e.market]
        must(e.code in codes.REJECTS, "F5", f"code {e.code}")
        self.judge_time(place)
        place.funded_s = self.now // 1000

    def before_funding_sweep(self, e: events.Transferred) -> None:
        """Only what a flat market leaves behind."""
        longs, shorts = self.sides(e.market)
        must(longs == 0 and shorts == 0, "F1", f"swept with {longs}/{shorts} open")
        must(e.amount <= self.held(e.debit), "F1", f"sweeps {e.amount}")

    def judge_clearing(self) -> None:
        """After an event the clearing account can pay whoever is owed, and pools say what moved."""
        for market, place in enumerate(self.places):
            if self.pooled.get(market) or self.told.get(market):
                broken("F1", f"market {market}: the pool's part is not booked as told")
            left = self.held(place.clearing)
            for (_, where), due in self.due.items():
                if where == market:
                    left -= floor(due)
            slack = sum(count for key, count in self.hidden.items() if key[1] == market)
            must(left + slack >= 0, "F1", f"clearing of {market} is {-left} short")

    def after_command(self) -> None:
        """What a settlement without a payment may have hidden."""
        c = self.command
        if isinstance(c, commands.SettleFunding):
            for market in range(len(self.places)):
                key = (c.account, market)
                owed = self.owed(*key)
                must(abs(owed) <= self.hidden.pop(key, 0), "F4", f"{owed} of {key} is left")
        if self.updated:
            self.judge_clearing()
            self.updated.clear()
