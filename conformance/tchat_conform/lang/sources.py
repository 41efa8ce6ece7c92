"""What there is to translate: the sentences in the suite's own source, found by reading it.

A sentence is what becomes of an argument of Finding, must, remark and the like. The search follows it back: through
variables, alternatives and pieces put together, through the arguments of the functions that take it, and through what
functions return. What cannot be followed is a value, such as a name or a message.
"""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import tchat_conform
import tchat_protocol
from tchat_conform.lang.catalogue import SEPARATORS
from tchat_conform.lang.syntax import (
    Parts,
    assigned,
    choices,
    is_sum,
    is_translatable,
    is_written,
    last_name,
    literal,
    looped,
    parameters,
    place_name,
    plain_name,
    products,
    renamed,
    returned,
    speaks,
)
from tchat_conform.lang.template import Kind, Place, Template

TAKERS: dict[str, tuple[tuple[int, str], ...]] = {
    "Finding": ((0, "sentence"), (1, "expected"), (2, "received"), (3, "by"), (4, "proof")),
    "must": ((1, "sentence"), (2, "expected"), (3, "received")),
    "Adaptation": ((0, "sentence"),),
    "Cause": ((0, "sentence"),),
    "Facts": ((0, "target"),),
    "Blame": ((3, "sentence"),),
    "forbid": ((3, "sentence"),),
    "judge_listener": ((3, "event"),),
    "Unfinished": ((10_000, "proof"),),
    "TargetError": ((0, ""),),
    "BadInput": ((1, ""),),
    "ScanError": ((0, ""),),
    "Problem": ((2, ""),),
    "remark": ((0, ""),),
    "add": ((2, ""),),
    "said": ((0, ""),),
    "labelled": ((0, ""),),
    "_note": ((0, ""),),
    "Step": ((3, ""),),
    "Rule": ((0, "words"),),
}
"""What takes a sentence: the position of the argument and its name."""
NAMED = frozenset({"sentence", "proof", "by", "expected", "received"})
"""Arguments that are sentences whatever takes them, ``replace`` for instance."""
SIDES = frozenset({"expected", "received"})
"""Arguments that are messages or values, unless words are written for them on the spot."""
BARE = frozenset({"by"})
"""Arguments in which a single word is one of the protocol's."""
HELD = frozenset({"sentence", "proof", "reason", "wrong"})
"""Attributes that hold a sentence."""
SPEAKERS = ("target_in_words", "effect", "headline", "_departures", "_fixes")
"""How the functions begin whose results are shown as they are."""
ERRORS = frozenset({"TargetError", "ScanError"})
"""Errors that are sentences when they are shown."""
FOREIGN = ("framing.py", "scanner.py", "messages.py", "explain.py")
"""Modules of the protocol core whose words the suite repeats."""

KNOWN = "a sentence"
"""Stands for what a parameter is given that was followed before."""

Scope = tuple[ast.AST, ...]
"""The nodes around one that have names of their own: its module, and the functions in it."""


@dataclass(frozen=True)
class Function:
    """A function somewhere in the source, with what is around it."""

    node: ast.FunctionDef | ast.AsyncFunctionDef
    scope: Scope

    @property
    def positions(self) -> list[str]:
        """The names of its parameters by position, the object itself aside."""
        names = [each.arg for each in (*self.node.args.posonlyargs, *self.node.args.args)]
        return names[1:] if names[:1] in (["self"], ["cls"]) else names


def source_files() -> list[Path]:
    """Return the modules in which sentences are written."""
    suite = Path(tchat_conform.__path__[0])
    core = Path(tchat_protocol.__path__[0])
    own = [each for each in sorted(suite.rglob("*.py")) if each.parent.name != "lang"]
    return own + [core / each for each in FOREIGN if (core / each).exists()]


def templates() -> list[Template]:
    """Return the template of every sentence in the source, each skeleton once."""
    found = Search([ast.parse(each.read_text(encoding="utf-8")) for each in source_files()]).templates()
    return list({each.skeleton: each for each in found}.values())


_KINDS: dict[str, Kind] = {separator: kind for kind, separator in SEPARATORS.items()}


class Search:
    """Follows sentences back to where their words stand, in some modules that know each other."""

    def __init__(self, modules: Sequence[ast.Module]) -> None:
        self._functions: dict[str, list[Function]] = defaultdict(list)
        self._calls: dict[str, list[tuple[ast.Call, Scope]]] = defaultdict(list)
        self._attributes: dict[str, list[tuple[ast.expr, Scope]]] = defaultdict(list)
        self._constants: dict[str, list[tuple[ast.expr, Scope]]] = defaultdict(list)
        self._takers = {name: set(taken) for name, taken in TAKERS.items()}
        self._followed: set[tuple[str, Scope]] = set()
        self._pending: list[tuple[ast.expr, Scope, bool]] = []
        self._seen: set[int] = set()
        for module in modules:
            self._index(module, (module,))

    def templates(self) -> Iterator[Template]:
        """Yield every template there is."""
        for name in [each for each in self._functions if each.startswith(SPEAKERS)]:
            self._returns(name, ())
        taken = -1
        while taken != sum(map(len, self._takers.values())):
            taken = sum(map(len, self._takers.values()))
            for name in list(self._takers):
                for call, scope in self._calls[name]:
                    self._want(self._taken(name, call), scope)
            for calls in self._calls.values():
                for call, scope in calls:
                    self._want(_named(call), scope)
            while self._pending:
                expression, scope, bare = self._pending.pop()
                for parts in self._alternatives(expression, scope):
                    template = Template.of(parts)
                    if is_translatable(template) and not (bare and " " not in str(template)):
                        yield template

    # -- the index ----------------------------------------------------------------------------------------

    def _index(self, node: ast.AST, scope: Scope) -> None:
        for each in ast.iter_child_nodes(node):
            inner = scope
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
                self._functions[each.name].append(Function(each, scope))
                inner = (*scope, each)
            elif isinstance(each, ast.Lambda):
                inner = (*scope, each)
            elif isinstance(each, ast.Call):
                self._calls[last_name(each.func)].append((each, scope))
            for target, value in assigned(each):
                if isinstance(target, ast.Attribute):
                    self._attributes[target.attr].append((value, scope))
                elif isinstance(target, ast.Name) and node is scope[-1] and len(scope) == 1:
                    self._constants[target.id].append((value, scope))
            self._index(each, inner)

    def _want(self, expressions: Iterable[tuple[ast.expr, bool]], scope: Scope) -> None:
        for expression, bare in expressions:
            if id(expression) not in self._seen:
                self._seen.add(id(expression))
                self._pending.append((expression, scope, bare))

    def _taken(self, name: str, call: ast.Call) -> Iterator[tuple[ast.expr, bool]]:
        """Yield what a call gives for sentences, and whether a single word there is one of the protocol's."""
        if name == "add" and not (len(call.args) == 3 and literal(call.args[1]) == "·"):
            return
        for position, keyword in self._takers[name]:
            given = call.args[position : position + 1]
            if any(isinstance(each, ast.Starred) for each in call.args):
                given = []
            for each in (*given, *(each.value for each in call.keywords if keyword and each.arg == keyword)):
                if keyword not in SIDES or is_written(each):
                    yield each, keyword in BARE

    # -- following ----------------------------------------------------------------------------------------

    def _alternatives(self, node: ast.expr, scope: Scope) -> list[Parts]:
        """Return all that an expression may come to, in parts."""
        text = literal(node)
        if text is not None:
            return [[text]]
        either = choices(node)
        if either:
            return [each for value in either for each in self._alternatives(value, scope)]
        match node:
            case ast.JoinedStr(values=pieces):
                found = products([self._piece(each, scope) for each in pieces])
            case ast.BinOp(left=left, right=right) if is_sum(node):
                found = products([self._alternatives(left, scope), self._alternatives(right, scope)])
            case ast.Call(func=ast.Attribute(value=table, attr="get"), args=[_, ast.Constant(value=str(otherwise))]):
                found = [*(self._values_in(table, scope) or [[Place(place_name(node))]]), [otherwise]]
            case ast.Name(id=name):
                found = self._of_name(name, scope)
            case _:
                found = [[self._place(node, scope)]]
        return found

    def _piece(self, node: ast.expr, scope: Scope) -> list[Parts]:
        if isinstance(node, ast.FormattedValue):
            if node.conversion != -1 or node.format_spec is not None:
                return [[Place(place_name(node.value))]]
            return self._alternatives(node.value, scope)
        return self._alternatives(node, scope)

    def _of_name(self, name: str, scope: Scope) -> list[Parts]:
        if (name, scope) in self._followed:  # such as in x = x or y
            return [[Place(plain_name(name))]]
        self._followed.add((name, scope))
        values = [each for value, where in self._values_of(name, scope) for each in self._alternatives(value, where)]
        self._followed.remove((name, scope))
        if values:
            return [renamed(each, name) for each in values]
        given = self._of_parameter(name, scope)
        told = any(map(speaks, given)) or _catches(name, scope)
        return [[Place(plain_name(name), "sentence" if told else "")]]

    def _values_of(self, name: str, scope: Scope) -> list[tuple[ast.expr, Scope]]:
        for depth in range(len(scope) - 1, 0, -1):
            here = scope[: depth + 1]
            if name in parameters(scope[depth]):
                return []
            found = [
                (value, here)
                for each in ast.walk(scope[depth])
                for target, value in assigned(each)
                if isinstance(target, ast.Name) and target.id == name and value is not None
            ]
            if found:
                return found
            through = looped(name, scope[depth])
            if through is not None:
                return self._strings_in(through, scope)
        return self._constant(name, scope)

    def _constant(self, name: str, scope: Scope) -> list[tuple[ast.expr, Scope]]:
        """Return the values of a module's constant, or of what it may have imported under that name."""
        found = self._constants.get(name, [])
        return [each for each in found if each[1][0] is scope[0]] or found

    def _strings_in(self, node: ast.expr, scope: Scope) -> list[tuple[ast.expr, Scope]]:
        """Return the sentences in a constant that a loop goes through, wherever they stand in it."""
        constants = self._constant(last_name(node), scope)
        walked = [(each, where) for value, where in constants for each in ast.walk(value)]
        pieces = {id(piece) for each, _ in walked if isinstance(each, ast.JoinedStr) for piece in each.values}
        return [
            (each, where)
            for each, where in walked
            if isinstance(each, ast.Constant | ast.JoinedStr)
            and id(each) not in pieces
            and any(map(speaks, self._literal(each, where)))
        ]

    def _of_parameter(self, name: str, scope: Scope) -> list[Parts]:
        """Return what the callers of the function give for a parameter; from then on it takes sentences if they do.

        A parameter that is being looked at already, or was, is known to speak.
        """
        for depth in range(len(scope) - 1, 0, -1):
            node = scope[depth]
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and name in parameters(node):
                function = Function(node, scope[:depth])
                names = function.positions
                slot = (names.index(name) if name in names else 10_000, name)
                self._takers.setdefault(node.name, set())
                if slot in self._takers[node.name]:
                    return [[KNOWN]]
                self._takers[node.name].add(slot)
                given = [
                    each
                    for call, where in self._calls[node.name]
                    for value, _ in self._taken(node.name, call)
                    for each in self._alternatives(value, where)
                ]
                if not any(map(speaks, given)):
                    self._takers[node.name].discard(slot)
                return given
        return []

    def _place(self, node: ast.expr, scope: Scope) -> Place:
        """Return the place of a value that is not written here, and see what else is written for it."""
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(mark)), attr="join"), args=[many]):
                kind: Kind = _KINDS.get(mark, "") if self._lists(many, scope) else ""
                return Place(place_name(many), kind)
            case ast.Call(func=ast.Subscript(value=ast.Name(id=table))) | ast.Subscript(value=ast.Name(id=table)):
                return Place(place_name(node), "sentence" if self._tells(table, scope) else "")
            case ast.Call(func=function):
                return Place(place_name(node), "sentence" if self._returns(last_name(function), scope) else "")
            case ast.Attribute(attr=name) if name in HELD:
                self._want(((value, False) for value, _ in self._attributes[name]), scope)
                return Place(place_name(node), "sentence")
        return Place(place_name(node))

    def _returns(self, name: str, scope: Scope) -> bool:
        """Tell whether a function returns words, and look at them."""
        functions = self._functions.get(name, [])
        near = [each for each in functions if each.scope[:1] == scope[:1]]
        found = [(value, each) for each in near or functions for value in returned(each.node)]
        scopes = [(value, (*each.scope, each.node)) for value, each in found]
        if not any(speaks(parts) for value, where in scopes for parts in self._literal(value, where)):
            return False
        for value, where in scopes:
            self._want([(value, False)], where)
        return True

    def _tells(self, table: str, scope: Scope) -> bool:
        """Tell whether a constant is a table of words, or of what makes them, and look at them."""
        found = False
        for constant, where in self._constant(table, scope):
            for value in constant.values if isinstance(constant, ast.Dict) else ():
                if isinstance(value, ast.Name):
                    found |= self._returns(value.id, where)
                written = value.body if isinstance(value, ast.Lambda) else value
                if any(map(speaks, self._literal(written, where))):
                    self._want([(written, False)], where)
                    found = True
        return found

    def _values_in(self, node: ast.expr, scope: Scope) -> list[Parts]:
        """Return the values of a table of words; nothing where an expression is no such constant."""
        tables = [(value, where) for value, where in self._constant(last_name(node), scope) if literal(value) is None]
        return [
            parts
            for table, where in tables
            for value in (table.values if isinstance(table, ast.Dict) else ())
            for parts in self._alternatives(value, where)
        ]

    def _literal(self, node: ast.expr, scope: Scope) -> list[Parts]:
        return self._alternatives(node, scope) if isinstance(node, ast.Constant | ast.JoinedStr | ast.IfExp) else []

    def _lists(self, node: ast.expr, scope: Scope) -> bool:
        """Tell whether a list holds words, and look at them."""
        match node:
            case ast.GeneratorExp(elt=item):
                return self._place(item, scope).kind != ""
            case ast.Name(id=name):
                found = [self._lists(value, where) for value, where in self._values_of(name, scope)]
                return any(found)
            case ast.Call(func=function):
                found = [self._appends(each) for each in self._functions.get(last_name(function), [])]
                return any(found)
        return False

    def _appends(self, function: Function) -> bool:
        """Tell whether a function puts words into a list, and look at them."""
        given = [
            (call.args[0], where)
            for call, where in self._calls["append"]
            if function.node in where and len(call.args) == 1
        ]
        for value, where in given:
            self._want([(value, False)], where)
        return any(speaks(parts) for value, where in given for parts in self._literal(value, where))


def _named(call: ast.Call) -> Iterator[tuple[ast.expr, bool]]:
    return (
        (each.value, each.arg in BARE)
        for each in call.keywords
        if each.arg in NAMED and (each.arg not in SIDES or is_written(each.value))
    )


def _catches(name: str, scope: Scope) -> bool:
    """Tell whether a name is that of an error of the suite's own."""
    return any(
        isinstance(each, ast.ExceptHandler)
        and each.name == name
        and each.type is not None
        and last_name(each.type) in ERRORS
        for each in ast.walk(scope[-1])
    )
