"""Hedged vaults as the observer sees them: both legs or none, at the better venue's price."""

from __future__ import annotations

from plimsoll.messages import codes, commands, events
from tests.harness.observer_curve import quotes
from tests.harness.observer_margin import ENTERING, Order
from tests.harness.observer_money import LOT, PPM, broken, down, must, up
from tests.harness.observer_shares import Shares
from tests.harness.observer_spot import PASSED_OVER, asked_in, given_out
from tests.harness.observer_vaults import BASE, PASSIVE, Maker


class Before:
    """A vault and the spot venues just before the first line of a hedge."""

    def __init__(self, vault: Maker) -> None:
        self.vault = vault
        self.reserves: dict[int, dict[int, int]] = {}
        self.firms: dict[int, list[tuple[int, int]]] = {codes.BUY: [], codes.SELL: []}
        self.ratio = self.payable = self.spot = self.position = self.worth = self.value = 0


class Hedges(Shares):
    """Every hedge."""

    def __init__(self) -> None:
        super().__init__()
        self.before: Before | None = None
        self.bare: events.Filled | None = None  # a fill whose hedge is not told yet
        self.sold_out: set[int] = set()
        self.closed: set[int] = set()  # whose liquidation is about to end

    # Before it ----------------------------------------------------------------------------------

    def open_hedge(self, e: events.Transferred) -> None:
        """Remember what there was before the first line."""
        vault = self.maker(e.debit) or self.maker(e.credit)
        if vault is None or vault.kind == PASSIVE:
            broken("M8", f"a hedge of no vault: {e.row()}")
        must(e.market == vault.market, "M8", f"vault {vault.ident} in market {e.market}")
        if self.before is not None:
            must(self.before.vault is vault, "H6", "a hedge in the middle of another")
            return
        found = Before(vault)
        for pool in self.pools:
            found.reserves[pool.ident] = {
                asset: self.held(pool.holder, asset) for asset in (pool.base, pool.quote)
            }
        asset = self.base_of(vault)
        if vault.params.firm_quotes:
            standing = [o for o in self.firms.values() if o.asset == asset]
            for one in sorted(standing, key=lambda o: o.rank()):
                if one.expires >= self.now:
                    found.firms[one.side].append((one.price, one.left))
        found.ratio, found.payable = self.ratio(vault), self.payable(vault)
        found.spot, found.position = self.spot(vault), self.size(vault.holder, vault.market)
        found.worth = self.equity(vault.holder) + self.spot_value(vault)
        found.value = self.worth(vault)
        self.before = found

    def by_pools(self, b: Before, side: int, amount: int) -> int:
        """What exactly this much of base costs or brings along the vault's pools; -1: nothing."""
        path = [self.pools[ident] for ident in b.vault.params.path()]
        base = self.base_of(b.vault)
        if not path:
            return -1
        asset = base
        steps = []
        for pool in path:
            steps.append((pool, asset, pool.other(asset)))
            asset = pool.other(asset)
        if side == codes.SELL:
            for pool, comes, goes in steps:
                real = b.reserves[pool.ident]
                x, y = real[comes] + pool.virtual[comes], real[goes] + pool.virtual[goes]
                amount = given_out(amount, x, y, pool.fee)
                if not 0 < amount <= real[goes]:
                    return -1
            return amount
        # Bought from the first pool of the path, which was paid for by the ones after it.
        for pool, goes, comes in steps:
            real = b.reserves[pool.ident]
            if amount > real[goes]:
                return -1
            x, y = real[comes] + pool.virtual[comes], real[goes] + pool.virtual[goes]
            amount = asked_in(amount, x, y, pool.fee)
            if amount < 0:
                return -1
        return amount

    def by_firms(self, b: Before, side: int, amount: int) -> int:
        """The same at firm quotes, best first; small ones are passed over unless they complete."""
        desk = codes.SELL if side == codes.BUY else codes.BUY
        left, total, least = amount, 0, up(amount, PASSED_OVER)
        for price, has in b.firms[desk]:
            part = min(left, has)
            if part < left and part < least:
                continue
            total += self.firm_worth(self.base_of(b.vault), desk, price, part)
            left -= part
            if left == 0:
                return total if total > 0 else -1
        return -1

    def best_venue(self, b: Before, side: int, amount: int) -> tuple[int, int]:
        """The better venue, and its quote; pools where they are equal."""
        pools, firms = self.by_pools(b, side, amount), self.by_firms(b, side, amount)
        better = firms > pools if side == codes.SELL else 0 <= firms < pools
        if firms >= 0 and (pools < 0 or better):
            return codes.VENUE_FIRM, firms
        return codes.VENUE_POOL, pools

    # A fill -------------------------------------------------------------------------------------

    def reduces(self, vault: Maker, side: int) -> bool:
        """Whether a taker of this side brings the vault nearer to having no position."""
        return (side == codes.BUY) == (vault.kind == BASE)

    def takes(self, vault: Maker, side: int) -> bool:
        """Whether a vault may trade with a taker of this side."""
        mode = vault.effective()
        return mode == codes.ACTIVE or (mode != codes.HALTED and self.reduces(vault, side))

    def judge_hedged(self, f: events.Filled, taker: Order) -> None:
        """A vault that may, a taker who asked it, and a spot leg that has just moved."""
        vault = self.maker(f.maker)
        if vault is None or vault.kind == PASSIVE or vault.market != f.market:
            broken("H6", f"fill {f.fill} with {f.maker}, which is no hedged vault here")
        b = self.before
        if b is None or b.vault is not vault or self.bare is not None:
            broken("H6", f"fill {f.fill} without a spot leg")
        place = self.places[f.market]
        must(taker.where == ENTERING and f.maker_order == 0, "U4", f"taker {taker.ident}")
        must(f.size % place.params.step == 0, "B2", f"size {f.size}")
        rounded = up if f.side == codes.BUY else down
        must(f.price == rounded(f.quote * LOT, f.size), "E2", f"price {f.price}")
        must(self.fresh(f.market), "P3", f"a hedge on a stale price of {f.market}")
        must(not self.closing(vault), "L1", f"vault {vault.ident} is liquidated and trades")
        takes = self.takes(vault, f.side)
        must(takes, "C3", f"vault {vault.ident} takes in mode {vault.effective()}")
        listed = not vault.params.takers_listed or f.taker in vault.allowed
        must(listed, "X4", f"{f.taker} is on no list of vault {vault.ident}")
        self.judge_capacity(f, b)
        self.judge_asked(f, vault, taker)
        self.bare = f

    def judge_capacity(self, f: events.Filled, b: Before) -> None:
        """What a vault has to give."""
        vault, most = b.vault, b.vault.params.fill_max
        must(most == 0 or f.size <= most, "H1", f"fills {f.size}, {most} at most")
        if self.reduces(vault, f.side):
            held = b.position if vault.kind == BASE else -b.position
            must(f.size <= held, "H1", f"vault {vault.ident} gives {f.size} of {held}")
        elif vault.kind == BASE:
            needs = self.units(vault, f.size)
            must(needs <= b.spot, "H1", f"vault {vault.ident} sells {needs} of {b.spot}")
        else:
            most = b.payable + self.doubt(vault)
            must(f.quote <= most, "H1q", f"vault {vault.ident} pays {f.quote} of {b.payable}")

    def judge_asked(self, f: events.Filled, vault: Maker, taker: Order) -> None:
        """Directed at this vault, or at nobody while it beats the vAMM; after the book."""
        c = self.command
        if isinstance(c, commands.TradeVault):
            must((c.vault, c.account, c.side) == (vault.ident, f.taker, f.side), "H6", "of others")
            self.judge_trade(f, c)
            return
        place = self.places[f.market]
        if taker.directed < 0:
            must(bool(vault.params.undirected), "H6", f"vault {vault.ident} was not asked")
            if place.params.vamm_enabled:
                bid, ask = quotes(place)
                worth = f.quote * LOT
                better = worth < ask * f.size if f.side == codes.BUY else worth > bid * f.size
                must(better, "H6", f"vault {vault.ident} fills behind the vAMM")
        else:
            must(taker.directed == vault.holder, "H6", f"vault {vault.ident} was not asked")
        if place.effective() == codes.ACTIVE:
            first = self.best(f.market, 1 - f.side)
            if first is not None:
                sign = 1 if f.side == codes.BUY else -1
                must(sign * first.price > sign * taker.price, "B3", f"{first.ident} waits")

    def judge_trade(self, f: events.Filled, c: commands.TradeVault) -> None:
        """All or nothing, within what was given and the limit."""
        other = f.size if c.exact_quote else f.quote
        if not c.exact_quote:
            must(f.size == c.amount, "H6", f"fills {f.size} of {c.amount}")
        elif f.side == codes.BUY:
            must(f.quote <= c.amount, "R2", f"pays {f.quote} of {c.amount}")
        else:
            must(f.quote >= c.amount, "R2", f"brings {f.quote} of {c.amount}")
        if c.limit:
            most = (f.side == codes.BUY) != c.exact_quote
            kept = other <= c.limit if most else other >= c.limit
            must(kept, "B4", f"{other} is past the limit {c.limit}")
        b = self.before
        if c.exact_quote and b is not None and not b.vault.params.firm_quotes:
            # One step more (or less) would cost too much (bring too little).
            step = self.places[f.market].params.step
            size = f.size + step if f.side == codes.BUY else f.size - step
            next_best = self.by_pools(b, f.side, self.units(b.vault, size)) if size else -1
            beyond = next_best > c.amount if f.side == codes.BUY else next_best < c.amount
            must(beyond or next_best < 0, "R2", f"{size} for {next_best} would do, too")

    # Its hedge ----------------------------------------------------------------------------------

    def on_VaultHedged(self, e: events.VaultHedged) -> None:  # noqa: N802
        """Exactly the fill's size and quote, at the better venue, near the oracle."""
        vault, b = self.vaults[e.vault], self.before
        if b is None or b.vault is not vault:
            broken("H6", f"vault {e.vault} hedged nothing")
        self.before = None
        asset = self.base_of(vault)
        must((e.market, e.asset) == (vault.market, asset), "H6", f"asset {e.asset}")
        sign = 1 if e.side == codes.BUY else -1
        moved = self.spot(vault) - b.spot
        must(moved == sign * e.base_amount, "H6", f"says {e.base_amount}, {moved} moved")
        best = self.best_venue(b, e.side, e.base_amount)
        must((e.venue, e.quote) == best, "H7", f"venue {e.venue} for {e.quote}, best {best}")
        self.judge_slippage(e, vault)
        util = self.utilisation(vault)
        must(e.util == util or self.doubt(vault) > 0, "H3", f"utilisation {e.util}, is {util}")
        if e.fill:
            self.judge_both(e, vault, b)
        else:
            self.judge_rehedge(e, vault, b, moved)

    def judge_slippage(self, e: events.VaultHedged, vault: Maker) -> None:
        """The average price is near the oracle, on both sides."""
        price, unit = self.place_of(vault).price, self.unit(e.asset)
        most = vault.params.hedge_slippage
        dear, cheap = up(e.quote * unit, e.base_amount), down(e.quote * unit, e.base_amount)
        low, high = up(price * (PPM - most), PPM), down(price * (PPM + most), PPM)
        must(low <= cheap and dear <= high, "H7", f"hedged at {cheap}, {low}..{high}")
        must(self.fresh(vault.market), "P3", f"a hedge on a stale price of {vault.market}")

    def judge_both(self, e: events.VaultHedged, vault: Maker, b: Before) -> None:
        """The fill before it, to the unit; and the margin of what it opened."""
        f, self.bare = self.bare, None
        if f is None or f.fill != e.fill:
            broken("H6", f"a hedge of fill {e.fill}, which is not there")
        size = abs(self.units(vault, f.size))
        told = (e.side, e.base_amount, e.quote)
        must(told == (f.side, size, f.quote), "H6", f"hedges {told} of {size} for {f.quote}")
        self.judge_value(vault, b, f.maker_rebate)
        if not self.reduces(vault, f.side):
            least, ratio = vault.params.min_margin_ratio, self.ratio(vault)
            enough = ratio >= least or ratio > b.ratio or self.doubt(vault) > 0
            must(enough, "H5", f"ratio {ratio}, was {b.ratio}")

    def judge_value(self, vault: Maker, b: Before, rebate: int) -> None:
        """H2: what a hedged fill leaves is worth the same, the rebate and roundings apart."""
        dust = 3
        if vault.kind == BASE:
            price, unit = self.place_of(vault).price, self.unit(vault.asset)
            dust, rebate = up(dust * unit, price) + 1, up(rebate * unit, price)
        gained = self.worth(vault) - b.value
        told = f"vault {vault.ident} gains {gained} by a fill with a rebate of {rebate}"
        dust += 2 * self.doubt(vault)
        must(-dust <= gained - rebate <= dust, "H2", told)

    def judge_rehedge(self, e: events.VaultHedged, vault: Maker, b: Before, moved: int) -> None:
        """What a leg missed, or less; a vault that cannot carry its position sells all."""
        gap = vault.missing
        closes = gap * moved < 0 and abs(moved) <= abs(gap)
        vault.missing += moved
        if closes and not self.due_to_close(vault, b):
            must(not self.closing(vault), "L1", f"vault {vault.ident} is liquidated and hedges")
        else:
            must(moved == -b.spot, "H1", f"hedges {moved} of {gap}")
            must(self.due_to_close(vault, b), "L1", f"vault {vault.ident} sells out at {b.worth}")
            self.sold_out.add(vault.holder)

    def due_to_close(self, vault: Maker, b: Before) -> bool:
        """Whether its equity and base are less than its position requires."""
        return b.worth < self.requirement(vault.holder, True)

    # Legs that come alone -----------------------------------------------------------------------

    def on_Filled(self, f: events.Filled) -> None:  # noqa: N802
        """A leg that nobody hedges in the same breath is missing its other one."""
        super().on_Filled(f)
        if f.source == codes.FROM_HEDGED:
            return
        base = f.size if f.side == codes.BUY else -f.size
        for account, moved in ((f.taker, base), (f.maker, -base)):
            vault = self.maker(account)
            if vault is not None and vault.kind != PASSIVE:
                alone = f.source == codes.FROM_ADL or account in self.begun or self.closing(vault)
                must(bool(alone), "H6", f"fill {f.fill} of vault {vault.ident} without a hedge")
                vault.missing += self.units(vault, moved)

    def on_VaultModeSet(self, e: events.VaultModeSet) -> None:  # noqa: N802
        """By the operator, or because of a leg that is missing or came back."""
        vault, c = self.vaults[e.vault], self.command
        if isinstance(c, commands.SetVaultMode):
            must((c.vault, c.mode, 0) == (e.vault, e.mode, e.cause), "C2", "a mode nobody set")
            must(e.before == vault.mode, "C2", f"mode before: {e.before}, was {vault.mode}")
            vault.mode = e.mode
            vault.told = vault.hedged_mode()
            return
        must(vault.mode == codes.ACTIVE, "C2", f"mode {e.mode} over the operator's {vault.mode}")
        if e.cause == codes.MIN_MARGIN_RATIO:
            vault.mode = codes.RESTRICTED
            self.write_off(vault)
            self.closed.add(vault.holder)
        missing = bool(vault.missing) or vault.mode != codes.ACTIVE
        now = codes.RESTRICTED if missing else codes.ACTIVE
        must(e.mode == now != e.before, "C2", f"mode {e.mode}, is {now}")
        must((e.cause != 0) == missing, "C2", f"mode {e.mode} because of {e.cause}")
        vault.told = e.mode

    def write_off(self, vault: Maker) -> None:
        """What a liquidation left is what the vault has."""
        held = self.units(vault, self.size(vault.holder, vault.market))
        vault.net_base, vault.missing = self.spot(vault) + held, 0

    def on_LiquidationEnded(self, e: events.LiquidationEnded) -> None:  # noqa: N802
        """A hedged vault is not hedged any more."""
        vault = self.maker(e.account)
        if vault is not None and vault.kind != PASSIVE:
            self.write_off(vault)
            must(vault.mode != codes.ACTIVE, "C2", f"vault {vault.ident} is active after it")
            vault.told = vault.mode
        super().on_LiquidationEnded(e)

    def on_VaultRefused(self, e: events.VaultRefused) -> None:  # noqa: N802
        """Of an order that was directed at it, for a reason that holds."""
        vault, order = self.vaults[e.vault], self.orders.get(e.order)
        if order is None or order.where != ENTERING or order.directed != vault.holder:
            broken("H6", f"order {e.order} was not directed at vault {e.vault}")
        must(e.market == order.market == vault.market, "H6", f"market {e.market}")
        must(e.code in codes.REJECTS, "H6", f"code {e.code}")
        mode = vault.effective()
        holds = {
            codes.VAULT_MODE: mode != codes.ACTIVE,
            codes.NOT_WHITELISTED: order.account not in vault.allowed,
            codes.ORACLE_INVALID: not self.fresh(vault.market),
            codes.IN_LIQUIDATION: bool(self.closing(vault)),
        }
        must(holds.get(e.code, True), "H6", f"vault {e.vault} refuses with {e.code}")

    # The end ------------------------------------------------------------------------------------

    def finish_hedges(self) -> None:
        """No leg alone: H1 holds to the unit, and modes were told."""
        must(self.bare is None and self.before is None, "H6", "a fill without its hedge")
        for account in self.sold_out:
            vault = self.maker(account)
            waits = vault is not None and bool(self.closing(vault))
            seen = account in self.begun | self.ended or waits
            must(seen, "L1", f"{account} sold out and is not liquidated")
        must(self.closed <= self.ended, "C2", f"{self.closed} restricted, not liquidated")
        self.sold_out.clear()
        self.closed.clear()
        for vault in self.vaults:
            if vault.kind != PASSIVE and vault.holder in self.touched:
                self.judge_net(vault)

    def judge_net(self, vault: Maker) -> None:
        """H1: spot and position are what depositors brought, but for what is missing."""
        held = self.spot(vault) + self.units(vault, self.size(vault.holder, vault.market))
        due = vault.net_base + vault.missing
        must(held == due, "H1", f"vault {vault.ident} has net base {held}, is due {due}")
        if not self.closing(vault):
            must(vault.told == vault.hedged_mode(), "C2", f"vault {vault.ident} is {vault.told}")
