"""What is asked after each event of a run: whether to stop, and how far it has come."""

import signal
import threading
import time as clock
from contextlib import contextmanager
from typing import Any

from eventsnn.errors import Interrupted, RunawayError


@contextmanager
def stopwatch(engine: Any, end: float, progress: bool, max_events: int | None) -> Any:
    """What is asked after each event: whether to stop. Turns Ctrl-C into a stop after the event at hand."""
    asked: list[int] = []
    main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT) if main else None

    def ask(*_: Any) -> None:
        if asked:
            raise KeyboardInterrupt  # a second Ctrl-C: an event that does not end, such as a process in a loop
        asked.append(1)

    if main:
        signal.signal(signal.SIGINT, ask)
    first, start, bar = engine.events, engine.now, None
    if progress:
        from tqdm import tqdm

        bar = tqdm(total=end - start, unit="s", unit_scale=True, desc="simulated")
    shown = clock.monotonic()

    def control(engine: Any = engine) -> bool:
        nonlocal shown
        if asked:
            return True
        if max_events is not None and engine.events - first >= max_events:
            raise RunawayError(
                f"{max_events} events happened by {engine.now} s, and max_events allows no more. The state is kept: "
                f"look at it, save it, or go on with net.run(until={end})"
            )
        if bar is not None and clock.monotonic() - shown > 0.1:
            shown = clock.monotonic()
            bar.update(engine.now - start - bar.n)
            bar.set_postfix(events=engine.events - first)
        return False

    try:
        yield control
    finally:
        if main:
            signal.signal(signal.SIGINT, before)
        if bar is not None:
            bar.update(engine.now - start - bar.n)
            bar.close()
    if asked:
        raise Interrupted(
            f"stopped at {engine.now} s",
            f"everything is kept: net.run(until={end}) goes on, net.save(path) writes it to a file",
        )
