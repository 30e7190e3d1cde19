"""The part of the live view that shows maker vaults and spot pools: a line for each."""

from __future__ import annotations

from typing import Any, Final

from rich.console import Group, RenderableType
from rich.text import Text

from plimsoll.cli.board import Board, MarketBoard
from plimsoll.cli.figures import fixed
from plimsoll.cli.terminal_mechanisms import BAD, GOOD, LABEL, WARN, price

PRICE_DIGITS: Final = 9
_ROOMY: Final = 100


def lines_of(board: Board) -> int:
    """How many lines there are to show."""
    return len(board.vaults) + len(board.pools)


def table(board: Board, market: MarketBoard, width: int, height: int) -> RenderableType:
    """Vaults, then pools, as many as fit; the last line says how many there was no room for."""
    rows = [_vault(one, market, width) for one in board.vaults]
    rows += [_pool(one, width) for one in board.pools]
    if len(rows) > height:
        left = len(rows) - height + 1
        rows = [*rows[: height - 1], Text(f"… and {left} more", style=LABEL)]
    return Group(*rows)


def line(board: Board) -> Text:
    """The same in one line: each vault's worth and what of it is in use."""
    text = Text(" vaults ", style=LABEL, no_wrap=True, overflow="ellipsis")
    for one in board.vaults:
        text.append(f" {one['kind']} ", style=LABEL).append(_worth(one))
        if one["hedge"] is not None:
            text.append(f" {_percent(one['utilisation'])}", style=_used_style(one))
    return text


def _vault(one: dict[str, Any], market: MarketBoard, width: int) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(f"{one['vault']:>2} ", style=LABEL)
    text.append(f"{one['kind']:<8}", style="bold")
    if width >= _ROOMY:
        text.append(f"{one['market'] or '':<10}", style=LABEL)
    text.append(f"{_worth(one):>18}")
    if one["shut"]:
        return text.append("  shut", style=BAD)
    text.append(f"{fixed(one['share_price'], PRICE_DIGITS, 4):>10}")
    text.append(" a share  " if width >= _ROOMY else "  ", style=LABEL)
    breaker = one.get("breaker", {}).get("mode", "normal")
    if breaker != "normal":
        text.append(f"breaker {breaker}  ", style=BAD)
    elif one["mode"] != "active":
        text.append(f"{one['mode']}  ", style=WARN)
    return text.append_text(_quotes(one, market) if one["hedge"] is None else _hedge(one))


def _quotes(one: dict[str, Any], market: MarketBoard) -> Text:
    """What the passive vault quotes in the market that is shown."""
    for row in one["quotes"]:
        if row["market"] == market.symbol and (row["bid"] or row["ask"]):
            text = Text("quotes ", style=LABEL)
            text.append(price(market, row["bid"]), style=GOOD).append(" / ", style=LABEL)
            return text.append(price(market, row["ask"]), style=BAD)
    return Text("quotes nothing here", style=LABEL)


def _hedge(one: dict[str, Any]) -> Text:
    """What of a hedged vault is in use, both legs, and what is missing of a hedge."""
    hedge, digits = one["hedge"], one["base_decimals"]
    text = Text(f"{_percent(one['utilisation'])}", style=_used_style(one))
    text.append(" used  spot ", style=LABEL).append(fixed(hedge["spot"], digits, 3))
    text.append("  pos ", style=LABEL).append(fixed(hedge["position"], 9, 3))
    if hedge["unhedged"] != 0:
        text.append(f"  unhedged {fixed(hedge['unhedged'], digits, 3)}", style=WARN)
    return text


def _pool(one: dict[str, Any], width: int) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(f"{one['pool']:>2} ", style=LABEL).append("pool    ", style="bold")
    pair = f"{one['base']}/{one['quote']}"
    text.append(f"{pair:<10}" if width >= _ROOMY else f"{pair} ", style=LABEL)
    shown = "–" if one["price"] is None else fixed(one["price"], PRICE_DIGITS, 4)
    text.append(f"{shown:>18}  ")
    base, quote = one["decimals"]
    text.append(f"{fixed(one['base_reserve'], base, 3)} {one['base']}", style=GOOD)
    text.append(" + ", style=LABEL)
    return text.append(f"{fixed(one['quote_reserve'], quote, 2)} {one['quote']}", style=GOOD)


def _worth(one: dict[str, Any]) -> str:
    places = 2 if one["asset"] == "USD" else 4
    return f"{fixed(one['assets'], one['decimals'], places)} {one['asset']}"


def _percent(ppm: int) -> str:
    return f"{fixed(ppm, 4, 0)}%"


def _used_style(one: dict[str, Any]) -> str:
    return WARN if one["utilisation"] >= 900_000 else ""
