"""The sections of the settings, with their defaults and bounds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from plimsoll.api.limits import ApiSettings
from plimsoll.errors import ConfigError
from plimsoll.keepers.settings import KeeperSettings
from plimsoll.runtime import presets
from plimsoll.runtime.node_types import NodeSettings

Positive = Annotated[float, Meta(ge=0)]


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the sections."""


class DataConfig(Section, frozen=True, kw_only=True):
    """Where the exchange lives: journal, snapshots, keys."""

    dir: Annotated[str, Meta(description="Empty: the user's data directory.")] = ""


class ApiConfig(Section, frozen=True, kw_only=True):
    """Where the API listens, and its limits."""

    host: Annotated[str, Meta(min_length=1, description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535, description="0: any free port.")] = 8766
    trusted_proxies: Annotated[
        str, Meta(description="Addresses (comma separated) whose X-Forwarded-For is believed.")
    ] = ""
    limits: ApiSettings = ApiSettings()


class FeedConfig(Section, frozen=True, kw_only=True):
    """Where prices come from."""

    kind: Annotated[
        Literal["synthetic", "file"], Meta(description="synthetic (made from a seed) or file.")
    ] = "synthetic"
    seed: Annotated[int, Meta(ge=0, description="Of the synthetic prices.")] = 1
    speed: Annotated[
        Positive, Meta(description="Multiple of real time; 0: as fast as it goes.")
    ] = 1.0
    path: Annotated[str, Meta(description="Price file, directory or pattern.")] = ""
    symbols: Annotated[
        tuple[str, ...], Meta(description="Markets to open; empty: those known and configured.")
    ] = ()
    step_ms: Annotated[
        int, Meta(ge=1, le=86_400_000, description="Between two synthetic prices.")
    ] = 1_000


class DemoConfig(Section, frozen=True, kw_only=True):
    """Demonstration traders; while they run, anybody may deposit."""

    enabled: Annotated[bool, Meta(description="Whether they run.")] = True
    traders: Annotated[int, Meta(ge=0, le=500, description="How many in each market.")] = 10
    vaults: Annotated[bool, Meta(description="Whether there are vaults and spot pools.")] = True
    seed: Annotated[int, Meta(ge=0, description="Of their behaviour.")] = 1


class ClientConfig(Section, frozen=True, kw_only=True):
    """How the commands of traders reach an exchange; empty: the demonstration's key."""

    url: Annotated[str, Meta(description="Such as http://127.0.0.1:8766.")] = ""
    key: Annotated[str, Meta(description="Id of the API key.")] = ""
    secret: Annotated[str, Meta(description="Its secret.")] = ""
    account: Annotated[int, Meta(ge=-1, description="-1: the only account there is.")] = -1
    timeout_seconds: Annotated[float, Meta(gt=0, description="Of one attempt.")] = 10.0
    attempts: Annotated[int, Meta(ge=1, le=20, description="At most.")] = 2


class LogConfig(Section, frozen=True, kw_only=True):
    """What is logged, on stderr."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="Least severity shown.")
    ] = "info"
    json: Annotated[bool, Meta(description="One JSON object a line.")] = False


class Config(Section, frozen=True, kw_only=True):
    """All settings. ``markets`` (by symbol) and ``exchange`` hold scaled integers by name."""

    data: DataConfig = DataConfig()
    node: NodeSettings = NodeSettings()
    api: ApiConfig = ApiConfig()
    feed: FeedConfig = FeedConfig()
    demo: DemoConfig = DemoConfig()
    client: ClientConfig = ClientConfig()
    keeper: KeeperSettings = KeeperSettings()
    log: LogConfig = LogConfig()
    exchange: dict[str, int] = {}
    markets: dict[str, dict[str, int]] = {}

    @property
    def data_dir(self) -> Path:
        """The data directory; it need not exist."""
        if self.data.dir:
            return Path(self.data.dir).expanduser()
        import platformdirs

        return platformdirs.user_data_path("plimsoll", appauthor=False)

    @property
    def open_deposits(self) -> bool:
        """Whether anybody may deposit."""
        return bool(self.exchange.get("open_deposits")) or self.demo.enabled

    def start_prices(self) -> dict[str, int]:
        """Price (1e-6) a synthetic market starts at, by symbol. Errors: `ConfigError`."""
        known = dict.fromkeys((*presets.DEFAULT_PRICES, *self.markets))
        found: dict[str, int] = {}
        for symbol in self.feed.symbols or known:
            price = self.markets.get(symbol, {}).get("price", presets.DEFAULT_PRICES.get(symbol))
            if price is None:
                raise ConfigError(
                    f"the market {symbol} has no start price",
                    remedy=f"Set markets.{symbol}.price.",
                )
            found[symbol] = price
        return found

    def market_overrides(self) -> dict[str, dict[str, int]]:
        """Parameters of markets that were set, by symbol and name, without start prices."""
        return {
            symbol: {name: value for name, value in values.items() if name != "price"}
            for symbol, values in self.markets.items()
        }
