"""Spike trains that draw pictures: the Radcliffe Camera, or any."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from eventsnn.datasets.folders import data_folder, file
from eventsnn.encode import columns
from eventsnn.errors import NetworkError

OXFORD_SOURCE = "https://github.com/fzenke/pub2018superspike (the folder themes)"
OXFORD_NEURONS, OXFORD_PERIOD = 200, 1.89


def oxford(path: str | Path | None = None) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The spike-to-spike pattern of SuperSpike: frozen input spikes, and those that draw the Radcliffe Camera.

    200 inputs with 1,889 spikes in all, and 200 outputs with 10,367, over 1.89 s (Zenke and Ganguli 2018,
    doi 10.1162/neco_a_01086).

    Args:
        path: folder with `oxford-input.ras` and `oxford-target.ras`; by default `$EVENTSNN_DATA/superspike`.

    Returns:
        Spike times [s] of every input and of every output, each in its order.

    Raises:
        FileNotFoundError: no such folder or files; names the public source.
        NetworkError: a file that is not what its name says.
    """
    here = data_folder("superspike", path, OXFORD_SOURCE)
    return _ras(here / "oxford-input.ras", first=0), _ras(here / "oxford-target.ras", first=1)


def _ras(path: Path, first: int) -> list[np.ndarray]:
    """The spike trains of a text file with a time and a neuron in each line, neurons counted from `first`."""
    try:
        rows = np.loadtxt(file(path, OXFORD_SOURCE), ndmin=2)
    except ValueError as error:
        raise NetworkError(f"{path}: {error}; each line is a time [s] and the number of a neuron") from error
    times, neurons = (rows.T if rows.shape[1] == 2 else np.full((2, 1), -1.0)) - [[0.0], [first]]
    if not np.all((times >= 0) & (times < OXFORD_PERIOD) & np.isin(neurons, np.arange(OXFORD_NEURONS))):
        raise NetworkError(
            f"{path}: each line is a time from 0 to {OXFORD_PERIOD} s and a neuron from {first} to "
            f"{OXFORD_NEURONS - 1 + first}; get the file again from {OXFORD_SOURCE}"
        )
    return [np.sort(times[neurons == i]) for i in range(OXFORD_NEURONS)]


def picture(
    path: str | Path | None = None, neurons: int = 40, duration: float = 0.9, column: float = 10e-3, seed: int = 0
) -> list[np.ndarray]:
    """Any picture as a target of spikes, which as many neurons draw from left to right; see `encode.columns`.

    The picture is brought to `neurons` rows and `duration / column` columns, whatever its proportions, by averages over
    areas. Colours become grey (ITU-R 601-2 luma); what is transparent is white. Each neuron is one row of pixels, and
    neuron 0 the lowest.

    Args:
        path: a file that Pillow can read, such as PNG or JPEG; None for the word "eventsnn".
        neurons: number of rows.
        duration: of the whole picture [s]; a multiple of `column`.
        column: how long one column lasts [s].
        seed: of the random shifts, and of which grey pixels spike.

    Returns:
        Spike times [s] of each neuron, as `TargetTrains` takes them.

    Raises:
        FileNotFoundError: no such file.
        NetworkError: a file that is no picture, a picture without a dark pixel, or sizes that cannot be.
    """
    if not isinstance(neurons, (int, np.integer)) or neurons < 1:
        raise NetworkError(f"picture: neurons is {neurons!r}; give a whole number from 1")
    if not (0 < column <= duration < math.inf) or abs(duration / column - round(duration / column)) > 1e-6:
        raise NetworkError(f"picture: duration is {duration} and column is {column}; give a multiple of the column [s]")
    shape = neurons, round(duration / column)
    trains = columns(_word("eventsnn", shape) if path is None else _darkness(Path(path), shape), column, seed)
    if not any(map(len, trains)):
        raise NetworkError(f"picture: {path} became {shape[1]} white columns; give a picture that is dark somewhere")
    return trains


def _darkness(path: Path, shape: tuple[int, int]) -> np.ndarray:
    """A picture from a file in grey, in the given numbers of rows and columns."""
    from PIL import Image  # comes with Matplotlib

    if not path.is_file():
        raise FileNotFoundError(f"there is no picture {path}; give a file such as a PNG or a JPEG")
    try:
        with Image.open(path) as image:
            coloured = image.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise NetworkError(f"{path} cannot be read as a picture ({error}); give a PNG or a JPEG") from error
    grey = Image.alpha_composite(Image.new("RGBA", coloured.size, "white"), coloured).convert("L")
    return 1.0 - np.asarray(grey.resize(shape[::-1], Image.Resampling.BOX)) / 255.0


def _word(text: str, shape: tuple[int, int]) -> np.ndarray:
    """A word in black that fills the given numbers of rows and columns."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import PathPatch
    from matplotlib.textpath import TextPath

    fine = 8  # pixels of the drawing along each side of a pixel of the result
    figure = Figure(figsize=(shape[1], shape[0]), dpi=fine)
    axes, letters = figure.add_axes((0.0, 0.0, 1.0, 1.0)), TextPath((0.0, 0.0), text)
    axes.add_patch(PathPatch(letters, color="black", linewidth=0.0))
    (left, low), (right, high) = letters.get_extents().get_points()
    edge_x, edge_y = 0.02 * (right - left), 0.15 * (high - low)
    axes.set(xlim=(left - edge_x, right + edge_x), ylim=(low - edge_y, high + edge_y))
    axes.axis("off")
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    grey = np.asarray(canvas.buffer_rgba())[:, :, 0] / 255.0
    return np.asarray(1.0 - grey.reshape(shape[0], fine, shape[1], fine).mean(axis=(1, 3)))
