"""Pictures as targets of spikes: which pixel becomes which spike, files that are no pictures, the word without any."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import eventsnn as es
from eventsnn import datasets
from eventsnn.encode import columns


@given(seed=st.integers(0, 100), rows=st.integers(1, 6), width=st.integers(1, 12), column=st.floats(1e-3, 2.0))
def test_black_is_a_spike_in_its_column_and_white_is_silence(seed, rows, width, column):
    """The lowest row is neuron 0; spikes are in order and within the picture."""
    black = np.random.default_rng(seed).random((rows, width)) < 0.5
    trains = columns(black.astype(float), column, seed)
    assert len(trains) == rows
    for row, train in zip(black[::-1], trains, strict=True):
        assert np.array_equal(np.floor(train / column + 1e-9).astype(int), np.flatnonzero(row))
        assert (np.diff(train) > 0).all()


def test_grey_pixels_spike_as_often_as_they_are_dark():
    """And neurons differ, as do seeds; the same seed gives the same spikes."""
    grey = np.full((4, 5000), 0.3)
    trains = columns(grey, seed=1)
    for train in trains:
        assert abs(len(train) / 5000 - 0.3) < 4 * np.sqrt(0.21 / 5000)
    assert not np.array_equal(trains[0], trains[1])
    assert np.array_equal(trains[2], columns(grey, seed=1)[2])
    assert not np.array_equal(trains[2], columns(grey, seed=2)[2])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (([0.1, 0.2],), r"shape \(2,\)"),
        ((np.zeros((0, 3)),), "shape"),
        (([[0.0, 1.5]],), r"darkness\[0, 1\] is 1.5"),
        (([[np.nan]],), "is nan"),
        (([[1.0]], 0.0), "column is 0.0"),
    ],
)
def test_what_is_no_picture_is_refused(arguments, says):
    with pytest.raises(es.NetworkError, match=says):
        columns(*arguments)


def test_a_file_is_read_in_grey_on_white(tmp_path):
    """Left black, then white, then transparent, then grey, in the upper half; in colour, in other proportions."""
    image = Image.new("RGBA", (80, 60), "white")
    image.paste("black", (0, 0, 20, 30))
    image.paste((0, 0, 0, 0), (40, 0, 60, 30))
    image.paste((128, 128, 128, 255), (60, 0, 80, 30))
    image.save(tmp_path / "a.png")
    trains = datasets.picture(tmp_path / "a.png", neurons=40, duration=4.0)
    counts = np.array([np.histogram(t, 4, (0.0, 4.0))[0] for t in trains])
    assert counts[:20].sum() == 0
    assert (counts[20:, 0] == 100).all()
    assert counts[20:, 1:3].sum() == 0
    assert 0.45 < counts[20:, 3].mean() / 100 < 0.55
    for mode in ("RGB", "L", "P", "1"):  # the transparent part is black in some of them
        image.convert(mode).save(tmp_path / "b.png")
        left = np.concatenate(datasets.picture(tmp_path / "b.png", neurons=40, duration=4.0)[20:])
        assert (left < 1.0).sum() == 2000


def test_the_word_needs_no_file():
    """It is dark in part, and the same every time."""
    one, two = datasets.picture(neurons=20, duration=0.5), datasets.picture(neurons=20, duration=0.5)
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    assert len(one) == 20
    assert 0.1 < sum(map(len, one)) / (20 * 50) < 0.5
    es.TargetTrains(one, period=0.5)


def test_files_and_sizes_that_cannot_be(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no picture .*none\.png"):
        datasets.picture(tmp_path / "none.png")
    (tmp_path / "text.png").write_text("not a picture", encoding="utf-8")
    with pytest.raises(es.NetworkError, match=r"text\.png cannot be read as a picture"):
        datasets.picture(tmp_path / "text.png")
    Image.new("L", (8, 8), 255).save(tmp_path / "white.png")
    with pytest.raises(es.NetworkError, match=r"white\.png became 90 white columns"):
        datasets.picture(tmp_path / "white.png")
    Image.effect_noise((99, 99), 50).save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:2000])
    with pytest.raises(es.NetworkError, match=r"cut\.png cannot be read"):
        datasets.picture(tmp_path / "cut.png")
    for wrong in ({"neurons": 0}, {"neurons": 2.5}, {"duration": 0.905}, {"duration": 0.0}, {"column": -1.0}):
        with pytest.raises(es.NetworkError, match=f"{next(iter(wrong))} is"):
            datasets.picture(**wrong)
