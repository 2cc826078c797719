"""The printed text: one line a row, linear in the tape, and comments that cannot leave their line."""

import re
from dataclasses import replace

import numpy as np
import pytest
from machine_cases import model_of
from scenario_plans import REFERENCE_DEAL, plan_of

from simengine.deal.model import Dependence
from simengine.kernels.cuda.explain import explained_text
from simengine.kernels.cuda.notes import notes_of, safe
from simengine.kernels.cuda.printer import evaluate_text, kernel_text
from simengine.plan.compile import build_plan
from simengine.plan.ops import Op

HOSTILE = [
    "*/ evil();",
    "a\\",
    "a\nevil();",
    "a\r\u2028evil();",
    "??/",
    "\u202ereversed",
    "//",
    "/* a",
    "x" * 500,
    "估值",
]


def rows_of(text):
    return [line for line in text.splitlines() if re.match(r"  (const (Lanes|Words) [cv]\d+ = |store\()", line)]


def test_every_row_is_one_line():
    plan = plan_of(REFERENCE_DEAL)
    assert len(rows_of(kernel_text(plan))) == len(plan.tape) + plan.constants.size


def test_every_operation_can_be_printed():
    from simengine.kernels.cuda.printer import _CALLS

    assert set(_CALLS) | {Op.TALLY} == set(Op)


def test_names_are_given_once_and_before_they_are_used():
    text = kernel_text(plan_of(REFERENCE_DEAL))
    known = set()
    for line in rows_of(text):
        made = re.match(r"  const \w+ (\w+) = ", line)
        used = set(re.findall(r"\b[cv]\d+\b", line.split("=", 1)[-1]))
        assert used <= known
        if made:
            assert made[1] not in known
            known.add(made[1])


def test_comments_are_all_that_notes_add():
    plan = plan_of(REFERENCE_DEAL, sampler="sobol")
    noted = kernel_text(plan, notes=notes_of(plan, ["V", "D"]))
    assert "  // V: score" in noted
    assert re.sub(r"  // .*", "", noted) == kernel_text(plan)


def test_draws_tables_constants_and_outcomes_are_named():
    matrix = np.array([[1.0, 0.5], [0.5, 1.0]])
    inputs = {"A": "2 to 5", "B": {"dist": "poisson", "mean": 2}, "C": {"dist": "bernoulli", "p": 0.2}}
    model = model_of(inputs, {"x": "A + B * 2.5 + C"}, (Dependence(("A", "B"), matrix, 4.0),))
    text = explained_text(build_plan([model]), [model])
    for line in (
        r"= draw_philox\(at, \d\);  // A$",
        r"= draw_philox\(at, \d\);  // copula\(A,B\)$",
        r"= score_to_x\(v\d+, tables, \d\);  // A: lognormal$",
        r"= step\(v\d+, cuts\[0\]\);  // C$",
        r"= every\(constants\[\d\]\);  // 2.5$",
        r"^  store\(.*  // base: x$",
    ):
        assert re.search(line, text, re.M), line


@pytest.mark.parametrize("name", [*HOSTILE, "估值"])
def test_hostile_names_stay_in_their_comment(name):
    shown = safe(name)
    assert len(shown) <= 80
    assert shown.isprintable()
    assert len(f"// {shown}".splitlines()) == 1
    assert not shown.endswith("\\")
    assert "*/" not in shown and "??" not in shown
    plan = plan_of(REFERENCE_DEAL)
    plan = replace(plan, outputs=(replace(plan.outputs[0], name=name, strategy=name),))
    noted = kernel_text(plan, notes=notes_of(plan, [name]))
    assert re.sub(r"  // .*", "", noted) == kernel_text(plan)


def plan_of_rows(count):
    """A plan of about so many rows: three a formula."""
    texts = {f"f{k}": f"abs(A - {k})" for k in range(count // 3)}
    return build_plan([model_of({"A": "2 to 5"}, texts)])


def test_the_text_grows_with_the_rows():
    small, large = plan_of_rows(150), plan_of_rows(6000)
    rows = [len(plan.tape) + plan.constants.size for plan in (small, large)]
    signs = [len(kernel_text(plan)) for plan in (small, large)]
    assert rows[1] > 6000
    assert (signs[1] - signs[0]) / (rows[1] - rows[0]) < 60


def test_a_long_tape_calls_its_larger_functions():
    assert not evaluate_text(plan_of_rows(900)).startswith("#define LONG\n")
    assert evaluate_text(plan_of_rows(1100)).startswith("#define LONG\n")
