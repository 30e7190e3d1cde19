"""The gateway tour: what its events say, whatever the scenario itself expects of them."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from plimsoll.cli.main import cli
from plimsoll.messages import codec, codes, signed_form
from plimsoll.messages.commands import MatchSigned, SettleSigned
from plimsoll.messages.events import (
    AccountCreated,
    DelayedExecuted,
    DelayedPlaced,
    DelayedRefused,
    Filled,
    OracleAccepted,
    OracleRefused,
    OrderRemoved,
    Rejected,
    SignedSettled,
    SignerSet,
    SpotSwapped,
    Transferred,
    VaultDeposited,
    VaultHedged,
    VaultWhitelistSet,
    VaultWithdrawn,
)
from plimsoll.messages.gateway import SignedOrder
from plimsoll.runtime import recovery
from plimsoll.runtime.inline import InlineExchange
from plimsoll.runtime.journal import JournalReader
from plimsoll.sim.scenarios import find, gateway_orders
from plimsoll.sim.scenarios.gateway_orders import PARTS
from plimsoll.sim.scenarios.gateway_signing import settles
from plimsoll.sim.scenarios.language import Chapter, Step, at_door, does, may_not
from plimsoll.sim.scenarios.stage import Performance
from tests.sim.gateway_log import BTC, COIN, ETH, USD, VAULT, moved, play, records, signed_orders
from tests.sim.tour_log import chapter, of, refusals
from tests.sim.vault_log import Replayed, holder

ROOT = Path(__file__).resolve().parents[2]
COMMAND = "from plimsoll.cli import main; main()"
PPM = 10**6


@pytest.fixture(scope="module")
def played() -> Performance:
    """The tour, played to its end."""
    return play()


def test_every_expectation_of_every_chapter_is_met(played: Performance) -> None:
    """Sixteen chapters, none with a failure, none without events but the last."""
    assert [result.failures for result in played.results] == [[] for _ in range(16)]
    assert all(result.events for result in played.results[:-1])
    assert played.met


# Signed orders ------------------------------------------------------------------------------------


def test_changed_orders_never_become_records(played: Performance) -> None:
    """Five are turned away: no record has a number for them, no event is theirs."""
    result = chapter(played, 1)
    away = [line for line in result.lines if line.startswith("turned away: ")]
    said = ["hash" if "the hash" in line else "signature" for line in away]
    assert said == ["hash", "signature", "signature", "hash", "hash"]
    kinds = Counter(type(event) for _, _, event in result.events)
    assert kinds == {SignerSet: 2, Rejected: 4}
    assert refusals(result) == {"UNKNOWN_SIGNER", "BAD_FIELD", "NOT_ALLOWED"}
    first = chapter(played, 2).events[0][0]
    assert [seq for seq, _, _ in result.events] == list(range(first - 6, first))


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (at_door("x", "rhea", lambda s: settles(s, PARTS, COIN)), "the door let it in"),
        (does("x", "rhea", gateway_orders.forged, may_refuse=False), "refused: the signature"),
        (may_not("x", "rhea", gateway_orders.forged, "UNKNOWN_SIGNER"), "0 seen, one expected"),
    ],
)
def test_what_the_door_does_is_judged(step: Step, said: str) -> None:
    """A step fails if the door lets in what it should not, or turns away what it should let in."""
    whole = find("gateway-tour")
    chapters = (Chapter("one", "", (step,)),)
    performance = Performance(replace(whole, chapters=chapters), InlineExchange())
    assert not performance.run()
    assert said in performance.results[0].failures[0]


def test_parts_of_every_hash_are_exact_and_its_money_moves_once(played: Performance) -> None:
    """Each hash rebuilt from fills and transfers: sizes, limits, one fee, one margin, no part after
    its end; what is over is forgotten after its expiry, and not before."""
    known = signed_orders(played)
    assert len(known) == 11
    for row in known.values():
        assert all(fee == 0 for fee in row.fees[1:])
        assert all(margin == 0 for margin in row.margins[1:])
    assert sorted(len(row.parts) for row in known.values()) == [1] * 5 + [2] * 5 + [3]
    assert (
        sorted(row.ends for row in known.values())
        == [["cancelled", "lapsed"]] * 2 + [["lapsed"]] * 9
    )
    rhea = played.scene.account("rhea")
    earned = [one for _, _, one in played.scene.log if isinstance(one, Transferred)
              and one.reason == codes.R_RELAY_FEE]  # fmt: skip
    assert {one.credit for one in earned} == {rhea}
    assert sum(one.amount for one in earned) == sum(sum(row.fees) for row in known.values())
    assert played.scene.cash("rhea") == sum(one.amount for one in earned) == 7 * USD


def test_an_order_is_filled_by_book_vamm_and_vault(played: Performance) -> None:
    """1 BTC in three parts from book and vAMM, 5 ETH in two by the vault with its spot leg."""
    result = chapter(played, 2)
    parts = of(result, SignedSettled, client_order_id="parts")
    assert [(one.size, one.filled) for one in parts] == [
        (3 * COIN // 10, 3 * COIN // 10), (4 * COIN // 10, 7 * COIN // 10), (3 * COIN // 10, COIN),
    ]  # fmt: skip
    sources = {
        one.order: [fill.source for fill in of(result, Filled, taker_order=one.order)]
        for one in parts
    }
    assert list(sources.values()) == [
        [codes.FROM_BOOK], [codes.FROM_VAMM], [codes.FROM_BOOK, codes.FROM_VAMM],
    ]  # fmt: skip
    assert refusals(result) == {"SIGNED_MIN_FILL", "SIGNED_OVERFILL", "SIGNED_DONE", "SIGNED_FOK"}
    result = chapter(played, 3)
    for _, found in records(played):
        if any(isinstance(one, SignedSettled) and one.client_order_id == "vault" for one in found):
            (fill,) = [one for one in found if isinstance(one, Filled)]
            (leg,) = [one for one in found if isinstance(one, SpotSwapped)]
            assert (fill.source, fill.maker) == (codes.FROM_HEDGED, holder(played, VAULT))
            assert (leg.amount_in, leg.amount_out) == (fill.size, fill.quote)
    assert [one.base_amount for one in of(result, VaultHedged)] == [2 * COIN, 3 * COIN]


def test_replays_meet_what_ended_the_order(played: Performance) -> None:
    """Done, cancelled, lapsed, revoked: refused each, and nothing else in the record."""
    wanted = {"SIGNED_DONE", "SIGNED_CANCELLED", "ALREADY_EXPIRED", "UNKNOWN_SIGNER"}
    met = set()
    for _, found in records(played):
        codes_of = {codes.REJECTS[one.code][0] for one in found if isinstance(one, Rejected)}
        if codes_of & wanted:
            assert len(found) == 1
            met |= codes_of & wanted
    assert met == wanted
    names = [codes.REJECTS[one.code][0] for one in of(chapter(played, 4), Rejected)]
    assert names == [
        "NOT_OWNER", "SIGNED_CANCELLED", "SIGNED_CANCELLED", "SIGNED_VALIDITY",
        "RELAY_FEE_TOO_LARGE", "ALREADY_EXPIRED", "UNKNOWN_SIGNER",
    ]  # fmt: skip


def test_two_signed_orders_meet_at_the_makers_price(played: Performance) -> None:
    """One fill for two parts; nobody else's order or liquidity is touched; taker's fee, rebate."""
    result = chapter(played, 5)
    fills = of(result, Filled)
    nora, otis = (played.scene.account(name) for name in ("nora", "otis"))
    assert len(fills) == 2
    for fill in fills:
        assert (fill.source, fill.price) == (codes.FROM_SIGNED, 60_100 * USD)
        assert (fill.taker, fill.maker) == (nora, otis)
        assert fill.quote == fill.price * fill.size // COIN
        assert (fill.taker_fee, fill.maker_rebate) == (
            fill.quote * 500 // PPM, fill.quote * 100 // PPM,
        )  # fmt: skip
    parts = of(result, SignedSettled)
    assert [(one.account, one.filled) for one in parts] == [
        (nora, COIN // 2), (otis, COIN // 2), (nora, COIN), (otis, COIN),
    ]  # fmt: skip
    assert refusals(result) == {
        "SIGNED_SIDES", "SIGNED_MARKETS", "SIGNED_SELF", "SIGNED_PRICE", "PRICE_BAND",
        "SIGNED_DONE",
    }  # fmt: skip


def test_isolated_margin_goes_back_so_that_the_ratio_stays(played: Performance) -> None:
    """Equity and entry cost rebuilt: equity / cost is kept, then all that is left goes back."""
    (opened,) = of(chapter(played, 6), AccountCreated)
    account, nora = opened.account, played.scene.account("nora")
    replayed = Replayed(played)
    cost, before = 0, []
    for _, found in records(played):
        for one in found:
            if isinstance(one, SignedSettled) and one.account == account and one.released > 0:
                held = replayed.base[account, ETH]
                equity = replayed.books[account, 0] + held * replayed.price[ETH] // COIN
                before.append((equity, cost, held, one))
        replayed.take(found)
        for one in found:
            if isinstance(one, Filled) and one.taker == account:
                held = replayed.base[account, ETH]
                if one.side == codes.BUY:
                    cost += one.quote
                else:
                    cost -= cost * one.size // (held + one.size)
        if before and before[-1][3] in found:
            kept, was, _, one = before[-1]
            held = replayed.base[account, ETH]
            equity = replayed.books[account, 0] + held * replayed.price[ETH] // COIN
            if held:
                assert equity == kept * cost // was
                assert equity + one.released - kept * cost // was == one.released > 5_000 * USD
    assert len(before) == 2
    margins = of(chapter(played, 6), Transferred, reason=codes.R_SIGNED_MARGIN)
    back = of(chapter(played, 6), Transferred, reason=codes.R_SIGNED_RELEASE)
    assert [(one.debit, one.credit, one.amount) for one in margins] == [
        (nora, account, 12_000 * USD)
    ]
    assert [(one.debit, one.credit) for one in back] == [(account, nora)] * 2
    fees = sum(fill.taker_fee for fill in of(chapter(played, 6), Filled, taker=account))
    sold = of(chapter(played, 6), Filled, taker=account, side=codes.SELL)
    gain = sum((fill.price - 3_000 * USD) * fill.size // COIN for fill in sold)
    assert sum(one.amount for one in back) == 12_000 * USD + gain - fees


# Delayed orders -----------------------------------------------------------------------------------


def test_a_delayed_order_executes_at_the_first_price_published_late_enough(
    played: Performance,
) -> None:
    """Whatever arrived before was published too early; what came first of the others decided."""
    waiting: dict[int, DelayedPlaced] = {}
    last: dict[int, OracleAccepted] = {}
    ends: list[tuple[str, int]] = []
    early = 0
    for now, found in records(played):
        for one in found:
            if isinstance(one, OracleAccepted):
                last[one.market] = one
            elif isinstance(one, DelayedPlaced):
                waiting[one.order] = one
                assert one.earliest_ms == max(now, last[one.market].published_ms) + 5_000
            elif isinstance(one, DelayedExecuted):
                placed = waiting.pop(one.order)
                price = last[one.market]
                assert (one.oracle, one.published_ms) == (price.price, price.published_ms)
                assert one.published_ms == placed.earliest_ms
                fills = [fill for fill in found if isinstance(fill, Filled)]
                assert [fill.taker_order for fill in fills] == [one.order]
                ends.append(("executed", one.order))
            elif isinstance(one, DelayedRefused):
                assert last[one.market].published_ms >= waiting.pop(one.order).earliest_ms
                assert not any(isinstance(fill, (Filled, Transferred)) for fill in found)
                ends.append((codes.REJECTS[one.code][0], one.order))
            elif isinstance(one, OrderRemoved) and one.order in waiting:
                assert last[one.market].published_ms < waiting.pop(one.order).earliest_ms
                ends.append((codes.DONE_REASONS[one.reason], one.order))
        early += sum(
            1 for one in found if isinstance(one, OracleAccepted) and one.market == BTC
            and any(one.published_ms < row.earliest_ms < now for row in waiting.values())
        )  # fmt: skip
    assert [what for what, _ in ends] == [
        "executed", "executed", "FOK_NOT_FILLABLE", "cancelled", "expired",
    ]  # fmt: skip
    assert not waiting
    assert early == 2  # arrived after the earliest moment, published before it


def test_the_price_of_a_delayed_order_is_that_of_the_later_oracle(played: Performance) -> None:
    """The passive vault asks 5 bp over 60,120, not over 60,000, 59,880 or 59,940."""
    result = chapter(played, 7)
    fill, hedged = of(result, Filled)
    assert fill.price == -(-60_120 * USD * 10_005 // 10_000 // 100_000) * 100_000
    assert (fill.source, hedged.source) == (codes.FROM_BOOK, codes.FROM_HEDGED)
    seen = [one.price // USD for one in of(result, OracleAccepted, market=BTC)]
    assert seen[:4] == [60_000, 59_880, 59_940, 60_120]
    early = of(result, Rejected, code=codes.DELAYED_EARLY)
    (first, *_) = of(result, DelayedPlaced)
    assert all(one.value < one.limit == first.earliest_ms for one in early)
    assert len(early) == 2
    assert not of(result, OracleRefused)
    paid = of(result, Transferred, reason=codes.R_KEEPER_FLAT)
    assert {one.credit for one in paid} == {played.scene.account("kim")}


# Whitelist ----------------------------------------------------------------------------------------


def test_the_whitelist_binds_deposits_while_it_is_on(played: Performance) -> None:
    """Who is on the list joins, who is not is refused, and leaves if he is in; off, all join."""
    result = chapter(played, 8)
    names = {played.scene.account(name): name for name in ("lena", "lars", "sven")}
    story: list[tuple[str, str]] = []
    for _, _, one in result.events:
        if isinstance(one, VaultWhitelistSet):
            story.append((names[one.account], "listed" if one.allowed else "unlisted"))
        elif isinstance(one, (VaultDeposited, VaultWithdrawn)):
            what = "joins" if isinstance(one, VaultDeposited) else "leaves"
            story.append((names[one.account], what))
        elif isinstance(one, Rejected):
            assert one.code == codes.NOT_WHITELISTED
            story.append((names[one.value], "refused"))
    assert story == [
        ("sven", "refused"), ("lars", "listed"), ("lars", "joins"), ("lena", "refused"),
        ("lena", "leaves"), ("lars", "unlisted"), ("lars", "refused"), ("lars", "leaves"),
        ("sven", "joins"),
    ]  # fmt: skip


# All of it ----------------------------------------------------------------------------------------


def test_balances_are_the_sums_of_their_ledger_lines(played: Performance) -> None:
    """Postings of all events rebuild every balance in every asset, and sum to zero."""
    replayed = Replayed(played)
    replayed.take([event for _, _, event in played.scene.log])
    for account in played.exchange.state.accounts:
        for row in account.balances:
            assert replayed.books[account.ident, row.asset] == row.amount
        for held in account.positions:
            assert replayed.base[account.ident, held.market] == held.base
    for asset in (0, 1):
        assert sum(amount for (_, at), amount in replayed.books.items() if at == asset) == 0
    assert moved([event for _, _, event in played.scene.log], codes.R_BAD_DEBT) == 0
    played.exchange.check()


def signatures_in(data: Path, exchange: str) -> list[SignedOrder]:
    """The signed orders of the commands in a journal, each signed by the key that it names."""
    found: list[SignedOrder] = []
    with JournalReader.open(data / recovery.JOURNAL_NAME) as journal:
        for record in journal.read():
            command = codec.decode_command(record.body)
            orders: tuple[SignedOrder, ...] = ()
            if isinstance(command, SettleSigned):
                orders = (command.order,)
            elif isinstance(command, MatchSigned):
                orders = (command.taker, command.maker)
            for order in orders:
                text = signed_form.text_of(order, exchange).encode()
                assert order.order_hash == hashlib.sha256(text).hexdigest()
                key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(order.signer[8:]))
                key.verify(bytes.fromhex(order.signature), text)
            found += orders
    return found


def test_hash_repeats_in_another_process_and_the_journal_verifies(
    played: Performance, tmp_path: Path
) -> None:
    """The last line is the state's hash, whatever the hash seed; a kept journal replays to it."""
    wanted = f"state_hash={played.exchange.state_hash()}"
    arguments = ["up", "--scenario", "gateway-tour", "--no-terminal"]
    result = CliRunner().invoke(cli, [*arguments, "--data-dir", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == wanted
    report = recovery.verify(tmp_path)
    assert report.ok
    signed = signatures_in(tmp_path, played.exchange.exchange_id)
    assert len(signed) == report.signatures > 30
    # Eleven were settled; others were refused, for another reason than their signature.
    assert {one.order_hash for _, _, one in played.scene.log if isinstance(one, SignedSettled)} < {
        order.order_hash for order in signed
    }
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == wanted
