"""`python -m eventsnn` is `eventsnn`."""

import sys

from eventsnn.cli import main

sys.exit(main())
