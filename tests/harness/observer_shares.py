"""Depositors as the observer sees them: what shares cost, what they bring, what waits."""

from __future__ import annotations

from plimsoll.messages import codes, commands, events
from tests.harness.observer_money import PPM, USD, broken, down, must, up
from tests.harness.observer_vaults import BASE, NO_POSITION, PASSIVE, QUOTE, Maker, Unlock, Vaults


class Door:
    """A vault just before a depositor's money moves."""

    def __init__(self, vault: Maker, worth: int, held: int) -> None:
        self.vault, self.worth, self.held = vault, worth, held
        self.supply, self.liability = vault.supply, vault.liability


class Shares(Vaults):
    """Every deposit, withdrawal and unlock."""

    def __init__(self) -> None:
        super().__init__()
        self.door: Door | None = None
        self.queued: Unlock | None = None
        self.last_unlock = 0

    def open_door(self, vault: Maker) -> Door:
        """Remember what there was before the first line."""
        if self.door is None:
            self.door = Door(vault, self.worth(vault), self.payable(vault))
        must(self.door.vault is vault, "V8", f"vault {vault.ident} in the middle of another")
        return self.door

    def take_door(self, vault: Maker) -> Door:
        """What there was, once the event tells what was done."""
        found = self.open_door(vault)
        self.door = None
        return found

    def of_line(self, e: events.Transferred) -> Maker:
        """The vault of a line."""
        ends = {e.debit, e.credit}
        found = [vault for vault in self.vaults if {vault.holder, vault.unlocks} & ends]
        if not found:
            broken("M8", f"a line of no vault: {e.row()}")
        must(e.market == found[0].market, "M8", f"vault {found[0].ident} in market {e.market}")
        return found[0]

    # Lines --------------------------------------------------------------------------------------

    def before_vault_deposit(self, e: events.Transferred) -> None:
        """From a depositor who can spare it."""
        c = self.command
        asked = isinstance(c, commands.DepositVault) and c.account == e.debit
        must(asked and self.owner[e.debit] == self.principal, "X4", f"{e.debit} pays unasked")
        self.judge_leaving(e)
        vault = self.of_line(e)
        if self.door is None:
            self.judge_valued(vault)
        self.open_door(vault)
        self.keep_leg(e)

    def before_vault_fee(self, e: events.Transferred) -> None:
        """The part of a deposit that buys no shares."""
        self.before_vault_deposit(e)

    def before_vault_withdrawal(self, e: events.Transferred) -> None:
        """To who gives shares back."""
        c = self.command
        asked = isinstance(c, commands.WithdrawVault) and c.account == e.credit
        must(asked and self.owner[e.credit] == self.principal, "X4", f"{e.credit} is paid unasked")
        self.open_door(self.of_line(e))
        self.keep_leg(e)

    def before_vault_unlock(self, e: events.Transferred) -> None:
        """Out of a vault, to wait."""
        must(isinstance(self.command, commands.WithdrawVault), "V11", "an unlock of nobody")
        self.open_door(self.of_line(e))
        self.keep_leg(e)

    def before_unlock_paid(self, e: events.Transferred) -> None:
        """To its owner."""
        self.open_door(self.of_line(e))
        self.keep_leg(e)

    def before_unlock_cut(self, e: events.Transferred) -> None:
        """Back to the vault."""
        self.before_unlock_paid(e)

    # Deposits -----------------------------------------------------------------------------------

    def judge_price(self, door: Door) -> None:
        """V3: A'·S >= A·S', once money and shares have moved."""
        vault, p = door.vault, door.vault.params
        kept = (self.worth(vault) + p.virtual_assets) * (door.supply + p.virtual_shares)
        least = (door.worth + p.virtual_assets) * (vault.supply + p.virtual_shares)
        first = door.supply + p.virtual_shares == 0
        must(first or kept >= least, "V3", f"a share of vault {vault.ident} lost: {kept}, {least}")

    def on_VaultDeposited(self, e: events.VaultDeposited) -> None:  # noqa: N802
        """Shares for what is left after the fee, at the price before it."""
        vault, c = self.vaults[e.vault], self.command
        if not isinstance(c, commands.DepositVault):
            broken("M8", "a deposit nobody asked for")
        told = (c.vault, c.account, c.amount)
        must(told == (e.vault, e.account, e.amount), "M5", f"a deposit of {e.row()}")
        p, fee = vault.params, up(e.amount * vault.params.deposit_fee, PPM)
        way = (e.account, vault.holder, vault.asset)
        self.take_legs("a deposit", (*way, e.amount - fee), (*way, fee))
        door = self.take_door(vault)
        self.judge_may_deposit(vault, e.account)
        must((e.asset, e.fee) == (vault.asset, fee), "V1", f"fee {e.fee}, is {fee}")
        door.worth = self.agreed(vault, door.worth, e.assets)
        must(e.assets == door.worth, "V1", f"says {e.assets} before it, was {door.worth}")
        backed, sold = door.worth + p.virtual_assets, door.supply + p.virtual_shares
        must(sold == 0 or backed > 0, "V10", f"a deposit into a vault worth {backed}")
        backed = self.backed_to_join(vault, backed, sold)
        shares = down((e.amount - fee) * sold, backed) if sold else e.amount - fee
        must(e.shares == shares, "V1", f"{e.shares} shares, are {shares}")
        must(shares >= max(1, c.min_shares), "V1", f"{shares} shares of {c.min_shares}")
        vault.supply += shares
        vault.liability += e.amount
        vault.shares[e.account] = vault.shares.get(e.account, 0) + shares
        if vault.kind == BASE:
            vault.net_base += e.amount
        must((e.supply, e.liability) == (vault.supply, vault.liability), "V5", f"{e.row()}")
        must(not 0 < p.deposit_cap < vault.liability, "V1", f"a liability of {vault.liability}")
        self.judge_price(door)

    def backed_to_join(self, vault: Maker, backed: int, sold: int) -> int:
        """What shares are bought at: as if those who wait had borne their part of a loss."""
        waits = sum(one.shares for one in vault.waiting)
        if not vault.params.min_at_maturity or not waits:
            return backed
        pooled = backed + sum(one.value for one in vault.waiting)
        return max(backed, up(pooled * sold, sold + waits))

    def judge_may_deposit(self, vault: Maker, account: int) -> None:
        """Who a vault takes, and when."""
        must(vault.effective() == codes.ACTIVE, "C3", f"a deposit in mode {vault.effective()}")
        must(not self.closing(vault), "L1", "a deposit into a vault that is liquidated")
        listed = not vault.params.depositors_listed or account in vault.allowed
        must(listed, "X4", f"{account} is on no list of vault {vault.ident}")

    # Withdrawals --------------------------------------------------------------------------------

    def on_VaultWithdrawn(self, e: events.VaultWithdrawn) -> None:  # noqa: N802
        """Shares back for their value, paid in what the vault has."""
        vault, c = self.vaults[e.vault], self.command
        if not isinstance(c, commands.WithdrawVault):
            broken("M8", "a withdrawal nobody asked for")
        told = (c.vault, c.account, c.shares)
        must(told == (e.vault, e.account, e.shares), "M5", f"a withdrawal of {e.row()}")
        must(self.owner[e.account] == self.principal, "X4", f"{e.account} of somebody else")
        owned = vault.shares.get(e.account, 0)
        must(e.shares <= owned, "V2", f"gives {e.shares} shares of {owned}")
        self.judge_valued(vault, leaving=True)
        door, p = self.take_door(vault), vault.params
        door.worth = self.agreed(vault, door.worth, e.assets)
        must(e.assets == door.worth, "V2", f"says {e.assets} before it, was {door.worth}")
        backed = door.worth + p.virtual_assets
        must(backed > 0, "V10", f"an exit from a vault worth {backed}")
        gross = down(backed * e.shares, door.supply + p.virtual_shares)
        gross = min(gross, max(0, door.worth))
        fee = up(gross * p.withdrawal_fee, PPM)
        value = gross - fee
        must((e.value, e.fee) == (value, fee), "V2", f"value {e.value}, is {value}, fee {fee}")
        must(value >= max(1, c.min_value), "V2", f"value {value} of {c.min_value}")
        held = 0 if self.closing(vault) else door.held
        own = min(value, held)
        if value > held:
            queued = self.queued.value if self.queued is not None else 0
            own = self.agreed(vault, own, e.paid + queued)
        other = self.other_for(vault, value - own)
        self.judge_paid(e, vault, own, other, gross)
        vault.supply -= e.shares
        vault.liability -= down(vault.liability * e.shares, door.supply)
        vault.shares[e.account] = owned - e.shares
        must((e.supply, e.liability) == (vault.supply, vault.liability), "V5", f"{e.row()}")
        self.count_exit(vault, own, value - own, other)
        self.judge_price(door)
        self.judge_exit(vault)

    def other_for(self, vault: Maker, missing: int) -> int:
        """What of the other asset stands for what is missing of a vault's own."""
        if missing == 0:
            return 0
        flat = vault.kind != PASSIVE and self.size(vault.holder, vault.market) == 0
        must(flat, "V9", f"vault {vault.ident} pays {missing} that it has not got")
        price, unit = self.place_of(vault).price, self.unit(self.base_of(vault))
        return down(missing * price, unit) if vault.kind == BASE else down(missing * unit, price)

    def judge_paid(
        self, e: events.VaultWithdrawn, vault: Maker, own: int, other: int, gross: int
    ) -> None:
        """Who is paid what, now or later."""
        later = vault.params.cooldown_ms > 0
        target = vault.unlocks if later else e.account
        second = self.base_of(vault) if vault.kind == QUOTE else USD
        self.take_legs(
            "a withdrawal",
            (vault.holder, target, vault.asset, own),
            (vault.holder, e.account, second, other),
        )
        told = (e.asset, e.other_asset, e.paid, e.other)
        paid = (vault.asset, second, 0 if later else own, other)
        must(told == paid, "V2", f"says {told}, paid {paid}")
        queued, self.queued = self.queued, None
        must((queued is not None) == (later and own > 0), "V11", "an unlock that is not told")
        if queued is not None:
            shares = max(1, down(e.shares * own, gross))
            must((queued.value, queued.shares) == (own, shares), "V11", f"waits with {shares}")

    def count_exit(self, vault: Maker, own: int, missing: int, other: int) -> None:
        """Base that left, or need not be hedged any more."""
        if vault.kind == BASE:
            settled = min(missing, max(0, -vault.missing))
            vault.net_base -= own + settled
            vault.missing += settled
        elif vault.kind == QUOTE:
            settled = min(other, max(0, vault.missing))
            vault.net_base -= other - settled
            vault.missing -= settled
        if not vault.missing and vault.mode == codes.ACTIVE:
            vault.told = codes.ACTIVE

    def judge_exit(self, vault: Maker) -> None:
        """V9, H5: what stays behind is enough for the positions."""
        if vault.kind == PASSIVE:
            left = self.equity(vault.holder) - self.requirement(vault.holder, False)
            flat = not any(self.size(vault.holder, m) for m in range(len(self.places)))
            must(flat or left + self.slack(vault.holder) >= 0, "V9", f"{left} are left")
        else:
            ratio = self.cover(vault)
            least = vault.params.min_margin_ratio
            enough = ratio == NO_POSITION or ratio >= least or self.doubt(vault) > 0
            must(enough, "H5", f"vault {vault.ident} is left with a ratio of {ratio}")

    # Unlocks ------------------------------------------------------------------------------------

    def on_UnlockQueued(self, e: events.UnlockQueued) -> None:  # noqa: N802
        """Behind the others of its account, until the cooldown is over."""
        vault, p = self.vaults[e.vault], self.vaults[e.vault].params
        must(e.unlock > self.last_unlock, "O9", f"unlock {e.unlock}")
        self.last_unlock = e.unlock
        must(e.asset == vault.asset and e.value > 0, "V11", f"{e.row()}")
        must(e.due_ms == self.now + p.cooldown_ms, "V11", f"due at {e.due_ms}")
        self.queued = Unlock(e)
        vault.waiting.append(self.queued)
        own = [one for one in vault.waiting if one.account == e.account]
        must(len(own) <= p.max_unlocks, "V11", f"{len(own)} unlocks of {e.account}")

    def on_UnlockPaid(self, e: events.UnlockPaid) -> None:  # noqa: N802
        """In order, in time, once; the lower value where the vault says so."""
        vault = self.vaults[e.vault]
        own = [one for one in vault.waiting if one.account == e.account]
        if not own or own[0].ident != e.unlock:
            broken("V11", f"unlock {e.unlock} is not the first of {e.account}")
        one = own[0]
        must(one.due <= self.now, "V11", f"unlock {e.unlock} is due at {one.due}")
        must(e.paid + e.cut == one.value, "V11", f"{e.paid} + {e.cut} of {one.value}")
        self.take_legs(
            "an unlock",
            (vault.unlocks, e.account, vault.asset, e.paid),
            (vault.unlocks, vault.holder, vault.asset, e.cut),
        )
        paid = self.agreed(vault, self.due_for(self.take_door(vault), one), e.paid)
        must(e.paid == paid, "V11", f"pays {e.paid}, is {paid}")
        vault.waiting.remove(one)
        if vault.kind == BASE:
            vault.net_base += e.cut
        c = self.command
        if isinstance(c, commands.ClaimUnlocks):
            mine = self.owner[c.account] == self.principal or self.principal in self.operators
            must(mine and c.account == e.account, "X4", f"claimed by {self.principal}")
        else:
            must(isinstance(c, commands.Tick), "V11", "an unlock nobody asked for")

    def due_for(self, door: Door, one: Unlock) -> int:
        """Its value, or where the vault says so its part of all there is, if that is less: losses
        are borne by those who wait as by those who stayed.
        """
        vault, p = door.vault, door.vault.params
        shares = vault.supply + p.virtual_shares + sum(o.shares for o in vault.waiting)
        if not p.min_at_maturity:
            return one.value
        backed = door.worth + p.virtual_assets + sum(o.value for o in vault.waiting)
        return min(one.value, max(0, down(backed * one.shares, shares)))

    def finish_shares(self) -> None:
        """At the end of a command: doors are closed, and what waits is there."""
        must(self.door is None and self.queued is None, "V8", "a depositor's money without a word")
        for vault in self.vaults:
            if vault.unlocks in self.touched:
                waits = sum(one.value for one in vault.waiting)
                have = self.held(vault.unlocks, vault.asset)
                must(waits == have, "V11", f"unlocks of {vault.ident} have {have} of {waits}")
            if vault.holder in self.touched:
                total = sum(vault.shares.values())
                must(total == vault.supply, "V5", f"{total} shares, supply {vault.supply}")
