"""Adapters for the spot-hedged vaults of ``perp-v3.json``: what is asked of their steps."""

from __future__ import annotations

from typing import Any

from plimsoll.core import margin, vault_money
from tests.conformance.cases import Case
from tests.conformance.perp_page import Page
from tests.conformance.scaling import as_money, as_size, difference, negated


class Hedge(Page):
    """Answers to what is asked, as far as we have them."""

    def of_maker(self, asked: Any, value: Any) -> Any:
        """A value of the vault, named or not."""
        named = isinstance(asked, dict) and "maker" in asked
        return {"maker": value} if named else value

    def ask_shares(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Shares of depositors."""
        found = {}
        for name in asked.get("maker", asked):
            row = self.state.liquidity.find(0, self.trader(name))
            found[name] = self.as_own(row.shares if row is not None else 0)
        return self.of_maker(asked, found)  # type: ignore[no-any-return]

    def ask_balances(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Balances of tokens."""
        return {
            token: {
                name: as_size(self.balance(token, name)) if token == "base"
                else as_money(self.balance(token, name))
                for name in names
            }
            for token, names in asked.items()
        }  # fmt: skip

    def ask_balance_deltas(self, asked: dict[str, Any]) -> dict[str, Any]:
        """What the last step changed."""
        found: dict[str, Any] = {}
        for token, names in asked.items():
            ours = "base" if token == "base_hedge" else token
            found[token] = {}
            for name in names:
                delta = difference(self.balance(ours, name), self.before[f"{ours} {name}"])
                found[token][name] = as_size(delta) if ours == "base" else as_money(delta)
        return found

    def ask_asset_liability(self, asked: Any) -> Any:
        """What depositors brought."""
        return self.of_maker(asked, self.as_own(self.vault.liability))

    def ask_maker_util_ratio(self, asked: Any) -> Any:
        """What of it is in use: by shorts in base, by longs in quote."""
        used = as_money(vault_money.utilisation(self.state, self.vault))
        pair = ("0", used) if self.in_base else (used, "0")
        return self.of_maker(asked, {"long": pair[0], "short": pair[1]})

    def ask_maker_total_assets(self, asked: Any) -> Any:
        """What the vault is worth, at the oracle price."""
        worth = self.as_own(vault_money.assets(self.state, self.vault))
        price = as_money(self.state.oracles[0].price)
        return self.of_maker(asked, {"price": price, "amount": worth})

    def ask_total_assets(self, asked: str) -> str:
        """The same alone."""
        return self.as_own(vault_money.assets(self.state, self.vault))

    def ask_maker_quote_balance(self, asked: str) -> str:
        """What a vault held in quote can pay out."""
        return as_money(self.balance("collateral", "maker"))

    def ask_maker_base_hedge(self, asked: str) -> str:
        """Base on spot."""
        return as_size(self.balance("base", "maker"))

    def position(self, name: str) -> dict[str, str]:
        """Size, and quote paid (negative) or received for it."""
        row = self.account(name).position(0)
        return {
            "size": as_size(row.base) if row is not None else "0",
            "open_notional": as_money(negated(row.entry_cost)) if row is not None else "0",
        }

    def ask_positions(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Margin and position of accounts, of what is asked."""
        found = {}
        for name, fields in asked.items():
            settled = as_money(margin.settled(self.state, self.account(name)))
            row = {"margin": settled, **self.position(name)}
            found[name] = {field: row[field] for field in fields if field in row}
        return found

    def ask_margin_profile(self, asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Profiles at a price of 0, at which a position is worth nothing: equity is all cash."""
        found = []
        for row in asked:
            assert row["price"] == "0"
            account = self.account(row["trader"])
            gain = difference(account.cash(), margin.settled(self.state, account))
            found.append(
                {
                    "trader": row["trader"],
                    "price": "0",
                    **self.position(row["trader"]),
                    "account_value": as_money(account.cash()),
                    "unrealized_pnl": as_money(gain),
                }
            )
        return found


def hedge(case: Case) -> dict[str, Any]:
    """What became of a case."""
    return Hedge(case).outcome(case)


ADAPTERS = {
    f"spot_hedge_{kind}_maker.{name}": hedge
    for kind, names in (
        ("base", ("deposit", "withdraw", "fill_order", "fill_order_callback", "total_assets",
                  "util_ratio")),
        ("quote", ("deposit", "withdraw", "fill_order")),
    )
    for name in names
}  # fmt: skip
