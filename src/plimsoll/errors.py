"""Failures outside the core: files, configuration, feeds, the node and its clients.

Three kinds of trouble are kept apart. A *rejection* is an answer of the core (a code in
``messages``) and is never an exception. A *broken invariant* halts the core. Everything else, the
outside world failing, is one of the classes below. Each error says what happened and what to do
next; the text of a class's ``remedy`` stands in when the place of the error knows no better one.
"""

from __future__ import annotations


class PlimsollError(Exception):
    """Base of every failure outside the core.

    ``message`` says what happened, ``remedy`` what to do next; ``str()`` gives both. Instances
    survive pickling, so that they can cross process boundaries.
    """

    remedy: str = "See the log of the node for the cause."

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        if remedy is not None:
            self.remedy = remedy

    @property
    def message(self) -> str:
        """What happened, without the advice."""
        return str(self.args[0])

    def __str__(self) -> str:
        return f"{self.message}. {self.remedy}"


class ConfigError(PlimsollError):
    """A setting is missing, unknown, of the wrong type or in conflict with another."""

    remedy = "Correct the setting; `plimsoll config` shows every value and where it came from."


# --- journal and snapshots ------------------------------------------------------------------


class JournalError(PlimsollError):
    """Base of the journal's failures."""


class JournalCorrupt(JournalError):
    """The journal's content is not what was written: damaged, shortened or mixed up.

    ``seq`` is the first record known to be affected, if one can be named.
    """

    remedy = (
        "Stop the node and keep a copy of the data directory. Run `plimsoll verify` for a full "
        "report, then restore the newest backup, or continue from the last good record with "
        "`plimsoll fork --at SEQ`, SEQ before the damage."
    )

    def __init__(self, message: str, *, seq: int | None = None, remedy: str | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.seq = seq


class JournalLocked(JournalError):
    """Another process writes this data directory."""

    remedy = "Stop the other node first, or choose another data directory."


class JournalFormat(JournalError):
    """The file is not a journal, or one of a format this version does not know."""

    remedy = "Check the data directory; use the version of Plimsoll that wrote it, or a newer one."


class JournalWriteFailed(JournalError):
    """A write failed. Whether the last batch is durable is unknown; it was not acknowledged."""

    remedy = (
        "Nothing more will be written: free disk space or repair the disk, then restart the node; "
        "it recovers every acknowledged record."
    )


class JournalReadFailed(JournalError):
    """The operating system could not deliver the journal's content."""

    remedy = "Check that the disk is healthy and the files are readable by this user, then retry."


class JournalRefused(JournalError):
    """The caller asked for something the journal must not do; nothing was written."""

    remedy = "Nothing was written: correct the call and repeat it."


class SnapshotError(PlimsollError):
    """A snapshot could not be written or read. The journal alone is enough to start from."""

    remedy = "Free disk space or remove the damaged file; the node can start from the journal."


# --- the node -------------------------------------------------------------------------------


class NodeError(PlimsollError):
    """Base of the node's failures towards its callers."""


class NodeBusy(NodeError):
    """The node's queue is full; the command was not accepted."""

    remedy = "Nothing was done: send the command again, with the same client id, after a moment."


class NodeHalted(NodeError):
    """The node stopped taking commands: a broken invariant or a failed write."""

    remedy = (
        "Read the cause in the log, run `plimsoll verify`, then restart; commands without an "
        "answer may be sent again with the same client id."
    )


class NodeClosed(NodeError):
    """The node is shutting down or was never started."""

    remedy = "Send the command again, with the same client id, once the node is up."


class ClientIdReused(NodeError):
    """A client id was sent again with another command than the first time; nothing was done."""

    remedy = "Send the first command under this id to get its answer, or use a new id."


class BadSignature(NodeError):
    """A signed order is not what its key signed for this exchange; nothing was done."""

    remedy = (
        "Sign the order anew, with every field as it is sent and the id of this exchange "
        "(`plimsoll.client.signed`)."
    )


class SchemeUnavailable(BadSignature):
    """A signed order is by a scheme that this installation cannot check; nothing was done."""

    remedy = "Install `plimsoll[evm]` where the node runs, or sign with an Ed25519 key."


class ReplayDiverged(NodeError):
    """Replay of the journal did not give the recorded events or the recorded state hash.

    ``seq`` is the first record that differs, if one can be named.
    """

    remedy = (
        "Replay with the version that wrote the journal (`plimsoll verify` names it); if that "
        "diverges too, the data are damaged: restore the newest backup."
    )

    def __init__(self, message: str, *, seq: int | None = None, remedy: str | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.seq = seq


# --- the services around it -----------------------------------------------------------------


class FeedError(PlimsollError):
    """Base of the price sources' failures."""

    remedy = "Check the source's address and status; the other sources go on."


class ClientError(PlimsollError):
    """A request to a node could not be made, or its answer could not be read."""

    remedy = "Check the node's address; send again with the same client id, it acts only once."


class HistoryError(PlimsollError):
    """The history database failed. It can be rebuilt from the journal."""

    remedy = "Check the database, then rebuild it from the journal."


class VenueError(PlimsollError):
    """A hedging venue failed, or its answer left an order's fate unknown."""

    remedy = "Leave the intent open: the hedger reconciles with the venue before it acts again."


class ScenarioError(PlimsollError):
    """A simulation scenario or its price data cannot be used."""

    remedy = "Correct the scenario file or the data it names."
