"""Pieces of Python's syntax, as the search for sentences needs them: pure functions of a node."""

import ast
from collections.abc import Iterator, Sequence
from itertools import product

from tchat_conform.lang.template import Part, Place, Template

MOST_ALTERNATIVES = 24
WORDS = frozenset({"characters", "items"})
"""Single words that are the suite's own, though they might be the protocol's."""

Parts = list[Part]


def literal(node: ast.expr) -> str | None:
    """Return the text of a string or of bytes; None for any other expression."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Constant(value=bytes(data)):
            return data.decode()
    return None


def choices(node: ast.expr) -> list[ast.expr]:
    """Return the expressions that one comes down to, one or another of them; none if it is no choice."""
    match node:
        case ast.IfExp(body=body, orelse=other):
            return [body, other]
        case ast.BoolOp(op=ast.Or(), values=values) | ast.Subscript(value=ast.Dict(values=values)):
            return values
        case ast.Await(value=value):
            return [value]
    return []


def is_sum(node: ast.expr) -> bool:
    """Tell whether an expression puts texts together; a sum of numbers ends with a figure."""
    match node:
        case ast.BinOp(op=ast.Add(), right=ast.Constant(value=int())):
            return False
        case ast.BinOp(op=ast.Add()):
            return True
    return False


def assigned(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield each target of an assignment with what it is given; what is added to a text stands behind a sentence."""
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _paired(target, value)
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield target, value
        case ast.AugAssign(target=ast.Name() as target, op=ast.Add(), value=value):
            yield target, ast.BinOp(ast.Attribute(target, "sentence"), ast.Add(), value)


def renamed(parts: Parts, name: str) -> Parts:
    """Return what a variable may hold, called as the variable is where it is nothing but a value."""
    match parts:
        case [Place(kind=kind)]:
            return [Place(plain_name(name), kind)]
    return parts


def is_translatable(template: Template) -> bool:
    """Tell whether a template holds words, or is a name with something that is said of it."""
    return template.words > 0 or (len(template.places) == 2 and template.places[-1].kind != "")


def is_written(node: ast.expr) -> bool:
    """Tell whether an expression holds words of its own, JSON aside."""
    match node:
        case ast.Constant(value=str(text)):
            return not text.startswith('"')
        case ast.IfExp(body=body, orelse=other):
            return is_written(body) or is_written(other)
    return isinstance(node, ast.JoinedStr)


def looped(name: str, node: ast.AST) -> ast.expr | None:
    """Return what a loop goes through that gives a name its values; None if no loop does."""
    for each in ast.walk(node):
        if isinstance(each, ast.For | ast.AsyncFor | ast.comprehension):
            names = {inner.id for inner in ast.walk(each.target) if isinstance(inner, ast.Name)}
            if name in names:
                return each.iter
    return None


def _paired(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    match target, value:
        case ast.Tuple(), ast.Tuple():
            yield from zip(target.elts, value.elts, strict=False)
        case ast.Tuple(), ast.IfExp(body=body, orelse=other):
            yield from _paired(target, body)
            yield from _paired(target, other)
        case _:
            yield target, value


def returned(node: ast.AST) -> Iterator[ast.expr]:
    """Yield what a function returns or yields; of several values together, each."""
    for each in ast.walk(node):
        match each:
            case ast.Return(value=ast.expr() as value) | ast.Yield(value=ast.expr() as value):
                yield from _each(value)
            case ast.YieldFrom(value=ast.GeneratorExp(elt=value)):
                yield from _each(value)


def _each(value: ast.expr) -> list[ast.expr]:
    return value.elts if isinstance(value, ast.Tuple) else [value]


def parameters(node: ast.AST) -> set[str]:
    """Return the names of all parameters of a function; none for another node."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return set()
    given = node.args
    return {each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)}


def products(choices: Sequence[list[Parts]]) -> list[Parts]:
    """Return every way to put pieces together of which each has several forms. Raises ValueError for too many."""
    found = [[part for parts in chosen for part in parts] for chosen in product(*choices)]
    if len(found) > MOST_ALTERNATIVES:
        raise ValueError(f"a sentence in more than {MOST_ALTERNATIVES} forms, such as {Template.of(found[0])}")
    return [_numbered(each) for each in found]


def _numbered(parts: Parts) -> Parts:
    """Return parts in which no two places have one name."""
    taken: set[str] = set()
    named: Parts = []
    for each in parts:
        if isinstance(each, Place):
            stem, number = each.name.rstrip("0123456789"), 1
            name = stem
            while name in taken:
                number += 1
                name = f"{stem}{number}"
            taken.add(name)
            named.append(Place(name, each.kind))
        else:
            named.append(each)
    return named


def speaks(parts: Parts) -> bool:
    """Tell whether something is more than a word of the protocol."""
    return parts[0] in WORDS or any(
        isinstance(each, str) and " " in each and Template.of([each]).words for each in parts
    )


def last_name(node: ast.expr) -> str:
    """Return the last name of what is called."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def place_name(node: ast.expr) -> str:
    """Return a name for the place of a value."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            found = plain_name(name)
        case ast.Call(func=ast.Name(id="len")):
            found = "number"
        case ast.Call(func=ast.Attribute(attr="join"), args=[value]):
            found = place_name(value)
        case ast.Call(func=function):
            found = plain_name(last_name(function))
        case (
            ast.Await(value=value) | ast.Subscript(value=value) | ast.BinOp(left=value) | ast.BoolOp(values=[value, *_])
        ):
            found = place_name(value)
        case _:
            found = ""
    return found or "value"


def plain_name(name: str) -> str:
    """Return a name as the place of a value is called."""
    return "who" if name == "self" else name.strip("_").lower()
