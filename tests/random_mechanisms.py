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
    "accepted": 270,
    "did AmendOrder": 6,
    "did Batch": 3,
    "did CancelAll": 0.7,
    "did CancelOrder": 12,
    "did Deposit": 4,
    "did ExpireOrder": 0.2,
    "did FireTrigger": 2,
    "did FundPool": 0.5,
    "did Liquidate": 1,
    "did MatchLimit": 0.07,
    "did OfferAuction": 7,
    "did OraclePrices": 45,
    "did PlaceOrder": 120,
    "did PlaceTrigger": 14,
    "did Repeg": 0.2,
    "did SetMarketMode": 0.5,
    "did SetMarketParams": 0.8,
    "did SettleAuction": 9,
    "did SettleFunding": 1,
    "did Tick": 22,
    "did Transfer": 0.4,
    "did UpdateFunding": 0.1,
    "did UpdateMarket": 2,
    "did Withdraw": 4,
    "event AuctionEnded": 29,
    "event AuctionOffered": 7,
    "event AuctionStarted": 29,
    "event BadDebt": 0.3,
    "event Deleveraged": 10,
    "event FundingUpdated": 1,
    "event Liquidating": 7,
    "event LiquidationEnded": 5,
    "event MarketModeSet": 0.5,
    "event MarketParamsSet": 0.8,
    "event MarketReleased": 1.0,
    "event MarketRestricted": 1,
    "event OfferDropped": 2,
    "event OracleAccepted": 130,
    "event OrderAccepted": 130,
    "event OrderReduced": 4,
    "event OrderRested": 60,
    "event RepegUnaffordable": 0.2,
    "event Repegged": 66,
    "event TriggerFired": 8,
    "event TriggerPlaced": 14,
    "event VammMoved": 5,
    "event VammQuoted": 89,
    "fills adl": 10,
    "fills auction": 6,
    "fills book": 57,
    "fills vamm": 5,
    "oracle ORACLE_FROM_FUTURE": 0.2,
    "oracle ORACLE_NOT_NEWER": 0.2,
    "oracle ORACLE_NOT_POSITIVE": 0.2,
    "oracle ORACLE_TOO_UNCERTAIN": 0.4,
    "oracle ORACLE_TOO_VOLATILE": 0.4,
    "oracle UNKNOWN_MARKET": 0.1,
    "paid bad_debt": 0.3,
    "paid deposit": 4,
    "paid extra_escrow": 6,
    "paid extra_refund": 6,
    "paid funding": 24,
    "paid funding_pool": 0.5,
    "paid keeper_extra": 0.07,
    "paid keeper_flat": 4,
    "paid keeper_liquidation": 6,
    "paid keeper_surplus": 0.1,
    "paid penalty": 6,
    "paid pool_capital": 0.5,
    "paid repeg_cost": 1,
    "paid repeg_revenue": 4,
    "paid transfer": 0.4,
    "paid withdrawal": 4,
    "refusals that left the hash": 5,
    "refused": 220,
    "rejected ACCOUNT_KIND": 0.5,
    "rejected ALREADY_EXPIRED": 0.3,
    "rejected AMEND_BELOW_FILLED": 0.9,
    "rejected AMEND_NOTHING": 1,
    "rejected AMOUNT_RANGE": 1,
    "rejected AUCTIONS_FULL": 0.9,
    "rejected AUCTION_OWN": 3,
    "rejected AUCTION_PRICE_NOT_MET": 5,
    "rejected AUCTION_RUNNING": 4,
    "rejected BAD_FIELD": 0.2,
    "rejected BATCH_SIZE": 0.1,
    "rejected EXTERNAL_ID_USED": 0.07,
    "rejected FOK_NOT_FILLABLE": 6,
    "rejected FUNDING_NOT_DUE": 2,
    "rejected FUNDING_OFF": 0.09,
    "rejected INSUFFICIENT_BALANCE": 1,
    "rejected INSUFFICIENT_MARGIN": 82,
    "rejected IN_LIQUIDATION": 0.4,
    "rejected KEEPER_FEE_TOO_LARGE": 2,
    "rejected LIMIT_NOT_REACHED": 9,
    "rejected LIQUIDATION_OFF": 0.3,
    "rejected MARKET_MODE": 3,
    "rejected NAME_TAKEN": 0.05,
    "rejected NOTHING_TO_DO": 2,
    "rejected NOTIONAL_TOO_SMALL": 7,
    "rejected NOT_ALLOWED": 4,
    "rejected NOT_OWNER": 8,
    "rejected NOT_WITHDRAWABLE": 3,
    "rejected OPEN_INTEREST": 0.2,
    "rejected OPEN_ORDERS_LIMIT": 2,
    "rejected ORACLE_INVALID": 1,
    "rejected ORDER_COMBINATION": 1,
    "rejected ORDER_NOT_EXPIRED": 3,
    "rejected PARAMS_INVALID": 0.5,
    "rejected POST_ONLY_CROSSES": 0.3,
    "rejected PRICE_BAND": 2,
    "rejected PRICE_BANDS_BREACHED": 1,
    "rejected PRICE_NOT_ON_TICK": 0.7,
    "rejected REDUCE_ONLY_NOTHING": 1,
    "rejected REPEG_DIRECTION": 0.7,
    "rejected REPEG_PROFITABILITY": 0.6,
    "rejected REPEG_REDUNDANT": 0.3,
    "rejected SAME_ACCOUNT": 0.8,
    "rejected SIZE_NOT_ON_STEP": 1,
    "rejected SUFFICIENT_COLLATERAL": 13,
    "rejected TRIGGER_IMMEDIATE": 1,
    "rejected TRIGGER_NOT_REACHED": 4,
    "rejected UNKNOWN_ACCOUNT": 1,
    "rejected UNKNOWN_ASSET": 0.07,
    "rejected UNKNOWN_AUCTION": 10,
    "rejected UNKNOWN_MARKET": 1,
    "rejected UNKNOWN_ORDER": 6,
    "rejected UNKNOWN_PRINCIPAL": 0.2,
    "rejected VAMM_DISABLED": 1,
    "removed amended": 4,
    "removed auctions_full": 0.2,
    "removed cancelled": 13,
    "removed expired": 4,
    "removed filled": 67,
    "removed ioc_remainder": 5,
    "removed liquidated": 2,
    "removed maker_margin": 0.7,
    "removed no_liquidity": 26,
    "removed price_band": 1,
    "removed recovered": 0.06,
    "removed reduce_only": 1,
    "removed restricted": 0.3,
    "removed self_trade": 7,
    "removed slippage": 3,
    "removed stale_oracle": 0.2,
    "removed taker_margin": 0.3,
    "removed trigger_refused": 2,
    "removed work_limit": 0.07,
    "snapshots loaded and replayed": 0.9,
    "whole states compared": 5,
}
"""How often each thing should occur, about, in 1,000 commands: half of what it does."""

RARE = (
    "event FundingSkipped",
    "paid haircut",
    "paid vamm_capital",
    "rejected AUCTION_NOTHING",
    "rejected AUCTION_OFFERS_FULL",
    "rejected CLIENT_ORDER_ID_IN_USE",
    "rejected FUNDING_BLOCKED",
    "rejected INSUFFICIENT_POOL",
    "rejected LIQUIDATION_WAIT",
    "rejected TOO_MANY",
    "rejected VAMM_EQUITY",
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
