"""The compiled engine: a plan's kernel, the arrays it works on, and the user processes that are its guests.

Time goes in windows no longer than the lookahead, so all that arrives within one is known when it begins. The kernel
(see `kernel`) works through the populations stage by stage; it stops when a guest's turn has come, when a buffer is
full, or every so often to let Python look.
"""

from typing import Any

from eventsnn.engines import arrays, bundles, kernel, loop
from eventsnn.engines.compiled_guests import Guests
from eventsnn.engines.compiled_records import Records
from eventsnn.engines.scopes import reader
from eventsnn.engines.snapshot import refuse_failed
from eventsnn.engines.threads import Threads
from eventsnn.errors import EngineError, RunawayError, no_time
from eventsnn.events import end_of_run, instant, seconds
from eventsnn.model import Neuron
from eventsnn.plan import Plan
from eventsnn.record import Reader, Recorder

SLICE = 2_000_000  # events between two looks of Python
LAST_WINDOW = 2**61  # windows are numbered by 64 bits


class CompiledEngine:
    """Runs a plan. `run` may be called again and again; `take` and `put` hold everything that moves."""

    name = "compiled"

    def __init__(self, plan: Plan, recorder: Recorder, threads: int = 1) -> None:
        self.plan, self.recorder, self.width = plan, recorder, plan.width
        self.module = kernel.build(plan)
        self.calls = bundles.Calls(self.module)
        self.arrays = arrays.Arrays(plan, self.calls)
        self.models = [self.calls.bundle(a) for a in (*self.arrays.populations, *self.arrays.projections)]
        self.instant = (0, 0.0)
        self.records = Records(self)
        self.guests = Guests(self)
        self.threads = Threads(self, threads) if threads > 1 else None
        self.started = False
        self.failed: str | None = None  # what stopped it in the midst of an event

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
        self.call("start", a.net, *self.models, int(fresh))
        self.records.fetch(whole=True)  # the states to begin with
        self.guests.start()

    def run(self, until: float, control: Any, most: int | None = None) -> None:
        """Let everything happen that is due before `until` [s]; ask `control(engine)` after `most` events or so."""
        refuse_failed(self)
        end = end_of_run(until, self.width)
        if end[0] >= LAST_WINDOW:
            raise EngineError(
                f"engine='compiled' cannot run until {until} s in windows of {self.width} s, which follow from the "
                "smallest delay on a way back; make that longer, or use engine='reference'"
            )
        self.start()
        try:
            self.arrays.feed_sources(end)
        except BaseException as error:  # what others had said is lost
            self._break_off(error)
            raise
        self.records.begin()
        i = self.arrays.net.i
        between = SLICE if most is None else min(SLICE, most)
        i[loop.BUDGET] = i[loop.EVENTS] + between
        while True:
            try:
                answer = self._go_on(*end)
            except BaseException as error:
                self._break_off(error)
                raise
            if answer in (loop.GUEST, loop.FULL, loop.SHARE, loop.MORE):
                continue
            self.instant = end if answer == loop.DONE else (int(i[loop.WINDOW]), 0.0)
            self.guests.settle()
            self.guests.ahead.settle()
            self._fetch(whole=True)
            if control(self) or answer == loop.DONE:
                return
            i[loop.BUDGET] = i[loop.EVENTS] + between

    def _go_on(self, window: int, offset: float) -> int:
        """Run the kernel until it stops, and do what it stopped for."""
        a = self.arrays
        i = a.net.i
        answer: int = self.call("run", a.net, *self.models, window, offset)
        if answer == loop.GUEST:
            self.guests.take_turn(int(i[loop.STAGE]) - 1, offset if i[loop.WINDOW] == window else self.width)
            i[loop.STAGE] += 1
        elif answer == loop.SHARE and self.threads is not None:
            self.threads.take_stage(int(i[loop.STAGE]) - 1)
            if i[loop.FAULT] != 0:
                self._fail()
        elif answer == loop.MORE:
            self.guests.ahead.refill()
        elif answer == loop.FULL:
            self._fetch(whole=False)
            a.make_room()
            self.records.make_room()
        elif answer == loop.FAULTY:
            self._fail()
        return answer

    def call(self, function: str, *arguments: Any) -> Any:
        """Call a function of the kernel, which the first time compiles it."""
        from numba.core.errors import NumbaError

        try:
            return self.calls(function, *arguments)
        except NumbaError as error:
            raise EngineError(kernel.blame(self.plan, str(error))) from error

    def _break_off(self, error: BaseException) -> None:
        """An event broke off: what is there can be looked at and saved, but not run on."""
        self.failed = f"{type(error).__name__}: {error}"
        self.instant = max(self.instant, self.guests.instant)
        self.guests.ahead.settle()
        self._fetch(whole=True)

    def _fetch(self, whole: bool) -> None:
        """Hand what was recorded to the recorder, in the order of events; that of an unfinished window stays."""
        for index, t, i in self.arrays.fetch_spikes(whole):
            self.recorder.spike_columns(index).extend(t=t, i=i)
        self.records.fetch(whole)
        self.guests.responses.fetch()

    def _fail(self) -> None:
        """Say what went wrong in the kernel."""
        i, f = self.arrays.net.i, self.arrays.net.f
        time = seconds(int(i[loop.FAULT_WINDOW]), float(f[0]), self.width)
        what, a, b = int(i[loop.FAULT]), int(i[loop.FAULT_A]), int(i[loop.FAULT_B])
        self.instant = instant(time, self.width)
        if what in (loop.REFUSED, loop.UNSENT):
            self.guests.responses.fail()
        if what in (loop.RUNAWAY, loop.NO_TIME):
            c = next(c for c in self.plan.cells if c.offset <= a < c.offset + c.size)
            who = f"{c.name}[{a - c.offset}]"
            if what == loop.NO_TIME:
                raise no_time(who, type(c.model).__name__, time)
            raise RunawayError(
                f"{who} would fire again at the same instant, {time} s: its reset leaves it above "
                "threshold. Use a refractory period, a lower reset or smaller weights"
            )
        s = self.plan.synapses[a]
        raise EngineError(
            f"{s.name}: the weight of {s.source_of(b)} -> {s.target[b]} became {self.weight(a, b)} at {time} s "
            f"(it was {f[1]}); lower the learning rate or tighten the clip"
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
        self.failed = state["failed"] or None
        self.arrays.put(state)
        self.records.ports = list(state["ports"])
        self.guests.put(state["guests"])
        self.start(fresh=False)
