"""Planted bugs of signed orders: each breaks the interpreted core and names who must notice.

    PLIMSOLL_PURE=1 python -m tests.harness.planted_signed NAME

runs a few settlements, a cancellation, a key more and one less, and the end of them all on the
broken core; prints the id of the invariant that halted it and the check that found it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from plimsoll.core import invariants, signed_orders
from plimsoll.core.gateway_board import GatewayBoard
from plimsoll.core.handlers import gateway
from plimsoll.core.rows import Signed
from plimsoll.messages.codes import BUY
from tests.harness.planted import Planted
from tests.harness.signed_page import SignedPage, key_of

Original = Callable[..., Any]


def timer_is_late(original: Original) -> Original:
    """The timer of a signed order is set for a millisecond after its expiry."""

    def learn(self: Any, row: Any) -> None:
        original(self, row)
        self.ends.remove(row.expires_ms, row.ident)
        self.ends.add(row.expires_ms + 1, row.ident)

    return learn


def known_by_hash_only(original: Original) -> Original:
    """A signed order is entered under its hash, and not under its id."""

    def enter(self: Any, row: Any) -> None:
        original(self, row)
        del self.by_ident[row.ident]

    return enter


def any_part(_: Original) -> Original:
    """A part may be larger than what is left."""

    def check_part(*_: Any) -> None:
        return

    return check_part


def fills_count_double(original: Original) -> Original:
    """A part is counted twice."""

    def fill(self: Any, size: int) -> None:
        original(self, 2 * size)

    return fill


def cancel_forgets(_: Original) -> Original:
    """A cancelled order is remembered, but not that it was cancelled."""

    def cancel(self: Any) -> None:
        self.touch()

    return cancel


def newest_key_first(original: Original) -> Original:
    """A key more is added in front of the others."""

    def set_signer(txn: Any, cmd: Any) -> None:
        board = txn.state.gateway
        if cmd.allowed:
            board.set_signers(cmd.account, [cmd.signer, *board.signers_of(cmd.account)])
        else:
            original(txn, cmd)

    return set_signer


PLANTED: dict[str, Planted] = {
    "timer_is_late": Planted("G6", GatewayBoard, "learn", timer_is_late),
    "known_by_hash_only": Planted("G6", GatewayBoard, "enter", known_by_hash_only),
    "any_part": Planted("G7", signed_orders, "check_part", any_part),
    "fills_count_double": Planted("G7", Signed, "fill", fills_count_double),
    "cancel_forgets": Planted("G7", Signed, "cancel", cancel_forgets),
    "newest_key_first": Planted("G8", gateway, "set_signer", newest_key_first),
}
"""Name -> bug."""


class Watched(SignedPage):
    """A page that knows which check was at work when something broke."""

    when = "full"

    def apply(self, command: Any, principal: int) -> bool:
        try:
            return super().apply(command, principal)
        except invariants.InvariantBroken:
            self.when = "command" if self.engine.halted else "full"
            raise


def play(page: SignedPage) -> None:
    """Settle in parts, try too much, cancel, change keys, and let time pass."""
    page.play("bob sell 5 @ 100")
    part = page.sign("alice", BUY, "3", "100")
    page.settle(part, "1")
    page.settle(part, "1")
    page.apply(page.settling(part, "2"), page.rita)
    page.cancel(page.sign("alice", BUY, "1", "100"))
    page.allow("alice", key_of(1))
    page.allow("alice", key_of(2**255))
    page.allow("alice", key_of(1), allowed=False)
    page.now = part.expires_ms + 1
    page.tick()


def halted_by(name: str) -> str:
    """Plant a bug, run, and say which invariant halted the exchange in which check."""
    if name != "none":
        bug = PLANTED[name]
        setattr(bug.owner, bug.attribute, bug.broken(getattr(bug.owner, bug.attribute)))
    page: Watched | None = None
    try:
        page = Watched()
        play(page)
    except invariants.InvariantBroken as broken:
        return f"{broken.ident} {'full' if page is None else page.when}"
    return "none"


def main() -> None:
    """Plant the named bug, run, print who noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=[*PLANTED, "none"])
    print(halted_by(parser.parse_args().name))


if __name__ == "__main__":
    main()
