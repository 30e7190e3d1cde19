"""``plimsoll signer``: keys that may sign orders of an account."""

from __future__ import annotations

from pathlib import Path

import click

from plimsoll.cli import connection, key_files, output
from plimsoll.cli.app import App, common
from plimsoll.cli.connection import Session
from plimsoll.cli.trading import account_option, client_id_option
from plimsoll.client.models import Receipt, SignerInfo

key_argument = click.argument("signer", metavar="SIGNER")


@click.group()
@common
def signer() -> None:
    """Keys that sign orders of an account, for a relayer to settle: new, add, list, remove.

    SIGNER is the text of a key, `ed25519:...` or `evm:0x...`, or a file of `signer new`.
    """


@signer.command("new")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--scheme", type=click.Choice(key_files.SCHEMES), default="ed25519", show_default=True
)
@common
@click.pass_obj
def new(app: App, path: Path, scheme: str) -> None:
    """Make a key in FILE, which only you can read; prints its text, for `signer add`."""
    key = key_files.write(path, scheme)
    if app.json:
        output.print_json({"signer": key.signer, "file": str(path)})
    else:
        click.echo(key.signer)


def _text_of(given: str) -> str:
    """The text of a key, or of the one in a file."""
    return given if ":" in given else key_files.read(Path(given)).signer


@signer.command("add")
@key_argument
@account_option
@client_id_option
@common
@click.pass_obj
def add(app: App, signer: str, account: int | None, client_id: str) -> None:
    """Let a key sign orders of your account."""
    text = _text_of(signer)

    async def work(session: Session) -> Receipt:
        return await session.client.add_signer(await session.account(account), text, client_id)

    output.finish(app, connection.run(app, work), f"{text} may sign")


@signer.command("remove")
@key_argument
@account_option
@client_id_option
@common
@click.pass_obj
def remove(app: App, signer: str, account: int | None, client_id: str) -> None:
    """Let a key sign no longer; what it signed cannot be filled any more."""
    text = _text_of(signer)

    async def work(session: Session) -> Receipt:
        return await session.client.remove_signer(await session.account(account), text, client_id)

    output.finish(app, connection.run(app, work), f"{text} may sign no longer")


@signer.command("list")
@account_option
@common
@click.pass_obj
def list_signers(app: App, account: int | None) -> None:
    """The keys that may sign orders of your account."""

    async def work(session: Session) -> list[SignerInfo]:
        return await session.client.signers(await session.account(account))

    found = connection.run(app, work)
    rows = [(str(one.account), one.signer) for one in found]
    output.show_rows(
        app, found, "Signers", ("account", "signer"), rows, left=2, none="no key may sign"
    )
