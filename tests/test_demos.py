"""The demos: each runs as a script and as a command, says what it found, and finds the same again."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from eventsnn.cli import main
from eventsnn.demo import runner
from eventsnn.demo.runner import digest

ROOT = Path(__file__).parents[1]
xor = runner.module("temporal_xor")
custom = runner.module("custom_process")


def run(name, *arguments, out, capsys):
    """The JSON object that a demo prints."""
    capsys.readouterr()
    assert main(["demo", name, "--json", "--no-progress", "--out", str(out), *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def script(name, tmp_path):
    """What a demo prints when it is run as a script, from another folder."""
    command = [sys.executable, str(ROOT / "demos" / f"{name}.py")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    return result.stdout


# -- temporal XOR -----------------------------------------------------------------------------------------------------


def test_temporal_xor_fits_on_a_page():
    assert len((ROOT / "demos" / "temporal_xor.py").read_text(encoding="utf-8").splitlines()) < 40


def test_temporal_xor_as_a_script(tmp_path):
    assert script("temporal_xor", tmp_path).splitlines()[-1].endswith(": 4 of 4 patterns right")


def test_temporal_xor_is_learned_from_a_hundred_seeds(tmp_path, capsys):
    report = run("temporal-xor", "--seeds", "100", out=tmp_path, capsys=capsys)
    assert list(report)[1:7] == ["seeds", "converged", "epochs_median", "epochs_p95", "hidden", "digest"]
    assert report["seeds"] == 100
    assert report["converged"] >= 99
    assert 1 < report["epochs_median"] <= 30
    assert report["epochs_median"] < report["epochs_p95"] < 150
    assert report["hidden"] == 4
    assert report["feedback"] == "symmetric"
    assert report["engine"] == "reference"
    assert report["bound"] == 5.0
    assert set(report["initialisation"]) == {"input->hidden", "hidden->output"}
    assert Path(report["picture"]).is_file()


@pytest.mark.parametrize("kind", ["learned", "sign_symmetric"])
def test_temporal_xor_is_learned_with_other_feedback(kind, tmp_path, capsys):
    report = run("temporal-xor", "--seeds", "3", "--feedback", kind, out=tmp_path, capsys=capsys)
    assert report["converged"] == 3
    assert report["feedback"] == kind


def test_what_was_learned_answers_rightly_when_nothing_is_learned_any_more():
    """With the final weights and labels of -1, so that no trial changes the next."""
    names = ["input->hidden", "hidden->output"]
    right = []
    for seed in range(20):
        net, silent = xor.build(seed), xor.build(seed)
        for _ in xor.learn(net):
            pass
        for name in names:
            silent.projection(name).weight = net.weights(net.projection(name))
        stimulus = silent.population("stimulus").model
        labels, stimulus.labels = stimulus.labels, np.full(4, -1)
        silent.run(xor.EPOCH)
        for name in names:
            assert np.array_equal(silent.weights(silent.projection(name)), net.weights(net.projection(name)))
        right.append(np.mean(silent.notes(silent.population("teacher"), "decision")[1] == labels))
    assert np.mean(np.array(right) == 1.0) >= 0.95


def test_same_seed_same_digest_and_other_seed_another(tmp_path, capsys):
    digests = [run("temporal-xor", "--seed", s, out=tmp_path, capsys=capsys)["digest"] for s in ("7", "7", "8")]
    assert digests[0] == digests[1] != digests[2]


def test_many_seeds_are_single_seeds_one_after_another(tmp_path, capsys):
    single = [run("temporal-xor", "--seed", s, out=tmp_path, capsys=capsys) for s in ("40", "41", "42")]
    many = run("temporal-xor", "--seed", "40", "--seeds", "3", out=tmp_path, capsys=capsys)
    assert many["epochs_median"] == np.median([r["epochs_median"] for r in single])
    assert many["first_seed"] == 40


@pytest.mark.parametrize("steps", [[8.0] * 4, [4.0] * 8, [16.0, 0.7, 15.3], [31.999, 0.001]])
def test_a_run_in_pieces_has_the_digest_of_one(steps):
    whole, pieces = xor.build(2).run(sum(steps)), xor.build(2)
    for duration in steps:
        pieces.run(duration)
    assert digest([pieces]) == digest([whole])


def test_the_digest_is_what_its_docstring_says():
    nets = [xor.build(seed).run(16.0) for seed in (0, 1)]
    sha = hashlib.sha256()
    for net in nets:
        for name in ("input", "hidden", "output", "teacher", "stimulus"):
            spikes = net.spikes(net.population(name))
            sha.update(spikes.t[np.lexsort((spikes.t, spikes.i))].astype("<f8").tobytes())
        for name in ("input->hidden", "hidden->output"):
            sha.update(net.weights(net.projection(name)).astype("<f8").tobytes())
    assert digest(nets) == sha.hexdigest()
    assert digest(nets[:1]) != digest(nets[1:])


# -- digits -----------------------------------------------------------------------------------------------------------


def test_digits_small(tmp_path, capsys):
    report = run("digits", "--small", out=tmp_path, capsys=capsys)
    assert report["accuracy"] > 0.7  # chance is 0.1
    assert report["samples"] == 550
    assert report["test_samples"] == 100
    assert report["hidden"] == 20
    assert report["seed"] == 0
    assert report["seconds"] > 0
    messages = report["messages"]
    assert messages["stimulus->teacher (label)"] == 650
    assert messages["stimulus->output (apply)"] == 5500  # for labelled samples alone
    assert messages["total"] == sum(n for name, n in messages.items() if name != "total")
    assert Path(report["picture"]).is_file()


def test_test_digits_are_never_trained_on():
    digits = runner.module("first_to_spike_digits")
    for engine, small in (("compiled", False), ("reference", False), ("compiled", True)):
        train, test = digits.samples(0, engine, small)
        seen = {row.tobytes() for row in train.times}
        assert not any(row.tobytes() in seen for row in test.times)
        labels = digits.build(0, engine, small).population("stimulus").model.labels
        assert np.array_equal(labels[: len(train)], train.labels)
        assert (labels[len(train) :] == -1).all()


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "least"), [("compiled", 0.96), ("reference", 0.9)])
def test_digits_in_full(engine, least, tmp_path, capsys):
    report = run("digits", "--engine", engine, out=tmp_path, capsys=capsys)
    assert report["accuracy"] >= least


@pytest.mark.slow
def test_digits_as_a_script(tmp_path):
    assert "% of the digits never trained on are named rightly" in script("first_to_spike_digits", tmp_path)


@pytest.mark.parametrize("name", ["erbp_digits", "erbp_mnist"])
def test_erbp_fits_on_a_page(name):
    assert len((ROOT / "demos" / f"{name}.py").read_text(encoding="utf-8").splitlines()) < 60


def test_erbp_digits_small(tmp_path, capsys):
    report = run("erbp-digits", "--small", out=tmp_path, capsys=capsys)
    assert report["accuracy"] > 0.6  # chance is 0.1
    assert report["samples"] == 300
    assert report["test_samples"] == 100
    assert report["hidden"] == 100
    assert report["error_spikes"] > 1000
    assert report["synaptic_events"] > 1_000_000
    assert report["messages"]["stimulus->lacking (label)"] == 4000
    assert Path(report["picture"]).is_file()


@pytest.mark.slow
def test_erbp_digits_in_full(tmp_path, capsys):
    assert run("erbp-digits", out=tmp_path, capsys=capsys)["accuracy"] >= 0.88


# -- processes of one's own -------------------------------------------------------------------------------------------


def test_custom_process_as_a_script(tmp_path):
    assert script("custom_process", tmp_path).startswith("ann and ben said [1, 2, 3, 4, 5, 6]\n")


def test_custom_process(tmp_path, capsys):
    report, again = (run("custom-process", out=tmp_path, capsys=capsys) for _ in range(2))
    assert report["said"] == [1, 2, 3, 4, 5, 6]
    assert report["spikes"]["ann"] == 1 + 3 + 5
    assert report["spikes"]["ben"] == 2 + 4 + 6
    assert report["digest"] == again["digest"]
    assert Path(report["picture"]).is_file()


def test_a_burst_is_four_spikes_unless_an_input_starts_it_anew():
    net = custom.build().run(custom.DURATION)
    starts = net.spikes(net.population("input")).t
    expected = []
    for start, following in zip(starts, [*starts[1:], np.inf], strict=True):
        times = start + 3e-3 * np.arange(4)
        expected.extend(times[times < following])
    assert (np.diff(starts) < 9e-3).any()  # one of the inputs does come during a burst
    expected = [t for t in expected if t < custom.DURATION]
    np.testing.assert_allclose(net.spikes(net.population("burst")).t, expected, rtol=0, atol=1e-12)
