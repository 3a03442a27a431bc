"""Ways to cheat for user processes: see `cheats`."""

from cheats import Cheat

_TWO = "net = es.Network()\nnet.add(one, name='one')\nnet.add(two, name='two')"

PROCESSES = {
    "a global list": Cheat(
        "what one appends the other reads", "spatial",
        "def one(cell):\n    LOG.append(1.0)\n    yield cell.wait(1.0)\n"
        f"def two(cell):\n    yield cell.wait(0.5)\n    cell.note('x', len(LOG))\n{_TWO}",
        ("processes one[0] and two[0] share the global LOG", "cell.state"),
    ),
    "a list behind a function": Cheat(
        "a function that a process calls reaches for it", "spatial",
        "def put(x):\n    LOG.append(x)\ndef one(cell):\n    put(1.0)\n    yield cell.wait(1.0)\n"
        f"def two(cell):\n    yield cell.wait(0.5)\n    cell.note('x', len(LOG))\n{_TWO}", ("the global LOG",),
    ),
    "a global number": Cheat(
        "what one sets the other reads", "spatial",
        "def one(cell):\n    global LEVEL\n    LEVEL = 3.0\n    yield cell.wait(1.0)\n"
        f"def two(cell):\n    yield cell.wait(0.5)\n    cell.note('x', LEVEL)\n{_TWO}", ("share the global LEVEL",),
    ),
    "a closure": Cheat(
        "one cell holds the number for both", "spatial",
        "def make():\n    total = 0.0\n    def one(cell):\n        nonlocal total\n        total += 1.0\n"
        "        yield cell.wait(1.0)\n    def two(cell):\n        yield cell.wait(0.5)\n"
        "        cell.note('x', total)\n"
        f"    return one, two\none, two = make()\n{_TWO}", ("the closure variable total",),
    ),
    "a default argument": Cheat(
        "a default is made once for all members", "spatial",
        "def one(cell, seen=[]):\n    seen.append(cell.index)\n    yield cell.wait(1.0)\nnet = es.Network()\n"
        "net.add(one, 2, name='one')",
        ("processes one[0] and one[1] share the default argument seen",),
    ),
    "an argument": Cheat(
        "both were given the same list", "spatial",
        "def one(cell, log):\n    log.append(1.0)\n    yield cell.wait(1.0)\nnet = es.Network()\nboth = []\n"
        "net.add(one, name='one', log=both)\nnet.add(one, name='two', log=both)", ("share the argument log",),
    ),
    "an array": Cheat(
        "an array that can be written is a board for notes", "spatial",
        "def one(cell, table):\n    table[0] += 1.0\n    yield cell.wait(1.0)\nnet = es.Network()\n"
        "net.add(one, 2, name='one', table=np.zeros(3))", ("share the argument table", "writeable"),
    ),
    "a frozen view of an array": Cheat(
        "what it is a view of can be written", "spatial",
        "base = np.zeros(3)\nview = base[:]\nview.flags.writeable = False\n"
        "def one(cell, table):\n    yield cell.wait(table[0])\nnet = es.Network()\n"
        "net.add(one, 2, name='one', table=view)",
        ("share the argument table",),
    ),
    "an attribute of one object": Cheat(
        "the members of a population share their object", "spatial",
        "class Sum(es.Process):\n    def run(self, cell):\n        self.total = cell.index\n"
        "        yield cell.wait(1.0)\n"
        "net = es.Network()\nnet.add(Sum(), 2, name='sum')", ("sum[0] and sum[1] share self.total",),
    ),
    "an attribute that grows": Cheat(
        "adding to it reads and writes it", "spatial",
        "class Sum(es.Process):\n    total = 0\n    def run(self, cell):\n        self.total += 1\n"
        "        yield cell.wait(1.0)\n"
        "net = es.Network()\nnet.add(Sum(), 2, name='sum')", ("share self.total",),
    ),
    "an attribute of the class": Cheat(
        "all objects of a class share its list", "spatial",
        "class Log(es.Process):\n    seen = []\n    def run(self, cell):\n        self.seen.append(1)\n"
        "        yield cell.wait(1.0)\n"
        "net = es.Network()\nnet.add(Log(), name='a')\nnet.add(Log(), name='b')", ("a[0] and b[0] share", "seen"),
    ),
    "a counter in a class": Cheat(
        "a class is one object for everybody", "spatial",
        "class Count:\n    n = 0\ndef one(cell):\n    Count.n += 1\n    yield cell.wait(1.0)\n"
        f"def two(cell):\n    yield cell.wait(0.5)\n    cell.note('x', Count.n)\n{_TWO}", ("the global Count.n",),
    ),
    "another process's attribute": Cheat(
        "what it knows would have to come as a message", "spatial",
        "class Sum(es.Process):\n    def run(self, cell):\n        self.total = 0.0\n        yield cell.wait(1.0)\n"
        "def two(cell, other):\n    yield cell.wait(0.5)\n    cell.note('x', other.total)\n"
        "net = es.Network()\ns = Sum()\nnet.add(s, name='one')\nnet.add(two, name='two', other=s)",
        ("one[0] and two[0] share",),
    ),
    "another process through its population": Cheat(
        "a population leads to its model", "spatial",
        "class Sum(es.Process):\n    def run(self, cell):\n        self.total = 0.0\n        yield cell.wait(1.0)\n"
        "def two(cell):\n    yield cell.wait(0.5)\n    cell.note('x', p.model.total)\n"
        "net = es.Network()\np = net.add(Sum(), name='one')\nnet.add(two, name='two')", ("one[0] and two[0] share",),
    ),
    "an attribute of a function": Cheat(
        "a function is one object for everybody", "spatial",
        "def count():\n    count.n = 1\ndef one(cell):\n    count()\n    yield cell.wait(1.0)\n"
        f"def two(cell):\n    yield cell.wait(0.5)\n    cell.note('x', count.n)\n{_TWO}", ("the global count.n",),
    ),
    "an attribute of a module": Cheat(
        "a module is one object for everybody", "spatial",
        "def one(cell):\n    math.note = 1.0\n    yield cell.wait(1.0)\n"
        f"def two(cell):\n    yield cell.wait(0.5)\n    cell.note('x', math.note)\n{_TWO}", ("the global math.note",),
    ),
    "a module imported inside": Cheat(
        "a module is one object for everybody", "spatial",
        "def one(cell):\n    import math as m\n    m.note = 1.0\n    yield cell.wait(1.0)\n"
        f"def two(cell):\n    yield cell.wait(0.5)\n    cell.note('x', math.note)\n{_TWO}", ("note",),
    ),
    "one stream of random numbers": Cheat(
        "what one draws the other does not get", "spatial",
        "rng = np.random.default_rng(1)\ndef one(cell):\n    yield cell.wait(rng.random())\n"
        f"two = one\n{_TWO}", ("share the global rng",),
    ),
    "Python's hidden stream of random numbers": Cheat(
        "the functions of `random` draw from one generator", "spatial",
        "import random\ndef one(cell):\n    yield cell.wait(random.random())\n"
        f"two = one\n{_TWO}", ("random.random",),
    ),
    "NumPy's hidden stream of random numbers": Cheat(
        "np.random.rand draws from one generator", "spatial",
        f"def one(cell):\n    yield cell.wait(np.random.rand())\ntwo = one\n{_TWO}", ("np.random.rand",),
    ),
    "a cache": Cheat(
        "a cache remembers what others asked", "spatial",
        "import functools\n@functools.cache\ndef f(x):\n    return x\ndef one(cell):\n    yield cell.wait(f(1.0))\n"
        f"two = one\n{_TWO}", ("share the global f",),
    ),
    "the network itself": Cheat(
        "a process knows what messages bring it", "spatial",
        "def one(cell):\n    yield cell.wait(0.5)\n    cell.note('x', net.spikes(x).t[0])\nnet = es.Network()\n"
        "x = net.add(es.Poisson())\nnet.add(one)", ("reaches the global net, the network itself",),
    ),
    "another's frame": Cheat(
        "frames lead to every variable of every process", "spatial",
        "import sys\ndef one(cell):\n    yield cell.wait(0.5)\n    sys._getframe(1)\nnet = es.Network()\nnet.add(one)",
        ("uses _getframe",),
    ),
    "the agenda": Cheat(
        "the agenda holds every message on its way", "spatial",
        "def one(cell):\n    event = cell.env.timeout(0.5)\n    yield event\n    event.env.agenda\n"
        "net = es.Network()\nnet.add(one)",
        ("uses agenda",),
    ),
    "a text with a name in it": Cheat(
        "a name in quotes is a name", "spatial",
        "def one(cell):\n    yield cell.wait(0.5)\n    getattr(one, '__globals__')\nnet = es.Network()\nnet.add(one)",
        ("uses __globals__",),
    ),
    "everything there is": Cheat(
        "the garbage collector knows every object", "spatial",
        "import gc\ndef one(cell):\n    yield cell.wait(0.5)\n    gc.collect()\nnet = es.Network()\nnet.add(one)",
        ("the module gc",),
    ),
    "a list within a list": Cheat(
        "the lists differ, and hold the same one", "spatial",
        "def one(cell, log):\n    log[0].append(1.0)\n    yield cell.wait(1.0)\nnet = es.Network()\n"
        "net.add(one, name='one', log=[LOG])\nnet.add(one, name='two', log=[LOG])", ("share the argument log[0]",),
    ),
    "a source that listens": Cheat(
        "a source knows its description and the seed", "spatial",
        "class Ear(es.Source):\n    def times(self, index, n, seed, name):\n        yield 0.2 + len(LOG)\n"
        "def one(cell):\n    LOG.append(1.0)\n    yield cell.wait(1.0)\nnet = es.Network()\n"
        "net.add(one, name='one')\nnet.add(Ear(), name='ear')", ("one[0] and ear[0] share the global LOG",),
    ),
    "two methods of one object": Cheat(
        "an object holds what both see", "spatial",
        "class Both:\n    n = 0\n    def one(self, cell):\n        self.n = 1\n        yield cell.wait(1.0)\n"
        "    def two(self, cell):\n        yield cell.wait(0.5)\n        cell.note('x', self.n)\n"
        "both = Both()\none, two = both.one, both.two\n" + _TWO, ("one[0] and two[0] share",),
    ),
    "an object that is called": Cheat(
        "what its __call__ reaches, the process reaches", "spatial",
        "class Caller:\n    def __call__(self, cell):\n        LOG.append(1.0)\n        yield cell.wait(1.0)\n"
        "one, two = Caller(), Caller()\n" + _TWO, ("share the global LOG",),
    ),
    "the network behind an object": Cheat(
        "a process knows what messages bring it", "spatial",
        "class Holder:\n    pass\nholder = Holder()\nholder.net = net = es.Network()\n"
        "def one(cell):\n    yield cell.wait(0.5)\n    cell.note('x', holder.net.now)\nnet.add(one)",
        ("reaches the global holder.net, the network itself",),
    ),
    "a method of an object that writes elsewhere": Cheat(
        "what its methods reach, the process reaches", "spatial",
        "class Pen:\n    def write(self, x):\n        LOG.append(x)\npens = (Pen(), Pen())\n"
        "def one(cell, pen):\n    pen.write(1.0)\n    yield cell.wait(1.0)\nnet = es.Network()\n"
        "net.add(one, name='one', pen=pens[0])\nnet.add(one, name='two', pen=pens[1])", ("share the global LOG",),
    ),
    "a list in an enumeration": Cheat(
        "a member cannot change, what it holds can", "spatial",
        "import enum\nclass Kind(enum.Enum):\n    LOG = []\ndef one(cell):\n    Kind.LOG.value.append(1)\n"
        "    yield cell.wait(1.0)\n"
        "two = one\n" + _TWO, ("Kind.LOG.value",),
    ),
    "a text with attributes": Cheat(
        "a subclass of a plain type is an object like any other", "spatial",
        "class Text(str):\n    pass\ntext = Text()\ndef one(cell):\n    text.note = 1.0\n    yield cell.wait(1.0)\n"
        "def two(cell):\n    yield cell.wait(0.5)\n    cell.note('x', text.note)\n" + _TWO, ("share the global text",),
    ),
    "the class of self": Cheat(
        "all objects of a class share it", "spatial",
        "class Sum(es.Process):\n    total = 0\n    def run(self, cell):\n        type(self).total += 1\n"
        "        yield cell.wait(1.0)\n"
        "net = es.Network()\nnet.add(Sum(), name='a')\nnet.add(Sum(), name='b')", ("a[0] and b[0] share", "total"),
    ),
    "a class under another name": Cheat(
        "what it is called does not matter", "spatial",
        "class Count:\n    n = 0\ndef one(cell):\n    for kind in (Count,):\n        kind.n = 1\n"
        "    yield cell.wait(1.0)\n"
        "def two(cell):\n    yield cell.wait(0.5)\n    cell.note('x', Count.n)\n" + _TWO, ("Count.n",),
    ),
    "what is frozen, thawed": Cheat(
        "an object's dictionary can be written behind its back", "spatial",
        "import dataclasses\n@dataclasses.dataclass(frozen=True)\nclass Box:\n    x: float = 0.0\nbox = Box()\n"
        "def one(cell):\n    object.__setattr__(box, 'x', 1.0)\n    yield cell.wait(1.0)\n"
        "def two(cell):\n    yield cell.wait(0.5)\n    cell.note('x', box.x)\n" + _TWO, ("uses __setattr__",),
    ),
    "a note on a logger": Cheat(
        "writing a log is one thing, leaving a note there another", "spatial",
        "import logging\nlog = logging.getLogger('x')\ndef one(cell):\n    log.note = 1.0\n    yield cell.wait(1.0)\n"
        "def two(cell):\n    yield cell.wait(0.5)\n    log.info('')\n    cell.note('x', log.note)\n" + _TWO,
        ("log.note",),
    ),
    "a row of a table": Cheat(
        "a record of a structured array is a view of it", "spatial",
        "row = np.zeros(2, [('x', float)])[0]\ndef one(cell):\n    row['x'] = 1.0\n    yield cell.wait(1.0)\n"
        "def two(cell):\n    yield cell.wait(0.5)\n    cell.note('x', row['x'])\n" + _TWO, ("share the global row",),
    ),
    "waiting for all": Cheat(
        "everybody waits for the slowest", "temporal",
        "def one(cell):\n    yield cell.barrier()\nnet = es.Network()\nx = net.add(es.Regular(), 3)\n"
        "net.connect(x, net.add(one), delay=0.1)", ("barrier", "@es.needs(es.barrier)"),
    ),
    "waiting for all by another name": Cheat(
        "everybody waits for the slowest", "temporal",
        "def one(cell):\n    yield cell.gather(3)\nnet = es.Network()\nx = net.add(es.Regular(), 3)\n"
        "net.connect(x, net.add(one), delay=0.1)", ("gather(3)", "barrier"),
    ),
    "one error for everybody": Cheat(
        "a third factor for each neuron is the rule, one for all a freedom", "spatial",
        "def one(cell):\n    yield cell.wait(0.01)\n    cell.send('error', 1.0)\nnet = es.Network()\n"
        "x, y = net.add(es.IF(), 2), net.add(es.IF(), 2)\nnet.connect(x, y, es.SpikeTimeGradient())\n"
        "net.connect(net.add(one), y, port='error')", ("one error to all 2 neurons", "global_error"),
    ),
}  # fmt: skip
