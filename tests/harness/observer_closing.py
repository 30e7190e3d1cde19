"""Liquidation as the observer sees it: who, at which prices, who pays, who is deleveraged."""

from __future__ import annotations

from fractions import Fraction

from plimsoll.messages import codes, events, mechanisms
from tests.harness.observer_funding import Funding
from tests.harness.observer_margin import AUCTION, ENTERING, Order
from tests.harness.observer_money import LOT, PPM, Place, broken, down, must, up

PRICE_MAX = 2**46 - 1
DUST = 2


def bankruptcy(base: int, oracle: int, equity: int, tick: int) -> int:
    """The price at which closing all of a position leaves nothing, on the tick for the holder."""
    size = abs(base)
    away = Fraction(equity * LOT, size)
    exact = (oracle - away) / tick if base > 0 else (oracle + away) / tick
    steps = -((-exact) // 1) if base > 0 else exact // 1
    return max(tick, min(int(steps) * tick, PRICE_MAX // tick * tick))


class Closing(Funding):
    """Every liquidation, deleveraging and loss."""

    def __init__(self) -> None:
        super().__init__()
        self.announced: dict[tuple[int, int], mechanisms.Liquidating] = {}
        self.bankruptcies: dict[int, int] = {}  # order -> price of deleveraging
        self.penalty: dict[int, int] = {}
        self.insured: dict[tuple[int, int], int] = {}  # by debtor and market, this command
        self.topped: dict[tuple[int, int], int] = {}  # of that, what was told already
        self.begun: set[int] = set()
        self.round: set[int] = set()
        self.round_of = (0, 0)
        self.leg: events.Filled | None = None

    def buffer(self, account: int) -> int:
        """The largest buffer of the markets the account may be closed in."""
        found = 0
        for market, place in enumerate(self.places):
            p = place.params
            if self.size(account, market) and p.liquidation and place.mode != codes.HALTED:
                found = max(found, p.liquidation_buffer)
        return found

    def on_Liquidating(self, e: mechanisms.Liquidating) -> None:  # noqa: N802
        """Below the requirement, on valid prices, at prices that follow from the equity."""
        place = self.places[e.market]
        p = place.params
        must(p.liquidation and place.mode != codes.HALTED, "L1", "liquidations are off")
        must(e.oracle == place.price, "L1", f"oracle {e.oracle}, is {place.price}")
        for market in range(len(self.places)):
            if self.size(e.account, market):
                must(self.fresh(market), "P3", f"liquidated on a stale price of {market}")
        if e.account not in self.begun:
            self.settle_all(e.account)
        own, needed = self.equity(e.account), self.requirement(e.account, True)
        vamm = self.kind[e.account] == codes.VAMM
        told = e.equity + self.topped.get((e.account, e.market), 0)
        slack = self.slack(e.account)
        must(abs(told - own) <= slack, "L1", f"equity {told}, is {own}")
        must(e.maintenance == needed, "L1", f"maintenance {e.maintenance}, is {needed}")
        if e.account not in self.begun:
            must(e.equity < needed, "L1", f"{e.account} has {e.equity}, needs {needed}")
            self.judge_cancelled(e)
            self.judge_size(e, place, self.cure(e, place, needed))
        else:
            most = (PPM + self.buffer(e.account)) * needed
            must(e.equity * PPM < most, "L3", f"{e.account} has recovered at {e.equity}")
        base = self.size(e.account, e.market)
        must((e.side == codes.SELL) == (base > 0) and base != 0, "O6", f"side {e.side} of {base}")
        must(0 < e.size <= abs(base), "L3", f"closes {e.size} of {base}")
        self.judge_uncharged(e.account)
        if not slack:
            self.judge_prices(e, base, own, p.tick, vamm)
        self.announced[e.account, e.market] = e
        self.begun.add(e.account)

    def settle_all(self, account: int) -> None:
        """A liquidation begins with all funding settled, but for less than a unit."""
        for market in range(len(self.places)):
            key = (account, market)
            unpaid = self.owed(*key)
            slack = self.hidden.pop(key, 0)
            must(abs(unpaid) <= slack, "F4", f"{account} is liquidated with {unpaid} unsettled")

    def judge_prices(
        self, e: mechanisms.Liquidating, base: int, own: int, tick: int, vamm: bool
    ) -> None:
        """Bankruptcy price and worst price, from the equity before any fill."""
        price = bankruptcy(base, e.oracle, min(0, own) if vamm else own, tick)
        must(e.bankruptcy == price, "L4", f"bankruptcy {e.bankruptcy}, is {price}")
        if not vamm:
            pool = self.held(self.places[e.market].insurance)
            equity = own if own > 0 else min(0, own + pool)
            price = bankruptcy(base, e.oracle, equity, tick)
        must(e.limit == price, "L4", f"limit {e.limit}, is {price}")

    def judge_cancelled(self, e: mechanisms.Liquidating) -> None:
        """What the account had standing is gone."""
        left = [o for o in self.by_account.get(e.account, {}).values() if not o.fee_free]
        must(not left, "L1", f"{e.account} is liquidated with orders standing")

    def cure(self, e: mechanisms.Liquidating, place: Place, needed: int) -> int:
        """The least close that cures, to the step; all instead of dust."""
        p = place.params
        full = abs(self.size(e.account, e.market))
        rate = 0 if self.kind[e.account] == codes.VAMM else p.liquidation_penalty
        wide = PPM + (self.buffer(e.account) or p.liquidation_buffer)
        short = wide * needed - PPM * e.equity
        frees = wide * p.mmr - PPM * rate
        size = up(short * LOT * PPM, place.price * frees)
        size = min(full, up(size, p.step) * p.step)
        dust = (full - size) * place.price < p.min_notional * LOT
        return full if dust else size

    def judge_size(self, e: mechanisms.Liquidating, place: Place, cures: int) -> None:
        """The first close is no more than what cures."""
        p = place.params
        must(e.size <= cures, "L3", f"closes {e.size}, {cures} cures")
        worth = abs(self.size(e.account, e.market)) * place.price
        part = p.liquidation_chunk == PPM or worth <= p.liquidation_chunk_above * LOT
        # A larger one may have to wait for its next part; then this one closes what is left.
        first = self.largest(e.account) == e.market
        must(e.size == cures or not part or not first, "L3", f"closes {e.size}, not {cures}")

    def largest(self, account: int) -> int:
        """The market with the largest requirement of those that may be closed."""
        found: dict[int, int] = {}
        for market, place in enumerate(self.places):
            p = place.params
            if self.size(account, market) and p.liquidation and place.mode != codes.HALTED:
                worth = up(abs(self.size(account, market)) * place.price, LOT)
                found[market] = up(worth * p.mmr, PPM)
        return min(found, key=lambda m: (-found[m], m))

    def closing_order(self, ident: int, account: int, market: int) -> Order:
        """The order of a close that was announced."""
        e = self.announced.pop((account, market), None)
        if e is None:
            broken("L1", f"order {ident} of account {account}: nobody announced it")
        must(ident > self.last_order, "O9", f"id {ident} after {self.last_order}")
        self.last_order = ident
        order = Order(ident, account, market, e.side, e.limit, e.size)
        order.reduce_only = order.fee_free = True
        order.bankruptcy, order.broke = e.bankruptcy, e.equity <= 0
        self.add(order, ENTERING)
        return order

    # Penalty --------------------------------------------------------------------------------

    def before_penalty(self, e: events.Transferred) -> None:
        """The rate on what was closed, never more than the equity that is left."""
        closed = self.uncharged.pop((e.debit, e.market), 0)
        p = self.places[e.market].params
        raw = down(down(self.places[e.market].price * closed, LOT) * p.liquidation_penalty, PPM)
        equity = self.equity(e.debit)
        expected = min(raw, max(0, equity))
        slack = self.slack(e.debit)
        must(abs(e.amount - expected) <= slack, "L6", f"penalty {e.amount}, is {expected}")
        self.penalty[e.market] = e.amount

    def before_keeper_liquidation(self, e: events.Transferred) -> None:
        """The keeper's part of the penalty that was just paid."""
        paid = self.penalty.pop(e.market, 0)
        share = min(self.places[e.market].params.liquidation_keeper_share, 200_000)
        must(e.amount == down(paid * share, PPM), "L6", f"a keeper gets {e.amount} of {paid}")
        must(e.credit == self.keeper(), "E4", f"a keeper's part to {e.credit}")

    def before_keeper_surplus(self, e: events.Transferred) -> None:
        """The keeper's part of what the spread brought."""
        f = self.filled
        share = self.places[e.market].params.split_keepers
        most = down(f.surplus * share, PPM) if f is not None else 0
        must(e.amount == most, "E4", f"a keeper gets {e.amount} of the surplus, not {most}")
        must(e.credit == self.keeper(), "E4", f"a keeper's part to {e.credit}")

    def judge_uncharged(self, account: int) -> None:
        """What was closed without a penalty: there was nothing left to pay it from."""
        for key in [key for key in self.uncharged if key[0] == account]:
            closed = self.uncharged.pop(key)
            p = self.places[key[1]].params
            value = down(self.places[key[1]].price * closed, LOT)
            free = down(value * p.liquidation_penalty, PPM) == 0
            poor = key in self.poor or self.equity(account) <= self.slack(account)
            must(free or poor, "L6", f"{account} closed {closed} without a penalty")

    # Deleveraging ---------------------------------------------------------------------------

    def bearable(self, account: int, market: int, price: int) -> int:
        """How much the account can be closed at a price at the cost of its profit only."""
        base = self.size(account, market)
        oracle = self.places[market].price
        worse = oracle - price if base > 0 else price - oracle
        if worse <= 0:
            return abs(base)
        gives = self.profit(account, market) - DUST
        most = down(max(0, gives) * LOT, worse)
        step = self.places[market].params.step
        return abs(base) if most >= abs(base) else down(most, step) * step

    def profit(self, account: int, market: int) -> int:
        """Unrealised profit that the account can lose and stay solvent."""
        if not self.size(account, market):
            return 0
        gained = self.value(account, market) - self.cost.get((account, market), 0)
        return max(0, min(gained, self.equity(account)))

    def judge_adl(self, f: events.Filled) -> None:
        """At the bankruptcy price (or the oracle's), fee-free, in order of rank."""
        order = self.taker_of(f)
        must(order.fee_free and order.where in (ENTERING, AUCTION), "L7", f"fill {f.fill}")
        place = self.places[f.market]
        must(f.price in (order.bankruptcy, place.price), "L4", f"deleverages at {f.price}")
        must(f.price > 0 and f.taker_fee == f.maker_rebate == f.surplus == 0, "E3", "a fee")
        rounded = up if f.side == codes.BUY else down
        must(f.quote == rounded(f.price * f.size, LOT), "E2", f"quote {f.quote}")
        must(0 < f.size <= order.remaining, "L3", f"size {f.size} of {order.remaining}")
        sign = 1 if f.side == codes.BUY else -1
        for account, base in ((f.taker, sign * f.size), (f.maker, -sign * f.size)):
            held = self.size(account, f.market)
            must(held * base < 0 and abs(base) <= abs(held), "L7", f"{account} from {held}")
        if (order.ident, f.price) != self.round_of:
            self.round, self.round_of = set(), (order.ident, f.price)
        self.judge_rank(f, sign)
        self.round.add(f.maker)
        order.remaining -= f.size
        order.filled += f.size
        if place.vamm in (f.taker, f.maker):
            self.moved[f.market] = f

    def judge_rank(self, f: events.Filled, sign: int) -> None:
        """Nobody who gains more, and could bear it, is passed over."""
        entry = {
            account: Fraction(self.cost.get((account, market), 0), base)
            for (account, market), base in self.base.items()
            if market == f.market and base * sign > 0
        }
        order = sorted(entry, key=lambda a: (self.rank_of(a), -sign_of(sign) * entry[a], a))
        for account in order:
            if account == f.maker:
                break
            passed = account in self.round or self.slack(account) > 0
            if not passed:
                left = self.bearable(account, f.market, f.price)
                must(left == 0, "L7", f"{account} could bear {left}, {f.maker} is taken")
        must(f.maker in entry, "L7", f"{f.maker} is on the same side")
        if not self.slack(f.maker):
            most = self.bearable(f.maker, f.market, f.price)
            must(f.size <= most, "L5", f"{f.maker} gives {f.size}, bears {most}")

    def after_adl(self, f: events.Filled) -> None:
        """Everybody who may have been looked at had his funding settled."""
        self.leg = f
        if self.kind[f.taker] != codes.VAMM:
            self.count_closed(f)
        for account, market in list(self.due):
            if market == f.market:
                self.hide(account, market)

    def on_Deleveraged(self, e: mechanisms.Deleveraged) -> None:  # noqa: N802
        """Tells what the fill before it said."""
        f = self.leg
        if f is None:
            broken("L7", f"deleveraged without a fill {e.fill}")
        said = (e.fill, e.account, e.counterparty, e.market, e.size, e.price)
        must(said == (f.fill, f.taker, f.maker, f.market, f.size, f.price), "L7", f"{said}")
        self.leg = None

    def rank_of(self, account: int) -> int:
        """Traders, the passive vault, the vAMM, hedged vaults."""
        ranks = (codes.TRADER, codes.VAULT, codes.VAMM, codes.HEDGED_VAULT)
        return ranks.index(self.kind[account])


def sign_of(side: int) -> int:
    """Longs give way from the lowest entry price, shorts from the highest."""
    return -1 if side > 0 else 1


__all__ = ["Closing", "bankruptcy"]
