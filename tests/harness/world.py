"""What the generator of random commands knows: a small exchange, learnt from its events."""

from __future__ import annotations

import math
import random
from typing import NamedTuple

from plimsoll.messages import codes, commands, events
from plimsoll.messages.params import GlobalParams, MarketParams
from tests.harness import plain

OPERATOR, ORACLE, KEEPER = 0, 1, 2
TRADERS = tuple(range(3, 15))
MIXED = 15  # an operator who trades
NOBODY = 16  # a role that may send nothing
START_MS = 1_700_000_000_000
START_PRICES = {"BTC-USD": 60_000_000_000, "ETH-USD": 3_000_000_000, "DOGE-USD": 120_000}
OVERRIDES = {
    "BTC-USD": {"open_interest_max": 40_000_000_000, "vamm_max_fill_fraction": 200},
    "ETH-USD": {"vamm_sqrt_k": 1_666_000_000_000, "open_interest_max": 600_000_000_000},
    "DOGE-USD": {"vamm_enabled": 0, "open_interest_max": 4_000_000 * 10**9},
}
CAPITAL = {0: 60_000_000_000, 1: 20_000_000_000}
LIMITS = GlobalParams(
    open_orders_max=10,
    batch_max=12,
    accounts_per_principal_max=5,
    tick_work_max=16,
    open_deposits=1,
    matches_max=7,
)


class Stamped(NamedTuple):
    """A command with its stamp and its sender."""

    command: commands.Command
    now: int
    principal: int


class Seen:
    """A resting order as its events tell it."""

    def __init__(self, event: events.OrderRested, client: str, expires: int) -> None:
        self.ident, self.account, self.market = event.order, event.account, event.market
        self.side, self.price, self.remaining = event.side, event.price, event.remaining
        self.client, self.expires = client, expires


class World:
    """Accounts, prices, positions and open orders, as far as events tell."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.now = START_MS
        self.params: list[MarketParams] = [
            plain.market_params(symbol, price, OVERRIDES[symbol])
            for symbol, price in START_PRICES.items()
        ]
        self.start = list(START_PRICES.values())
        self.drift = [0.0, 0.0, 0.0]
        self.prices = list(self.start)
        self.published = 0
        self.modes = [codes.ACTIVE] * 3
        self.owners: dict[int, int] = {}
        self.base: dict[tuple[int, int], int] = {}
        self.orders: dict[int, Seen] = {}
        self.clients: dict[int, tuple[str, int]] = {}
        self.serial = 0
        self.at_once: list[tuple[commands.Command, int]] = []  # to be sent in the same millisecond

    def learn(self, found: list[events.Event]) -> None:
        """Take over what happened."""
        for event in found:
            if isinstance(event, events.OrderAccepted):
                self.clients[event.order] = (event.client_order_id, event.expires_ms)
            elif isinstance(event, events.OrderRested):
                self.orders[event.order] = Seen(event, *self.clients[event.order])
            elif isinstance(event, events.OrderReduced):
                self.orders[event.order].remaining = event.remaining
            elif isinstance(event, events.OrderRemoved):
                self.orders.pop(event.order, None)
            elif isinstance(event, events.Filled):
                self.base[event.taker, event.market] = event.taker_base
                self.base[event.maker, event.market] = event.maker_base
                if event.maker_order in self.orders:
                    self.orders[event.maker_order].remaining -= event.size
            elif isinstance(event, events.AccountCreated) and event.kind == codes.TRADER:
                self.owners[event.account] = event.owner
            elif isinstance(event, events.MarketModeSet) and event.market < 3:
                self.modes[event.market] = event.mode
            elif isinstance(event, events.OracleAccepted) and event.market < 3:
                self.prices[event.market] = event.price
                self.published = max(self.published, event.published_ms)

    # Choices ------------------------------------------------------------------------------

    def chance(self, probability: float) -> bool:
        """A coin."""
        return self.rng.random() < probability

    def account(self) -> int:
        """A trading account."""
        return self.rng.choice(list(self.owners))

    def sender(self, account: int) -> int:
        """Who owns it."""
        return self.owners.get(account, OPERATOR)

    def order(self) -> Seen | None:
        """A resting order."""
        return self.rng.choice(list(self.orders.values())) if self.orders else None

    def holding(self) -> tuple[int, int, int] | None:
        """A trader's account, market and position that is not flat."""
        found = [(a, m, b) for (a, m), b in self.base.items() if b != 0 and a in self.owners]
        return self.rng.choice(found) if found else None

    def fresh_name(self) -> str:
        """A word never used before."""
        self.serial += 1
        return f"n{self.serial}"

    def on_tick(self, market: int, price: float) -> int:
        """A price of the grid."""
        tick = self.params[market].tick
        return max(tick, int(price) // tick * tick)

    def some_price(self, market: int, spread: float = 0.004) -> int:
        """A price around the oracle."""
        return self.on_tick(market, self.prices[market] * (1 + self.rng.gauss(0, spread)))

    def passive_price(self, market: int, side: int) -> int:
        """A limit on the maker's side of the oracle, mostly."""
        away = self.rng.expovariate(1 / 0.004) - 0.0007
        sign = -1 if side == codes.BUY else 1
        return self.on_tick(market, self.prices[market] * (1 + sign * away))

    def eager_price(self, market: int, side: int) -> int:
        """A limit on the taker's side of the oracle."""
        sign = 1 if side == codes.BUY else -1
        away = self.rng.uniform(0, 0.03)
        return self.on_tick(market, self.prices[market] * (1 + sign * away))

    def some_size(self, market: int, least: float = 1.2, most: float = 5.0) -> int:
        """A size of the grid worth 10^least to 10^most USD."""
        step = self.params[market].step
        worth = 10 ** self.rng.uniform(least, most) * 10**6
        return max(step, int(worth * 10**9 / self.prices[market]) // step * step)

    def closing_side(self, base: int) -> int:
        """The side that reduces."""
        return codes.SELL if base > 0 else codes.BUY

    def advance(self) -> None:
        """Let time pass: often not at all, rarely past what prices survive."""
        draw = self.rng.random()
        if draw < 0.25:
            return
        if draw < 0.90:
            self.now += self.rng.randint(1, 60)
        elif draw < 0.994:
            self.now += self.rng.randint(100, 2_500)
        elif draw < 0.9995:
            self.now += self.rng.randint(29_000, 70_000)
        else:
            self.now += self.rng.randint(86_000_000, 90_000_000)

    def walk(self) -> list[commands.PricePoint]:
        """New prices: a random walk that returns, with jumps."""
        points = []
        published = max(self.now - self.rng.randint(0, 400), self.published + 1)
        for market in range(3):
            drift = self.drift[market] * 0.985 + self.rng.gauss(0, 0.0015)
            if self.chance(0.012):
                drift += self.rng.choice((-1, 1)) * self.rng.uniform(0.02, 0.16)
            self.drift[market] = max(-0.3, min(0.3, drift))
            price = int(self.start[market] * math.exp(self.drift[market]))
            points.append(
                commands.PricePoint(market, price, self.rng.randint(0, price // 100), published)
            )
        return points

    # The beginning ------------------------------------------------------------------------

    def opening(self) -> list[Stamped]:
        """Commands that open the exchange: principals, assets, markets, accounts, money."""
        made: list[tuple[commands.Command, int]] = [
            (commands.SetGlobalParams(LIMITS), OPERATOR),
            (commands.CreatePrincipal("oracle", codes.ROLE_ORACLE), OPERATOR),
            (commands.CreatePrincipal("keeper", codes.ROLE_KEEPER), OPERATOR),
        ]
        for number in TRADERS:
            roles = codes.ROLE_TRADER | (codes.ROLE_LP if number % 4 == 0 else 0)
            made.append((commands.CreatePrincipal(f"trader{number}", roles), OPERATOR))
        mixed = codes.ROLE_TRADER | codes.ROLE_OPERATOR
        made += [
            (commands.CreatePrincipal("mixed", mixed), OPERATOR),
            (commands.CreatePrincipal("relayer", codes.ROLE_RELAYER), OPERATOR),
            (commands.Deposit(codes.TREASURY_ACCOUNT, 0, 10**12, "genesis"), OPERATOR),
            (commands.CreateAsset("BTC", 8), OPERATOR),
        ]
        made += [(commands.CreateMarket(params), OPERATOR) for params in self.params]
        made += [(commands.FundVamm(m, amount), OPERATOR) for m, amount in CAPITAL.items()]
        account = 4 + 6 * len(self.params)
        for number in (*TRADERS, MIXED):
            first = account
            for sub in range(1 + (number % 3 == 0) * 2):
                parent = -1 if sub == 0 else first
                made.append((commands.CreateAccount(number, parent, f"a{sub}"), number))
                amount = int(10 ** self.rng.uniform(3.5, 5.5) * 10**6)
                made.append((commands.Deposit(account, 0, amount, self.fresh_name()), OPERATOR))
                account += 1
        made.append((commands.OraclePrices(self.walk()), ORACLE))
        return [Stamped(command, self.now, sender) for command, sender in made]
