"""Models: what goes over the wire comes back the same, and nothing else gets in."""

from __future__ import annotations

import pickle
import types
from typing import Any, Union, get_args, get_origin

import msgspec
import pytest

from plimsoll.client import errors, models
from plimsoll.client.models import BatchRequest, PlaceOrderRequest, Request, Response

CLASSES = [
    cls
    for cls in vars(models).values()
    if isinstance(cls, type) and issubclass(cls, Request | Response)
    if cls not in (Request, Response)
]


def sample(kind: Any, name: str = "") -> Any:
    """A value of an annotated type, plain and not the default."""
    origin, args = get_origin(kind), get_args(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        fields = msgspec.structs.fields(kind)
        return kind(**{field.name: sample(field.type, field.name) for field in fields})
    if kind is Any:
        return 1
    if origin in (types.UnionType, Union):
        return sample(args[0], name)
    if origin is list:
        return [sample(args[0])]
    if origin is dict:
        return {"key": sample(args[1])}
    if origin is tuple:
        return tuple(sample(one) for one in args)
    if kind in (int, str, bool):
        return {int: 7, str: f"text of {name}", bool: True}[kind]
    return args[-1]


@pytest.mark.parametrize("cls", CLASSES)
def test_round_trip(cls: type[msgspec.Struct]) -> None:
    """Every field of every model survives JSON."""
    made = sample(cls)
    assert msgspec.json.decode(msgspec.json.encode(made), type=cls) == made


@pytest.mark.parametrize("cls", [cls for cls in CLASSES if issubclass(cls, Request)])
def test_requests_refuse_unknown_fields(cls: type[Request]) -> None:
    """A misspelt field is an error, not an order with a default."""
    body = msgspec.to_builtins(sample(cls)) | {"prize": "1"}
    with pytest.raises(msgspec.ValidationError, match="prize"):
        msgspec.convert(body, type=cls)


def test_responses_may_grow() -> None:
    """An older client reads a newer server."""
    body = msgspec.to_builtins(sample(models.TradeInfo)) | {"later": 1}
    assert msgspec.convert(body, type=models.TradeInfo) == sample(models.TradeInfo)


def test_smallest_order() -> None:
    """What may be left out of an order, and what then holds."""
    found = msgspec.json.decode(
        b'{"account":1,"market":"BTC-USD","side":"buy","size":"1"}', type=PlaceOrderRequest
    )
    assert (found.type, found.tif, found.price, found.post_only) == ("limit", None, None, "none")
    assert (found.reduce_only, found.expires_ms, found.client_order_id) == (False, 0, "")


@pytest.mark.parametrize(
    "wrong",
    [
        {"side": "long"},
        {"size": 1},
        {"size": 1.5},
        {"account": "1"},
        {"account": 1.5},
        {"tif": "x"},
        {"price": 5},
        {"reduce_only": 1},
        {"market": None},
    ],
)
def test_orders_are_typed(wrong: dict[str, object]) -> None:
    """Numbers that are not texts, words that are not in the list: refused when read."""
    body = {"account": 1, "market": "BTC-USD", "side": "buy", "size": "1", **wrong}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(body, type=PlaceOrderRequest)


def test_batch_items_are_told_apart_by_action() -> None:
    """Each kind of item becomes its class; an unknown one is refused."""
    text = (
        b'{"atomic":true,"items":[{"action":"place","account":1,"market":"M","side":"buy",'
        b'"size":"1","type":"market"},{"action":"cancel","account":1,"order":2},'
        b'{"action":"amend","account":1,"order":2,"price":"1","size":"1"},'
        b'{"action":"cancel_all","account":1}]}'
    )
    found = msgspec.json.decode(text, type=BatchRequest)
    assert [type(item).__name__ for item in found.items] == [
        "BatchPlace",
        "BatchCancel",
        "BatchAmend",
        "BatchCancelAll",
    ]
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text.replace(b"cancel_all", b"explode"), type=BatchRequest)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 418, 429, 500, 503])
def test_problems_keep_their_status(status: int) -> None:
    """Whatever the status, the error knows it, also in another process."""
    info = models.ErrorInfo(code=1, name="N", message="m", field="f")
    made = errors.problem(status, info, retry_after=2.0)
    again = pickle.loads(pickle.dumps(made))
    assert (type(again), again.status, again.info, again.retry_after) == (
        type(made),
        status,
        info,
        2.0,
    )
    assert (type(made) is errors.HttpProblem) == (status == 418)
