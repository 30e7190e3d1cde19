"""What is shown of breakers: of the exchange, of a principal, of vaults."""

from __future__ import annotations

from plimsoll.core import views_guard, views_vaults
from plimsoll.messages import codes, commands
from plimsoll.messages.codes import SELL
from tests.harness.outflow_page import COOLDOWN, ETH, HELD, WINDOW, OutflowPage
from tests.harness.scenario import OPERATOR
from tests.harness.vault_page import BASE, PASSIVE, VaultPage


def test_the_breaker_of_the_exchange() -> None:
    """BREAK-001: what there is, what has to stay, what may leave, and what flowed."""
    page = OutflowPage(principal_share=500_000, pause_retained=400_000)
    page.brings("alice", "2", ETH)
    page.takes("alice", "100")
    found = views_guard.breaker_view(page.state, page.now)
    assert found["params"]["retained"] == 700_000
    assert found["params"]["locking"] == 1
    start = page.now - page.now % 300_000
    assert {name: found[name] for name in found if name != "params"} == {
        "mode": "normal", "since_ms": 0, "grace_until_ms": 0, "recovers_ms": 0, "limited": True,
        "worth": 1_100_000_000, "before": 1_000_000_000, "kept": 700_000_000,
        "pauses_below": 400_000_000, "may_leave": 400_000_000, "part": 150_000_000,
        "flows": [
            {"asset": "USD", "net": -100_000_000, "worth": -100_000_000, "held": 0,
             "since_ms": start},
            {"asset": "ETH", "net": 2 * 10**9, "worth": 200_000_000, "held": 0,
             "since_ms": start},
        ],
        "held": [],
    }  # fmt: skip


def test_without_limits_there_is_nothing_to_show() -> None:
    """BREAK-009: all there is may leave."""
    page = OutflowPage(limited=False)
    found = views_guard.breaker_view(page.state, page.now)
    assert (found["params"], found["limited"], found["kept"]) == (None, False, None)
    assert found["may_leave"] == found["worth"] == 1_000_000_000


def test_what_is_held_and_when_it_may_be_over() -> None:
    """BREAK-010, BREAK-012: nothing may leave; the claims by number."""
    page = OutflowPage(traders="alice bob")
    page.takes("alice", "601")
    page.takes("bob", "1")
    found = views_guard.breaker_view(page.state, page.now)
    assert (found["mode"], found["may_leave"]) == ("restricted", 0)
    assert found["recovers_ms"] == page.now + COOLDOWN
    assert [(one["amount"], one["held_by"], one["payable"]) for one in found["held"]] == [
        (601_000_000, "exchange", False),
        (1_000_000, "exchange", False),
    ]
    (mine,) = views_guard.held_view(page.state, page.now, page.accounts["bob"])
    assert (mine["account"], mine["asset"]) == (page.accounts["bob"], "USD")
    page.mode(codes.NORMAL)
    assert all(one["payable"] for one in views_guard.held_view(page.state, page.now))


def test_what_a_principal_may_take_out() -> None:
    """BREAK-005: what it took, what is left of its part, what is held of it."""
    page = OutflowPage(traders="alice bob", principal_share=100_000)
    page.takes("alice", "20")
    assert page.takes("alice", "50") == HELD
    found = views_guard.principal_view(page.state, page.owner("alice"), page.now)
    assert (found["taken"], found["may_leave"]) == (20_000_000, 40_000_000)
    (claim,) = found["held"]
    assert (claim["held_by"], claim["due_ms"]) == ("part", page.now + WINDOW)
    other = views_guard.principal_view(page.state, page.owner("bob"), page.now)
    assert (other["taken"], other["may_leave"], other["held"]) == (0, 60_000_000, [])


def test_a_grace_is_shown_while_it_lasts() -> None:
    """BREAK-008."""
    page = OutflowPage()
    page.mode(codes.NORMAL, page.now + WINDOW)
    found = views_guard.breaker_view(page.state, page.now)
    assert (found["grace_until_ms"], found["limited"]) == (page.now + WINDOW, False)
    page.waits(WINDOW)
    found = views_guard.breaker_view(page.state, page.now)
    assert (found["grace_until_ms"], found["limited"]) == (0, True)


def test_the_breaker_of_a_vault() -> None:
    """BREAK-016, BREAK-018, BREAK-021: what is past, since when it is calm, what was hedged."""
    made = VaultPage(
        eth="2000", virtual=("0", "0"), oracle_jump_max=10**9,
        vault={"hedge_window_max": 500 * 10**6},
    )  # fmt: skip
    made.join("lp", BASE, "10")
    made.deal("alice", BASE, SELL, "2")
    made.prices("45")
    found = views_vaults.vault_view(made.state, made.vault(BASE), made.now)["breaker"]
    assert (found["mode"], found["cause"], found["limit"]) == ("restricted", "margin", 500_000)
    assert found["measured"] == found["margin_ratio"] < 500_000
    assert (found["calm_since_ms"], found["recovers_ms"]) == (0, 0)
    assert found["hedged"] + found["hedge_left"] == 500 * 10**6
    made.prices("90")
    found = views_vaults.vault_view(made.state, made.vault(BASE), made.now)["breaker"]
    assert (found["mode"], found["cause"]) == ("restricted", None)
    assert found["recovers_ms"] == found["calm_since_ms"] + 300_000 == made.now + 300_000


def test_the_breaker_of_the_passive_vault() -> None:
    """BREAK-016: it has no margin ratio and no hedges; the value of a share is measured."""
    made = VaultPage(passive={"virtual_shares": 0, "virtual_assets": 0})
    found = views_guard.vault_breaker_view(made.state, made.vault(PASSIVE), made.now)
    assert (found["margin_ratio"], found["hedge_left"], found["share_value"]) == (None, None, 0)
    made.join("lp", PASSIVE, "100")
    made.prices("100")
    found = views_guard.vault_breaker_view(made.state, made.vault(PASSIVE), made.now)
    assert found["share_value"] == found["high"] > 0
    made.do(commands.SetVaultMode(PASSIVE, codes.RESTRICTED), OPERATOR)
    view = views_vaults.vault_view(made.state, made.vault(PASSIVE), made.now)
    assert (view["mode"], view["breaker"]["mode"]) == ("restricted", "normal")
