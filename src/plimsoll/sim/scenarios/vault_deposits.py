"""Chapters of the vault tour about depositors: shares, exits, cooldown, a vault that is shut."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from plimsoll.messages.codes import (
    BUY,
    FROM_BOOK,
    IOC,
    POST_REJECT,
    R_UNLOCK_CUT,
    R_UNLOCK_PAID,
    R_VAULT_DEPOSIT,
    R_VAULT_WITHDRAWAL,
    SELL,
)
from plimsoll.messages.commands import ClaimUnlocks, Command, SetVaultParams
from plimsoll.messages.events import (
    Event,
    Filled,
    OrderRested,
    Transferred,
    UnlockPaid,
    UnlockQueued,
    VaultDeposited,
    VaultQuoted,
    VaultSnapshot,
    VaultWithdrawn,
)
from plimsoll.messages.vault_params import VaultParams
from plimsoll.sim.scenarios.language import Chapter, Step, does, holds, may_not, never, saw, waits
from plimsoll.sim.scenarios.orders import order
from plimsoll.sim.scenarios.scene import BASE, HOUR, MINUTE, USD, Scene
from plimsoll.sim.scenarios.sujiko_stage import beside, dollars, filled
from plimsoll.sim.scenarios.vault_stage import (
    BASE_ETH,
    BASE_SOL,
    BTC,
    COIN,
    COOLDOWN,
    ETHER,
    PASSIVE,
    PASSIVE_PARAMS,
    QUOTE_ETH,
    SOL,
    amount,
    chapter,
    is_hedged,
    joins,
    leaves,
    position,
    quoting,
    takes_quote,
    trades,
    util,
    worth,
)
from plimsoll.units import div_floor

QUARTER: Final = 250_000
SIX_HOURS: Final = 6 * HOUR
DAY: Final = 24 * HOUR
QUARTER_HOUR: Final = 15 * MINUTE


def joined(scene: Scene, events: list[Event]) -> str:
    """The deposits of a step in words."""
    return "; ".join(
        f"{amount(one.vault, one.amount)} into vault {one.vault} for {one.shares:,} shares of "
        f"{one.supply:,}"
        for one in events
        if isinstance(one, VaultDeposited)
    )


def left(scene: Scene, events: list[Event]) -> str:
    """The exits of a step in words."""
    words = []
    for one in events:
        if isinstance(one, VaultWithdrawn):
            text = f"{one.shares:,} shares are worth {amount(one.vault, one.value)}"
            if one.other > 0:
                text += f": {amount(one.vault, one.paid)} and {dollars(one.other)} USD"
            words.append(text)
        elif isinstance(one, UnlockPaid):
            text = f"unlock {one.unlock} pays {amount(one.vault, one.paid)}"
            words.append(text + (f", {amount(one.vault, one.cut)} less" if one.cut else ""))
    return "; ".join(words)


# Deposits -----------------------------------------------------------------------------------------


def deposits() -> Chapter:
    """Into vaults held in base, and in the collateral."""
    return chapter(
        "Depositors join: ETH, SOL and USD",
        "A share costs one unit of the vault's asset at first; what a preview says is what comes.",
        may_not("lena wants more shares than 30 ETH buy", "lena",
                lambda s: joins(s, "lena", BASE_ETH, 30 * COIN, 31 * COIN), "SHARES_TOO_FEW",
                never(VaultDeposited)),
        does("lena brings 30 ETH into the base vault", "lena",
             lambda s: joins(s, "lena", BASE_ETH, 30 * COIN, 30 * COIN),
             saw(VaultDeposited, 1, vault=BASE_ETH, asset=ETHER, shares=30 * COIN, assets=0,
                 liability=30 * COIN),
             saw(Transferred, 1, asset=ETHER, amount=30 * COIN, reason=R_VAULT_DEPOSIT),
             note=joined),
        does("and 10 more, for as many shares", "lena",
             lambda s: joins(s, "lena", BASE_ETH, 10 * COIN),
             saw(VaultDeposited, 1, shares=10 * COIN, supply=40 * COIN, liability=40 * COIN),
             holds("nothing is in use", lambda s: util(s, BASE_ETH) == 0), note=joined),
        does("lars brings 100,000 USD into the quote vault", "lars",
             lambda s: joins(s, "lars", QUOTE_ETH, 100_000 * USD),
             saw(VaultDeposited, 1, vault=QUOTE_ETH, asset=0, shares=100_000 * USD,
                 liability=100_000 * USD), note=joined),
        does("lena brings 400 SOL into the base vault of SOL", "lena",
             lambda s: joins(s, "lena", BASE_SOL, 400 * COIN),
             saw(VaultDeposited, 1, vault=BASE_SOL, shares=400 * COIN), note=joined),
        does("mallory joins and leaves the quote vault: nothing is won by it", "mallory",
             _in_and_out,
             saw(VaultDeposited, 1), saw(VaultWithdrawn, 1, other=0),
             holds("no unit was won", lambda s: s.cash("mallory") <= s.figures["cash"]),
             keep=lambda s: {"cash": s.cash("mallory")}, note=left),
    )  # fmt: skip


def _in_and_out(scene: Scene) -> Iterator[Command]:
    yield joins(scene, "mallory", QUOTE_ETH, 5_000 * USD)
    yield leaves(scene, "mallory", QUOTE_ETH)


def _wash(side: int) -> tuple[Step, ...]:
    """Mallory pays fees of which a part is the vault's: a donation to whoever has its shares."""
    verb, other = ("buys", SELL) if side == BUY else ("sells", BUY)
    return (
        does(f"bob rests 10 BTC for mallory, who {verb} them", "bob",
             lambda s: order(s, "bob", BTC, other, 10 * BASE, price=beside(s, BTC, 0),
                             post=POST_REJECT), saw(OrderRested, 1)),
        does("mallory pays the fee, of which a tenth goes to the vault", "mallory",
             lambda s: order(s, "mallory", BTC, side, 10 * BASE, price=beside(s, BTC, 0), tif=IOC),
             saw(Filled, 1, source=FROM_BOOK, fee_vault=lambda a: a > 0)),
    )  # fmt: skip


def _protected(scene: Scene, events: list[Event]) -> str:
    given = scene.figures["given"]
    mine, others = (_owned(scene, who) for who in ("mallory", "lucy"))
    return (
        f"mallory gave {dollars(given)} USD and can have {amount(PASSIVE, mine)} of it; lucy's "
        f"60,000 USD are worth {amount(PASSIVE, others)}"
    )


def _owned(scene: Scene, who: str) -> int:
    """What somebody's shares of the passive vault are worth."""
    row = scene.vault(PASSIVE)
    return div_floor(scene.shares(who, PASSIVE) * row["effective_assets"], row["effective_supply"])


def first_depositor() -> Chapter:
    """The inflation attack, and the virtual shares that make it pointless."""
    return chapter(
        "The first depositor cannot rob the second",
        "A million virtual shares own what an attacker adds; the price of a share stays fine.",
        does("mallory is the first in the passive vault, with a millionth of a dollar", "mallory",
             lambda s: joins(s, "mallory", PASSIVE, 1),
             saw(VaultDeposited, 1, vault=PASSIVE, amount=1, shares=1, supply=1), note=joined),
        *_wash(BUY),
        *_wash(SELL),
        does("lucy brings 60,000 USD", "lucy",
             lambda s: joins(s, "lucy", PASSIVE, 60_000 * USD),
             saw(VaultDeposited, 1, vault=PASSIVE, shares=lambda n: n > 10**9), note=joined,
             keep=lambda s: {"given": worth(s, PASSIVE) - 1}),
        does("lucy has lost less than a cent, mallory nearly all she gave", "kim", lambda s: [],
             holds("lucy keeps her money",
                   lambda s: 60_000 * USD - _owned(s, "lucy") < USD // 100),
             holds("the attack costs mallory at least ten thousand times what it brings",
                   lambda s: 10_000 * _owned(s, "mallory") < s.figures["given"]),
             note=_protected),
        market=BTC,
    )  # fmt: skip


# Exits of hedged vaults ---------------------------------------------------------------------------


def exits() -> Chapter:
    """What is sold cannot be paid out; when everything is bought back, all of it can."""
    return chapter(
        "Depositors of hedged vaults leave",
        "With an open position only unsold base (or unspent USD) is paid; then everything.",
        does("alice sells 20 ETH to the base vault", "alice",
             lambda s: trades(s, "alice", BASE_ETH, SELL, 20 * BASE), saw(Filled, 1)),
        may_not("lena may not have all of it now", "lena",
                lambda s: leaves(s, "lena", BASE_ETH), "VAULT_ASSETS", never(VaultWithdrawn)),
        does("but a quarter: unsold ETH", "lena",
             lambda s: leaves(s, "lena", BASE_ETH, QUARTER),
             saw(VaultWithdrawn, 1, vault=BASE_ETH, other=0, paid=lambda a: a > 0),
             saw(Transferred, 1, asset=ETHER, reason=R_VAULT_WITHDRAWAL),
             holds("still hedged", lambda s: is_hedged(s, BASE_ETH)), note=left),
        does("alice buys them back", "alice",
             lambda s: trades(s, "alice", BASE_ETH, BUY, position(s, BASE_ETH)), saw(Filled, 1)),
        does("lena leaves with the rest: ETH, and what the vault earned in USD", "lena",
             lambda s: leaves(s, "lena", BASE_ETH),
             saw(VaultWithdrawn, 1, other=lambda a: a > 0, supply=0, liability=0),
             saw(Transferred, 1, asset=ETHER, reason=R_VAULT_WITHDRAWAL),
             saw(Transferred, 1, asset=0, reason=R_VAULT_WITHDRAWAL),
             holds("she has her 40 ETH again", lambda s: s.balance("lena", ETHER) >= 40 * COIN - 1),
             note=left),
        does("bob buys 20 ETH from the quote vault", "bob",
             lambda s: trades(s, "bob", QUOTE_ETH, BUY, 20 * BASE), saw(Filled, 1)),
        may_not("lars may not have all of it now", "lars",
                lambda s: leaves(s, "lars", QUOTE_ETH), "VAULT_ASSETS", never(VaultWithdrawn)),
        does("but a quarter of his shares", "lars",
             lambda s: leaves(s, "lars", QUOTE_ETH, QUARTER),
             saw(VaultWithdrawn, 1, vault=QUOTE_ETH, other=0, paid=lambda a: a > 25_000 * USD),
             note=left),
        does("bob sells them back", "bob",
             lambda s: trades(s, "bob", QUOTE_ETH, SELL, -position(s, QUOTE_ETH)), saw(Filled, 1)),
        does("lars takes out half of the rest, with nothing in the way", "lars",
             lambda s: leaves(s, "lars", QUOTE_ETH, 2 * QUARTER),
             saw(VaultWithdrawn, 1, vault=QUOTE_ETH, other=0), note=left),
    )  # fmt: skip


# Cooldown -----------------------------------------------------------------------------------------


def _asks_for(part: str, ppm: int) -> Step:
    return does(f"lucy gives back {part} of her shares", "lucy",
                lambda s: leaves(s, "lucy", PASSIVE, ppm),
                saw(UnlockQueued, 1, vault=PASSIVE), saw(VaultWithdrawn, 1, paid=0),
                never(UnlockPaid), note=left)  # fmt: skip


def _snapshots(scene: Scene, events: list[Event]) -> str:
    return ", ".join(
        amount(one.vault, one.assets) for one in events if isinstance(one, VaultSnapshot)
    )


def cooldown() -> Chapter:
    """Two withdrawals wait; each is paid when its time has come. Snapshots at midnight."""
    return chapter(
        "Cooldown of the passive vault",
        "Two unlocks wait for 24 hours each; each day's first prices leave a snapshot of vaults.",
        _asks_for("a quarter", QUARTER),
        waits("six hours pass", SIX_HOURS, never(UnlockPaid), every=10 * MINUTE),
        _asks_for("another quarter", QUARTER),
        may_not("two may wait, not three", "lucy",
                lambda s: leaves(s, "lucy", PASSIVE, QUARTER), "UNLOCKS_FULL"),
        may_not("nothing is due yet", "lucy",
                lambda s: ClaimUnlocks(s.account("lucy"), PASSIVE), "UNLOCK_NOT_DUE"),
        waits("past midnight: a snapshot of each vault", DAY - SIX_HOURS - QUARTER_HOUR,
              saw(VaultSnapshot, 4), never(UnlockPaid), every=10 * MINUTE, note=_snapshots),
        waits("a quarter of an hour later the house pays the first, and only that", QUARTER_HOUR,
              saw(UnlockPaid, 1, vault=PASSIVE, cut=0),
              saw(Transferred, 1, reason=R_UNLOCK_PAID), every=MINUTE, note=left),
        waits("six hours later the second", SIX_HOURS, saw(UnlockPaid, 1, vault=PASSIVE, cut=0),
              holds("nothing waits", lambda s: s.vault(PASSIVE)["waiting"] == 0),
              every=10 * MINUTE, note=left),
        market=BTC,
    )  # fmt: skip


def _params(**more: int) -> SetVaultParams:
    return SetVaultParams(PASSIVE, VaultParams(**{**PASSIVE_PARAMS, **more}))


def maturity() -> Chapter:
    """An unlock pays the lower of two values, if the vault says so."""
    return chapter(
        "Who leaves before a loss shares it",
        "min_at_maturity: the lower of the value asked for and the value when it is paid.",
        does("the operator sets it, and a cooldown of an hour", "operator",
             lambda s: _params(min_at_maturity=1, cooldown_ms=HOUR)),
        does("and lets the vault quote SOL again, up to 150", "operator",
             lambda s: quoting(SOL, weight=6, half_spread=2_000, max_quote_size=150 * BASE),
             saw(VaultQuoted, 1, market=SOL, bid_size=150 * BASE)),
        does("bob sells into the vault's bid", "bob", lambda s: takes_quote(s, "bob", SOL, SELL),
             saw(Filled, 1, source=FROM_BOOK, size=150 * BASE), note=filled),
        _asks_for("half of the rest", 2 * QUARTER),
        waits("SOL falls by 5 % within the hour: the vault loses on what it bought", HOUR,
              saw(UnlockPaid, 1, vault=PASSIVE, cut=lambda a: a > 0),
              saw(Transferred, 1, reason=R_UNLOCK_CUT), every=MINUTE,
              to={SOL: 155_800_000}, note=left),
        does("the operator takes it back", "operator",
             lambda s: _params(cooldown_ms=COOLDOWN)),
        market=SOL,
    )  # fmt: skip
