"""``plimsoll bench``: how fast this machine runs the exchange. Only ratios travel well."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import click

BUILDS: Final = ("compiled", "pure")
_MAKE: Final = (
    "import sys; from pathlib import Path; from plimsoll.runtime import bench_workloads as w; "
    "w.save(w.make(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])), Path(sys.argv[4]))"
)


@click.group()
def bench() -> None:
    """Measure how fast this machine runs it."""


@bench.command()
@click.option("--ops", default=50_000, show_default=True, help="Commands of each kind.")
@click.option("--seed", default=7, show_default=True, help="Seed of the workloads.")
@click.option("--rounds", default=3, show_default=True, help="Rounds; medians are printed.")
@click.option(
    "--impl", default="compiled", show_default=True, help="Builds to run: compiled, pure, or both."
)
@click.option("--kinds", default="", help="Only these kinds, by comma.")
@click.option("--orders", default=50_000, show_default=True, help="Resting orders for memory.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
def core(
    ops: int, seed: int, rounds: int, impl: str, kinds: str, orders: int, as_json: bool
) -> None:
    """The core: commands per second by kind, drained in groups and by single calls; the journal
    on and off; memory. With two builds they run interleaved and must end in equal states."""
    from plimsoll.runtime.bench_workloads import KINDS

    builds = [name.strip() for name in impl.split(",") if name.strip()]
    for name in builds:
        if name not in BUILDS:
            raise click.BadParameter(f"{name} is not one of {', '.join(BUILDS)}", param_hint="impl")
    wanted = [name for name in kinds.split(",") if name] or list(KINDS)
    for name in wanted:
        if name not in KINDS:
            raise click.BadParameter(f"{name} is not one of {', '.join(KINDS)}", param_hint="kinds")
    with tempfile.TemporaryDirectory() as folder:
        files = _make(Path(folder), wanted, ops, seed)
        runs: dict[str, list[dict[str, Any]]] = {name: [] for name in builds}
        for number in range(rounds):
            for name in builds:
                arguments = [str(path) for path in files.values()]
                if "mixed" in files:
                    arguments.append(f"--journal={files['mixed']}")
                runs[name].append(_run(name, arguments))
                if number == 0:
                    # A process of its own: memory freed by other runs would hide the growth.
                    runs[name][0] |= {"memory": _run(name, [f"--memory={orders}"])["memory"]}
    report = _summarise(runs, wanted, ops, seed, rounds)
    if as_json:
        click.echo(json.dumps(report, indent=2))
    else:
        _show(report, builds)
    if not report["hashes_equal"]:
        raise click.ClickException("the builds end in different states")


def _make(folder: Path, kinds: list[str], ops: int, seed: int) -> dict[str, Path]:
    files = {kind: folder / f"{kind}.bin" for kind in kinds}
    for kind, path in files.items():
        arguments = [sys.executable, "-c", _MAKE, kind, str(ops), str(seed), str(path)]
        subprocess.run(arguments, check=True)  # noqa: S603 - this interpreter, our own module
    return files


def _run(build: str, arguments: list[str]) -> dict[str, Any]:
    environment = dict(os.environ)
    environment.pop("PLIMSOLL_PURE", None)
    if build == "pure":
        environment["PLIMSOLL_PURE"] = "1"
    done = subprocess.run(  # noqa: S603 - this interpreter, our own module
        [sys.executable, "-m", "plimsoll.runtime.bench", *arguments],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    loaded = "pure" if found["build"].startswith("interpreted") else "compiled"
    if loaded != build:
        raise click.ClickException(
            f"the {build} build is not installed here (loaded: {found['build']}); "
            "install with a C compiler, or leave it out of --impl"
        )
    return found


def _summarise(
    runs: dict[str, list[dict[str, Any]]], kinds: list[str], ops: int, seed: int, rounds: int
) -> dict[str, Any]:
    report: dict[str, Any] = {
        "machine": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        "ops": ops,
        "seed": seed,
        "rounds": rounds,
        "kinds": {},
        "builds": {},
        "hashes_equal": True,
    }
    for at, kind in enumerate(kinds):
        row: dict[str, Any] = {}
        hashes = set()
        for build, found in runs.items():
            for mode in ("drain", "calls"):
                rates = [run["kinds"][at][mode]["per_s"] for run in found]
                row[f"{build}_{mode}"] = _spread(rates)
            hashes |= {run["kinds"][at]["state_hash"] for run in found}
        if len(runs) == len(BUILDS):
            row["ratio_drain"] = row["compiled_drain"]["median"] / row["pure_drain"]["median"]
            row["ratio_calls"] = row["compiled_calls"]["median"] / row["pure_calls"]["median"]
        row["state_hash"] = min(hashes)
        report["hashes_equal"] = report["hashes_equal"] and len(hashes) == 1
        report["kinds"][kind] = row
    for build, found in runs.items():
        report["builds"][build] = {"memory": found[0].get("memory")}
        journalled = [run["journal"]["per_s"] for run in found if "journal" in run]
        if journalled:
            report["builds"][build]["mixed_with_journal"] = _spread(journalled)
    return report


def _spread(values: list[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def _show(report: dict[str, Any], builds: list[str]) -> None:
    from rich.console import Console
    from rich.table import Table

    both = len(builds) == len(BUILDS)
    table = Table(
        title=f"core, thousand commands per CPU second ({report['ops']:,} of each, "
        f"median of {report['rounds']} [min-max])"
    )
    table.add_column("workload")
    for build in builds:
        table.add_column(f"{build}, drained", justify="right")
        table.add_column(f"{build}, calls", justify="right")
    if both:
        table.add_column("ratio drained", justify="right")
        table.add_column("ratio calls", justify="right")
    table.add_column("state", justify="right")
    for kind, row in report["kinds"].items():
        cells = [kind]
        for build in builds:
            cells += [_rate(row[f"{build}_drain"]), _rate(row[f"{build}_calls"])]
        if both:
            cells += [f"{row['ratio_drain']:.1f}x", f"{row['ratio_calls']:.1f}x"]
        table.add_row(*cells, row["state_hash"][:12])
    console = Console()
    if not console.is_terminal:
        console = Console(width=150)
    console.print(table)
    for build in builds:
        found = report["builds"][build]
        memory = found["memory"]
        line = (
            f"{build}: {memory['bytes_per_resting_order']:.0f} bytes per resting order, "
            f"{memory['bytes_per_account']:.0f} per account"
        )
        if "mixed_with_journal" in found:
            line += (
                f"; mixed with the journal on (groups of 1,000, synced, wall): "
                f"{_rate(found['mixed_with_journal'])} k/s"
            )
        console.print(line, highlight=False)
    console.print("states equal" if report["hashes_equal"] else "STATES DIFFER", highlight=False)


def _rate(value: dict[str, float]) -> str:
    low, high = value["min"] / 1000, value["max"] / 1000
    return f"{value['median'] / 1000:,.0f} [{low:,.0f}-{high:,.0f}]"
