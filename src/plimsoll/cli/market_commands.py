"""``plimsoll market``, ``book`` and ``trades``: what anybody may see."""

from __future__ import annotations

import click
from rich.text import Text

from plimsoll.cli import connection, output
from plimsoll.cli.app import App, common
from plimsoll.cli.connection import Session
from plimsoll.cli.figures import bp, span, utc
from plimsoll.client.base import DEPTH_MAX, TRADES_MAX
from plimsoll.client.models import BookSnapshot, MarketInfo, TradeInfo


@click.group()
@common
def market() -> None:
    """Markets: rules and present state."""


@market.command("list")
@common
@click.pass_obj
def list_markets(app: App) -> None:
    """Every market."""

    async def work(session: Session) -> list[MarketInfo]:
        return await session.client.markets()

    found = connection.run(app, work, private=False)
    if app.json:
        output.print_json(found)
        return
    rows = [
        (
            one.symbol,
            one.mode,
            output.grouped(one.oracle_price) + ("" if one.oracle_valid else " (stale)"),
            output.grouped(one.vamm.bid if one.vamm else None),
            output.grouped(one.vamm.ask if one.vamm else None),
            output.grouped(one.best_bid),
            output.grouped(one.best_ask),
            output.grouped(one.open_interest),
        )
        for one in found
    ]
    names = (
        "market",
        "mode",
        "oracle",
        "vAMM bid",
        "vAMM ask",
        "book bid",
        "book ask",
        "open interest",
    )
    output.console().print(output.table("Markets", names, rows, left=2))


@market.command("show")
@click.argument("symbol")
@common
@click.pass_obj
def show(app: App, symbol: str) -> None:
    """One market: its rules, its vAMM, its pools."""

    async def work(session: Session) -> MarketInfo:
        return await session.client.market(symbol.upper())

    one = connection.run(app, work, private=False)
    if app.json:
        output.print_json(one)
        return
    screen = output.console()
    rows = [
        ("mode", _mode_text(one)),
        ("oracle", output.grouped(one.oracle_price) + ("" if one.oracle_valid else " (stale)")),
        ("tick", one.tick),
        ("step", one.step),
        ("least order", f"{output.grouped(one.min_notional)} USD"),
        ("initial margin", output.ppm_text(one.imr)),
        ("maintenance margin", output.ppm_text(one.mmr)),
        ("taker fee", output.ppm_text(one.taker_fee)),
        ("maker rebate", output.ppm_text(one.maker_rebate)),
        ("price band", output.ppm_text(one.price_band)),
        ("open interest", output.grouped(one.open_interest)),
    ]
    screen.print(output.pairs(one.symbol, rows))
    if one.vamm is not None:
        vamm = one.vamm
        quotes = f"{output.grouped(vamm.bid)} / {output.grouped(vamm.ask)}"
        sizes = f"{output.grouped(vamm.bid_size)} / {output.grouped(vamm.ask_size)}"
        shown: list[tuple[str, str | Text]] = [
            ("bid / ask", quotes),
            ("largest sell / buy", sizes),
            ("position", output.gain(vamm.base)),
            ("capital", output.grouped(vamm.capital)),
            ("equity", output.grouped(vamm.equity)),
            ("PnL", output.gain(vamm.pnl)),
            ("reservation price", output.grouped(vamm.reservation_price)),
            ("short / long spread", f"{bp(vamm.short_spread)} / {bp(vamm.long_spread)} bp"),
            ("peg", f"{output.grouped(vamm.peg)}, moved {vamm.repegs} times"),
            ("booked", output.gain(vamm.booked)),
        ]
        screen.print("", output.pairs("vAMM", shown))
    _print_mechanisms(one)
    pools = [(name, output.grouped(amount)) for name, amount in sorted(one.pools.items())]
    screen.print("", output.pairs("Pools (USD)", pools))


def _mode_text(one: MarketInfo) -> str:
    if not one.unhealthy:
        return one.mode
    why = ", ".join(name.replace("_", " ") for name in one.unhealthy)
    return f"{one.mode} (operator: {one.operator_mode}; broken: {why})"


def _print_mechanisms(one: MarketInfo) -> None:
    """Averages, volumes, the timer of a repeg, funding, live auctions."""
    screen, track, timer = output.console(), one.tracking, one.repeg

    def both(first: str | None, second: str | None) -> str:
        return f"{output.grouped(first)} / {output.grouped(second)}"

    apart = "-" if track.divergence is None else output.ppm_text(track.divergence)
    rows: list[tuple[str, str | Text]] = [
        ("oracle 5 min / 1 h", both(track.oracle_5min, track.oracle_1h)),
        ("mark 5 min / 1 h", both(track.mark_5min, track.mark_1h)),
        ("deviation oracle / mark", both(track.oracle_deviation, track.mark_deviation)),
        ("mark from oracle", apart),
        ("repeg event", f"{span(timer.elapsed_ms)} of {span(timer.after_ms)}"),
        ("bought / sold in 1 h", both(track.buy_volume_1h, track.sell_volume_1h)),
        ("volume in 24 h", output.grouped(track.volume_24h)),
        ("auctions", str(len(one.auctions))),
    ]
    if one.funding is not None:
        state = one.funding
        due = utc(state.due_ms) if state.due_ms else "at once"
        rows += [
            ("funding rate / average", both(state.rate, state.average)),
            ("funding due (UTC)", due),
            ("cumulative long / short", both(state.cumulative_long, state.cumulative_short)),
        ]
    screen.print("", output.pairs("Mechanisms", rows))


@click.command()
@click.argument("symbol")
@click.option("--depth", type=click.IntRange(1, DEPTH_MAX), default=10, show_default=True)
@common
@click.pass_obj
def book(app: App, symbol: str, depth: int) -> None:
    """The order book of a market, with the vAMM's quotes."""

    async def work(session: Session) -> BookSnapshot:
        return await session.client.book(symbol.upper(), depth)

    found = connection.run(app, work, private=False)
    if app.json:
        output.print_json(found)
        return
    rows: list[tuple[str | Text, ...]] = [
        (Text("ask", style="red"), output.grouped(price), output.grouped(size))
        for price, size in reversed(found.asks)
    ]
    if found.vamm_ask is not None and found.vamm_bid is not None:
        rows.append((Text("vAMM ask", style="dim red"), output.grouped(found.vamm_ask), ""))
        rows.append((Text("vAMM bid", style="dim green"), output.grouped(found.vamm_bid), ""))
    rows += [
        (Text("bid", style="green"), output.grouped(price), output.grouped(size))
        for price, size in found.bids
    ]
    title = f"{found.symbol} at record {found.seq}"
    output.console().print(output.table(title, ("", "price", "size"), rows))


@click.command()
@click.argument("symbol")
@click.option("--limit", type=click.IntRange(1, TRADES_MAX), default=20, show_default=True)
@common
@click.pass_obj
def trades(app: App, symbol: str, limit: int) -> None:
    """The last trades of a market, newest first."""

    async def work(session: Session) -> list[TradeInfo]:
        return await session.client.trades(symbol.upper(), limit)

    found = connection.run(app, work, private=False)
    if app.json:
        output.print_json(found)
        return
    rows = [
        (
            utc(one.ts),
            output.side_text(one.side),
            one.source,
            output.grouped(one.price),
            output.grouped(one.size),
            output.grouped(one.quote),
        )
        for one in found
    ]
    names = ("time (UTC)", "taker", "from", "price", "size", "USD")
    output.console().print(output.table(f"Trades of {symbol.upper()}", names, rows, left=3))
