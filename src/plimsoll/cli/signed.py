"""``plimsoll signed``: orders that are signed by their owner and settled by a relayer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from plimsoll.cli import connection, key_files, output
from plimsoll.cli.app import USAGE, App, Failure, common
from plimsoll.cli.connection import Session
from plimsoll.cli.figures import utc
from plimsoll.cli.spans import read_span
from plimsoll.cli.trading import account_option, client_id_option
from plimsoll.client import numbers
from plimsoll.client.models import (
    MatchSignedRequest,
    Receipt,
    SettleSignedRequest,
    SignedInfo,
    SignedOrderForm,
    SignedTerms,
)
from plimsoll.client.signed_forms import sign_terms
from plimsoll.decimal_text import format_decimal
from plimsoll.runtime.node_types import system_clock

size_option = click.option("--size", help="How much of it is filled; without it all that is left.")
relayer_option = click.option(
    "--relayer", type=click.IntRange(0), help="Your account that gets the relay fee."
)
pot_option = click.option("--pot", is_flag=True, help="Leave the relay fee to the keepers' pot.")
_WIDE_HASH = 16


@click.group()
@common
def signed() -> None:
    """Signed orders: make one, hand it to a relayer; settle, match, cancel, show.

    A signed order is a JSON document; FILE may be - for standard input. Whoever has it can settle
    it, by its terms, to its owner's account, and change nothing.
    """


# For owners ----------------------------------------------------------------------------------


@signed.command("make")
@click.argument("side", type=click.Choice(["buy", "sell"]))
@click.argument("market")
@click.argument("size")
@click.option("--limit", metavar="PRICE", required=True, help="The worst price.")
@click.option(
    "--key",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="File of `plimsoll signer new`.",
)
@click.option("--expires", default="1h", show_default=True, metavar="TIME", help="From now on.")
@click.option("--fok", is_flag=True, help="All of it at once, or nothing.")
@click.option(
    "--min-fill", metavar="SIZE", help="Least size of a part.  [default: a tenth, with a relay fee]"
)
@click.option("--reduce-only", is_flag=True, help="Only close a position.")
@click.option("--client-order-id", default="", help="Your own name for the order.")
@click.option("--relay-fee", default="0", metavar="USD", help="For the relayer, once.")
@click.option("--fund", type=click.IntRange(0), help="Your account that brings the margin.")
@click.option("--margin", default="0", metavar="USD", help="Moved from --fund at the first fill.")
@click.option("--vault", type=click.IntRange(0), help="Direct it at this hedged vault.")
@account_option
@common
@click.pass_obj
def make(app: App, /, side: Any, market: str, size: str, path: Path, **given: Any) -> None:
    """Sign an order to SIDE (buy or sell) SIZE of MARKET, and print it. Nothing is sent."""
    key = key_files.read(path)
    until = system_clock() + read_span("--expires", given["expires"])
    names = ("fok", "min_fill", "reduce_only", "client_order_id", "relay_fee", "fund", "margin",
             "vault")  # fmt: skip

    async def work(session: Session) -> SignedOrderForm:
        if given["min_fill"] is None:
            given["min_fill"] = least_part(size, given["relay_fee"])
        terms = SignedTerms(
            account=await session.account(given["account"]),
            market=market.upper(),
            side=side,
            price=given["limit"],
            size=size,
            expires_ms=until,
            **{name: given[name] for name in names},
        )
        return await sign_terms(session.client, key, terms)

    output.print_json(connection.run(app, work))


def least_part(size: str, relay_fee: str) -> str:
    """What a relayer has to fill at least for the whole of its fee: a tenth. Errors: `BadField`."""
    if numbers.fee("relay_fee", relay_fee) == 0:
        return "0"
    return format_decimal(numbers.size("size", size) // 10, numbers.BASE_DIGITS)


@signed.command("cancel")
@click.argument("file")
@client_id_option
@common
@click.pass_obj
def cancel(app: App, file: str, client_id: str) -> None:
    """Cancel the order in FILE for good, whether anybody has settled it or not."""
    form = read_form(file)

    async def work(session: Session) -> Receipt:
        return await session.client.cancel_signed(form, client_id)

    receipt = connection.run(app, work)
    filled = next((one["filled"] for one in receipt.events if "filled" in one), "0")
    output.finish(app, receipt, f"cancelled, {output.grouped(filled)} of it were filled")


@signed.command("show")
@click.argument("which", metavar="[HASH|FILE]", required=False)
@account_option
@common
@click.pass_obj
def show(app: App, which: str | None, account: int | None) -> None:
    """What was filled of an order, and what is left; without one, of all of your account."""

    async def work(session: Session) -> list[SignedInfo]:
        if which is None:
            return await session.client.signed_orders(await session.account(account))
        return [await session.client.signed_order(_hash_of(which))]

    found = connection.run(app, work)
    if app.json and which is not None:
        output.print_json(found[0])
        return
    rows = [
        (
            one.order_hash if which is not None else f"{one.order_hash[:_WIDE_HASH]}…",
            str(one.account),
            one.status,
            output.grouped(one.size),
            output.grouped(one.filled),
            output.grouped(one.left),
            utc(one.expires_ms),
        )
        for one in found
    ]
    names = ("hash", "account", "status", "size", "filled", "left", "expires (UTC)")
    output.show_rows(app, found, "Signed orders", names, rows, left=3, none="none was seen")


def _hash_of(which: str) -> str:
    """A hash, or that of the order in a file."""
    return read_form(which).order_hash if which == "-" or Path(which).exists() else which


# For relayers --------------------------------------------------------------------------------


async def _relayer(session: Session, given: int | None, *, pot: bool) -> int | None:
    if pot and given is not None:
        raise click.UsageError("--relayer and --pot are two answers to one question")
    return None if pot else await session.account(given)


async def _left(session: Session, form: SignedOrderForm) -> str:
    """What is left of an order; all of one that nobody has seen."""
    from plimsoll.client.errors import NotFound

    try:
        return (await session.client.signed_order(form.order_hash)).left
    except NotFound:
        return form.size


@signed.command("settle")
@click.argument("file")
@size_option
@relayer_option
@pot_option
@client_id_option
@common
@click.pass_obj
def settle(
    app: App, file: str, size: str | None, relayer: int | None, pot: bool, client_id: str
) -> None:
    """Fill the order in FILE where the exchange has liquidity: exactly --size, or nothing."""
    form = read_form(file)

    async def work(session: Session) -> Receipt:
        request = SettleSignedRequest(
            order=form,
            size=size or await _left(session, form),
            relayer=await _relayer(session, relayer, pot=pot),
        )
        return await session.client.settle_signed(request, client_id)

    _report(app, connection.run(app, work), form)


@signed.command("match")
@click.argument("taker")
@click.argument("maker")
@click.option("--size", required=True, help="How much of both is filled.")
@relayer_option
@pot_option
@client_id_option
@common
@click.pass_obj
def match(
    app: App,
    taker: str,
    maker: str,
    size: str,
    relayer: int | None,
    pot: bool,
    client_id: str,
) -> None:
    """Settle the orders in TAKER and MAKER (files) against each other, at MAKER's price."""
    first, second = read_form(taker), read_form(maker)

    async def work(session: Session) -> Receipt:
        request = MatchSignedRequest(
            taker=first,
            maker=second,
            size=size,
            relayer=await _relayer(session, relayer, pot=pot),
        )
        return await session.client.match_signed(request, client_id)

    _report(app, connection.run(app, work), first)


def _report(app: App, receipt: Receipt, form: SignedOrderForm) -> None:
    filled = f"{form.side} {output.grouped(receipt.filled)} {form.market}"
    text = f"settled: {filled} at {output.grouped(receipt.average_price)} on average"
    fees = [one for one in receipt.events if one["type"] == "SignedSettled"]
    earned = [one["relay_fee"] for one in fees if one["relay_fee"] != "0"]
    if earned:
        text += f", relay fee {' and '.join(map(output.grouped, earned))} USD"
    output.finish(app, receipt, text)


def read_form(file: str) -> SignedOrderForm:
    """The signed order in a file, or (-) on standard input. Errors: `Failure`."""
    try:
        text = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error}", USAGE) from error
    try:
        return msgspec.json.decode(text, type=SignedOrderForm)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Failure(f"{file} is no signed order: {error}", USAGE) from error
