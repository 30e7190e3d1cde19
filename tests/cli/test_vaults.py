"""Vaults and spot on the command line: what operators set up, depositors and takers do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from plimsoll.messages.commands import Deposit
from plimsoll.messages.vault_params import VaultParams
from plimsoll.messages.vaults import SetVaultParams
from plimsoll.runtime import presets
from tests.cli.conftest import Run, as_json, failure
from tests.cli.live import ACCOUNT, PRICE, Live
from tests.harness import plain
from tests.harness.liquidity import BTC_UNIT, HALF_SPREAD, liquidity

DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def server() -> Iterator[Live]:
    """An exchange with three vaults and a spot pool."""
    made = Live()
    params = plain.market_params("BTC-USD", PRICE)
    for command in liquidity(params, 1, ACCOUNT, ACCOUNT + 1):
        made.submit(command, presets.OPERATOR)
    yield made
    made.stop()


@pytest.fixture
def operate(run: Run, exchange: Live, monkeypatch: pytest.MonkeyPatch) -> Run:
    """As ``run``, with the operator's key."""
    monkeypatch.setenv("PLIMSOLL_CLIENT__URL", exchange.url)
    monkeypatch.setenv("PLIMSOLL_CLIENT__KEY", exchange.operator.key_id)
    monkeypatch.setenv("PLIMSOLL_CLIENT__SECRET", exchange.operator.secret)
    return run


def vault_of(trade: Run, ident: int) -> Any:
    """A vault as JSON."""
    return as_json(trade("vault", "show", ident, "--json"))


def words(text: str) -> str:
    """A table without its spacing."""
    return " ".join(text.split())


def test_vaults_are_listed_and_shown(trade: Run) -> None:
    """Worth, price of a share, what can be paid; both legs of a hedge; every parameter."""
    text = words(trade("vault", "list").stdout)
    assert "0 passive makers active" in text and "1 base BTC-USD btc active" in text
    found = as_json(trade("vault", "list", "--json"))
    assert [one["kind"] for one in found] == ["passive", "base", "quote"]
    text = words(trade("vault", "show", 1).stdout)
    for part in ("kind base, of BTC-USD", "on spot 0 BTC", "not hedged 0 BTC", "hedge_slippage",
                 "margin ratio no position", "prices fresh"):  # fmt: skip
        assert part in text, part
    assert "Hedge" not in trade("vault", "show", 0).stdout
    assert "UNKNOWN_VAULT" in failure(trade("vault", "show", 9), 3)


def test_a_depositor_comes_and_goes(trade: Run, exchange: Live) -> None:
    """Preview, deposit, quotes, holdings, withdrawal in part and whole, and refusals with hints."""
    text = words(trade("vault", "preview", "deposit", 0, "5000").stdout)
    assert "Deposit of 5,000 USD" in text and "shares 5000000000" in text
    done = trade("vault", "deposit", 0, "5000", "--min-shares", "5000000000")
    assert "deposited 5,000 into vault 0 for 5,000,000,000 shares" in done.stdout, done.output
    assert "no orders" not in trade("vault", "quotes", 1).stdout
    exchange.publish_price()
    text = words(trade("vault", "quotes", 0).stdout)
    assert "59,880" in text and "60,120" in text and "20bp" in text
    text = words(trade("vault", "holdings").stdout)
    assert "0 passive makers 5,000,000,000 5,000 USD" in text
    text = failure(trade("vault", "withdraw", 0, "6000000000"), 3)
    assert "INSUFFICIENT_SHARES" in text and "plimsoll vault holdings" in text
    refused = trade("vault", "preview", "withdraw", 0, "1000", "--min-value", "1")
    assert "VALUE_TOO_SMALL (10008): value: 0.001, least accepted: 1" in failure(refused, 3)
    answer = as_json(
        trade("vault", "preview", "withdraw", 0, "1000", "--min-value", "1", "--json"), 3
    )
    assert answer["reject"]["name"] == "VALUE_TOO_SMALL"
    done = trade("vault", "withdraw", 0, "1000000000", "--client-id", "w-1")
    assert "1,000,000,000 shares of vault 0 given back for 1,000" in done.stdout
    assert (
        "nothing was done twice"
        in trade("vault", "withdraw", 0, "1000000000", "--client-id", "w-1").stdout
    )
    assert "say how many" in trade("vault", "withdraw", 0).stderr
    assert "given back for 4,000" in trade("vault", "withdraw", 0, "--all").stdout
    assert "has no shares" in failure(trade("vault", "withdraw", 0, "--all"), 2)
    assert "UNLOCK_NOT_DUE" in failure(trade("vault", "claim", 0), 3)


def test_a_cooldown_is_seen(trade: Run, exchange: Live) -> None:
    """What waits: in the preview, in the answer, in both lists."""
    exchange.submit(SetVaultParams(2, VaultParams(pool_1=0, cooldown_ms=DAY_MS)), presets.OPERATOR)
    assert "deposited" in trade("vault", "deposit", 2, "100").stdout
    text = words(trade("vault", "preview", "withdraw", 2, "50000000").stdout)
    assert "value 50 USD" in text and "paid at once 0 USD" in text and "the rest at (UTC)" in text
    done = trade("vault", "withdraw", 2, "50000000")
    assert "given back for 50, 50 of it paid at" in done.stdout, done.output
    text = words(trade("vault", "holdings").stdout)
    assert "50,000,000 50 USD" in text and "50 USD, " in text
    assert "50 50,000,000" in words(trade("vault", "waiting", 2).stdout)
    assert trade("vault", "waiting", 0).stdout.strip() == "none"


def test_takers_trade_with_a_vault(trade: Run) -> None:
    """Alone, by size or by money; in an order that is directed at it; what it could not do."""
    assert trade("vault", "deposit", 1, "2").exit_code == 0
    text = words(trade("vault", "trade", 1, "sell", "0.5").stdout)
    assert "filled sell 0.5 BTC-USD" in text and "from a spot-hedged vault" in text
    assert "position -0.5 BTC-USD" in text
    done = as_json(trade("vault", "trade", 1, "buy", "6000", "--usd", "--json"))
    assert done["receipt"]["filled"] == "0.1"
    assert vault_of(trade, 1)["hedge"]["position"] == "0.4"
    text = failure(trade("vault", "trade", 1, "buy", "9"), 3)
    assert "VAULT_CAPACITY" in text and "size possible: 0.4" in text
    text = words(trade("order", "buy", "BTC-USD", "0.1", "--vault", 1).stdout)
    assert "from a spot-hedged vault" in text
    text = words(trade("order", "buy", "BTC-USD", "0.1", "--limit", "57000", "--vault", 1).stdout)
    assert "vault did not fill: SPOT_SLIPPAGE" in text
    assert "VAULT_KIND" in failure(trade("vault", "trade", 0, "buy", "1"), 3)


def test_spot(trade: Run) -> None:
    """Pools, swaps either way, firm quotes and their end."""
    text = words(trade("spot", "pools").stdout)
    assert "0 BTC/USD" in text and "90 5,400,000" in text
    done = trade("spot", "swap", 0, "btc", "0.1")
    assert "0.1 into pool 0, " in done.stdout, done.output
    done = trade("spot", "swap", 0, "usd", "0.1", "--out", "--limit", "7000")
    assert " into pool 0, 0.1 out" in done.stdout, done.output
    text = failure(trade("spot", "swap", 0, "btc", "0.1", "--limit", "70000"), 3)
    assert "SPOT_SLIPPAGE" in text and "limit: 70000;" in text
    assert trade("spot", "quotes").stdout.strip() == "no firm quotes"
    done = trade("spot", "quote", "sell", "btc", "0.5", "--price", "61000")
    assert "sell 0.5 BTC" in done.stdout, done.output
    ident = done.stdout.split()[2].rstrip(":")
    text = words(trade("spot", "quotes").stdout)
    assert f"{ident} BTC sell 61,000 0.5" in text
    assert "cancelled" in trade("spot", "cancel", ident).stdout
    assert "UNKNOWN_FIRM_QUOTE" in failure(trade("spot", "cancel", ident), 3)


def test_an_operator_sets_up_assets_pools_and_vaults(operate: Run, exchange: Live) -> None:
    """Amounts in the asset's decimals, ratios as people write them; one command for each thing."""
    done = operate("admin", "create-asset", "gold", "--decimals", 3)
    assert "asset GOLD registered" in done.stdout, done.output
    done = operate("admin", "create-spot-pool", "gold", "--fee", "5bp", "--virtual-base", "1.5")
    assert "spot pool 1 opened: GOLD/USD" in done.stdout, done.output
    exchange.submit(Deposit(1, 2, 10_000, "gold-in"), presets.OPERATOR)
    exchange.submit(Deposit(1, 0, 10**9, "usd-for-gold"), presets.OPERATOR)
    done = operate("admin", "add-spot-liquidity", 1, "8.5", "1000")
    assert "pool 1: 8.5 and 1,000 put in" in done.stdout, done.output
    assert "0.5 and 0 taken out" in operate("admin", "remove-spot-liquidity", 1, "0.5", "0").stdout
    (pool,) = [one for one in as_json(operate("spot", "pools", "--json")) if one["pool"] == 1]
    assert (pool["base_reserve"], pool["virtual_base"], pool["fee"]) == ("8", "1.5", 500)
    assert "SPOT_POOL_EXISTS" in failure(
        operate("admin", "create-spot-pool", "gold", "--fee", "5bp"), 3
    )
    assert "no asset 'TIN'" in failure(operate("admin", "create-spot-pool", "tin"), 2)
    assert "no spot pool 7" in failure(operate("admin", "add-spot-liquidity", 7, "1", "1"), 2)

    done = operate(
        "admin", "create-vault", "late", "--kind", "base", "--market", "btc-usd",
        "--set", "pool_1=0", "--set", "deposit_cap=2.5", "--set", "hedge_slippage=2%",
    )  # fmt: skip
    assert "opened: late, base" in done.stdout, done.output
    params = as_json(operate("vault", "list", "--json"))[-1]["params"]
    assert (params["deposit_cap"], params["hedge_slippage"]) == (25 * BTC_UNIT // 10, 20_000)
    assert "needs --market" in operate("admin", "create-vault", "x", "--kind", "quote").stderr
    wrong = operate(
        "admin", "create-vault", "x", "--kind", "passive", "--set", "min_margin_ratio=0"
    )
    assert "min_margin_ratio must be positive" in failure(wrong, 2)
    assert "VAULT_EXISTS" in failure(operate("admin", "create-vault", "x", "--kind", "passive"), 3)


def test_an_operator_changes_a_vault(operate: Run) -> None:
    """Parameters, quotes, mode, whitelist: what is not named stays."""
    rows = words(operate("admin", "set-vault", 1, "fill_max=1.5", "withdrawal_fee=10bp").stdout)
    assert "fill_max 0 1.5" in rows and "withdrawal_fee 0% 10bp" in rows
    params = as_json(operate("vault", "show", 1, "--json"))["params"]
    assert (params["fill_max"], params["pool_1"]) == (1_500_000_000, 0)
    operate("admin", "set-vault", 1, "fill_max=0", "withdrawal_fee=0")
    done = operate("admin", "set-vault-quote", 0, "btc-usd", "max_quote_size=2", "weight=3")
    assert "max_quote_size 1 2" in words(done.stdout), done.output
    operate("admin", "set-vault-quote", 0, "btc-usd", "weight=0")
    (quote,) = as_json(operate("vault", "quotes", 0, "--json"))
    assert (quote["params"]["half_spread"], quote["params"]["weight"]) == (HALF_SPREAD, 0)
    operate("admin", "set-vault-quote", 0, "btc-usd", "max_quote_size=1", "weight=1")
    assert "plimsoll params" in failure(operate("admin", "set-vault-quote", 0, "btc-usd", "a=1"), 2)
    assert "half_spread" in failure(
        operate("admin", "set-vault-quote", 0, "btc-usd", "half_spread=0"), 2
    )
    assert "vault 1 is halted" in operate("admin", "vault-mode", 1, "halted").stdout
    assert "1 base BTC-USD btc halted" in words(operate("vault", "list").stdout)
    operate("admin", "vault-mode", 1, "active")
    done = operate("admin", "vault-whitelist", 1, ACCOUNT)
    assert f"account {ACCOUNT} is on the whitelist of vault 1" in done.stdout
    held = as_json(operate("vault", "holdings", "--account", ACCOUNT, "--json"))
    assert [one["allowed"] for one in held if one["vault"] == 1] == [True]
    assert "off the whitelist" in operate("admin", "vault-whitelist", 1, ACCOUNT, "--remove").stdout
