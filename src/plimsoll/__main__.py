"""``python -m plimsoll``: the same as the command ``plimsoll``."""

from __future__ import annotations

from plimsoll.cli.main import main

if __name__ == "__main__":
    main()
