"""What ``plimsoll up`` logs when something breaks: where it broke, and never a secret."""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import structlog

from plimsoll.api.dispatch import _log as api_log
from plimsoll.cli.screen import log_to
from plimsoll.client import signing
from plimsoll.config import LogConfig
from tests.api.world import World, open_world


@pytest.fixture(params=[False, True], ids=["lines", "json"])
def logged(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """Everything that is logged, in either form; logging is left as it was."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = list(root.handlers), root.level
    stream = io.StringIO()
    log_to(stream, LogConfig(json=request.param))
    yield stream
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)


def broken(*_: Any) -> Any:
    """In place of a library's function."""
    raise RuntimeError("broken inside")


async def fail_to_sign(world: World, monkeypatch: pytest.MonkeyPatch) -> int:
    """A signed request whose check breaks where the secret is a variable; the status."""
    headers = list(world.sign(world.ann, "GET", "/v1/accounts").items())
    fake = SimpleNamespace(new=broken, compare_digest=broken)
    monkeypatch.setattr(signing, "hmac", fake)
    return (await world.raw("GET", "/v1/accounts", headers=headers)).status


async def test_a_failure_in_signing_shows_no_secret(
    logged: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log names file, function and error; the key's secret stands nowhere in it."""
    async with open_world() as world:
        assert await fail_to_sign(world, monkeypatch) == 500
        secret = world.ann.secret
    text = logged.getvalue()
    for known in ("request failed", "broken inside", "signing.py", "in signature", "RuntimeError"):
        assert known in text
    assert secret not in text and secret[:12] not in text
    assert text.count("\n") == 1


def test_logs_of_libraries_show_no_secret(
    logged: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same for what goes through the standard library's logging, such as the server's."""
    secret = hashlib.sha256(b"known").hexdigest()
    monkeypatch.setattr(signing, "hmac", SimpleNamespace(new=broken))
    for report in (logging.getLogger("uvicorn.error").exception, api_log.exception):
        try:
            signing.signature(secret, "1", "n", "GET", "/", "", b"", "")
        except RuntimeError:
            report("it failed")
    text = logged.getvalue()
    assert text.count("in signature") == text.count("it failed") == 2
    assert secret not in text and secret[:12] not in text


async def test_the_test_would_notice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library's own default, which shows variables, does show the secret."""
    stream, before = io.StringIO(), structlog.get_config()
    structlog.reset_defaults()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(stream))
    try:
        async with open_world() as world:
            await fail_to_sign(world, monkeypatch)
            assert world.ann.secret[:12] in stream.getvalue()
    finally:
        structlog.configure(**before)
