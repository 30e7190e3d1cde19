"""Which roles may send which command."""

from __future__ import annotations

import pytest

from plimsoll.core import authority
from plimsoll.messages import codes, commands
from tests.harness.scenario import OPERATOR, Scenario

OWNERS = {"trader", "lp", "keeper", "desk"}
HOUSE = {"keeper", "oracle", "operator"}
HOLDERS = OWNERS | {"relayer", "operator"}
EXPECTED: dict[str, set[str]] = {
    "CreatePrincipal": {"operator"},
    "SetGlobalParams": {"operator"},
    "CreateAsset": {"operator"},
    "CreateMarket": {"operator"},
    "SetMarketParams": {"operator"},
    "SetMarketMode": {"operator"},
    "FundVamm": {"operator"},
    "CreateAccount": HOLDERS,
    "Deposit": OWNERS | {"operator"},
    "Withdraw": HOLDERS,
    "Transfer": OWNERS | {"relayer"},
    "PlaceOrder": OWNERS,
    "CancelOrder": OWNERS | {"operator"},
    "CancelAll": OWNERS | {"operator"},
    "AmendOrder": OWNERS,
    "Batch": OWNERS,
    "OraclePrices": {"oracle"},
    "Tick": HOUSE,
    "FundPool": {"operator"},
    "Repeg": {"operator"},
    "PlaceTrigger": OWNERS,
    "OfferAuction": OWNERS,
    "SettleAuction": HOUSE,
    "MatchLimit": HOUSE,
    "FireTrigger": HOUSE,
    "Liquidate": HOUSE,
    "UpdateFunding": HOUSE,
    "ExpireOrder": HOUSE,
    "UpdateMarket": HOUSE,
    "SettleFunding": OWNERS | {"operator"},
    "CreateVault": {"operator"},
    "SetVaultParams": {"operator"},
    "SetVaultQuote": {"operator"},
    "SetVaultWhitelist": {"operator"},
    "SetVaultMode": {"operator"},
    "CreateSpotPool": {"operator"},
    "DepositVault": OWNERS,
    "WithdrawVault": OWNERS,
    "ClaimUnlocks": OWNERS | {"operator"},
    "AddSpotLiquidity": OWNERS | {"operator"},
    "RemoveSpotLiquidity": OWNERS | {"operator"},
    "SwapSpot": OWNERS,
    "PostFirmQuote": OWNERS,
    "CancelFirmQuote": OWNERS | {"operator"},
    "RehedgeVault": HOUSE,
    "TradeVault": OWNERS,
    "SetBreakerParams": {"operator"},
    "SetBreakerMode": {"operator"},
    "Propose": {"operator"},
    "ExecuteProposal": {"operator"},
    "CancelProposal": {"operator"},
    "SetSigner": OWNERS,
    "PlaceDelayed": OWNERS,
    "SettleSigned": {"relayer"},
    "MatchSigned": {"relayer"},
    "CancelSigned": OWNERS | {"operator"},
    "ExecuteDelayed": HOUSE,
    "ReviewBreaker": OWNERS | HOUSE,
    "ReleaseHeld": OWNERS | HOUSE,
    "CancelHeld": HOLDERS,
}


@pytest.mark.parametrize("cls", commands.COMMANDS, ids=lambda cls: cls.__name__)
def test_roles_of_every_command(cls: type[commands.Command]) -> None:
    """AUTH-004: the table, role by role; the oracle's role is not the keeper's."""
    mask = authority.MAY[cls.TAG]
    assert {name for name, bit in codes.ROLES.items() if mask & bit} == EXPECTED[cls.__name__]
    assert authority.MASKS[cls.TAG] == mask


def test_every_command_is_in_the_table() -> None:
    """AUTH-004: a command without a row could be sent by nobody."""
    assert sorted(authority.MAY) == sorted(cls.TAG for cls in commands.COMMANDS)
    assert set(EXPECTED) == {cls.__name__ for cls in commands.COMMANDS}


@pytest.mark.parametrize("role", codes.ROLES)
def test_one_matching_role_is_enough(role: str) -> None:
    """AUTH-001: a principal with exactly this role may send exactly what the table says."""
    page = Scenario()
    page.do(commands.CreatePrincipal("one", codes.ROLES[role]), OPERATOR)
    sender = len(page.state.principals) - 1
    for command in (commands.Tick(1), commands.CancelAll(0, -1), commands.OraclePrices([])):
        page.seq += 1
        page.engine.apply(command, page.seq, page.now, sender)
        found = page.engine.drain()
        refused = bool(found) and found[0].row()[:2] == [1, codes.NOT_ALLOWED]
        assert refused is (role not in EXPECTED[type(command).__name__])


def test_owners_only() -> None:
    """AUTH-002, AUTH-003: an operator takes risk away, and may not put it on."""
    page = Scenario().play("alice buy 1 @ 90 as=a")
    bob = page.owner("bob")
    order = page.order_ids["a"]
    for command in (
        page.place("alice", 0, 10**9, 90_000_000),
        commands.CancelOrder(4, order, ""),
        commands.CancelAll(4, -1),
        commands.AmendOrder(4, order, 91_000_000, 10**9),
        commands.Withdraw(4, 0, 1, "w"),
        commands.Transfer(4, 5, 0, 1),
    ):
        assert page.refuse(command, bob)[:3] == (codes.NOT_OWNER, 4, page.owner("alice"))
    page.do(commands.CancelAll(4, -1), OPERATOR)
