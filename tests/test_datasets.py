"""Data sets: the samples that were published, files that are not what they should be, and latencies given by levels."""

import gzip
import hashlib
import io
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import eventsnn as es
from eventsnn import datasets
from eventsnn.demo.runner import digest

DATA = Path(os.environ.get("EVENTSNN_DATA", Path(__file__).parents[2] / "shared" / "data"))
PUBLISHED = {  # SHA-256 of the files in publication_data of lkriener/yin_yang_data_set
    "train": (
        "88ce43d8e7620b4dcd0712a582882325e609183eb71f2368cce8e87930e122d5",
        "d38863599b41c3d67d5e606b21c3ea10f7956758471e946adcb120c4e5ae31c9",
    ),
    "validation": (
        "88f7e23daf578da390fe3ca10370d38fdb6060a08249ecb1be832e3e6cce75d3",
        "abd956deb8e62f528a271d323c7498e6d331cd261f143b539b1219d274936008",
    ),
    "test": (
        "1559e64b45a5e28df8a9d1158d891383d5745b0af2edbbca31ca4e2faeb95b4c",
        "b4337aa983ea3928d1d8ee78268e8e266ede6ca3a401ade7b02eb47c9d90be93",
    ),
}


def here(name):
    """A folder of real data, or a skip that names it."""
    if not (DATA / name).is_dir():
        pytest.skip(f"no {name} data in {DATA}; set EVENTSNN_DATA")
    return DATA / name


# -- Yin-Yang ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("split", PUBLISHED)
def test_drawn_yin_yang_samples_are_the_published_files_byte_for_byte(split):
    found = []
    for array in datasets.yin_yang_points(*datasets.YIN_YANG_SPLITS[split]):
        file = io.BytesIO()
        np.save(file, array)
        found.append(hashlib.sha256(file.getvalue()).hexdigest())
    assert tuple(found) == PUBLISHED[split]


def test_yin_yang_from_files_is_yin_yang_drawn(monkeypatch, tmp_path):
    monkeypatch.setenv("EVENTSNN_DATA", str(tmp_path))
    for drawn, read in zip(datasets.yin_yang(), datasets.yin_yang(here("yinyang")), strict=True):
        assert np.array_equal(drawn.times, read.times)
        assert np.array_equal(drawn.labels, read.labels)


@given(st.floats(0, 1), st.floats(0, 1))
def test_yin_is_yang_turned_about_the_centre(x, y):
    kind = datasets.yin_yang_class(x, y)
    turned = datasets.yin_yang_class(1.0 - x, 1.0 - y)
    right, left = np.hypot(x - 0.75, y - 0.5), np.hypot(x - 0.25, y - 0.5)
    edges = [abs(np.hypot(x - 0.5, y - 0.5) - 0.5), abs(y - 0.5)]
    edges += [abs(d - r) for d in (right, left) for r in (0.1, 0.25)]
    assume(min(edges) > 1e-9)  # on an edge it is one of the two
    assert turned == {-1: -1, 0: 1, 1: 0, 2: 2}[kind]


def test_yin_yang_latencies():
    points, labels = datasets.yin_yang_points(1000, 40)
    _, _, test = datasets.yin_yang(early=0.5, late=1.5, bias=0.7)
    np.testing.assert_allclose(test.times[:, :4], 0.5 + points, rtol=0, atol=1e-15)
    assert (test.times[:, 4] == 0.7).all()
    assert np.array_equal(test.labels, labels)
    assert datasets.yin_yang(bias=None)[0].times.shape == (5000, 4)


def test_a_folder_without_yin_yang_names_the_source(tmp_path):
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(FileNotFoundError, match="lkriener/yin_yang_data_set"):
            datasets.yin_yang(folder)


# -- MNIST ------------------------------------------------------------------------------------------------------------


def idx(array):
    """An IDX file."""
    head = [0x800 + array.ndim, *array.shape]
    return b"".join(n.to_bytes(4, "big") for n in head) + array.astype(np.uint8).tobytes()


def small_mnist(folder, n=12, packed=True):
    """Random images in the format of MNIST."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {}
    for split in ("train", "t10k"):
        images = rng.integers(0, 256, (n, 28, 28)) * (rng.random((n, 28, 28)) < 0.2)
        arrays[f"{split}-images-idx3-ubyte"] = images
        arrays[f"{split}-labels-idx1-ubyte"] = rng.integers(0, 10, n)
    for name, array in arrays.items():
        content = idx(array)
        (folder / (f"{name}.gz" if packed else name)).write_bytes(gzip.compress(content) if packed else content)
    return arrays


@pytest.mark.parametrize("packed", [True, False])
def test_mnist_files_as_latencies(tmp_path, packed):
    arrays = small_mnist(tmp_path, packed=packed)
    train, test = datasets.mnist(tmp_path, early=0.25, late=1.25)
    for samples, split in ((train, "train"), (test, "t10k")):
        grey = arrays[f"{split}-images-idx3-ubyte"].reshape(12, 784)
        times = samples.levels[samples.times]
        assert np.isinf(times[grey == 0]).all()
        np.testing.assert_allclose(times[grey > 0], 1.25 - grey[grey > 0] / 255.0, rtol=0, atol=1e-15)
        assert np.array_equal(samples.labels, arrays[f"{split}-labels-idx1-ubyte"])
        assert samples.times.itemsize == 1


def test_mnist_itself():
    train, test = datasets.mnist(here("mnist"))
    assert np.bincount(train.labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(test.labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    for samples, known in ((train, "6bbc9ace898e44ae57da46a324031adb"), (test, "2646ac647ad5339dbf082846283269ea")):
        images = samples.times.reshape(-1, 28, 28)
        assert hashlib.md5(idx(images)).hexdigest() == known


def test_mnist_that_is_not_there_names_the_source(tmp_path, monkeypatch):
    monkeypatch.setenv("EVENTSNN_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"EVENTSNN_DATA.*yann\.lecun\.com"):
        datasets.mnist()
    small_mnist(tmp_path / "mnist")
    (tmp_path / "mnist" / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(FileNotFoundError, match=r"t10k-labels-idx1-ubyte \(or t10k-labels-idx1-ubyte.gz\).*lecun"):
        datasets.mnist()


def cut(content):
    return gzip.compress(gzip.decompress(content)[:-1])


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda content: content[:-20], "cannot be unpacked"),
        (lambda content: b"none", "cannot be unpacked"),
        (cut, "may have been cut short"),
        (lambda content: gzip.compress(idx(np.zeros(12))), "begins with 2049, not 2051"),
        (lambda content: gzip.compress(b""), "begins with 0"),
        (lambda content: gzip.compress(idx(np.zeros((11, 28, 28)))), "11 train images, but 12 labels"),
    ],
)
def test_a_file_that_is_no_mnist(tmp_path, spoil, says):
    small_mnist(tmp_path)
    file = tmp_path / "train-images-idx3-ubyte.gz"
    file.write_bytes(spoil(file.read_bytes()))
    with pytest.raises(es.NetworkError, match=says):
        datasets.mnist(tmp_path)


# -- levels -----------------------------------------------------------------------------------------------------------


def heard(stimulus, engine="reference"):
    """The network whose inputs heard a stimulus for four samples."""
    net = es.Network(1, engine)
    x = net.add(es.Latency(), stimulus.times.shape[1], name="x")
    net.stimulate(stimulus, x)
    return net.run(4 * stimulus.period)


@given(st.lists(st.lists(st.integers(0, 3), min_size=3, max_size=3), min_size=4, max_size=4))
def test_levels_are_the_latencies_they_stand_for(rows):
    levels, labels = np.array([np.inf, 0.0, 0.25, 1.5]), np.zeros(4, int)
    by_level = heard(es.Stimulus(np.array(rows, np.uint8), labels, 2.0, levels=levels))
    by_time = heard(es.Stimulus(levels[np.array(rows)], labels, 2.0))
    assert digest([by_level]) == digest([by_time])


def test_levels_are_kept_in_a_file(tmp_path):
    net = heard(es.Stimulus(np.array([[1, 0], [2, 1]], np.uint8), [0, 1], 2.0, levels=[0.0, 0.5, np.inf]))
    net.save(tmp_path / "net")
    again = es.Network.load(tmp_path / "net")
    assert digest([again.run(4.0)]) == digest([net.run(4.0)])
    assert again.population("stimulus").model.times.dtype == np.uint8


@pytest.mark.parametrize(
    ("times", "levels", "says"),
    [
        ([[0, 2]], [0.0, 1.0], "times go from 0 to 2, but there are 2 levels"),
        ([[0, -1]], [0.0, 1.0], "times go from -1 to 0"),
        ([[0.5, 1.0]], [0.0, 1.0], "times that are whole numbers"),
        ([[0, 1]], [0.0, -1.0], r"levels\[1\] is -1.0"),
        ([[0, 1]], [[0.0, 1.0]], "give a list of latencies"),
    ],
)
def test_levels_that_cannot_be(times, levels, says):
    with pytest.raises(es.NetworkError, match=says):
        es.Stimulus(times, [0], 1.0, levels=levels)


def test_samples_with_different_levels_are_not_joined(tmp_path):
    small_mnist(tmp_path)
    (train, test), (_, other) = datasets.mnist(tmp_path), datasets.mnist(tmp_path, late=3.0)
    both = datasets.Samples.join(train, test.without_labels()[:5])
    assert len(both) == 17
    assert both.levels is not None
    with pytest.raises(es.NetworkError, match="different levels"):
        datasets.Samples.join(train, other)


def test_the_end_of_a_stimulus_is_when_nothing_more_comes():
    stimulus = es.Stimulus([[0.0], [1.5]], [0, -1], 2.0, start=1.0, passes=3)
    assert stimulus.end == 13.0
    net = es.Network()
    x = net.add(es.Latency(), name="x")
    net.stimulate(stimulus, x)
    assert len(net.run(until=13.0).spikes(x)) == len(net.run(until=50.0).spikes(x)) == 6
    assert es.Stimulus([[0.0]], [0], 2.0).end == np.inf


def test_images_move_by_a_pixel_and_nothing_comes_in():
    image = np.full((5, 4), np.inf)
    image[2, 1], image[0, 3] = 0.25, 0.5
    stimulus = es.Stimulus(image.reshape(1, -1), [0], 1.0, passes=200, seed=5, shape=(5, 4), moved=1)
    places = set()
    for shown in stimulus.presented(0, [0] * 200).reshape(-1, 5, 4):
        ((y, x),) = np.argwhere(shown == 0.25)
        places.add((int(y), int(x)))
        wanted = {(2, 1): 0.25, (0, 3): 0.5}
        inside = {
            (a + y - 2, b + x - 1): t for (a, b), t in wanted.items() if 0 <= a + y - 2 < 5 and 0 <= b + x - 1 < 4
        }
        assert {tuple(map(int, at)): shown[tuple(at)] for at in np.argwhere(np.isfinite(shown))} == inside
    assert places == {(y, x) for y in (1, 2, 3) for x in (0, 1, 2)}


def test_spikes_that_get_lost_are_others_each_time():
    times = np.where(np.arange(400) < 300, 0.25, np.inf)[None]
    stimulus = es.Stimulus(times, [0], 1.0, passes=3, seed=5, lost=0.2)
    shown = stimulus.presented(0, [0, 0, 0])
    came = np.isfinite(shown)
    assert set(shown[came]) == {0.25}
    assert not came[:, 300:].any()
    assert np.all(np.abs(came[:, :300].mean(axis=1) - 0.8) < 4 * np.sqrt(0.2 * 0.8 / 300))
    assert len({row.tobytes() for row in came}) == 3
    assert len((net := heard(stimulus)).spikes(net.population("x"))) == came.sum()


# -- the Radcliffe Camera ---------------------------------------------------------------------------------------------


def small_oxford(folder, inputs=((0.5, 7), (0.1, 0), (1.2, 7)), targets=((0.9, 200), (0.3, 8), (0.2, 8))):
    """A few spikes in the format of the pattern."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, spikes in (("input", inputs), ("target", targets)):
        lines = "".join(f"{t:.6f} {i}\n" for t, i in spikes)
        (folder / f"oxford-{name}.ras").write_text(lines, encoding="utf-8")


def test_spikes_of_the_pattern_are_sorted_and_counted_from_0(tmp_path):
    small_oxford(tmp_path)
    inputs, targets = datasets.oxford(tmp_path)
    assert len(inputs) == len(targets) == 200
    assert {i: t.tolist() for i, t in enumerate(inputs) if len(t)} == {0: [0.1], 7: [0.5, 1.2]}
    assert {i: t.tolist() for i, t in enumerate(targets) if len(t)} == {7: [0.2, 0.3], 199: [0.9]}


def test_the_pattern_itself():
    inputs, targets = datasets.oxford(here("superspike"))
    assert (sum(map(len, inputs)), sum(map(len, targets))) == (1889, 10367)


def test_a_pattern_that_is_not_there_or_not_one(tmp_path, monkeypatch):
    monkeypatch.setenv("EVENTSNN_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"EVENTSNN_DATA.*pub2018superspike"):
        datasets.oxford()
    for wrong in ([(0.1, 200)], [(1.89, 3)], [(0.1, -1)], [(0.1, 2.5)]):
        small_oxford(tmp_path / "superspike", inputs=wrong)
        with pytest.raises(es.NetworkError, match=r"oxford-input.ras: each line is a time from 0 to 1.89 s"):
            datasets.oxford()
    (tmp_path / "superspike" / "oxford-input.ras").write_text("no spikes\n", encoding="utf-8")
    with pytest.raises(es.NetworkError, match="number of a neuron"):
        datasets.oxford()
    (tmp_path / "superspike" / "oxford-input.ras").unlink()
    with pytest.raises(FileNotFoundError, match=r"oxford-input.ras.*pub2018superspike"):
        datasets.oxford()
