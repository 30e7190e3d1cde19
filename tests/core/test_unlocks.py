"""Withdrawals that wait for a cooldown: queued, paid when due, and cut when they are worth less."""

from __future__ import annotations

from typing import Any

import pytest

from plimsoll import _build
from plimsoll.core import depositors
from plimsoll.core.engine import Engine
from plimsoll.core.load import load
from plimsoll.messages import codec, codes, commands, events
from plimsoll.units import RangeError
from tests.harness.scenario import KEEPER, OPERATOR
from tests.harness.vault_flows import gain, of, params_of
from tests.harness.vault_page import BASE, ETH, PASSIVE, QUOTE, VaultPage

HOUR = 3_600_000


def page_with(**more: Any) -> VaultPage:
    """A cooldown of an hour in every vault."""
    given = {"cooldown_ms": HOUR, **more}
    return VaultPage(passive=given, vault=given)


def tick(page: VaultPage, limit: int = 10) -> list[events.UnlockPaid]:
    """The house at work; what it paid."""
    found = page.do(commands.Tick(limit), KEEPER)
    return [one for one in found if isinstance(one, events.UnlockPaid)]


def queued(page: VaultPage) -> events.UnlockQueued:
    """What the last command queued."""
    event: events.UnlockQueued = of(page.found, events.UnlockQueued)
    return event


def test_a_value_leaves_the_vault_at_once_and_is_paid_when_due() -> None:
    """SHARE-009, SHARE-021: the value is fixed at the request, waits apart, and no later loss of
    the vault touches it; due at the very millisecond."""
    page = page_with()
    page.join("lp", PASSIVE, "100")
    before = page.account("lp").cash()
    left = page.leave("lp", PASSIVE, 40_000_000)
    waiting = queued(page)
    assert (left.value, left.paid, left.other) == (40_000_000, 0, 0)
    assert (waiting.value, waiting.shares, waiting.due_ms) == (
        40_000_000, 40_000_000, page.now + HOUR,
    )  # fmt: skip
    vault = page.vault(PASSIVE)
    assert (page.worth(PASSIVE), vault.unlocks.cash()) == (60_000_000, 40_000_000)
    gain(page, PASSIVE, -60_000_000)
    page.now += HOUR - 1
    assert not page.engine.is_due(commands.Tick(1), page.now)
    assert tick(page) == []
    page.now += 1
    assert page.engine.is_due(commands.Tick(1), page.now)
    assert page.engine.is_due(commands.CancelAll(page.accounts["lp"], -1), page.now)
    (paid,) = tick(page)
    assert paid.row() == [
        68, waiting.unlock, PASSIVE, page.accounts["lp"], 0, 40_000_000, 0,
    ]  # fmt: skip
    assert page.account("lp").cash() == before + 40_000_000
    assert not page.engine.is_due(commands.Tick(1), page.now)


def test_the_earliest_due_is_paid_first_and_only_so_many() -> None:
    """SHARE-009, HOUSE-001: a tick pays as many as it has left; of an account in order of request,
    a shorter cooldown does not overtake."""
    page = page_with()
    page.join("lp", PASSIVE, "100")
    page.join("lp2", PASSIVE, "100")
    page.leave("lp", PASSIVE, 1_000_000)
    page.now += 10
    page.leave("lp2", PASSIVE, 2_000_000)
    page.do(commands.SetVaultParams(PASSIVE, params_of(page, PASSIVE, cooldown_ms=1)), OPERATOR)
    page.leave("lp", PASSIVE, 3_000_000)
    page.now += 1_000
    assert tick(page) == []
    page.now += HOUR
    assert [one.paid for one in tick(page, 2)] == [1_000_000, 3_000_000]
    assert [one.paid for one in tick(page)] == [2_000_000]


def test_partial_maturity() -> None:
    """SHARE-021: of three unlocks those that are due are paid, the third stays."""
    page = page_with()
    page.join("lp", PASSIVE, "100")
    start = page.now
    for at, value in ((100_000, 1_000_000), (200_000, 2_000_000), (300_000, 3_000_000)):
        page.now = start + at
        page.leave("lp", PASSIVE, value)
    lp, owner = page.accounts["lp"], page.owner("lp")
    claim = commands.ClaimUnlocks(lp, PASSIVE)
    page.now = start + 100_000 + HOUR - 1
    early = page.refuse(claim, owner)
    assert early[:3] == (codes.UNLOCK_NOT_DUE, page.now + 1, page.now)
    page.now = start + 200_000 + HOUR
    found = page.do(claim, owner)
    assert [one.paid for one in found if isinstance(one, events.UnlockPaid)] == [
        1_000_000, 2_000_000,
    ]  # fmt: skip
    assert page.refuse(claim, OPERATOR)[:2] == (codes.UNLOCK_NOT_DUE, start + 300_000 + HOUR)
    page.now += 100_000
    assert of(page.do(claim, OPERATOR), events.UnlockPaid).paid == 3_000_000
    assert page.refuse(claim, owner)[:3] == (codes.UNLOCK_NOT_DUE, 0, page.now)


def test_who_may_claim() -> None:
    """SHARE-021, AUTH-002: the owner or an operator, in a vault that is there."""
    page = page_with()
    lp = page.accounts["lp"]
    for command, sender, code in (
        (commands.ClaimUnlocks(99, 9), page.owner("lp"), codes.UNKNOWN_ACCOUNT),
        (commands.ClaimUnlocks(lp, 9), page.owner("alice"), codes.NOT_OWNER),
        (commands.ClaimUnlocks(lp, 9), page.owner("lp"), codes.UNKNOWN_VAULT),
        (commands.ClaimUnlocks(lp, PASSIVE), page.owner("lp"), codes.UNLOCK_NOT_DUE),
    ):
        assert page.refuse(command, sender)[0] == code


def test_a_queue_has_an_end() -> None:
    """SHARE-019: with two waiting a third is refused, until one is paid."""
    page = page_with(max_unlocks=2)
    page.join("lp", PASSIVE, "10")
    page.leave("lp", PASSIVE, 1_000)
    page.now += 1
    page.leave("lp", PASSIVE, 1_000)
    third = page.leave_command("lp", PASSIVE, 1_000)
    assert page.refuse(third, page.owner("lp"))[:3] == (codes.UNLOCKS_FULL, 2, 2)
    page.now += HOUR - 1
    tick(page)
    page.do(third, page.owner("lp"))


@pytest.mark.parametrize(
    ("lost", "paid"), [(0, 50_000_000), (10_000_000, 45_049_504), (-5, 50_000_000)]
)
def test_the_lower_of_request_and_maturity(lost: int, paid: int) -> None:
    """SHARE-021: with ``min_at_maturity`` a loss is borne by those who wait as by those who stay:
    50 of 101 shares of what is left and waits, 91 instead of 101."""
    page = page_with(min_at_maturity=1)
    page.join("lp", PASSIVE, "50")
    page.join("lp2", PASSIVE, "50")
    page.leave("lp", PASSIVE)
    gain(page, PASSIVE, -lost)
    page.now += HOUR
    (event,) = tick(page)
    assert (event.paid, event.cut) == (paid, 50_000_000 - paid)
    assert page.worth(PASSIVE) == 50_000_000 - lost + event.cut
    assert page.vault(PASSIVE).unlocks.cash() == 0


def test_what_waits_bears_the_loss_of_a_vault_that_is_shut() -> None:
    """SHARE-021, SHARE-022: 50 of 101 shares of 41 that are left; the cut opens the vault again."""
    page = page_with(min_at_maturity=1)
    page.join("lp", PASSIVE, "50")
    page.join("lp2", PASSIVE, "50")
    page.leave("lp", PASSIVE)
    gain(page, PASSIVE, -60_000_000)
    page.prices("100")
    assert page.vault(PASSIVE).shut
    page.now += HOUR
    (event,) = tick(page)
    assert (event.paid, event.cut) == (20_297_029, 29_702_971)
    assert of(page.found, events.VaultOpened).assets == 19_702_971
    assert not page.vault(PASSIVE).shut


def test_a_large_exit_that_waits_makes_nobody_rich() -> None:
    """SHARE-021: nine tenths leave and wait while the position they helped to carry loses; a tenth
    that stays bears a tenth."""
    page = page_with(min_at_maturity=1)
    page.join("lp", PASSIVE, "4500")
    page.join("lp2", PASSIVE, "500")
    page.leave("lp", PASSIVE)
    gain(page, PASSIVE, -50_000_000)
    page.now += HOUR
    (event,) = tick(page)
    assert 44_900_000 < event.cut < 45_000_000
    assert page.worth(PASSIVE) == 450_000_000 + event.cut


def test_without_anybody_left_to_compare_with_the_value_stands() -> None:
    """SHARE-021: no shares and no virtual ones: there is no price of a share any more."""
    page = page_with(min_at_maturity=1, virtual_shares=0, virtual_assets=0)
    page.join("lp", PASSIVE, "50")
    page.leave("lp", PASSIVE)
    page.now += HOUR
    assert [one.paid for one in tick(page)] == [50_000_000]


def test_the_fee_of_the_exit_is_no_cut() -> None:
    """SHARE-021: what is compared at maturity is the part of the shares that was not the fee."""
    page = page_with(min_at_maturity=1, withdrawal_fee=50_000)
    page.join("lp", PASSIVE, "100")
    page.leave("lp", PASSIVE, 50_000_000)
    assert (queued(page).value, queued(page).shares) == (47_500_000, 47_500_000)
    gain(page, PASSIVE, -2_500_000)
    page.now += HOUR
    # 51 stand for 51e6 shares again, as at the request.
    assert [(one.paid, one.cut) for one in tick(page)] == [(47_500_000, 0)]


def test_base_that_is_cut_is_counted_again() -> None:
    """SHARE-021, HEDGE-001: base waits apart, and comes back to what depositors brought."""
    page = page_with(min_at_maturity=1)
    page.join("lp", BASE, "10")
    page.join("lp2", BASE, "10")
    page.leave("lp", BASE)
    vault = page.vault(BASE)
    assert (vault.net_base, vault.unlocks.balances[ETH].amount) == (10**10, 10**10)
    gain(page, BASE, -100_000_000)
    page.now += HOUR
    page.prices("100")
    (event,) = tick(page)
    assert event.cut > 0
    assert vault.net_base == 10**10 + event.cut
    assert page.eth("lp") == 90 * 10**9 + event.paid


def test_only_the_part_in_the_own_asset_waits() -> None:
    """SHARE-020: base is paid at once for what a quote vault does not have in money; the unlock
    stands for its part of the shares."""
    page = page_with(virtual_shares=0, virtual_assets=0, min_at_maturity=1)
    page.join("lp", QUOTE, "100")
    gain(page, QUOTE, -75_000_000)
    gain(page, QUOTE, 750_000_000, ETH)
    page.vault(QUOTE).unhedged = 750_000_000
    left = page.leave("lp", QUOTE)
    assert (left.value, left.paid, left.other) == (100_000_000, 0, 750_000_000)
    assert (queued(page).value, queued(page).shares) == (25_000_000, 25_000_000)
    page.now += HOUR
    assert [one.paid for one in tick(page)] == [25_000_000]


def test_what_is_all_paid_in_the_other_asset_does_not_wait() -> None:
    """SHARE-020: without money there is nothing to queue."""
    page = page_with(virtual_shares=0, virtual_assets=0)
    page.join("lp", QUOTE, "100")
    gain(page, QUOTE, -100_000_000)
    gain(page, QUOTE, 10**9, ETH)
    page.vault(QUOTE).unhedged = 10**9
    left = page.leave("lp", QUOTE)
    assert (left.value, left.other) == (100_000_000, 10**9)
    assert not any(isinstance(one, events.UnlockQueued) for one in page.found)


def test_a_price_that_is_old_still_pays() -> None:
    """SHARE-021: it can only lower what is paid; nobody waits for an oracle."""
    page = page_with(min_at_maturity=1)
    page.join("lp", PASSIVE, "50")
    page.quote()
    page.prices("100")
    page.leave("lp", PASSIVE, 10_000_000)
    page.now += HOUR
    assert [one.paid for one in tick(page)] == [10_000_000]


@pytest.mark.skipif(_build.COMPILED, reason="a fault is planted in the interpreted core")
def test_work_that_leaves_its_range_stops_no_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    """HOUSE-001: it leaves no trace, and the house goes on."""
    page = page_with()
    page.join("lp", PASSIVE, "50")
    page.leave("lp", PASSIVE)
    page.now += HOUR

    def beyond(*_: Any) -> None:
        page.vault(PASSIVE).set_shut(True)
        raise RangeError("beyond")

    monkeypatch.setattr(depositors, "pay_first", beyond)
    before = page.hash()
    assert tick(page) == []
    assert page.hash() == before


def test_a_snapshot_keeps_what_waits() -> None:
    """NODE-006: a state that was loaded pays the same at the same time."""
    page = page_with(min_at_maturity=1)
    page.join("lp", PASSIVE, "50")
    page.join("lp2", BASE, "5")
    page.leave("lp", PASSIVE, 20_000_000)
    page.now += 5
    page.leave("lp2", BASE, 10**9)
    copy = Engine(load(codec.decode_state(codec.encode_state(page.state.dump()))))
    page.now += HOUR
    tick(page)
    copy.apply(commands.Tick(10), page.seq, page.now, KEEPER)
    assert [one.row() for one in copy.drain()] == [one.row() for one in page.found]
    assert codec.state_hash(copy.state.dump()) == page.hash()
