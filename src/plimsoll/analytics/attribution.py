"""PnL of vaults and vAMMs by cause, from the events alone, to the unit.

    worth = flows + spread + fees + funding + inventory + hedge_slippage + repeg + bad_debt

Every event that changes what a source is worth is a step: the whole change, roundings included,
goes to the cause of that event, so that the parts sum to the worth and nothing is left over. Money
moves by ledger lines, whose reasons are the causes (``causes``); marks move by oracle prices and
by funding rates. Money 1e-6 quote.

Spec: docs/spec/28-attribution.md, PNL-001 … PNL-008.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from plimsoll.analytics.causes import (
    CAUSES,
    FEES,
    FLOWS,
    FUNDING,
    INVENTORY,
    cause_of,
    cause_of_trade,
)
from plimsoll.analytics.holdings import UNKNOWN, USD, VAMM_SOURCE, Market, Source
from plimsoll.analytics.parameters import Parameters, named_assets
from plimsoll.analytics.postings import Pools, Postings
from plimsoll.messages.codes import R_FUNDING, R_TRADE
from plimsoll.messages.commands import Command
from plimsoll.messages.events import (
    AssetCreated,
    Event,
    Filled,
    FundingUpdated,
    MarketCreated,
    MarketParamsSet,
    OracleAccepted,
    ProposalEnded,
    Proposed,
    Transferred,
    VaultCreated,
    VaultDeposited,
    VaultWithdrawn,
)

__all__ = ["CAUSES", "Attribution", "Pnl", "UnknownSourceError"]

FORMAT: Final = 1
"""Of ``Attribution.dump``."""


class UnknownSourceError(LookupError):
    """There is no vault or vAMM of this name."""

    def __init__(self, source: str) -> None:
        super().__init__(f"no source of liquidity is called {source!r}")
        self.source = source


class Pnl(NamedTuple):
    """One source of liquidity since it was opened; ``nav == flows + sum(causes.values())``.

    ``source`` is ``vault:<id>`` or ``vamm:<market id>``, ``asset`` the asset of its shares (the
    collateral for a vAMM, -1 for a base vault whose asset nobody has named yet). ``nav`` is what it
    is worth at the last oracle prices, ``flows`` what was brought less what was taken, at the
    prices of then, ``causes`` what it earned, by every name of ``CAUSES``: 1e-6 quote, signed.
    ``supply`` is its shares (0 for a vAMM), ``worth`` what they are priced by, in units of
    ``asset``, ``share_price`` 1e-9 units of asset a share (None for a vAMM and a vault that is
    shut), ``price`` the oracle price of its market (0: none yet, or the passive vault).
    """

    source: str
    asset: int
    nav: int
    flows: int
    causes: dict[str, int]
    supply: int
    worth: int
    share_price: int | None
    price: int


class Attribution:
    """PnL by cause of every vault and vAMM, from genesis on or from a ``dump``.

    Give it the events of every command, in order. Of the command it takes parameters only: the
    virtual shares of a vault, and which asset is the base of a market.
    """

    def __init__(self) -> None:
        self.ts = 0
        self._markets: dict[int, Market] = {}
        self._pools: dict[int, Pools] = {}
        self._decimals: dict[int, int] = {USD: 6}
        self._parameters = Parameters()
        self._sources: dict[str, Source] = {}
        self._start()

    def _start(self) -> None:
        """Derive what ``dump`` leaves out."""
        self._postings = Postings(self._pools)
        self._by_account = {source.account: source for source in self._sources.values()}
        self._unnamed = self._without_base()
        self._handlers: dict[type[Event], Callable[[Any], None]] = {
            Filled: self._on_filled,
            Transferred: self._on_transferred,
            OracleAccepted: self._on_oracle,
            FundingUpdated: self._on_funding,
            VaultDeposited: self._on_deposited,
            VaultWithdrawn: self._on_withdrawn,
            VaultCreated: self._on_vault,
            MarketCreated: self._on_market,
            MarketParamsSet: self._on_market_params,
            AssetCreated: self._on_asset,
            Proposed: self._parameters.on_proposed,
            ProposalEnded: self._parameters.on_ended,
        }

    # What others ask ---------------------------------------------------------------------------

    def record(self, ts: int, events: Sequence[Event], command: Command | None = None) -> None:
        """All events of one accepted or refused command of the time ``ts`` (ms), in order.

        Raises ``UnknownReasonError`` where a source's money moves for a reason without a cause.
        """
        self.ts = ts
        self._parameters.read(command)
        if self._unnamed:
            self._find_base_assets(events)
        handlers = self._handlers
        for event in events:
            handler = handlers.get(type(event))
            if handler is not None:
                handler(event)

    def sources(self) -> list[str]:
        """Every source: the vaults by id, then the vAMMs by market."""
        ranked = sorted(
            self._sources.values(), key=lambda one: (one.kind == VAMM_SOURCE, one.ident)
        )
        return [source.name for source in ranked]

    def pnl(self, source: str) -> Pnl:
        """What a source has earned since it was opened. Raises ``UnknownSourceError``."""
        found = self._sources.get(source)
        if found is None:
            raise UnknownSourceError(source)
        nav = found.nav(self._markets)
        if nav != sum(found.booked.values()):
            raise RuntimeError(f"{source} is worth {nav}, booked {sum(found.booked.values())}")
        worth = found.assets(self._markets)
        price = self._markets[found.market].price if found.market >= 0 else 0
        return Pnl(
            source=source,
            asset=found.asset,
            nav=nav,
            flows=found.booked[FLOWS],
            causes={cause: found.booked[cause] for cause in CAUSES},
            supply=found.supply,
            worth=worth,
            share_price=found.share_price(worth),
            price=price,
        )

    def dump(self) -> list[Any]:
        """Everything it knows, as lists of whole numbers and texts."""
        markets = [
            [ident, *self._pools[ident], *market.dump()] for ident, market in self._markets.items()
        ]
        return [
            FORMAT,
            self.ts,
            [list(item) for item in sorted(self._decimals.items())],
            [list(item) for item in sorted(self._parameters.proposed.items())],
            sorted(markets),
            [self._sources[name].dump() for name in self.sources()],
        ]

    @classmethod
    def load(cls, dumped: Sequence[Any]) -> Attribution:
        """One that goes on where ``dump`` left off. Raises ``ValueError`` for another format."""
        if dumped[0] != FORMAT:
            raise ValueError(f"attribution format {dumped[0]}, this version reads {FORMAT}")
        made = cls()
        made.ts = dumped[1]
        made._decimals = dict(dumped[2])
        made._parameters.proposed = dict(dumped[3])
        for ident, adjustments, funding, insurance, *row in dumped[4]:
            made._pools[ident] = Pools(adjustments, funding, insurance)
            made._markets[ident] = Market.load(row)
        for row in dumped[5]:
            source = Source.load(row)
            made._sources[source.name] = source
        made._start()
        return made

    # What is opened ----------------------------------------------------------------------------

    def _open(self, source: Source) -> None:
        self._sources[source.name] = source
        self._by_account[source.account] = source
        self._unnamed = self._without_base()

    def _on_asset(self, e: AssetCreated) -> None:
        self._decimals[e.asset] = e.decimals
        for market in self._markets.values():
            if market.base_asset == e.asset:
                market.decimals = e.decimals

    def _on_market(self, e: MarketCreated) -> None:
        self._postings.of(e)
        self._pools[e.market] = Pools(e.adjustments, e.funding, e.insurance)
        self._markets[e.market] = Market()
        self._open(Source(f"vamm:{e.market}", VAMM_SOURCE, e.market, e.market, e.vamm))
        self._name_base(e.market, self._parameters.base_asset)

    def _on_market_params(self, e: MarketParamsSet) -> None:
        self._name_base(e.market, self._parameters.base_asset)

    def _on_vault(self, e: VaultCreated) -> None:
        source = Source(f"vault:{e.vault}", e.kind, e.vault, e.market, e.holder)
        source.virtual_shares = self._parameters.virtual_shares
        source.virtual_assets = self._parameters.virtual_assets
        self._open(source)
        if e.market >= 0:
            self._name_base(e.market, self._markets[e.market].base_asset)

    def _without_base(self) -> list[Source]:
        """Hedged vaults that may hold something on spot which nobody has named yet."""
        return [one for one in self._sources.values() if one.hedged and one.base_asset == UNKNOWN]

    def _find_base_assets(self, events: Sequence[Event]) -> None:
        """Events name the base of a market after it has moved: looked for before that."""
        for vault, asset in named_assets(events):
            source = self._sources[f"vault:{vault}"]
            if source.hedged:
                self._name_base(source.market, asset)

    def _name_base(self, ident: int, asset: int) -> None:
        """The base of a market is known; -1 tells nothing. It never changes again."""
        if asset == UNKNOWN:
            return
        market = self._markets[ident]
        market.base_asset = asset
        # A market may name an asset that is created later, but no vault holds it until then.
        market.decimals = self._decimals.get(asset, 0)
        for source in self._sources.values():
            if source.market == ident and source.hedged:
                source.base_asset = asset
        self._unnamed = self._without_base()

    # What moves money --------------------------------------------------------------------------

    def _on_transferred(self, e: Transferred) -> None:
        debit = self._by_account.get(e.debit)
        credit = self._by_account.get(e.credit)
        if debit is None and credit is None:
            return
        cause = cause_of(e.reason)
        if debit is not None:
            self._pay(debit, e, cause, -e.amount)
        if credit is not None:
            self._pay(credit, e, cause, e.amount)

    def _pay(self, source: Source, e: Transferred, cause: str, amount: int) -> None:
        """Money or base came to a source, or left it."""
        if e.asset == USD:
            source.cash += amount
            source.book(cause, amount)
            if e.reason == R_FUNDING:
                self._settle(source, e.market)
        elif e.asset == source.base_asset and source.hedged:
            market = self._markets[source.market]
            before = source.spot_value(market)
            source.spot += amount
            source.book(cause, source.spot_value(market) - before)
        # Anything else is on its way from pool to pool.

    def _settle(self, source: Source, ident: int) -> None:
        """What was due of a position has been paid. PNL-007."""
        market = self._markets[ident]
        held = source.positions.get(ident)
        if held is not None:
            before = source.position_value(ident, market)
            held.mark = market.rate(held.base)
            source.book(FUNDING, source.position_value(ident, market) - before)

    def _on_filled(self, e: Filled) -> None:
        accounts = self._by_account
        if e.taker not in accounts and e.maker not in accounts and e.fee_vault == 0:
            return
        traded = cause_of_trade(e.source)
        for line in self._postings.of(e):
            for account, amount in ((line.debit, -line.amount), (line.credit, line.amount)):
                source = accounts.get(account)
                if source is not None:
                    source.cash += amount
                    cause = traded if line.reason == R_TRADE else cause_of(line.reason)
                    source.book(cause, amount)
        for account, base in ((e.taker, e.taker_base), (e.maker, e.maker_base)):
            source = accounts.get(account)
            if source is not None:
                market = self._markets[e.market]
                before = source.position_value(e.market, market)
                source.hold(e.market, base, market.rate(base))
                source.book(traded, source.position_value(e.market, market) - before)

    # What moves marks --------------------------------------------------------------------------

    def _on_oracle(self, e: OracleAccepted) -> None:
        market = self._markets[e.market]
        exposed = [
            (source, source.position_value(e.market, market), source.spot_value(market))
            for source in self._sources.values()
            if e.market in source.positions or (source.spot and source.market == e.market)
        ]
        # Base that came before there was a price is worth something from the first one on.
        brought = FLOWS if market.price == 0 else INVENTORY
        market.price = e.price
        for source, value, spot in exposed:
            source.book(INVENTORY, source.position_value(e.market, market) - value)
            if source.market == e.market:
                source.book(brought, source.spot_value(market) - spot)

    def _on_funding(self, e: FundingUpdated) -> None:
        market = self._markets[e.market]
        owed = [
            (source, source.position_value(e.market, market))
            for source in self._sources.values()
            if e.market in source.positions
        ]
        market.long = e.long
        market.short = e.short
        for source, before in owed:
            source.book(FUNDING, source.position_value(e.market, market) - before)

    # Depositors --------------------------------------------------------------------------------

    def _on_deposited(self, e: VaultDeposited) -> None:
        self._sources[f"vault:{e.vault}"].supply = e.supply

    def _on_withdrawn(self, e: VaultWithdrawn) -> None:
        """The fee never left the vault: what was taken was that much more. PNL-004."""
        source = self._sources[f"vault:{e.vault}"]
        source.supply = e.supply
        fee = e.fee
        if source.asset != USD:
            fee = self._markets[source.market].value_of(fee)
        source.book(FLOWS, -fee)
        source.book(FEES, fee)
