"""What ERC-4626 asks of any vault, as laws over (a vault in some state, a number).

A law raises ``AssertionError`` where it is broken and returns whether it had anything to say: a
number may be refused for what there is not. ``LAWS`` names for each the published properties that
it stands for: those of a16z's suite by their functions, those of crytic's by their numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from plimsoll.messages import codes
from plimsoll.units import at_rate_ceil
from tests.harness.erc4626 import PEOPLE, TOO_MUCH, Refused, Tokenized, code_of

Body = Callable[[Tokenized, int], bool]


class Law(NamedTuple):
    """A law, the group it is of, and what it was published as."""

    body: Body
    group: str
    published: tuple[str, ...]


LAWS: Final[dict[str, Law]] = {}
HOLDER, NEWCOMER = "lp", "alice"


def law(group: str, *published: str) -> Callable[[Body], Body]:
    """Enter a function as a law."""

    def enter(body: Body) -> Body:
        LAWS[body.__name__] = Law(body, group, published)
        return body

    return enter


def bound(number: int, most: int) -> int:
    """A number brought into 1 .. ``most``; small ones stay."""
    return 1 + (number - 1) % most if number > 0 and most > 0 else max(0, min(number, most))


def holding(vault: Tokenized) -> int:
    """Shares of the holder, who buys some in a vault that is empty."""
    if vault.shares(HOLDER) == 0:
        vault.deposit(HOLDER, vault.wallet(HOLDER) // 7)
    return vault.shares(HOLDER)


def worth_of(vault: Tokenized, number: int) -> int:
    """An amount within what the shares of the holder are worth."""
    return bound(number, max(1, int(holding(vault) * vault.price)))


# Round trips --------------------------------------------------------------------------------------


@law("round trips", "prop_RT_deposit_redeem")
def redeem_of_deposit(vault: Tokenized, number: int) -> bool:
    """redeem(deposit(a)) <= a."""
    amount = bound(number, vault.wallet(NEWCOMER))
    before = vault.has(NEWCOMER)
    try:
        got = vault.deposit(NEWCOMER, amount)
        back = vault.redeem(NEWCOMER, got)
    except Refused:
        return False
    assert back <= amount
    assert vault.has(NEWCOMER) <= before
    return True


@law("round trips", "prop_RT_deposit_withdraw")
def withdraw_of_deposit(vault: Tokenized, number: int) -> bool:
    """s = deposit(a), s' = withdraw(a): s' >= s."""
    amount = bound(number, vault.wallet(HOLDER) // 2)
    holding(vault)
    try:
        got = vault.deposit(HOLDER, amount)
        burnt = vault.withdraw(HOLDER, amount)
    except Refused:
        return False
    assert burnt >= got
    return True


@law("round trips", "prop_RT_redeem_deposit")
def deposit_of_redeem(vault: Tokenized, number: int) -> bool:
    """deposit(redeem(s)) <= s."""
    given = bound(number, holding(vault))
    try:
        value = vault.redeem(HOLDER, given)
        again = vault.deposit(HOLDER, value)
    except Refused:
        return False
    assert again <= given or vault.vault.supply == again
    return True


@law("round trips", "prop_RT_redeem_mint")
def mint_of_redeem(vault: Tokenized, number: int) -> bool:
    """a = redeem(s), a' = mint(s): a' >= a."""
    given = bound(number, holding(vault))
    try:
        value = vault.redeem(HOLDER, given)
        if vault.vault.supply == 0 and vault.vault.params.virtual_shares == 0:
            return False
        asked = vault.mint(HOLDER, given)
    except Refused:
        return False
    assert asked >= value
    return True


@law("round trips", "prop_RT_mint_withdraw")
def withdraw_of_mint(vault: Tokenized, number: int) -> bool:
    """withdraw(mint(s)) >= s."""
    holding(vault)
    wanted = bound(number, max(1, int(vault.wallet(HOLDER) / 2 / vault.price)))
    try:
        paid = vault.mint(HOLDER, wanted)
        burnt = vault.withdraw(HOLDER, paid)
    except Refused:
        return False
    assert burnt >= wanted
    return True


@law("round trips", "prop_RT_mint_redeem")
def redeem_of_mint(vault: Tokenized, number: int) -> bool:
    """a = mint(s), a' = redeem(s): a' <= a."""
    wanted = bound(number, max(1, int(vault.wallet(NEWCOMER) / 2 / vault.price)))
    try:
        paid = vault.mint(NEWCOMER, wanted)
        back = vault.redeem(NEWCOMER, vault.shares(NEWCOMER))
    except Refused:
        return False
    assert back <= paid
    return True


@law("round trips", "prop_RT_withdraw_mint")
def mint_of_withdraw(vault: Tokenized, number: int) -> bool:
    """s = withdraw(a), a' = mint(s): a' >= a."""
    amount = worth_of(vault, number)
    try:
        burnt = vault.withdraw(HOLDER, amount)
        if vault.vault.supply == 0 and vault.vault.params.virtual_shares == 0:
            return False
        paid = vault.mint(HOLDER, burnt)
    except Refused:
        return False
    assert paid >= amount
    return True


@law("round trips", "prop_RT_withdraw_deposit")
def deposit_of_withdraw(vault: Tokenized, number: int) -> bool:
    """s = withdraw(a), s' = deposit(a): s' <= s."""
    amount = worth_of(vault, number)
    try:
        burnt = vault.withdraw(HOLDER, amount)
        again = vault.deposit(HOLDER, amount)
    except Refused:
        return False
    assert again <= burnt or vault.vault.supply == again
    return True


# What happens is what the preview said, and nothing else ------------------------------------------


def everybody(vault: Tokenized, *but: str) -> list[tuple[int, int, int]]:
    """What everybody has who does nothing."""
    return [
        (vault.has(who), vault.other(who), vault.shares(who)) for who in PEOPLE if who not in but
    ]


@law("accounting", "prop_previewDeposit", "prop_deposit", "ERC4626-029")
def deposit(vault: Tokenized, number: int) -> bool:
    """It takes the amount, all of it goes to the vault, and mints what the preview and the ratio
    say, rounded down; nobody else has more or less."""
    amount = bound(number, vault.wallet(NEWCOMER))
    had, owned, others = vault.has(NEWCOMER), vault.shares(NEWCOMER), everybody(vault, NEWCOMER)
    assets, supply, liability = vault.total_assets, vault.vault.supply, vault.vault.liability
    price = vault.price
    expected = code_of(vault.preview_deposit, NEWCOMER, amount)
    if expected:
        assert code_of(vault.deposit, NEWCOMER, amount) == expected
        return expected not in TOO_MUCH
    preview = vault.preview_deposit(NEWCOMER, amount)
    got = vault.deposit(NEWCOMER, amount)
    assert got == preview
    assert vault.has(NEWCOMER) == had - amount
    assert vault.shares(NEWCOMER) == owned + got
    assert vault.vault.supply == supply + got
    assert vault.total_assets == assets + amount
    assert vault.vault.liability == liability + amount
    assert everybody(vault, NEWCOMER) == others
    invested = amount - at_rate_ceil(amount, vault.vault.params.deposit_fee)
    assert 0 <= invested / price - got < 1
    return True


@law("accounting", "prop_previewMint", "prop_mint", "ERC4626-030")
def mint(vault: Tokenized, number: int) -> bool:
    """It costs what its preview said, not a unit less would have done, and brings the shares."""
    wanted = bound(number, max(1, int(vault.wallet(NEWCOMER) / 2 / vault.price)))
    had, owned = vault.has(NEWCOMER), vault.shares(NEWCOMER)
    try:
        preview = vault.preview_mint(NEWCOMER, wanted)
    except Refused:
        return False
    if preview > 1:
        refusal = code_of(vault.preview_deposit, NEWCOMER, preview - 1, wanted)
        assert refusal == codes.SHARES_TOO_FEW
    paid = vault.mint(NEWCOMER, wanted)
    assert paid == preview
    assert vault.has(NEWCOMER) == had - paid
    assert vault.shares(NEWCOMER) >= owned + wanted
    return True


@law("accounting", "prop_previewRedeem", "prop_redeem", "ERC4626-031")
def redeem(vault: Tokenized, number: int) -> bool:
    """It burns the shares and pays what the preview and the ratio say, rounded down and never more
    than the vault is worth; the liability falls by their part, and nobody else has more or less."""
    given = bound(number, holding(vault))
    had, had_other, others = vault.has(HOLDER), vault.other(HOLDER), everybody(vault, HOLDER)
    owned, assets, supply = vault.shares(HOLDER), vault.total_assets, vault.vault.supply
    liability, price = vault.vault.liability, vault.price
    expected = code_of(vault.preview_redeem, HOLDER, given)
    if expected:
        assert code_of(vault.redeem, HOLDER, given) == expected
        return expected not in TOO_MUCH
    preview = vault.preview_redeem(HOLDER, given)
    value = vault.redeem(HOLDER, given)
    assert value == preview
    assert vault.shares(HOLDER) == owned - given
    assert vault.vault.supply == supply - given
    paid = vault.has(HOLDER) - had
    assert value > 0 and 0 <= paid <= value
    if vault.other(HOLDER) == had_other:
        assert paid == value
        assert vault.total_assets == assets - value
    else:
        assert vault.total_assets >= assets - value
    assert everybody(vault, HOLDER) == others
    assert vault.vault.liability == liability - liability * given // supply
    exact = min(int(given * price), max(0, assets))
    assert value == exact - at_rate_ceil(exact, vault.vault.params.withdrawal_fee)
    return True


@law("accounting", "prop_previewWithdraw", "prop_withdraw", "ERC4626-032")
def withdraw(vault: Tokenized, number: int) -> bool:
    """It burns what its preview said, not a share less would have done, and pays the amount."""
    amount = worth_of(vault, number)
    had, owned = vault.has(HOLDER), vault.shares(HOLDER)
    other = vault.other(HOLDER)
    try:
        preview = vault.preview_withdraw(HOLDER, amount)
    except Refused:
        return False
    if preview > 1:
        refusal = code_of(vault.preview_redeem, HOLDER, preview - 1, amount)
        assert refusal == codes.VALUE_TOO_SMALL
    burnt = vault.withdraw(HOLDER, amount)
    assert burnt == preview
    assert vault.shares(HOLDER) == owned - burnt
    assert vault.has(HOLDER) >= had + amount or vault.other(HOLDER) > other
    return True


@law("accounting")
def bounds_are_kept(vault: Tokenized, number: int) -> bool:
    """What brings less than was asked for at least is refused, and changes nothing."""
    given = bound(number, holding(vault))
    amount = bound(number, vault.wallet(NEWCOMER))
    had = vault.has(NEWCOMER), vault.shares(NEWCOMER), vault.has(HOLDER), vault.shares(HOLDER)
    spoke = False
    try:
        got = vault.preview_deposit(NEWCOMER, amount)
        vault.preview_deposit(NEWCOMER, amount, got)
        assert code_of(vault.deposit, NEWCOMER, amount, got + 1) == codes.SHARES_TOO_FEW
        spoke = True
    except Refused:
        pass
    try:
        value = vault.preview_redeem(HOLDER, given)
        vault.preview_redeem(HOLDER, given, value)
        assert code_of(vault.redeem, HOLDER, given, value + 1) == codes.VALUE_TOO_SMALL
        spoke = True
    except Refused:
        pass
    after = vault.has(NEWCOMER), vault.shares(NEWCOMER), vault.has(HOLDER), vault.shares(HOLDER)
    assert after == had
    return spoke
