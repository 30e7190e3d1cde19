"""The exchange of ``vault_world`` with an order gateway, breakers, and a second operator."""

from __future__ import annotations

from typing import Any

from plimsoll.messages import codes, commands, events
from plimsoll.messages.gateway import SignedOrder
from plimsoll.messages.guard_params import BreakerParams
from plimsoll.messages.params import GlobalParams
from tests.harness.mechanism_world import LIMITS
from tests.harness.vault_world import VAULTS, VaultWorld
from tests.harness.world import MIXED, NOBODY, OPERATOR, Stamped

RELAYER = NOBODY
"""Who could send nothing before there was a gateway."""
SECOND = 17
"""An operator beside the first."""
OPERATORS = (OPERATOR, SECOND, MIXED)

DELAYED: tuple[dict[str, int], ...] = (
    {"delayed_ms": 0, "delayed_validity_max_ms": 120_000},
    {"delayed_ms": 700, "delayed_validity_max_ms": 120_000},
    {"delayed_ms": 2_500, "delayed_validity_max_ms": 90_000},
    {"delayed_ms": 1_200, "delayed_validity_max_ms": 30_000},
)
GUARDS: tuple[dict[str, int], ...] = (
    {"drawdown_max": 15_000},
    {"min_margin_ratio": 980_000, "pause_margin_ratio": 950_000, "util_max": 800_000},
    {"min_margin_ratio": 950_000, "pause_margin_ratio": 300_000, "util_max": 700_000},
    {"min_margin_ratio": 950_000, "pause_margin_ratio": 900_000, "util_max": 600_000},
    {"min_margin_ratio": 600_000, "hedge_window_max": 3_000_000_000},
    {"min_margin_ratio": 960_000, "pause_margin_ratio": 920_000, "drawdown_max": 60_000},
    {"min_margin_ratio": 900_000, "util_max": 980_000, "hedge_window_max": 6_000_000_000},
)
"""By vault: what its breaker looks at."""
HOLDS_MS = (2_000, 5_000, 12_000)
GLOBALS: dict[str, int] = {
    "signed_validity_max_ms": 600_000,
    "relay_fee_max": 2_000_000,
    "admin_expiry_ms": 30_000,
}
KEPT = 60
"""Signed orders that are kept in mind, open ones and others."""


def replaced(params: Any, **new: int) -> Any:
    """A set of parameters with some replaced."""
    values = dict(zip([name for name, _ in params.FIELDS], params.row(), strict=True))
    return type(params)(**{**values, **new})


class Paper:
    """A signed order as the generator knows it."""

    def __init__(self, order: SignedOrder) -> None:
        self.order = order
        self.filled = 0

    def left(self) -> int:
        """What is not filled."""
        return self.order.size - self.filled


class GuardWorld(VaultWorld):
    """What the generator knows of keys, signed and delayed orders, breakers and proposals."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.params = [
            replaced(params, **DELAYED[market]) for market, params in enumerate(self.params)
        ]
        self.globals: GlobalParams = replaced(LIMITS, **GLOBALS)
        self.home = list(self.params)  # what markets go back to
        self.signers: dict[int, list[str]] = {}
        self.papers: dict[str, Paper] = {}
        self.over: list[SignedOrder] = []
        self.relayers: list[int] = []
        self.delayed: dict[int, events.DelayedPlaced] = {}
        self.publications = [0] * len(self.params)
        self.limits: BreakerParams | None = None
        self.breaker = codes.NORMAL
        self.since = 0
        self.guards = [codes.NORMAL] * len(VAULTS)
        self.claims: dict[int, events.WithdrawalHeld] = {}
        self.proposals: dict[int, events.Proposed] = {}
        self.changes: dict[int, commands.Command] = {}  # of proposals
        self.done_ids: list[int] = []  # claims and proposals that are over

    def delay(self) -> int:
        """How long a change that loosens waits; 0: changes need one key."""
        return self.globals.admin_delay_ms

    # What it is told ----------------------------------------------------------------------------

    def learn(self, found: list[events.Event]) -> None:
        """Take over what happened."""
        super().learn(found)
        for event in found:
            self.learn_gateway(event)
            self.learn_guard(event)

    def learn_gateway(self, event: events.Event) -> None:
        """Keys, signed and delayed orders."""
        if isinstance(event, events.AccountCreated):
            if event.owner == RELAYER:
                self.owners.pop(event.account, None)  # may not trade
                self.relayers.append(event.account)
        elif isinstance(event, events.SignerSet):
            keys = self.signers.setdefault(event.account, [])
            if event.signer in keys:
                keys.remove(event.signer)
            if event.allowed:
                keys.append(event.signer)
        elif isinstance(event, events.SignedSettled):
            paper = self.papers.get(event.order_hash)
            if paper is not None:
                paper.filled = event.filled
                if paper.left() <= 0:
                    self.put_aside(event.order_hash)
        elif isinstance(event, events.SignedCancelled | events.SignedLapsed):
            self.put_aside(event.order_hash)
        elif isinstance(event, events.DelayedPlaced):
            self.delayed[event.order] = event
        elif isinstance(
            event, events.DelayedExecuted | events.DelayedRefused | events.OrderRemoved
        ):
            self.delayed.pop(event.order, None)
        elif isinstance(event, events.OracleAccepted):
            self.publications[event.market] = event.published_ms

    def learn_guard(self, event: events.Event) -> None:
        """Modes, claims, proposals."""
        if isinstance(event, events.BreakerMoved):
            self.breaker, self.since = event.mode, self.now
        elif isinstance(event, events.VaultBreakerMoved):
            self.guards[event.vault] = event.mode
        elif isinstance(event, events.WithdrawalHeld):
            self.claims[event.claim] = event
        elif isinstance(event, events.HeldReleased):
            self.claims.pop(event.claim, None)
            self.done_ids = [*self.done_ids[-20:], event.claim]
        elif isinstance(event, events.Proposed):
            self.proposals[event.proposal] = event
        elif isinstance(event, events.ProposalEnded):
            self.proposals.pop(event.proposal, None)
            self.changes.pop(event.proposal, None)
            self.done_ids = [*self.done_ids[-20:], event.proposal]

    # Signed orders ------------------------------------------------------------------------------

    def keep(self, order: SignedOrder) -> Paper:
        """Keep a new order in mind; the oldest goes where there are too many."""
        paper = self.papers[order.order_hash] = Paper(order)
        if len(self.papers) > KEPT:
            self.put_aside(next(iter(self.papers)))
        return paper

    def put_aside(self, order_hash: str) -> None:
        """An order is over, or forgotten here: somebody may send it again."""
        paper = self.papers.pop(order_hash, None)
        if paper is not None:
            self.over = [*self.over[-KEPT:], paper.order]

    def live(self) -> list[Paper]:
        """Signed orders that are good now, mostly."""
        known = list(self.papers.values())
        if self.chance(0.05):
            return known
        return [p for p in known if p.order.expires_ms >= self.now]

    def signing_account(self) -> int:
        """An account that somebody may sign for, if there is one."""
        able = [account for account, keys in self.signers.items() if keys]
        return self.rng.choice(able) if able else self.account()

    def siblings(self, account: int) -> list[int]:
        """The other accounts of an owner."""
        owner = self.owners.get(account, -1)
        return [a for a, o in self.owners.items() if o == owner and a != account]

    # Choices ------------------------------------------------------------------------------------

    def walk(self) -> list[commands.PricePoint]:
        """New prices; now and then one that was published a while ago."""
        points = super().walk()
        if self.chance(0.12):
            late = self.rng.choice(points)
            ago = late.published_ms - self.rng.randint(300, 3_000)
            late.published_ms = max(self.publications[late.market] + 1, ago)
        return points

    def operator(self, but: int = -1) -> int:
        """An operator, not the one that is named."""
        return self.rng.choice([one for one in OPERATORS if one != but])

    # The beginning ------------------------------------------------------------------------------

    def opening(self) -> list[Stamped]:
        """The exchange with one more operator, a relayer with accounts, and keys for some."""
        made = super().opening()
        first = next(
            at
            for at, one in enumerate(made)
            if isinstance(one.command, commands.CreatePrincipal) and one.command.name == "relayer"
        )
        second = commands.CreatePrincipal("second", codes.ROLE_OPERATOR)
        made.insert(first + 1, Stamped(second, self.now, OPERATOR))
        made.append(Stamped(commands.SetGlobalParams(self.globals), self.now, OPERATOR))
        made += [
            Stamped(commands.CreateAccount(RELAYER, -1, f"fees{at}"), self.now, RELAYER)
            for at in range(2)
        ]
        return made

    def open_vaults(self) -> list[tuple[commands.Command, int]]:
        """Vaults with breakers of their own."""
        made = super().open_vaults()
        for command, _ in made:
            if isinstance(command, commands.CreateVault):
                at = int(command.label[1:])
                values = {"breaker_hold_ms": self.rng.choice(HOLDS_MS), **GUARDS[at]}
                command.params = self.opened[at] = replaced(command.params, **values)
        return made
