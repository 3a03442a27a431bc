"""What a study found: mean and spread over seeds, as text, Markdown and CSV."""

import csv
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

UNKNOWN = "-"


@dataclass(frozen=True)
class Number:
    """A metric of one setting over its seeds.

    Attributes:
        mean: over the runs that have it; None if none has.
        sd: sample standard deviation over them; None below two.
        n: how many have it.
    """

    mean: float | None
    sd: float | None
    n: int


def number(values: Sequence[float]) -> Number:
    """Mean and spread."""
    if not len(values):
        return Number(None, None, 0)
    if min(values) == max(values):  # without the rounding of a sum
        return Number(float(values[0]), 0.0 if len(values) > 1 else None, len(values))
    mean = math.fsum(values) / len(values)
    return Number(mean, float(np.std(values, ddof=1)) if len(values) > 1 else None, len(values))


@dataclass(frozen=True)
class Results:
    """All runs of a study.

    Attributes:
        name: of the study.
        settings: their names, in order.
        runs: one dictionary for each: `setting`, `given`, `seed`, `metrics`, `error` (None if it went well), `cpu` [s].
    """

    name: str
    settings: list[str]
    runs: list[dict[str, Any]]

    def of(self, setting: str) -> list[dict[str, Any]]:
        """The runs of one setting, by seed."""
        return [run for run in self.runs if run["setting"] == setting]

    @property
    def metrics(self) -> list[str]:
        """The names of all metrics, in the order of their first appearance."""
        return list(dict.fromkeys(name for run in self.runs for name in run["metrics"]))

    @property
    def failed(self) -> list[dict[str, Any]]:
        """The runs that ended in an error."""
        return [run for run in self.runs if run["error"] is not None]

    def values(self, setting: str, metric: str) -> list[float]:
        """What the runs of a setting measured, without those that have no such number."""
        found = [run["metrics"].get(metric) for run in self.of(setting)]
        return [float(value) for value in found if isinstance(value, (int, float))]

    def number(self, setting: str, metric: str) -> Number:
        """Mean and spread of a metric over the seeds of a setting."""
        return number(self.values(setting, metric))

    def csv(self) -> str:
        """One line per setting: mean, standard deviation and count of every metric."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        columns = [f"{name}_{what}" for name in self.metrics for what in ("mean", "sd", "n")]
        writer.writerow(["setting", "runs", "failed", *columns])
        for setting in self.settings:
            runs = self.of(setting)
            row = [setting, len(runs), sum(run["error"] is not None for run in runs)]
            for name in self.metrics:
                found = self.number(setting, name)
                row += ["" if x is None else repr(x) for x in (found.mean, found.sd)] + [found.n]
            writer.writerow(row)
        return out.getvalue()

    def rows(self, metrics: Sequence[str] | None = None) -> list[list[str]]:
        """Header and one row per setting, "mean ± standard deviation"; with a count where not all runs have it."""
        names = self.metrics if metrics is None else list(metrics)
        table = [["setting", *names, "runs"]]
        for setting in self.settings:
            runs = self.of(setting)
            bad = sum(run["error"] is not None for run in runs)
            cells = [shown(self.number(setting, name), len(runs) - bad) for name in names]
            table.append([setting, *cells, f"{len(runs)}" + f" ({bad} failed)" * bool(bad)])
        return table

    def markdown(self, metrics: Sequence[str] | None = None) -> str:
        """The table for a Markdown page."""
        return markdown(self.rows(metrics))

    def text(self, metrics: Sequence[str] | None = None) -> str:
        """The table for a terminal, and what failed."""
        errors = [f"failed: {run['setting']}, seed {run['seed']}: {run['error']}" for run in self.failed]
        return "\n".join([aligned(self.rows(metrics)), *errors])

    def __str__(self) -> str:
        return self.text()

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values."""
        table = {
            setting: {name: vars(self.number(setting, name)) for name in self.metrics} for setting in self.settings
        }
        return {"study": self.name, "table": table, "runs": self.runs}


def shown(found: Number, of: int) -> str:
    """Mean and spread in few digits."""
    if found.mean is None:
        return UNKNOWN
    some = f" ({found.n} of {of})" if found.n < of else ""
    if not found.sd:
        return f"{found.mean:.4g}{some}"
    digits = max(0, 1 - math.floor(math.log10(found.sd)))  # two digits of the spread
    return f"{found.mean:.{digits}f} ± {found.sd:.{digits}f}{some}"


def aligned(table: Sequence[Sequence[str]], words: int = 1) -> str:
    """Rows in columns; the first `words` columns are text."""
    width = [max(len(row[k]) for row in table) for k in range(len(table[0]))]

    def line(row: Sequence[str]) -> str:
        side: list[Callable[[str, int], str]] = [str.ljust if k < words else str.rjust for k in range(len(row))]
        return "  ".join(put(cell, w) for put, cell, w in zip(side, row, width, strict=True)).rstrip()

    return "\n".join([line(table[0]), "-" * len(line(table[0])), *map(line, table[1:])])


def markdown(table: Sequence[Sequence[str]], words: int = 1) -> str:
    """Rows as a Markdown table."""
    rule = ["---" if k < words else "---:" for k in range(len(table[0]))]
    return "\n".join(f"| {' | '.join(row)} |" for row in [table[0], rule, *table[1:]])
