"""What an operator does to give a running exchange its vaults: an asset, a pool, three vaults."""

from __future__ import annotations

from plimsoll.messages import codes, commands
from plimsoll.messages.params import MarketParams
from plimsoll.messages.vault_params import QuoteParams, VaultParams
from plimsoll.units import QUOTE_SCALE

BTC_UNIT = 10**8
PASSIVE, BASE, QUOTE = 0, 1, 2
HALF_SPREAD = 2_000


def liquidity(params: MarketParams, asset: int, *accounts: int) -> list[commands.Command]:
    """Commands for market 0 (``params``, at 60,000), whose base becomes the next ``asset``.

    A pool of 10 BTC and 600,000 USD, ten times as deep, without a fee; a passive vault that
    quotes, a base and a quote vault; each of the ``accounts`` gets 5 BTC.
    """
    usd = 600_000 * QUOTE_SCALE
    treasury = codes.TREASURY_ACCOUNT
    hedged = VaultParams(pool_1=0, hedge_slippage=50_000, firm_quotes=1)
    quoting = QuoteParams(weight=1, half_spread=HALF_SPREAD, max_quote_size=10**9)
    values = dict(zip((name for name, _ in MarketParams.FIELDS), params.row(), strict=True))
    made: list[commands.Command] = [
        commands.CreateAsset("BTC", 8),
        commands.SetMarketParams(0, MarketParams(**{**values, "base_asset": asset})),
        commands.Deposit(treasury, asset, 10 * BTC_UNIT, "btc-in"),
        commands.Deposit(treasury, 0, usd, "usd-in"),
        commands.CreateSpotPool(asset, 0, 0, 90 * BTC_UNIT, 9 * usd),
        commands.AddSpotLiquidity(treasury, 0, 10 * BTC_UNIT, usd),
        commands.CreateVault(codes.PASSIVE_VAULT, -1, "makers", VaultParams()),
        commands.CreateVault(codes.BASE_VAULT, 0, "btc", hedged),
        commands.CreateVault(codes.QUOTE_VAULT, 0, "usd", hedged),
        commands.SetVaultQuote(0, 0, quoting),
    ]
    made += [commands.Deposit(one, asset, 5 * BTC_UNIT, f"btc-{one}") for one in accounts]
    return made
