"""Random commands for spot: swaps, pools that follow the oracle, desks."""

from __future__ import annotations

from plimsoll.messages import codes, commands
from tests.harness.commands_gen import Made
from tests.harness.vault_world import BASES, DECIMALS, TREASURY, USD, VaultWorld
from tests.harness.world import OPERATOR


def swap(w: VaultWorld) -> Made:
    """Somebody swaps, for no reason."""
    pool = w.rng.choice(w.pools)
    asset = w.rng.choice((pool.base, pool.quote))
    exact_out = w.chance(0.4)
    other = pool.quote if asset == pool.base else pool.base
    usd = 10 ** w.rng.uniform(0.5, 3.8)
    fixed, left = (other, asset) if exact_out else (asset, other)
    amount = w.amount_worth(fixed, usd)
    limit = 0
    if w.chance(0.4):
        limit = int(w.amount_worth(left, usd) * w.rng.choice((0.9, 0.995, 1.005, 1.1)))
    account = w.rich(asset, w.amount_worth(asset, usd))
    command = commands.SwapSpot(account, pool.ident, asset, exact_out, amount, limit)
    return command, w.sender(account)


def arbitrage(w: VaultWorld) -> Made:
    """Somebody swaps until a pool has the price of the oracle, or most of the way."""
    pool = w.furthest()
    fair, part = w.fair(pool), w.rng.choice((0.5, 0.9, 1.0))
    asset, amount = pool.base, int((fair - pool.size(pool.base)) * part)
    if amount < 0:
        product = pool.size(pool.base) * pool.size(pool.quote)
        asset = pool.quote
        amount = int((product // max(1, fair) - pool.size(pool.quote)) * part)
    if amount <= 0:
        return swap(w)
    account = w.rich(asset, amount)
    command = commands.SwapSpot(account, pool.ident, asset, False, amount, 0)
    return command, w.sender(account)


def level(w: VaultWorld) -> Made:
    """The operator sets a pool to the price of the oracle with what the exchange has."""
    pool = w.furthest()
    base, quote = pool.size(pool.base), pool.size(pool.quote)
    price = w.price_of(pool.base) * 10 ** DECIMALS[pool.quote]
    price_under = w.price_of(pool.quote) * 10 ** DECIMALS[pool.base]
    wanted = base * price // price_under
    large = pool.real[USD if USD in pool.real else pool.quote] > w.amount_worth(USD, 1_500_000)
    if wanted > quote:
        too_much = base - quote * price_under // price
        if large and too_much < pool.real[pool.base]:
            return commands.RemoveSpotLiquidity(TREASURY, pool.ident, too_much, 0), OPERATOR
        return commands.AddSpotLiquidity(TREASURY, pool.ident, 0, wanted - quote), OPERATOR
    too_much = quote - wanted
    if large and too_much < pool.real[pool.quote]:
        return commands.RemoveSpotLiquidity(TREASURY, pool.ident, 0, too_much), OPERATOR
    more = quote * price_under // price - base
    return commands.AddSpotLiquidity(TREASURY, pool.ident, max(0, more), 0), OPERATOR


def liquidity(w: VaultWorld) -> Made:
    """A little into a pool, or out of it."""
    pool = w.rng.choice(w.pools)
    part = w.rng.choice((0.01, 0.05, 0.2))
    base, quote = int(pool.real[pool.base] * part), int(pool.real[pool.quote] * part)
    if w.chance(0.2):
        base = 0
    if w.chance(0.5):
        return commands.RemoveSpotLiquidity(TREASURY, pool.ident, base, quote), OPERATOR
    return commands.AddSpotLiquidity(TREASURY, pool.ident, base, quote), OPERATOR


def post(w: VaultWorld) -> Made:
    """A desk offers to trade near the oracle for a while."""
    asset, side = w.rng.choice(BASES), w.rng.randrange(2)
    if w.firms and w.chance(0.4):
        # Beside another desk.
        other = w.rng.choice(list(w.firms.values()))
        asset, side = (other.asset if other.asset in BASES else asset), other.side
    amount = w.some_amount(asset, 2.0, 4.4) if w.chance(0.95) else w.rng.randint(1, 50)
    # Those who buy above, or sell below, are the better ones for a vault.
    away = w.rng.gauss(0.002, 0.003) * (1 if side == codes.BUY else -1)
    price = max(1, int(w.price_of(asset) * (1 + away)))
    account = w.rich(*((asset, amount) if side == codes.SELL else (USD, 10**9)))
    until = w.now + w.rng.choice((1, 500, 5_000, 30_000, 90_000))
    return commands.PostFirmQuote(account, asset, side, price, amount, until), w.sender(account)


def take_back(w: VaultWorld) -> Made:
    """A desk takes a quote back."""
    if not w.firms:
        return post(w)
    one = w.rng.choice(list(w.firms.values()))
    account = one.account if w.chance(0.95) else w.account()
    sender = OPERATOR if w.chance(0.1) else w.sender(account)
    return commands.CancelFirmQuote(account, one.firm_quote), sender


def bring_base(w: VaultWorld) -> Made:
    """Base comes in."""
    account, asset = w.account(), w.rng.choice(BASES)
    amount = w.some_amount(asset, 2.0, 4.5)
    return commands.Deposit(account, asset, amount, w.fresh_name()), OPERATOR
