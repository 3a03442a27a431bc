"""Studies of what locality costs and what each freedom buys, and the machinery for studies of one's own.

A study runs every setting with every seed, in parallel processes on one machine or over MPI on many, keeps one JSON
line per run, goes on where it was stopped, and gives tables of mean and spread: `Study`.

`eventsnn study scaling` and `eventsnn study relax` are two such studies (modules `scaling` and `relax`).
"""

from eventsnn.study.runs import Study
from eventsnn.study.tables import Number, Results

__all__ = ["Number", "Results", "Study"]
