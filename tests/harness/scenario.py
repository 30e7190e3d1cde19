"""A small exchange that tests script as a ledger page: who did what, and what came of it.

    alice  sell 1 @ 101 as=a1
    bob    buy  2 @ 101 ioc          -> 1 @ 101 alice
    bob    has  base 1, cash 899
    bob    buy  1 @ 200              -> PRICE_BAND 200000000 110000000
    book   has  bids -, asks 102:1

Sizes, prices and money are decimal; the two numbers of a refusal are raw integers, as in the
event. After every line the full sweep of invariants runs; a refused line must leave the hash of
the state as it was. ``oracle 100``, ``clock +30s``, ``mode halted`` and ``tick 10`` speak for the
house; a word at the end (``eth``) names another market than the first.
"""

from __future__ import annotations

import re
from typing import Any

from plimsoll.core import invariants, margin
from plimsoll.core.engine import Engine, genesis
from plimsoll.core.rows import Account, Market, Order, Position
from plimsoll.decimal_text import format_decimal as shown
from plimsoll.decimal_text import parse_decimal
from plimsoll.messages import codec, codes, commands, events
from plimsoll.messages.params import GlobalParams, MarketParams
from tests.harness import plain

OPERATOR, ORACLE, KEEPER = 0, 1, 2
START_MS = 1_000_000
NAMES = {name: code for code, (name, _, _) in codes.REJECTS.items()}
PRICE: dict[str, Any] = {
    "symbol": "X-USD", "tick": 100_000, "step": 1_000_000, "imr": 100_000, "mmr": 50_000,
    "min_notional": 1_000_000, "taker_fee": 0, "maker_rebate": 0, "vamm_enabled": 0,
    "open_interest_max": 10**15, "vamm_sqrt_k": 10_000 * 10**9, "oracle_reset_ms": 86_400_000,
}  # fmt: skip
FIELDS = {"base": 9, "cash": 6, "entry": 6, "margin": 6, "equity": 6, "free": 6, "reserved": 6,
          "withdrawable": 6, "orders": 0}  # fmt: skip


def scaled(text: str, digits: int) -> int:
    """Decimal text as an integer with so many decimals; underscores may group."""
    return parse_decimal(text.replace("_", ""), digits, allow_negative=True)


def market(price: str = "100", **overrides: Any) -> MarketParams:
    """A market without fees and vAMM around a price; what differs is named."""
    return plain.market_params("X-USD", scaled(price, 6), {**PRICE, **overrides})


class Scenario:
    """Three traders with 1,000 each and one market at 100, unless told otherwise."""

    def __init__(
        self,
        *markets: MarketParams,
        traders: str = "alice bob carol",
        cash: str = "1000",
        price: str = "100",
        limits: GlobalParams | None = None,
        **overrides: Any,
    ) -> None:
        self.engine = Engine(genesis())
        self.state = self.engine.state
        self.now = START_MS
        self.published = 0
        self.seq = 0
        self.found: list[events.Event] = []
        self.accounts: dict[str, int] = {}
        self.order_ids: dict[str, int] = {}
        self.external = 0
        self.do(commands.SetGlobalParams(limits or GlobalParams()), OPERATOR)
        self.do(commands.CreatePrincipal("oracle", codes.ROLE_ORACLE), OPERATOR)
        self.do(commands.CreatePrincipal("keeper", codes.ROLE_KEEPER), OPERATOR)
        for name in traders.split():
            self.trader(name, cash)
        for params in markets or (market(price, **overrides),):
            self.open(params)
        for ident in range(len(self.state.markets)):
            if not markets:
                self.oracle(price, ident)

    # Commands -----------------------------------------------------------------------------

    def apply(self, command: commands.Command, principal: int) -> bool:
        """Apply one command through the codec; a refusal must leave the state's hash."""
        checked = codec.decode_command(codec.encode_command(command))
        before = self.hash()
        self.seq += 1
        accepted = self.engine.apply(checked, self.seq, self.now, principal)
        self.found = self.engine.drain()
        invariants.check_full(self.state)
        if not accepted:
            assert self.hash() == before, "a refused command changed the state"
        return accepted

    def do(self, command: commands.Command, principal: int) -> list[events.Event]:
        """Apply a command that must be accepted; its events."""
        assert self.apply(command, principal), [event.row() for event in self.found]
        return self.found

    def refuse(self, command: commands.Command, principal: int) -> tuple[int, int, int, int]:
        """Apply a command that must be refused; code, value, limit and item."""
        assert not self.apply(command, principal), "accepted"
        (event,) = self.found
        assert isinstance(event, events.Rejected)
        return event.code, event.value, event.limit, event.item

    def hash(self) -> str:
        """Hash of the canonical dump."""
        return codec.state_hash(self.state.dump())

    def trader(self, name: str, cash: str = "0") -> int:
        """A principal with one account and money; the account."""
        self.do(commands.CreatePrincipal(name, codes.ROLE_TRADER), OPERATOR)
        owner = len(self.state.principals) - 1
        self.do(commands.CreateAccount(owner, -1, name), owner)
        self.accounts[name] = len(self.state.accounts) - 1
        if scaled(cash, 6):
            self.deposit(name, cash)
        return self.accounts[name]

    def deposit(self, name: str, amount: str) -> None:
        """Money from outside, brought in by the operator."""
        self.external += 1
        account = codes.TREASURY_ACCOUNT if name == "treasury" else self.accounts[name]
        command = commands.Deposit(account, 0, scaled(amount, 6), f"in{self.external}")
        self.do(command, OPERATOR)

    def open(self, params: MarketParams, capital: str = "1000000") -> Market:
        """A market, its vAMM (if enabled) with capital."""
        self.do(commands.CreateMarket(params), OPERATOR)
        made = self.state.markets[-1]
        if params.vamm_enabled:
            self.deposit("treasury", capital)
            self.do(commands.FundVamm(made.ident, scaled(capital, 6)), OPERATOR)
        return made

    def oracle(self, price: str, ident: int = 0) -> None:
        """A price published now."""
        self.published = max(self.published + 1, self.now)
        point = commands.PricePoint(ident, scaled(price, 6), 0, self.published)
        event = self.do(commands.OraclePrices([point]), ORACLE)[0]
        assert isinstance(event, events.OracleAccepted), event.row()

    def place(self, name: str, side: int, size: int, price: int, **more: Any) -> commands.Command:
        """A limit order in raw units, not yet applied; ``more`` as in ``PlaceOrder``."""
        values: dict[str, Any] = {
            "account": self.accounts[name], "market": 0, "side": side, "kind": codes.LIMIT,
            "tif": codes.GTC, "price": price, "size": size, "post": codes.POST_NONE,
            "reduce_only": False, "expires_ms": 0, "client_order_id": "",
        }  # fmt: skip
        return commands.PlaceOrder(**{**values, **more})

    def owner(self, name: str) -> int:
        """The principal behind a trader's name."""
        return self.account(name).owner

    # Looking ------------------------------------------------------------------------------

    def account(self, name: str) -> Account:
        """A trader's account, or one of the house."""
        first = self.state.markets[0] if self.state.markets else None
        if first is not None and name in ("vamm", "adjustments", "insurance", "funding"):
            found: Account = getattr(first, name)
            return found
        house = {"treasury": codes.TREASURY_ACCOUNT, "keepers": codes.KEEPER_ACCOUNT,
                 "vault": codes.VAULT_ACCOUNT, "outside": codes.OUTSIDE_ACCOUNT}  # fmt: skip
        return self.state.accounts[house.get(name, self.accounts.get(name, -1))]

    def position(self, name: str, ident: int = 0) -> Position:
        """A position, flat if there is none."""
        return self.account(name).position(ident) or Position(self.state.log, 0, ident)

    def order(self, label: str) -> Order:
        """An open order by the name the page gave it."""
        return self.state.orders[self.order_ids[label]]

    def value(self, name: str, field: str, ident: int) -> int:
        """One number of an account, scaled."""
        account = self.account(name)
        state = self.state
        if field in ("base", "entry"):
            row = self.position(name, ident)
            return row.base if field == "base" else row.entry_cost
        if field == "orders":
            return len(account.orders)
        if field == "cash":
            return account.cash()
        if field == "margin":
            return margin.settled(self.state, account)
        ask = {"equity": margin.equity, "free": margin.free, "reserved": margin.reserved,
               "withdrawable": margin.withdrawable}  # fmt: skip
        return ask[field](state, account)

    def fills(self) -> list[str]:
        """The fills of the last command as the page writes them."""
        names = {ident: name for name, ident in self.accounts.items()}
        return [
            f"{shown(e.size, 9)} @ {shown(e.price, 6)} {names.get(e.maker, 'vamm')}"
            for e in self.found
            if isinstance(e, events.Filled)
        ]

    def book(self, ident: int = 0) -> str:
        """Both sides, best first, as the page writes them."""
        sides = self.state.books[ident]
        shows = []
        for word, ladder in (("bids", sides.bids), ("asks", sides.asks)):
            levels = [f"{shown(v.price, 6)}:{shown(v.total, 9)}" for v in reversed(ladder.levels)]
            shows.append(f"{word} {' '.join(levels) or '-'}")
        return ", ".join(shows)

    # The page -----------------------------------------------------------------------------

    def play(self, page: str) -> Scenario:
        """Run a page line by line; a line that ends with a comma goes on in the next."""
        for line in re.sub(r",\n\s*", ", ", page).splitlines():
            text = line.partition("#")[0].strip()
            if not text:
                continue
            action, arrow, outcome = text.partition("->")
            words = action.split()
            ident = 0
            if words[-1] == "eth":
                ident = 1
                words.pop()
            try:
                self.line(words, ident, outcome.strip() if arrow else None)
            except AssertionError as failure:
                raise AssertionError(f"{text}\n{failure}") from None
        return self

    def line(self, words: list[str], ident: int, outcome: str | None) -> None:
        """One line: a question, the house at work, or a trader's command."""
        who, *rest = words
        if who == "book":
            wanted = " ".join(rest[1:])
            assert self.book(ident) == wanted, self.book(ident)
        elif rest and rest[0] == "has":
            self.check(who, " ".join(rest[1:]), ident)
        elif who == "oracle":
            self.oracle(rest[0], ident)
        elif who == "clock":
            number, unit = re.findall(r"^\+(\d+)(ms|s|h)$", rest[0])[0]
            self.now += int(number) * {"ms": 1, "s": 1_000, "h": 3_600_000}[unit]
        elif who == "mode":
            self.do(commands.SetMarketMode(ident, codes.MODES.index(rest[0])), OPERATOR)
        elif who == "tick":
            self.do(commands.Tick(int(rest[0])), KEEPER)
        elif rest[0] == "deposit":
            self.deposit(who, rest[1])
        else:
            self.trade(who, self.command(who, rest, ident), outcome, rest)

    def check(self, who: str, wanted: str, ident: int) -> None:
        """``has base 1, cash 899``."""
        for part in wanted.split(","):
            field, text = part.split()
            digits = FIELDS[field]
            found = self.value(who, field, ident)
            expected = scaled(text, digits)
            assert found == expected, f"{who} has {field} {shown(found, digits)}"

    def trade(
        self, who: str, command: commands.Command, outcome: str | None, rest: list[str]
    ) -> None:
        """Apply a trader's command and compare what came of it."""
        principal = OPERATOR if who == "treasury" else self.owner(who)
        if outcome is not None and re.match(r"[A-Z]{2}", outcome):
            code, value, limit, _ = self.refuse(command, principal)
            name, *numbers = outcome.split()
            said = f"{codes.REJECTS[code][0]} {value} {limit}"
            assert code == NAMES[name], said
            assert [value, limit][: len(numbers)] == [int(n) for n in numbers], said
            return
        self.do(command, principal)
        for event in self.found:
            if isinstance(event, events.OrderAccepted):
                labels = [word[3:] for word in rest if word.startswith("as=")]
                self.order_ids.update(dict.fromkeys(labels, event.order))
        if outcome is not None:
            wanted = [] if outcome == "nothing" else [part.strip() for part in outcome.split(",")]
            assert self.fills() == wanted, self.fills()

    def command(self, who: str, rest: list[str], ident: int) -> commands.Command:
        """The command a line means."""
        verb = rest[0]
        account = codes.TREASURY_ACCOUNT if who == "treasury" else self.accounts[who]
        if verb == "withdraw":
            self.external += 1
            return commands.Withdraw(account, 0, scaled(rest[1], 6), f"out{self.external}")
        if verb == "pay":
            return commands.Transfer(account, self.accounts[rest[1]], 0, scaled(rest[2], 6))
        if verb == "cancel":
            return commands.CancelOrder(account, self.order_ids.get(rest[1], 999), "")
        if verb == "cancel-all":
            return commands.CancelAll(account, -1)
        if verb == "amend":
            size, price = scaled(rest[2], 9), scaled(rest[4], 6)
            return commands.AmendOrder(account, self.order_ids[rest[1]], price, size)
        return self.order_command(who, rest, ident)

    def order_command(self, who: str, rest: list[str], ident: int) -> commands.Command:
        """``buy 1 @ 100 ioc reduce until=+5s as=a1`` or ``buy 1 market<=101``."""
        side = codes.SIDES.index(rest[0])
        more: dict[str, Any] = {"market": ident}
        price = 0
        if rest[2].startswith("market"):
            more.update(kind=codes.MARKET, tif=codes.IOC)
            price = scaled(re.sub(r"market(<=|>=)?", "", rest[2]) or "0", 6)
        else:
            price = scaled(rest[3], 6)
        for word in rest[3:]:
            if word in codes.TIFS:
                more["tif"] = codes.TIFS.index(word)
            elif word in ("post", "slide"):
                more["post"] = codes.POST_REJECT if word == "post" else codes.POST_SLIDE
            elif word == "reduce":
                more["reduce_only"] = True
            elif word.startswith("until=+"):
                more["expires_ms"] = self.now + int(word[7:-2])
            elif word.startswith("as="):
                more["client_order_id"] = word[3:]
        return self.place(who, side, scaled(rest[1], 9), price, **more)
