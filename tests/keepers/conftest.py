"""Fixtures of the keepers' tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import stamina


@pytest.fixture(autouse=True)
def impatient() -> Iterator[None]:
    """Retries do not wait."""
    with stamina.set_testing(True, attempts=3, cap=True):
        yield
