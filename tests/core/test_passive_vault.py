"""The passive vault in the book: quoted with every price, filled like anybody, and when not."""

from __future__ import annotations

from typing import Any

import pytest

from plimsoll import _build
from plimsoll.core import book, margin, vault_quotes
from plimsoll.core.engine import Engine
from plimsoll.core.load import load
from plimsoll.messages import codec, codes, commands, events
from plimsoll.messages.codes import BUY, SELL
from plimsoll.messages.params import GlobalParams
from plimsoll.messages.vault_params import QuoteParams
from plimsoll.units import RangeError
from tests.harness.scenario import KEEPER, OPERATOR, ORACLE, market
from tests.harness.vault_flows import params_of
from tests.harness.vault_page import PASSIVE, VaultPage

VAULT = codes.VAULT_ACCOUNT
LOT = 10**9


def quoting(**more: Any) -> VaultPage:
    """A vault with 1,000 USD that quotes 10 at 95 and 105."""
    page = VaultPage(**more)
    page.join("lp", PASSIVE, "1000")
    page.quote()
    return page


def quoted(found: list[events.Event]) -> list[list[object]]:
    """What the quotes of a command are: market, both orders, prices and sizes, and the margin."""
    return [one.row()[2:] for one in found if isinstance(one, events.VaultQuoted)]


def removed(page: VaultPage) -> list[str]:
    """Why orders of the vault ended in the last command."""
    return [codes.DONE_REASONS[one.reason] for one in page.found
            if isinstance(one, events.OrderRemoved) and one.account == VAULT]  # fmt: skip


def deep(spread: int, price: str, **more: Any) -> VaultPage:
    """5,000 USD quoted at 2,000 without a bound, then at another price after a bid was taken."""
    page = VaultPage(cash="100000", eth="0", price_band=100_000, **more)
    page.now += 2 * 86_400_000  # after so long any price is believed
    page.prices("2000")
    page.join("lp", PASSIVE, "5000")
    page.quote(half_spread=spread, max_quote_size=10**12)
    limit = 2_000 * (10**6 - spread)
    page.do(page.place("alice", SELL, 12_500_000_000, limit, tif=codes.IOC), page.owner("alice"))
    page.prices(price)
    return page


# With every price ---------------------------------------------------------------------------------


def test_prices_and_quotes_are_one_command() -> None:
    """PASSIVE-001: every batch of prices replaces the quotes, under new ids; they are reported as
    quotes, not as orders that somebody placed."""
    page = quoting()
    page.prices("100")
    first = page.state.globals.next_order
    found = page.prices("101")
    assert page.book() == "bids 95.9:10, asks 106.1:10"
    assert quoted(found) == [
        [0, first, 95_900_000, 10 * LOT, first + 1, 106_100_000, 10 * LOT, 1_000_000_000]
    ]
    kinds = {type(one).__name__ for one in found}
    assert kinds == {"OracleAccepted", "VaultQuoted"}
    assert sorted(page.state.orders) == [first, first + 1]
    assert [order.sequence for order in page.vault(PASSIVE).account.orders] == sorted(
        order.sequence for order in page.vault(PASSIVE).account.orders
    )


def test_a_dry_run_of_prices_leaves_no_trace() -> None:
    """PASSIVE-001: what would be quoted is what is quoted."""
    page = quoting()
    page.now += 1_000
    point = commands.OraclePrices([commands.PricePoint(0, 99_000_000, 0, page.now)])
    before = page.hash()
    seen = [one.row() for one in page.engine.dry_run(point, page.now, ORACLE)]
    assert page.hash() == before
    assert [one.row() for one in page.do(point, ORACLE)] == seen


def test_settings_are_followed_at_once() -> None:
    """PASSIVE-001, SHARE-012: a market without a weight, or a vault that is halted, is out of the
    book with the command that says so."""
    page = quoting()
    before = quoted(page.found)
    assert len(before) == 1
    found = page.do(commands.SetVaultQuote(PASSIVE, 0, QuoteParams()), OPERATOR)
    assert quoted(found) == [[0, 0, 0, 0, 0, 0, 0, 1_000_000_000]]
    assert page.book() == "bids -, asks -"
    assert quoted(page.prices("100")) == []
    page.quote()
    found = page.do(commands.SetVaultMode(PASSIVE, codes.HALTED), OPERATOR)
    assert quoted(found) == [[0, 0, 0, 0, 0, 0, 0, 0]]
    assert page.book() == "bids -, asks -"


def test_a_market_without_a_new_price_keeps_its_part() -> None:
    """PASSIVE-003, PASSIVE-009: the part of a market that is not quoted is not for others, and
    quotes end with the price they were made by."""
    page = quoting()
    page.open(market(symbol="Y-USD", oracle_max_age_ms=2_500))
    page.oracle("100", 1)
    values = QuoteParams(weight=3, half_spread=50_000, max_quote_size=10**15)
    page.do(commands.SetVaultQuote(PASSIVE, 1, values), OPERATOR)
    assert page.book(1) == "bids 95:37.5, asks 105:37.5"
    page.quote(max_quote_size=10**15)
    for _ in range(2):
        found = page.prices("100")
        assert [row[0] for row in quoted(found)] == [0, 1]
        assert page.book(1) == "bids 95:37.5, asks 105:37.5"
    found = page.prices("100")
    assert [row[1:6] for row in quoted(found)][1] == [0, 0, 0, 0, 0]
    assert page.book() == "bids 95:12.5, asks 105:12.5"
    assert page.book(1) == "bids -, asks -"


def test_others_in_the_book_move_a_quote_behind_them() -> None:
    """PASSIVE-006: the best prices of others, not the vault's own old ones."""
    page = quoting()
    page.play("alice buy 1 @ 99\nbob sell 1 @ 99.5")
    page.quote(half_spread=1_000)
    assert page.book() == "bids 99.4:10 99:1, asks 99.5:1 100.1:10"
    page.prices("98")
    assert page.book() == "bids 99:1 97.9:10, asks 99.1:10 99.5:1"


def test_no_more_orders_than_anybody_may_have() -> None:
    """PASSIVE-007, ORDER-006: with room for one order there is only the bid."""
    page = quoting()
    page.do(commands.SetGlobalParams(GlobalParams(open_orders_max=1)), OPERATOR)
    found = page.prices("100")
    assert page.book() == "bids 95:10, asks -"
    assert quoted(found)[0][4:7] == [0, 0, 0]


# Margin -------------------------------------------------------------------------------------------


def test_what_backs_a_position_is_not_quoted_with() -> None:
    """PASSIVE-002: 12.5 long from 1,980 at 1,700: equity 1,500 of a requirement of 2,125, and no
    quotes; with all of its margin it would quote on."""
    page = deep(10_000, "1700")
    account = page.vault(PASSIVE).account
    assert (margin.equity(page.state, account), margin.requirement(page.state, account, False)) == (
        1_500_000_000, 2_125_000_000,
    )  # fmt: skip
    assert page.book() == "bids -, asks -"
    assert quoted(page.found) == [[0, 0, 0, 0, 0, 0, 0, 0]]
    page.do(commands.SetVaultParams(PASSIVE, params_of(page, PASSIVE, margin_total=1)), OPERATOR)
    found = page.prices("1700")
    assert page.book() == "bids 1683:14.705, asks 1717:14.705"
    assert quoted(found)[0][7] == 5_000_000_000


def test_with_a_position_less_is_quoted() -> None:
    """PASSIVE-002, PASSIVE-004, chapter 23: bought 12.5 at 1,900, worth that: 5,000 less 2,375 is
    2,625, of which a half opens 6.907 at 1,900 and 10 %."""
    page = deep(50_000, "1900")
    assert page.book() == "bids 1805:6.907, asks 1995:6.907"


def test_a_fill_is_judged_like_any_maker_s() -> None:
    """PASSIVE-010, BOOK-008: the margin that quotes were made by may have left since."""
    page = quoting()
    page.leave("lp", PASSIVE)
    assert page.book() == "bids 95:10, asks 105:10"
    page.play("alice buy 1 @ 105 ioc -> nothing")
    assert removed(page) == ["maker_margin"]
    assert quoted(page.prices("100")) == [[0, 0, 0, 0, 0, 0, 0, 0]]


# Modes, and prices too old ------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["restricted", "reduce_only"])
def test_a_vault_that_is_held_back_quotes_what_makes_it_smaller(mode: str) -> None:
    """PASSIVE-008: only that side, and no more than the position."""
    page = quoting()
    page.play("alice sell 2 @ 95 ioc -> 2 @ 95 vamm")
    page.do(commands.SetVaultMode(PASSIVE, codes.MODES.index(mode)), OPERATOR)
    assert page.book() == "bids -, asks 105:2"


@pytest.mark.parametrize("mode", ["restricted", "reduce_only", "halted"])
def test_only_active_markets_are_quoted(mode: str) -> None:
    """PASSIVE-009: the quotes of others stay, the vault's go with the next price."""
    page = quoting()
    page.play(f"mode {mode}")
    page.prices("100")
    assert page.book() == "bids -, asks -"


def test_nobody_takes_a_quote_made_by_an_old_price() -> None:
    """PASSIVE-010: who reduces may trade on an old price with others, not with the vault."""
    page = quoting()
    page.play("alice buy 1 @ 99\nbob sell 1 @ 99 -> 1 @ 99 alice")
    page.now += 10**6
    page.play("alice sell 1 @ 95 reduce -> nothing\nbook has bids -, asks 95:1 105:10")
    page.play("bob buy 1 @ 105 ioc reduce -> 1 @ 95 alice")


def test_a_liquidated_vault_leaves_the_book() -> None:
    """PASSIVE-009, LIQ-014: 12.5 long from 1,980 at 1,600: 250 against 1,000. Its quotes go, it is
    closed against who bids, and is not quoted for while that lasts."""
    page = deep(10_000, "1600", passive={"margin_total": 1}, liquidation=1, taker_fee=10,
                liquidation_penalty=0, liquidation_counts_penalty=0)  # fmt: skip
    assert page.book() == "bids 1584:15.625, asks 1616:15.625"
    page.play("bob buy 20 @ 1600")
    page.do(commands.Liquidate(VAULT, -1), KEEPER)
    assert removed(page) == ["liquidated", "liquidated"]
    account = page.vault(PASSIVE).account
    required = margin.requirement(page.state, account, True)
    assert margin.equity(page.state, account) >= required > 0
    assert page.refuse(commands.Liquidate(VAULT, -1), KEEPER)[0] == codes.SUFFICIENT_COLLATERAL
    point = commands.PricePoint(0, 1_600_000_000, 0, page.now + 1)
    seen = page.engine.dry_run(commands.OraclePrices([point]), page.now + 1, ORACLE)
    assert len(quoted(seen)) == 1
    account.liquidations = 1
    seen = page.engine.dry_run(commands.OraclePrices([point]), page.now + 1, ORACLE)
    assert quoted(seen) == []


@pytest.mark.skipif(_build.COMPILED, reason="a fault is planted in the interpreted core")
def test_amounts_out_of_range_end_the_quotes_and_no_price(monkeypatch: pytest.MonkeyPatch) -> None:
    """PASSIVE-001: prices are not refused because of a quote."""
    page = quoting()

    def beyond(*_: Any) -> None:
        raise RangeError("beyond")

    monkeypatch.setattr(vault_quotes, "quote", beyond)
    found = page.prices("100")
    assert isinstance(found[0], events.OracleAccepted)
    assert quoted(found) == [[0, 0, 0, 0, 0, 0, 0, 0]]


# Whose orders these are ---------------------------------------------------------------------------


def test_the_vault_pays_no_fee_and_gets_no_rebate() -> None:
    """PASSIVE-011, FEE-003: the receivers share the whole fee, the vault with its own part."""
    page = quoting(taker_fee=1_000, maker_rebate=500, split_vault=100_000, split_treasury=250_000)
    page.play("bob sell 1 @ 104\nalice buy 2 @ 105 ioc -> 1 @ 104 bob, 1 @ 105 vamm")
    of_bob, of_vault = [one for one in page.found if isinstance(one, events.Filled)]
    assert (of_bob.taker_fee, of_bob.maker_rebate) == (104_000, 52_000)
    assert (of_vault.taker_fee, of_vault.maker_rebate, of_vault.fee_vault) == (105_000, 0, 10_500)
    assert page.account("vault").cash() == 1_000_000_000 + 105_000_000 + 10_500 + 5_200


def test_the_operator_s_own_trades_leave_the_vault_alone() -> None:
    """PASSIVE-011, BOOK-005: the house's accounts have its owner, but their depositors' money;
    traders of one owner still do not trade with each other."""
    page = quoting()
    page.state.principals[OPERATOR].roles |= codes.ROLE_TRADER
    page.do(commands.CreateAccount(OPERATOR, -1, "own"), OPERATOR)
    page.accounts["own"] = len(page.state.accounts) - 1
    page.deposit("own", "1000")
    page.do(page.place("own", BUY, LOT, 105_000_000, tif=codes.IOC), OPERATOR)
    assert page.fills() == ["1 @ 105 vamm"]
    assert page.book() == "bids 95:10, asks 105:9"
    own, vault = page.account("own"), page.account("vault")
    assert book.same_hands(own, own)
    assert not book.same_hands(own, vault)
    assert not book.same_hands(vault, own)
    assert not book.same_hands(own, page.account("alice"))


def test_the_operator_may_take_quotes_out_and_nothing_else() -> None:
    """PASSIVE-012: until the next price; nobody amends them or places others."""
    page = quoting()
    bid, ask = (order.ident for order in page.vault(PASSIVE).account.orders)
    for command in (
        commands.AmendOrder(VAULT, bid, 95_000_000, LOT),
        page.place("alice", BUY, LOT, 95_000_000, account=VAULT),
    ):
        page.state.principals[OPERATOR].roles |= codes.ROLE_TRADER
        assert page.refuse(command, OPERATOR)[0] == codes.ACCOUNT_KIND
    page.do(commands.CancelOrder(VAULT, ask, ""), OPERATOR)
    assert page.book() == "bids 95:10, asks -"
    page.do(commands.CancelAll(VAULT, -1), OPERATOR)
    assert page.book() == "bids -, asks -"
    assert page.refuse(commands.CancelAll(VAULT, -1), page.owner("alice"))[0] == codes.NOT_OWNER
    page.prices("100")
    assert page.book() == "bids 95:10, asks 105:10"


def test_quotes_stay_behind_a_vamm_that_lags() -> None:
    """PASSIVE-006, PASSIVE-012: the bid a tick below the vAMM's ask, however far that is from the
    oracle; nothing of it is settled against the vAMM before that moves on."""
    page = quoting(vamm_enabled=1, vamm_sqrt_k=300 * LOT, vamm_limits=1)
    page.play("alice sell 10 @ 95 ioc\n" + 5 * "alice sell 9 @ 90 ioc\n")
    row = page.state.vamms[0]
    page.prices("100")
    assert 0 < row.ask < 95_000_000
    (quotes,) = [one for one in page.found if isinstance(one, events.VaultQuoted)]
    assert quotes.bid < row.ask <= quotes.bid + page.state.markets[0].params.tick
    assert quotes.ask == 105_000_000
    refusal = page.refuse(commands.MatchLimit(quotes.bid_order, -1), KEEPER)
    assert refusal[0] == codes.LIMIT_NOT_REACHED


def test_quotes_survive_a_snapshot() -> None:
    """NODE-006: what a state was loaded from quotes the same at the next price."""
    page = quoting()
    page.play("alice sell 2 @ 95 ioc -> 2 @ 95 vamm")
    copy = Engine(load(codec.decode_state(codec.encode_state(page.state.dump()))))
    page.prices("99")
    point = commands.PricePoint(0, 99_000_000, 0, page.published)
    copy.apply(commands.OraclePrices([point]), page.seq, page.now, ORACLE)
    assert [one.row() for one in copy.drain()] == [one.row() for one in page.found]
    assert codec.state_hash(copy.state.dump()) == page.hash()
