"""The command ``plimsoll``: a table of commands, each imported when it is called."""

from __future__ import annotations

import traceback
from importlib import import_module
from typing import Any, Final

import click

from plimsoll.cli.app import App, Failure, fail, global_options

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "up": ("up:up", "Start the exchange, with prices, traders and a live view."),
    "replay-prices": ("replay_prices:replay_prices", "Run the exchange over price files."),
    "bench": ("bench:bench", "Measure how fast this machine runs it."),
    "keeper": ("keeper:keeper", "Do what is due on an exchange, for a part of the fees."),
    "order": ("trading:order", "Buy and sell; list, amend and cancel orders; quotes."),
    "account": ("accounts:account", "Accounts: create, fund, show, transfer."),
    "market": ("market_commands:market", "Markets: rules and present state."),
    "book": ("market_commands:book", "The order book of a market, with the vAMM's quotes."),
    "trades": ("market_commands:trades", "The last trades of a market."),
    "trigger": ("mechanisms:trigger", "Orders that wait for the oracle: place, list."),
    "signer": ("signer:signer", "Keys that may sign orders: new, add, list, remove."),
    "signed": ("signed:signed", "Signed orders: make, settle, match, cancel, show."),
    "auction": ("mechanisms:auction", "Auctions of market orders: list, offer."),
    "funding": ("mechanisms:funding", "The last funding periods of a market."),
    "repegs": ("mechanisms:repegs", "The last repegs of a market, and its health."),
    "liquidations": ("mechanisms:liquidations", "The last steps of liquidations."),
    "vault": ("vaults:vault", "Maker vaults: shares, quotes, trades with a vault."),
    "spot": ("spot:spot", "Spot pools and firm quotes, on which vaults hedge."),
    "breaker": ("breaker:breaker", "What may leave the exchange now, and what is held."),
    "explain": ("explain:explain", "What a record did and why, by which rules."),
    "key": ("keys_commands:key", "API keys: create, list, revoke."),
    "admin": ("admin:admin", "Operate it: principals, markets, limits."),
    "config": ("config_commands:config", "Settings: show values and origins, write a file."),
    "verify": ("journal_commands:verify", "Check a data directory by a full replay."),
    "fork": ("journal_commands:fork", "Copy the history up to a record, to go on from there."),
    "invariants": ("reference:invariants", "What must hold after every command."),
    "rejects": ("reference:rejects", "Why commands are refused: codes and their numbers."),
    "params": ("reference:params", "Parameters of markets and of the exchange, with bounds."),
    "version": ("reference:version", "Version, build and Python."),
}
"""name -> (module:command, help)."""


class LazyGroup(click.Group):
    """Knows its commands by name; failures of the outside world end in one line."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.ensure_object(App).args = list(args)
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        full = f"plimsoll.cli.{module}"
        try:
            found = getattr(import_module(full), attribute)
        except ModuleNotFoundError as error:
            if error.name == full:
                text = f"this installation has no command {cmd_name}"
            else:
                text = f"{cmd_name} needs the package {error.name}, which is not installed"
            raise Failure(f"{text}; install Plimsoll again, or a fuller build of it") from error
        if not isinstance(found, click.Command):
            raise Failure(f"{cmd_name} is no command in this installation")
        ctx.ensure_object(App)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # The inherited one would import every command for its help.
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        import difflib

        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = difflib.get_close_matches(args[0], COMMANDS, 1)
            if not near or args[0] in COMMANDS:
                raise
            raise click.UsageError(
                f"No such command {args[0]!r}. Did you mean {near[0]}?", ctx
            ) from error

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort) as error:
            if error.__cause__ is not None and ctx.ensure_object(App).debug:
                traceback.print_exception(error.__cause__)
            raise
        except Exception as error:  # noqa: BLE001 - bugs are raised again
            fail(error, debug=ctx.ensure_object(App).debug)


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=(
        "Exit codes: 0 done, 1 failure, 2 wrong usage or settings, 3 refused by the exchange, "
        "4 exchange unreachable, busy or halted. Options shown here may also stand behind a "
        "command."
    ),
)
@global_options(hidden=False)
def cli() -> None:
    """Plimsoll: the liquidity system of a perpetual-futures exchange.

    Start one with `plimsoll up`; then, in a second terminal: `plimsoll order buy BTC-USD 0.01`.
    """


def main() -> None:
    """Run the command line of this process."""
    cli.main(prog_name="plimsoll")
