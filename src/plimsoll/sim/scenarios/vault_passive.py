"""Chapters of the vault tour about the passive vault: quotes, requotes, skew, worth nothing."""

from __future__ import annotations

from typing import Final

from plimsoll.messages.codes import BUY, FROM_BOOK, IOC, SELL
from plimsoll.messages.events import (
    Event,
    Filled,
    OrderRemoved,
    VaultDeposited,
    VaultOpened,
    VaultQuoted,
    VaultShut,
    VaultWithdrawn,
)
from plimsoll.sim.scenarios.language import (
    Chapter,
    Check,
    Step,
    does,
    holds,
    in_order,
    may_not,
    never,
    priced,
    saw,
)
from plimsoll.sim.scenarios.orders import order
from plimsoll.sim.scenarios.scene import BASE, PRICE, USD, Scene
from plimsoll.sim.scenarios.sujiko_stage import base, dollars, filled
from plimsoll.sim.scenarios.vault_stage import (
    BTC,
    ETH,
    PASSIVE,
    PRICES,
    SOL,
    amount,
    chapter,
    joins,
    leaves,
    quoting,
    takes_quote,
    worth,
)

OF_BTC: Final = {"weight": 3, "half_spread": 500, "max_quote_size": BASE // 2}
OF_ETH: Final = {"weight": 2, "half_spread": 1_000, "max_quote_size": 2 * BASE}
OF_SOL: Final = {"weight": 1, "half_spread": 2_000, "max_quote_size": 50 * BASE}
SKEW: Final = {"max_skew": 4 * BASE, "size_skew": 500_000, "spread_skew": 300_000}
ETH_NOW: Final = PRICES["ETH-USD"]


def quoted(scene: Scene, events: list[Event]) -> str:
    """The last quotes of each market in words."""
    rows = {one.market: one for one in events if isinstance(one, VaultQuoted)}
    return "; ".join(
        f"{('BTC', 'ETH', 'SOL')[market]} {base(one.bid_size)} at {dollars(one.bid)} / "
        f"{base(one.ask_size)} at {dollars(one.ask)}"
        for market, one in sorted(rows.items())
    )


def _worth(scene: Scene, events: list[Event]) -> str:
    return f"the vault is worth {amount(PASSIVE, worth(scene, PASSIVE))}"


def _sets(name: str, market: int, params: dict[str, int], bid: int, ask: int) -> Step:
    return does(f"the operator lets the vault quote {name}", "operator",
                lambda s: quoting(market, **params),
                saw(VaultQuoted, 1, market=market, bid=bid, ask=ask, bid_size=params[
                    "max_quote_size"], ask_size=params["max_quote_size"]), note=quoted)  # fmt: skip


def _takes(who: str, verb: str, side: int, *more: Check, market: int = ETH) -> Step:
    return does(f"{who} {verb}", who, lambda s: takes_quote(s, who, market, side),
                saw(Filled, 1, source=FROM_BOOK, maker_rebate=0), *more, note=filled)  # fmt: skip


def quotes() -> Chapter:
    """Around the oracle, in every market; the spread is the vault's."""
    return chapter(
        "The passive vault quotes around the oracle",
        "In the book of every market: half a spread below and above, margin split by weight.",
        _sets("BTC, 5 bp on each side", BTC, OF_BTC, 59_970 * PRICE, 60_030 * PRICE),
        _sets("ETH, 10 bp on each side", ETH, OF_ETH, 2_997 * PRICE, 3_003 * PRICE),
        _sets("SOL, 20 bp on each side", SOL, OF_SOL, 149_700_000, 150_300_000),
        does("before anybody trades", "kim", lambda s: [],
             keep=lambda s: {"worth": worth(s, PASSIVE)}, note=_worth),
        _takes("alice", "buys what it asks for", BUY, saw(Filled, 1, price=3_003 * PRICE)),
        _takes("bob", "sells it as much", SELL, saw(Filled, 1, price=2_997 * PRICE),
               holds("the vault has earned the spread, 2 ETH times 6 USD",
                     lambda s: worth(s, PASSIVE) - s.figures["worth"] == 12 * USD)),
        does("the vault is flat and 12 USD richer", "kim", lambda s: [], note=_worth),
    )  # fmt: skip


def requotes() -> Chapter:
    """Prices, cancels and new quotes are one command: nobody gets in between."""
    return chapter(
        "A price cancels and requotes in one command",
        "Whoever saw the new price first finds no old quote to take.",
        priced("the same prices again renew what was taken", {},
               saw(VaultQuoted, 1, market=ETH, ask=3_003 * PRICE, ask_size=2 * BASE)),
        priced("ETH jumps by 1 %: the quotes of all three markets are replaced with it",
               {ETH: 3_030 * PRICE}, saw(VaultQuoted, 3, vault=PASSIVE),
               # The ask leads; the bid stays behind a vAMM that has not come all the way yet.
               saw(VaultQuoted, 1, market=ETH, bid=lambda p: 3_003 * PRICE < p <= 3_026_970_000,
                   ask=3_033_030_000),
               note=quoted),
        does("alice tries to buy at the old price", "alice",
             lambda s: order(s, "alice", ETH, BUY, 2 * BASE, price=3_003 * PRICE, tif=IOC),
             never(Filled), saw(OrderRemoved, 1), note=lambda s, _: "nothing is offered there"),
        priced("and back", {ETH: ETH_NOW}, saw(VaultQuoted, 3)),
    )  # fmt: skip


def skew() -> Chapter:
    """What the vault holds leans its quotes to where it gets rid of it."""
    return chapter(
        "Inventory skew",
        "Long, it bids lower and less, and asks lower and more.",
        does("the operator sets the skew in ETH: full at 4", "operator",
             lambda s: quoting(ETH, **OF_ETH, **SKEW),
             saw(VaultQuoted, bid=2_997 * PRICE, ask=3_003 * PRICE)),
        _takes("alice", "sells 2 ETH into its bid", SELL),
        priced("with the next price it leans: half full of inventory", {ETH: ETH_NOW},
               saw(VaultQuoted, 1, market=ETH, bid=2_996_550_000, bid_size=1_500_000_000,
                   ask=3_002_550_000, ask_size=2_500_000_000), note=quoted),
        _takes("bob", "buys what it offers, 2.5 ETH", BUY),
        priced("short by half an ETH it leans the other way", {ETH: ETH_NOW},
               saw(VaultQuoted, 1, market=ETH, bid=lambda p: p > 2_997 * PRICE,
                   ask=lambda p: p > 3_003 * PRICE, bid_size=lambda n: n > 2 * BASE,
                   ask_size=lambda n: n < 2 * BASE), note=quoted),
    )  # fmt: skip


# Worth nothing ------------------------------------------------------------------------------------


def _only_btc() -> tuple[Step, ...]:
    big = {**OF_BTC, "max_quote_size": 100 * BASE}
    return (
        does("the operator gives all margin to BTC, without a bound that matters", "operator",
             lambda s: (quoting(ETH), quoting(SOL), quoting(BTC, **big))),
        does("lars joins with 20,000 USD", "lars",
             lambda s: joins(s, "lars", PASSIVE, 20_000 * USD), saw(VaultDeposited, 1)),
        priced("a price", {BTC: 60_000 * PRICE}, saw(VaultQuoted, market=BTC), note=quoted),
    )  # fmt: skip


def _lifts(number: int) -> tuple[Step, ...]:
    return (
        _takes("bob", f"buys all it asks for, number {number}", BUY, market=BTC),
        priced("the vault quotes with what is left free", {BTC: 60_000 * PRICE},
               saw(VaultQuoted, market=BTC), note=quoted),
    )  # fmt: skip


def shut() -> Chapter:
    """Equity of nothing shuts both doors, and they open by themselves."""
    return chapter(
        "A vault worth nothing is shut",
        "No deposits, no exits, no quotes; all of it again when the price returns.",
        *_only_btc(),
        *(step for number in (1, 2, 3) for step in _lifts(number)),
        may_not("lars may not take the margin away from under the position", "lars",
                lambda s: leaves(s, "lars", PASSIVE), "VAULT_MARGIN", never(VaultWithdrawn)),
        priced("BTC rises by 8 %: the vault owes more than it has", {BTC: 64_800 * PRICE},
               saw(VaultShut, 1, vault=PASSIVE, assets=lambda a: a < 0),
               saw(VaultQuoted, 1, market=BTC, bid_size=0, ask_size=0),
               note=_worth),
        may_not("mallory may not buy shares for nothing", "mallory",
                lambda s: joins(s, "mallory", PASSIVE, 1_000 * USD), "VAULT_SHUT",
                never(VaultDeposited)),
        may_not("nor may lars leave", "lars", lambda s: leaves(s, "lars", PASSIVE), "VAULT_SHUT"),
        priced("BTC comes back", {BTC: 60_000 * PRICE},
               in_order(VaultOpened, VaultQuoted), saw(VaultOpened, 1, vault=PASSIVE),
               note=quoted),
        does("mallory buys shares", "mallory",
             lambda s: joins(s, "mallory", PASSIVE, 1_000 * USD), saw(VaultDeposited, 1)),
        market=BTC,
    )  # fmt: skip
