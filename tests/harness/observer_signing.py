"""Keys and signed orders as the observer sees them: which part of which order may be settled.

The door checks that hash, signer and signature fit the terms; here a hash is a name.
"""

from __future__ import annotations

import re

from plimsoll.messages import codes, commands, events
from plimsoll.messages.gateway import SignedOrder
from tests.harness.observer_delayed import Delayed
from tests.harness.observer_money import must
from tests.harness.observer_verdicts import Rules

KEY = re.compile(r"ed25519:[0-9a-f]{64}|evm:0x[0-9a-f]{40}")
KEYS_MOST = 16
VALID_MOST_MS = 90 * 86_400_000
SETTLING = (commands.SettleSigned, commands.MatchSigned)


class Known:
    """What is known under a hash."""

    def __init__(self, order: SignedOrder) -> None:
        self.terms = (order.account, order.size, order.expires_ms)
        self.filled = 0
        self.cancelled = False


class Signing(Delayed):
    """Every key, and what is known of signed orders."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: dict[int, set[str]] = {}
        self.known: dict[str, Known] = {}

    # Keys ---------------------------------------------------------------------------------------

    def rules_of_keys(self, c: commands.SetSigner) -> Rules:
        """An own account, a key that is one, and room for it."""
        yield from self.owned(c.account)
        yield codes.BAD_FIELD, KEY.fullmatch(c.signer) is None
        mine = self.keys.get(c.account, set())
        full = len(mine) >= KEYS_MOST and c.signer not in mine
        yield codes.SIGNERS_FULL, c.allowed and full

    def on_SignerSet(self, e: events.SignerSet) -> None:  # noqa: N802
        """By who owns the account."""
        c = self.command
        must(isinstance(c, commands.SetSigner) and c.row()[1:] == e.row()[1:], "X3", "a key")
        must(self.owner[e.account] == self.principal, "X4", f"a key of {e.account}")
        mine = self.keys.setdefault(e.account, set())
        if e.allowed:
            mine.add(e.signer)
        else:
            mine.discard(e.signer)
        must(len(mine) <= KEYS_MOST, "X3", f"{len(mine)} keys of {e.account}")

    # Which parts may be settled -----------------------------------------------------------------

    def rules(self, c: commands.Command) -> Rules | None:
        if isinstance(c, commands.SetSigner):
            return self.rules_of_keys(c)
        if isinstance(c, commands.SettleSigned):
            return self.rules_of_settling(c)
        if isinstance(c, commands.MatchSigned):
            return self.rules_of_matching(c)
        if isinstance(c, commands.CancelSigned):
            return self.rules_of_cancelling(c)
        return super().rules(c)

    def filled_of(self, order: SignedOrder) -> int:
        """What was filled under its hash."""
        known = self.known.get(order.order_hash)
        return 0 if known is None else known.filled

    def verified(self, order: SignedOrder, size: int) -> Rules:
        """Who, until when, by which key; under which hash; how much; for which fee."""
        yield from self.owned(order.account, owner=False)
        yield codes.ALREADY_EXPIRED, order.expires_ms < self.now
        latest = self.now + self.limits.signed_validity_max_ms
        yield codes.SIGNED_VALIDITY, order.expires_ms > latest
        yield codes.UNKNOWN_SIGNER, order.signer not in self.keys.get(order.account, ())
        yield from self.known_rules(order)
        filled = self.filled_of(order)
        left = order.size - filled
        yield codes.SIGNED_DONE, left == 0
        yield codes.SIGNED_FOK, order.fok and size != order.size
        yield codes.SIGNED_OVERFILL, size > left
        yield codes.SIGNED_MIN_FILL, size < min(order.min_fill, left)
        dear = order.relay_fee > self.limits.relay_fee_max
        yield codes.RELAY_FEE_TOO_LARGE, filled == 0 and dear
        yield codes.SIGNED_FUND, not self.is_fund(order)
        # A key reaches no account that it was not allowed for.
        reaches = order.fund < 0 or order.signer in self.keys.get(order.fund, ())
        yield codes.UNKNOWN_SIGNER, not reaches

    def known_rules(self, order: SignedOrder) -> Rules:
        """A hash stands for one order, and a cancelled one for none."""
        known = self.known.get(order.order_hash)
        terms = (order.account, order.size, order.expires_ms)
        yield codes.SIGNED_TERMS, known is not None and known.terms != terms
        yield codes.SIGNED_CANCELLED, known is not None and known.cancelled

    def is_fund(self, order: SignedOrder) -> bool:
        """Whether margin may come from where the order says."""
        if order.fund < 0:
            return order.margin == 0
        owner = self.owner.get(order.account)
        trades = self.kind.get(order.fund) == codes.TRADER
        return trades and order.fund != order.account and self.owner[order.fund] == owner

    def closes(self, order: SignedOrder, size: int) -> bool:
        """Whether a part of a reduce-only order finds enough to close."""
        most = self.closable(order.account, order.market, order.side)
        return not order.reduce_only or size <= most

    def margin_rules(self, order: SignedOrder) -> Rules:
        """Whether the margin it brings may leave its fund."""
        if order.margin > 0 and self.filled_of(order) == 0:
            yield from self.leaving_rules(order.fund, order.margin)

    def fee_rules(self, order: SignedOrder) -> Rules:
        """Whether who pays the relayer may: that is asked when the trade is done."""
        if order.relay_fee > 0 and self.filled_of(order) == 0:
            payer = order.account if order.fund < 0 else order.fund
            yield codes.IN_LIQUIDATION, None if self.liquidated(payer) else False

    def rules_of_settling(self, c: commands.SettleSigned) -> Rules:
        """A part that may be filled; whether it can, the exchange decides."""
        order = c.order
        yield from self.keeper_rules(c.relayer)
        yield from self.verified(order, c.size)
        missing = order.market >= len(self.places)
        yield codes.UNKNOWN_MARKET, missing
        if missing:
            return
        yield codes.REDUCE_ONLY_NOTHING, not self.closes(order, c.size)
        yield from self.margin_rules(order)
        yield from self.vault_rules(order.maker, order.market)
        place = self.places[order.market]
        yield from self.grid_rules(place, order.price, c.size)
        if not order.reduce_only:
            yield from self.worth_rules(place, order.price, c.size)
        yield from self.mode_rules(order, c.size, False)
        yield codes.PRICE_BAND, not self.in_band(order.market, order.price)
        yield from self.fee_rules(order)

    def rules_of_matching(self, c: commands.MatchSigned) -> Rules:
        """Two parts that may be filled, and that fit each other."""
        taker, maker = c.taker, c.maker
        yield from self.keeper_rules(c.relayer)
        yield from self.verified(taker, c.size)
        yield from self.verified(maker, c.size)
        yield codes.SIGNED_MARKETS, taker.market != maker.market
        missing = taker.market >= len(self.places)
        yield codes.UNKNOWN_MARKET, missing
        if missing:
            return
        yield codes.SIGNED_SIDES, taker.side == maker.side
        yield codes.SIGNED_SELF, self.owner[taker.account] == self.owner[maker.account]
        sign = 1 if taker.side == codes.BUY else -1
        yield codes.SIGNED_PRICE, sign * maker.price > sign * taker.price
        place = self.places[taker.market]
        for order in (taker, maker):
            yield from self.grid_rules(place, order.price, c.size)
            if not order.reduce_only:
                yield from self.worth_rules(place, maker.price, c.size)
        for order in (taker, maker):
            yield from self.mode_rules(order, c.size, True)
        yield codes.PRICE_BAND, not self.in_band(maker.market, maker.price)
        for order in (taker, maker):
            yield codes.REDUCE_ONLY_NOTHING, not self.closes(order, c.size)
        for order in (taker, maker):
            yield from self.margin_rules(order)
        for order in (taker, maker):
            yield from self.fee_rules(order)

    def adds_risk(self, order: SignedOrder, size: int) -> bool:
        """Whether a part may open something, with what is open on its side already."""
        if order.reduce_only:
            return False
        bids, _, asks, _ = self.sums(order.account, order.market)
        resting = bids if order.side == codes.BUY else asks
        return size + resting > self.closable(order.account, order.market, order.side)

    def mode_rules(self, order: SignedOrder, size: int, rests: bool) -> Rules:
        """What a tighter mode, a liquidation and an old price refuse."""
        place = self.places[order.market]
        mode, risky = place.effective(), self.adds_risk(order, size)
        tight = mode != codes.ACTIVE and (mode != codes.RESTRICTED or rests)
        yield codes.MARKET_MODE, mode == codes.HALTED or (risky and tight)
        most = self.closable(order.account, order.market, order.side)
        yield codes.REDUCE_ONLY_NOTHING, order.reduce_only and most == 0
        yield codes.IN_LIQUIDATION, risky and self.liquidated(order.account)
        stale = not self.fresh(order.market)
        yield codes.ORACLE_INVALID, stale and (risky or place.price == 0)

    def rules_of_cancelling(self, c: commands.CancelSigned) -> Rules:
        """Its owner or an operator, while it may still be filled."""
        order = c.order
        yield from self.owned(order.account, operators=True)
        yield codes.ALREADY_EXPIRED, order.expires_ms < self.now
        yield codes.SIGNED_VALIDITY, order.expires_ms > self.now + VALID_MOST_MS
        yield from self.known_rules(order)
        yield codes.SIGNED_DONE, self.filled_of(order) == order.size

    def outcomes(self, c: commands.Command) -> frozenset[int]:
        """Liquidity, margin and the bound of the open interest are the outcome's."""
        found = super().outcomes(c)
        if not isinstance(c, SETTLING):
            return found
        found |= {
            codes.INSUFFICIENT_MARGIN, codes.OPEN_INTEREST, codes.NOT_WITHDRAWABLE,
            codes.ORACLE_INVALID,
        }  # fmt: skip
        if isinstance(c, commands.SettleSigned):
            found |= {codes.FOK_NOT_FILLABLE}
        return found
