"""Which amounts of the events of vaults and spot are of which asset."""

from __future__ import annotations

from typing import Final

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
    "SpotPoolCreated": {"base": ("virtual_base",), "quote_asset": ("virtual_quote",)},
    "SpotLiquidityChanged": {"base": ("base_amount",), "quote_asset": ("quote_amount",)},
    "SpotSwapped": {
        "asset_in": ("amount_in", "fee_amount", "reserve_in"),
        "asset_out": ("amount_out", "reserve_out"),
    },
    "FirmQuotePosted": {"asset": ("asset_amount",), "held_asset": ("held",)},
    "FirmQuoteFilled": {"asset": ("asset_amount", "left")},
    "FirmQuoteEnded": {"asset": ("left",), "held_asset": ("released",)},
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
