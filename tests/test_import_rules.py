"""The import rules of `docs/design.md` section 1, kept by walking the sources."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pytest
from api_pages import PUBLIC
from sources import ROOT, name_of, parsed

PACKAGES = ("dul", "dimse", "cli", "testbed")
MAY_IMPORT = {
    "dul": {"dul"},
    "dimse": {"dimse", "dul"},
    "cli": {"cli", "dimse", "dul"},
    "testbed": {"testbed"},
}

# Below these the Upper Layer is pure: it knows no socket, no thread, no clock and no file.
FACES = {"dul.blocking", "dul.aio"}
TOUCHES_THE_WORLD = {
    "asyncio", "concurrent", "ctypes", "fcntl", "http", "io", "logging", "mmap", "multiprocessing",
    "os", "pathlib", "queue", "random", "sched", "select", "selectors", "shutil", "signal", "socket",
    "socketserver", "ssl", "subprocess", "sys", "tempfile", "threading", "time", "urllib", "uuid",
}  # fmt: skip
# Those that do not import any of it themselves.
PLAIN_TRANSPORT = {
    "dul.transport.pump", "dul.transport.admission", "dul.transport.opening", "dul.tls",
}  # fmt: skip

# What does I/O in dimse: faces, files, and the conversions through them.
DIMSE_IO = {
    "dimse.aio.client",
    "dimse.aio.server",
    "dimse.aio.session",
    "dimse.client",
    "dimse.storage.grouped",
    "dimse.storage.index.index",
    "dimse.storage.index.shelves",
    "dimse.storage.unflushed",
    "dimse.watch.counts",
    "dimse.watch.overview",
    "dimse.watch.visits",
    "dimse.workers.lives",
    "dimse.workers.orders",
    "dimse.workers.signals",
    "dimse.workers.studies",
    "dimse.workers.supervisor",
    "dimse.tables.dictionary",
    "dimse.objects.archives",
    "dimse.reports.page",
    "dimse.reports.report",
    "dimse.reports.writers",
    "dimse.objects.decoded",
    "dimse.objects.dicomdir",
    "dimse.objects.encode",
    "dimse.objects.finder",
    "dimse.objects.namelists",
    "dimse.objects.outgoing",
    "dimse.objects.scratch",
    "dimse.objects.sources",
    "dimse.profiles",
    "dimse.passwords",
    "dimse.journal",
    "dimse.marking",
    "dimse.retry",
    "dimse.server",
    "dimse.storage.naming",
    "dimse.storage.spool",
    "dimse.storage.bucket",
    "dimse.storage.content",
    "dimse.storage.directory",
    "dimse.storage.newfile",
    "dimse.storage.identical",
    "dimse.storage.template",
    "dimse.access.hosts",
    "dimse.access.policyfile",
    "dimse.hooks",
    "dimse.storage.studies",
    "dimse.storage.sorting",
    "dimse.objects.transcode",
}
DIMSE_IO_MODULES = TOUCHES_THE_WORLD - {"logging", "pathlib", "io", "sys"}
FILE_CALLS = {
    "exists", "glob", "is_dir", "is_file", "iterdir", "mkdir", "open", "read_bytes", "read_text",
    "rglob", "rmdir", "stat", "touch", "unlink", "write_bytes", "write_text",
}  # fmt: skip

# What each room of dimse knows of dimse: rooms, and modules at the top that stand below it. Who is
# not listed, the modules at the top, may know all.
ROOMS = {
    "dimse.tables": {"dimse.errors"},
    "dimse.errors": {"dimse.tables"},
    "dimse.messages": {"dimse.errors", "dimse.tables"},
    "dimse.objects": {"dimse.errors", "dimse.tables"},
    "dimse.reports": {"dimse.engine", "dimse.errors", "dimse.events", "dimse.objects", "dimse.outcome", "dimse.tables"},
    "dimse.access": {"dimse.errors", "dimse.provider", "dimse.requests", "dimse.tables", "dimse.titles"},
    "dimse.requests": {"dimse.errors", "dimse.messages", "dimse.objects", "dimse.tables"},
    "dimse.storage": {"dimse.errors", "dimse.objects", "dimse.requests", "dimse.tables"},
    "dimse.watch": {"dimse.errors", "dimse.messages", "dimse.provider", "dimse.requests", "dimse.tables"},
    "dimse.workers": {"dimse.errors", "dimse.requests", "dimse.storage"},
}  # fmt: skip
# A room that is a face: it may know all, too, and nobody knows it.
FACE_ROOMS = {"dimse.aio"}
# `dulspec explore` draws with an extra, which is loaded when a hunt begins.
LATE_CYCLES = {("testbed.explore.hunt", "testbed.explore.machine")}

HEAVY = {"pydicom", "numpy", "rich"}
# What may be imported inside a function: these, the asyncio faces, what needs pydicom itself, scapy,
# and what draws with hypothesis, which are extras of the testbed, what few servers are told to do, the buffer that what is small does without, and what takes as long to load as a tool: the metadata of the
# distribution, the standard library's data classes, logging, which loads threads, paths, which load
# how addresses of the web are written, and TLS.
LATE = HEAVY | {
    "cli.grammar.usage",
    "cli.dcmsendreport",
    "cli.echotable",
    "cli.probing",
    "cli.rehearsing",
    "cli.secure",
    "cli.storescp.users",
    "cli.storescp.workers",
    "cli.logconfig",
    "cli.logfile",
    "cli.logs",
    "cli.storescp.monitoring",
    "cli.monitor.metrics",
    "cli.web.application",
    "dataclasses",
    "dimse.aio",
    "dimse.crew",
    "dimse.policy",
    "dimse.session",
    "dimse.hooks",
    "dimse.journal",
    "dimse.messages.normalized",
    "dimse.levels",
    "dimse.tables.dictionary_format",
    "dimse.tables.status_rows",
    "fnmatch",
    "zlib",
    "dimse.storage.identical",
    "dimse.storage.sink",
    "dimse.tables.dcmtk_names",
    "dimse.objects.rewrite",
    "dul.batch",
    "dul.tls.failures",
    "dul.tls.suites",
    "dimse.storage.object_store",
    "concurrent.futures",
    "fsspec",
    "hashlib",
    "dimse.objects.archives",
    "dimse.objects.compress",
    "dimse.objects.copies",
    "dimse.objects.dicomdir",
    "dimse.objects.edit",
    "dimse.objects.encode",
    "dimse.objects.invention",
    "dimse.objects.namelists",
    "dimse.objects.transcode",
    "dimse.probing",
    "dimse.rehearsal",
    "dimse.reports",
    "dimse.profiles",
    "dimse.passwords",
    "dimse.storage.cleaning",
    "dimse.storage.index.index",
    "dimse.storage.sorting",
    "dimse.storage.studies",
    "dimse.workers.studies",
    "dimse.storage.template",
    "dimse.access.hosts",
    "dimse.access.policyfile",
    "dul.aio",
    "dul.pace",
    "dul.transport.secure",
    "getpass",
    "importlib.metadata",
    "logging",
    "pathlib",
    "re",
    "scapy",
    "tempfile",
    "testbed.explore.machine",
}


@dataclass(frozen=True)
class Import:
    """One imported module, and where."""

    importer: str
    module: str
    line: int
    inside_function: bool
    for_types_only: bool

    @property
    def top(self) -> str:
        return self.module.partition(".")[0]

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.module}"


PATHS = {
    name_of(path): path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))
}
TEXTS = {module: path.read_text("utf-8").splitlines() for module, path in PATHS.items()}
SOURCES = {module: parsed(path) for module, path in PATHS.items()}
# The rooms of the faces, which know nothing of each other.
THREADS = {module for module in SOURCES if module.startswith("dul.threads")} | {"dul.blocking"}
TASKS = {module for module in SOURCES if module.startswith("dul.tasks")} | {"dul.aio"}
TRANSPORT = (
    THREADS
    | TASKS
    | {module for module in SOURCES if module.startswith(("dul.transport.", "dul.tls"))}
)


def homes(module: str) -> dict[str, str]:
    """The names that a package loads on demand, and the module that each is in."""
    for node in SOURCES[module].body if module in SOURCES else []:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_HOMES":
            return ast.literal_eval(node.value)
    return {}


def home_of(module: str, name: str) -> str:
    """The module that is loaded for a name of another: itself, one in it, one that it loads on demand."""
    whole = f"{module}.{name}"
    return whole if whole in SOURCES else homes(module).get(name, module)


def imports_of(
    module: str, tree: ast.AST, inside: bool = False, typing: bool = False
) -> Iterator[Import]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module, alias.name, node.lineno, inside, typing)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield Import(module, home_of(node.module, alias.name), node.lineno, inside, typing)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from imports_of(module, node, True, typing)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            for child in node.body:
                yield from imports_of(module, ast.Module([child], []), inside, True)
            for child in node.orelse:
                yield from imports_of(module, ast.Module([child], []), inside, typing)
        else:
            yield from imports_of(module, node, inside, typing)


IMPORTS = [each for module, tree in SOURCES.items() for each in imports_of(module, tree)]
LOCAL = [each for each in IMPORTS if each.top in PACKAGES]


def listed(found: list[Import]) -> str:
    return "\n".join(map(str, found))


def package_of(module: str) -> str:
    return module.partition(".")[0]


def test_the_sources_are_found():
    assert {package_of(module) for module in SOURCES} == set(PACKAGES)
    assert {"dul.fsm", "dul.association", "dimse.messages.command"} <= SOURCES.keys()
    assert any(each.importer == "dul.association" and each.module == "dul.fsm" for each in LOCAL)


def test_packages_import_downwards_only():
    """cli -> dimse -> dul, never up; the testbed knows none of them, nor they the testbed."""
    wrong = [each for each in LOCAL if each.top not in MAY_IMPORT[package_of(each.importer)]]
    assert not wrong, listed(wrong)


def test_nothing_that_ships_imports_the_tests_or_a_peer():
    names = {"tests", "fixtures", "benchmarks", "pytest", "hypothesis", "pynetdicom", "atheris"}
    # An extra: `dulspec explore` draws its sequences with hypothesis, and loads it there alone.
    draws = "testbed.explore.machine"
    wrong = [
        each
        for each in IMPORTS
        if each.top in names and not (each.importer == draws and each.top == "hypothesis")
    ]
    assert not wrong, listed(wrong)


def _cycle(edges: Iterable[tuple[str, str]]) -> str:
    """A circle among these imports, or "" if there is none."""
    below: dict[str, set[str]] = {}
    for importer, module in edges:
        below.setdefault(importer, set()).add(module)
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> str:
        if module in way:
            return " -> ".join((*way[way.index(module) :], module))
        if module not in done:
            for other in sorted(below.get(module, ())):
                if found := visit(other, (*way, module)):
                    return found
            done.add(module)
        return ""

    return next(filter(None, (visit(module, ()) for module in sorted(below))), "")


def test_there_are_no_cycles():
    """Not of late imports either, nor of those for types only: what knows whom stays a tree of floors."""
    edges = {(each.importer, each.module) for each in LOCAL if each.importer != each.module}
    assert not _cycle(edges - LATE_CYCLES)
    for pair in LATE_CYCLES:
        assert _cycle(edges - LATE_CYCLES | {pair}), f"{pair} is no circle any more"


def test_a_cycle_is_found():
    assert _cycle([("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")]) == "a -> b -> c -> a"
    assert not _cycle([("a", "b"), ("b", "c"), ("a", "c")])


def test_the_rooms_of_dimse_know_those_below_them_alone():
    """tables <- messages; tables <- objects <- storage <- the top; never sideways, never up."""
    rooms = {".".join(each.split(".")[:2]) for each in SOURCES if each.count(".") == 2}
    rooms = {each for each in rooms if package_of(each) == "dimse"}
    assert rooms <= ROOMS.keys() | FACE_ROOMS, "a new room has its line in ROOMS"
    assert rooms >= FACE_ROOMS
    wrong = []
    for each in LOCAL:
        if package_of(each.importer) != "dimse" or package_of(each.module) != "dimse":
            continue
        here, there = (".".join(name.split(".")[:2]) for name in (each.importer, each.module))
        above = there in FACE_ROOMS or (here in ROOMS and there not in ROOMS[here])
        if here != there and above:
            wrong.append(each)
    assert not wrong, listed(wrong)


def test_the_floors_of_rooms_are_no_circle():
    edges = {(room, other) for room, below in ROOMS.items() for other in below}
    # Errors say the names of SOP classes, and the dictionary has an error of its own: by module
    # there is no circle in it.
    assert not _cycle(edges - {("dimse.tables", "dimse.errors")})


def test_the_transport_knows_nothing_of_the_faces_and_the_core_nothing_of_either():
    wrong = [
        each
        for each in LOCAL
        if (each.importer.startswith("dul.transport.") and each.module in THREADS | TASKS)
        or (
            package_of(each.importer) == "dul"
            and each.importer not in TRANSPORT
            and each.module in TRANSPORT
        )
    ]
    assert not wrong, listed(wrong)
    beside = [
        each
        for each in LOCAL
        if (each.importer in THREADS and each.module in TASKS)
        or (each.importer in TASKS and each.module in THREADS)
    ]
    assert not beside, listed(beside)


def public_names(module: str) -> set[str]:
    """Its `__all__`; empty for a package that only holds modules."""
    for node in SOURCES[module].body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if any(isinstance(each, ast.Name) and each.id == "__all__" for each in targets):
            return set(ast.literal_eval(node.value))
    return set()


def _taken(module: str) -> Iterator[tuple[str, str, int]]:
    """What a module takes of ours: the module that it takes from, the name, the line."""
    whole: dict[str, str] = {}
    for node in ast.walk(SOURCES[module]):
        if isinstance(node, ast.ImportFrom) and package_of(node.module) in PACKAGES:
            for alias in node.names:
                if f"{node.module}.{alias.name}" in SOURCES:
                    whole[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                else:
                    yield node.module, alias.name, node.lineno
    for node in ast.walk(SOURCES[module]):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if (other := whole.get(node.value.id)) and not node.attr.startswith("__"):
                yield other, node.attr, node.lineno


@pytest.mark.parametrize("package", ["dul", "dimse", "cli"])
def test_modules_take_public_names_of_one_another_alone(package: str):
    """What is in `__all__`."""
    modules = [each for each in SOURCES if package_of(each) == package]
    taken = [(module, *each) for module in modules for each in _taken(module)]
    wrong = [
        f"{module}:{line} takes {other}.{name}"
        for module, other, name, line in taken
        if name not in public_names(other)
    ]
    assert not wrong, "\n".join(wrong)
    assert len(taken) > 100 if package != "cli" else len(taken) > 50


def test_the_command_line_uses_what_every_user_of_the_library_has():
    """Names of the modules that have an API page; besides, what makes data classes cheap to load."""
    taken = [
        (module, *each)
        for module in SOURCES
        if package_of(module) == "cli"
        for each in _taken(module)
    ]
    wrong = [
        f"{module}:{line} takes {other}.{name}"
        for module, other, name, line in taken
        if package_of(other) != "cli" and other not in {*PUBLIC, "dul.values"}
    ]
    assert not wrong, "\n".join(wrong)
    assert len(taken) > 100


def test_the_core_of_the_upper_layer_knows_nothing_of_the_world():
    core = [m for m in SOURCES if package_of(m) == "dul" and m not in TRANSPORT]
    wrong = [
        each
        for each in IMPORTS
        if (each.importer in core or each.importer in PLAIN_TRANSPORT)
        and (each.top in TOUCHES_THE_WORLD)
        and not each.for_types_only
        # Which Python it is, and nothing else.
        and (each.importer, each.module) != ("dul.enumeration", "sys")
    ]
    wrong += [each for each in LOCAL if each.importer in core and each.module in TRANSPORT]
    assert not wrong, listed(wrong)
    assert len(core) >= 15


def test_the_state_machine_imports_next_to_nothing():
    modules = {each.module for each in IMPORTS if each.importer == "dul.fsm"}
    assert modules <= {"__future__", "dul.enumeration", "dul.values", "typing"}


def test_only_some_of_dimse_does_io():
    """Paths may be named anywhere (`os.PathLike`, `Path`); files are opened in few places."""
    assert DIMSE_IO <= SOURCES.keys()
    others = [m for m in SOURCES if package_of(m) == "dimse" and m not in DIMSE_IO]
    wrong = [
        str(each)
        for each in IMPORTS
        if each.importer in others
        and each.top in DIMSE_IO_MODULES
        and not each.for_types_only
        and not (each.module == "os" and _only_names_paths(SOURCES[each.importer]))
    ]
    for module in others:
        wrong += [f"{module}:{line} calls {call}" for line, call in _file_calls(SOURCES[module])]
    assert not wrong, "\n".join(wrong)


def _only_names_paths(tree: ast.Module) -> bool:
    return all(
        node.attr in {"PathLike", "fspath"}
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
    )


def _file_calls(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Name) and function.id == "open":
                yield node.lineno, "open"
            if isinstance(function, ast.Attribute) and function.attr in FILE_CALLS:
                yield node.lineno, f".{function.attr}"


def test_late_imports_are_of_heavy_modules_only():
    """No module waits for another to break a circle: there is none to break."""
    wrong = [
        each for each in IMPORTS if each.inside_function and not {each.top, each.module} & LATE
    ]
    assert not wrong, listed(wrong)


def test_each_late_import_says_why():
    """In a comment behind its `noqa: PLC0415`, or on a line of its own above the late imports."""
    wrong = [each for each in IMPORTS if each.inside_function and not _explained(each)]
    assert not wrong, listed(wrong)


def _explained(late: Import) -> bool:
    for line in reversed(TEXTS[late.importer][: late.line]):
        text = line.strip()
        if text.startswith("#") or "noqa: PLC0415 - " in text:
            return True
        # Neighbours share a reason: go up over late imports and what stands between them.
        if text not in {"", "try:", ")"} and "PLC0415" not in text and not text.endswith(","):
            return False
    return False


def test_heavy_modules_are_imported_late_only():
    wrong = [
        each
        for each in IMPORTS
        if each.top in HEAVY and not each.inside_function and not each.for_types_only
    ]
    assert not wrong, listed(wrong)


def loaded_by(*modules: str) -> set[str]:
    """What a fresh interpreter has loaded after these imports."""
    code = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "modules", [("dul",), ("dul", "dimse"), ("dul", "dimse", "cli", "cli.storescu"), ("testbed",)]
)
def test_heavy_modules_are_not_loaded_before_they_are_needed(modules: tuple[str, ...]):
    assert not HEAVY & loaded_by(*modules)


def test_the_core_loads_no_transport():
    loaded = loaded_by("dul")
    assert "dul.association" in loaded
    assert not {"asyncio", "selectors", "socket", "ssl", "threading", "logging"} & loaded
    assert not TRANSPORT & loaded


def test_what_both_faces_of_a_server_share_loads_no_threads():
    """All of it but what `dimse` itself, the package, is there to load."""
    shared = ["dimse.scp", "dimse.provider", "dimse.support"]
    code = (
        "import sys, types; sys.path.insert(0, sys.argv[1]); package = types.ModuleType('dimse'); "
        "package.__path__ = [sys.argv[1] + '/dimse']; sys.modules['dimse'] = package; "
        f"import {', '.join(shared)}; print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, str(ROOT)], capture_output=True, text=True, check=True
    )
    assert "dimse.incoming" in done.stdout.split()
    assert not {"asyncio", "threading", "logging", "socket", "ssl"} & set(done.stdout.split())


def test_the_testbed_loads_nothing_of_what_it_judges():
    loaded = loaded_by("testbed", "testbed.cli")
    assert not {each for each in loaded if package_of(each) in {"dul", "dimse", "cli"}}


def run_time_imports(module):
    """Where the stack and its tools load a module for more than type checkers."""
    return [
        each
        for each in IMPORTS
        if each.module == module
        and package_of(each.importer) != "testbed"
        and not each.for_types_only
    ]


def test_data_classes_are_those_that_cost_little_until_they_are_used():
    """The standard library's cost each start: see `dul.values`."""
    wrong = [each for each in run_time_imports("dataclasses") if not each.inside_function]
    assert not wrong, listed(wrong)


def test_enumerations_are_those_that_cost_little_to_make():
    """Of texts: those that are numbers, or have an `__init__`, are the standard library's."""
    wrong = [
        f"{module}:{node.lineno}"
        for module, tree in SOURCES.items()
        if package_of(module) in {"dul", "dimse"}
        and module not in {"dul.enumeration", "dul.errors"}
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "enum"
        for alias in node.names
        if alias.name == "Enum"
    ]
    assert not wrong, wrong


def test_typing_is_for_type_checkers():
    """To load it costs each start as much as forty objects to send: see `dul.values`.

    What runs (`Generic`, `Protocol`, `TypeVar`, `NamedTuple`, `cast`, `overload`) has a stand-in there; a
    type alias that needs the rest is a string. `How` is there for nobody else.
    """
    wrong = [each for each in run_time_imports("typing") if each.importer != "dimse.how"]
    assert not wrong, listed(wrong)


@pytest.mark.parametrize("module", [each for each in SOURCES if homes(each)])
def test_every_name_that_is_loaded_on_demand_is_had_from_its_module(module: str):
    """Nothing else would notice a wrong one."""
    package = importlib.import_module(module)
    assert homes(module).keys() <= set(package.__all__)
    for name, home in homes(module).items():
        assert getattr(package, name) is getattr(importlib.import_module(home), name)
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = package.no_such_name


def test_a_client_loads_no_server_and_a_server_no_client():
    assert not {"dimse.server", "dimse.scp", "dimse.storage.spool"} & loaded_by("cli.storescu")
    assert not {"dimse.client", "dimse.engine", "dimse.dialogue"} & loaded_by("cli.storescp")
    assert not {"dimse.server", "dimse.scp", "dimse.aio.server"} & loaded_by("dimse.aio.client")
    assert not {"dimse.client", "dimse.dialogue", "dimse.aio.client"} & loaded_by(
        "dimse.aio.server"
    )
