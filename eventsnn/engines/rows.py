"""Arrays of records for kernels: as they are for Numba, and with rows that have attributes where Numba is off."""

from typing import Any

import numpy as np


def zeros(size: int, kind: np.dtype) -> np.ndarray:
    """An array of records, all zero, that a kernel can work on."""
    return rows(np.zeros(size, kind))


def rows(array: np.ndarray) -> np.ndarray:
    """An array of records as a kernel can work on it; the same memory."""
    from numba import config

    return array.view(Rows) if getattr(config, "DISABLE_JIT", 0) else array


def in_time(time: np.ndarray, records: np.ndarray, keys: tuple[str, ...]) -> np.ndarray:
    """The order of records by fields, the first of which decide first; none is against the order of their times.

    Records are nearly in the order of time already, so to sort by it is quick, and few are left for the fields.
    """
    order: np.ndarray = np.argsort(time, kind="stable")
    equal = np.diff(time[order]) == 0.0
    tied = np.flatnonzero(np.append(equal, False) | np.append(False, equal))
    among = records[order[tied]]
    order[tied] = order[tied][np.lexsort([among[name] for name in reversed(keys)])]
    return order


class Rows(np.ndarray):
    """An array whose records are read and written as attributes, as in compiled code."""

    __array_priority__ = 1.0  # what is joined from such arrays is one again

    def __getitem__(self, place: Any) -> Any:
        found = super().__getitem__(place)
        return Row(found) if isinstance(found, np.void) else found

    def __setitem__(self, place: Any, value: Any) -> None:
        super().__setitem__(place, value._record if isinstance(value, Row) else value)


class Row:
    """One record: `row.v` reads and `row.v = 1.0` writes the array."""

    __slots__ = ("_record",)

    def __init__(self, record: np.void) -> None:
        object.__setattr__(self, "_record", record)

    def __getattr__(self, name: str) -> Any:
        return self._record[name].item()

    def __setattr__(self, name: str, value: Any) -> None:
        self._record[name] = value
