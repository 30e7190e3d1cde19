"""Adapters for the passive vault of ``dango.json``: through the whole engine.

The reference caps the vault's margin, we what depositors brought: a vault that is given was
brought all it has. What waits there before a step waits in the vault's account of unlocks here.
"""

from __future__ import annotations

from typing import Any

from plimsoll.core import ledger, margin, passive_vault, shares, vault_money, vault_quotes
from plimsoll.core.rows import Holding, Unlock, Vault
from plimsoll.messages import codec, codes, commands, events
from plimsoll.messages.commands import PricePoint
from plimsoll.messages.fields import FieldError
from plimsoll.messages.vault_params import QuoteParams, VaultParams
from plimsoll.units import PRICE_MAX
from tests.conformance.cases import Case
from tests.conformance.dango_replay import FINE, Replay
from tests.conformance.desk import Desk
from tests.conformance.scaling import (
    as_money,
    as_seconds,
    as_size,
    difference,
    money,
    negated,
    seconds,
    size,
    whole,
)
from tests.harness.scenario import KEEPER, OPERATOR, ORACLE, START_MS

NO_FEES = {"taker_fee_rate": "0", "maker_fee_rate": "0"}
OTHERS = "others"
"""Who has the shares, and the waiting unlocks, that are nobody's in a case."""
REFUSALS = {
    codes.NOT_WITHDRAWABLE: "insufficient available margin",
    codes.INSUFFICIENT_BALANCE: "insufficient available margin",
    codes.VAULT_CAP: "vault deposit cap exceeded",
    codes.VAULT_SHUT: "vault is in catastrophic loss",
    codes.SHARES_TOO_FEW: "too few shares minted",
    codes.UNLOCKS_FULL: "too many pending unlocks",
    codes.VAULT_MARGIN: "insufficient vault available margin to cover withdrawal",
    codes.BAD_FIELD: "amount of shares to burn must be positive",
}
QUOTES = {
    "vault_liquidity_weight": ("weight", whole),
    "vault_half_spread": ("half_spread", money),
    "vault_max_quote_size": ("max_quote_size", size),
    "vault_max_skew_size": ("max_skew", size),
    "vault_size_skew_factor": ("size_skew", money),
    "vault_spread_skew_factor": ("spread_skew", money),
}


def quotes_of(pair: dict[str, Any]) -> QuoteParams:
    """How a vault quotes in a pair."""
    return QuoteParams(
        **{ours: convert(pair[theirs]) for theirs, (ours, convert) in QUOTES.items()}
    )


class Keeping(Replay):
    """A scenario with a passive vault. A cooldown is over a step later unless it is given."""

    terms = VaultParams(cooldown_ms=1)

    def prepare(self) -> None:
        """The vault, and how it quotes, before anything is given."""
        create = commands.CreateVault(codes.PASSIVE_VAULT, -1, "vault", self.terms)
        self.page.do(create, OPERATOR)
        for ident, pair in enumerate(self.case.given["pairs"].values()):
            if "vault_liquidity_weight" in pair:
                command = commands.SetVaultQuote(0, ident, quotes_of(pair))
                self.page.do(command, OPERATOR)
        super().prepare()

    @property
    def vault(self) -> Vault:
        """The vault."""
        return self.page.state.liquidity.vault(0)

    def vault_add(self, number: int, step: dict[str, Any]) -> dict[str, Any]:
        """A deposit; its shares, or why it was refused."""
        account = self.page.accounts[step["user"]]
        least = whole(step.get("min_shares") or "0")
        command = commands.DepositVault(account, 0, money(step["amount"]), least)
        refused = self.send(step["user"], command)
        if refused:
            return {"error": refused}
        (event,) = [one for one in self.page.found if isinstance(one, events.VaultDeposited)]
        return {"shares_minted": str(event.shares)}

    def vault_remove(self, number: int, step: dict[str, Any]) -> dict[str, Any]:
        """A withdrawal; its value, and when it is due, or why it was refused."""
        account = self.page.accounts[step["user"]]
        command = commands.WithdrawVault(account, 0, whole(step["shares"]), 0)
        refused = self.send(step["user"], command)
        if refused:
            return {"error": refused}
        (event,) = [one for one in self.page.found if isinstance(one, events.UnlockQueued)]
        return {"amount_to_release": as_money(event.value)}

    def send(self, user: str, command: commands.Command) -> str | None:
        """A command of a user; how it was refused: at the door or by the core."""
        try:
            codec.decode_command(codec.encode_command(command))
        except FieldError:
            return REFUSALS[codes.BAD_FIELD]
        if self.page.apply(command, self.page.owner(user)):
            return None
        (refused,) = self.page.found
        assert isinstance(refused, events.Rejected)
        return REFUSALS[refused.code]

    def refresh_vault_orders(self, number: int, step: dict[str, Any]) -> dict[str, Any]:
        """The same prices once more: the vault quotes anew with every batch of them."""
        state = self.page.state
        self.page.published = max(self.page.now, self.page.published)
        prices = [
            PricePoint(row.ident, state.oracles[row.ident].price, 0, self.page.published)
            for row in state.markets
        ]
        found = self.page.do(commands.OraclePrices(prices), ORACLE)
        quoted = [one for one in found if isinstance(one, events.VaultQuoted)]
        return {
            "vault_equity": as_money(margin.equity(state, self.vault.account)),
            "vault_available_margin": as_money(passive_vault.margin_to_quote(state, self.vault)),
            "quotes": [
                {
                    "pair": self.names[one.market],
                    "bid": shown(one.bid, one.bid_size),
                    "ask": shown(one.ask, negated(one.ask_size)),
                }
                for one in quoted
                if one.bid_size or one.ask_size
            ],
        }

    def process_unlocks(self, number: int, step: dict[str, Any]) -> None:
        """The housekeeping that pays what is due."""
        self.page.do(commands.Tick(100), KEEPER)

    def limit(self, number: int, step: dict[str, Any]) -> None:
        """A limit order; one of the vault stands for its quote, at the price it is given."""
        if step["user"] != "vault":
            super().limit(number, step)
            return
        ident = self.names.index(step["pair"])
        unused = QuoteParams(weight=1, max_quote_size=1)
        self.page.do(commands.SetVaultQuote(0, ident, unused), OPERATOR)
        state = self.page.state
        state.log.begin()
        passive_vault.cancel_quotes(state, self.vault)
        desk = Desk(state)
        desk.markets[step["pair"]] = state.markets[ident]
        desk.rest(self.vault.account, step["pair"], size(step["size"]), money(step["price"]))
        state.log.commit()

    def supply(self) -> str:
        """Shares of the vault."""
        return str(self.vault.supply)


def shown(price: int, amount: int) -> dict[str, str] | None:
    """One side of a quote."""
    return {"price": as_money(price), "size": as_size(amount)} if amount else None


class Given(Keeping):
    """A vault with shares, margin, positions and a cap; then the prices, then one step."""

    def __init__(self, case: Case, *steps: dict[str, Any], **terms: Any) -> None:
        given = case.given
        self.terms = VaultParams(**{"cooldown_ms": 1, **terms})
        pairs = given.get("pairs") or {"NONE": {}}
        prices = {name: row["oracle_price"] for name, row in pairs.items() if row}
        vault = given.get("vault") or {
            "margin": given.get("vault_margin", "0"),
            "positions": given.get("vault_positions", []),
        }
        user = given.get("user") or {"margin": given.get("margin", "0"), "positions": []}
        accounts = {"vault": vault, "user": user, OTHERS: {"margin": "0", "positions": []}}
        whole_case = {"params": NO_FEES, "pairs": pairs, "accounts": accounts}
        first = [{"op": "set_oracle", "prices": prices}] if prices else []
        self.shares = given
        when = {"steps": [*first, *steps]}
        super().__init__(case._replace(given=whole_case, when=when))

    def prepare(self) -> None:
        """The shares: what is not the user's is somebody else's."""
        super().prepare()
        state = self.page.state
        state.log.begin()
        supply = whole(self.shares.get("vault_share_supply", "0"))
        owned = whole(self.shares.get("user_shares", "0"))
        self.holding("user").add_shares(owned)
        self.holding(OTHERS).add_shares(difference(supply, owned))
        brought = money(self.case.given["accounts"]["vault"]["margin"])
        self.vault.issue(supply, brought)
        for _ in range(whole(self.shares.get("pending_unlocks", "0"))):
            self.wait("0.000001", START_MS)
        for row in self.shares.get("unlocks", []):
            self.wait(row["amount"], since_start(row["end_time_seconds"]))
        state.log.commit()

    def holding(self, name: str) -> Holding:
        """What a user has in the vault."""
        return self.page.state.liquidity.holding(0, self.page.accounts[name])

    def wait(self, amount: str, due_ms: int) -> None:
        """An unlock of the user, whose value is in the account of unlocks."""
        state = self.page.state
        value = money(amount)
        outside = state.accounts[codes.OUTSIDE_ACCOUNT]
        ledger.move(outside, self.vault.unlocks, value)
        unlock = Unlock(state.globals.take_sequence(), value, 1, due_ms)
        state.liquidity.queue(self.holding("user"), unlock)

    def margin(self, name: str) -> str:
        """Deposits and realised profit of an account."""
        return as_money(margin.settled(self.page.state, self.account(name)))


def since_start(text: str) -> int:
    """A time of a case, whose clock begins when the page does."""
    return difference(seconds(text), negated(START_MS))


def equity(case: Case) -> dict[str, Any]:
    """What a vault is worth, without and with the virtual assets."""
    page = Given(case)
    worth = vault_money.assets(page.page.state, page.vault)
    virtual = page.vault.params.virtual_assets
    return {
        "vault_equity": as_money(worth),
        "effective_equity": as_money(shares.effective_assets(worth, virtual)),
    }


def mint_shares(case: Case) -> dict[str, Any]:
    """A deposit."""
    cap = money(case.given["vault_deposit_cap"] or "0")
    least = case.when["min_shares_to_mint"]
    step = {"op": "vault_add", "user": "user", "amount": case.when["deposit"], "min_shares": least}
    page = Given(case, step, deposit_cap=cap)
    said = page.results[-1]
    return {
        **said,
        "user_margin": page.margin("user"),
        "vault_margin": page.margin("vault"),
        "vault_share_supply": page.supply(),
    }


def redeem_value(case: Case) -> dict[str, Any]:
    """A withdrawal that waits."""
    given = case.given
    step = {"op": "vault_remove", "user": "user", "shares": case.when["shares_to_burn"]}
    cooldown = seconds(given["cooldown_seconds"])
    page = Given(case, step, cooldown_ms=cooldown, max_unlocks=whole(given["max_unlocks"]))
    found = dict(page.results[-1])
    row = page.holding("user")
    if "error" not in found:
        assert case.when["now_seconds"] == "0"
        asked = difference(page.page.now, 1)  # a step takes a millisecond
        found["end_time_seconds"] = as_seconds(difference(row.unlocks[-1].due_ms, asked))
    return {
        **found,
        "vault_margin": page.margin("vault"),
        "vault_share_supply": page.supply(),
        "user_shares": str(row.shares),
    }


def unlock(case: Case) -> dict[str, Any]:
    """The housekeeping at a time."""
    page = Given(case)
    page.page.now = since_start(case.when["now_seconds"])
    before = page.account("user").cash()
    page.process_unlocks(-1, {})
    return {
        "margin": page.margin("user"),
        "released": as_money(difference(page.account("user").cash(), before)),
        "unlocks": [
            {
                "amount": as_money(one.value),
                "end_time_seconds": as_seconds(difference(one.due_ms, START_MS)),
            }
            for one in page.holding("user").unlocks
        ],
    }


def quote(case: Case) -> dict[str, Any]:
    """The policy of quoting, where no price band binds."""
    given, when = case.given, case.when
    params = quotes_of(given)
    free = money(when["vault_available_margin"])
    part = vault_quotes.part_of(free, params.weight, whole(given["vault_total_weight"]))
    assert as_money(part) == when["allocated_margin"]
    seen = vault_quotes.Seen(
        oracle=money(when["oracle_price"]),
        imr=money(given["initial_margin_ratio"]),
        tick=money(given["tick_size"]),
        step=FINE["step"],
        min_notional=money(given["min_order_size"]),
        best_bid=money(when["best_bid"] or "0"),
        best_ask=money(when["best_ask"] or "0"),
        low=1,
        high=PRICE_MAX,
    )
    found = vault_quotes.quote(params, part, size(when["position_size"]), seen, False)
    return {
        "bid": shown(found.bid, found.bid_size),
        "ask": shown(found.ask, negated(found.ask_size)),
    }


def scenario(case: Case) -> dict[str, Any]:
    """What every step said, and what there is at the end."""
    replay = Keeping(case)
    return {
        "step_results": replay.results,
        "users": replay.users(),
        "insurance_fund": replay.cash("insurance"),
        "treasury": replay.cash("treasury"),
        "vault_share_supply": replay.supply(),
    }


ADAPTERS = {
    "vault.equity": equity,
    "vault.mint_shares": mint_shares,
    "vault.redeem_value": redeem_value,
    "vault.unlock": unlock,
    "vault.quote": quote,
    "vault.scenario": scenario,
}
