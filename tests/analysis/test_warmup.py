"""The warm-up: after it nothing is left to compile."""

from __future__ import annotations

import re
import subprocess
import sys

from simengine.analysis.warmup import WarmUp, compiled_functions, warm_up
from simengine.report.doctor import warmup_text


def test_every_kernel_is_ready_afterwards():
    done = warm_up()
    names = {name for name, _ in compiled_functions()}
    assert set(done.kernels) == names
    assert {"machine.evaluate", "tally.tally", "tally.pick_windows"} <= names
    assert done.seconds > 0


def test_each_kernel_has_one_compiled_form():
    """A second one, for read-only arrays say, would be compiled again on every machine; looked at in a new process."""
    script = (
        "from simengine.analysis.warmup import compiled_functions, warm_up\n"
        "warm_up()\n"
        "print({name: len(k.signatures) for name, k in compiled_functions() if len(k.signatures) != 1})\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.strip() == "{}"


def test_the_line_says_what_was_done_and_where_it_is_kept():
    assert re.match(r"(compiled \d+|all \d+) .*kernels.*, \d+\.\d s; kept in ", warmup_text(warm_up()))
    cold = WarmUp(("machine.evaluate", "tally.tally"), 2, 8.06, None)
    assert warmup_text(cold) == "compiled 2 of 2 kernels, 8.1 s; kept nowhere: the next run compiles again\n"
