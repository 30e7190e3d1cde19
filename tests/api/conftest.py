"""Fixtures of the API's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.api.world import World, open_world


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """An exchange with two traders and limits that do not interfere."""
    async with open_world() as made:
        yield made
