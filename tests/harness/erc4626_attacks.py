"""Laws of vaults for who would take more out than he brought."""

from __future__ import annotations

import random
from typing import Final

from plimsoll.messages import codes, commands
from tests.harness.erc4626 import (
    HOUR_MS,
    KINDS,
    Refused,
    Tokenized,
    code_of,
    with_params,
)
from tests.harness.erc4626_guards import OTHER, has_fees
from tests.harness.erc4626_laws import HOLDER, LAWS, NEWCOMER, Law, bound, holding, law

LOSS_PPM = 1_000
"""A victim of an inflation may lose a thousandth."""


@law("attacks", "ERC4626-033")
def inflation_does_not_pay(vault: Tokenized, number: int) -> bool:
    """Who makes the first shares dear costs the next depositor at most what a share is worth and a
    unit, less than a thousandth of it, and himself that times the virtual shares."""
    if vault.vault.supply > 0 or vault.vault.params.virtual_shares == 0:
        return False
    scale = 10**9 if vault.ident == KINDS["base"] else 10**6
    given = bound(number, 50 * scale)
    first = 1 + number % 50
    had = vault.has("bob")
    try:
        vault.deposit("bob", first)
    except Refused:
        return False
    # The donation, in collateral; a unit of the base vault's asset is a ten-thousandth of one.
    donated = given // 10 if vault.ident == KINDS["base"] else given
    vault.gain(donated)
    price = vault.price
    stake = given + 10_000 + number % 1_000
    try:
        got = vault.deposit(NEWCOMER, stake)
    except Refused as refusal:
        assert refusal.code == codes.SHARES_TOO_FEW
        return False
    lost = stake - vault.redeem(NEWCOMER, got)
    assert 0 <= lost <= price + 2
    assert lost * 10**6 < stake * LOSS_PPM
    code_of(vault.redeem, "bob", vault.shares("bob"))
    spent = had - vault.has("bob") + given
    assert spent >= vault.vault.params.virtual_shares * (lost - 3)
    return True


@law("attacks", "ERC4626-034")
def a_share_is_finer_than_a_unit(vault: Tokenized, _: int) -> bool:
    """At first a unit of the asset buys a share at least: nothing is lost by counting in shares."""
    if vault.vault.supply > 0 or vault.effective[1] == 0:
        return False
    assert vault.price <= 1
    assert vault.to_shares(1) >= 1
    return True


@law("attacks")
def no_sequence_gains(vault: Tokenized, number: int) -> bool:
    """Whatever two depositors do without an event of the market, neither ends with more than the
    other lost."""
    chance = random.Random(number)
    slack = unbacked(vault)
    start = can_have(vault, NEWCOMER), vault.shares(OTHER) * vault.price
    done = 0
    for _ in range(6):
        who = chance.choice((NEWCOMER, HOLDER))
        if chance.random() < 0.5:
            amount = max(1, int(vault.wallet(who) * chance.random() ** 4))
            done += code_of(vault.deposit, who, amount) == 0
        elif vault.shares(who):
            given = max(1, int(vault.shares(who) * chance.random() ** 2))
            done += code_of(vault.redeem, who, given) == 0
    if not has_fees(vault):
        # What the roundings of the holder's commands left to everybody.
        assert can_have(vault, NEWCOMER) <= start[0] + 6 * (1 + vault.price) + slack
    assert vault.shares(OTHER) * vault.price >= start[1]
    return done > 0


def can_have(vault: Tokenized, who: str) -> int:
    """What somebody has once he has given all back that he can."""
    try:
        return vault.has(who) + vault.preview_redeem(who, vault.shares(who))
    except Refused:
        return vault.has(who)


def unbacked(vault: Tokenized) -> int:
    """What the price of a share may promise to holders that the vault does not have: nothing while
    shares have gained, else the virtual assets at most, and what it owes."""
    params = vault.vault.params
    worth, supply = vault.total_assets, vault.vault.supply
    if worth * params.virtual_shares >= supply * params.virtual_assets:
        return 0
    return params.virtual_assets + max(0, -worth)


@law("attacks")
def a_newcomer_is_not_drained(vault: Tokenized, number: int) -> bool:
    """What holders can have of a newcomer's money is rounding; in a vault whose shares have lost,
    the virtual assets at most, which their price promises and nobody has."""
    if has_fees(vault):
        return False
    holding(vault)
    amount = bound(number, vault.wallet(NEWCOMER))
    most = 3 * (1 + vault.price) + unbacked(vault)
    try:
        vault.deposit(NEWCOMER, amount)
        for who in (HOLDER, OTHER):
            code_of(vault.redeem, who, vault.most(vault.preview_redeem, who))
        value = vault.redeem(NEWCOMER, vault.shares(NEWCOMER))
    except Refused:
        return False
    assert amount - value <= most
    return True


@law("attacks")
def an_unlock_is_paid_once(vault: Tokenized, number: int) -> bool:
    """Nothing before its time, then its value, and nothing after that; in the order of asking."""
    with_params(vault, cooldown_ms=HOUR_MS, max_unlocks=40)
    given = bound(number, holding(vault))
    had = vault.wallet(HOLDER)
    waited = vault.waiting(HOLDER)
    if code_of(vault.redeem, HOLDER, given):
        return False
    due = vault.waiting(HOLDER)
    if due == waited:
        return False
    assets = vault.total_assets
    vault.now += HOUR_MS - 1
    refresh(vault)
    if not waited:
        assert code_of(vault.claim, HOLDER) == codes.UNLOCK_NOT_DUE
    assert vault.wallet(HOLDER) == had
    vault.now += 1
    vault.claim(HOLDER)
    assert vault.wallet(HOLDER) == had + due
    assert vault.waiting(HOLDER) == 0
    assert vault.total_assets == assets
    assert code_of(vault.claim, HOLDER) == codes.UNLOCK_NOT_DUE
    vault.run(commands.Tick(50), 2)
    assert vault.wallet(HOLDER) == had + due
    return True


def refresh(vault: Tokenized) -> None:
    """The same price once more, of now."""
    price = vault.engine.state.oracles[0].price
    vault.run(commands.OraclePrices([commands.PricePoint(0, price, 0, vault.now)]), 1)


ALL: Final[dict[str, Law]] = LAWS
"""Every law, of this module and of the two it builds on."""


def of(group: str) -> list[str]:
    """The laws of a group."""
    return [name for name, one in ALL.items() if one.group == group]
