"""Refusals and events as named values: units, words, and who may see what of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from plimsoll.client.models import RejectInfo
from plimsoll.core.views_mechanisms import BOUNDS, CAUSES
from plimsoll.decimal_text import format_decimal
from plimsoll.messages import codec, codes
from plimsoll.messages.events import (
    BreakerMoved,
    Event,
    Rejected,
    Transferred,
    VaultBreakerMoved,
    VaultRefused,
)
from plimsoll.runtime.present_breaker import measured as moved
from plimsoll.runtime.present_text import (
    QUOTE_DIGITS,
    Catalogue,
    base_text,
    quote_text,
    rate_text,
)
from plimsoll.runtime.present_vaults import ASSET_CODES, ASSET_FIELDS, ASSET_OF

AMOUNTS: Final = frozenset({"price", "price0", "raw_price", "amount", "amount0", "signed"})
"""Kinds of fields that are sizes, money, prices or rates."""
BASE_FIELDS: Final = frozenset(
    {"size", "remaining", "removed", "filled", "taker_base", "maker_base", "x", "y", "net"}
    | {"distance", "bid_size", "ask_size"}
)
"""Fields of events that are sizes, or reserves of a vAMM."""
QUOTE_FIELDS: Final = frozenset(
    {"quote", "taker_fee", "maker_rebate", "taker_pnl", "maker_pnl", "surplus"}
    | {"fee_insurance", "fee_adjustments", "fee_funding", "fee_keepers", "fee_treasury"}
    | {"fee_vault", "price", "peg", "bid", "ask", "confidence", "before", "cost", "budget"}
    | {"mark", "oracle", "start", "end", "limit", "asked", "trigger_price", "bankruptcy"}
    | {"equity", "maintenance", "loss", "insurance", "haircut", "unpaid", "pool", "free"}
    | {"relay_fee", "margin", "released", "worth"}
)
"""Fields of events that are money or prices."""
RATE_FIELDS: Final = frozenset({"rate", "rate_long", "rate_short", "long", "short"})
"""Fields of events that are funding rates."""
PPM_FIELDS: Final = frozenset({("MarketRestricted", "value"), ("MarketRestricted", "limit")})
"""Numbers of single events that are ppm, whatever their name is elsewhere."""

REPEG_CAUSES: Final = ("opportunistic", "event", "operator")
REPEG_OUTCOMES: Final = (
    "unchanged",
    "free",
    "revenue",
    "paid",
    "not_due",
    "unaffordable",
    "underfunded",
)
_COMMANDS: Final = tuple(
    codec.COMMAND_BY_TAG[tag].__name__ if tag in codec.COMMAND_BY_TAG else str(tag)
    for tag in range(256)
)
"""Names of commands, by their tags."""
_WORDS: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("Repegged", "cause"): REPEG_CAUSES,
    ("Repegged", "outcome"): REPEG_OUTCOMES,
    ("AuctionStarted", "cause"): CAUSES,
    ("VaultHedged", "venue"): codes.VENUES,
    ("Proposed", "change"): _COMMANDS,
    ("ProposalEnded", "change"): _COMMANDS,
    ("ProposalEnded", "reason"): codes.PROPOSAL_ENDS,
    ("MarketRestricted", "what"): tuple(BOUNDS.get(at, str(at)) for at in range(max(BOUNDS) + 1)),
}
"""Enumerations of single events: (event, field) -> words by number."""


def _mode(value: int) -> str:
    return codes.MODES[value]


def _kind(value: int) -> str:
    return codes.ACCOUNT_KINDS[value]


def _vault_kind(value: int) -> str:
    return codes.VAULT_KINDS[value] if value < len(codes.VAULT_KINDS) else str(value)


def _breaker_mode(value: int) -> str:
    return codes.BREAKER_MODES[value] if value < len(codes.BREAKER_MODES) else str(value)


def _side(value: int) -> str:
    return codes.SIDES[value] if value < len(codes.SIDES) else str(value)


def _command(value: int) -> str:
    return _COMMANDS[value]


def _roles(value: int) -> str:
    return "|".join(name for name, bit in codes.ROLES.items() if value & bit) or "none"


_QUOTE_CODES: Final = (
    codes.NOT_WITHDRAWABLE,
    codes.PRICE_NOT_ON_TICK,
    codes.NOTIONAL_TOO_SMALL,
    codes.PRICE_BAND,
    codes.POST_ONLY_CROSSES,
    codes.INSUFFICIENT_MARGIN,
    codes.ORACLE_NOT_POSITIVE,
    codes.ORACLE_TOO_VOLATILE,
    codes.ORACLE_TOO_UNCERTAIN,
    codes.KEEPER_FEE_TOO_LARGE,
    codes.TRIGGER_IMMEDIATE,
    codes.TRIGGER_NOT_REACHED,
    codes.INSUFFICIENT_POOL,
    codes.REPEG_REDUNDANT,
    codes.REPEG_DIRECTION,
    codes.REPEG_PROFITABILITY,
    codes.VAMM_EQUITY,
    codes.LIMIT_NOT_REACHED,
    codes.AUCTION_PRICE_NOT_MET,
    codes.SUFFICIENT_COLLATERAL,
    codes.HEDGE_SLIPPAGE,
    codes.SIGNED_PRICE,
    codes.RELAY_FEE_TOO_LARGE,
    codes.RATE_LIMITED,
    codes.HEDGE_QUOTA,
)
"""Codes whose numbers are money or prices."""
_BASE_CODES: Final = (
    codes.SIZE_NOT_ON_STEP,
    codes.FOK_NOT_FILLABLE,
    codes.REDUCE_ONLY_NOTHING,
    codes.AMEND_BELOW_FILLED,
    codes.OPEN_INTEREST,
    codes.AUCTION_NOTHING,
    codes.VAULT_CAPACITY,
    codes.SIGNED_DONE,
    codes.SIGNED_CANCELLED,
    codes.SIGNED_OVERFILL,
    codes.SIGNED_FOK,
    codes.SIGNED_MIN_FILL,
)
"""Codes whose numbers are sizes."""
_SHOWN: Final[dict[int, tuple[Callable[[int], str], Callable[[int], str]]]] = {
    **dict.fromkeys(_QUOTE_CODES, (quote_text, quote_text)),
    **dict.fromkeys(_BASE_CODES, (base_text, base_text)),
    codes.NOT_ALLOWED: (_roles, _roles),
    codes.ACCOUNT_KIND: (_kind, _kind),
    codes.AMEND_NOTHING: (quote_text, base_text),
    codes.MARKET_MODE: (_mode, _mode),
    codes.VAULT_MODE: (_mode, _mode),
    codes.VAULT_KIND: (_vault_kind, _vault_kind),
    codes.PROPOSAL_STALE: (_command, str),
    codes.SIGNED_SIDES: (_side, _side),
    codes.EXCHANGE_MODE: (_breaker_mode, _breaker_mode),
    codes.HELD_WAITS: (_breaker_mode, _breaker_mode),
}
"""code -> how its two numbers are shown; where a code is missing they are plain whole numbers."""


def measured(code: int, value: int, limit: int, decimals: int | None = None) -> tuple[str, str]:
    """The two numbers of a refusal as texts; ``decimals`` are those of the asset it is about."""
    if code in ASSET_CODES and decimals is not None:
        return format_decimal(value, decimals), format_decimal(limit, decimals)
    show = _SHOWN.get(code)
    if show is None:
        return str(value), str(limit)
    return show[0](value), show[1](limit)


def reject(event: Rejected, decimals: int | None = None) -> RejectInfo:
    """A refusal with its numbers and what they are."""
    name, value_is, limit_is = codes.REJECTS[event.code]
    value, limit = measured(event.code, event.value, event.limit, decimals)
    return RejectInfo(
        code=event.code,
        name=name,
        value=value,
        limit=limit,
        value_is=value_is,
        limit_is=limit_is,
        item=event.item,
    )


def event(one: Event, names: Catalogue) -> dict[str, Any]:
    """An event as named values: amounts as decimal texts, codes as words, ``symbol`` added."""
    shown = codec.event_to_named(one)
    kind: str = shown["type"]
    if isinstance(one, Transferred):
        shown["amount"] = format_decimal(one.amount, names.decimals[one.asset])
    elif "code" in shown:
        code = shown["code"]
        # What an order would pay, or get, and what its price allows.
        digits = (
            QUOTE_DIGITS if isinstance(one, VaultRefused) and code == codes.SPOT_SLIPPAGE else None
        )
        shown["value"], shown["limit"] = measured(code, shown["value"], shown["limit"], digits)
        name, value_is, limit_is = codes.REJECTS.get(code, (str(code), "value", "limit"))
        shown |= {"name": name, "value_is": value_is, "limit_is": limit_is}
    elif isinstance(one, BreakerMoved | VaultBreakerMoved):
        shown["value"], shown["limit"] = moved(one.cause, one.value, one.limit)
    else:
        for name, unit in type(one).FIELDS:
            words = _WORDS.get((kind, name))
            if words is not None:
                shown[name] = words[shown[name]] if shown[name] < len(words) else str(shown[name])
            elif (kind, name) in ASSET_OF:
                asset = getattr(one, ASSET_OF[kind, name])
                shown[name] = format_decimal(shown[name], names.decimals[asset])
            elif unit in AMOUNTS:
                shown[name] = _with_unit(kind, name, shown[name])
    known = shown.get("market", -1)
    if "symbol" not in shown and 0 <= known < len(names.symbols):
        shown["symbol"] = names.symbols[known]
    return shown


def _with_unit(kind: str, name: str, value: int) -> int | str:
    """An amount of an event; one that nobody has given a unit stays a whole number."""
    if (kind, name) in PPM_FIELDS:
        return value
    if name in BASE_FIELDS:
        return base_text(value)
    if name in QUOTE_FIELDS:
        return quote_text(value)
    return rate_text(value) if name in RATE_FIELDS else value


def events(found: Iterable[Event], names: Catalogue, mine: frozenset[int]) -> list[dict[str, Any]]:
    """Events as named values, as the owner of the accounts ``mine`` may see them.

    What happened to other traders' orders and accounts is left out, and so is, of shared events,
    who the other side was and what it made of it.
    """
    seen = mine | names.system
    shown = [event(one, names) for one in found]
    return [one for one in shown if _keep_visible(one, seen, mine)]


def _keep_visible(shown: dict[str, Any], seen: frozenset[int], mine: frozenset[int]) -> bool:
    """Take out of an event what others may not see; False if nothing is left."""
    kind = shown["type"]
    if kind == "SignedSettled" and shown["account"] not in seen:
        # A relayer has the order, but what its owner gets back is not his to know.
        del shown["released"]
        return shown["relayer"] in mine
    if kind == "Filled":
        for side in ("taker", "maker"):
            if shown[side] not in seen:
                for name in [name for name in shown if name.startswith(side)]:
                    del shown[name]
        if shown["keeper"] not in seen:
            del shown["keeper"]
    elif kind in _PAIRS:
        sides = _PAIRS[kind]
        hidden = [side for side in sides if shown[side] not in seen]
        for side in hidden:
            del shown[side]
        return len(hidden) < len(sides)
    elif kind != "AccountCreated" and "account" in shown:
        return shown["account"] in seen
    return True


_PAIRS: Final[dict[str, tuple[str, str]]] = {
    "Transferred": ("debit", "credit"),
    "Deleveraged": ("account", "counterparty"),
}
"""Events between two accounts, of which one may see one's own side."""


def is_covered(names: Catalogue, found: Sequence[Event]) -> bool:
    """Whether the catalogue knows every market, asset and vault that the events name."""
    return all(
        getattr(one, "market", -1) < len(names.symbols)
        and getattr(one, "vault", -1) < len(names.vaults)
        and all(getattr(one, name, -1) < len(names.decimals) for name in ASSET_FIELDS)
        for one in found
    )
