"""A small exchange with every mechanism on, some honest people, and a gang that wants their money.

What the gang makes is counted after every command: the change of its accounts' worth (cash,
positions at the oracle, funding due) less what an honest holder of the same net position would
have made of each oracle price. ``Arena.profit`` is that difference, in 1e-6 quote; it must not be
positive. Nothing is rounded on the way: worth is kept in 1e-15 quote.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, TypeVar, final

from plimsoll.core import invariants, margin
from plimsoll.core.engine import Engine, genesis
from plimsoll.core.rows import Account, Market
from plimsoll.core.spread import DEFAULT_STEPS
from plimsoll.messages import codec, codes, commands, events
from plimsoll.messages.params import GlobalParams, MarketParams

OPERATOR, ORACLE, KEEPER = 0, 1, 2
USD = 10**6
LOT = 10**9
PRICE = 100 * USD
STEP = 10**6
TICK = 10_000
START_MS = 1_000_000_000
VARIANTS = 1_000
ANYBODY = codes.ROLE_TRADER | codes.ROLE_KEEPER
BUY, SELL = codes.BUY, codes.SELL
E = TypeVar("E", bound=events.Event)

MARKET: dict[str, Any] = {
    "symbol": "X-USD", "tick": TICK, "step": STEP, "min_notional": 10 * USD, "imr": 100_000,
    "mmr": 50_000, "taker_fee": 500, "maker_rebate": 100, "split_insurance": 300_000,
    "split_adjustments": 150_000, "split_funding": 100_000, "split_keepers": 100_000,
    "split_treasury": 350_000, "split_vault": 0, "open_interest_max": 100_000 * LOT,
    "price_band": 100_000, "market_slippage": 10_000, "oracle_max_age_ms": 30_000,
    "oracle_confidence_max": 20_000, "oracle_jump_max": 5_000_000, "oracle_reset_ms": 86_400_000,
    "vamm_enabled": 1, "vamm_sqrt_k": 10_000 * LOT, "vamm_peg": PRICE, "vamm_base_spread": 500,
    "vamm_max_spread": 20_000, "vamm_concentration": 1_207_100, "vamm_max_fill_fraction": 20,
    "vamm_spread_steps": DEFAULT_STEPS, "repeg": 1, "health_divergence_max": 200_000,
    "health_imbalance_max": 800_000, "auction": 1, "auction_min_notional": 100 * USD,
    "funding_period_s": 3_600, "liquidation": 1, "liquidation_auction": 1, "keeper_fee_max": USD,
    "vamm_limits": 1,
}  # fmt: skip


@final
class Person:
    """A principal and one of its accounts."""

    def __init__(self, owner: int, account: Account) -> None:
        self.owner = owner
        self.account = account

    @property
    def ident(self) -> int:
        """The account's id."""
        return self.account.ident


def drawn(rng: random.Random) -> dict[str, Any]:
    """Settings of a market drawn at random, each of them sound."""
    fee = rng.choice([0, 0, 1, 50, 500, 1_000])
    return {
        "taker_fee": fee,
        "maker_rebate": rng.choice([0, fee // 5, fee]),
        "vamm_sqrt_k": rng.choice([1_000, 3_000, 10_000]) * LOT,
        "vamm_base_spread": rng.choice([50, 100, 500, 2_000]),
        "vamm_max_fill_fraction": rng.choice([2, 20, 100]),
        "vamm_spread_steps": rng.choice([0, DEFAULT_STEPS]),
        "repeg": rng.choice([0, 1, 2]),
        "auction": rng.choice([0, 1]),
        "auction_batch_ms": rng.choice([0, 200]),
        "liquidation_auction": rng.choice([0, 1]),
        "liquidation_penalty": rng.choice([5_000, 10_000, 20_000]),
        "keeper_flat_fee": 0,
    }


class Arena:
    """One market at 100, an oracle, a house keeper, pools; people come as a test asks for them."""

    def __init__(self, *, pools: int = 1_000, capital: int = 100_000, **changes: Any) -> None:
        self.engine = Engine(genesis())
        self.state = self.engine.state
        self.now = START_MS
        self.seq = 0
        self.external = 0
        self.published = 0
        self.found: list[events.Event] = []
        self.gang: list[Account] = []
        self.began = 0
        self.honest = 0  # what the gang's net position made of oracle prices
        self.unpaid = 0  # bad debt that nobody could bear
        self.cut = 0  # bad debt that winners bore
        self.debts = 0  # all bad debt of the gang's accounts
        self.conceded = 0  # what others gave up when the gang's accounts were deleveraged, 1e-15
        self.given = 0  # what the vAMM's quotes gave the gang against the oracle, 1e-15 quote
        self.brought = 0  # what the gang put in less what it took out, 1e-6 quote
        values = {**MARKET, **changes}
        if not values["vamm_enabled"]:
            values["vamm_limits"] = 0
        self.params = MarketParams(**values)
        self.settings: list[Any] = self.params.row()
        self.must(commands.SetGlobalParams(GlobalParams()), OPERATOR)
        self.must(commands.CreatePrincipal("oracle", codes.ROLE_ORACLE), OPERATOR)
        self.must(commands.CreatePrincipal("keeper", codes.ROLE_KEEPER), OPERATOR)
        self.must(commands.CreateMarket(self.params), OPERATOR)
        self.market: Market = self.state.markets[0]
        self.put(codes.TREASURY_ACCOUNT, (capital + 3 * pools) * USD)
        if self.params.vamm_enabled:
            self.must(commands.FundVamm(0, capital * USD), OPERATOR)
        for pool in (codes.POOL_ADJUSTMENTS, codes.POOL_FUNDING, codes.POOL_INSURANCE):
            if pools:
                self.must(commands.FundPool(0, pool, pools * USD), OPERATOR)
        self.oracle(PRICE)

    # Commands -------------------------------------------------------------------------------

    def send(self, command: commands.Command, principal: int) -> bool:
        """Apply a command; what its oracle prices make of the gang's position is set aside."""
        prices = isinstance(command, commands.OraclePrices)
        held = self.net() if prices else 0
        before = self.price
        self.seq += 1
        accepted = self.engine.apply(command, self.seq, self.now, principal)
        self.found = self.engine.drain()
        if prices and self.price != before:
            self.honest += held * (self.price - before)
        if self.gang:
            self.account_for()
        return accepted

    def account_for(self) -> None:
        """Set aside what a command's events gave the gang that an arbitrageur would get, too."""
        idents = [account.ident for account in self.gang]
        for event in self.found:
            if isinstance(event, events.BadDebt):
                self.unpaid += event.unpaid
                self.cut += event.haircut
                if event.account in idents:
                    self.debts += event.loss
            elif isinstance(event, events.Filled) and event.taker in idents:
                edge = event.size * self.price - event.quote * LOT
                gain = max(0, edge if event.side == BUY else -edge)
                if event.source == codes.FROM_VAMM:
                    self.given += gain
                elif event.source == codes.FROM_ADL and event.maker not in idents:
                    self.conceded += gain

    def must(self, command: commands.Command, principal: int) -> None:
        """Apply a command that has to be accepted."""
        assert self.send(command, principal), [event.row() for event in self.found]

    def refused(self, command: commands.Command, principal: int) -> int:
        """The code a command is refused with; the state must be as it was."""
        before = self.hash()
        assert not self.send(command, principal), "accepted"
        assert self.hash() == before, "a refused command changed the state"
        (event,) = self.found
        assert isinstance(event, events.Rejected)
        return event.code

    def hash(self) -> str:
        """Hash of the whole state."""
        return codec.state_hash(self.state.dump())

    def of(self, kind: type[E]) -> list[E]:
        """The events of one kind that the last command gave."""
        return [event for event in self.found if isinstance(event, kind)]

    def put(self, account: int, amount: int) -> None:
        """Money from outside (1e-6)."""
        self.external += 1
        self.must(commands.Deposit(account, 0, amount, f"in{self.external}"), OPERATOR)

    def person(self, cash: int, roles: int = ANYBODY) -> Person:
        """Somebody with an account and money (whole dollars)."""
        name = f"p{len(self.state.principals)}"
        self.must(commands.CreatePrincipal(name, roles), OPERATOR)
        return self.account_of(len(self.state.principals) - 1, cash)

    def account_of(self, owner: int, cash: int) -> Person:
        """One more account of a principal."""
        self.must(commands.CreateAccount(owner, -1, ""), OPERATOR)
        made = Person(owner, self.state.accounts[-1])
        if cash:
            self.put(made.ident, cash * USD)
        return made

    def oracle(self, price: int, wait: int = 0) -> bool:
        """A price published now, after a while; whether it was taken over."""
        self.now += wait
        self.published = max(self.published + 1, self.now)
        self.must(commands.OraclePrices([commands.PricePoint(0, price, 0, self.published)]), ORACLE)
        return self.price == price

    def oracle_of(self, market: int, price: int) -> None:
        """A price of another market, which no gang holds."""
        self.published = max(self.published + 1, self.now)
        point = commands.PricePoint(market, price, 0, self.published)
        self.must(commands.OraclePrices([point]), ORACLE)

    def tick(self) -> None:
        """The house does what is due."""
        self.must(commands.Tick(256), KEEPER)

    def place(self, who: Person, side: int, size: int, price: int, **more: Any) -> bool:
        """A limit order (GTC unless ``tif`` says otherwise)."""
        return self.send(limit(who, side, size, price, **more), who.owner)

    def take(self, who: Person, side: int, size: int, worst: int = 0, **more: Any) -> bool:
        """An order at any price in the band that is worked off at once: book, then vAMM."""
        edges = self.state.oracles[0]
        price = worst or (edges.high if side == BUY else edges.low)
        return self.place(who, side, size, price, tif=codes.IOC, **more)

    def at_market(self, who: Person, side: int, size: int, worst: int = 0, **more: Any) -> bool:
        """A market order: book, then an auction where there are any."""
        made = limit(who, side, size, worst, kind=codes.MARKET, tif=codes.IOC, **more)
        return self.send(made, who.owner)

    def trigger(
        self, who: Person, side: int, size: int, at: int, direction: int, **more: Any
    ) -> bool:
        """A stop or take-profit at market; ``more`` as in ``PlaceTrigger``."""
        values: dict[str, Any] = {
            "kind": codes.MARKET, "tif": codes.IOC, "price": 0, "reduce_only": False,
            "expires_ms": 0, "client_order_id": "",
        }  # fmt: skip
        values.update(more)
        command = commands.PlaceTrigger(
            who.ident, 0, side, values["kind"], values["tif"], values["price"], size,
            values["reduce_only"], at, direction, values["expires_ms"], values["client_order_id"],
        )  # fmt: skip
        return self.send(command, who.owner)

    def withdraw(self, who: Person, amount: int) -> bool:
        """Take money out (1e-6)."""
        self.external += 1
        command = commands.Withdraw(who.ident, 0, amount, f"out{self.external}")
        done = self.send(command, who.owner)
        if done and who.account in self.gang:
            self.brought -= amount
        return done

    def send_cancel(self, who: Person) -> bool:
        """Take out everything somebody has standing."""
        return self.send(commands.CancelAll(who.ident, -1), who.owner)

    def placed(self) -> int:
        """Id of the order the last command accepted; 0 if none."""
        found = self.of(events.OrderAccepted)
        return found[0].order if found else 0

    def twin(self) -> MarketParams:
        """The same settings for a market of another name."""
        return MarketParams("Y-USD", *self.settings[1:])

    # Looking --------------------------------------------------------------------------------

    @property
    def price(self) -> int:
        """The oracle's price; 0 before the first."""
        return self.state.oracles[0].price if self.state.oracles else 0

    def base(self, account: Account) -> int:
        """Signed base an account holds."""
        row = account.position(0)
        return 0 if row is None else row.base

    def net(self) -> int:
        """Signed base the gang holds."""
        return sum(self.base(account) for account in self.gang)

    def worth(self, account: Account) -> int:
        """Cash, position at the oracle and funding due, in 1e-15 quote."""
        total = account.cash()
        row = account.position(0)
        if row is not None and row.base != 0:
            total += margin.funding_due(self.state, account, row)
            return total * LOT + row.base * self.price
        return total * LOT

    def watch(self, *people: Person) -> None:
        """From now on, these are the gang."""
        self.gang = [person.account for person in people]
        self.began = sum(self.worth(account) for account in self.gang)
        self.honest = self.brought = self.unpaid = self.cut = self.debts = 0
        self.given = self.conceded = 0

    def profit(self, *, abandoning: bool = True) -> int:
        """What the gang made beyond an honest holder, 1e-6 quote, up.

        ``abandoning``: what an account owes is left to others, if that is better for the gang.
        """
        worths = [self.worth(account) for account in self.gang]
        if abandoning:
            worths = [max(0, worth) for worth in worths]
        made = sum(worths) - self.began - self.honest - self.brought * LOT
        return -(-made // LOT)

    def excused(self) -> int:
        """What a gang may make for reasons of its own: the vAMM's quotes were stale, or an account
        went bankrupt, whose debt the insurance and deleveraged winners bear. 1e-6 quote.
        """
        return self.debts + (self.given + self.conceded) // LOT

    # The end --------------------------------------------------------------------------------

    def unwind(self, *people: Person) -> None:
        """Cancel everything, let auctions end, close against whoever is there."""
        for who in people:
            self.send(commands.CancelAll(who.ident, -1), who.owner)
        self.oracle(self.price, 6_000)
        self.tick()
        for _ in range(30):
            left = [who for who in people if self.base(who.account) != 0]
            if not left:
                break
            for who in left:
                held = self.base(who.account)
                self.take(who, SELL if held > 0 else BUY, abs(held), reduce_only=True)
        self.tick()

    def check(self) -> None:
        """The full sweep of invariants."""
        invariants.check_full(self.state)


def limit(who: Person, side: int, size: int, price: int, **more: Any) -> commands.PlaceOrder:
    """A limit order of somebody; ``more`` as in ``PlaceOrder``."""
    values: dict[str, Any] = {
        "account": who.ident, "market": 0, "side": side, "kind": codes.LIMIT, "tif": codes.GTC,
        "price": price, "size": size, "post": codes.POST_NONE, "reduce_only": False,
        "expires_ms": 0, "client_order_id": "", "keeper_fee": 0,
    }  # fmt: skip
    return commands.PlaceOrder(**{**values, **more})


def opposite(side: int) -> int:
    """The other side."""
    return SELL if side == BUY else BUY


def on_tick(price: int) -> int:
    """A price brought down to the grid."""
    return price - price % TICK


def around(rng: random.Random, price: int, ppm: int) -> int:
    """A price on the grid within ± ``ppm`` of another."""
    return on_tick(price + price * rng.randint(-ppm, ppm) // 10**6)


def sized(rng: random.Random, most: int) -> int:
    """A size from a lot worth the least order up to ``most`` base, more often small."""
    return max(200, int(most * 1_000 * rng.random() ** 3)) * STEP


def quote_around(arena: Arena, maker: Person, width: int, size: int) -> None:
    """An honest maker's bid and ask, ``width`` ppm away from the oracle, post-only."""
    arena.must(commands.CancelAll(maker.ident, -1), maker.owner)
    for side, sign in ((BUY, -1), (SELL, 1)):
        price = on_tick(arena.price + sign * arena.price * width // 10**6)
        arena.place(maker, side, size, price + (TICK if side == SELL else 0), post=2)


def pair_up(arena: Arena, long: Person, short: Person, size: int) -> None:
    """Two people take positions against each other at the oracle's price."""
    price = on_tick(arena.price)
    vamm = arena.state.vamms[0]
    if arena.params.vamm_enabled and vamm.bid >= price:
        price = on_tick(vamm.bid) + TICK
    assert arena.place(short, SELL, size, price, post=1), [e.row() for e in arena.found]
    assert arena.take(long, BUY, size, price)
    assert arena.base(long.account) >= size


def every(play: Callable[[random.Random], None], count: int = VARIANTS) -> None:
    """Play a variant for each of ``count`` seeds; what fails says with which seed."""
    for seed in range(count):
        try:
            play(random.Random(seed))
        except Exception as failure:
            raise AssertionError(f"seed {seed}: {type(failure).__name__}: {failure}") from failure
