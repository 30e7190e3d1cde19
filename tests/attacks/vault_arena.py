"""The arena with vaults: a passive one, a base and a quote vault, and the pool they hedge in.

What a gang makes is counted as in ``arena``: shares at what they could be given back for, ETH and
positions at the oracle, less what an honest holder of the same exposure, that of its shares
included, would have made of each oracle price. Pools follow the oracle by an honest arbitrageur, at
once, so that what is left is what was taken from somebody. ETH has 9 decimals.
"""

from __future__ import annotations

from fractions import Fraction
from math import isqrt
from typing import Any

from plimsoll.core import margin
from plimsoll.core.rows import Account, Vault
from plimsoll.messages import codes, commands, events
from plimsoll.messages.vault_params import QuoteParams, VaultParams
from tests.attacks.arena import BUY, LOT, OPERATOR, PRICE, SELL, STEP, USD, Arena, Person, on_tick

ETH = 1
PASSIVE, BASE, QUOTE = 0, 1, 2
ALL = (PASSIVE, BASE, QUOTE)
HEDGED = (BASE, QUOTE)
DAY = 86_400_000
QUOTING: dict[str, Any] = {"weight": 1, "half_spread": 1_000, "max_quote_size": 1_000 * LOT}


class VaultArena(Arena):
    """The arena at 100, a pool of 10,000 ETH (20,000 with its virtual part), three vaults."""

    def __init__(
        self,
        *,
        passive: dict[str, Any] | None = None,
        quotes: dict[str, Any] | None = None,
        hedged: dict[str, Any] | None = None,
        pool_fee: int = 0,
        depth: int = 20_000,
        **changes: Any,
    ) -> None:
        changes = {"auction": 0, "repeg": 0, "base_asset": ETH, **changes}
        super().__init__(**changes)
        self.must(commands.CreateAsset("ETH", 9), OPERATOR)
        virtual = depth // 2
        real = depth - virtual
        pool = commands.CreateSpotPool(ETH, 0, pool_fee, virtual * LOT, virtual * PRICE)
        self.must(pool, OPERATOR)
        self.put(codes.TREASURY_ACCOUNT, real * PRICE)
        self.put_eth(codes.TREASURY_ACCOUNT, real * LOT)
        give = commands.AddSpotLiquidity(codes.TREASURY_ACCOUNT, 0, real * LOT, real * PRICE)
        self.must(give, OPERATOR)
        made = VaultParams(**(passive or {}))
        self.must(commands.CreateVault(codes.PASSIVE_VAULT, -1, "p", made), OPERATOR)
        named: dict[str, Any] = {"pool_1": 0, "hedge_slippage": 20_000, **(hedged or {})}
        for kind, worth in ((codes.BASE_VAULT, 10**7), (codes.QUOTE_VAULT, 10**6)):
            params = VaultParams(**{"virtual_assets": worth, **named})
            self.must(commands.CreateVault(kind, 0, "h", params), OPERATOR)
        self.quote(**(quotes or {}))
        self.arbitrageur = self.rich(10**8, 10**6)

    # Commands -----------------------------------------------------------------------------------

    def quote(self, **changes: Any) -> None:
        """How the passive vault quotes."""
        params = QuoteParams(**{**QUOTING, **changes})
        self.must(commands.SetVaultQuote(PASSIVE, 0, params), OPERATOR)

    def put_eth(self, account: int, amount: int) -> None:
        """ETH from outside (1e-9)."""
        self.external += 1
        self.must(commands.Deposit(account, ETH, amount, f"eth{self.external}"), OPERATOR)

    def rich(self, cash: int, eth: int) -> Person:
        """Somebody with dollars and ETH, in whole ones."""
        made = self.person(cash)
        self.put_eth(made.ident, eth * LOT)
        return made

    def hold(self, passive: int = 100_000, base: int = 1_000, quote: int = 100_000) -> Person:
        """An honest depositor in every vault, in whole dollars and ETH."""
        made = self.rich(passive + quote, base)
        for ident, amount in ((PASSIVE, passive * USD), (BASE, base * LOT), (QUOTE, quote * USD)):
            if amount:
                assert self.join(made, ident, amount), [event.row() for event in self.found]
        return made

    def join(self, who: Person, vault: int, amount: int, least: int = 0) -> bool:
        """Buy shares; ``amount`` in units of the vault's asset."""
        return self.send(commands.DepositVault(who.ident, vault, amount, least), who.owner)

    def leave(self, who: Person, vault: int, shares: int = -1, least: int = 0) -> bool:
        """Give shares back, all of them unless told otherwise."""
        given = self.shares(who, vault) if shares < 0 else shares
        if given == 0:
            return False
        return self.send(commands.WithdrawVault(who.ident, vault, given, least), who.owner)

    def leave_most(self, who: Person, vault: int) -> None:
        """Give back as many shares as the vault pays now, found by halving."""
        part = self.shares(who, vault)
        while part > 0 and self.shares(who, vault) > 0:
            if not self.leave(who, vault, min(part, self.shares(who, vault))):
                part >>= 1

    def trade(self, who: Person, vault: int, side: int, size: int, **more: Any) -> bool:
        """Trade with one hedged vault; ``quote=True``: for an amount of dollars (1e-6)."""
        command = commands.TradeVault(
            who.ident, vault, side, more.get("quote", False), size,
            more.get("limit", 0), more.get("reduce_only", False),
        )  # fmt: skip
        return self.send(command, who.owner)

    def swap(self, who: Person, side: int, base: int) -> bool:
        """Buy or sell exactly so much ETH in the pool."""
        buys = side == BUY
        command = commands.SwapSpot(who.ident, 0, 0 if buys else ETH, buys, base, 0)
        return self.send(command, who.owner)

    def skew(self, who: Person, price: int) -> int:
        """Bring the pool to a price; the ETH (signed) this bought."""
        pool = self.state.liquidity.pools[0]
        x = self.eth(pool.account) + pool.virtual_base
        y = pool.account.cash() + pool.virtual_quote
        wanted = isqrt(x * y * LOT // price)
        if wanted < x:
            return x - wanted if self.swap(who, BUY, x - wanted) else 0
        if wanted > x:
            return x - wanted if self.swap(who, SELL, wanted - x) else 0
        return 0

    def move(self, price: int, wait: int = 1_000) -> bool:
        """A new oracle price, and the pool follows it."""
        taken = self.oracle(on_tick(price), wait)
        self.follow()
        return taken

    def follow(self) -> None:
        """The arbitrageur brings the pool to the oracle."""
        for _ in range(3):
            self.skew(self.arbitrageur, self.price)

    # Looking ------------------------------------------------------------------------------------

    def row(self, vault: int) -> Vault:
        """A vault's row."""
        return self.state.liquidity.vaults[vault]

    def shares(self, who: Person, vault: int) -> int:
        """Shares somebody has."""
        row = self.state.liquidity.find(vault, who.ident)
        return 0 if row is None else row.shares

    def eth(self, account: Account) -> int:
        """ETH an account has (1e-9)."""
        balances = account.balances
        return balances[ETH].amount if len(balances) > ETH else 0

    def pool_price(self) -> int:
        """The pool's price (1e-6), floored."""
        pool = self.state.liquidity.pools[0]
        x = self.eth(pool.account) + pool.virtual_base
        return (pool.account.cash() + pool.virtual_quote) * LOT // x

    def own(self, account: Account) -> int:
        """What an account has but for shares, in 1e-15 quote; what firm quotes hold is its own."""
        total = super().worth(account) + self.eth(account) * self.price
        for offer in self.state.liquidity.offers:
            if offer.account is account:
                total += offer.held * (self.price if offer.side == SELL else LOT)
        return total

    def held(self, account: Account) -> int:
        """Base an account is exposed to but for shares: position, ETH, ETH in firm quotes."""
        total = self.base(account) + self.eth(account)
        for offer in self.state.liquidity.offers:
            if offer.account is account and offer.side == SELL:
                total += offer.held
        return total

    def assets(self, vault: int) -> int:
        """What a vault is worth, in 1e-15 quote; counted by the test, not by the vault."""
        return self.own(self.row(vault).account)

    def part(self, account: Account, vault: int) -> Fraction:
        """The part of a vault that an account has."""
        row = self.state.liquidity.find(vault, account.ident)
        if row is None or row.shares == 0:
            return Fraction(0)
        made = self.row(vault)
        return Fraction(row.shares, made.supply + made.params.virtual_shares)

    def virtual(self, vault: int) -> tuple[int, int]:
        """The virtual assets in 1e-15 quote, and as base."""
        row = self.row(vault)
        amount = row.params.virtual_assets
        return (amount * self.price, amount) if vault == BASE else (amount * LOT, 0)

    def worth(self, account: Account) -> int:
        """Cash, ETH, position, shares, and what waits to be paid out, in 1e-15 quote."""
        total = Fraction(self.own(account))
        for vault in range(len(self.state.liquidity.vaults)):
            part = self.part(account, vault)
            if part:
                total += max(0, part * (self.assets(vault) + self.virtual(vault)[0]))
            row = self.state.liquidity.find(vault, account.ident)
            if row is not None:
                waits = sum(one.value for one in row.unlocks)
                total += waits * (self.price if vault == BASE else LOT)
        return total  # type: ignore[return-value]

    def net(self) -> int:
        """Base the gang is exposed to: positions, ETH, and its part of the vaults'."""
        total = Fraction(0)
        for account in self.gang:
            total += self.held(account)
            for vault in range(len(self.state.liquidity.vaults)):
                part = self.part(account, vault)
                if part:
                    total += part * (self.held(self.row(vault).account) + self.virtual(vault)[1])
                row = self.state.liquidity.find(vault, account.ident)
                if row is not None and vault == BASE:
                    total += sum(one.value for one in row.unlocks)
        return total  # type: ignore[return-value]

    def account_for(self) -> None:
        """As in the arena; what the vAMM gives a vault is given to its depositors, too."""
        super().account_for()
        holders = [vault.account.ident for vault in self.state.liquidity.vaults]
        for event in self.of(events.Filled):
            if event.source == codes.FROM_VAMM and event.taker in holders:
                edge = event.size * self.price - event.quote * LOT
                self.given += max(0, edge if event.side == BUY else -edge)

    def price_of(self, vault: int) -> Fraction:
        """What a share is worth, in 1e-15 quote."""
        row = self.row(vault)
        value = self.assets(vault) + self.virtual(vault)[0]
        return Fraction(value, row.supply + row.params.virtual_shares)

    def spare(self, vault: int) -> int:
        """Equity of a vault's account above its positions' initial requirement (1e-6)."""
        account = self.row(vault).account
        needed = margin.requirement(self.state, account, False)
        return margin.equity(self.state, account) - needed

    # The end ------------------------------------------------------------------------------------

    def go_home(self, *people: Person) -> None:
        """Close everything, with the vaults first, and leave them; wait for what waits."""
        for who in people:
            self.send(commands.CancelAll(who.ident, -1), who.owner)
            for offer in list(self.state.liquidity.offers):
                if offer.account is who.account:
                    self.send(commands.CancelFirmQuote(who.ident, offer.ident), who.owner)
        for who in people:
            for vault in HEDGED:
                held = self.base(who.account)
                if held:
                    side = SELL if held > 0 else BUY
                    most = self.base(self.row(vault).account)
                    size = min(abs(held), max(0, most if side == BUY else -most))
                    size -= size % STEP
                    if size:
                        self.trade(who, vault, side, size, reduce_only=True)
        self.unwind(*people)
        for who in people:
            for vault in ALL:
                self.leave_most(who, vault)
        if any(self.row(vault).params.cooldown_ms for vault in ALL):
            self.oracle(self.price, 30 * DAY)
            self.tick()


def near(rng: Any, size: int, low: int = 1) -> int:
    """A size up to ``size``, more often small."""
    return max(low, int(size * rng.random() ** 3))
