"""Makes pages/images/first-crossing.png: the four things that a voltage can do between two messages."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import eventsnn as es

MS = 1e3
CASES = {
    "rises through,\nand would fall again": {"i": 9.0},
    "the top stays below:\nnever": {"i": 5.5},
    "falls first, then rises\ntowards v_inf > threshold": {"i": -4.0, "i_bias": 1.4},
    "towards v_inf <= threshold:\nnever": {"i": 0.0, "i_bias": 0.9},
}


def voltage(model: es.LIF, initial: dict[str, float], times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The free voltage, and the spike times that the engine finds."""
    net = es.Network()
    free = net.add(es.LIF(tau_mem=model.tau_mem, tau_syn=model.tau_syn, v_threshold=1e9), record=["state"], **initial)
    firing = net.add(model, **initial)
    net.run(times[-1] + 1e-6)
    return net.state(free, 0, times)["v"], net.spikes(firing).t


def main() -> None:
    model = es.LIF(tau_mem=20e-3, tau_syn=5e-3, t_refractory=1.0)
    times = np.linspace(0.0, 60e-3, 400)
    figure, axes = plt.subplots(1, 4, figsize=(10, 2.4), sharey=True, layout="constrained")
    for axis, (title, initial) in zip(axes, CASES.items(), strict=True):
        v, spikes = voltage(model, initial, times)
        axis.axhline(1.0, color="0.6", linewidth=0.8, linestyle="--")
        axis.plot(times * MS, v, color="tab:blue", linewidth=1.4)
        axis.plot(spikes * MS, np.ones(len(spikes)), "o", color="tab:red", markersize=5)
        axis.set_title(title, fontsize=9)
        axis.set_xlabel("time [ms]")
        axis.set_ylim(-0.9, 1.6)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("v")
    path = Path(__file__).parents[1] / "pages" / "images" / "first-crossing.png"
    figure.savefig(path, dpi=130)
    print(path)


if __name__ == "__main__":
    main()
