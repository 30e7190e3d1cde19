"""Which refusals the rules call for, as the observer sees it: of commands whose rules are known."""

from __future__ import annotations

from collections.abc import Iterator

from plimsoll.messages import codes, commands, events
from tests.harness.observer_money import AMOUNT_MAX, LOT, PPM, Place, down, must
from tests.harness.observer_quotes import Quotes

OWNERS = codes.ROLE_TRADER | codes.ROLE_LP | codes.ROLE_KEEPER | codes.ROLE_DESK
HOUSE = codes.ROLE_KEEPER | codes.ROLE_ORACLE | codes.ROLE_OPERATOR
ROLES: dict[type[commands.Command], int] = {
    commands.SetSigner: OWNERS,
    commands.PlaceDelayed: OWNERS,
    commands.ExecuteDelayed: HOUSE,
    commands.SettleSigned: codes.ROLE_RELAYER,
    commands.MatchSigned: codes.ROLE_RELAYER,
    commands.CancelSigned: OWNERS | codes.ROLE_OPERATOR,
    commands.ReviewBreaker: OWNERS | HOUSE,
    commands.ReleaseHeld: OWNERS | HOUSE,
    commands.CancelHeld: OWNERS | codes.ROLE_RELAYER | codes.ROLE_OPERATOR,
    commands.SetBreakerParams: codes.ROLE_OPERATOR,
    commands.SetBreakerMode: codes.ROLE_OPERATOR,
    commands.Propose: codes.ROLE_OPERATOR,
    commands.ExecuteProposal: codes.ROLE_OPERATOR,
    commands.CancelProposal: codes.ROLE_OPERATOR,
}
"""Who may send what, of the commands whose refusals are foretold."""
ANYBODY = 2**16 - 1
Rules = Iterator[tuple[int, bool | None]]
"""Codes in the order in which they refuse, and whether each one does (None: it may)."""
MONEY = (
    commands.FundVamm, commands.FundPool, commands.Withdraw, commands.AddSpotLiquidity,
    commands.RemoveSpotLiquidity,
)  # fmt: skip
"""Changes that move the money of the exchange."""
OF_COMMANDS: dict[type[commands.Command], str] = {
    commands.SetSigner: "X3",
    commands.SettleSigned: "X3",
    commands.MatchSigned: "X3",
    commands.CancelSigned: "X3",
    commands.PlaceDelayed: "O11",
    commands.ExecuteDelayed: "O11",
    commands.Withdraw: "C4",
    commands.ReviewBreaker: "C2",
    commands.SetBreakerMode: "C2",
    commands.ReleaseHeld: "C5",
    commands.CancelHeld: "C5",
}
OF_CODES = {
    codes.NOT_OWNER: "X4",
    codes.NOT_WITHDRAWABLE: "G3",
    codes.INSUFFICIENT_BALANCE: "G3",
    codes.PARAMS_INVALID: "N2",
    codes.EXCHANGE_MODE: "C3",
    codes.RATE_LIMITED: "C4",
    codes.PROPOSAL_OWN: "N4",
}


def ident_of(c: commands.Command, code: int) -> str:
    """The rule that a wrong verdict on a command breaks."""
    if code == codes.NEEDS_PROPOSAL:
        return "N4" if isinstance(c, MONEY) else "N3"
    return OF_CODES.get(code) or OF_COMMANDS.get(type(c), "N3")


class Verdicts(Quotes):
    """Every refusal that can be foretold."""

    def __init__(self) -> None:
        super().__init__()
        self.roles: dict[int, int] = {0: codes.ROLE_OPERATOR}

    # The first rule that is broken --------------------------------------------------------------

    def judge_verdict(self, refusal: events.Rejected | None) -> None:
        """The first rule that a command breaks is what it is refused for; if it breaks none, it is
        accepted, or refused for what only comes of it.
        """
        c = self.command
        rules = self.rules(c)
        if rules is None:
            return
        code = 0 if refusal is None else refusal.code
        name = type(c).__name__
        if refusal is not None and code in (codes.UNKNOWN_PRINCIPAL, codes.NOT_ALLOWED):
            known = self.roles.get(self.principal)
            able = known is not None and known & ROLES.get(type(c), 0)
            must(not able, "X4", f"{name} is refused to {self.principal}: {code}")
            return
        able = self.roles.get(self.principal, 0) & ROLES.get(type(c), ANYBODY)
        must(able != 0, "X4", f"{name} by {self.principal}")
        for due, holds in rules:
            if holds:
                must(code == due, ident_of(c, due), f"{name} ends with {code}, is due {due}")
            if holds or (holds is None and code == due):
                return
        self.judge_outcome_code(c, code)

    def rules(self, c: commands.Command) -> Rules | None:
        """What may refuse a command, in order; None if nothing is foretold."""
        return None

    def judge_outcome_code(self, c: commands.Command, code: int) -> None:
        """What a command may end with that breaks no rule of its own: nothing, or what comes of
        it.
        """
        may = code == 0 or code in self.outcomes(c)
        must(may, ident_of(c, code), f"{type(c).__name__} is refused with {code} for nothing")

    def outcomes(self, c: commands.Command) -> frozenset[int]:
        """Codes that only the outcome decides."""
        return frozenset({codes.AMOUNT_RANGE})

    def has_time(self, done: int) -> bool:
        """Whether a house had time for more than what it did."""
        c = self.command
        return isinstance(c, commands.Tick) and min(c.limit, self.limits.tick_work_max) > done

    # What many of them ask ----------------------------------------------------------------------

    def owned(self, account: int, owner: bool = True, operators: bool = False) -> Rules:
        """An account that is there, that is the sender's, and that trades."""
        there = 0 <= account < len(self.owner)
        yield codes.UNKNOWN_ACCOUNT, not there
        if owner:
            mine = there and self.owner[account] == self.principal
            yield (
                codes.NOT_OWNER,
                not mine and not (operators and self.principal in self.operators),
            )
        yield codes.ACCOUNT_KIND, there and self.kind[account] != codes.TRADER

    def keeper_rules(self, keeper: int) -> Rules:
        """Whom a command pays: an account of the sender's, or the pot."""
        if keeper >= 0:
            yield from self.owned(keeper)

    def grid_rules(self, place: Place, price: int, size: int) -> Rules:
        """Tick and step."""
        yield codes.PRICE_NOT_ON_TICK, price % place.params.tick != 0
        yield codes.SIZE_NOT_ON_STEP, size % place.params.step != 0

    def worth_rules(self, place: Place, price: int, size: int) -> Rules:
        """Worth no more than can be said, and no less than the market's minimum."""
        worth = down((price or place.price) * size, LOT)
        yield codes.AMOUNT_RANGE, worth > AMOUNT_MAX
        yield codes.NOTIONAL_TOO_SMALL, worth < place.params.min_notional

    def uses_client(self, account: int, client: str) -> bool:
        """Whether an open order of the account has this client id."""
        mine = self.by_account.get(account, {}).values()
        return client != "" and any(o.client == client for o in mine if not o.fee_free)

    def vault_rules(self, maker: int, market: int) -> Rules:
        """What an order is directed at: a hedged vault of its market."""
        if maker < 0:
            return
        vault = self.maker(maker)
        passive = vault is not None and vault.kind == codes.PASSIVE_VAULT
        yield codes.UNKNOWN_VAULT, vault is None
        elsewhere = passive or (vault is not None and vault.market != market)
        yield codes.VAULT_KIND, elsewhere

    def leaving_rules(self, account: int, amount: int) -> Rules:
        """Whether collateral may leave an account now."""
        yield codes.IN_LIQUIDATION, self.liquidated(account)
        yield codes.ORACLE_INVALID, not all(self.fresh(m) for m in self.exposed_now(account))
        spare = self.withdrawable(account)
        short = amount > spare
        doubt = abs(amount - spare) <= self.slack(account)
        yield codes.NOT_WITHDRAWABLE, None if doubt else short

    def exposed_now(self, account: int) -> list[int]:
        """Markets the account holds something in, or has something open in that is no trigger."""
        mine = self.by_account.get(account, {}).values()
        found = {o.market for o in mine if o.where in ("book", "auction") and not o.reduce_only}
        found |= set(self.exposed(account))
        return sorted(found)

    def closable(self, account: int, market: int, side: int) -> int:
        """What a side may close of a position."""
        held = self.size(account, market)
        return max(0, -held if side == codes.BUY else held)

    def certain(self, market: int) -> bool:
        """Whether the last price is fresh and its confidence good enough."""
        place = self.places[market]
        widest = down(place.price * place.params.oracle_confidence_max, PPM)
        return self.fresh(market) and place.confidence <= widest

    def in_band(self, market: int, price: int) -> bool:
        """Whether a limit is within the band around the oracle."""
        low, high = self.band(market)
        return low <= price <= high

    def liquidated(self, account: int) -> bool:
        """Whether a close of the account waits in an auction."""
        return any(o.fee_free for o in self.by_account.get(account, {}).values())
