"""Losses as the observer sees them: insurance first, then winners' profits; the rest is told."""

from __future__ import annotations

from plimsoll.messages import codes, commands, events, mechanisms
from tests.harness.observer_closing import Closing
from tests.harness.observer_margin import AUCTION, ENTERING
from tests.harness.observer_money import must

Key = tuple[int, int]


class Losses(Closing):
    """Who bears what an account cannot pay, and how a liquidation ends."""

    def __init__(self) -> None:
        super().__init__()
        self.cut: dict[Key, int] = {}
        self.winnings: dict[Key, int] = {}
        self.ended: set[int] = set()
        self.unpaid: set[int] = set()

    def winnings_of(self, market: int, debtor: int) -> int:
        """Unrealised profits of a market that may be cut."""
        return sum(
            self.profit(account, market)
            for (account, where), base in self.base.items()
            if where == market and base and account != debtor
        )

    def hide_all(self, market: int) -> None:
        """Everybody's funding of a market may have been settled."""
        for account, where in list(self.due):
            if where == market:
                self.hide(account, where)

    def before_bad_debt(self, e: events.Transferred) -> None:
        """Insurance pays what is missing, no more; equity counts, not margin."""
        missing = max(0, -self.equity(e.credit))
        slack = self.slack(e.credit)
        must(e.amount <= missing + slack, "I2", f"insurance pays {e.amount}, {missing} is missing")
        vamm = self.kind[e.credit] == codes.VAMM
        flat = not any(self.size(e.credit, m) for m in range(len(self.places)))
        must(flat or vamm, "I2", f"insurance pays for {e.credit}, which holds positions")
        key = (e.credit, e.market)
        self.insured[key] = self.insured.get(key, 0) + e.amount

    def before_haircut(self, e: events.Transferred) -> None:
        """Winners pay only when insurance is empty, and only of their profit."""
        pool = self.held(self.places[e.market].insurance)
        must(pool == 0, "I1", f"a haircut while insurance holds {pool}")
        missing = max(0, -self.equity(e.credit))
        must(e.amount <= missing, "I2", f"a haircut of {e.amount}, {missing} is missing")
        key = (e.credit, e.market)
        if key not in self.cut:
            self.winnings[key] = self.winnings_of(e.market, e.credit)
        self.cut[key] = self.cut.get(key, 0) + e.amount
        self.hide_all(e.market)
        gain = self.value(e.debit, e.market) - self.cost.get((e.debit, e.market), 0)
        must(e.amount <= gain, "I5", f"{e.debit} gives {e.amount} of a profit of {gain}")

    def after_haircut(self, e: events.Transferred) -> None:
        """Who gives stays solvent, and has that much less of a profit to give."""
        key = (e.debit, e.market)
        self.cost[key] = self.cost.get(key, 0) + e.amount
        left = self.equity(e.debit) + self.slack(e.debit)
        must(left >= 0, "I5", f"{e.debit} is left with {left} by a haircut")

    def on_BadDebt(self, e: mechanisms.BadDebt) -> None:  # noqa: N802
        """Tells what was paid, in order, and what nobody pays."""
        key = (e.account, e.market)
        parts = e.insurance + e.haircut + e.unpaid
        must(e.loss == parts, "I2", f"a loss of {e.loss} in parts of {parts}")
        paid, cut = self.insured.pop(key, 0), self.cut.pop(key, 0)
        must(paid == e.insurance, "I1", f"insurance paid {paid}, not {e.insurance}")
        must(cut == e.haircut, "I1", f"winners gave {cut}, not {e.haircut}")
        self.topped[key] = self.topped.get(key, 0) + paid
        if self.kind[e.account] == codes.VAMM:
            return
        if e.haircut + e.unpaid:
            must(self.held(self.places[e.market].insurance) == 0, "I1", "insurance is not empty")
        if e.unpaid:
            self.unpaid.add(e.account)
            winnings = self.winnings.pop(key, None)
            if winnings is None:
                winnings = self.winnings_of(e.market, e.account)
            slack = sum(count for (_, m), count in self.hidden.items() if m == e.market)
            short = abs(winnings - e.haircut) <= slack
            must(short, "I1", f"{e.unpaid} unpaid, {winnings} was there to be cut")
            self.hide_all(e.market)

    def on_LiquidationEnded(self, e: mechanisms.LiquidationEnded) -> None:  # noqa: N802
        """What the account has left; flat, it owes nothing that is not told."""
        own, needed = self.equity(e.account), self.requirement(e.account, True)
        must(abs(own - e.equity) <= self.slack(e.account), "L8", f"equity {e.equity}, is {own}")
        must(e.maintenance == needed, "L8", f"maintenance {e.maintenance}, is {needed}")
        auctions = [o for o in self.of(e.account) if o.fee_free and o.where == AUCTION]
        must(not auctions, "L8", f"{e.account} is still in auction")
        if e.reason == codes.DONE_RECOVERED:
            must(own >= needed, "L8", f"recovered with {own} of {needed}")
        self.judge_uncharged(e.account)
        self.ended.add(e.account)

    def of(self, account: int) -> list:  # type: ignore[type-arg]
        """Everything an account has standing."""
        return list(self.by_account.get(account, {}).values())

    def finish_closing(self) -> None:
        """At the end of a command: closes that are done, debts that are covered."""
        for account in self.begun:
            for order in self.of(account):
                if order.fee_free and order.where == ENTERING:
                    self.drop(order)
            waits = any(o.where == AUCTION and o.fee_free for o in self.of(account))
            must(waits or account in self.ended, "L8", f"{account}: a liquidation without an end")
        for account in {key[0] for key in self.uncharged}:
            self.judge_uncharged(account)
        for account in self.ended:
            flat = not any(self.size(account, m) for m in range(len(self.places)))
            if flat and account not in self.unpaid and self.kind[account] != codes.VAMM:
                cash = self.held(account)
                must(cash >= 0, "S3", f"{account} is flat and owes {-cash}")
        must(self.leg is None, "L7", "a deleveraging that is not told")
        must(not self.insured and not self.cut, "I1", "a loss that is paid and not told")
        if isinstance(self.command, commands.OraclePrices):
            self.judge_vamms()

    def judge_vamms(self) -> None:
        """After prices no vAMM stands below its requirement without having been seen to."""
        for market, place in enumerate(self.places):
            p = place.params
            on = p.liquidation and p.vamm_enabled and place.mode != codes.HALTED
            if not on or not place.price or not self.size(place.vamm, market):
                continue
            short = self.equity(place.vamm) < self.requirement(place.vamm, True)
            if short and self.fresh(market):
                must(place.vamm in self.ended or self.stuck(market), "S4", f"vAMM of {market}")

    def stuck(self, market: int) -> bool:
        """Whether the oracle is too far from its average to liquidate anybody."""
        window = self.places[market].window
        return min(window) * 3 < max(window) * 2

    def forget_closing(self) -> None:
        """A new command."""
        for table in (self.announced, self.insured, self.topped, self.cut, self.winnings):
            table.clear()
        self.penalty.clear()
        for names in (self.begun, self.ended, self.unpaid, self.round):
            names.clear()
        self.round_of = (0, 0)
        self.leg = None
