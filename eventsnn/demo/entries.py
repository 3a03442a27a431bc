"""All demos by their names, in the order in which they are listed."""

from eventsnn.demo import figures, first, patterns, readouts, recordings, samples, streams

DEMOS = {
    name: demo
    for part in (first, figures, recordings, patterns, readouts, samples, streams)
    for name, demo in part.DEMOS.items()
}
