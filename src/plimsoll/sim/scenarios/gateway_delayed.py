"""Chapters of the gateway tour: orders that wait for a later price, and a whitelist."""

from __future__ import annotations

from typing import Any, Final

from plimsoll.messages.codes import (
    ACTIVE,
    BUY,
    DONE_CANCELLED,
    DONE_DELAYED_REFUSED,
    DONE_EXPIRED,
    FOK,
    FOK_NOT_FILLABLE,
    FROM_BOOK,
    FROM_HEDGED,
    GTC,
    HALTED,
    IOC,
    LIMIT,
    MARKET,
    R_KEEPER_FLAT,
    REJECTS,
    SELL,
)
from plimsoll.messages.commands import (
    CancelOrder,
    ExecuteDelayed,
    OraclePrices,
    PlaceDelayed,
    PricePoint,
    SetMarketMode,
    SetVaultQuote,
    SetVaultWhitelist,
    Tick,
)
from plimsoll.messages.events import (
    DelayedExecuted,
    DelayedPlaced,
    DelayedRefused,
    Event,
    Filled,
    OracleAccepted,
    OrderRemoved,
    Transferred,
    VaultDeposited,
    VaultHedged,
    VaultQuoted,
    VaultWhitelistSet,
    VaultWithdrawn,
)
from plimsoll.messages.vault_params import QuoteParams
from plimsoll.sim.scenarios.gateway_stage import (
    BTC,
    COIN,
    ETH,
    FLAT_FEE,
    PASSIVE,
    VAULT,
    coins,
    same_prices,
    vault_set,
)
from plimsoll.sim.scenarios.language import (
    HOUSE,
    ORACLE,
    Chapter,
    Check,
    Step,
    does,
    in_order,
    may_not,
    never,
    priced,
    saw,
)
from plimsoll.sim.scenarios.scene import BASE, MINUTE, PRICE, SECOND, USD, Scene
from plimsoll.sim.scenarios.sujiko_stage import dollars, filled
from plimsoll.sim.scenarios.vault_stage import chapter, joins, leaves
from plimsoll.units import RATIO_SCALE, div_floor

FIFTH: Final = div_floor(BASE, 5)
HALF: Final = div_floor(RATIO_SCALE, 2)
QUOTES: Final = QuoteParams(weight=1, half_spread=500, max_quote_size=BASE)


# Delayed orders -----------------------------------------------------------------------------------


def delayed(
    scene: Scene,
    side: int,
    size: int,
    *,
    market: int = BTC,
    price: int = 0,
    tif: int = IOC,
    lasts: int = 2 * MINUTE,
    to_vault: bool = False,
) -> PlaceDelayed:
    """An order of dana's that waits; at the market unless it has a price."""
    kind = LIMIT if price else MARKET
    maker = int(scene.vault(VAULT)["account"]) if to_vault else -1
    return PlaceDelayed(scene.account("dana"), market, side, kind, tif, price, size, False,
                        scene.now + lasts, "", maker)  # fmt: skip


def earliest(scene: Scene) -> int:
    """From when on a price must have been published to execute the last delayed order."""
    return int(scene.happened(DelayedPlaced)[-1].earliest_ms)


def waiting(scene: Scene, events: list[Event]) -> str:
    """The seconds that a price must be later by."""
    late = earliest(scene) - scene.now
    return f"waits for a price published {dollars(late * 1_000)} s from now or later"


def executed(scene: Scene, events: list[Event]) -> str:
    """What became of delayed orders, and at which price."""
    words: list[str] = []
    for one in events:
        if isinstance(one, DelayedExecuted):
            ago = scene.now - one.published_ms
            words.append(f"executed at an oracle price of {dollars(one.oracle)}, {ago} ms old")
            words.append(filled(scene, events))
        elif isinstance(one, DelayedRefused):
            words.append(f"done: {REJECTS[one.code][0]}")
    return "; ".join(words) or "it goes on waiting"


def _places(text: str, label: str, side: int, size: int, **more: Any) -> Step:
    return does(text, "dana", lambda s: delayed(s, side, size, **more),
                saw(DelayedPlaced, 1), never(Filled), label=label, note=waiting)  # fmt: skip


def _arrives(text: str, after: int, btc: int, *expect: Check, early: int = 0) -> Step:
    """Prices come in, published ``early`` ms before the last delayed order may go, which then
    waits; with 0 just then.
    """

    def make(scene: Scene) -> OraclePrices:
        scene.prices[BTC] = btc * PRICE
        published = earliest(scene) - early
        return OraclePrices(
            [PricePoint(market, price, 0, published) for market, price in scene.prices.items()]
        )

    waits_on = (never(DelayedExecuted), never(Filled)) if early else ()
    return does(text, ORACLE, make, saw(OracleAccepted, 2), *waits_on, *expect, after=after,
                note=executed)  # fmt: skip


def _looks(text: str) -> Step:
    return does(text, HOUSE, lambda s: Tick(256), never(DelayedExecuted), never(Filled),
                note=executed)  # fmt: skip


def _early(text: str, label: str) -> Step:
    return may_not(text, "kim", lambda s: ExecuteDelayed(s.order(label), s.account("kim")),
                   "DELAYED_EARLY", never(DelayedExecuted), never(Filled))  # fmt: skip


def delays() -> Chapter:
    """Only what is published later executes, whenever it comes in; the first that may, decides."""
    return chapter(
        "A delayed order executes on a later oracle price only",
        "The time of publication counts, not that of arrival; nobody chooses another moment.",
        same_prices(),
        does("lucy gives the passive vault 100,000 USD", "lucy",
             lambda s: joins(s, "lucy", PASSIVE, 100_000 * USD), saw(VaultDeposited, 1)),
        does("it quotes BTC, 5 bp around the oracle's price", "operator",
             lambda s: SetVaultQuote(PASSIVE, BTC, QUOTES),
             saw(VaultQuoted, 1, bid=59_970 * PRICE, ask=60_030 * PRICE)),
        may_not("nothing of a delayed order may rest", "dana",
                lambda s: delayed(s, BUY, FIFTH, price=60_000 * PRICE, tif=GTC),
                "ORDER_COMBINATION"),
        may_not("nor may it wait for an hour", "dana",
                lambda s: delayed(s, BUY, FIFTH, lasts=60 * MINUTE), "BAD_FIELD"),
        _places("dana wants to buy 0.2 BTC, in five seconds at the earliest", "first", BUY, FIFTH),
        _early("kim may not execute it on the price that dana saw", "first"),
        _arrives("six seconds later a price arrives that was published a second too early",
                 6 * SECOND, 59_880, early=SECOND),
        _looks("the house looks: too early"),
        _early("kim may not execute it on that one either", "first"),
        _arrives("one more, published a millisecond too early", 200, 59_940, early=1),
        _looks("the house looks again"),
        _arrives("the next one was published late enough: dana pays 5 bp over it", 200, 60_120,
                 in_order(OracleAccepted, VaultQuoted, DelayedExecuted, Filled),
                 saw(DelayedExecuted, 1, oracle=60_120 * PRICE),
                 saw(Filled, 1, source=FROM_BOOK, size=FIFTH, price=60_150_100_000)),
        _places("dana wants to sell 2 ETH to the vault", "second", SELL, 2 * BASE, market=ETH,
                price=2_970 * PRICE, to_vault=True),
        does("the operator halts ETH", "operator", lambda s: SetMarketMode(ETH, HALTED)),
        _arrives("its price comes, and the order waits on", 6 * SECOND, 60_120,
                 never(DelayedExecuted), never(Filled)),
        does("ETH goes on", "operator", lambda s: SetMarketMode(ETH, ACTIVE)),
        does("kim executes it, and is paid for it", "kim",
             lambda s: ExecuteDelayed(s.order("second"), s.account("kim")),
             in_order(DelayedExecuted, Filled, VaultHedged), saw(Filled, 1, source=FROM_HEDGED),
             saw(Transferred, 1, reason=R_KEEPER_FLAT, amount=FLAT_FEE), note=executed),
        _places("dana would buy at 59,700, all of it or nothing", "third", BUY, FIFTH,
                price=59_700 * PRICE, tif=FOK),
        _arrives("its price comes, and is higher: the order is refused, and done", 6 * SECOND,
                 60_000, never(DelayedExecuted), never(Filled),
                 saw(DelayedRefused, 1, code=FOK_NOT_FILLABLE),
                 saw(OrderRemoved, 1, reason=DONE_DELAYED_REFUSED)),
        priced("BTC falls to 59,400", {BTC: 59_400 * PRICE}),
        may_not("there is no second chance for it", "kim",
                lambda s: ExecuteDelayed(s.order("third"), s.account("kim")), "UNKNOWN_ORDER"),
        priced("BTC comes back", {BTC: 60_000 * PRICE}),
        _places("one more", "fourth", BUY, FIFTH),
        does("dana thinks again", "dana",
             lambda s: CancelOrder(s.account("dana"), s.order("fourth"), ""),
             saw(OrderRemoved, 1, reason=DONE_CANCELLED)),
        _places("and one for ten seconds", "fifth", BUY, FIFTH, lasts=10 * SECOND),
        does("no price is published in time", HOUSE, lambda s: Tick(256),
             saw(OrderRemoved, 1, reason=DONE_EXPIRED), never(Filled), after=10 * SECOND + 1),
        does("the passive vault stops quoting", "operator",
             lambda s: SetVaultQuote(PASSIVE, BTC, QuoteParams()), saw(VaultQuoted, 1)),
        market=BTC,
    )  # fmt: skip


# Whitelist ----------------------------------------------------------------------------------------


def _listed(text: str, who: str, *, allowed: bool = True) -> Step:
    return does(text, "operator", lambda s: SetVaultWhitelist(VAULT, s.account(who), allowed),
                saw(VaultWhitelistSet, 1, allowed=allowed))  # fmt: skip


def _joins(text: str, who: str) -> Step:
    return does(text, who, lambda s: joins(s, who, VAULT, 10 * COIN),
                saw(VaultDeposited, 1, amount=10 * COIN),
                note=lambda s, _: f"{who} has {coins(s.balance(who, 1))} left")  # fmt: skip


def whitelist() -> Chapter:
    """A beta: depositors on a list, until the list is switched off."""
    return chapter(
        "A whitelist, on and off",
        "Only listed depositors join; whoever is in may leave, listed or not.",
        same_prices(),
        does("the operator switches the list on", "operator",
             lambda s: vault_set(depositors_listed=1)),
        may_not("sven is a stranger", "sven", lambda s: joins(s, "sven", VAULT, 10 * COIN),
                "NOT_WHITELISTED", never(VaultDeposited)),
        _listed("the operator lists lars", "lars"),
        _joins("lars joins", "lars"),
        may_not("lena is in, but may not bring more", "lena",
                lambda s: joins(s, "lena", VAULT, COIN), "NOT_WHITELISTED"),
        does("she may leave with some of it", "lena",
             lambda s: leaves(s, "lena", VAULT, div_floor(RATIO_SCALE, 10)),
             saw(VaultWithdrawn, 1)),
        _listed("the operator takes lars off the list", "lars", allowed=False),
        may_not("lars may not bring more", "lars", lambda s: joins(s, "lars", VAULT, COIN),
                "NOT_WHITELISTED"),
        does("but leave with half of it", "lars", lambda s: leaves(s, "lars", VAULT, HALF),
             saw(VaultWithdrawn, 1)),
        does("the operator switches the list off", "operator", lambda s: vault_set()),
        _joins("sven joins", "sven"),
    )  # fmt: skip
