"""What is said about orders: placing, amending and cancelling them, one by one or in a batch; see
``models``.
"""

from __future__ import annotations

from plimsoll.client.model_base import OrderType, PostOnly, Request, Side, TimeInForce


class PlaceOrderRequest(Request, kw_only=True):
    """An order.

    ``price`` is the limit, or the worst price of a market order (None: the market's slippage
    setting). ``tif`` None means gtc for a limit order and ioc for a market order. ``expires_ms``
    0 means never. ``keeper_fee`` (USD) is held back for the keeper of the first fill. ``vault``
    directs it at a hedged vault of its market; ``tif`` None is ioc then.
    """

    account: int
    market: str
    side: Side
    type: OrderType = "limit"
    tif: TimeInForce | None = None
    price: str | None = None
    size: str
    post_only: PostOnly = "none"
    reduce_only: bool = False
    expires_ms: int = 0
    client_order_id: str = ""
    keeper_fee: str = "0"
    vault: int | None = None


class AmendOrderRequest(Request, kw_only=True):
    """New limit and new total size (the filled part included) of an open order."""

    account: int
    price: str
    size: str


class BatchPlace(PlaceOrderRequest, kw_only=True, tag_field="action", tag="place"):
    """Place an order, as an item of a batch."""


class BatchCancel(Request, kw_only=True, tag_field="action", tag="cancel"):
    """Cancel by order id, or (``order`` 0) by client order id, as an item of a batch."""

    account: int
    order: int = 0
    client_order_id: str = ""


class BatchAmend(Request, kw_only=True, tag_field="action", tag="amend"):
    """Amend an order, as an item of a batch."""

    account: int
    order: int
    price: str
    size: str


class BatchCancelAll(Request, kw_only=True, tag_field="action", tag="cancel_all"):
    """Cancel all orders of an account (None: in every market), as an item of a batch."""

    account: int
    market: str | None = None


BatchItem = BatchPlace | BatchCancel | BatchAmend | BatchCancelAll
"""The field ``action`` (place, cancel, amend, cancel_all) tells them apart."""


class BatchRequest(Request, kw_only=True):
    """1 to 50 trading commands: all or nothing when ``atomic``, else each for itself."""

    atomic: bool
    items: list[BatchItem]
