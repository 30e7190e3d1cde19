"""Breakers of vaults: what trips them, what passes then, how they are left, the quota of hedges."""

from __future__ import annotations

from typing import Any

import pytest

from plimsoll.core import vault_money
from plimsoll.core.engine import Engine
from plimsoll.core.load import load
from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import (
    BUY,
    CAUSE_MARGIN,
    CAUSE_RECOVERED,
    CAUSE_UTILISATION,
    NORMAL,
    PAUSED,
    SELL,
    TRIPPED,
)
from tests.harness.scenario import KEEPER, OPERATOR
from tests.harness.vault_page import BASE, PASSIVE, QUOTE, VaultPage

HOLD = 300_000
MARGIN = 500_000


def page(**more: Any) -> VaultPage:
    """10 ETH in the base vault, 3,000 USD in the quote vault, 1,000 in the passive one; no margin
    is too low for a hold."""
    made = VaultPage(
        eth="2000", virtual=("0", "0"), oracle_jump_max=10**9,
        vault={"min_margin_ratio": MARGIN, **more.pop("vault", {})}, **more,
    )  # fmt: skip
    for ident, amount in ((BASE, "10"), (QUOTE, "3000"), (PASSIVE, "1000")):
        made.join("lp", ident, amount)
    return made


def mode(made: VaultPage, ident: int = BASE) -> int:
    """The mode of a vault's breaker."""
    return made.vault(ident).guard.mode


def moves(made: VaultPage) -> list[tuple[int, int, int]]:
    """How breakers of vaults moved in the last command: vault, mode, cause."""
    found = [one for one in made.found if isinstance(one, events.VaultBreakerMoved)]
    return [(one.vault, one.mode, one.cause) for one in found]


def refusal(made: VaultPage, command: commands.Command, principal: int) -> tuple[str, int, int]:
    """Name and numbers of a refusal."""
    code, value, limit, _ = made.refuse(command, principal)
    return codes.REJECTS[code][0], value, limit


def deal_refused(made: VaultPage, side: int, amount: str, ident: int = BASE) -> str:
    """The name of the refusal of a trade of alice's."""
    command = made.trade_command("alice", ident, side, amount)
    return refusal(made, command, made.owner("alice"))[0]


def join_refused(made: VaultPage, ident: int = BASE, amount: str = "1") -> str:
    """The name of the refusal of a deposit."""
    return refusal(made, made.join_command("lp2", ident, amount), made.owner("lp2"))[0]


def squeezed(price: str = "45", **more: Any) -> VaultPage:
    """The base vault has bought 4 from alice at 100, and the price has fallen."""
    made = page(**more)
    made.deal("alice", BASE, SELL, "4")
    made.prices(price)
    made.arbitrage("bob")
    return made


# Tripping -----------------------------------------------------------------------------------------


def test_it_trips_below_its_margin() -> None:
    """BREAK-016, BREAK-017: with the prices that say so; what was measured is told."""
    made = page()
    made.deal("alice", BASE, SELL, "4")
    assert mode(made) == NORMAL
    made.prices("45")
    assert moves(made) == [(BASE, TRIPPED, CAUSE_MARGIN)]
    (said,) = [one for one in made.found if isinstance(one, events.VaultBreakerMoved)]
    assert said.value == vault_money.margin_ratio(made.state, made.vault(BASE)) < MARGIN
    assert (said.before, said.limit) == (NORMAL, MARGIN)


def test_a_fill_trips_it_too() -> None:
    """BREAK-017: a reduction is never refused, and judged like prices."""
    made = page()
    made.deal("alice", BASE, SELL, "4")
    made.vault(BASE).account.usd.amount -= 250 * 10**6
    made.state.accounts[codes.OUTSIDE_ACCOUNT].usd.amount += 250 * 10**6
    made.deal("alice", BASE, BUY, "1")
    assert moves(made) == [(BASE, TRIPPED, CAUSE_MARGIN)]


def test_restricted_what_reduces_and_exits_pass() -> None:
    """BREAK-020: deposits do not; depositors may leave."""
    made = squeezed("15")
    assert join_refused(made) == "VAULT_MODE"
    made.deal("alice", BASE, BUY, "1")
    made.leave("lp", BASE, 10**11)
    made.prices("90")
    made.arbitrage("bob")
    assert mode(made) == TRIPPED
    assert deal_refused(made, SELL, "1") == "VAULT_MODE"
    made.deal("alice", BASE, BUY, "1")


def test_what_improves_the_margin_passes() -> None:
    """BREAK-020, HEDGE-007: a solvent vault is not dead: it may add below its average price."""
    made = squeezed("45")
    before = vault_money.margin_ratio(made.state, made.vault(BASE))
    made.deal("alice", BASE, SELL, "1")
    assert before < vault_money.margin_ratio(made.state, made.vault(BASE)) < 10**6


def test_what_improves_the_margin_and_breaks_another_bound_does_not() -> None:
    """BREAK-020: here, what of the depositors' ETH may be in use."""
    made = squeezed("45", vault={"util_max": 450_000})
    assert deal_refused(made, SELL, "1") == "VAULT_MODE"
    made.deal("alice", BASE, SELL, "0.1")


def test_an_operators_restriction_lets_nothing_add() -> None:
    """BREAK-020: only the breaker's own is eased."""
    made = squeezed("45")
    made.do(commands.SetVaultMode(BASE, codes.RESTRICTED), OPERATOR)
    assert deal_refused(made, SELL, "0.1") == "VAULT_MODE"


def test_an_order_goes_on_without_it() -> None:
    """BREAK-020, HEDGE-015: the vault refuses, the order does not fail."""
    made = squeezed("45")
    made.prices("90")
    made.arbitrage("bob")
    account = made.vault(BASE).account.ident
    order = made.place("alice", SELL, 10**9, 0, kind=codes.MARKET, tif=codes.IOC, maker=account)
    found = made.do(order, made.owner("alice"))
    (refused,) = [one for one in found if isinstance(one, events.VaultRefused)]
    assert refused.code == codes.VAULT_MODE


# Pausing ------------------------------------------------------------------------------------------


def paused() -> VaultPage:
    """A margin of 15 %, where 20 % pauses."""
    return squeezed("15", vault={"pause_margin_ratio": 200_000})


def test_it_pauses_below_a_lower_margin() -> None:
    """BREAK-016: at once, from normal too."""
    made = page(vault={"pause_margin_ratio": 200_000})
    made.deal("alice", BASE, SELL, "4")
    made.prices("15")
    assert moves(made) == [(BASE, PAUSED, CAUSE_MARGIN)]


def test_paused_only_what_reduces_passes() -> None:
    """BREAK-020: no deposit, no exit, nothing that adds, even if it improved the margin."""
    made = paused()
    assert join_refused(made) == "VAULT_MODE"
    leave = made.leave_command("lp", BASE, 10**9)
    assert refusal(made, leave, made.owner("lp")) == (
        "VAULT_MODE", codes.REDUCE_ONLY, codes.REDUCE_ONLY,
    )  # fmt: skip
    assert deal_refused(made, SELL, "0.1") == "VAULT_MODE"
    made.deal("alice", BASE, BUY, "1")


def test_other_vaults_do_not_care() -> None:
    """BREAK-016: a breaker is of one vault."""
    made = paused()
    made.join("lp2", PASSIVE, "10")
    made.leave("lp", QUOTE, 10**9)


def test_a_pause_is_left_one_mode_at_a_time() -> None:
    """BREAK-018: its margin for long enough, then everything for as long again."""
    made = paused()
    made.prices("80")
    made.now += HOLD
    made.prices("81")
    assert moves(made) == [(BASE, TRIPPED, CAUSE_RECOVERED)]
    made.now += HOLD - 1_001
    made.prices("82")
    assert moves(made) == []
    made.prices("83")
    assert moves(made) == [(BASE, NORMAL, CAUSE_RECOVERED)]
    made.leave("lp", BASE, 10**9)


# Recovery -----------------------------------------------------------------------------------------


def test_it_recovers_when_it_was_calm_for_long_enough() -> None:
    """BREAK-018: to the millisecond, with prices, by a tick, or by whoever asks."""
    asks: list[commands.Command] = [commands.ReviewBreaker(BASE), commands.Tick(10)]
    for command in asks:
        made = squeezed("45")
        made.prices("90")
        since = made.now
        assert made.vault(BASE).guard.calm_ms == since
        made.now = since + HOLD - 1
        assert not made.engine.is_due(commands.Tick(1), made.now)
        asked = refusal(made, commands.ReviewBreaker(BASE), KEEPER)
        assert asked == ("BREAKER_WAITS", HOLD - 1, HOLD)
        made.now += 1
        assert made.engine.is_due(commands.Tick(1), made.now)
        made.do(command, KEEPER)
        assert moves(made) == [(BASE, NORMAL, CAUSE_RECOVERED)]
        assert not made.engine.is_due(commands.Tick(1), made.now)
        made.prices("91")
        made.arbitrage("bob")
        made.deal("alice", BASE, SELL, "1")


def test_a_relapse_starts_the_hold_anew() -> None:
    """BREAK-018: calm means all the time."""
    made = squeezed("45")
    made.prices("90")
    made.now += HOLD - 2_000
    made.prices("45")
    assert made.vault(BASE).guard.calm_ms == 0
    made.now += 2_000
    made.prices("90")
    assert mode(made) == TRIPPED
    made.now += HOLD
    made.prices("91")
    assert mode(made) == NORMAL


def test_without_a_hold_it_recovers_at_once() -> None:
    """BREAK-018: with the prices that say so."""
    made = squeezed("45", vault={"breaker_hold_ms": 0})
    made.prices("90")
    assert mode(made) == NORMAL


def test_asking_judges() -> None:
    """BREAK-018: what is past its threshold is told; a normal breaker has nothing to do."""
    made = page()
    assert refusal(made, commands.ReviewBreaker(BASE), KEEPER)[0] == "NOTHING_TO_DO"
    assert refusal(made, commands.ReviewBreaker(9), KEEPER)[0] == "UNKNOWN_VAULT"
    made = squeezed("45")
    ratio = vault_money.margin_ratio(made.state, made.vault(BASE))
    asked = refusal(made, commands.ReviewBreaker(BASE), KEEPER)
    assert asked == ("BREAKER_WAITS", ratio, MARGIN)


def test_it_goes_on_after_a_restart() -> None:
    """BREAK-001: mode, calm, the highest value and the hedges are part of the state."""
    made = squeezed("45", vault={"drawdown_max": 100_000})
    made.prices("90")
    made.engine = Engine(load(made.state.dump()))
    made.state = made.engine.state
    row = made.vault(BASE).guard
    assert (row.mode, row.calm_ms) == (TRIPPED, made.now)
    assert row.high > 0 and len(row.hedges) == 1
    made.now += HOLD
    made.prices("91")
    assert mode(made) == NORMAL


# Utilisation --------------------------------------------------------------------------------------


def test_a_fill_may_not_use_too_much() -> None:
    """BREAK-021: to the unit; what reduces is never asked."""
    made = page(vault={"util_max": 500_000})
    made.deal("alice", BASE, SELL, "5")
    command = made.trade_command("alice", BASE, SELL, "0.011")
    asked = refusal(made, command, made.owner("alice"))
    assert asked == ("VAULT_UTILISATION", 501_100, 500_000)
    made.deal("alice", BASE, BUY, "1")
    made.deal("alice", BASE, SELL, "1")


def test_it_trips_when_exits_leave_too_little() -> None:
    """BREAK-016: 5 of 10 in use; two leave; it is judged with the next prices."""
    made = page(vault={"util_max": 600_000})
    made.deal("alice", BASE, SELL, "5")
    made.leave("lp", BASE, made.shares("lp", BASE) // 5)
    assert mode(made) == NORMAL
    made.prices("100")
    assert moves(made) == [(BASE, TRIPPED, CAUSE_UTILISATION)]
    assert join_refused(made) == "VAULT_MODE"
    made.deal("alice", BASE, BUY, "1")
    made.now += HOLD
    made.prices("100")
    assert mode(made) == NORMAL


# Liveness -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("price", ["60", "45", "30", "15"])
def test_a_solvent_vault_can_always_be_left_and_reduced(price: str) -> None:
    """BREAK-020: whatever tripped it, takers may close against it, all of it."""
    made = squeezed(price, vault={"pause_margin_ratio": 200_000, "util_max": 400_000})
    for _ in range(4):
        made.deal("alice", BASE, BUY, "1")
    assert vault_money.position_base(made.vault(BASE)) == 0
    made.now += HOLD
    made.prices(price)
    made.now += HOLD
    made.prices(price)
    made.now += HOLD
    made.prices(price)
    assert mode(made) == NORMAL
    made.leave("lp", BASE)
