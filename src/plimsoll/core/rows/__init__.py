"""Every row of state, with the meaning and unit of each field.

The only package that assigns to a row's attributes: each change is a method that first saves the
row once per scope (``base.Row.touch``), so that nobody can forget to. The first save of a command
goes into a record the row keeps for that (``was``), so that it costs no allocation; a save in a
nested scope makes a record of its own. Records are undo entries. Money is 1e-6 quote, sizes 1e-9
base, prices 1e-6 quote per base, times ms.
"""

from __future__ import annotations

from plimsoll.core.rows.accounts import Account, Level, Order, Position
from plimsoll.core.rows.balances import Balance
from plimsoll.core.rows.base import Row
from plimsoll.core.rows.exchange import Asset, Globals, Principal
from plimsoll.core.rows.gateway import Signed
from plimsoll.core.rows.guard import Breaker, Held, Outflow, Proposal, Ticks, VaultGuard
from plimsoll.core.rows.markets import Market, Oracle, Vamm
from plimsoll.core.rows.mechanisms import Auction, Offer, Rates, Track, Trigger
from plimsoll.core.rows.vaults import FirmQuote, Holding, SpotPool, Unlock, Vault

__all__ = [
    "Account",
    "Asset",
    "Auction",
    "Balance",
    "Breaker",
    "FirmQuote",
    "Globals",
    "Held",
    "Holding",
    "Level",
    "Market",
    "Offer",
    "Oracle",
    "Order",
    "Outflow",
    "Position",
    "Principal",
    "Proposal",
    "Rates",
    "Row",
    "Signed",
    "SpotPool",
    "Ticks",
    "Track",
    "Trigger",
    "Unlock",
    "Vamm",
    "Vault",
    "VaultGuard",
]
