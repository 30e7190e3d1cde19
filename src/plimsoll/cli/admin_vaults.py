"""What an operator sets up for liquidity: assets, maker vaults and how they quote, spot pools.

Commands of the group ``admin``.
"""

from __future__ import annotations

from typing import Any, Final

import click

from plimsoll.cli import connection, output
from plimsoll.cli.admin_values import (
    named,
    read_assignments,
    read_number,
    read_value,
    require_sound,
)
from plimsoll.cli.app import USAGE, App, Failure, common, global_options
from plimsoll.cli.connection import Session
from plimsoll.cli.trading import client_id_option
from plimsoll.client.models import AssetInfo, Receipt
from plimsoll.config import Field, quote_fields, read_ratio, vault_fields
from plimsoll.decimal_text import parse_decimal
from plimsoll.messages import codes
from plimsoll.messages.commands import Command, CreateAsset
from plimsoll.messages.vault_params import QuoteParams, VaultParams
from plimsoll.messages.vaults import (
    AddSpotLiquidity,
    CreateSpotPool,
    CreateVault,
    RemoveSpotLiquidity,
    SetVaultMode,
    SetVaultParams,
    SetVaultQuote,
    SetVaultWhitelist,
)
from plimsoll.runtime.presets_vaults import virtual_assets

_USD: Final = "USD"
vault_argument = click.argument("ident", metavar="VAULT", type=click.IntRange(0))
account_option = click.option(
    "--account",
    type=click.IntRange(0),
    default=codes.TREASURY_ACCOUNT,
    show_default=True,
    help="An account of yours; 1 is the treasury.",
)


def _run(app: App, command: Command, client_id: str) -> Receipt:
    """Send a command with the operator's key."""
    values = named(command)

    async def work(session: Session) -> Receipt:
        return await session.client.command(values, client_id)

    return connection.run_operator(app, work)


async def _asset(session: Session, symbol: str) -> AssetInfo:
    """The asset of a symbol. Errors: `Failure`."""
    known = (await session.client.exchange()).assets
    for one in known:
        if one.symbol == symbol:
            return one
    names = ", ".join(one.symbol for one in known)
    raise Failure(f"there is no asset {symbol!r}: {names}", USAGE)


@click.command("create-asset")
@click.argument("symbol")
@click.option("--decimals", type=click.IntRange(0, 18), required=True, help="Of its smallest unit.")
@client_id_option
@common
@click.pass_obj
def create_asset(app: App, symbol: str, decimals: int, client_id: str) -> None:
    """Register the asset SYMBOL. The base of a hedged market has at most 12 decimals."""
    receipt = _run(app, CreateAsset(symbol.upper(), decimals), client_id)
    output.finish(app, receipt, f"asset {symbol.upper()} registered")


# Vaults --------------------------------------------------------------------------------------


@click.command("create-vault")
@click.argument("label")
@click.option("--kind", type=click.Choice(codes.VAULT_KINDS), required=True)
@click.option("--market", "symbol", help="The market of a hedged vault.")
@click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="NAME=VALUE",
    help="Set a parameter, such as cooldown_ms=86400000 or pool_1=0; may be repeated.",
)
@client_id_option
@global_options(hidden=True, sets=False)
@click.pass_obj
def create_vault(app: App, /, label: str, kind: str, symbol: str | None, **given: Any) -> None:
    """Open the vault LABEL: passive (one, in no market), or hedged on spot, in base or quote.

    A hedged vault's path on spot is pool_1 to pool_3, from the market's base to USD. The virtual
    assets of a base vault are what 1 USD is now, unless they are named. See `plimsoll params` for
    the parameters.
    """
    if (symbol is None) != (kind == codes.VAULT_KINDS[codes.PASSIVE_VAULT]):
        raise click.UsageError("a hedged vault needs --market, the passive one has none")
    # A dot is what tells the settings of the client from parameters of the vault.
    app.sets.extend(text for text in given["sets"] if "." in text.partition("=")[0])
    mine = [text for text in given["sets"] if "." not in text.partition("=")[0]]

    async def work(session: Session) -> Receipt:
        market, decimals, guard = -1, 6, None
        if symbol is not None:
            market, decimals, guard = await _market(session, symbol.upper(), kind)
        values = read_assignments(mine, vault_fields(decimals), "vault")
        if guard is not None and "virtual_shares" not in values:
            values.setdefault("virtual_assets", guard)
        params = VaultParams(**values)
        require_sound(params)
        command = CreateVault(codes.VAULT_KINDS.index(kind), market, label, params)
        return await session.client.command(named(command), given["client_id"])

    receipt = connection.run_operator(app, work)
    made = [one["vault"] for one in receipt.events if one["type"] == "VaultCreated"]
    ident = f" {made[0]}" if made else ""
    output.finish(app, receipt, f"vault{ident} opened: {label}, {kind}")


async def _market(session: Session, symbol: str, kind: str) -> tuple[int, int, int | None]:
    """A market's id, the decimals of the asset that a vault of its would be held in, and of a base
    vault what 1 USD is of it."""
    found = await session.client.market(symbol)
    base = int((await session.client.market_params(symbol))["base_asset"])
    if kind != codes.VAULT_KINDS[codes.BASE_VAULT] or base < 0:
        return found.market, 6, None
    known = {one.asset: one.decimals for one in (await session.client.exchange()).assets}
    decimals = known.get(base, 6)
    price = parse_decimal(found.oracle_price or "0", 6)
    return found.market, decimals, virtual_assets(price, decimals) if price else None


@click.command("set-vault")
@vault_argument
@click.argument("values", metavar="NAME=VALUE...", nargs=-1, required=True)
@client_id_option
@common
@click.pass_obj
def set_vault(app: App, ident: int, values: tuple[str, ...], client_id: str) -> None:
    """Change parameters of VAULT; those that are not named stay as they are."""
    prefix = "vault"

    async def work(session: Session) -> tuple[Any, ...]:
        found = await session.client.vault(ident)
        fields = vault_fields((await _asset(session, found.asset)).decimals)
        changes = read_assignments(values, fields, prefix)
        after = VaultParams(**_merged(VaultParams, found.params, changes))
        require_sound(after)
        command = named(SetVaultParams(ident, after))
        receipt = await session.client.command(command, client_id)
        return receipt, found.params, changes, fields

    done = connection.run_operator(app, work)
    _print_changes(app, f"Vault {ident}", prefix, *done)


@click.command("set-vault-quote")
@vault_argument
@click.argument("symbol", metavar="MARKET")
@click.argument("values", metavar="NAME=VALUE...", nargs=-1, required=True)
@client_id_option
@common
@click.pass_obj
def set_vault_quote(
    app: App, ident: int, symbol: str, values: tuple[str, ...], client_id: str
) -> None:
    """Change how the passive VAULT quotes in MARKET; what is not named stays. weight=0 stops it."""
    name, prefix = symbol.upper(), "quote"
    fields = quote_fields()
    changes = read_assignments(values, fields, prefix)

    async def work(session: Session) -> tuple[Any, ...]:
        market = (await session.client.market(name)).market
        known = {one.market: one.params for one in await session.client.vault_quotes(ident)}
        plain = dict(zip((one for one, _ in QuoteParams.FIELDS), QuoteParams().row(), strict=True))
        before: dict[str, Any] = known.get(name) or plain
        after = QuoteParams(**_merged(QuoteParams, before, changes))
        require_sound(after)
        command = named(SetVaultQuote(ident, market, after))
        receipt = await session.client.command(command, client_id)
        return receipt, before, changes, fields

    done = connection.run_operator(app, work)
    _print_changes(app, f"Quotes of vault {ident} in {name}", prefix, *done)


def _merged(
    kind: type[VaultParams | QuoteParams], before: dict[str, Any], changes: dict[str, Any]
) -> dict[str, Any]:
    """All parameters with the changes made. Errors: `Failure` where some are unknown here."""
    if before.keys() != {name for name, _ in kind.FIELDS}:
        # Whatever is left out would fall back to its default unnoticed.
        raise Failure("this exchange has other parameters than this program knows")
    return {**before, **changes}


def _print_changes(
    app: App,
    title: str,
    prefix: str,
    receipt: Receipt,
    before: dict[str, Any],
    changes: dict[str, Any],
    fields: dict[str, Field],
) -> None:
    """What was changed, before and after."""
    output.require_accepted(app, receipt)
    if app.json:
        old = {one: before[one] for one in changes}
        output.print_json({"receipt": receipt, "before": old, "after": changes})
        return
    rows = []
    for one, new in changes.items():
        show = fields[f"{prefix}.{one}"].show
        rows.append((one, show(before[one]), show(new)))
    head = f"{title}, record {receipt.seq}"
    output.console().print(output.table(head, ("parameter", "before", "now"), rows))


@click.command("vault-whitelist")
@vault_argument
@click.argument("account", type=click.IntRange(0))
@click.option("--remove", is_flag=True, help="Take it off.")
@client_id_option
@common
@click.pass_obj
def vault_whitelist(app: App, ident: int, account: int, remove: bool, client_id: str) -> None:
    """Put ACCOUNT on the whitelist of VAULT."""
    receipt = _run(app, SetVaultWhitelist(ident, account, not remove), client_id)
    where = "off" if remove else "on"
    output.finish(app, receipt, f"account {account} is {where} the whitelist of vault {ident}")


@click.command("vault-mode")
@vault_argument
@click.argument("mode", type=click.Choice(codes.MODES))
@client_id_option
@common
@click.pass_obj
def vault_mode(app: App, ident: int, mode: str, client_id: str) -> None:
    """Say what VAULT allows; what depositors have can be withdrawn in every mode."""
    receipt = _run(app, SetVaultMode(ident, codes.MODES.index(mode)), client_id)
    output.finish(app, receipt, f"vault {ident} is {mode}")


# Spot pools ----------------------------------------------------------------------------------


@click.command("create-spot-pool")
@click.argument("base")
@click.argument("quote", default=_USD)
@click.option("--fee", default="30bp", show_default=True, help="Of what comes in.")
@click.option("--virtual-base", default="0", help="Reserve that is only reckoned with.")
@click.option("--virtual-quote", default="0", help="Reserve that is only reckoned with.")
@client_id_option
@common
@click.pass_obj
def create_spot_pool(
    app: App, /, base: str, quote: str, fee: str, client_id: str, **virtual: str
) -> None:
    """Open an empty spot pool of BASE and QUOTE (USD if it is not named)."""
    field = Field(name="--fee", default=0, read=read_ratio, show=str)
    ratio = read_value(field, fee)

    async def work(session: Session) -> Receipt:
        one, two = [await _asset(session, name.upper()) for name in (base, quote)]
        reserves = [
            read_number(f"--virtual-{side}", virtual[f"virtual_{side}"], asset.decimals)
            for side, asset in (("base", one), ("quote", two))
        ]
        command = CreateSpotPool(one.asset, two.asset, ratio, reserves[0], reserves[1])
        return await session.client.command(named(command), client_id)

    receipt = connection.run_operator(app, work)
    made = [one["pool"] for one in receipt.events if one["type"] == "SpotPoolCreated"]
    ident = f" {made[0]}" if made else ""
    output.finish(app, receipt, f"spot pool{ident} opened: {base.upper()}/{quote.upper()}")


def _change_liquidity(
    app: App, kind: Any, pool: int, amounts: tuple[str, str], account: int, client_id: str
) -> Receipt:
    """Send a command about what a pool holds."""

    async def work(session: Session) -> Receipt:
        found = {one.pool: one for one in await session.client.spot_pools()}
        if pool not in found:
            raise Failure(f"there is no spot pool {pool}; see `plimsoll spot pools`", USAGE)
        assets = [await _asset(session, name) for name in (found[pool].base, found[pool].quote)]
        scaled = [
            read_number("the amount", text, asset.decimals)
            for text, asset in zip(amounts, assets, strict=True)
        ]
        return await session.client.command(named(kind(account, pool, *scaled)), client_id)

    return connection.run_operator(app, work)


def _both(amounts: tuple[str, str]) -> str:
    return " and ".join(map(output.grouped, amounts))


@click.command("add-spot-liquidity")
@click.argument("pool", type=click.IntRange(0))
@click.argument("base_amount")
@click.argument("quote_amount")
@account_option
@client_id_option
@common
@click.pass_obj
def add_liquidity(app: App, /, pool: int, account: int, client_id: str, **amounts: str) -> None:
    """Put BASE_AMOUNT and QUOTE_AMOUNT (one may be 0) into POOL; their ratio sets its price."""
    given = (amounts["base_amount"], amounts["quote_amount"])
    receipt = _change_liquidity(app, AddSpotLiquidity, pool, given, account, client_id)
    output.finish(app, receipt, f"pool {pool}: {_both(given)} put in")


@click.command("remove-spot-liquidity")
@click.argument("pool", type=click.IntRange(0))
@click.argument("base_amount")
@click.argument("quote_amount")
@account_option
@client_id_option
@common
@click.pass_obj
def remove_liquidity(app: App, /, pool: int, account: int, client_id: str, **amounts: str) -> None:
    """Take BASE_AMOUNT and QUOTE_AMOUNT (one may be 0) out of POOL."""
    given = (amounts["base_amount"], amounts["quote_amount"])
    receipt = _change_liquidity(app, RemoveSpotLiquidity, pool, given, account, client_id)
    output.finish(app, receipt, f"pool {pool}: {_both(given)} taken out")


COMMANDS: Final = (
    create_asset,
    create_vault,
    set_vault,
    set_vault_quote,
    vault_whitelist,
    vault_mode,
    create_spot_pool,
    add_liquidity,
    remove_liquidity,
)
