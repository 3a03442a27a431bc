"""Studies of one's own: runs, resuming, tables, processes; and the references that no local rule can match."""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import eventsnn as es
from eventsnn.errors import Interrupted, NetworkError
from eventsnn.study import Study, scaling
from eventsnn.study.nonlocal_references import SMOOTH, Tally, backward, example, forward
from eventsnn.study.tables import number

SETTINGS = {"low": {"rate": 10.0}, "high": {"rate": 40.0}}


def build(setting, seed):
    net = es.Network(seed)
    net.add(es.Poisson(rate=setting["rate"]), 5, name="x")
    return net


def spikes(net):
    return len(net.spikes(net.population("x")))


def study(**other):
    given = {"build": build, "settings": SETTINGS, "metrics": {"spikes": spikes}, "run": 0.2, **other}
    return Study(**given)


# -- runs -------------------------------------------------------------------------------------------------------------


def test_mean_and_spread_are_those_of_the_seeds():
    results = study().run(range(4), progress=False)
    counts = [spikes(build(SETTINGS["high"], seed).run(0.2)) for seed in range(4)]
    found = results.number("high", "spikes")
    assert (found.mean, found.n) == (np.mean(counts), 4)
    assert found.sd == pytest.approx(np.std(counts, ddof=1), rel=1e-12)


def test_a_metric_that_some_runs_lack_is_averaged_over_the_others():
    results = study(metrics=lambda net: {"n": spikes(net) if net.description.seed else None}).run(
        range(3), progress=False
    )
    assert results.number("low", "n").n == 2
    assert "(2 of 3)" in str(results)
    assert number([]).mean is None
    assert number([1.0]).sd is None


def test_a_run_that_fails_is_recorded_and_the_others_go_on(tmp_path):
    def sometimes(setting, seed):
        if setting["rate"] == 40.0 and seed == 1:
            raise ValueError("seed 1 is unlucky")
        return build(setting, seed)

    file = tmp_path / "runs.jsonl"
    results = study(build=sometimes).run(range(3), file, progress=False)
    assert [(run["setting"], run["seed"]) for run in results.failed] == [("high", 1)]
    assert "ValueError: seed 1 is unlucky" in json.loads(file.read_text().splitlines()[4])["error"]
    assert results.number("high", "spikes").n == 2
    assert "failed: high, seed 1: ValueError" in str(results)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The file of a complete study, and its tables."""
    file = tmp_path_factory.mktemp("study") / "runs.jsonl"
    results = study().run(range(3), file, progress=False)
    return file.read_bytes(), results.csv()


@given(share=st.floats(0.0, 1.0))
def test_a_study_killed_anywhere_gives_the_same_table_when_it_is_resumed(share, whole, tmp_path_factory):
    content, table = whole
    file = tmp_path_factory.mktemp("cut") / "runs.jsonl"
    file.write_bytes(content[: round(share * len(content))])
    ended = file.read_bytes().count(b"\n")
    built = []

    def counting(setting, seed):
        built.append((setting["rate"], seed))
        return build(setting, seed)

    assert study(build=counting).run(range(3), file, progress=False).csv() == table
    assert len(built) == 6 - ended
    assert [json.loads(line)["error"] for line in file.read_text().splitlines()] == [None] * 6


def test_more_seeds_add_to_a_file(whole, tmp_path):
    file = tmp_path / "runs.jsonl"
    file.write_bytes(whole[0])
    assert len(study().run(range(4), file, progress=False).runs) == 8
    assert len(study().run(range(2), file, progress=False).runs) == 4
    assert len(file.read_text().splitlines()) == 8


def test_ctrl_c_keeps_what_ended(tmp_path):
    def impatient(setting, seed):
        if seed == 1:
            raise KeyboardInterrupt
        return build(setting, seed)

    file = tmp_path / "runs.jsonl"
    with pytest.raises(Interrupted, match="stopped after 1 of 4 runs"):
        study(build=impatient).run(range(2), file, progress=False)
    assert len(file.read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"jobs": 0}, "jobs is 0"),
        ({"seeds": []}, "at least one"),
        ({"seeds": [1, 1]}, "each once"),
        ({"file": "no/such/folder/runs.jsonl"}, "there is no folder"),
    ],
)
def test_what_cannot_be_run_is_refused(wrong, says):
    with pytest.raises(NetworkError, match=says):
        study().run(**wrong)


def test_a_study_that_cannot_be_is_refused():
    with pytest.raises(NetworkError, match="at least one"):
        study(settings={})
    with pytest.raises(NetworkError, match="give seconds"):
        study(run=-1.0)


def test_a_file_of_another_study_is_refused(whole, tmp_path):
    file = tmp_path / "runs.jsonl"
    file.write_bytes(whole[0])
    with pytest.raises(NetworkError, match=r"runs.jsonl:1 is a run of 'study'"):
        study(name="other").run([0], file, progress=False)
    with pytest.raises(NetworkError, match="with low = "):
        study(settings={"low": {"rate": 11.0}}).run([0], file, progress=False)
    file.write_text("{}\n")
    with pytest.raises(NetworkError, match=r"runs.jsonl:1 is no run"):
        study().run([0], file, progress=False)


def test_processes_and_executors_give_the_same_table(whole, tmp_path):
    pytest.importorskip("joblib")
    file = tmp_path / "runs.jsonl"
    assert study().run(range(3), file, jobs=2, progress=False).csv() == whole[1]
    assert len(file.read_text().splitlines()) == 6
    with ThreadPoolExecutor(2) as pool:
        assert study().run(range(3), pool=pool, progress=False).csv() == whole[1]


MPI = """
from mpi4py.futures import MPIPoolExecutor
from test_study import study

if __name__ == "__main__":
    with MPIPoolExecutor() as pool:
        print(study().run(range(3), pool=pool, progress=False).csv(), end="")
"""


def test_mpi_gives_the_same_table(whole, tmp_path):
    pytest.importorskip("mpi4py", reason="needs mpi4py")
    mpiexec = shutil.which("mpiexec")
    if mpiexec is None:
        pytest.skip("needs mpiexec")
    (tmp_path / "script.py").write_text(MPI)
    command = [mpiexec, "-n", "2", sys.executable, "-m", "mpi4py.futures", str(tmp_path / "script.py")]
    here = Path(__file__).parent
    path = os.pathsep.join([str(here), str(here.parent), os.environ.get("PYTHONPATH", "")])
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=True, env={**os.environ, "PYTHONPATH": path}
    )
    assert result.stdout == whole[1]


# -- references that are not local ------------------------------------------------------------------------------------


@given(st.integers(1, 4), st.integers(1, 8), st.integers(0, 2**32 - 1))
def test_forward_and_backward_derivatives_agree(neurons, steps, seed):
    net = example(neurons, steps, seed)
    a, b = forward(net), backward(net)
    np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12 * max(1.0, np.abs(a).max()))


@given(st.integers(1, 3), st.integers(2, 7), st.integers(0, 2**32 - 1))
def test_of_a_smooth_spike_both_are_the_complex_step(neurons, steps, seed):
    net = example(neurons, steps, seed, SMOOTH)
    by_step = np.empty((neurons, neurons))
    for place in np.ndindex(neurons, neurons):
        v = net.v.astype(complex)
        v[place] += 1e-30j
        by_step[place] = replace(net, v=v).loss().imag / 1e-30
    for way in (forward, backward):
        np.testing.assert_allclose(way(net), by_step, rtol=1e-10, atol=1e-13)


def test_the_example_spikes_and_its_surrogate_gradient_is_not_zero():
    net = example(6, 40, 1)
    assert np.abs(backward(net)).max() > 1e-3


def test_the_references_keep_what_they_must():
    n, steps = 5, 12
    kept = []
    for way in (forward, backward):
        tally = Tally()
        way(example(n, steps, 1), tally)
        kept.append(tally.words)
    assert kept == [2 * n**3 + 2 * n, n * steps + 2 * n]


# -- exponents --------------------------------------------------------------------------------------------------------


@given(st.floats(-3.0, 4.0), st.floats(0.1, 10.0))
def test_a_power_law_is_found_with_no_uncertainty(power, factor):
    x = np.array([2.0, 3.0, 7.0, 20.0])
    found = scaling.fit(x, factor * x**power)
    assert found.power == pytest.approx(power, abs=1e-9)
    assert found.error == pytest.approx(0.0, abs=1e-7)


@given(st.lists(st.floats(0.5, 2.0), min_size=5, max_size=5))
def test_uncertainty_is_that_of_least_squares(noise):
    x = np.array([2.0, 4.0, 8.0, 16.0, 32.0])
    y = x**2 * noise
    (slope, _), covariance = np.polyfit(np.log(x), np.log(y), 1, cov=True)
    found = scaling.fit(x, y)
    assert found.power == pytest.approx(slope, abs=1e-9)
    assert found.error == pytest.approx(np.sqrt(covariance[0, 0]), abs=1e-7)


def test_what_has_no_exponent_is_said():
    assert scaling.fit([1.0, 2.0], [0.0, 3.0]) is None
    assert scaling.fit([1.0, 2.0], [1.0, 2.0]).error is None
    with pytest.raises(NetworkError, match="two different sizes"):
        scaling.fit([3.0, 3.0], [1.0, 2.0])


def test_the_reviews_table_is_found_by_counting(monkeypatch):
    sizes = scaling.Sizes((3, 6, 12), 2.0, (2.0, 4.0, 8.0), 3)
    monkeypatch.setattr(scaling, "COMPARED", {name: scaling.COMPARED[name] for name in ("SuperSpike", "ETLP", "ERBP")})
    monkeypatch.setattr(scaling, "QUICK", sizes)
    made = scaling.study(quick=True)
    found = {
        law.rule: law
        for law in scaling.laws(made.run([1], progress=False), sizes, [*scaling.CLOCKED, *scaling.COMPARED])
    }
    backward, forward = found["backpropagation through time"], found["real-time recurrent learning"]
    assert backward.memory[0].power == pytest.approx(1.0, abs=1e-9)
    assert backward.memory[1].power == pytest.approx(1.0, abs=0.1)
    assert forward.memory[0].power == pytest.approx(3.0, abs=0.1)
    assert forward.memory[1].power == pytest.approx(0.0, abs=1e-9)
    assert found["SuperSpike"].memory[0].power == pytest.approx(2.0, abs=0.3)  # 2.0 N^2 + O(N)
    assert found["SuperSpike"].memory[1].power == pytest.approx(0.0, abs=1e-9)
    assert found["ETLP"].memory[0].power == pytest.approx(2.0, abs=1e-9)
    assert found["ETLP"].needed.power == pytest.approx(1.0, abs=1e-9)  # its trace is its source's
    assert found["ERBP"].memory == (None, None)  # no words at all
    assert all(law.synapses[0].power == pytest.approx(2.0, abs=0.4) for law in found.values() if law.local)
    assert [row[0] for row in scaling.rows(list(found.values()))[1:]] == list(found)
