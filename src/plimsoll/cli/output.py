"""How commands print: JSON, tables, numbers; and a refusal by the exchange as a failure."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final, NoReturn

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from plimsoll.cli.app import REFUSED, App, Failure
from plimsoll.client.models import Receipt, RejectInfo, Response

WIDTH: Final = 120
"""Where no terminal tells its own."""

_HINTS: Final = {
    "NAME_TAKEN": "choose another name",
    "NOT_ALLOWED": "use a key whose principal has the role",
    "UNKNOWN_ACCOUNT": "see `plimsoll account list`",
    "NOT_OWNER": "see `plimsoll account list`",
    "EXTERNAL_ID_USED": "this transfer was made already",
    "NOT_WITHDRAWABLE": "see what is withdrawable with `plimsoll account show`",
    "INSUFFICIENT_BALANCE": "see `plimsoll account show`",
    "UNKNOWN_MARKET": "see `plimsoll market list`",
    "UNKNOWN_ORDER": "see `plimsoll order list`",
    "PRICE_NOT_ON_TICK": "use a multiple of the tick",
    "SIZE_NOT_ON_STEP": "use a multiple of the step",
    "NOTIONAL_TOO_SMALL": "order more",
    "OPEN_ORDERS_LIMIT": "cancel some with `plimsoll order cancel`",
    "PRICE_BAND": "choose a price inside the band",
    "POST_ONLY_CROSSES": "use a price further away, or --post-only slide",
    "FOK_NOT_FILLABLE": "order less, or allow a partial fill with --tif ioc",
    "INSUFFICIENT_MARGIN": "order less, or deposit with `plimsoll account deposit`",
    "ORACLE_INVALID": "wait for a fresh oracle price",
    "MARKET_MODE": "the market takes only what reduces risk, or nothing",
    "UNKNOWN_VAULT": "see `plimsoll vault list`",
    "VAULT_KIND": "see `plimsoll vault list`",
    "VAULT_SHUT": "the vault is worth nothing; it opens by itself if that changes",
    "VAULT_MODE": "see `plimsoll vault show`; what one has can be withdrawn in every mode",
    "NOT_WHITELISTED": "ask the operator to let the account in",
    "SHARES_TOO_FEW": "deposit more, or accept fewer shares; see `plimsoll vault preview`",
    "VALUE_TOO_SMALL": "give back more shares, or accept less; see `plimsoll vault preview`",
    "INSUFFICIENT_SHARES": "see `plimsoll vault holdings`",
    "UNLOCKS_FULL": "wait until one is paid; see `plimsoll vault holdings`",
    "VAULT_CAP": "deposit less",
    "VAULT_MARGIN": "withdraw less, or wait: the rest backs the vault's positions",
    "VAULT_ASSETS": "withdraw less, or wait: the rest is in use for takers",
    "MIN_MARGIN_RATIO": "trade or withdraw less",
    "HEDGE_SLIPPAGE": "trade less, or wait until the spot pool is near the oracle again",
    "VAULT_CAPACITY": "trade less; see `plimsoll vault show`",
    "UNLOCK_NOT_DUE": "see `plimsoll vault holdings`",
    "UNKNOWN_POOL": "see `plimsoll spot pools`",
    "SPOT_LIQUIDITY": "swap less; see `plimsoll spot pools`",
    "SPOT_AMOUNT_ZERO": "swap more",
    "SPOT_SLIPPAGE": "accept a worse price, or wait",
    "UNKNOWN_FIRM_QUOTE": "see `plimsoll spot quotes`",
    "FIRM_QUOTES_FULL": "cancel some with `plimsoll spot cancel`",
    "UNKNOWN_SIGNER": "the owner lets the key sign with `plimsoll signer add`",
    "SIGNERS_FULL": "remove one with `plimsoll signer remove`",
    "BAD_SIGNATURE": "sign it anew with `plimsoll signed make`: it is not what was signed here",
    "SIGNED_DONE": "it is filled; see `plimsoll signed show`",
    "SIGNED_CANCELLED": "its owner has cancelled it",
    "SIGNED_OVERFILL": "settle less; see `plimsoll signed show`",
    "SIGNED_FOK": "settle all of it at once",
    "SIGNED_MIN_FILL": "settle more at a time",
    "SIGNED_VALIDITY": "sign it for a shorter time",
    "SIGNED_PRICE": "the two do not meet: the maker's price is past the taker's limit",
    "SIGNED_SIDES": "one has to buy and the other to sell",
    "SIGNED_SELF": "they belong to one owner",
    "RELAY_FEE_TOO_LARGE": "sign it with a smaller relay fee",
    "DELAYED_EARLY": "wait for a later oracle price",
    "RATE_LIMITED": "withdraw less, or later; see `plimsoll breaker show`",
    "EXCHANGE_MODE": "see `plimsoll breaker show`; what reduces risk passes in every mode",
    "UNKNOWN_HELD": "see `plimsoll account held`",
    "HELD_WAITS": "wait for the breaker, or take it back with `plimsoll account held-cancel`",
    "BREAKER_WAITS": "it is too early; see `plimsoll breaker show` and `plimsoll vault show`",
    "NOTHING_TO_DO": "nothing is to be done here now",
    "VAULT_UTILISATION": "trade less; see `plimsoll vault show`",
    "HEDGE_QUOTA": "trade less, or later; see `plimsoll vault show`",
    "NEEDS_PROPOSAL": "see `plimsoll admin propose --help`",
    "UNKNOWN_PROPOSAL": "see `plimsoll admin proposals`",
    "PROPOSAL_EARLY": "see `plimsoll admin proposals`",
    "PROPOSAL_EXPIRED": "propose it again",
    "PROPOSAL_OWN": "another operator has to execute it",
    "PROPOSAL_STALE": "what it replaces has changed since; take it back and propose it again",
    "PROPOSALS_FULL": "take some back with `plimsoll admin cancel-proposal`",
}
"""What to do about a refusal, by the name of its code."""


def console() -> Console:
    """Standard output: its own width on a terminal, a fixed one elsewhere."""
    made = Console()
    return made if made.is_terminal else Console(width=WIDTH)


def print_json(value: Any) -> None:
    """A value as indented JSON on stdout."""
    encoded = msgspec.json.encode(value)
    click.echo(msgspec.json.format(encoded, indent=2).decode())


def table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[str | Text]], left: int = 1
) -> Table:
    """A bare table; the first ``left`` columns to the left, the others to the right."""
    made = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for at, name in enumerate(columns):
        made.add_column(
            name, justify="left" if at < left else "right", header_style="dim", overflow="fold"
        )
    for row in rows:
        made.add_row(*row)
    return made


def pairs(title: str, rows: Iterable[tuple[str, str | Text]]) -> Table:
    """Names and values."""
    made = table(title, ("", ""), rows, left=2)
    made.show_header = False
    return made


def show_rows(
    app: App,
    found: Any,
    title: str,
    names: Sequence[str],
    rows: Sequence[Sequence[str | Text]],
    *,
    left: int = 1,
    none: str,
) -> None:
    """A list in a table, or a word where it is empty; with --json as it was found."""
    if app.json:
        print_json(found)
    elif rows:
        console().print(table(title, names, rows, left=left))
    else:
        click.echo(none)


def grouped(text: str | None) -> str:
    """A decimal text with grouped digits; a dash for None."""
    if text is None:
        return "-"
    sign = "-" if text.startswith("-") else ""
    whole, point, decimals = text.removeprefix("-").partition(".")
    return f"{sign}{int(whole):,}{point}{decimals}"


def gain(text: str) -> Text:
    """A decimal text, green above and red below zero."""
    style = "red" if text.startswith("-") else "green" if text.strip("0.") else ""
    return Text(grouped(text), style=style)


def side_text(side: str) -> Text:
    """Buy or sell in its colour."""
    return Text(side, style="green" if side == "buy" else "red")


def ppm_text(ppm: int) -> str:
    """A ratio as people write it."""
    from plimsoll.config import show_ratio

    return show_ratio(ppm)


def refusal_text(reject: RejectInfo | None) -> str:
    """A refusal in one line: code, what was measured against what, and what to do."""
    if reject is None:
        return "rejected by the exchange"
    numbers = f"{reject.value_is}: {reject.value}, {reject.limit_is}: {reject.limit}"
    hint = _HINTS.get(reject.name, "see `plimsoll rejects`")
    return f"rejected, {reject.name} ({reject.code}): {numbers}; {hint}"


def require_accepted(app: App, receipt: Receipt) -> None:
    """End with exit code 3 if the exchange refused; with --json the receipt is printed first."""
    if not receipt.accepted:
        refuse(app, receipt, receipt.reject)


def refuse(app: App, answer: Response, reject: RejectInfo | None) -> NoReturn:
    """End with exit code 3 and the refusal; with --json the whole answer is printed first."""
    if app.json:
        print_json(answer)
    sys.stdout.flush()
    raise Failure(refusal_text(reject), REFUSED)


def finish(app: App, receipt: Receipt, text: str) -> None:
    """What an accepted command did, in a line or as its receipt; exit code 3 for a refused one."""
    require_accepted(app, receipt)
    if app.json:
        print_json(receipt)
    else:
        again = " (sent before; nothing was done twice)" if receipt.duplicate else ""
        click.echo(f"{text}, record {receipt.seq}{again}")
