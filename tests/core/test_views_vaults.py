"""Read-only answers about vaults, holdings, spot pools and firm quotes."""

from __future__ import annotations

from typing import Any

from plimsoll.core import views, views_vaults
from plimsoll.messages import codes, commands
from plimsoll.messages.vault_params import QuoteParams, VaultParams
from tests.harness.scenario import OPERATOR
from tests.harness.vault_page import BASE, ETH, PASSIVE, QUOTE, VaultPage

LOT = 10**9
USD = 10**6
DAY_MS = 86_400_000


def seen(made: VaultPage, ident: int) -> dict[str, Any]:
    """A vault's view now."""
    return views_vaults.vault_view(made.state, made.vault(ident), made.now)


def test_an_empty_vault() -> None:
    """SHARE-001, SHARE-004: a share has a price before there are any; nothing is shut."""
    made = VaultPage()
    one = seen(made, PASSIVE)
    assert (one["kind"], one["market"], one["asset"], one["hedge"]) == (
        "passive",
        None,
        "USD",
        None,
    )
    assert (one["assets"], one["effective_assets"], one["effective_supply"]) == (0, USD, 10**6)
    assert (one["share_price"], one["shut"], one["holders"], one["priced"]) == (LOT, False, 0, True)
    hedged = seen(made, BASE)
    assert (hedged["kind"], hedged["market"], hedged["asset"]) == ("base", "X-USD", "ETH")
    assert (hedged["assets"], hedged["share_price"]) == (0, 10**7)
    assert hedged["hedge"] == {
        "base_asset": "ETH", "spot": 0, "position": 0, "net_base": 0, "unhedged": 0,
        "margin_ratio": None, "taker_buys": 0, "taker_sells": 0,
    }  # fmt: skip
    rows = views_vaults.vaults_view(made.state, made.now)
    assert rows == [views.vault_view(made.state, made.vault(at), made.now) for at in range(3)]


def test_shares_and_what_they_are_worth() -> None:
    """SHARE-002, SHARE-003, SHARE-007: 5,000 USD, then 1,000 come by fees: the worked example."""
    made = VaultPage()
    made.join("lp", PASSIVE, "5000")
    made.vault(PASSIVE).account.usd.amount += 1_000 * USD
    made.state.accounts[codes.OUTSIDE_ACCOUNT].usd.amount -= 1_000 * USD
    one = seen(made, PASSIVE)
    assert (one["supply"], one["liability"], one["assets"]) == (
        5_000_000_000, 5_000 * USD, 6_000 * USD,
    )  # fmt: skip
    assert one["share_price"] == 6_001 * USD * LOT // (5_000_000_000 + 10**6)
    assert (one["payable"], one["utilisation"], one["holders"]) == (6_000 * USD, 0, 1)
    (held,) = views_vaults.holdings_view(made.state, made.account("lp"), made.now)
    assert (held["vault"], held["shares"], held["unlocks"]) == (PASSIVE, 5_000_000_000, [])
    assert held["value"] == 6_001 * USD * 5_000_000_000 // 5_001_000_000
    assert views_vaults.holdings_view(made.state, made.account("bob"), made.now) == []
    event = made.leave("lp", PASSIVE)
    assert event.value == held["value"]


def test_both_legs_of_a_hedge() -> None:
    """HEDGE-001, HEDGE-003, HEDGE-008: base on spot, position, utilisation, what takers may do."""
    made = VaultPage()
    made.join("lp", BASE, "10")
    made.deal("alice", BASE, codes.SELL, "2")
    one = seen(made, BASE)
    assert (one["payable"], one["utilisation"], one["liability"]) == (
        8 * LOT, 200_000, 10 * LOT,
    )  # fmt: skip
    hedge = one["hedge"]
    assert (hedge["spot"], hedge["position"], hedge["net_base"], hedge["unhedged"]) == (
        8 * LOT, 2 * LOT, 10 * LOT, 0,
    )  # fmt: skip
    assert (hedge["taker_buys"], hedge["taker_sells"]) == (2 * LOT, 8 * LOT)
    assert hedge["margin_ratio"] > 900_000
    made.vault(BASE).count_unhedged(5)
    assert (seen(made, BASE)["mode"], seen(made, BASE)["operator_mode"]) == ("restricted", "active")


def test_where_no_hedge_is_to_be_had_nothing_can_be_traded() -> None:
    """HEDGE-003: an empty pool is no error of who looks."""
    made = VaultPage(virtual=("0", "0"))
    made.join("lp", QUOTE, "1000")
    for asset, amount in ((1_000 * LOT, 0), (0, 100_000 * USD)):
        made.do(commands.RemoveSpotLiquidity(codes.TREASURY_ACCOUNT, 0, asset, amount), OPERATOR)
    hedge = seen(made, QUOTE)["hedge"]
    assert (hedge["taker_buys"], hedge["taker_sells"]) == (0, 0)
    (pool,) = views_vaults.pools_view(made.state)
    assert (pool["base_reserve"], pool["price"]) == (0, None)


def test_stale_prices() -> None:
    """SHARE-015: a vault without exposure needs no price; one that is hedged needs a fresh one."""
    made = VaultPage()
    made.join("lp", BASE, "10")
    assert seen(made, BASE)["priced"]
    made.deal("alice", BASE, codes.SELL, "2")
    made.now += 10**9
    assert not seen(made, BASE)["priced"]
    assert seen(made, BASE)["assets"] == 10 * LOT


def test_quotes_of_the_passive_vault() -> None:
    """PASSIVE-001: its live orders with their market's parameters; none where it never quoted."""
    made = VaultPage()
    assert views_vaults.quotes_view(made.state, made.vault(PASSIVE)) == []
    made.join("lp", PASSIVE, "5000")
    made.quote()
    made.prices("100")
    (one,) = views_vaults.quotes_view(made.state, made.vault(PASSIVE))
    assert (one["market"], one["bid"], one["ask"], one["position"]) == (
        "X-USD", 95 * USD, 105 * USD, 0,
    )  # fmt: skip
    orders = made.vault(PASSIVE).account.orders
    assert [one["bid_order"], one["ask_order"]] == sorted(order.ident for order in orders)
    assert one["bid_size"] == one["ask_size"] == 10 * LOT
    assert one["params"]["half_spread"] == 50_000
    stopped = QuoteParams(weight=0, half_spread=50_000, max_quote_size=5)
    made.do(commands.SetVaultQuote(PASSIVE, 0, stopped), OPERATOR)
    made.prices("100")
    (one,) = views.vault_quotes_view(made.state, made.vault(PASSIVE))
    assert (one["bid_order"], one["ask"], one["params"]["max_quote_size"]) == (0, 0, 5)


def test_who_waits() -> None:
    """SHARE-009: withdrawals in a cooldown leave the worth, and are listed until they are paid."""
    made = VaultPage(passive={"cooldown_ms": DAY_MS})
    made.join("lp", PASSIVE, "100")
    made.join("lp2", PASSIVE, "100")
    for name in ("lp2", "lp"):
        made.leave(name, PASSIVE, 5 * USD)
    rows = views_vaults.waiting_view(made.state, made.vault(PASSIVE), made.now)
    assert [one["account"] for one in rows] == [made.accounts["lp"], made.accounts["lp2"]]
    assert {(one["value"], one["due_ms"], one["due"]) for one in rows} == {
        (5 * USD, made.now + DAY_MS, False)
    }
    one = seen(made, PASSIVE)
    assert (one["waiting"], one["waiting_value"], one["assets"]) == (2, 10 * USD, 190 * USD)
    (held,) = views_vaults.holdings_view(made.state, made.account("lp"), made.now + DAY_MS)
    assert [unlock["due"] for unlock in held["unlocks"]] == [True]


def test_a_place_on_the_whitelist_is_a_holding() -> None:
    """SHARE-013: who is let in sees it before he has shares."""
    made = VaultPage()
    made.do(commands.SetVaultWhitelist(BASE, made.accounts["alice"], True), OPERATOR)
    (held,) = views_vaults.holdings_view(made.state, made.account("alice"), made.now)
    assert (held["allowed"], held["shares"], held["value"]) == (True, 0, 0)


def test_a_shut_vault() -> None:
    """SHARE-004: worth nothing, its shares have no price and no value."""
    made = VaultPage()
    made.join("lp", PASSIVE, "100")
    made.vault(PASSIVE).account.usd.amount -= 101 * USD
    one = seen(made, PASSIVE)
    assert (one["assets"], one["share_price"], one["shut"]) == (-USD, None, True)
    (held,) = views_vaults.holdings_view(made.state, made.account("lp"), made.now)
    assert held["value"] == 0


def test_a_vault_without_virtual_shares_begins_one_to_one() -> None:
    """SHARE-002: the price of the first share is a unit."""
    made = VaultPage()
    params = VaultParams(virtual_shares=0, virtual_assets=0, pool_1=0)
    made.do(commands.CreateVault(codes.QUOTE_VAULT, 0, "bare", params), OPERATOR)
    assert (seen(made, 3)["share_price"], seen(made, 3)["shut"]) == (LOT, False)


def test_pools_with_their_price() -> None:
    """SPOT-002: real and virtual reserves; the price is of whole assets, in any decimals."""
    made = VaultPage()
    (pool,) = views_vaults.pools_view(made.state)
    assert pool == {
        "pool": 0, "account": made.state.liquidity.pools[0].account.ident, "base": "ETH",
        "quote": "USD", "fee": 0, "base_reserve": 1_000 * LOT, "quote_reserve": 100_000 * USD,
        "virtual_base": 9_000 * LOT, "virtual_quote": 900_000 * USD, "price": 100 * LOT,
    }  # fmt: skip
    assert views.spot_pool_view(made.state, made.state.liquidity.pools[0]) == pool


def test_firm_quotes_best_first() -> None:
    """SPOT-008: what is held for them, and whether their time is over."""
    made = VaultPage()
    alice = made.accounts["alice"]
    for side, price in ((codes.SELL, 102), (codes.SELL, 101), (codes.BUY, 99)):
        command = commands.PostFirmQuote(alice, ETH, side, price * USD, 2 * LOT, made.now + 5)
        made.do(command, made.owner("alice"))
    rows = views_vaults.firm_quotes_view(made.state, made.now)
    assert [(one["side"], one["price"] // USD, one["held"], one["held_asset"]) for one in rows] == [
        ("buy", 99, 198 * USD, "USD"), ("sell", 101, 2 * LOT, "ETH"), ("sell", 102, 2 * LOT, "ETH"),
    ]  # fmt: skip
    later = [views_vaults.firm_quotes_view(made.state, made.now + at)[0] for at in (5, 6)]
    assert [one["expired"] for one in later] == [False, True]
