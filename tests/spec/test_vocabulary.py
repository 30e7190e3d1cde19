"""Rules of the vocabulary: wire form, bounds, texts, parameters as a set."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from typing import Any

import pytest

from plimsoll.client.signing import signature
from plimsoll.messages import codec, codes
from plimsoll.messages.commands import CancelOrder, CreateAccount, SetGlobalParams
from plimsoll.messages.events import Rejected
from plimsoll.messages.fields import FieldError
from plimsoll.messages.params import GlobalParams, MarketParams
from plimsoll.runtime import presets
from tests.spec.scene import BOB, BOB_ACCOUNT, Scene

CHAPTERS = Path(__file__).resolve().parents[2] / "docs" / "spec"


def test_the_wire_form_of_the_example() -> None:
    """MSG-001: the bytes that chapter 2 prints, and back."""
    command = CancelOrder(8, 0, "a-1")
    assert codec.encode_command(command) == bytes.fromhex("94290800a3612d31")
    assert codec.decode_command(codec.encode_command(command)).row() == [41, 8, 0, "a-1"]


def test_the_refusal_of_the_example() -> None:
    """MSG-004: a code, what was measured, and no item; the state is as before."""
    scene = Scene()
    before = codec.state_hash(scene.state.dump())
    (refused,) = scene.send(CancelOrder(BOB_ACCOUNT, 0, "a-1"), BOB)
    assert isinstance(refused, Rejected)
    assert refused.row() == [1, codes.UNKNOWN_ORDER, 0, 0, -1]
    assert codec.state_hash(scene.state.dump()) == before


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ([20, 0, -2, "a"], "parent"),
        ([20, 2**31, -1, "a"], "owner"),
        ([20, 0, -1, "a b"], "label"),
        ([20, 0, -1, "a" * 65], "label"),
        ([41, 0, 0, "a.b"], "client_order_id"),
        ([41, 0, 0, "a" * 37], "client_order_id"),
        ([41, 0, True, ""], "order"),
        ([41, 0, 1.0, ""], "order"),
    ],
)
def test_a_field_out_of_bounds_names_itself(row: list[Any], field: str) -> None:
    """MSG-002, MSG-003: bounds, types, lengths and alphabets, in the class's own terms."""
    with pytest.raises(FieldError) as caught:
        codec.command_from_row(row)
    assert caught.value.field == field


def test_bounds_are_inclusive() -> None:
    """MSG-002, MSG-003: the last value of each kind passes."""
    assert codec.check_command(CreateAccount(2**31 - 1, -1, "aZ0_.:/-" * 8)).row()[1] == 2**31 - 1
    assert codec.check_command(CancelOrder(0, 2**53 - 1, "aZ0_-" * 7 + "a")).row()[2] == 2**53 - 1


def test_a_set_that_breaks_a_rule_is_refused_whole() -> None:
    """MSG-006: the first rule broken is named, and nothing of the set is taken over."""
    scene = Scene()
    bad = GlobalParams(open_orders_max=65, batch_max=51, tick_work_max=0)
    assert scene.refuse(SetGlobalParams(bad), presets.OPERATOR) == ("PARAMS_INVALID", 2, 0)
    assert scene.state.globals.params.open_orders_max == 64


def test_the_presets_keep_all_rules() -> None:
    """MSG-006: the defaults of both known markets and of one made up are sound."""
    for symbol, price in (*presets.DEFAULT_PRICES.items(), ("XYZ-USD", 1_234_000)):
        params = presets.market_params(symbol, price)
        assert isinstance(params, MarketParams)
        assert params.problems() == []


def test_the_signature_of_the_example() -> None:
    """API-003: the seven lines of chapter 11, and what an independent HMAC makes of them."""
    page = CHAPTERS.joinpath("11-api.md").read_text("utf-8")
    lines = page.partition("```\n")[2].partition("\n```")[0]
    signed = hmac.new(b"secret", lines.encode(), hashlib.sha256).hexdigest()
    assert f"`{signed}`" in page
    stamp, nonce, method, path, query, _, command_id = lines.split("\n")
    assert command_id == query == ""
    assert signature("secret", stamp, nonce, method, path, query, b"", command_id) == signed
