"""The vault tour: what its events say of fills, hedges and exits of hedged vaults."""

from __future__ import annotations

from collections import Counter

import pytest

from plimsoll.messages import codes
from plimsoll.messages.events import (
    Event,
    Filled,
    FirmQuoteEnded,
    OracleAccepted,
    Rejected,
    SpotSwapped,
    VaultDeposited,
    VaultHedged,
    VaultModeSet,
    VaultRefused,
    VaultWithdrawn,
)
from plimsoll.messages.mechanisms import AuctionEnded, AuctionStarted, Deleveraged
from plimsoll.sim.scenarios.stage import Performance
from tests.sim.tour_log import chapter, of, refusals
from tests.sim.vault_log import (
    BASE_ETH,
    BASE_SOL,
    COIN,
    ETH,
    QUOTE_ETH,
    SOL,
    USD,
    Replayed,
    holder,
    play,
    records,
    spot_leg,
    value,
)


@pytest.fixture(scope="module")
def played() -> Performance:
    """The tour, played to its end."""
    return play()


def test_every_fill_of_a_hedged_vault_has_its_spot_leg_in_its_record(played: Performance) -> None:
    """Same record, same base, same money, the other way round; at least ten each of both sides."""
    legs: Counter[tuple[int, int]] = Counter()
    for _, found in records(played):
        fills = {e.fill: e for e in found if isinstance(e, Filled) and
                 e.source == codes.FROM_HEDGED}  # fmt: skip
        hedges = {e.fill: e for e in found if isinstance(e, VaultHedged) and e.fill > 0}
        assert set(fills) == set(hedges)
        for ident, fill in fills.items():
            hedge = hedges[ident]
            assert (hedge.side, hedge.base_amount, hedge.quote) == (
                fill.side, fill.size, fill.quote,
            )  # fmt: skip
            assert fill.maker == holder(played, hedge.vault)
            legs[hedge.vault, hedge.side] += 1
        for hedge in (e for e in found if isinstance(e, VaultHedged)):
            assert spot_leg(found, holder(played, hedge.vault)) == (
                hedge.base_amount if hedge.side == codes.BUY else -hedge.base_amount
            )
    assert all(
        legs[vault, side] >= 3
        for vault in (BASE_ETH, QUOTE_ETH)
        for side in (codes.BUY, codes.SELL)
    )


def test_net_base_is_what_depositors_brought_after_every_command(played: Performance) -> None:
    """Spot plus position, from the ledger lines and fills alone; but for the leg that a
    deleveraging left to be rehedged."""
    replayed = Replayed(played)
    due: Counter[int] = Counter()
    apart: list[int] = []
    for _, found in records(played):
        replayed.take(found)
        for event in found:
            if isinstance(event, VaultDeposited) and event.asset:
                due[event.vault] += event.amount
            elif isinstance(event, VaultWithdrawn) and event.asset:
                due[event.vault] -= event.paid
        for vault, market in ((BASE_ETH, ETH), (QUOTE_ETH, ETH), (BASE_SOL, SOL)):
            if replayed.net(holder(played, vault), market) != due[vault]:
                apart.append(vault)
    assert set(apart) == {BASE_SOL}
    assert len(apart) == 4  # the deleveraging, two refusals, the pool moved: then the rehedge


def test_takers_get_exact_base_exact_quote_and_directed_fills(played: Performance) -> None:
    """Both vaults fill both sides; a market order takes the book first, then a vault."""
    mine = of(chapter(played, 6), Filled)
    assert [fill.side for fill in mine] == [codes.SELL, codes.SELL, codes.BUY, codes.BUY,
                                            codes.SELL, codes.SELL, codes.SELL]  # fmt: skip
    assert 10_000 * USD <= mine[1].quote < 10_000 * USD + 3_000 * USD // 1_000
    assert 3_000 * USD - 3_000 * USD // 1_000 < mine[3].quote <= 3_000 * USD
    assert [fill.source for fill in mine[-2:]] == [codes.FROM_BOOK, codes.FROM_HEDGED]
    assert mine[-2].taker_order == mine[-1].taker_order
    assert mine[-2].size + mine[-1].size == 6 * COIN
    theirs = of(chapter(played, 7), Filled)
    assert [fill.side for fill in theirs] == [codes.BUY, codes.SELL, codes.BUY, codes.SELL,
                                              codes.BUY]  # fmt: skip
    assert {fill.maker for fill in theirs} == {holder(played, QUOTE_ETH)}
    assert refusals(chapter(played, 7)) == {"VAULT_CAPACITY"}


def test_a_desk_is_used_when_it_is_better(played: Performance) -> None:
    """At 3,001 instead of about 2,998, at 2,998 instead of more; never for half of a hedge."""
    result = chapter(played, 8)
    hedges = of(result, VaultHedged)
    assert [hedge.venue for hedge in hedges] == [
        codes.VENUE_FIRM, codes.VENUE_POOL, codes.VENUE_FIRM,
    ]  # fmt: skip
    price = [hedge.quote * COIN // hedge.base_amount for hedge in hedges]
    assert price[0] == 3_001 * USD > price[1] > price[2] - 3 * USD
    assert price[2] == 2_998 * USD
    ended = of(result, FirmQuoteEnded)
    assert [one.reason for one in ended] == [
        codes.DONE_FILLED, codes.DONE_EXPIRED, codes.DONE_EXPIRED,
    ]  # fmt: skip
    assert sum(one.released for one in ended) == 2 * 3_001 * USD + 10 * 2_900 * USD


def test_utilization_goes_to_one_and_back_and_routing_continues(played: Performance) -> None:
    """All base is sold, the vault refuses, auction and vAMM take the order; then all is back."""
    result = chapter(played, 9)
    assert [hedge.util for hedge in of(result, VaultHedged)] == [1_000_000, 0]
    order = [
        type(event)
        for _, _, event in result.events
        if isinstance(event, (VaultHedged, VaultRefused, AuctionStarted, AuctionEnded))
    ]
    assert order == [VaultHedged, VaultRefused, AuctionStarted, AuctionEnded, VaultHedged]
    (refused,) = of(result, VaultRefused)
    assert (refused.vault, refused.code) == (BASE_ETH, codes.VAULT_CAPACITY)
    assert refusals(result) == {"VAULT_CAPACITY"}
    served = of(result, Filled, taker_order=refused.order)
    assert [fill.source for fill in served] == [codes.FROM_BOOK, codes.FROM_VAMM]
    assert sum(fill.size for fill in served) == 5 * COIN


def test_a_hedge_out_of_the_band_moves_nothing(played: Performance) -> None:
    """Two refusals and an order that found nothing: no swap of a vault until the pool is back."""
    result = chapter(played, 10)
    low, _ = of(result, Rejected)
    assert refusals(result) == {"HEDGE_SLIPPAGE"}
    assert low.value < low.limit == 2_970 * USD
    vaults = {holder(played, vault) for vault in (BASE_ETH, QUOTE_ETH)}
    kinds = ["vault" if event.account in vaults else "arno" for event in of(result, SpotSwapped)]
    assert kinds == ["arno", "arno", "vault"]
    (refused,) = of(result, VaultRefused)
    assert (refused.code, refused.limit) == (codes.HEDGE_SLIPPAGE, 2_970 * USD)


def test_worth_in_the_own_asset_does_not_follow_the_price(played: Performance) -> None:
    """From ledger lines and fills: the base vault in ETH within 0.01 %, the quote vault to 1e-6
    USD, while the price goes from 3,000 to 3,300, 2,640 and back."""
    replayed = Replayed(played)
    inside = {seq for seq, _, _ in chapter(played, 11).events}
    base, quote = holder(played, BASE_ETH), holder(played, QUOTE_ETH)
    worths: list[tuple[int, int, int]] = []
    for seq, found in records(played):
        replayed.take(found)
        price = replayed.price[ETH]
        if seq in inside and any(isinstance(event, OracleAccepted) for event in found):
            in_eth = replayed.books[base, ETH] + value(replayed, base, price) * COIN // price
            in_usd = value(replayed, quote, price) + replayed.books[quote, ETH] * price // COIN
            worths.append((price, in_eth, in_usd))
    prices = [price for price, _, _ in worths]
    assert (min(prices), max(prices), prices[-1]) == (2_640 * USD, 3_300 * USD, 3_000 * USD)
    eth = [worth for _, worth, _ in worths]
    assert max(eth) - min(eth) < eth[0] // 10_000
    usd = [worth for _, _, worth in worths]
    assert max(usd) - min(usd) <= 2


def test_exits_are_paid_from_unsold_base_then_in_both_assets(played: Performance) -> None:
    """With a position no more than what is unsold; without one the rest in USD at the oracle."""
    result = chapter(played, 12)
    assert [refused.code for refused in of(result, Rejected)] == [codes.VAULT_ASSETS] * 2
    part, rest, some, half = of(result, VaultWithdrawn)
    assert part.value == part.paid < 20 * COIN
    assert rest.value > rest.paid > 0 < rest.other
    assert rest.other == (rest.value - rest.paid) * 3_000 * USD // COIN
    assert (rest.supply, rest.liability) == (0, 0)
    assert part.paid + rest.paid == 40 * COIN
    assert (some.other, half.other) == (0, 0)


def test_a_deleveraged_vault_is_hedged_at_once_or_restricted(played: Performance) -> None:
    """The first loss of position has its spot leg in the record, the second waits for a keeper."""
    result = chapter(played, 13)
    by_record: dict[int, list[Event]] = {}
    for seq, _, event in result.events:
        by_record.setdefault(seq, []).append(event)
    closed = [found for found in by_record.values() if any(isinstance(e, Deleveraged)
                                                           for e in found)]  # fmt: skip
    hedged = [[e for e in found if isinstance(e, VaultHedged)] for found in closed]
    assert [len(each) for each in hedged] == [1, 0]
    sizes = [e.size for found in closed for e in found if isinstance(e, Deleveraged)]
    assert sum(sizes) == 100 * COIN
    assert hedged[0][0].base_amount == sizes[0]
    modes = [(one.mode, one.before) for one in of(result, VaultModeSet)]
    assert modes == [(codes.RESTRICTED, codes.ACTIVE), (codes.ACTIVE, codes.RESTRICTED)]
    repaired = of(result, VaultHedged, fill=0)
    assert [one.base_amount for one in repaired] == sizes
    assert refusals(result) == {"VAULT_MODE", "HEDGE_SLIPPAGE", "NOTHING_TO_DO"}
