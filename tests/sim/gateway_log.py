"""The gateway tour played once, and its log read: signed orders, the outflow, from events alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from plimsoll.messages import codes
from plimsoll.messages.events import (
    AccountCreated,
    BreakerMoved,
    Event,
    Filled,
    OracleAccepted,
    OrderAccepted,
    SignedCancelled,
    SignedLapsed,
    SignedSettled,
    Transferred,
    WithdrawalHeld,
)
from plimsoll.runtime.inline import InlineExchange
from plimsoll.sim.scenarios import find
from plimsoll.sim.scenarios.stage import Performance

BTC, ETH = 0, 1
VAULT, PASSIVE = 0, 1
COIN = 10**9
USD = 10**6
MINUTE = 60_000
PPM = 10**6


@cache
def play() -> Performance:
    """The tour, played to its end; once, for all who read it."""
    performance = Performance(find("gateway-tour"), InlineExchange())
    performance.run()
    return performance


def records(played: Performance) -> Iterator[tuple[int, list[Event]]]:
    """The events of each command after the opening: (ms, events)."""
    before, at = 0, 0
    found: list[Event] = []
    for seq, now, event in played.scene.log:
        if seq != before and found:
            yield at, found
            found = []
        before, at = seq, now
        found.append(event)
    yield at, found


# Signed orders ------------------------------------------------------------------------------------


@dataclass
class Hash:
    """What the log says of one signed order."""

    account: int
    parts: list[int] = field(default_factory=list)
    fees: list[int] = field(default_factory=list)
    margins: list[int] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)

    @property
    def filled(self) -> int:
        """What was filled in all."""
        return sum(self.parts)


def traded(found: list[Event], order: int) -> tuple[int, int]:
    """Base and quote of the fills of an order in a record, whichever side it was on."""
    mine = [
        one
        for one in found
        if isinstance(one, Filled) and order in (one.taker_order, one.maker_order)
    ]
    return sum(one.size for one in mine), sum(one.quote for one in mine)


def moved(found: list[Event], reason: int) -> int:
    """What was transferred for a reason in a record."""
    return sum(one.amount for one in found if isinstance(one, Transferred) and one.reason == reason)


def signed_orders(played: Performance) -> dict[str, Hash]:
    """Every signed order of the log, and that nothing of it happened after it was over."""
    known: dict[str, Hash] = {}
    for _, found in records(played):
        for one in found:
            if isinstance(one, SignedSettled):
                row = known.setdefault(one.order_hash, Hash(one.account))
                assert not row.ends
                assert row.account == one.account
                row.parts.append(one.size)
                row.fees.append(one.relay_fee)
                row.margins.append(one.margin)
                assert one.filled == row.filled
                check_part(found, one)
            elif isinstance(one, (SignedCancelled, SignedLapsed)):
                row = known.setdefault(one.order_hash, Hash(one.account))
                row.ends.append("lapsed" if isinstance(one, SignedLapsed) else "cancelled")
                assert one.filled == row.filled
    return known


def check_part(found: list[Event], part: SignedSettled) -> None:
    """A part was filled exactly, within the limit, and what moved with it is in its record."""
    (accepted,) = [
        one for one in found if isinstance(one, OrderAccepted) and one.order == part.order
    ]
    size, quote = traded(found, part.order)
    assert size == part.size == accepted.size
    if accepted.side == codes.BUY:
        assert quote * COIN <= accepted.price * size
    else:
        assert quote * COIN >= accepted.price * size
    parts = [one for one in found if isinstance(one, SignedSettled)]
    for name, reason in (
        ("relay_fee", codes.R_RELAY_FEE),
        ("margin", codes.R_SIGNED_MARGIN),
        ("released", codes.R_SIGNED_RELEASE),
    ):
        assert moved(found, reason) == sum(getattr(one, name) for one in parts)


# What leaves --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Limits:
    """Limits of the outflow, as the operator set them; in the log there is only that he did."""

    retained: int
    share: int = 500_000
    window: int = 10 * MINUTE
    tick: int = MINUTE


@dataclass
class Claim:
    """A withdrawal that is held: counted as gone already, or only when it is paid."""

    account: int
    asset: int
    amount: int
    counted: bool


class Outflow:
    """The window of the outflow and its bound, from deposits, withdrawals and prices alone."""

    def __init__(self) -> None:
        self.limits: Limits | None = None
        self.mode = codes.NORMAL
        self.price = {0: USD, 1: 0}
        self.inside: Counter[int] = Counter()
        self.owner: dict[int, int] = {}
        self.claims: dict[int, Claim] = {}
        self._flows: list[tuple[int, int, int]] = []
        self._taken: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)

    # --- what is there ----------------------------------------------------------------------

    def worth(self, amounts: Counter[int]) -> int:
        """What amounts of assets are worth now, 1e-6 USD."""
        return sum(
            amount * self.price[asset] // (USD if asset == 0 else COIN)
            for asset, amount in amounts.items()
        )

    def there(self) -> Counter[int]:
        """What is in the exchange, less what is held and counts as gone."""
        left = Counter(self.inside)
        for claim in self.claims.values():
            if claim.counted:
                left[claim.asset] -= claim.amount
        return left

    def before(self, now: int) -> Counter[int]:
        """What was there before the window."""
        left = self.there()
        for tick, asset, amount in self._flows:
            if self._inside_window(tick, now):
                left[asset] -= amount
        return left

    def kept(self, now: int) -> int:
        """What has to stay."""
        assert self.limits is not None
        return self.worth(self.before(now)) * self.limits.retained // PPM

    def may_leave(self, now: int) -> int:
        """The largest withdrawal that passes."""
        return self.worth(self.there()) - self.kept(now)

    def part_left(self, account: int, now: int) -> int:
        """What the part of an account's owner lets pass."""
        assert self.limits is not None
        whole = self.worth(self.before(now)) - self.kept(now)
        taken = sum(w for tick, w in self._taken[self.owner[account]]
                    if self._inside_window(tick, now))  # fmt: skip
        return whole * self.limits.share // PPM - taken

    def value(self, asset: int, amount: int) -> int:
        """What an amount is worth, rounded up."""
        return -(-amount * self.price[asset] // (USD if asset == 0 else COIN))

    def _inside_window(self, tick: int, now: int) -> bool:
        assert self.limits is not None
        return now - tick < self.limits.window

    # --- what happens -----------------------------------------------------------------------

    def take(self, now: int, found: list[Event]) -> None:
        """Take over the events of a record."""
        tripped = self.mode == codes.TRIPPED or any(
            isinstance(one, BreakerMoved) and one.cause == codes.CAUSE_OUTFLOW for one in found
        )
        held = [one for one in found if isinstance(one, WithdrawalHeld)]
        for one in found:
            if isinstance(one, AccountCreated):
                self.owner[one.account] = one.owner
            elif isinstance(one, OracleAccepted):
                if one.market == ETH:
                    self.price[1] = one.price
            elif isinstance(one, BreakerMoved):
                assert one.before == self.mode
                self.mode = one.mode
            elif isinstance(one, Transferred):
                self._transfer(now, one, held, tripped)

    def _transfer(
        self, now: int, one: Transferred, held: list[WithdrawalHeld], tripped: bool
    ) -> None:
        if one.reason == codes.R_DEPOSIT:
            self.inside[one.asset] += one.amount
            self._count(now, one.credit, one.asset, one.amount)
        elif one.reason == codes.R_WITHDRAWAL:
            self.inside[one.asset] -= one.amount
            self._count(now, one.debit, one.asset, -one.amount)
        elif one.reason == codes.R_HELD:
            (claim,) = held
            self.claims[claim.claim] = Claim(one.debit, one.asset, one.amount, tripped)
            if tripped:
                self._count(now, one.debit, one.asset, -one.amount)

    def let_go(self, now: int, claim: int, *, paid: bool) -> None:
        """A claim was paid, or taken back."""
        row = self.claims.pop(claim)
        if paid:
            self.inside[row.asset] -= row.amount
        if paid and not row.counted:
            self._count(now, row.account, row.asset, -row.amount)
        elif not paid and row.counted:
            self._count(now, row.account, row.asset, row.amount)

    def _count(self, now: int, account: int, asset: int, amount: int) -> None:
        if self.limits is None:
            return
        tick = now - now % self.limits.tick
        self._flows.append((tick, asset, amount))
        worth = self.value(asset, -amount) if amount < 0 else -self.value(asset, amount)
        self._taken[self.owner[account]].append((tick, worth))
