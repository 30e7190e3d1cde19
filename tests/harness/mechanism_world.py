"""A small exchange with every mechanism on, and settings short enough to see them all at work."""

from __future__ import annotations

import math

from plimsoll.messages import codes, commands, events, mechanisms
from plimsoll.messages.params import GlobalParams, MarketParams
from tests.harness import plain
from tests.harness.world import (
    KEEPER,
    MIXED,
    OPERATOR,
    ORACLE,
    START_PRICES,
    TRADERS,
    Seen,
    Stamped,
    World,
)

LIMITS = GlobalParams(
    open_orders_max=12,
    batch_max=12,
    accounts_per_principal_max=5,
    tick_work_max=16,
    open_deposits=1,
    matches_max=7,
)
COMMON: dict[str, int] = {
    "funding_period_s": 3_600,
    "funding_clamp": 33,
    "liquidation": 1,
    "keeper_fee_max": 5_000_000,
    "keeper_flat_fee": 10_000,
    "health_divergence_max": 100_000,
}
SETTINGS: dict[str, dict[str, int]] = {
    # Deep, with everything as an operator would set it, and auctions for liquidations.
    "BTC-USD": {
        **COMMON,
        "imr": 50_000,
        "mmr": 25_000,
        "open_interest_max": 40_000_000_000,
        "vamm_max_fill_fraction": 500,
        "vamm_spread_steps": 255,
        "vamm_spread_adjustment": 20,
        "repeg": 1,
        "repeg_divergence": 30_000,
        "repeg_after_ms": 40_000,
        "health_imbalance_max": 800_000,
        "vamm_limits": 1,
        "auction": 1,
        "auctions_max": 6,
        "auctions_reserved": 2,
        "auctions_per_account": 2,
        "liquidation_auction": 1,
    },
    # Shallow, with hardly any capital: deleveraging, bad debt, haircuts.
    "ETH-USD": {
        **COMMON,
        "imr": 40_000,
        "mmr": 20_000,
        "vamm_sqrt_k": 500_000_000_000,
        "open_interest_max": 600_000_000_000,
        "vamm_max_fill_fraction": 20,
        "vamm_spread_steps": 128,
        "repeg": 2,
        "repeg_divergence": 50_000,
        "repeg_after_ms": 20_000,
        "vamm_limits": 1,
        "auction": 1,
        "auctions_max": 32,
        "auctions_reserved": 4,
        "auction_batch_ms": 800,
        "auction_full_to_vamm": 1,
        "liquidation_chunk": 300_000,
        "liquidation_chunk_above": 3_000_000_000,
        "liquidation_chunk_ms": 4_000,
        "funding_receiving_max": 700,
    },
    # No vAMM: makers alone.
    "DOGE-USD": {
        **COMMON,
        "vamm_enabled": 0,
        "imr": 60_000,
        "mmr": 30_000,
        "open_interest_max": 4_000_000 * 10**9,
        "funding_carry": 5_000,
        # Nothing feeds the insurance: winners bear what is lost.
        "liquidation_penalty": 0,
        "split_insurance": 0,
        "split_treasury": 650_000,
    },
}
CAPITAL = {0: 60_000_000_000, 1: 700_000_000}
POOLS = {
    (0, codes.POOL_INSURANCE): 3_000_000_000,
    (0, codes.POOL_ADJUSTMENTS): 4_000_000_000,
    (0, codes.POOL_FUNDING): 1_000_000_000,
    (1, codes.POOL_INSURANCE): 50_000_000,
    (1, codes.POOL_ADJUSTMENTS): 300_000_000,
    (1, codes.POOL_FUNDING): 3_000_000,
}


class MechanismWorld(World):
    """What the generator knows of auctions, triggers, and whom to liquidate."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.params: list[MarketParams] = [
            plain.market_params(symbol, price, SETTINGS[symbol])
            for symbol, price in START_PRICES.items()
        ]
        self.auctions: dict[int, mechanisms.AuctionStarted] = {}
        self.triggers: dict[int, mechanisms.TriggerPlaced] = {}
        self.pegs = [params.vamm_peg for params in self.params]
        self.keeper_account = -1
        self.gone: list[int] = []  # ids of what is over
        self.marks = list(self.pegs)
        self.long_pause = False
        self.cash: dict[int, int] = {}
        self.cost: dict[tuple[int, int], int] = {}

    def learn(self, found: list[events.Event]) -> None:
        """Take over what happened."""
        for event in found:
            self.learn_order(event)
            self.learn_money(event)
        super().learn(found)
        for event in found:
            # A resting limit that was settled against the vAMM is its own taker.
            if isinstance(event, events.Filled) and event.source == codes.FROM_VAMM:
                order = self.orders.get(event.taker_order)
                if order is not None:
                    order.remaining -= event.size

    def learn_order(self, event: events.Event) -> None:
        """Triggers, auctions and what vAMMs show."""
        if isinstance(event, mechanisms.TriggerPlaced):
            self.triggers[event.order] = event
            self.clients[event.order] = (event.client_order_id, event.expires_ms)
        elif isinstance(event, mechanisms.TriggerFired | events.OrderRemoved):
            self.triggers.pop(event.order, None)
        elif isinstance(event, mechanisms.AuctionStarted):
            self.auctions[event.auction] = event
        elif isinstance(event, mechanisms.AuctionEnded):
            self.auctions.pop(event.auction, None)
            self.gone = [*self.gone[-20:], event.auction]
        elif isinstance(event, mechanisms.Repegged) and event.market < 3:
            self.pegs[event.market] = event.peg
        elif isinstance(event, mechanisms.VammQuoted) and event.market < 3:
            self.marks[event.market] = event.price

    def learn_money(self, event: events.Event) -> None:
        """About what accounts hold, and which one is the keeper's."""
        if isinstance(event, events.Filled):
            self.count_fill(event)
        elif isinstance(event, events.Transferred) and event.asset == 0:
            self.pay(event.debit, event.credit, event.amount)
        elif isinstance(event, events.AccountCreated) and event.owner == KEEPER:
            self.keeper_account = event.account

    def running(self) -> list[mechanisms.AuctionStarted]:
        """Auctions that still take offers."""
        return [event for event in self.auctions.values() if event.ends_ms >= self.now]

    def pay(self, debit: int, credit: int, amount: int) -> None:
        """About what accounts hold."""
        self.cash[debit] = self.cash.get(debit, 0) - amount
        self.cash[credit] = self.cash.get(credit, 0) + amount

    def count_fill(self, event: events.Filled) -> None:
        """About what a fill moved."""
        buyer, seller = event.taker, event.maker
        if event.side == codes.SELL:
            buyer, seller = seller, buyer
        self.pay(buyer, seller, event.quote)
        self.pay(event.taker, 0, event.taker_fee)

    def worth(self, account: int) -> tuple[int, int]:
        """About the equity of an account and its maintenance requirement."""
        equity, needed = self.cash.get(account, 0), 0
        for market in range(3):
            base = self.base.get((account, market), 0)
            equity += base * self.prices[market] // 10**9
            needed += abs(base) * self.prices[market] // 10**9 * self.params[market].mmr // 10**6
        return equity, needed

    def weakest(self) -> int:
        """The account nearest to its liquidation, of a few."""
        holders = sorted({account for (account, _), base in self.base.items() if base})
        holders = [account for account in holders if account in self.owners]
        if not holders:
            return self.account()
        spare = {a: self.worth(a)[0] - self.worth(a)[1] for a in holders}
        return min(holders, key=lambda a: (spare[a], a))

    def keeper(self) -> tuple[int, int]:
        """A keeper's account and who sends: mostly right, sometimes the pot, or not its own."""
        draw = self.rng.random()
        if draw < 0.55 and self.keeper_account >= 0:
            return self.keeper_account, KEEPER
        if draw < 0.9:
            return -1, self.rng.choice((KEEPER, ORACLE, OPERATOR, MIXED))
        return self.rng.choice((self.account(), 0, 2, 9_999, 5)), self.rng.choice((KEEPER, MIXED))

    def advance(self) -> None:
        """Milliseconds mostly; seconds, hours and a day now and then."""
        draw = self.rng.random()
        if draw < 0.25:
            return
        if draw < 0.80:
            self.now += self.rng.randint(1, 200)
        elif draw < 0.992:
            self.now += self.rng.randint(200, 3_000)
        elif draw < 0.997:
            self.now += self.rng.randint(5_000, 70_000)
        else:
            self.long_pause = True
            day = draw >= 0.9995
            wide = (86_000_000, 90_000_000) if day else (600_000, 5_000_000)
            self.now += self.rng.randint(*wide)

    def walk(self) -> list[commands.PricePoint]:
        """New prices: calm for a while, then a jump; all markets, or one."""
        points = []
        published = max(self.now - self.rng.randint(0, 400), self.published + 1)
        for market in range(3):
            drift = self.drift[market] * 0.995 + self.rng.gauss(0, 0.0012)
            if self.chance(0.02):
                drift += self.rng.choice((-1, 1)) * self.rng.uniform(0.01, 0.06)
            if self.chance(0.002):
                drift += self.rng.choice((-1, 1)) * self.rng.uniform(0.06, 0.25)
            self.drift[market] = max(-0.5, min(0.5, drift))
            price = int(self.start[market] * math.exp(self.drift[market]))
            points.append(
                commands.PricePoint(market, price, self.rng.randint(0, price // 100), published)
            )
        return points

    def dear_repeg(self) -> list[tuple[commands.Command, int]]:
        """A price rises on traders who are long, and the pool cannot pay for the way after it."""
        calm = self.walk()
        risen = [
            commands.PricePoint(p.market, p.price * 103 // 100, 0, p.published_ms + 1) for p in calm
        ]
        account = 4 + 6 * len(self.params)
        buy = commands.PlaceOrder(
            account, 0, codes.BUY, codes.MARKET, codes.FOK, 0, 10**9, codes.POST_NONE, False, 0, ""
        )
        return [
            (commands.Deposit(account, 0, 10**11, self.fresh_name()), OPERATOR),
            (commands.OraclePrices(calm), ORACLE),
            (buy, TRADERS[0]),
            (commands.OraclePrices(risen), ORACLE),
            (commands.Repeg(0, calm[0].price * 1_015 // 1_000), OPERATOR),
        ]

    def opening(self) -> list[Stamped]:
        """Commands that open the exchange, with pools, and an account for the keeper."""
        made: list[tuple[commands.Command, int]] = [
            (commands.SetGlobalParams(LIMITS), OPERATOR),
            (commands.CreatePrincipal("oracle", codes.ROLE_ORACLE), OPERATOR),
            (commands.CreatePrincipal("keeper", codes.ROLE_KEEPER), OPERATOR),
        ]
        made += [
            (commands.CreatePrincipal(f"trader{number}", codes.ROLE_TRADER), OPERATOR)
            for number in TRADERS
        ]
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
        for number in (*TRADERS, MIXED, KEEPER):
            first = account
            for sub in range(1 + (number % 3 == 0) * 2):
                parent = -1 if sub == 0 else first
                made.append((commands.CreateAccount(number, parent, f"a{sub}"), number))
                amount = int(10 ** self.rng.uniform(3.2, 5.0) * 10**6)
                made.append((commands.Deposit(account, 0, amount, self.fresh_name()), OPERATOR))
                account += 1
        made += self.dear_repeg()
        made += [(commands.FundPool(m, kind, a), OPERATOR) for (m, kind), a in POOLS.items()]
        return [Stamped(command, self.now, sender) for command, sender in made]


__all__ = ["MechanismWorld", "Seen"]
