"""Keys and signed orders as the client's types; and what of them a relayer may see."""

from __future__ import annotations

from typing import Any, Final

from plimsoll.client.models import SignedInfo, SignerInfo
from plimsoll.core.rows import Account, Signed
from plimsoll.core.state import State
from plimsoll.messages import codes
from plimsoll.messages.commands import Command
from plimsoll.messages.gateway import MatchSigned, SettleSigned
from plimsoll.runtime.present_text import base_text

HIDDEN: Final = "hidden"
"""What stands for a number that is somebody else's."""

OWNERS_CODES: Final = frozenset(
    {codes.INSUFFICIENT_MARGIN, codes.NOT_WITHDRAWABLE, codes.INSUFFICIENT_BALANCE}
    | {codes.REDUCE_ONLY_NOTHING, codes.OPEN_ORDERS_LIMIT, codes.UNKNOWN_SIGNER, codes.SIGNED_FUND}
    | {codes.ORACLE_INVALID, codes.IN_LIQUIDATION, codes.SIGNED_SELF}
)
"""Refusals whose numbers tell of the account an order is of: money, positions, keys, owner."""


def signers(state: State, row: Account) -> list[SignerInfo]:
    """The keys that may sign orders of an account, in order of their text."""
    found = state.gateway.signers_of(row.ident)
    return [SignerInfo(account=row.ident, signer=signer) for signer in found]


def signed_orders(state: State, row: Account) -> list[SignedInfo]:
    """What is known of an account's signed orders, the earliest to expire first."""
    found = [one for one in state.gateway.signed.values() if one.account == row.ident]
    found.sort(key=lambda one: (one.expires_ms, one.ident))
    return [signed(one) for one in found]


def signed(row: Signed) -> SignedInfo:
    """What is known of a signed order."""
    full = row.filled == row.size
    left = 0 if row.cancelled else row.size - row.filled
    return SignedInfo(
        order_hash=row.order_hash,
        account=row.account,
        status="cancelled" if row.cancelled else "filled" if full else "open",
        size=base_text(row.size),
        filled=base_text(row.filled),
        left=base_text(left),
        expires_ms=row.expires_ms,
    )


def is_relayed(command: Command | None) -> bool:
    """Whether a command is about orders that are not its sender's."""
    return isinstance(command, SettleSigned | MatchSigned)


def without_owners_numbers(shown: dict[str, Any]) -> dict[str, Any]:
    """A refusal as a relayer may see it (the named values of ``Rejected``)."""
    if shown.get("type") == "Rejected" and shown["code"] in OWNERS_CODES:
        return {**shown, "value": HIDDEN, "limit": HIDDEN}
    return shown
