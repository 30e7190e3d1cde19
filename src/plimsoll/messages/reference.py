"""The vocabulary as Markdown tables, for the pages that must never disagree with the code.

Tables whose facts are not to be had here are given them: roles and invariants belong to the core,
and compiled classes have no docstrings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from plimsoll.messages import codes, fields
from plimsoll.messages.commands import COMMANDS
from plimsoll.messages.events import EVENTS
from plimsoll.messages.params import Fields, GlobalParams, MarketParams
from plimsoll.messages.vault_params import QuoteParams, VaultParams

Params = GlobalParams | MarketParams | VaultParams | QuoteParams

_NESTED: Final = {
    "items": "list of place, cancel, cancel-all and amend",
    "prices": "list of (market, price, confidence, published_ms)",
    "global_params": "parameters of the exchange",
    "market_params": "parameters of a market",
    "vault_params": "parameters of a vault",
    "quote_params": "how a vault quotes in a market",
    "breaker_params": "limits of the outflow",
    "signed_order": "a signed order",
    "change": "a command that may be proposed",
}

_SETS: Final = (
    "global_params",
    "market_params",
    "vault_params",
    "quote_params",
    "breaker_params",
    "signed_order",
    "change",
)

_ODD: Final[tuple[dict[str, int], ...]] = (
    {},
    {"tick": 1, "step": 1, "maker_rebate": 1, "oracle_max_age_ms": 1},
    {"imr": 2**60, "step": 2**60},
    {
        "repeg": 1,
        "auction": 1,
        "auction_batch_ms": 1,
        "liquidation": 1,
        "liquidation_penalty": 1,
        "liquidation_keeper_share": 1,
        "min_notional": 1,
        "keeper_flat_fee": 1,
        "funding_period_s": 1,
        "funding_receiving_max": 1,
    },
    {"auction": 1, "vamm_limits": 1, "vamm_enabled": 0},
    {"virtual_assets": 0, "max_unlocks": 0, "pool_1": -1},
    {"cooldown_ms": 0, "min_at_maturity": 1},
    {"weight": 1, "max_skew": 0, "spread_skew": 2},
    {"weight": 1, "half_spread": 0, "max_quote_size": 0},
    {"admin_delay_ms": 1, "admin_expiry_ms": 0},
    {"window_ms": 2**31 + 1, "tick_ms": 2, "retained": 1, "locking": 1, "cooldown_ms": 9},
    {"window_ms": 2, "tick_ms": 1, "retained": 1_000_000, "principal_share": 0},
    {"window_ms": 2, "tick_ms": 1, "cooldown_ms": 2, "pause_cooldown_ms": 1},
)

_SUBSYSTEMS: Final = {
    "1": "vocabulary and authority",
    "2": "accounts and balances",
    "3": "orders",
    "4": "risk",
    "5": "markets and oracle",
    "6": "vAMM",
    "7": "auctions",
    "8": "funding",
    "9": "liquidation and keepers",
    "10": "vaults",
    "11": "spot",
    "12": "order gateway",
    "13": "circuit breakers",
    "14": "changes by two keys",
}


def table(names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table. Cells may not hold line breaks; bars in them are escaped."""
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    for row in rows:
        cells = [str(cell).replace("|", "\\|") for cell in row]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _signature(schema: Fields) -> str:
    return ", ".join(f"`{name}`: {kind}" for name, kind in schema) or "none"


def commands_table(meanings: Mapping[str, str]) -> str:
    """Every command: tag, name, meaning (given by class name), fields with their kinds."""
    rows = [
        (one.TAG, f"`{one.__name__}`", meanings[one.__name__], _signature(one.FIELDS))
        for one in COMMANDS
    ]
    return table(("tag", "command", "meaning", "fields"), rows)


def events_table(meanings: Mapping[str, str]) -> str:
    """Every event: tag, name, meaning (given by class name), fields with their kinds."""
    rows = [
        (one.TAG, f"`{one.__name__}`", meanings[one.__name__], _signature(one.FIELDS))
        for one in EVENTS
    ]
    return table(("tag", "event", "meaning", "fields"), rows)


def kinds_table() -> str:
    """Every kind of field with its inclusive bounds, or its longest length."""
    rows: list[tuple[object, ...]] = [
        (kind, "whole number", f"{low:,}", f"{high:,}")
        for kind, (low, high) in sorted(fields.BOUNDS.items())
    ]
    rows += [(kind, "text", 0, f"{most} characters") for kind, most in sorted(fields.TEXTS.items())]
    rows += [
        (kind, _NESTED[kind], 1, f"{most} entries") for kind, most in sorted(fields.LISTS.items())
    ]
    rows += [(kind, _NESTED[kind], "", "") for kind in _SETS]
    return table(("kind", "is", "least", "most"), rows)


def words_table() -> str:
    """The numbers of every enumeration, with their words."""
    rows = [
        (name, ", ".join(f"{number} {word}" for number, word in enumerate(words)))
        for name, words in (
            ("side", codes.SIDES),
            ("kind", codes.KINDS),
            ("tif", codes.TIFS),
            ("post", codes.POSTS),
            ("mode", codes.MODES),
            ("direction", codes.DIRECTIONS),
            ("kind of a vault", codes.VAULT_KINDS),
            ("mode of a breaker", codes.BREAKER_MODES),
            ("what moved a breaker", codes.BREAKER_CAUSES),
            ("end of a proposal", codes.PROPOSAL_ENDS),
            ("venue of a hedge", codes.VENUES),
            ("source of a fill", codes.SOURCES),
            ("kind of an account", codes.ACCOUNT_KINDS),
        )
    ]
    for name, numbered in (
        ("reason of a transfer", codes.REASONS),
        ("reason an order ended", codes.DONE_REASONS),
    ):
        words = [f"{number} {word}" for number, word in sorted(numbered.items())]
        rows.append((name, ", ".join(words)))
    roles = ", ".join(f"{bit} {word}" for bit, word in _roles())
    return table(("enumeration", "numbers and words"), [*rows, ("role (a bit each)", roles)])


def _roles() -> list[tuple[int, str]]:
    """Bit and word of every role, by bit."""
    return sorted((bit, word) for word, bit in sorted(codes.ROLES.items()))


def rejects_table() -> str:
    """Every reject code: number, name, what its two numbers are."""
    rows: list[tuple[object, ...]] = [
        (code, f"`{name}`", value, limit, _SUBSYSTEMS[str(code)[:-3]])
        for code, (name, value, limit) in sorted(codes.REJECTS.items())
    ]
    return table(("code", "name", "`value` is", "`limit` is", "subsystem"), rows)


def params_table(params: type[Params]) -> str:
    """Every parameter of a set, with the bounds of its kind."""
    rows: list[tuple[object, ...]] = []
    for name, kind in params.FIELDS:
        low, high = fields.BOUNDS.get(kind, (0, fields.TEXTS.get(kind, 0)))
        rows.append((f"`{name}`", kind, f"{low:,}", f"{high:,}"))
    return table(("parameter", "kind", "least", "most"), rows)


def rules_table(params: type[Params]) -> str:
    """The rules a set of parameters obeys, by number.

    A set only tells which rules it breaks, so some that break all of them are asked.
    """
    found: dict[int, str] = {}
    for base in (0, 2, 2**61):
        for fill in _ODD:
            found.update(dict(_broken(params, base, fill).problems()))
    return table(("rule", "says"), sorted(found.items()))


def _broken(params: type[Any], base: int, fill: Mapping[str, int]) -> Any:
    values: dict[str, Any] = {name: base for name, _ in params.FIELDS}
    if "symbol" in values:
        values |= {"symbol": "", "vamm_enabled": 1}
    values.update({name: fill[name] for name in sorted(fill) if name in values})
    return params(**values)


def roles_table(may: Mapping[int, int]) -> str:
    """Which roles may send which command; ``may`` is tag -> mask of roles."""
    roles = _roles()
    rows = [
        (f"`{one.__name__}`", *("yes" if may[one.TAG] & bit else "" for bit, _ in roles))
        for one in COMMANDS
    ]
    return table(("command", *(word for _, word in roles)), rows)


def _place(ident: str) -> tuple[str, int, str]:
    """The order of a reader: A2 stands before A10."""
    digits = "".join(sign for sign in ident[1:] if sign.isdigit())
    return ident[0], int(digits), ident


def invariants_table(registry: Mapping[str, tuple[str, str]]) -> str:
    """Every invariant; ``registry`` is id -> (when it is checked, what it says)."""
    idents = [ident for _, _, ident in sorted(_place(ident) for ident in sorted(registry))]
    rows = [(f"`{ident}`", *registry[ident]) for ident in idents]
    return table(("id", "checked", "says"), rows)
