"""Fills as the observer sees them: money, fees, sides, prices, who had to carry what."""

from __future__ import annotations

from fractions import Fraction

from plimsoll.messages import codes, events
from tests.harness.observer_margin import AUCTION, BOOK, ENTERING, Order
from tests.harness.observer_money import LOT, PPM, Place, broken, down, must, up
from tests.harness.observer_orders import Orders

VAULT, TREASURY = codes.VAULT_ACCOUNT, codes.TREASURY_ACCOUNT
REBATED = (codes.FROM_BOOK, codes.FROM_AUCTION, codes.FROM_HEDGED, codes.FROM_SIGNED)


class Fills(Orders):
    """Every fill, whatever its source."""

    def __init__(self) -> None:
        super().__init__()
        self.uncharged: dict[tuple[int, int], int] = {}  # closed, its penalty not paid yet
        self.poor: set[tuple[int, int]] = set()  # of those, who had nothing left after it
        self.at_auction: set[tuple[int, int]] = set()  # of those, whose last part was at an auction

    def taker_of(self, f: events.Filled) -> Order:
        """The taker's order; that of a liquidation is known by what was announced."""
        order = self.orders.get(f.taker_order)
        return self.closing_order(f.taker_order, f.taker, f.market) if order is None else order

    def closing_order(self, ident: int, account: int, market: int) -> Order:
        """See ``Closing``."""
        broken("B4", f"a fill of an order {ident} that is not there")

    def on_Filled(self, f: events.Filled) -> None:  # noqa: N802
        """Judge a fill, book it, and judge what came of it."""
        must(f.fill > self.last_fill, "O9", f"fill {f.fill} after {self.last_fill}")
        self.last_fill = f.fill
        self.filled = f
        place = self.places[f.market]
        if f.source == codes.FROM_ADL:
            self.judge_adl(f)
            self.book_fill(f, place)
            self.after_adl(f)
            return
        taker = self.taker_of(f)
        maker = self.orders.get(f.maker_order) if f.maker_order else None
        self.judge_taker(f, taker, place)
        if f.source == codes.FROM_BOOK:
            self.judge_maker(f, maker)
        elif f.source == codes.FROM_VAMM:
            self.judge_vamm_fill(f)
            self.insolvent = self.insolvent or taker.broke
        elif f.source == codes.FROM_HEDGED:
            self.judge_hedged(f, taker)
        elif f.source == codes.FROM_SIGNED:
            self.judge_signed(f, maker)
        else:
            self.judge_offer(f, taker)
        # A resting limit that is settled against the vAMM waited like any maker: no fee.
        self.judge_fees(f, place, taker.fee_free or taker.where == BOOK)
        if f.source == codes.FROM_VAMM and taker.where == AUCTION:
            taker.where = ENTERING  # off the board: nothing is reserved for what is left
        taker.remaining -= f.size
        taker.filled += f.size
        if maker is not None:
            maker.remaining -= f.size
            maker.filled += f.size
        before = self.equity(f.taker), self.equity(f.maker)
        taker_opened, maker_opened = self.book_fill(f, place)
        if f.source == codes.FROM_SIGNED and maker is not None:
            self.after_signed(maker, before[1], maker_opened)
        self.judge_debt(f, taker, before)
        self.judge_after(f, taker, taker_opened, maker_opened)

    def judge_adl(self, f: events.Filled) -> None:
        """See ``Closing``."""

    def after_adl(self, f: events.Filled) -> None:
        """See ``Closing``."""

    def judge_offer(self, f: events.Filled, taker: Order) -> None:
        """See ``Auctions``."""

    def judge_hedged(self, f: events.Filled, taker: Order) -> None:
        """See ``Hedges``."""

    def judge_signed(self, f: events.Filled, maker: Order | None) -> None:
        """See ``Gateway``."""

    def after_signed(self, maker: Order, before: int, opened: bool) -> None:
        """See ``Gateway``."""

    def judge_taker(self, f: events.Filled, taker: Order, place: Place) -> None:
        """Side, size, limit, mode and reduce-only of the taker."""
        where = (ENTERING, AUCTION) if f.source != codes.FROM_VAMM else (ENTERING, AUCTION, BOOK)
        must(taker.where in where, "U4", f"taker {taker.ident} is {taker.where}")
        must((f.taker, f.market) == (taker.account, taker.market), "B4", f"taker {f.taker}")
        must(f.side == taker.side, "B4", f"side {f.side} of {taker.ident}")
        must(f.size > 0 and f.quote >= 0, "N1", f"size {f.size}")
        must(taker.unsure or f.size <= taker.remaining, "B4", f"fills {f.size}/{taker.remaining}")
        posted = taker.post != codes.POST_NONE and taker.where != BOOK
        must(not posted, "B6", f"post-only {taker.ident} takes")
        if self.kind[f.taker] == self.kind[f.maker] == codes.TRADER:
            must(self.owner[f.taker] != self.owner[f.maker], "B5", f"{f.taker} with itself")
        average = Fraction(f.quote * LOT, f.size)
        limit = taker.price
        if not taker.unsure:
            good = average <= limit if f.side == codes.BUY else average >= limit
            ident = "L4" if taker.fee_free else "B4"
            must(good, ident, f"{float(average)} is past the limit {limit} of {taker.ident}")
        base = f.size if f.side == codes.BUY else -f.size
        held = self.size(f.taker, f.market)
        closes = held * base < 0 and abs(base) <= abs(held)
        must(closes or not taker.reduce_only, "O6", f"reduce-only {taker.ident} from {held}")
        mode = place.effective()
        if mode == codes.HALTED and not taker.fee_free:
            broken("C3", f"a fill in a halted market {f.market}")
        if mode != codes.ACTIVE and (f.source != codes.FROM_VAMM or mode != codes.RESTRICTED):
            must(closes, "C3", f"taker {taker.ident} opens in mode {mode}")

    def judge_maker(self, f: events.Filled, maker: Order | None) -> None:
        """First in its side, at its own price, within the band, not expired."""
        if maker is None or maker.where != BOOK:
            broken("U4", f"maker {f.maker_order} is not in the book")
        must((f.maker, f.market) == (maker.account, maker.market), "B4", f"maker {f.maker}")
        must(maker.side != f.side and f.size <= maker.remaining, "B4", f"maker {maker.ident}")
        must(f.price == maker.price, "B4", f"price {f.price}, maker's {maker.price}")
        must(f.quote == down(f.price * f.size, LOT), "E2", f"quote {f.quote}")
        first = self.best(f.market, maker.side)
        must(first is maker, "B3", f"{maker.ident} before {first.ident if first else 0}")
        must(not 0 < maker.expires < self.now, "B7", f"maker {maker.ident} is expired")
        if f.maker == VAULT:
            must(self.fresh(f.market), "P3", f"a quote of an old price is filled in {f.market}")
        low, high = self.band(f.market)
        must(low <= f.price <= high, "B7", f"price {f.price} outside {low}..{high}")
        held = self.size(f.maker, f.market)
        base = -f.size if f.side == codes.BUY else f.size
        closes = held * base < 0 and abs(base) <= abs(held)
        must(closes or not maker.reduce_only, "O6", f"reduce-only {maker.ident} from {held}")

    def judge_fees(self, f: events.Filled, place: Place, free: bool) -> None:
        """Fee up, rebate down, every part down, insurance the rest."""
        p = place.params
        fee = 0 if free else up(f.quote * p.taker_fee, PPM)
        with_rebate = f.source in REBATED and not free and f.maker != VAULT
        rebate = down(f.quote * p.maker_rebate, PPM) if with_rebate else 0
        must((f.taker_fee, f.maker_rebate) == (fee, rebate), "E1", f"fee {f.taker_fee}, is {fee}")
        net = fee - rebate
        shares = (
            p.split_adjustments, p.split_funding, p.split_keepers, p.split_treasury, p.split_vault,
        )  # fmt: skip
        parts = [down(net * share, PPM) for share in shares]
        said = (f.fee_adjustments, f.fee_funding, f.fee_keepers, f.fee_treasury, f.fee_vault)
        must(list(said) == parts, "E2", f"parts {said}, expected {parts}")
        must(f.fee_insurance == net - sum(parts), "E2", f"insurance {f.fee_insurance}")
        must(f.keeper in (codes.KEEPER_ACCOUNT, self.keeper()), "E4", f"keeper {f.keeper}")
        if f.source != codes.FROM_VAMM:
            must(f.surplus == 0, "E2", f"surplus {f.surplus}")

    def book_fill(self, f: events.Filled, place: Place) -> tuple[bool, bool]:
        """Ledger lines and positions; whether taker and maker opened something."""
        buying = f.side == codes.BUY
        leg = f.quote
        if f.source == codes.FROM_VAMM:
            leg = f.quote - f.surplus if buying else f.quote + f.surplus
        self.line(f.taker if buying else f.maker, f.maker if buying else f.taker, leg)
        for target, amount in (
            (f.maker, f.maker_rebate),
            (place.adjustments, f.surplus + f.fee_adjustments),
            (place.insurance, f.fee_insurance),
            (place.funding, f.fee_funding),
            (f.keeper, f.fee_keepers),
            (TREASURY, f.fee_treasury),
            (VAULT, f.fee_vault),
        ):
            self.line(f.taker, target, amount)
        sign = 1 if buying else -1
        pnl, opened = self.move(f.taker, f.market, sign * f.size, sign * f.quote)
        maker_pnl, maker_opened = self.move(f.maker, f.market, -sign * f.size, -sign * leg)
        must((f.taker_pnl, f.maker_pnl) == (pnl, maker_pnl), "M3", f"pnl {f.taker_pnl}, is {pnl}")
        bases = (self.size(f.taker, f.market), self.size(f.maker, f.market))
        must((f.taker_base, f.maker_base) == bases, "M3", f"bases {f.taker_base}, {f.maker_base}")
        return opened, maker_opened

    def judge_debt(self, f: events.Filled, taker: Order, before: tuple[int, int]) -> None:
        """Nobody trades himself into debt; an entering order is judged when it is done."""
        if f.source in (codes.FROM_BOOK, codes.FROM_AUCTION):
            self.no_debt(f.maker, before[1], 0, f"fill {f.fill} as maker")
        if taker.fee_free:
            return
        if taker.where == ENTERING and f.source != codes.FROM_AUCTION:
            taker.before = before[0] if taker.before is None else taker.before
            taker.fees += f.taker_fee
        else:
            self.no_debt(f.taker, before[0], f.taker_fee, f"fill {f.fill}")

    def count_closed(self, f: events.Filled) -> None:
        """What a liquidation closed is to be charged for, while there is equity to charge."""
        key = (f.taker, f.market)
        if key in self.at_auction:
            # Fills of an auction are charged one by one: this one found nothing to be paid from.
            closed = self.uncharged.pop(key, 0)
            p = self.places[f.market].params
            free = down(closed * self.places[f.market].price, LOT) * p.liquidation_penalty < PPM
            must(free or key in self.poor, "L6", f"{key} closed {closed} without a penalty")
        self.at_auction.discard(key)
        if f.source == codes.FROM_AUCTION:
            self.at_auction.add(key)
        self.uncharged[key] = self.uncharged.get(key, 0) + f.size
        if self.equity(f.taker) <= self.slack(f.taker):
            self.poor.add(key)
        else:
            self.poor.discard(key)

    def judge_after(self, f: events.Filled, taker: Order, opened: bool, maker_opened: bool) -> None:
        """Who opened must carry it; an entering order is judged when it is done."""
        if taker.fee_free:
            self.count_closed(f)
        if opened:
            must(self.fresh(f.market), "P3", f"{f.taker} opens on a stale price")
            taker.opened = True
            if taker.where != ENTERING:
                self.carries(f.taker, f"fill {f.fill}")
        if maker_opened and f.source in (codes.FROM_BOOK, codes.FROM_AUCTION):
            self.carries(f.maker, f"fill {f.fill} as maker")
