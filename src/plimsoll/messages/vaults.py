"""Commands of the maker vaults and of the spot venues that hedge them.

Amounts of an asset are in its smallest units (1e-6 for the collateral), prices 1e-6 quote per
whole base.
"""

from __future__ import annotations

from typing import ClassVar, final

from plimsoll.messages.base import Command
from plimsoll.messages.params import Fields
from plimsoll.messages.vault_params import QuoteParams, VaultParams


@final
class CreateVault(Command):
    """Open a vault: passive (one, in no market), or hedged on spot in a market, in base or
    quote.
    """

    TAG: ClassVar[int] = 10
    FIELDS: ClassVar[Fields] = (
        ("kind", "vault_kind"),
        ("market", "any_id"),
        ("label", "name"),
        ("params", "vault_params"),
    )

    def __init__(self, kind: int, market: int, label: str, params: VaultParams) -> None:
        self.kind: int = kind
        self.market: int = market
        self.label: str = label
        self.params: VaultParams = params

    def tag(self) -> int:
        return 10

    def row(self) -> list[object]:
        return [10, self.kind, self.market, self.label, self.params.row()]


@final
class SetVaultParams(Command):
    """Replace the parameters of a vault; virtual shares and assets stay."""

    TAG: ClassVar[int] = 11
    FIELDS: ClassVar[Fields] = (
        ("vault", "id"),
        ("params", "vault_params"),
    )

    def __init__(self, vault: int, params: VaultParams) -> None:
        self.vault: int = vault
        self.params: VaultParams = params

    def tag(self) -> int:
        return 11

    def row(self) -> list[object]:
        return [11, self.vault, self.params.row()]


@final
class SetVaultQuote(Command):
    """Replace how a passive vault quotes in a market; a weight of 0 stops it."""

    TAG: ClassVar[int] = 12
    FIELDS: ClassVar[Fields] = (
        ("vault", "id"),
        ("market", "id"),
        ("params", "quote_params"),
    )

    def __init__(self, vault: int, market: int, params: QuoteParams) -> None:
        self.vault: int = vault
        self.market: int = market
        self.params: QuoteParams = params

    def tag(self) -> int:
        return 12

    def row(self) -> list[object]:
        return [12, self.vault, self.market, self.params.row()]


@final
class SetVaultWhitelist(Command):
    """Let an account use a vault that is for its whitelist, or no longer."""

    TAG: ClassVar[int] = 13
    FIELDS: ClassVar[Fields] = (
        ("vault", "id"),
        ("account", "id"),
        ("allowed", "flag"),
    )

    def __init__(self, vault: int, account: int, allowed: bool) -> None:
        self.vault: int = vault
        self.account: int = account
        self.allowed: bool = allowed

    def tag(self) -> int:
        return 13

    def row(self) -> list[object]:
        return [13, self.vault, self.account, self.allowed]


@final
class SetVaultMode(Command):
    """Change what a vault allows; exits pass in every mode."""

    TAG: ClassVar[int] = 14
    FIELDS: ClassVar[Fields] = (
        ("vault", "id"),
        ("mode", "mode"),
    )

    def __init__(self, vault: int, mode: int) -> None:
        self.vault: int = vault
        self.mode: int = mode

    def tag(self) -> int:
        return 14

    def row(self) -> list[object]:
        return [14, self.vault, self.mode]


@final
class CreateSpotPool(Command):
    """Open a spot pool of two assets; the fee is ppm of what comes in."""

    TAG: ClassVar[int] = 15
    FIELDS: ClassVar[Fields] = (
        ("base", "id"),
        ("quote", "id"),
        ("fee", "ratio"),
        ("virtual_base", "amount0"),
        ("virtual_quote", "amount0"),
    )

    def __init__(
        self, base: int, quote: int, fee: int, virtual_base: int, virtual_quote: int
    ) -> None:
        self.base: int = base
        self.quote: int = quote
        self.fee: int = fee
        self.virtual_base: int = virtual_base
        self.virtual_quote: int = virtual_quote

    def tag(self) -> int:
        return 15

    def row(self) -> list[object]:
        return [15, self.base, self.quote, self.fee, self.virtual_base, self.virtual_quote]


@final
class DepositVault(Command):
    """Buy shares of a vault with its asset; ``min_shares`` 0 for any number of at least 1."""

    TAG: ClassVar[int] = 24
    FIELDS: ClassVar[Fields] = (
        ("account", "id"),
        ("vault", "id"),
        ("amount", "amount"),
        ("min_shares", "amount0"),
    )

    def __init__(self, account: int, vault: int, amount: int, min_shares: int) -> None:
        self.account: int = account
        self.vault: int = vault
        self.amount: int = amount
        self.min_shares: int = min_shares

    def tag(self) -> int:
        return 24

    def row(self) -> list[object]:
        return [24, self.account, self.vault, self.amount, self.min_shares]


@final
class WithdrawVault(Command):
    """Give shares back for their value: at once, or after the vault's cooldown. ``min_value`` 0 for
    any value of at least 1.
    """

    TAG: ClassVar[int] = 25
    FIELDS: ClassVar[Fields] = (
        ("account", "id"),
        ("vault", "id"),
        ("shares", "amount"),
        ("min_value", "amount0"),
    )

    def __init__(self, account: int, vault: int, shares: int, min_value: int) -> None:
        self.account: int = account
        self.vault: int = vault
        self.shares: int = shares
        self.min_value: int = min_value

    def tag(self) -> int:
        return 25

    def row(self) -> list[object]:
        return [25, self.account, self.vault, self.shares, self.min_value]


@final
class ClaimUnlocks(Command):
    """Pay out the unlocks of an account that are due."""

    TAG: ClassVar[int] = 26
    FIELDS: ClassVar[Fields] = (
        ("account", "id"),
        ("vault", "id"),
    )

    def __init__(self, account: int, vault: int) -> None:
        self.account: int = account
        self.vault: int = vault

    def tag(self) -> int:
        return 26

    def row(self) -> list[object]:
        return [26, self.account, self.vault]


@final
class AddSpotLiquidity(Command):
    """Put assets into a pool of the sender's."""

    TAG: ClassVar[int] = 27
    FIELDS: ClassVar[Fields] = (
        ("account", "id"),
        ("pool", "id"),
        ("base_amount", "amount0"),
        ("quote_amount", "amount0"),
    )

    def __init__(self, account: int, pool: int, base_amount: int, quote_amount: int) -> None:
        self.account: int = account
        self.pool: int = pool
        self.base_amount: int = base_amount
        self.quote_amount: int = quote_amount

    def tag(self) -> int:
        return 27

    def row(self) -> list[object]:
        return [27, self.account, self.pool, self.base_amount, self.quote_amount]


@final
class RemoveSpotLiquidity(Command):
    """Take assets out of a pool of the sender's."""

    TAG: ClassVar[int] = 28
    FIELDS: ClassVar[Fields] = (
        ("account", "id"),
        ("pool", "id"),
        ("base_amount", "amount0"),
        ("quote_amount", "amount0"),
    )

    def __init__(self, account: int, pool: int, base_amount: int, quote_amount: int) -> None:
        self.account: int = account
        self.pool: int = pool
        self.base_amount: int = base_amount
        self.quote_amount: int = quote_amount

    def tag(self) -> int:
        return 28

    def row(self) -> list[object]:
        return [28, self.account, self.pool, self.base_amount, self.quote_amount]


@final
class SwapSpot(Command):
    """Swap in a pool: ``amount`` is what comes in, or (``exact_out``) what comes out; ``limit`` is
    the least that comes out, or the most that comes in (0: none).
    """

    TAG: ClassVar[int] = 47
    FIELDS: ClassVar[Fields] = (
        ("account", "id"),
        ("pool", "id"),
        ("asset_in", "id"),
        ("exact_out", "flag"),
        ("amount", "amount"),
        ("limit", "amount0"),
    )

    def __init__(
        self, account: int, pool: int, asset_in: int, exact_out: bool, amount: int, limit: int
    ) -> None:
        self.account: int = account
        self.pool: int = pool
        self.asset_in: int = asset_in
        self.exact_out: bool = exact_out
        self.amount: int = amount
        self.limit: int = limit

    def tag(self) -> int:
        return 47

    def row(self) -> list[object]:
        return [47, self.account, self.pool, self.asset_in, self.exact_out, self.amount, self.limit]


@final
class PostFirmQuote(Command):
    """Offer to trade an asset for the collateral at a price until a time; what it needs is held in
    escrow. ``amount`` is of the asset, in its smallest units.
    """

    TAG: ClassVar[int] = 48
    FIELDS: ClassVar[Fields] = (
        ("account", "id"),
        ("asset", "id"),
        ("side", "side"),
        ("price", "price"),
        ("amount", "amount"),
        ("expires_ms", "time"),
    )

    def __init__(
        self, account: int, asset: int, side: int, price: int, amount: int, expires_ms: int
    ) -> None:
        self.account: int = account
        self.asset: int = asset
        self.side: int = side
        self.price: int = price
        self.amount: int = amount
        self.expires_ms: int = expires_ms

    def tag(self) -> int:
        return 48

    def row(self) -> list[object]:
        return [48, self.account, self.asset, self.side, self.price, self.amount, self.expires_ms]


@final
class CancelFirmQuote(Command):
    """Take a firm quote back, with what is held for it."""

    TAG: ClassVar[int] = 49
    FIELDS: ClassVar[Fields] = (
        ("account", "id"),
        ("quote", "seq"),
    )

    def __init__(self, account: int, quote: int) -> None:
        self.account: int = account
        self.quote: int = quote

    def tag(self) -> int:
        return 49

    def row(self) -> list[object]:
        return [49, self.account, self.quote]


@final
class RehedgeVault(Command):
    """Bring the spot leg of a hedged vault back to its position."""

    TAG: ClassVar[int] = 70
    FIELDS: ClassVar[Fields] = (
        ("vault", "id"),
        ("keeper", "any_id"),
    )

    def __init__(self, vault: int, keeper: int) -> None:
        self.vault: int = vault
        self.keeper: int = keeper

    def tag(self) -> int:
        return 70

    def row(self) -> list[object]:
        return [70, self.vault, self.keeper]


@final
class TradeVault(Command):
    """Trade a market with a hedged vault alone, all or nothing. ``amount`` is base (1e-9), or
    (``exact_quote``) what is paid at most, received at least; ``limit`` bounds the other amount
    the same way (0: none).
    """

    TAG: ClassVar[int] = 54
    FIELDS: ClassVar[Fields] = (
        ("account", "id"),
        ("vault", "id"),
        ("side", "side"),
        ("exact_quote", "flag"),
        ("amount", "amount"),
        ("limit", "amount0"),
        ("reduce_only", "flag"),
    )

    def __init__(
        self,
        account: int,
        vault: int,
        side: int,
        exact_quote: bool,
        amount: int,
        limit: int,
        reduce_only: bool,
    ) -> None:
        self.account: int = account
        self.vault: int = vault
        self.side: int = side
        self.exact_quote: bool = exact_quote
        self.amount: int = amount
        self.limit: int = limit
        self.reduce_only: bool = reduce_only

    def tag(self) -> int:
        return 54

    def row(self) -> list[object]:
        return [
            54,
            self.account,
            self.vault,
            self.side,
            self.exact_quote,
            self.amount,
            self.limit,
            self.reduce_only,
        ]
