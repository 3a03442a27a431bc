"""The compiled engine: a plan's kernel, the arrays it works on, and the user processes that are its guests.

Time goes in windows no longer than the lookahead, so all that arrives within one is known when it begins. The kernel
(see `kernel`) works through the populations stage by stage; it stops when a guest's turn has come, when a buffer is
full, or every so often to let Python look.
"""

from typing import Any

from eventsnn.engines import arrays, kernel, loop
from eventsnn.engines.compiled_guests import Guests
from eventsnn.engines.compiled_records import Records
from eventsnn.engines.scopes import reader
from eventsnn.errors import EngineError, RunawayError
from eventsnn.events import instant, seconds
from eventsnn.model import Neuron
from eventsnn.plan import Plan
from eventsnn.record import Reader, Recorder

SLICE = 2_000_000  # events between two looks of Python


class CompiledEngine:
    """Runs a plan. `run` may be called again and again; `take` and `put` hold everything that moves."""

    name = "compiled"

    def __init__(self, plan: Plan, recorder: Recorder) -> None:
        self.plan, self.recorder, self.width = plan, recorder, plan.width
        self.module = kernel.build(plan)
        self.arrays = arrays.Arrays(plan, self.module)
        self.instant = (0, 0.0)
        self.records = Records(self)
        self.guests = Guests(self)
        self.started = False
        self.failed = False

    @property
    def now(self) -> float:
        """The present time [s]."""
        return seconds(*self.instant, self.width)

    @property
    def events(self) -> int:
        """Synaptic events, spikes and resumptions of guests so far."""
        return int(self.arrays.net.i[loop.EVENTS])

    def start(self, fresh: bool = True) -> None:
        """Bring everything to life, once."""
        if self.started:
            return
        self.started = True
        a = self.arrays
        self.module.start(a.net, *a.populations, *a.projections, int(fresh))
        self.guests.start()

    def run(self, until: float, control: Any) -> None:
        """Let everything happen that is due before `until` [s]; `control(engine)` is asked now and then."""
        self.start()
        a, end = self.arrays, instant(until, self.width)
        i = a.net.i
        a.feed_sources(end)
        self.records.begin()
        while True:
            i[loop.BUDGET] = i[loop.EVENTS] + SLICE
            answer = self.module.run(a.net, *a.populations, *a.projections, *end)
            if answer == loop.GUEST:
                limit = end[1] if i[loop.WINDOW] == end[0] else self.width
                self.guests.take_turn(int(i[loop.STAGE]) - 1, limit)
                i[loop.STAGE] += 1
                if i[loop.EVENTS] <= i[loop.BUDGET]:
                    continue
            elif answer == loop.FULL:
                self._fetch(whole=False)
                a.make_room()
                self.records.make_room()
                continue
            elif answer == loop.FAULTY:
                self._fail()
            self.instant = end if answer == loop.DONE else (int(i[loop.WINDOW]), 0.0)
            self._fetch(whole=answer == loop.DONE)
            if answer == loop.DONE:
                return
            if control(self):
                return

    def _fetch(self, whole: bool) -> None:
        """Hand what was recorded to the recorder, in the order of events; that of an unfinished window stays."""
        for index, t, i in self.arrays.fetch_spikes(whole):
            self.recorder.spike_columns(index).extend(t=t, i=i)
        self.records.fetch(whole)

    def _fail(self) -> None:
        """Say what went wrong in the kernel."""
        i, f = self.arrays.net.i, self.arrays.net.f
        time = seconds(int(i[loop.FAULT_WINDOW]), float(f[0]), self.width)
        what, a, b = int(i[loop.FAULT]), int(i[loop.FAULT_A]), int(i[loop.FAULT_B])
        i[loop.FAULT] = 0
        self.instant = instant(time, self.width)
        self._fetch(whole=True)
        if what == loop.RUNAWAY:
            c = next(c for c in self.plan.cells if c.offset <= a < c.offset + c.size)
            raise RunawayError(
                f"{c.name}[{a - c.offset}] would fire again at the same instant, {time} s: its reset leaves it above "
                "threshold. Use a refractory period, a lower reset or smaller weights"
            )
        self.failed = True
        s = self.plan.synapses[a]
        raise EngineError(
            f"{s.name}: the weight of {s.source[b]} -> {s.target[b]} became {self.weight(a, b)} at {time} s; "
            "lower the learning rate or tighten the clip"
        )

    # -- looking --------------------------------------------------------------------------------------------------

    def weight(self, projection: int, j: int) -> float:
        """The weight of one synapse, now."""
        return float(self.arrays.weights(projection)[j])

    @property
    def ports(self) -> list[str]:
        """The ports by their numbers in the message log."""
        return self.records.ports

    def reader(self, model: Neuron) -> Reader:
        """How to get from a recorded state to the published state at a later time, without touching the network."""
        return reader(model, self.width)

    def synapse_arrays(self, projection: int) -> dict[str, Any]:
        """Weights, rule variables and counters of a projection."""
        self.start()
        return self.arrays.synapse_arrays(projection)

    def message_counts(self) -> list[tuple[int, int]]:
        """Messages and errors sent back, for each projection."""
        return [(int(m), int(b)) for m, b in self.arrays.net.counts.T]

    def take(self) -> dict[str, Any]:
        """The complete dynamic state, in the same form as the reference engine's."""
        self.start()
        return {
            "instant": list(self.instant),
            "events": self.events,
            "ports": list(self.ports),
            "failed": self.failed,
            **self.arrays.take(),
            "guests": self.guests.take(),
        }

    def put(self, state: dict[str, Any]) -> None:
        """Take over the state of another engine of the same plan."""
        window, offset = state["instant"]
        self.instant = (int(window), float(offset))
        i = self.arrays.net.i
        i[loop.WINDOW], i[loop.EVENTS] = self.instant[0], int(state["events"])
        self.failed = bool(state["failed"])
        self.arrays.put(state)
        self.records.ports = list(state["ports"])
        self.guests.put(state["guests"])
        self.start(fresh=not state["events"])
