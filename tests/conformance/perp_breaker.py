"""Adapters for the circuit breaker of ``perp-v3.json``: steps as commands to the whole engine.

Only what crosses the border of the exchange is counted, and what was there before the window is
what is there now but for what came and left within it. Who asks for too much is refused, as
upstream, hence without locking; a principal may take all that may leave.
"""

from __future__ import annotations

from typing import Any

from plimsoll.core import outflow
from plimsoll.messages import codec, codes, commands, events
from plimsoll.messages.guard_params import BreakerParams
from tests.conformance.cases import Case
from tests.conformance.perp_hedge import Hedge
from tests.conformance.scaling import as_money, as_seconds, difference, fraction, money, seconds
from tests.harness.scenario import OPERATOR

ALL = money("1")
ERRORS = {
    codes.RATE_LIMITED: "RateLimited",
    codes.NOT_ALLOWED: "NotAdmin",
}
NOT_PROTECTED = "NotAProtectedContract"
NOBODY: dict[str, Any] = {"maker": {}}


class Breaker(Hedge):
    """A page with limits of the outflow."""

    pause = 0

    def prepare(self, given: dict[str, Any]) -> None:
        """The time, the limits, and what wallets have outside."""
        self.page.now = seconds(given["time_s"])
        self.page.oracle(given["oracle_price"])
        self.limits: dict[str, Any] = {}
        self.wallets: dict[str, int] = {}
        for holder, amount in given["wallets"].get("base", {}).items():
            self.bring(self.trader(holder), 1, amount)
        for holder, amount in given["wallets"].get("collateral", {}).items():
            self.trader(holder)
            self.wallets[holder] = money(amount)
        if "circuit_breaker" in given:
            self.cb_attach({"circuit_breaker": given["circuit_breaker"]})

    # Limits ---------------------------------------------------------------------------------------

    def cb_attach(self, step: dict[str, Any]) -> dict[str, Any]:
        """The limits of the case."""
        self.limits = step["circuit_breaker"]
        asset = self.limits["assets"]["collateral"]
        return self.limit(asset, OPERATOR)

    def cb_update_asset_params(self, step: dict[str, Any]) -> dict[str, Any]:
        """Others."""
        return self.limit(step, OPERATOR)

    def limit(self, asset: dict[str, str], principal: int) -> dict[str, Any]:
        """Limits for the collateral, set by somebody."""
        cooldown = seconds(self.limits["cooldown_s"])
        params = BreakerParams(
            seconds(self.limits["withdrawal_period_s"]), seconds(self.limits["tick_length_s"]),
            fraction(f"{asset['min_liquidity_retained_bps']}/10000"),
            money(asset["limit_begin_threshold"]), ALL, 0, cooldown, 0, cooldown,
        )  # fmt: skip
        return self.sent(commands.SetBreakerParams(params), principal)

    def sent(self, command: commands.Command, principal: int) -> dict[str, Any]:
        """A command of somebody; how it was refused, if it was."""
        if self.page.apply(codec.check_command(command), principal):
            return {}
        (event,) = self.page.found
        assert isinstance(event, events.Rejected)
        return {"error": {"name": ERRORS[event.code], "args": {}}}

    def cb_admin(self, step: dict[str, Any]) -> dict[str, Any]:
        """What only an operator may: set limits, open or close the exchange, grant a grace."""
        stranger = self.stranger(step["caller"])
        asset = self.limits["assets"]["collateral"]
        later = seconds(self.limits["withdrawal_period_s"])
        if step["action"] in ("register_asset", "update_asset_params"):
            return self.limit(asset, stranger)
        mode, grace = {
            "override_rate_limit": (codes.NORMAL, 0),
            "start_grace_period": (codes.NORMAL, later),
            "mark_not_operational": (codes.PAUSED, 0),
        }[step["action"]]
        return self.sent(commands.SetBreakerMode(mode, grace), stranger)

    def stranger(self, name: str) -> int:
        """Somebody with an account and no other role."""
        self.trader(name)
        return self.page.owner(name)

    def cb_inflow(self, step: dict[str, Any]) -> dict[str, Any]:
        """Who is no operator reports that money came in."""
        account = self.trader(step["caller"])
        deposit = commands.Deposit(account, 0, money(step["amount"]), "reported")
        refused = self.sent(deposit, self.stranger(step["caller"]))
        if refused:
            refused["error"]["name"] = NOT_PROTECTED
        return refused

    # Flows ----------------------------------------------------------------------------------------

    def advance_time(self, step: dict[str, Any]) -> dict[str, Any]:
        """Time passes, and the price is still what it was."""
        self.page.now += seconds(step["seconds"])
        self.page.oracle(as_money(self.state.oracles[0].price))
        return {}

    def deposit_to_fund(self, step: dict[str, Any]) -> dict[str, Any]:
        """Collateral from a wallet."""
        self.bring(self.trader(step["trader"]), 0, step["amount"])
        return {}

    def fund_to_margin(self, step: dict[str, Any]) -> dict[str, Any]:
        """It is margin already."""
        return {}

    def withdraw_from_fund(self, step: dict[str, Any]) -> dict[str, Any]:
        """Collateral back to the wallet."""
        account = self.trader(step["trader"])
        command = commands.Withdraw(account, 0, money(step["amount"]), f"out{self.page.seq}")
        return self.sent(command, self.page.owner(step["trader"]))

    # Answers --------------------------------------------------------------------------------------

    def ask_circuit_breaker(self, asked: dict[str, Any]) -> dict[str, Any]:
        """What was there before the window, what came since, and its first tick."""
        row = self.state.guard.breaker
        found = outflow.bound(self.state, self.page.now)
        return {
            "collateral": {
                "liq_total": as_money(found.total),
                "liq_in_period": as_money(difference(found.worth, found.total)),
                "list_head_s": as_seconds(row.flows_of(0)[0][0]),
            }
        }

    def ask_balances(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Wallets, outside."""
        return {
            token: {
                name: as_money(difference(self.wallets[name], self.page.account(name).cash()))
                for name in names
            }
            for token, names in asked.items()
        }


def breaker(case: Case) -> dict[str, Any]:
    """What became of a case."""
    # Every page has a vault; where the case has none, nobody uses it.
    made = Breaker(case._replace(given={**case.given, "makers": case.given["makers"] or NOBODY}))
    return made.outcome(case)


ADAPTERS = {
    f"circuit_breaker.{name}": breaker
    for name in ("limiter", "threshold", "rate_limit", "access", "maker_fill")
}
