"""Where the commands of traders go: address, key and account, from settings or the demo's file."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, TypeVar

import click
import msgspec
from stamina.instrumentation import set_on_retry_hooks

from plimsoll.cli import announcing
from plimsoll.cli.app import UNREACHABLE, USAGE, App, Failure
from plimsoll.client import ApiKey, Client
from plimsoll.client.errors import Timeout, Unreachable
from plimsoll.client.http import HttpClient
from plimsoll.config import Config
from plimsoll.errors import ConfigError
from plimsoll.runtime.keys import ADMIN, KEYS_NAME, READ, TRADE, KeyStore
from plimsoll.runtime.presets import OPERATOR

DEMO_FILE: Final = "demo-client.json"
OPERATOR_KEY: Final = f"key create --principal {OPERATOR} --scopes {READ},{TRADE},{ADMIN}"
"""The command that makes a key for ``plimsoll admin``."""

T = TypeVar("T")


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """An exchange and who one is there; ``account`` -1 if nothing says which."""

    url: str
    key: ApiKey | None
    account: int
    timeout: float
    attempts: int


class _DemoFile(msgspec.Struct, frozen=True, kw_only=True):
    """What ``plimsoll up`` leaves in its data directory for clients on the same machine."""

    url: str
    key_id: str
    secret: str
    account: int


def _read_demo(path: Path) -> _DemoFile | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_DemoFile)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path} cannot be used: {error}",
            remedy="Start `plimsoll up` again, or set client.url, client.key and client.secret.",
        ) from error


def find_target(config: Config) -> Target:
    """The exchange the settings name; what they leave open comes from the demo's file.

    Errors: `ConfigError`.
    """
    given = config.client
    if bool(given.key) != bool(given.secret):
        raise ConfigError("client.key and client.secret go together")
    demo = None if given.url and given.key else _read_demo(config.data_dir / DEMO_FILE)
    # The demo's key opens the demo only.
    if demo is not None and (given.key or given.url.rstrip("/") not in ("", demo.url.rstrip("/"))):
        demo = None
    key, account, url = None, given.account, given.url
    if demo is not None:
        key = ApiKey(key_id=demo.key_id, secret=demo.secret)
        account = given.account if given.account >= 0 else demo.account
        url = url or demo.url
    if given.key:
        key = ApiKey(key_id=given.key, secret=given.secret)
    return Target(
        url=url or _own_url(config),
        key=key,
        account=account,
        timeout=given.timeout_seconds,
        attempts=given.attempts,
    )


def find_operator(config: Config) -> Target:
    """As ``find_target``, for the operator: a key that is set, else the newest of the operator's
    in the data directory that has the scope ``admin``; never the demonstration's.

    Errors: `ConfigError`.
    """
    target = find_target(config)
    if config.client.key:
        return target
    key = _stored_operator(config.data_dir / KEYS_NAME)
    return msgspec.structs.replace(target, key=key)


def _stored_operator(path: Path) -> ApiKey | None:
    if not path.exists():
        return None
    with KeyStore.open(path) as store:
        keys = store.keys()
    for one in reversed(keys):
        if one.active and one.principal == OPERATOR and ADMIN in one.scopes:
            return one.api_key()
    return None


def _own_url(config: Config) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(config.api.host, config.api.host)  # noqa: S104
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{config.api.port}"


class Session:
    """A client for the length of a command, and the account it acts for."""

    def __init__(self, client: Client, target: Target) -> None:
        self.client = client
        self.target = target

    async def account(self, given: int | None) -> int:
        """The account named, or set, or the only one there is."""
        if given is not None:
            return given
        if self.target.account >= 0:
            return self.target.account
        owned = await self.client.accounts()
        if len(owned) == 1:
            return owned[0].account
        if not owned:
            raise Failure("you have no account; open one with `plimsoll account create`", USAGE)
        idents = ", ".join(str(one.account) for one in owned[:8])
        more = ", ..." if len(owned) > 8 else ""
        raise Failure(f"you have several accounts ({idents}{more}); name one: --account ID", USAGE)


def run(app: App, work: Callable[[Session], Awaitable[T]], *, private: bool = True) -> T:
    """What ``work`` gives, with a client that is closed afterwards.

    ``private``: a key is needed. Errors: `Failure`, `ConfigError`, `ClientError`.
    """
    target = find_target(app.load().config)
    if private and target.key is None:
        raise Failure(
            f"there is no API key for {target.url}; start `plimsoll up` on this machine, or set "
            "PLIMSOLL_CLIENT__KEY and PLIMSOLL_CLIENT__SECRET (`plimsoll key create` makes one)",
            USAGE,
        )
    return run_at(app, target, work)


def run_operator(app: App, work: Callable[[Session], Awaitable[T]]) -> T:
    """As ``run``, with the operator's key; behind ``admin propose`` a change is announced, and the
    command ends. Errors: `Failure`, `ConfigError`, `ClientError`.
    """
    target = find_operator(app.load().config)
    if target.key is None:
        raise Failure(
            f"there is no operator key for {target.url}; make one beside its data with "
            f"`plimsoll {OPERATOR_KEY} --data DIR` and name the same --data DIR here, or set "
            "PLIMSOLL_CLIENT__KEY and PLIMSOLL_CLIENT__SECRET to the lines it prints",
            USAGE,
        )

    async def operated(session: Session) -> T:
        client = announcing.operating(session.client, proposing=app.proposing)
        return await work(Session(client, target))

    try:
        return run_at(app, target, operated)
    except announcing.Announced as done:
        # What the command would say of itself is not true yet.
        announcing.report(app, done.receipt)
        raise click.exceptions.Exit(0) from None
    except announcing.NeedsProposal as error:
        raise announcing.refuse(app, error) from None


def run_at(app: App, target: Target, work: Callable[[Session], Awaitable[T]]) -> T:
    """What ``work`` gives at an exchange. Errors: `Failure`, `ClientError`."""
    if not app.debug:
        # What came of it in the end is said in one line; the tries before it are noise.
        set_on_retry_hooks([])

    async def within() -> T:
        async with HttpClient(
            target.url, target.key, timeout=target.timeout, attempts=target.attempts
        ) as client:
            return await work(Session(client, target))

    try:
        return asyncio.run(within())
    except Unreachable as error:
        raise Failure(
            f"{error.message}; start the exchange with `plimsoll up`, or say where it is with "
            "--set client.url=URL",
            UNREACHABLE,
        ) from error
    except Timeout as error:
        if not error.client_id:
            raise
        raise Failure(
            f"{error.message}; whether the command was carried out is unknown: repeat it with "
            f"--client-id {error.client_id}, it acts only once",
            UNREACHABLE,
        ) from error
