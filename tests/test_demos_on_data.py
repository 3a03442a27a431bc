"""The demos that learn public data sets: what they report, that a killed run goes on, that answering teaches nothing.

The data of MNIST are needed for one test only; the others run its demo on random images in its format.
"""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_datasets import here, small_mnist, small_oxford

import eventsnn as es
from eventsnn.cli import main
from eventsnn.demo import runner, streams
from eventsnn.demo.runner import digest
from eventsnn.demo.samples import answered, spikes_per_neuron

yin_yang, mnist = runner.module("yin_yang"), runner.module("mnist")
stream = runner.module("erbp_mnist")


def run(name, *arguments, out, capsys):
    """The JSON object that a demo prints."""
    capsys.readouterr()
    assert main(["demo", name, "--json", "--no-progress", "--out", str(out), *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def first(n, part=0):
    """The network of Yin-Yang that learns some samples once, in their order."""
    samples = yin_yang.samples()[part][:n]
    return es.Stimulus(samples.times, samples.labels, yin_yang.PERIOD, passes=1)


def test_yin_yang_small(tmp_path, capsys):
    report = run("yin-yang", "--small", out=tmp_path, capsys=capsys)
    assert report["accuracy"] > 0.8  # with the hidden layer as it was drawn: no more than 0.7
    assert report["validation_accuracy"] > 0.8
    assert report["samples"] == 25000
    assert report["test_samples"] == 1000
    assert report["hidden"] == 30
    assert report["feedback"] == "symmetric"
    spikes = report["spikes_per_neuron"]
    assert spikes["input"] == 1.0
    assert 0.5 < spikes["hidden"] <= 1.0
    operations = 5 * 30 + 30 * spikes["hidden"] * 3  # every spike reaches every neuron of the next layer
    assert report["synaptic_operations_per_sample"] == pytest.approx(operations, abs=0.1)
    assert report["messages"]["teacher->output"] > 25000
    assert report["undecided"] <= 10
    assert 0.15 < report["decision_time"]["median"] < report["decision_time"]["p95"] < 6.0
    assert Path(report["picture"]).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_a_killed_run_goes_on_from_what_it_kept(tmp_path, capsys, monkeypatch):
    """No signal is caught when a process is killed: what counts is the file it saved in between."""
    file, options = tmp_path / "net", ("--data", str(tmp_path), "--seed", "3")
    samples = yin_yang.samples()
    for part, n in zip(("train", "validation", "test"), (40, 10, 10), strict=True):
        points, labels = es.datasets.yin_yang_points(n, n)
        np.save(tmp_path / f"{part}_samples.npy", points)
        np.save(tmp_path / f"{part}_labels.npy", labels)
    monkeypatch.setattr(yin_yang, "PASSES", 2)
    whole = run("yin-yang", *options, out=tmp_path, capsys=capsys)
    assert whole["samples"] == 80
    assert len(samples[0]) == 5000

    class Killed(BaseException):
        pass

    def killed(net, learn=yin_yang.learn):
        for done in learn(net, step=7):
            yield done
            if done == 35:
                raise Killed

    monkeypatch.setattr(yin_yang, "learn", killed)
    monkeypatch.setattr(runner, "KEEP_EVERY", 0.0)
    monkeypatch.setattr(runner, "KEEP_SHARE", np.inf)
    with pytest.raises(Killed):
        run("yin-yang", *options, "--save", str(file), out=tmp_path, capsys=capsys)
    monkeypatch.undo()
    kept = es.Network.load(file)
    assert 28 * yin_yang.PERIOD <= kept.now < 80 * yin_yang.PERIOD
    again = run("yin-yang", "--data", str(tmp_path), "--resume", str(file), out=tmp_path, capsys=capsys)
    assert {k: v for k, v in again.items() if k != "seconds"} == {k: v for k, v in whole.items() if k != "seconds"}


def test_yin_yang_on_both_engines():
    nets = [yin_yang.network(first(25), 2, engine).run(25 * yin_yang.PERIOD) for engine in ("reference", "compiled")]
    assert digest([nets[0]]) == digest([nets[1]])
    before, after = (net.weights(net.projection("input->hidden")) for net in (yin_yang.network(first(25), 2), nets[0]))
    assert np.any(before != after)


def test_delays_of_yin_yang_are_learned_and_handed_on(plain_python):
    demo = runner.module("yin_yang_delays")
    data = yin_yang.samples()[0][:12]
    stimulus = es.Stimulus(data.times, data.labels, demo.PERIOD, passes=1)
    before = demo.network(stimulus, 2, "reference")
    nets = [demo.network(stimulus, 2, engine).run(12 * demo.PERIOD) for engine in ("reference", "compiled")]
    assert digest([nets[0]]) == digest([nets[1]])
    asked = demo.asked(nets[0], data[:3])
    for name in demo.NAMES:
        start, learned, used = (n.synapse_state(n.projection(name))["syn.delay"] for n in (before, nets[0], asked))
        assert np.any(start != learned)
        assert used == pytest.approx(learned, abs=1e-15)
    assert spikes_per_neuron(asked, 3) == {"input": 1.0, "hidden": 1.0, "output": 1.0}


SLOW = pytest.mark.slow  # each is a network of its own to compile


@pytest.mark.parametrize("kind", ["learned", *(pytest.param(k, marks=SLOW) for k in ("random", "broadcast"))])
def test_other_feedback_still_learns_and_says_so(kind, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(yin_yang, "PASSES", 2)
    report = run("yin-yang", "--feedback", kind, out=tmp_path, capsys=capsys)
    assert report["feedback"] == kind
    assert report["accuracy"] > 0.7


def test_answering_teaches_nothing_and_is_the_same_every_time():
    net = yin_yang.network(first(200)).run(200 * yin_yang.PERIOD)
    before = digest([net])
    _, validation, _ = yin_yang.samples()
    told, asked = answered(yin_yang, net, validation[:100])
    again, _ = answered(yin_yang, net, validation[:100])
    assert np.array_equal(told["latencies"], again["latencies"])
    assert digest([net]) == before
    for name in ("input->hidden", "hidden->output"):
        learned, used = (n.weights(n.projection(name)) for n in (net, asked))
        assert np.array_equal(learned, used)


def test_a_trained_network_is_saved_loaded_and_answers_the_same(tmp_path):
    net = yin_yang.network(first(100)).run(100 * yin_yang.PERIOD)
    net.save(tmp_path / "net")
    _, validation, _ = yin_yang.samples()
    right = [answered(yin_yang, n, validation[:50])[0]["latencies"] for n in (net, es.Network.load(tmp_path / "net"))]
    assert np.array_equal(*right)


@pytest.mark.parametrize("options", [("--feedback", "random"), ("--data", "somewhere")])
def test_options_that_a_demo_does_not_take_are_refused(options, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["demo", "digits", *options])
    assert f"{options[0]} goes with" in capsys.readouterr().err


# -- MNIST ------------------------------------------------------------------------------------------------------------


def test_mnist_without_data_says_where_to_get_it(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("EVENTSNN_DATA", str(tmp_path))
    assert main(["demo", "mnist", "--out", str(tmp_path), "--no-progress"]) == 1
    line = capsys.readouterr().err
    assert "EVENTSNN_DATA" in line
    assert "yann.lecun.com" in line


def test_mnist_on_images_of_its_format(tmp_path, capsys):
    small_mnist(tmp_path / "data", 30)
    report = run("mnist", "--small", "--data", str(tmp_path / "data"), out=tmp_path, capsys=capsys)
    images = es.datasets.mnist(tmp_path / "data")[1].times
    assert report["hidden"] == 50
    assert report["test_samples"] == 30
    assert report["spikes_per_neuron"]["pixels"] == pytest.approx((images > 127).mean(), abs=1e-4)
    assert report["samples"] == mnist.PASSES * len(mnist.samples(tmp_path / "data", small=True)[0])


def test_mnist_small(tmp_path, capsys):
    report = run("mnist", "--small", "--data", str(here("mnist")), out=tmp_path, capsys=capsys)
    assert report["accuracy"] > 0.7  # chance is 0.1
    assert report["samples"] == mnist.PASSES * 1000


# -- MNIST as a stream -------------------------------------------------------------------------------------------------


def test_a_stream_of_digits_on_images_of_its_format(tmp_path, capsys):
    """A digit that is told, one that is held out, and one of the test: what is reported of them."""
    small_mnist(tmp_path / "data", 60)
    given = ["--small", "--engine", "reference", "--data", str(tmp_path / "data")]
    report = run("erbp-mnist", *given, "--save", str(tmp_path / "net"), out=tmp_path, capsys=capsys)
    assert (report["samples"], report["held_out_answers"], report["test_samples"]) == (1, 1, 1)
    assert report["hidden"] == "20"
    onto = [report["messages"][name] for name in ("pixels->hidden 1", "hidden 1->output")]
    assert report["synaptic_operations"] == sum(onto)
    assert onto[0] % 20 == 0 < onto[0]
    again = run("erbp-mnist", *given, "--resume", str(tmp_path / "net"), out=tmp_path, capsys=capsys)
    assert again["digest"] == report["digest"]


def test_every_twelfth_training_digit_is_held_out(tmp_path):
    """Not the last ones: those are easier than the rest."""
    small_mnist(tmp_path, 60)
    whole = es.datasets.mnist(tmp_path)[0].labels
    train, held, _ = (part.labels for part in stream.samples(tmp_path))
    assert held.tolist() == whole[11::12].tolist()
    assert train.tolist() == np.delete(whole, np.s_[11::12]).tolist()


def test_a_digit_without_a_label_is_not_learned_from_and_counts_as_held_out():
    """Errors of the digit before have faded by then; the outputs that spike most decide."""
    levels = np.array([math.inf, 5e-3])
    which = np.array([[1, 1, 0], [0, 1, 1], [1, 0, 1]])
    shown = es.datasets.Samples(which, np.array([0, -1, -1]), levels)
    net = es.Network(0)
    x = net.add(es.RateInput(train="regular"), 3, name="pixels", record=())
    labels = net.add(es.LabelInput(interval=5e-3), 2, name="labels", record=(), label=np.arange(2.0))
    stimulus = es.Stimulus(shown.times, shown.labels, stream.PERIOD, passes=1, levels=levels)
    told = net.stimulate(stimulus, x, teacher=labels)
    made = es.connect_erbp(net, x, labels, (4,), lr=0.05, init=20.0, told_by=told, i_bias=0.5)
    net.run(2 * stream.PERIOD)
    before = [net.weights(p) for p in made.plastic]
    net.run(until=3 * stream.PERIOD)
    for old, projection in zip(before, made.plastic, strict=True):
        assert np.abs(net.weights(projection) - old).max() < 1e-3 * np.abs(old).max()
    spikes = net.spikes(made.output)
    found = stream.counts(net)[:, :2]
    assert found.sum() == len(spikes) > 0
    truth = np.array([0, 1, 0])
    right = streams.answers(net, stream, truth)
    assert right.tolist() == (found[1:].argmax(axis=1) == truth[1:]).tolist()


# -- the Radcliffe Camera ---------------------------------------------------------------------------------------------


@SLOW
def test_superspike_on_a_few_spikes_of_its_format(tmp_path, capsys):
    """With one kind of feedback, on the other engine."""
    rng = np.random.default_rng(1)
    inputs = sorted(
        (float(t), int(i)) for t, i in zip(rng.uniform(0.3, 0.6, 30), rng.integers(0, 200, 30), strict=True)
    )
    small_oxford(tmp_path / "data", inputs, [(0.45, 11), (0.5, 11), (0.55, 31)])
    options = ("--small", "--engine", "reference", "--data", str(tmp_path / "data"), "--feedback", "random")
    report = run("superspike-oxford", *options, out=tmp_path, capsys=capsys)
    assert list(report["loss"]) == ["random"]
    assert len(report["loss"]["random"]) == report["passes"] == 8
    assert (report["hidden"], report["outputs"]) == (32, 10)
    assert Path(report["picture"]).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_loss_of_superspike_is_in_wrong_spikes_per_second():
    """The published scale: a spike that lacks, far from all others, is one, once in a pass, on one of the outputs."""
    demo = runner.module("superspike_oxford")

    class Net:
        def population(self, name):
            return type("P", (), {"model": es.TargetTrains([[0.2, 1.2], []])})

        def spikes(self, population):
            return es.record.Spikes(np.array([demo.PERIOD + 0.2, 0.5]), np.array([0, 1]), 2)

    assert demo.loss(Net(), 0) == pytest.approx(3 / 2 / demo.PERIOD)
    assert demo.loss(Net(), 1) == pytest.approx(1 / 2 / demo.PERIOD)


def test_superspike_asks_for_what_it_has(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("EVENTSNN_DATA", str(tmp_path))
    assert main(["demo", "superspike-oxford", "--out", str(tmp_path), "--no-progress"]) == 1
    assert "pub2018superspike" in capsys.readouterr().err
    assert main(["demo", "superspike-oxford", "--feedback", "learned", "--out", str(tmp_path), "--no-progress"]) == 1
    assert "give symmetric or random" in capsys.readouterr().err
    text = Path(runner.module("superspike_oxford").__file__).read_text(encoding="utf-8")
    assert len(text.splitlines()) < 60
    options = ("--small", "--full", "--data", str(tmp_path))
    assert main(["demo", "superspike-oxford", *options, "--out", str(tmp_path), "--no-progress"]) == 1
    assert "not both" in capsys.readouterr().err


@SLOW
def test_any_picture_is_drawn(tmp_path, capsys):
    """A black square on white: all outputs of the lower half stay silent in the target, and the loss falls."""
    image = Image.new("L", (90, 60), 255)
    image.paste(0, (30, 0, 60, 30))
    image.save(tmp_path / "square.png")
    options = ("--small", "--picture", str(tmp_path / "square.png"), "--feedback", "symmetric")
    report = run("superspike-picture", *options, out=tmp_path, capsys=capsys)
    loss = report["loss"]["symmetric"]
    assert loss[-1] < 0.7 * loss[0]
    assert (report["outputs"], report["passes"]) == (10, 8)


def test_a_picture_that_is_not_there_is_said_in_a_line(tmp_path, capsys):
    options = ("--picture", str(tmp_path / "none.png"), "--out", str(tmp_path), "--no-progress")
    assert main(["demo", "superspike-picture", *options]) == 1
    assert "there is no picture" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["demo", "mnist", "--picture", "a.png"])
    assert "--picture goes with superspike-picture" in capsys.readouterr().err


@SLOW
def test_readouts_that_follow_curves(tmp_path, capsys, monkeypatch):
    """A memory needs adaptive thresholds; a pattern is learned with both kinds of feedback."""
    report = run("store-recall", out=tmp_path, capsys=capsys)
    assert report["late"]["adaptive"][0] > 0.9
    assert 0.25 < report["late"]["not adaptive"][0] < 0.75
    demo = runner.module("eprop_pattern")
    monkeypatch.setattr(demo, "ROUNDS", 30)
    report = run("eprop-pattern", out=tmp_path, capsys=capsys)
    assert report["late"]["symmetric"][0] < 0.5
    assert report["late"]["random"][0] < 1.5  # 2.2 at first


@pytest.mark.parametrize("file", ["superspike_picture", "superspike_oxford", "eprop_pattern", "store_recall"])
def test_demos_of_patterns_are_short(file):
    assert len(Path(runner.module(file).__file__).read_text(encoding="utf-8").splitlines()) < 60


def test_decision_times_are_drawn_and_bad_ones_refused():
    ax = es.plot.decision_times([0.5, 0.75, 1.0, 1.0], [True, False, True, True], bins=4)
    assert sum(patch.get_height() for patch in ax.patches) == 4
    for times, right in (([], []), ([1.0], [True, False]), ([np.inf], [True])):
        with pytest.raises(es.NetworkError, match="decision_times"):
            es.plot.decision_times(times, right)
