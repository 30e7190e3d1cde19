"""Vaults and pools as an operator sets them up; what they leave in the state, and take back."""

from __future__ import annotations

from typing import Any

import pytest

from plimsoll.core.engine import genesis
from plimsoll.core.load import load
from plimsoll.core.rows import Account, FirmQuote, Unlock
from plimsoll.core.state import State
from plimsoll.messages import codec, codes, commands, events
from plimsoll.messages.codes import BUY, SELL
from plimsoll.messages.vault_params import QuoteParams, VaultParams
from tests.harness.scenario import OPERATOR, Scenario, market

ETH, BTC, ODD = 1, 2, 3
HALF = QuoteParams(weight=4, half_spread=50_000, max_quote_size=10**9)


def page() -> Scenario:
    """ETH and BTC (9 and 8 decimals), an asset too fine, two pools, and a market of ETH."""
    made = Scenario(market(base_asset=ETH), market(symbol="Y-USD"))
    for symbol, decimals in (("ETH", 9), ("BTC", 8), ("ODD", 18)):
        made.do(commands.CreateAsset(symbol, decimals), OPERATOR)
    made.do(commands.CreateSpotPool(ETH, BTC, 500, 0, 0), OPERATOR)
    made.do(commands.CreateSpotPool(BTC, 0, 500, 10**8, 10**12), OPERATOR)
    return made


def params(**more: int) -> VaultParams:
    """The path through both pools, but for what is named."""
    return VaultParams(**{"pool_1": 0, "pool_2": 1, **more})


def create(kind: int, of: int, **more: int) -> commands.Command:
    """A vault of a kind in a market (-1: none)."""
    return commands.CreateVault(kind, of, "v", params(**more))


PASSIVE, BASE, QUOTE = codes.PASSIVE_VAULT, codes.BASE_VAULT, codes.QUOTE_VAULT


def test_the_passive_vault_takes_over_the_account_of_the_fees() -> None:
    """SHARE-010: account 3; what it held before is the treasury's, so that nobody inherits it."""
    made = page()
    account = made.state.accounts[codes.VAULT_ACCOUNT]
    account.usd.amount += 7
    made.state.accounts[codes.OUTSIDE_ACCOUNT].usd.amount -= 7
    before = made.state.accounts[codes.TREASURY_ACCOUNT].cash()
    found = made.do(create(PASSIVE, -1), OPERATOR)
    moved, opened, created = found
    assert isinstance(moved, events.Transferred)
    assert (moved.amount, codes.REASONS[moved.reason]) == (7, "vault_residue")
    assert account.cash() == 0
    assert made.state.accounts[codes.TREASURY_ACCOUNT].cash() == before + 7
    assert isinstance(opened, events.AccountCreated)
    assert codes.ACCOUNT_KINDS[opened.kind] == "vault_unlocks"
    assert created.row() == [60, 0, PASSIVE, -1, 3, opened.account, "v"]
    vault = made.state.liquidity.vault(0)
    assert (vault.asset, vault.supply, vault.liability, vault.mode) == (0, 0, 0, 0)
    assert made.state.liquidity.passive() is vault
    assert made.state.liquidity.of_account(3) is vault
    assert made.refuse(create(PASSIVE, -1), OPERATOR)[:2] == (codes.VAULT_EXISTS, 0)


def test_hedged_vaults_have_the_asset_of_their_kind() -> None:
    """SHARE-010: base vaults are held in the market's base, quote vaults in the collateral."""
    made = page()
    made.do(create(BASE, 0), OPERATOR)
    made.do(create(QUOTE, 0, pool_1=-1, pool_2=-1), OPERATOR)
    rows = made.state.liquidity.vaults
    assert [(row.kind, row.market, row.asset) for row in rows] == [(BASE, 0, ETH), (QUOTE, 0, 0)]
    kinds = [codes.ACCOUNT_KINDS[row.account.kind] for row in rows]
    assert kinds == ["hedged_vault", "hedged_vault"]
    assert made.state.liquidity.passive() is None


@pytest.mark.parametrize(
    ("command", "name", "numbers"),
    [
        (create(PASSIVE, 0), "BAD_FIELD", (0, -1)),
        (create(BASE, 9), "UNKNOWN_MARKET", (9, 2)),
        (create(BASE, 1), "UNKNOWN_ASSET", (-1, 4)),
        (create(BASE, 0, pool_2=7), "UNKNOWN_POOL", (7, 2)),
        (create(BASE, 0, pool_1=1, pool_2=0), "SPOT_PATH", (ETH, BTC)),
        (create(BASE, 0, pool_2=-1), "SPOT_PATH", (BTC, 0)),
        (create(BASE, 0, virtual_shares=0), "PARAMS_INVALID", (1, 0)),
        (commands.SetVaultParams(0, params()), "UNKNOWN_VAULT", (0, 0)),
        (commands.SetVaultQuote(4, 0, HALF), "UNKNOWN_VAULT", (4, 0)),
        (commands.SetVaultWhitelist(0, 4, True), "UNKNOWN_VAULT", (0, 0)),
        (commands.SetVaultMode(0, 1), "UNKNOWN_VAULT", (0, 0)),
        (commands.CreateSpotPool(ETH, 9, 0, 0, 0), "UNKNOWN_ASSET", (9, 4)),
        (commands.CreateSpotPool(ETH, ETH, 0, 0, 0), "SPOT_PATH", (ETH, ETH)),
        (commands.CreateSpotPool(ODD, 0, 0, 0, 0), "BASE_ASSET", (18, 12)),
        (commands.CreateSpotPool(ETH, 0, 100_001, 0, 0), "BAD_FIELD", (100_001, 100_000)),
        (commands.CreateSpotPool(0, BTC, 500, 0, 0), "SPOT_POOL_EXISTS", (1, 0)),
    ],
)
def test_what_cannot_be_set_up(
    command: commands.Command, name: str, numbers: tuple[int, int]
) -> None:
    """SHARE-010, SHARE-011, SPOT-009: the codes with their numbers; nothing changes."""
    code, value, limit, _ = page().refuse(command, OPERATOR)
    assert (codes.REJECTS[code][0], (value, limit)) == (name, numbers)


def test_a_base_that_does_not_fit_the_market() -> None:
    """SHARE-010, SPOT-001: a step that is no whole number of units cannot be hedged."""
    made = Scenario(market(base_asset=1, step=1_000_000))
    made.do(commands.CreateAsset("C", 2), OPERATOR)
    command = commands.CreateVault(BASE, 0, "v", VaultParams())
    assert made.refuse(command, OPERATOR)[:3] == (codes.BASE_ASSET, 2, 9)


def test_the_base_of_a_market_stays() -> None:
    """ADMIN-005: it can be given later, and then no more be taken away."""
    made = page()
    made.do(commands.SetMarketParams(1, market(symbol="Y-USD", base_asset=BTC)), OPERATOR)
    again = commands.SetMarketParams(1, market(symbol="Y-USD", base_asset=ETH))
    assert made.refuse(again, OPERATOR)[:2] == (codes.PARAMS_INVALID, 99)


def test_parameters_of_a_vault_are_replaced() -> None:
    """SHARE-011 to SHARE-013: but for the virtual part; quotes within the band; the rest."""
    made = page()
    made.do(create(PASSIVE, -1, pool_1=-1, pool_2=-1), OPERATOR)
    made.do(create(BASE, 0), OPERATOR)
    vault, hedged = made.state.liquidity.vaults
    other = commands.SetVaultParams(0, VaultParams(virtual_assets=1))
    assert made.refuse(other, OPERATOR)[:2] == (codes.PARAMS_INVALID, 99)
    made.do(commands.SetVaultParams(0, VaultParams(cooldown_ms=5)), OPERATOR)
    assert vault.params.cooldown_ms == 5
    lost = commands.SetVaultParams(1, VaultParams(pool_1=0))
    assert made.refuse(lost, OPERATOR)[0] == codes.SPOT_PATH

    made.do(commands.SetVaultQuote(0, 1, HALF), OPERATOR)
    assert vault.quote(0) is not None
    assert vault.quote(0).weight == 0  # type: ignore[union-attr]
    assert vault.quote(1).row() == HALF.row()  # type: ignore[union-attr]
    assert vault.quote(2) is None
    wide = QuoteParams(4, 50_000, 10**9, 10**9, 0, 1_000_001)
    assert made.refuse(commands.SetVaultQuote(0, 1, wide), OPERATOR)[:2] == (
        codes.PARAMS_INVALID,
        98,
    )
    assert made.refuse(commands.SetVaultQuote(1, 1, HALF), OPERATOR)[:3] == (
        codes.VAULT_KIND,
        BASE,
        PASSIVE,
    )
    (moded,) = made.do(commands.SetVaultMode(1, codes.HALTED), OPERATOR)
    assert moded.row() == [64, 1, codes.HALTED, codes.ACTIVE, 0]
    assert hedged.mode == codes.HALTED
    assert made.refuse(commands.SetVaultWhitelist(0, 3, True), OPERATOR)[0] == codes.ACCOUNT_KIND
    alice = made.accounts["alice"]
    for allowed in (True, False):
        made.do(commands.SetVaultWhitelist(0, alice, allowed), OPERATOR)
        row = made.state.liquidity.find(0, alice)
        assert row is not None
        assert row.allowed is allowed


def test_directed_orders_name_a_vault_of_their_market() -> None:
    """SHARE-014: UNKNOWN_VAULT for any other account, VAULT_KIND for another market's vault."""
    made = page()
    made.do(create(BASE, 0), OPERATOR)
    holder = made.state.liquidity.vaults[0].account.ident
    alice = made.owner("alice")
    order = made.place("alice", BUY, 10**9, 100_000_000, maker=2)
    assert made.refuse(order, alice)[:3] == (codes.UNKNOWN_VAULT, 2, 1)
    order = made.place("alice", BUY, 10**9, 100_000_000, maker=holder, market=1)
    assert made.refuse(order, alice)[:2] == (codes.VAULT_KIND, BASE)


# The tables ---------------------------------------------------------------------------------------


def filled() -> State:
    """A state with shares, unlocks of three due times, firm quotes, and their escrow."""
    made = page()
    made.do(create(PASSIVE, -1, pool_1=-1, pool_2=-1), OPERATOR)
    made.do(create(QUOTE, 0), OPERATOR)
    made.do(commands.SetVaultQuote(0, 1, HALF), OPERATOR)
    fill(made.state)
    made.state.log.commit()
    return made.state


def fill(state: State) -> None:
    """What the handlers will do to the tables."""
    board = state.liquidity
    desk = state.accounts[4]
    board.use_escrow(state.add_account(0, codes.FIRM_ESCROW, -1, "firm"))
    for account, due in ((6, 50), (4, 50), (5, 40)):
        row = board.holding(0, account)
        row.add_shares(10 + account)
        board.vaults[0].issue(10 + account, 99)
        board.queue(row, Unlock(100 - account, 5, 5, due))
        board.queue(row, Unlock(200 + account, 7, 7, due - 30))
    board.take_unlock(board.holding(0, 5))
    board.holding(1, 5).set_allowed(True)
    board.holding(1, 4)
    board.vaults[1].set_shut(True)
    board.vaults[1].count_base(-6)
    for ident, side, price in ((7, BUY, 10), (8, BUY, 12), (9, SELL, 20), (6, SELL, 20)):
        board.post(FirmQuote(state.log, ident, desk, ETH, side, price, 3, 4, 1_000 + ident))
    board.post(FirmQuote(state.log, 5, desk, BTC, SELL, 1, 3, 4, 1_000))
    board.quotes[7].fill(1, 2)


def tables(state: State) -> list[Any]:
    """Everything of the board that is not in the dump."""
    board = state.liquidity
    return [
        list(board.due.keys),
        list(board.due.ids),
        sorted((ident, row.account) for ident, row in board.waiting.items()),
        [row.ident for row in board.offers],
        sorted(board.quotes),
        list(board.quote_ends.keys),
    ]


def test_dump_and_load_of_vaults_is_the_identity() -> None:
    """NODE-006: shares, queues, timers, pools and firm quotes; an empty holding leaves no trace."""
    before = filled()
    after = load(codec.decode_state(codec.encode_state(before.dump())))
    assert after.dump() == before.dump()
    assert tables(after) == tables(before)
    assert before.liquidity.find(1, 4) is not None
    assert after.liquidity.find(1, 4) is None
    escrow = after.liquidity.escrow
    assert isinstance(escrow, Account)
    assert escrow.label == "firm"


def test_everything_rolls_back() -> None:
    """SHARE-009, SPOT-008: rows, queues and timers are as before, whatever a scope did to them."""
    state = filled()
    board = state.liquidity
    before, beside = codec.state_hash(state.dump()), tables(state)
    state.log.begin()
    outer = state.log.open()
    fill_more(state)
    middle, seen = codec.state_hash(state.dump()), tables(state)
    inner = state.log.open()
    while (due := board.due_unlock(10**9)) is not None:
        board.take_unlock(due)
    for ident in sorted(board.quotes):
        board.end(board.quotes[ident])
    board.vaults[0].issue(-1, 5)
    assert tables(state) == [[], [], [], [], [], []]
    state.log.rollback(inner)
    assert (codec.state_hash(state.dump()), tables(state)) == (middle, seen)
    state.log.rollback(outer)
    assert (codec.state_hash(state.dump()), tables(state)) == (before, beside)
    assert len(board.vaults) == 2
    assert len(board.pools) == 2


def fill_more(state: State) -> None:
    """More of everything."""
    board = state.liquidity
    board.add_vault(QUOTE, 0, 0, state.accounts[4], state.accounts[5], "more", VaultParams())
    board.add_pool(state.accounts[4], ETH, 0, 1, 0, 0)
    board.holding(0, 7).add_shares(3)
    board.take_unlock(board.holding(0, 6))
    board.queue(board.holding(0, 7), Unlock(999, 1, 1, 1))
    board.end(board.quotes[8])
    board.quotes[7].fill(1, 1)
    board.vaults[0].set_quote(0, HALF)
    board.vaults[0].set_mode(2)
    board.vaults[1].count_base(9)
    board.vaults[0].set_params(VaultParams(cooldown_ms=9))
    board.use_escrow(state.accounts[5])


def test_unlocks_come_first_asked_first_paid() -> None:
    """SHARE-009: of an account in order of request, whatever is due; of accounts the earliest due,
    then the oldest."""
    state = filled()
    board = state.liquidity
    assert board.due_unlock(9) is None
    order = []
    while (row := board.due_unlock(50)) is not None:
        order.append((row.account, board.take_unlock(row).ident))
    # Account 5's first is gone already; the second one of each was due before the first.
    assert order == [(5, 205), (6, 94), (6, 206), (4, 96), (4, 204)]
    assert board.due_unlock(10**9) is None


def test_firm_quotes_stand_best_first() -> None:
    """SPOT-008: highest bid, lowest ask, then the oldest; each asset for itself."""
    board = filled().liquidity
    assert [one.ident for one in board.best_offers(ETH, BUY)] == [8, 7]
    assert [one.ident for one in board.best_offers(ETH, SELL)] == [6, 9]
    assert [one.ident for one in board.best_offers(BTC, SELL)] == [5]
    assert board.best_offers(BTC, BUY) == []
    assert (board.quotes[7].left, board.quotes[7].held) == (2, 2)


def test_look_ups_refuse_what_is_not_there() -> None:
    """SHARE-010, SPOT-009: a negative id does not count from the end."""
    board = genesis().liquidity
    for ident in (-1, 0):
        with pytest.raises(codes.Reject) as caught:
            board.vault(ident)
        assert (caught.value.code, caught.value.value) == (codes.UNKNOWN_VAULT, ident)
        with pytest.raises(codes.Reject) as caught:
            board.pool(ident)
        assert (caught.value.code, caught.value.value) == (codes.UNKNOWN_POOL, ident)
