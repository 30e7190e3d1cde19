"""Laws of spot: nobody gains by going round, previews are true, escrow suffices, all is kept."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.core import firm_quotes
from plimsoll.messages import codes, commands
from plimsoll.messages.codes import BUY, SELL, Reject
from tests.harness.scenario import KEEPER
from tests.harness.spot_scene import BOTH, DOLLAR, ETH, ETH_USD, NO_POOLS, UNIT, USD, SpotScene

HALF = settings(max_examples=40, deadline=None)
SOME = settings(max_examples=60, deadline=None)


# Pools --------------------------------------------------------------------------------------------

fees = st.sampled_from([0, 1, 3_000, 100_000])
sizes = st.integers(1, 90 * UNIT)
dollars = st.integers(1, 200_000 * DOLLAR)


@HALF
@given(fee=fees, steps=st.lists(st.tuples(st.booleans(), st.booleans(), dollars), max_size=8))
def test_no_way_there_and_back_gains(fee: int, steps: list[tuple[bool, bool, int]]) -> None:
    """SPOT-002, SPOT-007: whatever one trader swaps in a pool, it never has more of one asset and
    no less of the other; nothing is made or lost; a preview says what happens."""
    page = SpotScene(fee)
    before, all_before = page.has("alice", USD, ETH), page.totals()
    for selling, exact_out, dollars_ in steps:
        amount = dollars_ if exact_out == selling else dollars_ // 2 + 1
        asset = ETH if selling else USD
        command = commands.SwapSpot(
            page.accounts["alice"], ETH_USD, asset, exact_out, min(amount, 40 * UNIT), 0
        )
        said = page.engine.dry_run(command, page.now, page.owner("alice"))
        page.apply(command, page.owner("alice"))
        assert [one.row() for one in said] == [one.row() for one in page.found]
    after = page.has("alice", USD, ETH)
    assert after == before or after[0] < before[0] or after[1] < before[1]
    assert page.totals() == all_before


@HALF
@given(fee=fees, one=sizes, two=sizes)
def test_splitting_never_gains(fee: int, one: int, two: int) -> None:
    """SPOT-007: two swaps in a row bring no more than one of both, with any fee."""
    if one + two > 100 * UNIT:
        one, two = one // 2 + 1, two // 2 + 1
    parts = SpotScene(fee)
    whole = parts.plan(SELL, one + two).quote
    try:
        first = parts.hedge(SELL, one).quote
        second = parts.hedge(SELL, two).quote
    except Reject:
        return
    assert first + second <= whole


@HALF
@given(fee=fees, path=st.sampled_from([{}, BOTH]), amount=st.integers(10_000, 400 * UNIT))
def test_a_vault_never_gains_by_trading_back(fee: int, path: dict[str, int], amount: int) -> None:
    """SPOT-007, SPOT-014: sold and bought back through any path, it has no more collateral, and
    the same base; every asset is conserved, and nothing stays on the way."""
    page = SpotScene(fee, **path)
    before, all_before = page.has(page.vault.account), page.totals()
    sold = page.hedge(SELL, amount)
    assert page.has(page.vault.account)[0] == before[0] + sold.quote
    bought = page.hedge(BUY, amount)
    assert bought.quote >= sold.quote
    after = page.has(page.vault.account)
    assert after == [before[0] + sold.quote - bought.quote, before[1], 0]
    assert page.totals() == all_before


@HALF
@given(
    fee=fees,
    path=st.sampled_from([{}, BOTH]),
    side=st.sampled_from([BUY, SELL]),
    quote=st.integers(1, 900_000 * DOLLAR),
)
def test_base_for_an_amount_of_collateral_is_tight(
    fee: int, path: dict[str, int], side: int, quote: int
) -> None:
    """SPOT-015: bought, it costs at most that much and a unit more costs more; sold, it brings at
    least that much and a unit less brings less."""
    page = SpotScene(fee, **path)
    try:
        base = page.base_for(side, quote)
    except Reject:
        # Too little for a unit of base, or of what stands in between.
        assert quote < 10_000
        return
    at = page.plan(side, base).quote
    if side == BUY:
        assert at <= quote < page.plan(side, base + 1).quote
        return
    assert at >= quote
    try:
        assert page.plan(side, base - 1).quote < quote
    except Reject as refused:
        assert refused.code == codes.SPOT_AMOUNT_ZERO


# Firm quotes ------------------------------------------------------------------------------------

amounts = st.integers(1, 3 * UNIT)
prices = st.integers(1, 3_000 * DOLLAR)


@SOME
@given(
    amount=amounts,
    price=prices,
    parts=st.lists(amounts, max_size=6),
    side=st.sampled_from([BUY, SELL]),
)
def test_a_desk_is_never_under_escrowed(
    amount: int, price: int, parts: list[int], side: int
) -> None:
    """SPOT-017, SPOT-018: whatever is filled, escrow can pay for all of the rest at once; the
    price is at least as good for the desk as it said, by less than a unit a fill."""
    page = SpotScene(**NO_POOLS)
    command = commands.PostFirmQuote(page.accounts["desk"], ETH, side, price, amount, page.now + 1)
    if not page.apply(command, page.owner("desk")):
        assert side == BUY
        assert amount * price < UNIT
        return
    (offer,) = page.state.liquidity.offers
    before = page.has("desk", USD, ETH)
    traded = Fraction(0)
    fills = 0
    for part in parts:
        try:
            planned = page.hedge(SELL if side == BUY else BUY, part)
        except Reject:
            continue
        fills += 1
        traded += Fraction(part * price, UNIT)
        if not page.state.liquidity.offers:
            break
        assert planned.amount == part
        need = offer.left * price // UNIT if side == BUY else offer.left
        assert need <= offer.held == page.escrow()[USD if side == BUY else ETH]
    after = page.has("desk", USD, ETH)
    if side == SELL:
        assert traded <= after[0] - before[0] <= traded + fills
    elif not page.state.liquidity.offers:
        paid = amount * price // UNIT - (after[0] - before[0])
        assert traded - fills <= paid <= traded


@SOME
@given(
    side=st.sampled_from([BUY, SELL]),
    quotes=st.lists(
        st.tuples(st.integers(1_900, 2_100), st.integers(1, 4 * UNIT)), min_size=1, max_size=8
    ),
    quote=st.integers(1, 20_000 * DOLLAR),
    pools=st.booleans(),
)
def test_base_for_an_amount_of_collateral_at_both_venues(
    side: int, quotes: list[tuple[int, int]], quote: int, pools: bool
) -> None:
    """SPOT-015: over both venues; bought, a unit more costs more (or is not there); sold, a unit
    less brings less. Up to a unit of rounding for each quote used."""
    page = SpotScene(**({} if pools else NO_POOLS))
    for price, amount in quotes:
        page.quote(SELL if side == BUY else BUY, price, amount)
    try:
        base = page.base_for(side, quote)
    except Reject:
        if side == BUY:
            assert cost(page, BUY, 1) > quote
        for amount in (sum(one for _, one in quotes), *(one for _, one in quotes)):
            assert side == BUY or cost(page, SELL, amount) < quote
        return
    at = page.plan(side, base).quote
    slack = firm_quotes.QUOTES_PER_HEDGE
    if side == BUY:
        assert at <= quote
        assert cost(page, BUY, base + 1) + slack > quote
    else:
        assert at >= quote
        assert cost(page, SELL, base - 1) < quote + slack


def cost(page: SpotScene, side: int, amount: int) -> int:
    """What an amount costs or brings; where it cannot be traded, too much or nothing."""
    try:
        return page.plan(side, amount).quote
    except Reject:
        return 10**18 if side == BUY else 0


@SOME
@given(
    steps=st.lists(
        st.tuples(st.integers(0, 4), st.booleans(), st.integers(1, 2 * UNIT)), max_size=12
    )
)
def test_escrow_is_the_sum_of_the_quotes(steps: list[tuple[int, bool, int]]) -> None:
    """SPOT-008, SPOT-018: after every step the full sweep holds, and in the end, with all quotes
    gone, everybody together has what there was."""
    page = SpotScene()
    everything = page.totals()
    for what, buying, amount in steps:
        side = BUY if buying else SELL
        standing = sorted(page.state.liquidity.quotes)
        if what < 2:
            page.quote(side, 2_000 - 3 * what + amount % 7, amount, lasts=1 + amount % 30)
        elif what == 2 and standing:
            cancel = commands.CancelFirmQuote(page.accounts["desk"], standing[0])
            page.do(cancel, page.owner("desk"))
        elif what == 3:
            page.now += amount % 20
            page.do(commands.Tick(1), KEEPER)
        else:
            hedged(page, side, amount)
    page.now += 100
    page.do(commands.Tick(64), KEEPER)
    assert page.state.liquidity.offers == []
    assert page.escrow() == [0, 0, 0]
    assert page.totals() == everything


def hedged(page: SpotScene, side: int, amount: int) -> None:
    """Trade with the vault if it can."""
    try:
        page.hedge(side, amount)
    except Reject:
        return
