"""What all errors have in common, those of `dul.errors` included."""

from __future__ import annotations

import copy
import inspect
import pickle
from typing import Any

import pytest

import dimse.errors
import dul.errors
from dul.errors import DulcetError

ERRORS = [
    each
    for module in (dul.errors, dimse.errors)
    for each in vars(module).values()
    if inspect.isclass(each)
    and issubclass(each, DulcetError)
    and each.__module__ == module.__name__
]
GIVEN: dict[str, Any] = {"problems": (), "paths": ["a"], "to_uids": ["1.2", "1.3"]}
OF_TYPE: dict[str, Any] = {"int": 7, "float": 1.5, "int | None": 7}


def example(kind: type[DulcetError]) -> DulcetError:
    """One of this class, with something for each argument that it must have."""
    parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]
    if [each.name for each in parameters] == ["args", "kwargs"]:
        return kind("why")
    needed = (each for each in parameters if each.default is each.empty)
    return kind(
        **{each.name: GIVEN.get(each.name, OF_TYPE.get(each.annotation, "it")) for each in needed}
    )


@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize(
    "again", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy, copy.deepcopy]
)
def test_an_error_comes_out_of_a_pool_of_processes_as_it_was(
    kind: type[DulcetError], again: Any
) -> None:
    error = example(kind)
    error.add_note("of a worker")
    found = again(error)
    assert type(found) is kind
    assert (str(found), found.args, vars(found)) == (str(error), error.args, vars(error))
