"""Further laws of vaults: rounding, who asks, and what must never fail."""

from __future__ import annotations

from plimsoll.core import views_vaults
from plimsoll.messages import codes, commands
from plimsoll.units import AMOUNT_MAX, at_rate_ceil
from tests.harness.erc4626 import (
    PEOPLE,
    TOO_MUCH,
    Refused,
    Tokenized,
    code_of,
    is_shut,
    with_params,
)
from tests.harness.erc4626_laws import HOLDER, NEWCOMER, bound, holding, law
from tests.harness.scenario import OPERATOR
from tests.harness.vault_page import BASE, ETH

OTHER = "lp2"
FEE_PPM = 3_000
"""The higher one of the fees in the state that has them."""


def has_fees(vault: Tokenized) -> bool:
    """Whether a depositor pays anything."""
    params = vault.vault.params
    return params.deposit_fee > 0 or params.withdrawal_fee > 0


# Rounding -----------------------------------------------------------------------------------------


@law("rounding", "ERC4626-013", "ERC4626-015", "ERC4626-019")
def nothing_buys_nothing(vault: Tokenized, _: int) -> bool:
    """No shares for a deposit of nothing: previewed, converted, or made."""
    assert vault.to_shares(0) == 0
    assert code_of(vault.preview_deposit, NEWCOMER, 0) != 0
    assert code_of(vault.deposit, NEWCOMER, 0) != 0
    assert vault.shares(NEWCOMER) == 0 or NEWCOMER == HOLDER
    return True


@law("rounding", "ERC4626-016", "ERC4626-018", "ERC4626-022")
def no_shares_bring_nothing(vault: Tokenized, _: int) -> bool:
    """Nothing is paid for no shares: previewed, converted, or given back."""
    holding(vault)
    had = vault.has(HOLDER)
    assert vault.to_assets(0) == 0
    assert code_of(vault.preview_redeem, HOLDER, 0) != 0
    assert code_of(vault.redeem, HOLDER, 0) != 0
    assert vault.has(HOLDER) == had
    return True


@law("rounding", "ERC4626-014", "ERC4626-020")
def shares_are_never_free(vault: Tokenized, number: int) -> bool:
    """A mint costs something, and as much as the shares are worth before it."""
    wanted = bound(number, max(1, int(vault.wallet(NEWCOMER) / 2 / vault.price)))
    price = vault.price
    try:
        paid = vault.mint(NEWCOMER, wanted)
    except Refused:
        return False
    assert paid > 0
    assert paid >= wanted * price
    return True


@law("rounding", "ERC4626-017", "ERC4626-021")
def assets_are_never_free(vault: Tokenized, number: int) -> bool:
    """A withdrawal burns something, and as much as the amount was worth before it."""
    amount = bound(number, max(1, int(holding(vault) * vault.price)))
    price = vault.price
    try:
        burnt = vault.withdraw(HOLDER, amount)
    except Refused:
        return False
    assert burnt > 0
    assert burnt * price >= amount
    return True


@law("rounding", "verify_convertRoundTrip", "verify_convertRoundTrip2")
def conversions_there_and_back(vault: Tokenized, number: int) -> bool:
    """Neither way of converting there and back gains; each is the exact ratio, rounded down."""
    amount = bound(number, 10**15)
    if vault.effective[1] == 0:
        return False
    assert vault.to_assets(vault.to_shares(amount)) <= amount
    assert vault.to_shares(vault.to_assets(amount)) <= amount
    assert 0 <= amount / vault.price - vault.to_shares(amount) < 1
    assert 0 <= amount * vault.price - vault.to_assets(amount) < 1
    return True


@law("rounding")
def the_price_never_falls(vault: Tokenized, number: int) -> bool:
    """Whatever a depositor does, a share is worth no less to the others."""
    amount = bound(number, vault.wallet(NEWCOMER))
    given = bound(number, holding(vault))
    spoke = False
    for action, how_much in ((vault.deposit, amount), (vault.redeem, given)):
        before = vault.price
        who = NEWCOMER if action == vault.deposit else HOLDER
        if code_of(action, who, how_much) == 0 and vault.effective[1] > 0:
            assert vault.price >= before
            spoke = True
    return spoke


def grain(vault: Tokenized) -> int:
    """A unit of the collateral in the asset of a base vault, which may pay in it; else nothing."""
    if vault.ident != BASE:
        return 0
    return -(-(10**9) // vault.engine.state.oracles[0].price)


@law("rounding")
def parts_are_never_better(vault: Tokenized, number: int) -> bool:
    """Who deposits, or gives back, in two parts gets no more than at once; but for what he has
    himself of what the first part left in the vault: its fee, or the rounding of what was paid in
    the other asset."""
    amount = bound(number, vault.wallet(NEWCOMER) // 2)
    given = bound(number, holding(vault) // 2)
    spoke = False
    for preview, action, who, how_much in (
        (vault.preview_deposit, vault.deposit, NEWCOMER, amount),
        (vault.preview_redeem, vault.redeem, HOLDER, given),
    ):
        try:
            whole = preview(who, 2 * how_much)
            parts = action(who, how_much)
            parts += action(who, how_much)
        except Refused:
            continue
        fee = at_rate_ceil(how_much, FEE_PPM) if has_fees(vault) else 0
        left = fee + grain(vault) if action == vault.redeem else int(fee / vault.price)
        assert parts <= whole + left
        spoke = True
    return spoke


# Who asks -----------------------------------------------------------------------------------------


@law("senders", "prop_convertToShares", "ERC4626-026")
def deposits_are_the_same_for_everybody(vault: Tokenized, number: int) -> bool:
    """A preview depends on the amount, not on who asks, what he has, or has in the vault."""
    amount = bound(number, vault.wallet(NEWCOMER))
    found = {answer(vault, "preview_deposit", who, amount) for who in (NEWCOMER, "bob")}
    vault.run(commands.Deposit(vault.accounts["bob"], vault.vault.asset, amount, "more"), OPERATOR)
    found.add(answer(vault, "preview_deposit", "bob", amount))
    found.add(answer(vault, "preview_deposit", HOLDER, amount))
    too_much = {one for one in found if one[1] in TOO_MUCH}
    assert len(found - too_much) <= 1
    return len(found - too_much) == 1


@law("senders", "ERC4626-025")
def mints_are_the_same_for_everybody(vault: Tokenized, number: int) -> bool:
    """A mint costs everybody the same."""
    wanted = bound(number, max(1, int(vault.wallet(NEWCOMER) / 4 / vault.price)))
    found = {answer(vault, "preview_mint", who, wanted) for who in (NEWCOMER, "bob", HOLDER)}
    assert len(found) == 1
    return True


@law("senders", "prop_convertToAssets", "ERC4626-028")
def redeems_are_the_same_for_everybody(vault: Tokenized, number: int) -> bool:
    """Shares are worth the same whoever gives them back, however many he has."""
    holding(vault)
    if vault.shares(OTHER) == 0:
        vault.deposit(OTHER, vault.wallet(OTHER) // 19)
    given = bound(number, min(vault.shares(HOLDER), vault.shares(OTHER)))
    found = {answer(vault, "preview_redeem", who, given) for who in (HOLDER, OTHER)}
    assert len(found) == 1
    return True


@law("senders", "ERC4626-027")
def withdrawals_are_the_same_for_everybody(vault: Tokenized, number: int) -> bool:
    """An amount costs everybody the same shares."""
    holding(vault)
    if vault.shares(OTHER) == 0:
        vault.deposit(OTHER, vault.wallet(OTHER) // 19)
    most = min(vault.shares(HOLDER), vault.shares(OTHER))
    amount = bound(number, max(1, int(most * vault.price * 9 / 10)))
    found = {answer(vault, "preview_withdraw", who, amount) for who in (HOLDER, OTHER)}
    assert len(found) == 1
    return True


def answer(vault: Tokenized, preview: str, who: str, number: int) -> tuple[int, int]:
    """What a preview says, and the code by which it is refused."""
    try:
        return int(getattr(vault, preview)(who, number)), 0
    except Refused as refusal:
        return 0, refusal.code


@law("senders", "ERC4626-023", "ERC4626-024")
def the_cap_is_the_vaults(vault: Tokenized, number: int) -> bool:
    """What a vault takes at most is the same for who has little and for who has much."""
    room = bound(number, vault.wallet(NEWCOMER) // 2)
    with_params(vault, deposit_cap=vault.vault.liability + room)
    before = vault.most(vault.preview_deposit, NEWCOMER)
    vault.run(commands.Deposit(vault.accounts["bob"], vault.vault.asset, room, "more"), OPERATOR)
    assert vault.most(vault.preview_deposit, "bob") == before
    assert before <= room
    if before < room:
        assert code_of(vault.preview_deposit, NEWCOMER, before + 1) == codes.SHARES_LIMIT
        return False
    assert code_of(vault.preview_deposit, NEWCOMER, room + 1) == codes.VAULT_CAP
    return True


@law("senders", "ERC4626-011", "ERC4626-012", "ERC4626-035", "ERC4626-036")
def only_the_owner_gives_shares_back(vault: Tokenized, number: int) -> bool:
    """There is nothing to approve: for anybody else, and an operator, the door is shut."""
    given = bound(number, holding(vault))
    command = commands.WithdrawVault(vault.accounts[HOLDER], vault.ident, given, 0)
    had = vault.has(HOLDER), vault.shares(HOLDER)
    for principal in (vault.principal("bob"), OPERATOR):
        try:
            vault.run(command, principal)
        except Refused as refusal:
            assert refusal.code in (codes.NOT_OWNER, codes.NOT_ALLOWED)
        else:
            raise AssertionError("somebody else gave the shares back")
    assert (vault.has(HOLDER), vault.shares(HOLDER)) == had
    return True


# What must never fail -----------------------------------------------------------------------------


@law("never fail", "prop_asset", "prop_totalAssets", "ERC4626-001", "ERC4626-002")
def looking_never_fails(vault: Tokenized, _: int) -> bool:
    """A vault can be looked at in every state, a shut one too."""
    seen = views_vaults.vault_view(vault.engine.state, vault.vault, vault.now)
    assert seen["asset"] == ("ETH" if vault.vault.asset == ETH else "USD")
    assert seen["assets"] == vault.total_assets
    assert seen["shut"] == is_shut(vault)
    for who in PEOPLE:
        views_vaults.holdings_view(vault.engine.state, vault.account(who), vault.now)
    return True


@law("never fail", "ERC4626-003", "ERC4626-004", "ERC4626-037")
def conversions_never_fail(vault: Tokenized, number: int) -> bool:
    """Any amount and any shares are worth something, unless the vault is shut."""
    if is_shut(vault):
        return False
    assert vault.to_shares(bound(number, AMOUNT_MAX)) >= 0
    assert vault.to_assets(bound(number, max(1, vault.vault.supply))) >= 0
    return True


@law("never fail", "prop_maxDeposit", "prop_maxMint", "ERC4626-005", "ERC4626-006")
def the_most_that_is_taken(vault: Tokenized, _: int) -> bool:
    """It can always be found, is what he has at most, is taken, and a unit more is not."""
    most = vault.most(vault.preview_deposit, NEWCOMER)
    assert 0 <= most <= vault.may_spend(NEWCOMER)
    assert code_of(vault.preview_deposit, NEWCOMER, most + 1) != 0
    if is_shut(vault):
        assert code_of(vault.deposit, NEWCOMER, most) == codes.VAULT_SHUT
        return True
    shares = vault.preview_deposit(NEWCOMER, most)
    assert vault.preview_mint(NEWCOMER, shares) <= most
    vault.deposit(NEWCOMER, most)
    return True


@law("never fail", "prop_maxRedeem", "prop_maxWithdraw", "ERC4626-007", "ERC4626-008")
def the_most_that_is_paid(vault: Tokenized, _: int) -> bool:
    """It can always be found, is what he owns at most, is paid, and a share more is not."""
    most = vault.most(vault.preview_redeem, HOLDER)
    assert 0 <= most <= vault.shares(HOLDER)
    assert code_of(vault.preview_redeem, HOLDER, most + 1) != 0
    if most == 0:
        return vault.shares(HOLDER) == 0
    refusal = code_of(vault.preview_redeem, HOLDER, most)
    if refusal:
        assert refusal == (codes.VAULT_SHUT if is_shut(vault) else codes.VALUE_TOO_SMALL)
        return True
    value = vault.preview_redeem(HOLDER, most)
    assert vault.preview_withdraw(HOLDER, value) <= most
    vault.redeem(HOLDER, most)
    return True


@law("never fail")
def no_number_is_an_error(vault: Tokenized, number: int) -> bool:
    """Whatever the number, a command is taken or refused with a code; a shut door says so."""
    for who in PEOPLE:
        for action in (vault.deposit, vault.redeem):
            shut = is_shut(vault)
            assert code_of(action, who, max(1, number)) != 0 or not shut
    if is_shut(vault):
        assert code_of(vault.deposit, "bob", 1) == codes.VAULT_SHUT
        if vault.shares(HOLDER) > 0:
            assert code_of(vault.redeem, HOLDER, 1) == codes.VAULT_SHUT
    return True
