"""The peer of `bench training`: exact spike-time gradients in PyTorch, in batches, with phases, on one core.

A layer of non-leaky neurons in closed form (Mostafa 2018, arXiv 1606.08165), as one writes it with tensors: sort the
inputs, add up weights in that order, take the first spike that is consistent; backward, the derivatives of that spike.
"""

import time
from typing import Any

import numpy as np

from eventsnn.bench.runners import Missing
from eventsnn.datasets import Samples

BATCH = 100
SLOPE = 0.1  # the least slope in a gradient, as `Clip`


def load() -> Any:
    """PyTorch, on one core.

    Raises:
        Missing: it is not installed.
    """
    try:
        import torch
    except ImportError as error:
        raise Missing(f"{error}; pip install eventsnn[peers]") from error
    torch.set_num_threads(1)
    return torch


def layer(torch: Any) -> Any:
    """The layer as a function of z = exp(t) of its inputs, shape (batch, inputs), and weights (inputs, neurons)."""

    class FirstSpikes(torch.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(ctx: Any, z: Any, w: Any) -> Any:
            z_sorted, order = z.sort(dim=1)
            used = int(torch.isfinite(z_sorted).sum(dim=1).max())  # inputs that are silent everywhere cost nothing
            z_sorted, order = z_sorted[:, :used], order[:, :used]
            there = torch.isfinite(z_sorted)
            w_sorted = w[order] * there[:, :, None]
            at = torch.where(there, z_sorted, torch.zeros_like(z_sorted))[:, :, None]
            slope = w_sorted.cumsum(1).sub_(1.0)
            z_out = (w_sorted * at).cumsum_(1).div_(slope)
            following = torch.cat([z_sorted[:, 1:], torch.full_like(z_sorted[:, :1], torch.inf)], 1)[:, :, None]
            right = (slope > 0.0) & (z_out >= at) & (z_out <= following) & there[:, :, None]
            first = right.byte().argmax(dim=1, keepdim=True)
            fires = right.any(dim=1)
            z_out = torch.where(fires, z_out.gather(1, first)[:, 0], torch.inf)
            slope = slope.gather(1, first)[:, 0]
            ctx.save_for_backward(z_sorted, order, w, z_out, slope)
            return z_out

        @staticmethod
        def backward(ctx: Any, error: Any) -> Any:
            z, order, w, z_out, slope = ctx.saved_tensors
            ratio = torch.where(torch.isfinite(z_out), error / slope.clamp(min=SLOPE), 0.0)
            counts = (z[:, :, None] <= z_out[:, None, :]) & torch.isfinite(z)[:, :, None]
            by_z = ratio[:, None, :] * counts  # dz_out/dz_i = w_i / slope
            at = torch.where(torch.isfinite(z), z, torch.zeros_like(z))[:, :, None]
            by_w = by_z * at - by_z * torch.where(torch.isfinite(z_out), z_out, 0.0)[:, None, :]
            dw = torch.zeros_like(w).index_add_(0, order.flatten(), by_w.flatten(0, 1))
            dz = torch.zeros(len(z), len(w), dtype=w.dtype)
            if ctx.needs_input_grad[0]:
                dz.scatter_(1, order, (by_z * w[order]).sum(dim=2))
            return dz, dw

    return FirstSpikes.apply


class Batches:
    """784-350-10, say, with Adam and the loss of `FirstToSpike`: a softmax over spike times.

    Args:
        samples: latencies, in order of presentation.
        weights: one matrix (inputs x neurons) per layer.
        sharpness: of the softmax.
        rates: learning rate of each layer.
    """

    engine = "pytorch, batches of 100"

    def __init__(self, samples: Samples, weights: list[np.ndarray], sharpness: float, rates: list[float]) -> None:
        self.torch = torch = load()
        self.version = f"torch {torch.__version__}"
        times = samples.times if samples.levels is None else samples.levels[samples.times]
        self.z = torch.tensor(np.exp(times), dtype=torch.float32)
        self.labels = torch.tensor(samples.labels)
        self.w = [torch.tensor(w, dtype=torch.float32, requires_grad=True) for w in weights]
        self.step = torch.optim.Adam([{"params": [w], "lr": lr} for w, lr in zip(self.w, rates, strict=True)])
        self.layer, self.sharpness, self.next = layer(torch), sharpness, 0

    def outputs(self, z: Any) -> Any:
        """Spike times of the last layer."""
        for w in self.w:
            z = self.layer(z, w)
        return self.torch.log(z)

    def loss(self, z: Any, labels: Any) -> Any:
        """-ln softmax(-sharpness t), added up over samples; a sample whose label's neuron is silent has none."""
        torch = self.torch
        t = self.outputs(z)
        found = torch.isfinite(t.gather(1, labels[:, None])[:, 0])
        logits = torch.where(torch.isfinite(t), -self.sharpness * t, torch.full_like(t, -1e9))
        return torch.nn.functional.cross_entropy(logits[found], labels[found], reduction="sum")

    def run(self, count: int) -> float:
        """Learn from the next samples; the CPU time [s]."""
        begun = time.process_time()
        for _ in range(0, count, BATCH):
            which = (self.torch.arange(min(BATCH, count)) + self.next) % len(self.labels)
            self.next += len(which)
            self.step.zero_grad()
            self.loss(self.z[which], self.labels[which]).backward()
            self.step.step()
        return time.process_time() - begun
