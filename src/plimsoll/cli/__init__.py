"""The command line; ``main`` is its entry point."""

from __future__ import annotations

from plimsoll.cli.main import main

__all__ = ["main"]
