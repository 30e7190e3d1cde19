"""Depositors of every kind of vault: what they bring, what they get, what refuses them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.core.engine import Engine
from plimsoll.core.load import load
from plimsoll.messages import codec, codes, commands, events
from tests.harness.vault_flows import faulty, gain, of, refusal, replace_params
from tests.harness.vault_page import BASE, ETH, PASSIVE, QUOTE, VaultPage

DAY = 86_400_000


# Shares of the passive vault ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "worth"),
    [(1_000_000_000, 2_999_900_019), (-1_000_000_000, 2_000_099_980), (0, 2_500_000_000)],
)
def test_half_of_the_shares_after_a_gain_and_a_loss(after: int, worth: int) -> None:
    """SHARE-001 to SHARE-003: 5,000 USD are 5e9 shares; at 6,000 and 4,000 half is worth its part
    of that with the virtual dollar."""
    page = VaultPage(passive={})
    event = page.join("lp", PASSIVE, "5000")
    assert event.row() == [
        65, 0, page.accounts["lp"], 0, 5 * 10**9, 0, 5 * 10**9, 5 * 10**9, 0, 5 * 10**9,
    ]  # fmt: skip
    gain(page, PASSIVE, after)
    left = page.leave("lp", PASSIVE, 2_500_000_000)
    assert (left.value, left.paid, left.other, left.fee) == (worth, worth, 0, 0)
    assert (left.supply, left.assets, left.liability) == (
        2_500_000_000, 5 * 10**9 + after, 2_500_000_000,
    )  # fmt: skip
    assert page.account("lp").cash() == 5 * 10**9 + worth


@pytest.mark.parametrize(
    ("supply", "held", "amount", "minted"),
    [
        (0, 0, 1_000_000, 1_000_000),
        (1_000_000, 1_000_000, 1_000_000, 1_000_000),
        (2_000_000, 2_000_000, 1, 1),
        (0, 5_000_000, 5_000_000, 833_333),
    ],
)
def test_shares_of_reference_deposits(supply: int, held: int, amount: int, minted: int) -> None:
    """SHARE-002: a dollar into an empty vault, beside one, the smallest amount, and a vault that
    was given money."""
    page = VaultPage()
    if supply:
        page.join("lp2", PASSIVE, str(supply / 10**6))
    gain(page, PASSIVE, held - page.worth(PASSIVE))
    assert page.join("lp", PASSIVE, f"{amount / 10**6:.6f}").shares == minted


def test_who_inflates_the_price_of_a_share_loses_it() -> None:
    """SHARE-006: one share and a gift of 10,000 USD leave the next depositor 4,999.996633 of
    5,000."""
    page = VaultPage(cash="20000")
    page.join("lp2", PASSIVE, "0.000001")
    gain(page, PASSIVE, 10_000 * 10**6)
    assert page.join("lp", PASSIVE, "5000").shares == 499_950
    assert page.leave("lp", PASSIVE).value == 4_999_996_633


def test_fees_stay_with_those_who_stay() -> None:
    """SHARE-016, SHARE-018: 1 % in and 0.5 % out, rounded up; ``min_value`` is after the fee."""
    page = VaultPage(passive={"deposit_fee": 10_000, "withdrawal_fee": 5_000})
    found = page.do(page.join_command("lp", PASSIVE, "100"), page.owner("lp"))
    moved = [(one.amount, codes.REASONS[one.reason]) for one in found
             if isinstance(one, events.Transferred)]  # fmt: skip
    assert moved == [(99_000_000, "vault_deposit"), (1_000_000, "vault_fee")]
    event = of(found, events.VaultDeposited)
    assert (event.fee, event.shares, event.liability) == (1_000_000, 99_000_000, 100_000_000)
    # 101 · 99e6 / 100e6 = 99.99, of which the fee is 0.49995.
    low = page.refuse(page.leave_command("lp", PASSIVE, 99_000_000, 99_490_051), page.owner("lp"))
    assert low[:3] == (codes.VALUE_TOO_SMALL, 99_490_050, 99_490_051)
    page.do(page.leave_command("lp", PASSIVE, 99_000_000, 99_490_050), page.owner("lp"))
    left = of(page.found, events.VaultWithdrawn)
    assert (left.value, left.fee, page.worth(PASSIVE)) == (99_490_050, 499_950, 509_950)
    small = page.refuse(page.join_command("lp", PASSIVE, "0.000001"), page.owner("lp"))
    assert small[:3] == (codes.SHARES_TOO_FEW, 0, 1)


def test_unrealised_profit_of_a_depositor_stays_where_it_is() -> None:
    """SHARE-015, MARGIN-007: a deposit is money that leaves the account."""
    page = VaultPage(traders="lp bob", cash="250", eth="0")
    page.play("lp buy 20 @ 100\nbob sell 20 @ 100")
    page.prices("97.5")
    # Equity 200, requirement 195.
    most = page.refuse(page.join_command("lp", PASSIVE, "5.000001"), page.owner("lp"))
    assert most[:3] == (codes.NOT_WITHDRAWABLE, 5_000_001, 5_000_000)
    page.join("lp", PASSIVE, "5")


# Refusals in order --------------------------------------------------------------------------------


def test_refusals_of_a_deposit_in_order() -> None:
    """SHARE-015: with every fault at once the first is the answer; healed, it shows the next."""
    page = faulty()
    vault, lp = page.vault(PASSIVE), page.accounts["lp"]
    replace_params(page, depositors_listed=1, deposit_cap=1)
    vault.mode = codes.REDUCE_ONLY
    supply, vault.supply = vault.supply, 2**62 - 2
    gain(page, PASSIVE, -2_000_000_000)
    values: dict[str, Any] = {"account": 99, "vault": 9, "amount": 10**15, "min_shares": 10**15}
    sender = [page.owner("alice")]

    def use(**more: Any) -> Callable[[], None]:
        return lambda: values.update(more)

    steps: list[tuple[str, Callable[[], Any]]] = [
        ("UNKNOWN_ACCOUNT", use(account=lp)),
        ("NOT_OWNER", lambda: sender.__setitem__(0, page.owner("lp"))),
        ("UNKNOWN_VAULT", use(vault=PASSIVE)),
        ("VAULT_MODE", lambda: setattr(vault, "mode", codes.ACTIVE)),
        ("NOT_WHITELISTED", lambda: replace_params(page, depositors_listed=0)),
        ("IN_LIQUIDATION", lambda: setattr(page.account("lp"), "liquidations", 0)),
        ("ORACLE_INVALID", lambda: setattr(page.state.oracles[0], "published_ms", page.now)),
        ("ORACLE_TOO_UNCERTAIN", lambda: setattr(page.state.oracles[0], "confidence", 0)),
        ("NOT_WITHDRAWABLE", use(amount=5_000_000)),
        ("VAULT_CAP", lambda: replace_params(page, deposit_cap=0)),
        ("VAULT_SHUT", lambda: gain(page, PASSIVE, 2_000_000_000)),
        ("SHARES_LIMIT", lambda: setattr(vault, "supply", supply)),
        ("SHARES_TOO_FEW", use(min_shares=4_995_000)),
        ("", lambda: None),
    ]  # fmt: skip
    for name, heal in steps:
        assert refusal(page, commands.DepositVault(**values), sender[0]) == name
        heal()


def test_a_vault_that_is_being_liquidated_takes_and_gives_nothing() -> None:
    """SHARE-015, SHARE-019: nobody buys into a penalty, and nobody leaves it to the others."""
    page = VaultPage()
    page.join("lp", PASSIVE, "1000")
    page.vault(PASSIVE).account.liquidations = 1
    owner = page.owner("lp")
    assert refusal(page, page.join_command("lp", PASSIVE, "1"), owner) == "IN_LIQUIDATION"
    assert refusal(page, page.leave_command("lp", PASSIVE, 1), owner) == "VAULT_MARGIN"


# Laws ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ident", [PASSIVE, BASE, QUOTE])
def test_a_preview_is_what_happens(ident: int) -> None:
    """SHARE-001: a dry run shows the very events, and leaves no trace."""
    page = VaultPage(vault={"deposit_fee": 333, "withdrawal_fee": 77})
    gain(page, ident, 123_457)
    owner = page.owner("lp")
    join = page.join_command("lp", ident, "3.000001")
    before = page.hash()
    seen = [event.row() for event in page.engine.dry_run(join, page.now, owner)]
    assert page.hash() == before
    assert [event.row() for event in page.do(join, owner)] == seen
    leave = page.leave_command("lp", ident, page.shares("lp", ident) // 3)
    seen = [event.row() for event in page.engine.dry_run(leave, page.now, owner)]
    assert [event.row() for event in page.do(leave, owner)] == seen


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 10**9)), min_size=1, max_size=8),
    st.integers(1, 10**9),
)
def test_nobody_gets_out_more_than_he_brought_without_an_event(
    before: list[tuple[int, int]], amount: int
) -> None:
    """SHARE-005: whatever the vault went through before, a deposit taken back at once is no gain,
    and no step lowers the price of a share (V3 halts)."""
    page = VaultPage(passive={"deposit_fee": 0})
    for kind, value in before:
        if kind == 0 or page.shares("lp2", PASSIVE) == 0:
            page.engine.apply(
                commands.DepositVault(page.accounts["lp2"], PASSIVE, value, 0),
                page.seq, page.now, page.owner("lp2"),
            )  # fmt: skip
        elif kind == 1:
            page.engine.apply(
                page.leave_command("lp2", PASSIVE, min(value, page.shares("lp2", PASSIVE))),
                page.seq, page.now, page.owner("lp2"),
            )  # fmt: skip
        else:
            gain(page, PASSIVE, value if kind == 2 else -min(value, page.worth(PASSIVE)))
    had = page.account("lp").cash()
    command = commands.DepositVault(page.accounts["lp"], PASSIVE, amount, 0)
    if page.engine.apply(command, page.seq, page.now, page.owner("lp")):
        page.engine.drain()
        page.engine.apply(
            page.leave_command("lp", PASSIVE, page.shares("lp", PASSIVE)),
            page.seq, page.now, page.owner("lp"),
        )  # fmt: skip
    assert page.account("lp").cash() <= had


def test_flows_survive_a_snapshot_and_a_replay() -> None:
    """NODE-006: the state that a snapshot brings back gives the same events for what follows."""
    page = VaultPage()
    page.join("lp", PASSIVE, "100")
    page.join("lp", BASE, "2")
    page.quote()
    page.prices("100")
    copy = Engine(load(codec.decode_state(codec.encode_state(page.state.dump()))))
    rest: list[tuple[commands.Command, int]] = [
        (page.join_command("lp2", PASSIVE, "7"), page.owner("lp2")),
        (page.leave_command("lp", BASE, 10**9), page.owner("lp")),
        (page.leave_command("lp", PASSIVE, 10**7), page.owner("lp")),
    ]
    for command, sender in rest:
        page.do(command, sender)
        copy.apply(command, page.seq, page.now, sender)
        assert [one.row() for one in copy.drain()] == [one.row() for one in page.found]
    assert codec.state_hash(copy.state.dump()) == page.hash()


# Shut, open, and the day's worth ------------------------------------------------------------------


def test_a_vault_is_shut_and_opens_again() -> None:
    """SHARE-004, SHARE-022: at A <= 0, reported once each way, by the prices that did it."""
    page = VaultPage(cash="100000", eth="0", price_band=500_000)
    page.join("lp", PASSIVE, "100")
    page.quote(max_quote_size=10**12)
    page.play("alice sell 5 @ 95 ioc -> 5 @ 95 vamm")
    found = page.prices("74.8")
    shut = of(found, events.VaultShut)
    assert (shut.vault, shut.asset, shut.assets) == (PASSIVE, 0, -1_000_000)
    owner = page.owner("lp")
    for command in (page.join_command("lp", PASSIVE, "1"), page.leave_command("lp", PASSIVE, 10)):
        assert page.refuse(command, owner)[:2] == (codes.VAULT_SHUT, 0)
    assert not any(isinstance(one, events.VaultShut) for one in page.prices("74.7"))
    opened = of(page.prices("74.9"), events.VaultOpened)
    assert opened.assets == -500_000


def test_an_empty_vault_without_virtual_shares_is_not_shut() -> None:
    """SHARE-004: nothing stands behind no shares; the first deposit is minted one for one."""
    page = VaultPage(passive={"virtual_shares": 0, "virtual_assets": 0})
    page.prices("100")
    assert not page.vault(PASSIVE).shut
    assert page.join("lp", PASSIVE, "5").shares == 5_000_000


def test_the_first_prices_of_a_day_tell_what_vaults_are_worth() -> None:
    """SHARE-023: once a day, and only at prices that are all valid."""
    page = VaultPage()
    page.join("lp", PASSIVE, "10")
    page.now = 3 * DAY
    page.published = page.now
    found = [one for one in page.prices("100") if isinstance(one, events.VaultSnapshot)]
    assert [one.row() for one in found] == [
        [79, PASSIVE, 0, 10_000_000, 10_000_000, 10_000_000, 3],
        [79, BASE, ETH, 0, 0, 0, 3],
        [79, QUOTE, 0, 0, 0, 0, 3],
    ]
    assert not any(isinstance(one, events.VaultSnapshot) for one in page.prices("100"))


def test_a_day_that_begins_with_an_old_price_is_told_later() -> None:
    """SHARE-023: a vault exposed to a market without a valid price waits for one."""
    page = VaultPage()
    page.join("lp", PASSIVE, "1000")
    page.quote()
    page.prices("100")
    page.now = 3 * DAY
    old = commands.PricePoint(0, 100_000_000, 0, page.now - 10**7)
    found = page.do(commands.OraclePrices([old]), 1)
    assert [one.vault for one in found if isinstance(one, events.VaultSnapshot)] == [BASE, QUOTE]
    found = page.prices("100")
    assert [one.vault for one in found if isinstance(one, events.VaultSnapshot)] == [PASSIVE]


def test_prices_are_not_refused_because_of_a_vault() -> None:
    """SHARE-022: what a vault is worth may leave the range of amounts; the prices come in."""
    page = VaultPage()
    gain(page, BASE, 2**61)
    page.now += 2 * DAY
    found = page.prices("0.000001")
    assert isinstance(found[0], events.OracleAccepted)
    assert [one.vault for one in found if isinstance(one, events.VaultSnapshot)] == [PASSIVE, QUOTE]
