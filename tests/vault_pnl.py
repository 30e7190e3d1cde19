"""PnL of vaults and vAMMs by cause, recomputed from the event logs of random histories.

    python -m tests.vault_pnl --seed 1 --histories 1000 [--commands 800] [--impl auto|pure]

Of every history only the rows of its events are kept, and ``harness.pnl_tally`` makes the causes
of them by means of its own. At the end and at a few places on the way, of every source and to the
unit: what the core says it is worth, what the attribution says, and what the log says are the same;
each cause is the same; and the causes sum to the worth. Fails on a difference, and if a cause never
occurred.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter

CAUSES = (
    "flows", "spread", "fees", "funding", "inventory", "hedge_slippage", "repeg", "bad_debt",
)  # fmt: skip
MUST: dict[str, tuple[str, ...]] = {
    "passive": ("flows", "spread", "fees", "funding", "inventory", "bad_debt"),
    "base": ("flows", "spread", "fees", "funding", "inventory", "hedge_slippage", "bad_debt"),
    "quote": ("flows", "spread", "fees", "funding", "inventory", "hedge_slippage", "bad_debt"),
    "vamm": ("flows", "spread", "inventory", "repeg", "bad_debt"),
}
"""What each kind of source must have met somewhere, in a run of many histories."""
NEVER: dict[str, tuple[str, ...]] = {
    "passive": ("hedge_slippage", "repeg"),
    "base": ("repeg",),
    "quote": ("repeg",),
    "vamm": ("fees", "funding", "hedge_slippage"),
}
"""What it cannot meet."""


def problems(seen: Counter[tuple[str, str]]) -> list[str]:
    """Causes that never occurred, or that should not have."""
    found = [f"{kind}: no {name}" for kind in MUST for name in MUST[kind] if not seen[kind, name]]
    found += [f"{kind}: {name}" for kind in NEVER for name in NEVER[kind] if seen[kind, name]]
    return found


def table(sums: Counter[tuple[str, str]], seen: Counter[tuple[str, str]]) -> list[str]:
    """Totals in USD by cause and kind of source, and of how many sources they are not 0."""
    lines = [" " * 16 + "".join(f"{kind:>32}" for kind in MUST)]
    for cause in CAUSES:
        line = f"{cause:<16}"
        for kind in MUST:
            whole, rest = divmod(abs(sums[kind, cause]), 10**6)
            sign = "-" if sums[kind, cause] < 0 else ""
            line += f"{f'{sign}{whole:,}.{rest:06}':>24}{seen[kind, cause]:>8,}"
        lines.append(line)
    return lines


def main(arguments: list[str] | None = None) -> int:
    """Make, recompute, compare, report, and say with the exit code whether all is well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--histories", type=int, default=20)
    parser.add_argument("--commands", type=int, default=800)
    parser.add_argument("--impl", choices=("auto", "pure"), default="auto")
    given = parser.parse_args(arguments)
    if given.impl == "pure":
        # Before the first import of the package, which chooses the build.
        os.environ["PLIMSOLL_PURE"] = "1"
    from plimsoll import _build
    from tests.harness import pnl_history

    print(f"core: {_build.describe()}")
    started = time.process_time()
    sums: Counter[tuple[str, str]] = Counter()
    seen: Counter[tuple[str, str]] = Counter()
    applied = told = noted = 0
    for seed in range(given.seed * 10**6, given.seed * 10**6 + given.histories):
        try:
            history = pnl_history.make(seed, given.commands)
            pnl_history.compare(history)
        except (pnl_history.Unequal, pnl_history.Unexplained) as problem:
            print(f"history {seed}: {problem}")
            return 1
        applied += len(history.log)
        told += history.events
        noted += len(history.noted)
        for whole, part in zip((sums, seen), pnl_history.totals(history), strict=True):
            for key, count in part.items():
                whole[key] += count
    print("\n".join(table(sums, seen)))
    seconds = time.process_time() - started
    print(
        f"{given.histories:,} histories, {applied:,} commands, {told:,} events in {seconds:.0f} s:"
        f" {noted:,} times a source was worth what its causes sum to"
    )
    short = problems(seen)
    for line in short:
        print(f"not as it must be: {line}")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
