"""Adapters for the vAMM subjects of ``drift.json``: names and linear units only."""

from __future__ import annotations

from typing import Any

from plimsoll.core import curve, vamm
from plimsoll.core.rows import Vamm
from plimsoll.core.store import UndoLog
from plimsoll.messages.codes import BUY, SELL
from plimsoll.messages.params import MarketParams
from plimsoll.units import RATIO_SCALE, proportion
from tests.conformance.cases import Case
from tests.conformance.desk import SIDE
from tests.conformance.scaling import difference, magnitude, negated, side_of, whole
from tests.harness.scenario import market

SCALES = {"5": 1_082_840, "20": 1_020_710, "140000": 1_000_002, "1000000000": 1_000_000}
"""The reference sets a "scale"; ours is the coefficient it stands for."""


def row_of(given: dict[str, Any], spread: str = "0", **fields: str) -> Vamm:
    """A curve from the reference's field names."""
    names = {
        "x": "base_asset_reserve", "y": "quote_asset_reserve", "sqrt_k": "sqrt_k",
        "peg": "peg_multiplier", "net": "base_asset_amount_with_amm",
    }  # fmt: skip
    values = {name: whole(fields.get(name) or given.get(key, "0")) for name, key in names.items()}
    row = Vamm(UndoLog(), 0)
    row.long_spread = row.short_spread = whole(spread)
    row.x, row.y, row.sqrt_k = values["x"], values["y"], values["sqrt_k"]
    row.peg, row.net = values["peg"], values["net"]
    return row


def params_of(**fields: int) -> MarketParams:
    """Parameters of a vAMM."""
    return market(vamm_enabled=1, **fields)


def reserve_price(case: Case) -> dict[str, Any]:
    """The reservation price."""
    row = row_of(case.given)
    return {"reserve_price": str(curve.price(row.y, row.x, row.peg))}


def swap(case: Case) -> dict[str, Any]:
    """A swap against quoted reserves that the case gives as they are."""
    row = row_of(case.given)
    side = SIDE[case.when["direction"]]
    quoted = "ask" if side == BUY else "bid"
    x = whole(case.given[f"{quoted}_base_asset_reserve"])
    y = whole(case.given[f"{quoted}_quote_asset_reserve"])
    size = whole(case.when["swap_amount"])
    spread = curve.swap(x, y, row.sqrt_k, row.peg, side, size)
    real = curve.swap(row.x, row.y, row.sqrt_k, row.peg, side, size)
    plain = curve.plain_quote(row.y, real.y, row.peg, side)
    return {
        "quote_asset_amount": str(spread.quote),
        "quote_asset_amount_surplus": str(magnitude(difference(spread.quote, plain))),
        "base_asset_reserve": str(real.x),
        "quote_asset_reserve": str(real.y),
        "reserve_price_after": str(curve.price(real.y, real.x, row.peg)),
    }


def terminal_reserves(case: Case) -> dict[str, Any]:
    """Where the curve stands when everybody has closed."""
    row = row_of(case.given)
    row.y = curve.product_over(row.sqrt_k, row.x)
    closing = SELL if side_of(row.net) == BUY else BUY
    base = curve.swap(row.x, row.y, row.sqrt_k, row.peg, closing, magnitude(row.net)).x
    quote = vamm.terminal_quote_reserve(row)
    return {
        "terminal_base_asset_reserve": str(base),
        "terminal_quote_asset_reserve": str(quote),
        "terminal_price": str(curve.price(quote, base, row.peg)),
    }


def concentration(case: Case) -> dict[str, Any]:
    """The reserves at which a side closes; a coefficient that leaves no room is refused."""
    row = row_of(case.given)
    if case.when["op"] == "set_concentration_scale":
        coefficient = SCALES[case.when["scale"]]
    else:
        coefficient = whole(case.given["concentration_coef"])
        row = row_of({}, x=case.when["sqrt_k"])
    params = params_of(vamm_concentration=coefficient)
    buys, sells = vamm.open_side(row, params, BUY), vamm.open_side(row, params, SELL)
    refused = any(number == 24 for number, _ in params_of(
        vamm_concentration=coefficient).vamm_problems())  # fmt: skip
    if refused and buys == sells == 0:
        return {"error": "InvalidConcentrationCoef"}
    return {
        "min_base_asset_reserve": str(difference(row.x, buys)),
        "max_base_asset_reserve": str(difference(row.x, negated(sells))),
    }


def liquidity(case: Case) -> dict[str, Any]:
    """Bounds are given: with a coefficient of one, the terminal reserve is the bound."""
    low, high = case.given["min_base_asset_reserve"], case.given["max_base_asset_reserve"]
    row = row_of(case.given)

    def bounded(bound: str) -> Vamm:
        made = row_of(case.given)
        made.net = difference(whole(bound), row.x)
        return made

    params = params_of(
        vamm_concentration=RATIO_SCALE,
        vamm_max_fill_fraction=whole(case.given.get("max_fill_reserve_fraction", "1")),
        step=whole(case.given.get("order_step_size", "1")),
        vamm_sqrt_k=10**12,
        open_interest_max=10**12,
    )
    if case.when["op"] == "market_open_bids_asks":
        return {
            "max_bids": str(vamm.open_side(bounded(low), params, BUY)),
            "max_asks": str(negated(vamm.open_side(bounded(high), params, SELL))),
        }
    side = SIDE[case.when["direction"]]
    bound = bounded(low if side == BUY else high)
    return {"amount": str(vamm.available(bound, params, side))}


def amm_size_to_price(case: Case) -> dict[str, Any]:
    """How much brings the side to a limit; nothing if it is past it."""
    row = row_of(case.given)
    side = case.when["direction"]
    size = vamm.size_to_price(row, SIDE[side], whole(case.when["limit_price"]))
    return {"base_asset_amount": str(size), "resulting_direction": side}


def get_proportion(case: Case) -> dict[str, Any]:
    """v·n/d."""
    values = [whole(case.when[name]) for name in ("value", "numerator", "denominator")]
    return {"result": str(proportion(*values))}


ADAPTERS = {
    "reserve_price": reserve_price,
    "swap": swap,
    "terminal_reserves": terminal_reserves,
    "concentration": concentration,
    "liquidity": liquidity,
    "amm_size_to_price": amm_size_to_price,
    "proportion": get_proportion,
}
