"""The formula language: a parser of our own reads text into a tree; no text is ever run as Python.

``parse`` reads, ``to_text`` prints, ``lower`` gives a tree its meaning over any arithmetic (floats, or the
rows of a plan); ``FUNCTIONS`` and ``OPERATORS`` are the one table of what the language has.
"""

from simengine.formula.axis import AXIS_NAMES, Grid
from simengine.formula.constants import constant_problems, constant_value
from simengine.formula.functions import CONSTANTS, FUNCTIONS, OPERATORS, RESERVED, Function, Operator
from simengine.formula.kinds import Kind, infer, unit_label
from simengine.formula.lowering import lower
from simengine.formula.nodes import Name, Node, Number, Operation, name_spans, names_in
from simengine.formula.parser import parse
from simengine.formula.printer import to_text
from simengine.formula.shapes import is_yearly, shape_problems, yearly_formulas
from simengine.formula.tokens import MAX_TEXT

__all__ = [
    "AXIS_NAMES",
    "CONSTANTS",
    "FUNCTIONS",
    "MAX_TEXT",
    "OPERATORS",
    "RESERVED",
    "Function",
    "Grid",
    "Kind",
    "Name",
    "Node",
    "Number",
    "Operation",
    "Operator",
    "constant_problems",
    "constant_value",
    "infer",
    "is_yearly",
    "lower",
    "name_spans",
    "names_in",
    "parse",
    "shape_problems",
    "to_text",
    "unit_label",
    "yearly_formulas",
]
