"""An exchange whose outflow is limited, for tests to script: who takes out what, and what came of
it. Amounts are decimal texts: USD in 6 decimals, ETH in 9.
"""

from __future__ import annotations

from typing import Any, Final

from plimsoll.core import breaker, outflow
from plimsoll.core.engine import Engine
from plimsoll.core.load import load
from plimsoll.messages import codes, commands, events
from plimsoll.messages.guard_params import BreakerParams
from tests.harness.scenario import KEEPER, OPERATOR, Scenario, market, scaled

ETH: Final = 1
WINDOW: Final = 14_400_000
TICK: Final = 300_000
COOLDOWN: Final = 259_200_000
PAID, HELD = "paid", "held"


def limits(**more: Any) -> BreakerParams:
    """70 % have to stay, and one principal may take all that may leave, unless named."""
    return BreakerParams(**{"principal_share": 1_000_000, "pause_retained": 0, **more})


class OutflowPage(Scenario):
    """Traders with 1,000 USD each (or ``cash``), a market of ETH at 100; limits that were set
    before the window, unless ``limited`` is false."""

    def __init__(
        self, *, traders: str = "alice", cash: str = "1000", limited: bool = True, **more: Any
    ) -> None:
        params = market(base_asset=ETH, step=1_000_000, oracle_jump_max=10**9)
        super().__init__(params, traders=traders, cash=cash)
        self.do(commands.CreateAsset("ETH", 9), OPERATOR)
        self.now = 10**10
        self.now -= self.now % WINDOW
        self.oracle("100")
        if limited:
            self.limit(**more)

    def limit(self, **more: Any) -> None:
        """Set the limits."""
        self.do(commands.SetBreakerParams(limits(**more)), OPERATOR)

    def mode(self, mode: int, grace: int = 0) -> None:
        """The operator sets the mode."""
        self.do(commands.SetBreakerMode(mode, grace), OPERATOR)

    def waits(self, ms: int, price: str = "") -> None:
        """Time passes; the price stays fresh if one is given."""
        self.now += ms
        if price:
            self.oracle(price)

    # Money ------------------------------------------------------------------------------------

    def withdrawal(self, name: str, amount: str, asset: int = 0) -> commands.Command:
        """A withdrawal that was not asked for before."""
        self.external += 1
        account = codes.TREASURY_ACCOUNT if name == "treasury" else self.accounts[name]
        digits = 6 if asset == 0 else 9
        return commands.Withdraw(account, asset, scaled(amount, digits), f"out{self.external}")

    def takes(self, name: str, amount: str, asset: int = 0) -> str:
        """Take something out: whether it is paid or held, or the name of the refusal."""
        command = self.withdrawal(name, amount, asset)
        principal = OPERATOR if name == "treasury" else self.owner(name)
        if not self.apply(command, principal):
            (event,) = self.found
            assert isinstance(event, events.Rejected)
            return codes.REJECTS[event.code][0]
        held = any(isinstance(event, events.WithdrawalHeld) for event in self.found)
        return HELD if held else PAID

    def brings(self, name: str, amount: str, asset: int = 0) -> None:
        """Bring something in."""
        self.external += 1
        digits = 6 if asset == 0 else 9
        account = codes.TREASURY_ACCOUNT if name == "treasury" else self.accounts[name]
        deposit = commands.Deposit(account, asset, scaled(amount, digits), f"in{self.external}")
        self.do(deposit, OPERATOR)

    # Looking ----------------------------------------------------------------------------------

    def bound(self) -> breaker.Bound:
        """What the exchange is worth now, and what of it has to stay."""
        return outflow.bound(self.state, self.now)

    def may_leave(self, name: str = "") -> int:
        """What may leave now, of a trader or of anybody."""
        principal = self.owner(name) if name else -1
        return outflow.may_leave(self.state, principal, self.now)

    def moves(self) -> list[tuple[int, int, int]]:
        """How the breaker moved in the last command: before, mode, cause."""
        return [
            (one.before, one.mode, one.cause)
            for one in self.found
            if isinstance(one, events.BreakerMoved)
        ]

    @property
    def now_mode(self) -> int:
        """The mode of the exchange."""
        return self.state.guard.breaker.mode

    def claims(self) -> list[int]:
        """What is held."""
        return sorted(self.state.guard.held)

    def review(self, vault: int = -1) -> tuple[int, int, int]:
        """Ask whether a breaker may be left; (0, 0, 0) or the refusal with its numbers."""
        if self.apply(commands.ReviewBreaker(vault), KEEPER):
            return 0, 0, 0
        (event,) = self.found
        assert isinstance(event, events.Rejected)
        return event.code, event.value, event.limit

    def tick(self, limit: int = 100) -> None:
        """Do due work."""
        self.do(commands.Tick(limit), KEEPER)

    def restart(self) -> None:
        """Go on from the dump of the state, as after a restart."""
        before = self.hash()
        self.restart_from(self.state.dump())
        assert self.hash() == before

    def restart_from(self, dump: list[Any]) -> None:
        """Go on from a state as it was dumped."""
        self.engine = Engine(load(dump))
        self.state = self.engine.state
