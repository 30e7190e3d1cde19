"""Attacks on the margin behind vaults and depositors: thin exits, borrowed deposits, caps."""

from __future__ import annotations

import random

from plimsoll.core import margin, vault_money
from plimsoll.messages import codes, commands
from plimsoll.messages.vault_params import VaultParams
from tests.attacks.arena import (
    BUY,
    KEEPER,
    LOT,
    OPERATOR,
    PRICE,
    SELL,
    USD,
    Arena,
    Person,
    every,
    limit,
    on_tick,
    opposite,
    sized,
)
from tests.attacks.test_vault_exits import opening
from tests.attacks.test_vault_flows import QUIET, burden, stake
from tests.attacks.vault_arena import BASE, HEDGED, PASSIVE, QUOTE, VaultArena, near


def test_no_exit_leaves_the_vault_short_of_margin() -> None:
    """After any exit that passes, and after everything it still quotes was taken, the passive vault
    meets its initial requirement at the oracle.

    Findings: #34.
    """

    def play(rng: random.Random) -> None:
        arena = VaultArena(quotes={"half_spread": rng.choice([1_000, 50_000])}, **QUIET)
        people = [arena.rich(10**5, 0) for _ in range(3)]
        for who in people:
            assert arena.join(who, PASSIVE, near(rng, 10**5 * USD, 1_000 * USD))
        arena.oracle(PRICE, 1_000)
        trader = arena.person(10**7)
        burden(arena, rng, 5_000)
        for _ in range(5):
            if rng.random() < 0.6:
                who = rng.choice(people)
                arena.leave_most(who, PASSIVE)
                assert arena.spare(PASSIVE) >= 0
            if rng.random() < 0.5:
                arena.take(trader, rng.randrange(2), 5_000 * LOT)
                assert arena.spare(PASSIVE) >= 0
            if rng.random() < 0.5:
                was = arena.spare(PASSIVE)
                arena.oracle(arena.price * rng.randint(995, 1_005) // 1_000 // 10**4 * 10**4, 1_000)
                if was >= 0 > arena.spare(PASSIVE):
                    break
        arena.check()

    every(play)


def test_no_exit_leaves_a_hedged_vault_thin() -> None:
    """Whatever price and position, an exit passes only with enough behind what stays.

    Findings: #34.
    """

    def play(rng: random.Random) -> None:
        least = rng.choice([200_000, 500_000, 900_000])
        arena = VaultArena(hedged={"min_margin_ratio": least}, pool_fee=rng.choice([0, 300]))
        arena.hold()
        vault = rng.choice(HEDGED)
        who = arena.rich(50_000, 500)
        assert arena.join(who, vault, stake(rng, vault))
        trader = arena.person(10**6)
        for _ in range(4):
            arena.trade(trader, vault, rng.randrange(2), sized(rng, 400))
            arena.move(arena.price * rng.randint(500, 1_900) // 1_000)
            have = arena.shares(who, vault)
            if have and arena.leave(who, vault, near(rng, have)):
                ratio = vault_money.cover_ratio(arena.state, arena.row(vault))
                assert ratio >= least
                equity = vault_money.maintenance_worth(arena.state, arena.row(vault))
                account = arena.row(vault).account
                assert equity >= margin.requirement(arena.state, account, True)
        arena.check()

    every(play)


def test_a_maker_under_water_is_closed_by_a_defined_procedure() -> None:
    """The passive vault after a loss that eats it: winners close, against others or deleveraged, it
    is liquidated like any account, and says that its doors are shut.

    Findings: M-12.
    """

    def play(rng: random.Random) -> None:
        arena = VaultArena(
            quotes={"half_spread": 500}, passive={"margin_total": 1},
            pools=rng.choice([0, 10_000]), taker_fee=0, maker_rebate=0, **QUIET,
        )  # fmt: skip
        saver = arena.rich(10_000, 0)
        assert arena.join(saver, PASSIVE, rng.randint(500, 10_000) * USD)
        arena.oracle(PRICE, 1_000)
        winner = arena.person(10**6)
        side = rng.randrange(2)
        sign = 1 if side == BUY else -1
        for _ in range(rng.randint(1, 5)):
            arena.take(winner, side, 500 * LOT)
            arena.oracle(on_tick(arena.price * (10_000 + sign * 150) // 10_000), 1_000)
        holder = arena.row(PASSIVE).account
        held = arena.base(holder)
        if held == 0:
            return
        moved = rng.randint(50, 400)
        arena.oracle(on_tick(arena.price * (1_000 + sign * moved) // 1_000), 1_000)
        assert len(arena.row(PASSIVE).account.orders) in (0, 1, 2)
        flow = commands.WithdrawVault(saver.ident, PASSIVE, 1, 0)
        if arena.assets(PASSIVE) + USD * LOT <= 0:
            assert arena.refused(flow, saver.owner) == codes.VAULT_SHUT
        for _ in range(4):
            arena.send(commands.Liquidate(holder.ident, -1), KEEPER)
            arena.tick()
            arena.oracle(arena.price, 1_000)
        # The winner closes: against what is left, or he was deleveraged.
        if arena.base(winner.account):
            bid = arena.person(10**7)
            arena.send(limit(bid, side, 10_000 * LOT, on_tick(arena.price)), bid.owner)
            left = abs(arena.base(winner.account))
            assert arena.take(winner, opposite(side), left, reduce_only=True)
        assert arena.base(winner.account) == 0
        arena.check()

    every(play)


def test_a_depositor_with_borrowed_margin_has_none() -> None:
    """What backs a position or an order is not deposited, shares back nothing, and profit that is
    not settled buys none.

    Findings: H-1.
    """

    def play(rng: random.Random) -> None:
        arena = VaultArena(taker_fee=0, maker_rebate=0)
        arena.hold()
        arena.oracle(PRICE, 1_000)
        who = arena.person(2_000)
        vault = rng.choice([PASSIVE, QUOTE])
        assert arena.take(who, rng.randrange(2), rng.randint(20, 150) * LOT // 10**6 * 10**6)
        held = arena.base(who.account)
        gains = rng.randint(0, 60) * (1 if held > 0 else -1)
        arena.move(PRICE * (1_000 + gains) // 1_000)
        needed = abs(held) * arena.price // LOT * arena.params.imr // 10**6
        most = min(who.account.cash() + arena_entry(arena, who), worth_of(arena, who) - needed)
        assert not arena.join(who, vault, max(1, most + 3))
        if most > 10:
            assert arena.join(who, vault, most - 3)
            assert worth_of(arena, who) >= needed
        order = limit(who, BUY if held > 0 else SELL, 50 * LOT, on_tick(arena.price), tif=1)
        if most > 10:
            before = arena.base(who.account)
            arena.send(order, who.owner)
            assert abs(arena.base(who.account)) <= abs(before) + LOT
        arena.check()

    every(play)


def arena_entry(arena: Arena, who: Person) -> int:
    """Entry cost of somebody's position (1e-6, signed)."""
    row = who.account.position(0)
    return 0 if row is None else row.entry_cost


def worth_of(arena: VaultArena, who: Person) -> int:
    """Equity without shares (1e-6)."""
    return Arena.worth(arena, who.account) // LOT


def test_open_interest_bounds_what_spot_has_to_take() -> None:
    """At the market's cap an order that adds is refused and one that reduces is not, and a vault
    takes no more than ``fill_max`` at once.

    Findings: #88.
    """

    def play(rng: random.Random) -> None:
        cap = rng.randint(5, 30) * LOT
        most = rng.choice([0, 3]) * LOT
        arena = VaultArena(open_interest_max=cap, hedged={"fill_max": most}, **QUIET)
        arena.hold()
        vault = rng.choice(HEDGED)
        side = opening(vault)
        taker = arena.rich(10**5, 0)
        for _ in range(40):
            size = sized(rng, 12)
            if arena.trade(taker, vault, side, size):
                assert most == 0 or size <= most
            assert arena.market.open_interest <= cap
        for _ in range(40):
            held = abs(arena.base(taker.account))
            size = min(held, most or held)
            if size == 0:
                break
            assert arena.trade(taker, vault, opposite(side), size, reduce_only=True)
        assert arena.base(taker.account) == 0
        arena.check()

    every(play, 300)


def test_a_full_vault_still_hedges() -> None:
    """The deposit cap counts what depositors brought, not what the vault has: hedges pass it both
    ways, and rebates that come in take nobody's place.

    Findings: own-cap-donation, own-cap-hedge.
    """

    def play(rng: random.Random) -> None:
        arena = VaultArena(taker_fee=10_000, maker_rebate=rng.choice([0, 10_000]), **QUIET)
        vault = rng.choice(HEDGED)
        who, taker = arena.rich(10**5, 1_000), arena.rich(10**5, 0)
        amount = 100 * LOT if vault == BASE else 10_000 * USD
        values = arena.row(vault).params.row()
        names = [name for name, _ in VaultParams.FIELDS]
        params = VaultParams(**{**dict(zip(names, values, strict=True)), "deposit_cap": amount})
        arena.must(commands.SetVaultParams(vault, params), OPERATOR)
        assert arena.join(who, vault, amount)
        more = commands.DepositVault(who.ident, vault, 1, 0)
        assert arena.refused(more, who.owner) == codes.VAULT_CAP
        for side in (opening(vault), opposite(opening(vault))):
            assert arena.trade(taker, vault, side, rng.randint(1, 50) * LOT) or side != opening(
                vault
            )
        part = near(rng, arena.shares(who, vault) // 2)
        before = arena.row(vault).liability
        assert arena.leave(who, vault, part)
        room = amount - arena.row(vault).liability
        assert before > amount - room
        if room > 10**6:
            assert arena.join(who, vault, room)
        arena.check()

    every(play, 500)
