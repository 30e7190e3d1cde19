"""What came of an order, for people: fills and their sources, fee, position after."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.text import Text

from plimsoll.cli import output
from plimsoll.client.models import AccountInfo, PlaceOrderRequest, PositionInfo, Receipt

_STATUS = {
    "filled": "bold green",
    "resting": "cyan",
    "partially_filled": "yellow",
    "auction": "cyan",
    "cancelled": "yellow",
}
_SOURCES = {
    "book": "the book",
    "vamm": "the vAMM",
    "auction": "an auction",
    "adl": "deleveraging",
    "hedged": "a spot-hedged vault",
    "signed": "another signed order",
}
_SHOWN_FILLS = 12


def print_order(
    console: Console,
    request: PlaceOrderRequest,
    receipt: Receipt,
    after: AccountInfo | None,
    held: PositionInfo | None,
) -> None:
    """Print a receipt; ``after`` is the account afterwards, None for a quote."""
    fills = [
        event
        for event in receipt.events
        if event["type"] == "Filled" and event.get("taker_order") == receipt.order
    ]
    console.print(_headline(request, receipt, quoted=after is None))
    for event in fills[:_SHOWN_FILLS]:
        source = _SOURCES.get(event["source"], event["source"])
        size, price = output.grouped(event["size"]), output.grouped(event["price"])
        console.print(f"  {size} at {price} from {source}")
    if len(fills) > _SHOWN_FILLS:
        console.print(f"  and {len(fills) - _SHOWN_FILLS} more fills")
    if fills:
        console.print(f"fee        {output.grouped(receipt.fee)} USD")
    _print_vamm(console, fills)
    _print_vault(console, receipt)
    _print_rest(console, receipt)
    if after is not None:
        _print_position(console, request.market, held)
        console.print(f"equity     {output.grouped(after.equity)} USD, free {_money(after.free)}")


def _headline(request: PlaceOrderRequest, receipt: Receipt, *, quoted: bool) -> Text:
    status = receipt.status.replace("_", " ")
    made = Text("would be " if quoted else "")
    made.append(status, style=_STATUS.get(receipt.status, ""))
    made.append("  ").append_text(output.side_text(request.side))
    if receipt.average_price is None:
        price = f" at {output.grouped(request.price)}" if request.price else ""
        made.append(f" {output.grouped(request.size)} {request.market}{price}")
    else:
        average = output.grouped(receipt.average_price)
        made.append(f" {output.grouped(receipt.filled)} {request.market} at {average} on average")
    # The number an order would get says nothing.
    if not quoted:
        made.append(f"  (order {receipt.order}, record {receipt.seq})", style="dim")
    if receipt.duplicate:
        made.append("  sent before; nothing was done twice", style="yellow")
    return made


def _print_vamm(console: Console, fills: list[dict[str, Any]]) -> None:
    """The spread a vAMM earned. It is exact: what the taker paid beyond the curve's price."""
    against = [event for event in fills if event["source"] == "vamm"]
    if not against:
        return
    spread = sum((Decimal(event["surplus"]) for event in against), Decimal(0))
    shown = output.grouped(format(spread, "f"))
    console.print(f"vAMM       earned {shown} USD of spread, kept for its repegs")


def _print_vault(console: Console, receipt: Receipt) -> None:
    """Why a vault that the order was directed at did not fill it."""
    for event in receipt.events:
        if event["type"] == "VaultRefused" and event["order"] == receipt.order:
            why = f"{event['value_is']}: {event['value']}, {event['limit_is']}: {event['limit']}"
            console.print(f"vault      did not fill: {event['name']} ({why})", style="yellow")


def _print_rest(console: Console, receipt: Receipt) -> None:
    left = receipt.remaining
    if left in (None, "0"):
        return
    removed = [event for event in receipt.events if event["type"] == "OrderRemoved"]
    if receipt.status in ("resting", "partially_filled"):
        console.print(f"in book    {output.grouped(left)}")
    elif receipt.status == "auction":
        console.print(f"auction    {output.grouped(left)}, see `plimsoll auction list`")
    else:
        why = f": {str(removed[-1]['reason']).replace('_', ' ')}" if removed else ""
        console.print(f"dropped    {output.grouped(left)}{why}")


def _print_position(console: Console, market: str, held: PositionInfo | None) -> None:
    if held is None:
        console.print(f"position   none in {market}")
        return
    line = Text("position   ").append_text(output.gain(held.base))
    line.append(f" {market}, entry {output.grouped(held.entry_price)}, unrealised ")
    line.append_text(output.gain(held.unrealised_pnl)).append(" USD")
    if held.liquidation_price is not None:
        line.append(f", liquidated at {output.grouped(held.liquidation_price)}")
    console.print(line)


def _money(text: str) -> str:
    return f"{output.grouped(text)} USD"
