"""A copy of what keepers need of the exchange: a snapshot, kept up to date by its records.

One record is applied whole, so that between two of them every number belongs to the same moment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from plimsoll.client.keeper_models import KeeperRecord, KeeperSnapshot
from plimsoll.keepers import formulas, reading
from plimsoll.keepers.average import PriceAverage
from plimsoll.keepers.book import OrderBook
from plimsoll.keepers.delayed import DelayedOrders
from plimsoll.keepers.liquidity import Liquidity
from plimsoll.keepers.rows import (
    BUY,
    Account,
    Draft,
    Held,
    LiveAuction,
    OwnOffer,
    Resting,
    Waiting,
)
from plimsoll.units import div_floor

AVERAGE_MS: Final = 300_000
"""Window of the oracle's average that the maker compares with."""

Event = Mapping[str, Any]


class Mirror:
    """The exchange after record ``seq``, as far as keepers need it.

    ``ts`` is that record's time (ms). ``stale`` asks for a fresh snapshot: something happened that
    the records do not tell in full (new parameters, an account whose cash is not known).
    """

    def __init__(self, snapshot: KeeperSnapshot) -> None:
        self.seq = snapshot.seq
        self.ts = snapshot.ts
        self.stale = False
        self.markets = {one.market: reading.market(one, snapshot.now) for one in snapshot.markets}
        self.book = OrderBook(reading.resting(one) for one in snapshot.orders)
        self.triggers = {one.order: reading.waiting(one) for one in snapshot.triggers}
        self.delayed = DelayedOrders(snapshot.delayed)
        self.auctions = {one.auction: reading.auction(one) for one in snapshot.auctions}
        self.accounts = {one.account: reading.account(one) for one in snapshot.accounts}
        self.averages = {one: PriceAverage(AVERAGE_MS) for one in self.markets}
        self.liquidity = Liquidity(snapshot)
        self.offers: dict[int, OwnOffer] = {}
        self._sequence = self.book.last_sequence()
        self._drafts: dict[int, Draft] = {}
        # Extra fees are held back right before or after their order comes to wait.
        self._came: dict[tuple[int, int], Resting | LiveAuction] = {}
        self._escrowed: dict[tuple[int, int], int] = {}
        self._handlers: Final[dict[str, Callable[[Event], None]]] = {
            "OrderAccepted": self._accepted,
            "OrderRested": self._rested,
            "OrderReduced": self._reduced,
            "OrderRemoved": self._removed,
            "Filled": self._filled,
            "Transferred": self._transferred,
            "Liquidating": self._liquidating,
            "OracleAccepted": self._oracle,
            "VammMoved": self._vamm,
            "VammQuoted": self._vamm,
            "FundingUpdated": self._funding,
            "FundingSkipped": self._funding,
            "AuctionStarted": self._started,
            "AuctionOffered": self._offered,
            "OfferDropped": self._dropped,
            "AuctionEnded": self._ended,
            "TriggerPlaced": self._trigger,
            "TriggerFired": self._fired,
            "MarketCreated": self._changed,
            "MarketParamsSet": self._changed,
            "MarketModeSet": self._changed,
            "MarketRestricted": self._changed,
            "MarketReleased": self._changed,
            **self.liquidity.handlers(),
            **self.delayed.handlers(),
        }
        for market in self.markets.values():
            if market.oracle_price > 0:
                self.averages[market.market].feed(market.published_ms, market.oracle_price)

    def inherit(self, before: Mirror) -> None:
        """Take over what a snapshot does not tell: averages, offers that wait, flat accounts."""
        for ident, average in before.averages.items():
            if ident in self.averages:
                self.averages[ident] = average
        self.offers = {
            ident: one for ident, one in before.offers.items() if one.auction in self.auctions
        }
        for ident, account in before.accounts.items():
            if account.known and ident not in self.accounts:
                self.accounts[ident] = account

    def apply(self, record: KeeperRecord) -> None:
        """Apply the record that follows. Raises ``ValueError`` for one that does not."""
        if record.seq != self.seq + 1:
            raise ValueError(f"record {record.seq} does not follow {self.seq}")
        self._drafts.clear()
        self._came.clear()
        self._escrowed.clear()
        self.ts = record.ts
        for event in record.events:
            handle = self._handlers.get(event["type"])
            if handle is not None:
                handle(event)
        self.seq = record.seq

    def differences(self, other: Mirror) -> list[str]:
        """What a mirror of the same record says otherwise, in words; empty if they agree."""
        # One that only records told of may be no trader's: snapshots leave those out.
        strange = [
            ident
            for ident, account in self.accounts.items()
            if not account.known and ident not in other.accounts
        ]
        bases = {key: base for key, base in self.bases().items() if key[0] not in strange}
        found: list[str] = []
        pairs: tuple[tuple[str, Mapping[Any, Any], Mapping[Any, Any]], ...] = (
            ("book", self.book.ladder(), other.book.ladder()),
            ("trigger", dict.fromkeys(self.triggers), dict.fromkeys(other.triggers)),
            ("delayed order", self.delayed.waiting, other.delayed.waiting),
            ("auction", self.remaining_sizes(), other.remaining_sizes()),
            ("position", bases, other.bases()),
        )
        for what, mine, theirs in pairs:
            found += [
                f"{what} {key}: {mine.get(key)} here, {theirs.get(key)} there"
                for key in sorted({*mine, *theirs}, key=repr)
                if (key in mine) != (key in theirs) or mine[key] != theirs[key]
            ]
        return found

    def remaining_sizes(self) -> dict[int, int]:
        """What of each auction is not filled."""
        return {ident: one.remaining for ident, one in self.auctions.items()}

    def bases(self) -> dict[tuple[int, int], int]:
        """What accounts hold, by account and market."""
        return {
            (ident, market): held.base
            for ident, account in self.accounts.items()
            for market, held in account.positions.items()
            if held.base != 0
        }

    def waiting_size(self, account: int, market: int) -> int:
        """What an account's offers that wait in a market may still fill."""
        return sum(
            one.remaining
            for one in self.offers.values()
            if one.account == account and one.market == market
        )

    # --- orders -----------------------------------------------------------------------------

    def _accepted(self, event: Event) -> None:
        self._drafts[event["order"]] = Draft(event["reduce_only"], event["expires_ms"])

    def _rested(self, event: Event) -> None:
        draft = self._drafts.get(event["order"], Draft())
        self._sequence += 1
        order = Resting(
            order=event["order"],
            account=event["account"],
            market=event["market"],
            side=event["side"],
            price=event["price"],
            remaining=event["remaining"],
            age_ms=self.ts,
            priority_size=event["remaining"] + draft.taken,
            sequence=self._sequence,
            reduce_only=draft.reduce_only,
            expires_ms=draft.expires_ms,
            keeper_fee=draft.keeper_fee,
        )
        self.book.add(order)
        self._waits(order)

    def _reduced(self, event: Event) -> None:
        self.book.resize(event["order"], event["remaining"])

    def _removed(self, event: Event) -> None:
        ident = event["order"]
        if event["resting"]:
            was = self.book.remove(ident)
            if was is not None:
                # An amended order comes back in the same record, under its old conditions.
                self._drafts[ident] = Draft(
                    was.reduce_only, was.expires_ms, keeper_fee=was.keeper_fee
                )
            return
        self.triggers.pop(ident, None)
        self.delayed.forget(ident)

    def _filled(self, event: Event) -> None:
        size, taker_order = event["size"], event["taker_order"]
        auction = self.auctions.get(taker_order)
        if taker_order in self.book:
            self.book.reduce(taker_order, size)
        elif auction is not None:
            auction.remaining -= size
            auction.keeper_fee = 0
            if event["source"] == "auction":
                self._offer_filled(taker_order, event["maker"], size)
                self._worked_off(taker_order)
        else:
            draft = self._drafts.setdefault(taker_order, Draft())
            draft.taken += size
            draft.keeper_fee = 0
        self.book.reduce(event["maker_order"], size)
        market = self.markets.get(event["market"])
        if market is not None:
            market.touched_ms = self.ts
        paid = event["quote"] if event["side"] == BUY else -event["quote"]
        self._hold(event["taker"], event["market"], event["taker_base"])
        self._pay(event["taker"], -paid - event["taker_fee"])
        if event["source"] != "vamm":
            self._hold(event["maker"], event["market"], event["maker_base"])
            self._pay(event["maker"], paid + event["maker_rebate"])
        self._pay(event["keeper"], event["fee_keepers"])

    # --- accounts ---------------------------------------------------------------------------

    def _hold(self, account: int, market: int, base: int) -> None:
        """A position after a fill; whose cash was never told has to be asked for."""
        row = self.accounts.get(account)
        if row is None:
            row = self.accounts[account] = Account(account, known=False)
            self.stale = True
        held = row.positions.get(market)
        if held is None:
            row.positions[market] = Held(base)
            return
        held.base = base
        if base == 0:
            held.liquidated_ms = 0

    def _pay(self, account: int, amount: int) -> None:
        row = self.accounts.get(account)
        if row is not None:
            row.cash += amount

    def _waits(self, row: Resting | LiveAuction) -> None:
        """An order came to wait: an extra fee held for it belongs to it."""
        key = (row.account, row.market)
        row.keeper_fee += self._escrowed.pop(key, 0)
        self._came[key] = row

    def _transferred(self, event: Event) -> None:
        if event["asset"] != 0:
            return
        if event["reason"] == "extra_escrow":
            key = (event["debit"], event["market"])
            row = self._came.get(key)
            if row is None:
                self._escrowed[key] = event["amount"]
            else:
                row.keeper_fee += event["amount"]
        self._pay(event["debit"], -event["amount"])
        self._pay(event["credit"], event["amount"])
        if event["reason"] == "funding":
            # Settled in full, whichever of the two is the trader.
            for ident in (event["debit"], event["credit"]):
                account = self.accounts.get(ident)
                if account is not None and event["market"] in account.positions:
                    account.positions[event["market"]].funding = 0

    def _liquidating(self, event: Event) -> None:
        row = self.accounts.get(event["account"])
        if row is not None and event["market"] in row.positions:
            row.positions[event["market"]].liquidated_ms = self.ts

    # --- markets ----------------------------------------------------------------------------

    def _oracle(self, event: Event) -> None:
        market = self.markets.get(event["market"])
        if market is None:
            return
        market.oracle_price = event["price"]
        market.published_ms = event["published_ms"]
        market.touched_ms = self.ts
        self.averages[market.market].feed(self.ts, market.oracle_price)

    def _vamm(self, event: Event) -> None:
        market = self.markets.get(event["market"])
        if market is None:
            return
        market.vamm_bid = event["bid"]
        market.vamm_ask = event["ask"]
        market.vamm_net = event.get("net", market.vamm_net)
        market.touched_ms = self.ts

    def _funding(self, event: Event) -> None:
        market = self.markets.get(event["market"])
        if market is None:
            return
        period = market.number("funding_period_s") * 1_000
        if period > 0:
            market.funding_due_ms = (div_floor(self.ts, period) + 1) * period
        market.touched_ms = self.ts
        for account in self.accounts.values():
            held = account.positions.get(market.market)
            if held is not None and held.base != 0:
                rate = event.get("rate_long" if held.base > 0 else "rate_short", 0)
                held.funding += formulas.funding_owed(held.base, rate)

    def _changed(self, _event: Event) -> None:
        self.stale = True

    # --- auctions and triggers --------------------------------------------------------------

    def _started(self, event: Event) -> None:
        account = self.accounts.get(event["account"])
        liquidation = event["cause"] in (1, "liquidation")
        if account is not None and liquidation:
            account.liquidations += 1
        auction = LiveAuction(
            auction=event["auction"],
            account=event["account"],
            owner=-1 if account is None else account.owner,
            market=event["market"],
            side=event["side"],
            remaining=event["size"],
            start=event["start"],
            end=event["end"],
            limit=event["limit"],
            started_ms=event["started_ms"],
            ends_ms=event["ends_ms"],
            liquidation=liquidation,
            reduce_only=event["reduce_only"],
        )
        self.auctions[auction.auction] = auction
        self._waits(auction)

    def _offered(self, event: Event) -> None:
        self.offers[event["offer"]] = OwnOffer(
            event["offer"], event["auction"], event["account"], event["market"], event["size"]
        )
        auction, market = self.auctions.get(event["auction"]), self.markets.get(event["market"])
        if auction is None or market is None or auction.offers_due_ms > 0:
            return
        batch = market.number("auction_batch_ms")
        if batch > 0:
            auction.offers_due_ms = min(self.ts + batch, auction.ends_ms)

    def _offer_filled(self, auction: int, maker: int, size: int) -> None:
        """A fill names no offer: it is the maker's earliest of the auction."""
        for ident, one in self.offers.items():
            if one.auction == auction and one.account == maker:
                one.remaining -= size
                if one.remaining <= 0:
                    del self.offers[ident]
                return

    def _dropped(self, event: Event) -> None:
        self.offers.pop(event["offer"], None)
        self._worked_off(event["auction"])

    def _ended(self, event: Event) -> None:
        auction = self.auctions.pop(event["auction"], None)
        if auction is not None and auction.liquidation:
            account = self.accounts.get(auction.account)
            if account is not None:
                account.liquidations = max(0, account.liquidations - 1)
        for ident in [one.offer for one in self.offers.values() if one.auction == event["auction"]]:
            del self.offers[ident]

    def _worked_off(self, auction: int) -> None:
        """Offers of an auction are worked off all at once."""
        found = self.auctions.get(auction)
        if found is not None:
            found.offers_due_ms = 0

    def _trigger(self, event: Event) -> None:
        self.triggers[event["order"]] = Waiting(
            order=event["order"],
            account=event["account"],
            market=event["market"],
            side=event["side"],
            size=event["size"],
            trigger_price=event["trigger_price"],
            direction=event["direction"],
            reduce_only=event["reduce_only"],
            expires_ms=event["expires_ms"],
        )

    def _fired(self, event: Event) -> None:
        was = self.triggers.pop(event["order"], None)
        if was is not None:
            self._drafts[event["order"]] = Draft(was.reduce_only, was.expires_ms)
