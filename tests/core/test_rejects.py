"""Every refusal of the vocabulary, with its two numbers; and which of several faults is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from plimsoll.messages import codes, commands, events
from plimsoll.messages.codes import BUY, SELL
from plimsoll.messages.params import GlobalParams
from tests.harness.scenario import KEEPER, OPERATOR, ORACLE, Scenario, market

LOT = 10**9
PRICE = 100_000_000
Case = tuple[commands.Command, int]
Numbers = tuple[int, int]

LIMITS = GlobalParams(open_orders_max=1, accounts_per_principal_max=2)
RESTING = 1  # alice's open order, the first of the exchange


def world() -> Scenario:
    """Alice rests a bid at 95 under the name taken; bob holds one against carol."""
    page = Scenario(limits=LIMITS)
    page.play("""
        alice  buy  1 @ 95 as=taken
        carol  sell 2 @ 100
        bob    buy  1 @ 100
    """)
    return page


def place(page: Scenario, name: str, **more: object) -> Case:
    """A buy of one at 96 but for what is named."""
    values = {"size": LOT, "price": 96_000_000, "side": BUY, **more}
    side, size, price = (int(str(values.pop(key))) for key in ("side", "size", "price"))
    return page.place(name, side, size, price, **values), page.owner(name)


def deposit(page: Scenario, **more: object) -> Case:
    """A deposit of bob's by the operator but for what is named."""
    values = {"account": page.accounts["bob"], "asset": 0, "amount": 5, "external_id": "new"}
    sender = int(str(more.pop("sender", OPERATOR)))
    return commands.Deposit(**{**values, **more}), sender  # type: ignore[arg-type]


CASES: dict[str, tuple[Callable[[Scenario], Case], Numbers]] = {
    "NOT_ALLOWED": (lambda p: (commands.SetMarketMode(0, 3), p.owner("alice")), (1, 64)),
    "UNKNOWN_PRINCIPAL": (lambda p: (commands.Tick(1), 99), (99, 6)),
    "NOT_OWNER": (
        lambda p: (p.place("alice", BUY, LOT, PRICE), p.owner("bob")),
        (4, 3),
    ),
    "BAD_FIELD": (lambda p: deposit(p, external_id=""), (0, 1)),
    "AMOUNT_RANGE": (lambda p: deposit(p, amount=2**62 - 1), (0, 2**62 - 1)),
    "BATCH_SIZE": (
        lambda p: (commands.Batch(True, [commands.CancelAll(4, -1)] * 50), p.owner("alice")),
        (50, 49),
    ),
    "BATCH_ITEM": (
        lambda p: (commands.Batch(True, [commands.Tick(1)]), p.owner("alice")),
        (61, 0),
    ),
    "PARAMS_INVALID": (
        lambda p: (commands.CreateMarket(market(symbol="Z", tick=0)), OPERATOR),
        (2, 0),
    ),
    "NAME_TAKEN": (lambda p: (commands.CreatePrincipal("bob", 1), OPERATOR), (4, 0)),
    "TOO_MANY": (lambda p: (commands.CreateAccount(3, -1, ""), p.owner("alice")), (2, 2)),
    "UNKNOWN_ACCOUNT": (lambda p: deposit(p, account=77), (77, 13)),
    "UNKNOWN_ASSET": (lambda p: deposit(p, asset=1), (1, 1)),
    "EXTERNAL_ID_USED": (lambda p: deposit(p, external_id="in1"), (6, 0)),
    "NOT_WITHDRAWABLE": (
        lambda p: (commands.Withdraw(p.accounts["bob"], 0, 990_000_001, "o"), p.owner("bob")),
        (990_000_001, 990_000_000),
    ),
    "INSUFFICIENT_BALANCE": (lambda p: (commands.FundVamm(1, 2), OPERATOR), (2, 0)),
    "ACCOUNT_KIND": (lambda p: deposit(p, account=codes.KEEPER_ACCOUNT), (3, 0)),
    "SAME_ACCOUNT": (lambda p: (commands.Transfer(5, 5, 0, 1), p.owner("bob")), (5, 5)),
    "UNKNOWN_MARKET": (lambda p: place(p, "bob", market=7), (7, 1)),
    "UNKNOWN_ORDER": (lambda p: (commands.CancelOrder(5, RESTING, ""), p.owner("bob")), (1, 0)),
    "PRICE_NOT_ON_TICK": (lambda p: place(p, "bob", price=96_000_001), (96_000_001, 100_000)),
    "SIZE_NOT_ON_STEP": (lambda p: place(p, "bob", size=LOT + 1), (LOT + 1, 1_000_000)),
    "NOTIONAL_TOO_SMALL": (lambda p: place(p, "bob", size=1_000_000), (96_000, 1_000_000)),
    "OPEN_ORDERS_LIMIT": (lambda p: place(p, "alice"), (1, 1)),
    "CLIENT_ORDER_ID_IN_USE": (
        lambda p: place(p, "alice", tif=codes.IOC, client_order_id="taken"),
        (RESTING, 0),
    ),
    "ALREADY_EXPIRED": (
        lambda p: place(p, "bob", expires_ms=p.now),
        (1_000_000, 1_000_000),
    ),
    "PRICE_BAND": (lambda p: place(p, "bob", price=110_100_000), (110_100_000, 110_000_000)),
    "POST_ONLY_CROSSES": (
        lambda p: place(p, "bob", price=101_000_000, post=codes.POST_REJECT),
        (101_000_000, 100_000_000),
    ),
    "FOK_NOT_FILLABLE": (
        lambda p: place(p, "alice", price=PRICE, size=3 * LOT, tif=codes.FOK),
        (LOT, 3 * LOT),
    ),
    "REDUCE_ONLY_NOTHING": (lambda p: place(p, "bob", reduce_only=True), (LOT, LOT)),
    "ORDER_COMBINATION": (lambda p: place(p, "bob", kind=codes.MARKET), (1, 0)),
    "AMEND_NOTHING": (
        lambda p: (commands.AmendOrder(4, RESTING, 95_000_000, LOT), p.owner("alice")),
        (95_000_000, LOT),
    ),
    "AMEND_BELOW_FILLED": (
        lambda p: (commands.AmendOrder(6, 2, PRICE, LOT), p.owner("carol")),
        (LOT, LOT),
    ),
    "INSUFFICIENT_MARGIN": (
        lambda p: place(p, "bob", size=200 * LOT),
        (1_000_000_000, 1_930_000_000),
    ),
    "OPEN_INTEREST": (lambda p: place(p, "alice", tif=codes.IOC, price=PRICE), (2 * LOT, LOT)),
    "MARKET_MODE": (lambda p: place(p, "bob"), (1, 0)),
    "ORACLE_INVALID": (lambda p: place(p, "bob"), (30_001, 30_000)),
    "VAMM_DISABLED": (lambda p: (commands.FundVamm(0, 1), OPERATOR), (0, 0)),
}
"""Reject -> the command that provokes it, and the numbers that come with it."""

POINTS: dict[str, tuple[tuple[int, int, int, int], Numbers]] = {
    "UNKNOWN_MARKET": ((9, PRICE, 0, 1), (9, 1)),
    "ORACLE_NOT_POSITIVE": ((0, 0, 0, 2_000_000), (0, 1)),
    "ORACLE_NOT_NEWER": ((0, PRICE, 0, 1_000_000), (1_000_000, 1_000_000)),
    "ORACLE_FROM_FUTURE": ((0, PRICE, 0, 1_005_001), (1_005_001, 1_005_000)),
    "ORACLE_TOO_UNCERTAIN": ((0, PRICE, 2_000_001, 1_000_001), (2_000_001, 2_000_000)),
    "ORACLE_TOO_VOLATILE": ((0, 500_000_001, 0, 1_000_001), (500_000_001, 500_000_000)),
}
"""Refusals of a price -> the point, and its numbers."""


def prepare(page: Scenario, name: str) -> None:
    """What has to happen first."""
    if name == "BATCH_SIZE":
        page.do(commands.SetGlobalParams(GlobalParams(batch_max=49)), OPERATOR)
    elif name == "TOO_MANY":
        page.do(commands.CreateAccount(3, -1, ""), page.owner("alice"))
    elif name == "INSUFFICIENT_BALANCE":
        page.do(commands.CreateMarket(market(symbol="Y", vamm_enabled=1)), OPERATOR)
    elif name == "MARKET_MODE":
        page.play("mode restricted")
    elif name == "ORACLE_INVALID":
        page.now += 30_001
    elif name == "OPEN_INTEREST":
        page.do(commands.SetMarketParams(0, market(open_interest_max=LOT)), OPERATOR)


@pytest.mark.parametrize("name", CASES)
def test_every_refusal_with_its_numbers(name: str) -> None:
    """ORDER-002 and the rules of every command: code, value and limit; nothing changes."""
    page = world()
    prepare(page, name)
    make, numbers = CASES[name]
    command, sender = make(page)
    page.seq += 1
    before = page.hash()
    accepted = page.engine.apply(command, page.seq, page.now, sender)
    (event,) = page.engine.drain()
    assert not accepted
    assert isinstance(event, events.Rejected)
    item = 0 if name == "BATCH_ITEM" else -1
    found = (codes.REJECTS[event.code][0], (event.value, event.limit), event.item)
    assert found == (name, numbers, item)
    assert page.hash() == before


@pytest.mark.parametrize("name", POINTS)
def test_every_refusal_of_a_price_with_its_numbers(name: str) -> None:
    """ORACLE-001, ORACLE-002: the point is refused, the command accepted, nothing changes."""
    page = world()
    before = page.hash()
    point, numbers = POINTS[name]
    (event,) = page.do(commands.OraclePrices([commands.PricePoint(*point)]), ORACLE)
    assert isinstance(event, events.OracleRefused)
    assert (codes.REJECTS[event.code][0], (event.value, event.limit)) == (name, numbers)
    assert page.hash() == before


def test_the_tables_are_complete() -> None:
    """Whoever adds a refusal adds the command that provokes it, here or with its mechanism."""
    names = {name for name, _, _ in codes.REJECTS.values()}
    assert set(CASES) | set(POINTS) | set(ELSEWHERE) | set(NOT_YET) | set(AT_THE_DOOR) == names
    assert set(NOT_YET).isdisjoint({*CASES, *POINTS, *ELSEWHERE})
    for name, module in ELSEWHERE.items():
        assert name in Path(__file__).with_name(f"test_{module}.py").read_text("utf-8"), name
    for name, module in AT_THE_DOOR.items():
        assert name in Path(__file__).parents[1].joinpath(module).read_text("utf-8"), name


AT_THE_DOOR = {"BAD_SIGNATURE": "client/test_signed.py"}
"""Refusals that no command which reaches the core can meet: the test that provokes each."""

ELSEWHERE = {
    "AUCTIONS_FULL": "auction_bounds",
    "AUCTION_NOTHING": "auctions",
    "AUCTION_OFFERS_FULL": "auctions",
    "AUCTION_OWN": "auctions",
    "AUCTION_PRICE_NOT_MET": "auctions",
    "AUCTION_RUNNING": "auctions",
    "UNKNOWN_AUCTION": "auctions",
    "IN_LIQUIDATION": "liquidation_auction",
    "FUNDING_BLOCKED": "funding_flow",
    "FUNDING_NOT_DUE": "funding_flow",
    "FUNDING_OFF": "funding_flow",
    "NOTHING_TO_DO": "funding_flow",
    "INSUFFICIENT_POOL": "market_repeg",
    "REPEG_DIRECTION": "market_repeg",
    "REPEG_PROFITABILITY": "market_repeg",
    "REPEG_REDUNDANT": "market_repeg",
    "VAMM_EQUITY": "market_repeg",
    "KEEPER_FEE_TOO_LARGE": "escrow",
    "ORDER_NOT_EXPIRED": "escrow",
    "LIMIT_NOT_REACHED": "match_limit",
    "LIQUIDATION_OFF": "liquidate",
    "LIQUIDATION_WAIT": "liquidate",
    "PRICE_BANDS_BREACHED": "liquidate",
    "SUFFICIENT_COLLATERAL": "liquidate",
    "TRIGGER_IMMEDIATE": "triggers",
    "TRIGGER_NOT_REACHED": "triggers",
    "UNKNOWN_SIGNER": "signed_orders",
    "SIGNERS_FULL": "signed_orders",
    "SIGNED_VALIDITY": "signed_orders",
    "SIGNED_TERMS": "signed_orders",
    "SIGNED_DONE": "signed_orders",
    "SIGNED_FOK": "signed_orders",
    "SIGNED_OVERFILL": "signed_orders",
    "SIGNED_MIN_FILL": "signed_orders",
    "SIGNED_FUND": "signed_orders",
    "RELAY_FEE_TOO_LARGE": "signed_orders",
    "SIGNED_CANCELLED": "signed_life",
    "SIGNED_MARKETS": "signed_match",
    "SIGNED_SIDES": "signed_match",
    "SIGNED_SELF": "signed_match",
    "SIGNED_PRICE": "signed_match",
    "DELAYED_EARLY": "delayed",
    "BASE_ASSET": "vault_setup",
    "SPOT_PATH": "vault_setup",
    "SPOT_POOL_EXISTS": "vault_setup",
    "UNKNOWN_POOL": "vault_setup",
    "UNKNOWN_VAULT": "vault_setup",
    "VAULT_EXISTS": "vault_setup",
    "VAULT_KIND": "vault_setup",
    "INSUFFICIENT_SHARES": "shares",
    "SHARES_LIMIT": "shares",
    "SHARES_TOO_FEW": "shares",
    "VALUE_TOO_SMALL": "shares",
    "VAULT_SHUT": "shares",
    "SPOT_AMOUNT_ZERO": "spot",
    "SPOT_LIQUIDITY": "spot",
    "RATE_LIMITED": "breaker_outflow",
    "EXCHANGE_MODE": "breaker_orders",
    "UNKNOWN_HELD": "breaker_held",
    "HELD_WAITS": "breaker_held",
    "BREAKER_WAITS": "breaker_modes",
    "VAULT_UTILISATION": "breaker_vaults",
    "HEDGE_QUOTA": "breaker_losses",
    "NEEDS_PROPOSAL": "proposals_needed",
    "UNKNOWN_PROPOSAL": "proposals",
    "PROPOSAL_EARLY": "proposals",
    "PROPOSAL_EXPIRED": "proposals",
    "PROPOSAL_OWN": "proposals",
    "PROPOSAL_STALE": "proposals",
    "PROPOSALS_FULL": "proposals",
}
"""Refusals of the mechanisms: the module of tests beside this one that provokes each."""

NOT_YET = {
    "VAULT_MODE": "no vault takes deposits or fills yet",
    "NOT_WHITELISTED": "no vault takes deposits or fills yet",
    "UNLOCKS_FULL": "no vault pays out yet",
    "UNLOCK_NOT_DUE": "no vault pays out yet",
    "VAULT_CAP": "no vault takes deposits yet",
    "VAULT_MARGIN": "no vault pays out yet",
    "MIN_MARGIN_RATIO": "no hedged vault fills orders yet",
    "VAULT_ASSETS": "no hedged vault pays out yet",
    "VAULT_CAPACITY": "no hedged vault fills orders yet",
    "HEDGE_SLIPPAGE": "no hedged vault fills orders yet",
    "SPOT_SLIPPAGE": "nobody swaps in pools yet",
    "UNKNOWN_FIRM_QUOTE": "nobody posts firm quotes yet",
    "FIRM_QUOTES_FULL": "nobody posts firm quotes yet",
}
"""Refusals that only handlers of vaults and spot will raise; a line goes when its handler comes."""

# Precedence: each fault is added to the ones below it, and hides them -----------------------------

FAULTS: list[tuple[str, dict[str, object]]] = [
    ("UNKNOWN_ACCOUNT", {"account": 999}),
    ("NOT_OWNER", {"account": 6}),
    ("ACCOUNT_KIND", {"account": 1}),
    ("UNKNOWN_MARKET", {"market": 7}),
    ("ORDER_COMBINATION", {"post": codes.POST_REJECT, "tif": codes.IOC}),
    ("ALREADY_EXPIRED", {"expires_ms": 1}),
    ("PRICE_NOT_ON_TICK", {"price": 200_000_001}),
    ("SIZE_NOT_ON_STEP", {"size": 1_000_001}),
    ("NOTIONAL_TOO_SMALL", {"size": 1_000_000}),
    ("OPEN_ORDERS_LIMIT", {}),
    ("CLIENT_ORDER_ID_IN_USE", {"client_order_id": "taken"}),
    ("MARKET_MODE", {}),
    ("REDUCE_ONLY_NOTHING", {"reduce_only": True}),
    ("ORACLE_INVALID", {}),
    ("PRICE_BAND", {"price": 200_000_000}),
    ("POST_ONLY_CROSSES", {"post": codes.POST_REJECT, "price": 105_000_000}),
    ("INSUFFICIENT_MARGIN", {"size": 1_000 * LOT}),
    ("OPEN_INTEREST", {}),
]
"""Faults of an order in the documented order of precedence, and what makes each."""


def faulty(first: int) -> tuple[Scenario, dict[str, object]]:
    """A world and an order with every fault from this one on, the higher ones hiding the lower."""
    page = Scenario(limits=GlobalParams(open_orders_max=1), open_interest_max=1_000_000)
    page.play("""
        bob    sell 0.1 @ 100
    """)
    names = [name for name, _ in FAULTS[first:]]
    fields: dict[str, object] = {"account": 4, "size": 10 * LOT, "price": PRICE}
    for name, change in reversed(FAULTS[first:]):
        if name == "REDUCE_ONLY_NOTHING" and FAULTS[first][0] != name:
            continue  # a reduce-only order cannot have the faults of one that adds risk
        if name == "POST_ONLY_CROSSES" and "PRICE_BAND" in names:
            continue
        fields.update(change)
    if "OPEN_ORDERS_LIMIT" in names or "CLIENT_ORDER_ID_IN_USE" in names:
        page.do(page.place("alice", BUY, LOT, 90_000_000, client_order_id="taken"), 3)
        if "OPEN_ORDERS_LIMIT" not in names:
            page.do(commands.SetGlobalParams(GlobalParams()), OPERATOR)
    if "MARKET_MODE" in names:
        page.play("mode halted")
    if "ORACLE_INVALID" in names:
        page.now += 60_000
    return page, fields


@pytest.mark.parametrize("first", range(len(FAULTS)), ids=[name for name, _ in FAULTS])
def test_the_first_fault_is_told(first: int) -> None:
    """ORDER-002, MSG-005: of several faults the documented first one."""
    page, fields = faulty(first)
    side = SELL if FAULTS[first][0] == "REDUCE_ONLY_NOTHING" else BUY
    size, price = int(str(fields.pop("size"))), int(str(fields.pop("price")))
    command = page.place("alice", side, size, price, **fields)
    sender = 0 if FAULTS[first][0] == "ACCOUNT_KIND" else page.owner("alice")
    if sender == 0:
        page.state.principals[0].roles |= codes.ROLE_TRADER
    code, _, _, _ = page.refuse(command, sender)
    assert codes.REJECTS[code][0] == FAULTS[first][0]


def test_sender_and_role_come_before_everything() -> None:
    """ORDER-002, AUTH-001: an unknown sender, then one without the role, then the command."""
    page = world()
    command = commands.PlaceOrder(999, 9, 0, 1, 0, 1, 1, 0, False, 0, "")
    assert page.refuse(command, 99)[0] == codes.UNKNOWN_PRINCIPAL
    assert page.refuse(command, ORACLE)[0] == codes.NOT_ALLOWED
    assert page.refuse(command, OPERATOR)[0] == codes.NOT_ALLOWED
    assert page.refuse(command, KEEPER)[0] == codes.UNKNOWN_ACCOUNT


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"kind": codes.MARKET, "tif": codes.GTC}, 1),
        ({"kind": codes.LIMIT, "price": 0}, 2),
        ({"post": codes.POST_SLIDE, "tif": codes.FOK}, 3),
        ({"post": codes.POST_REJECT, "kind": codes.MARKET, "tif": codes.IOC}, 3),
        ({"expires_ms": 2_000_000, "tif": codes.IOC}, 4),
    ],
)
def test_fields_that_contradict_each_other(fields: dict[str, object], rule: int) -> None:
    """ORDER-003: by number of the rule; the codec lets these pass, the core does not."""
    page = world()
    command, sender = place(page, "bob", **fields)
    assert page.refuse(command, sender) == (codes.ORDER_COMBINATION, rule, 0, -1)
