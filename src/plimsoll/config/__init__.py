"""Settings: defaults < TOML file < .env < environment < flags, each value with its origin.

A setting's name is its path, ``api.port``. In TOML it is a key of a table, in the environment
``PLIMSOLL_API__PORT`` (a market's symbol with ``_`` for ``-``), on the command line
``--set api.port=8080``. The TOML file is the one named, else ``plimsoll.toml`` here, else the one
in the data directory. Names that do not exist are refused, with the nearest one that does.

Prices, sizes and money are plain decimals, ratios ppm or text such as "5%", "5bp" and "1.5x".
"""

from __future__ import annotations

from plimsoll.config.fields import (
    Field,
    breaker_fields,
    fixed_fields,
    market_fields,
    quote_fields,
    read_ratio,
    show_ratio,
    vault_fields,
)
from plimsoll.config.loading import (
    DEFAULT,
    ENV_FILE_NAME,
    FILE_NAME,
    MASK,
    Loaded,
    Setting,
    effective,
    load,
    variable_of,
)
from plimsoll.config.sections import (
    ApiConfig,
    ClientConfig,
    Config,
    DataConfig,
    DemoConfig,
    FeedConfig,
    LogConfig,
)

__all__ = [
    "DEFAULT",
    "ENV_FILE_NAME",
    "FILE_NAME",
    "MASK",
    "ApiConfig",
    "ClientConfig",
    "Config",
    "DataConfig",
    "DemoConfig",
    "FeedConfig",
    "Field",
    "Loaded",
    "LogConfig",
    "Setting",
    "breaker_fields",
    "effective",
    "fixed_fields",
    "load",
    "market_fields",
    "quote_fields",
    "read_ratio",
    "show_ratio",
    "variable_of",
    "vault_fields",
]
