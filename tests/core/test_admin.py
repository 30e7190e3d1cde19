"""What an operator sets: principals, assets, markets, parameters, modes, capital."""

from __future__ import annotations

from typing import Any

import pytest

from plimsoll.core.handlers import admin
from plimsoll.messages import codes, commands, events
from plimsoll.messages.params import GlobalParams, MarketParams
from tests.harness.scenario import OPERATOR, Scenario, market

LOT = 10**9


def changed(**changes: Any) -> MarketParams:
    """The default market but for what is named."""
    return market(**{"vamm_enabled": 1, **changes})


def refused(page: Scenario, command: commands.Command) -> tuple[str, int]:
    """Name of the refusal and its value."""
    code, value, _, _ = page.refuse(command, OPERATOR)
    return codes.REJECTS[code][0], value


def test_names_of_principals_are_taken_once() -> None:
    """ADMIN-001: the holder is told."""
    page = Scenario()
    (event,) = page.do(commands.CreatePrincipal("dave", codes.ROLE_TRADER), OPERATOR)
    assert isinstance(event, events.PrincipalCreated)
    assert (event.principal, event.name, event.roles) == (6, "dave", codes.ROLE_TRADER)
    assert refused(page, commands.CreatePrincipal("dave", 0)) == ("NAME_TAKEN", 6)
    assert refused(page, commands.CreatePrincipal("operator", 0)) == ("NAME_TAKEN", 0)


def test_assets_are_taken_once_and_bounded() -> None:
    """ADMIN-003: at most 64."""
    page = Scenario()
    assert refused(page, commands.CreateAsset("USD", 6)) == ("NAME_TAKEN", 0)
    for number in range(1, admin.ASSETS_MAX):
        page.do(commands.CreateAsset(f"A{number}", 6), OPERATOR)
    assert refused(page, commands.CreateAsset("A1", 6)) == ("TOO_MANY", admin.ASSETS_MAX)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"open_orders_max": 0}, 1), ({"open_orders_max": 1001}, 1), ({"batch_max": 0}, 2),
        ({"batch_max": 51}, 2), ({"tick_work_max": 0}, 3), ({"tick_work_max": 100_001}, 3),
        ({"accounts_max": 0}, 4), ({"accounts_per_principal_max": 0}, 4),
        ({"matches_max": 0}, 5),
        ({"matches_max": 100_001}, 5), ({"accounts_max": 0, "batch_max": 0}, 2),
    ],
)  # fmt: skip
def test_limits_that_break_a_rule(changes: dict[str, int], rule: int) -> None:
    """ADMIN-002: refused with the number of the first."""
    command = commands.SetGlobalParams(GlobalParams(**changes))
    assert refused(Scenario(), command) == ("PARAMS_INVALID", rule)


RULES: list[tuple[int, dict[str, Any]]] = [
    (1, {"symbol": ""}),
    (2, {"tick": 0}),
    (2, {"step": 0}),
    (3, {"tick": 100, "step": 1_000_000}),
    (4, {"mmr": 0}),
    (4, {"mmr": 100_000}),
    (5, {"imr": 1_000_001}),
    (6, {"taker_fee": 500, "maker_rebate": 501}),
    (7, {"taker_fee": 50_000}),
    (8, {"split_insurance": 300_001}),
    (9, {"open_interest_max": 0}),
    (10, {"price_band": 0}),
    (10, {"price_band": 1_000_000}),
    (11, {"market_slippage": 0}),
    (11, {"market_slippage": 100_001}),
    (12, {"oracle_max_age_ms": 0}),
    (13, {"oracle_jump_max": 1_000_000}),
    (14, {"oracle_reset_ms": 29_999}),
    (20, {"vamm_base_spread": 0}),
    (20, {"vamm_base_spread": 20_000}),
    (21, {"vamm_max_spread": 100_000}),
    (22, {"vamm_base_spread": 15_000, "price_band": 15_000}),
    (23, {"vamm_base_spread": 39}),
    (24, {"vamm_concentration": 1_000_000}),
    (24, {"vamm_concentration": 1_414_201}),
    (25, {"vamm_max_fill_fraction": 0}),
    (26, {"vamm_sqrt_k": 999_999_999}),
    (27, {"vamm_sqrt_k": 2**60 + 1, "vamm_peg": 1_000_000, "step": 10**9}),
    (28, {"vamm_sqrt_k": 2**57, "vamm_peg": 5_000_000_000}),
]


@pytest.mark.parametrize(("rule", "changes"), RULES)
def test_parameters_that_break_a_rule(rule: int, changes: dict[str, Any]) -> None:
    """ADMIN-004: refused with the number of the first rule broken; on the edge they pass."""
    page = Scenario()
    values = dict(zip([name for name, _ in MarketParams.FIELDS], changed().row(), strict=True))
    params = MarketParams(**{**values, "symbol": "Y-USD", **changes})
    assert params.problems()[0][0] == rule
    # Past the codec, which bounds single fields itself: the core does not rely on it.
    assert not page.engine.apply(commands.CreateMarket(params), 1, page.now, OPERATOR)
    (event,) = page.engine.drain()
    assert event.row()[1:3] == [codes.PARAMS_INVALID, rule]


@pytest.mark.parametrize(
    "changes",
    [
        {"imr": 1_000_000},
        {"taker_fee": 49_999},
        {"taker_fee": 500, "maker_rebate": 500},
        {"market_slippage": 100_000},
        {"oracle_reset_ms": 30_000},
        {"vamm_base_spread": 40},
        {"vamm_concentration": 1_414_200},
        {"vamm_sqrt_k": 1_000_000_000},
        {"vamm_sqrt_k": 2**60, "vamm_peg": 400_000_000, "price_band": 200_000},
    ],
)
def test_parameters_on_the_edge_pass(changes: dict[str, Any]) -> None:
    """ADMIN-004: bounds are inclusive where the rule says so."""
    assert changed(**changes).problems() == []


def test_opening_a_market() -> None:
    """ADMIN-004: six accounts, no price, a balanced curve at the peg; the symbol is taken."""
    page = Scenario()
    params = changed(symbol="Y-USD")
    page.do(commands.CreateMarket(params), OPERATOR)
    made = page.state.markets[1]
    owners = [made.vamm, made.adjustments, made.funding, made.insurance, made.clearing,
              made.escrow]  # fmt: skip
    assert [row.label for row in owners] == [
        "Y-USD/vamm", "Y-USD/adjustments", "Y-USD/funding", "Y-USD/insurance",
        "Y-USD/clearing", "Y-USD/escrow",
    ]  # fmt: skip
    event = page.found[-1]
    assert isinstance(event, events.MarketCreated)
    assert event.row()[1:] == [1, "Y-USD", *[row.ident for row in owners]]
    row = page.state.vamms[1]
    k = params.vamm_sqrt_k
    assert (row.x, row.y, row.sqrt_k, row.peg, row.net, row.capital) == (k, k, k, 10**8, 0, 0)
    assert page.state.oracles[1].price == 0
    assert refused(page, commands.CreateMarket(params)) == ("NAME_TAKEN", 1)
    page.do(commands.CreateMarket(market(symbol="Z-USD")), OPERATOR)
    assert page.state.vamms[2].x == 0


@pytest.mark.parametrize(
    "changes",
    [{"symbol": "W-USD"}, {"step": 2_000_000}, {"tick": 30_000}, {"tick": 200_000},
     {"vamm_enabled": 0}, {"vamm_sqrt_k": 2 * LOT}, {"vamm_peg": 99_000_000}],
)  # fmt: skip
def test_the_shape_of_a_market_stays(changes: dict[str, Any]) -> None:
    """ADMIN-005: rule 99; what rests and the curve must remain what they are."""
    page = Scenario(changed())
    command = commands.SetMarketParams(0, changed(**changes))
    assert refused(page, command) == ("PARAMS_INVALID", 99)
    unknown = commands.SetMarketParams(5, changed(**changes))
    assert refused(page, unknown) == ("UNKNOWN_MARKET", 5)


def test_new_parameters_hold_at_once() -> None:
    """ADMIN-005: band and quotes follow; a finer tick is allowed."""
    page = Scenario(vamm_enabled=1)
    finer = changed(tick=50_000, price_band=50_000, vamm_base_spread=1_000)
    page.do(commands.SetMarketParams(0, finer), OPERATOR)
    assert (page.state.oracles[0].low, page.state.oracles[0].high) == (95_000_000, 105_000_000)
    assert (page.state.vamms[0].bid, page.state.vamms[0].ask) == (99_900_000, 100_100_000)
    page.play("""
        alice  buy 1 @ 94       -> PRICE_BAND 94000000 95000000
        alice  buy 1 @ 99.95
        alice  buy 1 @ 99.92    -> PRICE_NOT_ON_TICK
    """)


@pytest.mark.parametrize("before", range(4))
@pytest.mark.parametrize("after", range(4))
def test_any_mode_may_follow_any_other(before: int, after: int) -> None:
    """ADMIN-006: the event tells both; a market that does not exist is refused."""
    page = Scenario()
    page.do(commands.SetMarketMode(0, before), OPERATOR)
    (event,) = page.do(commands.SetMarketMode(0, after), OPERATOR)
    assert event.row()[1:] == [0, after, before]
    assert refused(page, commands.SetMarketMode(3, 0)) == ("UNKNOWN_MARKET", 3)


def test_capital_comes_out_of_the_treasury() -> None:
    """ADMIN-007: at most what is there; only where there is a vAMM."""
    page = Scenario(changed(), market(symbol="Y-USD"))
    page.play("treasury deposit 5")
    page.play("treasury withdraw 2")
    assert refused(page, commands.FundVamm(9, 1)) == ("UNKNOWN_MARKET", 9)
    assert refused(page, commands.FundVamm(1, 10**15)) == ("VAMM_DISABLED", 1)
    assert page.refuse(commands.FundVamm(0, 3_000_001), OPERATOR) == (
        codes.INSUFFICIENT_BALANCE, 3_000_001, 3_000_000, -1,
    )  # fmt: skip
    page.do(commands.FundVamm(0, 3_000_000), OPERATOR)
    assert page.state.vamms[0].capital == 1_000_003_000_000
    page.play("treasury has cash 0")


ADMINISTRATION = [
    commands.CreatePrincipal("x", 1), commands.SetGlobalParams(GlobalParams()),
    commands.CreateAsset("X", 1), commands.CreateMarket(market(symbol="Q")),
    commands.SetMarketParams(0, market()), commands.SetMarketMode(0, 1), commands.FundVamm(0, 1),
]  # fmt: skip


@pytest.mark.parametrize("command", ADMINISTRATION, ids=lambda c: type(c).__name__)
def test_administration_is_the_operators(command: commands.Command) -> None:
    """ADMIN-008, AUTH-004: nobody else may send it."""
    page = Scenario()
    for sender in range(1, len(page.state.principals)):
        assert page.refuse(command, sender)[0] == codes.NOT_ALLOWED
