"""An exchange with all three vaults, an ETH pool and a market of ETH at 100, for tests to script.

Amounts are decimal texts: ETH and shares of the base vault in 9 decimals, USD in 6.
"""

from __future__ import annotations

import math
from typing import Any, Final

from plimsoll.core import spot_venue, vault_money
from plimsoll.core.rows import Vault
from plimsoll.decimal_text import format_decimal as shown
from plimsoll.messages import codes, commands, events
from plimsoll.messages.vault_params import QuoteParams, VaultParams
from tests.harness.scenario import OPERATOR, ORACLE, Scenario, market, scaled

ETH: Final = 1
PASSIVE, BASE, QUOTE = 0, 1, 2


class VaultPage(Scenario):
    """Traders with 10,000 USD and 100 ETH each; a pool of 1,000 ETH and 100,000 USD (a depth of a
    million with the virtual part), no fees anywhere unless named."""

    def __init__(
        self,
        *,
        traders: str = "lp lp2 alice bob",
        cash: str = "10000",
        eth: str = "100",
        virtual: tuple[str, str] = ("9000", "900000"),
        pool_fee: int = 0,
        vault: dict[str, Any] | None = None,
        passive: dict[str, Any] | None = None,
        decimals: int = 9,
        **overrides: Any,
    ) -> None:
        more = {"base_asset": ETH, "step": 1_000_000, **overrides}
        super().__init__(market(**more), traders=traders, cash=cash)
        self.decimals = decimals
        self.do(commands.CreateAsset("ETH", decimals), OPERATOR)
        self.oracle("100")
        self.deposit_eth("treasury", "1000")
        self.deposit("treasury", "100000")
        for name in traders.split():
            if scaled(eth, decimals):
                self.deposit_eth(name, eth)
        self.do(
            commands.CreateSpotPool(
                ETH, 0, pool_fee, scaled(virtual[0], decimals), scaled(virtual[1], 6)
            ),
            OPERATOR,
        )
        self.do(
            commands.AddSpotLiquidity(
                codes.TREASURY_ACCOUNT, 0, scaled("1000", decimals), scaled("100000", 6)
            ),
            OPERATOR,
        )
        self.do(commands.CreateVault(codes.PASSIVE_VAULT, -1, "p", VaultParams(**(passive or {}))),
                OPERATOR)  # fmt: skip
        named = {"pool_1": 0, "hedge_slippage": 50_000, "virtual_assets": 10**4, **(vault or {})}
        for kind, label in ((codes.BASE_VAULT, "b"), (codes.QUOTE_VAULT, "q")):
            params = {**named, **({"virtual_assets": 10**6} if kind == codes.QUOTE_VAULT else {})}
            if params.get("virtual_shares") == 0:
                params["virtual_assets"] = 0
            self.do(commands.CreateVault(kind, 0, label, VaultParams(**params)), OPERATOR)

    # Money --------------------------------------------------------------------------------

    def deposit_eth(self, name: str, amount: str) -> None:
        """ETH from outside."""
        self.external += 1
        account = codes.TREASURY_ACCOUNT if name == "treasury" else self.accounts[name]
        self.do(
            commands.Deposit(account, ETH, scaled(amount, self.decimals), f"eth{self.external}"),
            OPERATOR,
        )

    def eth(self, name: str) -> int:
        """ETH of a trader, in its units."""
        return self.state.balance(self.account(name), ETH).amount

    def vault(self, ident: int) -> Vault:
        """A vault's row."""
        return self.state.liquidity.vaults[ident]

    def digits(self, ident: int) -> int:
        """Decimals of a vault's asset."""
        return self.decimals if ident == BASE else 6

    def worth(self, ident: int) -> int:
        """What a vault is worth, in units of its asset."""
        return vault_money.assets(self.state, self.vault(ident))

    # Commands -----------------------------------------------------------------------------

    def quote(self, **params: Any) -> None:
        """Let the passive vault quote in the market; 5 % off, up to 10, unless told otherwise."""
        values = {"weight": 1, "half_spread": 50_000, "max_quote_size": 10**10, **params}
        self.do(commands.SetVaultQuote(PASSIVE, 0, QuoteParams(**values)), OPERATOR)

    def join_command(
        self, name: str, ident: int, amount: str, min_shares: int = 0
    ) -> commands.Command:
        """A deposit into a vault, not yet applied."""
        raw = scaled(amount, self.digits(ident))
        return commands.DepositVault(self.accounts[name], ident, raw, min_shares)

    def join(self, name: str, ident: int, amount: str) -> events.VaultDeposited:
        """Deposit into a vault."""
        found = self.do(self.join_command(name, ident, amount), self.owner(name))
        (event,) = [one for one in found if isinstance(one, events.VaultDeposited)]
        return event

    def shares(self, name: str, ident: int) -> int:
        """Shares of a vault that a trader holds."""
        row = self.state.liquidity.find(ident, self.accounts[name])
        return 0 if row is None else row.shares

    def leave_command(
        self, name: str, ident: int, shares: int, min_value: int = 0
    ) -> commands.Command:
        """A withdrawal from a vault, not yet applied."""
        return commands.WithdrawVault(self.accounts[name], ident, shares, min_value)

    def leave(self, name: str, ident: int, shares: int = -1) -> events.VaultWithdrawn:
        """Give shares back, all of them unless told otherwise."""
        given = self.shares(name, ident) if shares < 0 else shares
        found = self.do(self.leave_command(name, ident, given), self.owner(name))
        (event,) = [one for one in found if isinstance(one, events.VaultWithdrawn)]
        return event

    def trade_command(
        self, name: str, ident: int, side: int, amount: str, **more: Any
    ) -> commands.Command:
        """A trade with a vault, not yet applied; ``quote=True``: the amount is USD."""
        exact = bool(more.get("quote", False))
        return commands.TradeVault(
            self.accounts[name], ident, side, exact, scaled(amount, 6 if exact else 9),
            more.get("limit", 0), more.get("reduce_only", False),
        )  # fmt: skip

    def deal(self, name: str, ident: int, side: int, amount: str, **more: Any) -> events.Filled:
        """Trade with a vault; the fill."""
        found = self.do(self.trade_command(name, ident, side, amount, **more), self.owner(name))
        (event,) = [one for one in found if isinstance(one, events.Filled)]
        return event

    def swap(self, name: str, side: int, base: str) -> None:
        """Somebody buys or sells ETH in the pool."""
        buys = side == codes.BUY
        command = commands.SwapSpot(
            self.accounts[name], 0, 0 if buys else ETH, buys, scaled(base, self.decimals), 0
        )
        self.do(command, self.owner(name))

    def arbitrage(self, name: str) -> None:
        """Somebody swaps until the pool's price is the oracle's."""
        pool = spot_venue.pool_state(self.state.liquidity.pools[0])
        x = pool.base_reserve + pool.virtual_base
        product = x * (pool.quote_reserve + pool.virtual_quote) * 10**self.decimals
        wanted = math.isqrt(product // self.state.oracles[0].price)
        if wanted != x:
            side = codes.BUY if wanted < x else codes.SELL
            self.swap(name, side, shown(abs(wanted - x), self.decimals))

    def prices(self, price: str) -> list[events.Event]:
        """New oracle prices; every event of the command."""
        self.now += 1_000
        self.published = max(self.published + 1, self.now)
        point = commands.PricePoint(0, scaled(price, 6), 0, self.published)
        return self.do(commands.OraclePrices([point]), ORACLE)
