"""The report of ``plimsoll replay-prices``: tables for people, name=value lines for scripts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from plimsoll.cli.figures import bp, fixed, span, usd, utc
from plimsoll.sim.replay import MarketRun, ReplayResult
from plimsoll.sim.tally_mechanisms import MechanismTally
from plimsoll.units import div_floor

Justify = Literal["left", "right"]

_DESTINATIONS = (
    ("fee_insurance", "insurance pool"),
    ("fee_adjustments", "adjustments pool"),
    ("fee_funding", "funding pool"),
    ("fee_keepers", "keepers"),
    ("fee_treasury", "treasury"),
    ("fee_vault", "passive vault"),
    ("maker_rebate", "makers (rebate)"),
)


def render_plain(values: Mapping[str, Any]) -> str:
    """Every value on a line of its own, nested names joined by dots; the hash is left out."""
    return "\n".join(f"{name}={value}" for name, value in _flat("", values) if name != "state_hash")


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flat(f"{prefix}.{name}" if prefix else str(name), inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _flat(f"{prefix}.{index}", inner)
    else:
        yield prefix, value


def _table(title: str, *columns: str) -> Table:
    """A bare table: the first column to the left, the others to the right."""
    made = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for at, name in enumerate(columns):
        made.add_column(name, justify="left" if at == 0 else "right", header_style="dim")
    return made


def _pairs(title: str, rows: Iterable[tuple[str, str]], justify: Justify = "right") -> Table:
    made = _table(title, "", "")
    made.columns[1].justify = justify
    made.show_header = False
    for name, value in rows:
        made.add_row(name, value)
    return made


def _signed(value: int) -> Text:
    """Money with a colour for gain and loss."""
    return Text(usd(value), style="green" if value > 0 else "red" if value < 0 else "")


def render_rich(console: Console, inputs: list[dict[str, Any]], result: ReplayResult) -> None:
    """Print the whole report, without its last line."""
    for one in inputs:
        console.print(_input_table(one), "")
    console.print(_flow_table(result), "")
    console.print(_money_table(result), "")
    for market, run in enumerate(result.markets):
        console.print(_market_table(run, result.tally.paid_in(market)), "")
        console.print(_mechanism_table(run, result.tally.mechanism(market)), "")
    if result.kinds:
        console.print(_trader_table(result), "")
    rate = fixed(int(10 * result.instants / max(result.seconds, 1e-9)), 1, 0)
    console.print(
        f"{result.instants:,} bars in {result.seconds:.2f} s, {rate} bars/s; "
        f"{result.checks} full sweeps of the invariants passed"
    )


def _input_table(one: dict[str, Any]) -> Table:
    files = one["files"]
    shown = files[0] if len(files) == 1 else f"{files[0]} and {len(files) - 1} more"
    gap = "none"
    if one["gaps"]:
        longest = f"{span(one['longest_gap_ms'])} from {utc(one['longest_gap_start_ms'])}"
        gap = f"{one['gaps']:,} ({one['missing_bars']:,} bars missing), longest {longest}"
    every = f", one every {span(one['interval_ms'])}" if one["interval_ms"] else ""
    rows = [
        ("file", shown),
        ("layout", f"{', '.join(one['layouts'])}: {one['kind']}{every}"),
        ("times", f"{one['time_unit']}"),
        ("rows", f"{one['rows']:,}"),
        ("from", utc(one["first_ms"])),
        ("to", utc(one["last_ms"])),
        ("gaps", gap),
    ]
    left_out = [
        f"{one[name]:,} {label}"
        for name, label in (("bad_rows", "bad"), ("duplicates", "duplicate"))
        if one[name]
    ]
    if left_out:
        rows.append(("left out", ", ".join(left_out)))
        rows += [("", reason) for reason in one["bad_row_reasons"]]
    return _pairs(f"{one['symbol']} prices", rows, "left")


def _flow_table(result: ReplayResult) -> Table:
    tally = result.tally
    orders = tally.orders
    kinds = [name for name in sorted(orders) if name not in ("accepted", "rested", "reduced")]
    rows = [
        ("commands", f"{tally.commands:,}"),
        ("accepted", f"{tally.accepted:,}"),
        ("refused", f"{tally.commands - tally.accepted:,}"),
    ]
    rows += [(f"  {name}", f"{count:,}") for name, count in sorted(tally.rejected.items())]
    rows += [("orders accepted", f"{orders['accepted']:,}")]
    rows += [(f"  {name}", f"{orders[name]:,}") for name in kinds]
    rows += [("came to rest", f"{orders['rested']:,}")]
    rows += [(f"ended: {name}", f"{count:,}") for name, count in sorted(tally.done.items())]
    rows += [("oracle prices", f"{tally.oracle_accepted:,}")]
    rows += [
        (f"  refused {name}", f"{count:,}") for name, count in sorted(tally.oracle_refused.items())
    ]
    return _pairs("Flow", rows)


def _money_table(result: ReplayResult) -> Table:
    tally = result.tally
    made = _table("Volume and fees", "", "fills", "USD")
    for source in sorted(tally.volume):
        made.add_row(f"volume, {source}", f"{tally.fills[source]:,}", usd(tally.volume[source]))
    total = sum(tally.volume.values())
    made.add_row("volume", f"{sum(tally.fills.values()):,}", usd(total))
    made.add_row("taker fees", "", usd(tally.fees))
    for reason, label in _DESTINATIONS:
        if tally.paid[reason]:
            made.add_row(f"  to {label}", "", usd(tally.paid[reason]))
    made.add_row("spread surplus to adjustments", "", usd(tally.paid["spread_surplus"]))
    return made


def _market_table(run: MarketRun, paid: Mapping[str, int]) -> Table:
    end, vamm = run.end, run.end["vamm"]
    worth = div_floor(end["open_interest"] * end["oracle_price"], 10**9)
    low, high = fixed(run.price_low, 6, 2), fixed(run.price_high, 6, 2)
    rows = [
        ("oracle", f"{fixed(run.price_first, 6, 2)} to {fixed(run.price_last, 6, 2)}"),
        ("  range", f"{low} .. {high}"),
        ("open interest", f"{fixed(end['open_interest'], 9, 3)} ({usd(worth, 0)} USD)"),
    ]
    rows += [(f"pool: {name}", usd(amount)) for name, amount in sorted(end["pools"].items())]
    if vamm is not None:
        mean = div_floor(run.divergence_sum, run.bars) if run.bars else 0
        at = utc(run.divergence_max_ms)
        rows += [
            ("vAMM price", fixed(vamm["reservation_price"], 6, 2)),
            ("vAMM inventory", fixed(vamm["base"], 9, 3)),
            ("vAMM equity", usd(vamm["equity"])),
            ("vAMM PnL", usd(vamm["pnl"])),
            ("  spread surplus", usd(paid.get("spread_surplus", 0))),
            ("  capital brought in anew", f"{run.refills} x, {usd(run.refilled)}"),
            ("  adjustments pool topped up", f"{run.topups} x, {usd(run.topped_up)}"),
            ("divergence, most", f"{bp(run.divergence_max)} bp at {at}"),
            ("divergence, mean", f"{bp(mean)} bp"),
            ("inside_range_pct", f"{run.inside_range_pct:.2f}"),
        ]
    return _pairs(f"{run.symbol} at the end", rows)


def _mechanism_table(run: MarketRun, tally: MechanismTally) -> Table:
    """What auctions, repegs, funding, restrictions and liquidations did."""
    repegs = " / ".join(f"{tally.repegs[n]:,}" for n in ("free", "revenue", "paid", "unaffordable"))
    auctions = " / ".join(f"{tally.auctions[name]:,}" for name in ("order", "liquidation"))
    closed = sum(tally.liquidated.values())
    rows = [
        ("repegs: free / earning / paid / unaffordable", repegs),
        ("  earned, cost", f"{usd(tally.repeg_revenue)}, {usd(tally.repeg_cost)}"),
        ("restricted", f"{tally.restricted} x, {span(tally.restricted_ms)}"),
    ]
    rows += [(f"  {name}", f"{count:,}") for name, count in sorted(tally.breaches.items())]
    rows += [
        ("auctions: of orders / of liquidations", auctions),
        ("  offers", f"{tally.offers:,}"),
    ]
    rows += [(f"  ended: {name}", f"{n:,}") for name, n in sorted(tally.auction_ends.items())]
    rows += [
        ("funding: booked / skipped", f"{tally.funding:,} / {tally.funding_skipped:,}"),
        ("  the pool's part", usd(tally.funding_pool)),
        ("liquidations", f"{tally.liquidations:,}, {usd(closed)} closed"),
        ("  penalties, to keepers", f"{usd(tally.penalties)}, {usd(tally.keeper_rewards)}"),
        ("deleveraged", f"{tally.deleveraged:,}, {fixed(tally.deleveraged_size, 9, 3)}"),
        ("bad debt", usd(tally.bad_debt)),
        ("  insurance, winners, nobody", _borne(tally)),
    ]
    return _pairs(f"{run.symbol} mechanisms", rows)


def _borne(tally: MechanismTally) -> str:
    parts = (tally.bad_debt_insured, tally.bad_debt_haircut, tally.bad_debt_unpaid)
    return ", ".join(usd(part) for part in parts)


def _trader_table(result: ReplayResult) -> Table:
    made = _table("Traders", "", "traders", "brought in", "equity", "PnL")
    for kind, run in sorted(result.kinds.items()):
        made.add_row(
            kind, f"{run.traders}", usd(run.deposited, 0), usd(run.equity), _signed(run.pnl)
        )
    return made
