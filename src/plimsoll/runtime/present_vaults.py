"""Which amounts of the events and refusals of vaults and spot are of which asset."""

from __future__ import annotations

from typing import Final

from plimsoll.core.state import USD
from plimsoll.messages import codes
from plimsoll.messages.commands import Command, FundPool, FundVamm
from plimsoll.messages.vaults import DepositVault, SwapSpot, TradeVault, WithdrawVault
from plimsoll.runtime.present_text import BASE_DIGITS, QUOTE_DIGITS, Catalogue

_AMOUNTS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "VaultDeposited": {"asset": ("amount", "fee", "assets", "liability")},
    "VaultWithdrawn": {
        "asset": ("value", "paid", "fee", "assets", "liability"),
        "other_asset": ("other",),
    },
    "UnlockQueued": {"asset": ("value",)},
    "UnlockPaid": {"asset": ("paid", "cut")},
    "VaultHedged": {"asset": ("base_amount",)},
    "VaultShut": {"asset": ("assets",)},
    "VaultOpened": {"asset": ("assets",)},
    "VaultSnapshot": {"asset": ("assets", "liability")},
    "SpotPoolCreated": {"base": ("virtual_base",), "quote_asset": ("virtual_quote",)},
    "SpotLiquidityChanged": {"base": ("base_amount",), "quote_asset": ("quote_amount",)},
    "SpotSwapped": {
        "asset_in": ("amount_in", "fee_amount", "reserve_in"),
        "asset_out": ("amount_out", "reserve_out"),
    },
    "FirmQuotePosted": {"asset": ("asset_amount",), "held_asset": ("held",)},
    "FirmQuoteFilled": {"asset": ("asset_amount", "left")},
    "FirmQuoteEnded": {"asset": ("left",), "held_asset": ("released",)},
    "WithdrawalHeld": {"asset": ("amount",)},
    "HeldReleased": {"asset": ("amount",)},
}
ASSET_OF: Final[dict[tuple[str, str], str]] = {
    (event, amount): asset
    for event, assets in _AMOUNTS.items()
    for asset, amounts in assets.items()
    for amount in amounts
}
"""(event, field of an amount) -> field that names its asset."""
ASSET_FIELDS: Final = ("asset", *sorted(set(ASSET_OF.values()) - {"asset"}))
"""Fields that name an asset."""

ASSET_CODES: Final = frozenset(
    {codes.INSUFFICIENT_BALANCE, codes.VAULT_SHUT, codes.VALUE_TOO_SMALL, codes.VAULT_CAP}
    | {codes.VAULT_MARGIN, codes.VAULT_ASSETS, codes.SPOT_LIQUIDITY, codes.SPOT_SLIPPAGE}
)
"""Codes whose numbers are amounts of an asset, which the command tells."""


def refused_decimals(command: Command, code: int, names: Catalogue) -> int | None:
    """Decimals of the amounts in a refusal; None where the command does not tell."""
    if isinstance(command, TradeVault):
        other = BASE_DIGITS if command.exact_quote else QUOTE_DIGITS
        return other if code == codes.SPOT_SLIPPAGE else None
    asset: int | None = getattr(command, "asset", None)
    if isinstance(command, FundVamm | FundPool):
        asset = USD
    elif isinstance(command, DepositVault | WithdrawVault):
        asset = names.vaults[command.vault][1] if command.vault < len(names.vaults) else None
    elif isinstance(command, SwapSpot):
        asset = _of_swap(command, code, names)
    return names.decimals[asset] if asset is not None and asset < len(names.decimals) else None


def _of_swap(command: SwapSpot, code: int, names: Catalogue) -> int | None:
    """The asset that a refusal of a swap is about: what was to come in, or to go out."""
    if code == codes.INSUFFICIENT_BALANCE or (code == codes.SPOT_SLIPPAGE and command.exact_out):
        return command.asset_in
    if command.pool >= len(names.pools):
        return None
    base, quote = names.pools[command.pool]
    return quote if command.asset_in == base else base
