"""Fixed-point helpers: values, ranges, and agreement of their three forms."""

from __future__ import annotations

import importlib.util
import random
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from fractions import Fraction
from math import ceil, floor, trunc
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll import units, units_exact

SOURCE = Path(units_exact.__file__).with_name("units.py")
M = units.AMOUNT_MAX
EDGES = (
    *(0, 1, 2, 3, 10**6 - 1, 10**6, 10**6 + 1, 10**9 - 1, 10**9, 10**9 + 1),
    *(2**k + d for k in (30, 31, 32, 45, 46, 50, 53, 54, 58, 60, 61, 62) for d in (-1, 0, 1)),
    *(2**63 - 1, 2**63, 2**63 + 1, 2**64, 2**80),
)
PRODUCTS: dict[str, int] = {
    "mul_div_floor": 3,
    "mul_div_ceil": 3,
    "mul_div_signed_floor": 3,
    "mul_div_toward_zero": 3,
    "notional_floor": 2,
    "notional_ceil": 2,
    "at_rate_floor": 2,
    "at_rate_ceil": 2,
}
OTHERS: dict[str, int] = {
    "div_floor": 2,
    "div_ceil": 2,
    "div_toward_zero": 2,
    "isqrt": 1,
    "step_floor": 2,
    "step_ceil": 2,
    "signed_step": 2,
    "proportion": 3,
    "weighted_average": 5,
}
EXACT_VALUE: dict[str, Callable[..., int]] = {
    "mul_div_floor": lambda a, b, c: floor(Fraction(a * b, c)),
    "mul_div_ceil": lambda a, b, c: ceil(Fraction(a * b, c)),
    "mul_div_signed_floor": lambda a, b, c: floor(Fraction(a * b, c)),
    "mul_div_toward_zero": lambda a, b, c: trunc(Fraction(a * b, c)),
    "notional_floor": lambda p, s: floor(Fraction(p * s, 10**9)),
    "notional_ceil": lambda p, s: ceil(Fraction(p * s, 10**9)),
    "at_rate_floor": lambda a, r: floor(Fraction(a * r, 10**6)),
    "at_rate_ceil": lambda a, r: ceil(Fraction(a * r, 10**6)),
}


def in_range(name: str, arguments: tuple[int, ...]) -> bool:
    """The documented range of the arguments of a product helper."""
    a, b = arguments[:2]
    if name.startswith("notional"):
        return 0 <= a <= 2**46 - 1 and 0 <= b <= M
    if name.startswith("at_rate"):
        return 0 <= a <= M and 0 <= b <= 10**9
    low = -M if name in ("mul_div_signed_floor", "mul_div_toward_zero") else 0
    return low <= a <= M and 0 <= b <= M and 0 < arguments[2] <= M


def expected(name: str, arguments: tuple[int, ...]) -> int | None:
    """The value by rational arithmetic, or None where the call must be refused."""
    if not in_range(name, arguments):
        return None
    value = EXACT_VALUE[name](*arguments)
    return value if -M <= value <= M else None


def outcome(module: ModuleType, name: str, arguments: tuple[int, ...]) -> int | str:
    """The result, or the text of the RangeError."""
    try:
        return int(getattr(module, name)(*arguments))
    except module.RangeError as refused:
        return str(refused)


def load_source(name: str) -> ModuleType:
    """A second, interpreted copy of units.py, with its digit-wise forms in place."""
    spec = importlib.util.spec_from_file_location(name, SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


DIGITS = load_source("units_digits")


def a_number(rng: random.Random) -> int:
    """An edge value, or a random one of random width; sometimes negative."""
    at_edge = rng.random() < 0.35
    value: int = rng.choice(EDGES) if at_edge else rng.getrandbits(rng.randint(1, 62))
    return -value if rng.random() < 0.08 else value


def near_limit(rng: random.Random, name: str) -> tuple[int, ...]:
    """Arguments whose result lies next to AMOUNT_MAX."""
    shift = rng.randint(-3, 3)
    if name.startswith("notional"):
        price = rng.randint(10**9, 2**46 - 1)
        return price, min(M, M * 10**9 // price + shift)
    if name.startswith("at_rate"):
        ppm = rng.randint(10**6, 10**9)
        return min(M, M * 10**6 // ppm + shift), ppm
    a = rng.getrandbits(rng.randint(3, 62)) | 5
    if rng.random() < 0.5:
        # The quotient is AMOUNT_MAX and a fraction, so that only rounding up leaves the range.
        c = a - 1
        return a, (M * c + a - 1) // a, c
    c = rng.getrandbits(rng.randint(1, a.bit_length())) | 1
    return a, min(M, max(0, M * c // a + shift)), c


def cases(seed: int, count: int, helpers: dict[str, int]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Reproducible calls over all ``helpers``: random, at edges, and next to the limit."""
    rng = random.Random(seed)
    names = sorted(helpers)
    for index in range(count):
        name = names[index % len(names)]
        if name in PRODUCTS and rng.random() < 0.2:
            yield name, near_limit(rng, name)
        else:
            yield name, tuple(a_number(rng) for _ in range(helpers[name]))


number = st.one_of(
    st.sampled_from([*EDGES, *(-edge for edge in EDGES)]),
    st.integers(min_value=-M, max_value=M),
    st.integers(min_value=0, max_value=2**40),
)


@given(name=st.sampled_from(sorted(PRODUCTS)), a=number, b=number, c=number)
def test_products_equal_rational_arithmetic(name: str, a: int, b: int, c: int) -> None:
    """Each product gives the exact quotient in its rounding, or a refusal, in both forms."""
    arguments = (a, b, c)[: PRODUCTS[name]]
    want = expected(name, arguments)
    for module in (DIGITS, units):
        got = outcome(module, name, arguments)
        assert got == want if want is not None else isinstance(got, str)


def test_digit_forms_agree_with_one_liners() -> None:
    """Interpreted digit-wise helpers and big-integer helpers give equal values and refusals."""
    probe = ModuleType("probe")
    probe.RangeError = units.RangeError  # type: ignore[attr-defined]
    units_exact.replace_in(probe)
    values = refusals = 0
    for name, arguments in cases(1, 60_000, PRODUCTS):
        want = outcome(probe, name, arguments)
        assert outcome(DIGITS, name, arguments) == want, (name, arguments)
        if isinstance(want, str):
            refusals += 1
        else:
            values += 1
            assert want == expected(name, arguments), (name, arguments)
    assert values > 15_000
    assert refusals > 5_000


def test_compiled_form_agrees(tmp_path: Path) -> None:
    """units.py compiled by mypyc equals the interpreted forms, in values and in refusals."""
    compiled = compile_units(tmp_path)
    for name, arguments in cases(2, 200_000, PRODUCTS | OTHERS):
        want = outcome(units, name, arguments)
        assert outcome(compiled, name, arguments) == want, (name, arguments)
    for bounded in ((5, 0, 4), (-1, 0, 4), (2**70, 0, M), (3, 0, 4)):
        assert require_outcome(compiled, *bounded) == require_outcome(units, *bounded)


def require_outcome(module: ModuleType, value: int, low: int, high: int) -> str | None:
    """The text of the refusal of require_range, if any."""
    try:
        module.require_range(value, low, high, "size")
    except module.RangeError as refused:
        return str(refused)
    return None


def compile_units(folder: Path) -> ModuleType:
    """units.py compiled into ``folder`` and loaded; skips where that cannot be done."""
    if importlib.util.find_spec("mypyc") is None:
        pytest.skip("mypyc is not installed")
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        pytest.skip(f"no C compiler ({compiler})")
    copy = folder / "units_compiled.py"
    shutil.copy(SOURCE, copy)
    done = subprocess.run(
        [sys.executable, "-m", "mypyc", copy.name],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode != 0 and "Python.h" in done.stderr + done.stdout:
        pytest.skip("the headers of Python are not installed")
    assert done.returncode == 0, done.stdout + done.stderr
    (library,) = [
        path for suffix in (".so", ".pyd") for path in folder.glob(f"units_compiled*{suffix}")
    ]
    spec = importlib.util.spec_from_file_location("units_compiled", library)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert not str(module.__file__).endswith(".py")
    return module


@given(a=st.integers(), b=st.integers())
def test_divisions_of_any_width(a: int, b: int) -> None:
    """The plain divisions round as named for every pair of signs."""
    for name, rounding in (("floor", floor), ("ceil", ceil), ("toward_zero", trunc)):
        divide = getattr(units, f"div_{name}")
        if b == 0:
            with pytest.raises(units.RangeError):
                divide(a, b)
        else:
            assert divide(a, b) == rounding(Fraction(a, b))


@given(n=st.integers(min_value=0, max_value=2**200))
def test_isqrt(n: int) -> None:
    """The square of the root is the largest one not above the number."""
    root = units.isqrt(n)
    assert root * root <= n < (root + 1) * (root + 1)


def test_isqrt_refuses_negative() -> None:
    """There is no root of a negative number."""
    with pytest.raises(units.RangeError):
        units.isqrt(-1)


@given(v=st.integers(min_value=0, max_value=M), step=st.integers(min_value=1, max_value=2**40))
def test_steps(v: int, step: int) -> None:
    """Steps are multiples around the value; the signed one moves toward zero."""
    low = units.step_floor(v, step)
    assert low % step == 0
    assert low <= v < low + step
    assert units.signed_step(v, step) == low
    assert units.signed_step(-v, step) == -low
    want = low if low == v else low + step
    if want <= M:
        assert units.step_ceil(v, step) == want
    else:
        with pytest.raises(units.RangeError):
            units.step_ceil(v, step)


@pytest.mark.parametrize("name", ["step_floor", "step_ceil", "signed_step"])
@pytest.mark.parametrize("arguments", [(1, 0), (1, -1), (M + 1, 1), (-M - 1, 1), (1, 2**63)])
def test_steps_refuse(name: str, arguments: tuple[int, int]) -> None:
    """A step that is not positive and values beyond the range are refused."""
    with pytest.raises(units.RangeError):
        getattr(units, name)(*arguments)


def test_unsigned_steps_refuse_negative_values() -> None:
    """Only signed_step takes a negative value."""
    for step in (units.step_floor, units.step_ceil):
        with pytest.raises(units.RangeError):
            step(-1, 10)


@pytest.mark.parametrize(
    ("arguments", "want"),
    [
        ((100_000_000, 110_000_000, 3590, 10), 100_027_776),
        ((100, 110, 0, 10), 110),
        ((100, 110, 10, 0), 100),
        ((10, 20, 1, 1), 15),
        ((10, 20, 1, 2), 17),
        ((20, 10, 5, 2), 16),
        ((10, 10, 2, 2), 10),
        ((10, 20, 1, 2, 0), 16),
        ((0, 0, 3, 3, -1), 0),
        ((0, 0, 3, 3, 1), 1),
        ((-1, -2, 1, 1, 0), -1),
        ((-10, -30, 2, 2), -21),
    ],
)
def test_weighted_average(arguments: tuple[int, ...], want: int) -> None:
    """Truncated average, moved by the bias; zero weights return the other value."""
    assert units.weighted_average(*arguments) == want


def test_weighted_average_refuses_negative_weights() -> None:
    """A weight below zero is refused."""
    with pytest.raises(units.RangeError):
        units.weighted_average(1, 2, -1, 2)


@pytest.mark.parametrize(
    ("arguments", "want"),
    [
        ((1000000036297, 999999999369, 1000000042597), 999999993069),
        ((999999999369, 1000000042597, 1000000036297), 1000000005668),
        ((2**64, 2**64, 2**64), 2**64),
        ((2**70, 1, 3), 2**70 // 3),
        ((7, 2, 3), 4),
    ],
)
def test_proportion(arguments: tuple[int, int, int], want: int) -> None:
    """The share n/d of a value of any width, rounded down."""
    assert units.proportion(*arguments) == want


@pytest.mark.parametrize("arguments", [(-1, 1, 1), (1, -1, 1), (1, 1, 0), (1, 1, -1)])
def test_proportion_refuses(arguments: tuple[int, int, int]) -> None:
    """Negative values and a denominator that is not positive are refused."""
    with pytest.raises(units.RangeError):
        units.proportion(*arguments)


def test_require_range() -> None:
    """Both bounds are allowed; beyond them the error names the value."""
    units.require_range(0, 0, 5, "size")
    units.require_range(5, 0, 5, "size")
    with pytest.raises(units.RangeError, match=r"size is 6, outside 0 \.\. 5"):
        units.require_range(6, 0, 5, "size")
    with pytest.raises(units.RangeError):
        units.require_range(-1, 0, 5, "size")


def test_refusal_of_a_huge_integer() -> None:
    """An integer too long to print is refused like any other."""
    with pytest.raises(units.RangeError, match="<20001-bit integer>"):
        units.mul_div_floor(1 << 20_000, 1, 1)


def test_every_product_has_a_one_liner() -> None:
    """The helpers made of digits, and only they, are replaced when interpreted."""
    assert set(units_exact.REPLACED) == set(PRODUCTS)


def test_scales() -> None:
    """The ranges and scales are the ones stored data relies on."""
    assert (units.AMOUNT_MAX, units.PRICE_MAX) == (2**62 - 1, 2**46 - 1)
    assert units.I64_MAX == 2**63 - 1
    assert units.PRICE_SCALE * units.BASE_SCALE == units.QUOTE_SCALE * units.LOT
    assert issubclass(units.RangeError, ArithmeticError)
