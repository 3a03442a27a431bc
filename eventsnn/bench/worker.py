"""A peer in a process of its own: builds the circuit of a file, then answers "run" lines with CPU times.

Run as a script by whatever interpreter has the peer; nothing of eventsnn is imported here, because that interpreter
need not have it. Arguments: engine, folder (holds circuit.npz; spikes.npz is written there after each run), warm-up
and duration of a run, both in seconds. Answers are lines of JSON on stdout; whatever the peer prints goes to stderr.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

TAU_MEM, TAU_SYN, T_REFRACTORY, THRESHOLD = 20.0, 2.0, 2.0, 15.0  # [ms, ms, ms, mV]
STEP = 0.1  # [ms]
TAU_STDP, STEP_STDP, W_MAX = 20.0, 1e-6, 20.0  # [ms, in units of W_MAX, mV]
Measured = tuple[float, np.ndarray, np.ndarray]  # CPU time [s], spike times [s], neurons
Prepared = tuple[str, Callable[[], Measured]]  # version, a run


def parts(c: dict[str, np.ndarray]) -> list[tuple[np.ndarray, str]]:
    """The recurrent edges by the kind of their synapses."""
    plastic = c["plastic"] if c["plastic"].size else np.zeros(len(c["pre"]), bool)
    kinds = [(plastic, "plastic"), (~plastic, "static_synapse")]
    return [(np.flatnonzero(which), name) for which, name in kinds if which.any()]


def prepare_nest(model: str, c: dict[str, np.ndarray], warm: float, duration: float) -> Prepared:
    """NEST: each run goes on where the one before ended."""
    import nest

    nest.set_verbosity("M_ERROR")
    nest.ResetKernel()
    nest.set(resolution=STEP, local_num_threads=1)
    # With C_m = tau_m, in numbers, a current of x pA moves the voltage as far as x mV do.
    cells = nest.Create(
        model,
        len(c["v"]),
        params={
            "tau_m": TAU_MEM, "C_m": TAU_MEM, "tau_syn_ex": TAU_SYN, "tau_syn_in": TAU_SYN, "t_ref": T_REFRACTORY,
            "E_L": 0.0, "V_reset": 0.0, "V_th": THRESHOLD, "tau_minus": TAU_STDP,
        },
    )  # fmt: skip
    cells.V_m = c["v"].tolist()
    cells.I_e = c["i_bias"].tolist()
    sources = nest.Create("spike_generator", int(c["sources"]))
    order = np.argsort(c["input_i"], kind="stable")
    ends = np.cumsum(np.bincount(c["input_i"], minlength=len(sources)))[:-1]
    sources.set([{"spike_times": np.round(1e3 * t, 1)} for t in np.split(c["input_t"][order], ends)])
    first, first_source = cells[0].global_id, sources[0].global_id

    nest_synapses(nest, c, first, first_source)
    return started(nest, cells, warm, duration)


def nest_synapses(nest: Any, c: dict[str, np.ndarray], first: int, first_source: int) -> None:
    """Connect neurons and sources, which NEST counts from `first` and `first_source`."""
    stdp = {"lambda": STEP_STDP, "alpha": 1.0, "mu_plus": 0.0, "mu_minus": 0.0, "Wmax": W_MAX, "tau_plus": TAU_STDP}
    nest.CopyModel("stdp_synapse", "plastic", stdp)

    def connect(pre: np.ndarray, post: np.ndarray, weight: Any, delay: Any, synapse: str = "static_synapse") -> None:
        each = np.ones(len(pre))
        spec = {"synapse_model": synapse, "weight": weight * each, "delay": np.round(1e3 * delay, 1) * each}
        if len(pre):
            nest.Connect(pre.astype(np.int64), post.astype(np.int64) + first, "one_to_one", spec)

    for part, synapse in parts(c):
        delay = c["delay"][part] if c["delay"].ndim else c["delay"]
        connect(c["pre"][part] + first, c["post"][part], c["weight"][part], delay, synapse)
    connect(c["input_pre"] + first_source, c["input_post"], float(c["input_weight"]), 1.5e-3)


def prepare_eprop(step: float, c: dict[str, np.ndarray], warm: float, duration: float) -> Prepared:
    """e-prop in NEST with steps of `step` ms: every source onto every neuron, and a readout that teaches all of them.

    Its neurons have delta pulses, its learning signal is there at each step, and spikes take one step.
    """
    import nest

    nest.set_verbosity("M_ERROR")
    nest.ResetKernel()
    nest.set(resolution=step, local_num_threads=1)
    size, sources = int(c["neurons"]), int(c["sources"])
    trains = np.split(
        c["at"][np.argsort(c["source"], kind="stable")], np.cumsum(np.bincount(c["source"], minlength=sources))
    )
    given = nest.Create("spike_generator", sources)
    times = [np.maximum(step, np.rint(STEP * train / step) * step).round(1) for train in trains[:sources]]
    given.set([{"spike_times": t} for t in times])
    tau = {"tau_m": TAU_MEM, "C_m": TAU_MEM, "E_L": 0.0}
    shown = {"surrogate_gradient_height": 0.3, "surrogate_gradient_width": 1.0, "kappa": float(np.exp(-step / TAU_MEM))}
    relays = nest.Create("parrot_neuron", sources)
    cells = nest.Create("eprop_iaf", size, params={**tau, "V_m": 0.0, "V_th": 1.0, "t_ref": T_REFRACTORY, **shown})
    readout = nest.Create("eprop_readout", 1, params=tau)
    one = nest.Create("step_rate_generator", 1, {"amplitude_times": [step], "amplitude_values": [1.0]})
    nest.CopyModel("eprop_synapse", "learning", {"optimizer": {"eta": 1e-12}})

    def connect(pre: Any, post: Any, model: str, rule: str = "all_to_all", **more: Any) -> None:
        nest.Connect(pre, post, rule, {"synapse_model": model, "delay": step, **more})

    connect(given, relays, "static_synapse", "one_to_one")
    connect(relays, cells, "learning", weight=float(c["weight"]))
    connect(cells, readout, "learning", weight=1.0 / size)
    connect(readout, cells, "eprop_learning_signal_connection", weight=1.0)
    for receptor in (1, 2):  # it may always learn, and its target is 1
        connect(one, readout, "rate_connection_delayed", receptor_type=receptor)
    return started(nest, cells, warm, duration)


def started(nest: Any, cells: Any, warm: float, duration: float) -> Prepared:
    """Warm up; then each run goes on where the one before ended."""
    recorder = nest.Create("spike_recorder")
    nest.Connect(cells, recorder)
    nest.Prepare()
    seen, first = 0, cells[0].global_id

    def run(seconds: float) -> Measured:
        nonlocal seen
        begun = time.process_time()
        nest.Run(round(1e3 * seconds, 1))
        cost = time.process_time() - begun
        events = recorder.get("events")
        t, i = 1e-3 * np.asarray(events["times"])[seen:], np.asarray(events["senders"])[seen:] - first
        seen += len(t)
        return cost, t, i

    save(run(warm))
    return f"nest {nest.__version__}", lambda: run(duration)


def prepare_brian(c: dict[str, np.ndarray], warm: float, duration: float, folder: Path) -> Prepared:
    """Brian2, compiled C++ standalone: each run starts anew and is timed after the warm-up."""
    import brian2 as b

    b.set_device("cpp_standalone", build_on_run=False)
    b.prefs.devices.cpp_standalone.extra_make_args_unix = ["-j2"]  # the default takes the whole machine
    b.defaultclock.dt = STEP * b.ms
    equations = """dv/dt = (i_bias + g - v)/tau_mem : 1 (unless refractory)
                   dg/dt = -g/tau_syn : 1
                   i_bias : 1 (constant)"""
    constants = {
        "tau_mem": TAU_MEM * b.ms, "tau_syn": TAU_SYN * b.ms, "theta": THRESHOLD, "w_in": float(c["input_weight"]),
    }  # fmt: skip
    cells = b.NeuronGroup(
        len(c["v"]), equations, threshold="v >= theta", reset="v = 0", method="exact", namespace=constants,
        refractory=(T_REFRACTORY + STEP) * b.ms,  # Brian2 holds the voltage for a step less
    )  # fmt: skip
    cells.v, cells.i_bias = c["v"], c["i_bias"]
    network = b.Network(cells)
    for part, synapse in parts(c):
        network.add(brian_synapses(b, cells, c, part, synapse == "plastic"))
    if len(c["input_t"]):
        sources = b.SpikeGeneratorGroup(int(c["sources"]), c["input_i"], c["input_t"] * b.second)
        onto = b.Synapses(sources, cells, on_pre="g += w_in", delay=1.5 * b.ms, namespace=constants)
        onto.connect(i=c["input_pre"], j=c["input_post"])
        network.add(sources, onto)
    monitor = b.SpikeMonitor(cells)
    network.add(monitor)
    network.run(warm * b.second)
    network.run(duration * b.second)
    b.device.build(directory=str(folder / "brian2"), compile=True, run=False, with_output=False)

    def run() -> Measured:
        b.device.run(with_output=False)
        t, i = np.asarray(monitor.t), np.asarray(monitor.i)
        late = t >= warm - 1e-9
        return float(b.device._last_run_time), t[late], i[late]  # std::clock over the last `run` of the two

    return f"brian2 {b.__version__}", run


def brian_synapses(b: Any, cells: Any, c: dict[str, np.ndarray], part: np.ndarray, plastic: bool) -> Any:
    """Some of the recurrent synapses; plastic ones have traces that are brought up to date when a spike needs them."""
    model, on_pre, on_post = "w : 1 (constant)", "g += w", None
    if plastic:
        model = """w : 1
                   dx/dt = -x/tau_stdp : 1 (event-driven)
                   dy/dt = -y/tau_stdp : 1 (event-driven)"""
        on_pre = """x += 1
                    w = clip(w - step*y, 0, w_max)
                    g += w"""
        on_post = """y += 1
                     w = clip(w + step*x, 0, w_max)"""
    constants = {"tau_stdp": TAU_STDP * b.ms, "step": STEP_STDP * W_MAX, "w_max": W_MAX}
    same = {} if c["delay"].ndim else {"delay": float(c["delay"]) * b.second}
    synapses = b.Synapses(cells, cells, model, on_pre=on_pre, on_post=on_post, namespace=constants, **same)
    synapses.connect(i=c["pre"][part], j=c["post"][part])
    synapses.w = c["weight"][part]
    if c["delay"].ndim:
        synapses.delay = c["delay"][part] * b.second
    return synapses


def save(measured: Measured) -> float:
    """Keep the spikes of a run for whoever wants to look at them; its CPU time [s]."""
    seconds, t, i = measured
    np.savez(FOLDER / "spikes.npz", t=t, i=i.astype(np.int64))  # no spikes have no type
    return seconds


def prepare(engine: str, warm: float, duration: float) -> Prepared:
    """Build and warm up."""
    c = dict(np.load(FOLDER / "circuit.npz"))
    peer, _, model = engine.partition(" ")
    if model.startswith("eprop_iaf"):  # eprop_iaf, 0.1 ms
        return prepare_eprop(float(model.split()[1]), c, warm, duration)
    if peer == "nest":
        return prepare_nest(model, c, warm, duration)
    return prepare_brian(c, warm, duration, FOLDER)


def main() -> None:
    """Say that all is ready, then measure one run for each line that comes."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a peer prints must not come between

    def answer(**fields: Any) -> None:
        print(json.dumps(fields), file=answers, flush=True)

    try:
        version, run = prepare(sys.argv[1], float(sys.argv[3]), float(sys.argv[4]))
    except ImportError as error:
        answer(missing=str(error))
        return
    answer(version=version)
    for _ in sys.stdin:
        answer(seconds=save(run()))


if __name__ == "__main__":
    FOLDER = Path(sys.argv[2])
    main()
