"""A vault of the exchange as ERC-4626 sees one, in every state that it may be in.

``deposit`` and ``redeem`` are the commands; a preview is the dry run of the very command. ``mint``
and ``withdraw`` name what they want instead of what they give: here they are the least deposit, and
the least shares given back, that the bound of the command (``min_shares``, ``min_value``) lets
pass. What waits for a cooldown belongs to its owner already and counts as received.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, Final

from plimsoll.core import invariants, ledger, margin, shares, vault_money
from plimsoll.core.engine import Engine
from plimsoll.core.load import load
from plimsoll.core.rows import Account, Vault
from plimsoll.messages import codes, commands, events
from plimsoll.units import AMOUNT_MAX
from tests.harness.scenario import OPERATOR
from tests.harness.vault_page import BASE, ETH, PASSIVE, QUOTE, VaultPage

KINDS: Final = {"passive": PASSIVE, "base": BASE, "quote": QUOTE}
PEOPLE: Final = ("lp", "lp2", "alice", "bob")
HOUR_MS: Final = 3_600_000
TOO_MUCH: Final = {
    codes.NOT_WITHDRAWABLE, codes.INSUFFICIENT_BALANCE, codes.VAULT_CAP, codes.SHARES_LIMIT,
    codes.AMOUNT_RANGE, codes.INSUFFICIENT_SHARES, codes.VAULT_MARGIN, codes.VAULT_ASSETS,
    codes.MIN_MARGIN_RATIO,
}  # fmt: skip
"""Refusals of more than there is, or may go."""


class Refused(Exception):
    """The exchange refused a command; the numbers of its answer."""

    def __init__(self, event: events.Rejected) -> None:
        super().__init__(f"{codes.REJECTS[event.code][0]} {event.value} {event.limit}")
        self.code = event.code


class Tokenized:
    """One vault of an exchange. Amounts are smallest units of its asset."""

    checking = True

    def __init__(self, page: VaultPage, dump: list[Any], ident: int) -> None:
        self.engine = Engine(load(dump), checking=self.checking)
        self.ident = ident
        self.now = page.now
        self.accounts = page.accounts
        self.seq = page.seq

    # Looking ------------------------------------------------------------------------------

    @property
    def vault(self) -> Vault:
        """Its row."""
        return self.engine.state.liquidity.vaults[self.ident]

    def account(self, who: str) -> Account:
        """Somebody's account."""
        return self.engine.state.accounts[self.accounts[who]]

    def balance(self, account: Account, asset: int) -> int:
        """What an account has of an asset."""
        return account.held(asset)

    def wallet(self, who: str) -> int:
        """What somebody has of the vault's asset, outside of the vault."""
        return self.balance(self.account(who), self.vault.asset)

    def may_spend(self, who: str) -> int:
        """What of it somebody may take along: of the collateral what no position needs."""
        if self.vault.asset == 0:
            return margin.withdrawable(self.engine.state, self.account(who))
        return self.wallet(who)

    def other(self, who: str) -> int:
        """What somebody has of the asset that the vault may pay instead, if there is one."""
        return self.balance(self.account(who), ETH if self.vault.asset == 0 else 0)

    def shares(self, who: str) -> int:
        """Shares somebody holds."""
        row = self.engine.state.liquidity.find(self.ident, self.accounts[who])
        return 0 if row is None else row.shares

    def waiting(self, who: str) -> int:
        """What waits to be paid out to somebody."""
        row = self.engine.state.liquidity.find(self.ident, self.accounts[who])
        return 0 if row is None else sum(unlock.value for unlock in row.unlocks)

    def has(self, who: str) -> int:
        """What somebody has of the vault's asset, or will be paid."""
        return self.wallet(who) + self.waiting(who)

    @property
    def total_assets(self) -> int:
        """What the vault is worth."""
        return vault_money.assets(self.engine.state, self.vault)

    @property
    def effective(self) -> tuple[int, int]:
        """Worth and shares with the virtual part."""
        params = self.vault.params
        return (
            self.total_assets + params.virtual_assets,
            self.vault.supply + params.virtual_shares,
        )

    @property
    def price(self) -> Fraction:
        """Price of a share, exactly; 1 while there are none."""
        worth, supply = self.effective
        return Fraction(worth, supply) if supply else Fraction(1)

    def to_shares(self, amount: int) -> int:
        """Shares that an amount is worth."""
        params = self.vault.params
        return shares.minted_floor(
            amount, self.total_assets, self.vault.supply,
            params.virtual_assets, params.virtual_shares,
        )  # fmt: skip

    def to_assets(self, number: int) -> int:
        """Amount that shares are worth; without any shares at all nothing is."""
        params = self.vault.params
        if self.vault.supply + params.virtual_shares == 0:
            return 0
        return shares.redeemed_floor(
            number, self.total_assets, self.vault.supply,
            params.virtual_assets, params.virtual_shares,
        )  # fmt: skip

    # Commands -----------------------------------------------------------------------------

    def principal(self, who: str) -> int:
        """Who sends somebody's commands."""
        return self.account(who).owner

    def run(self, command: commands.Command, principal: int) -> list[events.Event]:
        """Apply a command; its events. Raises ``Refused``."""
        self.seq += 1
        self.engine.apply(command, self.seq, self.now, principal)
        found = self.engine.drain()
        if self.checking:
            invariants.check_full(self.engine.state)
        return answered(found)

    def deposit(self, who: str, amount: int, least: int = 0) -> int:
        """Deposit; the shares. Raises ``Refused``."""
        command = commands.DepositVault(self.accounts[who], self.ident, amount, least)
        return minted(self.run(command, self.principal(who)))

    def preview_deposit(self, who: str, amount: int, least: int = 0) -> int:
        """Shares that a deposit would bring. Raises ``Refused``."""
        command = commands.DepositVault(self.accounts[who], self.ident, amount, least)
        return minted(answered(self.engine.dry_run(command, self.now, self.principal(who))))

    def redeem(self, who: str, number: int, least: int = 0) -> int:
        """Give shares back; their value. Raises ``Refused``."""
        command = commands.WithdrawVault(self.accounts[who], self.ident, number, least)
        return valued(self.run(command, self.principal(who)))

    def preview_redeem(self, who: str, number: int, least: int = 0) -> int:
        """Value that shares would be given back for. Raises ``Refused``."""
        command = commands.WithdrawVault(self.accounts[who], self.ident, number, least)
        return valued(answered(self.engine.dry_run(command, self.now, self.principal(who))))

    def preview_mint(self, who: str, number: int) -> int:
        """The least deposit that brings so many shares. Raises ``Refused``."""

        def enough(amount: int) -> bool:
            return code_of(self.preview_deposit, who, amount, number) != codes.SHARES_TOO_FEW

        found = least(enough, int(number * self.price), max(1, self.may_spend(who)))
        self.preview_deposit(who, found, number)
        return found

    def mint(self, who: str, number: int) -> int:
        """Deposit the least that brings so many shares; the amount. Raises ``Refused``."""
        amount = self.preview_mint(who, number)
        self.deposit(who, amount, number)
        return amount

    def preview_withdraw(self, who: str, amount: int) -> int:
        """The least shares that so much is given back for. Raises ``Refused``."""

        def enough(number: int) -> bool:
            return code_of(self.preview_redeem, who, number, amount) != codes.VALUE_TOO_SMALL

        guess = int(amount / self.price) if self.price > 0 else 1
        found = least(enough, guess, max(1, self.shares(who)))
        self.preview_redeem(who, found, amount)
        return found

    def withdraw(self, who: str, amount: int) -> int:
        """Give the least shares back that bring so much; the shares. Raises ``Refused``."""
        number = self.preview_withdraw(who, amount)
        self.redeem(who, number, amount)
        return number

    def claim(self, who: str) -> list[events.Event]:
        """Have everything paid that is due. Raises ``Refused``."""
        command = commands.ClaimUnlocks(self.accounts[who], self.ident)
        return self.run(command, self.principal(who))

    def most(self, preview: Callable[..., int], who: str) -> int:
        """The most that a preview does not refuse for being too much; 0 for none."""

        def too_much(number: int) -> bool:
            return code_of(preview, who, number) in TOO_MUCH

        return least(too_much, 1, AMOUNT_MAX) - 1

    def gain(self, amount: int) -> None:
        """A profit (or a loss) of so much of the collateral, out of nowhere."""
        shift(self.engine, self.vault.account, amount)


def shift(engine: Engine, account: Account, amount: int) -> None:
    """Bring collateral from outside by hand, as a command would; take it away if negative."""
    outside = engine.state.accounts[codes.OUTSIDE_ACCOUNT]
    source, target = (outside, account) if amount > 0 else (account, outside)
    engine.state.log.begin()
    ledger.pay(engine.txn, source, target, abs(amount), codes.R_TRANSFER, -1)
    engine.state.log.commit()
    engine.drain()


def answered(found: list[events.Event]) -> list[events.Event]:
    """The events of a command. Raises ``Refused``."""
    if found and isinstance(found[-1], events.Rejected):
        raise Refused(found[-1])
    return found


def minted(found: list[events.Event]) -> int:
    """Shares that the event of a deposit tells."""
    (event,) = [one for one in found if isinstance(one, events.VaultDeposited)]
    return event.shares


def valued(found: list[events.Event]) -> int:
    """Value that the event of a withdrawal tells."""
    (event,) = [one for one in found if isinstance(one, events.VaultWithdrawn)]
    return event.value


def code_of(function: Callable[..., Any], *given: Any) -> int:
    """The code by which a command is refused; 0 if it is not."""
    try:
        function(*given)
    except Refused as refusal:
        return refusal.code
    return 0


def least(holds: Callable[[int], bool], guess: int, most: int) -> int:
    """The least number from 1 that a monotone condition holds for; ``most`` if there is none.
    Found from a guess, by doubling steps and then by halving."""
    low, high = 0, most
    at = min(max(1, guess), most)
    step = 1
    if holds(at):
        high = at
        while high > 1 and holds(max(1, high - step)):
            high = max(1, high - step)
            step *= 2
        low = max(0, high - step)
    else:
        low = at
        while low + step < most and not holds(low + step):
            low += step
            step *= 2
        high = min(most, low + step)
    while high - low > 1:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle
    return high


def is_shut(vault: Tokenized) -> bool:
    """Whether both doors have to be shut: there are shares, and nothing stands behind them."""
    worth, supply = vault.effective
    return supply > 0 and worth <= 0


def with_params(vault: Tokenized, **more: int) -> None:
    """Replace some parameters of a vault."""
    params = vault.vault.params
    values = {
        field[0]: int(value)  # type: ignore[call-overload]
        for field, value in zip(params.FIELDS, params.row(), strict=True)
    }
    command = commands.SetVaultParams(vault.ident, type(params)(**{**values, **more}))
    vault.run(command, OPERATOR)
