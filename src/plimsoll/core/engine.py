"""The only door of the core: apply a command to the state, all or nothing, and list its events.

    apply(command, seq, now, principal) -> accepted?        events are drained by the caller
    dry_run(command, now, principal)    -> events           what it would do now; nothing changes

A refused command leaves the state as it was and one ``Rejected`` event. A broken invariant raises
``InvariantBroken`` and the engine refuses everything after it.
"""

from __future__ import annotations

from typing import final

from plimsoll.core import invariants
from plimsoll.core.authority import MASKS
from plimsoll.core.context import Txn
from plimsoll.core.handlers import (
    admin,
    auctions,
    funding,
    funds,
    hedging,
    house,
    liquidation,
    liquidity,
    market,
    spot,
    trading,
    triggers,
    upkeep,
    vaults,
)
from plimsoll.core.state import State
from plimsoll.messages import codes
from plimsoll.messages.codes import (
    AMOUNT_RANGE,
    BATCH_ITEM,
    BATCH_SIZE,
    NOT_ALLOWED,
    UNKNOWN_PRINCIPAL,
    Reject,
)
from plimsoll.messages.commands import (
    AmendOrder,
    Batch,
    CancelAll,
    CancelOrder,
    Command,
    CreateAccount,
    CreateAsset,
    CreateMarket,
    CreatePrincipal,
    Deposit,
    ExpireOrder,
    FireTrigger,
    FundPool,
    FundVamm,
    Liquidate,
    MatchLimit,
    OfferAuction,
    OraclePrices,
    PlaceOrder,
    PlaceTrigger,
    Repeg,
    SetGlobalParams,
    SetMarketMode,
    SetMarketParams,
    SettleAuction,
    SettleFunding,
    Tick,
    Transfer,
    UpdateFunding,
    UpdateMarket,
    Withdraw,
)
from plimsoll.messages.events import Event, Rejected
from plimsoll.messages.vaults import (
    AddSpotLiquidity,
    CancelFirmQuote,
    ClaimUnlocks,
    CreateSpotPool,
    CreateVault,
    DepositVault,
    PostFirmQuote,
    RehedgeVault,
    RemoveSpotLiquidity,
    SetVaultMode,
    SetVaultParams,
    SetVaultQuote,
    SetVaultWhitelist,
    SwapSpot,
    TradeVault,
    WithdrawVault,
)
from plimsoll.units import AMOUNT_MAX, RangeError


@final
class Engine:
    """A state and the commands applied to it, one at a time."""

    def __init__(self, state: State, recording: bool = True, checking: bool = True) -> None:
        self.state: State = state
        self.txn: Txn = Txn(state)
        self.txn.recording = recording
        self.checking: bool = checking
        self.check: invariants.CommandCheck = invariants.CommandCheck(state)
        self.halted: str = ""

    def apply(self, command: Command, seq: int, now: int, principal: int) -> bool:
        """Apply one command; returns whether it was accepted.

        ``seq`` and ``now`` (ms) come from the sequencer and never fall; ``principal`` is who sent
        it. Raises ``InvariantBroken`` (and stays halted) if the state contradicts itself.
        """
        if self.halted != "":
            raise invariants.InvariantBroken("HALTED", self.halted)
        txn = self.txn
        txn.seq = seq
        txn.now = now
        txn.principal = principal
        self.forget_work()
        log = self.state.log
        log.begin()
        mark = len(txn.events)
        accepted = True
        try:
            self.authorise(command, principal)
            self.dispatch(command)
            if len(txn.traded) > 0:
                market.after_trades(txn)
            if self.checking:
                invariants.check_command(self.state, self.check)
        except Reject as refusal:
            accepted = False
            self.take_back(0, mark, refusal)
        except RangeError:
            accepted = False
            self.take_back(0, mark, Reject(AMOUNT_RANGE, 0, AMOUNT_MAX))
        except BaseException as failure:
            # An invariant, a fault in a handler, or an interrupt in the middle of one: the state
            # may be half changed, so nothing may follow.
            self.halted = f"{type(failure).__name__}: {failure}"
            raise
        log.commit()
        return accepted

    def apply_all(
        self, commands: list[Command], seq: int, now: int, principals: list[int]
    ) -> list[Event]:
        """Apply commands of one time stamp in a row and drain their events."""
        at = 0
        for command in commands:
            self.apply(command, seq + at, now, principals[at])
            at += 1
        return self.drain()

    def is_due(self, command: Command, now: int) -> bool:
        """Whether ``command``, the last one, or the time left work for a ``Tick``."""
        return house.is_due(self.state, now, isinstance(command, OraclePrices))

    def drain(self) -> list[Event]:
        """The events since the last call."""
        events = self.txn.events
        self.txn.events = []
        return events

    def dry_run(self, command: Command, now: int, principal: int) -> list[Event]:
        """What a command would do now. Nothing changes; the events are not kept."""
        if self.halted != "":
            raise invariants.InvariantBroken("HALTED", self.halted)
        log = self.state.log
        kept = self.txn.events
        recording = self.txn.recording
        self.txn.events = []
        self.txn.recording = True
        txn = self.txn
        txn.now = now
        txn.principal = principal
        self.forget_work()
        log.begin()
        try:
            self.authorise(command, principal)
            self.dispatch(command)
            if len(txn.traded) > 0:
                market.after_trades(txn)
            events = txn.events
        except Reject as refusal:
            events = [Rejected(refusal.code, refusal.value, refusal.limit, refusal.item)]
        except RangeError:
            events = [Rejected(AMOUNT_RANGE, 0, AMOUNT_MAX, -1)]
        finally:
            txn.to_trim.clear()
            log.rollback(0)
            txn.events = kept
            txn.recording = recording
        return events

    def take_back(self, log_mark: int, event_mark: int, refusal: Reject) -> None:
        """Undo everything since the marks and report the refusal."""
        txn = self.txn
        txn.to_trim.clear()
        txn.take_back(log_mark, event_mark)
        txn.emit(Rejected(refusal.code, refusal.value, refusal.limit, refusal.item))

    def forget_work(self) -> None:
        """Start a command with nothing left to do by the one before."""
        txn = self.txn
        txn.to_trim.clear()
        txn.traded.clear()
        txn.keeper = None

    def authorise(self, command: Command, principal: int) -> None:
        """The sender exists and has one of the roles the command needs."""
        principals = self.state.principals
        if principal < 0 or principal >= len(principals):
            raise Reject(UNKNOWN_PRINCIPAL, principal, len(principals))
        roles = principals[principal].roles
        needed = MASKS[command.tag()]
        if (roles & needed) == 0:
            raise Reject(NOT_ALLOWED, roles, needed)
        self.txn.roles = roles

    def dispatch(self, command: Command) -> None:
        """Hand a command to its handler; the busiest first."""
        txn = self.txn
        if isinstance(command, PlaceOrder):
            trading.place_order(txn, command)
        elif isinstance(command, CancelOrder):
            trading.cancel_order(txn, command)
        elif isinstance(command, AmendOrder):
            trading.amend_order(txn, command)
        elif isinstance(command, Batch):
            self.batch(command)
        elif isinstance(command, CancelAll):
            trading.cancel_all(txn, command)
        elif isinstance(command, OraclePrices):
            upkeep.oracle_prices(txn, command)
        elif isinstance(command, Tick):
            house.tick(txn, command)
        elif isinstance(command, Deposit):
            funds.deposit(txn, command)
        elif isinstance(command, Withdraw):
            funds.withdraw(txn, command)
        elif isinstance(command, Transfer):
            funds.transfer(txn, command)
        elif isinstance(command, CreateAccount):
            funds.create_account(txn, command)
        else:
            self.dispatch_keeping(command)

    def dispatch_keeping(self, command: Command) -> None:
        """Hand a command of auctions, triggers and keepers to its handler."""
        txn = self.txn
        if isinstance(command, OfferAuction):
            auctions.offer(txn, command)
        elif isinstance(command, SettleAuction):
            auctions.settle(txn, command)
        elif isinstance(command, PlaceTrigger):
            triggers.place(txn, command)
        elif isinstance(command, FireTrigger):
            triggers.fire(txn, command)
        elif isinstance(command, MatchLimit):
            upkeep.match_limit(txn, command)
        elif isinstance(command, ExpireOrder):
            upkeep.expire_order(txn, command)
        elif isinstance(command, Liquidate):
            liquidation.liquidate(txn, command)
        elif isinstance(command, UpdateFunding):
            funding.update(txn, command)
        elif isinstance(command, SettleFunding):
            funding.settle(txn, command)
        elif isinstance(command, UpdateMarket):
            market.update(txn, command)
        else:
            self.dispatch_admin(command)

    def dispatch_admin(self, command: Command) -> None:
        """Hand an operator's command to its handler."""
        txn = self.txn
        if isinstance(command, CreatePrincipal):
            admin.create_principal(txn, command)
        elif isinstance(command, SetGlobalParams):
            admin.set_global_params(txn, command)
        elif isinstance(command, CreateAsset):
            admin.create_asset(txn, command)
        elif isinstance(command, CreateMarket):
            admin.create_market(txn, command)
        elif isinstance(command, SetMarketParams):
            admin.set_market_params(txn, command)
        elif isinstance(command, SetMarketMode):
            admin.set_market_mode(txn, command)
        elif isinstance(command, FundVamm):
            admin.fund_vamm(txn, command)
        elif isinstance(command, FundPool):
            admin.fund_pool(txn, command)
        elif isinstance(command, Repeg):
            market.repeg(txn, command)
        else:
            self.dispatch_liquidity(command)

    def dispatch_liquidity(self, command: Command) -> None:
        """Hand a command of vaults and spot to its handler."""
        txn = self.txn
        if isinstance(command, DepositVault):
            liquidity.deposit(txn, command)
        elif isinstance(command, WithdrawVault):
            liquidity.withdraw(txn, command)
        elif isinstance(command, ClaimUnlocks):
            liquidity.claim(txn, command)
        elif isinstance(command, SwapSpot):
            spot.swap(txn, command)
        elif isinstance(command, PostFirmQuote):
            spot.post_quote(txn, command)
        elif isinstance(command, CancelFirmQuote):
            spot.cancel_quote(txn, command)
        elif isinstance(command, AddSpotLiquidity):
            spot.add_liquidity(txn, command)
        elif isinstance(command, RemoveSpotLiquidity):
            spot.remove_liquidity(txn, command)
        elif isinstance(command, RehedgeVault):
            hedging.rehedge(txn, command)
        elif isinstance(command, TradeVault):
            hedging.trade(txn, command)
        else:
            self.dispatch_vaults(command)

    def dispatch_vaults(self, command: Command) -> None:
        """Hand an operator's command about vaults and pools to its handler."""
        txn = self.txn
        if isinstance(command, CreateVault):
            vaults.create(txn, command)
        elif isinstance(command, SetVaultParams):
            vaults.set_params(txn, command)
        elif isinstance(command, SetVaultQuote):
            vaults.set_quote(txn, command)
        elif isinstance(command, SetVaultWhitelist):
            vaults.set_whitelist(txn, command)
        elif isinstance(command, SetVaultMode):
            vaults.set_mode(txn, command)
        elif isinstance(command, CreateSpotPool):
            vaults.create_pool(txn, command)
        else:
            raise TypeError(f"no handler for {type(command).__name__}")

    def batch(self, command: Batch) -> None:
        """Several trading commands: one scope for all, or one for each."""
        most = self.state.globals.params.batch_max
        count = len(command.items)
        if count == 0 or count > most:
            raise Reject(BATCH_SIZE, count, most)
        log = self.state.log
        at = 0
        for item in command.items:
            if not isinstance(item, (PlaceOrder, CancelOrder, AmendOrder, CancelAll)):
                raise Reject(BATCH_ITEM, item.tag(), 0, at)
            scope = log.open()
            mark = len(self.txn.events)
            try:
                self.dispatch(item)
            except Reject as refusal:
                refusal.item = at
                if command.atomic:
                    raise
                self.take_back(scope, mark, refusal)
            except RangeError:
                outside = Reject(AMOUNT_RANGE, 0, AMOUNT_MAX, at)
                if command.atomic:
                    raise outside from None
                self.take_back(scope, mark, outside)
            at += 1


def genesis(operator: str = "operator") -> State:
    """An empty exchange: principal 0 (operator), asset 0 (USD), the well-known accounts."""
    state = State()
    state.add_principal(operator, codes.ROLE_OPERATOR)
    state.add_asset("USD", 6)
    for kind, label in (
        (codes.OUTSIDE, "outside"),
        (codes.TREASURY, "treasury"),
        (codes.KEEPER_POT, "keepers"),
        (codes.VAULT, "vault"),
    ):
        state.add_account(0, kind, -1, label)
    state.log.commit()
    return state
