"""The observer's margin: equity, requirements and reservations, recomputed from its own books."""

from __future__ import annotations

from plimsoll.messages import codes, commands, events
from tests.harness.observer_money import LOT, PPM, USD, Money, down, must, up

BOOK, AUCTION, TRIGGER, ENTERING = "book", "auction", "trigger", "entering"


class Order:
    """An order wherever it stands: entering, in the book, in an auction, waiting to be fired."""

    def __init__(
        self, ident: int, account: int, market: int, side: int, price: int, size: int
    ) -> None:
        self.ident, self.account, self.market = ident, account, market
        self.side, self.price, self.remaining = side, price, size
        self.total = size
        self.filled = 0
        self.where = ENTERING
        self.kind, self.tif, self.post = codes.LIMIT, codes.GTC, codes.POST_NONE
        self.reduce_only = self.fee_free = self.unsure = self.opened = False
        self.expires = self.escrowed = self.bankruptcy = 0
        self.directed = -1  # the account it is directed at
        self.broke = False  # closes an account that had nothing left when that began
        self.ranked = (0, 0)  # age, minus the size it came with
        self.client = ""
        self.fees = 0  # paid since then
        self.before: int | None = None  # equity before its first fill of a command


class Margin(Money):
    """Equity and requirements of an account."""

    def __init__(self) -> None:
        super().__init__()
        self.orders: dict[int, Order] = {}
        self.by_account: dict[int, dict[int, Order]] = {}

    def value(self, account: int, market: int) -> int:
        """A position at the oracle, rounded against its holder."""
        return down(self.size(account, market) * self.places[market].price, LOT)

    def equity(self, account: int) -> int:
        """Cash, positions and the funding that ran up."""
        total = self.held(account)
        for market in range(len(self.places)):
            if self.size(account, market):
                total += self.value(account, market)
                if self.kind[account] != codes.VAMM:
                    total += self.owed(account, market)
        return total

    def requirement(self, account: int, maintenance: bool) -> int:
        """Initial or maintenance requirement of the positions."""
        total = 0
        for market, place in enumerate(self.places):
            size = abs(self.size(account, market))
            rate = place.params.mmr if maintenance else place.params.imr
            total += up(up(size * place.price, LOT) * rate, PPM)
        return total

    def sums(self, account: int, market: int) -> tuple[int, int, int, int]:
        """Size and notional of open bids and asks that may open."""
        found = [0, 0, 0, 0]
        for order in self.by_account.get(account, {}).values():
            if order.market == market and not order.reduce_only and order.where in (BOOK, AUCTION):
                at = 0 if order.side == codes.BUY else 2
                found[at] += order.remaining
                found[at + 1] += down(order.price * order.remaining, LOT)
        return found[0], found[1], found[2], found[3]

    def reserved(self, account: int) -> int:
        """Margin held back for open orders and auctions."""
        total = 0
        if not self.by_account.get(account):
            return 0
        for market, place in enumerate(self.places):
            bids, bid_worth, asks, ask_worth = self.sums(account, market)
            held = self.size(account, market)
            worst = 0
            for size, worth, closes in (
                (bids, bid_worth, max(0, -held)),
                (asks, ask_worth, max(0, held)),
            ):
                if size > closes:
                    worst = max(worst, up(worth * (size - closes), size))
            total += up(worst * place.params.imr, PPM)
        return total

    def free(self, account: int) -> int:
        """Equity above the initial requirement and what is reserved."""
        return self.equity(account) - self.requirement(account, False) - self.reserved(account)

    def settled(self, account: int) -> int:
        """Cash without what positions were opened for, with the funding that ran up."""
        found = self.held(account)
        for market in range(len(self.places)):
            found += self.cost.get((account, market), 0)
            if self.size(account, market) and self.kind[account] != codes.VAMM:
                found += self.owed(account, market)
        return found

    def withdrawable(self, account: int) -> int:
        """What may leave: never unrealised profit."""
        return max(0, min(self.settled(account), self.free(account)))

    def fresh(self, market: int) -> bool:
        """Whether the oracle price may be used for what adds risk."""
        place = self.places[market]
        return place.price > 0 and self.now - place.published <= place.params.oracle_max_age_ms

    def exposed(self, account: int) -> list[int]:
        """Markets the account holds or has orders in."""
        mine = self.by_account.get(account, {}).values()
        found = {order.market for order in mine if order.where == BOOK}
        found |= {m for m in range(len(self.places)) if self.size(account, m)}
        return sorted(found)

    def judge_leaving(self, e: events.Transferred) -> None:
        """No more leaves than may."""
        if e.asset != USD:
            must(e.amount <= self.held(e.debit, e.asset), "G3", f"{e.amount} of asset {e.asset}")
            return
        for market in self.exposed(e.debit):
            must(self.fresh(market), "P3", f"a withdrawal on a stale price of {market}")
        most = self.withdrawable(e.debit)
        must(
            e.amount <= most + self.slack(e.debit), "G3", f"{e.amount} leaves {e.debit}, {most} may"
        )

    def before_withdrawal(self, e: events.Transferred) -> None:
        """To the outside world."""
        self.judge_leaving(e)

    def before_transfer(self, e: events.Transferred) -> None:
        """To another account of the same owner."""
        must(self.owner[e.debit] == self.owner[e.credit], "G3", "a transfer to somebody else")
        must(self.owner[e.debit] == self.principal, "G3", "a transfer by somebody else")
        must(isinstance(self.command, commands.Transfer), "G3", "a transfer nobody asked for")
        self.judge_leaving(e)

    def before_vamm_capital(self, e: events.Transferred) -> None:
        """Out of the treasury."""
        must(isinstance(self.command, commands.FundVamm), "M6", "capital nobody gave")
        must(e.amount <= self.held(e.debit), "G3", f"the treasury gives {e.amount}")

    def before_pool_capital(self, e: events.Transferred) -> None:
        """Out of the treasury."""
        must(isinstance(self.command, commands.FundPool), "M6", "capital nobody gave")
        must(e.amount <= self.held(e.debit), "G3", f"the treasury gives {e.amount}")

    def carries(self, account: int, what: str) -> None:
        """The account meets the initial requirement and its reservations."""
        spare = self.free(account)
        must(
            spare + self.slack(account) >= 0,
            "G1",
            f"account {account} is {-spare} short after {what}",
        )
