"""A seeded generator of random commands over markets, vaults and spot venues."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from plimsoll.messages import codes, commands, events
from plimsoll.messages.vault_params import QuoteParams, VaultParams
from tests.harness import commands_gen as plain
from tests.harness import hostile_gen, mechanism_gen, spot_gen, vault_hostile
from tests.harness.commands_gen import Made
from tests.harness.mechanism_gen import MechanismGenerator
from tests.harness.vault_world import (
    BASES,
    DECIMALS,
    LAST,
    PASSIVE,
    VaultSeen,
    VaultWorld,
)
from tests.harness.world import OPERATOR, ORACLE, Stamped

Maker = Callable[[Any], Made]
HOSTILE_HERE = 0.04
EDGE = 0.02


# Depositors ---------------------------------------------------------------------------------------


def deposit(w: VaultWorld) -> Made:
    """Somebody buys shares."""
    vault = w.rng.choice(w.vaults)
    most = 3.2 if vault.ident == PASSIVE else 4.0
    amount = w.some_amount(vault.asset, 0.5, most) if w.chance(0.9) else w.rng.randint(1, 2_000)
    account = w.rich(vault.asset, amount)
    least = 0 if w.chance(0.85) else w.rng.randint(1, 2 * amount)
    return commands.DepositVault(account, vault.ident, amount, least), w.sender(account)


def withdraw(w: VaultWorld) -> Made:
    """Somebody gives shares back: some, all, or one too many."""
    held = [vault for vault in w.vaults if vault.shares]
    if not held:
        return deposit(w)
    vault = w.rng.choice(held)
    account = w.rng.choice(sorted(vault.shares))
    if w.chance(0.25):
        account = max(sorted(vault.shares), key=vault.shares.__getitem__)
    if vault.waiting and w.chance(0.3):
        again = w.rng.choice(list(vault.waiting.values())).account
        account = again if again in vault.shares else account
    owned = vault.shares[account]
    given = w.rng.choice((owned, owned, owned // 2, owned // 3, owned // 10, owned + 1, 1))
    least = 0 if w.chance(0.85) else w.rng.randint(1, max(1, given))
    if w.chance(0.06):
        # Little by little: more than may wait at a time.
        part = commands.WithdrawVault(account, vault.ident, max(1, owned // 5), 0)
        w.at_once += [(part, w.sender(account))] * 4
    command = commands.WithdrawVault(account, vault.ident, max(1, given), least)
    return command, w.sender(account)


def rush(w: VaultWorld) -> Made:
    """Those who have most of a vault want all of it back at once."""
    vault = w.vaults[PASSIVE] if w.chance(0.4) else w.rng.choice(w.vaults)
    first = sorted(vault.shares, key=lambda a: (-vault.shares[a], a))[:4]
    if not first:
        return deposit(w)
    for account in first[:0:-1]:
        leaves = commands.WithdrawVault(account, vault.ident, vault.shares[account], 0)
        w.at_once.append((leaves, w.sender(account)))
    command = commands.WithdrawVault(first[0], vault.ident, vault.shares[first[0]], 0)
    return command, w.sender(first[0])


def claim(w: VaultWorld) -> Made:
    """Somebody wants what is due to him, or is not yet."""
    waiting = [one for vault in w.vaults for one in vault.waiting.values()]
    if not waiting or w.chance(0.1):
        account, ident = w.account(), w.rng.randrange(6)
    else:
        due = [one for one in waiting if one.due_ms <= w.now]
        one = w.rng.choice(due if due and w.chance(0.8) else waiting)
        account, ident = one.account, one.vault
    sender = OPERATOR if w.chance(0.1) else w.sender(account)
    return commands.ClaimUnlocks(account, ident), sender


# Trades with vaults -------------------------------------------------------------------------------


def sent(
    w: VaultWorld, account: int, vault: VaultSeen, side: int, size: int, only: bool = False
) -> Made:
    """A trade of about this size, base or quote exact, some with a limit."""
    size = max(1, size // w.params[vault.market].step) * w.params[vault.market].step
    worth = max(1, size * w.prices[vault.market] // 10**9)
    exact_quote = w.chance(0.5)
    amount, other = (worth, size) if exact_quote else (size, worth)
    limit = 0 if w.chance(0.6) else int(other * w.rng.choice((0.5, 0.98, 1.0, 1.02, 2)))
    command = commands.TradeVault(account, vault.ident, side, exact_quote, amount, limit, only)
    return command, w.sender(account)


def trade(w: VaultWorld) -> Made:
    """A trade with one vault, mostly of no more than it has to give."""
    vault = w.hedged()
    side = w.reducing_side(vault) if w.chance(0.45) else 1 - w.reducing_side(vault)
    most = w.capacity(vault, side)
    size = w.some_size(vault.market, 1.3, 4.0)
    if most and w.chance(0.9):
        size = min(size, int(most * w.rng.choice((0.3, 0.9, 1.0, 1.0))))
    return sent(w, w.account(), vault, side, size)


def close(w: VaultWorld) -> Made:
    """Somebody closes what he has with a vault that can take it."""
    mine = [(a, m, b) for (a, m), b in w.base.items() if b and a in w.owners]
    if not mine:
        return trade(w)
    account, market, base = w.rng.choice(mine)
    side = w.closing_side(base)
    able = [v for v in w.vaults[1:] if v.market == market and w.capacity(v, side)]
    vault = w.rng.choice(able or [w.hedged(market)])
    size = int(abs(base) * w.rng.choice((0.5, 1, 1, 1.2)))
    return sent(w, account, vault, side, min(size, w.capacity(vault, side) or size), w.chance(0.7))


def meet_desk(w: VaultWorld) -> Made:
    """A trade that a desk can hedge."""
    able = [o for o in w.firms.values() if o.asset in BASES and o.expires_ms >= w.now]
    if not able:
        return spot_gen.post(w)
    one = w.rng.choice(able)
    market = BASES.index(one.asset)
    side = codes.BUY if one.side == codes.SELL else codes.SELL
    vaults = [v for v in w.vaults[1:] if v.market == market and v.params.firm_quotes]
    vault = w.rng.choice(vaults or [w.hedged(market)])
    amount = one.asset_amount * 10**9 // 10 ** DECIMALS[one.asset]
    size = min(amount, w.capacity(vault, side), w.some_size(market, 1.5, 3.5))
    return sent(w, w.account(), vault, side, size)


def squeeze(w: VaultWorld) -> Made:
    """Somebody takes all that he can carry from a vault, and the price turns against him."""
    vault = w.hedged(LAST if w.chance(0.8) else -1)
    market, side = vault.market, 1 - w.reducing_side(vault)
    most, best, account = w.capacity(vault, side) * 9 // 10, 0.0, w.account()
    size = w.params[market].step
    for other in w.owners:
        equity, needed = w.worth(other)
        spare = (equity - 2 * needed) * 10**6 // w.params[market].imr * 9 // 10
        taken = min(most, spare * 10**9 // w.prices[market])
        worth = taken * w.prices[market] // 10**9
        if worth > 300 * 10**6 and worth / equity > best:
            best, account, size = worth / equity, other, taken
    points = w.walk()
    sign = -1 if side == codes.BUY else 1
    points[market].price = int(w.prices[market] * (1 + sign * w.rng.uniform(0.05, 0.15)))
    points[market].confidence = 0
    keeper, by = w.keeper()
    w.at_once = [
        (commands.Liquidate(account, keeper), by),
        (commands.OraclePrices(points), ORACLE),
    ]
    size = size // w.params[market].step * w.params[market].step
    return commands.TradeVault(account, vault.ident, side, False, size, 0, False), w.sender(account)


def overtake(w: VaultWorld) -> Made:
    """What an auction is to close, a vault closes first: who offers then comes too late."""
    for e in w.running():
        base = w.base.get((e.account, e.market), 0)
        able = [v for v in w.vaults[1:] if v.market == e.market and w.capacity(v, e.side)]
        if not e.reduce_only or not base or not able:
            continue
        good = 99 if e.side == codes.BUY else 101
        price = w.on_tick(e.market, mechanism_gen.asked(w, e) * good // 100)
        maker = w.account()
        w.at_once.append((commands.OfferAuction(maker, e.auction, price, e.size), w.sender(maker)))
        command = commands.TradeVault(
            e.account, w.rng.choice(able).ident, e.side, False, abs(base), 0, True
        )
        return command, w.sender(e.account)
    return plain.reduce(w)


def offer_twice(w: VaultWorld) -> Made:
    """Somebody offers for an auction whose offers wait, and again."""
    made, sender = mechanism_gen.offer(w)
    if isinstance(made, commands.OfferAuction):
        w.at_once.append((made, sender))
    return made, sender


def same_name(w: VaultWorld) -> Made:
    """A second order under a client id that is in use."""
    named = [order for order in w.orders.values() if order.client]
    if not named:
        return plain.quote(w)
    order = w.rng.choice(named)
    again = hostile_gen.order_with(w, account=order.account, client_order_id=order.client)
    return again, w.sender(order.account)


def directed(w: VaultWorld) -> Made:
    """An order of any kind that asks a vault first."""
    kinds = (
        mechanism_gen.market_order, mechanism_gen.leveraged, plain.take, plain.cross, plain.hit,
        plain.reduce, plain.close,
    )  # fmt: skip
    made, sender = w.rng.choice(kinds)(w)
    if isinstance(made, commands.PlaceOrder):
        market = made.market if w.chance(0.97) else w.rng.randrange(3)
        made.maker = w.hedged(market).holder
        if made.tif == codes.GTC and w.chance(0.8):
            made.tif, made.expires_ms = codes.IOC, 0
            made.post = codes.POST_NONE
    return made, sender


def rehedge(w: VaultWorld) -> Made:
    """A keeper looks after a hedge."""
    account, sender = w.keeper()
    ident = w.rng.choice(sorted(w.gaps)) if w.gaps and w.chance(0.9) else w.hedged().ident
    return commands.RehedgeVault(ident, account), sender


# The operator -------------------------------------------------------------------------------------


def settings(w: VaultWorld) -> Made:
    """The operator changes what a vault does."""
    vault = w.rng.choice(w.vaults)
    draw = w.rng.random()
    if draw < 0.25:
        mode = w.rng.choice((codes.RESTRICTED, codes.REDUCE_ONLY, codes.HALTED))
        return commands.SetVaultMode(vault.ident, mode), OPERATOR
    if draw < 0.45:
        account = w.account()
        return commands.SetVaultWhitelist(vault.ident, account, w.chance(0.6)), OPERATOR
    if draw < 0.7:
        return requote(w)
    names = [name for name, _ in VaultParams.FIELDS]
    values: dict[str, Any] = dict(zip(names, vault.params.row(), strict=True))
    values["deposit_fee"] = w.rng.choice((0, 0, 100, 2_000))
    values["withdrawal_fee"] = w.rng.choice((0, 0, 300, 1_000))
    values["cooldown_ms"] = w.rng.choice((0, 3_000, 20_000))
    values["min_at_maturity"] = int(values["cooldown_ms"] > 0 and w.chance(0.5))
    values["margin_total"] = int(w.chance(0.3))
    values["min_margin_ratio"] = w.rng.choice((500_000, 990_000, 1_000_000))
    values["hedge_slippage"] = w.rng.choice((3_000, 20_000, 50_000))
    values["firm_quotes"] = int(w.chance(0.7))
    values["undirected"] = int(w.chance(0.5))
    values["takers_listed"] = int(w.chance(0.2))
    return commands.SetVaultParams(vault.ident, VaultParams(**values)), OPERATOR


def requote(w: VaultWorld) -> Made:
    """The passive vault quotes otherwise in a market, or no more."""
    market = w.rng.randrange(3)
    base = w.quotes[market]
    values: dict[str, Any] = dict(
        zip([name for name, _ in QuoteParams.FIELDS], base.row(), strict=True)
    )
    values["weight"] = w.rng.choice((0, 1, 2, 5))
    values["half_spread"] = w.rng.choice((300, 1_000, 3_000, 20_000))
    if values["max_skew"]:
        values["size_skew"] = w.rng.choice((0, 500_000, 1_000_000))
        values["spread_skew"] = w.rng.choice((0, 300_000, 1_200_000))
    return commands.SetVaultQuote(PASSIVE, market, QuoteParams(**values)), OPERATOR


def reopen(w: VaultWorld) -> Made:
    """A vault goes back to normal."""
    closed = [vault.ident for vault in w.vaults if vault.mode != codes.ACTIVE]
    return commands.SetVaultMode(w.rng.choice(closed), codes.ACTIVE), OPERATOR


KINDS: list[tuple[Maker, float]] = [
    (deposit, 5), (withdraw, 4.5), (rush, 0.3), (claim, 1), (trade, 10), (close, 3),
    (meet_desk, 3),
    (squeeze, 1.2), (directed, 9), (rehedge, 1.2), (overtake, 0.8), (offer_twice, 0.4),
    (same_name, 0.2), (settings, 0.7), (spot_gen.swap, 2.5), (spot_gen.arbitrage, 3),
    (spot_gen.level, 3), (spot_gen.liquidity, 0.6), (spot_gen.post, 4), (spot_gen.take_back, 1),
    (spot_gen.bring_base, 1),
]  # fmt: skip
"""Beside those of ``mechanism_gen``: about a quarter of a run."""


class VaultGenerator(MechanismGenerator):
    """An endless stream of commands; tell it the events of each."""

    world: VaultWorld

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.world = VaultWorld(seed)
        self.queue = self.world.opening()
        self.own = [kind for kind, _ in KINDS]
        self.own_weights = [weight for _, weight in KINDS]
        self.share = sum(self.own_weights) / (sum(self.own_weights) + sum(self.weights))

    def next(self) -> Stamped:
        """The next command."""
        w = self.world
        if self.queue or w.at_once:
            return super().next()
        draw = w.rng.random()
        if w.repriced and draw < 0.25:
            w.repriced = False
            made = (spot_gen.level if w.chance(0.5) else spot_gen.arbitrage)(w)
        elif draw < 0.3 and any(v.mode != codes.ACTIVE for v in w.vaults) and w.chance(0.1):
            made = reopen(w)
        elif draw < 0.35 and w.gaps and w.chance(0.5):
            made = rehedge(w)
        elif draw > 1 - self.share:
            made = self.of_vaults(w)
        else:
            return super().next()
        return Stamped(made[0], w.now, made[1])

    def of_vaults(self, w: VaultWorld) -> Made:
        """One of those for vaults and spot."""
        if w.chance(HOSTILE_HERE):
            return vault_hostile.hostile(w)
        at_bound = vault_hostile.edge(w) if w.chance(EDGE) else None
        if at_bound is not None:
            return at_bound
        w.advance()
        made: Made = w.rng.choices(self.own, self.own_weights)[0](w)
        return made

    def learn(self, command: commands.Command, found: list[events.Event]) -> None:
        """Take over the events of the last command."""
        super().learn(command, found)
        c, w = command, self.world
        if any(isinstance(event, events.VaultParamsSet) for event in found):
            w.vaults[c.vault].params = c.params  # type: ignore[attr-defined]
        again = vault_hostile.follow_up(w, command, found)
        if again is not None:
            self.queue.append(Stamped(again[0], w.now, again[1]))
