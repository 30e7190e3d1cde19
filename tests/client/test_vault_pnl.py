"""PnL and history of vaults by the Python SDK: in process, over HTTP, and where none is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from plimsoll.analytics.vault_history import VaultHistory
from plimsoll.client import errors, models
from plimsoll.client.models import VaultDepositRequest
from plimsoll.runtime.local import LocalClient
from plimsoll.runtime.node import MemoryNode
from plimsoll.runtime.pnl import HistoryUnavailable
from plimsoll.runtime.recent import History
from tests.client.flaky import Flaky, answer
from tests.client.samples import ALICE, Clock, World
from tests.client.test_models import sample
from tests.harness.vault_hours import accounts, exchange, first_account, oracle

PRICE = 60_000_000_000

CALLS: list[tuple[str, tuple[Any, ...], str, Any]] = [
    ("pnl", (), "/v1/pnl", list[models.PnlInfo]),
    ("pnl", (5, 9), "/v1/pnl?from=5&to=9", list[models.PnlInfo]),
    ("vault_pnl", (7,), "/v1/vaults/7/pnl", models.PnlInfo),
    ("vault_pnl", (7, None, 9), "/v1/vaults/7/pnl?to=9", models.PnlInfo),
    ("vamm_pnl", ("A/B", 0), "/v1/vamms/A%2FB/pnl?from=0", models.PnlInfo),
    ("vamm_pnl", ("..",), "/v1/vamms/%2E%2E/pnl", models.PnlInfo),
    (
        "vault_history",
        (7,),
        "/v1/vaults/7/history?resolution=hour&limit=500",
        list[models.PnlPoint],
    ),
    (
        "vamm_history",
        ("BTC-USD", "day", 5, 9, 3),
        "/v1/vamms/BTC-USD/history?resolution=day&limit=3&from=5&to=9",
        list[models.PnlPoint],
    ),
]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("name", "args", "target", "kind"), CALLS)
async def test_requests(
    flaky: Flaky, name: str, args: tuple[Any, ...], target: str, kind: Any
) -> None:
    """API-022, API-023: each has its path, its times only where they are given, and its type."""
    expected = sample(kind)
    flaky.script = [answer(expected)]
    async with flaky.client() as client:
        assert await getattr(client, name)(*args) == expected
    assert [seen[:2] for seen in flaky.seen] == [("GET", target)]
    assert flaky.bad == []


@pytest.fixture
async def client() -> AsyncIterator[LocalClient]:
    """A client of an exchange whose vaults were filled, with their history."""
    clock, kept = Clock(), VaultHistory()
    node = await MemoryNode.open(bootstrap=exchange(), clock=clock, listen=kept.listen)
    kept.follow(node)
    for command, principal in [oracle(PRICE, clock.now), *accounts(first_account())]:
        assert (await node.submit(command, principal=principal)).accepted
    history = History(node)
    yield LocalClient(node, ALICE, history, clock=clock, kept=kept)
    history.close()
    await node.close()
    await kept.close()


async def test_one_sees_ones_own_deposit_at_once(client: LocalClient) -> None:
    """API-022: what an accepted command did is in the next answer."""
    before = await client.vault_pnl(0)
    (account,) = [one.account for one in await client.accounts()]
    request = VaultDepositRequest(account=account, amount="1234.567891")
    receipt = await client.deposit_vault(0, request)
    after = await client.vault_pnl(0)
    assert (before.flows, after.flows, after.nav) == ("200000", "201234.567891", "201234.567891")
    assert after.seq >= receipt.seq
    (point,) = await client.vault_history(0)
    assert (point.seq, point.nav, point.flows) == (after.seq, after.nav, after.flows)


@pytest.mark.parametrize(
    ("name", "args", "field"),
    [
        ("vault_pnl", (0, -1), "from"),
        ("vault_pnl", (0, None, 2**60), "to"),
        ("pnl", (9, 5), "from"),
        ("vault_history", (0, "week"), "resolution"),
        ("vault_history", (0, "hour", None, None, 1_001), "limit"),
        ("vamm_history", ("BTC-USD", "hour", None, None, 0), "limit"),
    ],
)
async def test_malformed_requests(
    client: LocalClient, name: str, args: tuple[Any, ...], field: str
) -> None:
    """API-007: refused by the field at fault, also without HTTP between."""
    with pytest.raises(errors.BadField) as caught:
        await getattr(client, name)(*args)
    assert caught.value.info.field == field


async def test_without_a_history(world: World) -> None:
    """A node for which none is kept says so, instead of zeros; unknown ids come first."""
    for call in (world.alice.pnl(), world.alice.vamm_pnl("BTC-USD")):
        with pytest.raises(errors.NotFound, match="keeps no history"):
            await call
    with pytest.raises(errors.NotFound, match="there is no vault 5"):
        await world.alice.vault_pnl(5)


@pytest.mark.parametrize(("again", "kind"), [(True, errors.Busy), (False, errors.Halted)])
async def test_a_history_that_cannot_be_read(
    client: LocalClient, again: bool, kind: type[errors.HttpProblem]
) -> None:
    """API-007: 429 with a time while it is read from the journal, 503 once it has stopped."""

    class Unavailable:
        def __getattr__(self, name: str) -> Any:
            async def refuse(*_: Any) -> Any:
                raise HistoryUnavailable("it is not there", again=again)

            return refuse

    client._kept = Unavailable()
    calls = (client.pnl(), client.vault_pnl(0), client.vamm_history("BTC-USD"))
    for call in calls:
        with pytest.raises(kind, match="it is not there") as caught:
            await call
        assert (caught.value.retry_after is not None) == again
