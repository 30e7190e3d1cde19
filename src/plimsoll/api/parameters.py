"""Parameters that several endpoints have."""

from __future__ import annotations

from typing import Final

from plimsoll.api.table import Parameter
from plimsoll.messages.fields import ID_MAX, NAME_MAX, SEQ_MAX, TEXTS

SYMBOL: Final = Parameter(
    name="symbol",
    place="path",
    text="Symbol of the market, as in `BTC-USD`.",
    pattern=f"[A-Za-z0-9_.:-]{{1,{NAME_MAX}}}",
    required=True,
)
ACCOUNT: Final = Parameter(
    name="account", place="path", text="Id of the account.", high=ID_MAX, required=True
)
ORDER: Final = Parameter(
    name="order", place="path", text="Id of the order.", high=SEQ_MAX, required=True
)
AUCTION: Final = Parameter(
    name="auction",
    place="path",
    text="Id of the auction, which is that of its order.",
    high=SEQ_MAX,
    required=True,
)
SEQ: Final = Parameter(
    name="seq", place="path", text="Number of the record.", high=SEQ_MAX, required=True
)

VAULT: Final = Parameter(
    name="vault", place="path", text="Id of the vault.", high=ID_MAX, required=True
)
QUOTE: Final = Parameter(
    name="quote", place="path", text="Id of the firm quote.", high=SEQ_MAX, required=True
)
CLAIM: Final = Parameter(
    name="claim", place="path", text="Number of the held withdrawal.", high=SEQ_MAX, required=True
)
HASH: Final = Parameter(
    name="hash",
    place="path",
    text="Hash of the signed order, 64 hex digits.",
    pattern="[0-9a-f]{64}",
    required=True,
)
SIGNER: Final = Parameter(
    name="signer",
    place="path",
    text="The key, as in `ed25519:…`.",
    pattern=f"[a-z0-9]{{1,16}}:[a-z0-9]{{1,{TEXTS['signer'] - 17}}}",
    required=True,
)


def limit_of(most: int) -> Parameter:
    """How many rows of a history are asked for."""
    return Parameter(
        name="limit", text="How many at most, newest first.", low=1, high=most, default=100
    )
