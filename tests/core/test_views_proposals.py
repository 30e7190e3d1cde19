"""What is shown of announced changes."""

from __future__ import annotations

from typing import Any

from plimsoll.core import views_proposals
from plimsoll.messages import changes, codes
from plimsoll.messages.commands import CreatePrincipal, SetMarketMode
from plimsoll.messages.guard import SetBreakerMode, SetBreakerParams
from plimsoll.messages.guard_params import BreakerParams
from plimsoll.messages.params import MarketParams
from tests.harness.two_keys import TwoKeys, always, money, rich


def shown(page: TwoKeys) -> list[dict[str, Any]]:
    """All that is announced."""
    return views_proposals.proposals_view(page.state, page.now)


def test_a_set_shows_what_differs() -> None:
    """PROP-013: each field that moves, from what to what, and which of them loosen."""
    page = TwoKeys()
    made = page.propose(page.setting("market_params", imr=90_000, price_band=90_000, mmr=40_000))
    (view,) = shown(page)
    assert view["differences"] == [
        {"field": "imr", "before": 100_000, "after": 90_000, "loosens": True},
        {"field": "mmr", "before": 50_000, "after": 40_000, "loosens": True},
        {"field": "price_band", "before": 100_000, "after": 90_000, "loosens": False},
    ]
    assert (view["proposal"], view["principal"], view["name"]) == (made.proposal, 0, "operator")
    assert (view["ready_ms"], view["expires_ms"]) == (made.ready_ms, made.expires_ms)


def test_flags_are_numbers() -> None:
    """PROP-013: as in the command."""
    page = TwoKeys()
    page.do(page.setting("vault_params", takers_listed=1), 0)
    page.propose(page.setting("vault_params", takers_listed=0))
    (one,) = shown(page)[0]["differences"]
    assert one == {"field": "takers_listed", "before": 1, "after": 0, "loosens": True}
    assert type(one["before"]) is int


def test_the_first_limits_of_the_outflow_have_nothing_before_them() -> None:
    """PROP-013: every limit is new, and none is looser than none."""
    page = TwoKeys()
    page.propose(SetBreakerParams(BreakerParams()))
    found = shown(page)[0]["differences"]
    assert [one["field"] for one in found] == [name for name, _ in BreakerParams.FIELDS]
    assert {(one["before"], one["loosens"]) for one in found} == {(None, False)}


def test_modes_are_words() -> None:
    """PROP-013: also of the breaker, with its grace."""
    page = TwoKeys(breaker=True)
    page.do(SetMarketMode(0, codes.HALTED), 0)
    page.propose(SetMarketMode(0, codes.ACTIVE))
    page.propose(SetBreakerMode(codes.NORMAL, page.now + 86_401_000))
    market, breaker = shown(page)
    assert market["differences"] == [
        {"field": "mode", "before": "halted", "after": "active", "loosens": True}
    ]
    (grace,) = breaker["differences"]
    assert (grace["field"], grace["before"], grace["loosens"]) == ("grace_until_ms", 0, True)


def test_a_spread_that_is_turned_around_is_marked() -> None:
    """PROP-004, PROP-013: as it is judged."""
    page = TwoKeys()
    page.propose(page.setting("quote_params", half_spread=20_000, spread_skew=1_500_000))
    found = shown(page)[0]["differences"]
    assert [(one["field"], one["loosens"]) for one in found] == [
        ("half_spread", True), ("spread_skew", True),
    ]  # fmt: skip


def test_what_replaces_nothing_differs_in_nothing() -> None:
    """PROP-013: money and principals are what their command says; a market has all of its
    parameters."""
    page = rich()
    for change in (*money(), CreatePrincipal("x", 64), always()[-1]):
        page.propose(change)
    *others, market = [view["differences"] for view in shown(page)]
    assert others == [[]] * 6
    assert [one["field"] for one in market] == [name for name, _ in MarketParams.FIELDS]


def test_status() -> None:
    """PROP-013: waiting, ready, stale, expired, each at its first and last moment."""
    page = TwoKeys()
    made = page.propose(page.setting("market_params", imr=90_000))
    for now, status in (
        (made.ready_ms - 1, "waiting"), (made.ready_ms, "ready"), (made.expires_ms, "ready"),
        (made.expires_ms + 1, "expired"),
    ):  # fmt: skip
        page.now = now
        assert shown(page)[0]["status"] == status
    page.do(page.setting("market_params", imr=110_000), 0)
    assert shown(page)[0]["status"] == "expired"
    page.now = made.ready_ms - 1
    assert shown(page)[0]["status"] == "stale"


def test_every_change_can_be_shown() -> None:
    """PROP-013: whatever can be announced has a view."""
    page = rich(breaker=True)
    kinds = {cls.TAG for cls in changes.CHANGES}
    settings = [page.setting(kind) for kind in changes.RECORDS]
    modes = [SetMarketMode(0, 0), SetBreakerMode(0, 0)]
    for change in (*always(), *settings, *modes, CreatePrincipal("x", 1)):
        page.propose(change)
    assert len(shown(page)) == len(kinds) - 1
