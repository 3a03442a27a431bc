"""`python -m eventsnn` is `eventsnn`."""

import sys

from eventsnn.cli import main

if __name__ == "__main__":  # the workers of mpi4py.futures import this file, too
    sys.exit(main())
