"""A keeper over the API, as a process of its own would be; and its command line."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from plimsoll.api.app import create_app
from plimsoll.api.server import make_server
from plimsoll.cli.main import cli
from plimsoll.client.errors import Forbidden
from plimsoll.client.http import HttpClient
from plimsoll.config import load
from plimsoll.keepers.runner import Runner
from plimsoll.keepers.settings import KeeperSettings
from plimsoll.runtime.keys import KEEPER, READ, TRADE, KeyStore
from tests.keepers import fake
from tests.keepers.world import FIRST, NAMES, World


class Door:
    """The API of a world, with keys."""

    def __init__(self, world: World, keys: KeyStore, url: str) -> None:
        self.world, self.keys, self.url = world, keys, url

    def client(self, name: str, *scopes: str) -> HttpClient:
        """A client of somebody's, with a key of these scopes."""
        key = self.keys.create(FIRST + NAMES.index(name), scopes, name, now_ms=self.world.clock())
        return HttpClient(self.url, key.api_key(), clock=self.world.clock, attempts=1)


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    """A served world."""
    world = await World.open(cash="1000000")
    with (
        KeyStore.open(tmp_path / "keys.db") as keys,
        socket.create_server(("127.0.0.1", 0)) as listener,
    ):
        app = create_app(world.node, keys, clock=world.clock)
        server = make_server(app)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        await fake.until(lambda: server.started)
        yield Door(world, keys, f"http://127.0.0.1:{listener.getsockname()[1]}")
        await world.close()
        server.should_exit = True
        await task


async def test_an_auction_is_settled_over_http(door: Door) -> None:
    """Snapshot, stream, command and reward, all over the wire."""
    async with door.client("kate", READ, TRADE, KEEPER) as client:
        settings = KeeperSettings(roles=("filler", "maker"))
        account = door.world.accounts["kate"]
        runner = Runner(client, account, settings, clock=door.world.clock)
        following = asyncio.create_task(runner.feed.run())
        await runner.feed.reach(0)
        order = (await door.world.place("alice", "buy", "0.1")).order
        mirror = await runner.feed.reach(door.world.node.last_seq)
        assert set(mirror.auctions) == {order}
        await door.world.clock.advance(5_001)
        assert await runner.tick() == 1
        await runner.drain(5_000)
        assert (await runner.feed.reach(door.world.node.last_seq)).auctions == {}
        assert runner.statement.reasons["fee_keepers"] > 0
        assert await runner.feed.check() == []
        assert runner.feed.counters.gaps == 0
        runner.feed.stop()
        await following


async def test_a_key_without_the_scope_is_told(door: Door) -> None:
    """What no retry would change ends the keeper with the reason."""
    async with door.client("kate", READ, TRADE) as client:
        runner = Runner(client, door.world.accounts["kate"], clock=door.world.clock)
        with pytest.raises(Forbidden):
            await runner.run_once()
        patient = Runner(client, door.world.accounts["kate"], clock=door.world.clock)
        with pytest.raises(Forbidden):
            await asyncio.wait_for(patient.run(), 5)


def test_the_command_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, an unknown role, an empty secret: one line and the code of wrong usage."""
    monkeypatch.chdir(tmp_path)
    for name in ("KEY", "SECRET"):
        monkeypatch.delenv(f"PLIMSOLL_CLIENT__{name}", raising=False)
    (tmp_path / "secret").write_text("\n", "utf-8")
    for arguments, word in (
        ([], "plimsoll key create"),
        (["--roles", "filler,jester"], "jester"),
        (["--key-id", "a", "--secret-file", "secret"], "empty"),
    ):
        done = CliRunner().invoke(cli, ["keeper", *arguments], prog_name="plimsoll")
        assert done.exit_code == 2, done.output
        assert word in done.output


def test_every_limit_is_a_setting(tmp_path: Path) -> None:
    """The section [keeper] reaches every setting, the maker's too."""
    sets = ["keeper.roles=filler,maker", "keeper.maker.volatile_bp=90", "keeper.poison_ms=5"]
    config = load(sets=sets, environ={}, folder=tmp_path).config.keeper
    assert (config.roles, config.maker.volatile_bp, config.poison_ms) == (
        ("filler", "maker"), 90, 5,
    )  # fmt: skip
