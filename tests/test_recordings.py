"""Recordings of event cameras: read as they were made, played event by event, and named by the largest readout."""

import io
import json
import os
import tarfile
from pathlib import Path

import networks
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import eventsnn as es
from eventsnn.cli import main
from eventsnn.demo import runner
from eventsnn.demo.recordings import answered

DATA = Path(os.environ.get("EVENTSNN_DATA", Path(__file__).parents[2] / "shared" / "data"))
EVENTS = {  # split, digit, number: x, y, polarity, time [us]
    ("Train", 7, 10): [(0, 0, 1, 5), (33, 33, 0, 5), (1, 0, 1, 299_999), (2, 2, 1, 300_000)],
    ("Train", 3, 2): [(5, 7, 0, 70_000), (5, 7, 0, 70_000)],
    ("Test", 0, 1): [(33, 0, 1, 100)],
}


def written(events):
    """The bytes of a recording."""
    rows = [(x, y, p << 7 | t >> 16, t >> 8 & 255, t & 255) for x, y, p, t in events]
    return bytes(byte for row in rows for byte in row)


def unpacked(folder, files=EVENTS):
    """A folder of recordings, as they were released."""
    for (split, digit, number), events in files.items():
        path = folder / split / str(digit) / f"{number:05d}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(events if isinstance(events, bytes) else written(events))
    return folder


def packed(folder):
    """The same, one archive for each split."""
    for split in ("Train", "Test"):
        with tarfile.open(folder / f"{split.lower()}.tar.xz", "w:xz") as archive:
            for (own, digit, number), events in EVENTS.items():
                if own == split:
                    member = tarfile.TarInfo(f"{split}/{digit}/{number:05d}.bin")
                    member.size = 5 * len(events)
                    archive.addfile(member, io.BytesIO(written(events)))
    return folder


def same(a, b):
    """Whether two sets of recordings are the same."""
    return all(np.array_equal(vars(a)[k], vars(b)[k]) for k in vars(a))


# -- N-MNIST ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [unpacked, packed])
def test_recordings_are_read_event_by_event_in_the_order_of_their_numbers(make, tmp_path):
    train, test = es.datasets.nmnist(make(tmp_path))
    assert (train.labels.tolist(), test.labels.tolist(), train.shape) == ([3, 7], [0], (2, 34, 34))
    assert train.begins.tolist() == [0, 2, 5]  # the window ends before the last event
    assert train.times == pytest.approx([0.07, 0.07, 5e-6, 5e-6, 0.299999], abs=1e-15)
    assert train.channels.tolist() == [7 * 34 + 5] * 2 + [1156, 33 * 34 + 33, 1157]
    assert test.channels.tolist() == [1156 + 33]


def test_merged_pixels_and_a_window(tmp_path):
    train, _ = es.datasets.nmnist(unpacked(tmp_path), merge=3, begin=0.2, end=0.35)
    assert (train.shape, train.inputs, train.duration) == ((2, 12, 12), 288, pytest.approx(0.15))
    assert train.channels.tolist() == [144, 144]
    assert train.times == pytest.approx([0.099999, 0.1])


def test_the_published_recordings():
    if not (DATA / "nmnist").is_dir():
        pytest.skip(f"no nmnist data in {DATA}; set EVENTSNN_DATA")
    train, test = es.datasets.nmnist(DATA / "nmnist", merge=2, end=0.4)
    assert (len(train), len(test), len(train.times) + len(test.times) >= 3_677_618) == (850, 50, True)
    assert np.bincount(train.labels).tolist() == [82, 103, 87, 77, 87, 78, 79, 91, 76, 90]
    sizes = np.diff(train.begins)
    assert (sizes.min() >= 1069, sizes.max() <= 7152) == (True, True)
    on = train.counts().reshape(850, 2, -1).sum(axis=(0, 2))
    assert on[1] / on.sum() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (written([(0, 0, 1, 5)])[:-1], "00001.bin has 4 bytes"),
        (written([(0, 0, 1, 5), (0, 34, 1, 5)]), "00001.bin: event 1 is at x = 0, y = 34"),
        (written([(0, 0, 1, 5), (0, 0, 1, 4)]), "event 1 is at x = 0, y = 0, 4 us"),
    ],
)
def test_a_bad_recording_is_refused_with_its_place(content, says, tmp_path):
    unpacked(tmp_path, {**EVENTS, ("Train", 4, 1): content})
    with pytest.raises(es.NetworkError, match=says):
        es.datasets.nmnist(tmp_path)


def test_missing_data_names_their_source(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match="garrickorchard"):
        es.datasets.nmnist(tmp_path)
    monkeypatch.setenv("EVENTSNN_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="EVENTSNN_DATA"):
        es.datasets.nmnist()
    (tmp_path / "train.tar.xz").write_bytes(b"no archive")
    with pytest.raises(es.NetworkError, match="cannot be unpacked"):
        es.datasets.nmnist(tmp_path)
    unpacked(tmp_path / "odd", EVENTS)
    (tmp_path / "odd" / "Train" / "7" / "ten.bin").write_bytes(b"")
    with pytest.raises(es.NetworkError, match=r"ten\.bin is not Train"):
        es.datasets.nmnist(tmp_path / "odd")
    for wrong in ({"merge": 0}, {"begin": 0.3}, {"end": np.inf}):
        with pytest.raises(es.NetworkError, match=next(iter(wrong))):
            es.datasets.nmnist(tmp_path, **wrong)


# -- recordings -------------------------------------------------------------------------------------------------------

one = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 5)), max_size=8).map(sorted)


def recordings(events, labels=None):
    """Recordings of 0.1 s from 2 x 3 inputs, out of lists of (time [ms], input)."""
    flat = [event for recording in events for event in recording]
    begins = np.cumsum([0, *map(len, events)])
    labels = np.arange(len(events)) if labels is None else labels
    return es.Recordings([1e-3 * t for t, _ in flat], [i for _, i in flat], begins, labels, 0.1, (2, 3))


@given(st.lists(one, min_size=1, max_size=5), st.data())
def test_parts_and_counts_are_those_of_the_events(events, data):
    whole = recordings(events)
    cut = data.draw(st.integers(0, len(events)))
    assert same(es.Recordings.join(whole[:cut], whole[cut:]), whole)
    order = np.array(data.draw(st.permutations(range(len(events)))))
    assert same(whole[order], recordings([events[k] for k in order], order))
    assert whole.without_labels().labels.tolist() == [-1] * len(events)
    bins = data.draw(st.sampled_from([1, 5]))
    wanted = np.zeros((len(events), bins, 6))
    for n, recording in enumerate(events):
        for t, i in recording:
            wanted[n, t * bins // 100, i] += 1
    assert abs(whole.counts(bins) - wanted).sum() <= (
        0 if bins == 1 else 2 * sum(t % 20 == 0 for e in events for t, _ in e)
    )


@given(st.lists(one, min_size=1, max_size=5), st.integers(1, 4))
def test_the_inputs_of_a_part_have_the_events_of_that_part(events, parts):
    whole = recordings(events)
    parted = whole.by_part(parts)
    assert (parted.shape, parted.inputs) == ((parts, 2, 3), 6 * parts)
    assert np.array_equal(parted.times, whole.times)
    assert np.array_equal(parted.channels % 6, whole.channels)
    part = parted.channels // 6
    assert np.all((part * 0.1 / parts - 1e-9 < whole.times) & (whole.times < (part + 1) * 0.1 / parts + 1e-9))
    assert np.array_equal(parted.counts()[:, 0].reshape(len(events), parts, 6), whole.counts(parts))


@given(st.lists(one, min_size=1, max_size=4), st.integers(0, 40))
def test_a_refractory_input_keeps_the_first_event_and_those_that_come_late_enough(events, deaf):
    kept = []
    for recording in events:
        last = {}
        kept.append([(t, i) for t, i in recording if t - last.get(i, -99) >= deaf and not last.update({i: t})])
    assert same(recordings(events).refractory(deaf * 1e-3 - 1e-9 * (deaf > 0)), recordings(kept))


@given(st.lists(one, min_size=1, max_size=4), st.integers(-2, 2), st.integers(-3, 3))
def test_what_moves_keeps_its_form_and_loses_what_leaves(events, down, right):
    whole = recordings(events)
    padded = np.zeros((len(events), 6, 9))
    padded[:, 2 + down : 4 + down, 3 + right : 6 + right] = whole.counts().reshape(-1, 2, 3)
    moved = whole.moved(down, right)
    assert np.array_equal(moved.counts().reshape(-1, 2, 3), padded[:, 2:4, 3:6])
    assert np.isin(moved.times, whole.times).all()
    if not moved.begins[-1] < whole.begins[-1]:
        assert same(moved.moved(-down, -right), whole)


@given(st.lists(one, min_size=1, max_size=4), st.integers(1, 4))
def test_merged_inputs_have_the_events_of_all_of_them(events, side):
    whole = recordings(events)
    merged = whole.merged(side)
    assert merged.shape == (-(-2 // side), -(-3 // side))
    assert np.array_equal(merged.times, whole.times)
    counts = np.pad(whole.counts().reshape(-1, 2, 3), ((0, 0), (0, -2 % side), (0, -3 % side)))
    blocks = counts.reshape(len(events), merged.shape[0], side, merged.shape[1], side).sum(axis=(2, 4))
    assert np.array_equal(merged.counts().reshape(blocks.shape), blocks)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: es.Recordings([0.0], [0], [0, 1], [1], 0.1, (2,)).moved(0, 1), r"moved: the inputs have shape \(2,\)"),
        (lambda: recordings([[]]).merged(0), "side is 0"),
        (lambda: es.Recordings([0.0], [0], [0, 2], [1], 0.1, (2,)), "ends at event 2"),
        (lambda: es.Recordings([0.0], [0], [0], [1], 0.1, (2,)), "give 2 numbers"),
        (
            lambda: es.Recordings([0.0, 0.1], [0, 0], [0, 1, 2], [1, 2], 0.1, (2,)),
            "times of event 0 of recording 1 is 0.1",
        ),
        (
            lambda: es.Recordings([0.05, 0.01], [0, 0], [0, 2], [1], 0.1, (2,)),
            "times of event 1 of recording 0 is 0.01",
        ),
        (lambda: es.Recordings([0.0], [2], [0, 1], [1], 0.1, (2,)), "channels of event 0 of recording 0 is 2"),
        (
            lambda: es.Recordings.join(
                recordings([[]]), recordings([[]])[:0], es.Recordings([], [], [0], [], 1.0, (6,))
            ),
            "differ",
        ),
        (lambda: recordings([[]]).refractory(-1.0), "duration is -1.0"),
        (lambda: recordings([[]]).by_part(0), "parts is 0"),
        (lambda: es.Playback(recordings([[]]), period=0.05), "period is 0.05"),
        (lambda: es.Playback(recordings([[]])[:0]), "no recordings"),
        (lambda: es.Playback(recordings([[]]), lost=1.0), "lost is 1.0"),
        (lambda: es.Playback(recordings([[]]), moved=-1), "moved is -1"),
        (lambda: es.Playback(recordings([[]]), moved=0.5), "moved is 0.5"),
        (lambda: es.Playback(es.Recordings([], [], [0, 0], [1], 0.1, (6,)), moved=1), r"shape \(6,\)"),
        (lambda: es.LargestValue(0), "0 classes"),
        (lambda: es.LargestValue(2, every=1e-3), "patience"),
    ],
)
def test_bad_input_is_refused(make, says):
    with pytest.raises(es.NetworkError, match=says):
        make()


# -- playing them -----------------------------------------------------------------------------------------------------

SHOWN = [[(0, 1), (0, 1), (6, 0), (90, 3)], [], [(1, 4), (99, 4)], [(0, 2), (50, 1), (50, 2)]]


def played(engine="reference", passes=3, **changed):
    """A network that plays four recordings in an order of its own each time, to two readouts, and judges them."""
    playback = es.Playback(recordings(SHOWN, [0, 1, 1, 0]), passes=passes, shuffle=True, seed=4, start=0.05, **changed)
    net = es.Network(1, engine)
    x, stimulus = net.add(playback, name="x"), net.add(playback.stimulus(), name="stimulus")
    y = net.add(es.Readout(tau_mem=30e-3), 2, name="y", record=["state"])
    net.connect(x, y, weight=es.normal(0.3, 0.5))
    es.connect_verdict(net, y, stimulus, looks=9)
    return net


def test_every_event_is_a_spike_in_the_order_that_the_stimulus_tells():
    net = played().run(1.5)
    samples = net.notes(net.population("stimulus"), "sample")[1].astype(int)
    assert sorted(samples[:4]) == sorted(samples[4:8]) == [0, 1, 2, 3]
    assert samples[:4].tolist() != samples[4:8].tolist() or samples[:4].tolist() != samples[8:].tolist()
    wanted = sorted((0.05 + 0.1 * k + 1e-3 * t, i) for k, n in enumerate(samples) for t, i in SHOWN[n])
    spikes = net.spikes(net.population("x"))
    assert spikes.t == pytest.approx([t for t, _ in wanted], abs=1e-12)
    assert sorted(zip(spikes.t.round(9), spikes.i, strict=True)) == [(round(t, 9), i) for t, i in wanted]


def test_the_verdict_is_the_largest_mean_of_the_exact_values():
    net = played().run(1.5)
    verdict, order = net.population("verdict"), net.notes(net.population("stimulus"), "sample")[1].astype(int)
    at = 0.05 + 0.1 * np.arange(12)[:, None] + 10e-3 * (np.arange(9) + 0.5)
    values = np.stack([net.state(net.population("y"), k, at.ravel())["v"].reshape(at.shape) for k in range(2)])
    labels = np.array([0, 1, 1, 0])[order]
    decisions = values.mean(axis=2).argmax(axis=0)
    assert np.array_equal(net.notes(verdict, "decision")[1], decisions)
    assert np.array_equal(net.notes(verdict, "correct")[1], decisions == labels)
    apart = 0.5 * ((values - (labels == np.arange(2)[:, None])[:, :, None]) ** 2).sum(axis=0).mean(axis=1)
    assert net.notes(verdict, "loss")[1] == pytest.approx(apart, abs=1e-12)
    assert 0 < (decisions == labels).sum() < 12


@pytest.mark.parametrize("changed", [{}, {"lost": 0.3, "moved": 1}])
def test_same_bits_on_both_engines_also_when_saved_in_the_middle_of_a_recording(changed, plain_python, tmp_path):
    whole = played(**changed).run(1.5)
    played("compiled", **changed).run(0.4801).save(tmp_path / "part")
    other = es.Network.load(tmp_path / "part").run(until=1.5)
    assert networks.differences(networks.outcome(whole), networks.outcome(other)) == []
    for name in ("decision", "loss"):
        a, b = (net.notes(net.population("verdict"), name) for net in (whole, other))
        assert np.array_equal(a, b)


def shown(playback, count):
    """The events (time since its recording began, plane, y, x) of each of the first so many recordings played."""
    height, width = playback._given["recordings"].shape[-2:]
    found = [[] for _ in range(count)]
    for i in range(playback.size()):
        for t in playback.times(i, playback.size(), 0, "x"):
            k = int(t / 0.1 + 1e-9)
            found[k].append((round(t - 0.1 * k, 9), i // (height * width), i // width % height, i % width))
    return [sorted(recording) for recording in found]


@given(st.lists(one, min_size=1, max_size=4), st.integers(0, 99), st.integers(1, 2), st.booleans())
def test_a_recording_moves_as_one_and_leaves_nothing_behind(events, seed, moved, planes):
    given_ = recordings(events)
    if planes:
        given_ = es.Recordings(given_.times, given_.channels, given_.begins, given_.labels, 0.1, (2, 3, 1))
    how = {"passes": 2, "shuffle": True, "seed": seed}
    here, there = (shown(es.Playback(given_, **how, **m), 2 * len(events)) for m in ({}, {"moved": moved}))
    height, width = given_.shape[-2:]
    for before, after in zip(here, there, strict=True):
        possible = [
            sorted(
                (t, p, y + down, x + right)
                for t, p, y, x in before
                if 0 <= y + down < height and 0 <= x + right < width
            )
            for down in range(-moved, moved + 1)
            for right in range(-moved, moved + 1)
        ]
        assert after in possible


def test_every_move_comes_about_as_often():
    middle = es.Recordings([0.05], [4], [0, 1], [0], 0.1, (3, 3))
    seen = [[(y, x) for _, _, y, x in r] for r in shown(es.Playback(middle, passes=900, moved=1), 900)]
    assert {len(r) for r in seen} == {1}
    often = np.zeros((3, 3))
    np.add.at(often, tuple(np.array(seen)[:, 0].T), 1)
    assert abs(often - 100).max() < 40  # four standard deviations of 9.4


def test_lost_events_are_others_each_time_and_those_that_stay_are_in_their_place():
    many = recordings([[(t, t % 6) for t in range(0, 100, 2)]] * 4)
    whole, thinned = (shown(es.Playback(many, passes=10, lost=lost), 40) for lost in (0.0, 0.3))
    assert all(set(some) < set(every) for some, every in zip(thinned, whole, strict=True))
    assert len({tuple(recording) for recording in thinned}) == 40
    assert sum(map(len, thinned)) / 2000 == pytest.approx(0.7, abs=0.045)  # four standard deviations
    assert shown(es.Playback(many, passes=10, lost=0.3, seed=1), 40) != thinned


def test_an_input_that_no_event_can_reach_is_silent_for_ever():
    corner = es.Recordings([0.05], [0], [0, 1], [0], 0.1, (1, 4))
    playback = es.Playback(corner, passes=0, moved=2)
    assert next(playback.times(3, 4, 0, "x"), None) is None
    assert next(playback.times(2, 4, 0, "x")) > 0


def test_playbacks_are_equal_if_they_play_the_same():
    one, other = recordings(SHOWN), recordings(SHOWN[:3])
    assert es.Playback(one) != es.Playback(one, lost=0.1)
    assert es.Playback(one) == es.Playback(recordings(SHOWN))
    assert es.Playback(one) != es.Playback(one, passes=2)
    assert es.Playback(one) != es.Playback(other)


def test_a_population_of_another_size_and_a_label_out_of_range_are_refused():
    net = es.Network(1)
    net.add(es.Playback(recordings(SHOWN)), 5, name="x")
    with pytest.raises(es.NetworkError, match="6 inputs; the population has 5"):
        net.run(0.1)
    net = es.Network(1)
    stimulus = net.add(es.Playback(recordings(SHOWN, [0, 2, 0, 0])).stimulus(), name="stimulus")
    es.connect_verdict(net, net.add(es.Readout(), 2, name="y"), stimulus)
    with pytest.raises(es.EngineError, match="the label 2 came from stimulus"):
        net.run(0.4)


# -- the demo ---------------------------------------------------------------------------------------------------------

nmnist = runner.module("nmnist")


def tiny(data=None, size="default"):
    """Recordings of two classes, in which one half or the other of four inputs has most events."""
    rng, labels = np.random.default_rng(1), np.arange(8) % 2
    events = [sorted((int(t), int(i) + 2 * g) for t, i in rng.integers(0, (99, 2), (100, 2))) for g in labels]
    short = recordings(events, labels)
    whole = es.Recordings(3.0 * short.times, short.channels, short.begins, labels, 0.3, (2, 1, 3)).by_part(3)
    return whole[:6], whole[:2], whole[6:], whole[7:]


def run_demo(*arguments, out, capsys):
    """The JSON object that the demo prints."""
    capsys.readouterr()
    options = ["--json", "--no-progress", "--engine", "reference", "--out", str(out), *arguments]
    assert main(["demo", "nmnist", *options]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("rule", ["local", "triggered"])
def test_the_demo_learns_goes_on_after_a_kill_and_counts(rule, tmp_path, capsys, monkeypatch):
    class Killed(BaseException):
        pass

    def killed(net, learn=nmnist.learn):
        for done in learn(net, step=2):
            yield done
            if done == 8:
                raise Killed

    monkeypatch.setattr(nmnist, "samples", tiny)
    monkeypatch.setitem(nmnist.SIZES, "default", (6, 0, (6, 3), 2))
    how = ("--rule", rule, "--seed", "3")
    whole = run_demo(*how, out=tmp_path, capsys=capsys)
    assert (whole["recordings"], whole["hidden"], whole["rule"]) == (12, "6 + 3", rule)
    train, *_, test = tiny()
    first = whole["messages"]["pixels->hidden 1"]
    assert first == 2 * 6 // 3 * len(train.times)  # an event reaches a third of the layer
    assert whole["synaptic_operations_of_training"] == first + whole["messages"]["hidden 1->hidden 2"]
    assert whole["test_recordings"] == len(test)
    assert Path(whole["picture"]).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    with monkeypatch.context() as stop:
        stop.setattr(nmnist, "learn", killed)
        stop.setattr(runner, "KEEP_EVERY", 0.0)
        stop.setattr(runner, "KEEP_SHARE", np.inf)
        with pytest.raises(Killed):
            run_demo(*how, "--save", str(tmp_path / "net"), out=tmp_path, capsys=capsys)
    again = run_demo(*how, "--resume", str(tmp_path / "net"), out=tmp_path, capsys=capsys)
    for measured in ("seconds", "wall_per_recorded_second", "cpu_per_recorded_second"):
        assert whole.pop(measured) >= 0
        assert again.pop(measured) >= 0
    assert again == whole


def test_answering_teaches_nothing_and_learning_changes_both_layers(monkeypatch):
    monkeypatch.setattr(nmnist, "samples", tiny)
    monkeypatch.setitem(nmnist.SIZES, "default", (6, 0, (4, 3), 1))
    net, names = nmnist.build(engine="reference"), ("pixels->hidden 1", "hidden 1->hidden 2")
    before = [net.run(1e-6).weights(net.projection(name)) for name in names]
    for done in nmnist.learn(net, step=5):
        assert done in (5, 6)
    learned = [net.weights(net.projection(name)) for name in names]
    assert all(np.any(a != b) for a, b in zip(before, learned, strict=True))
    _, twin = answered(nmnist, net, tiny()[2], [4, 3], "local")
    for name, weights in zip(names, learned, strict=True):
        assert np.array_equal(twin.weights(twin.projection(name)), weights)


def test_each_third_of_the_layer_hears_one_turn(monkeypatch):
    monkeypatch.setattr(nmnist, "samples", tiny)
    net = nmnist.network(es.Playback(tiny()[0]), (6,), engine="reference")
    there = ~np.isnan(net.run(1e-6).matrix(net.projection("pixels->hidden 1")))
    assert np.array_equal(there, np.kron(np.eye(3), np.ones((6, 2))))


def test_the_demo_is_short():
    assert len(Path(nmnist.__file__).read_text(encoding="utf-8").splitlines()) < 60
