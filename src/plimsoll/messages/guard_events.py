"""Events of circuit breakers, held withdrawals and proposals. Money 1e-6 quote, times ms."""

from __future__ import annotations

from typing import ClassVar, final

from mypy_extensions import mypyc_attr

from plimsoll.messages.base import Event
from plimsoll.messages.params import Fields


@final
@mypyc_attr(acyclic=True)
class BreakerParamsSet(Event):
    """The limits of the outflow were replaced; ``worth`` is what the exchange held then."""

    TAG: ClassVar[int] = 88
    FIELDS: ClassVar[Fields] = (("worth", "amount0"),)

    def __init__(self, worth: int) -> None:
        self.worth: int = worth

    def row(self) -> list[object]:
        return [88, self.worth]


@final
@mypyc_attr(acyclic=True)
class BreakerMoved(Event):
    """The breaker of the exchange changed its mode: why, and what was measured against what."""

    TAG: ClassVar[int] = 89
    FIELDS: ClassVar[Fields] = (
        ("mode", "breaker_mode"),
        ("before", "breaker_mode"),
        ("cause", "cause"),
        ("value", "signed"),
        ("limit", "signed"),
    )

    def __init__(self, mode: int, before: int, cause: int, value: int, limit: int) -> None:
        self.mode: int = mode
        self.before: int = before
        self.cause: int = cause
        self.value: int = value
        self.limit: int = limit

    def row(self) -> list[object]:
        return [89, self.mode, self.before, self.cause, self.value, self.limit]


@final
@mypyc_attr(acyclic=True)
class VaultBreakerMoved(Event):
    """The breaker of a vault changed its mode: why, and what was measured against what."""

    TAG: ClassVar[int] = 90
    FIELDS: ClassVar[Fields] = (
        ("vault", "id"),
        ("mode", "breaker_mode"),
        ("before", "breaker_mode"),
        ("cause", "cause"),
        ("value", "signed"),
        ("limit", "signed"),
    )

    def __init__(
        self, vault: int, mode: int, before: int, cause: int, value: int, limit: int
    ) -> None:
        self.vault: int = vault
        self.mode: int = mode
        self.before: int = before
        self.cause: int = cause
        self.value: int = value
        self.limit: int = limit

    def row(self) -> list[object]:
        return [90, self.vault, self.mode, self.before, self.cause, self.value, self.limit]


@final
@mypyc_attr(acyclic=True)
class WithdrawalHeld(Event):
    """A withdrawal waits until the breaker lets it go; ``worth`` is its value then."""

    TAG: ClassVar[int] = 91
    FIELDS: ClassVar[Fields] = (
        ("claim", "seq"),
        ("account", "id"),
        ("asset", "id"),
        ("amount", "amount"),
        ("worth", "amount0"),
    )

    def __init__(self, claim: int, account: int, asset: int, amount: int, worth: int) -> None:
        self.claim: int = claim
        self.account: int = account
        self.asset: int = asset
        self.amount: int = amount
        self.worth: int = worth

    def row(self) -> list[object]:
        return [91, self.claim, self.account, self.asset, self.amount, self.worth]


@final
@mypyc_attr(acyclic=True)
class HeldReleased(Event):
    """A held withdrawal left the exchange (``paid``), or went back to its account."""

    TAG: ClassVar[int] = 92
    FIELDS: ClassVar[Fields] = (
        ("claim", "seq"),
        ("account", "id"),
        ("asset", "id"),
        ("amount", "amount"),
        ("paid", "flag"),
    )

    def __init__(self, claim: int, account: int, asset: int, amount: int, paid: bool) -> None:
        self.claim: int = claim
        self.account: int = account
        self.asset: int = asset
        self.amount: int = amount
        self.paid: bool = paid

    def row(self) -> list[object]:
        return [92, self.claim, self.account, self.asset, self.amount, self.paid]


@final
@mypyc_attr(acyclic=True)
class Proposed(Event):
    """A change was proposed: a command with the tag ``change``, due from ``ready_ms`` on."""

    TAG: ClassVar[int] = 93
    FIELDS: ClassVar[Fields] = (
        ("proposal", "seq"),
        ("principal", "id"),
        ("change", "small"),
        ("ready_ms", "time"),
        ("expires_ms", "time"),
    )

    def __init__(
        self, proposal: int, principal: int, change: int, ready_ms: int, expires_ms: int
    ) -> None:
        self.proposal: int = proposal
        self.principal: int = principal
        self.change: int = change
        self.ready_ms: int = ready_ms
        self.expires_ms: int = expires_ms

    def row(self) -> list[object]:
        return [93, self.proposal, self.principal, self.change, self.ready_ms, self.expires_ms]


@final
@mypyc_attr(acyclic=True)
class ProposalEnded(Event):
    """A proposal was executed, cancelled, or lapsed."""

    TAG: ClassVar[int] = 94
    FIELDS: ClassVar[Fields] = (
        ("proposal", "seq"),
        ("principal", "id"),
        ("change", "small"),
        ("reason", "small"),
    )

    def __init__(self, proposal: int, principal: int, change: int, reason: int) -> None:
        self.proposal: int = proposal
        self.principal: int = principal
        self.change: int = change
        self.reason: int = reason

    def row(self) -> list[object]:
        return [94, self.proposal, self.principal, self.change, self.reason]
