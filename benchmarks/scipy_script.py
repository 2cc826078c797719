"""The reference deal with its Gaussian copula, as an analyst would write it with NumPy and SciPy.

Correlated standard normals become uniforms, and each input's ``ppf`` turns its uniform into a value.  Run it
by itself to see its numbers: ``python benchmarks/scipy_script.py [trials]``.
"""

from __future__ import annotations

import math
import sys

import numpy as np
from scipy import stats

from simengine.bench.numpy_script import deal, summarise

CORRELATION = np.array([[1.0, 0.5, 0.0], [0.5, 1.0, 0.3], [0.0, 0.3, 1.0]])


def run(trials, seed=1):
    """Simulate ``trials`` outcomes and summarise them."""
    draw = np.random.default_rng(seed)
    scores = draw.standard_normal((trials, 3)) @ np.linalg.cholesky(CORRELATION).T
    uniforms = stats.norm.cdf(scores)
    v = stats.lognorm.ppf(uniforms[:, 0], 0.4, scale=math.exp(math.log(1000)))
    d = stats.beta.ppf(uniforms[:, 1], 1 + 4 * 0.4 / 0.6, 1 + 4 * 0.2 / 0.6, loc=0.4, scale=0.6)
    r = stats.beta.ppf(uniforms[:, 2], 18, 2)
    return summarise(deal(draw, v, d, r, trials))


if __name__ == "__main__":
    for name, value in run(int(float(sys.argv[1])) if len(sys.argv) > 1 else 1_000_000).items():
        print(name, value[[5, 50, 95]] if name == "percentiles" else value)
