"""PnL by cause: what each cause is, on small pages whose numbers can be worked out by hand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from plimsoll.analytics import causes
from plimsoll.analytics.attribution import CAUSES, Attribution, Pnl, UnknownSourceError
from plimsoll.analytics.causes import BY_REASON, UnknownReasonError, cause_of, cause_of_trade
from plimsoll.core import margin
from plimsoll.messages import codes, commands, events
from plimsoll.messages.vault_params import VaultParams
from tests.core.test_funding_flow import HOUR, averages
from tests.harness.pnl_history import core_numbers
from tests.harness.scenario import KEEPER, OPERATOR, market
from tests.harness.vault_page import BASE, ETH, PASSIVE, QUOTE, VaultPage

CHAPTER = Path(__file__).resolve().parents[2] / "docs" / "spec" / "28-attribution.md"
USD = 10**6
BUY, SELL = codes.BUY, codes.SELL
FUNDING: dict[str, Any] = {
    "funding_period_s": HOUR, "funding_clamp": 10, "funding_paying_max": 10**6,
    "funding_receiving_max": 10**6, "oracle_max_age_ms": 86_400_000,
}  # fmt: skip


class Page(VaultPage):
    """A page whose every command is attributed, and each source compared with the core after it."""

    def __init__(self, told: bool = True, **more: Any) -> None:
        self.attribution = Attribution()
        self.told = told  # whether the attribution sees commands
        super().__init__(**more)

    def apply(self, command: commands.Command, principal: int) -> bool:
        accepted = super().apply(command, principal)
        self.attribution.record(self.now, self.found, command if self.told else None)
        for vault in self.state.liquidity.vaults:
            pnl = self.pnl(vault.ident)
            own = (pnl.nav, pnl.worth, pnl.supply, pnl.share_price, pnl.asset)
            core = core_numbers(self.state, vault)
            assert own == core if self.told else own[0] == core[0]
        vamm = self.state.markets[0].vamm if self.state.markets else None
        assert vamm is None or self.attribution.pnl("vamm:0").nav == margin.equity(self.state, vamm)
        return accepted

    def pnl(self, ident: int) -> Pnl:
        """PnL of a vault; the sum holds."""
        found = self.attribution.pnl(f"vault:{ident}")
        assert found.nav == found.flows + sum(found.causes.values())
        return found

    def earned(self, ident: int) -> dict[str, int]:
        """The causes of a vault that are not 0."""
        return {cause: value for cause, value in self.pnl(ident).causes.items() if value}

    def an_hour(self, mark: str, index: str = "100") -> None:
        """An hour later: funding, at these averages."""
        self.now += HOUR * 1_000
        averages(self, mark, index)
        self.do(commands.UpdateFunding(0, -1), KEEPER)


def clock(page: Page) -> None:
    """Let the time of funding begin at a full hour."""
    page.now = 1_000 * HOUR * 1_000
    page.oracle("100")
    page.do(commands.UpdateFunding(0, -1), KEEPER)


# The table ----------------------------------------------------------------------------------------


def test_every_reason_has_its_place() -> None:
    """PNL-003: each reason of the ledger is a cause, a flow, or can never meet a source."""
    assert set(codes.REASONS.values()) == set(BY_REASON)
    assert set(BY_REASON.values()) - {causes.FLOWS, causes.NEVER} == set(CAUSES) - {"inventory"}
    assert CAUSES == (
        "spread", "fees", "funding", "inventory", "hedge_slippage", "repeg", "bad_debt",
    )  # fmt: skip


def test_the_chapter_has_the_same_table() -> None:
    """PNL-003: as it is printed."""
    printed: dict[str, str] = {}
    rows = re.compile(r"^\| (`\w+`|never) \| (`.+) \|$", re.MULTILINE)
    for cause, listed in rows.findall(CHAPTER.read_text("utf-8")):
        printed |= dict.fromkeys(re.findall(r"`(\w+)`", listed), cause.strip("`"))
    assert printed == dict(BY_REASON)


@pytest.mark.parametrize("source", range(len(codes.SOURCES)))
def test_a_trade_is_spread_unless_somebody_is_deleveraged(source: int) -> None:
    """PNL-005: by where the liquidity of the fill came from."""
    assert cause_of_trade(source) == ("bad_debt" if source == codes.FROM_ADL else "spread")


@pytest.mark.parametrize("reason", [codes.R_DEPOSIT, codes.R_SPOT_SWAP, 9_999])
def test_a_reason_without_a_cause_is_an_error(reason: int) -> None:
    """PNL-003: where it moves money of a source; of others it is nobody's business here."""
    page = Page()
    holder, bob = page.vault(PASSIVE).account.ident, page.accounts["bob"]
    with pytest.raises(UnknownReasonError) as caught:
        cause_of(reason)
    assert caught.value.reason == reason
    with pytest.raises(UnknownReasonError):
        page.attribution.record(0, [events.Transferred(bob, holder, 0, 5, reason, -1)])
    page.attribution.record(0, [events.Transferred(bob, 1, 0, 5, reason, -1)])
    assert page.pnl(PASSIVE).nav == 0


# The chapter's examples ---------------------------------------------------------------------------


def test_the_passive_vault_of_the_chapter() -> None:
    """PNL-002, PNL-005, PNL-006: what the spread earned the price takes back."""
    page = Page(cash="100000", price_band=100_000)
    page.now += 2 * 86_400_000  # after so long any price is believed
    page.prices("2000")
    page.join("lp", PASSIVE, "5000")
    page.quote(max_quote_size=10**12)
    page.play("alice sell 12.5 @ 1900 ioc")
    assert page.pnl(PASSIVE).nav == 6_250 * USD
    page.prices("1900")
    pnl = page.pnl(PASSIVE)
    assert (pnl.flows, pnl.nav) == (5_000 * USD, 5_000 * USD)
    assert page.earned(PASSIVE) == {"spread": 1_250 * USD, "inventory": -1_250 * USD}
    assert (pnl.asset, pnl.price, pnl.worth) == (0, 0, pnl.nav)


def test_the_base_vault_of_the_chapter() -> None:
    """PNL-001, PNL-005, PNL-006: the legs of a hedged fill cancel out, the price is in base."""
    page = Page()
    page.join("lp", BASE, "10")
    assert page.deal("alice", BASE, SELL, "2").quote == 199_960_007
    assert page.earned(BASE) == {"spread": 39_993, "hedge_slippage": -39_993}
    page.prices("150")
    pnl = page.pnl(BASE)
    assert (pnl.flows, pnl.nav) == (1_000 * USD, 1_500 * USD)
    assert pnl.causes["inventory"] == 500 * USD
    assert (pnl.asset, pnl.price, pnl.worth) == (ETH, 150 * USD, 10 * 10**9)


# Causes -------------------------------------------------------------------------------------------


def test_a_quote_vault_that_is_hedged_has_no_inventory() -> None:
    """PNL-006: what its base gains its short loses."""
    page = Page()
    page.join("lp", QUOTE, "1000")
    page.deal("alice", QUOTE, BUY, "3")
    page.prices("120")
    assert set(page.earned(QUOTE)) == {"spread", "hedge_slippage"}
    assert sum(page.earned(QUOTE).values()) == 0


def test_rebates_and_the_share_of_the_fees_are_fees() -> None:
    """PNL-003: the maker's of a hedged vault, the receiver's of the passive one."""
    page = Page(taker_fee=500, maker_rebate=200, split_vault=100_000, split_insurance=200_000)
    page.join("lp", BASE, "10")
    page.join("lp", PASSIVE, "100")
    fill = page.deal("alice", BASE, SELL, "2")
    assert page.pnl(BASE).causes["fees"] == fill.maker_rebate > 0
    assert page.earned(PASSIVE) == {"fees": fill.fee_vault}


def test_fees_of_depositors_stay_as_fees() -> None:
    """PNL-004: of a deposit in USD, of an exit in USD and in base (at the price, down)."""
    page = Page(
        vault={"deposit_fee": 1_000, "withdrawal_fee": 2_000},
        passive={"deposit_fee": 1_000, "withdrawal_fee": 2_000},
    )
    page.join("lp", PASSIVE, "1000")
    assert (page.pnl(PASSIVE).flows, page.earned(PASSIVE)) == (999 * USD, {"fees": USD})
    left = page.leave("lp", PASSIVE)
    assert left.fee > 0
    assert page.pnl(PASSIVE).flows == 999 * USD - left.value - left.fee
    assert page.earned(PASSIVE) == {"fees": USD + left.fee}
    page.join("lp", BASE, "10")
    page.prices("100.000001")
    before = page.pnl(BASE)
    left = page.leave("lp", BASE, page.shares("lp", BASE) // 3)
    kept = left.fee * 100_000_001 // 10**9
    assert page.pnl(BASE).causes["fees"] == before.causes["fees"] + kept
    assert page.pnl(BASE).causes["inventory"] == before.causes["inventory"]


def test_what_waits_is_gone_and_its_cut_is_a_fee() -> None:
    """PNL-004: the value left at the request; what it lost until maturity comes back."""
    page = Page(passive={"cooldown_ms": 5_000, "min_at_maturity": 1})
    page.join("lp", PASSIVE, "1000")
    page.quote()
    page.play("alice sell 10 @ 95 ioc")
    left = page.leave("lp", PASSIVE, page.shares("lp", PASSIVE) // 4)
    assert page.pnl(PASSIVE).flows == 1_000 * USD - left.value
    page.prices("91")
    page.now += 10_000
    page.do(commands.ClaimUnlocks(page.accounts["lp"], PASSIVE), OPERATOR)
    (paid,) = [event for event in page.found if isinstance(event, events.UnlockPaid)]
    assert page.pnl(PASSIVE).causes["fees"] == paid.cut > 0


def test_base_that_came_before_the_price_is_a_flow() -> None:
    """PNL-004: the first price says what it was; only later ones are inventory."""
    page = Page()
    more = market(symbol="Y-USD", base_asset=ETH)
    page.do(commands.CreateMarket(more), OPERATOR)
    page.do(commands.CreateVault(codes.BASE_VAULT, 1, "y", VaultParams()), OPERATOR)
    page.do(commands.DepositVault(page.accounts["lp"], 3, 10**9, 0), page.owner("lp"))
    assert (page.pnl(3).nav, page.pnl(3).worth, page.pnl(3).price) == (0, 10**9, 0)
    page.oracle("100", 1)
    assert (page.pnl(3).flows, page.earned(3)) == (100 * USD, {})
    page.oracle("103", 1)
    assert (page.pnl(3).flows, page.earned(3)) == (100 * USD, {"inventory": 3 * USD})


def test_funding_is_booked_when_it_accrues() -> None:
    """PNL-007: with the period; settling it and trading afterwards change nothing."""
    page = Page(**FUNDING)
    clock(page)
    page.join("lp", QUOTE, "1000")
    page.deal("alice", QUOTE, BUY, "3")
    page.an_hour("102.4")
    assert page.earned(QUOTE)["funding"] == 300_000
    holder = page.vault(QUOTE).account
    page.do(commands.SettleFunding(holder.ident), OPERATOR)
    assert page.pnl(QUOTE).causes["funding"] == 300_000
    page.an_hour("97.6")
    page.deal("alice", QUOTE, SELL, "1")
    assert page.pnl(QUOTE).causes["funding"] == 0


def test_no_settlement_is_silent() -> None:
    """PNL-007, FUND-015: what would bring less than a unit waits; a settlement that no event tells
    would take it, and what a vault is worth could not be found from events."""
    page = Page(**FUNDING)
    clock(page)
    page.join("lp", QUOTE, "1000")
    page.deal("alice", QUOTE, BUY, "0.013")
    holder = page.vault(QUOTE).account.ident
    settled = 0
    for _ in range(9):
        # 0.54 of a unit an hour.
        page.an_hour("100.001")
        accepted = page.apply(commands.SettleFunding(holder), OPERATOR)
        settled += accepted
        told = [type(event) for event in page.found]
        assert told == ([events.Transferred] if accepted else [events.Rejected])
    assert (settled, page.pnl(QUOTE).causes["funding"]) == (4, 4)


def test_a_vamm_has_flows_spread_inventory_and_repegs() -> None:
    """PNL-001, PNL-004: the operator's capital is a flow, the pool pays for a new peg."""
    page = Page(cash="100000", vamm_enabled=1, vamm_peg=100 * USD)
    page.deposit("treasury", "1000")
    page.do(commands.FundPool(0, codes.POOL_ADJUSTMENTS, 1_000 * USD), OPERATOR)
    page.play("alice buy 50 market<=105")
    held = page.attribution.pnl("vamm:0")
    assert held.flows == 1_000_000 * USD
    assert held.causes["spread"] == held.nav - held.flows > 0
    page.prices("104")
    page.do(commands.Repeg(0, 102 * USD), OPERATOR)
    (moved,) = [event for event in page.found if isinstance(event, events.Repegged)]
    pnl = page.attribution.pnl("vamm:0")
    assert pnl.causes["repeg"] == moved.cost != 0
    assert pnl.causes["inventory"] == -200 * USD
    assert (pnl.supply, pnl.share_price, pnl.worth, pnl.price) == (0, None, pnl.nav, 104 * USD)


# Reading ------------------------------------------------------------------------------------------


def busy(told: bool = True) -> Page:
    """A page on which a little of everything happened."""
    page = Page(told=told, taker_fee=500, maker_rebate=200, **FUNDING)
    clock(page)
    for ident, amount in ((PASSIVE, "500"), (BASE, "10"), (QUOTE, "1000")):
        page.join("lp", ident, amount)
    page.quote()
    page.prices("101")
    page.deal("alice", BASE, SELL, "2")
    page.deal("bob", QUOTE, BUY, "3")
    page.an_hour("102.4", "101")
    page.leave("lp", BASE, 10**5)
    return page


def test_a_dump_goes_on_as_if_nothing_had_been() -> None:
    """PNL-008: through JSON and back, with positions and funding that is due."""
    page = busy()
    dumped = json.loads(json.dumps(page.attribution.dump()))
    page.attribution = Attribution.load(dumped)
    assert page.attribution.dump() == dumped
    assert page.attribution.ts == page.now
    page.prices("103")
    page.deal("alice", BASE, BUY, "1")
    assert page.attribution.sources() == ["vault:0", "vault:1", "vault:2", "vamm:0"]
    with pytest.raises(ValueError, match="format 0"):
        Attribution.load([0, *dumped[1:]])


def test_a_worth_that_is_not_booked_is_noticed() -> None:
    """PNL-002: a dump that somebody changed."""
    page = busy()
    dumped = page.attribution.dump()
    dumped[5][0][9] += 1
    with pytest.raises(RuntimeError, match="vault:0 is worth"):
        Attribution.load(dumped).pnl("vault:0")


def test_events_are_enough_for_the_causes() -> None:
    """PNL-008: without commands all but the price of a share is the same."""
    full, bare = busy(), busy(told=False)
    for ident in (PASSIVE, BASE, QUOTE):
        assert bare.pnl(ident) == full.pnl(ident)._replace(share_price=None)


def test_an_asset_named_by_a_proposal() -> None:
    """PNL-008: the base of a market that was opened by a proposal is known before any event names
    it; its end may be told before or after what it did."""
    change = commands.CreateMarket(market(symbol="Y-USD", base_asset=1))
    opened = events.MarketCreated(0, "Y-USD", 4, 5, 6, 7, 8, 9)
    ended = events.ProposalEnded(7, 0, 5, codes.PROPOSAL_EXECUTED)
    vault = events.VaultCreated(0, codes.BASE_VAULT, 0, 10, 11, "b")
    for told in ([opened, ended], [ended, opened]):
        made = Attribution()
        made.record(1, [events.AssetCreated(1, "ETH", 9)])
        made.record(2, [events.Proposed(7, 0, 5, 0, 0)], commands.Propose(change))
        made = Attribution.load(made.dump())
        made.record(3, told, commands.ExecuteProposal(7))
        made.record(4, [vault])
        assert made.pnl("vault:0").asset == 1
        assert made.dump()[3] == []


def test_a_source_nobody_knows() -> None:
    """PNL-001: is named by the error."""
    with pytest.raises(UnknownSourceError) as caught:
        Attribution().pnl("vault:7")
    assert caught.value.source == "vault:7"


def test_the_asset_of_a_base_vault_may_be_unknown() -> None:
    """PNL-008: nothing but its creation was told."""
    made = Attribution()
    made.record(1, [events.MarketCreated(0, "Y-USD", 4, 5, 6, 7, 8, 9)])
    made.record(2, [events.VaultCreated(0, codes.BASE_VAULT, 0, 10, 11, "b")])
    assert made.pnl("vault:0")[:4] == ("vault:0", -1, 0, 0)
