"""Attacks on the oracle: what a price may do, who may send one, and what a pumped one brings."""

from __future__ import annotations

import random

from plimsoll.core import margin
from plimsoll.core.oracle import age
from plimsoll.messages import codes, commands, events
from tests.attacks.arena import (
    ANYBODY,
    BUY,
    KEEPER,
    LOT,
    OPERATOR,
    ORACLE,
    PRICE,
    SELL,
    USD,
    Arena,
    Person,
    every,
    limit,
    on_tick,
    pair_up,
    quote_around,
)

START_AT = 1_000_000_000
BAD_PRICES = ("zero", "negative", "endless", "jump", "crash", "uncertain", "future", "replayed",
              "older")  # fmt: skip
OPENS = {"open_rest", "open_take", "open_market"}
NEEDS_FRESH = {*OPENS, "reduce_vamm", "withdraw_held", "liquidate", "match", "bid_for"}


def bad_price(rng: random.Random, arena: Arena, kind: str) -> commands.PricePoint:
    """A price that must be refused; published a moment after the last unless that is its fault."""
    price = arena.price
    published = arena.now + 1
    confidence = 0
    if kind == "zero":
        price = 0
    elif kind == "negative":
        price = -rng.randint(1, 10**12)
    elif kind == "endless":
        price = 2**62 - 1
    elif kind == "jump":
        price = price * rng.randint(8, 1_000)
    elif kind == "crash":
        price = price // rng.randint(8, 1_000)
    elif kind == "uncertain":
        confidence = price // 50 + rng.randint(1, 10**6)
    elif kind == "future":
        published = arena.now + 5_000 + rng.randint(1, 10**9)
    elif kind == "replayed":
        published = arena.state.oracles[0].published_ms
    else:
        published = arena.state.oracles[0].published_ms - rng.randint(1, 10**6)
    return commands.PricePoint(0, price, confidence, published)


class Matrix:
    """People in every situation, so that each action can be tried on its own."""

    def __init__(self, rng: random.Random) -> None:
        self.arena = arena = Arena(repeg=1, liquidation_auction=0, auction=1)
        self.maker = arena.person(1_000_000)
        self.flat = arena.person(10_000)
        self.holder = arena.person(10_000)
        self.victim = arena.person(rng.randint(230, 250))
        self.other = arena.account_of(self.flat.owner, 0)
        pair_up(arena, self.holder, self.maker, rng.randint(5, 20) * LOT)
        pair_up(arena, self.victim, self.maker, 20 * LOT)
        arena.must(limit(self.flat, BUY, LOT, 95 * USD), self.flat.owner)
        self.rests = arena.placed()
        assert arena.trigger(self.holder, SELL, LOT, 95 * USD, codes.BELOW, reduce_only=True)
        self.armed = arena.of(events.TriggerPlaced)[0].order
        arena.oracle(PRICE, 3_700_000)
        arena.tick()
        arena.oracle(92 * USD, 3_700_000)
        arena.must(limit(self.maker, BUY, 3 * LOT, on_tick(91 * USD)), self.maker.owner)
        assert arena.at_market(self.maker, BUY, 2 * LOT, 92_500_000)
        self.auction = arena.placed()

    def actions(self) -> dict[str, tuple[commands.Command, int]]:
        """Every action, and who asks for it."""
        flat, holder, now = self.flat, self.holder, self.arena.now
        ioc = codes.IOC
        return {
            "open_rest": (limit(flat, BUY, LOT, 90 * USD), flat.owner),
            "open_take": (limit(flat, BUY, LOT, 95 * USD, tif=ioc), flat.owner),
            "open_market": (limit(flat, BUY, 5 * LOT, 0, kind=1, tif=ioc), flat.owner),
            "reduce_book": (
                limit(holder, SELL, LOT, 91 * USD, tif=ioc, reduce_only=True), holder.owner),
            "reduce_vamm": (
                limit(self.maker, BUY, LOT, 95 * USD, tif=ioc, reduce_only=True),
                self.maker.owner),
            "reduce_rest": (limit(holder, SELL, LOT, 99 * USD, reduce_only=True), holder.owner),
            "cancel": (commands.CancelOrder(flat.ident, self.rests, ""), flat.owner),
            "cancel_all": (commands.CancelAll(flat.ident, -1), flat.owner),
            "cancel_auction": (
                commands.CancelOrder(self.maker.ident, self.auction, ""), self.maker.owner),
            "deposit": (commands.Deposit(flat.ident, 0, USD, f"x{now}"), OPERATOR),
            "withdraw_free": (
                commands.Withdraw(self.other.ident, 0, USD, f"y{now}"), self.other.owner),
            "withdraw_held": (
                commands.Withdraw(holder.ident, 0, USD, f"z{now}"), holder.owner),
            "arm": (
                commands.PlaceTrigger(
                    holder.ident, 0, SELL, 1, ioc, 0, LOT, True, 80 * USD, codes.BELOW, 0, ""),
                holder.owner),
            "fire": (commands.FireTrigger(self.armed, -1), KEEPER),
            "liquidate": (commands.Liquidate(self.victim.ident, -1), KEEPER),
            "match": (commands.MatchLimit(self.rests, -1), KEEPER),
            "bid_for": (
                commands.OfferAuction(flat.ident, self.auction, 92 * USD, LOT), flat.owner),
            "tick": (commands.Tick(100), KEEPER),
        }  # fmt: skip

    def allowed(self, command: commands.Command, principal: int) -> bool:
        """Whether it would be accepted; of an order at once also that something was filled."""
        found = self.arena.engine.dry_run(command, self.arena.now, principal)
        if any(isinstance(event, events.Rejected) for event in found):
            return False
        if isinstance(command, commands.PlaceOrder) and command.kind == codes.LIMIT:
            filled = any(isinstance(event, events.Filled) for event in found)
            return filled or command.tif == codes.GTC
        return True


def test_validity_matrix() -> None:
    """Every action against every state of the oracle: reductions and exits never wait for it.

    Findings: #98, #45.
    """

    def play(rng: random.Random) -> None:
        matrix = Matrix(rng)
        arena = matrix.arena
        arena.put(matrix.other.ident, 10 * USD)
        before = arena.price
        stale = rng.random() < 0.5
        if stale:
            arena.now += 30_000 + rng.randint(1, 10**8)
        for kind in rng.sample(BAD_PRICES, 3):
            point = bad_price(rng, arena, kind)
            arena.must(commands.OraclePrices([point]), ORACLE)
            if stale and kind in ("jump", "crash") and arena.price != before:
                return  # after a long silence any price is a first one
            assert len(arena.of(events.OracleRefused)) == 1, kind
            assert arena.price == before
        assert (age(arena.state.oracles[0], arena.now) > 30_000) == stale
        kept = arena.hash()
        for name, (command, principal) in matrix.actions().items():
            expected = not stale or name not in NEEDS_FRESH
            assert matrix.allowed(command, principal) == expected, (name, stale)
        assert arena.hash() == kept
        arena.check()

    every(play)


def test_before_the_first_price() -> None:
    """Without any price nothing opens, nothing is armed, and money comes and goes."""
    for side in (BUY, SELL):
        arena = Arena()
        arena.must(commands.CreateMarket(arena.twin()), OPERATOR)
        who = arena.person(1_000)
        for tif in (codes.GTC, codes.IOC, codes.FOK):
            order = limit(who, side, LOT, PRICE, market=1, tif=tif)
            assert not arena.send(order, who.owner)
        assert not arena.send(limit(who, side, LOT, 0, market=1, kind=1, tif=1), who.owner)
        assert arena.withdraw(who, 1_000 * USD)


def test_replayed_and_out_of_order_prices() -> None:
    """Older and repeated prices are counted and change nothing; the newest ones decide alone.

    Findings: #128.
    """

    def play(rng: random.Random) -> None:
        path = [PRICE * rng.randint(95, 105) // 100 for _ in range(8)]
        arena, honest = Arena(repeg=2), Arena(repeg=2)
        sent: list[commands.PricePoint] = []
        for at, price in enumerate(path):
            arena.now += 2_000
            honest.now = arena.now
            point = commands.PricePoint(0, price, 0, START_AT + 2_000 * (at + 1))
            for one in (arena, honest):
                one.must(commands.OraclePrices([point]), ORACLE)
            sent.append(point)
            before = arena.hash()
            again = [rng.choice(sent) for _ in range(rng.randint(1, 5))]
            again.append(
                commands.PricePoint(
                    0, rng.randint(1, 10**9), 0, point.published_ms - rng.randint(0, 5_000)
                )
            )
            arena.must(commands.OraclePrices(again), ORACLE)
            refused = arena.of(events.OracleRefused)
            assert [event.code for event in refused] == [codes.ORACLE_NOT_NEWER] * len(again)
            assert arena.hash() == before
        assert arena.hash() == honest.hash()

    every(play)


def test_only_the_oracle_sets_prices() -> None:
    """No other role, and no batch on behalf of somebody, brings a price in."""

    def play(rng: random.Random) -> None:
        roles = rng.randrange(1, 2**7) & ~codes.ROLE_ORACLE
        arena = Arena()
        who = arena.person(1_000, roles or ANYBODY)
        point = commands.PricePoint(0, rng.randint(1, 10**9), 0, arena.now + 1)
        asked = commands.OraclePrices([point])
        sender = rng.choice([who.owner, OPERATOR, KEEPER])
        assert arena.refused(asked, sender) == codes.NOT_ALLOWED
        wrapped = commands.Batch(rng.random() < 0.5, [asked])
        if sender == who.owner and roles & ANYBODY:
            before = arena.hash()
            arena.send(wrapped, sender)
            (event,) = arena.of(events.Rejected)
            assert event.code == codes.BATCH_ITEM
            assert arena.hash() == before
        assert arena.refused(asked, rng.randint(4, 99)) == codes.UNKNOWN_PRINCIPAL

    every(play)


def pump(arena: Arena, rng: random.Random, gang: list[Person], other: Person) -> None:
    """Buy all there is, pump the oracle, take out what can be taken, let it fall."""
    rise = rng.choice([101, 110, 130, 180])
    for _ in range(rng.randint(1, 6)):
        arena.take(gang[0], BUY, rng.randint(1, 100) * LOT)
    pair = on_tick(min(arena.price * 109 // 100, max(arena.price, arena.state.vamms[0].ask)))
    size = rng.randint(1, 200) * LOT
    arena.place(gang[1], SELL, size, pair)
    arena.take(gang[0], BUY, size, pair)
    for _ in range(rng.randint(1, 4)):
        arena.oracle(arena.price * rise // 100, rng.choice([1_000, 15_000]))
        grab(arena, gang)
        if rng.random() < 0.7:
            arena.tick()
        if rng.random() < 0.5:
            arena.take(gang[0], SELL, rng.randint(1, 100) * LOT, reduce_only=True)
    grab(arena, gang)
    arena.take(other, BUY, LOT)
    while arena.price > PRICE:
        arena.oracle(max(PRICE, arena.price * 100 // rise), 15_000)
        arena.tick()
        grab(arena, gang)


def grab(arena: Arena, gang: list[Person]) -> None:
    """Take out what may leave."""
    for who in gang:
        arena.withdraw(who, max(1, arena.engine.state.accounts[who.ident].cash()))
        for part in range(20):
            arena.withdraw(who, 2_000 * USD >> part)


def test_a_pumped_oracle_takes_no_more_than_what_is_at_risk() -> None:
    """What leaves is at most insurance, pools and the vAMM's capital: nobody else's money."""

    def play(rng: random.Random) -> None:
        capital, pools = rng.choice([500, 5_000, 50_000]), rng.choice([0, 100, 1_000])
        arena = Arena(
            capital=capital, pools=pools, repeg=rng.choice([0, 1, 2]), liquidation_auction=0,
            auction=0, vamm_sqrt_k=rng.choice([100, 1_000]) * LOT, price_band=200_000,
            open_interest_max=rng.choice([100, 400]) * LOT, vamm_max_fill_fraction=2,
        )  # fmt: skip
        saver = arena.person(10_000)
        other = arena.person(1_000)
        maker = arena.person(100_000)
        quote_around(arena, maker, 10_000, LOT)
        gang = [arena.person(rng.choice([300, 2_000])) for _ in range(2)]
        arena.watch(*gang)
        pump(arena, rng, gang, other)
        arena.unwind(*gang)
        arena.check()
        at_risk = (capital + 3 * pools) * USD
        lost = (
            sum(
                max(0, cash * USD * LOT - arena.worth(who.account))
                for who, cash in ((maker, 100_000), (other, 1_000))
            )
            // LOT
        )
        left = sum(margin.withdrawable(arena.state, account) for account in arena.gang)
        took = left - arena.brought - arena.began // LOT
        assert took <= at_risk + lost + arena.unpaid
        assert saver.account.cash() == 10_000 * USD
        assert arena.market.open_interest <= arena.params.open_interest_max

    every(play)
