"""Variables of SIPmath libraries as inputs: known answers, and what is said of files that are not such."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from simengine.distributions import resolve
from simengine.errors import InvalidInput


def sip(name="demand", coefficients=(5.0, 0.4, 0.1, 0.02), **more):
    return {"name": name, "function": "Metalog_1_0", "arguments": {"aCoefficients": list(coefficients), **more}}


def library(*sips, **more):
    return {"objectType": "sipModel", "libraryType": "SIPmath_3_0", "sips": list(sips), "version": "1", **more}


def read(folder, content, **keys):
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    (folder / "market.json").write_bytes(text)
    return resolve({"dist": "sipmath", "file": "market.json", **keys}, folder=folder)


def metalog(y, a):
    """Keelin's quantile function, equation by equation."""
    logit, c = math.log(y / (1 - y)), y - 0.5
    terms = [1, logit, c * logit, c, c**2, c**2 * logit, c**3, c**3 * logit, c**4, c**4 * logit]
    return sum(x * term for x, term in zip(a, terms, strict=False))


LEVELS = np.array([0.001, 0.05, 0.3, 0.5, 0.9, 0.999])
LONG = (5.0, 0.4, 0.1, 0.02, 0.3, 0.05, -0.2, 0.01, 0.1, 0.02)


@pytest.mark.parametrize("coefficients", [(5.0, 0.4), (5.0, 0.4, 0.1), (5.0, 0.4, 0.1, 0.02), LONG])
@pytest.mark.parametrize("bounds", [{}, {"lowerBound": 1.0}, {"upperBound": 9.0}, {"lowerBound": 1, "upperBound": 9}])
def test_quantiles_are_those_of_the_standard(tmp_path, coefficients, bounds):
    found = read(tmp_path, library(sip(coefficients=coefficients, **bounds))).quantile(LEVELS)
    m = np.array([metalog(y, coefficients) for y in LEVELS])
    low, high = bounds.get("lowerBound"), bounds.get("upperBound")
    wanted = m
    if low is not None:
        wanted = low + np.exp(m) if high is None else (low + high * np.exp(m)) / (1 + np.exp(m))
    elif high is not None:
        wanted = high - np.exp(-m)
    assert found == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("bounds", [{}, {"lowerBound": 1.0}, {"upperBound": 9.0}, {"lowerBound": 1, "upperBound": 9}])
def test_it_is_a_distribution_like_others(tmp_path, bounds):
    marginal = read(tmp_path, library(sip(coefficients=(1.0, 0.2, 0.05, 0.02), **bounds)))
    x = marginal.quantile(LEVELS)
    assert marginal.cdf(x) == pytest.approx(LEVELS, rel=1e-9)
    assert marginal.sf(x) == pytest.approx(1 - LEVELS, rel=1e-9)
    middle = (np.arange(200_000) + 0.5) / 200_000
    assert marginal.mean == pytest.approx(np.mean(marginal.quantile(middle)), rel=1e-3)
    assert marginal.variance == pytest.approx(np.var(marginal.quantile(middle)), rel=1e-2)


def test_a_library_as_others_write_it(tmp_path):
    """With streams, a copula and metadata, as a list of one, and with a byte order mark."""
    rng = {"name": "hdr1", "function": "HDR_2_0", "arguments": {"counter": "PM_Index", "entity": 1, "varId": 7}}
    joined = {**sip(), "ref": {"source": "copula", "name": "Gaussian", "copulaLayer": "c1"}, "metadata": {"P50": 5}}
    content = [library(joined, sip("price", (2, 0.1)), U01={"rng": [rng], "copula": []}, dateCreated="09-21-2021")]
    marginal = read(tmp_path, b"\xef\xbb\xbf" + json.dumps(content).encode(), name="demand")
    assert marginal.parameters["name"] == "demand" and marginal.parameters["terms"] == 4
    assert [(note.severity, note.key) for note in marginal.notes] == [("note", "name")]
    assert "correlates it with others, which is not read" in marginal.notes[0].reason
    assert not read(tmp_path, content, name="price").notes


def test_a_constant_is_told(tmp_path):
    marginal = read(tmp_path, library(sip(coefficients=(7, 0, 0))))
    assert marginal.constant == 7
    assert marginal.notes[0].severity == "warning"


def test_the_general_keys_work(tmp_path):
    assert read(tmp_path, library(sip()), scale=2, shift=1).quantile(np.array([0.5]))[0] == pytest.approx(11)
    assert read(tmp_path, library(sip()), truncate={"min": 4}).support[0] == 4


BAD = [
    (b"", {}, r"file = .*is no JSON"),
    (b"hello", {}, "is no JSON"),
    (b"\xff\xfe", {}, "is not UTF-8"),
    (b"[" * 100_000, {}, "is nested too deeply"),
    (b'{"sips": [NaN]}', {}, "NaN is no number in JSON"),
    (b'{"libraryType": "SIPmath_3_0", "sips": [], "x": ' + b"9" * 5000 + b"}", {}, "is no JSON|has no variable"),
    ([1, 2], {}, "has no list of sips"),
    ({"sips": {}}, {}, "has no list of sips"),
    ({"sips": [sip()]}, {}, "does not say its libraryType; allowed: SIPmath_3_0"),
    ({"sips": [sip()], "libraryType": "SIPmath_2_0"}, {}, 'is a library of type "SIPmath_2_0"'),
    (library(), {}, "has no variable"),
    (library(1, None, {"name": 3}), {}, "has no variable"),
    (library(sip("a"), sip("b")), {}, 'name: is missing; allowed: "a", "b"'),
    (
        library(sip("demand")),
        {"name": "demnad"},
        'has no such variable; allowed: "demand"; hint: did you mean "demand"',
    ),
    (library(sip("a"), sip("a")), {"name": "a"}, "2 variables of the library have this name"),
    (library({"name": "a"}), {}, "has no function"),
    (library({"name": "a", "function": "=cmd|"}), {}, r'is given by "=cmd\|", which is not read; allowed: Metalog_1_0'),
    (library({"name": "a", "function": "Metalog_1_0"}), {}, "its aCoefficients are no metalog"),
    (library(sip(coefficients=(1,))), {}, "2 to 30 finite numbers"),
    (library(sip(coefficients=[1] * 31)), {}, "2 to 30 finite numbers"),
    (library(sip(coefficients=(1, "2"))), {}, "2 to 30 finite numbers"),
    (library(sip(coefficients=(1, True))), {}, "2 to 30 finite numbers"),
    (library(sip(coefficients=(1, 10**400))), {}, "2 to 30 finite numbers"),
    (library(sip(lowerBound="x")), {}, 'its lowerBound is "x"; allowed: a finite number'),
    (library(sip(lowerBound=2, upperBound=2)), {}, "lowerBound 2 is not below its upperBound 2"),
    (library(sip(coefficients=(5, -1))), {}, "are no distribution: the curve falls"),
    (library(sip(coefficients=(5, 0.1, 3))), {}, "are no distribution: the curve falls"),
]


@pytest.mark.parametrize(("content", "keys", "message"), BAD)
def test_what_is_no_metalog_of_a_library_is_refused(tmp_path, content, keys, message):
    with pytest.raises(InvalidInput, match=message):
        read(tmp_path, content, **keys)


def test_missing_and_odd_files(tmp_path):
    for file, message in (("market.json", "file not found"), (".", "is a directory"), ("a\0b", "NUL character")):
        with pytest.raises(InvalidInput, match=message):
            resolve({"dist": "sipmath", "file": file}, folder=tmp_path)
    with pytest.raises(InvalidInput, match=r"nmae.*name"):
        resolve({"dist": "sipmath", "file": "market.json", "nmae": "x"}, folder=tmp_path)
