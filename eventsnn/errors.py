"""The errors a user meets. Each message says where, what, and what to do about it."""


class EventsnnError(Exception):
    """Base of every error that eventsnn raises on purpose."""


class NetworkError(EventsnnError, ValueError):
    """The description of a network cannot be right: a value, a shape, a name or a cycle of no delay."""


class LocalityError(EventsnnError):
    """A handler or process reached beyond what is local to it in space or time.

    Attributes:
        variable: what was reached for, such as "post.v"; "" where there is no one name for it.
        owner: whose it is, or whose handler or process reached for it.
        kind: "spatial" (another element's) or "temporal" (another time's).
    """

    def __init__(self, message: str, variable: str = "", owner: str = "", kind: str = "spatial") -> None:
        super().__init__(message)
        self.variable, self.owner, self.kind = variable, owner, kind


class EngineError(EventsnnError):
    """An engine cannot run this: a process that misbehaves, a message into the past, a file of another version."""


class RunawayError(EngineError):
    """A neuron fires again at the same instant, or there are more events than allowed. The state is kept."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during a run: the event at hand was finished and everything learned so far is kept.

    Attributes:
        what: what was stopped, and when; the message goes on with what a program can do then.
    """

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(f"{what}; {remedy}" if remedy else what)
        self.what = what


def no_time(neuron: str, model: str, time: float) -> EngineError:
    """What both engines raise when a model cannot tell when it fires next."""
    return EngineError(
        f"{neuron}: {model}.next_spike gave nan at {time} s; it gives the seconds until the next spike, or math.inf. "
        "One of its variables may have become nan"
    )
