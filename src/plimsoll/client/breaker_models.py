"""What is answered about circuit breakers: what may leave the exchange, and what is held."""

from __future__ import annotations

from typing import Literal

from plimsoll.client.model_base import Response

BreakerMode = Literal["normal", "restricted", "paused"]
HeldBy = Literal["exchange", "part"]


class FlowInfo(Response, kw_only=True, frozen=True):
    """What of an asset came in within the window, less what left (``net``, negative: more left),
    since ``since_ms``, and what that is worth now (USD). ``held`` counts as gone.
    """

    asset: str
    net: str
    worth: str
    held: str
    since_ms: int


class HeldInfo(Response, kw_only=True, frozen=True):
    """A withdrawal that is held, worth ``worth`` USD when it was: by the bound of the exchange
    until the breaker is normal, or by its owner's part until ``due_ms``.

    ``payable``: it can be released now. ``account`` is None where it is somebody else's.
    """

    claim: int
    account: int | None
    asset: str
    amount: str
    worth: str
    held_by: HeldBy
    due_ms: int
    payable: bool


class OutflowInfo(Response, kw_only=True, frozen=True):
    """What a principal took out within the window, less what it brought in (USD), the largest
    withdrawal of it that passes now, and what of it is held.
    """

    principal: int
    taken: str
    may_leave: str
    held: list[HeldInfo]


class BreakerInfo(Response, kw_only=True, frozen=True):
    """The breaker of the exchange, in ``mode`` since ``since_ms`` (and until ``recovers_ms`` at
    least; 0: it is normal). Money is USD.

    While it is ``limited``, of what was there ``before`` the window ``kept`` has to stay. ``worth``
    is there now, so that ``may_leave`` is the largest withdrawal that passes; one principal may
    take ``part`` within a window (None: all of it). Below ``pauses_below`` it pauses. Outflow is
    counted but not limited until ``grace_until_ms`` (0: no grace). ``params`` are whole numbers as
    `SetBreakerParams` takes them, None before any were set. ``own`` is about who asks with a key.
    """

    mode: BreakerMode
    since_ms: int
    recovers_ms: int
    grace_until_ms: int
    limited: bool
    worth: str
    before: str
    kept: str | None
    pauses_below: str | None
    may_leave: str
    part: str | None
    flows: list[FlowInfo]
    held: list[HeldInfo]
    params: dict[str, int] | None
    own: OutflowInfo | None = None
