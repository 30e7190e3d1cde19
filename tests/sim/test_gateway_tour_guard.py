"""The gateway tour: what its events say of breakers, held withdrawals and changes by two keys."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from plimsoll.messages import codes
from plimsoll.messages.events import (
    BreakerMoved,
    BreakerParamsSet,
    Event,
    Filled,
    HeldReleased,
    OracleAccepted,
    ProposalEnded,
    Proposed,
    Rejected,
    SignedSettled,
    SpotSwapped,
    Transferred,
    VaultBreakerMoved,
    VaultDeposited,
    VaultHedged,
    VaultWithdrawn,
    WithdrawalHeld,
)
from plimsoll.messages.mechanisms import Liquidating
from plimsoll.sim.scenarios.stage import Performance
from tests.sim.gateway_log import (
    COIN,
    ETH,
    MINUTE,
    PPM,
    USD,
    VAULT,
    Limits,
    Outflow,
    moved,
    play,
    records,
)
from tests.sim.tour_log import chapter, of, refusals
from tests.sim.vault_log import Replayed, holder

LIMITS = (Limits(850_000), Limits(700_000), Limits(900_000))
"""As the operators set them, one after the other."""
COOLDOWN = 20 * MINUTE
HOLD = 5 * MINUTE
DELAY = 10 * MINUTE
WORTH = 14_000_000 * USD


@pytest.fixture(scope="module")
def played() -> Performance:
    """The tour, played to its end."""
    return play()


def followed(played: Performance) -> Iterator[tuple[int, list[Event], Outflow]]:
    """Every record, with the outflow as it was before it."""
    flow = Outflow()
    flow.take(0, played.scene.opening)
    limits = iter(LIMITS)
    for now, found in records(played):
        yield now, found, flow
        if any(isinstance(one, BreakerParamsSet) for one in found):
            flow.limits = next(limits)
        flow.take(now, found)
        for one in found:
            if isinstance(one, HeldReleased):
                flow.let_go(now, one.claim, paid=one.paid)


# The outflow --------------------------------------------------------------------------------------


def test_what_is_guarded_is_all_that_was_brought_in(played: Performance) -> None:
    """14 million: USD, and ETH at its price; swaps, hedges and prices change nothing of it."""
    (first, *_) = [
        (now, flow.worth(flow.there()))
        for now, found, flow in followed(played)
        if any(isinstance(one, BreakerParamsSet) for one in found)
    ]
    assert first[1] == WORTH
    (told,) = of(chapter(played, 9), BreakerParamsSet)
    assert told.worth == WORTH
    assert len(of(chapter(played, 9), SpotSwapped)) == 3
    assert not of(chapter(played, 9), BreakerMoved)


def test_every_withdrawal_is_paid_or_held_by_the_bound(played: Performance) -> None:
    """What passes is within both bounds, to the unit; what is held is past one; what trips the
    breaker is past the bound of all."""
    seen: list[str] = []
    for now, found, flow in followed(played):
        held = [one for one in found if isinstance(one, WithdrawalHeld)]
        paid = [one for one in found if isinstance(one, Transferred)
                and one.reason == codes.R_WITHDRAWAL]  # fmt: skip
        trips = any(isinstance(one, BreakerMoved) and one.cause == codes.CAUSE_OUTFLOW
                    for one in found)  # fmt: skip
        for one in paid:
            value = flow.value(one.asset, one.amount)
            most, part = flow.may_leave(now), flow.part_left(one.debit, now)
            assert value <= min(most, part)
            assert flow.mode == codes.NORMAL
            seen.append("to the unit" if value in (most, part) else "paid")
        for claim in held:
            value = flow.value(claim.asset, claim.amount)
            assert claim.worth == value
            if flow.mode == codes.TRIPPED:
                seen.append("held while restricted")
                assert not trips
                continue
            assert trips == (value > flow.may_leave(now))
            assert value > min(flow.may_leave(now), flow.part_left(claim.account, now))
            seen.append("trips" if trips else "past his part")
    assert seen == ["paid", "to the unit", "past his part", "to the unit", "trips",
                    "held while restricted", "paid", "paid"]  # fmt: skip


def test_no_window_ever_loses_more_than_its_bound(played: Performance) -> None:
    """700 ETH left within the window, 15 % of all there was, and never more in any window."""
    most = 0
    left: list[tuple[int, int]] = []
    for now, found, flow in followed(played):
        if flow.limits is None or flow.limits.retained != LIMITS[0].retained:
            continue
        left.append((now, sum(flow.value(one.asset, one.amount) for one in found
                              if isinstance(one, Transferred)
                              and one.reason == codes.R_WITHDRAWAL)))  # fmt: skip
        within = sum(worth for then, worth in left if now - then < flow.limits.window)
        most = max(most, within)
        before = flow.worth(flow.before(now))
        assert within <= before - flow.kept(now)
    assert most == WORTH * 15 // 100 == 700 * 3_000 * USD
    gone = of(chapter(played, 10), Transferred, reason=codes.R_WITHDRAWAL)
    assert sum(one.amount for one in gone) == 700 * COIN


def test_the_money_of_held_withdrawals_is_where_it_belongs(played: Performance) -> None:
    """Into the account for it, and out of it to the unit: two paid, one taken back."""
    result = [event for at in range(9, 13) for event in played.results[at].events]
    holding = {one.credit for _, _, one in result if isinstance(one, Transferred)
               and one.reason == codes.R_HELD}  # fmt: skip
    assert len(holding) == 1
    taken = {one.claim: one for _, _, one in result if isinstance(one, WithdrawalHeld)}
    given = {one.claim: one for _, _, one in result if isinstance(one, HeldReleased)}
    assert set(taken) == set(given)
    for claim, one in given.items():
        assert (one.account, one.asset, one.amount) == (
            taken[claim].account, taken[claim].asset, taken[claim].amount,
        )  # fmt: skip
    assert sorted(one.paid for one in given.values()) == [False, True, True]
    replayed = Replayed(played)
    replayed.take([event for _, _, event in played.scene.log])
    (account,) = holding
    assert all(replayed.books[account, asset] == 0 for asset in (0, 1))


# Modes --------------------------------------------------------------------------------------------


def modes(played: Performance) -> list[tuple[int, int, int]]:
    """Every move of the exchange's breaker: (ms, mode, cause)."""
    return [(now, one.mode, one.cause) for now, found in records(played) for one in found
            if isinstance(one, BreakerMoved)]  # fmt: skip


def test_the_breaker_moves_four_times_and_recovers_by_its_own_condition(
    played: Performance,
) -> None:
    """Tripped by outflow, normal again with the first work after its cooldown; then operators."""
    found = modes(played)
    assert [(mode, cause) for _, mode, cause in found] == [
        (codes.TRIPPED, codes.CAUSE_OUTFLOW),
        (codes.NORMAL, codes.CAUSE_RECOVERED),
        (codes.PAUSED, codes.CAUSE_OPERATOR),
        (codes.NORMAL, codes.CAUSE_OPERATOR),
    ]
    tripped, recovered = found[0][0], found[1][0]
    times = sorted({now for _, now, one in played.scene.log if isinstance(one, OracleAccepted)})
    assert recovered == min(now for now in times if now >= tripped + COOLDOWN)
    waits = [one for one in of(chapter(played, 12), Rejected) if one.code == codes.BREAKER_WAITS]
    assert [one.limit for one in waits] == [COOLDOWN, COOLDOWN]
    assert waits[0].value < waits[1].value < COOLDOWN
    assert refusals(chapter(played, 12)) == {"BREAKER_WAITS", "HELD_WAITS", "UNKNOWN_HELD"}


def test_while_restricted_only_what_reduces_is_filled(played: Performance) -> None:
    """Every taker is nearer to zero after his fill; nobody joins, nothing is paid out."""
    result = chapter(played, 11)
    replayed = Replayed(played)
    sources = set()
    for _, found, flow in followed(played):
        for one in found:
            if isinstance(one, Filled):
                before = replayed.base[one.taker, one.market]
                if flow.mode != codes.NORMAL:
                    after = before + (one.size if one.side == codes.BUY else -one.size)
                    assert abs(after) < abs(before)
                    assert after * before >= 0
                    sources.add(one.source)
            if flow.mode != codes.NORMAL:
                assert not isinstance(one, VaultDeposited)
                if isinstance(one, BreakerMoved):
                    break
                paid = isinstance(one, Transferred) and one.reason == codes.R_WITHDRAWAL
                assert not paid
        replayed.take(found)
    assert sources == {codes.FROM_BOOK, codes.FROM_VAMM, codes.FROM_HEDGED}
    for kind in (VaultHedged, SignedSettled, Liquidating, VaultWithdrawn, WithdrawalHeld):
        assert len(of(result, kind)) == 1
    assert [one.code for one in of(result, Rejected)] == [codes.EXCHANGE_MODE] * 4
    assert len(of(result, Transferred, reason=codes.R_DEPOSIT)) == 1
    assert len(of(result, Transferred, reason=codes.R_TRANSFER)) == 1


def test_paused_refuses_exits_of_vaults_too(played: Performance) -> None:
    """Paused, a hedged fill that reduces is all that passes; let go, an exit does."""
    result = chapter(played, 15)
    told = (BreakerMoved, VaultWithdrawn, VaultHedged, Rejected, Proposed, ProposalEnded)
    story = [event for _, _, event in result.events if isinstance(event, told)]
    assert [type(event) for event in story] == [
        BreakerMoved, Rejected, Rejected, VaultHedged, Rejected, Proposed, ProposalEnded,
        BreakerMoved, VaultWithdrawn,
    ]  # fmt: skip
    codes_of = [event.code for event in story if isinstance(event, Rejected)]
    assert codes_of == [codes.EXCHANGE_MODE, codes.EXCHANGE_MODE, codes.NEEDS_PROPOSAL]


def test_the_vault_trips_above_its_utilisation_and_recovers_after_its_hold(
    played: Performance,
) -> None:
    """Utilisation from spot and position of the log: above 60 % at the trip, calm for five minutes
    before the release."""
    replayed = Replayed(played)
    account = holder(played, VAULT)
    high: list[tuple[int, bool]] = []
    moves: list[tuple[int, int, int]] = []
    for now, found in records(played):
        replayed.take(found)
        held = replayed.base[account, ETH]
        whole = replayed.books[account, 1] + held
        high.append((now, held * PPM > 600_000 * whole))
        moves += [(now, one.mode, one.cause) for one in found if isinstance(one, VaultBreakerMoved)]
    assert [(mode, cause) for _, mode, cause in moves] == [
        (codes.TRIPPED, codes.CAUSE_UTILISATION),
        (codes.NORMAL, codes.CAUSE_RECOVERED),
    ]
    tripped, released = (now for now, _, _ in moves)
    above = [now for now, is_high in high if is_high]
    assert min(above) < tripped <= max(above)
    prices = sorted({now for _, now, one in played.scene.log if isinstance(one, OracleAccepted)})
    assert tripped == min(now for now in prices if now > min(above))
    calm = min(now for now, is_high in high if now > max(above) and not is_high)
    assert released == min(now for now in prices if now >= calm + HOLD)
    assert refusals(chapter(played, 13)) == {"VAULT_UTILISATION", "VAULT_MODE"}


# Two keys -----------------------------------------------------------------------------------------


def test_what_loosens_needs_its_delay_and_another_operator(played: Performance) -> None:
    """Three were proposed: two executed by olga ten minutes later, one taken back, stale."""
    olga = played.scene.player("olga").principal
    opened: dict[int, tuple[int, Proposed]] = {}
    ends: list[tuple[int, int]] = []
    for now, found in records(played):
        for one in found:
            if isinstance(one, Proposed):
                opened[one.proposal] = (now, one)
                assert one.ready_ms == now + DELAY
                assert one.principal == 0
            elif isinstance(one, ProposalEnded):
                then, proposed = opened[one.proposal]
                assert one.principal == olga != proposed.principal
                assert now >= then + DELAY
                ends.append((one.change, one.reason))
    assert ends == [
        (16, codes.PROPOSAL_EXECUTED), (16, codes.PROPOSAL_CANCELLED),
        (17, codes.PROPOSAL_EXECUTED),
    ]  # fmt: skip
    assert [codes.REJECTS[one.code][0] for one in of(chapter(played, 14), Rejected)] == [
        *["NEEDS_PROPOSAL"] * 4, "PROPOSAL_EARLY", "PROPOSAL_OWN", "UNKNOWN_PROPOSAL",
        "PROPOSAL_STALE",
    ]  # fmt: skip


def test_the_cap_is_raised_by_a_proposal_and_lowered_at_once(played: Performance) -> None:
    """In the chapter limits are set twice: with the end of a proposal, and alone."""
    told = (BreakerParamsSet, ProposalEnded, Proposed, Rejected)
    sets = [
        [type(one).__name__ for one in found if isinstance(one, told)]
        for _, found in records(played)
        if any(isinstance(one, BreakerParamsSet) for one in found)
    ]
    assert sets == [
        ["BreakerParamsSet"], ["ProposalEnded", "BreakerParamsSet"], ["BreakerParamsSet"],
    ]  # fmt: skip
    assert not moved([event for _, _, event in chapter(played, 14).events], codes.R_WITHDRAWAL)
