"""Hedged vaults among random takers, prices and depositors, judged after every command.

Of a hedged vault the judge keeps, from the events alone,

    net     base that depositors brought, less what they took        (units of the base asset)
    booked  quote of depositors (quote vault), rebates and funding, less what was paid out in it

and of fills nothing at all: both legs of one are the same base and the same quote. Then, exactly,

    spot base + position                 = net           whatever was filled, whatever the price is
    cash                                 = booked        to the unit
    base vault, in base:   worth         = net + (booked + funding due)/price
    quote vault, in quote: worth         = booked + funding due + net·price          and net = 0
    funding due                          falls by what is paid of it, and grows with a period alone

where ``worth`` is what deposits and exits go by, and may only be below that by its own rounding:
less than a unit of quote for each value that is rounded, and one of the vault's asset. Hence the
base vault's worth in base, and the quote vault's in quote, change by rebates and funding only.
"""

from __future__ import annotations

import random
from collections import Counter
from fractions import Fraction
from math import isqrt
from typing import Any, Final

from plimsoll.core import invariants, margin, spot_venue, vault_money
from plimsoll.core.rows import Vault
from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import BUY, SELL
from tests.harness.scenario import KEEPER, OPERATOR, ORACLE, scaled
from tests.harness.vault_page import BASE, ETH, QUOTE, VaultPage

HOUR: Final = 3_600
TAKERS: Final = ("alice", "bob", "carol")
RULES: Final[dict[str, Any]] = {
    "vamm_enabled": 1, "vamm_peg": 100 * 10**6, "vamm_base_spread": 4_000, "taker_fee": 500,
    "maker_rebate": 200, "split_insurance": 300_000, "split_adjustments": 200_000,
    "split_funding": 100_000, "split_keepers": 100_000, "split_treasury": 200_000,
    "split_vault": 100_000, "market_slippage": 50_000, "funding_period_s": HOUR,
    "funding_clamp": 10, "funding_carry": 3_000, "funding_paying_max": 10_000,
    "funding_receiving_max": 10_000, "oracle_max_age_ms": 86_400_000, "imr": 50_000,
    "mmr": 25_000, "keeper_flat_fee": 0,
}  # fmt: skip
LOWEST, HIGHEST = 80 * 10**6, 125 * 10**6
FULL_EVERY: Final = 500


class Unequal(AssertionError):
    """A vault is not what its events say."""


class Told:
    """What the events tell of a hedged vault."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self.net = 0
        self.booked = 0
        self.rebates = 0
        self.due = 0  # funding, after the last command
        self.paid = 0  # funding, since then
        self.fill: events.Filled | None = None  # whose hedge is to be told next
        self.spot_quote = 0  # what the spot leg moved since then, signed


class HedgeWorld(VaultPage):
    """A market with every cost that a vault may have, and what happens in it by chance."""

    def __init__(self, seed: int, decimals: int = 9, pool_fee: int = 300) -> None:
        self.told: dict[int, Told] = {}
        self.counts: Counter[str] = Counter()
        self.applied = 0
        self.random = random.Random(seed)
        self.price = 100 * 10**6
        super().__init__(
            traders="lp lp2 desk arb alice bob carol", cash="50000000", eth="20000",
            decimals=decimals, pool_fee=pool_fee, vault={"undirected": 1, "firm_quotes": 1},
            **RULES,
        )  # fmt: skip
        self.now = 1_000 * HOUR * 1_000
        for vault in self.state.liquidity.vaults[1:]:
            self.told[vault.account.ident] = Told(vault)
        treasury = codes.TREASURY_ACCOUNT
        self.deposit_eth("treasury", "2000")
        self.deposit("treasury", "300000")
        more = commands.AddSpotLiquidity(treasury, 0, 2_000 * 10**decimals, 200_000 * 10**6)
        self.do(more, OPERATOR)
        self.do(commands.FundPool(0, codes.POOL_FUNDING, 10**11), OPERATOR)
        self.oracle("100")
        self.do(commands.UpdateFunding(0, -1), KEEPER)
        for name in ("lp", "lp2"):
            self.join(name, BASE, "30")
            self.join(name, QUOTE, "3000")

    # Judging ------------------------------------------------------------------------------

    def apply(self, command: commands.Command, principal: int) -> bool:
        """Apply a command and judge what came of it."""
        self.seq += 1
        accepted = self.engine.apply(command, self.seq, self.now, principal)
        self.found = self.engine.drain()
        self.applied += 1
        self.period = False
        for event in self.found:
            self.hear(event)
        for told in self.told.values():
            self.judge(told)
        if self.applied % FULL_EVERY == 0:
            invariants.check_full(self.state)
        return accepted

    def hear(self, event: events.Event) -> None:
        """Keep what an event says of a hedged vault."""
        if isinstance(event, events.Transferred):
            self.hear_transfer(event)
        elif isinstance(event, events.Filled) and event.maker in self.told:
            told = self.told[event.maker]
            told.booked += event.maker_rebate
            told.rebates += event.maker_rebate
            told.fill = event
        elif isinstance(event, events.VaultHedged):
            self.hear_hedge(event)
        elif isinstance(event, events.VaultDeposited | events.VaultWithdrawn):
            told = self.told.get(self.vault(event.vault).account.ident)
            if told is not None:
                self.hear_depositor(told, event)
        elif isinstance(event, events.FundingUpdated):
            self.period = True
        elif isinstance(event, events.Rejected):
            self.counts[f"refused {codes.REJECTS[event.code][0]}"] += 1

    def hear_transfer(self, event: events.Transferred) -> None:
        """Funding is booked, a spot leg is kept until its fill is told; nothing else is news."""
        for account, sign in ((event.debit, -1), (event.credit, 1)):
            told = self.told.get(account)
            if told is None:
                continue
            reason = codes.REASONS[event.reason]
            if reason == "funding":
                told.booked += sign * event.amount
                told.paid += sign * event.amount
                self.counts["funding"] += 1
            elif reason in ("spot_hedge", "firm_fill"):
                told.spot_quote += sign * event.amount if event.asset == 0 else 0
            elif reason not in ("vault_deposit", "vault_fee", "vault_withdrawal"):
                raise Unequal(f"a vault's money moved for {reason}")

    def hear_hedge(self, event: events.VaultHedged) -> None:
        """A hedge is of the fill before it: the same base and the same quote, the other way."""
        told = self.told[self.vault(event.vault).account.ident]
        fill = told.fill
        if fill is None or event.fill != fill.fill or event.side != fill.side:
            raise Unequal(f"a hedge of no fill: {event.row()}")
        signed = -event.quote if event.side == BUY else event.quote
        if event.quote != fill.quote or told.spot_quote != signed:
            raise Unequal(f"fill {fill.quote}, hedge {event.quote}, paid {told.spot_quote}")
        if event.base_amount * 10**9 != fill.size * 10**self.decimals:
            raise Unequal(f"fill {fill.size}, hedge {event.base_amount}")
        told.fill = None
        told.spot_quote = 0
        self.counts["fills"] += 1
        if event.util > 999_000:
            self.counts["used up"] += 1
        venue = ("pools", "firm")[event.venue == codes.VENUE_FIRM]
        self.counts[f"{codes.VAULT_KINDS[told.vault.kind]} {codes.SIDES[event.side]} {venue}"] += 1

    def hear_depositor(
        self, told: Told, event: events.VaultDeposited | events.VaultWithdrawn
    ) -> None:
        """What depositors bring and take, in base and in quote."""
        if isinstance(event, events.VaultDeposited):
            own, other = event.amount, 0
        else:
            own, other = -event.paid, -event.other
        if told.vault.kind == codes.BASE_VAULT:
            told.net += own
            told.booked += other
        else:
            told.booked += own
            told.net += other
        self.counts[type(event).__name__] += 1

    def judge(self, told: Told) -> None:
        """Compare a vault with what was told of it."""
        state, vault = self.state, told.vault
        if told.fill is not None or told.spot_quote != 0:
            raise Unequal(f"vault {vault.ident}: a fill without a hedge")
        unit = 10**self.decimals
        spot = vault_money.spot_base(state, vault)
        position = Fraction(vault_money.position_base(vault) * unit, 10**9)
        if spot + position != told.net or vault.unhedged != 0 or vault.net_base != told.net:
            raise Unequal(f"vault {vault.ident}: {spot} + {position}, brought {told.net}")
        if vault.account.cash() != told.booked:
            raise Unequal(f"vault {vault.ident}: cash {vault.account.cash()}, told {told.booked}")
        row = vault.account.position(0)
        due = 0 if row is None else margin.funding_due(state, vault.account, row)
        if told.paid + due != told.due and not self.period:
            raise Unequal(f"vault {vault.ident}: {told.due} due, {told.paid} paid, {due} left")
        told.due, told.paid = due, 0
        self.judge_worth(told, due)

    def judge_worth(self, told: Told, due: int) -> None:
        """Explain what a vault is worth in its own asset."""
        state, vault = self.state, told.vault
        unit = 10**self.decimals
        price = state.oracles[0].price
        if vault.kind == codes.BASE_VAULT:
            exact = told.net + Fraction((told.booked + due) * unit, price)
            bound = 1 + Fraction(unit, price)
        else:
            exact = told.booked + due + Fraction(told.net * price, unit)
            bound = Fraction(2)
        off = exact - vault_money.assets(state, vault)
        if not 0 <= off < bound:
            raise Unequal(f"vault {vault.ident}: worth {exact}, said to be {off} less")

    # Chance -------------------------------------------------------------------------------

    def run(self, fills: int) -> None:
        """Let things happen until the hedged vaults have filled so often."""
        until = self.counts["fills"] + fills
        steps = (self.trade, self.order, self.move, self.depositor, self.offer)
        while self.counts["fills"] < until:
            (step,) = self.random.choices(steps, (60, 25, 14, 4, 4))
            step()
        invariants.check_full(self.state)

    def size(self) -> int:
        """A size of 0.001 to 10 ETH on the step of the market, small ones more often; at times
        more than a vault has."""
        step = self.state.markets[0].params.step
        if self.random.random() < 0.03:
            return 200 * 10**9
        return max(step, int(10 ** self.random.uniform(6, 10)) // step * step)

    def trade(self) -> None:
        """Somebody trades with one vault, for an amount of base or of quote."""
        chance = self.random
        name, ident = chance.choice(TAKERS), chance.choice((BASE, QUOTE))
        exact = chance.random() < 0.4
        amount = self.size()
        if exact:
            amount = amount * self.price // 10**9 + chance.randrange(1_000)
        command = commands.TradeVault(
            self.accounts[name], ident, chance.randrange(2), exact, amount, 0,
            chance.random() < 0.1,
        )  # fmt: skip
        if self.apply(command, self.owner(name)):
            self.counts[f"trade of {('base', 'quote')[exact]}"] += 1

    def order(self) -> None:
        """An order, directed at a vault or at nobody, at the market or within a limit."""
        chance = self.random
        name, side = chance.choice(TAKERS), chance.randrange(2)
        maker = chance.choice([-1, *self.told])
        tif = chance.choice((codes.IOC, codes.FOK))
        kind, price = codes.MARKET, 0
        if chance.random() < 0.5:
            tick = self.state.markets[0].params.tick
            kind, price = codes.LIMIT, self.price * chance.randrange(990, 1_010) // 1_000
            price = price // tick * tick
        command = self.place(name, side, self.size(), price, kind=kind, tif=tif, maker=maker)
        before = self.counts["fills"]
        self.apply(command, self.owner(name))
        if self.counts["fills"] > before:
            self.counts["order " + ("undirected" if maker < 0 else "directed")] += 1

    def move(self) -> None:
        """The price moves, pool and vAMM are brought after it, and funding if it is due."""
        ratio = self.random.randrange(980_000, 1_020_001)
        self.price = min(max(self.price * ratio // 10**6, LOWEST), HIGHEST)
        self.now += self.random.randrange(1, 300) * 1_000
        self.published = max(self.published + 1, self.now)
        point = commands.PricePoint(0, self.price, 0, self.published)
        self.do(commands.OraclePrices([point]), ORACLE)
        self.counts["prices"] += 1
        self.arbitrage_pool()
        tick = self.state.markets[0].params.tick
        for side, price in ((BUY, self.price * 995), (SELL, self.price * 1_005)):
            limit = price // 1_000 // tick * tick
            size = 100 * 10**9
            self.apply(self.place("arb", side, size, limit, tif=codes.IOC), self.owner("arb"))
        if self.now // 1_000 >= self.state.rates[0].updated_s + HOUR:
            self.apply(commands.UpdateFunding(0, -1), KEEPER)

    def arbitrage_pool(self) -> None:
        """Somebody swaps until the pool's price is about the oracle's."""
        pool = spot_venue.pool_state(self.state.liquidity.pools[0])
        x = pool.base_reserve + pool.virtual_base
        product = x * (pool.quote_reserve + pool.virtual_quote) * 10**self.decimals
        wanted = isqrt(product // self.price)
        if wanted != x:
            asset = 0 if wanted < x else ETH
            command = commands.SwapSpot(
                self.accounts["arb"], 0, asset, wanted < x, abs(wanted - x), 0
            )
            self.apply(command, self.owner("arb"))

    def depositor(self) -> None:
        """A depositor brings some more, or takes a part out, as far as the vault can pay."""
        name, ident = self.random.choice(("lp", "lp2")), self.random.choice((BASE, QUOTE))
        account = self.accounts[name]
        if self.random.random() < 0.5:
            amount = self.random.randrange(1, 10 * 10 ** self.digits(ident))
            if ident == QUOTE:
                amount *= 100
            command: commands.Command = commands.DepositVault(account, ident, amount, 0)
        else:
            part = self.random.randrange(1, 100)
            given = max(1, self.shares(name, ident) // 1_000 * part)
            command = commands.WithdrawVault(account, ident, given, 0)
        self.apply(command, self.owner(name))

    def offer(self) -> None:
        """A desk offers to trade within half a percent of the price, for a while."""
        side = self.random.randrange(2)
        price = self.price * self.random.randrange(995, 1_006) // 1_000
        amount = scaled("1", self.decimals) * self.random.randrange(1, 20) // 4
        command = commands.PostFirmQuote(
            self.accounts["desk"], ETH, side, price, amount, self.now + 600_000
        )
        self.apply(command, self.owner("desk"))
        self.apply(commands.Tick(16), KEEPER)
