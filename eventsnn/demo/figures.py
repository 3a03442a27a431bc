"""Runs the demos whose result is a figure: each builds, runs, and draws, and says what it measured.

Such a demo defines `figure(seed, engine, full)`, which returns what it found, as plain numbers, and a Figure or a film.
"""

import time as clock
from collections.abc import Callable
from typing import Any

from eventsnn.demo.runner import Demo, Options, Report, check_folders, module, pictures, save_picture
from eventsnn.errors import EngineError


def run(options: Options, file: str, engine: str) -> Report:
    """What a figure shows in numbers, and where it was written."""
    if options.small:
        raise EngineError("this demo is small already; leave --small out")
    check_folders(options)
    pictures()
    begun = clock.monotonic()
    seed, engine = options.seed or 0, options.engine or engine
    found, drawn = module(file).figure(seed=seed, engine=engine, full=options.full)
    save = save_film if hasattr(drawn, "new_frame_seq") else save_picture
    return {
        **found,
        "seed": seed,
        "engine": engine,
        "full": options.full,
        "picture": save(drawn, options, file),
        "seconds": round(clock.monotonic() - begun, 2),
    }


def save_film(film: Any, options: Options, name: str) -> str:
    """Write a film and give its path."""
    path = options.out / f"{name}.gif"
    try:
        film.save(path, writer="pillow", dpi=100)
    except OSError as error:
        raise EngineError(f"cannot write the picture {path} ({error}); give another folder with --out") from error
    return str(path)


def entry(summary: str, file: str, says: str, *, has_full: bool = False, engine: str = "reference") -> Demo:
    """An entry of `eventsnn demo`."""
    runs: Callable[[Options], Report] = lambda options: run(options, file, engine)  # noqa: E731
    return Demo(summary, file, runs, says + " ({seconds} s)", learns=False, has_full=has_full)


DEMOS = {
    "three-factors": entry(
        "all that one synapse of SuperSpike sees, from the spikes that come in to its weight",
        "three_factors",
        "synapse {synapse}: {spikes_in} spikes came in, {errors} errors reached its neuron",
    ),
    "precise-spikes": entry(
        "one neuron learns to fire at precise times, by SuperSpike",
        "precise_spikes",
        "loss [wrong spikes/s] in the first trial and on average in the last ten of {trials}: {loss}",
        has_full=True,
    ),
    "messages": entry(
        "a film of the messages in a network that learns temporal XOR",
        "messages",
        "{spikes} spikes and {errors} errors in one pattern, after {epochs} epochs",
    ),
    "escape-noise": entry(
        "a stochastic neuron learns to make a target spike train likely",
        "escape_noise",
        "log-likelihood of the target in the first and the last five of {epochs} epochs: {log_likelihood}",
        has_full=True,
    ),
    "escape-layers": entry(
        "a target spike train learned through a hidden layer of stochastic neurons",
        "escape_layers",
        "log-likelihood of the target in the last fifth of {epochs} epochs, for each seed: {log_likelihood}",
        has_full=True,
        engine="compiled",
    ),
    "not-conservative": entry(
        "surrogate gradients, summed around closed loops of weights, do not cancel; those of spike times do",
        "not_conservative",
        "around the smallest loop {surrogate[smallest_loop]:.2e} of the surrogate gradient is left, and "
        "{spike_times[smallest_loop]:.1e} of that of spike times",
        has_full=True,
    ),
    "surrogate-path": entry(
        "the loss, its derivative and the surrogate's, from the weights before learning to those after it",
        "surrogate_path",
        "the loss before and after: {loss}; between {jumps} jumps its derivative has the sign of the surrogate "
        "gradient at {same_sign:.0%} of {points} points",
        has_full=True,
    ),
    "expected-gradient": entry(
        "where a surrogate gradient is the expected gradient of a stochastic network, and where it is not",
        "expected_gradient",
        "surrogate over expected gradient: one neuron {one:.4f}; two layers {two}",
        has_full=True,
    ),
    "surrogate-shapes": entry(
        "which surrogate derivative, and how steep: a hidden layer learns target spike trains with each",
        "surrogate_shapes",
        "loss after learning, for each shape and seed, with steepness {betas}: {loss}",
        has_full=True,
        engine="compiled",
    ),
    "feedback-alignment": entry(
        "the angle to the true gradient while learning, for every kind of feedback, with the accuracy",
        "feedback_alignment",
        "mean angle [degrees] in the end: {angles}; accuracy: {accuracies}",
        has_full=True,
    ),
}
