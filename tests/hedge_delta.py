"""Delta neutrality: random fills of both hedged vaults, every unit of what they hold explained.

    python -m tests.hedge_delta --seed 1 --fills 100000 [--impl auto|pure]

One world has as many fills as asked for, with a base asset of 9 decimals; those with 6, 8 and 12
have a tenth of them each. See ``harness.hedge_world`` for what must hold after every command.
Fails on a difference, or when something that must be tested did not occur often enough.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter

DECIMALS = (9, 6, 8, 12)
MINIMUMS: dict[str, float] = {
    "VaultDeposited": 10,
    "VaultWithdrawn": 10,
    "base buy firm": 8,
    "base buy pools": 80,
    "base sell firm": 8,
    "base sell pools": 80,
    "funding": 4,
    "order directed": 60,
    "order undirected": 10,
    "prices": 100,
    "quote buy firm": 8,
    "quote buy pools": 80,
    "quote sell firm": 8,
    "quote sell pools": 80,
    "refused VAULT_CAPACITY": 4,
    "trade of base": 150,
    "trade of quote": 100,
    "used up": 1,
}
"""How often each thing must occur in 1,000 fills, about: half of what it does, or less."""


def missing(counts: Counter[str], fills: int) -> list[str]:
    """What did not occur often enough for so many fills."""
    found = []
    for name, rate in MINIMUMS.items():
        expected = rate * fills / 1000
        least = int(expected - 3 * expected**0.5)
        if counts[name] < least:
            found.append(f"{name}: {counts[name]}, at least {least}")
    return found


def main(arguments: list[str] | None = None) -> int:
    """Run every world, report, and say with the exit code whether all is well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fills", type=int, default=10_000)
    parser.add_argument("--impl", choices=("auto", "pure"), default="auto")
    given = parser.parse_args(arguments)
    if given.impl == "pure":
        # Before the first import of the package, which chooses the build.
        os.environ["PLIMSOLL_PURE"] = "1"
    from plimsoll import _build
    from tests.harness.hedge_world import HedgeWorld, Unequal

    print(f"core: {_build.describe()}")
    counts: Counter[str] = Counter()
    started = time.perf_counter()
    for decimals in DECIMALS:
        fills = given.fills if decimals == DECIMALS[0] else given.fills // 10
        world = HedgeWorld(given.seed, decimals)
        try:
            world.run(fills)
        except Unequal as problem:
            print(f"{decimals} decimals, seed {given.seed}, command {world.applied}: {problem}")
            return 1
        counts += world.counts
    for name in sorted(counts):
        print(f"{counts[name]:>9,}  {name}")
    total = counts["fills"]
    print(f"{total:,} fills in {time.perf_counter() - started:.0f} s, every unit explained")
    short = missing(counts, total)
    for line in short:
        print(f"too few: {line}")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
