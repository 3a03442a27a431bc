"""Spikes of NEST's `iaf_psc_exp_ps_lossless`, which finds every threshold crossing in continuous time.

Times are in milliseconds and currents in the unit of the voltage: with C_m = tau_m (in numbers) an input of w pA is
an input of weight w. NEST wants delays, refractory periods and durations that are multiples of its step, and has no
case for tau_syn = tau_mem. In NEST 3.10 a neuron can fire within its refractory period if a step lies wholly in it
and the neuron would rise from reset to threshold within that step; with the step and currents used here it cannot.
"""

from dataclasses import dataclass

import nest
import numpy as np

STEP = 0.125  # [ms] a power of two, so that NEST's clock (steps minus offset) is exact


@dataclass(frozen=True)
class Circuit:
    """Neurons with their bias and initial voltage, recurrent synapses, and spikes from outside."""

    tau_mem: float  # [ms]
    tau_syn: float  # [ms]
    t_refractory: float  # [ms]
    i_bias: np.ndarray
    v: np.ndarray
    pre: np.ndarray
    post: np.ndarray
    weight: np.ndarray
    delay: np.ndarray  # [ms]
    inputs: list[np.ndarray]  # one train [ms] per source
    input_weight: np.ndarray  # sources x neurons
    input_delay: float  # [ms]


def simulate(c: Circuit, duration: float, tau_syn: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Times [ms] and neurons of all spikes before `duration` [ms], in order of time."""
    nest.ResetKernel()
    nest.resolution = STEP
    n = len(c.v)
    tau_syn = tau_syn or c.tau_syn
    cells = nest.Create("iaf_psc_exp_ps_lossless", n, params={
        "tau_m": c.tau_mem, "C_m": c.tau_mem, "tau_syn_ex": tau_syn, "tau_syn_in": tau_syn,
        "t_ref": max(c.t_refractory, STEP), "E_L": 0.0, "V_reset": 0.0, "V_th": 1.0,
    })  # fmt: skip
    cells.V_m = c.v.tolist()
    cells.I_e = c.i_bias.tolist()
    ids = np.array(cells.tolist())
    if len(c.pre):
        synapses = {"synapse_model": "static_synapse", "weight": c.weight, "delay": c.delay}
        nest.Connect(ids[c.pre], ids[c.post], "one_to_one", synapses)
    for train, weights in zip(c.inputs, c.input_weight, strict=True):
        source = nest.Create("spike_generator", params={"spike_times": train.tolist(), "precise_times": True})
        for k in np.flatnonzero(weights):
            nest.Connect(source, cells[int(k)], syn_spec={"weight": float(weights[k]), "delay": c.input_delay})
    recorder = nest.Create("spike_recorder")
    nest.Connect(cells, recorder)
    nest.Simulate(duration + 1.0)  # a spike at the very end is reported in the next round
    events = recorder.get("events")
    times, senders = np.asarray(events["times"]), np.searchsorted(ids, events["senders"])
    keep = times < duration
    order = np.lexsort((senders[keep], times[keep]))
    return times[keep][order], senders[keep][order]
