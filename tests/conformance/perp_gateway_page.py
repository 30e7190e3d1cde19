"""The order gateways of ``perp-v3.json``: steps as commands to the whole engine.

Upstream's first gateway is our delayed orders, its second one signed orders. Its funds are accounts
and its margins sub-accounts of them; a maker that quotes one price is somebody whose order rests at
it, for just what is taken. A signature is not made here: the door looks at it, and the core at
who may sign.
"""

from __future__ import annotations

from typing import Any

from plimsoll.core.rows import Position
from plimsoll.messages import codec, codes, commands, events
from plimsoll.messages.codes import BUY, SELL
from plimsoll.messages.fields import FieldError
from plimsoll.messages.gateway import SignedOrder
from plimsoll.messages.params import GlobalParams
from tests.conformance.cases import Case
from tests.conformance.desk import SIDE
from tests.conformance.perp_page import Played
from tests.conformance.scaling import (
    as_money,
    as_size,
    is_fine,
    magnitude,
    money,
    raw_money,
    raw_size,
    seconds,
    side_of,
    size,
    whole,
)
from tests.harness.scenario import KEEPER, OPERATOR, Scenario, market

RATIOS = {"initial_margin_ratio": "imr", "maintenance_margin_ratio": "mmr"}
TIMES = {"order_delay_s": "delayed_ms", "max_order_valid_s": "delayed_validity_max_ms"}
WIDE = money("0.9")
HOUR = seconds("3600")
"""How old a price may be: makers quote before the next one comes."""
LEAST = "0.000001"
"""The lowest price there is: what is below it upstream is as far from every band."""
ONE = "0.000000000000000001"
"""A unit of the reference's amounts; cases in units are played in whole coins."""
RELAYER = "order_gateway_v2"
ERRORS = {
    codes.ALREADY_EXPIRED: "OrderHasExpired",
    codes.SIGNED_CANCELLED: "OrderWasCanceled",
    codes.SIGNED_FOK: "UnableToFillFok",
    codes.SIGNED_OVERFILL: "ExceedOrderAmount",
    codes.SIGNED_SIDES: "OrderSideMismatched",
    codes.SIGNED_MARKETS: "OrderMarketMismatched",
    codes.UNKNOWN_SIGNER: "OrderSignatureOwnerError",
    codes.REDUCE_ONLY_NOTHING: "ReduceOnlySideMismatch",
    codes.INSUFFICIENT_MARGIN: "NotEnoughFreeCollateral",
    codes.BAD_FIELD: "OrderAmountZero",
    codes.UNKNOWN_ORDER: "OrderNotExisted",
    codes.UNKNOWN_VAULT: "InvalidMaker",
}
PURGES = {codes.FOK_NOT_FILLABLE: "InsufficientOutputAmount"}


class GatewayPage(Played):
    """One market; time passes by steps of its own only."""

    pause = 0

    def __init__(self, case: Case) -> None:
        given = case.given
        config = given["config"]
        rules: dict[str, Any] = {ours: money(config[theirs]) for theirs, ours in RATIOS.items()}
        rules.update(
            {ours: seconds(config[name]) for name, ours in TIMES.items() if name in config}
        )
        limits = GlobalParams(relay_fee_max=money(config.get("max_relay_fee", "0")))
        self.page = Scenario(
            market(price_band=WIDE, market_slippage=WIDE, oracle_jump_max=money("1000"),
                   min_notional=0, oracle_max_age_ms=HOUR, **rules), traders="", limits=limits,
        )  # fmt: skip
        self.state = self.page.state
        self.state.markets[0].params.tick = 1
        self.state.markets[0].params.step = 1
        self.page.now = seconds(given["time_s"])
        self.page.oracle(given["oracle_price"])
        self.in_units = any(is_fine(step.get("amount", "")) for step in case.when["steps"])
        self.quote = {name: made.get("quote_price") for name, made in given["makers"].items()}
        self.funds: dict[str, int] = {}
        self.hashes: dict[str, tuple[str, str]] = {}
        self.orders: list[int] = []
        self.executed: list[events.Event] = []
        self.placed: dict[int, events.DelayedPlaced] = {}
        self.results: list[dict[str, Any]] = []
        self.told: list[dict[str, str]] = []
        for name, amount in given.get("margin", {}).items():
            self.bring(self.trader(name), amount)
        for name, amount in given.get("fund", {}).items():
            self.bring(self.fund(name), amount)

    # Who and how much -----------------------------------------------------------------------------

    def fund(self, name: str) -> int:
        """The account of a name, made when it is first used, for which its key may sign."""
        if name not in self.funds:
            self.page.do(commands.CreatePrincipal(name, codes.ROLE_TRADER | codes.ROLE_RELAYER), 0)
            owner = self.last_principal()
            self.funds[name] = self.open(owner, -1, name)
            self.page.accounts[name] = self.open(owner, self.funds[name], f"{name}-margin")
            for account in (self.funds[name], self.page.accounts[name]):
                self.page.do(commands.SetSigner(account, self.key(name), True), owner)
        return self.funds[name]

    def last_principal(self) -> int:
        """Whoever was registered last."""
        (event,) = self.page.found
        assert isinstance(event, events.PrincipalCreated)
        return event.principal

    def open(self, owner: int, parent: int, label: str) -> int:
        """An account of somebody."""
        (event,) = self.page.do(commands.CreateAccount(owner, parent, label), owner)
        assert isinstance(event, events.AccountCreated)
        return event.account

    def trader(self, name: str) -> int:
        """The sub-account that has a name's margin and position."""
        self.fund(name)
        return self.page.accounts[name]

    def key(self, name: str) -> str:
        """A key that is as good as any other here."""
        return f"ed25519:{name.encode().hex():0<64.64}"

    def bring(self, account: int, amount: str) -> None:
        """Collateral from outside."""
        raw = money(amount)
        if raw:
            reference = f"brought{self.page.seq}"
            self.page.do(commands.Deposit(account, 0, raw, reference), OPERATOR)

    def size(self, text: str) -> int:
        """Base: in units of the reference if the case is."""
        return raw_size(text) if self.in_units else size(text)

    def price(self, text: str) -> int:
        """A price that is one here."""
        return money(LEAST if text == ONE else text)

    def rest(self, maker: str, side: int, amount: int) -> None:
        """Somebody's order rests at the price he quotes, for just that much."""
        self.trader(maker)
        price = self.price(self.quote[maker])
        other = SELL if side == BUY else BUY
        self.page.do(self.page.place(maker, other, amount, price), self.page.owner(maker))

    def send(self, command: commands.Command, name: str) -> dict[str, Any]:
        """A command of somebody; how it was refused, if it was."""
        self.fund(name)
        try:
            codec.decode_command(codec.encode_command(command))
        except FieldError:
            return {"error": {"name": ERRORS[codes.BAD_FIELD]}}
        if self.page.apply(command, self.page.owner(name)):
            return {}
        (event,) = self.page.found
        assert isinstance(event, events.Rejected)
        return {"error": {"name": ERRORS.get(event.code, codes.REJECTS[event.code][0])}}

    # Steps ----------------------------------------------------------------------------------------

    def advance_time(self, step: dict[str, Any]) -> dict[str, Any]:
        """Time passes."""
        self.page.now += seconds(step["seconds"])
        return {}

    def set_oracle(self, step: dict[str, Any]) -> dict[str, Any]:
        """A new price. It executes the delayed orders that waited for it: makers stand ready."""
        for order in self.orders:
            if order in self.state.board.triggers:
                for maker in self.quote:
                    self.rest(maker, self.placed[order].side, self.placed[order].size)
        self.page.oracle(step["price"])
        self.executed = self.page.found
        return {}

    def set_stub_price(self, step: dict[str, Any]) -> dict[str, Any]:
        """What a maker quotes from now on."""
        self.quote[step["maker"]] = step["price"]
        return {}

    def deposit_to_margin(self, step: dict[str, Any]) -> dict[str, Any]:
        """More margin."""
        self.bring(self.trader(step["trader"]), step["amount"])
        return {}

    def open_position(self, step: dict[str, Any]) -> dict[str, Any]:
        """A trade with a maker who quotes."""
        side = SIDE[step["direction"]]
        amount = self.size(step["amount"])
        self.trader(step["taker"])
        self.rest(step["maker"], side, amount)
        order = self.page.place(step["taker"], side, amount, self.price(self.quote[step["maker"]]),
                                tif=codes.IOC)  # fmt: skip
        return self.send(order, step["taker"])

    def close_position(self, step: dict[str, Any]) -> dict[str, Any]:
        """A trade of all of a position; none is nothing to do."""
        held = self.position(step["taker"]).base
        if held == 0:
            return {}
        side = SELL if side_of(held) == BUY else BUY
        self.rest(step["maker"], side, magnitude(held))
        price = self.price(self.quote[step["maker"]])
        order = self.page.place(step["taker"], side, magnitude(held), price, tif=codes.IOC)
        return self.send(order, step["taker"])

    # Delayed orders -------------------------------------------------------------------------------

    def gateway_create_order(self, step: dict[str, Any]) -> dict[str, Any]:
        """A delayed order. Its bound is its limit if it is for one coin; else it has none."""
        account = self.trader(step["sender"])
        closing = step["kind"] == "close"
        held = self.position(step["sender"]).base
        side = SELL if closing and side_of(held) == BUY else BUY
        amount = magnitude(held) if closing else self.size(step["amount"])
        if not closing:
            side = SIDE[step["direction"]]
        limit = self.limit(step) if not closing and step["amount"] == ONE else 0
        kind = codes.LIMIT if limit else codes.MARKET
        maker = -1 if step["maker"] in self.quote else self.trader(step["maker"])
        command = commands.PlaceDelayed(
            account, 0, side, kind, codes.FOK, limit, amount, closing,
            seconds(step["deadline_s"]), "", maker,
        )  # fmt: skip
        refused = self.send(command, step["sender"])
        if refused:
            if refused["error"]["name"] == ERRORS[codes.UNKNOWN_VAULT]:
                refused["error"]["args"] = {"maker": step["maker"]}
            return refused
        (event,) = [one for one in self.page.found if isinstance(one, events.DelayedPlaced)]
        self.placed[event.order] = event
        self.orders.append(event.order)
        return {"order_id": self.number(event.order)}

    def limit(self, step: dict[str, Any]) -> int:
        """The worst price of one coin."""
        return raw_money(step["bound"])

    def number(self, order: int) -> str:
        """The number an order has upstream: by age, from 0."""
        return str(self.orders.index(order))

    def gateway_execute_order(self, step: dict[str, Any]) -> dict[str, Any]:
        """A keeper executes an order: what the price did with it already."""
        order = self.orders[whole(step["order_id"])]
        placed = self.placed[order]
        names = {account: name for name, account in self.page.accounts.items()}
        code, *_ = self.page.refuse(commands.ExecuteDelayed(order, -1), KEEPER)
        assert code == codes.UNKNOWN_ORDER, code
        reason = self.purged(self.executed)
        if reason is None:
            return {"outcome": "executed"}
        self.told.append(
            {"event": "OrderPurged", "order_id": step["order_id"], "sender": names[placed.account],
             "keeper": step["keeper"]}
        )  # fmt: skip
        return {"outcome": "purged", "reason": {"name": reason}}

    def purged(self, found: list[events.Event]) -> str | None:
        """Why an order was done without a fill, by its name upstream; None if it was not."""
        for event in found:
            if isinstance(event, events.DelayedRefused):
                return PURGES.get(event.code, codes.REJECTS[event.code][0])
            if isinstance(event, events.OrderRemoved) and event.reason == codes.DONE_EXPIRED:
                return "DeadlineExceeded"
        return None

    def gateway_cancel_order(self, step: dict[str, Any]) -> dict[str, Any]:
        """An order is taken back; one that was never placed has no number here either."""
        account = self.trader(step["sender"])
        at = whole(step["order_id"])
        order = self.orders[at] if at < len(self.orders) else codes.UNKNOWN_ORDER
        refused = self.send(commands.CancelOrder(account, order, ""), step["sender"])
        if refused:
            refused["error"]["args"] = {"order_id": step["order_id"]}
        return refused

    # Signed orders --------------------------------------------------------------------------------

    def signed(self, given: dict[str, Any]) -> SignedOrder:
        """The order; its hash is its owner and number."""
        name = given["owner"]
        fund = self.fund(name)
        amount = size(given["amount"])
        order_hash = f"{name}/{given['id']}"
        self.hashes[order_hash] = (name, given["id"])
        return SignedOrder(
            self.page.accounts[name], whole(given["market"]), side_of(amount),
            given["trade_type"] == "fok", self.price(given["price"]), magnitude(amount), 0,
            given["action"] == "reduce_only", seconds(given["expiry_s"]), given["id"],
            money(given["relay_fee"]), fund, money(given["margin"]), -1,
            self.key(given.get("signed_by", name)), order_hash, "",
        )  # fmt: skip

    def settle_order(self, step: dict[str, Any]) -> dict[str, Any]:
        """A relayer settles an order against a maker who quotes, or against another order."""
        taker = self.signed(step["taker_order"])
        amount = size(step["fill_amount"])
        relayer = self.fund(RELAYER)
        if "maker_order" in step:
            maker = self.signed(step["maker_order"])
            command: commands.Command = commands.MatchSigned(taker, maker, amount, relayer)
        else:
            self.rest(step["maker"], taker.side, amount)
            command = commands.SettleSigned(taker, amount, relayer)
        refused = self.send(command, RELAYER)
        if refused:
            return refused
        (fill,) = [one for one in self.page.found if isinstance(one, events.Filled)]
        settled = [one for one in self.page.found if isinstance(one, events.SignedSettled)]
        # Upstream reports the maker first.
        for one in sorted(settled, key=lambda event: event.order_hash == taker.order_hash):
            owner, ident = self.hashes[one.order_hash]
            self.told.append(
                {"event": "OrderFilled", "owner": owner, "order_id": ident,
                 "fill_amount": as_size(one.size), "fill_price": as_money(fill.price),
                 "maker": step["maker"]}
            )  # fmt: skip
        return {}

    def cancel_signed_order(self, step: dict[str, Any]) -> dict[str, Any]:
        """Its owner cancels an order."""
        return self.send(commands.CancelSigned(self.signed(step["order"])), step["sender"])

    # Looking --------------------------------------------------------------------------------------

    def position(self, name: str) -> Position:
        """A position, flat if there is none."""
        return self.page.position(name)
