"""What the pages about rules show: path diagrams, and what each rule needed in a run that is the same for all.

python docs/figures/rules.py          makes the pictures and writes the tables into docs/pages/rules/*.md
"""

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

import eventsnn as es
from eventsnn.report import formats

PAGES = Path(__file__).parents[1] / "pages"
DURATION = 1.0
MARK = re.compile(r"(<!-- measured: ([\w ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


# -- one run, the same for all ----------------------------------------------------------------------------------------


def third(cell, port, targets):
    """Tells a neuron, or all of them with one number, something fifty times a second."""
    while True:
        k = cell.state.get("k", 0)
        yield cell.until(0.013 + 0.02 * k)
        cell.state["k"] = k + 1
        value = 1.0 if k % 3 else -1.5
        cell.send(port, value, to=k % targets if targets else None)


def layer(rule: es.Rule, port: str | None, model: es.Neuron | None = None, alike: bool = False) -> Callable[[], Any]:
    """Twenty Poisson inputs of 20/s onto five neurons that also get other input, and somebody with a third factor."""

    def build() -> es.Network:
        net = es.Network(seed=1)
        x = net.add(es.Poisson(rate=20.0), 20, name="x")
        y = net.add(model or es.LIF(tau_mem=10e-3, tau_syn=5e-3), 5, name="y")
        net.connect(x, y, rule, weight=es.uniform(0.0, 0.6), delay=1e-3)
        net.connect(net.add(es.Poisson(rate=100.0), 5, name="drive"), y, weight=1.0, pattern=es.one_to_one())
        if port is not None:
            teller = net.add(third, name="teller", port=port, targets=None if alike else 5)
            net.connect(teller, y, port=port, delay=1e-3)
        return net

    return build


def spike_times(**way_back: Any) -> Callable[[], Any]:
    """Trials: four inputs, five hidden neurons, three outputs; the class should fire first."""

    def build() -> es.Network:
        net = es.Network(seed=1)
        x, h, y = net.add(es.Latency(), 4, name="x"), net.add(es.IF(), 5, name="y"), net.add(es.IF(), 3, name="z")
        rule = es.SpikeTimeGradient(step=es.Sgd(lr=0.01))
        net.connect(x, h, rule, weight=es.uniform(0.4, 0.9), delay=1e-3)
        net.connect(h, y, rule, weight=es.uniform(0.3, 0.8), delay=1e-3, **way_back)
        teacher = net.teach(y, es.MarginRace(margin=0.5), delay=1e-3)
        times = np.random.default_rng(1).uniform(0.0, 0.4, (40, 4))
        net.stimulate(es.Stimulus(times, np.arange(40) % 3, period=5.0), x, layers=[h, y], teacher=teacher)
        return net

    return build


def spike_times_by_axons() -> es.Network:
    """The same without a hidden layer, with axons between inputs and outputs."""
    net = es.Network(seed=1)
    x, axons, y = net.add(es.Latency(), 4, name="x"), net.add(es.Axon(), 4, name="y"), net.add(es.IF(), 3, name="z")
    way_back = {"feedback": "symmetric", "feedback_delay": 1e-3}
    delays = es.LearnedDelays(lr=0.01, shortest=1e-3)
    net.connect(x, axons, es.AxonalDelay(delays=delays), delay=0.1, pattern=es.one_to_one())
    net.connect(axons, y, es.SpikeTimeGradient(), weight=es.uniform(0.4, 0.9), delay=1e-3, **way_back)
    teacher = net.teach(y, es.MarginRace(margin=0.5), delay=1e-3)
    times = np.random.default_rng(1).uniform(0.0, 0.4, (40, 4))
    net.stimulate(es.Stimulus(times, np.arange(40) % 3, period=5.0), x, layers=[axons, y], teacher=teacher)
    return net


def rounds(cell: Any) -> Any:
    """Every 5 s an error for each of two spikes, the rounds, a change and a new trial."""
    while True:
        k = cell.state.get("k", 0)
        yield cell.until(5.0 * k + 4.0)
        for number in (1.0, 2.0):
            cell.send("about", number)
            cell.send("error", 0.1, to=k % 3)
            yield cell.until(5.0 * k + 4.0 + 0.1 * number)
        for number in (1.0, 2.0, 3.0, 4.0):
            cell.send("gather", number)
        yield cell.until(5.0 * k + 4.5)
        cell.send("apply")
        cell.send("reset")
        cell.state["k"] = k + 1


def spike_times_in_rounds() -> es.Network:
    """Four inputs, three neurons that may fire again and again."""
    net = es.Network(seed=1)
    x, y = net.add(es.Latency(), 4, name="x"), net.add(es.IF(t_refractory=0.0), 3, name="y")
    net.connect(x, y, es.MultiSpikeGradient(step=es.Sgd(lr=0.01)), weight=es.uniform(0.4, 0.9), delay=1e-3)
    times = np.random.default_rng(1).uniform(0.0, 0.4, (40, 4))
    net.stimulate(es.Stimulus(times, np.arange(40) % 3, period=5.0), x, layers=[])
    teller = net.add(rounds, name="teller")
    for port in ("about", "error", "gather", "apply", "reset"):
        net.connect(teller, y, port=port, delay=1e-3)
    return net


FEEDBACK = ("symmetric", "random", "broadcast")
RATE = {"surrogate": es.Triangular(beta=1.0, height=300.0)}
RULES: dict[str, Callable[[], Any]] = {
    "SpikeTimeGradient": spike_times(feedback="symmetric"),
    "symmetric": spike_times(feedback="symmetric"),
    "random": spike_times(feedback="random", feedback_weight=es.uniform(0.0, 0.5)),
    "broadcast": spike_times(feedback="broadcast", feedback_weight=es.uniform(0.0, 0.5)),
    "AxonalDelay": spike_times_by_axons,
    "MultiSpikeGradient": spike_times_in_rounds,
    "EscapeGradient": layer(es.EscapeGradient(), "error", es.EscapeLIF(tau_mem=10e-3, tau_syn=5e-3)),
    "MultilayerSpiker": layer(es.MultilayerSpiker(), "error", es.EscapeLIF(tau_mem=10e-3, tau_syn=5e-3)),
    "PairSTDP": layer(es.PairSTDP(), None),
    "TripletSTDP": layer(es.TripletSTDP(w_max=1.0), None),
    "RewardSTDP": layer(es.RewardSTDP(w_max=1.0), "reward", alike=True),
    "ERBP": layer(es.ERBP(), "error", es.TwoCompartment()),
    "ETLP": layer(es.ETLP(), "label"),
    "LabelDelta": layer(es.LabelDelta(), "label", es.Readout()),
    "SuperSpike": layer(es.SuperSpike(), "error"),
    "LocalError": layer(es.LocalError(), "error"),
    "ErrorTriggered": layer(es.ErrorTriggered(), "error"),
    "EProp": layer(es.EProp(**RATE), "error"),
    "AdaptiveEProp": layer(es.AdaptiveEProp(**RATE), "error", es.AdaptiveLIF(tau_mem=10e-3, tau_syn=5e-3)),
}


def measured(name: str) -> dict[str, Any]:
    """The locality report's row about a rule: of the projection onto `y`, or of the one that errors come back along."""
    net = RULES[name]().measure()
    net.run(100.0 if RULES[name].__qualname__.startswith("spike_times") else DURATION)
    report = net.report().to_dict()
    row = dict(report["projections"][1 if name in FEEDBACK else 0])
    row["transport"] = sum(found["found"] != "none" for found in report["weight_transport"])
    row["told"] = {port: n for port, n in report["messages"].items() if port in ("error", "label", "reward") and n}
    return row


KINDS = ("additions", "multiplications", "divisions", "comparisons", "functions")


def work(row: dict[str, Any], synapses: bool) -> str:
    """Operations of the handlers of synapses, or of those of neurons, per spike that arrived at a synapse."""
    own = [h for name, h in row["operations"].items() if (name[:3] == "on_" or name == "follow") == synapses]
    done = [sum(h["done"][kind] for h in own) / row["row_visits"] for kind in KINDS]
    return " · ".join(f"{n:.3g}" if n < 1000 else f"{n:.0f}" for n in done) if any(done) else "0"


SAYS: dict[str, Callable[[dict[str, Any]], str]] = {
    "words per synapse, beside the weight": lambda r: str(r["words"]["synapse"]),
    "words per neuron": lambda r: str(r["words"]["neuron"]),
    "words per epoch of a neuron": lambda r: str(r["words"]["epoch"]),
    "weights of its own for the way back, per synapse": lambda r: str(r["words"]["way_back"]),
    "projections whose weights errors travel back through": lambda r: str(r["transport"]),
    "visits of synapses by arriving spikes": lambda r: f"{r['row_visits']:,}",
    "visits of synapses by anything else": lambda r: several(r["column_visits"], " by "),
    "done at synapses per arriving spike: + · × · ÷ · < · exp": lambda r: work(r, synapses=True),
    "done at neurons per arriving spike: + · × · ÷ · < · exp": lambda r: work(r, synapses=False),
    "writes of a weight per arriving spike": lambda r: f"{r['per_event']['weight writes']:.2f}",
    "third factor, messages to neurons": lambda r: several(r["told"], " "),
    "from a synapse's latest spike to its change: median, 95 %": lambda r: waited(r["lock"]["seconds"]),
    "sweeps (work that no message asked for)": lambda r: "-" if r["sweeps"] is None else str(r["sweeps"]),
}


def table(names: list[str]) -> str:
    """What rules needed, side by side; rows that say nothing are left out."""
    rows = [measured(name) for name in names]
    lines = [f"| | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for what, of in SAYS.items():
        cells = [of(row) for row in rows]
        if any(cell not in ("0", "-") for cell in cells) or what.startswith(("words per synapse", "sweeps")):
            lines.append(f"| {what} | {' | '.join(cells)} |")
    return "\n".join(lines)


def several(counts: dict[str, int], by: str) -> str:
    """Numbers of events, by port."""
    return ", ".join(f"{n:,}{by}{port}" for port, n in counts.items() if n) or "0"


def waited(seconds: dict[str, Any] | None) -> str:
    """Time from the latest spike of a synapse to a change of its weight."""
    if seconds is None:
        return "-"
    return "at a spike" if seconds["q95"] == 0 else ", ".join(formats.seconds(seconds[q]) for q in ("q50", "q95"))


def filled(page: str) -> str:
    """A page with its tables as they are measured now."""
    return MARK.sub(lambda m: f"{m[1]}\n{table(m[2].split(' and '))}\n\n{m[3]}", page)


# -- pictures ---------------------------------------------------------------------------------------------------------

PATHS = {
    "superspike": es.SuperSpike(),
    "eprop": es.EProp(),
    "eprop-adaptive": es.AdaptiveEProp(),
    "local-error": es.LocalError(),
    "error-triggered": es.ErrorTriggered(),
    "multilayer-spiker": es.MultilayerSpiker(),
    "etlp": SimpleNamespace(
        chain=es.spike() >> es.low_pass(20e-3) >> es.gate(es.Triangular()) >> es.gate(es.error()) >> es.weight(es.Sgd())
    ),
}
FIGURE3 = [
    es.FastSigmoid(beta=10.0),
    es.Sigmoid(beta=10.0),
    es.Exponential(beta=5.0),
    es.Quadratic(beta=3.0),
    es.Triangular(beta=2.0),
    es.Boxcar(beta=2.0),
]


def main() -> None:
    for name, rule in PATHS.items():
        es.plot.path(rule).figure.savefig(PAGES / "images" / f"path-{name}.png", dpi=130)
    es.plot.surrogates(*FIGURE3).figure.savefig(PAGES / "images" / "surrogates.png", dpi=130)
    for page in sorted((PAGES / "rules").glob("*.md")):
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")
        print(page)


if __name__ == "__main__":
    main()
