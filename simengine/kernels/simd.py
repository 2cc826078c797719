"""Vectors of sixteen 32-bit or eight 64-bit numbers as value types of compiled functions.

LLVM vectorises a loop only when it can prove that no store meets a later load, which it cannot for the registers of a
tape.  With these types the loop says what is wanted.  Every operation is one of LLVM's generic vector instructions,
which any processor can carry out (in as many steps as its registers ask for) with the same bits; only
:func:`permute` needs AVX-512, and :func:`can_permute` tells whether this processor has it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.registry import cpu_target
from numba.core.typing.templates import AbstractTemplate, infer_global
from numba.extending import lower_builtin, models, register_model

from simengine.kernels.jit import intrinsic

LANES = 16
"""Lanes of a vector of 32-bit numbers."""
HALF_LANES = 8
"""Lanes of a vector of 64-bit numbers."""

_INT32 = ir.IntType(32)
_ELEMENTS = {
    "f32": ir.FloatType(),
    "i32": _INT32,
    "f64": ir.DoubleType(),
    "i64": ir.IntType(64),
    "bool": ir.IntType(1),
}


class Vector(types.Type):
    """The type of a vector: the kind of its elements and their number."""

    def __init__(self, kind: str, lanes: int):
        self.kind, self.lanes = kind, lanes
        super().__init__(name=f"Vector({kind}, {lanes})")

    @property
    def llvm(self) -> Any:
        """The type as LLVM has it."""
        return ir.VectorType(_ELEMENTS[self.kind], self.lanes)

    @property
    def is_float(self) -> bool:
        """Whether the elements are floats."""
        return self.kind.startswith("f")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Vector):
        super().__init__(manager, kind, kind.llvm)


F32, I32, MASK = Vector("f32", LANES), Vector("i32", LANES), Vector("bool", LANES)
F64, I64, HALF_MASK = Vector("f64", HALF_LANES), Vector("i64", HALF_LANES), Vector("bool", HALF_LANES)


def can_permute() -> bool:
    """Whether code is compiled for a processor (or for features that were asked for) with AVX-512."""
    features: str = cpu_target.target_context.codegen().magic_tuple()[2]
    return "+avx512f" in features.split(",")


# ---- making, loading and storing ----


def _spread(builder: Any, kind: Vector, value: Any) -> Any:
    empty = ir.Constant(kind.llvm, ir.Undefined)
    first = builder.insert_element(empty, value, _INT32(0))
    return builder.shuffle_vector(first, empty, ir.Constant(ir.VectorType(_INT32, kind.lanes), [0] * kind.lanes))


def _splat(kind: Vector, scalar: Any) -> Any:
    @intrinsic
    def splat(typing: Any, value: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return _spread(builder, kind, context.cast(builder, args[0], signature.args[0], scalar))

        return kind(value), build

    return splat


all_f32, all_i32 = _splat(F32, types.float32), _splat(I32, types.int32)
all_f64, all_i64 = _splat(F64, types.float64), _splat(I64, types.int64)


def _address(context: Any, builder: Any, array: Any, value: Any, index: Any, kind: Vector) -> Any:
    data = context.make_array(array)(context, builder, value).data
    return builder.bitcast(builder.gep(data, [index]), kind.llvm.as_pointer())


def _load(kind: Vector, align: int) -> Any:
    @intrinsic
    def load(typing: Any, array: Any, index: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            at = context.cast(builder, args[1], signature.args[1], types.int64)
            return builder.load(_address(context, builder, signature.args[0], args[0], at, kind), align=align)

        return kind(array, index), build

    return load


load_f32, load_i32, load_f64, load_i64 = _load(F32, 4), _load(I32, 4), _load(F64, 8), _load(I64, 8)
"""A vector of the consecutive elements of an array from an index on; nothing is checked."""


@intrinsic
def store(typing: Any, array: Any, index: Any, value: Any) -> Any:
    """Put a vector into consecutive elements of an array of the same kind; nothing is checked."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        at = context.cast(builder, args[1], signature.args[1], types.int64)
        kind = signature.args[2]
        align = 8 if kind.kind.endswith("64") else 4
        builder.store(args[2], _address(context, builder, signature.args[0], args[0], at, kind), align=align)
        return context.get_dummy_value()

    return types.void(array, index, value), build


# ---- arithmetic ----

Emit = Callable[[Any, Vector, Any], Any]
"""Writes instructions: builder, type of the first operand, operands."""


def _function(result: Callable[[Vector], Vector], emit: Emit, count: int) -> Any:
    """An intrinsic of one, two, three or four vectors."""

    def made(kind: Any, *others: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return emit(builder, kind, args)

        return result(kind)(kind, *others), build

    if count == 1:
        return intrinsic(lambda typing, a: made(a))
    if count == 2:
        return intrinsic(lambda typing, a, b: made(a, b))
    return intrinsic(lambda typing, a, b, c: made(a, b, c))


def _same(kind: Vector) -> Vector:
    return kind


def _mask(kind: Vector) -> Vector:
    return MASK if kind.lanes == LANES else HALF_MASK


def _plain(float_name: str, integer_name: str) -> Emit:
    def emit(builder: Any, kind: Vector, args: Any) -> Any:
        return getattr(builder, float_name if kind.is_float else integer_name)(*args)

    return emit


def _compared(sign: str) -> Emit:
    def emit(builder: Any, kind: Vector, args: Any) -> Any:
        if not kind.is_float:
            return builder.icmp_signed(sign, *args)
        return (builder.fcmp_unordered if sign == "!=" else builder.fcmp_ordered)(sign, *args)  # NaN != NaN

    return emit


def _operate(sign: Callable[..., Any], result: Callable[[Vector], Vector], emit: Emit) -> None:
    """Let an operator of Python stand for instructions on two vectors of one kind."""

    class Template(AbstractTemplate):
        def generic(self, args: Any, kws: Any) -> Any:
            if len(args) == 2 and isinstance(args[0], Vector) and args[0] == args[1]:
                return result(args[0])(*args)
            return None

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return emit(builder, signature.args[0], args)

    infer_global(sign)(Template)
    lower_builtin(sign, Vector, Vector)(build)


for _sign, _names in {
    operator.add: ("fadd", "add"),
    operator.sub: ("fsub", "sub"),
    operator.mul: ("fmul", "mul"),
    operator.truediv: ("fdiv", ""),
    operator.and_: ("", "and_"),
    operator.or_: ("", "or_"),
    operator.xor: ("", "xor"),
}.items():
    _operate(_sign, _same, _plain(*_names))
for _sign, _text in {
    operator.lt: "<",
    operator.le: "<=",
    operator.gt: ">",
    operator.ge: ">=",
    operator.eq: "==",
    operator.ne: "!=",
}.items():
    _operate(_sign, _mask, _compared(_text))


def _binary(name: str) -> Any:
    return _function(_same, _plain("", name), 2)


shift_left, shift_right, shift_down = _binary("shl"), _binary("lshr"), _binary("ashr")
"""Shifts by the bits of a second vector; shift_down keeps the sign."""
at_least = _function(_mask, lambda builder, kind, args: builder.icmp_unsigned(">=", *args), 2)
"""Where a >= b as unsigned integers."""


def _called(builder: Any, name: str, kind: Vector, args: Any) -> Any:
    suffix = f"v{kind.lanes}{kind.kind}"
    wanted = ir.FunctionType(kind.llvm, [kind.llvm] * len(args))
    return builder.call(cgutils.get_or_insert_function(builder.module, wanted, f"llvm.{name}.{suffix}"), args)


fused = _function(_same, lambda builder, kind, args: _called(builder, "fma", kind, args), 3)
"""a * b + c, rounded once."""
root = _function(_same, lambda builder, kind, args: _called(builder, "sqrt", kind, args), 1)
floor = _function(_same, lambda builder, kind, args: _called(builder, "floor", kind, args), 1)
magnitude = _function(_same, lambda builder, kind, args: _called(builder, "fabs", kind, args), 1)
opposite = _function(_same, lambda builder, kind, args: builder.fneg(*args), 1)


@intrinsic
def choose(typing: Any, mask: Any, a: Any, b: Any) -> Any:
    """a where the mask is set, else b."""
    return a(mask, a, b), lambda context, builder, signature, args: builder.select(*args)


# ---- from one kind to another ----


def _converted(target: Vector, name: str) -> Any:
    return _function(lambda kind: target, lambda builder, kind, args: getattr(builder, name)(args[0], target.llvm), 1)


bits_i32, bits_f32 = _converted(I32, "bitcast"), _converted(F32, "bitcast")
bits_i64, bits_f64 = _converted(I64, "bitcast"), _converted(F64, "bitcast")
signed_f32 = _converted(F32, "sitofp")
unsigned_i32 = _converted(I32, "fptoui")
mask_i32 = _converted(I32, "sext")
"""-1 where a mask is set, else 0."""


def _half(first: int, target: Vector, name: str) -> Any:
    lanes = ir.Constant(ir.VectorType(_INT32, HALF_LANES), list(range(first, first + HALF_LANES)))

    def emit(builder: Any, kind: Vector, args: Any) -> Any:
        part = builder.shuffle_vector(args[0], ir.Constant(kind.llvm, ir.Undefined), lanes)
        return getattr(builder, name)(part, target.llvm)

    return _function(lambda kind: target, emit, 1)


low_f64, high_f64 = _half(0, F64, "fpext"), _half(HALF_LANES, F64, "fpext")
"""The first, or last, eight of sixteen float32, widened."""


def _joined(target: Vector, name: str) -> Any:
    lanes = ir.Constant(ir.VectorType(_INT32, LANES), list(range(LANES)))
    half = ir.VectorType(_ELEMENTS[target.kind], HALF_LANES)

    def emit(builder: Any, kind: Vector, args: Any) -> Any:
        low, high = (getattr(builder, name)(value, half) for value in args)
        return builder.shuffle_vector(low, high, lanes)

    return _function(lambda kind: target, emit, 2)


joined_f32, joined_i32 = _joined(F32, "fptrunc"), _joined(I32, "trunc")
"""Sixteen narrow numbers from the eight of either vector."""


@intrinsic
def zipped(typing: Any, even: Any, odd: Any) -> Any:
    """The low halves of eight and of eight 64-bit integers by turns: even[0], odd[0], even[1], ..."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        wide = I64.llvm
        low = builder.and_(args[0], ir.Constant(wide, [0xFFFFFFFF] * HALF_LANES))
        high = builder.shl(args[1], ir.Constant(wide, [32] * HALF_LANES))
        return builder.bitcast(builder.or_(low, high), I32.llvm)

    return I32(even, odd), build


@intrinsic
def any_set(typing: Any, value: Any) -> Any:
    """Whether any lane is not zero."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        some = builder.icmp_unsigned("!=", args[0], ir.Constant(args[0].type, None))
        whole = builder.bitcast(some, ir.IntType(signature.args[0].lanes))
        return builder.icmp_unsigned("!=", whole, ir.Constant(whole.type, 0))

    return types.boolean(value), build


@intrinsic
def total(typing: Any, value: Any) -> Any:
    """The sum of all lanes of a vector of integers."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(_INT32, [I32.llvm])
        name = "llvm.vector.reduce.add.v16i32"
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), args)

    return types.int32(value), build


@intrinsic
def permute(typing: Any, low: Any, index: Any, high: Any) -> Any:
    """low[index] or high[index - 16], by the last five bits of each index; needs AVX-512."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(F32.llvm, [F32.llvm, I32.llvm, F32.llvm])
        name = "llvm.x86.avx512.vpermi2var.ps.512"
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), args)

    return F32(low, index, high), build
