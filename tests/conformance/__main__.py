"""``python -m tests.conformance FILE...``: replay vector files; fails if a case does."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.conformance.cases import VECTORS, Disposition, load
from tests.conformance.run import replay, table


def main(arguments: list[str]) -> int:
    """Print counts by subject and every failure; 1 if there is one, 2 for a bad file."""
    paths = [Path(name) for name in arguments] or sorted(VECTORS.glob("*.json"))
    disposition = Disposition()
    outcomes = []
    for path in paths:
        try:
            cases = load(path)
        except (OSError, ValueError, KeyError, TypeError) as error:
            print(f"{path}: not a vector file: {error}", file=sys.stderr)
            return 2
        outcomes += [replay(case, disposition) for case in cases]
    failed = [found for found in outcomes if found.outcome == "failed"]
    for found in failed:
        print(f"FAILED {found.case.name} ({found.case.subject}): {found.problem}")
    print("\n".join(table(outcomes)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
