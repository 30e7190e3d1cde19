"""The spot-hedged vaults of ``perp-v3.json``: steps as commands to the whole engine.

What a case says the spot venue answers comes from a pool whose reserves give just that: a million
times what goes in, a million and one times what comes out. A fill is one command here: the step
that swaps at once is the whole trade, the one that only asks is the plan of its hedge, and the
callback is the hedge of a position that came without one. There is no grid, as there is none
upstream, and no virtual shares.
"""

from __future__ import annotations

from typing import Any

from plimsoll.core import ledger, spot_venue, vault_money
from plimsoll.core.rows import Account
from plimsoll.messages import codec, codes, commands, events
from plimsoll.messages.codes import BUY, SELL
from plimsoll.messages.fields import FieldError
from plimsoll.messages.vault_params import VaultParams
from tests.conformance.cases import Case
from tests.conformance.desk import SIDE, Desk
from tests.conformance.scaling import (
    as_money,
    as_size,
    difference,
    magnified,
    magnitude,
    money,
    negated,
    size,
)
from tests.harness.scenario import KEEPER, OPERATOR, Scenario, market

PAIR = "X"
BASE = 1
DECIMALS = 9
ENTERS, LEAVES = 1_000_000, 1_000_001
"""The reserves, in what goes in and in what comes out."""
WIDE = money("0.9")
"""How far from the oracle the venues of the cases may be."""
RATIOS = {"initial_margin_ratio": "imr", "maintenance_margin_ratio": "mmr"}


BALANCES = ("base maker", "collateral maker", "collateral vault")


class Played:
    """Steps of a case, one after the other; ``results`` is what every one said of what is asked."""

    pause = 1
    """Milliseconds that pass with a step of its own."""
    page: Scenario
    results: list[dict[str, Any]]

    def play(self, steps: list[dict[str, Any]]) -> None:
        """Each step in its time."""
        for step in steps:
            self.weigh()
            said = getattr(self, step["op"])(step)
            found: dict[str, Any] = {}
            if "error" in said or "error" in step:
                found["error"] = said.get("error")
            if "returns" in step:
                found["returns"] = said
            if "expect" in step:
                found["expect"] = self.answer(step["expect"])
            self.results.append(found)
            self.page.now += self.pause

    def weigh(self) -> None:
        """Remember what a step may change."""

    def outcome(self, case: Case) -> dict[str, Any]:
        """All steps, then what is asked at the end."""
        self.play(case.when["steps"])
        asked = {name: value for name, value in case.then.items() if name not in ("steps", "error")}
        found = {"steps": self.results, **self.answer(asked)}
        if "error" in case.then:
            found["error"] = self.results[-1].pop("error", None)
        return found

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """What is asked of, as far as we have it."""
        found: dict[str, Any] = {}
        for field, value in asked.items():
            ask = getattr(self, f"ask_{field}", None)
            if ask is not None:
                found[field] = ask(value)
        return found


class Page(Played):
    """One vault and its venue."""

    def __init__(self, case: Case) -> None:
        given = case.given
        self.in_base = "makers" in given or "price" in given
        config = given.get("config", {})
        rules: dict[str, Any] = {
            ours: money(config[theirs]) for theirs, ours in RATIOS.items() if theirs in config
        }
        self.page = Scenario(
            market(symbol=PAIR, base_asset=BASE, price_band=WIDE, oracle_jump_max=money("1000"),
                   min_notional=0, **rules), traders="",
        )  # fmt: skip
        self.page.do(commands.CreateAsset("BASE", DECIMALS), OPERATOR)
        self.page.do(commands.CreateSpotPool(BASE, 0, 0, 0, 0), OPERATOR)
        made = given["makers"]["maker"] if "makers" in given else given.get("maker", {})
        least = money(made.get("min_margin_ratio", "0.5"))
        params = VaultParams(0, 0, min_margin_ratio=least, hedge_slippage=WIDE, pool_1=0)
        kind = codes.BASE_VAULT if self.in_base else codes.QUOTE_VAULT
        self.page.do(commands.CreateVault(kind, 0, "maker", params), OPERATOR)
        self.state = self.page.state
        self.vault = self.state.liquidity.vault(0)
        self.state.markets[0].params.tick = 1
        self.state.markets[0].params.step = 1
        self.desk = Desk(self.state)
        self.desk.markets[PAIR] = self.state.markets[0]
        self.state.log.commit()
        self.results: list[dict[str, Any]] = []
        self.before: dict[str, int] = {}
        price = given.get("oracle_price", given.get("price"))
        if price is not None:
            self.page.oracle(price)
        self.prepare(given)

    def prepare(self, given: dict[str, Any]) -> None:
        """What wallets and the vault have before the first step."""
        for asset, name in ((BASE, "base"), (0, "collateral")):
            for holder, amount in given.get("wallets", {}).get(name, {}).items():
                self.bring(self.trader(holder), asset, amount)
        if "taker_margin" in given:
            self.bring(self.trader("taker"), 0, given["taker_margin"])
        if "account_value" in given:
            self.deposit_to_margin({"trader": "maker", "amount": given["account_value"]})
            self.credit_base_hedge({"amount": given["base_balance"]})
        if "maker_quote_balance" in given:
            self.bring(self.trader("lp"), 0, given["maker_quote_balance"])
            self.lp_deposit({"lp": "lp", "amount": given["maker_quote_balance"]})

    # Steps ---------------------------------------------------------------------------------------

    def noop(self, step: dict[str, Any]) -> dict[str, Any]:
        """Nothing."""
        return {}

    def set_oracle(self, step: dict[str, Any]) -> dict[str, Any]:
        """A new price."""
        self.page.oracle(step["price"])
        return {}

    def deposit_to_margin(self, step: dict[str, Any]) -> dict[str, Any]:
        """Collateral from outside, to a trader or to the vault itself."""
        if step["trader"] == "maker":
            self.state.log.begin()
            self.desk.credit(self.vault.account, money(step["amount"]))
            self.state.log.commit()
        else:
            self.bring(self.trader(step["trader"]), 0, step["amount"])
        return {}

    def credit_base_hedge(self, step: dict[str, Any]) -> dict[str, Any]:
        """Base from outside to the vault, which counts as brought."""
        self.state.log.begin()
        outside = self.state.accounts[codes.OUTSIDE_ACCOUNT]
        amount = size(step["amount"])
        reason = codes.R_SPOT_HEDGE
        ledger.transfer(self.desk.txn, outside, self.vault.account, BASE, amount, reason, 0)
        self.vault.count_base(amount)
        self.state.log.commit()
        return {}

    def set_balance(self, step: dict[str, Any]) -> dict[str, Any]:
        """A balance of base that grows to an amount."""
        missing = difference(size(step["amount"]), vault_money.spot_base(self.state, self.vault))
        return self.credit_base_hedge({"amount": as_size(missing)})

    def lp_deposit(self, step: dict[str, Any]) -> dict[str, Any]:
        """A deposit; the shares it brought."""
        account = self.trader(step["lp"])
        command = commands.DepositVault(account, 0, self.own(step["amount"]), 0)
        refused = self.send(command, step["lp"])
        if refused:
            return {"error": self.error(refused)}
        (event,) = [one for one in self.page.found if isinstance(one, events.VaultDeposited)]
        return {"shares": self.as_own(event.shares)}

    def lp_withdraw(self, step: dict[str, Any]) -> dict[str, Any]:
        """A withdrawal; what was paid."""
        account = self.trader(step["lp"])
        command = commands.WithdrawVault(account, 0, self.own(step["shares"]), 0)
        refused = self.send(command, step["lp"])
        if refused:
            return {"error": self.error(refused)}
        (event,) = [one for one in self.page.found if isinstance(one, events.VaultWithdrawn)]
        if self.in_base:
            return {"base": as_size(event.paid), "quote": as_money(event.other)}
        return {"quote": as_money(event.paid), "base": as_size(event.other)}

    def open_position(self, step: dict[str, Any]) -> dict[str, Any]:
        """A trade with the vault, by an exact amount of base or of quote."""
        side = SIDE[step["direction"]]
        in_quote = step["exact"] == "quote"
        amount = money(step["amount"]) if in_quote else size(step["amount"])
        bound = step.get("bound", "0")
        limit = 0
        if bound not in ("0", "MAX"):
            limit = size(bound) if in_quote else money(bound)
        return self.trade(step, side, in_quote, amount, limit)

    def close_position(self, step: dict[str, Any]) -> dict[str, Any]:
        """A trade of all of a position."""
        held = self.page.position(step["taker"]).base
        side = SELL if held > 0 else BUY
        return self.trade(step, side, False, magnitude(held), 0)

    def trade(
        self, step: dict[str, Any], side: int, in_quote: bool, amount: int, limit: int
    ) -> dict[str, Any]:
        """The whole command; its hedge must ask of the venue what the case says it does."""
        (answer,) = step["spot"]
        self.stock(answer)
        account = self.trader(step["taker"])
        command = commands.TradeVault(account, 0, side, in_quote, amount, limit, False)
        refused = self.send(command, step["taker"])
        if refused:
            return {"error": self.error(refused)}
        (hedged,) = [one for one in self.page.found if isinstance(one, events.VaultHedged)]
        asked = {"base": as_size(hedged.base_amount), "collateral": as_money(hedged.quote)}
        sold = answer["token_in"]
        bought = "base" if sold == "collateral" else "collateral"
        assert asked == {sold: answer["amount_in"], bought: answer["amount_out"]}, asked
        return {"opposite_amount": asked["base" if in_quote else "collateral"]}

    def maker_fill_order(self, step: dict[str, Any]) -> dict[str, Any]:
        """The step that swaps at once: a whole trade of somebody; else, what a hedge would cost."""
        if "spot" in step:
            self.bring(self.trader("taker"), 0, "1000000")
            self.weigh()
            amount = step["spot"][0]["amount_in" if step["spot"][0]["kind"] == "exact_in"
                                     else "amount_out"]  # fmt: skip
            return self.open_position({**step, "taker": "taker", "amount": amount})
        (answer,) = step["spot_quotes"]
        self.stock(answer)
        bought = size(answer["amount_out"])
        hedge = spot_venue.plan(self.state, self.vault, BUY, bought, self.page.now)
        return {"opposite_amount": as_money(hedge.quote)}

    def maker_fill_order_callback(self, step: dict[str, Any]) -> dict[str, Any]:
        """What is left to do once both sides are settled: the hedge of a short; of a long, none."""
        command = commands.RehedgeVault(0, -1)
        if "spot" not in step:
            code, *_ = self.page.refuse(command, KEEPER)
            assert code == codes.NOTHING_TO_DO, code
            return {}
        (answer,) = step["spot"]
        self.stock(answer)
        bought = size(answer["amount_out"])
        self.state.log.begin()
        price = self.state.oracles[0].price
        self.desk.fill(self.vault.account, PAIR, negated(bought), price)
        self.state.log.commit()
        self.weigh()
        self.page.do(command, KEEPER)
        return {}

    def shbm_total_assets(self, step: dict[str, Any]) -> dict[str, Any]:
        """Nothing: what is asked stands in the state."""
        return {}

    # Doing ---------------------------------------------------------------------------------------

    def trader(self, name: str) -> int:
        """The account of a name, made when it is first used."""
        if name not in self.page.accounts:
            self.page.trader(name)
        return self.page.accounts[name]

    def bring(self, account: int, asset: int, amount: str) -> None:
        """An amount of an asset from outside."""
        raw = size(amount) if asset == BASE else money(amount)
        if raw:
            ref = f"brought{self.page.seq}"
            self.page.do(commands.Deposit(account, asset, raw, ref), OPERATOR)

    def stock(self, answer: dict[str, Any]) -> None:
        """Reserves with which the pool answers just that."""
        pool = self.state.liquidity.pools[0]
        held = [pool.account.held(asset) for asset in (BASE, 0)]
        treasury = codes.TREASURY_ACCOUNT
        if held != [0, 0]:
            self.page.do(commands.RemoveSpotLiquidity(treasury, 0, *held), OPERATOR)
        given, got = answer["amount_in"], answer["amount_out"]
        base, quote = (got, given) if answer["token_in"] == "collateral" else (given, got)
        times = (LEAVES, ENTERS) if answer["token_in"] == "collateral" else (ENTERS, LEAVES)
        amounts = magnified(size(base), times[0]), magnified(money(quote), times[1])
        self.bring(treasury, BASE, as_size(amounts[0]))
        self.bring(treasury, 0, as_money(amounts[1]))
        self.page.do(commands.AddSpotLiquidity(treasury, 0, *amounts), OPERATOR)

    def send(self, command: commands.Command, name: str) -> tuple[int, int, int] | None:
        """A command of a trader; how it was refused: at the door or by the core."""
        try:
            codec.decode_command(codec.encode_command(command))
        except FieldError:
            return codes.BAD_FIELD, 0, 0
        if self.page.apply(command, self.page.owner(name)):
            return None
        (event,) = self.page.found
        assert isinstance(event, events.Rejected)
        return event.code, event.value, event.limit

    def error(self, refused: tuple[int, int, int]) -> dict[str, Any]:
        """A refusal by its name upstream, if it has one."""
        code, value, limit = refused
        if code == codes.BAD_FIELD:
            return {"name": "ZeroAmount", "args": {}}
        if code == codes.VAULT_ASSETS:
            asset = "Base" if self.in_base else "Quote"
            args = {"withdraw": self.as_own(value), "balance": self.as_own(limit)}
            return {"name": f"NotEnoughSpot{asset}Tokens", "args": args}
        return {"name": codes.REJECTS[code][0], "args": {}}

    def own(self, amount: str) -> int:
        """An amount of the vault's asset, or of its shares, which have the same scale."""
        return size(amount) if self.in_base else money(amount)

    def as_own(self, amount: int) -> str:
        """The same as text."""
        return as_size(amount) if self.in_base else as_money(amount)

    # Looking -------------------------------------------------------------------------------------

    def account(self, name: str) -> Account:
        """A trader, or the vault."""
        return self.vault.account if name == "maker" else self.page.account(name)

    def weigh(self) -> None:
        """Remember the balances: what changes from now on is the step's doing."""
        self.before = {name: self.balance(*name.split()) for name in BALANCES}

    def balance(self, token: str, name: str) -> int:
        """What somebody has; ``vault`` is all money of the clearing house, the venue being outside;
        the wallet of a vault that is held in quote is what it can pay out."""
        if name not in ("vault", "maker") and name not in self.page.accounts:
            return 0
        state = self.state
        if name == "vault":
            outside = state.accounts[codes.OUTSIDE_ACCOUNT].cash()
            treasury = state.accounts[codes.TREASURY_ACCOUNT].cash()
            pool = state.liquidity.pools[0].account.cash()
            return difference(difference(negated(outside), treasury), pool)
        if token == "collateral":
            if name == "maker" and not self.in_base:
                return vault_money.payable(state, self.vault)
            return self.account(name).cash()
        return self.account(name).held(BASE)
