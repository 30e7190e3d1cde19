"""A page on which traders sign orders and a relayer settles them.

Orders are made by ``sign``: the hash is the real one, the signature is left out, as the core does
not look at it. Sizes, prices and money are decimal texts.
"""

from __future__ import annotations

from typing import Any, Final

from plimsoll.core.rows import Signed
from plimsoll.messages import codes, commands, events, signed_form
from plimsoll.messages.gateway import SignedOrder
from tests.harness.scenario import KEEPER, OPERATOR, Scenario, scaled

EXCHANGE: Final = "page"
HOUR: Final = 3_600_000


def key_of(number: int) -> str:
    """A well-formed key that nobody has the secret of."""
    return f"ed25519:{number:064x}"


class SignedPage(Scenario):
    """Alice, Bob and Carol with 1,000 each and a key of their own, ``key_of`` their account; each
    has a second account (``alice2`` …) with 500. Rita relays, on an account without money.
    """

    def __init__(self, *markets: Any, second: str = "500", **more: Any) -> None:
        super().__init__(*markets, **more)
        for name in list(self.accounts):
            owner = self.owner(name)
            self.do(commands.CreateAccount(owner, -1, f"{name}2"), owner)
            self.accounts[f"{name}2"] = len(self.state.accounts) - 1
            if scaled(second, 6):
                self.deposit(f"{name}2", second)
            self.allow(name)
            # It may be a fund of what this key signs.
            self.allow(f"{name}2", key_of(self.accounts[name]))
        self.do(commands.CreatePrincipal("rita", codes.ROLE_RELAYER), OPERATOR)
        self.rita = len(self.state.principals) - 1
        self.do(commands.CreateAccount(self.rita, -1, "rita"), self.rita)
        self.accounts["rita"] = len(self.state.accounts) - 1
        self.numbers = 0

    def allow(self, name: str, key: str = "", allowed: bool = True) -> None:
        """Let a key sign for an account, or no longer."""
        command = commands.SetSigner(
            self.accounts[name], key or key_of(self.accounts[name]), allowed
        )
        self.do(command, self.owner(name))

    def sign(self, name: str, side: int, size: str, price: str, **more: Any) -> SignedOrder:
        """A signed order, good for an hour; every one is another (its client id counts)."""
        self.numbers += 1
        account = self.accounts[name]
        for amount in ("relay_fee", "margin"):
            if isinstance(more.get(amount), str):
                more[amount] = scaled(more[amount], 6)
        if isinstance(more.get("min_fill"), str):
            more["min_fill"] = scaled(more["min_fill"], 9)
        if isinstance(more.get("fund"), str):
            more["fund"] = self.accounts[more["fund"]]
        values: dict[str, Any] = {
            "account": account, "market": 0, "side": side, "fok": False,
            "price": scaled(price, 6), "size": scaled(size, 9), "min_fill": 0,
            "reduce_only": False, "expires_ms": self.now + HOUR,
            "client_order_id": f"s{self.numbers}", "relay_fee": 0, "fund": -1, "margin": 0,
            "maker": -1, "signer": key_of(account), "order_hash": "", "signature": "",
        }  # fmt: skip
        return signed_form.completed(SignedOrder(**{**values, **more}), EXCHANGE)

    def changed(self, order: SignedOrder, **fields: Any) -> SignedOrder:
        """The order with other values, under the hash that these have."""
        names = [name for name, _ in SignedOrder.FIELDS]
        values = dict(zip(names, order.row(), strict=True))
        return signed_form.completed(SignedOrder(**{**values, **fields}), EXCHANGE)

    # Commands -----------------------------------------------------------------------------

    def settling(self, order: SignedOrder, size: str = "", relayer: int = -2) -> commands.Command:
        """A settlement, not yet applied; all of the order and to Rita unless told otherwise."""
        account = self.accounts["rita"] if relayer == -2 else relayer
        return commands.SettleSigned(order, scaled(size, 9) if size else order.size, account)

    def settle(self, order: SignedOrder, size: str = "", relayer: int = -2) -> events.SignedSettled:
        """Settle a part (all) of an order; what is said of it."""
        (event,) = self.told_of(self.do(self.settling(order, size, relayer), self.rita))
        return event

    def matching(
        self, taker: SignedOrder, maker: SignedOrder, size: str = "", relayer: int = -2
    ) -> commands.Command:
        """A match, not yet applied; all of the taker's order unless told otherwise."""
        account = self.accounts["rita"] if relayer == -2 else relayer
        raw = scaled(size, 9) if size else taker.size
        return commands.MatchSigned(taker, maker, raw, account)

    def match(
        self, taker: SignedOrder, maker: SignedOrder, size: str = "", relayer: int = -2
    ) -> list[events.SignedSettled]:
        """Settle two orders against each other; what is said of the taker's and the maker's."""
        return self.told_of(self.do(self.matching(taker, maker, size, relayer), self.rita))

    def cancel(self, order: SignedOrder) -> events.SignedCancelled:
        """The owner cancels."""
        owner = self.state.accounts[order.account].owner
        (event,) = self.do(commands.CancelSigned(order), owner)
        assert isinstance(event, events.SignedCancelled)
        return event

    def refused(self, command: commands.Command, principal: int | None = None) -> Any:
        """Name and numbers of the refusal a command meets (Rita's unless told otherwise)."""
        code, value, limit, _ = self.refuse(command, self.rita if principal is None else principal)
        return codes.REJECTS[code][0], value, limit

    def tick(self, limit: int = 100) -> list[events.Event]:
        """The house works."""
        return self.do(commands.Tick(limit), KEEPER)

    # Looking ------------------------------------------------------------------------------

    @staticmethod
    def told_of(found: list[events.Event]) -> list[events.SignedSettled]:
        """What events say of settlements."""
        return [event for event in found if isinstance(event, events.SignedSettled)]

    def known(self, order: SignedOrder) -> Signed | None:
        """What is known of an order."""
        return self.state.gateway.signed.get(order.order_hash)

    def filled(self, order: SignedOrder) -> int:
        """How much of an order is filled."""
        row = self.known(order)
        return 0 if row is None else row.filled

    def cash(self, *names: str) -> list[int]:
        """What accounts have in money."""
        return [self.account(name).cash() for name in names]

    def moved(self) -> list[tuple[str, int]]:
        """Reasons and amounts of what the last command transferred, but for funding."""
        return [
            (codes.REASONS[event.reason], event.amount)
            for event in self.found
            if isinstance(event, events.Transferred)
        ]


def stocked(size: str = "5", price: str = "100", **more: Any) -> SignedPage:
    """A page on which Bob sells."""
    page = SignedPage(**more)
    page.play(f"bob sell {size} @ {price}")
    return page
