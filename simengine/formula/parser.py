"""Tokens to a tree, by operator precedence with an explicit stack: no text can exhaust Python's own."""

from __future__ import annotations

from dataclasses import dataclass, replace

from simengine.errors import InvalidInput, Problem
from simengine.formula.functions import CONSTANTS, FOREIGN_WORDS, FUNCTIONS, ONLY_FUNCTIONS, OPERATORS, Operator
from simengine.formula.nodes import Name, Node, Number, Operation, Span
from simengine.formula.problems import nearest, problem_at
from simengine.formula.tokens import Token, tokenise

MAX_NODES = 2000
"""Numbers, names, operators and functions of one formula."""

MAX_NESTING = 100
"""Parentheses and calls inside each other."""

_ELSEWHERE = {
    "ln": "log(x)",
    "log2": "log(x) / log(2)",
    "log10": "log(x) / log(10)",
    "lg": "log(x) / log(10)",
    "fabs": "abs(x)",
    "power": "pow(x, y)",
    "if": "where(condition, a, b)",
    "iif": "where(condition, a, b)",
    "ifelse": "where(condition, a, b)",
    "sum": "a + b + c",
    "mean": "(a + b) / 2",
    "average": "(a + b) / 2",
    "square": "x**2",
    "clamp": "clip(x, low, high)",
    "minimum": "min(a, b)",
    "maximum": "max(a, b)",
}
"""Functions of other languages, or what they mean there, and how the same is written here."""


@dataclass
class _Open:
    """Something on the stack that waits for its operands: an operator, a parenthesis or a call."""

    token: Token
    operator: Operator | None = None
    function: str | None = None
    arguments: int = 0


def parse(text: str) -> Node:
    """The tree of a formula.

    Raises
    ------
    InvalidInput
        With every problem that could be found; each has the span of the offending characters.
    """
    return _Parser(text).run()


class _Parser:
    """State while one formula is read: operands found, what is open, and the problems so far."""

    def __init__(self, text: str):
        self.text = text
        self.tokens, self.problems = tokenise(text)
        self.position = 0
        self.operands: list[Node] = []
        self.open: list[_Open] = []
        self.nesting = 0
        self.nodes = 0

    def run(self) -> Node:
        if self.tokens[0].kind == "end":
            raise self.stop((0, 0), "the formula is empty", hint="write for example V * D")
        wants_operand = True
        while True:
            token = self.tokens[self.position]
            self.position += 1
            if wants_operand:
                wants_operand = self.operand(token)
            elif token.kind == "end":
                break
            else:
                wants_operand = self.infix(token)
        self.reduce(0)
        if self.open:
            raise self.stop(self.open[-1].token.span, "this parenthesis is not closed", hint="add ')'")
        if self.problems:
            raise InvalidInput(sorted(self.problems, key=_place))
        return self.operands.pop()

    # ---- where a value is expected: the answer says whether one still is ----

    def operand(self, token: Token) -> bool:
        following = self.tokens[min(self.position, len(self.tokens) - 1)]
        if token.kind == "number":
            self.push(Number(token.value, token.span))
            return False
        if token.kind == "name":
            if following.text == "(" and following.kind == "operator":
                return self.begin_call(token)
            self.name(token)
            return False
        if token.text == "(":
            self.enter(_Open(token))
            return True
        operator = OPERATORS.get((token.text, 1)) if token.kind == "operator" else None
        if operator is not None:
            self.prefix(token, operator)
            return True
        raise self.no_value(token)

    def name(self, token: Token) -> None:
        if token.text in ONLY_FUNCTIONS:
            usage = FUNCTIONS[token.text].usage
            self.note(token.span, f"'{token.text}' is a function", hint=f"write {usage}")
        elif token.text in FOREIGN_WORDS:
            raise self.foreign(token)
        self.push(Number(1.0, token.span) if token.text in ONLY_FUNCTIONS else Name(token.text, token.span))

    def begin_call(self, token: Token) -> bool:
        if token.text in FOREIGN_WORDS:
            raise self.foreign(token)
        if token.text in CONSTANTS:
            hint = f"to multiply, write {token.text} * (...)"
            self.note(token.span, f"'{token.text}' is a number", hint=hint)
        elif token.text not in FUNCTIONS:
            self.note(token.span, f"unknown function '{token.text}'", hint=self.function_hint(token.text))
        self.enter(_Open(token, function=token.text, arguments=1))
        self.position += 1  # the parenthesis
        if self.tokens[self.position].text != ")":
            return True
        self.position += 1
        self.nesting -= 1
        call = self.open.pop()
        call.arguments = 0
        self.finish_call(call, self.tokens[self.position - 1])
        return False

    def prefix(self, token: Token, operator: Operator) -> None:
        outer = self.open[-1].operator if self.open else None
        if token.text == "not" and outer is not None and outer.precedence > operator.precedence:
            hint = f"write {outer.symbol} (not ...)"
            raise self.stop(token.span, "'not' needs parentheses here", hint=hint)
        self.open.append(_Open(token, operator))

    # ---- where an operator is expected ----

    def infix(self, token: Token) -> bool:
        if token.kind == "operator":
            if token.text == ")":
                self.close(token)
                return False
            if token.text == ",":
                self.comma(token)
                return True
            operator = OPERATORS.get((token.text, 2))
            if operator is not None:
                self.reduce(operator.precedence + (1 if operator.right else 0))
                held = self.open[-1].operator if self.open else None
                if not operator.chains and held is not None and held.precedence == operator.precedence:
                    raise self.chained(token)
                self.open.append(_Open(token, operator))
                return True
        raise self.no_operator(token)

    def close(self, token: Token) -> None:
        self.reduce(0)
        if not self.open:
            raise self.stop(token.span, "this parenthesis was never opened", hint="remove ')'")
        opened = self.open.pop()
        self.nesting -= 1
        if opened.function is not None:
            self.finish_call(opened, token)
        else:
            inner = self.operands.pop()
            self.operands.append(replace(inner, span=(opened.token.span[0], token.span[1])))

    def comma(self, token: Token) -> None:
        self.reduce(0)
        if not self.open or self.open[-1].function is None:
            hint = "a decimal point is '.', and thousands are written 1_000"
            raise self.stop(token.span, "a comma stands only between the values of a function", hint=hint)
        self.open[-1].arguments += 1

    def finish_call(self, call: _Open, end: Token) -> None:
        span = (call.token.span[0], end.span[1])
        count = call.arguments
        operands = tuple(self.operands[len(self.operands) - count :])
        del self.operands[len(self.operands) - count :]
        function = FUNCTIONS.get(call.function or "")
        if function is None:
            self.push(Number(1.0, span))
            return
        if not function.takes(count):
            reason = f"'{function.name}' takes {function.arity}, not {count}"
            elsewhere = _ELSEWHERE.get(function.name)
            self.note(span, reason, hint=f"write {function.usage}" + (f" or {elsewhere}" if elsewhere else ""))
        self.push(Operation(function.name, operands, span))

    # ---- the stack ----

    def enter(self, opened: _Open) -> None:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            hint = "split it into several formulas of [model]"
            allowed = f"at most {MAX_NESTING} levels"
            reason = "parentheses are nested too deeply"
            raise self.stop(opened.token.span, reason, hint=hint, allowed=allowed)
        self.open.append(opened)

    def reduce(self, precedence: int) -> None:
        """Finish every open operator that binds at least as tightly as ``precedence``."""
        while self.open and (operator := self.open[-1].operator) is not None:
            same = operator.precedence == precedence
            if operator.precedence < precedence or (same and not operator.chains):
                return
            opened = self.open.pop()
            operands = tuple(self.operands[len(self.operands) - operator.operands :])
            del self.operands[len(self.operands) - operator.operands :]
            start = opened.token.span[0] if operator.operands == 1 else operands[0].span[0]
            self.push(Operation(operator.symbol, operands, (start, operands[-1].span[1])))

    def push(self, node: Node) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            hint = "split it into several formulas of [model]"
            allowed = f"at most {MAX_NODES:,} numbers, names and operators"
            raise self.stop(node.span, "the formula is too long", hint=hint, allowed=allowed)
        self.operands.append(node)

    # ---- problems ----

    def note(self, span: Span, reason: str, hint: str | None = None) -> None:
        """A problem after which reading can go on."""
        self.problems.append(problem_at(self.text, span, reason, hint=hint))

    def stop(self, span: Span, reason: str, *, hint: str | None = None, allowed: str | None = None) -> InvalidInput:
        """The error that ends the reading, with all problems found before."""
        last = problem_at(self.text, span, reason, hint=hint, allowed=allowed)
        return InvalidInput(sorted([*self.problems, last], key=_place))

    def unreadable(self, problem: Problem) -> InvalidInput:
        """The error where the tokens end before the text does."""
        return InvalidInput(sorted([*self.problems, problem], key=_place))

    def foreign(self, token: Token) -> InvalidInput:
        hint = "a number, a name or a function is expected"
        if token.text in ("if", "else", "elif"):
            hint = "write where(condition, a, b)"
        elif token.text in ("True", "False", "None"):
            hint = "true is 1 and false is 0"
        elif token.text == "is":
            hint = "to compare, write =="
        return self.stop(token.span, f"'{token.text}' is not part of the formula language", hint=hint)

    def no_value(self, token: Token) -> InvalidInput:
        if token.problem is not None:
            return self.unreadable(token.problem)
        if token.kind == "end":
            last = self.tokens[self.position - 2].span
            return self.stop((last[1] - 1, len(self.text)), "the formula ends too early")
        opened = self.open[-1] if self.open else None
        if token.text == ")" and opened is not None and opened.operator is None and opened.function is None:
            return self.stop(token.span, "the parentheses are empty")
        return self.stop(token.span, f"a value is missing before '{token.text}'")

    def no_operator(self, token: Token) -> InvalidInput:
        before = self.tokens[self.position - 2]
        if token.problem is not None:
            return self.unreadable(token.problem)
        if token.kind == "name" and token.text in FOREIGN_WORDS:
            return self.foreign(token)
        if token.text == "not":
            return self.stop(token.span, "'not' cannot stand between two values", hint="write a and not b")
        shown = f"{before.text} * " + ("(...)" if token.text == "(" else token.text)
        hint = f"to multiply, write {shown}"
        return self.stop(token.span, f"an operator is missing before '{token.text}'", hint=hint)

    def chained(self, token: Token) -> InvalidInput:
        first = self.open[-1].token.text
        hint = f"write a {first} b and b {token.text} c"
        return self.stop(token.span, "comparisons cannot be chained", hint=hint)

    def function_hint(self, name: str) -> str:
        if name.casefold() in _ELSEWHERE:
            return f"write {_ELSEWHERE[name.casefold()]}"
        close = nearest(name, FUNCTIONS)
        if close is not None:
            return f"did you mean '{close}'?"
        return f"the functions are {', '.join(FUNCTIONS)}; to multiply, write {name} * (...)"


def _place(problem: Problem) -> Span:
    return problem.span or (0, 0)
