"""Every command of the vocabulary as a type of request body, made from its ``FIELDS``.

``NamedCommand`` is the union of them all, told apart by ``type``. Its values are what
``messages.codec.named_command`` reads; being types, they put every command, field and bound into
the OpenAPI document, and a command added to the vocabulary is in it too.
"""

from __future__ import annotations

from types import GenericAlias
from typing import Annotated, Any, Final, Literal, Union

import msgspec
from msgspec import Meta

from plimsoll.client.base import KEEPER_COMMANDS
from plimsoll.client.models import Request
from plimsoll.messages import changes, codec, codes, commands, fields
from plimsoll.messages.params import Fields

_ROLES: Final = ", ".join(f"{bit} {word}" for word, bit in codes.ROLES.items())
_KINDS_SAY: Final = {
    "price": "1e-6 quote per base",
    "price0": "1e-6 quote per base; 0: not given",
    "raw_price": "1e-6 quote per base",
    "ratio": "ppm",
    "multiple": "ppm",
    "time": "ms (UTC, where it is a point in time)",
    "mask": f"sum of: {_ROLES}",
}
_OF_ASSET: Final = "smallest units of the asset, 1e-6 for USD"
_FIELDS_SAY: Final = {
    "size": "1e-9 base",
    "step": "1e-9 base",
    "open_interest_max": "1e-9 base",
    "vamm_sqrt_k": "1e-9 base",
    "min_notional": "1e-6 quote",
    "amount": _OF_ASSET,
    "confidence": "1e-6 quote per base",
    "keeper_fee": "1e-6 quote",
    "auction_min_notional": "1e-6 quote",
    "liquidation_chunk_above": "1e-6 quote",
    "keeper_fee_max": "1e-6 quote",
    "keeper_flat_fee": "1e-6 quote",
    "relay_fee_max": "1e-6 quote",
    "hedge_window_max": "1e-6 quote; 0: none",
    "threshold": "1e-6 quote",
    "min_fill": "1e-9 base",
    "relay_fee": "1e-6 quote",
    "margin": "1e-6 quote",
    "max_quote_size": "1e-9 base",
    "max_skew": "1e-9 base",
    "max_position": "1e-9 base",
    "fill_max": "1e-9 base; 0: none",
    "virtual_shares": "shares",
    "shares": "shares",
    "limit": "smallest units of the other asset, 1e-6 for USD; 0: none",
    "min_shares": "shares; 0: any number of at least 1",
    "virtual_assets": _OF_ASSET,
    "deposit_cap": _OF_ASSET,
    "min_value": _OF_ASSET,
    "virtual_base": _OF_ASSET,
    "virtual_quote": _OF_ASSET,
    "base_amount": _OF_ASSET,
    "quote_amount": _OF_ASSET,
}
"""Units, where the kind of a field does not tell."""


def _named(cls: type[Any]) -> Any:
    """The type of a class with ``FIELDS``; commands are tagged with their name."""
    schema: Fields = cls.FIELDS
    tag = cls.__name__ if hasattr(cls, "TAG") else None
    return msgspec.defstruct(
        cls.__name__,
        [(name, _kind(name, kind)) for name, kind in schema],
        bases=(Request,),
        module=__name__,
        kw_only=True,
        forbid_unknown_fields=True,
        tag_field=None if tag is None else "type",
        tag=tag,
    )


def _kind(name: str, kind: str) -> Any:
    """The type of a field."""
    if kind in fields.BOUNDS:
        low, high = fields.BOUNDS[kind]
        says = _FIELDS_SAY.get(name) or _KINDS_SAY.get(kind)
        number = Annotated[int, Meta(ge=low, le=high, description=says)]
        if kind == "flag":
            return Union[bool, number]  # noqa: UP007 - of values, not of names
        if kind in codec.WORDS:
            return Union[Literal[codec.WORDS[kind]], number]  # noqa: UP007
        return number
    if kind in fields.TEXTS:
        alphabet = "A-Za-z0-9_-" if kind == "client_id" else "A-Za-z0-9_.:/-"
        return Annotated[str, Meta(max_length=fields.TEXTS[kind], pattern=f"^[{alphabet}]*$")]
    if kind in fields.LISTS:
        items = GenericAlias(list, (_NESTED[kind],))
        return Annotated[items, Meta(min_length=1, max_length=fields.LISTS[kind])]
    return _NESTED[kind]


_NESTED: Final[dict[str, Any]] = {}
_NESTED["prices"] = _named(commands.PricePoint)
_NESTED.update({kind: _named(cls) for kind, cls in codec.RECORDS.items()})
_BATCHABLE: Final[dict[type[commands.Command], Any]] = {cls: _named(cls) for cls in codec.BATCHABLE}
_NESTED["items"] = Union[tuple(_BATCHABLE.values())]  # noqa: UP007
_CHANGES: Final[dict[type[commands.Command], Any]] = {cls: _named(cls) for cls in changes.CHANGES}
_NESTED["change"] = Union[tuple(_CHANGES.values())]  # noqa: UP007
_MADE: Final = {**_BATCHABLE, **_CHANGES}

_BY_NAME: Final[dict[str, Any]] = {
    cls.__name__: _MADE.get(cls) or _named(cls) for cls in commands.COMMANDS
}
NamedCommand: Final[Any] = Union[tuple(_BY_NAME.values())]  # noqa: UP007
"""A command by its name: ``{"type": "CreatePrincipal", "name": "alice", "roles": 1}``."""
KeeperCommand: Final[Any] = Union[tuple(_BY_NAME[name] for name in KEEPER_COMMANDS)]  # noqa: UP007
"""A command of a keeper: ``{"type": "SettleAuction", "auction": 7, "keeper": 9}``."""
