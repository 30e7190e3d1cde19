"""The exchange of ``mechanism_world`` with maker vaults of every kind, spot pools and desks."""

from __future__ import annotations

import math

from plimsoll.messages import codes, commands, events
from plimsoll.messages.vault_params import QuoteParams, VaultParams
from tests.harness import plain
from tests.harness.mechanism_world import COMMON, SETTINGS, MechanismWorld
from tests.harness.world import OPERATOR, START_PRICES, Stamped

USD, BTC, ETH, EUR, DOGE, SOL = range(6)
DECIMALS = {USD: 6, BTC: 8, ETH: 12, EUR: 6, DOGE: 6, SOL: 9}
BASES = (BTC, ETH, DOGE, SOL)
"""The base of each market; the decimals are fewer, and more, than a market's own nine."""

FEES: tuple[dict[str, int], ...] = ({"split_vault": 100_000, "split_treasury": 250_000}, {}, {})
"""The passive vault has a part of the fees of the first market, before it is opened, too."""

LAST = 3
LAST_PRICE = 150_000_000
LONELY = {
    **COMMON,
    "vamm_enabled": 0,
    "imr": 50_000,
    "mmr": 25_000,
    "open_interest_max": 3_000 * 10**9,
    "liquidation_penalty": 0,
    "split_insurance": 0,
    "split_treasury": 650_000,
    "base_asset": SOL,
}
"""A market that hardly anybody but vaults makes: they are who is left to be deleveraged."""

TREASURY = codes.TREASURY_ACCOUNT
PASSIVE = 0
POOLS = (
    # base, quote, fee, worth of each side in USD, times as much that is virtual
    (ETH, USD, 500, 900_000, 0),
    (BTC, EUR, 300, 600_000, 3),
    (USD, EUR, 100, 2_000_000, 1),
    (DOGE, USD, 1_000, 250_000, 2),
    (ETH, EUR, 700, 700_000, 0),
    (SOL, USD, 800, 300_000, 1),
)
VAULTS: tuple[tuple[int, int, dict[str, int]], ...] = (
    # Cash that quotes everywhere, slow to leave, never worth more than it was.
    (codes.PASSIVE_VAULT, -1, {
        "cooldown_ms": 15_000, "max_unlocks": 3, "min_at_maturity": 1, "deposit_fee": 100,
        "withdrawal_fee": 300, "deposit_cap": 5_000_000 * 10**6, "margin_total": 1,
    }),
    # For everybody, at once.
    (codes.BASE_VAULT, 1, {
        "pool_1": 0, "undirected": 1, "firm_quotes": 1, "hedge_slippage": 20_000,
        "virtual_assets": 10**9, "min_margin_ratio": 1_000_000,
    }),
    # Two pools to the collateral, with a fee and small fills.
    (codes.QUOTE_VAULT, 1, {
        "pool_1": 4, "pool_2": 2, "deposit_fee": 500, "fill_max": 3 * 10**9,
        "hedge_slippage": 20_000, "deposit_cap": 30_000 * 10**6,
        "min_margin_ratio": 1_000_000,
    }),
    # Two pools, for listed takers; what leaves waits for its value of then.
    (codes.BASE_VAULT, 0, {
        "pool_1": 1, "pool_2": 2, "takers_listed": 1, "cooldown_ms": 20_000,
        "virtual_assets": 2_000, "hedge_slippage": 30_000, "firm_quotes": 1,
    }),
    # No virtual shares, for listed depositors.
    (codes.QUOTE_VAULT, 2, {
        "pool_1": 3, "firm_quotes": 1, "virtual_shares": 0, "virtual_assets": 0,
        "depositors_listed": 1, "cooldown_ms": 10_000, "min_at_maturity": 1, "max_unlocks": 2,
        "withdrawal_fee": 1_000, "hedge_slippage": 30_000, "undirected": 1,
    }),
    # Both kinds in a market of their own.
    (codes.BASE_VAULT, LAST, {
        "pool_1": 5, "firm_quotes": 1, "undirected": 1, "hedge_slippage": 30_000,
        "virtual_assets": 10**6, "withdrawal_fee": 100, "min_margin_ratio": 1_000_000,
    }),
    (codes.QUOTE_VAULT, LAST, {
        "pool_1": 5, "undirected": 1, "hedge_slippage": 30_000, "min_margin_ratio": 1_000_000,
    }),
)  # fmt: skip
QUOTES = {
    0: QuoteParams(2, 1_500, 300_000_000, 1_000_000_000, 500_000, 300_000, 0),
    1: QuoteParams(2, 2_000, 6_000_000_000, 10_000_000_000, 800_000, 500_000, 20_000_000_000),
    2: QuoteParams(4, 3_000, 500_000 * 10**9, 0, 0, 0, 1_000_000 * 10**9),
}


def unit(asset: int) -> int:
    """Smallest units in a whole."""
    return int(10 ** DECIMALS[asset])


class PoolSeen:
    """A pool as its events tell it."""

    def __init__(self, e: events.SpotPoolCreated) -> None:
        self.ident, self.base, self.quote, self.fee = e.pool, e.base, e.quote_asset, e.fee_rate
        self.real = {e.base: 0, e.quote_asset: 0}
        self.virtual = {e.base: e.virtual_base, e.quote_asset: e.virtual_quote}

    def size(self, asset: int) -> int:
        """A reserve, the virtual part included."""
        return self.real[asset] + self.virtual[asset]


class VaultSeen:
    """A vault as its events tell it."""

    def __init__(self, e: events.VaultCreated, params: VaultParams) -> None:
        self.ident, self.kind, self.market, self.holder = e.vault, e.kind, e.market, e.holder
        self.params = params
        self.mode = codes.ACTIVE
        self.asset = BASES[e.market] if e.kind == codes.BASE_VAULT else USD
        self.shares: dict[int, int] = {}
        self.waiting: dict[int, events.UnlockQueued] = {}


class VaultWorld(MechanismWorld):
    """What the generator knows of vaults, pools and desks."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.params = [
            plain.market_params(
                symbol, price, {**SETTINGS[symbol], "base_asset": BASES[market], **FEES[market]}
            )
            for market, (symbol, price) in enumerate(START_PRICES.items())
        ]
        self.params.append(plain.market_params("SOL-USD", LAST_PRICE, LONELY))
        for values in (self.start, self.prices, self.pegs, self.marks):
            values.append(LAST_PRICE)
        self.drift.append(0.0)
        self.modes.append(codes.ACTIVE)
        self.pools: list[PoolSeen] = []
        self.vaults: list[VaultSeen] = []
        self.firms: dict[int, events.FirmQuotePosted] = {}
        self.has: dict[tuple[int, int], int] = {}  # what accounts have of assets, but for USD
        self.quotes = dict(QUOTES)
        self.repriced = False
        self.opened: dict[int, VaultParams] = {}
        self.gaps: set[int] = set()  # vaults that miss a leg

    # What it is told ----------------------------------------------------------------------------

    def learn(self, found: list[events.Event]) -> None:
        """Take over what happened."""
        super().learn(found)
        for event in found:
            self.learn_spot(event)
            self.learn_vault(event)
            if isinstance(event, events.OracleAccepted) and event.market == LAST:
                self.prices[LAST] = event.price

    def learn_spot(self, event: events.Event) -> None:
        """Pools, desks, assets."""
        if isinstance(event, events.Transferred) and event.asset != USD:
            for account, amount in ((event.debit, -event.amount), (event.credit, event.amount)):
                key = (account, event.asset)
                self.has[key] = self.has.get(key, 0) + amount
        elif isinstance(event, events.SpotPoolCreated):
            self.pools.append(PoolSeen(event))
        elif isinstance(event, events.SpotLiquidityChanged):
            real = self.pools[event.pool].real
            real[event.base] += event.base_amount
            real[event.quote_asset] += event.quote_amount
        elif isinstance(event, events.SpotSwapped):
            real = self.pools[event.pool].real
            real[event.asset_in], real[event.asset_out] = event.reserve_in, event.reserve_out
        elif isinstance(event, events.FirmQuotePosted):
            self.firms[event.firm_quote] = event
        elif isinstance(event, events.FirmQuoteEnded):
            self.firms.pop(event.firm_quote, None)
        elif isinstance(event, events.OracleAccepted):
            self.repriced = True

    def learn_vault(self, event: events.Event) -> None:
        """Vaults and who holds them."""
        if isinstance(event, events.VaultCreated):
            self.vaults.append(VaultSeen(event, self.opened[event.vault]))
        elif isinstance(event, events.VaultModeSet):
            self.vaults[event.vault].mode = event.mode
            if event.cause:
                self.gaps.add(event.vault)
            else:
                self.gaps.discard(event.vault)
        elif isinstance(event, events.VaultDeposited):
            shares = self.vaults[event.vault].shares
            shares[event.account] = shares.get(event.account, 0) + event.shares
        elif isinstance(event, events.VaultWithdrawn):
            shares = self.vaults[event.vault].shares
            shares[event.account] -= event.shares
            if not shares[event.account]:
                del shares[event.account]
        elif isinstance(event, events.UnlockQueued):
            self.vaults[event.vault].waiting[event.unlock] = event
        elif isinstance(event, events.UnlockPaid):
            self.vaults[event.vault].waiting.pop(event.unlock, None)

    def worth(self, account: int) -> tuple[int, int]:
        """About the equity of an account and its maintenance requirement."""
        equity, needed = super().worth(account)
        base = self.base.get((account, LAST), 0)
        equity += base * self.prices[LAST] // 10**9
        value = abs(base) * self.prices[LAST] // 10**9
        return equity, needed + value * self.params[LAST].mmr // 10**6

    def walk(self) -> list[commands.PricePoint]:
        """New prices, of the last market too."""
        points = super().walk()
        drift = self.drift[LAST] * 0.995 + self.rng.gauss(0, 0.002)
        self.drift[LAST] = max(-0.5, min(0.5, drift))
        price = int(self.start[LAST] * math.exp(self.drift[LAST]))
        points.append(commands.PricePoint(LAST, price, price // 500, points[0].published_ms))
        return points

    # What it chooses ----------------------------------------------------------------------------

    def hedged(self, market: int = -1) -> VaultSeen:
        """A hedged vault, of a market if one is named."""
        return self.rng.choice([v for v in self.vaults[1:] if market in (-1, v.market)])

    def price_of(self, asset: int) -> int:
        """Of a whole, in 1e-6 USD."""
        if asset == USD:
            return 10**6
        return 1_100_000 if asset == EUR else self.prices[BASES.index(asset)]

    def amount_worth(self, asset: int, usd: float) -> int:
        """Units of an asset that are worth so many USD."""
        return max(1, int(usd * 10**6) * unit(asset) // self.price_of(asset))

    def some_amount(self, asset: int, least: float = 1.0, most: float = 4.5) -> int:
        """Units worth 10^least to 10^most USD."""
        return self.amount_worth(asset, 10 ** self.rng.uniform(least, most))

    def rich(self, asset: int, amount: int) -> int:
        """An account that has this much of an asset, if there is one."""
        for _ in range(8):
            account = self.account()
            if asset == USD:
                equity, needed = self.worth(account)
                if equity - 3 * needed > amount:
                    return account
            elif self.has.get((account, asset), 0) >= amount:
                return account
        return self.account()

    def fair(self, pool: PoolSeen) -> int:
        """The reserve of its base at which a pool's price is the fair one, its product given."""
        over = self.price_of(pool.quote) * unit(pool.base)
        under = self.price_of(pool.base) * unit(pool.quote)
        return math.isqrt(pool.size(pool.base) * pool.size(pool.quote) * over // under)

    def furthest(self) -> PoolSeen:
        """The pool whose price is furthest off, mostly."""
        if self.chance(0.3):
            return self.rng.choice(self.pools)

        def off(pool: PoolSeen) -> float:
            return abs(self.fair(pool) / max(1, pool.size(pool.base)) - 1)

        return max(self.pools, key=off)

    def hold(self, vault: VaultSeen) -> int:
        """A vault's position."""
        return self.base.get((vault.holder, vault.market), 0)

    def reducing_side(self, vault: VaultSeen) -> int:
        """The side of takers that brings a vault nearer to having no position."""
        return codes.BUY if vault.kind == codes.BASE_VAULT else codes.SELL

    def capacity(self, vault: VaultSeen, side: int) -> int:
        """About what a hedged vault has to give."""
        if side == self.reducing_side(vault):
            return abs(self.hold(vault))
        if vault.kind == codes.BASE_VAULT:
            held = self.has.get((vault.holder, vault.asset), 0)
            return held * 10**9 // unit(vault.asset)
        # The proceeds of its short are not its own.
        value = abs(self.hold(vault)) * self.prices[vault.market] // 10**9
        money = max(0, self.cash.get(vault.holder, 0) - value)
        return money * 10**9 // self.prices[vault.market]

    # The beginning ------------------------------------------------------------------------------

    def opening(self) -> list[Stamped]:
        """The exchange, then its assets, pools, vaults, and depositors to start with."""
        made = super().opening()
        first = next(
            at for at, one in enumerate(made) if isinstance(one.command, commands.CreateMarket)
        )
        more: list[tuple[commands.Command, int]] = [
            (commands.CreateAsset(name, DECIMALS[asset]), OPERATOR)
            for name, asset in (("ETH", ETH), ("EUR", EUR), ("DOGE", DOGE), ("SOL", SOL))
        ]
        made[first:first] = [Stamped(command, self.now, sender) for command, sender in more]
        later = self.open_spot() + self.open_vaults() + self.open_doors(made)
        return made + [Stamped(command, self.now, sender) for command, sender in later]

    def open_spot(self) -> list[tuple[commands.Command, int]]:
        """Pools at the starting prices."""
        made: list[commands.Command] = [
            commands.Deposit(TREASURY, asset, self.amount_worth(asset, 5e7), self.fresh_name())
            for asset in DECIMALS
        ]
        for at, (base, quote, fee, worth, virtual) in enumerate(POOLS):
            each = (self.amount_worth(base, worth), self.amount_worth(quote, worth))
            many = (virtual * each[0], virtual * each[1])
            made.append(commands.CreateSpotPool(base, quote, fee, *many))
            made.append(commands.AddSpotLiquidity(TREASURY, at, *each))
        return [(command, OPERATOR) for command in made]

    def open_vaults(self) -> list[tuple[commands.Command, int]]:
        """Vaults, and quotes in every market."""
        made: list[commands.Command] = []
        for at, (kind, market, values) in enumerate(VAULTS):
            self.opened[at] = VaultParams(**values)
            made.append(commands.CreateVault(kind, market, f"v{at}", self.opened[at]))
        made += [commands.SetVaultQuote(PASSIVE, market, q) for market, q in QUOTES.items()]
        return [(command, OPERATOR) for command in made]

    def open_doors(self, made: list[Stamped]) -> list[tuple[commands.Command, int]]:
        """Base for the traders, half of whom are on the lists; a few who begin."""
        account = 4 + 6 * len(self.params)
        found: list[tuple[commands.Command, int]] = []
        for one in made:
            if not isinstance(one.command, commands.CreateAccount):
                continue
            owner = one.principal
            for asset in BASES:
                amount = self.some_amount(asset, 4.6 if asset == SOL else 3.0, 4.8)
                found.append(
                    (commands.Deposit(account, asset, amount, self.fresh_name()), OPERATOR)
                )
            if account % 2:
                lists = [commands.SetVaultWhitelist(at, account, True) for at in (3, 4)]
                found += [(command, OPERATOR) for command in lists]
            for at, (kind, market, _) in enumerate(VAULTS):
                asset = BASES[market] if kind == codes.BASE_VAULT else USD
                if (account + at) % 4 == 0:
                    wide = (4.0, 4.5) if market == LAST else (3.0, 4.0 if at else 3.4)
                    amount = self.some_amount(asset, *wide)
                    found.append((commands.DepositVault(account, at, amount, 0), owner))
            account += 1
        return found
