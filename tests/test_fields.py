"""Fields over weights: what a gradient leaves around a loop, angles, and surrogates of all shapes."""

import numpy as np
import pytest

import eventsnn as es
from eventsnn.study.shapes import SHAPES
from eventsnn.surrogates import Boxcar, Exponential, FastSigmoid, Quadratic, Sigmoid, Triangular

CLASSES = (FastSigmoid, Sigmoid, Exponential, Quadratic, Triangular, Boxcar)


def test_a_gradient_leaves_nothing_around_a_loop_and_a_rotation_does():
    matrix = np.random.default_rng(1).normal(size=(4, 4))
    for field, least, most in ((matrix + matrix.T, 0.0, 1e-14), (matrix, 0.01, 1.0)):
        loops = es.study.closed_loops(lambda w, a=field: w @ a, np.ones(4), [0.1, 1.0], points=16)
        assert loops.along.shape == (2, 16)
        assert (least <= loops.shares()).all()
        assert (loops.shares() <= most).all()
    area = np.pi * np.array([0.1, 1.0]) ** 2  # Stokes: the curl times the area
    one, other = np.linalg.qr(np.random.default_rng(0).normal(size=(4, 2)))[0].T
    assert loops.along.mean(axis=1) == pytest.approx(area * (one @ (matrix - matrix.T) @ other), rel=1e-12)
    assert loops.shares(every=2) == pytest.approx(loops.shares(), rel=0.3)


def test_angles():
    assert es.study.angle([1.0, 0.0], [0.0, -2.0]) == pytest.approx(90.0)
    assert es.study.angle(np.eye(2), 3.0 * np.eye(2)) == pytest.approx(0.0, abs=1e-5)
    with pytest.raises(es.NetworkError, match="got 2 and 1 numbers"):
        es.study.angle([1.0, 2.0], [1.0])
    with pytest.raises(es.NetworkError, match="radii"):
        es.study.closed_loops(lambda w: w, [1.0, 2.0], [0.0])


def test_the_field_of_a_rule_is_what_each_neuron_learned():
    """Of the first spike's time: the closed form of Mostafa 2018, with z = exp(t)."""

    def answer(cell):
        message = yield cell.receive()
        cell.send("error", 1.0, to=message.line)

    rule = es.SpikeTimeGradient(step=es.Sgd(lr=1.0), mode="immediate", clip=es.Clip(slope=1e-9))
    trains, w = [[0.1], [0.3]], np.array([[1.0, 0.8], [1.5, 0.2]])
    field = es.study.rule_field(rule, es.IF(t_refractory=np.inf), trains, lambda net, y: None, 20.0)
    assert not field(w).any()  # nobody sends an error yet
    field = es.study.rule_field(rule, es.IF(t_refractory=np.inf), trains, lambda net, y: net.teach(y, answer), 20.0)
    z = np.exp([0.1, 0.3])
    fired = (w[:1] @ z) / (w[:1].sum() - 1.0)
    assert field(w[:1])[0] == pytest.approx((z - fired) / (w[:1].sum() - 1.0) / fired, rel=1e-9)


@pytest.mark.parametrize(("shape", "kind"), list(zip(SHAPES, CLASSES, strict=True)))
def test_any_shape_is_what_it_says(shape, kind):
    one, other = es.study.AnyShape(shape=shape, beta=3.0, height=2.0), kind(beta=3.0, height=2.0)
    for x in np.linspace(-1.0, 1.0, 201).tolist():
        assert one.at(x) == other.at(x)
        assert one.reach(x) == other.reach(x)
    with pytest.raises(es.NetworkError, match="'round'; it is one of fast sigmoid"):
        es.study.AnyShape(shape="round")


def test_curves_and_labels():
    ax = es.plot.curves([1.0, 2.0], {"a": [[1.0, 2.0], [3.0, 4.0]], "b": [0.0, 1.0]}, "o-", xlabel="x")
    assert ax.lines[0].get_ydata().tolist() == [2.0, 3.0]
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["a", "b"]
    with pytest.raises(es.NetworkError, match="'c' has shape"):
        es.plot.curves([1.0, 2.0], {"c": [1.0]})
    from eventsnn.plot.labels import label_points

    label_points(ax, {str(k): (1.5 + 0.01 * k, 1.0) for k in range(6)} | {"far": (2.0, 0.5), "same": (2.0, 0.5)})
    boxes = [t.get_window_extent() for t in ax.texts]
    assert sorted(t.get_text() for t in ax.texts)[-1] == "far same"
    assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])
