"""Verbs for pages with delayed orders, on top of ``Scenario``."""

from __future__ import annotations

from typing import Any

from plimsoll.messages import codes, commands, events
from tests.harness.scenario import KEEPER, ORACLE, Scenario, scaled


def vamm_page(**more: Any) -> Scenario:
    """A vAMM at 100; everybody has 1,000."""
    return Scenario(vamm_enabled=1, **more)


def delayed(page: Scenario, name: str, side: int, amount: str, **more: Any) -> Any:
    """A market IOC good for a minute, unless told otherwise; not yet applied."""
    values: dict[str, Any] = {
        "account": page.accounts[name], "market": 0, "side": side, "kind": codes.MARKET,
        "tif": codes.IOC, "price": 0, "size": scaled(amount, 9), "reduce_only": False,
        "expires_ms": page.now + 60_000, "client_order_id": "", "maker": -1,
    }  # fmt: skip
    return commands.PlaceDelayed(**{**values, **more})


def delay(page: Scenario, name: str, side: int, amount: str, **more: Any) -> int:
    """Place a delayed order that must be accepted; its id."""
    page.do(delayed(page, name, side, amount, **more), page.owner(name))
    (placed,) = [e for e in page.found if isinstance(e, events.DelayedPlaced)]
    return placed.order


def publish(page: Scenario, published_ms: int, *prices: str) -> None:
    """Prices in one command, the first published at a time, the others a millisecond later each;
    all of them must be taken over."""
    points = [
        commands.PricePoint(0, scaled(price, 6), 0, published_ms + at)
        for at, price in enumerate(prices)
    ]
    page.published = published_ms + len(prices) - 1
    page.do(commands.OraclePrices(points), ORACLE)
    assert not [e.row() for e in page.found if isinstance(e, events.OracleRefused)]


def missed(page: Scenario, published_ms: int, price: str) -> None:
    """A price that comes while the market is halted: what it would have executed is left to others
    now."""
    page.play("mode halted")
    publish(page, published_ms, price)
    page.play("mode active")


def execute(page: Scenario, ident: int, keeper: int = -1) -> list[str]:
    """A keeper executes a delayed order, which must be accepted; the fills."""
    page.do(commands.ExecuteDelayed(ident, keeper), KEEPER)
    return page.fills()


def waiting(page: Scenario) -> list[int]:
    """Ids of what waits for the oracle."""
    return sorted(page.state.board.triggers)


def executed(page: Scenario) -> list[int]:
    """Delayed orders that the last command executed, in order."""
    return [e.order for e in page.found if isinstance(e, events.DelayedExecuted)]


def refused(page: Scenario) -> list[tuple[int, str, int, int]]:
    """Delayed orders that the last command refused for good, and why."""
    return [
        (e.order, codes.REJECTS[e.code][0], e.value, e.limit)
        for e in page.found
        if isinstance(e, events.DelayedRefused)
    ]
