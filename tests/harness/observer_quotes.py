"""The passive vault's quotes as the observer sees them: recomputed whenever they are told."""

from __future__ import annotations

from typing import NamedTuple

from plimsoll.messages import codes, commands, events
from plimsoll.messages.vault_params import QuoteParams
from tests.harness.observer_curve import quotes
from tests.harness.observer_hedges import Hedges
from tests.harness.observer_margin import BOOK, Order
from tests.harness.observer_money import LOT, PPM, Place, broken, down, must, toward_zero, up
from tests.harness.observer_vaults import PASSIVE, Maker

PRICE_MAX = 2**46 - 1


class Sides(NamedTuple):
    """Prices and sizes of a market's quotes, 0 where there is none."""

    bid: int = 0
    bid_size: int = 0
    ask: int = 0
    ask_size: int = 0


NONE = Sides()


class Quotes(Hedges):
    """Every quote of the passive vault."""

    def __init__(self) -> None:
        super().__init__()
        self.expected: dict[int, Sides] | None = None  # not told yet, once the first one is
        self.quoting = 0  # with how much margin

    def passive(self) -> Maker | None:
        """The passive vault."""
        for vault in self.vaults:
            if vault.kind == PASSIVE:
                return vault
        return None

    def on_VaultQuoted(self, e: events.VaultQuoted) -> None:  # noqa: N802
        """What the policy says now, in the place of all that stood before."""
        vault = self.vaults[e.vault]
        must(vault.kind == PASSIVE, "V12", f"vault {e.vault} quotes")
        kinds = (commands.OraclePrices, commands.SetVaultQuote, commands.SetVaultMode)
        must(isinstance(self.command, kinds), "V12", "quotes nobody asked for")
        if self.expected is None:
            self.expected = self.requote(vault, e.free)
        told = Sides(e.bid, e.bid_size, e.ask, e.ask_size)
        must(e.market in self.expected, "V12", f"quotes in {e.market} told twice, or never had")
        must(all(market >= e.market for market in self.expected), "V12", "markets out of order")
        sides = self.expected.pop(e.market)
        must(told == sides, "V12", f"quotes {tuple(told)} in {e.market}, are {tuple(sides)}")
        must(e.free == self.quoting, "V12", f"quotes with {e.free}, has {self.quoting}")
        for ident, side, price, size in (
            (e.bid_order, codes.BUY, e.bid, e.bid_size),
            (e.ask_order, codes.SELL, e.ask, e.ask_size),
        ):
            must((ident > 0) == (size > 0), "V12", f"order {ident} of {size}")
            if ident:
                self.stand(vault, Order(ident, vault.holder, e.market, side, price, size))

    def stand(self, vault: Maker, order: Order) -> None:
        """A quote stands in the book like anybody's order."""
        must(order.ident > self.last_order, "O9", f"id {order.ident} after {self.last_order}")
        self.last_order = order.ident
        order.ranked = (self.now, -order.remaining)
        self.rests += 1
        sign = -1 if order.side == codes.BUY else 1
        self.rank[order.ident] = (sign * order.price, *order.ranked, self.rests)
        self.add(order, BOOK)
        self.book.setdefault((order.market, order.side), {})[order.ident] = order
        self.rested.add(order.market)
        self.touched.add(vault.holder)
        self.judge_count(vault.holder)

    def requote(self, vault: Maker, told: int) -> dict[int, Sides]:
        """Take down what stands; what the policy says for every market that has, or had, quotes."""
        had = set()
        for order in self.of(vault.holder):
            had.add(order.market)
            self.drop(order)
        self.quoting = self.agreed(vault, self.margin_of(vault), told)
        total = sum(params.weight for params in vault.quotes.values())
        found = {}
        for market, params in sorted(vault.quotes.items()):
            sides = NONE
            ready = self.places[market].effective() == codes.ACTIVE and self.fresh(market)
            if self.quoting > 0 and params.weight and ready:
                part = down(self.quoting * params.weight, total)
                sides = self.sides_of(vault, market, params, part)
            if sides != NONE or market in had:
                found[market] = sides
        return found

    def margin_of(self, vault: Maker) -> int:
        """What it may quote with."""
        shut = self.worthless(vault)
        if vault.effective() == codes.HALTED or self.closing(vault) or shut:
            return 0
        if vault.params.margin_total:
            return max(0, self.settled(vault.holder))
        return max(0, self.equity(vault.holder) - self.requirement(vault.holder, False))

    def sides_of(self, vault: Maker, market: int, q: QuoteParams, part: int) -> Sides:
        """Half the margin on each side, around the oracle, away from the inventory."""
        place = self.places[market]
        half = down(part, 2)
        size = min(down(down(half * LOT, place.price) * PPM, place.params.imr), q.max_quote_size)
        held = self.size(vault.holder, market)
        skew = 0
        if q.max_skew:
            skew = max(-PPM, min(PPM, toward_zero(held * PPM, q.max_skew)))
        tilt, lean = part_of(skew, q.size_skew), part_of(skew, q.spread_skew)
        bid = self.bid_at(market, part_of(q.half_spread, PPM + lean))
        ask = self.ask_at(market, part_of(q.half_spread, PPM - lean))
        if bid >= ask:
            return NONE
        bids, asks = part_of(size, PPM - tilt), part_of(size, PPM + tilt)
        if q.max_position:
            bids = min(bids, max(0, q.max_position - held))
            asks = min(asks, max(0, q.max_position + held))
        if vault.effective() != codes.ACTIVE:
            bids, asks = min(bids, max(0, -held)), min(asks, max(0, held))
        bids, asks = self.fitting(place, bid, bids), self.fitting(place, ask, asks)
        return Sides(bid if bids else 0, bids, ask if asks else 0, asks)

    def bid_at(self, market: int, spread: int) -> int:
        """Below the oracle and below what others ask, the vAMM among them."""
        place, first = self.places[market], self.best(market, codes.SELL)
        tick = place.params.tick
        price = place.price - part_of(place.price, spread)
        price -= price % tick
        if first is not None:
            price = min(price, first.price - tick)
        if place.params.vamm_enabled:
            price = min(price, up(quotes(place)[1], tick) * tick - tick)
        return price

    def ask_at(self, market: int, spread: int) -> int:
        """Above the oracle and above what others bid, the vAMM among them."""
        place, first = self.places[market], self.best(market, codes.BUY)
        tick = place.params.tick
        price = place.price + part_of(place.price, spread)
        price += -price % tick
        if first is not None:
            price = max(price, first.price + tick)
        if place.params.vamm_enabled:
            price = max(price, down(quotes(place)[0], tick) * tick + tick)
        return price

    def fitting(self, place: Place, price: int, size: int) -> int:
        """On the step, within the band, and worth enough."""
        low, high = self.band(place.ident)
        if not max(1, low) <= price <= min(PRICE_MAX, high):
            return 0
        whole = down(size, place.params.step) * place.params.step
        return whole if whole > 0 and price * whole >= place.params.min_notional * LOT else 0

    def finish_quotes(self) -> None:
        """New prices left no old quote, and none that is due was forgotten."""
        expected, self.expected = self.expected, None
        if expected is not None:
            must(not expected, "V12", f"quotes in {sorted(expected)} are not told")
            return
        vault = self.passive()
        if vault is None or not isinstance(self.command, commands.OraclePrices):
            return
        for order in self.of(vault.holder):
            if order.where == BOOK:
                broken("V12", f"quote {order.ident} outlives its price")


def part_of(value: int, ratio: int) -> int:
    """A signed value times a signed ratio in ppm, toward zero."""
    return toward_zero(value * ratio, PPM)
