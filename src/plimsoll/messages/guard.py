"""Commands that guard the exchange: circuit breakers, withdrawals that are held, and changes of
parameters by two keys.
"""

from __future__ import annotations

from typing import ClassVar, final

from plimsoll.messages.base import Command
from plimsoll.messages.guard_params import BreakerParams
from plimsoll.messages.params import Fields


@final
class SetBreakerParams(Command):
    """Replace the limits of the outflow of the whole exchange."""

    TAG: ClassVar[int] = 16
    FIELDS: ClassVar[Fields] = (("params", "breaker_params"),)

    def __init__(self, params: BreakerParams) -> None:
        self.params: BreakerParams = params

    def tag(self) -> int:
        return 16

    def row(self) -> list[object]:
        return [16, self.params.row()]


@final
class SetBreakerMode(Command):
    """Set the mode of the exchange's breaker; outflow is counted but not limited until
    ``grace_until_ms`` (0: it is limited).
    """

    TAG: ClassVar[int] = 17
    FIELDS: ClassVar[Fields] = (
        ("mode", "breaker_mode"),
        ("grace_until_ms", "time"),
    )

    def __init__(self, mode: int, grace_until_ms: int) -> None:
        self.mode: int = mode
        self.grace_until_ms: int = grace_until_ms

    def tag(self) -> int:
        return 17

    def row(self) -> list[object]:
        return [17, self.mode, self.grace_until_ms]


@final
class Propose(Command):
    """Announce a change; another operator executes it after the delay."""

    TAG: ClassVar[int] = 18
    FIELDS: ClassVar[Fields] = (("change", "change"),)

    def __init__(self, change: Command) -> None:
        self.change: Command = change

    def tag(self) -> int:
        return 18

    def row(self) -> list[object]:
        return [18, self.change.row()]


@final
class ExecuteProposal(Command):
    """Execute a change that was proposed by another operator."""

    TAG: ClassVar[int] = 19
    FIELDS: ClassVar[Fields] = (("proposal", "seq"),)

    def __init__(self, proposal: int) -> None:
        self.proposal: int = proposal

    def tag(self) -> int:
        return 19

    def row(self) -> list[object]:
        return [19, self.proposal]


@final
class CancelProposal(Command):
    """Take a proposal back; any operator may."""

    TAG: ClassVar[int] = 30
    FIELDS: ClassVar[Fields] = (("proposal", "seq"),)

    def __init__(self, proposal: int) -> None:
        self.proposal: int = proposal

    def tag(self) -> int:
        return 30

    def row(self) -> list[object]:
        return [30, self.proposal]


@final
class ReviewBreaker(Command):
    """Look whether a breaker may leave its mode now: the one of a vault, or (-1) the exchange's."""

    TAG: ClassVar[int] = 72
    FIELDS: ClassVar[Fields] = (("vault", "any_id"),)

    def __init__(self, vault: int) -> None:
        self.vault: int = vault

    def tag(self) -> int:
        return 72

    def row(self) -> list[object]:
        return [72, self.vault]


@final
class ReleaseHeld(Command):
    """Pay out a withdrawal that was held, once the breaker lets it."""

    TAG: ClassVar[int] = 73
    FIELDS: ClassVar[Fields] = (("claim", "seq"),)

    def __init__(self, claim: int) -> None:
        self.claim: int = claim

    def tag(self) -> int:
        return 73

    def row(self) -> list[object]:
        return [73, self.claim]


@final
class CancelHeld(Command):
    """Take a withdrawal that is held back into the account."""

    TAG: ClassVar[int] = 74
    FIELDS: ClassVar[Fields] = (
        ("account", "id"),
        ("claim", "seq"),
    )

    def __init__(self, account: int, claim: int) -> None:
        self.account: int = account
        self.claim: int = claim

    def tag(self) -> int:
        return 74

    def row(self) -> list[object]:
        return [74, self.account, self.claim]
