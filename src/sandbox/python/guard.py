"""Runs the code of one call inside the interpreter. Lives there before any call; every call finds it as it was made."""

import ast
import builtins
import json
import random
import sys
import types

USER_FILE = "<code>"
MAX_NESTING = 200
MAX_ERROR_LENGTH = 2000

_FORBIDDEN_CALLS = frozenset(("exec", "eval", "compile", "__import__"))

# Ways from a frame, a generator or a traceback to the code around it, where no name has two underscores.
_INSPECTION = frozenset(
    "tb_frame tb_next f_back f_builtins f_code f_globals f_locals f_trace f_generator co_code gi_frame gi_code "
    "gi_yieldfrom cr_await cr_frame cr_code cr_origin ag_await ag_frame ag_code".split()
)

_BUILTIN_NAMES = (
    # The short list.
    "len str int float bool list dict tuple set range enumerate zip map filter sorted reversed min max sum abs round "
    "isinstance type True False None "
    # What RestrictedPython calls safe as well.
    "__build_class__ bytes callable chr complex divmod hash hex id issubclass oct ord pow repr slice "
    # Without any reach beyond their arguments.
    "all any bin frozenset iter next ascii format object property staticmethod classmethod super Ellipsis NotImplemented"
).split()


class Refused(Exception):
    """The code may not run, or its result may not leave. The text is for the person who wrote it."""


def _safe_builtins():
    names = {name: getattr(builtins, name) for name in _BUILTIN_NAMES}
    for name, value in vars(builtins).items():
        if isinstance(value, type) and issubclass(value, BaseException):
            names[name] = value
    names["print"] = lambda *values, sep=" ", end="\n", file=None, flush=False: None
    return names


def _is_dunder(name):
    return name.startswith("__") and name.endswith("__")


def _refuse(node, reason):
    raise Refused(f"{reason} (line {node.lineno})")


def _check_attribute(node, name):
    if _is_dunder(name):
        _refuse(node, f"Access to '{name}' is not allowed in sandboxed code")
    if name in _INSPECTION:
        _refuse(node, f"Access to '{name}' is not allowed in sandboxed code")


def _check(tree):
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            _refuse(node, "Import statements are not allowed in sandboxed code")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _FORBIDDEN_CALLS:
            _refuse(node, f"Calls of '{node.func.id}' are not allowed in sandboxed code")
        if isinstance(node, ast.Attribute):
            _check_attribute(node, node.attr)
        if isinstance(node, ast.MatchClass):
            for name in node.kwd_attrs:
                _check_attribute(node, name)


def _parse(source, function_name, pins):
    tree = ast.parse(source, USER_FILE)
    return tree if pins is None else _wrap(tree, function_name, pins)


def _wrap(tree, function_name, pins):
    """The body as a function of `_input` with one local per pin. Wrapped as a tree, so that lines and long texts stay as they are."""
    head = "".join(f" {name} = _input.get({pin!r})\n" for name, pin in pins)
    tail = " return _input\n" if not tree.body else " pass\n"
    shell = ast.parse(f"def {function_name}(_input):\n{head}{tail}")
    for node in ast.walk(shell):
        if hasattr(node, "lineno"):
            node.lineno = node.end_lineno = 1
    shell.body[0].body.extend(tree.body)
    return shell


def _load(source, function_name, pins, is_free):
    tree = _parse(source, function_name, pins)
    if not is_free:
        _check(tree)
    code = compile(tree, USER_FILE, "exec", dont_inherit=True)
    scope = {"__builtins__": builtins.__dict__ if is_free else _safe_builtins(), "__name__": "__code__"}
    if is_free:
        # Classes look their module up by its name.
        module = types.ModuleType("__code__")
        scope = module.__dict__
        scope["__builtins__"] = builtins.__dict__
        sys.modules["__code__"] = module
        random.seed()
    exec(code, scope)
    function = scope.get(function_name)
    if function is None:
        raise Refused(f"The code defines no function '{function_name}'")
    if not callable(function):
        raise Refused(f"'{function_name}' is not a function in the code")
    return function


class _Writer:
    """JSON text of a result, in parts. Stops as soon as there is too much of it."""

    def __init__(self, limit):
        self.parts = []
        self.room = limit

    def put(self, text):
        self.room -= len(text)
        if self.room < 0:
            raise Refused("The result is too large")
        self.parts.append(text)

    def value(self, value, depth):
        kind = type(value)
        if value is None:
            self.put("null")
        elif value is True or value is False:
            self.put("true" if value else "false")
        elif kind is str:
            self.text(value)
        elif kind is int:
            self.put(_int_text(value))
        elif kind is float:
            self.put(_float_text(value))
        elif depth >= MAX_NESTING:
            raise Refused(f"The result is nested more than {MAX_NESTING} levels deep, or holds itself")
        elif isinstance(value, dict):
            self.mapping(value, depth)
        elif isinstance(value, (list, tuple, set, frozenset)):
            self.sequence(value, depth)
        elif isinstance(value, str):
            self.text(str.__str__(value))
        elif isinstance(value, int):
            self.put(_int_text(int.__int__(value)))
        elif isinstance(value, float):
            self.put(_float_text(float.__float__(value)))
        else:
            raise Refused(f"The result holds a value of type {_type_name(value)}, which a workflow cannot carry")

    def text(self, text):
        # Checked before it is written, because a control character takes six places.
        if len(text) > self.room:
            raise Refused("The result is too large")
        self.put(json.dumps(text))

    def sequence(self, values, depth):
        self.put("[")
        is_first = True
        for value in values:
            if not is_first:
                self.put(",")
            is_first = False
            self.value(value, depth + 1)
        self.put("]")

    def mapping(self, values, depth):
        self.put("{")
        is_first = True
        for key, value in values.items():
            if not is_first:
                self.put(",")
            is_first = False
            self.text(_key_text(key))
            self.put(":")
            self.value(value, depth + 1)
        self.put("}")


def _int_text(value):
    try:
        is_exact = -(2**53) <= value <= 2**53 or int(float(value)) == value
    except OverflowError:
        is_exact = False
    if not is_exact:
        raise Refused("The result holds an int that a workflow cannot carry exactly (beyond 2**53): return it as text or as a float")
    return int.__repr__(value)


def _float_text(value):
    if value != value or value in (float("inf"), float("-inf")):
        raise Refused(f"The result holds the float {float.__repr__(value)}, which a workflow cannot carry")
    return float.__repr__(value)


def _key_text(key):
    if isinstance(key, str):
        return str.__str__(key)
    if key is None or isinstance(key, (bool, int, float)):
        return json.dumps(key)
    raise Refused(f"The result holds a dict with a key of type {_type_name(key)}: keys must be text")


def _type_name(value):
    return type.__dict__["__name__"].__get__(type(value))


def _describe(error):
    name = _type_name(error)
    try:
        text = str.__str__(str(error))[:MAX_ERROR_LENGTH]
    except BaseException:
        text = "its text cannot be read"
    if isinstance(error, SyntaxError) and error.filename == USER_FILE:
        text = str(error.msg)
        line = error.lineno
    else:
        line = _user_line(error)
    place = "" if line is None else f" (line {line})"
    return f"{name}: {text}{place}" if text else f"{name}{place}"


def _user_line(error):
    line = None
    traceback = BaseException.__dict__["__traceback__"].__get__(error)
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == USER_FILE:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line


def run(request):
    """A call as JSON text in, out comes `V` and the value as JSON text, or `E` and one sentence as JSON text. Both are ASCII."""
    try:
        call = json.loads(request)
        is_free = call["permissions"] == "full_access"
        function = _load(call["source"], call["functionName"], call["locals"], is_free)
        writer = _Writer(call["maxResultBytes"])
        writer.value(function(json.loads(call["input"])), 0)
        return "V" + "".join(writer.parts)
    except Refused as error:
        return "E" + json.dumps(str(error))
    except BaseException as error:
        try:
            return "E" + json.dumps(_describe(error))
        except BaseException:
            return 'E"The code failed, and its error cannot be described"'


def seal():
    """Takes away what leads from Python to the JavaScript around it."""
    bridges = ("js", "pyodide_js", "pyodide", "_pyodide", "_pyodide_core", "_pyodide_js")

    def is_bridge(name):
        return name.partition(".")[0] in bridges

    class NoBridge:
        def find_spec(self, name, path=None, target=None):
            if is_bridge(name):
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
            return None

    for name in [name for name in sys.modules if is_bridge(name)]:
        del sys.modules[name]
    sys.meta_path[:] = [NoBridge()] + [each for each in sys.meta_path if "pyodide" not in (type(each).__module__ or "")]
