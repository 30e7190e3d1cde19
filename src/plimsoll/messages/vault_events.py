"""Events of the maker vaults and of the spot venues that hedge them.

Amounts of an asset are in its smallest units (1e-6 for the collateral), prices 1e-6 quote per
whole base, sizes of quotes in a book 1e-9 base.
"""

from __future__ import annotations

from typing import ClassVar, final

from mypy_extensions import mypyc_attr

from plimsoll.messages.base import Event
from plimsoll.messages.params import Fields


@final
@mypyc_attr(acyclic=True)
class VaultCreated(Event):
    """A vault was opened: its own account, and the one that holds what is being unlocked."""

    TAG: ClassVar[int] = 60
    FIELDS: ClassVar[Fields] = (
        ("vault", "id"),
        ("kind", "vault_kind"),
        ("market", "any_id"),
        ("holder", "id"),
        ("unlocks", "id"),
        ("label", "name"),
    )

    def __init__(
        self, vault: int, kind: int, market: int, holder: int, unlocks: int, label: str
    ) -> None:
        self.vault: int = vault
        self.kind: int = kind
        self.market: int = market
        self.holder: int = holder
        self.unlocks: int = unlocks
        self.label: str = label

    def row(self) -> list[object]:
        return [60, self.vault, self.kind, self.market, self.holder, self.unlocks, self.label]


@final
@mypyc_attr(acyclic=True)
class VaultParamsSet(Event):
    """The parameters of a vault were replaced."""

    TAG: ClassVar[int] = 61
    FIELDS: ClassVar[Fields] = (("vault", "id"),)

    def __init__(self, vault: int) -> None:
        self.vault: int = vault

    def row(self) -> list[object]:
        return [61, self.vault]


@final
@mypyc_attr(acyclic=True)
class VaultQuoteSet(Event):
    """How a vault quotes in a market was replaced."""

    TAG: ClassVar[int] = 62
    FIELDS: ClassVar[Fields] = (
        ("vault", "id"),
        ("market", "id"),
    )

    def __init__(self, vault: int, market: int) -> None:
        self.vault: int = vault
        self.market: int = market

    def row(self) -> list[object]:
        return [62, self.vault, self.market]


@final
@mypyc_attr(acyclic=True)
class VaultWhitelistSet(Event):
    """An account was let into a vault, or shut out."""

    TAG: ClassVar[int] = 63
    FIELDS: ClassVar[Fields] = (
        ("vault", "id"),
        ("account", "id"),
        ("allowed", "flag"),
    )

    def __init__(self, vault: int, account: int, allowed: bool) -> None:
        self.vault: int = vault
        self.account: int = account
        self.allowed: bool = allowed

    def row(self) -> list[object]:
        return [63, self.vault, self.account, self.allowed]


@final
@mypyc_attr(acyclic=True)
class VaultModeSet(Event):
    """A vault's mode changed; ``cause`` is the reject code behind it, 0 for the operator."""

    TAG: ClassVar[int] = 64
    FIELDS: ClassVar[Fields] = (
        ("vault", "id"),
        ("mode", "mode"),
        ("before", "mode"),
        ("cause", "code"),
    )

    def __init__(self, vault: int, mode: int, before: int, cause: int) -> None:
        self.vault: int = vault
        self.mode: int = mode
        self.before: int = before
        self.cause: int = cause

    def row(self) -> list[object]:
        return [64, self.vault, self.mode, self.before, self.cause]


@final
@mypyc_attr(acyclic=True)
class VaultDeposited(Event):
    """An account bought shares. ``assets`` is what the vault was worth before (without virtual
    assets), ``supply`` and ``liability`` are after; in smallest units of the vault's asset.
    """

    TAG: ClassVar[int] = 65
    FIELDS: ClassVar[Fields] = (
        ("vault", "id"),
        ("account", "id"),
        ("asset", "id"),
        ("amount", "amount"),
        ("fee", "amount0"),
        ("shares", "amount"),
        ("supply", "amount0"),
        ("assets", "signed"),
        ("liability", "amount0"),
    )

    def __init__(
        self,
        vault: int,
        account: int,
        asset: int,
        amount: int,
        fee: int,
        shares: int,
        supply: int,
        assets: int,
        liability: int,
    ) -> None:
        self.vault: int = vault
        self.account: int = account
        self.asset: int = asset
        self.amount: int = amount
        self.fee: int = fee
        self.shares: int = shares
        self.supply: int = supply
        self.assets: int = assets
        self.liability: int = liability

    def row(self) -> list[object]:
        return [
            65,
            self.vault,
            self.account,
            self.asset,
            self.amount,
            self.fee,
            self.shares,
            self.supply,
            self.assets,
            self.liability,
        ]


@final
@mypyc_attr(acyclic=True)
class VaultWithdrawn(Event):
    """An account gave shares back for ``value`` of the vault's asset, ``paid`` of it at once in
    that asset, the rest as ``other`` of the other one; the other numbers as in a deposit.
    """

    TAG: ClassVar[int] = 66
    FIELDS: ClassVar[Fields] = (
        ("vault", "id"),
        ("account", "id"),
        ("asset", "id"),
        ("other_asset", "id"),
        ("shares", "amount"),
        ("value", "amount0"),
        ("paid", "amount0"),
        ("other", "amount0"),
        ("fee", "amount0"),
        ("supply", "amount0"),
        ("assets", "signed"),
        ("liability", "amount0"),
    )

    def __init__(
        self,
        vault: int,
        account: int,
        asset: int,
        other_asset: int,
        shares: int,
        value: int,
        paid: int,
        other: int,
        fee: int,
        supply: int,
        assets: int,
        liability: int,
    ) -> None:
        self.vault: int = vault
        self.account: int = account
        self.asset: int = asset
        self.other_asset: int = other_asset
        self.shares: int = shares
        self.value: int = value
        self.paid: int = paid
        self.other: int = other
        self.fee: int = fee
        self.supply: int = supply
        self.assets: int = assets
        self.liability: int = liability

    def row(self) -> list[object]:
        return [
            66,
            self.vault,
            self.account,
            self.asset,
            self.other_asset,
            self.shares,
            self.value,
            self.paid,
            self.other,
            self.fee,
            self.supply,
            self.assets,
            self.liability,
        ]


@final
@mypyc_attr(acyclic=True)
class UnlockQueued(Event):
    """A withdrawal waits for its cooldown; its value left the vault."""

    TAG: ClassVar[int] = 67
    FIELDS: ClassVar[Fields] = (
        ("unlock", "seq"),
        ("vault", "id"),
        ("account", "id"),
        ("asset", "id"),
        ("value", "amount"),
        ("shares", "amount"),
        ("due_ms", "time"),
    )

    def __init__(
        self,
        unlock: int,
        vault: int,
        account: int,
        asset: int,
        value: int,
        shares: int,
        due_ms: int,
    ) -> None:
        self.unlock: int = unlock
        self.vault: int = vault
        self.account: int = account
        self.asset: int = asset
        self.value: int = value
        self.shares: int = shares
        self.due_ms: int = due_ms

    def row(self) -> list[object]:
        return [
            67,
            self.unlock,
            self.vault,
            self.account,
            self.asset,
            self.value,
            self.shares,
            self.due_ms,
        ]


@final
@mypyc_attr(acyclic=True)
class UnlockPaid(Event):
    """An unlock was paid; ``cut`` went back to the vault, being worth less at maturity."""

    TAG: ClassVar[int] = 68
    FIELDS: ClassVar[Fields] = (
        ("unlock", "seq"),
        ("vault", "id"),
        ("account", "id"),
        ("asset", "id"),
        ("paid", "amount0"),
        ("cut", "amount0"),
    )

    def __init__(
        self, unlock: int, vault: int, account: int, asset: int, paid: int, cut: int
    ) -> None:
        self.unlock: int = unlock
        self.vault: int = vault
        self.account: int = account
        self.asset: int = asset
        self.paid: int = paid
        self.cut: int = cut

    def row(self) -> list[object]:
        return [68, self.unlock, self.vault, self.account, self.asset, self.paid, self.cut]


@final
@mypyc_attr(acyclic=True)
class VaultQuoted(Event):
    """A passive vault quotes anew: orders, prices and sizes of both sides, 0 where there is none.
    They replace the ones before; ``free`` is the margin it quotes with.
    """

    TAG: ClassVar[int] = 69
    FIELDS: ClassVar[Fields] = (
        ("vault", "id"),
        ("market", "id"),
        ("bid_order", "seq"),
        ("bid", "price0"),
        ("bid_size", "amount0"),
        ("ask_order", "seq"),
        ("ask", "price0"),
        ("ask_size", "amount0"),
        ("free", "signed"),
    )

    def __init__(
        self,
        vault: int,
        market: int,
        bid_order: int,
        bid: int,
        bid_size: int,
        ask_order: int,
        ask: int,
        ask_size: int,
        free: int,
    ) -> None:
        self.vault: int = vault
        self.market: int = market
        self.bid_order: int = bid_order
        self.bid: int = bid
        self.bid_size: int = bid_size
        self.ask_order: int = ask_order
        self.ask: int = ask
        self.ask_size: int = ask_size
        self.free: int = free

    def row(self) -> list[object]:
        return [
            69,
            self.vault,
            self.market,
            self.bid_order,
            self.bid,
            self.bid_size,
            self.ask_order,
            self.ask,
            self.ask_size,
            self.free,
        ]


@final
@mypyc_attr(acyclic=True)
class VaultHedged(Event):
    """A hedged vault bought or sold ``base_amount`` (the asset's units) for ``quote`` on spot,
    because of ``fill`` (0: a rehedge); ``venue`` 0 is the pools, 1 firm quotes; ``util`` (ppm) is
    after.
    """

    TAG: ClassVar[int] = 70
    FIELDS: ClassVar[Fields] = (
        ("vault", "id"),
        ("market", "id"),
        ("fill", "seq"),
        ("venue", "small"),
        ("side", "side"),
        ("asset", "id"),
        ("base_amount", "amount0"),
        ("quote", "amount0"),
        ("util", "ratio"),
    )

    def __init__(
        self,
        vault: int,
        market: int,
        fill: int,
        venue: int,
        side: int,
        asset: int,
        base_amount: int,
        quote: int,
        util: int,
    ) -> None:
        self.vault: int = vault
        self.market: int = market
        self.fill: int = fill
        self.venue: int = venue
        self.side: int = side
        self.asset: int = asset
        self.base_amount: int = base_amount
        self.quote: int = quote
        self.util: int = util

    def row(self) -> list[object]:
        return [
            70,
            self.vault,
            self.market,
            self.fill,
            self.venue,
            self.side,
            self.asset,
            self.base_amount,
            self.quote,
            self.util,
        ]


@final
@mypyc_attr(acyclic=True)
class VaultShut(Event):
    """A vault is worth nothing any more (virtual assets included): no deposits, no withdrawals."""

    TAG: ClassVar[int] = 71
    FIELDS: ClassVar[Fields] = (
        ("vault", "id"),
        ("asset", "id"),
        ("assets", "signed"),
    )

    def __init__(self, vault: int, asset: int, assets: int) -> None:
        self.vault: int = vault
        self.asset: int = asset
        self.assets: int = assets

    def row(self) -> list[object]:
        return [71, self.vault, self.asset, self.assets]


@final
@mypyc_attr(acyclic=True)
class VaultOpened(Event):
    """A vault is worth something again."""

    TAG: ClassVar[int] = 72
    FIELDS: ClassVar[Fields] = (
        ("vault", "id"),
        ("asset", "id"),
        ("assets", "signed"),
    )

    def __init__(self, vault: int, asset: int, assets: int) -> None:
        self.vault: int = vault
        self.asset: int = asset
        self.assets: int = assets

    def row(self) -> list[object]:
        return [72, self.vault, self.asset, self.assets]


@final
@mypyc_attr(acyclic=True)
class SpotPoolCreated(Event):
    """A spot pool was opened."""

    TAG: ClassVar[int] = 73
    FIELDS: ClassVar[Fields] = (
        ("pool", "id"),
        ("holder", "id"),
        ("base", "id"),
        ("quote_asset", "id"),
        ("fee_rate", "ratio"),
        ("virtual_base", "amount0"),
        ("virtual_quote", "amount0"),
    )

    def __init__(
        self,
        pool: int,
        holder: int,
        base: int,
        quote_asset: int,
        fee_rate: int,
        virtual_base: int,
        virtual_quote: int,
    ) -> None:
        self.pool: int = pool
        self.holder: int = holder
        self.base: int = base
        self.quote_asset: int = quote_asset
        self.fee_rate: int = fee_rate
        self.virtual_base: int = virtual_base
        self.virtual_quote: int = virtual_quote

    def row(self) -> list[object]:
        return [
            73,
            self.pool,
            self.holder,
            self.base,
            self.quote_asset,
            self.fee_rate,
            self.virtual_base,
            self.virtual_quote,
        ]


@final
@mypyc_attr(acyclic=True)
class SpotLiquidityChanged(Event):
    """A pool was given assets (negative: they were taken out)."""

    TAG: ClassVar[int] = 74
    FIELDS: ClassVar[Fields] = (
        ("pool", "id"),
        ("account", "id"),
        ("base", "id"),
        ("quote_asset", "id"),
        ("base_amount", "signed"),
        ("quote_amount", "signed"),
    )

    def __init__(
        self,
        pool: int,
        account: int,
        base: int,
        quote_asset: int,
        base_amount: int,
        quote_amount: int,
    ) -> None:
        self.pool: int = pool
        self.account: int = account
        self.base: int = base
        self.quote_asset: int = quote_asset
        self.base_amount: int = base_amount
        self.quote_amount: int = quote_amount

    def row(self) -> list[object]:
        return [
            74,
            self.pool,
            self.account,
            self.base,
            self.quote_asset,
            self.base_amount,
            self.quote_amount,
        ]


@final
@mypyc_attr(acyclic=True)
class SpotSwapped(Event):
    """A swap, with the pool's own reserves after it; the fee is of what came in."""

    TAG: ClassVar[int] = 75
    FIELDS: ClassVar[Fields] = (
        ("pool", "id"),
        ("account", "id"),
        ("asset_in", "id"),
        ("asset_out", "id"),
        ("amount_in", "amount"),
        ("amount_out", "amount"),
        ("fee_amount", "amount0"),
        ("reserve_in", "amount0"),
        ("reserve_out", "amount0"),
    )

    def __init__(
        self,
        pool: int,
        account: int,
        asset_in: int,
        asset_out: int,
        amount_in: int,
        amount_out: int,
        fee_amount: int,
        reserve_in: int,
        reserve_out: int,
    ) -> None:
        self.pool: int = pool
        self.account: int = account
        self.asset_in: int = asset_in
        self.asset_out: int = asset_out
        self.amount_in: int = amount_in
        self.amount_out: int = amount_out
        self.fee_amount: int = fee_amount
        self.reserve_in: int = reserve_in
        self.reserve_out: int = reserve_out

    def row(self) -> list[object]:
        return [
            75,
            self.pool,
            self.account,
            self.asset_in,
            self.asset_out,
            self.amount_in,
            self.amount_out,
            self.fee_amount,
            self.reserve_in,
            self.reserve_out,
        ]


@final
@mypyc_attr(acyclic=True)
class FirmQuotePosted(Event):
    """A desk's quote stands; ``held`` is in escrow: of the asset to sell, of the collateral to
    buy.
    """

    TAG: ClassVar[int] = 76
    FIELDS: ClassVar[Fields] = (
        ("firm_quote", "seq"),
        ("account", "id"),
        ("asset", "id"),
        ("held_asset", "id"),
        ("side", "side"),
        ("price", "price"),
        ("asset_amount", "amount"),
        ("held", "amount"),
        ("expires_ms", "time"),
    )

    def __init__(
        self,
        firm_quote: int,
        account: int,
        asset: int,
        held_asset: int,
        side: int,
        price: int,
        asset_amount: int,
        held: int,
        expires_ms: int,
    ) -> None:
        self.firm_quote: int = firm_quote
        self.account: int = account
        self.asset: int = asset
        self.held_asset: int = held_asset
        self.side: int = side
        self.price: int = price
        self.asset_amount: int = asset_amount
        self.held: int = held
        self.expires_ms: int = expires_ms

    def row(self) -> list[object]:
        return [
            76,
            self.firm_quote,
            self.account,
            self.asset,
            self.held_asset,
            self.side,
            self.price,
            self.asset_amount,
            self.held,
            self.expires_ms,
        ]


@final
@mypyc_attr(acyclic=True)
class FirmQuoteFilled(Event):
    """A vault hedged at a desk's quote."""

    TAG: ClassVar[int] = 77
    FIELDS: ClassVar[Fields] = (
        ("firm_quote", "seq"),
        ("account", "id"),
        ("vault", "id"),
        ("asset", "id"),
        ("asset_amount", "amount"),
        ("quote", "amount0"),
        ("left", "amount0"),
    )

    def __init__(
        self,
        firm_quote: int,
        account: int,
        vault: int,
        asset: int,
        asset_amount: int,
        quote: int,
        left: int,
    ) -> None:
        self.firm_quote: int = firm_quote
        self.account: int = account
        self.vault: int = vault
        self.asset: int = asset
        self.asset_amount: int = asset_amount
        self.quote: int = quote
        self.left: int = left

    def row(self) -> list[object]:
        return [
            77,
            self.firm_quote,
            self.account,
            self.vault,
            self.asset,
            self.asset_amount,
            self.quote,
            self.left,
        ]


@final
@mypyc_attr(acyclic=True)
class FirmQuoteEnded(Event):
    """A firm quote is over; what was still held went back."""

    TAG: ClassVar[int] = 78
    FIELDS: ClassVar[Fields] = (
        ("firm_quote", "seq"),
        ("account", "id"),
        ("asset", "id"),
        ("held_asset", "id"),
        ("left", "amount0"),
        ("released", "amount0"),
        ("reason", "small"),
    )

    def __init__(
        self,
        firm_quote: int,
        account: int,
        asset: int,
        held_asset: int,
        left: int,
        released: int,
        reason: int,
    ) -> None:
        self.firm_quote: int = firm_quote
        self.account: int = account
        self.asset: int = asset
        self.held_asset: int = held_asset
        self.left: int = left
        self.released: int = released
        self.reason: int = reason

    def row(self) -> list[object]:
        return [
            78,
            self.firm_quote,
            self.account,
            self.asset,
            self.held_asset,
            self.left,
            self.released,
            self.reason,
        ]


@final
@mypyc_attr(acyclic=True)
class VaultSnapshot(Event):
    """What a vault is worth (without virtual assets) at the first prices of a day (UTC), in
    smallest units of its asset: the history of its share price.
    """

    TAG: ClassVar[int] = 79
    FIELDS: ClassVar[Fields] = (
        ("vault", "id"),
        ("asset", "id"),
        ("assets", "signed"),
        ("supply", "amount0"),
        ("liability", "amount0"),
        ("day", "count"),
    )

    def __init__(
        self, vault: int, asset: int, assets: int, supply: int, liability: int, day: int
    ) -> None:
        self.vault: int = vault
        self.asset: int = asset
        self.assets: int = assets
        self.supply: int = supply
        self.liability: int = liability
        self.day: int = day

    def row(self) -> list[object]:
        return [
            79,
            self.vault,
            self.asset,
            self.assets,
            self.supply,
            self.liability,
            self.day,
        ]


@final
@mypyc_attr(acyclic=True)
class VaultRefused(Event):
    """A hedged vault did not fill an order that was directed at it, which went on without it;
    the code and its numbers are those of the refusal.
    """

    TAG: ClassVar[int] = 80
    FIELDS: ClassVar[Fields] = (
        ("vault", "id"),
        ("market", "id"),
        ("order", "seq"),
        ("code", "code"),
        ("value", "signed"),
        ("limit", "signed"),
    )

    def __init__(
        self, vault: int, market: int, order: int, code: int, value: int, limit: int
    ) -> None:
        self.vault: int = vault
        self.market: int = market
        self.order: int = order
        self.code: int = code
        self.value: int = value
        self.limit: int = limit

    def row(self) -> list[object]:
        return [80, self.vault, self.market, self.order, self.code, self.value, self.limit]
