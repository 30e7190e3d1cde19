"""Chapters of the vault tour about hedged vaults: fills and their spot legs, limits, refusals."""

from __future__ import annotations

from typing import Final

from plimsoll.messages.codes import (
    BUY,
    DONE_EXPIRED,
    DONE_FILLED,
    FROM_BOOK,
    FROM_HEDGED,
    FROM_VAMM,
    HEDGE_SLIPPAGE,
    SELL,
    VAULT_CAPACITY,
    VENUE_FIRM,
    VENUE_POOL,
)
from plimsoll.messages.commands import PostFirmQuote
from plimsoll.messages.events import (
    Event,
    Filled,
    FirmQuoteEnded,
    FirmQuoteFilled,
    FirmQuotePosted,
    OrderRemoved,
    SpotSwapped,
    Transferred,
    VaultHedged,
    VaultRefused,
)
from plimsoll.messages.mechanisms import AuctionEnded, AuctionStarted
from plimsoll.sim.scenarios.language import (
    Chapter,
    Check,
    Step,
    does,
    holds,
    in_order,
    may_not,
    never,
    saw,
    waits,
)
from plimsoll.sim.scenarios.orders import market_order
from plimsoll.sim.scenarios.scene import BASE, MINUTE, PRICE, SECOND, USD, Scene
from plimsoll.sim.scenarios.sujiko_stage import filled
from plimsoll.sim.scenarios.vault_stage import (
    BASE_ETH,
    COIN,
    ETH,
    ETHER,
    POOL_ETH,
    QUOTE_ETH,
    amount,
    arbitrage,
    chapter,
    directed,
    earned,
    hedged,
    is_hedged,
    levels,
    position,
    spot_base,
    trades,
    util,
    worth,
)
from plimsoll.units import RATIO_SCALE

WHOLE: Final = RATIO_SCALE
INSIDE: Final = 900
"""ppm off the oracle: dearer than the pool, cheaper than the passive vault's quotes."""


def _hedged_fill(vault: int, side: int, venue: int = VENUE_POOL) -> tuple[Check, ...]:
    """A fill with a vault, its spot leg before it, and nothing left unhedged; ``side`` of spot."""
    leg = SpotSwapped if venue == VENUE_POOL else FirmQuoteFilled
    return (
        in_order(leg, Filled, VaultHedged),
        saw(VaultHedged, 1, vault=vault, side=side, venue=venue),
        saw(Filled, 1, source=FROM_HEDGED),
        holds("spot and position are what depositors brought", lambda s: is_hedged(s, vault)),
    )


def _trade(
    text: str, who: str, vault: int, side: int, size: int, *more: Check, quote: bool = False
) -> Step:
    return does(text, who, lambda s: trades(s, who, vault, side, size, quote=quote),
                *_hedged_fill(vault, side), *more, note=hedged)  # fmt: skip


def base_vault() -> Chapter:
    """Base vault: it sells what a taker shorts, and buys it back."""
    return chapter(
        "The base vault hedges in the same command",
        "A taker's short is sold on spot at once; he gets the price of the hedge. Net base is 0.",
        _trade("alice sells exactly 5 ETH", "alice", BASE_ETH, SELL, 5 * BASE,
               saw(Filled, 1, size=5 * BASE),
               saw(SpotSwapped, 1, asset_in=ETHER, amount_in=5 * COIN),
               saw(VaultHedged, 1, base_amount=5 * COIN, util=125_000)),
        _trade("alice sells for at least 10,000 USD", "alice", BASE_ETH, SELL, 10_000 * USD,
               saw(Filled, 1, quote=lambda q: 10_000 * USD <= q < 10_004 * USD), quote=True),
        _trade("bob buys exactly 2 ETH: the vault buys them back", "bob", BASE_ETH, BUY, 2 * BASE,
               saw(SpotSwapped, 1, asset_out=ETHER, amount_out=2 * COIN)),
        _trade("bob buys for at most 3,000 USD", "bob", BASE_ETH, BUY, 3_000 * USD,
               saw(Filled, 1, quote=lambda q: 2_996 * USD < q <= 3_000 * USD), quote=True),
        may_not("alice may not sell at a limit above the pool", "alice",
                lambda s: trades(s, "alice", BASE_ETH, SELL, BASE, limit=3_000 * USD),
                "SPOT_SLIPPAGE", never(SpotSwapped)),
        levels(POOL_ETH),
        does("alice directs an order at the vault, inside the passive vault's quotes", "alice",
             lambda s: directed(s, "alice", BASE_ETH, SELL, 3 * BASE, INSIDE),
             *_hedged_fill(BASE_ETH, SELL), never(Filled, source=FROM_BOOK),
             saw(Filled, 1, size=3 * BASE), note=hedged),
        does("a market order directed at nobody: the book first, then the vault, no auction",
             "alice", lambda s: market_order(s, "alice", ETH, SELL, 6 * BASE),
             in_order(Filled, SpotSwapped, Filled, VaultHedged),
             saw(Filled, 1, source=FROM_BOOK), saw(Filled, 1, source=FROM_HEDGED),
             never(AuctionStarted), never(Filled, source=FROM_VAMM),
             holds("hedged", lambda s: is_hedged(s, BASE_ETH)), note=hedged),
    )  # fmt: skip


def quote_vault() -> Chapter:
    """The mirror: a vault held in USD buys what a taker goes long of."""
    return chapter(
        "The quote vault, its mirror",
        "A taker's long is bought on spot with the depositors' USD, and stays as its pledge.",
        levels(POOL_ETH),
        _trade("alice buys exactly 5 ETH", "alice", QUOTE_ETH, BUY, 5 * BASE,
               saw(Filled, 1, size=5 * BASE),
               saw(SpotSwapped, 1, asset_out=ETHER, amount_out=5 * COIN),
               holds("spot and position cancel",
                     lambda s: spot_base(s, QUOTE_ETH) == 5 * COIN == -position(s, QUOTE_ETH)),
               holds("15 % of the deposits are in use",
                     lambda s: 150_000 <= util(s, QUOTE_ETH) < 151_000)),
        _trade("bob sells exactly 2 ETH: the vault sells them on", "bob", QUOTE_ETH, SELL,
               2 * BASE, saw(SpotSwapped, 1, asset_in=ETHER, amount_in=2 * COIN)),
        _trade("alice buys for at most 15,000 USD", "alice", QUOTE_ETH, BUY, 15_000 * USD,
               saw(Filled, 1, quote=lambda q: 14_996 * USD < q <= 15_000 * USD), quote=True),
        _trade("bob sells for at least 6,000 USD", "bob", QUOTE_ETH, SELL, 6_000 * USD,
               saw(Filled, 1, quote=lambda q: 6_000 * USD <= q < 6_004 * USD), quote=True),
        levels(POOL_ETH),
        does("bob directs an order at the vault", "bob",
             lambda s: directed(s, "bob", QUOTE_ETH, BUY, 2 * BASE, INSIDE),
             *_hedged_fill(QUOTE_ETH, BUY), saw(Filled, 1, size=2 * BASE), note=hedged),
        may_not("nobody sells it more than it has bought", "bob",
                lambda s: trades(s, "bob", QUOTE_ETH, SELL, 20 * BASE), "VAULT_CAPACITY",
                never(SpotSwapped)),
    )  # fmt: skip


# Firm quotes --------------------------------------------------------------------------------------


def _post(scene: Scene, side: int, price: int, size: int) -> PostFirmQuote:
    """A firm quote of the desk for a minute."""
    return PostFirmQuote(
        scene.account("dora"), ETHER, side, price * PRICE, size * COIN, scene.now + MINUTE
    )


def desk() -> Chapter:
    """Firm quotes of a desk, taken when they are better than the pool."""
    return chapter(
        "A desk's firm quote, when it is better than the pool",
        "What the desk needs is in escrow; a hedge goes through the better venue as a whole.",
        levels(POOL_ETH),
        does("dora bids for 6 ETH at 3,001, and for more at 2,900", "dora",
             lambda s: (_post(s, BUY, 3_001, 6), _post(s, BUY, 2_900, 10)),
             saw(FirmQuotePosted, 2, held_asset=0)),
        does("alice sells 4 ETH to the base vault, which sells them to dora", "alice",
             lambda s: trades(s, "alice", BASE_ETH, SELL, 4 * BASE),
             *_hedged_fill(BASE_ETH, SELL, VENUE_FIRM), never(SpotSwapped),
             saw(FirmQuoteFilled, 1, asset_amount=4 * COIN, quote=12_004 * USD, left=2 * COIN),
             saw(Filled, 1, price=3_001 * PRICE), note=hedged),
        _trade("alice sells 4 more; dora wants 2 at that price: the pool", "alice", BASE_ETH, SELL,
               4 * BASE, never(FirmQuoteFilled)),
        does("dora offers 3 ETH at 2,998", "dora", lambda s: _post(s, SELL, 2_998, 3),
             saw(FirmQuotePosted, 1, held_asset=ETHER, held=3 * COIN)),
        does("bob buys 3 ETH, and with them the quote is used up", "bob",
             lambda s: trades(s, "bob", BASE_ETH, BUY, 3 * BASE),
             *_hedged_fill(BASE_ETH, BUY, VENUE_FIRM),
             saw(FirmQuoteEnded, 1, reason=DONE_FILLED, left=0), note=hedged),
        waits("a minute later the rest has expired; escrow gives back", MINUTE + SECOND,
              saw(FirmQuoteEnded, 2, reason=DONE_EXPIRED),
              saw(FirmQuoteEnded, 1, left=2 * COIN, released=6_002 * USD), every=5 * SECOND),
    )  # fmt: skip


# Utilization --------------------------------------------------------------------------------------


def utilization() -> Chapter:
    """A base vault sells all it has, refuses, and buys all of it back."""
    return chapter(
        "Utilization: to 1, and back to 0",
        "With all base sold the vault refuses; the order goes on to the auction and the vAMM.",
        levels(POOL_ETH),
        does("alice sells what the vault still has", "alice",
             lambda s: trades(s, "alice", BASE_ETH, SELL, spot_base(s, BASE_ETH)),
             *_hedged_fill(BASE_ETH, SELL), saw(VaultHedged, 1, util=WHOLE),
             holds("all is sold", lambda s: spot_base(s, BASE_ETH) == 0), note=hedged),
        levels(POOL_ETH),
        may_not("alone it refuses more", "alice",
                lambda s: trades(s, "alice", BASE_ETH, SELL, BASE), "VAULT_CAPACITY",
                never(Filled)),
        does("bob directs 5 ETH at it: the book, a refusal, an auction", "bob",
             lambda s: market_order(s, "bob", ETH, SELL, 5 * BASE,
                                    maker=int(s.vault(BASE_ETH)["account"])),
             in_order(Filled, VaultRefused, AuctionStarted),
             saw(VaultRefused, 1, vault=BASE_ETH, code=VAULT_CAPACITY), never(VaultHedged),
             label="bob", note=filled),
        waits("nobody offers: the vAMM fills it", 6 * SECOND,
              saw(AuctionEnded, 1, remaining=0), saw(Filled, 1, source=FROM_VAMM),
              every=SECOND, note=filled),
        does("alice buys all of it back", "alice",
             lambda s: trades(s, "alice", BASE_ETH, BUY, position(s, BASE_ETH)),
             *_hedged_fill(BASE_ETH, BUY), saw(VaultHedged, 1, util=0),
             holds("40 ETH again", lambda s: spot_base(s, BASE_ETH) == 40 * COIN), note=hedged),
    )  # fmt: skip


# The band of a hedge ------------------------------------------------------------------------------


def _untouched(scene: Scene) -> bool:
    return scene.fingerprint() == scene.figures["state"]


def _noted(scene: Scene) -> dict[str, int]:
    return {"state": scene.fingerprint(), "spot": spot_base(scene, BASE_ETH)}


def _away(ppm: int) -> Step:
    return does(f"arno moves the pool {abs(ppm) // 10_000} % off the oracle", "arno",
                lambda s: arbitrage(s, "arno", POOL_ETH, ppm), saw(SpotSwapped, 1))  # fmt: skip


def band() -> Chapter:
    """A hedge too far from the oracle is refused, and leaves nothing behind."""
    return chapter(
        "A hedge outside the band is refused",
        "1 % around the oracle, on both sides: whoever moved the pool finds no vault to pay it.",
        _away(-30_000),
        may_not("alice may not sell: the hedge would bring too little", "alice",
                lambda s: trades(s, "alice", BASE_ETH, SELL, 5 * BASE), "HEDGE_SLIPPAGE",
                holds("the state is what it was, bit for bit", _untouched), keep=_noted),
        may_not("nor may bob buy cheap from the quote vault", "bob",
                lambda s: trades(s, "bob", QUOTE_ETH, BUY, 5 * BASE), "HEDGE_SLIPPAGE",
                holds("the state is what it was, bit for bit", _untouched), keep=_noted),
        does("an order directed at the vault goes on without it, and finds nothing", "alice",
             lambda s: directed(s, "alice", BASE_ETH, SELL, 5 * BASE, INSIDE),
             saw(VaultRefused, 1, vault=BASE_ETH, code=HEDGE_SLIPPAGE), saw(OrderRemoved, 1),
             never(Filled), never(SpotSwapped), never(Transferred),
             holds("not a coin moved", lambda s: spot_base(s, BASE_ETH) == s.figures["spot"]),
             keep=_noted),
        levels(POOL_ETH),
        _trade("now alice may sell", "alice", BASE_ETH, SELL, 5 * BASE),
    )  # fmt: skip


# Prices -------------------------------------------------------------------------------------------


def _worths(scene: Scene) -> dict[str, int]:
    return {"base": worth(scene, BASE_ETH), "quote": worth(scene, QUOTE_ETH),
            "earned": earned(scene, BASE_ETH)}  # fmt: skip


def _kept(scene: Scene) -> bool:
    """Spot and position are the same ETH; beside them there is what fills earned, in USD."""
    off = abs(worth(scene, BASE_ETH) - scene.figures["base"])
    same = abs(earned(scene, BASE_ETH) - scene.figures["earned"]) <= 1
    return same and is_hedged(scene, BASE_ETH) and 10_000 * off <= scene.figures["base"]


def _kept_quote(scene: Scene) -> bool:
    return abs(worth(scene, QUOTE_ETH) - scene.figures["quote"]) <= 1


def _said(scene: Scene, events: list[Event]) -> str:
    return (
        f"base vault {amount(BASE_ETH, worth(scene, BASE_ETH))}, was "
        f"{amount(BASE_ETH, scene.figures['base'])}; quote vault "
        f"{amount(QUOTE_ETH, worth(scene, QUOTE_ETH))}, was "
        f"{amount(QUOTE_ETH, scene.figures['quote'])}"
    )


def _moves(text: str, to: int, *, first: bool = False) -> Step:
    return waits(text, 5 * MINUTE,
                 holds("the base vault is worth as much ETH as before", _kept),
                 holds("the quote vault as many USD", _kept_quote),
                 tick=False, to={ETH: to * PRICE}, keep=_worths if first else None,
                 note=_said)  # fmt: skip


def neutral() -> Chapter:
    """Whatever the price does, a vault keeps its worth in its own asset."""
    return chapter(
        "Prices move, the vaults' worth does not",
        "The base vault counted in ETH, the quote vault in USD: hedged, so the price is nothing.",
        _trade("alice sells 15 ETH to the base vault", "alice", BASE_ETH, SELL, 15 * BASE),
        _trade("bob buys 10 ETH from the quote vault", "bob", QUOTE_ETH, BUY, 10 * BASE),
        _moves("ETH rises by 10 %", 3_300, first=True),
        _moves("and falls by 20 %", 2_640),
        _moves("and comes back", 3_000),
        levels(POOL_ETH),
        does("both are bought back and sold on", "bob",
             lambda s: (trades(s, "bob", BASE_ETH, BUY, position(s, BASE_ETH)),
                        trades(s, "bob", QUOTE_ETH, SELL, -position(s, QUOTE_ETH))),
             saw(VaultHedged, 1, vault=BASE_ETH, util=0), saw(VaultHedged, 1, vault=QUOTE_ETH),
             holds("the base vault is flat", lambda s: position(s, BASE_ETH) == 0),
             holds("the quote vault too", lambda s: position(s, QUOTE_ETH) == 0), note=_said),
    )  # fmt: skip
