"""What vaults and vAMMs earn: PnL by cause, and how they got there.

As in ``models``, money and prices are decimal texts (USD in millionths) and times ms. In all of
them ``nav`` equals what flowed in plus what was earned, to the last digit.
"""

from __future__ import annotations

from typing import Literal

from plimsoll.client.model_base import Response

PnlKind = Literal["passive", "base", "quote", "vamm"]


class PnlCauses(Response, kw_only=True, frozen=True):
    """What a source of liquidity earned, by cause; there is no other. USD, signed.

    ``spread``: fills against the oracle price; ``fees``: rebates, its part of fees, penalties;
    ``funding``; ``inventory``: moves of the oracle price on what it held; ``hedge_slippage``: spot
    against the oracle price; ``repeg``: moves of a vAMM's curve; ``bad_debt``: losses of others it
    had to bear.
    """

    spread: str
    fees: str
    funding: str
    inventory: str
    hedge_slippage: str
    repeg: str
    bad_debt: str


class PnlInfo(Response, kw_only=True, frozen=True):
    """What a vault (or the vAMM of a market) earned between two points that were kept:
    ``nav == nav_before + flows + pnl``, and ``pnl`` is the sum of the ``causes``, exactly.

    ``from_ms`` is the point it begins at, None for the opening; ``to_ms`` and ``seq`` the one it
    ends at. ``nav`` is what it is worth at the oracle prices (USD), ``flows`` what depositors (of
    a vAMM its operator) brought less what they took. ``worth`` is in its ``asset``,
    ``share_price`` in smallest units of that a share (None where it has no shares, or is shut).
    """

    source: str
    kind: PnlKind
    vault: int | None
    market: str | None
    label: str
    asset: str
    from_ms: int | None
    to_ms: int
    seq: int
    nav_before: str
    flows: str
    pnl: str
    nav: str
    causes: PnlCauses
    worth: str
    supply: str
    share_price_before: str | None
    share_price: str | None


class PnlPoint(Response, kw_only=True, frozen=True):
    """A source of liquidity at the last record of an hour or a day (UTC), or at the newest one.

    ``flows``, ``pnl`` and ``causes`` are since its opening: ``nav == flows + pnl``. ``price`` is
    the oracle's of its market (None for the passive vault).
    """

    ts: int
    seq: int
    nav: str
    flows: str
    pnl: str
    causes: PnlCauses
    worth: str
    supply: str
    share_price: str | None
    price: str | None
