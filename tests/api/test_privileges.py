"""Every endpoint × every set of scopes × whose account: only what is allowed. Attack 42."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from plimsoll.api.endpoints import ENDPOINTS, Endpoint
from plimsoll.messages import codes
from plimsoll.runtime.keys import SCOPES
from tests.api.liquid import body_for, pour
from tests.api.signing import SIGNER, signed_form
from tests.api.world import ANN, BOB, KEEPER, START_MS, World

ROWS = [pytest.param(row, id=row.operation) for row in ENDPOINTS]
PRIVATE = [pytest.param(row, id=row.operation) for row in ENDPOINTS if row.scope is not None]
IN_PATH = [pytest.param(row, id=row.operation) for row in ENDPOINTS if "{account}" in row.path]
SETS = [set(one) for size in range(1, 6) for one in combinations(SCOPES, size)]
ROLES = {"/v1/keeper/snapshot": KEEPER}
"""Where the role of the principal is looked at, too: whom it is shown."""


def request(
    world: World, row: Endpoint, account: int, order: int = 0
) -> tuple[str, str, dict[str, Any] | None]:
    """Path, query and body of a sound request about an account (and an order of it)."""
    path = row.path.replace("{symbol}", "BTC-USD").replace("{account}", str(account))
    path = path.replace("{order}", str(order)).replace("{auction}", "1").replace("{seq}", "1")
    path = path.replace("{vault}", "0").replace("{quote}", "1").replace("{claim}", "1")
    path = path.replace("{hash}", "0" * 64).replace("{signer}", SIGNER.signer)
    if row.method == "DELETE" and "{order}" in row.path:
        extra = "" if order else "&client_order_id=mine"
        return path, f"account={account}{extra}", None
    if row.method == "DELETE" and "/spot/" in path:
        return path, f"account={account}", None
    if row.request is None:
        return path, "", None
    body = body_for(row.path, account) or gateway_body(path, world, account)
    if body is not None:
        return path, "", body
    if path.endswith("/batch"):
        item = {"action": "place", **world.order(account)}
        return path, "", {"atomic": True, "items": [item]}
    if path.endswith(("/orders", "/quotes")):
        return path, "", world.order(account)
    if "/orders/" in path:
        return path, "", {"account": account, "price": "58000", "size": "0.01"}
    if path.endswith(("/deposits", "/withdrawals")):
        return path, "", {"asset": "USD", "amount": "1", "external_id": f"x{account}"}
    if path.endswith("/transfers"):
        return path, "", {"source": account, "target": account, "amount": "1"}
    if path.endswith("/triggers"):
        extra = {"trigger_price": "70000", "direction": "above"}
        return path, "", world.order(account) | extra
    if path.endswith("/offers"):
        return path, "", {"account": account, "price": "60000", "size": "0.01"}
    if path.endswith("/keeper/commands"):
        return path, "", {"type": "ExpireOrder", "order": order, "keeper": account}
    if path.endswith("/commands"):
        return path, "", {"type": "CreatePrincipal", "name": "eve", "roles": codes.ROLE_OPERATOR}
    return path, "", {"label": "sub", "parent": account}


def gateway_body(path: str, world: World, account: int) -> dict[str, Any] | None:
    """A sound body for a path of the order gateway; None for any other path."""
    until = START_MS + 60_000
    order = signed_form(account, expires_ms=until)
    other = signed_form(account, side="sell", expires_ms=until)
    bodies = {
        "/signers": {"signer": SIGNER.signer},
        "/signed/cancel": {"order": order},
        "/signed/settle": {"order": order, "size": "0.01", "relayer": account},
        "/signed/match": {"taker": order, "maker": other, "size": "0.01", "relayer": account},
        "/delayed": world.order(account) | {"expires_ms": until},
    }
    return next((body for end, body in bodies.items() if path.endswith(end)), None)


@pytest.fixture(autouse=True)
async def _liquidity(world: World) -> None:
    """Vaults and spot pools are there to be asked about."""
    await pour(world)


@pytest.mark.parametrize("row", ROWS)
async def test_scopes(world: World, row: Endpoint) -> None:
    """A key does what its scopes say and no more; without a key there are public data only."""
    path, query, body = request(world, row, world.ann_account)
    anonymous = await world.call(row.method, path, query, body)
    assert (anonymous.status == 401) == (row.scope is not None)
    for scopes in SETS:
        key = world.keys.create(ROLES.get(row.path, ANN), scopes, "some", now_ms=START_MS)
        before = await world.state_hash()
        reply = await world.call(row.method, path, query, body, key=key)
        allowed = row.scope is None or row.scope in scopes
        assert (reply.status == 403) != allowed, scopes
        if not allowed:
            assert f"scope {row.scope}" in reply.json()["message"]
            assert await world.state_hash() == before


@pytest.mark.parametrize("row", PRIVATE)
async def test_nobody_touches_the_accounts_of_others(world: World, row: Endpoint) -> None:
    """With all scopes, an account of somebody else can neither be read nor changed."""
    placed = await world.call(
        "POST", "/v1/orders", body=world.order(client_order_id="mine"), key=world.ann
    )
    order = placed.json()["order"]
    before = await world.state_hash()
    path, query, body = request(world, row, world.ann_account, order)
    reply = await world.call(row.method, path, query, body, key=world.bob)
    if row.path == "/v1/accounts" and row.method == "GET":
        assert [one["owner"] for one in reply.json()] == [BOB]
    elif row.path == "/v1/keeper/snapshot":
        assert reply.status == 403
        assert b"equity" not in reply.body
        return
    elif row.path == "/v1/principals":
        assert [one["principal"] for one in reply.json()] == [BOB]
    else:
        assert reply.status in (404, 422)
        assert b"equity" not in reply.body
    assert await world.state_hash() == before
    own_path, own_query, own_body = request(world, row, world.bob_account)
    own = await world.call(row.method, own_path, own_query, own_body, key=world.bob)
    assert own.status != 403


@pytest.mark.parametrize("row", IN_PATH)
async def test_unknown_and_foreign_accounts_look_alike(world: World, row: Endpoint) -> None:
    """Where an account stands in the path, one that does not exist gives the same answer."""
    texts = []
    for account in (world.ann_account, 99_999):
        path, query, body = request(world, row, account)
        reply = await world.call(row.method, path, query, body, key=world.bob)
        texts.append((reply.status, reply.body.replace(str(account).encode(), b"")))
    assert texts[0] == texts[1]
    assert texts[0][0] == 404
