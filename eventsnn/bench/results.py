"""What a benchmark reports: one record per case and engine, and the table of them."""

import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Run:
    """One repetition."""

    seconds: float  # CPU time
    events: int = 0  # synaptic events
    spikes: int = 0


@dataclass(frozen=True)
class Result:
    """One engine in one case: medians and extremes over the repetitions. None is for what has no meaning there."""

    name: str  # of the benchmark
    case: str
    engine: str
    version: str
    seed: int | None
    neurons: int | None
    synapses: int | None
    repetitions: int
    build: float | None  # wall time of building, and of compiling where that is needed [s]
    simulated: float | None  # model time of one repetition [s]
    rate: float | None  # mean firing rate [1/s of model time]
    events: int  # synaptic events of one repetition, median
    seconds: float  # of one repetition, median
    seconds_min: float
    seconds_max: float
    ns_per_event_median: float | None
    min: float | None  # [ns per event]
    max: float | None  # [ns per event]
    samples_per_second: float | None  # for training
    error: float | None  # largest difference from what is exact, relative to the largest value, where that is known
    load: float | None  # load average of the machine when the case ended

    def as_json(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)


def summary(name: str, case: str, engine: str, version: str, runs: Sequence[Run], **known: Any) -> Result:
    """Medians and extremes; what is not given in `known` is None."""
    costs = [1e9 * r.seconds / r.events for r in runs if r.events]
    seconds = [r.seconds for r in runs]
    neurons, simulated = known.get("neurons"), known.get("simulated")
    rate = median(r.spikes for r in runs) / neurons / simulated if neurons and simulated else None
    samples = known.get("samples")
    return Result(
        name=name,
        case=case,
        engine=engine,
        version=version,
        seed=known.get("seed"),
        neurons=neurons,
        synapses=known.get("synapses"),
        repetitions=len(runs),
        build=known.get("build"),
        simulated=simulated,
        rate=rate,
        events=int(median(r.events for r in runs)),
        seconds=median(seconds),
        seconds_min=min(seconds),
        seconds_max=max(seconds),
        ns_per_event_median=median(costs) if costs else None,
        min=min(costs, default=None),
        max=max(costs, default=None),
        samples_per_second=samples / median(seconds) if samples else None,
        error=known.get("error"),
        load=os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    )


def ratio(result: Result, results: Sequence[Result]) -> float | None:
    """How many times the time of this package's (first) engine in the same case."""
    ours = next(r for r in results if r.case == result.case)
    if ours is result:
        return None
    if ours.ns_per_event_median and result.ns_per_event_median:
        return result.ns_per_event_median / ours.ns_per_event_median
    return result.seconds / ours.seconds if ours.seconds > 0 else None


def table(results: Sequence[Result]) -> str:
    """All results, one per line, aligned."""
    head = [
        "case",
        "engine",
        "ns/event",
        "min",
        "max",
        "events",
        "rate",
        "seconds",
        "min",
        "max",
        "samples/s",
        "error",
        "ratio",
    ]
    rows = [head]
    for r in results:
        times = ratio(r, results)
        rows.append(
            [
                r.case, r.engine, *(number(x, "{:.1f}") for x in (r.ns_per_event_median, r.min, r.max)),
                f"{r.events:,}" if r.events else "-", number(r.rate, "{:.1f} Hz"),
                *(brief(x) for x in (r.seconds, r.seconds_min, r.seconds_max)),
                number(r.samples_per_second, "{:,.0f}"), number(r.error, "{:.1g}"), number(times, "x {:.1f}"),
            ]
        )  # fmt: skip
    used = [k for k in range(len(head)) if k < 2 or any(row[k] != "-" for row in rows[1:])]
    widths = {k: max(len(row[k]) for row in rows) for k in used}
    lines = ["  ".join(row[k].ljust(widths[k]) if k < 2 else row[k].rjust(widths[k]) for k in used) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def number(value: float | None, form: str) -> str:
    """A number, or - where there is none."""
    return "-" if value is None else form.format(value)


def brief(seconds: float) -> str:
    """Seconds in a readable unit."""
    unit, factor = next(((u, f) for u, f in (("s", 1.0), ("ms", 1e3)) if seconds * f >= 1.0), ("us", 1e6))
    return f"{seconds * factor:.3g} {unit}"


def machine() -> str:
    """Processor, number of cores, load, Python."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{model}, {os.cpu_count()} cores{load}; Python {sys.version.split()[0]}"
