"""Hedged vaults: what they take, at which price, and what stays whatever the price does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from plimsoll.core import spot_hedge_vault, vault_money
from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import BUY, SELL
from plimsoll.messages.vault_params import VaultParams
from tests.harness.scenario import OPERATOR, scaled
from tests.harness.vault_page import BASE, ETH, PASSIVE, QUOTE, VaultPage


def page(**more: object) -> VaultPage:
    """10 ETH in the base vault, 1,000 USD in the quote vault."""
    made = VaultPage(**more)  # type: ignore[arg-type]
    made.join("lp", BASE, "10")
    made.join("lp", QUOTE, "1000")
    return made


def net_base(made: VaultPage, ident: int) -> int:
    """Spot plus position less what depositors brought, 1e-9."""
    vault = made.vault(ident)
    return (
        vault_money.spot_base(made.state, vault) + vault_money.position_base(vault) - vault.net_base
    )


def test_the_worked_example() -> None:
    """HEDGE-004, HEDGE-006, HEDGE-008: chapter 24, number by number."""
    made = page()
    sold = made.deal("alice", BASE, SELL, "2")
    assert (sold.quote, codes.SOURCES[sold.source]) == (199_960_007, "hedged")
    vault = made.vault(BASE)
    assert vault_money.spot_base(made.state, vault) == 8 * 10**9
    assert vault_money.position_base(vault) == 2 * 10**9
    assert vault.account.cash() == 0
    assert vault_money.utilisation(made.state, vault) == 200_000
    made.prices("150")
    assert made.worth(BASE) == 10 * 10**9
    made.prices("100")
    bought = made.deal("alice", BASE, BUY, "2")
    assert bought.quote == 199_960_008
    assert vault_money.spot_base(made.state, vault) == 10 * 10**9
    assert vault_money.position_base(vault) == 0


def test_the_quote_vault_is_the_mirror() -> None:
    """HEDGE-003, HEDGE-008: 1,000 USD buy what takers want, and the proceeds are not its own."""
    made = page()
    vault = made.vault(QUOTE)
    bought = made.deal("alice", QUOTE, BUY, "5")
    assert bought.quote == 500_250_126  # ceil(5 · 1,000,000 / 9,995)
    assert vault_money.spot_base(made.state, vault) == 5 * 10**9
    assert vault_money.position_base(vault) == -5 * 10**9
    assert vault.account.cash() == 1_000 * 10**6
    assert vault_money.payable(made.state, vault) == 1_000_000_000 - 500_250_126
    assert vault_money.utilisation(made.state, vault) == 500_251
    for price in ("60", "140"):
        made.prices(price)
        assert made.worth(QUOTE) == 1_000 * 10**6
    made.prices("100")
    made.deal("alice", QUOTE, SELL, "5")
    assert made.worth(QUOTE) == 1_000 * 10**6
    assert vault_money.spot_base(made.state, vault) == 0


@pytest.mark.parametrize(("ident", "side"), [(BASE, SELL), (QUOTE, BUY)])
def test_events_of_one_command(ident: int, side: int) -> None:
    """HEDGE-006: swap, fill and hedge come in one command, and name each other."""
    made = page()
    fill = made.deal("alice", ident, side, "1")
    said = [event for event in made.found if not isinstance(event, events.Transferred)]
    kinds = [type(event).__name__ for event in said]
    assert kinds == ["OrderAccepted", "SpotSwapped", "Filled", "VaultHedged", "OrderRemoved"]
    hedged = said[3]
    assert isinstance(hedged, events.VaultHedged)
    assert (hedged.fill, hedged.side, hedged.quote) == (fill.fill, side, fill.quote)
    assert hedged.base_amount == fill.size
    assert fill.maker == made.vault(ident).account.ident


def test_utilisation_goes_to_one_and_back() -> None:
    """HEDGE-003, SHARE-008: all base sold is utilisation 1, and more is refused."""
    made = page()
    made.deal("alice", BASE, SELL, "10")
    vault = made.vault(BASE)
    assert vault_money.utilisation(made.state, vault) == 1_000_000
    command = made.trade_command("bob", BASE, SELL, "0.1")
    assert made.refuse(command, made.owner("bob"))[:3] == (codes.VAULT_CAPACITY, 10**8, 0)
    made.deal("bob", BASE, BUY, "10")
    assert vault_money.utilisation(made.state, vault) == 0
    assert net_base(made, BASE) == 0


def halted(made: VaultPage) -> None:
    made.do(commands.SetVaultMode(BASE, codes.HALTED), OPERATOR)


def restricted(made: VaultPage) -> None:
    made.do(commands.SetVaultMode(BASE, codes.RESTRICTED), OPERATOR)


def listed(made: VaultPage) -> None:
    made.do(
        commands.SetVaultParams(
            BASE,
            VaultParams(pool_1=0, virtual_assets=10**4, takers_listed=1, hedge_slippage=50_000),
        ),
        OPERATOR,
    )


def stale(made: VaultPage) -> None:
    made.now += 86_400_000


def tight(made: VaultPage) -> None:
    made.do(
        commands.SetVaultParams(
            BASE, VaultParams(pool_1=0, virtual_assets=10**4, hedge_slippage=100)
        ),
        OPERATOR,
    )


def no_way(made: VaultPage) -> None:
    made.do(commands.SetVaultParams(BASE, VaultParams(virtual_assets=10**4)), OPERATOR)


def small(made: VaultPage) -> None:
    made.do(
        commands.SetVaultParams(BASE, VaultParams(pool_1=0, virtual_assets=10**4, fill_max=10**9)),
        OPERATOR,
    )


def reducing_market(made: VaultPage) -> None:
    made.do(commands.SetMarketMode(0, codes.REDUCE_ONLY), OPERATOR)


def nothing(made: VaultPage) -> None:
    del made


Break = Callable[[VaultPage], None]


@pytest.mark.parametrize(
    ("broken", "ident", "side", "amount", "name"),
    [
        (nothing, 9, SELL, "1", "UNKNOWN_VAULT"),
        (nothing, PASSIVE, SELL, "1", "VAULT_KIND"),
        (halted, BASE, SELL, "1", "VAULT_MODE"),
        (restricted, BASE, SELL, "1", "VAULT_MODE"),
        (listed, BASE, SELL, "1", "NOT_WHITELISTED"),
        (stale, BASE, SELL, "1", "ORACLE_INVALID"),
        (nothing, BASE, SELL, "1.0000001", "SIZE_NOT_ON_STEP"),
        (nothing, BASE, SELL, "0.001", "NOTIONAL_TOO_SMALL"),
        (reducing_market, BASE, SELL, "1", "MARKET_MODE"),
        (nothing, BASE, SELL, "10.001", "VAULT_CAPACITY"),
        (nothing, BASE, BUY, "1", "VAULT_CAPACITY"),
        (nothing, QUOTE, SELL, "1", "VAULT_CAPACITY"),
        (nothing, QUOTE, BUY, "10", "VAULT_CAPACITY"),
        (small, BASE, SELL, "1.001", "VAULT_CAPACITY"),
        (no_way, BASE, SELL, "1", "SPOT_PATH"),
        (tight, BASE, SELL, "5", "HEDGE_SLIPPAGE"),
    ],
)
def test_what_a_vault_refuses(broken: Break, ident: int, side: int, amount: str, name: str) -> None:
    """HEDGE-002 to HEDGE-005, HEDGE-017: every refusal, with the state as it was."""
    made = page()
    broken(made)
    command = made.trade_command("alice", ident, side, amount)
    code = made.refuse(command, made.owner("alice"))[0]
    assert codes.REJECTS[code][0] == name


def test_a_vault_in_a_tighter_mode_only_reduces() -> None:
    """HEDGE-002: restricted lets takers close against it, halted nobody."""
    made = page()
    made.deal("alice", BASE, SELL, "4")
    restricted(made)
    made.deal("alice", BASE, BUY, "1")
    halted(made)
    command = made.trade_command("alice", BASE, BUY, "1")
    assert made.refuse(command, made.owner("alice"))[:3] == (
        codes.VAULT_MODE, codes.HALTED, codes.HALTED,
    )  # fmt: skip


def test_a_listed_taker_may_trade() -> None:
    """HEDGE-002: the whitelist of takers lets in whom it names."""
    made = page()
    listed(made)
    made.do(commands.SetVaultWhitelist(BASE, made.accounts["alice"], True), OPERATOR)
    made.deal("alice", BASE, SELL, "1")


@pytest.mark.parametrize("side", [BUY, SELL])
def test_a_skewed_pool_hedges_nothing(side: int) -> None:
    """HEDGE-005: neither a price too bad nor one too good for the taker."""
    made = page(eth="400", cash="100000")
    made.deal("alice", BASE, SELL, "4")
    made.swap("bob", side, "300")
    good = SELL if side == BUY else BUY
    for taker_side in (good, side):
        command = made.trade_command("alice", BASE, taker_side, "1")
        assert made.refuse(command, made.owner("alice"))[0] == codes.HEDGE_SLIPPAGE


@pytest.mark.parametrize(
    ("ident", "side", "dollars", "size"),
    [(BASE, SELL, "100", "1.001"), (QUOTE, BUY, "100", "0.999")],
)
def test_an_amount_of_quote(ident: int, side: int, dollars: str, size: str) -> None:
    """HEDGE-018: who sells gets at least so much, who buys pays at most so much, to a step."""
    made = page()
    fill = made.deal("alice", ident, side, dollars, quote=True)
    assert fill.size == scaled(size, 9)
    assert fill.quote >= 100 * 10**6 if side == SELL else fill.quote <= 100 * 10**6
    step = fill.size - 10**6 if side == SELL else fill.size + 10**6
    worth = step * 99 // 10**3 if side == SELL else step * 101 // 10**3
    assert worth < fill.quote if side == SELL else worth > fill.quote


@pytest.mark.parametrize(
    ("side", "exact", "amount", "limit", "passes"),
    [
        (SELL, False, "1", 99_990_000, True),
        (SELL, False, "1", 99_990_002, False),
        (SELL, True, "100", 1_001_000_000, True),
        (SELL, True, "100", 1_000_999_999, False),
        (BUY, False, "1", 100_010_002, True),
        (BUY, False, "1", 100_010_000, False),
        (BUY, True, "100", 999_000_000, True),
        (BUY, True, "100", 999_000_001, False),
    ],
)
def test_limits_of_the_other_amount(
    side: int, exact: bool, amount: str, limit: int, passes: bool
) -> None:
    """HEDGE-018: both sides, both exact amounts, at the limit and one unit past it."""
    made = page()
    ident = BASE if side == SELL else QUOTE
    command = made.trade_command("alice", ident, side, amount, quote=exact, limit=limit)
    if passes:
        made.do(command, made.owner("alice"))
    else:
        assert made.refuse(command, made.owner("alice"))[0] == codes.SPOT_SLIPPAGE


def test_the_amount_of_quote_holds_at_the_venue_of_the_step() -> None:
    """HEDGE-018: a desk would pay the amount for what it bids for, but not for the size on the step
    above that; the pool takes it, and brings less than was asked."""
    made = page(traders="lp alice desk", vault={"firm_quotes": 1})
    bid = commands.PostFirmQuote(
        made.accounts["desk"], ETH, BUY, 101_000_000, 1_000_500_000, made.now + 60_000
    )
    made.do(bid, made.owner("desk"))
    command = made.trade_command("alice", BASE, SELL, "101.05", quote=True)
    refusal = made.refuse(command, made.owner("alice"))
    assert refusal == (codes.SPOT_SLIPPAGE, 100_089_980, 101_050_000, -1)
    assert made.deal("alice", BASE, SELL, "101", quote=True).quote == 101_000_000


def test_less_than_a_step() -> None:
    """HEDGE-018: an amount of quote that buys no step is refused."""
    made = page()
    command = made.trade_command("alice", QUOTE, BUY, "0.05", quote=True)
    assert made.refuse(command, made.owner("alice"))[0] == codes.SPOT_AMOUNT_ZERO


def test_reduce_only() -> None:
    """HEDGE-017: not more than is there to be reduced, and the minimum does not bind."""
    made = page()
    made.deal("alice", BASE, SELL, "2")
    command = made.trade_command("alice", BASE, BUY, "2.001", reduce_only=True)
    assert made.refuse(command, made.owner("alice"))[0] == codes.REDUCE_ONLY_NOTHING
    made.deal("alice", BASE, BUY, "0.001", reduce_only=True)


def test_the_taker_needs_margin() -> None:
    """HEDGE-017: margin is judged on the outcome, and a refusal takes the hedge back too."""
    made = page(cash="2000")
    command = made.trade_command("alice", BASE, SELL, "10")
    made.do(commands.Withdraw(made.accounts["alice"], 0, 1_950 * 10**6, "w"), made.owner("alice"))
    assert made.refuse(command, made.owner("alice"))[0] == codes.INSUFFICIENT_MARGIN


def test_fees_and_rebate() -> None:
    """HEDGE-012: the taker pays his fee, the vault gets the rebate in quote."""
    made = page(taker_fee=500, maker_rebate=100)
    fill = made.deal("alice", BASE, SELL, "1")
    assert (fill.taker_fee, fill.maker_rebate) == (49_995, 9_999)
    assert made.vault(BASE).account.cash() == 9_999


def test_the_margin_ratio() -> None:
    """HEDGE-007: below the minimum a fill is refused unless it improves the ratio or reduces."""
    made = page(eth="2000", virtual=("0", "0"))
    made.deal("alice", BASE, SELL, "4")
    made.prices("45")
    made.arbitrage("bob")
    vault = made.vault(BASE)
    before = vault_money.margin_ratio(made.state, vault)
    assert 440_000 < before < 460_000
    made.deal("alice", BASE, BUY, "1")
    made.deal("alice", BASE, SELL, "1")
    improved = vault_money.margin_ratio(made.state, vault)
    assert before < improved < 550_000
    spot_hedge_vault.check_margin(made.state, vault, improved - 1)
    made.prices("35")
    worse = vault_money.margin_ratio(made.state, vault)
    with pytest.raises(codes.Reject) as caught:
        spot_hedge_vault.check_margin(made.state, vault, worse)
    assert caught.value.code == codes.MIN_MARGIN_RATIO
    assert (caught.value.value, caught.value.limit) == (worse, 500_000)


def test_the_margin_ratio_of_a_quote_vault() -> None:
    """HEDGE-007: the lower of two ratios; it falls as the price rises past the entry."""
    made = page()
    vault = made.vault(QUOTE)
    assert vault_money.margin_ratio(made.state, vault) == vault_money.NO_POSITION
    made.deal("alice", QUOTE, BUY, "9")
    made.prices("100")
    assert vault_money.margin_ratio(made.state, vault) == 1_110_111
    made.prices("200")
    assert vault_money.margin_ratio(made.state, vault) == 555_555
    made.prices("50")
    assert vault_money.margin_ratio(made.state, vault) == 1_110_111


def test_a_market_of_another_vault_is_not_asked() -> None:
    """SHARE-014: an order names the vault by its account, and a vault of its market."""
    made = page()
    place = made.place("alice", SELL, 10**9, 0, kind=codes.MARKET, tif=codes.IOC, maker=ETH)
    assert made.refuse(place, made.owner("alice"))[0] == codes.UNKNOWN_VAULT
