"""The locality report: what every learning rule of a network needed, counted while it ran.

- `operations` counts what a handler does from its text; `instrument` adds counters to it, so that a run counts too.
- `streams` and `reductions` follow messages and changes of weight; `histogram` keeps distributions in little memory.
- `transport` compares what errors are multiplied with and the weights that they should not know.
- `describe` puts it together, and `formats` writes it down.
"""

from eventsnn.report.describe import LocalityReport, describe
from eventsnn.report.measurement import Measurement

__all__ = ["LocalityReport", "Measurement", "describe"]
