"""The auditor: an independent model of the exchange that predicts the answer to every command.

It shares no code with the core, knows no undo log (it copies its state instead), no indexes and no
running sums. ``predict`` says whether a command is accepted and which events come of it; after
that, its tables say what every account holds.
"""

from __future__ import annotations

from typing import Any

from plimsoll.messages import codes, commands, events
from plimsoll.messages.params import GlobalParams, MarketParams
from tests.harness.exact import AMOUNT_MAX, LOT, PPM, OutOfRange, Wide
from tests.harness.model import USD, Feed, Holder, Refused, Venue
from tests.harness.naive_book import NaiveBook
from tests.harness.naive_vamm import Curve
from tests.harness.trading import Trading

OPERATOR = codes.ROLE_OPERATOR
OWNERS = codes.ROLE_TRADER | codes.ROLE_LP | codes.ROLE_KEEPER | codes.ROLE_DESK
RELAYER = codes.ROLE_RELAYER
PRICE_MAX = 2**46 - 1

ALLOWED: dict[str, int] = {
    "CreatePrincipal": OPERATOR,
    "SetGlobalParams": OPERATOR,
    "CreateAsset": OPERATOR,
    "CreateMarket": OPERATOR,
    "SetMarketParams": OPERATOR,
    "SetMarketMode": OPERATOR,
    "FundVamm": OPERATOR,
    "CreateAccount": OWNERS | RELAYER | OPERATOR,
    "Deposit": OWNERS | OPERATOR,
    "Withdraw": OWNERS | RELAYER | OPERATOR,
    "Transfer": OWNERS | RELAYER,
    "PlaceOrder": OWNERS,
    "CancelOrder": OWNERS | OPERATOR,
    "CancelAll": OWNERS | OPERATOR,
    "AmendOrder": OWNERS,
    "Batch": OWNERS,
    "OraclePrices": codes.ROLE_ORACLE,
    "Tick": codes.ROLE_KEEPER | codes.ROLE_ORACLE | OPERATOR,
}


def first_problem(p: MarketParams) -> int:
    """Number of the first broken rule of a market's parameters; 0 when sound."""
    split = (
        p.split_insurance
        + p.split_adjustments
        + p.split_funding
        + p.split_keepers
        + p.split_treasury
        + p.split_vault
    )
    rules = [
        (1, p.symbol != ""),
        (2, p.tick > 0 and p.step > 0),
        (3, p.tick * p.step % LOT == 0),
        (4, 0 < p.mmr < p.imr),
        (5, p.imr <= PPM),
        (6, p.taker_fee >= p.maker_rebate),
        (7, p.taker_fee < p.mmr),
        (8, split == PPM),
        (9, p.open_interest_max > 0),
        (10, 0 < p.price_band < PPM),
        (11, 0 < p.market_slippage <= p.price_band),
        (12, p.oracle_max_age_ms > 0),
        (13, p.oracle_jump_max > PPM),
        (14, p.oracle_reset_ms >= p.oracle_max_age_ms),
    ]
    if p.vamm_enabled:
        rules += [
            (20, 0 < p.vamm_base_spread < p.vamm_max_spread),
            (21, p.vamm_max_spread < p.imr),
            (22, p.vamm_base_spread < p.price_band),
            (23, p.vamm_base_spread * p.vamm_peg * p.step >= 4 * LOT * PPM),
            (24, PPM < p.vamm_concentration <= 1_414_200),
            (25, p.vamm_max_fill_fraction > 0),
            (26, p.vamm_sqrt_k >= 1000 * p.step),
            (27, p.vamm_sqrt_k <= 2**60),
            (28, 8 * p.vamm_sqrt_k * p.vamm_peg <= AMOUNT_MAX * LOT),
        ]
    return next((number for number, holds in rules if not holds), 0)


def first_global_problem(p: GlobalParams) -> int:
    """Number of the first broken rule of the exchange's limits; 0 when sound."""
    rules = (
        (1, 1 <= p.open_orders_max <= 1_000),
        (2, 1 <= p.batch_max <= 50),
        (3, 1 <= p.tick_work_max <= 100_000),
        (4, p.accounts_max >= 1 and p.accounts_per_principal_max >= 1),
        (5, 1 <= p.matches_max <= 100_000),
    )
    return next((number for number, holds in rules if not holds), 0)


class Auditor(Trading):
    """The whole exchange, one command at a time."""

    def predict(
        self, command: commands.Command, seq: int, now: int, principal: int
    ) -> tuple[bool, list[events.Event]]:
        """Whether the command is accepted, and its events; the model moves on with it."""
        Wide.seen = False
        self.seq, self.now, self.principal = seq, now, principal
        self.events, self.to_trim = [], []
        saved = self.save()
        try:
            if not 0 <= principal < len(self.principals):
                raise Refused(codes.UNKNOWN_PRINCIPAL, principal, len(self.principals))
            self.roles = self.principals[principal][1]
            name = type(command).__name__
            if self.roles & ALLOWED[name] == 0:
                raise Refused(codes.NOT_ALLOWED, self.roles, ALLOWED[name])
            getattr(self, f"on_{name}")(command)
        except Refused as refusal:
            self.restore(saved)
            self.refuse(refusal)
            return False, self.events
        except OutOfRange:
            self.restore(saved)
            self.refuse(Refused(codes.AMOUNT_RANGE, 0, AMOUNT_MAX))
            return False, self.events
        return True, self.events

    def refuse(self, r: Refused) -> None:
        """Report a refusal."""
        self.events.append(events.Rejected(r.code, r.value, r.limit, r.item))

    def on_Batch(self, cmd: commands.Batch) -> None:  # noqa: N802
        """Items one by one; the whole is refused with the first one if atomic."""
        if not 1 <= len(cmd.items) <= self.limits.batch_max:
            raise Refused(codes.BATCH_SIZE, len(cmd.items), self.limits.batch_max)
        for at, item in enumerate(cmd.items):
            saved = self.save()
            try:
                getattr(self, f"on_{type(item).__name__}")(item)
            except Refused as refusal:
                refusal.item = at
                if cmd.atomic:
                    raise
                self.restore(saved)
                self.refuse(refusal)
            except OutOfRange:
                outside = Refused(codes.AMOUNT_RANGE, 0, AMOUNT_MAX, at)
                if cmd.atomic:
                    raise outside from None
                self.restore(saved)
                self.refuse(outside)

    # The operator ---------------------------------------------------------------------------

    def on_CreatePrincipal(self, cmd: commands.CreatePrincipal) -> None:  # noqa: N802
        """A new name."""
        names = [name for name, _ in self.principals]
        if cmd.name in names:
            raise Refused(codes.NAME_TAKEN, names.index(cmd.name))
        self.events.append(events.PrincipalCreated(len(names), cmd.name, cmd.roles))
        self.principals.append((cmd.name, cmd.roles))

    def on_SetGlobalParams(self, cmd: commands.SetGlobalParams) -> None:  # noqa: N802
        """New limits."""
        if problem := first_global_problem(cmd.params):
            raise Refused(codes.PARAMS_INVALID, problem)
        self.limits = cmd.params
        self.events.append(events.GlobalParamsSet())

    def on_CreateAsset(self, cmd: commands.CreateAsset) -> None:  # noqa: N802
        """A new symbol."""
        if len(self.assets) >= 64:
            raise Refused(codes.TOO_MANY, len(self.assets), 64)
        if cmd.symbol in self.assets:
            raise Refused(codes.NAME_TAKEN, self.assets.index(cmd.symbol))
        self.events.append(events.AssetCreated(len(self.assets), cmd.symbol, cmd.decimals))
        self.assets.append(cmd.symbol)

    def on_CreateMarket(self, cmd: commands.CreateMarket) -> None:  # noqa: N802
        """A market with six accounts."""
        params = cmd.params
        if problem := first_problem(params):
            raise Refused(codes.PARAMS_INVALID, problem)
        symbols = [venue.params.symbol for venue in self.venues]
        if params.symbol in symbols:
            raise Refused(codes.NAME_TAKEN, symbols.index(params.symbol))
        first = len(self.accounts)
        for kind, word in (
            (codes.VAMM, "vamm"),
            (codes.POOL_ADJUSTMENTS, "adjustments"),
            (codes.POOL_FUNDING, "funding"),
            (codes.POOL_INSURANCE, "insurance"),
            (codes.FUNDING_CLEARING, "clearing"),
            (codes.ESCROW, "escrow"),
        ):
            self.open_account(0, kind, -1, f"{params.symbol}/{word}")
        ids = tuple(range(first, first + 6))
        root = params.vamm_sqrt_k if params.vamm_enabled else 0
        peg = params.vamm_peg if params.vamm_enabled else 0
        self.venues.append(Venue(params, codes.ACTIVE, *ids[:4]))
        self.curves.append(Curve(root, root, root, peg, 0, 0))
        self.feeds.append(Feed())
        self.books.append(NaiveBook())
        self.events.append(events.MarketCreated(len(symbols), params.symbol, *ids))

    def on_SetMarketParams(self, cmd: commands.SetMarketParams) -> None:  # noqa: N802
        """New parameters; what orders and the curve stand on stays."""
        venue = self.venue(cmd.market)
        old, new = venue.params, cmd.params
        if problem := first_problem(new):
            raise Refused(codes.PARAMS_INVALID, problem)
        fixed = ("symbol", "step", "vamm_enabled", "vamm_sqrt_k", "vamm_peg")
        if old.tick % new.tick or any(getattr(old, f) != getattr(new, f) for f in fixed):
            raise Refused(codes.PARAMS_INVALID, 99)
        self.venues[cmd.market] = venue._replace(params=new)
        self.events.append(events.MarketParamsSet(cmd.market))

    def on_SetMarketMode(self, cmd: commands.SetMarketMode) -> None:  # noqa: N802
        """A new mode."""
        venue = self.venue(cmd.market)
        self.venues[cmd.market] = venue._replace(mode=cmd.mode)
        self.events.append(events.MarketModeSet(cmd.market, cmd.mode, venue.mode))

    def on_FundVamm(self, cmd: commands.FundVamm) -> None:  # noqa: N802
        """Capital out of the treasury."""
        venue = self.venue(cmd.market)
        if not venue.params.vamm_enabled:
            raise Refused(codes.VAMM_DISABLED, cmd.market)
        most = self.may_leave(codes.TREASURY_ACCOUNT)
        if cmd.amount > most:
            raise Refused(codes.INSUFFICIENT_BALANCE, cmd.amount, most)
        self.pay(codes.TREASURY_ACCOUNT, venue.vamm, cmd.amount, codes.R_VAMM_CAPITAL, cmd.market)
        curve = self.curves[cmd.market]
        self.curves[cmd.market] = curve._replace(capital=curve.capital + cmd.amount)

    # Accounts and money ---------------------------------------------------------------------

    def open_account(self, owner: int, kind: int, parent: int, label: str) -> None:
        """Under the next id."""
        self.events.append(events.AccountCreated(len(self.accounts), owner, kind, parent, label))
        self.accounts.append(Holder(owner, kind, parent, label))

    def on_CreateAccount(self, cmd: commands.CreateAccount) -> None:  # noqa: N802
        """For oneself; the operator for anybody."""
        if cmd.owner >= len(self.principals):
            raise Refused(codes.UNKNOWN_PRINCIPAL, cmd.owner, len(self.principals))
        if cmd.owner != self.principal and not self.roles & OPERATOR:
            raise Refused(codes.NOT_OWNER, cmd.owner, self.principal)
        if len(self.accounts) >= self.limits.accounts_max:
            raise Refused(codes.TOO_MANY, len(self.accounts), self.limits.accounts_max)
        own = [a for a in self.accounts if a.owner == cmd.owner and a.kind == codes.TRADER]
        if len(own) >= self.limits.accounts_per_principal_max:
            raise Refused(codes.TOO_MANY, len(own), self.limits.accounts_per_principal_max)
        if cmd.parent >= 0:
            parent = self.holder(cmd.parent)
            if parent.owner != cmd.owner:
                raise Refused(codes.NOT_OWNER, cmd.parent, parent.owner)
            if parent.kind != codes.TRADER or parent.parent != -1:
                raise Refused(codes.ACCOUNT_KIND, parent.kind, codes.TRADER)
        self.open_account(cmd.owner, codes.TRADER, cmd.parent, cmd.label)

    def use_once(self, direction: str, asset: int, external_id: str) -> None:
        """External ids are used once for ever, per direction and asset."""
        if external_id == "":
            raise Refused(codes.BAD_FIELD, 0, 1)
        key = f"{direction}:{asset}:{external_id}"
        if key in self.used:
            raise Refused(codes.EXTERNAL_ID_USED, self.used[key])
        self.used[key] = self.seq

    def check_bridge(self, holder: Holder) -> None:
        """Only traders and the treasury deal with the outside world."""
        if holder.kind not in (codes.TRADER, codes.TREASURY):
            raise Refused(codes.ACCOUNT_KIND, holder.kind, codes.TRADER)

    def check_asset(self, asset: int) -> None:
        """A known asset."""
        if asset >= len(self.assets):
            raise Refused(codes.UNKNOWN_ASSET, asset, len(self.assets))

    def check_leaves(self, account: int, asset: int, amount: int) -> None:
        """No more than may leave."""
        if asset == USD:
            for market, venue in enumerate(self.venues):
                exposed = self.held(account, market) or any(
                    where == market for where, _ in self.orders_of(account)
                )
                if exposed and not self.fresh(market):
                    age, most = self.price_age(market), venue.params.oracle_max_age_ms
                    raise Refused(codes.ORACLE_INVALID, age, most)
            if amount > self.may_leave(account):
                raise Refused(codes.NOT_WITHDRAWABLE, amount, self.may_leave(account))
        elif amount > self.money(account, asset):
            raise Refused(codes.INSUFFICIENT_BALANCE, amount, self.money(account, asset))

    def on_Deposit(self, cmd: commands.Deposit) -> None:  # noqa: N802
        """From the outside world."""
        holder = self.own_or_operator(cmd.account)
        self.check_asset(cmd.asset)
        if not self.roles & OPERATOR and not self.limits.open_deposits:
            raise Refused(codes.NOT_ALLOWED, self.roles, OPERATOR)
        self.check_bridge(holder)
        self.use_once("in", cmd.asset, cmd.external_id)
        self.pay(0, cmd.account, cmd.amount, codes.R_DEPOSIT, -1, cmd.asset)

    def on_Withdraw(self, cmd: commands.Withdraw) -> None:  # noqa: N802
        """To the outside world."""
        holder = self.own(cmd.account)
        self.check_asset(cmd.asset)
        self.check_bridge(holder)
        self.use_once("out", cmd.asset, cmd.external_id)
        self.check_leaves(cmd.account, cmd.asset, cmd.amount)
        self.pay(cmd.account, 0, cmd.amount, codes.R_WITHDRAWAL, -1, cmd.asset)

    def on_Transfer(self, cmd: commands.Transfer) -> None:  # noqa: N802
        """Between the sender's own trading accounts."""
        self.own_trader(cmd.source)
        self.own_trader(cmd.target)
        if cmd.source == cmd.target:
            raise Refused(codes.SAME_ACCOUNT, cmd.source, cmd.target)
        self.check_asset(cmd.asset)
        self.check_leaves(cmd.source, cmd.asset, cmd.amount)
        self.pay(cmd.source, cmd.target, cmd.amount, codes.R_TRANSFER, -1, cmd.asset)

    # Upkeep ---------------------------------------------------------------------------------

    def on_OraclePrices(self, cmd: commands.OraclePrices) -> None:  # noqa: N802
        """Judged one by one."""
        for point in cmd.prices:
            verdict = self.judge(point)
            if verdict is not None:
                self.events.append(events.OracleRefused(point.market, *verdict))
                continue
            feed = self.feeds[point.market]
            self.feeds[point.market] = Feed(
                point.price,
                point.confidence,
                point.published_ms,
                self.now,
                (*feed.window, point.price)[-10:],
            )
            self.events.append(
                events.OracleAccepted(
                    point.market, point.price, point.confidence, point.published_ms
                )
            )

    def judge(self, point: commands.PricePoint) -> Any:
        """Code and numbers of why a price is refused; None for a good one."""
        if not 0 <= point.market < len(self.venues):
            return codes.UNKNOWN_MARKET, point.market, len(self.venues)
        params, feed = self.venues[point.market].params, self.feeds[point.market]
        if not 0 < point.price <= PRICE_MAX:
            return codes.ORACLE_NOT_POSITIVE, point.price, 1
        if point.published_ms <= feed.published:
            return codes.ORACLE_NOT_NEWER, point.published_ms, feed.published
        latest = self.now + self.limits.oracle_future_max_ms
        if point.published_ms > latest:
            return codes.ORACLE_FROM_FUTURE, point.published_ms, latest
        widest = point.price * params.oracle_confidence_max // PPM
        if point.confidence > widest:
            return codes.ORACLE_TOO_UNCERTAIN, point.confidence, widest
        if feed.window and self.now - feed.accepted <= params.oracle_reset_ms:
            mean = sum(feed.window) // len(feed.window)
            high = mean * params.oracle_jump_max // PPM
            low = mean * PPM // params.oracle_jump_max
            if not low <= point.price <= high:
                return codes.ORACLE_TOO_VOLATILE, point.price, high if point.price > high else low
        return None

    def on_Tick(self, cmd: commands.Tick) -> None:  # noqa: N802
        """Expired orders go, soonest first, then lowest id."""
        due = [
            (order.expires, order.ident, market, order)
            for market, book in enumerate(self.books)
            for order in book.orders
            if 0 < order.expires < self.now
        ]
        for _, _, market, order in sorted(due)[: min(cmd.limit, self.limits.tick_work_max)]:
            self.remove(market, order, codes.DONE_EXPIRED)
