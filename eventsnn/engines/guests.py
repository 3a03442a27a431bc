"""User processes on the reference engine: each is a SimPy process around the user's generator."""

import copy
import dis
from collections.abc import Generator
from types import FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np
import simpy

from eventsnn.errors import EngineError, LocalityError
from eventsnn.events import Instant, Key, Kind, instant, later
from eventsnn.processes import Handle, Received, Waiting, check_yield, place
from eventsnn.relax import Relaxation, global_error

if TYPE_CHECKING:
    from eventsnn.engines.nodes import Node
    from eventsnn.engines.reference import ReferenceEngine


class Wake:
    """An entry of the agenda: the time a process waits for has come."""

    __slots__ = ("guest",)

    def __init__(self, guest: "Guest") -> None:
        self.guest = guest

    def happen(self) -> None:
        """Resume the process with whatever it has got."""
        self.guest.due = None
        self.guest.resume()


class SimpyTools:
    """What of SimPy's environment a process may use: its clock, and events to wait for."""

    __slots__ = ("event", "timeout")

    def __init__(self, env: simpy.Environment) -> None:
        self.timeout, self.event = env.timeout, env.event

    @property
    def now(self) -> float:
        """The present time [s]."""
        return float(self.event().env.now)


class Guest:
    """A user process: its generator, its inbox, and what it waits for."""

    def __init__(self, engine: "ReferenceEngine", node: "Node") -> None:
        self.engine, self.node = engine, node
        self.name = f"{node.cells.name}[{node.index}]"
        tools = SimpyTools(engine.env) if isinstance(engine.env, simpy.Environment) else engine.env
        self.handle = Handle(self, node.number, node.index, tools)
        self.inbox: list[Received] = []
        self.waiting: Waiting | None = None
        self.due: Key | None = None
        self.generator: Any = None
        self.since = 0.0  # when it began to wait [s]
        self.resume_at: Instant | None = None  # set when restored: the instant its saved wait ends
        self.begun = False  # whether it has come to its first wait
        self.repeats = False  # while a restored process runs to its first wait: what it does there was done before
        self.awaited: simpy.Event | None = None  # an event of SimPy's own, which no file can keep
        self.ended = False
        self.reached: dict[str, set[int]] = {}  # targets, by port

    # -- what the handle asks for ---------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        """The present time [s]; for a restored process on its way to its first wait, the time when it was there."""
        return self.since if self.repeats else self.engine.now

    def reaches(self, process: int, port: str) -> bool:
        """Whether a projection of that port leaves the process."""
        return bool(self.node.rows.get(port))

    def senders(self, process: int) -> int:
        """How many synapses lead to the process."""
        return int(self.node.cells.incoming[self.node.index])

    def lines(self, process: int) -> int:
        """How many members the largest population has that speaks to the process."""
        return self.node.cells.lines

    def demand(self, process: int, relaxation: Relaxation, what: str) -> None:
        """Raise LocalityError, saying what was tried, unless the process asked for a relaxation."""
        if any(one.name == relaxation.name for one in self.node.model.needs):
            return
        name = relaxation.name
        raise LocalityError(
            f"process {self.name}: {what}. That is a {name}; ask for it by name: @es.needs(es.{name}) above a "
            f"function, needs = (es.{name},) in a class",
            what,
            f"process {self.name}",
            "temporal" if name == "barrier" else "spatial",
        )

    def send(self, process: int, port: str, value: Any, to: int | None) -> None:
        """Check and send a message."""
        rows = self.node.rows.get(port)
        if not rows:
            has = ", ".join(sorted(self.node.rows)) or "none"
            raise EngineError(
                f"process {self.name} sends {port!r}, but no projection of that port leaves it; it has {has}"
            )
        if to is not None:
            self._check_target(port, to)
        if port == "error" and to is None and np.ndim(value) == 0:
            self.check_global(rows)
        if port == "spike" and any(synapses.plan.wait > 0.0 for synapses, _ in rows):
            value = 0.0  # a spike carries nothing, and a synapse with a learned delay says itself that it has waited
        if isinstance(value, (list, tuple, np.ndarray)):
            value = np.array(value, dtype=np.float64)  # a copy: what the sender does to its own changes nothing
            value.flags.writeable = False
            for synapses, _ in rows:
                if value.shape != (synapses.plan.post.size,):
                    raise EngineError(
                        f"process {self.name} sends {port!r} with a payload of shape {value.shape}; "
                        f"{synapses.plan.post.name} has {synapses.plan.post.size} targets"
                    )
        try:
            odd = value != value if isinstance(value, float) else bool(np.isnan(value).any())
        except TypeError:
            odd = True
        if odd:
            raise EngineError(f"process {self.name} sends {port!r} with payload {value!r}; a payload is a number")
        if self.repeats:
            return
        if port == "spike" and "spikes" in self.node.cells.population.record:
            self.engine.recorder.spike_columns(self.node.cells.index).append(self.engine.now, self.node.index)
        self.engine.send(self.node, port, value, to)

    def check_global(self, rows: list[tuple[Any, list[tuple[float, int, int]]]]) -> None:
        """Refuse one error for many learning neurons, unless process, projection or all the rules ask for it."""
        for synapses, runs in rows:
            plan = synapses.plan
            asked = [plan.projection.needs, *(rule.needs for rule in plan.post.learning)]
            if not plan.post.learning or global_error in asked[0] or all(global_error in needs for needs in asked[1:]):
                continue
            every = [j for _, a, b in runs for j in range(a, b)]
            reached, weights = {synapses.target[j] for j in every}, {synapses.weight(j) for j in every}
            if len(reached) > 1 and len(weights) == 1:
                what = f"it sends one error to all {len(reached)} neurons of {plan.post.name}, which learn from it"
                self.demand(self.node.number, global_error, what)

    def _check_target(self, port: str, to: int) -> None:
        if port not in self.reached:
            rows = self.node.rows[port]
            self.reached[port] = {j for synapses, runs in rows for _, a, b in runs for j in synapses.target[a:b]}
        if to not in self.reached[port]:
            raise EngineError(
                f"process {self.name} sends {port!r} to {to!r}, which no synapse of it reaches; it reaches "
                f"{sorted(self.reached[port])}"
            )

    def note(self, process: int, name: str, value: float) -> None:
        """Keep a number with the present time."""
        if self.repeats:
            return
        self.engine.recorder.note(self.node.cells.index, self.node.index, name, self.engine.now, value)

    # -- its life -------------------------------------------------------------------------------------------------

    def live(self) -> Generator[simpy.Event, Any, None]:
        """The process: run the user's generator from wait to wait, and receive in between."""
        generator = self.generator = self.node.model.run(self.handle)
        if not hasattr(generator, "send"):
            kind = type(self.node.model).__name__
            raise EngineError(
                f"process {self.name}: {kind}.run returned {generator!r}; it must be a generator, so it needs a `yield`"
            )
        proceed, answer = generator.send, None
        mailbox = self.node.mailbox
        saved = copy.deepcopy(self.handle.state) if self.begun else {}
        self.repeats, self.begun = self.begun, True
        while not self.ended:
            try:
                wanted = proceed(answer)
            except StopIteration:
                self.ended = True
                break
            except Exception as error:
                error.add_note(f"in process {self.name}, at {self.now} s")
                raise
            proceed = generator.send
            if isinstance(wanted, simpy.Event):
                answer = yield from self._await(wanted)
                proceed = generator.send if wanted.ok else generator.throw
                continue
            self.waiting = check_yield(wanted, generator, self.name)
            if self.repeats:
                self.repeats = False
                self.handle.state.clear()
                self.handle.state.update(saved)
            else:
                self.since = self.engine.now
            if self._enough():
                answer = self._take()
                continue
            self._set_alarm(self.waiting)
            while (delivery := (yield mailbox)) is not None:
                self.receive(*delivery)
                if self._enough():
                    break
            self._cancel_alarm()
            answer = self._take()
        while True:
            yield mailbox  # messages to a process that has ended are lost

    def _await(self, event: simpy.Event) -> Generator[simpy.Event, Any, Any]:
        """Wait for an event of SimPy's own; messages that arrive meanwhile are kept."""
        if event.callbacks is not None:
            self.awaited = event
            event.callbacks.append(lambda happened: self.node.mailbox.deliver(happened))
            while (delivery := (yield self.node.mailbox)) is not event:
                self.receive(*delivery)
            self.awaited = None
        event.defused = True  # the process gets its failure
        return event.value

    def resume(self) -> None:
        """Go on although not everything waited for has come."""
        self.node.mailbox.deliver(None)

    def receive(self, delivery: Any, j: int) -> None:
        """Put a message into the inbox."""
        synapses = delivery.synapses
        sender = self.engine.nodes[delivery.sender]
        port = "error" if delivery.back else synapses.plan.port
        value = delivery.value if delivery.back else delivery.value * synapses.weight(j)
        self.inbox.append(Received(self.engine.now, port, value, sender.index, sender.cells.name))

    def hear(self, message: Received) -> bool:
        """Put a message into the inbox; whether the process has got what it waits for."""
        if self.ended or self.waiting is None:
            return False  # messages to a process that has ended are lost
        self.inbox.append(message)
        return 0 < self.waiting.count <= len(self.inbox) or message.port == self.waiting.interrupt

    def _enough(self) -> bool:
        assert self.waiting is not None
        if 0 < self.waiting.count <= len(self.inbox):
            return True
        interrupt = self.waiting.interrupt
        return interrupt is not None and any(message.port == interrupt for message in self.inbox)

    def lacking(self) -> int:
        """How many more messages have to come before the process goes on, if none interrupts it."""
        if self.ended or self.waiting is None or self.waiting.count == 0:
            return 1 << 62
        return self.waiting.count - len(self.inbox)

    def _take(self) -> Any:
        assert self.waiting is not None
        if self.waiting.count == 0:
            return None
        count = self.waiting.count
        ends = [k for k, message in enumerate(self.inbox[:count]) if message.port == self.waiting.interrupt]
        count = ends[0] + 1 if ends else count
        taken, self.inbox = self.inbox[:count], self.inbox[count:]
        if self.waiting.many:
            return taken
        return taken[0] if taken else None

    def _set_alarm(self, waiting: Waiting) -> None:
        env, at = self.engine.env, self.resume_at
        self.resume_at = None
        if at is None:
            if waiting.at is not None:
                at = max(instant(waiting.at, env.width), env.instant)
            elif waiting.duration is not None:
                at = later(*env.instant, waiting.duration, env.width)
            else:
                return
        self.due = Key(*at, self.node.rank, Kind.WAKE, self.node.number, 0, 0)
        env.at(self.due, Wake(self))

    def _cancel_alarm(self) -> None:
        if self.due is not None:
            self.engine.env.cancel(self.due)
            self.due = None


class Rehearsal:
    """What a process that is run afresh for a test may do to the world: look at the clock it saw, and nothing else."""

    def __init__(self, guest: Guest) -> None:
        self.guest, self.now = guest, guest.since

    def reaches(self, process: int, port: str) -> bool:
        """Whether a projection of that port leaves the process."""
        return self.guest.reaches(process, port)

    def send(self, process: int, port: str, value: Any, to: int | None) -> None:
        """Nothing is sent."""

    def note(self, process: int, name: str, value: float) -> None:
        """Nothing is kept."""

    def senders(self, process: int) -> int:
        """How many synapses lead to the process."""
        return self.guest.senders(process)

    def lines(self, process: int) -> int:
        """How many members the largest population has that speaks to the process."""
        return self.guest.lines(process)

    def demand(self, process: int, relaxation: Relaxation, what: str) -> None:
        """Raise LocalityError unless the process asked for a relaxation."""
        self.guest.demand(process, relaxation, what)


def refuse_unsavable(guest: Guest) -> None:
    """Run a process afresh from its `cell.state` and see whether it comes to where it waits now.

    A generator cannot be written to a file. What can be written is `cell.state`; so a process can be saved where its
    beginning, given that state, leads to the same wait with the same local variables.

    Raises:
        EngineError: it does not; says where it waits and what would be lost.
    """
    if guest.ended or not guest.begun or guest.repeats or guest.generator is None:
        return
    where = f"process {guest.name} waits at {place(guest.generator)}, where it cannot be saved"
    if guest.awaited is not None:
        raise EngineError(f"{where}: it waits for {guest.awaited!r}, an event of SimPy's own; use cell.wait or receive")
    handle = Handle(Rehearsal(guest), guest.node.number, guest.node.index)
    handle.state = copy.deepcopy(guest.handle.state)
    again = guest.node.model.run(handle)
    try:
        wanted = next(again, None)
    except Exception as error:
        raise EngineError(f"{where}: run afresh from cell.state, it raises {error!r}") from error
    lost = _difference(guest.generator, again)
    if lost is None and wanted != guest.waiting:
        lost = f"waits for {wanted}, not for {guest.waiting}"
    again.close()
    if lost is not None:
        raise EngineError(f"{where}: run afresh from cell.state, it {lost}; keep in cell.state what it must remember")


def _difference(old: Any, new: Any) -> str | None:
    """What of a generator's standing another generator does not share."""
    while old is not None and new is not None:
        a, b = getattr(old, "gi_frame", None), getattr(new, "gi_frame", None)
        if a is None or b is None:
            return None if a is b else "has ended"
        if a.f_lasti != b.f_lasti or a.f_code is not b.f_code:
            return f"comes first to {place(new)}"
        if any(i.opname == "FOR_ITER" and i.offset < a.f_lasti < i.argval for i in dis.get_instructions(a.f_code)):
            return "begins its `for` loop again; use `while` with a counter"
        mine = a.f_locals
        for name, value in b.f_locals.items():
            if not isinstance(value, Handle) and not (name in mine and _same(mine[name], value)):
                return f"has {name} = {value!r}, not {mine.get(name)!r}"
        old, new = old.gi_yieldfrom, new.gi_yieldfrom
    return None


def _same(a: Any, b: Any) -> bool:
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    if isinstance(a, FunctionType):
        return a.__code__ is b.__code__
    try:
        return bool(a == b) or bool(a != a and b != b)
    except Exception:
        return False
