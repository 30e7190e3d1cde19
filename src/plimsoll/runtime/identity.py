"""The id of an exchange, which every order signed for it carries.

It is the beginning of the hash chain of its journal: what the journal was born with, a random
number among it. So it is the same after a restart, from a snapshot, in a restored copy; a fork
keeps it too, or its own history could not be verified.

Spec: docs/spec/25-gateway.md, GATE-006.
"""

from __future__ import annotations

import secrets
from typing import Final

from plimsoll.runtime.journal_format import root_chain
from plimsoll.runtime.journal_reader import JournalTables

CODE_VERSION_KEY: Final = "code_version"
IDENTITY_KEY: Final = "identity"

IN_MEMORY: Final = "memory"
"""The id of every node without a journal."""

_BYTES: Final = 16


def birth_of(code_version: str) -> dict[str, bytes]:
    """What a node's journal is born with: who made it, and what makes it unlike any other."""
    return {**simulated_birth(code_version), IDENTITY_KEY: secrets.token_bytes(_BYTES)}


def simulated_birth(code_version: str) -> dict[str, bytes]:
    """What the journal of a simulation is born with: runs that are equal have equal journals."""
    return {CODE_VERSION_KEY: code_version.encode()}


def simulated_id(code_version: str) -> str:
    """The id of a simulated exchange, whether it writes a journal or not."""
    return root_chain(simulated_birth(code_version))[:_BYTES].hex()


def exchange_id(journal: JournalTables) -> str:
    """The id of the exchange whose journal this is: 32 hex digits."""
    return journal.head_at(0).chain[:_BYTES].hex()
