"""Studies of what locality costs and what each freedom buys, and the machinery for studies of one's own.

A study runs every setting with every seed, in parallel processes on one machine or over MPI on many, keeps one JSON
line per run, goes on where it was stopped, and gives tables of mean and spread: `Study`.

`eventsnn study scaling` and `eventsnn study relax` are two such studies (modules `scaling` and `relax`).

With `AnyShape` a study of surrogate derivatives compiles one kernel.
`rule_field`, `closed_loops` and `angle` ask whether what a rule follows is a gradient, and how far it is from one.
"""

from eventsnn.study.fields import Loops, angle, closed_loops, rule_field
from eventsnn.study.runs import Study
from eventsnn.study.shapes import AnyShape
from eventsnn.study.tables import Number, Results

__all__ = ["AnyShape", "Loops", "Number", "Results", "Study", "angle", "closed_loops", "rule_field"]
