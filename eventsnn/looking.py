"""`Looking`: what can be read from a network that has run, or is about to."""

from typing import TYPE_CHECKING, Any

import numpy as np

from eventsnn import freedoms
from eventsnn.errors import NetworkError
from eventsnn.freedoms import Request
from eventsnn.graph import Description, Population, Projection
from eventsnn.plan import Plan
from eventsnn.record import Messages, Recorder, Spikes, WeightChanges, read_states
from eventsnn.traces import Trace, trace

if TYPE_CHECKING:  # loaded when something is measured
    from eventsnn.report import LocalityReport, Measurement


class Looking:
    """The part of `Network` that reads and changes nothing."""

    description: Description
    recorder: Recorder
    _measurement: "Measurement | None"

    @property
    def plan(self) -> Plan:
        """The numbering, ranks, rows and windows that every engine uses."""
        raise NotImplementedError

    @property
    def engine(self) -> Any:
        """The engine."""
        raise NotImplementedError

    @property
    def now(self) -> float:
        """The present time [s]."""
        raise NotImplementedError

    def report(self) -> "LocalityReport":
        """What every learning rule needed so far: memory, messages, weight transport, relaxations.

        After `measure`, also what only counting can tell: visits, reads and writes, operations, how long changes of
        weight waited, and how fine the errors were.
        """
        from eventsnn.report import describe

        return describe(self.description, self.plan, self.engine, self._measurement, self.relaxations())

    def spikes(self, population: Population) -> Spikes:
        """The spikes of a population so far; needs "spikes" in `record` in `add`, as is the default."""
        if "spikes" not in self.plan.of(population).population.record:
            raise NetworkError(f"{population.name} records no spikes; add it with record=['spikes']")
        columns = self.recorder.spike_columns(self.plan.of(population).index).arrays()
        return Spikes(columns["t"], columns["i"], population.size, population.name)

    def weights(self, projection: Projection) -> np.ndarray:
        """The weights, in the order of synapses (see `edges`)."""
        return np.asarray(self.synapse_state(projection)["w"])

    def edges(self, projection: Projection) -> tuple[np.ndarray, np.ndarray]:
        """Source and target of every synapse, in the plan's order: by source, delay, target."""
        s = self._synapses(projection)
        return s.source.copy(), s.target.copy()

    def matrix(self, projection: Projection) -> np.ndarray:
        """The weights as a matrix (sources x targets); NaN where there is no synapse, sums where there are several."""
        source, target = self.edges(projection)
        matrix = np.full((projection.pre.size, projection.post.size), np.nan)
        matrix[source, target] = 0.0
        np.add.at(matrix, (source, target), self.weights(projection))
        return matrix

    def synapse_state(self, projection: Projection) -> dict[str, Any]:
        """Everything a projection holds: `w`, the rule's `syn.<state>` and `post.<state>`, and message counts."""
        arrays: dict[str, Any] = self.engine.synapse_arrays(self._synapses(projection).index)
        return arrays if self._measurement is None else self._measurement.without_counters(arrays)

    def weight_changes(self, projection: Projection) -> WeightChanges:
        """Every change of weight so far; needs `record=["weights"]` in `connect`."""
        if "weights" not in projection.record:
            raise NetworkError(f"{projection.name} does not record its weights; connect it with record=['weights']")
        s = self._synapses(projection)
        columns = self.recorder.weight_columns(s.index).arrays()
        return WeightChanges(columns["t"], columns["k"], columns["w"], s.weight.copy())

    def notes(self, population: Population, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Times and values of what a process noted under a name."""
        columns = self.recorder.notes.get((self.plan.of(population).index, name))
        if columns is None:
            return np.empty(0), np.empty(0)
        arrays = columns.arrays()
        return arrays["t"], arrays["value"]

    def state(self, population: Population, index: int, times: Any) -> dict[str, np.ndarray]:
        """The published state of a neuron at any times [s], exactly; needs `record=["state"]` in `add`.

        At the instant of an event this is the state just after it.

        Raises:
            NetworkError: not recorded, no such neuron, or a time outside what was recorded.
        """
        cells = self.plan.of(population)
        if not isinstance(index, (int, np.integer)) or not 0 <= index < population.size:
            raise NetworkError(
                f"state: {population.name} has no neuron {index!r}; give one number from 0 to {population.size - 1}"
            )
        log = self.recorder.states.get((cells.index, index))
        if log is None:
            raise NetworkError(f"{population.name}[{index}] records no state; add it with record=['spikes', 'state']")
        if not np.max(times, initial=0.0) <= self.now:
            raise NetworkError(f"the state at {np.max(times)} s is not known yet: it is {self.now} s")
        names = list(cells.model.state)  # type: ignore[union-attr]
        return read_states(log, times, self.plan.width, self.engine.reader(population.model), names)

    def trace(
        self, projection: Projection, synapse: int, start: float = 0.0, end: float | None = None, samples: int = 800
    ) -> Trace:
        """What happened at one synapse of a signal path, stage by stage, from `start` to `end` [s]: see `plot.anatomy`.

        The rule's handlers are run once more for this synapse, on what was recorded. So the network has to record
        messages (`record_messages`, before the first run) and the state of the synapse's neuron.

        Args:
            projection: with a rule made by `path`, such as `SuperSpike`.
            synapse: its number, in the order of `edges`.
            end: the present time unless given.
            samples: times to look at, beside those of all events.

        Raises:
            NetworkError: another rule, a synapse or a time that is not there, or nothing recorded.
        """
        return trace(self, projection, synapse, start, self.now if end is None else end, samples)

    def record_messages(self) -> None:
        """From now on keep every message that arrives (`messages`)."""
        self.recorder.log_messages()
        self.recorder.keeps_messages = True

    def messages(self) -> Messages:
        """The messages kept since `record_messages`."""
        counted = self._measurement is not None and not self.recorder.keeps_messages
        if self.recorder.messages is None or counted:
            raise NetworkError("no messages were kept; call net.record_messages() before the run")
        arrays = self.recorder.log_messages().arrays()
        names, port = np.array(self.engine.ports), arrays.pop("port")
        return Messages(**arrays, port=names[port])

    def relaxations(self) -> tuple[Request, ...]:
        """Which relaxations of locality this network asks for, each with who asks: what a report repeats."""
        return freedoms.requests(self.plan)

    def message_counts(self) -> dict[str, int]:
        """How many messages each projection carried so far; errors on a feedback as "name (back)"."""
        counts = {}
        for s, (messages, back) in zip(self.plan.synapses, self.engine.message_counts(), strict=True):
            counts[s.name] = messages
            if s.back is not None:
                counts[f"{s.name} (back)"] = back
        return counts

    def feedback_weights(self, projection: Projection) -> np.ndarray:
        """What errors on their way back are multiplied with, now: one number for each synapse, in the order of `edges`.

        Raises:
            NetworkError: a projection without feedback of its own.
        """
        from eventsnn.report.transport import memories

        s = self._synapses(projection)
        if s.back is None:
            raise NetworkError(f"{s.name} has no feedback of its own; give it one in net.connect(feedback=...)")
        _, way_back = memories(self.engine, s)
        return np.array(way_back)

    def feedback_angle(self, projection: Projection) -> float:
        """The angle [degrees] between a projection's weights and those of its feedback, as vectors of all synapses.

        Below 90 an error that comes back points downhill (Lillicrap et al. 2016, doi 10.1038/ncomms13276).
        """
        w, b = self.weights(projection), self.feedback_weights(projection)
        return float(
            np.degrees(
                np.arctan2(
                    np.linalg.norm(w / np.linalg.norm(w) - b / np.linalg.norm(b)),
                    np.linalg.norm(w / np.linalg.norm(w) + b / np.linalg.norm(b)),
                )
                * 2.0
            )
        )

    def _synapses(self, projection: Projection) -> Any:
        # By place: while a network is measured, the plan holds an instrumented copy of each projection.
        for described, synapses in zip(self.description.projections, self.plan.synapses, strict=True):
            if described is projection:
                return synapses
        raise NetworkError(
            f"{projection!r} is no projection of this network; give what net.connect or net.projection returned"
        )
