"""A fault at any step of a hedged fill leaves no trace: of the trade, or of the vault alone.

A step is a call of a function of the core; the fault strikes in front of the n-th one, and of the
end, for n = 1, 2, 3 … until the operation goes through.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from types import CodeType, FrameType
from typing import Any, Final, NamedTuple

import pytest

from plimsoll import _build
from plimsoll.core import hedged, invariants, tracking, vault_money
from plimsoll.core.engine import Engine
from plimsoll.core.handlers import hedging
from plimsoll.core.load import load
from plimsoll.messages import codec, codes, commands, events
from plimsoll.messages.codes import BUY, FOK, IOC, MARKET, SELL, Reject
from plimsoll.messages.vault_params import VaultParams
from plimsoll.units import RangeError
from tests.harness.scenario import KEEPER, OPERATOR, scaled
from tests.harness.vault_page import BASE, ETH, QUOTE, VaultPage

pytestmark = pytest.mark.skipif(
    _build.COMPILED, reason="compiled functions cannot be interrupted: the interpreted build runs"
)

HOUR: Final = 3_600
MARK: Final = 424_242
"""The number by which a refusal is known to be the fault's."""
CODE: Final = codes.TOO_MANY
PRICING: Final = {"plan", "base_for_quote"}
"""Where a fault of one venue lets the other one be asked."""
RENAMING: Final = {*PRICING, "pool_amounts"}
"""Where a failure may be reported as one of the venue's."""

KINDS: Final = [BASE, QUOTE]
SIDES: Final = [BUY, SELL]
VENUES: Final = ["pools", "firm"]
STEPS: Final = ("core/", "units")
STRUCTURES: Final = (
    "core/rows/", "core/state.py", "core/store.py", "core/board.py", "core/vault_board.py",
    "core/gateway_board.py", "core/guard_board.py", "core/ladder.py",
)  # fmt: skip
"""What these change and how it is taken back they note in one step."""
SEARCH: Final = "halve"


# A fault ------------------------------------------------------------------------------------------


class Fault:
    """Runs a function and fails in front of the ``at``-th call of the core that it makes.

    ``of``: the vault whose calls are counted (None: all). ``where``: who had called whom when it
    struck, the innermost last; empty if it did not. ``steps``: everything that was called.
    """

    def __init__(self, original: Callable[..., Any], at: int, failure: Exception) -> None:
        self.original = original
        self.at = at
        self.failure = failure
        self.of: int | None = None
        self.where: list[str] = []
        self.steps: list[str] = []
        self.searching = False

    def __call__(self, *given: Any) -> Any:
        if self.of is not None and given[3].ident != self.of:
            return self.original(*given)
        before = sys.gettrace()
        sys.settrace(self.trace)
        try:
            result = self.original(*given)
        finally:
            sys.settrace(before)
        self.step("the end", None)
        return result

    def trace(self, frame: FrameType, event: str, _: Any) -> Any:
        """Count calls of the core and of its arithmetic, but for those within a structure, and
        for the many looks at the same quotes while an amount is searched for."""
        if event == "return":
            self.searching = False
        elif event == "call" and not self.searching and is_step(frame):
            self.step(frame.f_code.co_name, frame)
            if frame.f_code.co_name == SEARCH:
                self.searching = True
                frame.f_trace_lines = False
                return self.trace
        return None

    def step(self, name: str, frame: FrameType | None) -> None:
        """One more step; fail if it is the one."""
        self.steps.append(name)
        if len(self.steps) == self.at:
            self.where = [name] if frame is None else []
            while frame is not None and frame.f_locals.get("self") is not self:
                self.where.insert(0, frame.f_code.co_name)
                frame = frame.f_back
            raise self.failure


@functools.cache
def is_within(code: CodeType, parts: tuple[str, ...]) -> bool:
    """Whether a function is written in one of these parts of the package."""
    path = code.co_filename.replace("\\", "/")
    return any(f"/plimsoll/{part}" in path for part in parts)


def is_step(frame: FrameType) -> bool:
    """Whether a call is one of the core, and not made by one of its structures."""
    caller = frame.f_back
    return is_within(frame.f_code, STEPS) and not (
        caller is not None and is_within(caller.f_code, STRUCTURES)
    )


def failures() -> list[Exception]:
    """What a step may fail with."""
    return [Reject(CODE, MARK, MARK), RangeError("a fault")]


def as_code(failure: Exception) -> int:
    """What a failure is reported as."""
    return CODE if isinstance(failure, Reject) else codes.AMOUNT_RANGE


# The exchange -------------------------------------------------------------------------------------


class Scene(NamedTuple):
    """An exchange as it stands, and the vault that is to fill."""

    page: VaultPage
    dump: list[Any]
    ident: int

    def engine(self) -> Engine:
        """The exchange once more."""
        return Engine(load(self.dump))


def rich(ident: int, venue: str, *, both: bool = False) -> Scene:
    """A vault with a position and funding due, fees and rebates, a vAMM behind it, and a path of
    two pools or a desk with two quotes a side that are better."""
    page = VaultPage(
        traders="lp alice bob desk", vamm_enabled=1, vamm_peg=100 * 10**6,
        vamm_base_spread=10_000, taker_fee=500, maker_rebate=100, split_insurance=300_000,
        split_adjustments=200_000, split_funding=100_000, split_keepers=100_000,
        split_treasury=200_000, split_vault=100_000, price_band=200_000, market_slippage=50_000,
        funding_period_s=HOUR, funding_clamp=10, funding_paying_max=10**6,
        funding_receiving_max=10**6, oracle_max_age_ms=86_400_000,
    )  # fmt: skip
    page.now = 1_000 * HOUR * 1_000
    page.oracle("100")
    page.do(commands.UpdateFunding(0, -1), KEEPER)
    second_way(page)
    page.join("lp", BASE, "20")
    page.join("lp", QUOTE, "2000")
    for vault in (BASE, QUOTE):
        named = {"pool_1": 1, "pool_2": 2, "firm_quotes": int(venue == "firm"),
                 "undirected": int(both or vault == ident), "hedge_slippage": 50_000,
                 "virtual_assets": 10**4 if vault == BASE else 10**6}  # fmt: skip
        page.do(commands.SetVaultParams(vault, VaultParams(**named)), OPERATOR)
        page.deal("alice", vault, SELL if vault == BASE else BUY, "3")
    a_period_passes(page)
    if venue == "firm":
        for side, prices in ((BUY, ("99.99", "99.98")), (SELL, ("100.01", "100.02"))):
            for price in prices:
                quote = commands.PostFirmQuote(page.accounts["desk"], ETH, side, scaled(price, 6),
                                               10**9, page.now + HOUR * 1_000)  # fmt: skip
                page.do(quote, page.owner("desk"))
    return Scene(page, page.state.dump(), ident)


def second_way(page: VaultPage) -> None:
    """Pools of ETH and BTC, and of BTC and USD: a BTC is 1,000 USD here."""
    page.do(commands.CreateAsset("BTC", 8), OPERATOR)
    treasury = codes.TREASURY_ACCOUNT
    for asset, amount in ((ETH, 10**12), (2, 10**11), (2, 10**11), (0, 10**12)):
        page.external += 1
        page.do(commands.Deposit(treasury, asset, amount, f"way{page.external}"), OPERATOR)
    page.do(commands.CreateSpotPool(ETH, 2, 100, 0, 0), OPERATOR)
    page.do(commands.CreateSpotPool(2, 0, 100, 0, 0), OPERATOR)
    page.do(commands.AddSpotLiquidity(treasury, 1, 10**12, 10**10), OPERATOR)
    page.do(commands.AddSpotLiquidity(treasury, 2, 10**10, 10**11), OPERATOR)


def a_period_passes(page: VaultPage) -> None:
    """Longs owe shorts, and nobody has settled yet."""
    page.deposit("treasury", "1000")
    page.do(commands.FundPool(0, codes.POOL_FUNDING, 10**9), OPERATOR)
    page.now += HOUR * 1_000
    page.oracle("100")
    track = page.state.tracks[0]
    average = tracking.MarkTrack(*[102 * 10**6] * 3, track.mark.health, 0, track.mark.updated)
    track.follow_mark(average)
    track.follow_oracle(
        tracking.OracleTrack(10**8, 10**8, track.oracle.health, 0, 0, track.oracle.updated),
        track.samples,
    )
    page.state.log.commit()
    page.do(commands.UpdateFunding(0, -1), KEEPER)


def hash_of(engine: Engine) -> str:
    """Hash of an exchange."""
    return codec.state_hash(engine.state.dump())


def run(scene: Scene, engine: Engine, command: commands.Command, name: str) -> list[events.Event]:
    """Apply a command; its events. Nothing may contradict itself after it."""
    engine.apply(command, scene.page.seq + 1, scene.page.now, scene.page.owner(name))
    found = engine.drain()
    invariants.check_full(engine.state)
    for vault in engine.state.liquidity.vaults[1:]:
        state = engine.state
        held = vault_money.spot_base(state, vault) + vault_money.position_base(vault)
        assert (held, vault.unhedged) == (vault.net_base, 0)
    return found


# Trades with a vault ------------------------------------------------------------------------------


def trade(scene: Scene, side: int, exact_quote: bool) -> commands.Command:
    """A trade of alice's that needs both quotes of the desk, and takes funding with it."""
    amount = "150" if exact_quote else "1.5"
    return scene.page.trade_command("alice", scene.ident, side, amount, quote=exact_quote)


def every_fault(
    monkeypatch: pytest.MonkeyPatch,
    owner: Any,
    attribute: str,
    passes: tuple[int, ...] = (0, 1),
    of: int | None = None,
) -> Iterator[Fault]:
    """A fault at the first step, then the second, and so on until the end is reached; each is in
    place while its caller looks at it. Refusals and amounts out of range take turns, and the
    second pass has them the other way round.
    """
    original = getattr(owner, attribute)
    for start in passes:
        at = 0
        while True:
            at += 1
            fault = Fault(original, at, failures()[(at + start) % 2])
            fault.of = of
            monkeypatch.setattr(owner, attribute, fault)
            yield fault
            if not fault.where:
                break
        assert at > 200, "the operation has hardly any steps"
    monkeypatch.setattr(owner, attribute, original)


@pytest.mark.parametrize("exact_quote", [False, True], ids=["base", "quote"])
@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("side", SIDES, ids=codes.SIDES)
@pytest.mark.parametrize("ident", KINDS, ids=["base_vault", "quote_vault"])
def test_a_fault_in_a_trade_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, ident: int, side: int, venue: str, exact_quote: bool
) -> None:
    """HEDGE-006, HEDGE-017: refused as a whole wherever it fails. Only where a venue is asked for
    its price may a fault of it lead to the other one, and then to a sound trade there."""
    scene = rich(ident, venue)
    command = trade(scene, side, exact_quote)
    engine = scene.engine()
    before = hash_of(engine)
    passes = (0,) if exact_quote else (0, 1)
    for fault in every_fault(monkeypatch, hedging, "trade", passes):
        found = run(scene, engine, command, "alice")
        if isinstance(found[-1], events.Rejected):
            assert hash_of(engine) == before, fault.where
            assert len(found) == 1
            if not RENAMING & set(fault.where):
                assert found[0].row()[1] == as_code(fault.failure), fault.where
        elif fault.where:
            assert venue == "firm"
            assert PRICING & set(fault.where), fault.where
            engine = scene.engine()
        else:
            expected = scene.engine()
            monkeypatch.setattr(hedging, "trade", fault.original)
            run(scene, expected, command, "alice")
            assert hash_of(engine) == hash_of(expected)
            assert_complete(fault.steps, venue)
            engine = scene.engine()


def assert_complete(steps: list[str], venue: str) -> None:
    """Every step of a hedged fill was among those that were made to fail."""
    wanted = {"check_open", "capacity", "plan", "check_slippage", "margin_ratio", "execute",
              "count_unhedged", "transfer", "shift", "exchange", "move", "change", "settle_funding",
              "count_leg", "collect", "average_price", "take_fill", "report", "emit",
              "check_outcome"}  # fmt: skip
    wanted |= {"swap", "pool_legs"} if venue == "pools" else {"takes", "total", "pay", "end"}
    assert wanted <= set(steps), wanted - set(steps)


@pytest.mark.parametrize("ident", KINDS, ids=["base_vault", "quote_vault"])
def test_the_margin_check_is_a_step(monkeypatch: pytest.MonkeyPatch, ident: int) -> None:
    """HEDGE-007: a fill that opens asks for the vault's margin, and a fault there undoes it all."""
    scene = rich(ident, "pools")
    engine = scene.engine()
    before = hash_of(engine)
    struck = 0
    for fault in every_fault(monkeypatch, hedging, "trade", (0,)):
        command = trade(scene, SELL if ident == BASE else BUY, False)
        run(scene, engine, command, "alice")
        if "check_margin" in fault.where:
            struck += 1
            assert hash_of(engine) == before
        elif not fault.where:
            engine = scene.engine()
    assert struck > 2


# Orders that are routed ---------------------------------------------------------------------------


def order(scene: Scene, side: int, directed: bool, tif: int = IOC) -> commands.Command:
    """A market order of alice's that the vault would fill, and the vAMM can."""
    maker = scene.page.vault(scene.ident).account.ident if directed else -1
    return scene.page.place("alice", side, 1_500_000_000, 0, kind=MARKET, tif=tif, maker=maker)


def without(scene: Scene, command: commands.Command, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The exchange after a command, if the vault had not been asked."""
    original = hedged.ask

    def ask(*given: Any) -> None:
        if given[3].ident != scene.ident:
            original(*given)

    engine = scene.engine()
    with monkeypatch.context() as patched:
        patched.setattr(hedged, "ask", ask)
        found = run(scene, engine, command, "alice")
    sources = {codes.SOURCES[event.source] for event in found if isinstance(event, events.Filled)}
    assert sources, "nothing filled it"
    return engine


def routed(
    monkeypatch: pytest.MonkeyPatch, scene: Scene, command: commands.Command, directed: bool
) -> None:
    """Every fault leaves what there would be without the vault, and is told who asked for it."""
    alone = hash_of(without(scene, command, monkeypatch))
    refused = 0
    for fault in every_fault(monkeypatch, hedged, "fill_most", (int(directed),), scene.ident):
        engine = scene.engine()
        found = run(scene, engine, command, "alice")
        assert not isinstance(found[-1], events.Rejected)
        told = [event for event in found if isinstance(event, events.VaultRefused)]
        hedges = [event for event in found if isinstance(event, events.VaultHedged)]
        if not fault.where or (PRICING & set(fault.where) and hedge_of(hedges, scene.ident)):
            assert hash_of(engine) != alone
            assert not told
            continue
        refused += 1
        assert hash_of(engine) == alone, fault.where
        assert len(told) == (1 if directed else 0)
        if directed and not RENAMING & set(fault.where):
            assert told[0].code == as_code(fault.failure)
    assert refused > 150


def hedge_of(found: list[events.VaultHedged], ident: int) -> bool:
    """Whether a vault is among those that filled."""
    return any(event.vault == ident for event in found)


@pytest.mark.parametrize("directed", [True, False], ids=["directed", "undirected"])
@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("side", SIDES, ids=codes.SIDES)
@pytest.mark.parametrize("ident", KINDS, ids=["base_vault", "quote_vault"])
def test_an_order_goes_on_without_the_vault(
    monkeypatch: pytest.MonkeyPatch, ident: int, side: int, venue: str, directed: bool
) -> None:
    """HEDGE-015: what a vault began is taken back, and the vAMM fills as if it had not been."""
    scene = rich(ident, venue)
    routed(monkeypatch, scene, order(scene, side, directed), directed)


@pytest.mark.parametrize("side", SIDES, ids=codes.SIDES)
def test_an_order_goes_on_with_the_next_vault(monkeypatch: pytest.MonkeyPatch, side: int) -> None:
    """HEDGE-014, HEDGE-015: the next source may be another vault."""
    scene = rich(BASE, "pools", both=True)
    command = order(scene, side, False, FOK)
    found = run(scene, without(scene, command, monkeypatch), command, "alice")
    assert isinstance(found[0], events.OrderAccepted)
    routed(monkeypatch, scene, command, False)
