"""Who leaves a vault: what is paid in which asset, and what has to wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from plimsoll.core import vault_money
from plimsoll.messages import codes, commands
from plimsoll.messages.codes import BUY, SELL
from tests.harness.scenario import OPERATOR
from tests.harness.vault_flows import faulty, gain, params_of, refusal, replace_params
from tests.harness.vault_page import BASE, ETH, PASSIVE, QUOTE, VaultPage


def test_virtual_assets_are_never_paid_out() -> None:
    """SHARE-017: after a loss the last depositor gets what is there, and no part of the dollar that
    is not."""
    page = VaultPage()
    page.join("lp", PASSIVE, "5000")
    gain(page, PASSIVE, -1_000_000_000)
    left = page.leave("lp", PASSIVE)
    assert (left.value, left.supply, left.liability) == (4 * 10**9, 0, 0)
    assert page.worth(PASSIVE) == 0


def test_refusals_of_a_withdrawal_in_order() -> None:
    """SHARE-017 to SHARE-019: with every fault at once the first is the answer."""
    page = faulty(held=True)
    page.account("lp").liquidations = 0
    vault, lp = page.vault(PASSIVE), page.accounts["lp"]
    replace_params(page, cooldown_ms=1_000, max_unlocks=0)
    row = page.state.liquidity.find(PASSIVE, lp)
    assert row is not None
    gain(page, PASSIVE, -2_000_000_000)
    values: dict[str, Any] = {"account": 99, "vault": 9, "shares": 10**15, "min_value": 10**15}
    sender = [page.owner("alice")]

    def use(**more: Any) -> Callable[[], None]:
        return lambda: values.update(more)

    steps: list[tuple[str, Callable[[], Any]]] = [
        ("UNKNOWN_ACCOUNT", use(account=lp)),
        ("NOT_OWNER", lambda: sender.__setitem__(0, page.owner("lp"))),
        ("UNKNOWN_VAULT", use(vault=PASSIVE)),
        ("INSUFFICIENT_SHARES", use(shares=10**8)),
        ("UNLOCKS_FULL", lambda: replace_params(page, cooldown_ms=0)),
        ("ORACLE_INVALID", lambda: setattr(page.state.oracles[0], "published_ms", page.now)),
        ("ORACLE_TOO_UNCERTAIN", lambda: setattr(page.state.oracles[0], "confidence", 0)),
        ("VAULT_SHUT", lambda: gain(page, PASSIVE, 2_000_000_000)),
        ("VALUE_TOO_SMALL", use(min_value=1)),
        ("", lambda: setattr(vault, "mode", codes.HALTED)),
        ("", lambda: None),
    ]  # fmt: skip
    for name, heal in steps:
        assert refusal(page, commands.WithdrawVault(**values), sender[0]) == name
        heal()


def test_exits_pass_in_every_mode_and_without_the_whitelist() -> None:
    """SHARE-017: who was taken off the list, or is caught in a mode, can leave."""
    page = VaultPage(passive={"depositors_listed": 1})
    lp = page.accounts["lp"]
    assert page.refuse(page.join_command("lp", PASSIVE, "10"), page.owner("lp"))[:3] == (
        codes.NOT_WHITELISTED, lp, PASSIVE,
    )  # fmt: skip
    page.do(commands.SetVaultWhitelist(PASSIVE, lp, True), OPERATOR)
    page.join("lp", PASSIVE, "10")
    page.do(commands.SetVaultWhitelist(PASSIVE, lp, False), OPERATOR)
    for mode in range(len(codes.MODES)):
        page.do(commands.SetVaultMode(PASSIVE, mode), OPERATOR)
        assert page.leave("lp", PASSIVE, 1_000_000).value == 1_000_000
    assert page.refuse(page.join_command("lp", PASSIVE, "1"), page.owner("lp"))[:3] == (
        codes.VAULT_MODE, codes.HALTED, codes.RESTRICTED,
    )  # fmt: skip


def test_margin_that_backs_positions_stays() -> None:
    """SHARE-019: 5,000 USD, 12.5 bought at 1,900 and worth that: 2,625 are free, so 85 % of the
    shares (4,250 USD and the virtual dollar's part) must wait."""
    page = VaultPage(cash="100000", eth="0", price_band=100_000, oracle_jump_max=50_000_000)
    page.prices("2000")
    page.join("lp", PASSIVE, "5000")
    page.quote(max_quote_size=10**12)
    assert page.book() == "bids 1900:12.5, asks 2100:12.5"
    page.play("alice sell 12.5 @ 1900 ioc -> 12.5 @ 1900 vamm")
    page.prices("1900")
    vault = page.vault(PASSIVE)
    assert (page.worth(PASSIVE), vault_money.payable(page.state, vault)) == (
        5 * 10**9,
        2_625_000_000,
    )
    code, value, limit, _ = page.refuse(
        page.leave_command("lp", PASSIVE, 4_250_000_000), page.owner("lp")
    )
    assert (code, value, limit) == (codes.VAULT_MARGIN, 4_250_000_000, 2_625_000_000)
    assert page.leave("lp", PASSIVE, 2_625_000_000).paid == 2_625_000_000


# Hedged vaults ------------------------------------------------------------------------------------


def test_a_base_vault_takes_and_gives_base() -> None:
    """SHARE-015, SHARE-020, HEDGE-001: what depositors bring and take of the base is counted."""
    page = VaultPage(vault={"withdrawal_fee": 10_000})
    event = page.join("lp", BASE, "10")
    assert (event.asset, event.amount, event.shares) == (ETH, 10**10, 10**12)
    vault = page.vault(BASE)
    assert (vault.net_base, vault_money.spot_base(page.state, vault)) == (10**10, 10**10)
    left = page.leave("lp", BASE, 4 * 10**11)
    assert (left.value, left.fee, left.paid) == (3_960_000_000, 40_000_000, 3_960_000_000)
    assert (vault.net_base, vault.liability) == (6_040_000_000, 6 * 10**9)
    over = page.refuse(page.join_command("lp", BASE, "93.960000001"), page.owner("lp"))
    assert over[:3] == (codes.INSUFFICIENT_BALANCE, 93_960_000_001, 93_960_000_000)


def test_without_a_position_the_rest_is_paid_in_the_other_asset() -> None:
    """SHARE-020: a base vault that earned 50 USD pays all its base, then cash at the oracle; all
    rounded down, and nothing is left but rounding and what the virtual shares are worth."""
    page = VaultPage(vault={"virtual_shares": 0})
    page.join("lp", BASE, "1")
    gain(page, BASE, 50_000_001)
    vault = page.vault(BASE)
    assert page.worth(BASE) == 1_500_000_010
    left = page.leave("lp", BASE, 800_000_000)
    assert (left.value, left.paid, left.other, left.other_asset) == (
        1_200_000_008, 10**9, 20_000_000, 0,
    )  # fmt: skip
    assert (vault.net_base, vault.account.cash()) == (0, 30_000_001)
    left = page.leave("lp", BASE)
    assert (left.value, left.paid, left.other) == (300_000_010, 0, 30_000_001)
    assert page.account("lp").cash() == 10_050_000_001


def test_a_quote_vault_pays_the_rest_in_base_that_is_not_hedged_any_more() -> None:
    """SHARE-020: 100 USD, of which a lost leg left half in base; what is paid out in base need not
    be sold."""
    page = VaultPage(vault={"virtual_shares": 0})
    page.join("lp", QUOTE, "100")
    gain(page, QUOTE, -50_000_000)
    gain(page, QUOTE, 500_000_000, ETH)
    vault = page.vault(QUOTE)
    vault.unhedged = 500_000_000
    assert page.worth(QUOTE) == 100_000_000
    before = page.eth("lp")
    left = page.leave("lp", QUOTE, 75_000_001)
    assert (left.value, left.paid, left.other, left.other_asset) == (
        75_000_001, 50_000_000, 250_000_010, ETH,
    )  # fmt: skip
    assert page.eth("lp") == before + 250_000_010
    assert (vault.unhedged, vault.net_base) == (249_999_990, 0)
    assert vault.effective_mode() == codes.RESTRICTED


def test_base_that_nobody_will_buy_back_is_not_owed() -> None:
    """SHARE-020: who is paid in cash for base that a lost leg sold settles that leg."""
    page = VaultPage(vault={"virtual_shares": 0})
    page.join("lp", BASE, "1")
    gain(page, BASE, -400_000_000, ETH)
    gain(page, BASE, 40_000_000)
    vault = page.vault(BASE)
    vault.unhedged = -400_000_000
    left = page.leave("lp", BASE)
    assert (left.paid, left.other) == (600_000_000, 40_000_000)
    assert (vault.net_base, vault.unhedged) == (0, 0)


@pytest.mark.parametrize(("ident", "side"), [(BASE, SELL), (QUOTE, BUY)])
def test_with_a_position_a_hedged_vault_pays_what_it_has_of_its_asset(
    ident: int, side: int
) -> None:
    """SHARE-020: the base that was sold (the money that base was bought for) cannot be paid out
    while the position stands."""
    page = VaultPage(vault={"min_margin_ratio": 1, "virtual_shares": 0})
    page.join("lp", ident, "10" if ident == BASE else "1000")
    page.deal("alice", ident, side, "6")
    vault = page.vault(ident)
    held = vault_money.payable(page.state, vault)
    assert vault_money.position_base(vault) == (6 * 10**9 if ident == BASE else -6 * 10**9)
    shares = page.shares("lp", ident)
    code, needed, limit, _ = page.refuse(page.leave_command("lp", ident, shares), page.owner("lp"))
    assert (code, limit) == (codes.VAULT_ASSETS, held)
    assert needed == page.worth(ident) > held
    page.do(
        commands.SetVaultParams(ident, params_of(page, ident, min_margin_ratio=10**6)), OPERATOR
    )
    page.prices("95" if ident == BASE else "105")
    if ident == BASE:
        gain(page, ident, -20_000_000)
    leave = page.leave_command("lp", ident, shares * 399 // 1_000)
    code, ratio, least, _ = page.refuse(leave, page.owner("lp"))
    assert (code, least) == (codes.MIN_MARGIN_RATIO, 10**6)
    assert ratio < 10**6


def test_idle_base_leaves_whatever_the_margin_ratio() -> None:
    """SHARE-020: a small position and a price that halves shut nobody in: base that leaves does not
    touch the margin ratio."""
    page = VaultPage(eth="4000", cash="100000", virtual=("0", "0"))
    page.join("lp", BASE, "100")
    page.deal("alice", BASE, SELL, "1")
    page.prices("49")
    vault = page.vault(BASE)
    assert vault_money.margin_ratio(page.state, vault) < vault.params.min_margin_ratio
    page.leave("lp", BASE, page.shares("lp", BASE) // 2)


def test_a_quote_vault_keeps_its_margin_ratio() -> None:
    """SHARE-020: money that leaves lowers it, so that it stays at the minimum at least."""
    page = VaultPage(vault={"min_margin_ratio": 900_000})
    page.join("lp", QUOTE, "1000")
    page.deal("alice", QUOTE, BUY, "4")
    shares = page.shares("lp", QUOTE)
    page.leave("lp", QUOTE, shares // 2)
    vault = page.vault(QUOTE)
    assert vault_money.margin_ratio(page.state, vault) > 1_000_000
    page.prices("130")
    most = page.leave_command("lp", QUOTE, shares // 12)
    code, ratio, least, _ = page.refuse(most, page.owner("lp"))
    assert (code, least) == (codes.MIN_MARGIN_RATIO, 900_000)
    assert ratio < 900_000
