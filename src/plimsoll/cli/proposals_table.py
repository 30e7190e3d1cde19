"""Announced changes as people read them: what is about to change, from what to what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from plimsoll.cli import output
from plimsoll.cli.figures import utc
from plimsoll.client.models import ExchangeInfo, ProposalDifference, ProposalInfo
from plimsoll.config import (
    Field,
    breaker_fields,
    fixed_fields,
    market_fields,
    quote_fields,
    vault_fields,
)
from plimsoll.decimal_text import format_decimal
from plimsoll.messages import codes

_COLOURS: Final = {"waiting": "yellow", "ready": "bold red", "stale": "dim", "expired": "dim"}
_USD: Final = 6
_POOLS: Final = {
    codes.POOL_ADJUSTMENTS: "adjustments",
    codes.POOL_FUNDING: "funding",
    codes.POOL_INSURANCE: "insurance",
}


class Names:
    """What the numbers in a change mean: markets, assets, the assets of vaults and of spot pools by
    their ids.
    """

    def __init__(
        self,
        exchange: ExchangeInfo,
        vaults: Mapping[int, str],
        pools: Mapping[int, tuple[str, str]],
    ) -> None:
        self.markets = exchange.markets
        self.assets = {one.asset: one for one in exchange.assets}
        self.by_symbol = {one.symbol: one for one in exchange.assets}
        self.vaults = vaults
        self.pools = pools

    def market(self, ident: int) -> str:
        """The symbol of a market."""
        return self.markets[ident] if 0 <= ident < len(self.markets) else f"market {ident}"

    def amount(self, asset: int, value: int) -> str:
        """An amount of an asset, with its symbol."""
        known = self.assets.get(asset)
        if known is None:
            return f"{value} of asset {asset}"
        return f"{output.grouped(format_decimal(value, known.decimals))} {known.symbol}"

    def amounts(self, pool: int, *values: int) -> str:
        """Amounts of the assets of a spot pool."""
        known = self.pools.get(pool)
        if known is None:
            return " and ".join(map(str, values))
        assets = (self.by_symbol[symbol].asset for symbol in known)
        return " and ".join(map(self.amount, assets, values))

    def vault_decimals(self, ident: int) -> int:
        """Decimals of a vault's asset."""
        known = self.by_symbol.get(self.vaults.get(ident, ""))
        return _USD if known is None else known.decimals


def about(change: Mapping[str, Any], names: Names) -> str:
    """What a change is about, in a few words."""
    kind = change["type"]
    if kind in ("SetMarketParams", "SetMarketMode"):
        return names.market(change["market"])
    if kind in ("SetVaultParams", "SetVaultMode"):
        return f"vault {change['vault']}"
    if kind == "SetVaultQuote":
        return f"vault {change['vault']} in {names.market(change['market'])}"
    if kind == "CreateMarket":
        return str(change["params"]["symbol"])
    if kind == "CreatePrincipal":
        roles = [word for word, bit in codes.ROLES.items() if change["roles"] & bit]
        return f"{change['name']}: {', '.join(roles) or 'no role'}"
    if kind == "FundVamm":
        return (
            f"{names.amount(0, change['amount'])} for the vAMM of {names.market(change['market'])}"
        )
    if kind == "FundPool":
        pool = _POOLS.get(change["pool"], str(change["pool"]))
        market = names.market(change["market"])
        return f"{names.amount(0, change['amount'])} for the {pool} pool of {market}"
    if kind == "Withdraw":
        amount = names.amount(change["asset"], change["amount"])
        return f"{amount} out of the treasury, {change['external_id']}"
    if kind in ("AddSpotLiquidity", "RemoveSpotLiquidity"):
        both = names.amounts(change["pool"], change["base_amount"], change["quote_amount"])
        return f"pool {change['pool']}: {both}"
    return ""


def fields_of(change: Mapping[str, Any], names: Names) -> dict[str, Field]:
    """How the parameters of a change are written, by their names."""
    kind = change["type"]
    found: dict[str, Field] = {}
    if kind == "SetGlobalParams":
        found = {n: one for n, one in fixed_fields().items() if n.startswith("exchange.")}
    elif kind in ("SetMarketParams", "CreateMarket"):
        found = market_fields("any")
    elif kind == "SetVaultParams":
        found = vault_fields(names.vault_decimals(change["vault"]))
    elif kind == "SetVaultQuote":
        found = quote_fields()
    elif kind == "SetBreakerParams":
        found = breaker_fields()
    return {name.rpartition(".")[2]: one for name, one in found.items()}


def shown(one: ProposalDifference, fields: Mapping[str, Field]) -> tuple[str, str]:
    """A difference as one writes its values."""
    field = fields.get(one.field)
    values = []
    for value in (one.before, one.after):
        if value is None:
            values.append("-")
        elif one.field == "grace_until_ms" and isinstance(value, int):
            values.append(utc(value) if value > 0 else "-")
        else:
            values.append(str(value) if field is None else field.show(value))
    return values[0], values[1]


def print_all(screen: Console, found: list[ProposalInfo], names: Names) -> None:
    """Each proposal with what it changes, when, and by whom it was proposed."""
    for at, info in enumerate(found):
        if at > 0:
            screen.print()
        head = Text(f"{info.proposal}  ", style="bold")
        head.append(f"{info.change['type']} {about(info.change, names)}".strip())
        head.append(f"  {info.status}", style=_COLOURS[info.status])
        screen.print(head, soft_wrap=True)
        when = f"   by {info.name} ({info.principal}), from {utc(info.ready_ms)} to "
        screen.print(Text(f"{when}{utc(info.expires_ms)} UTC", style="dim"), soft_wrap=True)
        if info.differences:
            screen.print(_differences(info, names))


def _differences(info: ProposalInfo, names: Names) -> Table:
    """What a proposal changes, from what to what."""
    fields = fields_of(info.change, names)
    made = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for one in info.differences:
        before, after = shown(one, fields)
        word = Text("looser", style="red") if one.loosens else Text("tighter", style="green")
        made.add_row("", one.field, before, "to", after, word)
    return made
