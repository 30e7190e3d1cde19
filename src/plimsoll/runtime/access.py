"""Who may read what, and the node's failures as every client shows them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from plimsoll.client import errors
from plimsoll.client.errors import HttpProblem, no_account, no_market, no_vault
from plimsoll.client.models import ErrorInfo
from plimsoll.core import views
from plimsoll.core.rows import Account, Market, Principal, Vault
from plimsoll.core.state import State
from plimsoll.errors import ClientIdReused, NodeBusy, NodeClosed, NodeHalted, SchemeUnavailable
from plimsoll.messages import codes
from plimsoll.messages.fields import FieldError
from plimsoll.runtime.pnl import HistoryUnavailable

RETRY_AFTER_BUSY: Final = 0.1
"""Seconds after which a full queue is worth another try."""

RETRY_AFTER_HISTORY: Final = 1.0
"""Seconds after which a history that is read from the journal is worth another try."""


def is_operator(state: State, principal: int) -> bool:
    """Whether a principal may see everything."""
    if not 0 <= principal < len(state.principals):
        return False
    return (state.principals[principal].roles & codes.ROLE_OPERATOR) != 0


def is_relayer(state: State, principal: int) -> bool:
    """Whether a principal settles orders of others, or may see everything."""
    if not 0 <= principal < len(state.principals):
        return False
    return (state.principals[principal].roles & (codes.ROLE_RELAYER | codes.ROLE_OPERATOR)) != 0


def require_keeper(state: State, principal: int) -> None:
    """Refuse who is neither a keeper nor an operator. Errors: `Forbidden`."""
    roles = state.principals[principal].roles if 0 <= principal < len(state.principals) else 0
    if roles & (codes.ROLE_KEEPER | codes.ROLE_OPERATOR) == 0:
        raise _problem(403, errors.FORBIDDEN, "this needs the role keeper or operator")


def visible_accounts(state: State, principal: int) -> list[Account]:
    """The accounts a principal may see, by id."""
    if is_operator(state, principal):
        return list(state.accounts)
    return views.accounts_of(state, principal)


def visible_principals(state: State, principal: int) -> list[Principal]:
    """The principals a principal may see, by id: itself, an operator all."""
    if is_operator(state, principal):
        return list(state.principals)
    return [row for row in state.principals if row.ident == principal]


def find_account(state: State, principal: int, account: int) -> Account:
    """An account the principal may see. Errors: `NotFound`, the same for somebody else's."""
    if 0 <= account < len(state.accounts):
        row = state.accounts[account]
        if row.owner == principal or is_operator(state, principal):
            return row
    raise no_account(account)


def find_market(state: State, symbol: str) -> Market:
    """The market of a symbol. Errors: `NotFound`."""
    row = views.market_by_symbol(state, symbol)
    if row is None:
        raise no_market(symbol)
    return row


def find_vault(state: State, vault: int) -> Vault:
    """The vault of an id. Errors: `NotFound`."""
    if not 0 <= vault < len(state.liquidity.vaults):
        raise no_vault(vault)
    return state.liquidity.vaults[vault]


@contextmanager
def outside_errors() -> Iterator[None]:
    """Turns the node's errors into those of ``client.errors``."""
    try:
        yield
    except FieldError as error:
        raise errors.bad_field(error.field, error.problem) from error
    except SchemeUnavailable as error:
        raise errors.bad_field("signer", f"cannot be checked here: {error.message}") from error
    except ClientIdReused as error:
        raise _problem(409, errors.CLIENT_ID_REUSED, error.message) from error
    except NodeBusy as error:
        raise _problem(429, errors.TOO_MANY_REQUESTS, error.message, RETRY_AFTER_BUSY) from error
    except (NodeHalted, NodeClosed) as error:
        raise _problem(503, errors.HALTED, error.message) from error
    except HistoryUnavailable as error:
        if error.again:
            text, again = error.message, RETRY_AFTER_HISTORY
            raise _problem(429, errors.TOO_MANY_REQUESTS, text, again) from error
        raise _problem(503, errors.HALTED, error.message) from error


def _problem(status: int, code: int, text: str, retry_after: float | None = None) -> HttpProblem:
    info = ErrorInfo(code=code, name=errors.DOOR_CODES[code], message=text)
    return errors.problem(status, info, retry_after=retry_after)
