"""Settings: every source, which one wins, what is refused and how it is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.config import (
    DEFAULT,
    MASK,
    Config,
    Loaded,
    effective,
    fixed_fields,
    load,
    market_fields,
    read_ratio,
    show_ratio,
    variable_of,
)
from plimsoll.config.fields import SECTIONS
from plimsoll.errors import ConfigError
from plimsoll.messages.params import GlobalParams, MarketParams
from plimsoll.runtime import presets
from plimsoll.runtime.node_types import NodeSettings
from plimsoll.sim.population import TRADERS

MAX = 10**9


def read(folder: Path, toml: str = "", **given: Any) -> Loaded:
    """Settings from a folder with this TOML file; no environment unless given."""
    if toml:
        (folder / "plimsoll.toml").write_text(toml, "utf-8")
    given.setdefault("environ", {})
    given["sets"] = ("data.dir=" + str(folder / "data"), *given.get("sets", ()))
    return load(folder=folder, **given)


def refusal(folder: Path, toml: str = "", **given: Any) -> str:
    """What the refusal of these settings says."""
    with pytest.raises(ConfigError) as caught:
        read(folder, toml, **given)
    return caught.value.message


def test_defaults_are_those_of_the_parts(tmp_path: Path) -> None:
    """With no source at all, every part runs with its own defaults."""
    loaded = read(tmp_path)
    config = loaded.config
    assert config.node == NodeSettings()
    assert (config.api.host, config.api.port) == ("127.0.0.1", 8766)
    assert GlobalParams(**config.exchange).row() == GlobalParams().row()
    assert config.start_prices() == presets.DEFAULT_PRICES
    assert config.demo.traders == TRADERS
    assert config.markets == {}
    assert loaded.file is None
    origins = {one.origin for one in effective(loaded) if one.name != "data.dir"}
    assert origins == {DEFAULT}


def test_each_source_beats_the_one_before(tmp_path: Path) -> None:
    """Defaults < TOML < .env < environment < --set < named flags, and each origin is kept."""
    sources: list[tuple[dict[str, Any], int, str]] = [
        ({}, 8766, DEFAULT),
        ({"toml": "[api]\nport = 1\n"}, 1, str(tmp_path / "plimsoll.toml")),
        ({"env": "PLIMSOLL_API__PORT=2\nOTHER=x\n"}, 2, ".env PLIMSOLL_API__PORT"),
        ({"environ": {"PLIMSOLL_API__PORT": "3"}}, 3, "environment PLIMSOLL_API__PORT"),
        ({"sets": ("api.port=4",)}, 4, "--set api.port"),
        ({"flags": {"api.port": 5, "api.host": None}}, 5, "command line"),
    ]
    so_far: dict[str, Any] = {}
    for more, port, origin in sources:
        if "env" in more:
            (tmp_path / ".env").write_text(more.pop("env"), "utf-8")
        so_far |= more
        loaded = read(tmp_path, **so_far)
        assert (loaded.config.api.port, loaded.origin("api.port")) == (port, origin)
        assert loaded.origin("api.host") == DEFAULT


def test_dotenv_leaves_the_environment_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading .env neither sets variables of the process nor expands what is in it."""
    monkeypatch.setenv("HOME", "elsewhere")
    (tmp_path / ".env").write_text("PLIMSOLL_CLIENT__SECRET='a${HOME}b'\n", "utf-8")
    assert read(tmp_path, sets=["client.key=k"]).config.client.secret == "a${HOME}b"
    monkeypatch.delenv("PLIMSOLL_CLIENT__SECRET", raising=False)
    assert load(folder=tmp_path / "none", environ=None).config.client.secret == ""


def test_file_in_the_data_directory(tmp_path: Path) -> None:
    """Without a file here, the data directory's is read; with one here, it is not."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "plimsoll.toml").write_text("[feed]\nseed = 7\n", "utf-8")
    loaded = read(tmp_path)
    assert (loaded.config.feed.seed, loaded.file) == (7, data / "plimsoll.toml")
    assert read(tmp_path, "[feed]\nseed = 8\n").config.feed.seed == 8


def test_named_file_replaces_the_others(tmp_path: Path) -> None:
    """--config FILE is the only file read; one that is missing is an error."""
    other = tmp_path / "other.toml"
    other.write_text("[api]\nport = 9\n", "utf-8")
    loaded = read(tmp_path, "[api]\nhost = 'x'\n", file=other)
    assert (loaded.config.api.port, loaded.config.api.host) == (9, "127.0.0.1")
    assert "missing.toml" in refusal(tmp_path, file=tmp_path / "missing.toml")


def test_data_directory_cannot_move_itself(tmp_path: Path) -> None:
    """The file that was found in the data directory may not name another."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "plimsoll.toml").write_text("[data]\ndir = 'x'\n", "utf-8")
    assert "data.dir" in refusal(tmp_path)


def test_paths_in_a_file_are_relative_to_it(tmp_path: Path) -> None:
    """A file moves together with the data it names; other sources mean the current folder."""
    toml = "[feed]\nkind = 'file'\npath = 'prices/x.csv'\n"
    assert read(tmp_path, toml).config.feed.path == str(tmp_path / "prices" / "x.csv")
    flagged = read(tmp_path, sets=["feed.path=y.csv"]).config
    assert flagged.feed.path == "y.csv"


def test_the_default_data_directory_is_the_users(tmp_path: Path) -> None:
    """Nothing is written into the folder one happens to be in."""
    folder = load(folder=tmp_path, environ={}).config.data_dir
    assert folder.is_absolute() and folder.name == "plimsoll"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"toml": "[api]\nprot = 1"}, ["api.prot", "plimsoll.toml", "did you mean api.port"]),
        ({"sets": ["nod.queue_max=1"]}, ["--set nod.queue_max", "mean node.queue_max"]),
        ({"sets": ["markets.BTC-USD.imrr=5%"]}, ["did you mean markets.BTC-USD.imr"]),
        ({"sets": ["market.BTC-USD.imr=5%"]}, ["did you mean markets.BTC-USD.imr"]),
        ({"sets": ["markets.btc usd.imr=5%"]}, ["markets.SYMBOL.name"]),
        ({"toml": "markets = 5"}, ["markets"]),
        ({"toml": "api = 5"}, ["there is no setting api"]),
        ({"environ": {"PLIMSOLL_API_PORT": "1"}}, ["PLIMSOLL_API_PORT", "PLIMSOLL_API__PORT"]),
        ({"environ": {"PLIMSOLL_API__PRT": "1"}}, ["environment PLIMSOLL_API__PRT", "api.port"]),
        ({"sets": ["api.port"]}, ["section.key=value"]),
        ({"toml": "[api\n"}, ["plimsoll.toml", "not TOML"]),
        ({"toml": "[api]\nport = 'x'"}, ["api.port = 'x'", "plimsoll.toml"]),
        ({"toml": "[api]\nport = true"}, ["api.port", "int"]),
        ({"sets": ["api.port=70000"]}, ["api.port = '70000' (--set api.port)", "65535"]),
        ({"environ": {"PLIMSOLL_NODE__QUEUE_MAX": "0"}}, ["node.queue_max", "at least 1"]),
        ({"sets": ["feed.kind=oracle"]}, ["feed.kind"]),
        ({"sets": ["feed.speed=inf"]}, ["feed.speed", "finite"]),
        ({"sets": ["api.limits.key_rate=0"]}, ["api.limits.key_rate", "above 0"]),
        ({"sets": ["feed.kind=file"]}, ["feed.path"]),
        ({"sets": ["demo.enabled=perhaps"]}, ["demo.enabled"]),
        ({"sets": ["exchange.batch_max=51"]}, ["batch_max must be 1..50"]),
        ({"sets": ["markets.BTC-USD.taker_fee=50%"]}, ["markets.BTC-USD: taker_fee must be"]),
        ({"sets": ["markets.BTC-USD.imr=0"]}, ["markets.BTC-USD", "imr"]),
        ({"sets": ["markets.BTC-USD.imr=0.05"]}, ["markets.BTC-USD.imr", "unit"]),
        ({"sets": ["markets.BTC-USD.imr=101%"]}, ["markets.BTC-USD.imr", "1000000"]),
        ({"sets": ["markets.BTC-USD.tick=0.00000001"]}, ["tick", "too many decimals"]),
        ({"sets": ["markets.BTC-USD.tick=-1"]}, ["tick", "negative"]),
        ({"toml": "[markets.BTC-USD]\nimr = 0.05"}, ["markets.BTC-USD.imr", '"5%"']),
        ({"toml": "[markets.BTC-USD]\nprice = [1]"}, ["price", "decimal number"]),
        ({"sets": ["feed.symbols=NEW-USD"]}, ["NEW-USD has no start price"]),
        ({"sets": ["feed.symbols=BTC-USD", "markets.ETH-USD.price=1"]}, ["not among feed.symbols"]),
    ],
)
def test_refusals_name_setting_and_source(
    tmp_path: Path, given: dict[str, Any], words: list[str]
) -> None:
    """One line tells what is wrong, where it was written, and what was probably meant."""
    text = refusal(tmp_path, **given)
    for word in words:
        assert word in text


def test_dotenv_line_without_value_is_refused(tmp_path: Path) -> None:
    """A half-written line of .env is an error, not a default."""
    (tmp_path / ".env").write_text("PLIMSOLL_API__PORT\n", "utf-8")
    assert "PLIMSOLL_API__PORT" in refusal(tmp_path)


def test_build_switches_are_no_settings(tmp_path: Path) -> None:
    """The variables that choose the build do not disturb."""
    environ = {"PLIMSOLL_PURE": "1", "PLIMSOLL_REQUIRE_COMPILED": "", "OTHER": "x"}
    assert read(tmp_path, environ=environ).config == read(tmp_path).config


def test_secrets_never_show(tmp_path: Path) -> None:
    """Neither the list of settings nor a refusal shows a secret."""
    loaded = read(tmp_path, sets=["client.key=k", "client.secret=hush"])
    found = {one.name: one for one in effective(loaded)}["client.secret"]
    assert (found.shown, found.text, found.secret) == (MASK, MASK, True)
    assert loaded.config.client.secret == "hush"
    text = refusal(tmp_path, "[client]\nsecret = 12345\n")
    assert "client.secret" in text and "12345" not in text


def test_market_settings_in_every_notation(tmp_path: Path) -> None:
    """TOML numbers, texts and variables give the same exact integers."""
    toml = """
[markets.BTC-USD]
price = 60000.5
tick = "0.5"
min_notional = 25
imr = "4%"
mmr = 20000
taker_fee = "4.5bp"
oracle_jump_max = "3x"
vamm_enabled = false
vamm_max_fill_fraction = 50
"""
    expected = {
        "price": 60_000_500_000, "tick": 500_000, "min_notional": 25_000_000, "imr": 40_000,
        "mmr": 20_000, "taker_fee": 450, "oracle_jump_max": 3_000_000, "vamm_enabled": 0,
        "vamm_max_fill_fraction": 50,
    }  # fmt: skip
    from_file = read(tmp_path, toml).config
    assert from_file.markets == {"BTC-USD": expected}
    assert from_file.start_prices()["BTC-USD"] == 60_000_500_000
    overrides = from_file.market_overrides()["BTC-USD"]
    assert "price" not in overrides
    assert presets.market_params("BTC-USD", 60_000 * 10**6, overrides).imr == 40_000
    (tmp_path / "plimsoll.toml").unlink()
    environ = {
        variable_of("markets.BTC-USD.price"): "60000.5",
        "PLIMSOLL_MARKETS__BTC_USD__TICK": "0.5",
        "PLIMSOLL_MARKETS__BTC_USD__MIN_NOTIONAL": "25",
        "PLIMSOLL_MARKETS__BTC_USD__IMR": "40000",
        "PLIMSOLL_MARKETS__BTC_USD__MMR": "200bps",
        "PLIMSOLL_MARKETS__BTC_USD__TAKER_FEE": "0.045%",
        "PLIMSOLL_MARKETS__BTC_USD__ORACLE_JUMP_MAX": "300%",
        "PLIMSOLL_MARKETS__BTC_USD__VAMM_ENABLED": "false",
        "PLIMSOLL_MARKETS__BTC_USD__VAMM_MAX_FILL_FRACTION": "50",
    }
    assert read(tmp_path, environ=environ).config.markets == {"BTC-USD": expected}


def test_a_new_market_needs_only_a_price(tmp_path: Path) -> None:
    """Markets beside the known ones are opened by giving them a price."""
    sets = ["markets.SOL-USD.price=150", "feed.symbols=SOL-USD, BTC-USD"]
    prices = read(tmp_path, sets=sets).config.start_prices()
    assert prices == {"SOL-USD": 150_000_000, "BTC-USD": presets.DEFAULT_PRICES["BTC-USD"]}


def test_deposits_are_open_with_demo_or_on_request(tmp_path: Path) -> None:
    """Without the demonstration, only an explicit setting opens deposits to all."""
    assert read(tmp_path).config.open_deposits
    closed = read(tmp_path, sets=["demo.enabled=false"]).config
    assert not closed.open_deposits and closed.exchange["open_deposits"] == 0
    opened = ["demo.enabled=false", "exchange.open_deposits=true"]
    assert read(tmp_path, sets=opened).config.open_deposits


def test_every_parameter_is_a_setting() -> None:
    """No parameter of a market or of the exchange is out of reach."""
    names = {name for name, _ in MarketParams.FIELDS} - {"symbol"} | {"price"}
    assert set(market_fields("X")) == {f"markets.X.{name}" for name in names}
    for name, _ in GlobalParams.FIELDS:
        assert f"exchange.{name}" in fixed_fields()
    assert (*(name for name in Config.__struct_fields__),) == SECTIONS or set(SECTIONS) == set(
        Config.__struct_fields__
    )


def test_settings_are_frozen(tmp_path: Path) -> None:
    """Nobody changes settings behind the origins' back."""
    config = read(tmp_path).config
    with pytest.raises(AttributeError):
        config.api.port = 1  # type: ignore[misc]
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"prot": 1}, type=type(config.api))


@given(st.integers(0, MAX))
def test_ratios_read_back_as_shown(ppm: int) -> None:
    """What is shown of a ratio, typed in again, is the same ratio."""
    assert read_ratio(show_ratio(ppm)) == ppm


@pytest.mark.parametrize(
    ("text", "ppm"),
    [
        ("5%", 50_000), ("5 %", 50_000), ("0.05%", 500), ("5bp", 500), ("5bps", 500),
        ("1.5x", 1_500_000), ("250", 250), ("0", 0), ("100%", 1_000_000),
    ],
)  # fmt: skip
def test_notations_of_ratios(text: str, ppm: int) -> None:
    """Percent, basis points, multiples and plain ppm."""
    assert read_ratio(text) == ppm


@pytest.mark.parametrize("text", ["", "%", "5percent", "-1%", "1e3", "0.00001%", "0.5", "5%%"])
def test_what_is_no_ratio(text: str) -> None:
    """Nothing is guessed and nothing is rounded."""
    with pytest.raises(ValueError):
        read_ratio(text)


def test_numbers_have_no_float_in_between(tmp_path: Path) -> None:
    """A TOML number of 18 digits keeps its last digit."""
    toml = "[markets.BTC-USD]\nprice = 60000\nopen_interest_max = 1333.000000001\n"
    market = read(tmp_path, toml).config.markets["BTC-USD"]
    assert market["open_interest_max"] == 1_333_000_000_001


@given(st.text(max_size=12), st.text(max_size=12))
def test_any_text_is_read_or_refused(name: str, value: str) -> None:
    """Whatever is typed behind --set, the answer is a setting or a ConfigError."""
    for setting in (name, "api.port", "markets.BTC-USD.imr", "markets.BTC-USD.price", "feed.speed"):
        try:
            load(folder=Path("/nonexistent"), environ={}, sets=[f"{setting}={value}"])
        except ConfigError as error:
            assert error.message
