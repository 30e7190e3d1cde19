"""Random commands with every mechanism on: the engine in front of an independent observer.

    python -m tests.random_mechanisms --seed 1 --commands 200000 [--impl auto|pure]

Every event is judged by rule, every so often the whole books are compared and the commands since
the last snapshot replayed. Prints what occurred and fails on a breach, or when something that must
be tested did not occur often enough.
"""

from __future__ import annotations

import argparse
import os
import sys
import time

MINIMUMS: dict[str, float] = {
    "accepted": 314,
    "did AddSpotLiquidity": 11,
    "did AmendOrder": 4,
    "did Batch": 2.1,
    "did CancelAll": 0.5,
    "did CancelFirmQuote": 1.8,
    "did CancelOrder": 8,
    "did ClaimUnlocks": 0.7,
    "did Deposit": 6.7,
    "did DepositVault": 6.3,
    "did ExpireOrder": 0.26,
    "did FireTrigger": 1.8,
    "did FundPool": 0.42,
    "did Liquidate": 2.0,
    "did MatchLimit": 0.07,
    "did OfferAuction": 5,
    "did OraclePrices": 33,
    "did PlaceOrder": 105,
    "did PlaceOrder directed limit fok": 1.2,
    "did PlaceOrder directed limit ioc": 3,
    "did PlaceOrder directed market fok": 0.52,
    "did PlaceOrder directed market ioc": 8,
    "did PlaceTrigger": 10,
    "did PostFirmQuote": 12,
    "did RemoveSpotLiquidity": 4,
    "did Repeg": 0.53,
    "did SetMarketMode": 0.42,
    "did SetMarketParams": 0.67,
    "did SetVaultMode": 0.9,
    "did SetVaultParams": 0.48,
    "did SetVaultQuote": 0.48,
    "did SetVaultWhitelist": 0.41,
    "did SettleAuction": 7,
    "did SettleFunding": 0.92,
    "did SwapSpot": 23,
    "did Tick": 15,
    "did TradeVault buy base": 2.6,
    "did TradeVault buy quote": 1.7,
    "did TradeVault sell base": 1.9,
    "did TradeVault sell quote": 1.4,
    "did Transfer": 0.29,
    "did UpdateFunding": 0.14,
    "did UpdateMarket": 1.8,
    "did Withdraw": 3,
    "did WithdrawVault": 8,
    "event AuctionEnded": 19,
    "event AuctionOffered": 5,
    "event AuctionStarted": 19,
    "event BadDebt": 0.26,
    "event Deleveraged": 10,
    "event FirmQuoteEnded": 12,
    "event FirmQuoteFilled": 0.96,
    "event FirmQuotePosted": 12,
    "event FundingUpdated": 2.2,
    "event Liquidating": 8,
    "event LiquidationEnded": 5,
    "event MarketModeSet": 0.42,
    "event MarketParamsSet": 0.67,
    "event MarketReleased": 0.97,
    "event MarketRestricted": 1.3,
    "event OfferDropped": 1.4,
    "event OracleAccepted": 132,
    "event OrderAccepted": 136,
    "event OrderReduced": 3,
    "event OrderRested": 47,
    "event RepegUnaffordable": 0.08,
    "event Repegged": 50,
    "event SpotLiquidityChanged": 22,
    "event SpotSwapped": 45,
    "event TriggerFired": 5,
    "event TriggerPlaced": 10,
    "event UnlockPaid": 5.0,
    "event UnlockQueued": 5.0,
    "event VammMoved": 3.6,
    "event VammQuoted": 70,
    "event VaultDeposited": 6.3,
    "event VaultModeSet": 1.1,
    "event VaultModeSet of itself": 0.09,
    "event VaultOpened": 0.06,
    "event VaultParamsSet": 0.48,
    "event VaultQuoteSet": 0.48,
    "event VaultQuoted": 54,
    "event VaultShut": 0.06,
    "event VaultSnapshot": 2.2,
    "event VaultWhitelistSet": 0.41,
    "event VaultWithdrawn": 8,
    "fills adl": 10,
    "fills auction": 4,
    "fills book": 82,
    "fills hedged": 13,
    "fills vamm": 3.4,
    "hedges of a fill, firm": 0.92,
    "hedges of a fill, pool": 12,
    "hedges that was missing, pool": 0.11,
    "oracle ORACLE_FROM_FUTURE": 0.16,
    "oracle ORACLE_NOT_NEWER": 0.19,
    "oracle ORACLE_NOT_POSITIVE": 0.23,
    "oracle ORACLE_TOO_UNCERTAIN": 0.31,
    "oracle ORACLE_TOO_VOLATILE": 0.6,
    "oracle UNKNOWN_MARKET": 0.07,
    "paid bad_debt": 0.26,
    "paid deposit": 6.7,
    "paid extra_escrow": 5,
    "paid extra_refund": 5,
    "paid firm_escrow": 12,
    "paid firm_fill": 1.9,
    "paid firm_release": 12,
    "paid funding": 38,
    "paid funding_pool": 0.5,
    "paid keeper_extra": 0.06,
    "paid keeper_flat": 3.7,
    "paid keeper_liquidation": 4,
    "paid keeper_surplus": 0.1,
    "paid penalty": 4,
    "paid pool_capital": 0.42,
    "paid repeg_cost": 0.83,
    "paid repeg_revenue": 2.8,
    "paid spot_hedge": 34,
    "paid spot_liquidity": 23,
    "paid spot_swap": 46,
    "paid transfer": 0.29,
    "paid unlock_cut": 0.18,
    "paid unlock_paid": 5.0,
    "paid vault_deposit": 6.3,
    "paid vault_fee": 2.8,
    "paid vault_unlock": 5.0,
    "paid vault_withdrawal": 2.0,
    "paid withdrawal": 3,
    "refusals that left the hash": 5,
    "refused": 186,
    "rejected ACCOUNT_KIND": 0.4,
    "rejected ALREADY_EXPIRED": 0.24,
    "rejected AMEND_BELOW_FILLED": 0.5,
    "rejected AMEND_NOTHING": 0.97,
    "rejected AMOUNT_RANGE": 0.9,
    "rejected AUCTIONS_FULL": 0.5,
    "rejected AUCTION_OWN": 1.6,
    "rejected AUCTION_PRICE_NOT_MET": 3,
    "rejected AUCTION_RUNNING": 1.2,
    "rejected BAD_FIELD": 0.19,
    "rejected BATCH_SIZE": 0.1,
    "rejected FOK_NOT_FILLABLE": 5,
    "rejected FUNDING_NOT_DUE": 1.8,
    "rejected FUNDING_OFF": 0.12,
    "rejected HEDGE_SLIPPAGE": 2.5,
    "rejected INSUFFICIENT_BALANCE": 2.0,
    "rejected INSUFFICIENT_MARGIN": 43,
    "rejected INSUFFICIENT_SHARES": 2.4,
    "rejected IN_LIQUIDATION": 0.8,
    "rejected KEEPER_FEE_TOO_LARGE": 2.1,
    "rejected LIMIT_NOT_REACHED": 5,
    "rejected MARKET_MODE": 2.7,
    "rejected MIN_MARGIN_RATIO": 0.08,
    "rejected NOTHING_TO_DO": 3.1,
    "rejected NOTIONAL_TOO_SMALL": 5.9,
    "rejected NOT_ALLOWED": 4,
    "rejected NOT_OWNER": 7,
    "rejected NOT_WHITELISTED": 4.3,
    "rejected NOT_WITHDRAWABLE": 4.9,
    "rejected OPEN_INTEREST": 0.47,
    "rejected OPEN_ORDERS_LIMIT": 1.8,
    "rejected ORACLE_INVALID": 3,
    "rejected ORDER_COMBINATION": 2.0,
    "rejected ORDER_NOT_EXPIRED": 2.0,
    "rejected PARAMS_INVALID": 0.28,
    "rejected POST_ONLY_CROSSES": 0.23,
    "rejected PRICE_BAND": 2.4,
    "rejected PRICE_BANDS_BREACHED": 1.1,
    "rejected PRICE_NOT_ON_TICK": 0.4,
    "rejected REDUCE_ONLY_NOTHING": 1.4,
    "rejected REPEG_DIRECTION": 0.76,
    "rejected REPEG_PROFITABILITY": 0.9,
    "rejected REPEG_REDUNDANT": 0.5,
    "rejected SAME_ACCOUNT": 0.47,
    "rejected SHARES_TOO_FEW": 0.79,
    "rejected SIZE_NOT_ON_STEP": 0.9,
    "rejected SPOT_AMOUNT_ZERO": 0.7,
    "rejected SPOT_LIQUIDITY": 0.38,
    "rejected SPOT_PATH": 0.12,
    "rejected SPOT_POOL_EXISTS": 0.03,
    "rejected SPOT_SLIPPAGE": 5.2,
    "rejected SUFFICIENT_COLLATERAL": 9,
    "rejected TRIGGER_IMMEDIATE": 0.8,
    "rejected TRIGGER_NOT_REACHED": 2.4,
    "rejected UNKNOWN_ACCOUNT": 1.1,
    "rejected UNKNOWN_ASSET": 0.09,
    "rejected UNKNOWN_AUCTION": 7,
    "rejected UNKNOWN_FIRM_QUOTE": 0.18,
    "rejected UNKNOWN_MARKET": 0.9,
    "rejected UNKNOWN_ORDER": 4,
    "rejected UNKNOWN_PRINCIPAL": 0.12,
    "rejected UNKNOWN_VAULT": 0.3,
    "rejected UNLOCKS_FULL": 0.14,
    "rejected UNLOCK_NOT_DUE": 1.6,
    "rejected VALUE_TOO_SMALL": 1.2,
    "rejected VAMM_DISABLED": 1.6,
    "rejected VAULT_ASSETS": 1.2,
    "rejected VAULT_CAPACITY": 6.7,
    "rejected VAULT_KIND": 0.6,
    "rejected VAULT_MODE": 0.52,
    "removed amended": 3,
    "removed auctions_full": 0.45,
    "removed cancelled": 9,
    "removed expired": 4,
    "removed filled": 102,
    "removed ioc_remainder": 7,
    "removed liquidated": 2.1,
    "removed maker_margin": 0.98,
    "removed no_liquidity": 16,
    "removed price_band": 1.2,
    "removed recovered": 0.11,
    "removed reduce_only": 1.0,
    "removed restricted": 0.15,
    "removed self_trade": 5.9,
    "removed slippage": 2.8,
    "removed stale_oracle": 0.37,
    "removed taker_margin": 0.22,
    "removed trigger_refused": 1.2,
    "removed work_limit": 0.11,
    "snapshots loaded and replayed": 0.9,
    "vault refused HEDGE_SLIPPAGE": 0.48,
    "vault refused NOT_WHITELISTED": 0.26,
    "vault refused ORACLE_INVALID": 0.05,
    "vault refused SPOT_SLIPPAGE": 0.64,
    "vault refused VAULT_CAPACITY": 1.2,
    "whole states compared": 5,
}
"""How often each thing should occur, about, in 1,000 commands: half of what it does."""

RARE = (
    "did RehedgeVault",
    "event FundingSkipped",
    "paid haircut",
    "paid vamm_capital",
    "rejected AUCTION_NOTHING",
    "rejected AUCTION_OFFERS_FULL",
    "rejected CLIENT_ORDER_ID_IN_USE",
    "rejected EXTERNAL_ID_USED",
    "rejected FUNDING_BLOCKED",
    "rejected INSUFFICIENT_POOL",
    "rejected LIQUIDATION_OFF",
    "rejected LIQUIDATION_WAIT",
    "rejected NAME_TAKEN",
    "rejected ORACLE_TOO_UNCERTAIN",
    "rejected TOO_MANY",
    "rejected UNKNOWN_POOL",
    "rejected VAMM_EQUITY",
    "rejected VAULT_CAP",
    "rejected VAULT_EXISTS",
    "rejected VAULT_MARGIN",
    "vault refused VAULT_MODE",
)
"""What a run of 200,000 commands must show at least once."""


def missing(counts: dict[str, int], commands: int) -> list[str]:
    """What did not occur often enough for a run of this size."""
    found = []
    for name, rate in MINIMUMS.items():
        expected = rate * commands / 1000
        least = int(expected - 3 * expected**0.5)
        if counts.get(name, 0) < least:
            found.append(f"{name}: {counts.get(name, 0)}, at least {least}")
    if commands >= 200_000:
        found += [f"{name}: never" for name in RARE if not counts.get(name)]
    return found


def main(arguments: list[str] | None = None) -> int:
    """Run, report, and say with the exit code whether all is well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--commands", type=int, default=20_000)
    parser.add_argument("--impl", choices=("auto", "pure"), default="auto")
    given = parser.parse_args(arguments)
    if given.impl == "pure":
        # Before the first import of the package, which chooses the build.
        os.environ["PLIMSOLL_PURE"] = "1"
    from plimsoll import _build
    from tests.harness.witness import Witness, Witnessed

    print(f"core: {_build.describe()}")
    started = time.perf_counter()
    run = Witness(given.seed)
    try:
        run.run(given.commands)
    except Witnessed as problem:
        print(problem)
        return 1
    seconds = time.perf_counter() - started
    for name in sorted(run.counts):
        print(f"{run.counts[name]:>9,}  {name}")
    print(f"{given.commands:,} commands in {seconds:.0f} s, no breach")
    short = missing(run.counts, given.commands)
    for line in short:
        print(f"too few: {line}")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
