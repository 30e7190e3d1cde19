"""Who plays in a scenario, and what it knows while it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from plimsoll.analytics.postings import Postings
from plimsoll.core import views
from plimsoll.errors import PlimsollError
from plimsoll.messages import codec
from plimsoll.messages.codes import ROLE_KEEPER, ROLE_TRADER
from plimsoll.messages.events import Event
from plimsoll.units import LOT, PRICE_SCALE, QUOTE_SCALE, div_floor

USD: Final = QUOTE_SCALE
PRICE: Final = PRICE_SCALE
BASE: Final = LOT
SECOND: Final = 1_000
MINUTE: Final = 60_000
HOUR: Final = 3_600_000


class ScenarioBroken(PlimsollError):
    """A scenario asks for something that has not come about: an order, an auction, a name."""

    remedy = "An expectation before it has failed; correct that first."


@dataclass(slots=True)
class Player:
    """Somebody of the scenario: a trader, or a keeper with an account for rewards.

    ``deposit`` is collateral (1e-6 USD), ``others`` what he brings of other assets: (asset, units).
    """

    name: str
    deposit: int
    role: int = ROLE_TRADER
    others: tuple[tuple[int, int], ...] = ()
    principal: int = -1
    account: int = -1


def keeper(name: str) -> Player:
    """A keeper, who may trade nothing and brings nothing."""
    return Player(name, 0, ROLE_KEEPER)


class Scene:
    """What a scenario knows while it runs: who is who, which order is which, what was noted.

    ``exchange`` is the id that orders are signed for; ``now`` the scenario's time in ms;
    ``figures`` holds what steps noted for later ones; ``turned_away`` what the door said of the
    commands of this step that it did not let in.
    """

    def __init__(
        self,
        state: Callable[[], Any],
        check: Callable[[], None],
        players: Sequence[Player],
        now: int,
        exchange: str = "",
    ) -> None:
        self._state = state
        self._check = check
        self.exchange = exchange
        self.players = {player.name: player for player in players}
        self.labels: dict[str, int] = {}
        self.figures: dict[str, int] = {}
        self.opening: list[Event] = []
        self.log: list[tuple[int, int, Event]] = []
        self.turned_away: list[str] = []
        self.prices: dict[int, int] = {}
        self.now = now

    def player(self, name: str) -> Player:
        """A player by name. Errors: `ScenarioBroken`."""
        found = self.players.get(name)
        if found is None:
            raise ScenarioBroken(f"nobody is called {name!r}")
        return found

    def account(self, name: str) -> int:
        """The account of a player, or one that a step labelled."""
        if name not in self.players and name in self.labels:
            return self.labels[name]
        return self.player(name).account

    def order(self, label: str) -> int:
        """The id of what a step labelled: an order, a trigger, an auction, a claim, a proposal.

        Errors: `ScenarioBroken`.
        """
        found = self.labels.get(label)
        if found is None:
            raise ScenarioBroken(f"there is no order called {label!r}")
        return found

    def market(self, market: int) -> dict[str, Any]:
        """A market as the API's views show it, whole numbers."""
        state = self._state()
        return views.market_view(state, state.markets[market], self.now)

    def vamm(self, market: int) -> dict[str, Any]:
        """The vAMM of a market. Errors: `ScenarioBroken` where there is none."""
        found = self.market(market)["vamm"]
        if found is None:
            raise ScenarioBroken(f"market {market} has no vAMM")
        return dict(found)

    def params(self, market: int) -> Any:
        """The parameters of a market."""
        return self._state().markets[market].params

    def owned(self, name: str) -> dict[str, Any]:
        """A player's account: equity, free margin, positions."""
        state = self._state()
        return views.account_view(state, state.accounts[self.account(name)])

    def cash(self, name: str) -> int:
        """A player's cash, 1e-6 USD."""
        return int(self._state().accounts[self.account(name)].cash())

    def base(self, name: str, market: int) -> int:
        """A player's signed position, 1e-9 base."""
        row = self._state().accounts[self.account(name)].position(market)
        return 0 if row is None else int(row.base)

    def auctions(self, market: int) -> list[dict[str, Any]]:
        """The live auctions of a market, oldest first."""
        return list(self.market(market)["auctions"])

    def pool(self, market: int, name: str) -> int:
        """The balance of a pool, 1e-6 USD."""
        return int(self.market(market)["pools"][name])

    def vault(self, vault: int) -> dict[str, Any]:
        """A vault as the API's views show it, whole numbers."""
        state = self._state()
        return views.vault_view(state, state.liquidity.vault(vault), self.now)

    def quotes(self, vault: int, market: int) -> dict[str, Any]:
        """How the passive vault quotes in a market. Errors: `ScenarioBroken` where it does not."""
        state = self._state()
        symbol = state.markets[market].params.symbol
        for row in views.vault_quotes_view(state, state.liquidity.vault(vault)):
            if row["market"] == symbol:
                return row
        raise ScenarioBroken(f"vault {vault} does not quote in {symbol}")

    def spot(self, pool: int) -> dict[str, Any]:
        """A spot pool: reserves, virtual reserves, price."""
        state = self._state()
        return views.spot_pool_view(state, state.liquidity.pool(pool))

    def shares(self, name: str, vault: int) -> int:
        """A player's shares of a vault."""
        row = self._state().liquidity.find(vault, self.account(name))
        return 0 if row is None else int(row.shares)

    def balance(self, name: str, asset: int) -> int:
        """What a player has of an asset, in its smallest units."""
        return int(self._state().accounts[self.account(name)].held(asset))

    def fingerprint(self) -> int:
        """The hash of the state, as a number."""
        return int(codec.state_hash(self._state().dump()), 16)

    def sweep(self) -> bool:
        """Sweep all invariants of the exchange. Errors: `NodeHalted`."""
        self._check()
        return True

    def is_conserved(self) -> bool:
        """Whether every account's balance is the sum of its ledger lines, from all events."""
        books = Postings()
        found: Counter[tuple[int, int]] = Counter()
        for line in books.lines([*self.opening, *(event for _, _, event in self.log)]):
            found[line.debit, line.asset] -= line.amount
            found[line.credit, line.asset] += line.amount
        held = {
            (account.ident, row.asset): row.amount
            for account in self._state().accounts
            for row in account.balances
        }
        return all(found[key] == held.get(key, 0) for key in found.keys() | held.keys())

    def tick(self, market: int, price: int, *, up: bool) -> int:
        """A price on the market's grid, up or down to it."""
        step = int(self.params(market).tick)
        down = div_floor(price, step) * step
        return down + step if up and down != price else down

    def happened(self, kind: type[Event]) -> list[Any]:
        """All events of a kind so far."""
        return [event for _, _, event in self.log if isinstance(event, kind)]
