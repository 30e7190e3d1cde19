"""Signed orders as arithmetic: whose key is well formed, which part may be filled, what a
reduction frees.

Spec: docs/spec/25-gateway.md, GATE-001, GATE-008, GATE-013. Sizes 1e-9 base, money 1e-6 quote.
"""

from __future__ import annotations

from typing import Final

from plimsoll.core import margin
from plimsoll.core.rows import Account
from plimsoll.core.state import State
from plimsoll.messages.codes import (
    BAD_FIELD,
    SIGNED_DONE,
    SIGNED_FOK,
    SIGNED_MIN_FILL,
    SIGNED_OVERFILL,
    Reject,
)
from plimsoll.messages.gateway import SignedOrder
from plimsoll.units import at_rate_ceil, mul_div_floor

SIGNERS_MOST: Final = 16
"""Most keys that may sign for one account."""

KEY_FORMS: Final = (("ed25519:", 64), ("evm:0x", 40))
"""How the text of a key begins, and how many hex digits, in lower case, follow."""

_DIGITS: Final = "0123456789abcdef"


def check_signer(signer: str) -> None:
    """Refuse a text that is no key: one form of each key, so that texts compare as keys do.

    Rejects: BAD_FIELD (with the length, or the place of the first wrong character, and the length
    needed; 0 and 0 for an unknown scheme).
    """
    for prefix, digits in KEY_FORMS:
        if signer.startswith(prefix):
            wanted = len(prefix) + digits
            if len(signer) != wanted:
                raise Reject(BAD_FIELD, len(signer), wanted)
            for at in range(len(prefix), wanted):
                if signer[at] not in _DIGITS:
                    raise Reject(BAD_FIELD, at, wanted)
            return
    raise Reject(BAD_FIELD)


def check_part(order: SignedOrder, filled: int, size: int) -> None:
    """Refuse a part that the owner did not allow, ``filled`` of the order being filled already.

    A remainder smaller than ``min_fill`` may be filled as a whole.

    Rejects, in this order: SIGNED_DONE, SIGNED_FOK, SIGNED_OVERFILL, SIGNED_MIN_FILL.
    """
    left = order.size - filled
    if left == 0:
        raise Reject(SIGNED_DONE, filled, order.size)
    if order.fok and size != order.size:
        raise Reject(SIGNED_FOK, size, order.size)
    if size > left:
        raise Reject(SIGNED_OVERFILL, size, left)
    least = min(order.min_fill, left)
    if size < least:
        raise Reject(SIGNED_MIN_FILL, size, least)


def is_flat(account: Account) -> bool:
    """Whether an account has no position in any market."""
    held = 0
    for row in account.positions:
        if row.base != 0:
            held += 1
    return held == 0


def opened(account: Account) -> int:
    """What an account paid or received for its positions: sum of |entry_cost|."""
    total = 0
    for row in account.positions:
        total += abs(row.entry_cost)
    return total


def initial(state: State, account: Account) -> int:
    """The initial requirement on ``opened``, each market's rounded up."""
    total = 0
    for row in account.positions:
        total += at_rate_ceil(abs(row.entry_cost), state.markets[row.market].params.imr)
    return total


def freed(state: State, account: Account, equity: int, cost: int, spare: int) -> int:
    """What goes back to the fund after a reduction, so that the margin ratio is what it was.

    ``equity`` and ``cost`` (``opened``) are those from before the trade, their quotient the ratio
    to keep (a negative one counts as 0); ``spare`` is what may leave now. Flat: all of that. Else
    nothing if the ratio now is below the initial one or not above the one to keep, else what is
    above it, rounded up, at most ``spare``.
    """
    if is_flat(account):
        return spare
    have = margin.equity(state, account)
    now = opened(account)
    kept = max(0, equity)
    if cost == 0 or have < initial(state, account) or have * cost <= kept * now:
        return 0
    return min(have - mul_div_floor(kept, now, cost), spare)
