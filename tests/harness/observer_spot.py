"""Spot as the observer sees it: pools and their swaps, firm quotes and what is held for them."""

from __future__ import annotations

from plimsoll.messages import codes, commands, events
from tests.harness.observer_losses import Losses
from tests.harness.observer_money import PPM, USD, broken, down, must, up

QUOTES_MAX = 64
PASSED_OVER = 16


class Pool:
    """A spot pool; its reserves are the balances of its account."""

    def __init__(self, e: events.SpotPoolCreated) -> None:
        self.ident, self.holder = e.pool, e.holder
        self.base, self.quote, self.fee = e.base, e.quote_asset, e.fee_rate
        self.virtual = {e.base: e.virtual_base, e.quote_asset: e.virtual_quote}

    def other(self, asset: int) -> int:
        """The asset that goes out for this one."""
        return self.quote if asset == self.base else self.base


class Firm:
    """A firm quote that stands."""

    def __init__(self, e: events.FirmQuotePosted) -> None:
        self.ident, self.account, self.asset, self.side = e.firm_quote, e.account, e.asset, e.side
        self.price, self.left, self.expires = e.price, e.asset_amount, e.expires_ms
        self.held_asset, self.held = e.held_asset, e.held

    def rank(self) -> tuple[int, int]:
        """Best for who trades with the desk first, then the oldest."""
        return (-self.price if self.side == codes.BUY else self.price), self.ident


def given_out(amount: int, x: int, y: int, fee: int) -> int:
    """What a pool gives for exactly this much; 0 for nothing."""
    net = down(amount * (PPM - fee), PPM)
    return down(net * y, x + net) if x + net > 0 else 0


def asked_in(amount: int, x: int, y: int, fee: int) -> int:
    """What a pool asks for exactly this much; -1 if it has not got it."""
    if x <= 0 or amount >= y:
        return -1
    return up(up(x * amount, y - amount) * PPM, PPM - fee)


class Spot(Losses):
    """Every pool, swap and firm quote."""

    def __init__(self) -> None:
        super().__init__()
        self.decimals = [6]
        self.pools: list[Pool] = []
        self.firms: dict[int, Firm] = {}
        self.escrow_account = -1
        self.legs: list[events.Transferred] = []  # not told as a swap or a quote yet
        self.last_firm = 0

    def on_AssetCreated(self, e: events.AssetCreated) -> None:  # noqa: N802
        """Its unit."""
        must(e.asset == len(self.decimals), "O9", f"asset {e.asset}")
        self.decimals.append(e.decimals)

    def unit(self, asset: int) -> int:
        """Smallest units in a whole."""
        return int(10 ** self.decimals[asset])

    # What moves ---------------------------------------------------------------------------------

    def keep_leg(self, e: events.Transferred) -> None:
        """A line that the next event tells."""
        self.legs.append(e)

    def take_legs(self, what: str, *expected: tuple[int, int, int, int]) -> None:
        """The lines before an event: debit, credit, asset and amount; those of 0 are not told."""
        wanted = [one for one in expected if one[3] > 0]
        found = [(e.debit, e.credit, e.asset, e.amount) for e in self.legs[: len(wanted)]]
        must(found == wanted, "M5", f"{what} moved {found}, not {wanted}")
        del self.legs[: len(wanted)]

    def before_spot_liquidity(self, e: events.Transferred) -> None:
        """Into a pool, or out of it, by an operator."""
        kinds = (commands.AddSpotLiquidity, commands.RemoveSpotLiquidity)
        must(isinstance(self.command, kinds), "M8", "liquidity nobody moved")
        must(self.principal in self.operators, "X4", f"liquidity by {self.principal}")
        if self.kind[e.debit] != codes.SPOT_POOL:
            self.judge_leaving(e)
        self.keep_leg(e)

    def before_spot_swap(self, e: events.Transferred) -> None:
        """Between a trader and a pool."""
        must(isinstance(self.command, commands.SwapSpot), "M8", "a swap nobody asked for")
        if self.kind[e.debit] == codes.TRADER:
            must(self.owner[e.debit] == self.principal, "X4", "a swap of somebody else")
            self.judge_leaving(e)
        self.keep_leg(e)

    def before_spot_hedge(self, e: events.Transferred) -> None:
        """Between a hedged vault and a pool."""
        self.open_hedge(e)
        self.keep_leg(e)

    def before_firm_escrow(self, e: events.Transferred) -> None:
        """What a quote needs."""
        must(self.owner[e.debit] == self.principal, "X4", "a quote of somebody else")
        self.judge_leaving(e)
        self.keep_leg(e)

    def before_firm_fill(self, e: events.Transferred) -> None:
        """Between a hedged vault and a desk, or its escrow."""
        self.open_hedge(e)
        self.keep_leg(e)

    def before_firm_release(self, e: events.Transferred) -> None:
        """What a quote does not need any more."""
        self.keep_leg(e)

    def open_hedge(self, e: events.Transferred) -> None:
        """See ``Hedges``."""
        broken("H6", f"a hedge of nobody: {e.row()}")

    # Pools --------------------------------------------------------------------------------------

    def on_SpotPoolCreated(self, e: events.SpotPoolCreated) -> None:  # noqa: N802
        """With the numbers of its command."""
        c = self.command
        must(isinstance(c, commands.CreateSpotPool), "M8", "a pool nobody asked for")
        told = (e.base, e.quote_asset, e.fee_rate, e.virtual_base, e.virtual_quote)
        must(list(told) == c.row()[1:], "M8", f"pool {e.pool} is not what was asked for")
        must(e.pool == len(self.pools), "O9", f"pool {e.pool}")
        must(self.kind.get(e.holder) == codes.SPOT_POOL, "M8", f"pool {e.pool} in {e.holder}")
        self.pools.append(Pool(e))

    def reserves(self, pool: Pool, asset_in: int) -> tuple[int, int]:
        """What comes in and goes out of a pool has now, virtual parts included."""
        out = pool.other(asset_in)
        x = self.held(pool.holder, asset_in) + pool.virtual[asset_in]
        return x, self.held(pool.holder, out) + pool.virtual[out]

    def on_SpotLiquidityChanged(self, e: events.SpotLiquidityChanged) -> None:  # noqa: N802
        """What the command said, moved by its lines."""
        c, pool = self.command, self.pools[e.pool]
        given = isinstance(c, commands.AddSpotLiquidity)
        if isinstance(c, (commands.AddSpotLiquidity, commands.RemoveSpotLiquidity)):
            sign = 1 if given else -1
            told = (e.pool, e.account, e.base_amount, e.quote_amount)
            asked = (c.pool, c.account, sign * c.base_amount, sign * c.quote_amount)
            must(told == asked, "M5", f"told {told}, asked {asked}")
        else:
            broken("M8", "liquidity nobody moved")
        must((e.base, e.quote_asset) == (pool.base, pool.quote), "M5", "assets of another pool")
        way = (e.account, pool.holder) if given else (pool.holder, e.account)
        lines = ((pool.base, abs(e.base_amount)), (pool.quote, abs(e.quote_amount)))
        self.take_legs("liquidity", *[(*way, asset, amount) for asset, amount in lines])

    def on_SpotSwapped(self, e: events.SpotSwapped) -> None:  # noqa: N802
        """On the curve: no less comes in and no more goes out than the formula says."""
        pool = self.pools[e.pool]
        must(e.asset_in in pool.virtual, "K2", f"asset {e.asset_in} in pool {e.pool}")
        must(e.asset_out == pool.other(e.asset_in), "K2", f"gives asset {e.asset_out}")
        self.take_legs(
            "a swap",
            (e.account, pool.holder, e.asset_in, e.amount_in),
            (pool.holder, e.account, e.asset_out, e.amount_out),
        )
        later = (self.held(pool.holder, e.asset_in), self.held(pool.holder, e.asset_out))
        must((e.reserve_in, e.reserve_out) == later, "K2", f"reserves {later}")
        x, y = self.reserves(pool, e.asset_in)
        x, y = x - e.amount_in, y + e.amount_out
        grown = (x + e.amount_in) * (y - e.amount_out)
        must(grown >= x * y, "K1", f"the product of pool {e.pool} falls from {x * y} to {grown}")
        fee = e.amount_in - down(e.amount_in * (PPM - pool.fee), PPM)
        must(e.fee_amount == fee, "K2", f"fee {e.fee_amount}, is {fee}")
        self.judge_swap(e, x, y, pool.fee)

    def judge_swap(self, e: events.SpotSwapped, x: int, y: int, fee: int) -> None:
        """Amounts of a swap by the side that was fixed, and the limit of its sender."""
        c = self.command
        if not isinstance(c, commands.SwapSpot):
            self.judge_hedge_swap(e, x, y, fee)
            return
        must((c.account, c.pool, c.asset_in) == (e.account, e.pool, e.asset_in), "K2", "of others")
        if c.exact_out:
            asked = asked_in(c.amount, x, y, fee)
            must((e.amount_out, e.amount_in) == (c.amount, asked), "K2", f"asks {asked}")
            must(c.limit == 0 or e.amount_in <= c.limit, "K3", f"{e.amount_in} past {c.limit}")
        else:
            given = given_out(c.amount, x, y, fee)
            must((e.amount_in, e.amount_out) == (c.amount, given), "K2", f"gives {given}")
            must(c.limit == 0 or e.amount_out >= c.limit, "K3", f"{e.amount_out}, {c.limit}")

    def judge_hedge_swap(self, e: events.SpotSwapped, x: int, y: int, fee: int) -> None:
        """A vault buys an exact amount, or sells one."""
        asked, given = asked_in(e.amount_out, x, y, fee), given_out(e.amount_in, x, y, fee)
        exact = e.amount_in == asked or e.amount_out == given
        must(exact, "K2", f"{e.amount_in} for {e.amount_out}: asks {asked}, gives {given}")

    # Firm quotes --------------------------------------------------------------------------------

    def firm_worth(self, asset: int, side: int, price: int, amount: int) -> int:
        """Collateral for an amount at the price of a desk of this side, in its favour."""
        rounded = up if side == codes.SELL else down
        return rounded(amount * price, self.unit(asset))

    def on_FirmQuotePosted(self, e: events.FirmQuotePosted) -> None:  # noqa: N802
        """What its command said, and all it needs is held."""
        c = self.command
        if not isinstance(c, commands.PostFirmQuote):
            broken("M8", "a firm quote nobody posted")
        told = (e.account, e.asset, e.side, e.price, e.asset_amount, e.expires_ms)
        must(list(told) == c.row()[1:], "M5", f"firm quote {e.firm_quote} is not what was asked")
        must(self.owner[e.account] == self.principal, "X4", "a quote of somebody else")
        must(e.firm_quote > self.last_firm, "O9", f"firm quote {e.firm_quote}")
        must(e.expires_ms > self.now, "T1", f"posted until {e.expires_ms}")
        worth = self.firm_worth(e.asset, e.side, e.price, e.asset_amount)
        needs = (e.asset, e.asset_amount) if e.side == codes.SELL else (USD, worth)
        must((e.held_asset, e.held) == needs, "E5", f"holds {e.held}, needs {needs}")
        (line,) = self.legs[:1]
        self.escrow_account = line.credit
        must(self.kind[line.credit] == codes.FIRM_ESCROW, "M8", f"held by {line.credit}")
        self.take_legs("a firm quote", (e.account, line.credit, e.held_asset, e.held))
        self.last_firm = e.firm_quote
        self.firms[e.firm_quote] = Firm(e)
        own = sum(1 for one in self.firms.values() if one.account == e.account)
        must(own <= QUOTES_MAX, "O1", f"{own} firm quotes of {e.account}")

    def on_FirmQuoteFilled(self, e: events.FirmQuoteFilled) -> None:  # noqa: N802
        """In time, at its price, out of what is held for it."""
        one = self.firms.get(e.firm_quote)
        if one is None:
            broken("E5", f"firm quote {e.firm_quote} is filled and does not stand")
        must((e.account, e.asset) == (one.account, one.asset), "E5", f"of {e.account}")
        must(one.expires >= self.now, "T1", f"firm quote {e.firm_quote} is expired")
        must(0 < e.asset_amount <= one.left, "E5", f"{e.asset_amount} of {one.left}")
        worth = self.firm_worth(one.asset, one.side, one.price, e.asset_amount)
        must(e.quote == worth, "K2", f"pays {e.quote}, is {worth}")
        vault, asset = self.vault_holder(e.vault), one.asset
        if one.side == codes.SELL:
            self.take_legs(
                "a firm quote",
                (self.escrow_account, vault, asset, e.asset_amount),
                (vault, one.account, USD, e.quote),
            )
            one.held -= e.asset_amount
        else:
            self.take_legs(
                "a firm quote",
                (vault, one.account, asset, e.asset_amount),
                (self.escrow_account, vault, USD, e.quote),
            )
            one.held -= e.quote
        one.left -= e.asset_amount
        must(e.left == one.left and one.held >= 0, "E5", f"left {e.left}, held {one.held}")

    def vault_holder(self, ident: int) -> int:
        """See ``Vaults``."""
        broken("H6", f"vault {ident} is not there")

    def on_FirmQuoteEnded(self, e: events.FirmQuoteEnded) -> None:  # noqa: N802
        """For its reason, with everything given back."""
        one = self.firms.pop(e.firm_quote, None)
        if one is None:
            broken("E5", f"firm quote {e.firm_quote} ends and does not stand")
        told = (e.account, e.asset, e.held_asset, e.left, e.released)
        kept = (one.account, one.asset, one.held_asset, one.left, one.held)
        must(told == kept, "E5", f"ends with {told}, had {kept}")
        self.take_legs("a release", (self.escrow_account, one.account, one.held_asset, one.held))
        if e.reason == codes.DONE_EXPIRED:
            must(one.expires < self.now, "T1", f"firm quote {e.firm_quote} expires early")
        elif e.reason == codes.DONE_CANCELLED:
            mine = self.owner[one.account] == self.principal or self.principal in self.operators
            asked = isinstance(self.command, commands.CancelFirmQuote)
            must(mine and asked, "X4", f"firm quote {e.firm_quote} cancelled by {self.principal}")
        else:
            # A buyer's last units may be worth nothing at all.
            worth = self.firm_worth(one.asset, one.side, one.price, one.left)
            must(e.reason == codes.DONE_FILLED and worth == 0, "E5", f"left {one.left}")

    def finish_spot(self) -> None:
        """At the end of a command: everything that moved is told, and what is held is there."""
        must(not self.legs, "M5", f"lines that nobody told: {[e.row() for e in self.legs]}")
        if self.escrow_account in self.touched:
            self.judge_firm_escrow()

    def judge_firm_escrow(self) -> None:
        """Firm escrow holds exactly what is held for the quotes that stand."""
        for asset in range(len(self.decimals)):
            held = sum(one.held for one in self.firms.values() if one.held_asset == asset)
            have = self.held(self.escrow_account, asset)
            must(held == have, "E5", f"escrow has {have} of asset {asset}, quotes {held}")
