"""The observer's books: accounts, balances and positions, rebuilt from events alone.

Nothing here comes from the core: every line of money is derived anew from ``Filled`` and
``Transferred``, and judged. A broken rule raises ``Breach`` with the id of the invariant.
"""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import NoReturn

from plimsoll.messages import codes, commands, events
from plimsoll.messages.params import GlobalParams, MarketParams

USD = 0
LOT = 10**9
PPM = 10**6
AMOUNT_MAX = 2**62 - 1
POOLS = (codes.POOL_ADJUSTMENTS, codes.POOL_FUNDING, codes.POOL_INSURANCE, codes.KEEPER_POT)
HEDGED, UNLOCKS = codes.HEDGED_VAULT, codes.VAULT_UNLOCKS
HOLDERS = (codes.TRADER, codes.VAULT, HEDGED)
MAKERS = (codes.VAULT, HEDGED)
VAMM, TRADER, POT = codes.VAMM, codes.TRADER, codes.KEEPER_POT
ADJUSTMENTS, INSURANCE = codes.POOL_ADJUSTMENTS, codes.POOL_INSURANCE
CLEARING, ESCROW = codes.FUNDING_CLEARING, codes.ESCROW
LOSERS = (TRADER, codes.VAULT, HEDGED, VAMM)
SPOT, FIRM = codes.SPOT_POOL, codes.FIRM_ESCROW

ROUTES: dict[int, tuple[tuple[int, ...], tuple[int, ...]]] = {
    codes.R_DEPOSIT: ((codes.OUTSIDE,), (TRADER, codes.TREASURY)),
    codes.R_WITHDRAWAL: ((TRADER, codes.TREASURY), (codes.OUTSIDE,)),
    codes.R_TRANSFER: ((TRADER,), (TRADER,)),
    codes.R_VAMM_CAPITAL: ((codes.TREASURY,), (VAMM,)),
    codes.R_POOL_CAPITAL: ((codes.TREASURY,), POOLS[:3]),
    codes.R_REPEG_COST: ((ADJUSTMENTS,), (VAMM,)),
    codes.R_REPEG_REVENUE: ((VAMM,), (ADJUSTMENTS,)),
    codes.R_FUNDING_POOL: ((codes.POOL_FUNDING, CLEARING), (codes.POOL_FUNDING, CLEARING)),
    codes.R_FUNDING: ((CLEARING, *HOLDERS), (CLEARING, *HOLDERS)),
    codes.R_FUNDING_SWEEP: ((CLEARING,), (codes.POOL_FUNDING,)),
    codes.R_PENALTY: (HOLDERS, (INSURANCE,)),
    codes.R_KEEPER_LIQUIDATION: ((INSURANCE,), (TRADER, POT)),
    codes.R_KEEPER_FLAT: ((POT, TRADER), (TRADER,)),
    codes.R_KEEPER_EXTRA: ((ESCROW,), (TRADER,)),
    codes.R_EXTRA_ESCROW: ((TRADER,), (ESCROW,)),
    codes.R_EXTRA_REFUND: ((ESCROW,), (TRADER,)),
    codes.R_BAD_DEBT: ((INSURANCE,), LOSERS),
    codes.R_HAIRCUT: (LOSERS, LOSERS),
    codes.R_KEEPER_SURPLUS: ((ADJUSTMENTS,), (TRADER, POT)),
    codes.R_VAULT_DEPOSIT: ((TRADER,), MAKERS),
    codes.R_VAULT_WITHDRAWAL: (MAKERS, (TRADER,)),
    codes.R_VAULT_UNLOCK: (MAKERS, (UNLOCKS,)),
    codes.R_UNLOCK_PAID: ((UNLOCKS,), (TRADER,)),
    codes.R_UNLOCK_CUT: ((UNLOCKS,), MAKERS),
    codes.R_VAULT_FEE: ((TRADER,), MAKERS),
    codes.R_VAULT_RESIDUE: ((codes.VAULT,), (codes.TREASURY,)),
    codes.R_SPOT_LIQUIDITY: ((TRADER, codes.TREASURY, SPOT), (TRADER, codes.TREASURY, SPOT)),
    codes.R_SPOT_SWAP: ((TRADER, SPOT), (TRADER, SPOT)),
    codes.R_SPOT_HEDGE: ((HEDGED, SPOT), (HEDGED, SPOT)),
    codes.R_FIRM_ESCROW: ((TRADER,), (FIRM,)),
    codes.R_FIRM_RELEASE: ((FIRM,), (TRADER,)),
    codes.R_FIRM_FILL: ((FIRM, HEDGED), (HEDGED, TRADER)),
    codes.R_HELD: ((TRADER, codes.TREASURY), (codes.HELD,)),
    codes.R_HELD_PAID: ((codes.HELD,), (codes.OUTSIDE,)),
    codes.R_HELD_BACK: ((codes.HELD,), (TRADER, codes.TREASURY)),
    codes.R_RELAY_FEE: ((TRADER,), (TRADER, POT)),
    codes.R_SIGNED_MARGIN: ((TRADER,), (TRADER,)),
    codes.R_SIGNED_RELEASE: ((TRADER,), (TRADER,)),
}
"""Reason -> kinds of account it may leave, and enter."""


COLLATERAL_ONLY = tuple(range(codes.R_TRADE, codes.R_VAULT_DEPOSIT))
"""Reasons of mechanisms that know no other asset."""


class Breach(Exception):
    """An event breaks a rule; ``ident`` is the rule's id."""

    def __init__(self, ident: str, text: str) -> None:
        super().__init__(f"{ident}: {text}")
        self.ident = ident
        self.text = text


def broken(ident: str, text: str) -> NoReturn:
    """Report a broken rule."""
    raise Breach(ident, text)


def must(holds: bool, ident: str, text: str) -> None:
    """Report a broken rule unless it holds."""
    if not holds:
        raise Breach(ident, text)


def down(over: int, under: int) -> int:
    """A quotient rounded down."""
    return over // under


def up(over: int, under: int) -> int:
    """A quotient rounded up."""
    return -(-over // under)


def toward_zero(over: int, under: int) -> int:
    """A quotient without its broken part."""
    found = abs(over) // abs(under)
    return found if (over < 0) == (under < 0) else -found


class Place:
    """A market as its events tell it: accounts, parameters, curve, oracle, health."""

    def __init__(self, event: events.MarketCreated, params: MarketParams) -> None:
        self.ident = event.market
        self.params = params
        self.vamm, self.adjustments = event.vamm, event.adjustments
        self.funding, self.insurance = event.funding, event.insurance
        self.clearing, self.escrow = event.clearing, event.escrow
        self.mode = codes.ACTIVE
        self.bounds: set[int] = set()
        on = params.vamm_enabled
        self.root = params.vamm_sqrt_k if on else 0
        self.x = self.y = self.root
        self.peg = params.vamm_peg if on else 0
        self.net = 0
        self.long_spread = self.short_spread = params.vamm_base_spread
        self.price = self.confidence = self.published = self.accepted = 0
        self.window: list[int] = []
        self.elapsed = 0
        self.sampled = -1
        self.doubtful = 0  # until when a jump may stop the timer
        self.funded_s = -1
        self.rate_long = self.rate_short = 0

    def belongs(self) -> tuple[int, ...]:
        """Its own accounts."""
        return (
            self.vamm, self.adjustments, self.funding, self.insurance, self.clearing, self.escrow,
        )  # fmt: skip

    def effective(self) -> int:
        """What it allows."""
        restricted = bool(self.bounds) and self.mode == codes.ACTIVE
        return codes.RESTRICTED if restricted else self.mode


class Money:
    """Accounts, balances, positions, entry costs, funding that runs up."""

    def __init__(self) -> None:
        self.command: commands.Command = commands.Tick(0)
        self.now = self.seq = self.principal = 0
        self.limits = GlobalParams()
        self.owner: dict[int, int] = {0: 0, 1: 0, 2: 0, 3: 0}
        self.kind: dict[int, int] = {
            0: codes.OUTSIDE, 1: codes.TREASURY, 2: codes.KEEPER_POT, 3: codes.VAULT,
        }  # fmt: skip
        self.cash: dict[tuple[int, int], int] = {}
        self.base: dict[tuple[int, int], int] = {}
        self.cost: dict[tuple[int, int], int] = {}
        self.due: dict[tuple[int, int], Fraction] = {}
        self.hidden: dict[tuple[int, int], int] = {}  # settlements that may have paid nothing
        self.places: list[Place] = []
        self.used: set[tuple[str, int, str]] = set()
        self.last_fill = self.last_order = 0
        self.touched: set[int] = set()

    # Money ----------------------------------------------------------------------------------

    def held(self, account: int, asset: int = USD) -> int:
        """A balance."""
        return self.cash.get((account, asset), 0)

    def line(self, debit: int, credit: int, amount: int, asset: int = USD) -> None:
        """One ledger line: what leaves one account enters another."""
        must(debit in self.kind and credit in self.kind, "M8", f"unknown account {debit}, {credit}")
        must(amount >= 0, "M1", f"a line of {amount}")
        if amount == 0:
            return
        self.cash[debit, asset] = self.held(debit, asset) - amount
        self.cash[credit, asset] = self.held(credit, asset) + amount
        self.touched |= {debit, credit}
        if self.kind[debit] in POOLS:
            must(self.held(debit, asset) >= 0, "S5", f"pool {debit} holds {self.held(debit)}")
        if self.kind[debit] in (SPOT, FIRM, UNLOCKS, codes.HELD) or (
            self.kind[debit] == HEDGED and asset != USD
        ):
            must(self.held(debit, asset) >= 0, "S1", f"{debit} owes of asset {asset}")

    def on_Transferred(self, e: events.Transferred) -> None:  # noqa: N802
        """A line that reports itself, judged by its reason."""
        must(e.amount > 0, "M1", f"a transfer of {e.amount}")
        must(e.reason in ROUTES, "M8", f"reason {e.reason} of a transfer")
        must(e.debit in self.kind and e.credit in self.kind, "M8", "a transfer of nobody")
        sources, targets = ROUTES[e.reason]
        must(
            self.kind[e.debit] in sources and self.kind[e.credit] in targets,
            "M8",
            f"{codes.REASONS[e.reason]} from {e.debit} to {e.credit}",
        )
        self.judge_isolation(e)
        if e.reason in (codes.R_DEPOSIT, codes.R_WITHDRAWAL):
            self.judge_bridge(e)
        elif e.reason != codes.R_HELD_PAID:
            must(codes.OUTSIDE_ACCOUNT not in (e.debit, e.credit), "M6", "the outside world")
        must(
            e.asset == USD or e.reason not in COLLATERAL_ONLY,
            "M8",
            f"asset {e.asset} of a mechanism",
        )
        getattr(self, f"before_{codes.REASONS[e.reason]}", lambda _: None)(e)
        self.line(e.debit, e.credit, e.amount, e.asset)
        getattr(self, f"after_{codes.REASONS[e.reason]}", lambda _: None)(e)

    def judge_isolation(self, e: events.Transferred) -> None:
        """Pools and vAMMs deal in their own market only."""
        for account in (e.debit, e.credit):
            if codes.VAMM <= self.kind[account] <= codes.POOL_INSURANCE or self.kind[account] in (
                CLEARING, ESCROW,
            ):  # fmt: skip
                own = 0 <= e.market < len(self.places)
                must(
                    own and account in self.places[e.market].belongs(),
                    "S6",
                    f"account {account} in market {e.market}",
                )

    def judge_bridge(self, e: events.Transferred) -> None:
        """Money comes and goes by its command only, with an id that is used once."""
        c = self.command
        must(
            isinstance(c, (commands.Deposit, commands.Withdraw)) and c.amount == e.amount,
            "M6",
            f"{type(c).__name__} moved {e.amount} over the bridge",
        )
        if isinstance(c, (commands.Deposit, commands.Withdraw)):
            key = (type(c).__name__, c.asset, c.external_id)
            must(key not in self.used, "M6", f"external id {c.external_id} used again")
            self.used.add(key)

    # Accounts and parameters ----------------------------------------------------------------

    def on_AccountCreated(self, e: events.AccountCreated) -> None:  # noqa: N802
        """Ids without gaps."""
        must(e.account == len(self.owner), "O9", f"account {e.account}")
        self.owner[e.account], self.kind[e.account] = e.owner, e.kind

    def on_MarketCreated(self, e: events.MarketCreated) -> None:  # noqa: N802
        """A market with the parameters of its command."""
        must(e.market == len(self.places), "O9", f"market {e.market}")
        if isinstance(self.command, commands.CreateMarket):
            self.places.append(Place(e, self.command.params))
        else:
            broken("M8", "a market nobody asked for")

    def on_MarketParamsSet(self, e: events.MarketParamsSet) -> None:  # noqa: N802
        """New parameters."""
        if isinstance(self.command, commands.SetMarketParams):
            place = self.places[e.market]
            must(self.command.market == e.market, "M8", "parameters of another market")
            place.params = self.command.params
            place.long_spread = place.short_spread = place.params.vamm_base_spread
        else:
            broken("M8", "parameters nobody asked for")

    def on_GlobalParamsSet(self, _: events.GlobalParamsSet) -> None:  # noqa: N802
        """New limits."""
        if isinstance(self.command, commands.SetGlobalParams):
            self.limits = self.command.params

    def on_MarketModeSet(self, e: events.MarketModeSet) -> None:  # noqa: N802
        """A new mode."""
        place = self.places[e.market]
        must(e.before == place.mode, "M8", f"mode before: {e.before}, was {place.mode}")
        place.mode = e.mode

    # Positions ------------------------------------------------------------------------------

    def size(self, account: int, market: int) -> int:
        """A position."""
        return self.base.get((account, market), 0)

    def owed(self, account: int, market: int) -> int:
        """What funding would bring a position now, rounded against it."""
        return floor(self.due.get((account, market), Fraction(0)))

    def after_funding(self, e: events.Transferred) -> None:
        """A settlement pays what had run up, to a unit in favour of the pool."""
        incoming = e.debit == self.places[e.market].clearing
        account = e.credit if incoming else e.debit
        paid = e.amount if incoming else -e.amount
        key = (account, e.market)
        expected = self.owed(account, e.market)
        slack = self.hidden.pop(key, 0)
        must(
            expected - slack <= paid <= expected + slack,
            "F4",
            f"account {account} settles {paid}, {expected} had run up",
        )
        self.due[key] = Fraction(0)

    def slack(self, account: int) -> int:
        """Units by which settlements that paid nothing may have changed an account's funding."""
        if not self.hidden:
            return 0
        return sum(count for key, count in self.hidden.items() if key[0] == account)

    def hide(self, account: int, market: int) -> None:
        """A settlement of less than a unit leaves no event."""
        key = (account, market)
        if self.due.get(key):
            self.hidden[key] = self.hidden.get(key, 0) + 1

    def move(self, account: int, market: int, base: int, cost: int) -> tuple[int, bool]:
        """Change a position; its realised profit, and whether the change opened anything."""
        key = (account, market)
        if self.kind[account] != VAMM:
            unpaid = self.owed(account, market)
            slack = self.hidden.get(key, 0)
            must(abs(unpaid) <= slack, "F4", f"{account} trades with {unpaid} of funding unsettled")
        self.due.pop(key, None)
        self.hidden.pop(key, None)
        held, entry = self.size(account, market), self.cost.get(key, 0)
        after = held + base
        opened = abs(after) > abs(held) or (held != 0 and (held > 0) != (after > 0) and after != 0)
        if held * base >= 0:
            profit, entry = 0, entry + cost
        elif abs(base) <= abs(held):
            released = toward_zero(entry * abs(base), abs(held))
            profit, entry = -cost - released, entry - released
        else:
            closing = toward_zero(cost * abs(held), abs(base))
            profit, entry = -closing - entry, cost - closing
        self.base[key], self.cost[key] = after, entry
        self.touched.add(account)
        return profit, opened
