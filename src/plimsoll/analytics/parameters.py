"""What the attribution has to know that no event tells, or tells too late.

Virtual shares and assets of a vault stand in the command that opens it. Which asset is the base of
a market stands in the parameters of the market, which a proposal may carry; events name it only
after the first of it has moved.

Spec: docs/spec/28-attribution.md, PNL-008.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from plimsoll.analytics.holdings import UNKNOWN, USD
from plimsoll.messages.commands import (
    Command,
    CreateMarket,
    CreateVault,
    ExecuteProposal,
    Propose,
    SetMarketParams,
)
from plimsoll.messages.events import (
    Event,
    ProposalEnded,
    Proposed,
    VaultDeposited,
    VaultHedged,
    VaultWithdrawn,
)


class Parameters:
    """What the command of the moment says; ``UNKNOWN`` for what it does not.

    ``base_asset`` is that of the market it opens or sets, ``virtual_shares`` and
    ``virtual_assets`` are those of the vault it opens, ``proposed`` the base asset of each open
    proposal that names one.
    """

    def __init__(self) -> None:
        self.proposed: dict[int, int] = {}
        self.read(None)

    def read(self, command: Command | None) -> None:
        """A command, whose events come now."""
        self.virtual_shares = self.virtual_assets = self._announced = UNKNOWN
        self.base_asset = base_of(command)
        if isinstance(command, CreateVault):
            self.virtual_shares = command.params.virtual_shares
            self.virtual_assets = command.params.virtual_assets
        elif isinstance(command, Propose):
            self._announced = base_of(command.change)
        elif isinstance(command, ExecuteProposal):
            self.base_asset = self.proposed.get(command.proposal, UNKNOWN)

    def on_proposed(self, e: Proposed) -> None:
        """The change of the command waits."""
        if self._announced != UNKNOWN:
            self.proposed[e.proposal] = self._announced

    def on_ended(self, e: ProposalEnded) -> None:
        """A proposal is over; what it changes now has been read."""
        self.proposed.pop(e.proposal, None)


def base_of(command: Command | None) -> int:
    """The base asset that parameters of a market name."""
    if isinstance(command, CreateMarket | SetMarketParams):
        return command.params.base_asset
    return UNKNOWN


def named_assets(events: Sequence[Event]) -> Iterator[tuple[int, int]]:
    """Vaults and the asset, other than the collateral, that events of hedges, deposits and exits
    name with them."""
    for event in events:
        asset = USD
        if isinstance(event, VaultHedged | VaultDeposited):
            asset = event.asset
        elif isinstance(event, VaultWithdrawn):
            asset = event.asset if event.asset != USD else event.other_asset
        else:
            continue
        if asset != USD:
            yield event.vault, asset
