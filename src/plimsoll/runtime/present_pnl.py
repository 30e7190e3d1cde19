"""PnL of vaults and vAMMs by cause as people see it: differences of points, points, checks."""

from __future__ import annotations

from typing import NamedTuple

from plimsoll.client.models import PnlCauses, PnlInfo, PnlKind, PnlPoint
from plimsoll.core.rows import Market, Vault
from plimsoll.core.state import USD, State
from plimsoll.core.views_vaults import PRICE_SCALE
from plimsoll.decimal_text import format_decimal
from plimsoll.messages import codes
from plimsoll.messages.vault_params import VaultParams
from plimsoll.runtime.pnl import Point, vamm_source, vault_source
from plimsoll.runtime.present_liquidity import PRICE_DIGITS
from plimsoll.runtime.present_text import price_or_none, quote_text
from plimsoll.units import div_floor


class Subject(NamedTuple):
    """Whose PnL it is; ``opening`` is the price of its first share (1e-9), None without shares."""

    source: str
    kind: PnlKind
    vault: int | None
    market: str | None
    label: str
    asset: str
    decimals: int
    opening: int | None


_KINDS: dict[int, PnlKind] = {
    codes.PASSIVE_VAULT: "passive",
    codes.BASE_VAULT: "base",
    codes.QUOTE_VAULT: "quote",
}


def of_vault(state: State, row: Vault) -> Subject:
    """A vault."""
    asset = state.assets[row.asset]
    market = state.markets[row.market].params.symbol if row.market >= 0 else None
    return Subject(
        vault_source(row.ident), _KINDS[row.kind], row.ident, market, row.label,
        asset.symbol, asset.decimals, _opening(row.params),
    )  # fmt: skip


def _opening(params: VaultParams) -> int:
    """What a share of an empty vault costs: the virtual part alone."""
    if params.virtual_shares == 0:
        return PRICE_SCALE
    return div_floor(params.virtual_assets * PRICE_SCALE, params.virtual_shares)


def of_vamm(state: State, row: Market) -> Subject:
    """The vAMM of a market, which has no shares."""
    usd, symbol = state.assets[USD], row.params.symbol
    return Subject(
        vamm_source(row.ident), "vamm", None, symbol, f"vAMM {symbol}",
        usd.symbol, usd.decimals, None,
    )  # fmt: skip


def subjects(state: State) -> list[Subject]:
    """Every vault by id, then the vAMM of every market."""
    found = [of_vault(state, row) for row in state.liquidity.vaults]
    return found + [of_vamm(state, row) for row in state.markets]


def pnl(subject: Subject, start: Point | None, end: Point) -> PnlInfo:
    """What was earned between two points; from the opening on where there is no ``start``."""
    before = start or end._replace(
        nav=0, flows=0, causes=dict.fromkeys(end.causes, 0), share_price=subject.opening
    )
    changes = {name: end.causes[name] - before.causes[name] for name in end.causes}
    return PnlInfo(
        source=subject.source,
        kind=subject.kind,
        vault=subject.vault,
        market=subject.market,
        label=subject.label,
        asset=subject.asset,
        from_ms=None if start is None else start.ts,
        to_ms=end.ts,
        seq=end.seq,
        nav_before=quote_text(before.nav),
        flows=quote_text(end.flows - before.flows),
        pnl=quote_text(sum(changes.values())),
        nav=quote_text(end.nav),
        causes=_causes(changes),
        worth=format_decimal(end.worth, subject.decimals),
        supply=str(end.supply),
        share_price_before=_share(before),
        share_price=_share(end),
    )


def point(subject: Subject, kept: Point) -> PnlPoint:
    """One point of a history."""
    return PnlPoint(
        ts=kept.ts,
        seq=kept.seq,
        nav=quote_text(kept.nav),
        flows=quote_text(kept.flows),
        pnl=quote_text(sum(kept.causes.values())),
        causes=_causes(kept.causes),
        worth=format_decimal(kept.worth, subject.decimals),
        supply=str(kept.supply),
        share_price=_share(kept),
        price=price_or_none(kept.price),
    )


def _causes(values: dict[str, int]) -> PnlCauses:
    return PnlCauses(**{name: quote_text(value) for name, value in values.items()})


def _share(kept: Point) -> str | None:
    return None if kept.share_price is None else format_decimal(kept.share_price, PRICE_DIGITS)
