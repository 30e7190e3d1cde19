"""What a record did and why: a sentence for each event, with what was measured, against which
limit, and the rules behind it.

One table, ``_EXPLAIN``, has a row for every event of the vocabulary. The values are those that
``present_events.event`` shows, so that units are the same everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from plimsoll.client.models import ExplainInfo, ExplainLine
from plimsoll.messages.events import Event, Rejected
from plimsoll.runtime import (
    explain_auctions,
    explain_delayed,
    explain_gateway,
    explain_guard,
    explain_proposals,
    explain_vaults,
    present_events,
    present_gateway,
    recovery,
)
from plimsoll.runtime.present_text import Catalogue, catalogue
from plimsoll.runtime.publisher import Published
from plimsoll.runtime.rules import DONE_RULES, HEALTH_RULES, REJECT_RULES, SOURCE_RULES

Values = dict[str, Any]
Rules = tuple[str, ...]
Teller = Callable[[Values], tuple[str, Rules]]

_PUBLIC: Final = frozenset(
    {"Filled", "Deleveraged", "VammMoved", "VammQuoted", "OracleAccepted", "OracleRefused"}
    | {"Repegged", "RepegUnaffordable", "MarketRestricted", "MarketReleased", "MarketModeSet"}
    | {"MarketCreated", "MarketParamsSet", "FundingUpdated", "FundingSkipped"}
    | explain_vaults.PUBLIC
    | explain_proposals.PUBLIC
    | explain_guard.PUBLIC
)
"""Events that everybody may see, as far as they do not say who."""


def explain(
    item: Published,
    names: Catalogue,
    mine: frozenset[int],
    everything: bool,
    *,
    sender: bool = False,
) -> ExplainInfo:
    """The record in sentences, as the owner of the accounts ``mine`` may see it; all of it for
    ``everything`` (operators) and for its ``sender``, to whom the orders he relays do not belong.
    """
    relayed = sender and not everything and present_gateway.is_relayed(item.command)
    whole = everything or (sender and not relayed)
    lines: list[ExplainLine] = []
    for one in item.events:
        told = tell_relayed(one, names) if relayed else None
        told = told or tell(one, names, mine, whole)
        if told is not None:
            lines.append(told)
    accepted = not any(isinstance(one, Rejected) and one.item < 0 for one in item.events)
    return ExplainInfo(seq=item.seq, ts=item.ts, accepted=accepted, lines=lines)


def explain_journal(data_dir: Path, seq: int) -> ExplainInfo:
    """A record of a data directory, by replay, with all that it did. Errors: as `replay`."""
    item, state = recovery.replay_record(data_dir, seq)
    everybody = frozenset(row.ident for row in state.accounts)
    return explain(item, catalogue(state), everybody, everything=True)


def tell(
    one: Event, names: Catalogue, mine: frozenset[int], everything: bool
) -> ExplainLine | None:
    """One event in a sentence; None for what one may not see."""
    shown = present_events.events([one], names, mine)
    kind = type(one).__name__
    if not shown:
        if kind != "Deleveraged":
            return None
        shown = [present_events.event(one, names)]
    if kind not in _PUBLIC and not everything and not _is_mine(shown[0], mine):
        return None
    text, rules = _EXPLAIN[kind](shown[0])
    return ExplainLine(event=kind, text=text, rules=list(rules))


def tell_relayed(one: Event, names: Catalogue) -> ExplainLine | None:
    """A refusal to the relayer of an order, without the numbers of its owner; None for any other
    event.
    """
    if not isinstance(one, Rejected):
        return None
    shown = present_gateway.without_owners_numbers(present_events.event(one, names))
    text, rules = _rejected(shown)
    return ExplainLine(event="Rejected", text=text, rules=list(rules))


_SIDES: Final = ("account", "debit", "credit", "counterparty", "relayer")


def _is_mine(shown: Values, mine: frozenset[int]) -> bool:
    return any(shown.get(name) in mine for name in _SIDES)


# Orders and fills ----------------------------------------------------------------------------


def _rejected(v: Values) -> tuple[str, Rules]:
    where = f"Item {v['item']} of the batch was" if v.get("item", -1) >= 0 else "Refused:"
    if where.endswith("was"):
        where += " refused:"
    return f"{where} {_numbers(v)}.", REJECT_RULES[v["code"]]


def _numbers(v: Values) -> str:
    """Name of a refusal with what was measured against what."""
    parts = [
        f"{what} {v[number]}"
        for number, what in (("value", v["value_is"]), ("limit", v["limit_is"]))
        if what != "0"
    ]
    said = f" ({', '.join(parts)})" if parts else ""
    return f"{v['name']}{said}"


def _accepted(v: Values) -> tuple[str, Rules]:
    text = f"Order {v['order']} to {v['side']} {v['size']} {v['symbol']} was accepted."
    return text, ("ORDER-002", "ORDER-014")


def _rested(v: Values) -> tuple[str, Rules]:
    text = f"{v['remaining']} of order {v['order']} rest in the book at {v['price']}."
    return text, ("ORDER-015", "BOOK-002")


def _reduced(v: Values) -> tuple[str, Rules]:
    text = f"Order {v['order']} was made smaller by {v['removed']}; {v['remaining']} are left."
    return text, ("BOOK-010", "ORDER-019")


def _removed(v: Values) -> tuple[str, Rules]:
    reason = str(v["reason"])
    text = f"Order {v['order']} is done ({_said(reason)}); {v['remaining']} were not filled."
    return text, DONE_RULES[reason]


_FROM: Final = {
    "book": "from a resting order, at its price",
    "vamm": "from the vAMM, along its curve and spread",
    "auction": "from a maker's offer in an auction, at the offer's price",
    "adl": "by deleveraging a winner at the bankruptcy price",
    "hedged": "from a vault that hedged it on spot, at what the hedge cost or brought",
    "signed": "from another signed order, at its price",
}


def _filled(v: Values) -> tuple[str, Rules]:
    source = str(v["source"])
    text = (
        f"{v['size']} {v['symbol']} traded at {v['price']} for {v['quote']} USD, {_FROM[source]}; "
        f"the taker's side is {v['side']}"
    )
    rules = SOURCE_RULES[source]
    if "taker_fee" in v and v["taker_fee"] != "0":
        text += f", its fee {v['taker_fee']} USD"
        rules = (*rules, "FEE-001", "FEE-004")
    if "maker_rebate" in v and v["maker_rebate"] != "0":
        text += f", the maker's rebate {v['maker_rebate']} USD"
        rules = (*rules, "FEE-002")
    if v["surplus"] != "0":
        text += f", the vAMM's spread {v['surplus']} USD"
    return text + ".", rules


def _moved(v: Values) -> tuple[str, Rules]:
    text = (
        f"The vAMM of {v['symbol']} moved: traders hold {v['net']} net against it, it quotes "
        f"{v['bid']} / {v['ask']}."
    )
    return text, ("VAMM-012", "VAMM-003")


# Markets -------------------------------------------------------------------------------------


def _quoted(v: Values) -> tuple[str, Rules]:
    text = (
        f"The vAMM of {v['symbol']} quotes {v['bid']} / {v['ask']} around {v['price']}, with "
        f"spreads of {v['short_spread']} and {v['long_spread']} ppm."
    )
    return text, ("SPREAD-001", "SPREAD-012")


_WHY_REPEG: Final = {
    "opportunistic": "because it cost nothing or earned",
    "event": "because the mark was away from the oracle for too long",
    "operator": "by the operator",
}


def _repegged(v: Values) -> tuple[str, Rules]:
    cost = str(v["cost"])
    money = "at no cost"
    if cost.startswith("-"):
        money = f"and the adjustments pool received {cost[1:]} USD"
    elif cost != "0":
        money = f"and the adjustments pool paid {cost} USD"
    text = (
        f"The peg of {v['symbol']} moved from {v['before']} to {v['peg']} "
        f"{_WHY_REPEG.get(str(v['cause']), '')}, {money}; mark {v['mark']}, oracle {v['oracle']}."
    )
    by_operator = v["cause"] == "operator"
    return text, ("REPEG-008", "REPEG-002") if by_operator else ("REPEG-004", "REPEG-002")


def _unaffordable(v: Values) -> tuple[str, Rules]:
    text = (
        f"A repeg of {v['symbol']} would cost {v['cost']} USD and {v['budget']} USD are there for "
        f"it, so the peg stays; mark {v['mark']}, oracle {v['oracle']}, apart for "
        f"{v['elapsed_ms']} ms."
    )
    return text, ("REPEG-004", "REPEG-005", "REPEG-007")


def _restricted(v: Values) -> tuple[str, Rules]:
    text = (
        f"{v['symbol']} is restricted: {_said(str(v['what']))} is at {v['value']} ppm, the bound "
        f"is {v['limit']} ppm."
    )
    return text, HEALTH_RULES.get(str(v["what"]), ("HEALTH-003",))


def _released(v: Values) -> tuple[str, Rules]:
    text = f"{v['symbol']} is healthy again: mark {v['mark']}, oracle {v['oracle']}."
    return text, ("HEALTH-003", "HEALTH-004")


def _oracle_accepted(v: Values) -> tuple[str, Rules]:
    text = f"The oracle price of {v['symbol']} is {v['price']} ± {v['confidence']}."
    return text, ("ORACLE-007",)


def _oracle_refused(v: Values) -> tuple[str, Rules]:
    market = v.get("symbol", f"market {v['market']}")
    return f"An oracle price of {market} was refused: {_numbers(v)}.", REJECT_RULES[v["code"]]


# Funding and liquidation ---------------------------------------------------------------------


def _funding(v: Values) -> tuple[str, Rules]:
    payer = "shorts pay longs" if str(v["rate"]).startswith("-") else "longs pay shorts"
    if v["rate"] == "0":
        payer = "nobody pays"
    text = (
        f"Funding of {v['symbol']} for {v['seconds']} s: the mark averaged {v['mark']}, the oracle "
        f"{v['oracle']}, so {payer}: {v['rate']} USD a base; longs {v['rate_long']}, shorts "
        f"{v['rate_short']}; the pool received {v['pool']} USD."
    )
    return text, ("FUND-002", "FUND-003", "FUND-006", "FUND-007")


def _funding_skipped(v: Values) -> tuple[str, Rules]:
    text = f"No funding of {v['symbol']} for {v['seconds']} s: {_numbers(v)}."
    return text, ("FUND-001", *REJECT_RULES.get(v["code"], ()))


def _liquidating(v: Values) -> tuple[str, Rules]:
    text = (
        f"Account {v['account']} is liquidated: equity {v['equity']} is below the maintenance "
        f"requirement {v['maintenance']} with the oracle at {v['oracle']}; {v['side']} {v['size']} "
        f"{v['symbol']}, bankruptcy price {v['bankruptcy']}, worst price {v['limit']}."
    )
    return text, ("LIQ-001", "LIQ-002", "LIQ-006", "LIQ-008")


def _liquidation_ended(v: Values) -> tuple[str, Rules]:
    reason = str(v["reason"])
    text = (
        f"The liquidation of account {v['account']} is over ({_said(reason)}): equity "
        f"{v['equity']}, maintenance requirement {v['maintenance']}."
    )
    return text, DONE_RULES[reason]


def _deleveraged(v: Values) -> tuple[str, Rules]:
    text = (
        f"{v['size']} {v['symbol']} of a winning position were closed at {v['price']}, because "
        "nobody else took over a losing one."
    )
    return text, ("LIQ-012", "LIQ-013")


def _bad_debt(v: Values) -> tuple[str, Rules]:
    text = (
        f"A loss of {v['loss']} USD beyond a margin: insurance paid {v['insurance']}, winners gave "
        f"up {v['haircut']}, {v['unpaid']} are left."
    )
    return text, ("LIQ-010", "LIQ-011")


# Accounts and administration -----------------------------------------------------------------


def _transferred(v: Values) -> tuple[str, Rules]:
    side = f" from account {v['debit']}" if "debit" in v else ""
    side += f" to account {v['credit']}" if "credit" in v else ""
    return f"{v['amount']} moved{side} ({_said(str(v['reason']))}).", ("MONEY-001", "MONEY-004")


def _plain(text: str, *rules: str) -> Teller:
    """A sentence with the values of the event in it."""
    return lambda v: (text.format(**v), rules)


def _said(word: str) -> str:
    return word.replace("_", " ")


_EXPLAIN: Final[dict[str, Teller]] = {
    "Rejected": _rejected,
    "PrincipalCreated": _plain("Principal {principal} is {name}.", "ADMIN-001"),
    "GlobalParamsSet": _plain("The limits of the exchange were replaced.", "ADMIN-002"),
    "AssetCreated": _plain("Asset {asset} is {symbol}.", "ADMIN-003"),
    "MarketCreated": _plain("Market {market} was opened.", "ADMIN-004"),
    "MarketParamsSet": _plain("The parameters of {symbol} were replaced.", "ADMIN-005"),
    "MarketModeSet": _plain("The operator's mode of {symbol} is {mode}.", "ADMIN-006"),
    "AccountCreated": _plain("Account {account} was opened.", "ACCOUNT-002"),
    "Transferred": _transferred,
    "OrderAccepted": _accepted,
    "OrderRested": _rested,
    "OrderReduced": _reduced,
    "OrderRemoved": _removed,
    "Filled": _filled,
    "VammMoved": _moved,
    "OracleAccepted": _oracle_accepted,
    "OracleRefused": _oracle_refused,
    "VammQuoted": _quoted,
    "Repegged": _repegged,
    "RepegUnaffordable": _unaffordable,
    "MarketRestricted": _restricted,
    "MarketReleased": _released,
    "FundingUpdated": _funding,
    "FundingSkipped": _funding_skipped,
    "Liquidating": _liquidating,
    "LiquidationEnded": _liquidation_ended,
    "Deleveraged": _deleveraged,
    "BadDebt": _bad_debt,
    **explain_vaults.EXPLAIN,
    **explain_auctions.EXPLAIN,
    **explain_delayed.EXPLAIN,
    **explain_gateway.EXPLAIN,
    **explain_guard.EXPLAIN,
    **explain_proposals.EXPLAIN,
}
"""Event -> its sentence and its rules."""
