"""Commands for vaults and spot that nobody should send, and those exactly at a bound."""

from __future__ import annotations

from plimsoll.messages import codes, commands, events
from plimsoll.messages.vault_params import QuoteParams, VaultParams
from tests.harness.commands_gen import Made
from tests.harness.vault_world import BASES, EUR, PASSIVE, TREASURY, USD, VaultWorld
from tests.harness.world import KEEPER, NOBODY, OPERATOR, ORACLE, TRADERS

AMOUNT_MAX = 2**62 - 1
PRICE_MAX = 2**46 - 1
FAR = (7, 2**31 - 1)


# Nobody should send these -------------------------------------------------------------------------


def of_depositors(w: VaultWorld) -> list[Made]:
    """Too much, too little, of others, of vaults that are not there."""
    some, vault, far = w.account(), w.rng.choice(w.vaults), w.rng.choice(FAR)
    other = w.rng.choice(TRADERS)
    owned = vault.shares.get(some, 0)
    system = w.rng.choice((0, 1, 2, 3, 5, 7, vault.holder))
    mine = w.sender(some)
    return [
        (commands.DepositVault(some, vault.ident, AMOUNT_MAX, 0), mine),
        (commands.DepositVault(some, vault.ident, 1, 0), mine),
        (commands.DepositVault(some, vault.ident, 1_000, AMOUNT_MAX), mine),
        (commands.DepositVault(some, far, 1_000, 0), mine),
        (commands.DepositVault(some, vault.ident, 1_000, 0), other),
        (commands.DepositVault(system, vault.ident, 1_000, 0), OPERATOR),
        (commands.WithdrawVault(some, vault.ident, AMOUNT_MAX, 0), mine),
        (commands.WithdrawVault(some, vault.ident, owned + 1, 0), mine),
        (commands.WithdrawVault(some, vault.ident, max(1, owned), AMOUNT_MAX), mine),
        (commands.WithdrawVault(some, vault.ident, max(1, owned), 0), other),
        (commands.WithdrawVault(some, far, 1, 0), mine),
        (commands.ClaimUnlocks(some, far), mine),
        (commands.ClaimUnlocks(some, vault.ident), other),
    ]


def of_takers(w: VaultWorld) -> list[Made]:
    """Sizes off the step and off the scale, vaults of other kinds and markets."""
    some, vault, far = w.account(), w.hedged(), w.rng.choice(FAR)
    step, side = w.params[vault.market].step, w.rng.randrange(2)
    most = AMOUNT_MAX // step * step
    exact, mine = w.chance(0.5), w.sender(some)
    order = commands.PlaceOrder(
        some, w.rng.randrange(3), side, codes.MARKET, codes.IOC, 0, 10 * step, codes.POST_NONE,
        False, 0, "", 0, w.rng.choice((vault.holder, 3, 1, some, 2**31 - 1)),
    )  # fmt: skip
    return [
        (commands.TradeVault(some, vault.ident, side, exact, most, 0, False), mine),
        (commands.TradeVault(some, vault.ident, side, exact, AMOUNT_MAX, 0, True), mine),
        (commands.TradeVault(some, vault.ident, side, exact, 1, 0, False), mine),
        (commands.TradeVault(some, vault.ident, side, False, step, AMOUNT_MAX, False), mine),
        (commands.TradeVault(some, vault.ident, side, exact, 10**9, 1, False), mine),
        (commands.TradeVault(some, PASSIVE, side, exact, step, 0, False), mine),
        (commands.TradeVault(some, far, side, exact, step, 0, False), mine),
        (commands.TradeVault(some, vault.ident, side, exact, step, 0, False), NOBODY),
        (commands.TradeVault(vault.holder, vault.ident, side, exact, step, 0, False), OPERATOR),
        (commands.RehedgeVault(PASSIVE, -1), KEEPER),
        (commands.RehedgeVault(far, -1), KEEPER),
        (commands.RehedgeVault(vault.ident, some), w.rng.choice((KEEPER, mine))),
        (order, mine),
    ]


def of_spot(w: VaultWorld) -> list[Made]:
    """Pools drained and flooded, quotes that hold nothing or everything."""
    some, pool, far = w.account(), w.rng.choice(w.pools), w.rng.choice((9, 2**31 - 1))
    mine, base, now = w.sender(some), w.rng.choice(BASES), w.now
    out = pool.real[pool.quote]
    side = w.rng.randrange(2)
    return [
        (commands.SwapSpot(some, pool.ident, pool.base, True, max(1, out), 0), mine),
        (commands.SwapSpot(some, pool.ident, pool.base, True, out + 1, 0), mine),
        (commands.SwapSpot(some, pool.ident, pool.base, False, AMOUNT_MAX, 0), mine),
        (commands.SwapSpot(some, pool.ident, pool.quote, False, 1, 0), mine),
        (commands.SwapSpot(some, pool.ident, 99, False, 1, 0), mine),
        (commands.SwapSpot(some, far, USD, False, 1, 0), mine),
        (commands.SwapSpot(some, pool.ident, pool.base, False, 10**6, 0), w.rng.choice(TRADERS)),
        (commands.AddSpotLiquidity(some, pool.ident, 1, 1), mine),
        (commands.AddSpotLiquidity(TREASURY, pool.ident, 0, 0), OPERATOR),
        (commands.AddSpotLiquidity(TREASURY, pool.ident, AMOUNT_MAX, 0), OPERATOR),
        (commands.RemoveSpotLiquidity(TREASURY, pool.ident, 0, out + 1), OPERATOR),
        (commands.RemoveSpotLiquidity(some, pool.ident, 1, 0), mine),
        (commands.RemoveSpotLiquidity(some, pool.ident, 0, 1), mine),
        (commands.RemoveSpotLiquidity(some, pool.ident, 1, 1), mine),
        (commands.PostFirmQuote(some, USD, side, 10**6, 10**6, now + 9), mine),
        (commands.PostFirmQuote(some, base, side, PRICE_MAX, AMOUNT_MAX, now + 9), mine),
        (commands.PostFirmQuote(some, base, side, 1, 1, now + 9), mine),
        (commands.PostFirmQuote(some, base, side, 10**6, 10**6, now), mine),
        (commands.PostFirmQuote(some, 99, side, 10**6, 10**6, now + 9), mine),
        (commands.PostFirmQuote(some, EUR, side, 10**6, 10**3, now + 9), mine),
        (commands.CancelFirmQuote(some, 2**53 - 1), mine),
        (commands.CancelFirmQuote(some, next(iter(w.firms), 1)), mine),
    ]


def of_operators(w: VaultWorld) -> list[Made]:
    """Sets that break a rule, and commands of operators from anybody."""
    vault, far = w.rng.choice(w.vaults), w.rng.choice(FAR)
    anybody = w.rng.choice((*TRADERS, ORACLE, KEEPER, NOBODY))
    virtual = VaultParams(virtual_shares=7, virtual_assets=7)
    lost = VaultParams(pool_1=2, pool_2=3)
    bad = w.rng.choice(
        (
            VaultParams(virtual_shares=0), VaultParams(deposit_fee=60_000),
            VaultParams(min_at_maturity=1), VaultParams(hedge_slippage=0),
            VaultParams(pool_1=0, pool_2=0), VaultParams(pool_2=1), VaultParams(pool_1=77),
        )
    )  # fmt: skip
    quote = w.rng.choice(
        (
            QuoteParams(1, 0, 1), QuoteParams(1, 500, 0), QuoteParams(1, 900_000, 10**9),
            QuoteParams(1, 500, 10**9, 0, 10),
        )
    )  # fmt: skip
    return [
        (commands.SetVaultParams(vault.ident, bad), OPERATOR),
        (commands.SetVaultParams(vault.ident, virtual), OPERATOR),
        (commands.SetVaultParams(w.hedged().ident, lost), OPERATOR),
        (commands.SetVaultParams(far, VaultParams()), OPERATOR),
        (commands.SetVaultQuote(PASSIVE, 0, quote), OPERATOR),
        (commands.SetVaultQuote(1, 0, QuoteParams(1, 500, 10**9)), OPERATOR),
        (commands.SetVaultQuote(PASSIVE, 9, QuoteParams(1, 500, 10**9)), OPERATOR),
        (commands.SetVaultMode(far, codes.HALTED), OPERATOR),
        (commands.SetVaultWhitelist(vault.ident, 3, True), OPERATOR),
        (commands.SetVaultWhitelist(vault.ident, 9_999, True), OPERATOR),
        (commands.CreateVault(codes.PASSIVE_VAULT, -1, "x", VaultParams()), OPERATOR),
        (commands.CreateVault(codes.BASE_VAULT, 9, "x", VaultParams()), OPERATOR),
        (commands.CreateSpotPool(USD, USD, 0, 0, 0), OPERATOR),
        (commands.CreateSpotPool(USD, EUR, 100, 0, 0), OPERATOR),
        (commands.CreateSpotPool(USD, EUR, 200_000, 0, 0), OPERATOR),
        (commands.SetVaultMode(vault.ident, codes.HALTED), anybody),
        (commands.SetVaultParams(vault.ident, vault.params), anybody),
        (commands.SetVaultQuote(PASSIVE, 0, QuoteParams()), anybody),
        (commands.SetVaultWhitelist(vault.ident, w.account(), True), anybody),
        (commands.CreateVault(codes.BASE_VAULT, 0, "x", VaultParams()), anybody),
        (commands.CreateSpotPool(USD, EUR, 1, 0, 0), anybody),
        (commands.AddSpotLiquidity(w.account(), 0, 1, 1), anybody),
    ]


def hostile(w: VaultWorld) -> Made:
    """One of them."""
    family = w.rng.choice((of_depositors, of_takers, of_spot, of_operators))
    return w.rng.choice(family(w))


# At a bound ---------------------------------------------------------------------------------------


def last_wait(w: VaultWorld) -> Made | None:
    """A claim in the last millisecond of a cooldown, or in the first one after it."""
    due = [o for vault in w.vaults for o in vault.waiting.values() if o.due_ms > w.now]
    if not due:
        return None
    one = min(due, key=lambda o: o.due_ms)
    w.now = one.due_ms - w.rng.choice((0, 1))
    if w.chance(0.3):
        return commands.Tick(100), ORACLE
    return commands.ClaimUnlocks(one.account, one.vault), w.sender(one.account)


def last_quote(w: VaultWorld) -> Made | None:
    """A trade when a firm quote is as old as it may be, or a millisecond older."""
    due = [o for o in w.firms.values() if o.expires_ms >= w.now and o.asset in BASES]
    if not due:
        return None
    one = min(due, key=lambda o: o.expires_ms)
    w.now = one.expires_ms + w.rng.choice((0, 1))
    market = BASES.index(one.asset)
    account, step = w.account(), w.params[market].step
    side = codes.BUY if one.side == codes.SELL else codes.SELL
    size = w.some_size(market, 1.2, 2.5) // step * step
    command = commands.TradeVault(account, w.hedged(market).ident, side, False, size, 0, False)
    return command, w.sender(account)


def all_of_it(w: VaultWorld) -> Made | None:
    """As large a trade as leaves a vault with nothing, or one step more."""
    vault = w.hedged()
    held, step = w.hold(vault), w.params[vault.market].step
    if not held:
        return None
    size = abs(held) + w.rng.choice((0, step))
    side = codes.BUY if vault.kind == codes.BASE_VAULT else codes.SELL
    account = w.account()
    command = commands.TradeVault(account, vault.ident, side, False, size, 0, False)
    return command, w.sender(account)


def drain(w: VaultWorld) -> Made | None:
    """Somebody takes all that a pool really has, or a unit more, in assets that bear no margin."""
    pool = next(one for one in w.pools if USD not in one.real and any(one.virtual.values()))
    real = pool.real[pool.quote]
    if not real:
        return None
    x, y = pool.size(pool.base), pool.size(pool.quote)
    account, needed = w.account(), 2 * x * real // (y - real)
    out = real + w.rng.choice((0, 1))
    w.at_once.append(
        (commands.SwapSpot(account, pool.ident, pool.base, True, out, 0), w.sender(account))
    )
    return commands.Deposit(account, pool.base, needed, w.fresh_name()), OPERATOR


EDGES = (last_wait, last_wait, last_quote, last_quote, all_of_it, all_of_it, drain)


def edge(w: VaultWorld) -> Made | None:
    """One command at a bound, if there is one to be at."""
    return w.rng.choice(EDGES)(w)


def follow_up(w: VaultWorld, command: commands.Command, found: list[events.Event]) -> Made | None:
    """After some refusals: exactly what would have passed, or one unit past it."""
    if len(found) != 1 or not isinstance(found[0], events.Rejected) or w.chance(0.5):
        return None
    c, refusal, past = command, found[0], w.rng.choice((0, 1))
    code, value, limit = refusal.code, refusal.value, refusal.limit
    made: commands.Command | None = None
    if isinstance(c, commands.DepositVault):
        if code == codes.SHARES_TOO_FEW and value > 0:
            made = commands.DepositVault(c.account, c.vault, c.amount, value + past)
        elif code in (codes.NOT_WITHDRAWABLE, codes.INSUFFICIENT_BALANCE) and limit > 0:
            made = commands.DepositVault(c.account, c.vault, limit + past, 0)
    elif isinstance(c, commands.WithdrawVault):
        if code == codes.VALUE_TOO_SMALL and value > 0:
            made = commands.WithdrawVault(c.account, c.vault, c.shares, value + past)
    elif isinstance(c, commands.TradeVault):
        made = trade_again(c, code, value, limit, past * w.params[0].step, past)
    elif isinstance(c, commands.SwapSpot) and code == codes.SPOT_SLIPPAGE:
        bound = max(1, value - past if c.exact_out else value + past)
        made = commands.SwapSpot(c.account, c.pool, c.asset_in, c.exact_out, c.amount, bound)
    return None if made is None else (made, w.sender(made.account))  # type: ignore[attr-defined]


def trade_again(
    c: commands.TradeVault, code: int, value: int, limit: int, steps: int, past: int
) -> commands.Command | None:
    """A trade with just enough of a limit, or as large as the vault can."""
    fixed = (c.account, c.vault, c.side, c.exact_quote)
    if code == codes.SPOT_SLIPPAGE and value > 0:
        most = (c.side == codes.BUY) != c.exact_quote
        bound = value - past if most else value + past
        return commands.TradeVault(*fixed, c.amount, max(1, bound), c.reduce_only)
    if code == codes.VAULT_CAPACITY and limit > 0 and not c.exact_quote:
        return commands.TradeVault(*fixed, limit + steps, c.limit, c.reduce_only)
    return None
