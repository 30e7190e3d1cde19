"""LocalClient: every method, what it shows, what it hides and what it refuses."""

from __future__ import annotations

import asyncio

import pytest

from plimsoll.client import errors, models
from plimsoll.client.models import (
    AmendOrderRequest,
    BatchAmend,
    BatchCancel,
    BatchCancelAll,
    BatchPlace,
    BatchRequest,
    CreateAccountRequest,
    DepositRequest,
    PlaceOrderRequest,
    TransferRequest,
    WithdrawRequest,
)
from plimsoll.messages import codes
from plimsoll.messages.commands import CreateMarket, Deposit, PlaceDelayed
from plimsoll.messages.params import GlobalParams
from plimsoll.runtime import presets
from plimsoll.runtime.recent import History
from tests.client.samples import ALICE, BOB, BTC, OPERATOR, START, World, make_order


async def test_resting_then_filled(world: World) -> None:
    """A limit order rests, a taker fills it: receipts, book, trade, fills, positions agree."""
    rested = await world.alice.place_order(world.buy("59900.1", "2", client_order_id="x"))
    assert (rested.status, rested.filled, rested.remaining) == ("resting", "0", "2")
    assert (rested.average_price, rested.fee, rested.accepted) == (None, "0", True)
    book = await world.alice.book(BTC)
    assert (book.bids, book.asks, book.seq) == ([("59900.1", "2")], [], rested.seq)
    taken = await world.bob.place_order(world.sell(None, "0.5", type="market"))
    assert (taken.status, taken.filled, taken.remaining) == ("filled", "0.5", "0")
    assert taken.average_price == "59900.1"
    assert taken.fee == "14.975025"  # 5 bp of 29,950.05
    (trade,) = await world.bob.trades(BTC)
    assert (trade.price, trade.size, trade.quote) == ("59900.1", "0.5", "29950.05")
    assert (trade.side, trade.source, trade.seq) == ("sell", "book", taken.seq)
    (mine,) = await world.alice.fills(world.a)
    (theirs,) = await world.bob.fills(world.b)
    assert (mine.role, mine.side, mine.fee, mine.rebate) == ("maker", "buy", "0", "2.995005")
    assert (mine.order, theirs.order) == (rested.order, taken.order)
    assert (theirs.role, theirs.side, theirs.fee, theirs.rebate) == (
        "taker",
        "sell",
        "14.975025",
        "0",
    )
    (left,) = await world.alice.orders(world.a)
    assert (left.size, left.remaining, left.filled, left.client_order_id) == (
        "2",
        "1.5",
        "0.5",
        "x",
    )
    (held,) = (await world.bob.account(world.b)).positions
    assert (held.base, held.entry_price, held.entry_cost) == ("-0.5", "59900.1", "-29950.05")
    assert (await world.bob.market(BTC)).open_interest == "0.5"


async def test_average_price_is_rounded_against_the_taker(world: World) -> None:
    """Over several levels the average is of the money paid, up for a buyer, down for a seller."""
    for price, size in (("60000", "0.001"), ("60000.1", "0.002")):
        await world.bob.place_order(world.sell(price, size))
    bought = await world.alice.place_order(world.buy("60001", "0.003", tif="ioc"))
    assert (bought.average_price, bought.status) == ("60000.066667", "filled")
    for price, size in (("59999.9", "0.001"), ("59999.8", "0.002")):
        await world.alice.place_order(world.buy(price, size))
    sold = await world.bob.place_order(world.sell("59000", "0.003", tif="ioc"))
    assert sold.average_price == "59999.833333"


async def test_statuses(world: World) -> None:
    """Partly filled and resting, remainder dropped, cancelled, and refused are told apart."""
    await world.bob.place_order(world.sell("60000", "1"))
    partly = await world.alice.place_order(world.buy("60000", "1.5"))
    assert (partly.status, partly.filled, partly.remaining) == ("partially_filled", "1", "0.5")
    dropped = await world.bob.place_order(world.sell("60000", "2", tif="ioc"))
    assert (dropped.status, dropped.filled, dropped.remaining) == ("cancelled", "0.5", "1.5")
    nothing = await world.bob.place_order(world.sell(None, "1", type="market"))
    assert (nothing.status, nothing.filled, nothing.average_price) == ("cancelled", "0", None)
    refused = await world.alice.place_order(world.buy("60000.05"))
    assert (refused.accepted, refused.status) == (False, "rejected")


async def test_amend_and_cancel(world: World) -> None:
    """An amended order keeps its id; cancelling by either id says what was left."""
    placed = await world.alice.place_order(world.buy("59000", "2", client_order_id="c1"))
    order = placed.order or 0
    smaller = AmendOrderRequest(account=world.a, price="59000", size="1")
    shrunk = await world.alice.amend_order(order, smaller)
    assert (shrunk.order, shrunk.status, shrunk.remaining) == (order, "resting", "1")
    await world.bob.place_order(world.sell("59500", "0.4"))
    moved = await world.alice.amend_order(
        order, AmendOrderRequest(account=world.a, price="59500", size="1")
    )
    assert (moved.order, moved.status, moved.filled) == (order, "partially_filled", "0.4")
    assert (moved.average_price, moved.remaining) == ("59500", "0.6")
    gone = await world.alice.cancel_order(world.a, client_order_id="c1")
    assert (gone.order, gone.status, gone.remaining) == (order, "cancelled", "0.6")
    again = await world.alice.cancel_order(world.a, order)
    assert again.reject is not None and again.reject.name == "UNKNOWN_ORDER"


async def test_cancel_all(world: World) -> None:
    """All orders of a market or of the account go; none is fine."""
    for price in ("59000", "59001"):
        await world.alice.place_order(world.buy(price))
    done = await world.alice.cancel_all(world.a, BTC)
    assert (done.status, done.order) == ("done", None)
    assert [event["type"] for event in done.events] == ["OrderRemoved", "OrderRemoved"]
    assert (await world.alice.cancel_all(world.a)).accepted
    assert await world.alice.orders(world.a) == []


async def test_batch(world: World) -> None:
    """A batch places, amends and cancels; atomic ones do all or nothing."""
    place = BatchPlace(account=world.a, market=BTC, side="buy", price="59000", size="1")
    off = BatchPlace(account=world.a, market=BTC, side="buy", price="59000.01", size="1")
    loose = await world.alice.batch(BatchRequest(atomic=False, items=[place, off]))
    assert (loose.accepted, loose.status, len(await world.alice.orders(world.a))) == (
        True,
        "done",
        1,
    )
    refusals = [event for event in loose.events if event["type"] == "Rejected"]
    assert [(one["name"], one["item"], one["value"]) for one in refusals] == [
        ("PRICE_NOT_ON_TICK", 1, "59000.01")
    ]
    (resting,) = await world.alice.orders(world.a)
    strict = await world.alice.batch(
        BatchRequest(
            atomic=True,
            items=[
                BatchAmend(account=world.a, order=resting.order, price="58000", size="1"),
                BatchCancel(account=world.a, order=resting.order),
                BatchCancelAll(account=world.a, market=BTC),
                place,
                off,
            ],
        )
    )
    assert not strict.accepted and strict.reject is not None
    assert (strict.reject.item, strict.reject.limit) == (4, "0.1")
    assert await world.alice.orders(world.a) == [resting]


async def test_money(world: World) -> None:
    """Deposits, withdrawals and transfers, with the asset's own decimals."""
    sub = await world.alice.create_account(CreateAccountRequest(label="sub", parent=world.a))
    child = sub.events[0]["account"]
    assert (await world.alice.account(child)).parent == world.a
    await world.alice.transfer(TransferRequest(source=world.a, target=child, amount="0.000001"))
    assert (await world.alice.account(child)).balances == {"USD": "0.000001"}
    await world.alice.deposit(world.a, DepositRequest(asset="GEM", amount="1.25", external_id="g"))
    more = WithdrawRequest(asset="GEM", amount="2", external_id="h")
    refused = await world.alice.withdraw(world.a, more)
    assert refused.reject is not None
    assert (refused.reject.value, refused.reject.limit) == ("2", "1.25")
    less = WithdrawRequest(asset="GEM", amount="0.25", external_id="h")
    sent = await world.alice.withdraw(world.a, less)
    assert sent.events[0]["amount"] == "0.25"
    assert (await world.alice.account(world.a)).balances["GEM"] == "1"


async def test_refusals_say_what_was_measured(world: World) -> None:
    """A rejection carries its numbers in the units people use."""
    refused = (await world.alice.place_order(world.buy("59000", "100"))).reject
    assert refused is not None
    assert (refused.code, refused.name) == (codes.INSUFFICIENT_MARGIN, "INSUFFICIENT_MARGIN")
    assert (refused.value, refused.limit) == ("100000", "295000")
    assert (refused.value_is, refused.limit_is) == ("equity", "equity needed")
    forbidden = (await world.operator.place_order(make_order(1, "buy", "59000", "1"))).reject
    assert forbidden is not None and forbidden.value == "operator"


async def test_client_id_acts_once(world: World) -> None:
    """A repeat returns the stored receipt; another command under the id is a conflict."""
    first = await world.alice.place_order(world.buy("59000"), "once")
    again = await world.alice.place_order(world.buy("59000"), "once")
    assert (again.duplicate, again.seq, again.order) == (True, first.seq, first.order)
    assert again.events == first.events
    assert len(await world.alice.orders(world.a)) == 1
    with pytest.raises(errors.Conflict) as caught:
        await world.alice.place_order(world.buy("59001"), "once")
    assert caught.value.info.code == errors.CLIENT_ID_REUSED


async def test_quote_changes_nothing(vamm_world: World) -> None:
    """A dry run tells fill, price, fee or refusal, and leaves the exchange as it was."""
    world = vamm_world
    before = await world.alice.exchange(), await world.alice.account(world.a)
    asked = world.buy(None, "0.5", type="market")
    told = await world.alice.quote(asked)
    refused = await world.alice.quote(world.buy(None, "0.5001", type="market"))
    assert (await world.alice.exchange(), await world.alice.account(world.a)) == before
    assert refused.reject is not None and not refused.accepted
    done = await world.alice.place_order(asked)
    assert (told.average_price, told.fee, told.filled) == (
        done.average_price,
        done.fee,
        done.filled,
    )


async def test_market_and_exchange(vamm_world: World) -> None:
    """Rules and state of a market, with the vAMM's quotes around the oracle."""
    world = vamm_world
    info = await world.alice.market(BTC)
    assert [info] == await world.alice.markets()
    assert (info.tick, info.step, info.min_notional) == ("0.1", "0.001", "10")
    assert (info.imr, info.mmr, info.taker_fee, info.maker_rebate) == (50_000, 25_000, 500, 100)
    assert (info.oracle_price, info.oracle_valid, info.best_bid) == ("60000", True, None)
    assert info.vamm is not None
    assert (info.vamm.bid, info.vamm.ask, info.vamm.capital) == ("59970", "60030", "1000000")
    pools = ("adjustments", "clearing", "escrow", "funding", "insurance")
    assert info.pools == dict.fromkeys(pools, "0")
    assert (info.vamm.short_spread, info.vamm.long_spread, info.vamm.peg) == (500, 500, "60000")
    assert (info.mode, info.operator_mode, info.unhealthy) == ("active", "active", [])
    assert (info.funding, info.auctions, info.repeg.elapsed_ms) == (None, [], 0)
    book = await world.alice.book(BTC)
    assert (book.vamm_bid, book.vamm_ask) == ("59970", "60030")
    world.clock.now += 30_001
    stale = await world.alice.market(BTC)
    assert (stale.oracle_valid, stale.oracle_price) == (False, "60000")
    assert (await world.alice.book(BTC)).vamm_bid is None
    about = await world.alice.exchange()
    assert (about.name, about.markets, about.seq) == ("plimsoll", [BTC], world.node.last_seq)


async def test_markets_opened_later_are_known(world: World) -> None:
    """A client that has cached the names learns of a new market when it is asked for it."""
    await world.alice.place_order(world.buy("59000"))
    params = presets.market_params("SOL-USD", 150_000_000)
    await world.node.submit(CreateMarket(params), principal=OPERATOR)
    order = PlaceOrderRequest(account=world.a, market="SOL-USD", side="buy", price="150", size="1")
    refused = await world.alice.place_order(order)
    assert refused.reject is not None and refused.reject.name == "ORACLE_INVALID"


async def test_others_accounts_do_not_exist(world: World) -> None:
    """Reading somebody else's account gives what an unknown one gives; an operator sees all."""
    for read in ("account", "orders", "fills", "cancel_all"):
        texts = []
        for ident in (world.b, 10_000, -1):
            with pytest.raises(errors.NotFound) as caught:
                await getattr(world.alice, read)(ident)
            texts.append(caught.value.info.message.replace(str(ident), "N"))
        assert len(set(texts)) == 1
        await getattr(world.operator, read)(world.b)
    deposit = DepositRequest(amount="1", external_id="z")
    with pytest.raises(errors.NotFound):
        await world.alice.deposit(world.b, deposit)
    withdrawal = WithdrawRequest(amount="1", external_id="z")
    with pytest.raises(errors.NotFound):
        await world.alice.withdraw(world.b, withdrawal)
    assert [one.account for one in await world.alice.accounts()] == [world.a]
    assert {world.a, world.b, 0, 1} < {one.account for one in await world.operator.accounts()}
    assert await world.client(-1).accounts() == []
    assert await world.client(99).accounts() == []


async def test_receipts_do_not_tell_on_others(world: World) -> None:
    """What the maker earned, held and had left is not in the taker's receipt."""
    await world.alice.place_order(world.buy("59000"))
    taken = await world.bob.place_order(world.sell("59000"))
    filled = next(event for event in taken.events if event["type"] == "Filled")
    assert not [name for name in filled if name.startswith("maker")]
    assert filled["taker"] == world.b and filled["taker_base"] == "-1"
    for event in taken.events:
        assert world.a not in [event.get(name) for name in ("account", "debit", "credit")]
    assert "OrderRemoved" in [event["type"] for event in taken.events]


async def test_fills_wait_for_nobody(world: World) -> None:
    """Whoever has his receipt finds his fill at once, newest first and within the limit."""
    for price in ("59000", "59001", "59002"):
        await world.alice.place_order(world.buy(price))
        await world.bob.place_order(world.sell(price))
        assert (await world.bob.fills(world.b, 1))[0].price == price
    assert [one.price for one in await world.bob.fills(world.b, 2)] == ["59002", "59001"]
    assert [one.price for one in await world.bob.trades(BTC, 2)] == ["59002", "59001"]


async def test_own_fills_do_not_wait_for_the_background(world: World) -> None:
    """Reading takes over what is published, whether or not the listening task had its turn."""
    world.history._task.cancel()
    await world.alice.place_order(world.buy("59000"))
    await world.bob.place_order(world.sell("59000"))
    assert len(await world.bob.fills(world.b)) == 1
    assert len(await world.bob.trades(BTC)) == 1


async def test_history_survives_falling_behind(world: World) -> None:
    """A hole in the published events is admitted, and listening goes on."""
    world.history.close()
    narrow = History(world.node)
    narrow._subscription.close()
    narrow._subscription = world.node.subscribe(1)
    deposits = [Deposit(world.a, 0, 1, f"e{number}") for number in range(3)]
    await asyncio.gather(*(world.node.submit(one, principal=ALICE) for one in deposits))
    await narrow.catch_up()
    assert not narrow.complete
    await world.alice.place_order(world.buy("59000"))
    await world.bob.place_order(world.sell("59000"))
    await narrow.catch_up()
    assert len(narrow.trades(0, 10)) == 1
    narrow.close()


async def test_times_and_principals(world: World) -> None:
    """Receipts carry the time of the command; commands run as the client's principal."""
    world.clock.now = START + 500
    done = await world.bob.create_account(CreateAccountRequest(label="second"))
    assert (done.ts, done.events[0]["owner"]) == (START + 500, BOB)
    assert isinstance(done, models.Receipt)


async def test_commands_by_name(world: World) -> None:
    """An operator's commands travel by name; what the vocabulary does not read is a bad field."""
    named = {"type": "CreatePrincipal", "name": "carol", "roles": codes.ROLE_LP}
    made = await world.operator.command(named, "once")
    assert made.events == [
        {"type": "PrincipalCreated", "principal": 5, "name": "carol", "roles": 2}
    ]
    assert (await world.operator.command(named, "once")).duplicate
    refused = await world.alice.command(named)
    assert refused.reject is not None and refused.reject.name == "NOT_ALLOWED"
    seq = world.node.last_seq
    for wrong, field in (
        ({"roles": "lp"}, "roles"),
        ({"é\n": 1}, "\\xe9\\n"),
        ({"type": 1}, "type"),
    ):
        with pytest.raises(errors.BadField) as caught:
            await world.operator.command({**named, **wrong})
        assert caught.value.info.field == field
    assert world.node.last_seq == seq


async def test_amounts_of_named_commands_are_decimals(world: World) -> None:
    """A refusal shows money in the asset's own decimals, whoever asks and however early."""
    named = {"type": "Withdraw", "account": world.a, "asset": 1, "amount": 150, "external_id": "x"}
    refused = await world.client(ALICE).command(named)
    assert refused.reject is not None
    assert (refused.reject.name, refused.reject.value) == ("INSUFFICIENT_BALANCE", "1.5")


async def test_principals_and_limits(world: World) -> None:
    """An operator sees every principal, others themselves; the limits are for everybody."""
    found = await world.operator.principals()
    assert [(one.principal, one.roles) for one in found][:2] == [(0, ["operator"]), (1, ["oracle"])]
    assert [one.name for one in await world.bob.principals()] == ["bob"]
    assert await world.client(-1).principals() == []
    limits = (await world.client(-1).exchange()).limits
    assert limits == {**dict(zip(limits, GlobalParams().row(), strict=True)), "open_deposits": 1}
    await world.operator.command({"type": "SetGlobalParams", "params": {**limits, "batch_max": 7}})
    assert (await world.alice.exchange()).limits == {**limits, "batch_max": 7}


async def test_a_delayed_order_is_listed_until_its_price_comes(world: World) -> None:
    """DELAY-001, DELAY-006: among the triggers, with its times; the next price takes it away."""
    await world.bob.place_order(world.sell("60100", "1"))
    until = world.clock.now + 60_000
    command = PlaceDelayed(
        world.a, 0, codes.BUY, codes.LIMIT, codes.IOC, 60_100_000_000, 10**9, False, until, "x", -1
    )
    placed = await world.node.submit(command, principal=ALICE)
    assert placed.accepted
    (one,) = await world.alice.triggers(world.a)
    assert (one.kind, one.client_order_id, one.type, one.tif) == ("delayed", "x", "limit", "ioc")
    assert (one.earliest_ms, one.expires_ms) == (world.clock.now + 1, until)
    assert (one.direction, one.trigger_price, one.vault) == (None, None, None)
    assert (one.price, one.size) == ("60100", "1")
    with pytest.raises(errors.NotFound):
        await world.bob.triggers(world.a)
    await world.oracle("60050")
    assert await world.alice.triggers(world.a) == []
    (fill,) = await world.alice.fills(world.a)
    assert (fill.order, fill.price, fill.role) == (one.order, "60100", "taker")
