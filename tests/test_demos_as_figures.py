"""Demos whose result is a figure: each says what it found, writes its picture, and is short."""

import json
from pathlib import Path

import pytest

from eventsnn.cli import main
from eventsnn.demo import figures, runner

ROOT = Path(__file__).parents[1]


def run(name, out, capsys):
    """The JSON object that a demo prints."""
    capsys.readouterr()
    assert main(["demo", name, "--json", "--no-progress", "--out", str(out)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert Path(report["picture"]).stat().st_size > 10_000
    return report


@pytest.mark.parametrize("demo", figures.DEMOS.values(), ids=lambda demo: demo.file)
def test_a_figure_demo_is_its_science(demo):
    """A file of its own, without what the runner does, and on a page."""
    text = (ROOT / "demos" / f"{demo.file}.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 60
    assert callable(runner.module(demo.file).figure)
    assert "argparse" not in text


def test_three_factors(tmp_path, capsys):
    """The synapse that learned most has learned something."""
    report = run("three-factors", tmp_path, capsys)
    assert report["weight"][0] != report["weight"][1]
    assert report["spikes_in"] > 3


def test_spike_times_are_conservative_and_surrogates_are_not(tmp_path, capsys):
    """Around the smallest loop, where the surrogate's integral has converged."""
    report = run("not-conservative", tmp_path, capsys)
    surrogate, exact = report["surrogate"], report["spike_times"]
    assert surrogate["smallest_loop"] > 1e-4
    assert surrogate["half_the_points"] == pytest.approx(surrogate["smallest_loop"], rel=1e-2)
    assert max(exact["shares"][:3]) < 1e-14


@pytest.mark.slow
def test_figures_that_take_longer(tmp_path, capsys):
    """They find what their pages say."""
    report = run("surrogate-path", tmp_path, capsys)
    assert report["loss"][1] < 0.5 * report["loss"][0]
    assert report["jumps"] > 0
    report = run("escape-noise", tmp_path, capsys)
    assert report["log_likelihood"][1] > report["log_likelihood"][0] + 5.0
    report = run("precise-spikes", tmp_path, capsys)
    assert report["loss"][1] < 0.05 * report["loss"][0]
    assert report["apart"] < 3e-3
    report = run("messages", tmp_path, capsys)
    assert report["spikes"] > 0
    assert report["errors"] > 0
    report = run("expected-gradient", tmp_path, capsys)
    assert report["one"] == pytest.approx(1.0, abs=1e-3)
    assert report["two"]["6.0"] < report["two"]["1.0"] < 1.0
    report = run("feedback-alignment", tmp_path, capsys)
    assert report["angles"]["symmetric"] == [0.0]
    assert 0.0 < report["angles"]["learned"][0] < report["angles"]["random"][0] < 90.0


@pytest.mark.parametrize("arguments", [["digits", "--full"], ["three-factors", "--full"]])
def test_full_is_refused_where_it_says_nothing(arguments, capsys):
    """With the names of those that take it."""
    with pytest.raises(SystemExit):
        main(["demo", *arguments])
    assert "escape-noise" in capsys.readouterr().err
