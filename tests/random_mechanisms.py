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

from tests.harness.minimums import MINIMUMS, RARE


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
