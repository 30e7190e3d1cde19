"""Maker vaults as the observer sees them: what they are worth, and what they can pay."""

from __future__ import annotations

from plimsoll.messages import codes, commands, events
from plimsoll.messages.vault_params import QuoteParams, VaultParams
from tests.harness.observer_margin import AUCTION, Order
from tests.harness.observer_money import AMOUNT_MAX, LOT, PPM, USD, Place, broken, down, must, up
from tests.harness.observer_spot import Spot

PASSIVE, BASE, QUOTE = codes.PASSIVE_VAULT, codes.BASE_VAULT, codes.QUOTE_VAULT
NO_POSITION = AMOUNT_MAX
ALLOWED = {
    codes.NORMAL: codes.ACTIVE,
    codes.TRIPPED: codes.RESTRICTED,
    codes.PAUSED: codes.REDUCE_ONLY,
}
"""What a mode of a breaker allows, as a mode of a vault."""


class Unlock:
    """A withdrawal that waits."""

    def __init__(self, e: events.UnlockQueued) -> None:
        self.ident, self.account, self.value = e.unlock, e.account, e.value
        self.shares, self.due = e.shares, e.due_ms


class Maker:
    """A vault as its events tell it."""

    def __init__(self, e: events.VaultCreated, params: VaultParams, asset: int) -> None:
        self.ident, self.kind, self.market = e.vault, e.kind, e.market
        self.holder, self.unlocks = e.holder, e.unlocks
        self.params, self.asset = params, asset
        self.supply = self.liability = 0
        self.net_base = self.missing = 0  # in units of the base
        self.mode = self.told = codes.ACTIVE
        self.guard = codes.NORMAL  # of its breaker
        self.shut = False
        self.day = 0
        self.shares: dict[int, int] = {}
        self.allowed: set[int] = set()
        self.waiting: list[Unlock] = []
        self.quotes: dict[int, QuoteParams] = {}

    def hedged_mode(self) -> int:
        """What its operator and its hedge allow: restricted at least while a leg is missing."""
        return codes.RESTRICTED if self.missing and self.mode == codes.ACTIVE else self.mode

    def effective(self) -> int:
        """What it allows: no more than its breaker does."""
        return max(self.hedged_mode(), ALLOWED[self.guard])


class Vaults(Spot):
    """Every vault."""

    def __init__(self) -> None:
        super().__init__()
        self.vaults: list[Maker] = []

    # What it has --------------------------------------------------------------------------------

    def maker(self, account: int) -> Maker | None:
        """The vault that has this account."""
        for vault in self.vaults:
            if vault.holder == account:
                return vault
        return None

    def vault_holder(self, ident: int) -> int:
        """The account of a vault."""
        return self.vaults[ident].holder

    def place_of(self, vault: Maker) -> Place:
        """The market of a hedged vault."""
        return self.places[vault.market]

    def base_of(self, vault: Maker) -> int:
        """The asset it hedges with."""
        return self.place_of(vault).params.base_asset

    def units(self, vault: Maker, base: int) -> int:
        """A signed size in units of the base: exact on the step."""
        asset = self.base_of(vault)
        amount = down(abs(base) * self.unit(asset), LOT)
        return amount if base > 0 else -amount

    def spot(self, vault: Maker) -> int:
        """Base on spot."""
        return 0 if vault.kind == PASSIVE else self.held(vault.holder, self.base_of(vault))

    def spot_value(self, vault: Maker) -> int:
        """Base on spot at the oracle price, rounded down."""
        held = self.spot(vault)
        price = self.place_of(vault).price if held else 0
        return down(held * price, self.unit(self.base_of(vault))) if held else 0

    def worth(self, vault: Maker) -> int:
        """What it is worth in its asset, without the virtual part."""
        equity = self.equity(vault.holder)
        if vault.kind == PASSIVE:
            return equity
        if vault.kind == QUOTE:
            return equity + self.spot_value(vault)
        if equity:
            equity = down(equity * self.unit(vault.asset), self.place_of(vault).price)
        return self.spot(vault) + equity

    def doubt(self, vault: Maker) -> int:
        """Units of its asset by which its worth is not known: see ``slack``."""
        slack = self.slack(vault.holder)
        if slack and vault.kind == BASE:
            return up(slack * self.unit(vault.asset), self.place_of(vault).price) + 1
        return slack

    def agreed(self, vault: Maker, own: int, told: int) -> int:
        """What an event tells, if it is within the doubt; else what is known."""
        return told if abs(own - told) <= self.doubt(vault) else own

    def payable(self, vault: Maker) -> int:
        """What of its asset it can pay now."""
        if vault.kind == BASE:
            return max(0, self.spot(vault))
        settled = self.settled(vault.holder)
        if vault.kind == PASSIVE:
            spare = self.equity(vault.holder) - self.requirement(vault.holder, False)
            settled = min(settled, spare)
        return max(0, settled)

    def ratio(self, vault: Maker) -> int:
        """Margin over the entry notional (of a quote vault over the value too), ppm."""
        key = (vault.holder, vault.market)
        base, cost = self.size(*key), self.cost.get(key, 0)
        if base == 0 or cost == 0:
            return NO_POSITION
        worth = self.equity(vault.holder)
        if vault.kind == QUOTE:
            worth += self.spot_value(vault)
        found = down(worth * PPM, abs(cost))
        if vault.kind == QUOTE:
            value = up(abs(base) * self.place_of(vault).price, LOT)
            found = min(found, down(worth * PPM, value))
        return found

    def cover(self, vault: Maker) -> int:
        """What an exit must leave: of a quote vault its ratio, of a base vault all it has over the
        value of its position, ppm."""
        base = self.size(vault.holder, vault.market)
        if vault.kind == QUOTE or base == 0:
            return self.ratio(vault)
        worth = self.equity(vault.holder) + self.spot_value(vault)
        return down(worth * PPM, up(abs(base) * self.place_of(vault).price, LOT))

    def utilisation(self, vault: Maker) -> int:
        """Part of what depositors brought that is in use, ppm."""
        held = self.payable(vault)
        if not vault.liability or held >= vault.liability:
            return 0
        return up((vault.liability - held) * PPM, vault.liability)

    def worthless(self, vault: Maker) -> bool:
        """Whether nothing stands behind its shares."""
        p = vault.params
        shares = vault.supply + p.virtual_shares
        return shares > 0 and self.worth(vault) + p.virtual_assets <= 0

    def closing(self, vault: Maker) -> list[Order]:
        """Its closes that wait in auctions."""
        return [o for o in self.of(vault.holder) if o.fee_free and o.where == AUCTION]

    def exposed_to(self, vault: Maker) -> list[int]:
        """Markets whose prices say what it is worth."""
        if vault.kind == PASSIVE:
            return self.exposed(vault.holder)
        other = self.held(vault.holder) if vault.kind == BASE else self.spot(vault)
        return [vault.market] if other or self.size(vault.holder, vault.market) else []

    def judge_valued(self, vault: Maker, leaving: bool = False) -> None:
        """What depositors pay and get is judged by good prices only; who leaves need not wait for
        those of quotes.
        """
        for market in self.exposed_to(vault):
            if leaving and vault.kind == PASSIVE and not self.size(vault.holder, market):
                continue
            place = self.places[market]
            must(self.fresh(market), "P3", f"vault {vault.ident} on a stale price of {market}")
            widest = down(place.price * vault.params.confidence_max, PPM)
            must(place.confidence <= widest, "P3", f"confidence {place.confidence} of {market}")

    # What the operator does ---------------------------------------------------------------------

    def on_VaultCreated(self, e: events.VaultCreated) -> None:  # noqa: N802
        """With the numbers of its command, and accounts of its own."""
        c = self.command
        if not isinstance(c, commands.CreateVault):
            broken("M8", "a vault nobody asked for")
        must((e.kind, e.market, e.label) == (c.kind, c.market, c.label), "M8", f"vault {e.vault}")
        must(e.vault == len(self.vaults), "O9", f"vault {e.vault}")
        passive = e.kind == PASSIVE
        kinds = (self.kind.get(e.holder), self.kind.get(e.unlocks))
        own = codes.VAULT if passive else codes.HEDGED_VAULT
        must(kinds == (own, codes.VAULT_UNLOCKS), "M8", f"accounts of kinds {kinds}")
        asset = self.places[e.market].params.base_asset if e.kind == BASE else USD
        self.vaults.append(Maker(e, c.params, asset))
        must(not passive or self.held(e.holder) == 0, "V8", "what fees brought is left to nobody")

    def before_vault_residue(self, _: events.Transferred) -> None:
        """Only when the passive vault is opened."""
        must(isinstance(self.command, commands.CreateVault), "M8", "a residue of nobody")

    def on_VaultParamsSet(self, e: events.VaultParamsSet) -> None:  # noqa: N802
        """Those of the command; the virtual part stays."""
        c = self.command
        if not isinstance(c, commands.SetVaultParams):
            broken("M8", "parameters nobody set")
        must(c.vault == e.vault, "M8", "parameters of another vault")
        before, after = self.vaults[e.vault].params, c.params
        kept = (before.virtual_shares, before.virtual_assets)
        must(kept == (after.virtual_shares, after.virtual_assets), "V13", "virtual part changed")
        self.vaults[e.vault].params = after

    def on_VaultQuoteSet(self, e: events.VaultQuoteSet) -> None:  # noqa: N802
        """How it quotes in a market."""
        c = self.command
        if not isinstance(c, commands.SetVaultQuote):
            broken("M8", "quotes nobody set")
        must((c.vault, c.market) == (e.vault, e.market), "M8", "quotes of another vault")
        self.vaults[e.vault].quotes[e.market] = c.params

    def on_VaultWhitelistSet(self, e: events.VaultWhitelistSet) -> None:  # noqa: N802
        """Who may use it."""
        c = self.command
        asked = isinstance(c, commands.SetVaultWhitelist)
        must(asked and c.row()[1:] == e.row()[1:], "M8", "a whitelist nobody set")
        listed = self.vaults[e.vault].allowed
        if e.allowed:
            listed.add(e.account)
        else:
            listed.discard(e.account)

    # What it reports ----------------------------------------------------------------------------

    def judge_report(self, vault: Maker, asset: int, assets: int, ident: str) -> None:
        """What an event says it is worth."""
        worth = self.agreed(vault, self.worth(vault), assets)
        must(asset == vault.asset, ident, f"asset {asset} of vault {vault.ident}")
        must(assets == worth, ident, f"vault {vault.ident} says {assets}, is worth {worth}")

    def on_VaultShut(self, e: events.VaultShut) -> None:  # noqa: N802
        """Worth nothing any more."""
        vault = self.vaults[e.vault]
        self.judge_report(vault, e.asset, e.assets, "V10")
        empty = self.worthless(vault) or self.doubt(vault) > 0
        must(not vault.shut and empty, "V10", f"vault {e.vault} is worth something")
        vault.shut = True

    def on_VaultOpened(self, e: events.VaultOpened) -> None:  # noqa: N802
        """Worth something again."""
        vault = self.vaults[e.vault]
        self.judge_report(vault, e.asset, e.assets, "V10")
        worth = not self.worthless(vault) or self.doubt(vault) > 0
        must(vault.shut and worth, "V10", f"vault {e.vault} is worth nothing")
        vault.shut = False

    def on_VaultSnapshot(self, e: events.VaultSnapshot) -> None:  # noqa: N802
        """Once a day, with the first good prices."""
        vault = self.vaults[e.vault]
        self.judge_report(vault, e.asset, e.assets, "V13")
        day = self.now // 86_400_000
        must(e.day == day != vault.day, "V13", f"a snapshot of day {e.day}, the last {vault.day}")
        told = (e.supply, e.liability)
        must(told == (vault.supply, vault.liability), "V13", f"a snapshot of {told}")
        must(self.all_fresh(vault), "P3", f"a snapshot of vault {e.vault} on stale prices")
        vault.day = e.day

    def all_fresh(self, vault: Maker) -> bool:
        """Whether every price its worth depends on is valid."""
        return all(self.fresh(market) for market in self.exposed_to(vault))

    def finish_vaults(self) -> None:
        """After prices every vault has been looked at."""
        if not isinstance(self.command, commands.OraclePrices):
            return
        for vault in self.vaults:
            shut = self.worthless(vault)
            known = vault.shut == shut or self.doubt(vault) > 0
            must(known, "V10", f"nobody says that vault {vault.ident} is {shut}")
            sure = self.all_fresh(vault)
            if vault.kind == PASSIVE:
                # It was asked before it quoted anew: what it had in the book then is gone.
                sure = all(self.fresh(market) for market in range(len(self.places)))
            late = vault.day != self.now // 86_400_000 and sure
            must(not late, "V13", f"no snapshot of vault {vault.ident}")
