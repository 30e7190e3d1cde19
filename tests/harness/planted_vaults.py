"""Planted bugs of vaults and spot: each breaks the interpreted core, and names the rule it breaks.

    PLIMSOLL_PURE=1 python -m tests.harness.planted_vaults NAME

prints what ``planted_mechanisms`` prints, of a run with vaults, pools and desks.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from plimsoll.core import (
    asset_units,
    depositors,
    fees,
    firm_quotes,
    hedged,
    ledger,
    load,
    margin,
    passive_vault,
    settlement,
    shares,
    spot,
    spot_hedge_vault,
    spot_venue,
    vault_board,
    vault_money,
    vault_quotes,
)
from plimsoll.core.handlers import hedging, liquidity, vaults
from plimsoll.core.handlers import spot as spot_handlers
from plimsoll.core.rows import FirmQuote, Holding, Vault
from plimsoll.core.rows import vaults as vault_rows
from plimsoll.messages import codes
from tests.harness.planted_mechanisms import Bug, Original, always, nothing, witnessed
from tests.harness.vault_gen import VaultGenerator


def shares_kept(original: Original) -> Original:
    """Who gives shares back keeps them."""

    def add_shares(self: Any, count: int) -> None:
        original(self, max(0, count))

    return add_shares


def margin_is_paid(original: Original) -> Original:
    """The passive vault pays out what its positions need."""

    def payable(state: Any, vault: Any) -> int:
        if vault.kind != codes.PASSIVE_VAULT:
            return int(original(state, vault))
        return max(0, margin.equity(state, vault.account))

    return payable


def proceeds_are_spent(original: Original) -> Original:
    """A quote vault spends what its short brought."""

    def capacity(state: Any, vault: Any, side: int, now: int) -> int:
        if vault.kind != codes.QUOTE_VAULT or spot_hedge_vault.reduces(vault, side):
            return int(original(state, vault, side, now))
        return int(vault.params.fill_max or 10**12)

    return capacity


def gives_what_it_lacks(original: Original) -> Original:
    """A vault is closed further than its position goes."""

    def capacity(state: Any, vault: Any, side: int, now: int) -> int:
        most = int(original(state, vault, side, now))
        return 2 * most if spot_hedge_vault.reduces(vault, side) else most

    return capacity


def hedges_one_less(original: Original) -> Original:
    """A unit of the hedge is left out."""

    def execute(txn: Any, vault: Any, hedge: Any) -> None:
        short = spot_venue.plan(txn.state, vault, hedge.side, hedge.amount - 1, txn.now)
        original(txn, vault, short)

    return execute


def expired_are_live(_: Original) -> Original:
    """A desk's quote stands for as long as nobody takes it down."""

    def live_offers(state: Any, vault: Any, side: int, now: int) -> Any:
        if not vault.params.firm_quotes:
            return []
        other = codes.SELL if side == codes.BUY else codes.BUY
        return state.liquidity.best_offers(vault_money.base_asset(state, vault), other)

    return live_offers


def worst_desk_first(original: Original) -> Original:
    """Firm quotes are worked off from the worst."""
    return lambda state, offers, side, amount: original(state, offers[::-1], side, amount)


def anybody_gives(_: Original) -> Original:
    """Anybody moves the reserves of a pool."""
    return lambda txn, ident, pool: (txn.state.account(ident), txn.state.liquidity.pool(pool))


def newest_first(_: Original) -> Original:
    """Firm quotes are not sorted."""

    def show(self: Any, quote: Any) -> None:
        self.quotes[quote.ident] = quote
        self.offers.append(quote)

    return show


def escrow_one_more(original: Original) -> Original:
    """A filled quote thinks that more is held for it."""

    def fill(self: Any, amount: int, paid: int) -> None:
        original(self, amount, paid - 1)

    return fill


def pays_virtual_reserves(original: Original) -> Original:
    """A pool pays out what it has not got."""

    def leg(pool: Any, asset_in: int) -> Any:
        found = original(pool, asset_in)
        found.payable = found.y - 1
        return found

    return leg


def no_fee(original: Original) -> Original:
    """A swap pays no fee."""

    def amount_out(step: Any, amount: int) -> int:
        free = spot.Leg(step.pool, step.asset_in, step.asset_out, step.x, step.y, step.payable, 0)
        return int(original(free, amount))

    return amount_out


def half_spread(original: Original) -> Original:
    """The vault asks half as far from the oracle."""
    return lambda market, spread: original(market, spread // 2)


def all_weights_alike(_: Original) -> Original:
    """Every market is quoted with all of the margin."""
    return lambda margin, weight, total: margin


def forgets_gap(original: Original) -> Original:
    """A loaded vault has everything hedged."""

    def load_vaults(state: Any, rows: Any) -> None:
        original(state, rows)
        for vault in state.liquidity.vaults:
            vault.count_base(vault.unhedged)
            vault.count_unhedged(-vault.unhedged)

    return load_vaults


def unlocks_lose_order(original: Original) -> Original:
    """A loaded holding has its unlocks from the last to the first."""

    def load_vaults(state: Any, rows: Any) -> None:
        for row in rows:
            for holding in row[-1]:
                holding[-1] = holding[-1][::-1]
        original(state, rows)

    return load_vaults


def unrefused(code: int) -> Callable[[Original], Original]:
    """Vaults do not refuse for this reason."""

    def planted(original: Original) -> Original:
        def check_open(txn: Any, vault: Any, side: int, taker: Any) -> None:
            try:
                original(txn, vault, side, taker)
            except codes.Reject as refusal:
                if refusal.code != code:
                    raise

        return check_open

    return planted


def fee_untold(original: Original) -> Original:
    """The fee of a deposit moves without an event."""

    def transfer(txn: Any, debit: Any, credit: Any, asset: int, amount: int, *given: int) -> None:
        if given[0] == codes.R_VAULT_FEE:
            ledger.shift(txn.state.balance(debit, asset), txn.state.balance(credit, asset), amount)
        else:
            original(txn, debit, credit, asset, amount, *given)

    return transfer


PLANTED: dict[str, Bug] = {
    # V: shares, unlocks, reports, quotes
    "a_share_too_many": Bug("V1", shares, "minted_floor", lambda f: lambda *g: f(*g) + 1),
    "fee_buys_shares_too": Bug(
        "V3", liquidity, "minted_for",
        lambda f: lambda vault, amount, *given: f(vault, amount + amount // 100, *given),
    ),
    "a_share_too_few": Bug("V1", shares, "minted_floor", lambda f: lambda *g: max(0, f(*g) - 1)),
    "no_fee_for_leaving": Bug("V2", depositors, "at_rate_ceil", always(0)),
    "leaves_for_more": Bug("V3", shares, "redeemed_floor", lambda f: lambda *g: f(*g) + 1),
    "shares_kept": Bug("V5", Holding, "add_shares", shares_kept),
    "margin_is_paid": Bug("V9", vault_money, "payable", margin_is_paid),
    "nobody_says_it_is_shut": Bug("V10", depositors, "judge_shut", nothing),
    "paid_too_early": Bug(
        "V11", vault_board.VaultBoard, "due_unlock",
        lambda f: lambda self, now: f(self, now + 2_000),
    ),
    "paid_as_asked": Bug("V11", depositors, "value_now", always(2**62)),
    "no_timer": Bug("V11", vault_board.VaultBoard, "hang", nothing),
    "old_quotes_stay": Bug("V12", passive_vault, "cancel_quotes", always([])),
    "half_spread": Bug("V12", vault_quotes, "ask_price", half_spread),
    "all_weights_alike": Bug("V12", vault_quotes, "part_of", all_weights_alike),
    "no_snapshots": Bug("V13", depositors, "snapshot", nothing),
    "residue_is_kept": Bug("V8", vaults, "clear", nothing),
    # H: hedges
    "leg_is_not_missed": Bug("H1", settlement, "count_leg", nothing),
    "hedges_one_less": Bug("H1", spot_venue, "execute", hedges_one_less),
    "gives_what_it_lacks": Bug("H1", spot_hedge_vault, "capacity", gives_what_it_lacks),
    "proceeds_are_spent": Bug("H1q", spot_hedge_vault, "capacity", proceeds_are_spent),
    "utilisation_is_nil": Bug("H3", vault_money, "utilisation", always(0)),
    "no_margin_after_exits": Bug("H5", liquidity, "check_margin", nothing),
    "hedge_untold": Bug("H6", spot_hedge_vault, "report", nothing),
    "behind_the_vamm": Bug("H6", hedged, "beats", always(True)),
    "any_slippage": Bug("H7", spot_hedge_vault, "check_slippage", nothing),
    "desks_are_ignored": Bug("H7", firm_quotes, "live_offers", always([])),
    "worst_desk_first": Bug("H7", firm_quotes, "takes_of", worst_desk_first),
    "limit_ignored": Bug("B4", hedging, "check_limit", nothing),
    "modes_ignored": Bug("C3", spot_hedge_vault, "check_open", unrefused(codes.VAULT_MODE)),
    "gaps_do_not_matter": Bug("C3", Vault, "effective_mode", lambda _: lambda self: self.mode),
    "restricts_in_silence": Bug("C2", spot_hedge_vault, "follow", nothing),
    "any_price_will_do": Bug(
        "P3", spot_hedge_vault, "check_open", unrefused(codes.ORACLE_INVALID)
    ),
    "everybody_is_listed": Bug(
        "X4", spot_hedge_vault, "check_open", unrefused(codes.NOT_WHITELISTED)
    ),
    "passive_gets_rebates": Bug(
        "E1", fees, "rebate_of", lambda _: lambda params, _, quote: fees.maker_rebate(params, quote)
    ),
    # K, S, E, T, X: pools and desks
    "gives_too_much": Bug(
        "K1", spot, "amount_out", lambda f: lambda *g: f(*g) * 1_002 // 1_000
    ),
    "no_fee": Bug("K2", spot, "amount_out", no_fee),
    "pays_virtual_reserves": Bug("S1", spot, "leg", pays_virtual_reserves),
    "anybody_gives": Bug("X4", spot_handlers, "own_pool", anybody_gives),
    "escrow_one_more": Bug("E5", FirmQuote, "fill", escrow_one_more),
    "desk_rounds_down": Bug(
        "K2", firm_quotes, "asset_value_ceil", lambda _: asset_units.asset_value_floor
    ),
    "expired_are_live": Bug("T1", firm_quotes, "live_offers", expired_are_live),
    "newest_first": Bug("X2", vault_board.VaultBoard, "show", newest_first),
    "fee_untold": Bug("M5", ledger, "transfer", fee_untold),
    # D: all or nothing, and the same again
    "forgets_gap": Bug("D2", load, "load_vaults", forgets_gap),
    "unlocks_lose_order": Bug("D2", load, "load_vaults", unlocks_lose_order),
    "undo_keeps_shares": Bug("D4", vault_rows.HoldingWas, "undo", nothing),
}  # fmt: skip
"""Name -> bug."""


def main() -> None:
    """Plant the named bug, run, print who noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=[*PLANTED, "none"])
    print(witnessed(PLANTED.get(parser.parse_args().name), VaultGenerator))


if __name__ == "__main__":
    main()
