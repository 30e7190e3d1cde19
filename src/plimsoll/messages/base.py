"""What every message is: a command that can happen, an event that did."""

from __future__ import annotations

from typing import ClassVar

from mypy_extensions import mypyc_attr

from plimsoll.messages.params import Fields


class Command:
    """Something that can happen to the exchange."""

    TAG: ClassVar[int] = 0
    FIELDS: ClassVar[Fields] = ()

    def tag(self) -> int:
        """``TAG``, without a look-up."""
        return 0

    def row(self) -> list[object]:
        """Tag and values, in the order of ``FIELDS``."""
        return [0]


@mypyc_attr(acyclic=True)
class Event:
    """Something that happened."""

    TAG: ClassVar[int] = 0
    FIELDS: ClassVar[Fields] = ()

    def row(self) -> list[object]:
        """Tag and values, in the order of ``FIELDS``."""
        return [0]
