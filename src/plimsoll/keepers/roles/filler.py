"""Fills: auctions whose offers or time are due, limits the vAMM has reached, orders expired."""

from __future__ import annotations

from typing import Final

from plimsoll.keepers import formulas
from plimsoll.keepers.access import Task
from plimsoll.keepers.roles.base import View
from plimsoll.keepers.rows import BUY, SELL, Market, Resting
from plimsoll.messages.keeping import ExpireOrder, MatchLimit, SettleAuction
from plimsoll.units import at_rate_floor, notional_floor

NAME: Final = "filler"


class Filler:
    """Settles auctions, matches limits with the vAMM, removes what has expired."""

    name = NAME

    def candidates(self, view: View, now: int) -> list[Task]:
        found = self._auctions(view, now) + self._limits(view, now) + self._expired(view, now)
        found.sort(key=lambda task: (-task.urgency, -task.reward))
        return found[: view.settings.tasks_max]

    def _auctions(self, view: View, now: int) -> list[Task]:
        found: list[Task] = []
        for auction in view.mirror.auctions.values():
            market = view.mirror.markets[auction.market]
            over = formulas.is_over(auction, now)
            if not over and not 0 < auction.offers_due_ms <= now:
                continue
            share = 0 if auction.liquidation else formulas.keepers_share(
                market, auction.end, auction.remaining
            )  # fmt: skip
            flat = market.number("keeper_flat_fee") if over else 0
            found.append(
                Task(
                    role=NAME,
                    key=f"auction:{auction.auction}:{'end' if over else auction.offers_due_ms}",
                    command=SettleAuction(auction.auction, view.keeper),
                    reward=share + flat + auction.keeper_fee,
                    urgency=2,
                )
            )
        return found

    def _limits(self, view: View, now: int) -> list[Task]:
        found: list[Task] = []
        for market in view.mirror.markets.values():
            off = market.number("vamm_limits") == 0 or market.mode == "halted"
            if off or not market.oracle_valid(now):
                continue
            for side, quote in ((BUY, market.vamm_ask), (SELL, market.vamm_bid)):
                if quote == 0:
                    continue
                for order in view.mirror.book.side(market.market, side):
                    reached = quote <= order.price if side == BUY else quote >= order.price
                    if not reached or len(found) >= view.settings.tasks_max:
                        break
                    if 0 < order.expires_ms < now:
                        continue
                    task = self._limit(view, market, order, quote)
                    if task.reward >= view.settings.min_reward:
                        found.append(task)
        return found

    def _limit(self, view: View, market: Market, order: Resting, quote: int) -> Task:
        # No fee is taken here: the keeper gets a part of what the limit leaves over the quote.
        surplus = notional_floor(abs(order.price - quote), order.remaining)
        share = at_rate_floor(surplus, market.number("split_keepers"))
        return Task(
            role=NAME,
            key=f"limit:{order.order}",
            command=MatchLimit(order.order, view.keeper),
            reward=share + order.keeper_fee,
            urgency=1,
        )

    def _expired(self, view: View, now: int) -> list[Task]:
        found: list[Task] = []
        for order in view.mirror.book.expired(now)[: view.settings.tasks_max]:
            flat = view.mirror.markets[order.market].number("keeper_flat_fee")
            found.append(
                Task(
                    role=NAME,
                    key=f"expire:{order.order}",
                    command=ExpireOrder(order.order, view.keeper),
                    reward=flat,
                )
            )
        return found
