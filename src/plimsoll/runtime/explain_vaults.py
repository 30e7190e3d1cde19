"""Events of vaults and spot in a sentence each, with the rules behind them; see ``explain``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

Values = dict[str, Any]
Rules = tuple[str, ...]
Teller = Callable[[Values], tuple[str, Rules]]

PUBLIC: Final = frozenset(
    {"VaultCreated", "VaultParamsSet", "VaultQuoteSet", "VaultModeSet", "VaultQuoted"}
    | {"VaultHedged", "VaultShut", "VaultOpened", "VaultSnapshot", "SpotPoolCreated"}
)
"""Events that everybody may see."""


def _plain(text: str, *rules: str) -> Teller:
    """A sentence with the values of the event in it."""
    return lambda v: (text.format(**v), rules)


EXPLAIN: Final[dict[str, Teller]] = {
    "VaultCreated": _plain("Vault {vault} ({kind}) was opened: {label}.", "SHARE-010"),
    "VaultParamsSet": _plain("The parameters of vault {vault} were replaced.", "SHARE-011"),
    "VaultQuoteSet": _plain("How vault {vault} quotes in {symbol} was replaced.", "SHARE-012"),
    "VaultWhitelistSet": _plain(
        "Account {account} on the whitelist of vault {vault}: {allowed}.", "SHARE-013"
    ),
    "VaultModeSet": _plain("The mode of vault {vault} is {mode}, it was {before}.", "SHARE-013"),
    "VaultDeposited": _plain(
        "Account {account} brought {amount} into vault {vault} for "
        "{shares} shares; the vault was worth {assets}, there are {supply} shares now.",
        "SHARE-002",
        "SHARE-016",
    ),
    "VaultWithdrawn": _plain(
        "Account {account} gave {shares} shares of vault {vault} back for {value}; "
        "the vault was worth {assets}, there are {supply} shares now.",
        "SHARE-003",
        "SHARE-017",
    ),
    "UnlockQueued": _plain(
        "{value} of account {account} leave vault {vault} and are paid at {due_ms}.", "SHARE-021"
    ),
    "UnlockPaid": _plain(
        "{paid} of account {account} out of vault {vault} were paid; {cut} went back.", "SHARE-021"
    ),
    "VaultQuoted": _plain(
        "Vault {vault} quotes {bid_size} at {bid} and {ask_size} at {ask} in {symbol}.",
        "PASSIVE-001",
        "PASSIVE-005",
    ),
    "VaultHedged": _plain(
        "Vault {vault} hedged on spot ({venue}): {side} {base_amount} for {quote} USD; "
        "{util} ppm of what depositors brought are in use.",
        "HEDGE-004",
        "HEDGE-005",
    ),
    "VaultRefused": _plain(
        "Vault {vault} did not fill order {order}: {name} "
        "({value_is} {value}, {limit_is} {limit}).",
        "HEDGE-015",
    ),
    "VaultShut": _plain("Vault {vault} is shut: it is worth {assets}.", "SHARE-022"),
    "VaultOpened": _plain("Vault {vault} is open again: it is worth {assets}.", "SHARE-022"),
    "VaultSnapshot": _plain(
        "Day {day}: vault {vault} is worth {assets}, there are {supply} shares.", "SHARE-023"
    ),
    "SpotPoolCreated": _plain("Spot pool {pool} was opened.", "SPOT-009"),
    "SpotLiquidityChanged": _plain(
        "Pool {pool}: {base_amount} and {quote_amount} were added.", "SPOT-010", "SPOT-011"
    ),
    "SpotSwapped": _plain(
        "{amount_in} went into pool {pool}, {amount_out} came out.",
        "SPOT-003",
        "SPOT-004",
        "SPOT-012",
    ),
    "FirmQuotePosted": _plain(
        "Firm quote {firm_quote}: {side} {asset_amount} at {price}, {held} held.",
        "SPOT-017",
    ),
    "FirmQuoteFilled": _plain(
        "{asset_amount} of firm quote {firm_quote} were traded for {quote} USD, {left} are left.",
        "SPOT-018",
    ),
    "FirmQuoteEnded": _plain(
        "Firm quote {firm_quote} is over ({reason}): {released} went back.", "SPOT-019", "SPOT-020"
    ),
}
"""Event -> its sentence and its rules."""
