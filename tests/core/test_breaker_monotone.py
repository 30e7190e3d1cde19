"""C3: a tighter mode accepts nothing that a looser one refuses, and refuses nothing that takes
risk away."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import Any, Final, NamedTuple

import pytest

from plimsoll.core.engine import Engine
from plimsoll.core.load import load
from plimsoll.messages import codes, commands, events, signed_form
from plimsoll.messages.codes import BUY, NORMAL, PAUSED, SELL, TRIPPED
from plimsoll.messages.gateway import SignedOrder
from tests.harness.outflow_page import limits
from tests.harness.scenario import KEEPER, OPERATOR, ORACLE, scaled
from tests.harness.signed_page import key_of
from tests.harness.vault_page import BASE, ETH, PASSIVE, QUOTE, VaultPage

OF_A_VAULT: Final = (
    commands.TradeVault, commands.DepositVault, commands.WithdrawVault, commands.ClaimUnlocks,
    commands.RehedgeVault,
)  # fmt: skip
MODES: Final = (NORMAL, TRIPPED, PAUSED)
TRADERS: Final = ("alice", "bob", "carol", "poor")


class Sent(NamedTuple):
    """A command, who sends it, and whether it takes risk away from him, and from a vault."""

    command: commands.Command
    principal: int
    eases: bool
    eases_vault: bool = True


class Stage(VaultPage):
    """Positions on both sides, in the vaults and in the book; orders, an auction, a trigger, a
    delayed order, firm quotes, unlocks that are due, withdrawals that are held; somebody to be
    liquidated."""

    def __init__(self) -> None:
        super().__init__(
            traders="lp alice bob carol poor", vamm_enabled=1, vamm_limits=1, auction=1,
            auction_min_notional=10_000_000, oracle_jump_max=10**9, liquidation=1,
            keeper_flat_fee=0,
            vault={"cooldown_ms": 1_000},
        )  # fmt: skip
        self.do(commands.SetBreakerParams(limits(principal_share=10_000)), OPERATOR)
        self.do(commands.CreatePrincipal("rita", codes.ROLE_RELAYER), OPERATOR)
        self.rita = len(self.state.principals) - 1
        for ident, amount in ((PASSIVE, "1000"), (BASE, "20"), (QUOTE, "3000")):
            self.join("lp", ident, amount)
        self.deal("alice", BASE, SELL, "4")
        self.deal("bob", QUOTE, BUY, "4")
        self.deal("poor", QUOTE, BUY, "9")
        self.play("""
            carol  sell 3 @ 104 as=ask
            alice  buy  1 @ 96  as=bid
            bob    buy  1 @ 104
        """)
        self.signers = {name: self.let_sign(name) for name in TRADERS}
        self.leave("lp", BASE, 10**12)
        out = commands.Withdraw(self.accounts["lp"], 0, 1_000 * 10**6, "paid")
        self.do(out, self.owner("lp"))
        self.held = self.hold("lp", 3_500)
        self.quote_id = self.post()
        self.trigger = self.wait_for("103")
        self.now += 2_000
        self.auction = self.put_up("carol")
        self.prices("104")
        self.drain("poor")
        self.deposit_eth("treasury", "10")
        self.deposit("treasury", "1000")
        self.delay()
        self.now += 1_000

    def let_sign(self, name: str) -> str:
        """A key of a trader's."""
        key = key_of(self.accounts[name])
        self.do(commands.SetSigner(self.accounts[name], key, True), self.owner(name))
        return key

    def sign(self, name: str, side: int, price: int, size: int, reduce_only: bool) -> SignedOrder:
        """A signed order."""
        order = SignedOrder(
            self.accounts[name], 0, side, False, price, size, 0, reduce_only, self.now + 10**6,
            f"{name}{side}", 0, -1, 0, -1, self.signers[name], "", "",
        )  # fmt: skip
        return signed_form.completed(order, "stage")

    def hold(self, name: str, dollars: int) -> int:
        """A withdrawal that is held for its owner's part; the claim."""
        out = commands.Withdraw(self.accounts[name], 0, dollars * 10**6, "held")
        found = self.do(out, self.owner(name))
        (event,) = [one for one in found if isinstance(one, events.WithdrawalHeld)]
        return event.claim

    def post(self) -> int:
        """A firm quote of alice's."""
        account = self.accounts["alice"]
        quote = commands.PostFirmQuote(account, ETH, BUY, 90 * 10**6, 10**9, self.now + 10**7)
        found = self.do(quote, self.owner("alice"))
        (event,) = [one for one in found if isinstance(one, events.FirmQuotePosted)]
        return event.firm_quote

    def wait_for(self, price: str) -> int:
        """A trigger of bob's that opens."""
        trigger = commands.PlaceTrigger(
            self.accounts["bob"], 0, BUY, codes.MARKET, codes.IOC, 0, 10**9, False,
            scaled(price, 6), codes.ABOVE, 0, "",
        )  # fmt: skip
        found = self.do(trigger, self.owner("bob"))
        (event,) = [one for one in found if isinstance(one, events.TriggerPlaced)]
        return event.order

    def delay(self) -> None:
        """A delayed order of bob's that opens, at the next prices."""
        self.do(self.delayed("bob", BUY, False), self.owner("bob"))

    def delayed(self, name: str, side: int, reduce_only: bool) -> commands.Command:
        """A delayed market order, not yet applied."""
        names = {name: 0 for name, _ in commands.PlaceDelayed.FIELDS}
        values: dict[str, Any] = {
            **names, "account": self.accounts[name], "market": 0, "side": side,
            "kind": codes.MARKET, "tif": codes.IOC, "price": 0, "size": 10**9,
            "reduce_only": reduce_only, "expires_ms": self.now + 60_000, "client_order_id": "",
            "maker": -1,
        }  # fmt: skip
        return commands.PlaceDelayed(**values)

    def drain(self, name: str) -> None:
        """Lose nearly all money, so that the position is to be liquidated."""
        account = self.account(name)
        left = 20 * 10**6 - self.value_of(name)
        account.usd.amount += left
        self.state.accounts[codes.OUTSIDE_ACCOUNT].usd.amount -= left

    def value_of(self, name: str) -> int:
        """What an account is worth."""
        return self.value(name, "equity", 0)

    def put_up(self, name: str) -> int:
        """A market order that opens, in an auction."""
        order = self.place(name, BUY, 2 * 10**9, 0, kind=codes.MARKET, tif=codes.IOC)
        found = self.do(order, self.owner(name))
        (event,) = [one for one in found if isinstance(one, events.AuctionStarted)]
        return event.auction

    # What is sent -------------------------------------------------------------------------------

    def closes(self, name: str, side: int, size: int) -> bool:
        """Whether an order of this size only reduces, whatever rests beside it."""
        row = self.position(name)
        resting = row.bid_size if side == BUY else row.ask_size
        return size + resting <= row.closable(side)

    def orders(self) -> Iterator[Sent]:
        """Orders of every kind."""
        sizes = (10**9, 4 * 10**9, 7 * 10**9)
        makers = (-1, self.vault(BASE).account.ident, self.vault(QUOTE).account.ident)
        for name, side, size, reduce_only in product(TRADERS, (BUY, SELL), sizes, (False, True)):
            by = self.owner(name)
            eases = reduce_only or self.closes(name, side, size)
            for tif in (codes.GTC, codes.IOC, codes.FOK):
                for price in (97, 104, 110):
                    order = self.place(
                        name, side, size, price * 10**6, tif=tif, reduce_only=reduce_only
                    )
                    yield Sent(order, by, eases)
            for maker in makers:
                more = {"kind": codes.MARKET, "tif": codes.IOC, "maker": maker}
                order = self.place(name, side, size, 0, reduce_only=reduce_only, **more)
                yield Sent(order, by, eases)
            for ident in (BASE, QUOTE):
                account = self.accounts[name]
                trade = commands.TradeVault(account, ident, side, False, size, 0, reduce_only)
                yield Sent(trade, by, eases, (side == BUY) == (ident == BASE))
            yield Sent(self.delayed(name, side, reduce_only), by, eases)
            signed = self.sign(name, side, (97 + 13 * (side == BUY)) * 10**6, size, reduce_only)
            yield Sent(commands.SettleSigned(signed, size, -1), self.rita, eases)

    def matches(self) -> Iterator[Sent]:
        """Signed orders against one another."""
        names = [(one, other) for one in TRADERS for other in TRADERS if one != other]
        for (one, other), first, second in product(names, (False, True), (False, True)):
            taker = self.sign(one, BUY, 105 * 10**6, 10**9, first)
            maker = self.sign(other, SELL, 104 * 10**6, 10**9, second)
            eases = first or self.closes(one, BUY, 10**9)
            eases = eases and (second or self.closes(other, SELL, 10**9))
            yield Sent(commands.MatchSigned(taker, maker, 10**9, -1), self.rita, eases)

    def standing(self) -> Iterator[Sent]:
        """What is done with orders, auctions, triggers that stand; funding; liquidations."""
        ask, bid = self.order_ids["ask"], self.order_ids["bid"]
        for name, order in (("carol", ask), ("alice", bid)):
            account, by = self.accounts[name], self.owner(name)
            yield Sent(commands.CancelOrder(account, order, ""), by, True)
            yield Sent(commands.CancelAll(account, -1), by, True)
            for price, size in ((104, 10**9), (105, 3 * 10**9), (97, 10**9), (96, 5 * 10**8)):
                amend = commands.AmendOrder(account, order, price * 10**6, size)
                row = self.state.orders[order]
                smaller = price * 10**6 == row.price and size < row.size
                left = size - row.filled - row.remaining
                yield Sent(amend, by, smaller or self.closes(name, row.side, left))
        for name in TRADERS:
            offer = commands.OfferAuction(self.accounts[name], self.auction, 100 * 10**6, 10**9)
            yield Sent(offer, self.owner(name), self.closes(name, SELL, 10**9))
            yield Sent(commands.Liquidate(self.accounts[name], -1), KEEPER, True)
        yield Sent(commands.SettleAuction(self.auction, -1), KEEPER, True)
        yield Sent(commands.FireTrigger(self.trigger, -1), KEEPER, True)
        prices = [commands.PricePoint(0, 105 * 10**6, 0, self.now)]
        yield Sent(commands.OraclePrices(prices), ORACLE, True)
        yield Sent(commands.CancelOrder(self.accounts["bob"], self.trigger, ""), OPERATOR, True)
        yield Sent(commands.UpdateFunding(0, -1), KEEPER, True)
        yield Sent(commands.RehedgeVault(BASE, -1), KEEPER, True)
        yield Sent(commands.Tick(100), KEEPER, True)

    def money(self) -> Iterator[Sent]:
        """Deposits, withdrawals, vaults, spot."""
        for name in ("lp", "alice"):
            account, by = self.accounts[name], self.owner(name)
            for dollars in (1, 400, 4_000):
                out = commands.Withdraw(account, 0, dollars * 10**6, f"out{dollars}")
                yield Sent(out, by, False)
            yield Sent(commands.Deposit(account, 0, 10**6, "more"), OPERATOR, True)
            for ident in (PASSIVE, BASE, QUOTE):
                yield Sent(commands.DepositVault(account, ident, 10**9, 0), by, False)
                yield Sent(commands.WithdrawVault(account, ident, 10**8, 0), by, False)
                yield Sent(commands.ClaimUnlocks(account, ident), by, True)
            yield Sent(commands.SwapSpot(account, 0, ETH, False, 10**9, 0), by, False)
            yield Sent(commands.CancelHeld(account, self.held), by, True)
            quote = commands.PostFirmQuote(account, ETH, SELL, 10**8, 10**9, self.now + 10**6)
            yield Sent(quote, by, False)
            yield Sent(commands.CancelFirmQuote(account, self.quote_id), by, True)
        treasury = codes.TREASURY_ACCOUNT
        yield Sent(commands.AddSpotLiquidity(treasury, 0, 10**9, 10**8), OPERATOR, False)
        yield Sent(commands.RemoveSpotLiquidity(treasury, 0, 10**9, 10**8), OPERATOR, False)
        yield Sent(commands.ReleaseHeld(self.held), KEEPER, False)

    def everything(self) -> list[Sent]:
        """All of it."""
        return [*self.orders(), *self.matches(), *self.standing(), *self.money()]


def accepted(engine: Engine, page: Stage, sent: Sent) -> bool:
    """Whether a command would be accepted."""
    found = engine.dry_run(sent.command, page.now, sent.principal)
    return not any(isinstance(one, events.Rejected) for one in found)


@cache
def verdicts() -> tuple[list[Sent], dict[int, list[bool]], dict[int, list[bool]]]:
    """Every command, and whether it is accepted: by mode of the exchange, then of all vaults."""
    page = Stage()
    sent = page.everything()
    exchange, vaults = {}, {}
    for mode in MODES:
        engine = Engine(load(page.state.dump()))
        engine.apply(commands.SetBreakerMode(mode, 0), page.seq + 1, page.now, OPERATOR)
        engine.drain()
        exchange[mode] = [accepted(engine, page, one) for one in sent]
        engine = Engine(load(page.state.dump()))
        for vault in engine.state.liquidity.vaults:
            vault.guard.set_mode(mode)
        engine.state.log.commit()
        vaults[mode] = [accepted(engine, page, one) for one in sent]
    return sent, exchange, vaults


def shown(one: Sent) -> str:
    """A command as a failure prints it."""
    return f"{type(one.command).__name__} {one.command.row()}"


@pytest.mark.parametrize("which", [1, 2])
@pytest.mark.parametrize(("tighter", "looser"), [(TRIPPED, NORMAL), (PAUSED, TRIPPED)])
def test_a_tighter_mode_accepts_no_more(which: int, tighter: int, looser: int) -> None:
    """C3, BREAK-001, BREAK-020: of the exchange; of vaults what only they are asked (an order that
    one of them refuses goes on, and may do better elsewhere)."""
    sent, *found = verdicts()
    tight, loose = found[which - 1][tighter], found[which - 1][looser]
    wrong = [
        shown(one)
        for one, a, b in zip(sent, tight, loose, strict=True)
        if a and not b and (which == 1 or isinstance(one.command, OF_A_VAULT))
    ]
    assert wrong == []


@pytest.mark.parametrize("which", [1, 2])
@pytest.mark.parametrize("mode", [TRIPPED, PAUSED])
def test_what_takes_risk_away_passes_in_every_mode(which: int, mode: int) -> None:
    """C3, BREAK-001: reductions, cancels, liquidations, unlocks, deposits of margin."""
    sent, *found = verdicts()
    loose, tight = found[which - 1][NORMAL], found[which - 1][mode]
    wrong = [
        shown(one)
        for one, a, b in zip(sent, loose, tight, strict=True)
        if one.eases and (which == 1 or one.eases_vault) and a and not b
    ]
    assert wrong == []


@pytest.mark.parametrize("mode", [TRIPPED, PAUSED])
def test_what_adds_risk_passes_in_a_normal_mode_only(mode: int) -> None:
    """BREAK-001: orders, trades with vaults, delayed and signed ones, offers, deposits of LPs."""
    sent, exchange, _ = verdicts()
    kinds = (
        commands.PlaceOrder, commands.TradeVault, commands.SettleSigned, commands.MatchSigned,
        commands.AmendOrder, commands.DepositVault, commands.OfferAuction,
    )  # fmt: skip
    for kind in kinds:
        mine = [at for at, one in enumerate(sent) if isinstance(one.command, kind)]
        risky = [at for at in mine if not sent[at].eases]
        assert any(exchange[NORMAL][at] for at in risky), kind.__name__
        passed = [shown(sent[at]) for at in risky if exchange[mode][at]]
        assert passed == [], kind.__name__


def test_exits_of_depositors_are_blocked_last() -> None:
    """BREAK-001: a restricted exchange lets them go, a paused one does not; nor spot."""
    sent, exchange, vaults = verdicts()
    for kind, modes in (
        (commands.WithdrawVault, (True, True, False)),
        (commands.SwapSpot, (True, True, False)),
        (commands.AddSpotLiquidity, (True, True, False)),
        (commands.RemoveSpotLiquidity, (True, True, False)),
        (commands.Withdraw, (True, True, False)),
    ):
        mine = [at for at, one in enumerate(sent) if isinstance(one.command, kind)]
        found = tuple(any(exchange[mode][at] for at in mine) for mode in MODES)
        assert found == modes, kind.__name__
    exits = [at for at, one in enumerate(sent) if isinstance(one.command, commands.WithdrawVault)]
    assert [any(vaults[mode][at] for at in exits) for mode in MODES] == [True, True, False]


def test_the_stage_is_worth_it() -> None:
    """Every kind of command is accepted in a normal mode, and some of it takes risk away."""
    sent, exchange, _ = verdicts()
    kinds = {type(one.command).__name__ for one in sent}
    passed = {
        type(one.command).__name__ for one, ok in zip(sent, exchange[NORMAL], strict=True) if ok
    }
    assert kinds - passed <= {"ReleaseHeld", "RehedgeVault", "SettleAuction", "UpdateFunding"}
    assert len(sent) > 500
    assert sum(one.eases for one in sent) > 200
