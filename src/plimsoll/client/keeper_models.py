"""What keepers are told: one consistent picture of all that may be due.

Unlike everywhere else, numbers here are whole and scaled as inside the exchange, because keepers
compute with them: prices, money and rates 1e-6 quote, sizes 1e-9 base, ratios ppm, times ms. The
stream of the channel ``keeper`` and the commands of keepers use the same scales.
"""

from __future__ import annotations

from typing import Any

from plimsoll.client.model_base import AuctionCause, Direction, OrderType, Response, Side


class KeeperMarket(Response, kw_only=True, frozen=True):
    """A market. ``params`` are all of its parameters by name (as ``SetMarketParams`` takes them).

    Prices 0 mean none. The vAMM's quotes are what a seller (``vamm_bid``) and a buyer get for the
    first unit, its sizes what one fill can be; all 0 where it is off. ``funding_due_ms`` 0: off.
    """

    market: int
    symbol: str
    mode: str
    unhealthy: list[str]
    params: dict[str, int | str]
    oracle_price: int
    oracle_confidence: int
    oracle_published_ms: int
    oracle_valid: bool
    best_bid: int
    best_ask: int
    reservation_price: int
    vamm_bid: int
    vamm_ask: int
    vamm_bid_size: int
    vamm_ask_size: int
    vamm_net: int
    open_interest: int
    funding_due_ms: int


class KeeperOrder(Response, kw_only=True, frozen=True):
    """A resting order; ``age_ms``, ``priority_size``, ``sequence`` fix its place at its price."""

    order: int
    account: int
    owner: int
    market: int
    side: Side
    price: int
    remaining: int
    age_ms: int
    priority_size: int
    sequence: int
    reduce_only: bool
    expires_ms: int
    keeper_fee: int


class KeeperTrigger(Response, kw_only=True, frozen=True):
    """A trigger: fired when the oracle is at or past ``trigger_price``."""

    order: int
    account: int
    owner: int
    market: int
    side: Side
    type: OrderType
    price: int
    size: int
    reduce_only: bool
    trigger_price: int
    direction: Direction
    expires_ms: int


class KeeperDelayed(Response, kw_only=True, frozen=True):
    """A delayed order: executed at a price published at ``earliest_ms`` or later, the first that is
    there; over after ``expires_ms``.
    """

    order: int
    account: int
    owner: int
    market: int
    side: Side
    type: OrderType
    price: int
    size: int
    reduce_only: bool
    earliest_ms: int
    expires_ms: int


class KeeperAuction(Response, kw_only=True, frozen=True):
    """A live auction. ``limit`` is the taker's worst price, ``bankruptcy`` 0 for an order's.

    ``offers_due_ms`` is when the first waiting offer is to be worked off (0: none waits).
    """

    auction: int
    account: int
    owner: int
    market: int
    side: Side
    size: int
    remaining: int
    start: int
    end: int
    limit: int
    started_ms: int
    ends_ms: int
    cause: AuctionCause
    reduce_only: bool
    bankruptcy: int
    offers: int
    offers_due_ms: int
    keeper_fee: int


class KeeperPosition(Response, kw_only=True, frozen=True):
    """What an account holds in a market; ``liquidated_ms`` when a part was last closed."""

    market: int
    base: int
    entry_cost: int
    funding: int
    liquidated_ms: int


class KeeperAccount(Response, kw_only=True, frozen=True):
    """A trader's account with positions: ``equity`` below ``maintenance`` is liquidated.

    equity = ``cash`` + Σ base·oracle, each rounded down, + Σ ``funding`` of its positions
    (negative: owed). ``liquidations`` counts the auctions of its liquidation that run already.
    """

    account: int
    owner: int
    cash: int
    equity: int
    maintenance: int
    liquidations: int
    positions: list[KeeperPosition]


class KeeperDue(Response, kw_only=True, frozen=True):
    """Something of vaults and spot that is due at a time: an unlock, the end of a firm quote."""

    ident: int
    due_ms: int


class KeeperSnapshot(Response, kw_only=True, frozen=True):
    """Everything after record ``seq``. ``now`` is the time a command would have (ms).

    ``unhedged`` are the vaults that miss a leg of their hedge.
    """

    seq: int
    ts: int
    now: int
    keeper_pot: int
    markets: list[KeeperMarket]
    orders: list[KeeperOrder]
    triggers: list[KeeperTrigger]
    delayed: list[KeeperDelayed]
    auctions: list[KeeperAuction]
    accounts: list[KeeperAccount]
    unhedged: list[int]
    unlocks: list[KeeperDue]
    firm_quotes: list[KeeperDue]


class KeeperRecord(Response, kw_only=True, frozen=True):
    """A published record in the channel ``keeper``; ``events`` by ``codec.event_to_named``."""

    seq: int
    ts: int
    events: list[dict[str, Any]]
