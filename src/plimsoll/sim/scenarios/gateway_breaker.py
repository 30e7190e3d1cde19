"""Chapters of the gateway tour about the outflow: limits, an attack, what passes, recovery."""

from __future__ import annotations

from typing import Final

from plimsoll.messages.codes import (
    BUY,
    CAUSE_OUTFLOW,
    CAUSE_RECOVERED,
    FROM_HEDGED,
    GTC,
    NORMAL,
    POST_REJECT,
    R_HELD,
    R_HELD_BACK,
    R_HELD_PAID,
    R_WITHDRAWAL,
    SELL,
    TRIPPED,
)
from plimsoll.messages.commands import (
    CancelHeld,
    CancelOrder,
    Deposit,
    Liquidate,
    ReleaseHeld,
    ReviewBreaker,
    SetBreakerParams,
    SwapSpot,
    Transfer,
)
from plimsoll.messages.events import (
    BreakerMoved,
    BreakerParamsSet,
    Event,
    Filled,
    HeldReleased,
    OrderRemoved,
    OrderRested,
    SpotSwapped,
    Transferred,
    VaultDeposited,
    VaultHedged,
    VaultWithdrawn,
    WithdrawalHeld,
)
from plimsoll.messages.mechanisms import Liquidating
from plimsoll.sim.scenarios.gateway_orders import settling, unsettled
from plimsoll.sim.scenarios.gateway_signing import Ticket
from plimsoll.sim.scenarios.gateway_stage import (
    BTC,
    COIN,
    COLLATERAL,
    COOLDOWN,
    ETH,
    ETHER,
    POOL,
    VAULT,
    WINDOW,
    WORTH,
    coins,
    guarded,
    limits,
    same_prices,
    takes_out,
)
from plimsoll.sim.scenarios.language import (
    Chapter,
    Check,
    Order,
    Step,
    does,
    holds,
    may_not,
    never,
    priced,
    saw,
    waits,
)
from plimsoll.sim.scenarios.orders import market_order, order
from plimsoll.sim.scenarios.scene import BASE, MINUTE, PRICE, USD
from plimsoll.sim.scenarios.sujiko_stage import dollars, filled
from plimsoll.sim.scenarios.vault_stage import chapter, hedged, joins, leaves, trades
from plimsoll.units import RATIO_SCALE, div_floor

SHARE: Final = 350 * COIN
"""What one principal may take out: half of the 15 % of ``WORTH``, at 3,000 USD."""
HELD: Final = COIN
TENTH: Final = div_floor(RATIO_SCALE, 10)
HALF_BTC: Final = div_floor(BASE, 2)

OPENS: Final = Ticket("nora", BUY, HALF_BTC, 60_600 * PRICE, tag="opens")
REDUCES: Final = Ticket("nora", SELL, HALF_BTC, 59_400 * PRICE, reduce_only=True, tag="reduces")


# Limits -------------------------------------------------------------------------------------------


def _swaps(who: str) -> Step:
    return does(f"{who} buys 351 ETH with USD on spot: nothing has left the exchange", who,
                lambda s: SwapSpot(s.account(who), POOL, COLLATERAL, True, SHARE + HELD, 0),
                saw(SpotSwapped, 1, amount_out=SHARE + HELD),
                note=lambda s, e: f"for {dollars(_paid(e))} USD")  # fmt: skip


def _paid(events: list[Event]) -> int:
    return sum(one.amount_in for one in events if isinstance(one, SpotSwapped))


def bounds() -> Chapter:
    """What is there is counted at the oracle's prices, whatever was before."""
    return chapter(
        "Limits on what leaves the exchange",
        "All assets, at the oracle's prices: 15 % within ten minutes, half of it for one.",
        same_prices(),
        does("the operator sets the limits: there are 14 million", "operator",
             lambda s: SetBreakerParams(limits()), saw(BreakerParamsSet, 1, worth=WORTH),
             note=lambda s, e: f"{dollars(WORTH)} USD are guarded"),
        priced("ETH falls by 3 %: what is there is worth less, but nothing has left",
               {ETH: 2_910 * PRICE}, never(BreakerMoved)),
        priced("ETH comes back", {ETH: 3_000 * PRICE}, never(BreakerMoved)),
        _swaps("mallory"),
        _swaps("mick"),
        does("alice sells 10 ETH to the vault, which sells them on spot", "alice",
             lambda s: trades(s, "alice", VAULT, SELL, 10 * BASE), saw(VaultHedged, 1),
             note=hedged),
        does("walt buys 0.5 BTC on 2,000 USD", "walt",
             lambda s: market_order(s, "walt", BTC, BUY, HALF_BTC), saw(Filled, 1), note=filled),
        does("mila bids for BTC in the book", "mila",
             lambda s: order(s, "mila", BTC, BUY, 2 * BASE, price=59_900 * PRICE,
                             post=POST_REJECT, tif=GTC), saw(OrderRested, 1), label="bid"),
        does("and asks for more than anybody pays", "mila",
             lambda s: order(s, "mila", BTC, SELL, BASE, price=63_000 * PRICE, post=POST_REJECT,
                             tif=GTC), saw(OrderRested, 1), label="ask"),
    )  # fmt: skip


# The attack ---------------------------------------------------------------------------------------


def _takes(text: str, who: str, amount: int) -> Step:
    return does(text, who, lambda s: takes_out(s, who, ETHER, amount),
                saw(Transferred, 1, reason=R_WITHDRAWAL, asset=ETHER, amount=amount),
                never(WithdrawalHeld), never(BreakerMoved), note=guarded)  # fmt: skip


def _is_held(
    text: str, who: str, label: str, asset: int, amount: int, worth: int, *expect: Check
) -> Step:
    return does(text, who, lambda s: takes_out(s, who, asset, amount),
                saw(WithdrawalHeld, 1, asset=asset, amount=amount, worth=worth),
                saw(Transferred, 1, reason=R_HELD, amount=amount),
                never(Transferred, reason=R_WITHDRAWAL), *expect,
                label=label, note=guarded)  # fmt: skip


def outflow() -> Chapter:
    """Up to the bound everything passes; what is beyond it is held, and the breaker trips."""
    return chapter(
        "An attacker takes out ETH, under two names",
        "What is bought with USD leaves as ETH: the breaker counts its value, not its asset.",
        same_prices(),
        _takes("mallory takes out 200 ETH", "mallory", 200 * COIN),
        _takes("and 150: all that one principal may", "mallory", 150 * COIN),
        _is_held("one more is held; no breaker moves for one principal", "mallory", "hers", ETHER,
                 HELD, 3_000 * USD, never(BreakerMoved)),
        _takes("mick takes out 350: to the unit what may leave in all", "mick", SHARE),
        _is_held("one more trips the breaker, and is held", "mick", "his", ETHER, HELD,
                 3_000 * USD,
                 saw(BreakerMoved, 1, mode=TRIPPED, before=NORMAL, cause=CAUSE_OUTFLOW)),
    )  # fmt: skip


# Restricted ---------------------------------------------------------------------------------------


def _stopped(text: str, who: str, make: Order, *expect: Check) -> Step:
    return may_not(text, who, make, "EXCHANGE_MODE", never(Filled), *expect)


def restricted() -> Chapter:
    """What adds risk waits; what takes it away, and who wants to leave a vault, does not."""
    return chapter(
        "Restricted: risk may be reduced, LPs may leave",
        "Refused: what opens, deposits into vaults. Held: every withdrawal.",
        same_prices(),
        _is_held("alice's 1,000 USD are held, too", "alice", "alices", COLLATERAL, 1_000 * USD,
                 1_000 * USD, never(BreakerMoved)),
        _stopped("alice may not buy BTC", "alice",
                 lambda s: market_order(s, "alice", BTC, BUY, HALF_BTC)),
        unsettled("nor rhea settle a signed order that opens", OPENS, HALF_BTC, "EXCHANGE_MODE"),
        _stopped("nor alice sell more to the vault", "alice",
                 lambda s: trades(s, "alice", VAULT, SELL, BASE), never(SpotSwapped)),
        _stopped("nor sven join it", "sven", lambda s: joins(s, "sven", VAULT, COIN),
                 never(VaultDeposited)),
        does("alice buys 4 of her 10 ETH back from the vault: a hedged fill that reduces", "alice",
             lambda s: trades(s, "alice", VAULT, BUY, 4 * BASE),
             saw(Filled, 1, source=FROM_HEDGED), saw(VaultHedged, 1, side=BUY), note=hedged),
        settling("rhea settles a signed order that reduces, with mila's bid from before", REDUCES,
                 HALF_BTC, saw(Filled, 1, price=59_900 * PRICE)),
        does("dana sells what she has", "dana",
             lambda s: market_order(s, "dana", BTC, SELL, s.base("dana", BTC)),
             saw(Filled), holds("flat", lambda s: s.base("dana", BTC) == 0), note=filled),
        does("mila cancels her ask", "mila",
             lambda s: CancelOrder(s.account("mila"), s.order("ask"), ""), saw(OrderRemoved, 1)),
        does("lena leaves the vault with a tenth of her shares", "lena",
             lambda s: leaves(s, "lena", VAULT, TENTH), saw(VaultWithdrawn, 1),
             note=lambda s, _: f"lena has {coins(s.balance('lena', ETHER))}"),
        does("money still comes in", "operator",
             lambda s: Deposit(s.account("alice"), COLLATERAL, 500 * USD, "in/alice/more"),
             saw(Transferred, 1)),
        does("and moves between accounts of one owner", "nora",
             lambda s: Transfer(s.account("nora"), s.account("isolated"), COLLATERAL, USD),
             saw(Transferred, 1)),
        priced("BTC falls by 5 %", {BTC: 57_000 * PRICE}),
        does("kim liquidates walt", "kim", lambda s: Liquidate(s.account("walt"), s.account("kim")),
             saw(Liquidating, 1), saw(Filled), note=filled),
        priced("BTC comes back", {BTC: 60_000 * PRICE}),
    )  # fmt: skip


# Recovery -----------------------------------------------------------------------------------------


def _reviews(text: str) -> Step:
    return may_not(text, "kim", lambda s: ReviewBreaker(-1), "BREAKER_WAITS", never(BreakerMoved))


def recovery() -> Chapter:
    """The breaker recovers by its own condition: its cooldown, and the outflow of its window."""
    return chapter(
        "The breaker recovers by itself",
        "Not before 20 minutes, though nothing has left for ten; then what is held is paid.",
        same_prices(),
        _reviews("kim asks whether it is over"),
        may_not("mick wants his ETH", "mick", lambda s: ReleaseHeld(s.order("his")), "HELD_WAITS",
                never(HeldReleased)),
        waits("the window passes: nothing of the outflow is in it any more", WINDOW,
              never(BreakerMoved), never(HeldReleased)),
        _reviews("kim asks again"),
        may_not("mallory may not take back what is alice's", "mallory",
                lambda s: CancelHeld(s.account("mallory"), s.order("alices")), "UNKNOWN_HELD"),
        does("alice takes hers back into her account", "alice",
             lambda s: CancelHeld(s.account("alice"), s.order("alices")),
             saw(HeldReleased, 1, paid=False), saw(Transferred, 1, reason=R_HELD_BACK),
             note=guarded),
        waits("minutes pass; a minute is missing", COOLDOWN - WINDOW - 2 * MINUTE,
              never(BreakerMoved), never(HeldReleased)),
        waits("the cooldown is over: the house looks, and pays what is held", 2 * MINUTE,
              saw(BreakerMoved, 1, mode=NORMAL, before=TRIPPED, cause=CAUSE_RECOVERED),
              saw(HeldReleased, 2, paid=True), saw(Transferred, 2, reason=R_HELD_PAID),
              note=guarded),
        does("alice buys BTC again", "alice",
             lambda s: market_order(s, "alice", BTC, BUY, HALF_BTC), saw(Filled), note=filled),
        does("and takes out 1,000 USD", "alice",
             lambda s: takes_out(s, "alice", COLLATERAL, 1_000 * USD),
             saw(Transferred, 1, reason=R_WITHDRAWAL), never(WithdrawalHeld)),
    )  # fmt: skip
