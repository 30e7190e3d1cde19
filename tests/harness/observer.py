"""The observer: an independent witness that judges every event by the rules.

It predicts nothing. It keeps its own books from commands and events alone, shares no code with the
core, and raises ``Breach`` with the id of the first rule that an event breaks.
"""

from __future__ import annotations

from plimsoll.messages import codes, commands, events
from tests.harness.observer_guard import Guard
from tests.harness.observer_margin import ENTERING
from tests.harness.observer_money import Breach, broken, down, must


class Observer(Guard):
    """All rules, one command at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.operators = {0}

    def step(
        self,
        command: commands.Command,
        principal: int,
        seq: int,
        now: int,
        accepted: bool,
        found: list[events.Event],
    ) -> None:
        """Judge the events of one command. Raises ``Breach``."""
        must(now >= self.now, "T1", f"time went back to {now}")
        self.command, self.principal, self.seq, self.now = command, principal, seq, now
        self.at = 0
        self.touched.clear()
        self.served.clear()
        self.filled = None
        self.asked = command
        if not accepted:
            refusal = found[0] if len(found) == 1 else None
            if not isinstance(refusal, events.Rejected):
                broken("D4", f"a refusal with {len(found)} events")
            self.judge_verdict(refusal)
            return
        self.judge_verdict(None)
        self.command = self.change_of(command)
        self.forget_closing()
        self.open_parts()
        self.open_watch()
        for event in found:
            self.heed(event)
            name = type(event).__name__
            handler = getattr(self, f"on_{name}", None)
            if handler is None:
                broken("D4", f"an event {name} nobody knows")
            handler(event)
        self.finish(len(found))

    def on_PrincipalCreated(self, e: events.PrincipalCreated) -> None:  # noqa: N802
        """Who may cancel for others."""
        self.roles[e.principal] = e.roles
        if e.roles & codes.ROLE_OPERATOR:
            self.operators.add(e.principal)

    def on_Rejected(self, e: events.Rejected) -> None:  # noqa: N802
        """Within an accepted command only a part of a batch is refused."""
        loose = isinstance(self.command, commands.Batch) and not self.command.atomic
        must(loose and e.item >= 0, "D4", "a refusal in an accepted command")

    def finish(self, told: int) -> None:
        """What must hold once the command is done, and ``told`` events were."""
        for account in self.touched:
            for order in list(self.by_account.get(account, {}).values()):
                entering = order.where == ENTERING and not order.fee_free
                must(not entering, "U3", f"order {order.ident} comes and goes nowhere")
        must(not self.late, "U3", f"offers {sorted(self.late)} are forgotten")
        must(not self.refunds, "E4", f"refunds of nothing: {self.refunds}")
        must(not self.repegging, "A7", "money moved for a repeg that did not happen")
        must(not self.moved, "A2", "a fill against a vAMM that did not move")
        if isinstance(self.command, commands.OraclePrices):
            must(self.at == len(self.command.prices), "P1", "a price without a verdict")
        self.judge_crossed()
        self.finish_closing()
        self.finish_spot()
        self.finish_shares()
        self.finish_hedges()
        self.finish_quotes()
        self.finish_watch()
        self.finish_gateway(told)
        self.finish_delayed(told)
        self.finish_breaker(told)
        self.finish_proposals(told)
        self.after_command()
        self.judge_escrow()

    def judge_escrow(self) -> None:
        """Escrow holds exactly what is held for orders."""
        for market, place in enumerate(self.places):
            if place.escrow in self.touched:
                held = sum(o.escrowed for o in self.orders.values() if o.market == market)
                have = self.held(place.escrow)
                must(held == have, "E4", f"escrow of {market} holds {have}, orders {held}")

    def judge_all(self) -> None:
        """The sweep: conservation, positions, order limits, curves, hedges."""
        for asset in {key[1] for key in self.cash}:
            total = sum(amount for key, amount in self.cash.items() if key[1] == asset)
            must(total == 0, "M2", f"asset {asset} sums to {total}")
        for market, place in enumerate(self.places):
            total = sum(base for key, base in self.base.items() if key[1] == market)
            must(total == 0, "M3", f"positions of {market} sum to {total}")
            if place.root:
                must(place.y == down(place.root**2, place.x), "A1", f"curve of {market}")
        self.judge_clearing()
        for vault in self.vaults:
            if vault.kind != codes.PASSIVE_VAULT:
                self.judge_net(vault)


__all__ = ["Breach", "Observer", "broken"]
