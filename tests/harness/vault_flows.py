"""Things that happen to vaults in tests: gifts and losses, faults, and what a command would say."""

from __future__ import annotations

from typing import Any

from plimsoll.messages import codes, commands, events
from plimsoll.messages.vault_params import VaultParams
from tests.harness.vault_page import PASSIVE, VaultPage


def gain(page: VaultPage, ident: int, amount: int, asset: int = 0) -> None:
    """Give a vault something from outside (negative: take it), as a trade would."""
    page.state.balance(page.vault(ident).account, asset).amount += amount
    page.state.balance(page.state.accounts[codes.OUTSIDE_ACCOUNT], asset).amount -= amount


def of(found: list[events.Event], kind: type[Any]) -> Any:
    """The one event of a kind."""
    (event,) = [one for one in found if isinstance(one, kind)]
    return event


def params_of(page: VaultPage, ident: int, **values: int) -> VaultParams:
    """A vault's parameters, but for what is named."""
    names = [name for name, _ in VaultParams.FIELDS]
    now = dict(zip(names, page.vault(ident).params.row(), strict=True))
    return VaultParams(**{**now, **values})  # type: ignore[arg-type]


def refusal(page: VaultPage, command: commands.Command, sender: int) -> str:
    """The name of the code a command is refused with now; empty if it would pass."""
    found = page.engine.dry_run(command, page.now, sender)
    (first, *_) = found
    return codes.REJECTS[first.code][0] if isinstance(first, events.Rejected) else ""


def replace_params(page: VaultPage, **values: int) -> None:
    """Change parameters of the passive vault."""
    held = page.vault(PASSIVE).params
    names = [name for name, _ in VaultParams.FIELDS]
    now = dict(zip(names, held.row(), strict=True))
    page.vault(PASSIVE).params = VaultParams(**{**now, **values})  # type: ignore[arg-type]


def faulty(*, held: bool = False) -> VaultPage:
    """A passive vault and a depositor with everything wrong that can be; ``held``: the vault has a
    position, not only quotes."""
    page = VaultPage(passive={"confidence_max": 0})
    page.join("lp", PASSIVE, "1000")
    page.quote()
    page.prices("100")
    if held:
        page.play("alice buy 1 @ 105 ioc")
    page.now += 10**7
    page.state.oracles[0].confidence = 1
    page.account("lp").liquidations = 1
    return page
