"""Chapters of the vault tour about others' losses: deleveraging of a hedged vault, and the sum."""

from __future__ import annotations

from typing import Final

from plimsoll.messages.codes import (
    ACTIVE,
    BUY,
    FROM_ADL,
    RESTRICTED,
    SELL,
)
from plimsoll.messages.commands import Liquidate, RehedgeVault
from plimsoll.messages.events import Event, Filled, SpotSwapped, VaultHedged, VaultModeSet
from plimsoll.messages.mechanisms import Deleveraged, Liquidating, LiquidationEnded
from plimsoll.sim.scenarios.language import (
    Chapter,
    Check,
    Step,
    counted,
    does,
    holds,
    in_order,
    may_not,
    never,
    priced,
    saw,
    waits,
)
from plimsoll.sim.scenarios.scene import BASE, SECOND, USD, Scene
from plimsoll.sim.scenarios.sujiko_stage import base, dollars
from plimsoll.sim.scenarios.vault_stage import (
    BASE_SOL,
    POOL_SOL,
    SOL,
    amount,
    chapter,
    hedged,
    is_hedged,
    levels,
    position,
    quoting,
    standing,
    trades,
)

VAULTS: Final = ("passive", "ETH-base", "ETH-quote", "SOL-base")

_COUNTED: Final = (
    "VaultDeposited",
    "VaultWithdrawn",
    "UnlockPaid",
    "VaultQuoted",
    "VaultHedged",
    "SpotSwapped",
    "FirmQuoteFilled",
    "VaultRefused",
    "VaultSnapshot",
)


def _unhedged(scene: Scene) -> int:
    return int(scene.vault(BASE_SOL)["hedge"]["unhedged"])


def _deleveraged(scene: Scene, events: list[Event]) -> str:
    rows = [
        f"{base(one.size)} at {dollars(one.price)}"
        for one in events
        if isinstance(one, Deleveraged)
    ]
    missing = amount(BASE_SOL, _unhedged(scene))
    return f"deleveraged {', '.join(rows)}; {standing(BASE_SOL, scene)}, unhedged {missing}"


def _liquidates(text: str, *expect: Check) -> Step:
    return does(text, "kim", lambda s: Liquidate(s.account("walt"), s.account("kim")),
                in_order(Liquidating, Filled, Deleveraged, LiquidationEnded),
                saw(Filled, source=FROM_ADL), *expect, note=_deleveraged)  # fmt: skip


def deleveraging() -> Chapter:
    """A winner that is hedged is closed too; its spot leg follows, at once or by a keeper."""
    return chapter(
        "A hedged vault is deleveraged, and rehedged",
        "The spot leg follows in the same command; if it cannot, the vault is restricted.",
        does("the passive vault stops quoting SOL", "operator", lambda s: quoting(SOL)),
        does("walt sells 100 SOL to the vault, on 1,600 USD", "walt",
             lambda s: trades(s, "walt", BASE_SOL, SELL, 100 * BASE),
             saw(VaultHedged, 1, side=SELL), note=hedged),
        waits("SOL rises to 160", 20 * SECOND, tick=False, every=SECOND, to={SOL: 160 * USD}),
        levels(POOL_SOL),
        _liquidates("kim liquidates walt: only the vault can take it; it buys back on spot at once",
                    saw(VaultHedged, 1, vault=BASE_SOL, side=BUY, fill=0), never(VaultModeSet),
                    holds("hedged", lambda s: is_hedged(s, BASE_SOL))),
        priced("SOL jumps to 164; the pool is still at 160", {SOL: 164 * USD}),
        _liquidates("kim liquidates the rest: no spot within the band, the vault is restricted",
                    never(SpotSwapped), saw(VaultModeSet, 1, vault=BASE_SOL, mode=RESTRICTED),
                    holds("base is missing", lambda s: _unhedged(s) < 0),
                    holds("flat", lambda s: position(s, BASE_SOL) == 0)),
        may_not("it takes nothing on until then", "bob",
                lambda s: trades(s, "bob", BASE_SOL, SELL, 10 * BASE), "VAULT_MODE"),
        may_not("and cannot be rehedged at that price", "kim",
                lambda s: RehedgeVault(BASE_SOL, s.account("kim")), "HEDGE_SLIPPAGE",
                never(SpotSwapped)),
        levels(POOL_SOL),
        does("kim rehedges it", "kim", lambda s: RehedgeVault(BASE_SOL, s.account("kim")),
             in_order(SpotSwapped, VaultHedged, VaultModeSet),
             saw(VaultHedged, 1, fill=0, side=BUY), saw(VaultModeSet, 1, mode=ACTIVE),
             holds("hedged", lambda s: is_hedged(s, BASE_SOL)), note=hedged),
        may_not("there is nothing more to do", "kim",
                lambda s: RehedgeVault(BASE_SOL, s.account("kim")), "NOTHING_TO_DO"),
        does("it trades again", "bob", lambda s: trades(s, "bob", BASE_SOL, SELL, 10 * BASE),
             saw(VaultHedged, 1, side=SELL), note=hedged),
        market=SOL,
    )  # fmt: skip


def _of_vault(vault: int, name: str) -> Step:
    return does(f"the {name} vault", "kim", lambda s: [],
                note=lambda s, _: _summary(s, vault))  # fmt: skip


def _summary(scene: Scene, vault: int) -> str:
    row = scene.vault(vault)
    text = f"worth {amount(vault, row['assets'])}, {row['supply']:,} shares of {row['holders']}"
    return text if row["hedge"] is None else f"{text}; {standing(vault, scene)}"


def ending() -> Chapter:
    """Everything adds up."""
    return chapter(
        "What is left",
        "All invariants are swept; every balance is the sum of its ledger lines.",
        does("the ledger gives every balance, in every asset", "kim", lambda s: [],
             holds("ledger", lambda s: s.is_conserved()), note=counted(*_COUNTED)),
        *(_of_vault(vault, name) for vault, name in enumerate(VAULTS)),
    )  # fmt: skip
