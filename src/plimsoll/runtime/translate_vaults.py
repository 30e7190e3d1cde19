"""Requests about vaults and spot to commands; see ``translate``."""

from __future__ import annotations

from typing import Final

from plimsoll.client import models
from plimsoll.client.errors import bad_field, no_vault
from plimsoll.client.numbers import amount, price
from plimsoll.messages import codes
from plimsoll.messages.commands import Command
from plimsoll.messages.vaults import (
    CancelFirmQuote,
    ClaimUnlocks,
    DepositVault,
    PostFirmQuote,
    SwapSpot,
    TradeVault,
    WithdrawVault,
)
from plimsoll.runtime.present_text import BASE_DIGITS, QUOTE_DIGITS, Catalogue
from plimsoll.runtime.translate import asset, made, word

_TRADES: Final = ("base", "quote")
_SWAPS: Final = ("in", "out")


def _decimals(vault: int, names: Catalogue) -> int:
    """Decimals of a vault's asset. Errors: `NotFound`."""
    if not 0 <= vault < len(names.vaults):
        raise no_vault(vault)
    return names.decimals[names.vaults[vault][1]]


def deposit(vault: int, req: models.VaultDepositRequest, names: Catalogue) -> DepositVault:
    """The command of a deposit into a vault."""
    digits = _decimals(vault, names)
    shares = amount("min_shares", req.min_shares, 0, least=0)
    return made(DepositVault, req.account, vault, amount("amount", req.amount, digits), shares)


def withdraw(vault: int, req: models.VaultWithdrawalRequest, names: Catalogue) -> WithdrawVault:
    """The command that gives shares back."""
    value = amount("min_value", req.min_value, _decimals(vault, names), least=0)
    return made(WithdrawVault, req.account, vault, amount("shares", req.shares, 0), value)


def claim(vault: int, req: models.ClaimRequest, names: Catalogue) -> ClaimUnlocks:
    """The command that pays what is due."""
    _decimals(vault, names)
    return made(ClaimUnlocks, req.account, vault)


def trade(vault: int, req: models.VaultTradeRequest, names: Catalogue) -> TradeVault:
    """The command of a trade with a hedged vault."""
    _decimals(vault, names)
    exact_quote = word("exact", req.exact, _TRADES) == 1
    digits = (BASE_DIGITS, QUOTE_DIGITS)
    own, other = digits[::-1] if exact_quote else digits
    return made(
        TradeVault,
        req.account,
        vault,
        word("side", req.side, codes.SIDES),
        exact_quote,
        amount("amount", req.amount, own),
        amount("limit", req.limit, other, least=0),
        req.reduce_only,
    )


def swap(req: models.SwapRequest, names: Catalogue) -> Command:
    """The command of a swap in a pool."""
    if not 0 <= req.pool < len(names.pools):
        raise bad_field("pool", "names no spot pool here")
    base, quote = names.pools[req.pool]
    coming = asset(req.asset_in, names, "asset_in")
    if coming not in (base, quote):
        raise bad_field("asset_in", "is not an asset of the pool")
    going = quote if coming == base else base
    exact_out = word("exact", req.exact, _SWAPS) == 1
    own, other = (going, coming) if exact_out else (coming, going)
    return made(
        SwapSpot,
        req.account,
        req.pool,
        coming,
        exact_out,
        amount("amount", req.amount, names.decimals[own]),
        amount("limit", req.limit, names.decimals[other], least=0),
    )


def post_quote(req: models.FirmQuoteRequest, names: Catalogue) -> PostFirmQuote:
    """The command of a firm quote."""
    traded = asset(req.asset, names)
    return made(
        PostFirmQuote,
        req.account,
        traded,
        word("side", req.side, codes.SIDES),
        price("price", req.price),
        amount("amount", req.amount, names.decimals[traded]),
        req.expires_ms,
    )


def cancel_quote(account: int, quote: int) -> CancelFirmQuote:
    """The command that takes a firm quote back."""
    return made(CancelFirmQuote, account, quote)
