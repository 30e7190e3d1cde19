"""A page with spot: two assets, three pools, a desk, a hedged vault that trades spot alone."""

from __future__ import annotations

from typing import Any

from plimsoll.core import invariants, ledger, spot_venue
from plimsoll.core.rows import Account, Vault
from plimsoll.core.spot_venue import Hedge
from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import BUY
from plimsoll.messages.vault_params import VaultParams
from tests.harness.scenario import OPERATOR, Scenario, market

USD, ETH, BTC = 0, 1, 2
UNIT = 10**9
"""A whole ETH."""
SAT = 10**8
"""A whole BTC."""
DOLLAR = 10**6
ETH_BTC, BTC_USD, ETH_USD = 0, 1, 2
"""Pools. The first two are a way from ETH to USD, the third one is another."""
BOTH = {"pool_1": ETH_BTC, "pool_2": BTC_USD}
NO_POOLS = {"pool_1": -1}
"""Ways of a vault: through two pools; with firm quotes alone."""


class SpotScene(Scenario):
    """ETH at 2,000 and BTC at 40,000, pools worth 2,000,000 a side with a fee of 0.3 %.

    ``vault`` is a base vault on the pool of ETH and USD (or on what is named) with 500 ETH and
    200,000 USD; ``desk`` and ``alice`` have 100 ETH, 5 BTC and 500,000 USD each.
    """

    def __init__(self, fee: int = 3_000, **params: int) -> None:
        super().__init__(market(base_asset=ETH), traders="alice bob desk", cash="500000")
        self.oracle("2000")
        for symbol, decimals in (("ETH", 9), ("BTC", 8)):
            self.do(commands.CreateAsset(symbol, decimals), OPERATOR)
        for name in ("alice", "desk"):
            self.bring(self.accounts[name], ETH, 100 * UNIT)
            self.bring(self.accounts[name], BTC, 5 * SAT)
        for asset, amount in ((USD, 4_000_000 * DOLLAR), (ETH, 2_100 * UNIT), (BTC, 130 * SAT)):
            self.bring(codes.TREASURY_ACCOUNT, asset, amount)
        for base, quote, given, other in (
            (ETH, BTC, 1_000 * UNIT, 50 * SAT),
            (BTC, USD, 50 * SAT, 2_000_000 * DOLLAR),
            (ETH, USD, 1_000 * UNIT, 2_000_000 * DOLLAR),
        ):
            self.do(commands.CreateSpotPool(base, quote, fee, 0, 0), OPERATOR)
            ident = len(self.state.liquidity.pools) - 1
            treasury = codes.TREASURY_ACCOUNT
            self.do(commands.AddSpotLiquidity(treasury, ident, given, other), OPERATOR)
        chosen = VaultParams(**{"pool_1": ETH_USD, "firm_quotes": 1, **params})
        self.do(commands.CreateVault(codes.BASE_VAULT, 0, "hedged", chosen), OPERATOR)
        self.vault: Vault = self.state.liquidity.vaults[0]
        self.endow(500 * UNIT, 200_000 * DOLLAR)

    def bring(self, account: int, asset: int, amount: int) -> None:
        """An asset from outside, brought in by the operator."""
        self.external += 1
        self.do(commands.Deposit(account, asset, amount, f"in{self.external}"), OPERATOR)

    def endow(self, base: int, quote: int) -> None:
        """Give the vault what depositors would bring."""
        self.begin()
        outside = self.state.accounts[codes.OUTSIDE_ACCOUNT]
        txn = self.engine.txn
        ledger.transfer(txn, outside, self.vault.account, ETH, base, codes.R_DEPOSIT, -1)
        ledger.transfer(txn, outside, self.vault.account, USD, quote, codes.R_DEPOSIT, -1)
        self.vault.count_base(base)
        self.finish()

    def begin(self) -> None:
        """Start a command by hand."""
        self.state.log.begin()
        self.engine.txn.now = self.now

    def finish(self) -> None:
        """End it as the engine does, with the full sweep."""
        invariants.check_command(self.state, self.engine.check)
        self.state.log.commit()
        self.found = self.engine.drain()
        invariants.check_full(self.state)

    # The vault ----------------------------------------------------------------------------

    def plan(self, side: int, amount: int) -> Hedge:
        """How the vault would trade now."""
        return spot_venue.plan(self.state, self.vault, side, amount, self.now)

    def hedge(self, side: int, amount: int) -> Hedge:
        """Trade on spot alone, as a leg without its other one."""
        planned = self.plan(side, amount)
        self.execute(planned)
        return planned

    def execute(self, planned: Hedge) -> list[events.Event]:
        """Do what was planned; its events."""
        self.begin()
        spot_venue.execute(self.engine.txn, self.vault, planned)
        self.vault.count_unhedged(planned.amount if planned.side == BUY else -planned.amount)
        self.finish()
        return self.found

    def base_for(self, side: int, quote: int) -> int:
        """Base that so much collateral is for."""
        return spot_venue.base_for_quote(self.state, self.vault, side, quote, self.now)

    # Commands -----------------------------------------------------------------------------

    def swap(
        self, name: str, pool: int, asset_in: int, amount: int, out: bool = False, limit: int = 0
    ) -> tuple[int, int]:
        """Swap; what came in and what went out."""
        command = commands.SwapSpot(self.accounts[name], pool, asset_in, out, amount, limit)
        event = self.do(command, self.owner(name))[-1]
        assert isinstance(event, events.SpotSwapped), event.row()
        return event.amount_in, event.amount_out

    def quote(self, side: int, price: int, amount: int, **more: Any) -> int:
        """Post a firm quote of ETH, of the desk's and for a minute unless told otherwise; its id.

        ``price`` is in whole USD.
        """
        name, asset = more.get("name", "desk"), more.get("asset", ETH)
        until = self.now + more.get("lasts", 60_000)
        command = commands.PostFirmQuote(
            self.accounts[name], asset, side, price * DOLLAR, amount, until
        )
        event = self.do(command, self.owner(name))[-1]
        assert isinstance(event, events.FirmQuotePosted), event.row()
        return event.firm_quote

    def told(self, kind: Any, steps: list[Any], **fields: Any) -> list[tuple[str, int, int]]:
        """Repair one fault of a command after the other, the rest staying; what is told each time.

        A step is who sends it and what is repaired, or something to be done first.
        """
        found = []
        for step in steps:
            if callable(step):
                step()
                continue
            sender, changes = step
            fields.update(changes)
            code, value, limit, _ = self.refuse(kind(**fields), sender)
            found.append((codes.REJECTS[code][0], value, limit))
        return found

    # Looking ------------------------------------------------------------------------------

    def has(self, account: Account | str, *assets: int) -> list[int]:
        """Balances of a trader's account, or of any."""
        row = self.account(account) if isinstance(account, str) else account
        return [row.held(asset) for asset in assets or (USD, ETH, BTC)]

    def pool(self, ident: int) -> list[int]:
        """Real reserves of a pool."""
        row = self.state.liquidity.pools[ident]
        return self.has(row.account, row.base, row.quote)

    def escrow(self) -> list[int]:
        """What is held for all firm quotes; nothing before the first."""
        holder = self.state.liquidity.escrow
        return [0, 0, 0] if holder is None else self.has(holder)

    def totals(self) -> list[int]:
        """What all accounts but the outside world have of every asset."""
        inside = [row for row in self.state.accounts if row.ident != codes.OUTSIDE_ACCOUNT]
        return [sum(column) for column in zip(*map(self.has, inside), strict=True)]

    def rows(self) -> list[list[object]]:
        """The events of the last command but for transfers."""
        return [one.row() for one in self.found if not isinstance(one, events.Transferred)]
