"""Shares of a vault: ERC-4626 with virtual shares and virtual assets. Pure arithmetic.

    S = supply + virtual shares        A = assets + virtual assets
    minted   = floor(amount·S / A)     redeemed = floor(A·shares / S)

One wide multiplication, one division, both rounded for the vault: neither a deposit nor a
withdrawal lowers A/S. Nobody owns the virtual part; it bounds what can be taken from a depositor
by inflating the price of a share (SHARE-006). What a preview says is what happens, because both
are these functions. Amounts are smallest units of the vault's asset, shares whole numbers.

Spec: docs/spec/21-shares.md, SHARE-001 … SHARE-009.
"""

from __future__ import annotations

from typing import Final

from plimsoll.messages.codes import (
    BAD_FIELD,
    INSUFFICIENT_SHARES,
    SHARES_LIMIT,
    SHARES_TOO_FEW,
    VALUE_TOO_SMALL,
    VAULT_SHUT,
    Reject,
)
from plimsoll.units import AMOUNT_MAX, RATIO_SCALE, div_floor, mul_div_ceil, mul_div_floor

SHARES_MAX: Final = AMOUNT_MAX
"""Most shares a vault may have."""


def effective_assets(assets: int, virtual_assets: int) -> int:
    """What all shares, the virtual ones included, are worth; the vault is shut at 0 or less.

    Rejects: VAULT_SHUT.
    """
    worth = assets + virtual_assets
    if worth <= 0:
        raise Reject(VAULT_SHUT, max(worth, -AMOUNT_MAX))
    return worth


def is_shut(assets: int, supply: int, virtual_assets: int, virtual_shares: int) -> bool:
    """Whether there are shares and nothing stands behind them: ``VAULT_SHUT`` either way."""
    return supply + virtual_shares > 0 and assets + virtual_assets <= 0


def minted_floor(
    amount: int, assets: int, supply: int, virtual_assets: int, virtual_shares: int
) -> int:
    """Shares for a deposit of ``amount``; ``assets`` (signed) is the vault's worth before it.

    The first deposit into a vault without virtual shares is minted one to one. Any width; the
    caller bounds the result. Rejects: VAULT_SHUT.
    """
    shares = supply + virtual_shares
    if shares == 0:
        return amount
    return div_floor(amount * shares, effective_assets(assets, virtual_assets))


def redeemed_floor(
    shares: int, assets: int, supply: int, virtual_assets: int, virtual_shares: int
) -> int:
    """Value of ``shares`` of the supply; ``assets`` (signed) is the vault's worth before it goes.

    0 < shares <= supply. Rejects: VAULT_SHUT.
    """
    worth = effective_assets(assets, virtual_assets)
    return div_floor(worth * shares, supply + virtual_shares)


def mint(
    amount: int,
    assets: int,
    supply: int,
    virtual_assets: int,
    virtual_shares: int,
    min_shares: int,
) -> int:
    """Shares that a deposit is given: ``minted_floor`` of at least max(1, ``min_shares``).

    Rejects: BAD_FIELD (nothing deposited), VAULT_SHUT, SHARES_TOO_FEW, SHARES_LIMIT.
    """
    if amount <= 0:
        raise Reject(BAD_FIELD, amount, 1)
    shares = minted_floor(amount, assets, supply, virtual_assets, virtual_shares)
    if shares > SHARES_MAX - supply:
        raise Reject(SHARES_LIMIT, supply, SHARES_MAX)
    least = max(1, min_shares)
    if shares < least:
        raise Reject(SHARES_TOO_FEW, shares, least)
    return shares


def redeem(
    shares: int,
    owned: int,
    assets: int,
    supply: int,
    virtual_assets: int,
    virtual_shares: int,
    min_value: int,
) -> int:
    """Value that shares are given back for: ``redeemed_floor`` of at least max(1, ``min_value``).

    ``owned`` <= supply. Rejects: BAD_FIELD (no shares), INSUFFICIENT_SHARES, VAULT_SHUT,
    VALUE_TOO_SMALL; ``RangeError`` for a value past 2^62.
    """
    if shares <= 0:
        raise Reject(BAD_FIELD, shares, 1)
    if shares > owned:
        raise Reject(INSUFFICIENT_SHARES, shares, owned)
    value = redeemed_floor(shares, assets, supply, virtual_assets, virtual_shares)
    least = max(1, min_value)
    if value < least:
        raise Reject(VALUE_TOO_SMALL, value, least)
    return value


def liability_after(liability: int, shares: int, supply: int) -> int:
    """What remains owed to depositors once ``shares`` of ``supply`` are given back.

    liability - floor(liability·shares/supply): it never rises, and is 0 after the last share.
    0 <= liability, 0 <= shares <= supply, 0 < supply.
    """
    return liability - mul_div_floor(liability, shares, supply)


def utilisation_ceil(held: int, liability: int) -> int:
    """Part of what depositors brought that is in use: max(0, 1 - held/liability), ppm, rounded up.

    0 without liability; in 0 .. 100 % for any ``held`` >= 0.
    """
    if liability == 0 or held >= liability:
        return 0
    return mul_div_ceil(liability - held, RATIO_SCALE, liability)
