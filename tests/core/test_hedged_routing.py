"""Orders that reach hedged vaults: directed, undirected, refused on the way."""

from __future__ import annotations

from typing import Any

import pytest

from plimsoll.core import vault_money
from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import BUY, FOK, GTC, IOC, LIMIT, MARKET, SELL
from plimsoll.messages.vault_params import VaultParams
from tests.harness.scenario import OPERATOR, scaled
from tests.harness.vault_page import BASE, QUOTE, VaultPage


def page(**more: Any) -> VaultPage:
    """10 ETH in the base vault, 1,000 USD in the quote vault; carol has the book."""
    made = VaultPage(traders="lp alice bob carol", **more)
    made.join("lp", BASE, "10")
    made.join("lp", QUOTE, "1000")
    return made


def holder(made: VaultPage, ident: int) -> int:
    """The account by which an order names a vault."""
    return made.vault(ident).account.ident


def order(made: VaultPage, side: int, size: str, price: str = "0", **more: Any) -> Any:
    """A directed market IOC of alice's, unless told otherwise."""
    values = {"kind": MARKET, "tif": IOC, "maker": holder(made, BASE), **more}
    return made.place("alice", side, scaled(size, 9), scaled(price, 6), **values)


def sources(made: VaultPage) -> list[tuple[str, int]]:
    """Where the last command's fills came from, and their sizes."""
    return [
        (codes.SOURCES[event.source], event.size)
        for event in made.found
        if isinstance(event, events.Filled)
    ]


def test_directed_takes_the_book_then_the_vault() -> None:
    """HEDGE-013, ROUTE-001: what the book has within the limit, then the vault."""
    made = page(market_slippage=20_000)
    made.play("carol buy 1 @ 99.9")
    made.do(order(made, SELL, "3"), made.owner("alice"))
    assert sources(made) == [("book", 10**9), ("hedged", 2 * 10**9)]


def test_a_directed_limit_order() -> None:
    """HEDGE-013, HEDGE-015: within its limit it fills, else it is told why and goes on."""
    made = page()
    inside = order(made, SELL, "1", "99.9", kind=LIMIT, tif=FOK)
    made.do(inside, made.owner("alice"))
    assert sources(made) == [("hedged", 10**9)]
    outside = order(made, SELL, "1", "100", kind=LIMIT, tif=IOC)
    found = made.do(outside, made.owner("alice"))
    (refused,) = [event for event in found if isinstance(event, events.VaultRefused)]
    assert (refused.vault, refused.code) == (BASE, codes.SPOT_SLIPPAGE)
    assert sources(made) == []


def test_a_directed_order_never_rests() -> None:
    """HEDGE-013: GTC is refused, at an account that is no vault too."""
    made = page()
    resting = order(made, SELL, "1", "100", kind=LIMIT, tif=GTC)
    assert made.refuse(resting, made.owner("alice"))[:2] == (codes.ORDER_COMBINATION, 5)


def test_a_vault_used_up_refuses_and_the_order_goes_on() -> None:
    """HEDGE-003, HEDGE-015: it fills what it has; with nothing left the vAMM is next."""
    made = page(vamm_enabled=1, vamm_peg=100 * 10**6, imr=60_000)
    made.do(order(made, SELL, "12", kind=MARKET, tif=FOK), made.owner("alice"))
    assert sources(made) == [("hedged", 10 * 10**9), ("vamm", 2 * 10**9)]
    vault = made.vault(BASE)
    assert vault_money.utilisation(made.state, vault) == 1_000_000
    found = made.do(order(made, SELL, "1", kind=MARKET, tif=FOK), made.owner("alice"))
    (refused,) = [event for event in found if isinstance(event, events.VaultRefused)]
    assert (refused.code, refused.value, refused.limit) == (codes.VAULT_CAPACITY, 10**9, 0)
    assert sources(made) == [("vamm", 10**9)]


def test_undirected_only_where_it_is_better() -> None:
    """HEDGE-014: open vaults are asked by themselves, and only while they beat the vAMM."""
    made = page(vamm_enabled=1, vamm_peg=100 * 10**6, vamm_base_spread=2_000)
    plain = order(made, SELL, "1", kind=MARKET, tif=FOK, maker=-1)
    made.do(plain, made.owner("alice"))
    assert sources(made) == [("vamm", 10**9)]
    params = VaultParams(pool_1=0, virtual_assets=10**4, undirected=1, hedge_slippage=50_000)
    made.do(commands.SetVaultParams(BASE, params), OPERATOR)
    made.do(plain, made.owner("alice"))
    assert sources(made) == [("hedged", 10**9)]
    made.swap("bob", SELL, "30")
    made.do(plain, made.owner("alice"))
    assert sources(made) == [("vamm", 10**9)]
    assert not [event for event in made.found if isinstance(event, events.VaultRefused)]


def test_before_an_auction() -> None:
    """HEDGE-013: what the vault leaves of a market order goes up."""
    made = page(vamm_enabled=1, vamm_peg=100 * 10**6, auction=1, auction_min_notional=10**6)
    made.do(order(made, SELL, "12"), made.owner("alice"))
    assert sources(made) == [("hedged", 10 * 10**9)]
    (auction,) = made.state.board.live[0]
    assert auction.order.remaining == 2 * 10**9


@pytest.mark.parametrize("mode", [codes.RESTRICTED, codes.REDUCE_ONLY])
def test_tighter_modes_of_the_market(mode: int) -> None:
    """HEDGE-016: what reduces the taker's position is filled, what opens is not."""
    made = page()
    made.do(order(made, SELL, "2"), made.owner("alice"))
    made.do(commands.SetMarketMode(0, mode), OPERATOR)
    made.do(order(made, BUY, "2"), made.owner("alice"))
    assert sources(made) == [("hedged", 2 * 10**9)]
    if mode == codes.RESTRICTED:
        made.do(order(made, SELL, "1", tif=IOC), made.owner("alice"))
        assert sources(made) == []


def test_reduce_only_goes_no_further() -> None:
    """HEDGE-016: a reduce-only order is clamped to the position."""
    made = page()
    made.do(order(made, SELL, "2"), made.owner("alice"))
    made.do(order(made, BUY, "5", reduce_only=True), made.owner("alice"))
    assert sources(made) == [("hedged", 2 * 10**9)]
    assert made.position("alice").base == 0


def test_net_base_is_zero_after_everything() -> None:
    """HEDGE-001: spot and position of both vaults sum to what depositors brought."""
    made = page(market_slippage=20_000)
    for ident in (BASE, QUOTE):
        filled = 0
        for side in (SELL, BUY, SELL, SELL, BUY):
            made.do(order(made, side, "0.7", maker=holder(made, ident)), made.owner("alice"))
            filled += len(sources(made))
        assert filled >= 3
        vault = made.vault(ident)
        held = vault_money.spot_base(made.state, vault) + vault_money.position_base(vault)
        assert (held, vault.unhedged) == (vault.net_base, 0)
