"""What becomes of an operator's command where changes need two keys.

A command that needs a proposal is refused with the line that proposes it; behind ``admin propose``
the same commands are announced instead of sent.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any, Final, cast

import click

from plimsoll.cli import output
from plimsoll.cli.app import REFUSED, App, Failure
from plimsoll.cli.figures import span, utc
from plimsoll.client import Client
from plimsoll.client.models import Receipt
from plimsoll.messages import changes, codec

NEEDS_PROPOSAL: Final = "NEEDS_PROPOSAL"
_ONCE: Final = ("--client-id",)
"""Options with a value that belong to the command that was refused, not to the next one."""


class Announced(Exception):
    """A change was proposed: what the command would say of itself is not true yet."""

    def __init__(self, receipt: Receipt) -> None:
        super().__init__(receipt.seq)
        self.receipt = receipt


class NeedsProposal(Exception):
    """A change was refused because one key is not enough for it."""

    def __init__(self, values: dict[str, Any], receipt: Receipt) -> None:
        super().__init__(receipt.seq)
        self.values = values
        self.receipt = receipt


class Operating:
    """A client that proposes changes (``proposing``) instead of making them, and tells apart what
    needs a proposal. Everything else is the client's.
    """

    def __init__(self, client: Client, *, proposing: bool) -> None:
        self._client = client
        self._proposing = proposing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def command(self, values: dict[str, Any], client_id: str = "") -> Receipt:
        """As the client's. Raises ``Announced``, ``NeedsProposal``."""
        if self._proposing:
            receipt = await self._client.command({"type": "Propose", "change": values}, client_id)
            if receipt.accepted:
                raise Announced(receipt)
            return receipt
        receipt = await self._client.command(values, client_id)
        if receipt.reject is not None and receipt.reject.name == NEEDS_PROPOSAL:
            raise NeedsProposal(values, receipt)
        return receipt


def operating(client: Client, *, proposing: bool) -> Client:
    """The client for an operator's commands."""
    return cast(Client, Operating(client, proposing=proposing))


def report(app: App, receipt: Receipt) -> None:
    """Say what was announced."""
    if app.json:
        output.print_json(receipt)
        return
    made = [one for one in receipt.events if one["type"] == "Proposed"]
    again = " (sent before; nothing was done twice)" if receipt.duplicate else ""
    if not made:
        click.echo(f"proposed, record {receipt.seq}{again}")
        return
    one = made[0]
    click.echo(
        f"proposal {one['proposal']}: another operator may execute it with `plimsoll admin execute "
        f"{one['proposal']}` from {utc(one['ready_ms'])} to {utc(one['expires_ms'])} UTC, "
        f"record {receipt.seq}{again}"
    )


def refuse(app: App, error: NeedsProposal) -> Failure:
    """The failure that says what loosens, and how to propose it."""
    reject = error.receipt.reject
    if app.json:
        output.print_json(error.receipt)
    number, delay = (int(reject.value), int(reject.limit)) if reject is not None else (0, 0)
    what = loosened(error.values["type"], number)
    text = (
        f"rejected, {NEEDS_PROPOSAL}: {what}, which needs two operators and {span(delay)}; "
        f"propose it with `{propose_line(app.args)}`"
    )
    return Failure(text, REFUSED)


def loosened(kind: str, number: int) -> str:
    """What a command loosens, by the number of its field."""
    if number == 0:
        return f"{kind} is a change of the exchange"
    schema = codec.COMMAND_BY_NAME[kind].FIELDS
    for _, unit in schema:
        if unit in changes.RECORDS:
            schema = changes.RECORDS[unit].FIELDS
    name = schema[number - 1][0]
    if kind == "CreatePrincipal":
        return "this makes an operator or an oracle"
    if changes.TIGHTER.get(_set_of(kind), {}).get(name) == changes.NEITHER:
        return f"{name} changes"
    return f"{name} gets looser"


def _set_of(kind: str) -> str:
    """The kind of the set of parameters a command carries; empty for none."""
    found = [unit for _, unit in codec.COMMAND_BY_NAME[kind].FIELDS if unit in changes.RECORDS]
    return found[0] if found else ""


def propose_line(args: Sequence[str]) -> str:
    """The command that proposes what a command line would have done."""
    kept: list[str] = []
    skip = False
    for one in args:
        if skip or one in _ONCE:
            skip = not skip
        elif not one.startswith(tuple(f"{name}=" for name in _ONCE)):
            kept.append(one)
    at = kept.index("admin") if "admin" in kept else -1
    return shlex.join(["plimsoll", *kept[: at + 1], "propose", *kept[at + 1 :]])
