"""Commands for gateway, breakers and proposals that nobody should send, and those at a bound."""

from __future__ import annotations

from plimsoll.messages import codes, commands, events
from plimsoll.messages.gateway import SignedOrder
from plimsoll.messages.guard_params import BreakerParams
from tests.harness import gateway_gen
from tests.harness.commands_gen import Made
from tests.harness.gateway_gen import KEYS
from tests.harness.guard_world import RELAYER, GuardWorld
from tests.harness.vault_world import TREASURY, USD
from tests.harness.world import KEEPER, OPERATOR, ORACLE, TRADERS

AMOUNT_MAX = 2**62 - 1
BAD_KEYS = (
    "", "ed25519:", "evm:0x", "rsa:" + "a" * 64, "ed25519:" + "A" * 64, "ed25519:" + "g" * 64,
    "ed25519:" + "a" * 63, "ed25519:" + "a" * 65, "evm:0x" + "F" * 40, "evm:" + "f" * 42,
    "evm:0x" + "f" * 39, "ED25519:" + "a" * 64,
)  # fmt: skip


def altered(w: GuardWorld, order: SignedOrder) -> SignedOrder:
    """Other terms under the same hash: what a relayer would send if the door let him."""
    other = gateway_gen.copied(order)
    draw = w.rng.randrange(4)
    if draw == 0:
        other.size *= 2
    elif draw == 1:
        other.expires_ms += 1
    elif draw == 2:
        other.account = w.account()
        other.signer = w.rng.choice(w.signers.get(other.account) or KEYS)
    else:
        other.size += w.params[order.market].step
    return other


def of_signers(w: GuardWorld) -> list[Made]:
    """Keys that are none, of accounts of others and of the house."""
    some = w.account()
    system = w.rng.choice((0, 1, 2, 3, 5, w.vaults[1].holder, 9_999))
    return [
        (commands.SetSigner(some, w.rng.choice(BAD_KEYS), True), w.sender(some)),
        (commands.SetSigner(some, w.rng.choice(BAD_KEYS), False), w.sender(some)),
        (commands.SetSigner(some, KEYS[0], True), w.rng.choice(TRADERS)),
        (commands.SetSigner(system, KEYS[0], True), OPERATOR),
        (commands.SetSigner(some, KEYS[1], True), w.rng.choice((ORACLE, RELAYER, OPERATOR))),
    ]


def of_relayers(w: GuardWorld) -> list[Made]:
    """Orders that are not what was signed, fees for others, senders who are no relayers."""
    known = [p.order for p in w.papers.values()] or [gateway_gen.fresh(w).order]
    order, other = w.rng.choice(known), w.rng.choice(known)
    market, step = order.market, w.params[order.market].step
    account = w.account()
    unsigned = gateway_gen.draft(w, account, 0, 0, signer=w.rng.choice(KEYS))
    dear = gateway_gen.draft(w, w.signing_account(), 0, 0, relay_fee=2_000_001)
    late = gateway_gen.draft(w, w.signing_account(), 0, 1, expires_ms=w.now - 1)
    far = gateway_gen.draft(w, w.signing_account(), 0, 1, expires_ms=w.now + 600_001)
    funds = w.rng.choice((account, 1, 9_999))
    taken = gateway_gen.draft(w, w.signing_account(), 1, 1, fund=funds, margin=1_000)
    bare = gateway_gen.draft(w, w.signing_account(), 1, 0, fund=-1, margin=1_000)
    house = gateway_gen.draft(w, w.rng.choice((1, 3, 5, 9_999)), 0, 0)
    least = gateway_gen.draft(w, w.signing_account(), 0, 1, min_fill=AMOUNT_MAX)
    bases = gateway_gen.draft(w, w.signing_account(), 99, 1, size=10**9, price=10**9, maker=-1)
    pot = -1
    nobody = w.rng.choice((OPERATOR, KEEPER, *TRADERS))
    made = [
        *((commands.SettleSigned(one, one.size, pot), RELAYER) for one in (
            altered(w, order), altered(w, other), unsigned, dear, late, far, taken, bare, house,
            bases, least,
        )),
        (commands.SettleSigned(least, step, pot), RELAYER),
        (commands.SettleSigned(order, step, pot), RELAYER),
        (commands.SettleSigned(order, AMOUNT_MAX, pot), RELAYER),
        (commands.SettleSigned(order, order.size, w.account()), RELAYER),
        (commands.SettleSigned(order, order.size, pot), nobody),
        (commands.MatchSigned(order, order, step, pot), RELAYER),
        (commands.MatchSigned(order, other, step, pot), RELAYER),
        (commands.MatchSigned(order, altered(w, other), step, pot), nobody),
        (commands.CancelSigned(altered(w, order)), w.sender(order.account)),
        (commands.CancelSigned(order), w.rng.choice((*TRADERS, RELAYER))),
        (commands.CancelSigned(late), w.sender(late.account)),
    ]  # fmt: skip
    owner = w.owners.get(order.account, -1)
    own = [a for a, o in w.owners.items() if o == owner]
    again = gateway_gen.draft(
        w, w.rng.choice(own) if own else account, market, 1 - order.side, size=order.size,
        price=order.price, reduce_only=False, fok=False, maker=-1,
    )  # fmt: skip
    made.append((commands.MatchSigned(order, again, order.size, pot), RELAYER))
    return made


def of_delayed(w: GuardWorld) -> list[Made]:
    """Orders that would rest, that have no time, that are of others."""
    some, vault, now = w.account(), w.hedged(), w.now
    step, mine = w.params[0].step * 1_000, w.sender(some)
    _, sender = w.keeper()

    def one(
        kind: int, tif: int, price: int, size: int, expires: int, maker: int = -1, market: int = 0
    ) -> commands.Command:
        return commands.PlaceDelayed(
            some, market, 0, kind, tif, price, size, False, expires, "", maker
        )

    waits = next(iter(w.delayed), 1)
    trigger = next(iter(w.triggers), 1)
    market, ioc, limit = codes.MARKET, codes.IOC, codes.LIMIT
    return [
        (one(market, codes.GTC, 0, step, now + 5_000), mine),
        (one(limit, ioc, 0, step, now + 5_000), mine),
        (one(limit, ioc, w.params[0].tick + 1, step, now + 5_000), mine),
        (one(market, ioc, 0, step + 1, now + 5_000), mine),
        (one(market, ioc, 0, w.params[0].step, now + 5_000), mine),
        (one(market, ioc, 0, step, now), mine),
        (one(market, ioc, 0, step, now + 120_001), mine),
        (one(market, ioc, 0, step, now + 5_000, market=99), mine),
        (one(market, ioc, 0, step, now + 5_000, w.rng.choice((3, vault.holder, 1))), mine),
        (one(market, ioc, 0, step, now + 5_000), w.rng.choice((*TRADERS, RELAYER, OPERATOR))),
        (one(market, ioc, 0, AMOUNT_MAX // step * step, now + 5_000), mine),
        (commands.ExecuteDelayed(waits, -1), w.rng.choice(TRADERS)),
        (commands.ExecuteDelayed(waits, some), sender),
        (commands.ExecuteDelayed(trigger, -1), sender),
        (commands.FireTrigger(waits, -1), sender),
    ]


def of_guards(w: GuardWorld) -> list[Made]:
    """Limits that contradict themselves, claims of others, and commands of operators by anybody."""
    some = w.account()
    claim = next(iter(w.claims), 1)
    proposal = next(iter(w.proposals), 1)
    anybody = w.rng.choice((*TRADERS, KEEPER, ORACLE, RELAYER))
    good = BreakerParams()
    bad = w.rng.choice(
        (
            BreakerParams(tick_ms=0), BreakerParams(window_ms=1), BreakerParams(tick_ms=7_000),
            BreakerParams(principal_share=0), BreakerParams(cooldown_ms=1),
            BreakerParams(pause_retained=700_000), BreakerParams(pause_cooldown_ms=1),
            BreakerParams(retained=1_000_000), BreakerParams(tick_ms=1),
        )
    )  # fmt: skip
    out = commands.Withdraw(TREASURY, USD, 10**6, w.fresh_name())
    return [
        (commands.SetBreakerParams(bad), w.operator()),
        (commands.Propose(commands.SetBreakerParams(bad)), w.operator()),
        (commands.SetBreakerParams(good), anybody),
        (commands.SetBreakerMode(codes.PAUSED, 0), anybody),
        (commands.SetBreakerMode(codes.TRIPPED, w.now + 5), w.operator()),
        (commands.Propose(out), anybody),
        (commands.Propose(commands.Withdraw(some, USD, 1, w.fresh_name())), w.operator()),
        (commands.Propose(commands.SetMarketMode(99, 0)), w.operator()),
        (commands.Propose(commands.SetVaultMode(99, 0)), w.operator()),
        (commands.Propose(commands.SetMarketParams(0, w.params[1])), w.operator()),
        (commands.ExecuteProposal(proposal), anybody),
        (commands.CancelProposal(proposal), anybody),
        (commands.ExecuteProposal(2**53 - 1), w.operator()),
        (commands.CancelProposal(2**53 - 1), w.operator()),
        (commands.ReleaseHeld(2**53 - 1), KEEPER),
        (commands.ReleaseHeld(claim), w.rng.choice((RELAYER, *TRADERS))),
        (commands.CancelHeld(some, claim), w.sender(some)),
        (commands.CancelHeld(some, 2**53 - 1), w.sender(some)),
        (commands.ReviewBreaker(99), KEEPER),
        (commands.ReviewBreaker(-1), w.rng.choice((RELAYER, *TRADERS))),
        (out, w.rng.choice((1, *TRADERS))),
    ]


def hostile(w: GuardWorld) -> Made:
    """One of them."""
    family = w.rng.choice((of_signers, of_relayers, of_relayers, of_delayed, of_guards))
    return w.rng.choice(family(w))


# At a bound ---------------------------------------------------------------------------------------


def last_signature(w: GuardWorld) -> Made | None:
    """A settlement in the last millisecond an order is good for, or in the first one after it."""
    due = [p for p in w.papers.values() if p.order.expires_ms > w.now]
    if not due:
        return None
    one = min(due, key=lambda p: p.order.expires_ms)
    w.now = one.order.expires_ms + w.rng.choice((0, 1))
    if w.chance(0.3):
        return commands.Tick(100), ORACLE
    return commands.SettleSigned(one.order, max(1, one.left()), -1), RELAYER


def last_wait(w: GuardWorld) -> Made | None:
    """A delayed order in its last millisecond, or in the first one after it."""
    due = [e for e in w.delayed.values() if e.expires_ms >= w.now]
    if not due:
        return None
    one = min(due, key=lambda e: e.expires_ms)
    w.now = one.expires_ms + w.rng.choice((0, 1))
    if w.chance(0.5):
        return commands.Tick(100), ORACLE
    return commands.ExecuteDelayed(one.order, -1), KEEPER


def just_published(w: GuardWorld) -> Made | None:
    """A price published exactly when a delayed order may go, or a millisecond earlier."""
    due = [e for e in w.delayed.values() if e.earliest_ms > w.publications[e.market]]
    if not due:
        return None
    one = w.rng.choice(due)
    at = one.earliest_ms - w.rng.choice((0, 1))
    if at <= w.publications[one.market]:
        return None
    w.now = max(w.now, at)
    w.at_once.append((commands.ExecuteDelayed(one.order, -1), KEEPER))
    return commands.OraclePrices([price_of(w, one.market, at)]), ORACLE


def late(w: GuardWorld) -> Made | None:
    """A price that a delayed order waited for comes when it is as old as it may be, or older."""
    due = [
        (e, e.earliest_ms + w.params[e.market].oracle_max_age_ms)
        for e in w.delayed.values()
        if e.earliest_ms > w.publications[e.market]
    ]
    able = [(e, at) for e, at in due if w.now <= at < e.expires_ms]
    if not able:
        # One that waits long enough for the next time.
        made, sender = gateway_gen.delay(w)
        if isinstance(made, commands.PlaceDelayed):
            made.expires_ms = w.now + w.params[made.market].delayed_validity_max_ms
        return made, sender
    one, at = w.rng.choice(able)
    w.now = at + w.rng.choice((0, 1))
    w.at_once.append((commands.ExecuteDelayed(one.order, -1), KEEPER))
    return commands.OraclePrices([price_of(w, one.market, one.earliest_ms)]), ORACLE


def price_of(w: GuardWorld, market: int, published: int) -> commands.PricePoint:
    """The price that holds, published again."""
    return commands.PricePoint(market, w.prices[market], 0, published)


def just_ready(w: GuardWorld) -> Made | None:
    """A proposal in the millisecond it is ready or expires, or one off."""
    if not w.proposals:
        return None
    one = w.rng.choice(list(w.proposals.values()))
    at = w.rng.choice((one.ready_ms - 1, one.ready_ms, one.expires_ms, one.expires_ms + 1))
    if at < w.now:
        return None
    w.now = at
    return commands.ExecuteProposal(one.proposal), w.operator(but=one.principal)


EDGES = (last_signature, last_wait, just_published, just_published, late, late, just_ready)


def edge(w: GuardWorld) -> Made | None:
    """One command at a bound, if there is one to be at."""
    return w.rng.choice(EDGES)(w)


def follow_up(w: GuardWorld, command: commands.Command, found: list[events.Event]) -> Made | None:
    """After some refusals: exactly what would have passed, or one unit past it."""
    if len(found) != 1 or not isinstance(found[0], events.Rejected) or w.chance(0.4):
        return None
    c, refusal, past = command, found[0], w.rng.choice((0, 1))
    made: commands.Command | None = None
    if isinstance(c, commands.Withdraw) and c.asset == USD:
        if refusal.code == codes.RATE_LIMITED and refusal.limit > 0:
            made = commands.Withdraw(c.account, USD, refusal.limit + past, w.fresh_name())
    elif isinstance(c, commands.SettleSigned):
        order = c.order
        step = w.params[order.market].step if order.market < len(w.params) else 1
        if refusal.code == codes.SIGNED_OVERFILL and refusal.limit > 0:
            made = commands.SettleSigned(order, refusal.limit + past * step, c.relayer)
        elif refusal.code == codes.SIGNED_MIN_FILL:
            made = commands.SettleSigned(order, max(1, refusal.limit - past * step), c.relayer)
        elif refusal.code == codes.FOK_NOT_FILLABLE and refusal.value > 0:
            made = commands.SettleSigned(order, refusal.value, c.relayer)
    if made is None:
        return None
    if isinstance(made, commands.SettleSigned):
        return made, RELAYER
    return made, w.sender(made.account)  # type: ignore[attr-defined]
