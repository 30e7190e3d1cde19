"""Random commands: the engine against an independent model of it.

    python -m tests.random_commands --seed 1 --commands 200000 [--impl auto|pure]

After every command the answers are compared, every so often the whole states. Prints what occurred
and fails on a difference, or when something that must be tested did not occur often enough.
"""

from __future__ import annotations

import argparse
import os
import sys
import time

MINIMUMS: dict[str, float] = {
    "accepted": 300,
    "atomic batches all good": 0.8,
    "atomic batches with refusals": 4,
    "dry runs": 8,
    "fills book": 100,
    "fills vamm": 50,
    "fills without a vamm": 40,
    "fok filled": 20,
    "loose batches all good": 1,
    "loose batches with refusals": 7,
    "oracle ORACLE_FROM_FUTURE": 2,
    "oracle ORACLE_NOT_NEWER": 3,
    "oracle ORACLE_NOT_POSITIVE": 2,
    "oracle ORACLE_TOO_UNCERTAIN": 4,
    "oracle ORACLE_TOO_VOLATILE": 5,
    "oracle UNKNOWN_MARKET": 1,
    "reduced": 10,
    "refusals that left the hash": 10,
    "refused": 200,
    "rejected ACCOUNT_KIND": 0.7,
    "rejected ALREADY_EXPIRED": 2,
    "rejected AMEND_BELOW_FILLED": 3,
    "rejected AMEND_NOTHING": 5,
    "rejected AMOUNT_RANGE": 6,
    "rejected BAD_FIELD": 2,
    "rejected BATCH_SIZE": 1,
    "rejected CLIENT_ORDER_ID_IN_USE": 0.3,
    "rejected EXTERNAL_ID_USED": 0.3,
    "rejected FOK_NOT_FILLABLE": 10,
    "rejected INSUFFICIENT_BALANCE": 2,
    "rejected INSUFFICIENT_MARGIN": 40,
    "rejected MARKET_MODE": 0.9,
    "rejected NAME_TAKEN": 1,
    "rejected NOTIONAL_TOO_SMALL": 3,
    "rejected NOT_ALLOWED": 9,
    "rejected NOT_OWNER": 10,
    "rejected NOT_WITHDRAWABLE": 4,
    "rejected OPEN_INTEREST": 2,
    "rejected OPEN_ORDERS_LIMIT": 4,
    "rejected ORACLE_INVALID": 3,
    "rejected ORDER_COMBINATION": 9,
    "rejected PARAMS_INVALID": 3,
    "rejected POST_ONLY_CROSSES": 4,
    "rejected PRICE_BAND": 9,
    "rejected PRICE_NOT_ON_TICK": 4,
    "rejected REDUCE_ONLY_NOTHING": 3,
    "rejected SAME_ACCOUNT": 2,
    "rejected SIZE_NOT_ON_STEP": 7,
    "rejected TOO_MANY": 0.3,
    "rejected UNKNOWN_ACCOUNT": 1,
    "rejected UNKNOWN_ASSET": 1,
    "rejected UNKNOWN_MARKET": 2,
    "rejected UNKNOWN_ORDER": 8,
    "rejected UNKNOWN_PRINCIPAL": 3,
    "rejected VAMM_DISABLED": 0.6,
    "removed amended": 20,
    "removed cancelled": 20,
    "removed expired": 7,
    "removed filled": 200,
    "removed ioc_remainder": 10,
    "removed maker_margin": 0.5,
    "removed no_liquidity": 10,
    "removed price_band": 2,
    "removed reduce_only": 2,
    "removed self_trade": 10,
    "snapshots loaded": 0.3,
    "trims": 7,
    "vamm capital refusals": 6,
    "whole states compared": 5,
}
"""How often each thing should occur, about, in 1,000 commands: half of what it does."""

UNREACHABLE = ("BATCH_ITEM",)
"""Reject codes that no command which passed the codec can meet."""


def missing(counts: dict[str, int], commands: int) -> list[str]:
    """What did not occur often enough for a run of this size."""
    found = []
    for name, rate in MINIMUMS.items():
        expected = rate * commands / 1000
        least = int(expected - 3 * expected**0.5)
        if counts.get(name, 0) < least:
            found.append(f"{name}: {counts.get(name, 0)}, at least {least}")
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
    from tests.harness.compare import Difference, Run

    print(f"core: {_build.describe()}")
    started = time.perf_counter()
    run = Run(given.seed)
    try:
        run.run(given.commands)
    except Difference as problem:
        print(problem)
        return 1
    seconds = time.perf_counter() - started
    for name in sorted(run.counts):
        print(f"{run.counts[name]:>9,}  {name}")
    print(f"{given.commands:,} commands in {seconds:.0f} s, no difference")
    short = missing(run.counts, given.commands)
    for line in short:
        print(f"too few: {line}")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
