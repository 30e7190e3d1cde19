"""Planted bugs that break a rule but no invariant: only the auditor can notice them.

    PLIMSOLL_PURE=1 python -m tests.harness.planted_rules NAME

runs random commands on the broken core against the auditor; prints ``difference`` and where it
was found, or ``none``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NamedTuple

from plimsoll.core import curve, fees, ledger, margin, oracle, routing, rows, settlement, vamm
from plimsoll.core.handlers import checks
from plimsoll.core.rows import exchange
from plimsoll.messages import codes
from plimsoll.units import at_rate_floor, mul_div_signed_floor
from tests.harness.compare import Difference, Run

SEED = 7
COMMANDS = 8_000


class Rule(NamedTuple):
    """Where a bug goes in, and what it puts there, given the original."""

    owner: Any
    attribute: str
    broken: Callable[[Any], Any]


def owners_trade_with_themselves(original: Any) -> Any:
    """Only the very same account counts as a self-trade."""

    def unfit(txn: Any, taker: Any, maker: Any) -> int:
        reason: int = original(txn, taker, maker)
        other = maker.account is not taker.account
        return 0 if other and reason == codes.DONE_SELF_TRADE else reason

    return unfit


def expires_a_millisecond_early(original: Any) -> Any:
    """An order is gone at its last millisecond."""

    def unfit(txn: Any, taker: Any, maker: Any) -> int:
        reason: int = original(txn, taker, maker)
        return codes.DONE_EXPIRED if not reason and maker.expires_ms == txn.now else reason

    return unfit


def band_kept_from_before(original: Any) -> Any:
    """New parameters leave the price band as it was."""

    def set_band(self: Any, params: Any) -> None:
        if getattr(self, "of", None) != self.published_ms:
            original(self, params)
            self.of = self.published_ms

    return set_band


def no_spread(original: Any) -> Any:
    """The vAMM trades at the plain curve."""

    def plan(*given: Any) -> Any:
        found = original(*given)
        return vamm.Plan(found.plain, found.plain, found.x, found.y)

    return plan


def order_ids_burn(original: Any) -> Any:
    """A refused order still uses up an id."""

    def undo(self: Any) -> None:
        kept = self.row.next_order
        original(self)
        self.row.next_order = kept

    return undo


def snapshot_forgets_size(original: Any) -> Any:
    """A loaded order's priority counts what is left, not what it was."""

    def set_place(self: Any, remaining: int, _: int, sequence: int) -> None:
        original(self, remaining, remaining, sequence)

    return set_place


def profit_may_leave(_: Any) -> Any:
    """Unrealised profit can be withdrawn."""
    return lambda state, account: max(0, margin.free(state, account))


def keepers_get_nothing(original: Any) -> Any:
    """The keepers' part of a fee goes to the treasury."""

    def collect(txn: Any, market: Any, taker: Any, net: int) -> Any:
        original(txn, market, taker, net)
        parts = txn.parts
        accounts = txn.state.accounts
        ledger.move(accounts[codes.KEEPER_ACCOUNT], accounts[codes.TREASURY_ACCOUNT], parts.keepers)

    return collect


RULES: dict[str, Rule] = {
    "owners_trade_with_themselves": Rule(routing, "unfit", owners_trade_with_themselves),
    "expires_a_millisecond_early": Rule(routing, "unfit", expires_a_millisecond_early),
    "band_kept_from_before": Rule(rows.Oracle, "set_band", band_kept_from_before),
    "no_spread": Rule(vamm, "plan", no_spread),
    "spread_one_ppm_off": Rule(
        curve, "side_reserves", lambda f: lambda x, y, k, side, s: f(x, y, k, side, s + 2)
    ),
    "order_ids_burn": Rule(exchange.GlobalsWas, "undo", order_ids_burn),
    "snapshot_forgets_size": Rule(rows.Order, "set_place", snapshot_forgets_size),
    "profit_may_leave": Rule(margin, "withdrawable", profit_may_leave),
    "keepers_part_to_treasury": Rule(fees, "collect", keepers_get_nothing),
    "fee_rounds_down": Rule(
        fees, "taker_fee", lambda _: lambda params, quote: at_rate_floor(quote, params.taker_fee)
    ),
    "stale_prices_do": Rule(
        oracle,
        "is_valid",
        lambda _: lambda state, market, now: state.oracles[market.ident].price > 0,
    ),
    "window_of_nine": Rule(oracle, "WINDOW", lambda _: 9),
    "makers_need_no_margin": Rule(routing, "maker_can_pay", lambda _: lambda *given: True),
    "reducers_pass_through_zero": Rule(routing, "offer", lambda _: lambda order: order.remaining),
    "entry_cost_rounds_down": Rule(
        settlement, "mul_div_toward_zero", lambda _: mul_div_signed_floor
    ),
    "nothing_is_too_small": Rule(checks, "check_notional", lambda _: lambda *given: None),
}
"""Name -> bug."""


def main() -> None:
    """Plant the named bug, run, print whether the auditor noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=[*RULES])
    rule = RULES[parser.parse_args().name]
    setattr(rule.owner, rule.attribute, rule.broken(getattr(rule.owner, rule.attribute)))
    try:
        Run(SEED).run(COMMANDS)
    except Difference as found:
        print("difference")
        print(found)
    else:
        print("none")


if __name__ == "__main__":
    main()
