"""What the observer knows of prices: oracle, vAMM curve, repegs, health."""

from __future__ import annotations

from fractions import Fraction

from plimsoll.messages import codes, commands, events, mechanisms
from tests.harness.observer_margin import Margin
from tests.harness.observer_money import LOT, PPM, Place, broken, down, must, toward_zero, up

PRICE_MAX = 2**46 - 1
MARK_ORACLE, IMBALANCE = 1, 4
FREE, REVENUE, PAID = 1, 2, 3


def mark(place: Place) -> int:
    """The vAMM's reservation price."""
    return down(place.y * place.peg, place.x) if place.x else 0


def quotes(place: Place) -> tuple[int, int]:
    """Bid and ask around it."""
    middle = mark(place)
    return (
        down(middle * (PPM - place.short_spread), PPM),
        down(middle * (PPM + place.long_spread), PPM),
    )


def divergence(price: int, reference: int) -> int:
    """Distance as a fraction of the reference, ppm."""
    return down(abs(price - reference) * PPM, reference)


def rooms(place: Place) -> tuple[int, int]:
    """Base the concentration bounds leave to buyers and sellers."""
    middle = place.x + place.net
    wide = place.params.vamm_concentration
    return max(0, place.x - down(middle * PPM, wide)), max(0, down(middle * wide, PPM) - place.x)


class Curves(Margin):
    """Oracle prices and vAMMs."""

    def __init__(self) -> None:
        super().__init__()
        self.repegging: dict[int, int] = {}
        self.moved: dict[int, events.Filled] = {}
        self.insolvent = False  # whether the last taker against a vAMM had nothing left

    # Oracle ---------------------------------------------------------------------------------

    def verdict(self, p: commands.PricePoint) -> int:
        """The code a price must be refused with; 0 if it must be accepted."""
        if not 0 <= p.market < len(self.places):
            return codes.UNKNOWN_MARKET
        place = self.places[p.market]
        params = place.params
        if not 0 < p.price <= PRICE_MAX:
            return codes.ORACLE_NOT_POSITIVE
        if p.published_ms <= place.published:
            return codes.ORACLE_NOT_NEWER
        if p.published_ms > self.now + self.limits.oracle_future_max_ms:
            return codes.ORACLE_FROM_FUTURE
        if p.confidence > down(p.price * params.oracle_confidence_max, PPM):
            return codes.ORACLE_TOO_UNCERTAIN
        if place.window and self.now - place.accepted <= params.oracle_reset_ms:
            mean = down(sum(place.window), len(place.window))
            if p.price > down(mean * params.oracle_jump_max, PPM):
                return codes.ORACLE_TOO_VOLATILE
            if p.price < down(mean * PPM, params.oracle_jump_max):
                return codes.ORACLE_TOO_VOLATILE
        return 0

    def point(self) -> commands.PricePoint:
        """The next price of the command."""
        c = self.command
        if not isinstance(c, commands.OraclePrices):
            broken("P1", "a price nobody sent")
        must(self.at < len(c.prices), "P1", "more verdicts than prices")
        self.at += 1
        return c.prices[self.at - 1]

    at = 0

    def on_OracleAccepted(self, e: events.OracleAccepted) -> None:  # noqa: N802
        """Only a price that obeys every rule."""
        p = self.point()
        sent = (p.market, p.price, p.confidence, p.published_ms)
        must(sent == (e.market, e.price, e.confidence, e.published_ms), "P1", f"not {sent}")
        code = self.verdict(p)
        must(code == 0, "P1", f"accepted {e.price}, to be refused with {code}")
        place = self.places[e.market]
        if place.price and max(e.price, place.price) > 4 * min(e.price, place.price):
            # How far it is from the hour's average is not known here.
            place.doubtful = self.now + 2 * 3_600_000
        place.price, place.confidence, place.published = e.price, e.confidence, e.published_ms
        place.accepted = self.now
        place.window = [*place.window[-9:], e.price]
        self.run_timer(place)

    def on_OracleRefused(self, e: events.OracleRefused) -> None:  # noqa: N802
        """Only a price that breaks the rule that is named."""
        p = self.point()
        must(p.market == e.market, "P1", f"a refusal for {e.market}")
        must(self.verdict(p) == e.code, "P1", f"refused with {e.code}, not {self.verdict(p)}")
        silent = (codes.UNKNOWN_MARKET, codes.ORACLE_NOT_NEWER, codes.ORACLE_FROM_FUTURE)
        if e.code not in silent:
            self.places[e.market].sampled = -1

    def run_timer(self, place: Place) -> None:
        """Time that valid samples in a row were too far from the mark."""
        stands = mark(place)
        if not stands or not self.fresh(place.ident):
            place.sampled = -1
        elif divergence(stands, place.price) <= place.params.repeg_divergence:
            place.elapsed, place.sampled = 0, -1
            if place.doubtful < self.now:
                place.doubtful = 0
        else:
            if place.sampled >= 0:
                passed = min(self.now - place.sampled, place.params.oracle_max_age_ms)
                place.elapsed += passed
            place.sampled = self.now

    # Curve ----------------------------------------------------------------------------------

    def judge_vamm_fill(self, f: events.Filled) -> None:
        """Freshness, bounds and quotes before a fill against the curve."""
        place = self.places[f.market]
        params = place.params
        must(params.vamm_enabled and f.maker == place.vamm, "A2", "a vAMM that is off")
        must(self.fresh(f.market), "P3", f"a vAMM fill on a stale price of {f.market}")
        buying = f.side == codes.BUY
        must(f.size <= down(place.x, params.vamm_max_fill_fraction), "A5", f"fills {f.size}")
        room = rooms(place)[0 if buying else 1]
        must(2 * f.size <= room, "A5", f"fills {f.size} of a room of {room}")
        # Half the spread moves the quote reserve, and with it the price by its square.
        half = (place.long_spread if buying else -place.short_spread) / Fraction(2 * PPM)
        fair = f.size * mark(place) * (1 + half) ** 2 / LOT
        # Reserves are whole: one of quote is worth more than a unit where the peg is high.
        dust = 3 + up(place.peg, LOT)
        good = f.quote >= fair - dust if buying else f.quote <= fair + dust
        must(good, "A3", f"{f.quote} for {fair}")
        self.insolvent = self.equity(f.taker) <= self.slack(f.taker)
        self.moved[f.market] = f

    def on_VammMoved(self, e: events.VammMoved) -> None:  # noqa: N802
        """The reserves stay on the curve and hold exactly what the traders do not."""
        place = self.places[e.market]
        f = self.moved.pop(e.market, None)
        if f is None:
            broken("A2", f"the vAMM of {e.market} moved without a fill")
        base = f.size if f.side == codes.BUY else -f.size
        if f.source == codes.FROM_ADL and f.taker == place.vamm:
            base = -base
        must(e.net == place.net + base and e.x == place.x - base, "A2", f"net {e.net}, x {e.x}")
        root = place.root
        must(e.y == down(root * root, e.x), "A1", f"y {e.y} at x {e.x}")
        must(e.peg == place.peg, "A7", f"peg {e.peg} without a repeg")
        must(self.size(place.vamm, e.market) == -e.net, "A2", f"holds {-e.net}?")
        must(e.x > 0 and e.y > 0 and root > abs(e.net), "A9", f"x {e.x}, y {e.y}, net {e.net}")
        plain = f.quote - f.surplus if f.side == codes.BUY else f.quote + f.surplus
        if f.source == codes.FROM_VAMM:
            if f.side == codes.BUY:
                worth = down((e.y - place.y) * place.peg, LOT) + 1
            else:
                worth = down((place.y - e.y) * place.peg, LOT)
            must(plain == worth and f.surplus >= 0, "A3", f"plain leg {plain}, curve {worth}")
        grew = abs(e.net) > abs(place.net)
        place.x, place.y, place.net = e.x, e.y, e.net
        must((e.bid, e.ask) == quotes(place), "A3", f"quotes {e.bid}/{e.ask}")
        if f.source == codes.FROM_VAMM and grew:
            # Who owes already is closed all the same: waiting costs other people's money.
            closes = place.effective() != codes.RESTRICTED or self.insolvent
            must(closes, "C3", f"|net| grows to {e.net} in a restricted market")
            self.carries(place.vamm, "a fill that raises its position")

    def on_VammQuoted(self, e: mechanisms.VammQuoted) -> None:  # noqa: N802
        """Quotes around the reservation price, within the widest spread."""
        place = self.places[e.market]
        place.long_spread, place.short_spread = e.long_spread, e.short_spread
        must(e.price == mark(place), "A3", f"price {e.price}, curve {mark(place)}")
        must((e.bid, e.ask) == quotes(place), "A3", f"quotes {e.bid}/{e.ask}, {quotes(place)}")
        must(e.bid <= e.price <= e.ask and e.bid < e.ask, "A3", f"{e.bid} {e.price} {e.ask}")
        least = place.params.vamm_base_spread
        if place.params.vamm_spread_steps == 0:
            must(e.long_spread == e.short_spread == least, "A3", f"spread {e.long_spread}")
        must(e.long_spread + e.short_spread >= least, "A3", "narrower than allowed")

    # Repeg ----------------------------------------------------------------------------------

    def before_repeg_cost(self, e: events.Transferred) -> None:
        """Announced by the next ``Repegged``."""
        must(e.market not in self.repegging, "A7", "two payments for a repeg")
        self.repegging[e.market] = e.amount

    def before_repeg_revenue(self, e: events.Transferred) -> None:
        """Announced by the next ``Repegged``."""
        must(e.market not in self.repegging, "A7", "two payments for a repeg")
        must(e.amount <= max(0, self.free(e.debit)), "A7", f"the vAMM cannot spare {e.amount}")
        self.repegging[e.market] = -e.amount

    def on_Repegged(self, e: mechanisms.Repegged) -> None:  # noqa: N802
        """Cost, money, direction and result of a repeg, by the table."""
        place = self.places[e.market]
        paid = self.repegging.pop(e.market, 0)
        distance = place.y - down(place.root**2, place.x + place.net)
        cost = toward_zero(distance * (e.peg - place.peg), LOT)
        must(e.before == place.peg and e.distance == distance, "A7", f"before {e.before}")
        must(e.mark == mark(place), "A7", f"mark {e.mark}, curve {mark(place)}")
        must(e.cost == cost == paid, "A7", f"says {e.cost}, paid {paid}, costs {cost}")
        must(e.peg > 0 and e.peg != place.peg, "A9", f"peg {e.peg}")
        must(place.mode != codes.HALTED and self.fresh(e.market), "A8", "on no price at all")
        kind = FREE if distance == 0 else REVENUE if cost < 0 else PAID
        if e.outcome != kind and cost != 0:
            broken("A7", f"outcome {e.outcome} at a cost of {cost}")
        if e.cause == codes.REPEG_OPERATOR:
            must(isinstance(self.command, commands.Repeg), "A8", "an operator's repeg of nobody")
            must(e.oracle == place.price, "A8", f"target {e.oracle}")
        else:
            self.judge_repeg(e, place, distance)
        place.peg = e.peg
        if e.cause != codes.REPEG_OPERATOR:
            off = e.oracle - mark(place)
            must(0 <= off <= 2 + down(place.y, place.x) or e.peg == 1, "A8", f"mark is {off} off")
        if e.cause == codes.REPEG_EVENT:
            place.elapsed, place.sampled = 0, -1

    def judge_repeg(self, e: mechanisms.Repegged, place: Place, distance: int) -> None:
        """A repeg by the rules alone: what it needs to be due."""
        params = place.params
        must(params.repeg > 0, "A8", "repegs are off")
        must(e.peg == max(1, down(e.oracle * place.x, place.y)), "A7", f"peg {e.peg}")
        due = place.elapsed > params.repeg_after_ms
        far = divergence(mark(place), place.price) > params.repeg_divergence
        if e.cause == codes.REPEG_EVENT:
            must((due and far) or place.doubtful != 0, "A8", f"forced after {place.elapsed} ms")
        elif not place.doubtful:
            must(not (due and far), "A8", "the event is told as something else")
        each = 0
        if distance > 0:
            each = up(distance, 1000) + 1
        elif distance < 0:
            each = toward_zero(distance, 1000) - 1
        rises = e.peg > place.peg
        if each and (each > 0) == rises:
            must(e.cause == codes.REPEG_EVENT or params.repeg == 2, "A8", "paid, and not due")
            budget = self.held(place.adjustments) + e.cost
            bought = abs(toward_zero(budget * 10**6, each))
            must(bought > abs(e.peg - place.peg), "A7", f"{budget} does not buy the move")

    def on_RepegUnaffordable(self, e: mechanisms.RepegUnaffordable) -> None:  # noqa: N802
        """Told only when it is due and cannot be paid."""
        place = self.places[e.market]
        must(
            e.elapsed_ms == place.elapsed or place.doubtful != 0,
            "A8",
            f"elapsed {e.elapsed_ms}, {place.elapsed}",
        )
        must(e.elapsed_ms > place.params.repeg_after_ms, "A8", "not due")
        if e.cost > 0:
            must(e.budget == self.held(place.adjustments), "A7", f"budget {e.budget}")

    # Health ---------------------------------------------------------------------------------

    def on_MarketRestricted(self, e: mechanisms.MarketRestricted) -> None:  # noqa: N802
        """A bound that is broken, measured anew where events tell enough."""
        place = self.places[e.market]
        must(e.value >= e.limit, "C1", f"{e.value} within {e.limit}")
        if e.what == MARK_ORACLE and place.root:
            found = divergence(mark(place), place.price)
            must(found == e.value and found > e.limit, "C1", f"diverges {found}, says {e.value}")
        if e.what == IMBALANCE:
            room = min(rooms(place))
            net = abs(place.net)
            found = PPM if net >= room else down(net * PPM, room)
            must(found == e.value, "C1", f"imbalance {found}, says {e.value}")
        place.bounds.add(e.what)

    def on_MarketReleased(self, e: mechanisms.MarketReleased) -> None:  # noqa: N802
        """Nothing that can be measured is broken any more."""
        place = self.places[e.market]
        must(bool(place.bounds), "C1", "released, and was not restricted")
        limit = place.params.health_divergence_max
        if place.root and limit and self.fresh(e.market):
            found = divergence(mark(place), place.price)
            must(found <= max(limit, 100_000), "C1", f"released at a divergence of {found}")
        place.bounds.clear()
