"""Vaults and spot through a client: amounts as texts, previews that hold, who sees what."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from plimsoll.client import errors
from plimsoll.client.models import (
    BatchPlace,
    BatchRequest,
    ClaimRequest,
    FirmQuoteRequest,
    PlaceOrderRequest,
    Receipt,
    SwapRequest,
    VaultDepositRequest,
    VaultTradeRequest,
    VaultWithdrawalRequest,
)
from plimsoll.messages.vault_params import VaultParams
from plimsoll.messages.vaults import SetVaultParams
from tests.client.samples import BTC, OPERATOR, World
from tests.harness.liquidity import BASE, HALF_SPREAD, PASSIVE, QUOTE, liquidity

DAY_MS = 86_400_000


@pytest.fixture
async def page() -> AsyncIterator[World]:
    """The small exchange with a passive, a base and a quote vault."""
    made = await World.open()
    params = await made.node.query(lambda state: state.markets[0].params)
    for command in liquidity(params, 2, made.a, made.b):
        await made.node.submit(command, principal=OPERATOR)
    yield made
    await made.close()


def done(receipt: Receipt, kind: str) -> dict[str, Any]:
    """The event of a kind in the receipt of an accepted command."""
    assert receipt.accepted, receipt.reject
    (found,) = [one for one in receipt.events if one["type"] == kind]
    return found


async def test_assets_and_vaults_have_names(page: World) -> None:
    """API-018: what there is, by id, with amounts in each vault's own asset."""
    assets = (await page.alice.exchange()).assets
    assert [(one.asset, one.symbol, one.decimals) for one in assets] == [
        (0, "USD", 6), (1, "GEM", 2), (2, "BTC", 8),
    ]  # fmt: skip
    found = await page.alice.vaults()
    assert [(one.vault, one.kind, one.market, one.asset, one.label) for one in found] == [
        (0, "passive", None, "USD", "makers"),
        (1, "base", BTC, "BTC", "btc"),
        (2, "quote", BTC, "USD", "usd"),
    ]
    assert found[PASSIVE].effective_assets == "1"
    assert found[BASE].effective_assets == "0.01"
    assert (found[BASE].share_price, found[BASE].supply) == ("1", "0")
    assert found[BASE].params["pool_1"] == 0
    assert await page.alice.vault(QUOTE) == found[QUOTE]
    with pytest.raises(errors.NotFound) as caught:
        await page.alice.vault(9)
    assert caught.value.info.name == "UNKNOWN_VAULT"


async def test_a_preview_is_what_happens(page: World) -> None:
    """API-019: shares, fee and value of the dry run are those of the command."""
    fees = VaultParams(deposit_fee=1_000, withdrawal_fee=2_000)
    await page.node.submit(SetVaultParams(PASSIVE, fees), principal=OPERATOR)
    deposit = VaultDepositRequest(account=page.a, amount="5000", min_shares="1")
    before = page.node.last_seq
    shown = await page.alice.preview_deposit(PASSIVE, deposit)
    assert page.node.last_seq == before
    assert (shown.accepted, shown.asset, shown.amount, shown.fee) == (True, "USD", "5000", "5")
    event = done(await page.alice.deposit_vault(PASSIVE, deposit), "VaultDeposited")
    assert (str(event["shares"]), event["fee"], event["amount"]) == (shown.shares, "5", "5000")
    back = VaultWithdrawalRequest(account=page.a, shares=shown.shares)
    seen = await page.alice.preview_withdrawal(PASSIVE, back)
    event = done(await page.alice.withdraw_vault(PASSIVE, back), "VaultWithdrawn")
    assert (seen.value, seen.paid, seen.fee) == (event["value"], event["paid"], event["fee"])
    assert (seen.other, seen.due_ms) == ("0", None)


async def test_a_preview_says_why_not(page: World) -> None:
    """API-019: the refusal of the command, in the vault's units; nothing else."""
    deposit = VaultDepositRequest(account=page.a, amount="5000", min_shares="6000000000")
    shown = await page.alice.preview_deposit(PASSIVE, deposit)
    assert (shown.accepted, shown.shares) == (False, "0")
    assert shown.reject is not None
    receipt = await page.alice.deposit_vault(PASSIVE, deposit)
    assert shown.reject == receipt.reject
    assert shown.reject.name == "SHARES_TOO_FEW"
    await page.alice.deposit_vault(BASE, VaultDepositRequest(account=page.a, amount="1"))
    much = VaultWithdrawalRequest(account=page.a, shares="1000", min_value="0.5")
    refused = (await page.alice.preview_withdrawal(BASE, much)).reject
    assert refused is not None
    assert (refused.name, refused.value, refused.limit) == ("VALUE_TOO_SMALL", "0.00001", "0.5")
    with pytest.raises(errors.NotFound):
        await page.bob.preview_withdrawal(BASE, much)


async def test_holdings_and_unlocks(page: World) -> None:
    """API-018, SHARE-009: shares and what they are worth; what waits, whose only for its owner."""
    slow = VaultParams(cooldown_ms=DAY_MS)
    await page.node.submit(SetVaultParams(PASSIVE, slow), principal=OPERATOR)
    deposit = VaultDepositRequest(account=page.a, amount="5000")
    await page.alice.deposit_vault(PASSIVE, deposit)
    back = VaultWithdrawalRequest(account=page.a, shares="1000000000")
    shown = await page.alice.preview_withdrawal(PASSIVE, back)
    assert (shown.paid, shown.due_ms) == ("0", page.clock.now + DAY_MS)
    queued = done(await page.alice.withdraw_vault(PASSIVE, back), "UnlockQueued")
    (held,) = await page.alice.holdings(page.a)
    assert (held.shares, held.value, held.asset) == ("4000000000", "4000", "USD")
    (own,) = held.unlocks
    assert (own.unlock, own.account, own.value, own.due) == (
        queued["unlock"], page.a, "1000", False,
    )  # fmt: skip
    assert [one.account for one in await page.alice.vault_unlocks(PASSIVE)] == [page.a]
    (other,) = await page.bob.vault_unlocks(PASSIVE)
    assert (other.account, other.value) == (None, "1000")
    with pytest.raises(errors.NotFound):
        await page.bob.holdings(page.a)
    assert await page.bob.holdings(page.b) == []
    claim = ClaimRequest(account=page.a)
    early = (await page.alice.claim_unlocks(PASSIVE, claim)).reject
    assert early is not None and early.name == "UNLOCK_NOT_DUE"
    page.clock.now += DAY_MS
    paid = done(await page.alice.claim_unlocks(PASSIVE, claim), "UnlockPaid")
    assert (paid["paid"], paid["cut"]) == ("1000", "0")


async def test_quotes_of_the_passive_vault(page: World) -> None:
    """API-018: bid and ask around the oracle, as they stand in the book."""
    await page.alice.deposit_vault(PASSIVE, VaultDepositRequest(account=page.a, amount="5000"))
    await page.oracle("60000")
    (one,) = await page.bob.vault_quotes(PASSIVE)
    assert (one.market, one.bid, one.ask, one.oracle_price) == (BTC, "59880", "60120", "60000")
    assert (one.position, one.params["half_spread"]) == ("0", HALF_SPREAD)
    book = await page.bob.book(BTC)
    assert book.bids == [(one.bid, one.bid_size)]
    assert await page.bob.vault_quotes(BASE) == []


async def test_trades_with_a_vault(page: World) -> None:
    """API-020, HEDGE-017: by size or by money; the receipt is that of an order."""
    await page.alice.deposit_vault(BASE, VaultDepositRequest(account=page.a, amount="2"))
    sell = VaultTradeRequest(account=page.b, side="sell", amount="0.5")
    receipt = await page.bob.trade_vault(BASE, sell)
    assert (receipt.status, receipt.filled, receipt.order) == ("filled", "0.5", receipt.order)
    assert done(receipt, "VaultHedged")["base_amount"] == "0.5"
    hedge = (await page.alice.vault(BASE)).hedge
    assert hedge is not None
    assert (hedge.spot, hedge.position, hedge.net_base, hedge.unhedged) == ("1.5", "0.5", "2", "0")
    assert (hedge.taker_buys, hedge.taker_sells) == ("0.5", "1.5")
    buy = VaultTradeRequest(account=page.b, side="buy", amount="6100", exact="quote", limit="0.11")
    refused = (await page.bob.trade_vault(BASE, buy)).reject
    assert refused is not None
    assert (refused.name, refused.value, refused.limit) == ("SPOT_SLIPPAGE", "0.102", "0.11")
    none = VaultTradeRequest(account=page.b, side="buy", amount="9")
    refused = (await page.bob.trade_vault(BASE, none)).reject
    assert refused is not None
    assert (refused.name, refused.value, refused.limit) == ("VAULT_CAPACITY", "9", "0.5")


async def test_an_order_directed_at_a_vault(page: World) -> None:
    """API-020, SHARE-014: by the vault's id, which never rests; why it did not fill is told."""
    await page.alice.deposit_vault(BASE, VaultDepositRequest(account=page.a, amount="2"))

    def order(side: str, size: str, **more: Any) -> PlaceOrderRequest:
        values = {"market": BTC, "price": "60000", "size": size, "vault": BASE, **more}
        return PlaceOrderRequest(account=page.b, side=side, **values)

    receipt = await page.bob.place_order(order("sell", "0.5", price="59000"))
    fill = done(receipt, "Filled")
    assert (receipt.status, fill["source"]) == ("filled", "hedged")
    receipt = await page.bob.place_order(order("buy", "0.1", price="57000"))
    assert receipt.status == "cancelled"
    why = done(receipt, "VaultRefused")
    assert (why["name"], why["value"], why["limit"]) == ("SPOT_SLIPPAGE", "5946.363799", "5700")
    for wrong in (order("buy", "0.1", vault=7), order("buy", "0.1", vault=-1)):
        with pytest.raises(errors.BadField) as caught:
            await page.bob.place_order(wrong)
        assert caught.value.info.field == "vault"
    items = [BatchPlace(account=page.b, side="buy", market=BTC, price="1", size="1", vault=7)]
    with pytest.raises(errors.BadField) as caught:
        await page.bob.batch(BatchRequest(atomic=True, items=items))
    assert caught.value.info.field == "items[0].vault"


async def test_swaps(page: World) -> None:
    """API-021, SPOT-003, SPOT-004: exactly in or exactly out, bounded on the other side."""
    swap = SwapRequest(account=page.a, pool=0, asset_in="BTC", amount="0.1", limit="5900")
    event = done(await page.alice.swap(swap), "SpotSwapped")
    assert (event["amount_in"], event["amount_out"]) == ("0.1", "5994.005994")
    out = SwapRequest(account=page.a, pool=0, asset_in="USD", amount="0.1", exact="out")
    event = done(await page.alice.swap(out), "SpotSwapped")
    assert (event["amount_in"], event["amount_out"]) == ("5994.005995", "0.1")
    (pool,) = await page.alice.spot_pools()
    assert (pool.base, pool.quote, pool.price, pool.base_reserve) == (
        "BTC",
        "USD",
        "60000.00000001",
        "10",
    )
    for change, name, value, limit in (
        ({"limit": "6000"}, "SPOT_SLIPPAGE", "5994.005994", "6000"),
        ({"exact": "out", "amount": "6000", "limit": "0.1"}, "SPOT_SLIPPAGE", "0.10010011", "0.1"),
        ({"exact": "out", "amount": "7000000"}, "SPOT_LIQUIDITY", "7000000", "600000.000001"),
        ({"amount": "6", "limit": "0"}, "INSUFFICIENT_BALANCE", "6", "5"),
    ):
        values = {"account": page.a, "pool": 0, "asset_in": "BTC", "amount": "0.1", **change}
        refused = (await page.alice.swap(SwapRequest(**values))).reject
        assert refused is not None
        assert (refused.name, refused.value, refused.limit) == (name, value, limit)


async def test_firm_quotes(page: World) -> None:
    """API-021, SPOT-008: a vault hedges on the better price; whose it is only the desk sees."""
    until = page.clock.now + 60_000
    quote = FirmQuoteRequest(
        account=page.a, asset="BTC", side="sell", price="59900", amount="1", expires_ms=until
    )
    posted = done(await page.alice.post_spot_quote(quote), "FirmQuotePosted")
    assert (posted["held"], posted["price"]) == ("1", "59900")
    (own,) = await page.alice.spot_quotes()
    assert (own.quote, own.account, own.held, own.amount) == (
        posted["firm_quote"], page.a, "1", "1",
    )  # fmt: skip
    (seen,) = await page.bob.spot_quotes()
    assert (seen.account, seen.held, seen.price) == (None, None, "59900")
    await page.bob.deposit_vault(QUOTE, VaultDepositRequest(account=page.b, amount="50000"))
    trade = VaultTradeRequest(account=page.b, side="buy", amount="0.25")
    hedged = done(await page.bob.trade_vault(QUOTE, trade), "VaultHedged")
    assert (hedged["venue"], hedged["quote"]) == ("firm", "14975")
    (left,) = await page.alice.spot_quotes()
    assert left.amount == "0.75"
    ended = done(await page.alice.cancel_spot_quote(page.a, own.quote), "FirmQuoteEnded")
    assert (ended["released"], ended["reason"]) == ("0.75", "cancelled")
    refused = (await page.bob.cancel_spot_quote(page.b, own.quote)).reject
    assert refused is not None and refused.name == "UNKNOWN_FIRM_QUOTE"


async def test_what_vaults_do_is_public_and_deposits_are_not(page: World) -> None:
    """API-018: a stranger learns of quotes and hedges, not of who brought how much."""
    receipt = await page.alice.deposit_vault(BASE, VaultDepositRequest(account=page.a, amount="2"))
    told = await page.bob.explain(receipt.seq)
    assert "VaultDeposited" not in [line.event for line in told.lines]
    own = await page.alice.explain(receipt.seq)
    assert "VaultDeposited" in [line.event for line in own.lines]
    trade = VaultTradeRequest(account=page.b, side="sell", amount="0.5")
    receipt = await page.bob.trade_vault(BASE, trade)
    told = await page.alice.explain(receipt.seq)
    assert "VaultHedged" in [line.event for line in told.lines]


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda c, a: c.deposit_vault(0, VaultDepositRequest(account=a, amount="0")), "amount"),
        (
            lambda c, a: c.deposit_vault(1, VaultDepositRequest(account=a, amount="1.000000001")),
            "amount",
        ),
        (
            lambda c, a: c.deposit_vault(
                0, VaultDepositRequest(account=a, amount="1", min_shares="0.5")
            ),
            "min_shares",
        ),
        (
            lambda c, a: c.withdraw_vault(0, VaultWithdrawalRequest(account=a, shares="1.5")),
            "shares",
        ),
        (
            lambda c, a: c.withdraw_vault(
                0, VaultWithdrawalRequest(account=a, shares="1", min_value="-1")
            ),
            "min_value",
        ),
        (
            lambda c, a: c.trade_vault(1, VaultTradeRequest(account=a, side="up", amount="1")),
            "side",
        ),
        (
            lambda c, a: c.trade_vault(
                1, VaultTradeRequest(account=a, side="buy", amount="1", exact="all")
            ),
            "exact",
        ),
        (
            lambda c, a: c.swap(SwapRequest(account=a, pool=5, asset_in="BTC", amount="1")),
            "pool",
        ),
        (
            lambda c, a: c.swap(SwapRequest(account=a, pool=0, asset_in="GEM", amount="1")),
            "asset_in",
        ),
        (
            lambda c, a: c.post_spot_quote(
                FirmQuoteRequest(
                    account=a, asset="EUR", side="buy", price="1", amount="1", expires_ms=1
                )
            ),
            "asset",
        ),
        (lambda c, a: c.cancel_spot_quote(a, -1), "quote"),
    ],
)
async def test_malformed_requests(page: World, call: Any, field: str) -> None:
    """API-001: each is refused by the field at fault, and nothing reaches the journal."""
    before = page.node.last_seq
    with pytest.raises(errors.BadField) as caught:
        await call(page.alice, page.a)
    assert caught.value.info.field == field
    assert page.node.last_seq == before


async def test_vaults_opened_later_are_known(page: World) -> None:
    """API-018: a client that has looked before finds what came since, and unknown ones are 404."""
    with pytest.raises(errors.NotFound):
        await page.alice.deposit_vault(3, VaultDepositRequest(account=page.a, amount="1"))
    values = {
        "type": "CreateVault", "kind": "quote", "market": 0, "label": "late",
        "params": {name: int(value) for name, value in _rows(VaultParams(pool_1=0))},
    }  # fmt: skip
    await page.client(OPERATOR).command(values)
    receipt = await page.alice.deposit_vault(3, VaultDepositRequest(account=page.a, amount="1"))
    assert done(receipt, "VaultDeposited")["vault"] == 3


def _rows(params: VaultParams) -> list[tuple[str, Any]]:
    names = [name for name, _ in VaultParams.FIELDS]
    return list(zip(names, params.row(), strict=True))
