"""Distributions: the table of families, and from a specification to a quantile function.

Everything ends as one :class:`Marginal`.  Importing this package loads NumPy and nothing heavier; SciPy is loaded
when quantiles of the families that need it are computed.
"""

from simengine.distributions.describe import describe
from simengine.distributions.families.table import FAMILIES
from simengine.distributions.family import Family, Form, Parameter
from simengine.distributions.marginal import Marginal, Pieces
from simengine.distributions.resolve import resolve
from simengine.distributions.schema import json_schema
from simengine.distributions.standard import standard_normal, standard_uniform, student_scale

__all__ = [
    "FAMILIES",
    "Family",
    "Form",
    "Marginal",
    "Parameter",
    "Pieces",
    "describe",
    "json_schema",
    "resolve",
    "standard_normal",
    "standard_uniform",
    "student_scale",
]
