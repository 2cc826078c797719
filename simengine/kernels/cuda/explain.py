"""The program of a plan for people to read: the kernel alone, every row with a word on what it is about."""

from __future__ import annotations

from collections.abc import Sequence

from simengine.deal.model import Model
from simengine.kernels.cuda.notes import notes_of
from simengine.kernels.cuda.printer import STRIDES, file_names, kernel_text
from simengine.plan.draws import draw_addresses
from simengine.plan.plan import Plan


def explained_text(plan: Plan, models: Sequence[Model]) -> str:
    """The kernel ``evaluate`` of a plan of ``models``, annotated; what it calls is named, not repeated."""
    lanes = 512 // STRIDES[plan.precision]
    files = ", ".join(file_names(plan.precision))
    heading = [
        f"CUDA C of this scenario, {plan.precision}, {plan.sampler} draws; every thread computes {lanes} trials.",
        "Numbers, tables and seeds are data: the text is the same whatever their values.",
        f"What the rows call is in simengine/kernels/cuda/text: {files}.",
    ]
    kernel = kernel_text(plan, notes=notes_of(plan, draw_addresses(models))).rstrip("\n")
    return "\n".join([*(f"// {line}" for line in heading), kernel])
