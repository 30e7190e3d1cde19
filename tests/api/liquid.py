"""Vaults and a spot pool for the exchange behind the API, and sound requests about them."""

from __future__ import annotations

from typing import Any, Final

from plimsoll.runtime.presets import OPERATOR
from tests.api.world import START_MS, World
from tests.harness.liquidity import liquidity

BODIES: Final[dict[str, dict[str, Any]]] = {
    "/deposits": {"amount": "1"},
    "/deposits/preview": {"amount": "1"},
    "/withdrawals": {"shares": "1"},
    "/withdrawals/preview": {"shares": "1"},
    "/claims": {},
    "/trades": {"side": "buy", "amount": "0.01"},
    "/spot/swaps": {"pool": 0, "asset_in": "USD", "amount": "1"},
    "/spot/quotes": {
        "asset": "BTC", "side": "sell", "price": "60000", "amount": "0.1",
        "expires_ms": START_MS + 60_000,
    },
}  # fmt: skip
"""What a body has beside the account, by the end of the path."""


async def pour(world: World) -> None:
    """Open vaults and a pool; both traders get 5 BTC."""
    params = await world.node.query(lambda state: state.markets[0].params)
    for command in liquidity(params, 1, world.ann_account, world.bob_account):
        receipt = await world.node.submit(command, principal=OPERATOR)
        if not receipt.accepted:
            raise RuntimeError(f"refused: {[event.row() for event in receipt.events]}")


def body_for(path: str, account: int) -> dict[str, Any] | None:
    """A sound body for a path about vaults or spot; None for any other path."""
    if not path.startswith(("/v1/vaults", "/v1/spot")):
        return None
    for end in sorted(BODIES, key=len, reverse=True):
        if path.endswith(end):
            return {"account": account, **BODIES[end]}
    return None
