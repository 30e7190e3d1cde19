"""Planted bugs of signed and delayed orders: each breaks the interpreted core, and names the rule,
or those of which it is found to break one first.

    PLIMSOLL_PURE=1 python -m tests.harness.planted_gateway NAME

prints what ``planted_mechanisms`` prints, of a run with a gateway, breakers and proposals.
"""

from __future__ import annotations

import argparse
import types
from typing import Any

from plimsoll.core import book, ledger, load, settlement, signed_orders
from plimsoll.core.board import Board
from plimsoll.core.gateway_board import GatewayBoard
from plimsoll.core.handlers import access, checks, delayed, gateway, signed_parts, triggers
from plimsoll.core.handlers.signed_parts import Part
from plimsoll.core.rows import Signed
from plimsoll.messages import codes
from plimsoll.units import notional_floor
from tests.harness.guard_gen import BusyGenerator
from tests.harness.planted_mechanisms import Bug, Original, always, nothing, witnessed


def unrefused(*refusals: int) -> Any:
    """A check that does not refuse for these reasons."""

    def planted(original: Original) -> Original:
        def check(*given: Any) -> Any:
            try:
                return original(*given)
            except codes.Reject as refusal:
                if refusal.code not in refusals:
                    raise
                return None

        return check

    return planted


def seen_by(module: types.ModuleType, name: str, value: Any) -> Any:
    """A module as another one sees it, with one thing replaced."""
    seen = types.SimpleNamespace(**vars(module))
    setattr(seen, name, value)
    return lambda _: seen


# Signed orders ------------------------------------------------------------------------------------


def any_terms(_: Original) -> Original:
    """A hash is all that counts."""
    return lambda txn, order: txn.state.gateway.signed.get(order.order_hash)


def never_cancelled(original: Original) -> Original:
    """What was cancelled is filled all the same."""

    def verify(txn: Any, order: Any, size: int) -> Any:
        known = txn.state.gateway.signed.get(order.order_hash)
        if known is None or not known.cancelled:
            return original(txn, order, size)
        known.cancelled = False
        try:
            return original(txn, order, size)
        finally:
            known.cancelled = True

    return verify


def keys_for_ever(_: Original) -> Original:
    """A key that was revoked signs on."""

    def keep_signers(self: Any, account: int, signers: list[str]) -> None:
        self.signers[account] = sorted({*self.signers.get(account, []), *signers})

    return keep_signers


def without(reason: int) -> Any:
    """Money that does not move for this reason."""

    def planted(original: Original) -> Original:
        def pay(txn: Any, debit: Any, credit: Any, amount: int, why: int, *given: int) -> None:
            if why != reason:
                original(txn, debit, credit, amount, why, *given)

        return pay

    return planted


def at_takers_price(original: Original) -> Original:
    """Two orders meet at the price of the taker."""

    def exchange(
        txn: Any,
        market: Any,
        taker: Any,
        maker: Any,
        row: Any,
        ident: int,
        price: int,
        size: int,
        quote: int,
        source: int,
    ) -> int:
        if source == codes.FROM_SIGNED:
            price = taker.price
            quote = notional_floor(price, size)
        found: int = original(txn, market, taker, maker, row, ident, price, size, quote, source)
        return found

    return exchange  # fmt: skip


def to_the_pot(original: Original) -> Original:
    """All fees go to the pot."""
    return lambda txn, _: original(txn, -1)


def payer_is_the_account(original: Original) -> Original:
    """The account pays the relayer although there is a fund."""

    def finish(txn: Any, market: Any, part: Any, relayer: Any) -> None:
        fund, part.fund = part.fund, None
        original(txn, market, part, relayer)
        part.fund = fund

    return finish


def fills_are_lost(original: Original) -> Original:
    """A loaded order has nothing filled."""

    def load_gateway(state: Any, rows: Any) -> None:
        original(state, rows)
        for row in state.gateway.signed.values():
            row.filled = 0

    return load_gateway


# Delayed orders -----------------------------------------------------------------------------------


def last_first(_: Original) -> Original:
    """Who came last goes first."""

    def released(self: Any, market: int, published_ms: int) -> Any:
        later = self.later[market]
        if later.size() > 0 and later.first_key() <= published_ms:
            able = [
                one
                for one in self.triggers.values()
                if one.is_delayed() and one.market == market and one.earliest_ms <= published_ms
            ]
            return max(able, key=lambda one: (one.earliest_ms, one.ident))
        return None

    return released


def waits_again(original: Original) -> Original:
    """Who is refused waits for another price."""

    def set_off(txn: Any, market: Any, trigger: Any) -> None:
        scope, mark = txn.state.log.open(), len(txn.events)
        original(txn, market, trigger)
        if any(type(event).__name__ == "DelayedRefused" for event in txn.events[mark:]):
            txn.take_back(scope, mark)

    return set_off


def limits_are_lost(original: Original) -> Original:
    """What waited with a limit goes as a market order."""

    def place_waiting(txn: Any, trigger: Any, expires_ms: int) -> Any:
        if trigger.is_delayed():
            trigger.kind = codes.MARKET
        return original(txn, trigger, expires_ms)

    return place_waiting


def refusals_are_swallowed(original: Original) -> Original:
    """Nobody hears that an order was refused."""

    def place_waiting(txn: Any, trigger: Any, expires_ms: int) -> Any:
        refusal = original(txn, trigger, expires_ms)
        return None if trigger.is_delayed() else refusal

    return place_waiting


PLANTED: dict[str, Bug] = {
    # X: which part of which order
    "filled_is_forgotten": Bug("X3", Signed, "fill", nothing),
    "any_terms": Bug("X3", signed_parts, "known_of", any_terms),
    "never_cancelled": Bug("X3", signed_parts, "verify", never_cancelled),
    "expired_are_good": Bug("X3", signed_parts, "check_time", unrefused(codes.ALREADY_EXPIRED)),
    "good_for_ever": Bug("X3", signed_parts, "check_time", unrefused(codes.SIGNED_VALIDITY)),
    "keys_for_ever": Bug("X3", GatewayBoard, "keep_signers", keys_for_ever),
    "any_key_text": Bug("X3", signed_orders, "check_signer", nothing),
    "done_is_not_done": Bug("X3", signed_orders, "check_part", unrefused(codes.SIGNED_DONE)),
    "overfilled": Bug("X3", signed_orders, "check_part", unrefused(codes.SIGNED_OVERFILL)),
    "fok_in_parts": Bug("X3", signed_orders, "check_part", unrefused(codes.SIGNED_FOK)),
    "dust_fills": Bug("X3", signed_orders, "check_part", unrefused(codes.SIGNED_MIN_FILL)),
    "half_is_enough": Bug(
        "X3", Signed, "fill", lambda f: lambda self, size: f(self, size // 2)
    ),
    "forgotten_too_early": Bug(
        "X3", GatewayBoard, "lapsed", lambda f: lambda self, now: f(self, now + 5_000)
    ),
    "never_forgotten": Bug("X3", GatewayBoard, "lapsed", always(None)),
    "anybody_is_the_relayer": Bug(
        "X4", signed_parts, "access",
        seen_by(access, "own_trader", lambda txn, ident: txn.state.account(ident)),
    ),
    "self_match": Bug(
        "X3", gateway, "book", seen_by(book, "same_hands", lambda *_: False)
    ),
    "any_pair_of_prices": Bug(
        "X3", gateway, "book", seen_by(book, "crosses", lambda *_: True)
    ),
    "matched_past_the_band": Bug(
        "X3", gateway, "checks", seen_by(checks, "check_band", lambda *_: None)
    ),
    "at_takers_price": Bug("B4", settlement, "exchange", at_takers_price),
    "opens_by_reducing": Bug("X3", signed_parts, "check_closes", nothing),
    # E: what moves with it
    "fee_every_time": Bug("E6", Part, "is_first", always(True)),
    "nothing_is_first": Bug("E6", Part, "is_first", always(False)),
    "margin_stays": Bug("E6", ledger, "pay", without(codes.R_SIGNED_MARGIN)),
    "fee_stays": Bug("E6", ledger, "pay", without(codes.R_RELAY_FEE)),
    "release_stays": Bug("E6", ledger, "pay", without(codes.R_SIGNED_RELEASE)),
    "fee_to_the_pot": Bug("E6", signed_parts, "relayer_of", to_the_pot),
    "payer_is_the_account": Bug("E6", signed_parts, "finish", payer_is_the_account),
    "all_is_freed": Bug(
        "E6", signed_orders, "freed", lambda _: lambda state, account, equity, cost, spare: spare
    ),
    "nothing_is_freed": Bug("E6", signed_orders, "freed", always(0)),
    "profit_is_freed": Bug(
        "E6", signed_orders, "freed",
        lambda f: lambda state, account, equity, cost, spare: f(state, account, 0, cost, spare),
    ),
    # O, P, T: orders that wait
    "known_prices_do": Bug("O11", delayed, "earliest_of", lambda _: lambda s, m, now: now - 5_000),
    "no_delay": Bug(
        "O11", delayed, "earliest_of",
        lambda _: lambda state, market, now: max(now, state.oracles[market.ident].published_ms) + 1,
    ),
    "any_time_will_do": Bug("O11", delayed, "check_expiry", nothing),
    "keepers_need_no_price": Bug("O11", delayed, "check_price", nothing),
    "by_the_clock": Bug(
        "O11", Board, "released", lambda f: lambda self, market, _: f(self, market, 2**50)
    ),
    "last_first": Bug("O11", Board, "released", last_first),
    "waits_again": Bug("O11", delayed, "set_off", waits_again),
    "limits_are_lost": Bug("O11", triggers, "place_waiting", limits_are_lost),
    "refusals_are_swallowed": Bug("O11 U3", triggers, "place_waiting", refusals_are_swallowed),
    "nobody_executes": Bug("O11", delayed, "execute_due", always(0)),
    "never_over": Bug("O11", Board, "lapsed", always(None)),
    "over_too_early": Bug(
        "T1", Board, "lapsed", lambda f: lambda self, now: f(self, now + 2_000)
    ),
    "uncertain_prices_do": Bug("O11 P3", delayed, "is_usable", always(True)),
    # D: the same again
    "fills_are_lost": Bug("D2", load, "load_gateway", fills_are_lost),
}  # fmt: skip
"""Name -> bug."""


def main() -> None:
    """Plant the named bug, run, print who noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=[*PLANTED, "none"])
    print(witnessed(PLANTED.get(parser.parse_args().name), BusyGenerator))


if __name__ == "__main__":
    main()
