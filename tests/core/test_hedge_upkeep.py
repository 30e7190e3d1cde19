"""Hedged fills and what stands around them: bugs that random commands found."""

from __future__ import annotations

from plimsoll.core import invariants, vault_money
from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import BUY, SELL
from tests.harness.scenario import KEEPER, OPERATOR, scaled
from tests.harness.vault_page import BASE, VaultPage

STEP = 10**9


def test_what_only_reduces_is_trimmed_before_the_rest_goes_to_auction() -> None:
    """BOOK-010, HEDGE-013: a vault fills a part of a market order, an auction takes the rest."""
    made = VaultPage(vamm_enabled=1, auction=1, auction_min_notional=10_000_000)
    made.join("lp", BASE, "3")
    made.do(made.place("bob", SELL, 5 * STEP, scaled("100", 6)), made.owner("bob"))
    made.do(
        made.place("alice", BUY, 5 * STEP, scaled("100", 6), tif=codes.IOC), made.owner("alice")
    )
    made.do(
        made.place("alice", SELL, 5 * STEP, scaled("105", 6), reduce_only=True),
        made.owner("alice"),
    )
    order = made.place(
        "alice", SELL, 5 * STEP, 0, kind=codes.MARKET, tif=codes.IOC,
        maker=made.vault(BASE).account.ident,
    )  # fmt: skip
    found = made.do(order, made.owner("alice"))
    assert any(isinstance(event, events.AuctionStarted) for event in found)
    left = made.position("alice").base
    assert 0 < left < 5 * STEP
    (resting,) = made.account("alice").orders
    assert resting.remaining == left
    invariants.check_full(made.state)


def test_base_is_not_sold_out_on_an_old_price() -> None:
    """HEDGE-005, HEDGE-011: a vault without a position, in debt, waits for a price like any."""
    made = VaultPage(
        liquidation=1, liquidation_penalty=1_000, liquidation_buffer=0, liquidation_keeper_share=0
    )
    made.join("lp", BASE, "1")
    made.deal("bob", BASE, SELL, "1")
    made.deal("bob", BASE, BUY, "1")
    made.deposit("treasury", "1000")
    made.do(commands.FundPool(0, codes.POOL_INSURANCE, 10**9), OPERATOR)
    vault = made.vault(BASE)
    # More than its base is worth, as funding might take.
    owed = vault_money.spot_value(made.state, vault) + 10**6
    vault.account.usd.amount -= owed
    made.state.accounts[codes.OUTSIDE_ACCOUNT].usd.amount += owed
    command = commands.Liquidate(vault.account.ident, -1)
    now = made.now
    made.now += 10**7
    assert made.refuse(command, KEEPER)[0] == codes.ORACLE_INVALID
    made.now = now
    made.do(command, KEEPER)
    assert vault_money.spot_base(made.state, vault) == 0
