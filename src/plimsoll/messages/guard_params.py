"""Parameters of the exchange's circuit breaker: bounds, and the rules they obey as a set."""

from __future__ import annotations

from typing import ClassVar, Final, final

from plimsoll.messages.params import Fields
from plimsoll.units import RATIO_SCALE

TICKS_MOST: Final = 1_000
"""Most ticks a window may have: each is looked at with every withdrawal."""
COOLDOWN_MOST_MS: Final = 90 * 86_400_000


@final
class BreakerParams:
    """How much may leave the exchange within a window, and what happens when more wants to.

    ``retained`` (ppm; 0: no limit) is the part of what was there before the window that has to
    stay, once that is worth ``threshold`` (1e-6 quote); ``principal_share`` (ppm) the part of the
    rest that one principal may take. More than that is held (``locking``), and the breaker is
    restricted for ``cooldown_ms``; or it is refused. Where less than ``pause_retained`` would
    stay, were all that is held paid out, it pauses, for ``pause_cooldown_ms`` at least.
    """

    FIELDS: ClassVar[Fields] = (
        ("window_ms", "time"),
        ("tick_ms", "time"),
        ("retained", "ratio"),
        ("threshold", "amount0"),
        ("principal_share", "ratio"),
        ("locking", "flag"),
        ("cooldown_ms", "time"),
        ("pause_retained", "ratio"),
        ("pause_cooldown_ms", "time"),
    )

    def __init__(
        self,
        window_ms: int = 14_400_000,
        tick_ms: int = 300_000,
        retained: int = 700_000,
        threshold: int = 0,
        principal_share: int = 500_000,
        locking: int = 1,
        cooldown_ms: int = 259_200_000,
        pause_retained: int = 400_000,
        pause_cooldown_ms: int = 604_800_000,
    ) -> None:
        self.window_ms: int = window_ms
        self.tick_ms: int = tick_ms
        self.retained: int = retained
        self.threshold: int = threshold
        self.principal_share: int = principal_share
        self.locking: bool = locking != 0
        self.cooldown_ms: int = cooldown_ms
        self.pause_retained: int = pause_retained
        self.pause_cooldown_ms: int = pause_cooldown_ms

    def problems(self) -> list[tuple[int, str]]:
        """Every broken rule: (number, text). Empty when the set is sound."""
        if self.tick_ms < 1 or self.window_ms < self.tick_ms:
            return [(1, "1 <= tick_ms <= window_ms")]
        rules = (
            (2, self.window_ms % self.tick_ms != 0, "window_ms must be a multiple of tick_ms"),
            (
                3,
                self.window_ms > TICKS_MOST * self.tick_ms,
                "a window has at most 1000 ticks",
            ),
            (4, self.retained > 0 and self.principal_share < 1, "principal_share must be positive"),
            (
                5,
                self.retained > 0 and self.locking and self.cooldown_ms < self.window_ms,
                "cooldown_ms must be at least window_ms, or the next window pays the same again",
            ),
            (
                6,
                self.pause_retained > 0 and self.pause_retained >= self.retained,
                "pause_retained must be below retained",
            ),
            (
                7,
                self.pause_cooldown_ms < self.cooldown_ms,
                "pause_cooldown_ms must be at least cooldown_ms",
            ),
            (
                8,
                self.pause_cooldown_ms > COOLDOWN_MOST_MS,
                "cooldowns must be at most 90 days",
            ),
            (9, self.retained == RATIO_SCALE, "retained must be below 100 %"),
        )
        return [(n, text) for n, broken, text in rules if broken]

    def row(self) -> list[object]:
        """The values in the order of ``FIELDS``."""
        return [
            self.window_ms,
            self.tick_ms,
            self.retained,
            self.threshold,
            self.principal_share,
            self.locking,
            self.cooldown_ms,
            self.pause_retained,
            self.pause_cooldown_ms,
        ]
