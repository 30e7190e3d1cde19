"""Random commands for breakers: money that leaves, limits, modes, and what is held."""

from __future__ import annotations

from plimsoll.messages import codes, commands
from plimsoll.messages.guard_params import BreakerParams
from tests.harness.commands_gen import Made
from tests.harness.guard_world import HOLDS_MS, GuardWorld, replaced
from tests.harness.vault_world import BASES, TREASURY, USD
from tests.harness.world import KEEPER, OPERATOR, TRADERS

# Money out ----------------------------------------------------------------------------------------


def take_out(w: GuardWorld) -> Made:
    """Somebody withdraws: collateral or base, a little or a lot."""
    asset = w.rng.choice((USD, *BASES))
    amount = w.some_amount(asset, 1.5, 5.0)
    account = w.rich(asset, amount)
    if asset != USD and w.chance(0.3):
        amount = max(1, w.has.get((account, asset), 1))
    return commands.Withdraw(account, asset, amount, w.fresh_name()), w.sender(account)


def run(w: GuardWorld) -> Made:
    """Several want their money at once."""
    made = [take_out(w) for _ in range(w.rng.randint(2, 5))]
    w.at_once += made[1:]
    return made[0]


def launder(w: GuardWorld) -> Made:
    """Collateral goes out by way of a base asset."""
    pools = [p for p in w.pools if USD in p.real and p.base in BASES]
    pool = w.rng.choice(pools)
    usd = w.amount_worth(USD, 10 ** w.rng.uniform(3, 4.7))
    account = w.rich(USD, usd)
    base = w.amount_worth(pool.base, usd / 10**6 * 0.98)
    out = commands.Withdraw(account, pool.base, base, w.fresh_name())
    w.at_once.append((out, w.sender(account)))
    return commands.SwapSpot(account, pool.ident, USD, False, usd, 0), w.sender(account)


def treasury_out(w: GuardWorld) -> Made:
    """The operator takes money out of the treasury, as two keys may."""
    asset = w.rng.choice((USD, *BASES))
    amount = w.some_amount(asset, 3.5, 5.5)
    return commands.Withdraw(TREASURY, asset, amount, w.fresh_name()), OPERATOR


def come_back(w: GuardWorld) -> Made:
    """Money comes in, and some of it wants out again."""
    account, asset = w.account(), w.rng.choice((USD, *BASES))
    amount = w.some_amount(asset, 3.0, 4.8)
    part = max(1, int(amount * w.rng.choice((0.5, 1.0, 1.01))))
    out = commands.Withdraw(account, asset, part, w.fresh_name())
    w.at_once.append((out, w.sender(account)))
    return commands.Deposit(account, asset, amount, w.fresh_name()), OPERATOR


# Breakers -----------------------------------------------------------------------------------------


def limits(w: GuardWorld) -> Made:
    """The operator sets the limits of the outflow: tight ones, mostly, in a short window."""
    tick = w.rng.choice((300, 500, 1_000))
    window = tick * w.rng.choice((4, 10, 16))
    kept = w.rng.choice((999_950, 999_900, 999_800, 999_600, 999_000))
    cooldown = window + w.rng.choice((0, 0, 2_000))
    found = BreakerParams(
        window_ms=window,
        tick_ms=tick,
        retained=kept,
        threshold=w.rng.choice((0, 0, 10**12, 10**15)),
        principal_share=w.rng.choice((150_000, 300_000, 600_000, 1_000_000)),
        locking=int(w.chance(0.75)),
        cooldown_ms=cooldown,
        pause_retained=kept - (1_000_000 - kept) if w.chance(0.8) else 0,
        pause_cooldown_ms=cooldown + w.rng.choice((0, 4_000)),
    )
    if w.chance(0.06):
        found.retained = found.pause_retained = 0
    if w.limits is not None and w.chance(0.3):
        # Tighter than it is, in every field: one key is enough.
        found = replaced(
            w.limits,
            retained=min(999_999, w.limits.retained + w.rng.randint(0, 50)),
            cooldown_ms=w.limits.cooldown_ms + 500,
            pause_cooldown_ms=w.limits.pause_cooldown_ms + 500,
        )
    return commands.SetBreakerParams(found), w.operator()


def set_mode(w: GuardWorld) -> Made:
    """The operator trips the breaker, or releases it, sometimes with a time of grace."""
    draw = w.rng.random()
    if w.limits is None and w.chance(0.7):
        return limits(w)
    window = 10_000 if w.limits is None else w.limits.window_ms
    if w.breaker != codes.NORMAL and draw < 0.6:
        grace = w.now + w.rng.randint(1, window) if w.chance(0.4) else 0
        return commands.SetBreakerMode(codes.NORMAL, grace), w.operator()
    if draw < 0.9:
        mode = codes.PAUSED if w.chance(0.3) else codes.TRIPPED
        return commands.SetBreakerMode(mode, 0), w.operator()
    mode, grace = w.rng.randrange(3), w.now + w.rng.choice((-1, 0, 1, window, window + 1))
    return commands.SetBreakerMode(mode, grace), w.operator()


def last_run(w: GuardWorld) -> Made:
    """Just before a breaker would be released a lot is wanted, and then it is looked at."""
    limits = w.limits
    if w.breaker != codes.TRIPPED or limits is None:
        return run(w)
    over = w.since + limits.cooldown_ms
    if w.now < over - 1:
        w.now = max(w.now, over - w.rng.randint(1, limits.window_ms // 2))
        asset = w.rng.choice(BASES)
        amount = w.some_amount(asset, 4.3, 5.2)
        account = w.rich(asset, amount)
        out = commands.Withdraw(account, asset, amount, w.fresh_name())
        return out, w.sender(account)
    w.now = max(w.now, over - w.rng.choice((0, 0, 1)))
    if w.chance(0.5):
        return commands.Tick(100), KEEPER
    return commands.ReviewBreaker(-1), w.rng.choice(TRADERS)


def review(w: GuardWorld) -> Made:
    """Somebody asks whether a breaker may be released."""
    tight = [at for at, mode in enumerate(w.guards) if mode != codes.NORMAL]
    vault = -1
    if tight and (w.breaker == codes.NORMAL or w.chance(0.6)):
        vault = w.rng.choice(tight)
    elif w.chance(0.1):
        vault = w.rng.choice((0, 3, 77))
    return commands.ReviewBreaker(vault), w.rng.choice((KEEPER, *TRADERS))


def release(w: GuardWorld) -> Made:
    """Somebody wants a held withdrawal paid."""
    claim = w.rng.choice(list(w.claims) or w.done_ids or [1])
    return commands.ReleaseHeld(claim), w.rng.choice((KEEPER, *TRADERS))


def take_back(w: GuardWorld) -> Made:
    """Somebody would rather have his money back on his account."""
    if not w.claims:
        return release(w)
    e = w.rng.choice(list(w.claims.values()))
    sender = w.sender(e.account) if w.chance(0.95) else w.rng.choice(TRADERS)
    return commands.CancelHeld(e.account, e.claim), sender


def leave_paused(w: GuardWorld) -> Made:
    """A depositor wants out of a vault that is paused, or as good as."""
    shut = [v for v in w.vaults if w.guards[v.ident] == codes.PAUSED and v.shares]
    if not shut:
        return review(w)
    vault = w.rng.choice(shut)
    account = w.rng.choice(sorted(vault.shares))
    part = max(1, vault.shares[account] // w.rng.choice((1, 10, 100)))
    return commands.WithdrawVault(account, vault.ident, part, 0), w.sender(account)


def guard_vault(w: GuardWorld) -> Made:
    """The operator changes what the breaker of a vault looks at."""
    vault = w.rng.choice(w.vaults)
    most = vault.params.min_margin_ratio
    new: dict[str, int] = {
        "util_max": w.rng.choice((700_000, 900_000, 1_000_000)),
        "pause_margin_ratio": w.rng.choice((0, most * 4 // 5, most * 97 // 100)),
        "drawdown_max": w.rng.choice((0, 0, 4_000, 50_000)),
        "breaker_hold_ms": w.rng.choice(HOLDS_MS),
        "hedge_window_max": w.rng.choice((0, 1_000_000_000, 5_000_000_000)),
    }
    if w.chance(0.4):
        # Only tighter.
        p = vault.params
        new = {"breaker_hold_ms": p.breaker_hold_ms + 10, "util_max": max(1, p.util_max - 1_000)}
    return commands.SetVaultParams(vault.ident, replaced(vault.params, **new)), w.operator()


KINDS = [
    (take_out, 2.2), (run, 0.35), (launder, 0.4), (treasury_out, 0.15), (come_back, 0.3),
    (limits, 0.4), (set_mode, 0.12), (review, 0.35), (release, 0.25), (take_back, 0.3),
    (guard_vault, 0.3),
]  # fmt: skip
