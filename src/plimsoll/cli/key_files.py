"""Files with the keys that orders are signed with: made readable by their owner only, and read only
if they are.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from typing import Final, Literal

import msgspec

from plimsoll.cli.app import USAGE, Failure
from plimsoll.client.signed import Ed25519Key, EvmKey, Key

SCHEMES: Final = ("ed25519", "evm")


class KeyFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands in a key file: the secret, in hex, and the public key for people."""

    scheme: Literal["ed25519", "evm"]
    signer: str
    secret: str

    def __repr__(self) -> str:
        return f"KeyFile(signer={self.signer!r}, secret=...)"


def write(path: Path, scheme: str) -> Key:
    """A new key, in a file that is not there yet. Errors: `Failure`."""
    secret = secrets.token_hex(32)
    key = _key(scheme, secret)
    body = msgspec.json.encode({"scheme": scheme, "signer": key.signer, "secret": secret})
    text = msgspec.json.format(body, indent=2) + b"\n"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
    except FileExistsError as error:
        raise Failure(f"{path} is there already; nothing was made", USAGE) from error
    except OSError as error:
        raise Failure(f"{path} cannot be written: {error}") from error
    return key


def read(path: Path) -> Key:
    """The key of a file. Errors: `Failure`, also for a file that others can read."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(4_096)
    except OSError as error:
        raise Failure(f"{path} cannot be read: {error}", USAGE) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Failure(f"{path} can be read by others; `chmod 600 {path}`, or make a new key", USAGE)
    try:
        found = msgspec.json.decode(text, type=KeyFile)
        key = _key(found.scheme, found.secret)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        # The text of the error could show what stands there.
        raise Failure(f"{path} is no key file; `plimsoll signer new` makes one", USAGE) from error
    if key.signer != found.signer:
        raise Failure(f"the secret in {path} is not that of {found.signer}", USAGE)
    return key


def _key(scheme: str, secret: str) -> Key:
    """Errors: `Failure` without the extra, `ValueError` for a secret that is none."""
    if scheme == "ed25519":
        return Ed25519Key(secret)
    try:
        return EvmKey(secret)
    except ImportError as error:
        raise Failure("keys of evm need `plimsoll[evm]` to be installed", USAGE) from error
