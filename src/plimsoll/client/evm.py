"""Signatures by EIP-712, of the extra ``evm``: make one, and tell whose one is."""

from __future__ import annotations

import sys
from typing import Any


def _library() -> Any:
    """``eth_account``, the first time with all it needs. Errors: `ImportError` without the extra.

    One of its dependencies raises the limit of recursion for the whole process, where input that
    is nested without end would then overflow the stack: the limit stays as it was.
    """
    limit = sys.getrecursionlimit()
    try:
        import eth_account
        import eth_account.messages
        import eth_keys.exceptions  # noqa: F401 - what a recovery raises
    finally:
        sys.setrecursionlimit(limit)
    return eth_account


def account_of(secret: bytes) -> Any:
    """The account of a secret key; its ``address`` is checksummed. Errors: `ValueError`."""
    return _library().Account.from_key(secret)


def sign(account: Any, typed_data: dict[str, Any]) -> str:
    """The signature of typed data, as lower-case hex."""
    return f"0x{bytes(account.sign_typed_data(full_message=typed_data).signature).hex()}"


def recover(typed_data: dict[str, Any], signature: str) -> str:
    """The address, in lower case, that signed typed data; "" if none can have.

    Errors: `ImportError` without the extra.
    """
    library = _library()
    from eth_keys.exceptions import BadSignature

    made = library.messages.encode_typed_data(full_message=typed_data)
    try:
        return str(library.Account.recover_message(made, signature=signature)).lower()
    except (BadSignature, ValueError):
        return ""
