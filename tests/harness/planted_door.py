"""Planted bugs of the two doors: each breaks one line of defence, and names the check that notices.

    PLIMSOLL_PURE=1 python -m tests.harness.planted_door NAME

runs all of ``door_checks`` with the bug and prints, in their order, the names of those that failed
(``none`` if none did). ``all`` tells that of every bug, for the check that has to notice it, and
of no bug.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import re
from collections.abc import Callable
from typing import Any

from plimsoll.api.auth import Door as RequestDoor
from plimsoll.api.stream import Connection
from plimsoll.client import signing
from plimsoll.messages import signed_form
from plimsoll.messages.gateway import MatchSigned
from plimsoll.runtime import (
    local,
    local_gateway,
    present_breaker,
    present_events,
    present_gateway,
    signatures,
)
from plimsoll.runtime.keys import KeyStore
from plimsoll.runtime.signatures import Door
from tests.harness import door_checks
from tests.harness.planted import Planted

Original = Callable[..., Any]


# The door of requests ----------------------------------------------------------------------------


def always(value: Any) -> Callable[[Original], Original]:
    """A bug that says the same whatever is asked."""
    return lambda _: lambda *_given, **_more: value


def forgotten_too_early(original: Original) -> Original:
    """A nonce is kept for one window, but the timestamp may lie one ahead."""

    def use_nonce(self: Any, key_id: str, nonce: str, *, now_ms: int, until_ms: int) -> Any:
        half = now_ms + (until_ms - now_ms) // 2
        return original(self, key_id, nonce, now_ms=now_ms, until_ms=half)

    return use_nonce


def not_signed(at: int, constant: Any) -> Callable[[Original], Original]:
    """One of the seven lines is not in what is signed."""

    def plant(original: Original) -> Original:
        def signature(*given: Any) -> Any:
            return original(*given[:at], constant, *given[at + 1 :])

        return signature

    return plant


def prefix_is_enough(_: Original) -> Original:
    """Half a signature is compared."""
    return lambda expected, given: signing.hmac.compare_digest(
        expected[:32].encode(), given[:32].encode("utf-8", "surrogateescape")
    )


def plain_comparison(_: Original) -> Original:
    """The time of the comparison tells how much was right."""
    return lambda expected, given: expected == given


def any_age(original: Original) -> Original:
    """The window of timestamps is as wide as an age of man."""

    def check(self: Any, request: Any, now: int) -> Any:
        return original(self, request, int(request.timestamp))

    return check


def future_is_fine(original: Original) -> Original:
    """Only timestamps that are too old are refused."""

    def check(self: Any, request: Any, now: int) -> Any:
        return original(self, request, max(now, int(request.timestamp)))

    return check


def no_scope(original: Original) -> Original:
    """A key that may do something may do everything."""

    def verify(self: Any, request: Any, host: str, weight: int, _scope: Any) -> Any:
        return original(self, request, host, weight, None)

    return verify


def revoked_still_opens(_: Original) -> Original:
    """Whether a key was revoked is not asked."""

    def find(self: Any, key_id: str, *, now_ms: int) -> Any:
        self._refresh(now_ms)
        return next((key for key in self.keys() if key.key_id == key_id), None)

    return find


def anybodys_account(_: Original) -> Original:
    """Whose an account is is not asked."""
    return lambda state, _principal, account: state.accounts[account]


def always_shown(original: Original) -> Original:
    """A claim is shown with its account to everybody."""
    return lambda view, digits, shown: original(view, digits, True)


def relayed_is_shown(original: Original) -> Original:
    """A settlement is shown whole to whoever is in it."""

    def keep(shown: Any, seen: Any, mine: Any) -> Any:
        if shown["type"] == "SignedSettled":
            return shown["account"] in seen or shown["relayer"] in mine
        return original(shown, seen, mine)

    return keep


# The door of signed orders -----------------------------------------------------------------------


def left_out(name: str) -> Callable[[Original], Original]:
    """A field, or the exchange, is not in the text that is signed."""

    def plant(original: Original) -> Original:
        def text_of(order: Any, exchange: str) -> str:
            lines = original(order, exchange).split("\n")
            return "\n".join(line for line in lines if not re.match(rf"{name}\b", line))

        return text_of

    return plant


def typed_without(name: str) -> Callable[[Original], Original]:
    """A field is not among the typed data that wallets sign."""

    def plant(original: Original) -> Original:
        def typed_data(order: Any, exchange: str) -> Any:
            found = original(order, exchange)
            types = found["types"][signed_form.TYPE_NAME]
            found["types"][signed_form.TYPE_NAME] = [row for row in types if row["name"] != name]
            del found["message"][name]
            return found

        return typed_data

    return plant


def typed_for_all(original: Original) -> Original:
    """Wallets sign for every exchange at once."""
    return lambda order, _exchange: original(order, "any")


def remembered(original: Original) -> Original:
    """A signature that was good once is not looked at again."""
    good: set[str] = set()

    def check(order: Any, exchange: str) -> Any:
        if order.signature not in good:
            original(order, exchange)
            good.add(order.signature)

    return check


def taker_only(original: Original) -> Original:
    """Of two orders the first is checked."""

    def check(self: Any, command: Any) -> Any:
        if isinstance(command, MatchSigned):
            return self._check_all((command.taker,))
        return original(self, command)

    return check


def any_signature(_: Original) -> Original:
    """The hash is checked, and who signed it is not."""

    def check_all(self: Any, orders: Any) -> int:
        for order in orders:
            self._check_hash(order)
        return len(orders)

    return check_all


def by_the_signature(original: Original) -> Original:
    """The scheme is read from the signature, and the key from the end of the signer's text."""

    def check(order: Any, exchange: str) -> Any:
        if order.signature.startswith("0x"):
            address = "0x" + order.signer[-40:]
            if not signatures._evm_fits(order, exchange, address):
                raise signatures.BadSignature("not by that key")
            return None
        return original(order, exchange)

    return check


def loud(_: Original) -> Any:
    """The text of a key may be in upper case, too."""
    return re.compile(r"ed25519:([0-9a-fA-F]{64})")


def any_scalar(_: Original) -> Any:
    """Of the two scalars that fit, both do."""
    return 2**256


def no_key_is_weak(_: Original) -> Any:
    """Points of small order are keys like others."""
    return frozenset()


PLANTED: dict[str, Planted] = {
    "nonce_not_kept": Planted("nonce_once", KeyStore, "use_nonce", always(True)),
    "nonce_forgotten": Planted("nonce_once", KeyStore, "use_nonce", forgotten_too_early),
    "method_not_signed": Planted("signature_covers_all", signing, "signature", not_signed(3, "")),
    "path_not_signed": Planted("signature_covers_all", signing, "signature", not_signed(4, "")),
    "query_not_signed": Planted("signature_covers_all", signing, "signature", not_signed(5, "")),
    "body_not_signed": Planted("signature_covers_all", signing, "signature", not_signed(6, b"")),
    "id_not_signed": Planted("signature_covers_all", signing, "signature", not_signed(7, "")),
    "time_not_signed": Planted("signature_covers_all", signing, "signature", not_signed(1, "")),
    "nonce_not_signed": Planted("signature_covers_all", signing, "signature", not_signed(2, "")),
    "half_a_signature": Planted("signature_is_whole", signing, "matches", prefix_is_enough),
    "plain_comparison": Planted("signature_is_whole", signing, "matches", plain_comparison),
    "window_ignored": Planted("window_both_ways", RequestDoor, "_check_form", any_age),
    "future_is_fine": Planted("window_both_ways", RequestDoor, "_check_form", future_is_fine),
    "revoked_still_opens": Planted("keys_end", KeyStore, "find", revoked_still_opens),
    "scope_not_checked": Planted("scopes_hold", RequestDoor, "verify", no_scope),
    "stream_for_all": Planted("streams_ask_who_listens", Connection, "_require", always(None)),
    "foreign_signers": Planted("own_data_only", local_gateway, "find_account", anybodys_account),
    "foreign_account": Planted("own_data_only", local, "find_account", anybodys_account),
    "foreign_order": Planted("own_data_only", local_gateway, "is_relayer", always(True)),
    "foreign_claim": Planted("own_data_only", local_gateway, "_check_claim", always(None)),
    "claims_with_names": Planted(
        "claims_are_nobodys_to_others", present_breaker, "held_one", always_shown
    ),
    "relayers_see_numbers": Planted(
        "relayers_learn_no_more", present_gateway, "OWNERS_CODES", lambda _: frozenset()
    ),
    "relayers_are_owners": Planted(
        "relayers_learn_no_more", present_gateway, "is_relayed", always(False)
    ),
    "relayers_see_releases": Planted(
        "relayers_learn_no_more", present_events, "_keep_visible", relayed_is_shown
    ),
    "hash_of_the_client": Planted("the_hash_is_worked_out", Door, "_check_hash", always(None)),
    "size_left_out": Planted("every_term_is_signed", signed_form, "text_of", left_out("size")),
    "maker_left_out": Planted("every_term_is_signed", signed_form, "text_of", left_out("maker")),
    "fee_left_out": Planted("every_term_is_signed", signed_form, "text_of", left_out("relay_fee")),
    "typed_without_fund": Planted(
        "every_term_is_signed", signed_form, "typed_data", typed_without("fund")
    ),
    "typed_without_expiry": Planted(
        "every_term_is_signed", signed_form, "typed_data", typed_without("expires_ms")
    ),
    "exchange_left_out": Planted(
        "the_exchange_is_signed", signed_form, "text_of", left_out("exchange")
    ),
    "typed_for_all": Planted("the_exchange_is_signed", signed_form, "typed_data", typed_for_all),
    "signature_remembered": Planted(
        "signatures_are_for_one_order", signatures, "check_signature", remembered
    ),
    "any_signature": Planted("signatures_are_for_one_order", Door, "_check_all", any_signature),
    "taker_only": Planted("both_sides_are_checked", Door, "check", taker_only),
    "scheme_by_signature": Planted(
        "schemes_are_not_mixed", signatures, "check_signature", by_the_signature
    ),
    "two_texts_of_a_key": Planted("schemes_are_not_mixed", signatures, "_ED25519_SIGNER", loud),
    "mirrored_signature": Planted(
        "signatures_have_one_form", signatures, "_HALF_ORDER", any_scalar
    ),
    "weak_keys": Planted("signatures_have_one_form", signatures, "_WEAK_Y", no_key_is_weak),
}
"""Name -> bug, with the name of the check that notices."""


def found_by(name: str, checks: list[str]) -> list[str]:
    """Plant a bug, run the checks, and say which failed."""
    if name != "none":
        bug = PLANTED[name]
        setattr(bug.owner, bug.attribute, bug.broken(getattr(bug.owner, bug.attribute)))

    async def run() -> list[str]:
        return [one for one in checks if not await door_checks.run(one)]

    return asyncio.run(run())


def outcome(name: str) -> str:
    """A bug (or ``none``), and which of the checks that have to notice it failed."""
    checks = [PLANTED[name].ident] if name in PLANTED else [*door_checks.CHECKS]
    return f"{name} {' '.join(found_by(name, checks)) or 'none'}"


def main() -> None:
    """Plant the named bug, run, print who noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=[*PLANTED, "none", "all"])
    name = parser.parse_args().name
    if name != "all":
        print(" ".join(found_by(name, [*door_checks.CHECKS])) or "none")
        return
    # Each in a process of its own: a bug is not taken out again.
    with multiprocessing.get_context("fork").Pool(2, maxtasksperchild=1) as pool:
        for line in pool.imap(outcome, ["none", *PLANTED], chunksize=1):
            print(line, flush=True)


if __name__ == "__main__":
    main()
