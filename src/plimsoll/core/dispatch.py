"""Which handler a command goes to: the busiest first.

A batch and a change that was proposed hand on what they carry.
"""

from __future__ import annotations

from plimsoll.core.context import Txn
from plimsoll.core.handlers import (
    admin,
    auctions,
    breaker,
    delayed,
    funding,
    funds,
    gateway,
    hedging,
    house,
    liquidation,
    liquidity,
    market,
    proposals,
    spot,
    trading,
    triggers,
    upkeep,
    vaults,
)
from plimsoll.messages.codes import AMOUNT_RANGE, BATCH_ITEM, BATCH_SIZE, Reject
from plimsoll.messages.commands import (
    AmendOrder,
    Batch,
    CancelAll,
    CancelHeld,
    CancelOrder,
    CancelProposal,
    CancelSigned,
    Command,
    CreateAccount,
    CreateAsset,
    CreateMarket,
    CreatePrincipal,
    Deposit,
    ExecuteDelayed,
    ExecuteProposal,
    ExpireOrder,
    FireTrigger,
    FundPool,
    FundVamm,
    Liquidate,
    MatchLimit,
    MatchSigned,
    OfferAuction,
    OraclePrices,
    PlaceDelayed,
    PlaceOrder,
    PlaceTrigger,
    Propose,
    ReleaseHeld,
    Repeg,
    ReviewBreaker,
    SetBreakerMode,
    SetBreakerParams,
    SetGlobalParams,
    SetMarketMode,
    SetMarketParams,
    SetSigner,
    SettleAuction,
    SettleFunding,
    SettleSigned,
    Tick,
    Transfer,
    UpdateFunding,
    UpdateMarket,
    Withdraw,
)
from plimsoll.messages.events import Rejected
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


def dispatch(txn: Txn, command: Command) -> None:
    """Hand a command to its handler; the busiest first."""
    if isinstance(command, PlaceOrder):
        trading.place_order(txn, command)
    elif isinstance(command, CancelOrder):
        trading.cancel_order(txn, command)
    elif isinstance(command, AmendOrder):
        trading.amend_order(txn, command)
    elif isinstance(command, Batch):
        batch(txn, command)
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
        dispatch_keeping(txn, command)


def dispatch_keeping(txn: Txn, command: Command) -> None:
    """Hand a command of auctions, triggers and keepers to its handler."""
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
        dispatch_gateway(txn, command)


def dispatch_gateway(txn: Txn, command: Command) -> None:
    """Hand a command of the order gateway, or of what breakers hold, to its handler."""
    if isinstance(command, SettleSigned):
        gateway.settle(txn, command)
    elif isinstance(command, MatchSigned):
        gateway.match(txn, command)
    elif isinstance(command, CancelSigned):
        gateway.cancel(txn, command)
    elif isinstance(command, SetSigner):
        gateway.set_signer(txn, command)
    elif isinstance(command, PlaceDelayed):
        delayed.place(txn, command)
    elif isinstance(command, ExecuteDelayed):
        delayed.execute(txn, command)
    elif isinstance(command, ReviewBreaker):
        breaker.review(txn, command)
    elif isinstance(command, ReleaseHeld):
        breaker.release(txn, command)
    elif isinstance(command, CancelHeld):
        breaker.cancel_held(txn, command)
    else:
        dispatch_admin(txn, command)


def dispatch_admin(txn: Txn, command: Command) -> None:
    """Hand an operator's command to its handler."""
    proposals.check_direct(txn, command)
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
    elif isinstance(command, SetBreakerParams):
        breaker.set_params(txn, command)
    elif isinstance(command, SetBreakerMode):
        breaker.set_mode(txn, command)
    elif isinstance(command, Propose):
        proposals.check_proposable(txn, command)
        rehearse(txn, command.change)
        proposals.propose(txn, command)
    elif isinstance(command, CancelProposal):
        proposals.cancel(txn, command)
    elif isinstance(command, ExecuteProposal):
        dispatch(txn, proposals.take(txn, command))
    else:
        dispatch_liquidity(txn, command)


def dispatch_liquidity(txn: Txn, command: Command) -> None:
    """Hand a command of vaults and spot to its handler."""
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
        dispatch_vaults(txn, command)


def dispatch_vaults(txn: Txn, command: Command) -> None:
    """Hand an operator's command about vaults and pools to its handler."""
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


def rehearse(txn: Txn, change: Command) -> None:
    """Carry a change out as it would be at the first moment it may be executed, and take it back.
    Whatever refuses it, refuses the command. PROP-006.
    """
    now = txn.now
    scope = txn.state.log.open()
    mark = len(txn.events)
    txn.executing = True
    txn.now = proposals.ready_ms(txn)
    dispatch(txn, change)
    txn.take_back(scope, mark)
    txn.to_trim.clear()
    txn.executing = False
    txn.now = now


def batch(txn: Txn, command: Batch) -> None:
    """Several trading commands: one scope for all, or one for each."""
    most = txn.state.globals.params.batch_max
    count = len(command.items)
    if count == 0 or count > most:
        raise Reject(BATCH_SIZE, count, most)
    log = txn.state.log
    at = 0
    for item in command.items:
        if not isinstance(item, (PlaceOrder, CancelOrder, AmendOrder, CancelAll)):
            raise Reject(BATCH_ITEM, item.tag(), 0, at)
        scope = log.open()
        mark = len(txn.events)
        try:
            dispatch(txn, item)
        except Reject as refusal:
            refusal.item = at
            if command.atomic:
                raise
            refuse(txn, scope, mark, refusal)
        except RangeError:
            outside = Reject(AMOUNT_RANGE, 0, AMOUNT_MAX, at)
            if command.atomic:
                raise outside from None
            refuse(txn, scope, mark, outside)
        at += 1


def refuse(txn: Txn, log_mark: int, event_mark: int, refusal: Reject) -> None:
    """Undo everything since the marks and report the refusal."""
    txn.to_trim.clear()
    txn.take_back(log_mark, event_mark)
    txn.emit(Rejected(refusal.code, refusal.value, refusal.limit, refusal.item))
