"""The arena with limits on what leaves it, and a count of that which is the test's own.

What is in the exchange is what the outside lacks, less what is held of withdrawals and counts as
gone. It is noted, asset by asset, whenever it changes, so that what was there before a window can
be looked up instead of being worked out from what came and left. What an owner brought and took out
again within a window (by value, the oldest first) was never there: it is struck from the notes.
"""

from __future__ import annotations

from typing import Any

from plimsoll.messages import codes, commands, events
from plimsoll.messages.guard_params import BreakerParams
from tests.attacks.arena import LOT, OPERATOR, PRICE, USD, Person
from tests.attacks.vault_arena import ETH, VaultArena

MINUTE = 60_000
WINDOW, TICK = 14_400_000, 300_000
COOLDOWN, PAUSE = 259_200_000, 604_800_000
PAID, HELD = "paid", "held"
PPM = 10**6
QUIET: dict[str, Any] = {
    "vamm_enabled": 0, "vamm_spread_steps": 0, "liquidation_auction": 0, "taker_fee": 0,
    "maker_rebate": 0, "funding_period_s": 0, "oracle_max_age_ms": 120_000,
}  # fmt: skip


class Walled(VaultArena):
    """``crowd`` honest people with ``each`` dollars and as much ETH, and a small arbitrageur: it is
    their exchange. ``limit`` sets the limits named, when all that is not fresh has come.
    """

    def __init__(self, *, crowd: int = 4, each: int = 50_000, **more: Any) -> None:
        self.notes: list[tuple[int, list[int]]] = []
        self.left: dict[tuple[int, int], int] = {}  # (account, asset) -> what was paid out of it
        self.books: dict[int, dict[int, int]] = {}  # owner -> tick -> value brought less taken
        self.waiting: set[int] = set()  # claims that wait for a part, and have not left
        self.over: set[int] = set()  # claims that asked for more than may leave at all
        self.worths: dict[int, int] = {}  # claim -> its value when it was held
        self.mode_was = codes.NORMAL
        limits = {name: more.pop(name) for name, _ in BreakerParams.FIELDS if name in more}
        super().__init__(**{**QUIET, "depth": 2_000, **more})
        self.now = 10**12 - 10**12 % WINDOW
        self.move(PRICE)
        self.withdraw_all(self.arbitrageur)
        self.crowd = [self.rich(each, each * USD // PRICE) for _ in range(crowd)]
        self.limits = BreakerParams(**limits)

    def limit(self, **changes: Any) -> None:
        """Set limits, those of the start with changes."""
        row = dict(zip([n for n, _ in BreakerParams.FIELDS], self.limits.row(), strict=True))
        self.limits = BreakerParams(**{**row, **changes})
        self.must(commands.SetBreakerParams(self.limits), OPERATOR)
        self.notes = [(0, self.inside())]

    def withdraw_all(self, who: Person) -> None:
        """Somebody takes all his ETH, and all but 10 % of a million dollars, out."""
        for asset, left in ((0, 100_000 * USD), (ETH, 1_000 * LOT)):
            have = who.account.cash() if asset == 0 else self.eth(who.account)
            self.external += 1
            out = commands.Withdraw(who.ident, asset, have - left, f"out{self.external}")
            self.must(out, who.owner)

    def account_for(self) -> None:
        """As in the arena; and what left, where a gang watched had it."""
        super().account_for()
        self.note()

    def send(self, command: commands.Command, principal: int) -> bool:
        """Apply a command and note what is there then."""
        done = super().send(command, principal)
        if not self.gang:
            self.note()
        return done

    def note(self) -> None:
        """Note what is in the exchange, if that has changed, and who changed it."""
        if self.notes:
            for event in self.found:
                self.count(event)
            if self.inside() != self.notes[-1][1]:
                self.notes.append((self.now, self.inside()))
        self.mode_was = self.exchange_mode
        for paid in self.of(events.HeldReleased):
            if paid.paid:
                self.paid_out(paid.account, paid.asset, paid.amount)

    def count(self, event: events.Event) -> None:
        """Who brought or took what is told here."""
        if isinstance(event, events.Transferred) and event.reason == codes.R_DEPOSIT:
            value = event.amount * (LOT if event.asset == 0 else self.price) // LOT
            self.put_down(event.credit, value)
        elif isinstance(event, events.Transferred) and event.reason == codes.R_WITHDRAWAL:
            self.strike(event.debit, event.asset, event.amount)
        elif isinstance(event, events.WithdrawalHeld):
            self.worths[event.claim] = event.worth
            if self.state.guard.held[event.claim].due_ms:
                self.waiting.add(event.claim)
                return
            if self.mode_was == codes.NORMAL or event.worth > self.most_at_once():
                self.over.add(event.claim)
            self.strike(event.account, event.asset, event.amount)
        elif isinstance(event, events.HeldReleased):
            if event.paid and event.claim in self.waiting:
                self.strike(event.account, event.asset, event.amount)
            elif not event.paid and event.claim not in self.waiting:
                self.put_down(event.account, self.worths[event.claim])

    def put_down(self, account: int, value: int) -> None:
        """An owner brought (or, negative, took) something now."""
        book = self.books.setdefault(self.state.accounts[account].owner, {})
        start = self.now - self.now % TICK
        book[start] = book.get(start, 0) + value

    def strike(self, account: int, asset: int, amount: int) -> None:
        """Something leaves: what its owner brought within the window was not there since."""
        value = -(-amount * (LOT if asset == 0 else self.price) // LOT)
        book = self.books.setdefault(self.state.accounts[account].owner, {})
        left, rest = value, amount
        for start in sorted(book):
            part = min(left, book[start])
            if part > 0 and self.now - start < WINDOW:
                gone = rest if part == left else amount * part // value
                for at, amounts in self.notes:
                    if at >= start:
                        amounts[0 if asset == 0 else 1] -= gone
                book[start] -= part
                left, rest = left - part, rest - gone
        self.put_down(account, -left)

    def most_at_once(self) -> int:
        """The largest withdrawal that passes where nothing came or left before (1e-6)."""
        there = self.before()
        total = there[0] + there[1] * self.price // LOT
        return total - total * self.limits.retained // PPM

    def paid_out(self, account: int, asset: int, amount: int) -> None:
        """Something was paid out of an account."""
        self.left[account, asset] = self.left.get((account, asset), 0) + amount

    def wait(self, ms: int, price: int = 0) -> None:
        """Time passes; the price stays fresh, or moves, and the pool with it."""
        self.now += ms
        self.oracle(price or self.price)
        if price:
            self.follow()

    # Money ------------------------------------------------------------------------------------

    def takes(self, who: Person, amount: int, asset: int = 0) -> str:
        """Take something out: whether it is paid or held, or the name of the refusal."""
        self.external += 1
        command = commands.Withdraw(who.ident, asset, amount, f"out{self.external}")
        if not self.send(command, who.owner):
            return codes.REJECTS[self.of(events.Rejected)[0].code][0]
        if self.of(events.WithdrawalHeld):
            return HELD
        self.paid_out(who.ident, asset, amount)
        return PAID

    def brings(self, who: Person, amount: int, asset: int = 0) -> None:
        """Bring something in."""
        self.external += 1
        command = commands.Deposit(who.ident, asset, amount, f"in{self.external}")
        self.must(command, OPERATOR)

    def take_back(self, who: Person, claim: int) -> bool:
        """Take a held withdrawal back."""
        return self.send(commands.CancelHeld(who.ident, claim), who.owner)

    def is_stuck(self, claim: int) -> bool:
        """Whether a claim is not taken back now: it asked for too much, and others wait for it."""
        return claim in self.over and self.exchange_mode != codes.NORMAL

    def stuck(self, who: Person, claim: int) -> None:
        """A claim that its owner does not get back now."""
        back = commands.CancelHeld(who.ident, claim)
        assert self.refused(back, who.owner) == codes.HELD_WAITS

    def claims_of(self, who: Person) -> list[int]:
        """What of somebody's is held."""
        held = self.state.guard.held
        return [one for one in sorted(held) if held[one].account is who.account]

    # Looking ----------------------------------------------------------------------------------

    @property
    def exchange_mode(self) -> int:
        """The mode of the exchange's breaker."""
        return self.state.guard.breaker.mode

    def inside(self) -> list[int]:
        """What is in the exchange, of dollars and of ETH."""
        outside = self.state.accounts[codes.OUTSIDE_ACCOUNT]
        gone = [one for one in self.state.guard.held.values() if one.due_ms == 0]
        return [
            -outside.held(asset) - sum(one.amount for one in gone if one.asset == asset)
            for asset in (0, ETH)
        ]

    def worth_of(self, amounts: list[int]) -> int:
        """Dollars and ETH at the price of now, 1e-15 quote."""
        return amounts[0] * LOT + amounts[1] * self.price

    def before(self) -> list[int]:
        """What was there before the window of now, to the tick."""
        first = self.now - WINDOW - (self.now - WINDOW) % TICK + TICK
        found = self.notes[0][1]
        for at, amounts in self.notes:
            if at < first:
                found = amounts
        return found

    def check_outflow(self) -> None:
        """What is left is what has to stay of what was there before the window."""
        kept = self.worth_of(self.before()) * self.limits.retained // PPM
        have = self.worth_of(self.inside())
        assert have >= kept - 3 * LOT, (have // LOT, kept // LOT)

    def spare_now(self) -> int:
        """What may leave now by the test's own count, in dollars (1e-6)."""
        kept = self.worth_of(self.before()) * self.limits.retained // PPM
        return max(0, self.worth_of(self.inside()) - kept) // LOT
