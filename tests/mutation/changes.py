"""Small changes of a module's code, each of which a test should notice."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_COMPARED: dict[type[ast.AST], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_COMPUTED: dict[type[ast.AST], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Add,
}
#: Of a node: does the change, says in words what it was.
_Way = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Change:
    """The change with a number, in the order in which they are found; 0: none."""

    words: str
    line: int
    number: int

    def made_in(self, source: str) -> ast.Module:
        """The code with this change."""
        tree = ast.parse(source)
        for number, (_, way) in enumerate(_ways(tree), 1):
            if number == self.number:
                way()
                break
        return ast.fix_missing_locations(tree)


def changes(source: str) -> list[Change]:
    """All that can be done to a module."""
    found = []
    for number, (node, _) in enumerate(_ways(ast.parse(source)), 1):
        tree = ast.parse(source)
        _, way = list(_ways(tree))[number - 1]
        found.append(Change(way(), node.lineno, number))
    return found


def _ways(tree: ast.Module) -> Iterator[tuple[ast.expr | ast.stmt, _Way]]:
    unused = {id(part) for node in ast.walk(tree) for part in _annotations(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.expr | ast.stmt) and id(node) not in unused:
            for way in _of(node):
                yield node, way


def _annotations(node: ast.AST) -> Iterator[ast.AST]:
    for name in ("annotation", "returns"):
        if (given := getattr(node, name, None)) is not None:
            yield from ast.walk(given)


def _of(node: ast.expr | ast.stmt) -> Iterator[_Way]:
    match node:
        case ast.Compare(ops=[op]) if type(op) in _COMPARED:
            yield lambda: _put(node, "ops", [_COMPARED[type(op)]()])
        case ast.BinOp(op=op) if type(op) in _COMPUTED:
            yield lambda: _put(node, "op", _COMPUTED[type(op)]())
        case ast.BoolOp(op=op):
            yield lambda: _put(node, "op", ast.Or() if isinstance(op, ast.And) else ast.And())
        case ast.UnaryOp(op=ast.Not()):
            yield lambda: _put(node, "operand", ast.UnaryOp(ast.Not(), node.operand))
        case ast.Constant(value=bool() as value):
            yield lambda: _put(node, "value", not value)
        case ast.Constant(value=int() | float() as value):
            yield lambda: _put(node, "value", value + 1)
        case ast.If() | ast.IfExp():
            yield lambda: _put(node, "test", ast.Constant(value=True))
        case ast.Expr(value=ast.Call()):
            yield lambda: _put(node, "value", ast.Constant(value=None))
        case ast.AugAssign():
            yield lambda: _put(node, "value", ast.Constant(value=0))


def _put(node: ast.expr | ast.stmt, field: str, value: object) -> str:
    before = ast.unparse(node).partition("\n")[0]
    setattr(node, field, value)
    return f"{before}  ->  {ast.unparse(node).partition(chr(10))[0]}"
