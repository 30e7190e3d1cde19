"""Fixtures of the clients' tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import stamina

from tests.client.flaky import Flaky
from tests.client.samples import World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """An exchange whose only liquidity is its book."""
    made = await World.open()
    yield made
    await made.close()


@pytest.fixture
async def vamm_world() -> AsyncIterator[World]:
    """The same with a vAMM."""
    made = await World.open(vamm=True)
    yield made
    await made.close()


@pytest.fixture
def impatient() -> Iterator[None]:
    """Retries do not wait."""
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture
async def flaky() -> AsyncIterator[Flaky]:
    """A running server that does as told."""
    made = Flaky()
    await made.server.start_server()
    yield made
    await made.server.close()
