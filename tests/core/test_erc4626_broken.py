"""Deliberately broken vaults fail the published properties: which bug is noticed by which law.

The core's own check of the price of a share (V3) is off here, and so is every invariant: what is
shown is that the laws would find the bug without them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from plimsoll import _build
from plimsoll.core import depositors, ledger, shares
from plimsoll.core.engine import Engine
from plimsoll.core.handlers import access, liquidity
from plimsoll.core.rows import Holding, Vault
from plimsoll.core.vault_board import VaultBoard
from plimsoll.messages import codes
from tests.harness.erc4626 import KINDS, Refused, Tokenized
from tests.harness.erc4626_attacks import ALL
from tests.harness.erc4626_states import STATES, prepared, scene, shut

pytestmark = pytest.mark.skipif(
    _build.COMPILED, reason="bugs are planted in the interpreted core: the interpreted build runs"
)

Original = Callable[..., Any]
NUMBERS = (1, 2, 7, 999, 10**6 + 3, 123_456_789, 10**9 + 7, 98_765_432_101, 2**61 + 12_345)


class Bug(NamedTuple):
    """Where it goes in, what it puts there, and the laws that notice it."""

    owner: Any
    attribute: str
    broken: Callable[[Original], Any]
    laws: tuple[str, ...]


def rounds_up_on_mint(_: Original) -> Original:
    """Shares for a deposit are rounded in favour of the depositor."""

    def minted(amount: int, assets: int, supply: int, va: int, vs: int) -> int:
        worth = shares.effective_assets(assets, va)
        return -(-amount * (supply + vs) // worth) if supply + vs else amount

    return minted


def rounds_up_on_redeem(_: Original) -> Original:
    """The value of shares is rounded in favour of who gives them back."""

    def redeemed(given: int, assets: int, supply: int, va: int, vs: int) -> int:
        return -(-shares.effective_assets(assets, va) * given // (supply + vs))

    return redeemed


def divides_first(_: Original) -> Original:
    """The price of a share is rounded before it is used."""

    def minted(amount: int, assets: int, supply: int, va: int, vs: int) -> int:
        worth = shares.effective_assets(assets, va)
        return amount * ((supply + vs) // worth) if supply + vs else amount

    return minted


def divides_first_on_redeem(_: Original) -> Original:
    """The price of a share is rounded up to a whole unit before it is used."""

    def redeemed(given: int, assets: int, supply: int, va: int, vs: int) -> int:
        return given * -(-shares.effective_assets(assets, va) // (supply + vs))

    return redeemed


def forgets_virtual_shares(original: Original) -> Original:
    """A share is priced by what there really is."""

    def minted(amount: int, assets: int, supply: int, _: int, __: int) -> int:
        return int(original(amount, assets, supply, 0, 0)) if supply else amount

    return minted


def forgets_virtual_assets(original: Original) -> Original:
    """Whoever comes first gets the virtual shares for nothing."""
    return lambda amount, assets, supply, va, vs: original(amount, max(1, assets), supply, 0, vs)


def value_after_the_deposit(original: Original) -> Original:
    """The vault's worth is looked at when the deposit is in it already."""
    return lambda amount, assets, supply, va, vs, least: original(
        amount, assets + amount, supply, va, vs, least
    )


def supply_after_the_burn(original: Original) -> Original:
    """The supply is looked at when the shares are gone already."""
    return lambda given, assets, supply, va, vs: original(
        given, assets, max(1, supply - given), va, vs
    )


def preview_rounds_down(original: Original) -> Original:
    """A dry run tells a share, or a unit, less than will be."""

    def dry_run(self: Engine, command: Any, now: int, principal: int) -> list[Any]:
        found: list[Any] = original(self, command, now, principal)
        for event in found:
            if hasattr(event, "shares") and hasattr(event, "liability"):
                event.shares = max(1, event.shares - 1)
        return found

    return dry_run


def fee_to_nobody(original: Original) -> Original:
    """A fee is not moved."""

    def transfer(txn: Any, debit: Any, credit: Any, *given: Any) -> None:
        if given[2] != codes.R_VAULT_FEE:
            original(txn, debit, credit, *given)

    return transfer


def takes_one_more(original: Original) -> Original:
    """A deposit takes a unit more than it was to."""

    def transfer(txn: Any, debit: Any, credit: Any, asset: int, amount: int, *given: Any) -> None:
        more = 1 if given[0] == codes.R_VAULT_DEPOSIT else 0
        original(txn, debit, credit, asset, amount + more, *given)

    return transfer


def supply_is_not_burnt(original: Original) -> Original:
    """Shares are given back, and counted on."""

    def issue(self: Vault, number: int, liability: int) -> None:
        original(self, max(0, number), liability)

    return issue


def shares_are_not_burnt(original: Original) -> Original:
    """Whoever gives shares back keeps them."""

    def add(self: Holding, number: int) -> None:
        original(self, max(0, number))

    return add


def liability_stays(_: Original) -> Original:
    """What is owed to depositors does not fall."""
    return lambda liability, given, supply: liability


def unlock_paid_twice(original: Original) -> Original:
    """What waited is paid out of the vault once more."""

    def pay(txn: Any, vault: Vault, row: Holding) -> None:
        unlock = row.unlocks[0]
        original(txn, vault, row)
        owner = txn.state.accounts[row.account]
        reason = codes.R_UNLOCK_PAID
        ledger.transfer(txn, vault.account, owner, vault.asset, unlock.value, reason, vault.market)

    return pay


def unlock_stays(original: Original) -> Original:
    """What was paid waits on."""

    def take(self: VaultBoard, row: Holding) -> Any:
        unlock = row.unlocks[0]
        original(self, row)
        self.queue(row, type(unlock)(unlock.ident, unlock.value, unlock.shares, unlock.due_ms + 1))
        return unlock

    return take


def unlock_at_once(original: Original) -> Original:
    """A cooldown is a second short."""

    def await_unlock(self: VaultBoard, row: Holding, unlock: Any) -> None:
        unlock.due_ms -= 1_000
        original(self, row, unlock)

    return await_unlock


def doors_never_shut(_: Original) -> Original:
    """A vault that is worth nothing is worth a unit."""
    return lambda assets, virtual_assets: max(1, assets + virtual_assets)


def anybody_may(_: Original) -> Original:
    """Whose account it is does not matter."""
    return lambda txn, ident: txn.state.account(ident)


def the_rich_get_more(original: Original) -> Original:
    """Who has most of the shares gets a thousandth more for them."""

    def plan(state: Any, vault: Vault, given: int, owned: int, worth: int, least: int) -> Any:
        more = worth // 1_000 if 2 * owned > vault.supply else 0
        return original(state, vault, given, owned, worth + more, least)

    return plan


def shares_for_nothing(original: Original) -> Original:
    """A deposit that is worth no share brings one."""
    return lambda *given: max(1, original(*given))


def no_least_shares(original: Original) -> Original:
    """What a depositor asked for at least is not looked at."""
    return lambda vault, amount, worth, least: original(vault, amount, worth, 0)


def no_least_value(original: Original) -> Original:
    """What who gives shares back asked for at least is not looked at."""
    return lambda state, vault, given, owned, worth, least: original(
        state, vault, given, owned, worth, 0
    )


def no_cap(original: Original) -> Original:
    """The cap of a vault is twice what it says."""

    def deposit(txn: Any, command: Any) -> None:
        vault = txn.state.liquidity.vaults[command.vault]
        params = vault.params
        cap, params.deposit_cap = params.deposit_cap, 2 * params.deposit_cap
        try:
            original(txn, command)
        finally:
            params.deposit_cap = cap

    return deposit


GAINS = ("redeem_of_deposit", "redeem_of_mint", "the_price_never_falls")
BUGS: dict[str, Bug] = {
    "rounds_up_on_mint": Bug(shares, "minted_floor", rounds_up_on_mint, (
        "deposit", "conversions_there_and_back", "the_price_never_falls", "redeem_of_deposit",
        "shares_are_never_free")),
    "rounds_up_on_redeem": Bug(shares, "redeemed_floor", rounds_up_on_redeem, (
        "redeem", "conversions_there_and_back", "the_price_never_falls", "deposit_of_redeem",
        "mint_of_redeem", "assets_are_never_free")),
    "divides_first": Bug(shares, "minted_floor", divides_first, (
        "deposit", "conversions_there_and_back")),
    "divides_first_on_redeem": Bug(shares, "redeemed_floor", divides_first_on_redeem, (
        *GAINS, "redeem")),
    "forgets_virtual_shares": Bug(shares, "minted_floor", forgets_virtual_shares, (
        "deposit", "inflation_does_not_pay")),
    "forgets_virtual_assets": Bug(shares, "minted_floor", forgets_virtual_assets, (
        "deposit", "the_price_never_falls", "redeem_of_deposit", "no_sequence_gains")),
    "value_after_the_deposit": Bug(shares, "mint", value_after_the_deposit, ("deposit",)),
    "supply_after_the_burn": Bug(shares, "redeemed_floor", supply_after_the_burn, (
        *GAINS, "redeem", "deposit_of_redeem", "mint_of_redeem", "no_sequence_gains")),
    "preview_rounds_down": Bug(Engine, "dry_run", preview_rounds_down, ("deposit",)),
    "fee_to_nobody": Bug(ledger, "transfer", fee_to_nobody, ("deposit",)),
    "takes_one_more": Bug(ledger, "transfer", takes_one_more, ("deposit", "mint")),
    "supply_is_not_burnt": Bug(Vault, "issue", supply_is_not_burnt, ("redeem",)),
    "shares_are_not_burnt": Bug(Holding, "add_shares", shares_are_not_burnt, (
        "redeem", "withdraw", "no_sequence_gains")),
    "liability_stays": Bug(shares, "liability_after", liability_stays, ("redeem",)),
    "unlock_paid_twice": Bug(depositors, "pay_first", unlock_paid_twice, (
        "an_unlock_is_paid_once",)),
    "unlock_stays": Bug(VaultBoard, "take_unlock", unlock_stays, ("an_unlock_is_paid_once",)),
    "unlock_at_once": Bug(VaultBoard, "await_unlock", unlock_at_once, (
        "an_unlock_is_paid_once",)),
    "doors_never_shut": Bug(shares, "effective_assets", doors_never_shut, (
        "no_number_is_an_error", "the_most_that_is_taken")),
    "anybody_may": Bug(access, "own", anybody_may, ("only_the_owner_gives_shares_back",)),
    "the_rich_get_more": Bug(depositors, "plan_exit", the_rich_get_more, (
        "redeems_are_the_same_for_everybody", "withdrawals_are_the_same_for_everybody", "redeem")),
    "shares_for_nothing": Bug(shares, "minted_floor", shares_for_nothing, (
        "deposit", "nothing_buys_nothing", "shares_are_never_free")),
    "no_least_shares": Bug(liquidity, "minted_for", no_least_shares, (
        "bounds_are_kept", "mint")),
    "no_least_value": Bug(depositors, "plan_exit", no_least_value, (
        "bounds_are_kept", "withdraw")),
    "no_cap": Bug(liquidity, "deposit", no_cap, ("the_cap_is_the_vaults",)),
}  # fmt: skip
"""Name -> bug."""


def breaches(name: str) -> Iterator[str]:
    """Where a law is found broken: of every vault, in every state, with a few numbers."""
    law = ALL[name]
    states = [*STATES, "shut"] if law.group == "never fail" else list(STATES)
    for kind in KINDS:
        for state in states:
            for number in NUMBERS:
                made = shut(kind) if state == "shut" else scene(kind, state)
                try:
                    law.body(made, number)
                except (AssertionError, Refused):
                    yield f"{kind}, {state}, {number}"


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Every state made while all was well, then the core without its checks."""
    for kind in KINDS:
        for state in STATES:
            prepared(kind, state)
    monkeypatch.setattr(Tokenized, "checking", False)
    monkeypatch.setattr(depositors, "check_price", lambda *_: None)
    return monkeypatch


@pytest.mark.parametrize(
    ("name", "law"), [(name, law) for name, bug in BUGS.items() for law in bug.laws]
)
def test_a_broken_vault_fails(unchecked: pytest.MonkeyPatch, name: str, law: str) -> None:
    """The bug is noticed by each of the laws that it is said to break."""
    bug = BUGS[name]
    unchecked.setattr(bug.owner, bug.attribute, bug.broken(getattr(bug.owner, bug.attribute)))
    assert next(breaches(law), None) is not None


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("law", sorted({law for bug in BUGS.values() for law in bug.laws}))
def test_a_sound_vault_passes(law: str) -> None:
    """The same numbers in the same states find nothing where there is nothing."""
    assert list(breaches(law)) == []
