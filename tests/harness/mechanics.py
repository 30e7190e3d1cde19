"""Verbs for pages with auctions, triggers and keepers, on top of ``Scenario``."""

from __future__ import annotations

from typing import Any

from plimsoll.messages import codes, commands, events
from tests.harness.scenario import KEEPER, OPERATOR, Scenario, scaled


def auction_page(**more: Any) -> Scenario:
    """Traders with 10,000 each, a vAMM at 100 (bid 99.95, ask 100.05), auctions of 5 seconds."""
    values: dict[str, Any] = {
        "vamm_enabled": 1, "auction": 1, "auction_min_notional": 10_000_000, "cash": "10000",
        "traders": "alice bob carol dave",
    }  # fmt: skip
    return Scenario(**{**values, **more})


def live(page: Scenario) -> list[int]:
    """Ids of the live auctions of the first market, in order of their start."""
    return [auction.ident for auction in page.state.board.live[0]]


def offer(page: Scenario, name: str, auction: int, price: str, size: str) -> commands.Command:
    """An offer, not yet applied."""
    return commands.OfferAuction(page.accounts[name], auction, scaled(price, 6), scaled(size, 9))


def do_offer(page: Scenario, name: str, auction: int, price: str, size: str) -> list[str]:
    """Make an offer that must be accepted; the fills."""
    page.do(offer(page, name, auction, price, size), page.owner(name))
    return page.fills()


def refusal(page: Scenario, command: commands.Command, principal: int) -> tuple[str, int, int]:
    """Name and numbers of a refusal."""
    code, value, limit, _ = page.refuse(command, principal)
    return codes.REJECTS[code][0], value, limit


def settle(page: Scenario, auction: int, keeper: int = -1, by: int = KEEPER) -> list[str]:
    """Settle an auction; the fills."""
    page.do(commands.SettleAuction(auction, keeper), by)
    return page.fills()


def keeper_account(page: Scenario) -> int:
    """An account of the keeper's."""
    page.do(commands.CreateAccount(KEEPER, -1, "reward"), KEEPER)
    return len(page.state.accounts) - 1


def trigger(page: Scenario, name: str, side: int, amount: str, at: str, **more: Any) -> Any:
    """A market order when the oracle is at or above ``at``, unless told otherwise."""
    values: dict[str, Any] = {
        "account": page.accounts[name], "market": 0, "side": side, "kind": codes.MARKET,
        "tif": codes.IOC, "price": 0, "size": scaled(amount, 9), "reduce_only": False,
        "trigger_price": scaled(at, 6), "direction": codes.ABOVE, "expires_ms": 0,
        "client_order_id": "",
    }  # fmt: skip
    return commands.PlaceTrigger(**{**values, **more})


def arm(page: Scenario, name: str, side: int, amount: str, at: str, **more: Any) -> int:
    """Place a trigger that must be accepted; its id."""
    page.do(trigger(page, name, side, amount, at, **more), page.owner(name))
    (placed,) = [e for e in page.found if isinstance(e, events.TriggerPlaced)]
    return placed.order


def removals(page: Scenario) -> list[int]:
    """Why orders were done, of the last command."""
    return [e.reason for e in page.found if isinstance(e, events.OrderRemoved)]


def set_params(page: Scenario, **changes: int) -> None:
    """Change parameters of the first market."""
    params = page.state.markets[0].params
    values = dict(zip([name for name, _ in params.FIELDS], params.row(), strict=True))
    page.do(commands.SetMarketParams(0, type(params)(**{**values, **changes})), OPERATOR)


def money_moved(page: Scenario, reason: int) -> list[tuple[int, int, int]]:
    """Debit, credit and amount of the last command's transfers of a reason."""
    return [
        (e.debit, e.credit, e.amount)
        for e in page.found
        if isinstance(e, events.Transferred) and e.reason == reason
    ]


def batch_page() -> tuple[Scenario, int]:
    """An auction for 3 whose offers wait half a second."""
    page = auction_page(auction_batch_ms=500).play("alice buy 3 market")
    return page, live(page)[0]
