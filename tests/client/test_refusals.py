"""LocalClient: malformed requests and a node that cannot, each refused in the client's words."""

from __future__ import annotations

import pytest

from plimsoll.client import errors
from plimsoll.client.models import (
    AmendOrderRequest,
    BatchCancelAll,
    BatchPlace,
    BatchRequest,
    CreateAccountRequest,
    DepositRequest,
    PlaceOrderRequest,
    TransferRequest,
    WithdrawRequest,
)
from plimsoll.messages import codes
from tests.client.samples import BTC, World

BAD_ORDERS: list[tuple[dict[str, object], str]] = [
    ({"size": "0"}, "size"),
    ({"size": "-1"}, "size"),
    ({"size": "1e3"}, "size"),
    ({"size": "0.0000000001"}, "size"),
    ({"size": "4611686019"}, "size"),
    ({"size": ""}, "size"),
    ({"size": 1}, "size"),
    ({"price": "0"}, "price"),
    ({"price": "nan"}, "price"),
    ({"price": "60000.0000001"}, "price"),
    ({"price": "70368744.177664"}, "price"),
    ({"price": None}, "price"),
    ({"market": "DOGE-USD"}, "market"),
    ({"side": "long"}, "side"),
    ({"type": "stop"}, "type"),
    ({"tif": "day"}, "tif"),
    ({"post_only": "maybe"}, "post_only"),
    ({"reduce_only": 2}, "reduce_only"),
    ({"expires_ms": -1}, "expires_ms"),
    ({"expires_ms": 2**60}, "expires_ms"),
    ({"client_order_id": "a b"}, "client_order_id"),
    ({"client_order_id": "a" * 37}, "client_order_id"),
    ({"account": -1}, "account"),
    ({"account": 2**70}, "account"),
    ({"account": True}, "account"),
]


@pytest.mark.parametrize(("wrong", "field"), BAD_ORDERS)
async def test_bad_orders_name_their_field(
    world: World, wrong: dict[str, object], field: str
) -> None:
    """Malformed input is refused by field, alone and in a batch, and nothing is journaled."""
    seq = world.node.last_seq
    values: dict[str, object] = {"account": world.a, "market": BTC, "side": "buy"}
    values |= {"price": "59000", "size": "1", **wrong}
    with pytest.raises(errors.BadField) as caught:
        await world.alice.place_order(PlaceOrderRequest(**values))  # type: ignore[arg-type]
    assert caught.value.info.field == field
    with pytest.raises(errors.BadField):
        await world.alice.quote(PlaceOrderRequest(**values))  # type: ignore[arg-type]
    good = BatchCancelAll(account=world.a)
    batch = BatchRequest(atomic=True, items=[good, BatchPlace(**values)])  # type: ignore[arg-type]
    with pytest.raises(errors.BadField) as caught:
        await world.alice.batch(batch)
    assert caught.value.info.field == f"items[1].{field}"
    assert world.node.last_seq == seq


async def test_bad_values_elsewhere(world: World) -> None:
    """Every other request refuses what is malformed, by field."""
    alice, a = world.alice, world.a
    money = DepositRequest(amount="1", external_id="x")
    calls: list[tuple[object, str]] = [
        (alice.deposit(a, DepositRequest(amount="0", external_id="x")), "amount"),
        (alice.deposit(a, DepositRequest(amount="1.0000001", external_id="x")), "amount"),
        (alice.deposit(a, DepositRequest(asset="EUR", amount="1", external_id="x")), "asset"),
        (alice.deposit(a, DepositRequest(asset="GEM", amount="1.001", external_id="x")), "amount"),
        (alice.deposit(a, DepositRequest(amount="1", external_id="")), "external_id"),
        (alice.deposit(a, money, "not a client id"), "client_id"),
        (alice.deposit(a, money, "a" * 37), "client_id"),
        (alice.withdraw(a, WithdrawRequest(amount="x", external_id="x")), "amount"),
        (alice.transfer(TransferRequest(source=a, target=-2, amount="1")), "target"),
        (alice.create_account(CreateAccountRequest(parent=-1)), "parent"),
        (alice.create_account(CreateAccountRequest(label="a b")), "label"),
        (alice.cancel_order(a), "order"),
        (alice.cancel_order(a, 1, "both"), "order"),
        (alice.cancel_order(a, -1), "order"),
        (alice.cancel_all(a, "DOGE-USD"), "market"),
        (alice.amend_order(1, AmendOrderRequest(account=a, price="1", size="?")), "size"),
        (alice.batch(BatchRequest(atomic=True, items=[])), "items"),
        (alice.book(BTC, 0), "depth"),
        (alice.book(BTC, 1_001), "depth"),
        (alice.trades(BTC, 0), "limit"),
        (alice.fills(a, 501), "limit"),
    ]
    seq = world.node.last_seq
    for call, field in calls:
        with pytest.raises(errors.BadField) as caught:
            await call  # type: ignore[misc]
        assert caught.value.info.field == field
        assert str(caught.value.info.code) == str(codes.BAD_FIELD)
    assert world.node.last_seq == seq


@pytest.mark.parametrize("read", ["market", "book", "trades"])
async def test_unknown_markets(world: World, read: str) -> None:
    """A market that is not there is not found."""
    with pytest.raises(errors.NotFound) as caught:
        await getattr(world.alice, read)("DOGE-USD")
    assert caught.value.info.code == codes.UNKNOWN_MARKET


async def test_closed_node(world: World) -> None:
    """When the node is gone, reads and commands say so in the client's own words."""
    await world.alice.place_order(world.buy("59000"))
    await world.node.close()
    with pytest.raises(errors.Halted):
        await world.alice.account(world.a)
    with pytest.raises(errors.Halted):
        await world.alice.place_order(world.buy("59000"))


async def test_full_queue(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A node that is too busy asks for patience."""
    monkeypatch.setattr(world.node, "_settings", type("S", (), {"queue_max": 0, "batch_max": 1})())
    with pytest.raises(errors.Busy) as caught:
        await world.alice.place_order(world.buy("59000"))
    assert caught.value.retry_after is not None and caught.value.retry_after > 0
