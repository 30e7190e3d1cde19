"""HttpClient against a server that loses replies, answers garbage, and asks for patience."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from aiohttp.test_utils import unused_port

from plimsoll.client import errors, models
from plimsoll.client.http import HttpClient, _seconds, _worth_another
from plimsoll.client.models import (
    AmendOrderRequest,
    BatchCancelAll,
    BatchRequest,
    CreateAccountRequest,
    DepositRequest,
    PlaceOrderRequest,
    Receipt,
    TransferRequest,
    WithdrawRequest,
)
from plimsoll.errors import ConfigError
from tests.client.flaky import KEY, RECEIPT, Act, Flaky, answer, fault, hang, lose
from tests.client.test_models import sample

ORDER = PlaceOrderRequest(account=7, market="BTC-USD", side="buy", size="1", price="1")

pytestmark = pytest.mark.usefixtures("impatient")


READS: list[tuple[str, tuple[Any, ...], str, Any]] = [
    ("exchange", (), "/v1/exchange", models.ExchangeInfo),
    ("markets", (), "/v1/markets", list[models.MarketInfo]),
    ("market", ("BTC-USD",), "/v1/markets/BTC-USD", models.MarketInfo),
    ("market", ("A/B?&..",), "/v1/markets/A%2FB%3F%26..", models.MarketInfo),
    ("market", ("..",), "/v1/markets/%2E%2E", models.MarketInfo),
    ("book", ("BTC-USD", 5), "/v1/markets/BTC-USD/book?depth=5", models.BookSnapshot),
    ("trades", ("BTC-USD", 7), "/v1/markets/BTC-USD/trades?limit=7", list[models.TradeInfo]),
    ("accounts", (), "/v1/accounts", list[models.AccountInfo]),
    ("account", (7,), "/v1/accounts/7", models.AccountInfo),
    ("orders", (7,), "/v1/accounts/7/orders", list[models.OrderInfo]),
    ("principals", (), "/v1/principals", list[models.PrincipalInfo]),
    ("fills", (7, 3), "/v1/accounts/7/fills?limit=3", list[models.FillInfo]),
]
DEPOSIT = DepositRequest(amount="1", external_id="x")
WITHDRAWAL = WithdrawRequest(amount="1", external_id="x")
TRANSFER = TransferRequest(source=1, target=2, amount="1")
AMENDMENT = AmendOrderRequest(account=7, price="1", size="1")
BATCH = BatchRequest(atomic=True, items=[BatchCancelAll(account=7)])
CREATION = CreateAccountRequest(label="x")
COMMANDS: list[tuple[str, tuple[Any, ...], str, str]] = [
    ("create_account", (CREATION,), "POST", "/v1/accounts"),
    ("deposit", (7, DEPOSIT), "POST", "/v1/accounts/7/deposits"),
    ("withdraw", (7, WITHDRAWAL), "POST", "/v1/accounts/7/withdrawals"),
    ("transfer", (TRANSFER,), "POST", "/v1/transfers"),
    ("place_order", (ORDER,), "POST", "/v1/orders"),
    ("cancel_order", (7, 9), "DELETE", "/v1/orders/9?account=7"),
    ("cancel_order", (7, 0, "c"), "DELETE", "/v1/orders/0?account=7&client_order_id=c"),
    ("cancel_all", (7,), "DELETE", "/v1/accounts/7/orders"),
    ("cancel_all", (7, "A&B"), "DELETE", "/v1/accounts/7/orders?market=A%26B"),
    ("amend_order", (9, AMENDMENT), "PATCH", "/v1/orders/9"),
    ("batch", (BATCH,), "POST", "/v1/orders/batch"),
    ("command", ({"type": "Tick", "limit": 1},), "POST", "/v1/commands"),
]


@pytest.mark.parametrize(("name", "args", "target", "kind"), READS)
async def test_reads(
    flaky: Flaky, name: str, args: tuple[Any, ...], target: str, kind: Any
) -> None:
    """Each read asks for its path, signed as sent, and survives one lost reply."""
    expected = sample(kind)
    flaky.script = [lose, answer(expected)]
    async with flaky.client() as client:
        assert await getattr(client, name)(*args) == expected
    assert [seen[:3] for seen in flaky.seen] == [("GET", target, "")] * 2
    assert flaky.bad == []


@pytest.mark.parametrize(("name", "args", "method", "target"), COMMANDS)
async def test_commands(
    flaky: Flaky, name: str, args: tuple[Any, ...], method: str, target: str
) -> None:
    """A lost reply is asked for again under the same id, given or made, with the same body."""
    flaky.script = [lose, answer(RECEIPT)]
    async with flaky.client() as client:
        assert await getattr(client, name)(*args) == RECEIPT
        flaky.script = [lose, answer(RECEIPT)]
        assert await getattr(client, name)(*args, client_id="mine") == RECEIPT
    assert [seen[:2] for seen in flaky.seen] == [(method, target)] * 4
    first, second, third, fourth = flaky.seen
    assert first == second and first[2] not in ("", "mine")
    assert third == fourth and third[2] == "mine"
    requests = [arg for arg in args if isinstance(arg, msgspec.Struct | dict)]
    assert [msgspec.json.decode(first[3], type=type(req)) for req in requests] == requests
    assert flaky.bad == []


async def test_each_command_has_its_own_id(flaky: Flaky) -> None:
    """Two orders without an id are two orders."""
    flaky.script = [answer(RECEIPT)]
    async with flaky.client() as client:
        await client.place_order(ORDER)
        await client.place_order(ORDER)
    assert flaky.seen[0][2] != flaky.seen[1][2]


async def test_quote_is_no_command(flaky: Flaky) -> None:
    """A quote carries no command id, and its refusal is a receipt."""
    refused = Receipt(seq=1, ts=2, accepted=False, status="rejected")
    flaky.script = [answer(refused, 422)]
    async with flaky.client() as client:
        assert await client.quote(ORDER) == refused
    assert flaky.seen[0][:3] == ("POST", "/v1/quotes", "")


async def test_refusal_is_a_receipt(flaky: Flaky) -> None:
    """422 with a receipt is an answer of the exchange, not an error, and not repeated."""
    refused = Receipt(seq=1, ts=2, accepted=False, status="rejected")
    flaky.script = [answer(refused, 422)]
    async with flaky.client() as client:
        assert await client.place_order(ORDER) == refused
    assert len(flaky.seen) == 1


async def test_path_prefix_is_signed(flaky: Flaky) -> None:
    """A node behind a prefix gets requests that are signed with it."""
    flaky.script = [answer(sample(models.ExchangeInfo))]
    async with flaky.client("/node/") as client:
        await client.exchange()
    assert (flaky.seen[0][1], flaky.bad) == ("/node/v1/exchange", [])


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.BadField),
        (401, errors.Unauthorised),
        (403, errors.Forbidden),
        (404, errors.NotFound),
        (409, errors.Conflict),
        (413, errors.HttpProblem),
        (500, errors.Failed),
        (503, errors.Halted),
    ],
)
async def test_problems_are_final(flaky: Flaky, status: int, kind: type[Exception]) -> None:
    """What the server explains is raised as it says, at once."""
    flaky.script = [fault(status)]
    async with flaky.client() as client:
        for call in (client.exchange(), client.place_order(ORDER)):
            with pytest.raises(errors.HttpProblem) as caught:
                await call
            assert type(caught.value) is kind
            assert (caught.value.status, caught.value.info.field) == (status, "f")
    assert len(flaky.seen) == 2


@pytest.mark.parametrize("status", [429, 503])
async def test_patience_when_asked_for(flaky: Flaky, status: int) -> None:
    """A Retry-After is followed, with the same command id."""
    flaky.script = [fault(status, **{"Retry-After": "2"}), answer(RECEIPT)]
    async with flaky.client() as client:
        assert await client.place_order(ORDER) == RECEIPT
    assert flaky.seen[0] == flaky.seen[1]


async def test_busy_to_the_end(flaky: Flaky) -> None:
    """A server that stays busy is reported as such: nothing was done."""
    flaky.script = [fault(429, **{"Retry-After": "7"})]
    async with flaky.client() as client:
        with pytest.raises(errors.Busy) as caught:
            await client.place_order(ORDER)
    assert (caught.value.retry_after, len(flaky.seen)) == (7.0, 3)


@pytest.mark.parametrize("last", [lose, fault(429), fault(503), answer(b"<html>", 502)])
async def test_unknown_outcome_is_said_so(flaky: Flaky, last: Act) -> None:
    """Once a reply was lost, only an answer can tell what happened: else it is a timeout."""
    flaky.script = [lose, last]
    async with flaky.client() as client:
        with pytest.raises(errors.Timeout) as caught:
            await client.place_order(ORDER, "mine")
    assert caught.value.client_id == "mine"
    assert "same client id" in str(caught.value)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"\xff\xfe", b"[]", b'{"seq":"x"}', b"{}", b"null", b"[" * 100_000]
)
async def test_garbage(flaky: Flaky, body: bytes) -> None:
    """An answer that says nothing is asked for again, then refused by a typed error."""
    flaky.script = [answer(body)]
    async with flaky.client() as client:
        with pytest.raises(errors.BadAnswer):
            await client.exchange()
        with pytest.raises(errors.Timeout):
            await client.place_order(ORDER)
        flaky.script = [answer(body), answer(RECEIPT)]
        assert await client.place_order(ORDER) == RECEIPT


@pytest.mark.parametrize("status", [302, 404, 418])
async def test_strangers(flaky: Flaky, status: int) -> None:
    """Errors and redirects of something that is no Plimsoll node are not followed or trusted."""
    flaky.script = [answer(b"<html>", status, Location="/elsewhere")]
    async with flaky.client() as client:
        with pytest.raises(errors.BadAnswer):
            await client.exchange()
    assert {seen[1] for seen in flaky.seen} == {"/v1/exchange"}


async def test_answer_without_end(flaky: Flaky, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer of any length does not fill the memory."""
    monkeypatch.setattr("plimsoll.client.http.ANSWER_BYTES_MAX", 1_000)
    flaky.script = [answer(b"x" * 5_000)]
    async with flaky.client() as client:
        with pytest.raises(errors.BadAnswer, match="exceeds"):
            await client.exchange()


async def test_no_answer_in_time(flaky: Flaky) -> None:
    """A server that hangs is given up after the time of an attempt, and asked again."""
    flaky.script = [hang, answer(RECEIPT)]
    async with flaky.client(timeout=0.2) as client:
        assert await client.place_order(ORDER) == RECEIPT
        flaky.script = [hang]
        with pytest.raises(errors.Timeout) as caught:
            await client.exchange()
    assert "changes nothing" in str(caught.value)


async def test_nobody_there() -> None:
    """A node that is down did nothing, and the error says so."""
    async with HttpClient(f"http://127.0.0.1:{unused_port()}", KEY) as client:
        with pytest.raises(errors.Unreachable):
            await client.place_order(ORDER)


@pytest.mark.parametrize(
    "url", ["", "localhost:80", "ftp://x", "http://", "http://x:port", "http://x/?a=1", "http://:1"]
)
def test_bad_addresses(url: str) -> None:
    """A wrong address is refused when the client is made."""
    with pytest.raises(ConfigError):
        HttpClient(url)


async def test_bad_client_id(flaky: Flaky) -> None:
    """A client id that no header can carry is refused before anything is sent."""
    flaky.script = [answer(RECEIPT)]
    async with flaky.client() as client:
        for wrong in ("a b", "x\r\ny: 1", "a" * 37):
            with pytest.raises(errors.BadField):
                await client.place_order(ORDER, wrong)
    assert flaky.seen == []


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2", 2.0),
        ("0.5", 0.5),
        ("1e9", 30.0),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        (None, None),
    ],
)
def test_retry_after(text: str | None, seconds: float | None) -> None:
    """Only a sound number of seconds, within bounds, is waited for."""
    assert _seconds(text) == seconds


def test_wait_is_what_the_server_names() -> None:
    """The time to wait is the server's; without one, only 429 is tried again."""
    info = models.ErrorInfo(code=1, name="N", message="m")
    assert _worth_another(errors.problem(429, info, retry_after=2.0)) == 2.0
    assert _worth_another(errors.problem(429, info)) is True
    assert _worth_another(errors.problem(503, info)) is False
    assert _worth_another(errors.problem(400, info)) is False
    assert _worth_another(ValueError()) is False
