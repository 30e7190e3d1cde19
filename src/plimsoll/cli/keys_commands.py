"""``plimsoll key``: API keys, in the data directory, also while a node uses them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import click
import msgspec

from plimsoll.cli import connection, output
from plimsoll.cli.app import USAGE, App, Failure, common
from plimsoll.cli.connection import Session
from plimsoll.cli.figures import utc
from plimsoll.client.models import PrincipalInfo
from plimsoll.errors import ClientError
from plimsoll.runtime.keys import KEYS_NAME, READ, SCOPES, TRADE, KeyStore, StoredKey
from plimsoll.runtime.node_types import system_clock
from plimsoll.runtime.presets import OPERATOR

ASKING_SECONDS: Final = 2.0
"""How long `key create` waits for an exchange that may not be running."""


@contextmanager
def _store(app: App, *, make: bool) -> Iterator[KeyStore]:
    folder = app.data_dir
    path = folder / KEYS_NAME
    if not path.exists():
        if not make:
            raise Failure(f"there are no keys in {folder}; name the directory with --data", USAGE)
        folder.mkdir(parents=True, exist_ok=True)
    with KeyStore.open(path) as store:
        yield store


def _shown(key: StoredKey) -> dict[str, Any]:
    return {
        "key_id": key.key_id,
        "principal": key.principal,
        "scopes": [scope for scope in SCOPES if scope in key.scopes],
        "label": key.label,
        "created_ms": key.created_ms,
        "revoked_ms": key.revoked_ms,
    }


def _check_principal(app: App, principal: int) -> str:
    """Whom the key is for, as the running exchange says, or why nobody was asked.

    Errors: `Failure` if the exchange has no such principal.
    """
    if principal == OPERATOR:
        return "It is the operator's."
    target = connection.find_operator(app.load().config)
    if target.key is None:
        return f"Not checked whether there is a principal {principal}: there is no operator key."
    quick = msgspec.structs.replace(target, timeout=ASKING_SECONDS, attempts=1)

    async def work(session: Session) -> list[PrincipalInfo]:
        return await session.client.principals()

    try:
        found = {one.principal: one for one in connection.run_at(app, quick, work)}
    except (ClientError, Failure) as error:
        return f"Not checked whether there is a principal {principal}: {error}."
    if principal not in found:
        if OPERATOR not in found:
            # Whoever is no operator sees but itself.
            return (
                f"Not checked whether there is a principal {principal}: the key is no operator's."
            )
        raise Failure(f"there is no principal {principal}; see `plimsoll admin principal list`")
    one = found[principal]
    return f"It is for {one.name} ({', '.join(one.roles) or 'no role'})."


@click.group()
@common
def key() -> None:
    """API keys: create, list, revoke."""


@key.command("create")
@click.option("--principal", type=click.IntRange(0), required=True, help="Whom it acts for.")
@click.option(
    "--scopes", default=f"{READ},{TRADE}", show_default=True, help=f"Of {', '.join(SCOPES)}."
)
@click.option("--label", default="", help="Your name for it.")
@common
@click.pass_obj
def create(app: App, principal: int, scopes: str, label: str) -> None:
    """Make a key. Its secret is shown this once only."""
    wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()]
    note = _check_principal(app, principal)
    with _store(app, make=True) as store:
        made = store.create(principal, wanted, label, now_ms=system_clock())
    click.echo(f"{note} A running exchange knows the key within a second.", err=True)
    if app.json:
        output.print_json({**_shown(made), "secret": made.secret})
        return
    click.echo(f"PLIMSOLL_CLIENT__KEY={made.key_id}")
    click.echo(f"PLIMSOLL_CLIENT__SECRET={made.secret}")
    click.echo("The secret is not shown again; these two lines may stand in .env.", err=True)


@key.command("list")
@common
@click.pass_obj
def list_keys(app: App) -> None:
    """Every key, revoked ones too; never a secret."""
    with _store(app, make=False) as store:
        found = store.keys()
    if app.json:
        output.print_json([_shown(one) for one in found])
        return
    rows = [
        (
            one.key_id,
            str(one.principal),
            "+".join(scope for scope in SCOPES if scope in one.scopes),
            one.label,
            utc(one.created_ms),
            "" if one.revoked_ms is None else utc(one.revoked_ms),
        )
        for one in found
    ]
    names = ("key", "principal", "scopes", "label", "created (UTC)", "revoked (UTC)")
    output.console().print(output.table("Keys", names, rows, left=6))


@key.command("revoke")
@click.argument("key_id")
@common
@click.pass_obj
def revoke(app: App, key_id: str) -> None:
    """End a key for good; a running node knows within a second."""
    with _store(app, make=False) as store:
        done = store.revoke(key_id, now_ms=system_clock())
    if not done:
        raise Failure(f"there is no active key {key_id}; see `plimsoll key list`")
    if app.json:
        output.print_json({"key_id": key_id, "revoked": True})
    else:
        click.echo(f"{key_id} revoked")
