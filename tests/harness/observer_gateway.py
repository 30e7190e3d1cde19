"""Signed orders as the observer sees them: what is filled under each hash, and moves with it."""

from __future__ import annotations

from plimsoll.messages import codes, commands, events
from plimsoll.messages.gateway import SignedOrder
from tests.harness.observer_margin import ENTERING, Order
from tests.harness.observer_money import LOT, PPM, USD, broken, down, must, up
from tests.harness.observer_signing import SETTLING, Known, Signing


class Part:
    """A part of a signed order while it is settled."""

    def __init__(self, order: SignedOrder, first: bool) -> None:
        self.signed, self.first = order, first
        self.order: Order | None = None  # it trades as
        self.margin = self.fee = self.released = 0
        self.equity = self.cost = 0  # before the trade, with the margin that came
        self.freed: int | None = None
        self.slack = 0


class Gateway(Signing):
    """Every settlement of a signed order."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[Part] = []  # of this command, the taker's first

    # Settling -----------------------------------------------------------------------------------

    def open_parts(self) -> None:
        """What the command is to fill."""
        c = self.command
        self.parts = []
        if isinstance(c, commands.SettleSigned):
            self.parts = [Part(c.order, self.filled_of(c.order) == 0)]
        elif isinstance(c, commands.MatchSigned):
            self.parts = [Part(one, self.filled_of(one) == 0) for one in (c.taker, c.maker)]

    def part_paying(self, account: int, other: int) -> Part:
        """The part whose order moves money from one account of its owner to another one."""
        found = [p for p in self.parts if (p.signed.account, p.signed.fund) == (account, other)]
        must(bool(found), "E6", f"money between {account} and {other} that nobody signed for")
        return found[0]

    def before_signed_margin(self, e: events.Transferred) -> None:
        """From the fund to the account, with the first fill, once."""
        part = self.part_paying(e.credit, e.debit)
        must(e.asset == USD and e.amount == part.signed.margin, "E6", f"margin {e.amount}")
        must(part.first and part.margin == 0, "E6", f"margin of {part.signed.order_hash} twice")
        must(part.order is None, "E6", "margin after the trade")
        self.judge_leaving(e)
        part.margin = e.amount

    def sent_for(self, e: events.OrderAccepted) -> bool:
        """Whether a relayer sends what the owner of an account signed."""
        waiting = [part for part in self.parts if part.order is None]
        if not waiting:
            return False
        signed, c = waiting[0].signed, self.command
        must(isinstance(c, SETTLING), "X3", f"order {e.order} of nobody")
        told = (
            e.account, e.market, e.side, e.kind, e.tif, e.price, e.size, e.reduce_only,
            e.expires_ms,
        )  # fmt: skip
        said = (
            signed.account, signed.market, signed.side, codes.LIMIT, codes.FOK, signed.price,
            c.size, signed.reduce_only, 0,  # type: ignore[attr-defined]
        )  # fmt: skip
        must(told == said, "X3", f"order {e.order} is {told}, signed was {said}")
        return True

    def is_free(self, e: events.OrderAccepted) -> bool:
        """Whether an order trades at the price of another one only, which is judged itself."""
        return isinstance(self.command, commands.MatchSigned)

    def entered(self, order: Order, fired: Order | None) -> None:
        """A part enters: what there is now is what a reduction is to keep."""
        super().entered(order, fired)
        waiting = [part for part in self.parts if part.order is None]
        if fired is not None or not waiting:
            return
        part = waiting[0]
        must(part.margin == part.signed.margin or not part.first, "E6", "margin is left out")
        part.order, order.directed = order, part.signed.maker
        part.slack = self.slack(order.account)
        part.equity, part.cost = self.equity(order.account), self.opened_for(order.account)

    def opened_for(self, account: int) -> int:
        """What was paid or got for the positions of an account."""
        return sum(abs(self.cost.get((account, m), 0)) for m in range(len(self.places)))

    def judge_signed(self, f: events.Filled, maker: Order | None) -> None:
        """The other order of the same command, at its own price, within the band."""
        c = self.command
        if not isinstance(c, commands.MatchSigned) or maker is None or len(self.parts) != 2:
            broken("X3", f"fill {f.fill} of two orders nobody brought together")
        taking, making = (part.order for part in self.parts)
        both = making is maker and taking is self.orders.get(f.taker_order)
        must(both and maker.where == ENTERING, "X3", f"maker {f.maker_order}")
        must((f.maker, f.market) == (maker.account, maker.market), "B4", f"maker {f.maker}")
        must(maker.side != f.side and f.size == c.size, "X3", f"fills {f.size} of {c.size}")
        must(f.price == c.maker.price == maker.price, "B4", f"price {f.price}, {c.maker.price}")
        must(f.quote == down(f.price * f.size, LOT), "E2", f"quote {f.quote}")
        must(self.in_band(f.market, f.price), "B7", f"price {f.price} outside the band")
        held = self.size(f.maker, f.market)
        base = -f.size if f.side == codes.BUY else f.size
        closes = held * base < 0 and abs(base) <= abs(held)
        must(closes or not maker.reduce_only, "O6", f"reduce-only {maker.ident} from {held}")
        mode = self.places[f.market].effective()
        must(closes or mode == codes.ACTIVE, "C3", f"maker {maker.ident} opens in mode {mode}")

    def after_signed(self, maker: Order, before: int, opened: bool) -> None:
        """The maker is judged when its order is done, as any that enters."""
        maker.before = before if maker.before is None else maker.before
        maker.opened = maker.opened or opened

    # What goes back, and what the relayer gets --------------------------------------------------

    def free_of(self, part: Part) -> int:
        """What a reduction freed, now that its trade is done."""
        signed = part.signed
        if not signed.reduce_only or signed.fund < 0:
            return 0
        account = signed.account
        stale = not all(self.fresh(market) for market in self.exposed_now(account))
        spare = 0 if stale or self.liquidated(account) else self.withdrawable(account)
        part.slack += self.slack(account)
        if not any(self.size(account, market) for market in range(len(self.places))):
            return spare
        have, now = self.equity(account), self.opened_for(account)
        needed = sum(
            up(abs(self.cost.get((account, m), 0)) * place.params.imr, PPM)
            for m, place in enumerate(self.places)
        )
        kept = max(0, part.equity)
        if part.cost == 0 or have < needed or have * part.cost <= kept * now:
            return 0
        return min(have - down(kept * now, part.cost), spare)

    def before_signed_release(self, e: events.Transferred) -> None:
        """To the fund, after the trade, as much as it freed."""
        part = self.part_paying(e.debit, e.credit)
        done = part.order is not None and part.order.ident not in self.orders
        must(done and part.freed is None, "E6", f"a release of {e.amount} out of turn")
        part.freed, part.released = self.free_of(part), e.amount
        must(e.asset == USD, "E6", f"a release of asset {e.asset}")
        self.judge_leaving(e)

    def after_signed_release(self, e: events.Transferred) -> None:
        """What is left carries the positions."""
        self.carries(e.debit, "a release")

    def before_relay_fee(self, e: events.Transferred) -> None:
        """From the fund, or the account, to the relayer, with the first fill, once."""
        payers = [p for p in self.parts if e.debit in (p.signed.fund, p.signed.account)]
        if not payers:
            broken("E6", f"a fee of {e.amount} that {e.debit} never offered")
        part = payers[0]
        signed = part.signed
        payer = signed.account if signed.fund < 0 else signed.fund
        must(e.debit == payer, "E6", f"account {e.debit} pays, {payer} is to")
        must(part.first and part.fee == 0, "E6", f"a second fee of {signed.order_hash}")
        must(e.asset == USD and e.amount == signed.relay_fee, "E6", f"a fee of {e.amount}")
        must(e.amount <= self.limits.relay_fee_max, "E6", f"a fee of {e.amount}")
        must(e.credit == self.relayer(), "E6", f"a fee to {e.credit}")
        self.judge_leaving(e)
        part.fee = e.amount

    def relayer(self) -> int:
        """The account that fees go to."""
        found = getattr(self.command, "relayer", -1)
        return codes.KEEPER_ACCOUNT if found < 0 else int(found)

    def after_relay_fee(self, e: events.Transferred) -> None:
        """To the pot, or to the sender."""
        mine = self.owner[e.credit] == self.principal or e.credit == codes.KEEPER_ACCOUNT
        must(mine, "X4", f"a fee to {e.credit} of somebody else")

    def on_SignedSettled(self, e: events.SignedSettled) -> None:  # noqa: N802
        """Exactly the size asked, under its hash, with what moved."""
        c = self.command
        waiting = [p for p in self.parts if p.order is not None and p.order.ident == e.order]
        if not waiting or not isinstance(c, SETTLING):
            broken("X3", f"order {e.order} was not settled")
        part = waiting[0]
        signed, order = part.signed, part.order
        must(order is not None and e.order not in self.orders, "X3", f"{e.order} is not done")
        filled = order.filled  # type: ignore[union-attr]
        must(e.size == c.size == filled, "X3", f"filled {filled} of {c.size}")
        known = self.known.setdefault(signed.order_hash, Known(signed))
        known.filled += e.size
        must(known.filled <= signed.size, "X3", f"{known.filled} filled of {signed.size}")
        terms = (signed.order_hash, signed.account, signed.market, signed.client_order_id)
        told = (e.order_hash, e.account, e.market, e.client_order_id)
        must(told == terms and e.filled == known.filled, "X3", f"tells {e.row()}")
        freed = part.freed if part.freed is not None else self.free_of(part)
        close = abs(freed - e.released) <= 2 * part.slack
        must(close, "E6", f"released {e.released}, freed were {freed}")
        fee = signed.relay_fee if part.first else 0
        moved = (part.margin, part.fee, part.released, self.relayer())
        must((e.margin, e.relay_fee, e.released, e.relayer) == moved, "E6", f"moved {moved}")
        must(part.fee == fee, "E6", f"a fee of {part.fee}, {fee} was offered")
        self.parts.remove(part)

    def on_SignedCancelled(self, e: events.SignedCancelled) -> None:  # noqa: N802
        """By its owner, or an operator, once and for good."""
        c = self.command
        if not isinstance(c, commands.CancelSigned) or c.order.order_hash != e.order_hash:
            broken("X3", "a signed order cancelled by nobody")
        mine = self.owner[e.account] == self.principal or self.principal in self.operators
        must(mine, "X4", f"{e.order_hash} cancelled by {self.principal}")
        known = self.known.setdefault(e.order_hash, Known(c.order))
        must(not known.cancelled, "X3", f"{e.order_hash} cancelled twice")
        told = (e.account, e.filled)
        must(told == (known.terms[0], known.filled), "X3", f"cancelled with {told}")
        known.cancelled = True

    def on_SignedLapsed(self, e: events.SignedLapsed) -> None:  # noqa: N802
        """Past its expiry, so that nobody needs to know it any longer."""
        must(isinstance(self.command, commands.Tick), "X3", "a signed order lapses unasked")
        known = self.known.pop(e.order_hash, None)
        if known is None:
            broken("X3", f"{e.order_hash} lapses and was not known")
        must(known.terms[2] < self.now, "X3", f"{e.order_hash} is forgotten too early")
        must((e.account, e.filled) == (known.terms[0], known.filled), "X3", f"{e.row()}")

    def finish_gateway(self, told: int) -> None:
        """Everything that was settled was told; a house with time left forgets what is over."""
        must(not self.parts, "X3", f"{len(self.parts)} parts settled without a word")
        if self.has_time(told):
            old = [h for h, one in self.known.items() if one.terms[2] < self.now]
            must(not old, "X3", f"{old} are over, and known")
