"""The breakers of vaults as the observer sees them: what trips them, what releases them."""

from __future__ import annotations

from typing import NamedTuple

from plimsoll.messages import codes, commands, events
from tests.harness.observer_breaker import Breakers
from tests.harness.observer_money import AMOUNT_MAX, PPM, down, must
from tests.harness.observer_outflow import NORMAL, PAUSED, TRIPPED, Window
from tests.harness.observer_vaults import NO_POSITION, PASSIVE, Maker
from tests.harness.observer_verdicts import Rules

SHARE = 10**9
NOTHING = (NORMAL, codes.CAUSE_OPERATOR, 0, 0)
"""Mode, cause, value and limit of a vault with nothing past its threshold."""
Measured = tuple[int, int, int, int]
DONE_BEFORE = (
    events.FirmQuoteEnded, events.SignedLapsed, events.ProposalEnded, events.BreakerMoved,
)  # fmt: skip
"""Pieces of work that a house does before it looks at vaults; expired orders, too."""
TRIED = (events.DelayedExecuted, events.DelayedRefused)
LINES_BEFORE = (codes.R_EXTRA_REFUND, codes.R_FIRM_RELEASE)


class Watch:
    """What the breaker of a vault knows."""

    def __init__(self) -> None:
        self.mode = NORMAL
        self.calm = self.high = 0
        self.hedges = Window()


class Judged(NamedTuple):
    """What judging a vault comes to: its mode, its calm, its highest share, what is told."""

    mode: int
    calm: int
    high: int
    told: Measured | None
    found: Measured


class VaultGuards(Breakers):
    """Every breaker of a vault."""

    def __init__(self) -> None:
        super().__init__()
        self.watches: list[Watch] = []
        self.used_before = 0  # utilisation, before the hedge that is under way
        self.due_move: dict[int, Measured] = {}  # vault -> what must be told next
        self.judged: set[int] = set()  # in this command
        self.budget = -1  # pieces of work of a Tick; -1: its breakers were looked at
        self.looked = False  # at vaults, after prices

    def on_VaultCreated(self, e: events.VaultCreated) -> None:  # noqa: N802
        """With a breaker that is normal."""
        super().on_VaultCreated(e)
        self.watches.append(Watch())

    # What is measured ---------------------------------------------------------------------------

    def share(self, vault: Maker) -> int:
        """What a share is worth, in 1e-9 of a unit; 0 where there is none, or nothing."""
        p = vault.params
        worth, supply = self.worth(vault) + p.virtual_assets, vault.supply + p.virtual_shares
        if vault.supply == 0 or worth <= 0:
            return 0
        return min(AMOUNT_MAX, down(worth * SHARE, supply))

    def ratio_of(self, vault: Maker) -> int:
        """Its margin ratio; none of the passive vault."""
        if vault.kind == PASSIVE:
            return NO_POSITION
        return max(-AMOUNT_MAX, min(AMOUNT_MAX, self.ratio(vault)))

    def measure(self, vault: Maker, price: int, high: int, ratio: int) -> Measured:
        """The first threshold that a vault is past."""
        p = vault.params
        used = 0 if vault.kind == PASSIVE else self.utilisation(vault)
        if 0 < p.pause_margin_ratio > ratio:
            return PAUSED, codes.CAUSE_MARGIN, ratio, p.pause_margin_ratio
        if ratio < p.min_margin_ratio:
            return TRIPPED, codes.CAUSE_MARGIN, ratio, p.min_margin_ratio
        if used > p.util_max:
            return TRIPPED, codes.CAUSE_UTILISATION, used, p.util_max
        least = high * (PPM - p.drawdown_max)
        if p.drawdown_max and vault.supply and high and price * PPM < least:
            return TRIPPED, codes.CAUSE_DRAWDOWN, price, down(least, PPM)
        return NOTHING

    def weigh(self, vault: Maker, high: int | None = None) -> Judged:
        """What judging a vault now comes to; ``high``: the highest share is forgotten for this."""
        w = self.watches[vault.ident]
        price = self.share(vault)
        top = w.high if high is None else high
        top = price if vault.supply == 0 else max(top, price)
        found = self.measure(vault, price, top, self.ratio_of(vault))
        hold = vault.params.breaker_hold_ms
        if found[0] > w.mode:
            return Judged(found[0], 0, top, found, found)
        if w.mode == NORMAL:
            return Judged(NORMAL, w.calm, top, None, found)
        over = found[1] != codes.CAUSE_MARGIN if w.mode == PAUSED else found[0] == NORMAL
        if not over:
            return Judged(w.mode, 0, top, None, found)
        calm = w.calm or self.now
        if self.now - calm < hold:
            return Judged(w.mode, calm, top, None, found)
        told = (w.mode - 1, codes.CAUSE_RECOVERED, self.now - calm, hold)
        again = self.now if told[0] != NORMAL and found[0] == NORMAL else 0
        return Judged(told[0], again, top, told, found)

    def judge(self, vault: Maker, high: int | None = None) -> None:
        """A vault is judged now: what changes must be told next, the rest is silent."""
        must(vault.ident not in self.due_move, "C1", f"vault {vault.ident} did not move")
        came = self.weigh(vault, high)
        w = self.watches[vault.ident]
        w.calm, w.high = came.calm, came.high
        if came.told is not None:
            self.due_move[vault.ident] = came.told

    # When ---------------------------------------------------------------------------------------

    def heed(self, e: events.Event) -> None:
        """Before every event: whether a house has come to looking at vaults, or vaults have been
        looked at after prices.
        """
        if isinstance(self.command, commands.OraclePrices):
            over = isinstance(e, events.OrderRemoved) and e.order in self.later
            if over or isinstance(e, TRIED):
                self.look_at_prices()
            return
        if self.budget < 0:
            return
        expired = isinstance(e, events.OrderRemoved) and e.reason == codes.DONE_EXPIRED
        line = isinstance(e, events.Transferred) and e.reason in LINES_BEFORE
        if expired or isinstance(e, DONE_BEFORE):
            self.budget = max(0, self.budget - 1)
        elif not line:
            self.look_around()

    def look_at_prices(self) -> None:
        """Every vault has been looked at: what comes now, delayed orders, is after that."""
        if self.looked:
            return
        self.looked = True
        self.finish_vaults()
        for vault in self.vaults:
            self.judge_once(vault)
        self.settle_moves()

    def look_around(self) -> None:
        """A house looks at the breakers that have been calm for long enough."""
        budget, self.budget = self.budget, -1
        for vault in self.vaults:
            w = self.watches[vault.ident]
            hold = vault.params.breaker_hold_ms
            due = w.mode != NORMAL and w.calm and self.now - w.calm >= hold
            if due and budget > 0:
                self.judge(vault)
                budget -= 1

    def open_watch(self) -> None:
        """At the beginning of a command."""
        self.judged.clear()
        self.due_move.clear()
        self.looked = False
        c = self.command
        self.budget = -1
        if isinstance(c, commands.Tick):
            self.budget = min(c.limit, self.limits.tick_work_max)

    def judge_once(self, vault: Maker) -> None:
        """A vault that its command has judged once, at its end."""
        c = self.command
        if vault.ident in self.judged:
            return
        self.judged.add(vault.ident)
        if isinstance(c, commands.SetVaultMode) and c.mode == codes.ACTIVE:
            if c.vault == vault.ident:
                # Whoever opens it has seen what it lost.
                calm = self.watches[vault.ident].mode == NORMAL
                self.judge(vault, None if calm else self.share(vault))
        elif isinstance(c, commands.SetVaultParams):
            if c.vault == vault.ident:
                self.judge(vault)
        elif isinstance(c, commands.OraclePrices) or (
            isinstance(c, commands.ReviewBreaker) and c.vault == vault.ident
        ):
            self.judge(vault)

    def on_VaultBreakerMoved(self, e: events.VaultBreakerMoved) -> None:  # noqa: N802
        """For what was measured, or because it was calm for long enough."""
        vault = self.vaults[e.vault]
        w = self.watches[e.vault]
        if e.vault not in self.due_move:
            self.judge_once(vault)
        due, told = self.due_move.pop(e.vault, None), (e.mode, e.cause, e.value, e.limit)
        sure = self.doubt(vault) == 0
        must(e.before == w.mode != e.mode, "C2", f"mode before: {e.before}, was {w.mode}")
        if sure or due is None or due[:2] != told[:2]:
            must(due == told, "C1", f"vault {e.vault} moves by {told}, due {due}")
        w.mode = vault.guard = e.mode

    def rules(self, c: commands.Command) -> Rules | None:
        if isinstance(c, commands.ReviewBreaker) and c.vault >= 0:
            return self.rules_of_looking(c)
        return super().rules(c)

    def rules_of_looking(self, c: commands.ReviewBreaker) -> Rules:
        """Of a vault: looked at as with new prices; accepted if that changes anything."""
        missing = c.vault >= len(self.vaults)
        yield codes.UNKNOWN_VAULT, missing
        if missing:
            return
        w, came = self.watches[c.vault], self.weigh(self.vaults[c.vault])
        same = (came.mode, came.calm) == (w.mode, w.calm)
        yield codes.NOTHING_TO_DO, same and w.mode == NORMAL
        yield codes.BREAKER_WAITS, same

    # Fills --------------------------------------------------------------------------------------

    def takes(self, vault: Maker, side: int) -> bool:
        """A vault that nothing but its breaker restricts takes what improves its margin."""
        w = self.watches[vault.ident]
        alone = vault.mode == codes.ACTIVE and not vault.missing
        return super().takes(vault, side) or (w.mode == TRIPPED and alone)

    def open_hedge(self, e: events.Transferred) -> None:
        """How much of a vault was in use before it."""
        fresh = self.before is None
        super().open_hedge(e)
        if fresh and self.before is not None:
            self.used_before = self.utilisation(self.before.vault)

    def on_VaultHedged(self, e: events.VaultHedged) -> None:  # noqa: N802
        """What adds to a position has room in the window, and does not use up a vault."""
        vault, f, b = self.vaults[e.vault], self.bare, self.before
        super().on_VaultHedged(e)
        if not e.fill or f is None or b is None:
            return
        if not self.reduces(vault, f.side):
            if self.watches[e.vault].mode != NORMAL:
                self.judge_eased(vault, b.ratio)
            self.judge_room(vault, e.quote)
        self.judge(vault)

    def judge_eased(self, vault: Maker, before: int) -> None:
        """What adds to a vault that is restricted: its margin was too low, has risen by it, and was
        all there was.
        """
        w, after = self.watches[vault.ident], self.ratio(vault)
        eased = before < vault.params.min_margin_ratio and after > before
        rest = self.measure(vault, self.share(vault), w.high, NO_POSITION)
        sure = self.doubt(vault) == 0
        good = eased and rest == NOTHING
        must(
            good or not sure, "C1", f"vault {vault.ident} adds in mode {w.mode}: {before}, {after}"
        )

    def judge_room(self, vault: Maker, quote: int) -> None:
        """H8 and C1: the quota of hedges, and the utilisation."""
        w, p = self.watches[vault.ident], vault.params
        used = w.hedges.total(self.now, self.window_ms()) + quote
        kept = p.hedge_window_max == 0 or used <= p.hedge_window_max
        must(kept, "H8", f"vault {vault.ident} hedges {used} of {p.hedge_window_max}")
        w.hedges.add(self.now, self.window_ms(), self.tick_ms(), quote)
        util = self.utilisation(vault)
        room = util <= p.util_max or util <= self.used_before or self.doubt(vault) > 0
        must(room, "C1", f"vault {vault.ident} uses {util}, was {self.used_before}")

    def on_VaultWithdrawn(self, e: events.VaultWithdrawn) -> None:  # noqa: N802
        """Not out of a vault that is paused."""
        must(self.watches[e.vault].mode != PAUSED, "C3", f"an exit from vault {e.vault}, paused")
        super().on_VaultWithdrawn(e)

    # The end ------------------------------------------------------------------------------------

    def finish_watch(self) -> None:
        """Every vault that had to be judged was, and what came of it was told."""
        if self.budget >= 0:
            self.look_around()
        c = self.command
        if isinstance(c, commands.OraclePrices):
            self.look_at_prices()
        elif isinstance(
            c, commands.SetVaultMode | commands.SetVaultParams | commands.ReviewBreaker
        ):
            for vault in [v for v in self.vaults if v.ident == c.vault]:
                self.judge_once(vault)
        self.settle_moves()

    def settle_moves(self) -> None:
        """What had to be told by now was."""
        for ident, due in self.due_move.items():
            unsure = self.doubt(self.vaults[ident]) > 0
            must(unsure, "C1", f"vault {ident} did not move: {due}")
        self.due_move.clear()
