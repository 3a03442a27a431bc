"""Distributions for weights, delays and initial states: small pieces of plain data that know how to be drawn."""

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from eventsnn.errors import NetworkError

LEAST_SHARE = 1e-3  # of a normal's values that must fall within its bounds, because the others are drawn again


@runtime_checkable
class Distribution(Protocol):
    """Anything with `sample(rng, n)`; a user's own needs nothing else."""

    def sample(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Draw n independent values."""


def _finite(**values: float) -> None:
    for name, value in values.items():
        if not math.isfinite(value):
            raise NetworkError(f"distribution parameter {name} is {value}; it must be a finite number")


@dataclass(frozen=True)
class uniform:
    """Uniform on [low, high)."""

    low: float
    high: float

    def __post_init__(self) -> None:
        _finite(low=self.low, high=self.high)
        if self.high < self.low:
            raise NetworkError(f"uniform({self.low}, {self.high}): high is below low; swap them")

    def sample(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Draw n independent values."""
        return rng.uniform(self.low, self.high, n)


@dataclass(frozen=True)
class normal:
    """Normal with given mean and standard deviation, values outside [low, high] drawn again."""

    mean: float
    std: float
    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        _finite(mean=self.mean, std=self.std)
        if self.std < 0:
            raise NetworkError(f"normal: std is {self.std}; it must not be negative")
        if not self.share() >= LEAST_SHARE:
            raise NetworkError(
                f"normal({self.mean}, {self.std}) falls in [{self.low}, {self.high}] with probability "
                f"{self.share():.1g}; give bounds around the mean, or use uniform"
            )

    def share(self) -> float:
        """The probability that a value lies within the bounds."""
        if self.std == 0.0:
            return float(self.low <= self.mean <= self.high)
        unit = self.std * math.sqrt(2.0)
        return 0.5 * (math.erf((self.high - self.mean) / unit) - math.erf((self.low - self.mean) / unit))

    def sample(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Draw n independent values."""
        values = rng.normal(self.mean, self.std, n)
        while (outside := (values < self.low) | (values > self.high)).any():
            values[outside] = rng.normal(self.mean, self.std, int(outside.sum()))
        return values


@dataclass(frozen=True)
class lognormal:
    """Log-normal: exp of a normal with mean `mu` and standard deviation `sigma`."""

    mu: float
    sigma: float

    def __post_init__(self) -> None:
        _finite(mu=self.mu, sigma=self.sigma)
        if self.sigma < 0:
            raise NetworkError(f"lognormal: sigma is {self.sigma}; it must not be negative")

    def sample(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Draw n independent values."""
        return rng.lognormal(self.mu, self.sigma, n)


@dataclass(frozen=True)
class exponential:
    """Exponential with given mean."""

    mean: float

    def __post_init__(self) -> None:
        _finite(mean=self.mean)
        if self.mean < 0:
            raise NetworkError(f"exponential: mean is {self.mean}; it must not be negative")

    def sample(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Draw n independent values."""
        return rng.exponential(self.mean, n)


def draw(value: object, n: int, rng: np.random.Generator, what: str, also: str = "") -> np.ndarray:
    """Turn a number, an array of n numbers, or a distribution into n finite float64 values.

    A single number becomes a view of one value (of stride 0), an array is copied. `also` names other shapes that the
    caller takes.

    Raises:
        NetworkError: another shape, or a value that is not finite; names `what` and the index.
    """
    if isinstance(value, type):
        raise NetworkError(f"{what} is the class {value.__name__}; give an object, such as {value.__name__}(...)")
    if hasattr(value, "sample"):
        values = np.array(value.sample(rng, n), dtype=np.float64)
    else:
        try:
            if value is None:
                raise TypeError("None would become NaN")
            values = np.array(value, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise NetworkError(f"{what} is {value!r}; give a number, an array or a distribution") from error
        if values.ndim == 0:
            values = np.broadcast_to(values, n)
    if values.shape != (n,):
        raise NetworkError(f"{what} has shape {values.shape}; it needs a number or one value for each of {n}{also}")
    if not np.isfinite(values).all():
        bad = int(np.flatnonzero(~np.isfinite(values))[0])
        raise NetworkError(f"{what}[{bad}] is {values[bad]}; it must be a finite number")
    return values
