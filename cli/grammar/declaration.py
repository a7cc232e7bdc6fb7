"""What a tool can be told, declared once: parser, usage text, typed settings and tables come from it.

    class Files(Settings, title="files"):
        halt: bool = setting(True, flag("-nh", "--no-halt", value=False, help="go on ..."))
        most: int = setting(10, value("--most", read=integer(1, 99), metavar="N", help="..."))

    class SendSettings(General, Files, tool="send", summary="sends files"):
        files: tuple[str, ...] = parameters("file", read=text, help="what to send")

A group is a class with a title; a tool's settings are a class made of groups, and an instance of it
is what a command line comes to. Of the options of one setting the last one wins. "{default}" in an
explanation is the setting's default in the tool that shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from dul.values import TYPE_CHECKING, Generic, TypeVar, cast, dataclass, overload

if TYPE_CHECKING:
    from typing import Any, Final

__all__ = [
    "Declaration",
    "Group",
    "Option",
    "Parameter",
    "Settings",
    "UsageError",
    "always",
    "flag",
    "parameter",
    "parameters",
    "repeated",
    "setting",
    "value",
]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_NONE: Final[Any] = object()
"""Stands for a default that there is not."""

Applies = Callable[[str, str | None, bool], bool]


class UsageError(Exception):
    """The command line can't be understood; the message is DCMTK's where it has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option(Generic[T_co]):
    """An option in all its spellings.

    Attributes:
        names: the spellings, the long one last; that one stands in messages.
        help: for the usage text.
        value: what a flag sets.
        read: makes a value of the tokens that follow, or raises ValueError with the reason, which
            may be empty; None: this is a flag.
        dcmtk_read: the same under --dcmtk-defaults, where DCMTK takes what `read` does not.
        metavar: what stands for those tokens in the usage text, a word for each.
        many: it may be given several times, and each adds its value.
        needs: long spellings, one of which must be given with it.
        excludes: long spellings that must not be given with it; those of a tuple are named together.
        exits: it is all that is asked for, so that parameters may be missing.
        applies: whether a spelling means this option here, given the spelling, the token that
            follows (None at the end) and whether a parameter came before; for a spelling with
            two meanings.
    """

    names: tuple[str, ...]
    help: str
    value: T_co
    read: Callable[..., T_co] | None = None
    dcmtk_read: Callable[..., T_co] | None = None
    metavar: str = ""
    many: bool = False
    needs: tuple[str, ...] = ()
    excludes: tuple[str | tuple[str, ...], ...] = ()
    exits: bool = False
    applies: Applies | None = None

    @property
    def long(self) -> str:
        """How messages name it."""
        return self.names[-1]

    @property
    def operands(self) -> int:
        """How many tokens follow."""
        return len(self.metavar.split())


@overload
def flag(
    *names: str,
    help: str,
    needs: Sequence[str] = ...,
    excludes: Sequence[str | tuple[str, ...]] = ...,
    exits: bool = ...,
    applies: Applies | None = ...,
) -> Option[bool]: ...
@overload
def flag(
    *names: str,
    value: T,
    help: str,
    needs: Sequence[str] = ...,
    excludes: Sequence[str | tuple[str, ...]] = ...,
    exits: bool = ...,
    applies: Applies | None = ...,
) -> Option[T]: ...
def flag(
    *names: str,
    value: Any = True,
    help: str,
    needs: Sequence[str] = (),
    excludes: Sequence[str | tuple[str, ...]] = (),
    exits: bool = False,
    applies: Applies | None = None,
) -> Option[Any]:
    """An option without a value; it sets `value`. The rest is as in `Option`."""
    return Option(
        names=names,
        help=help,
        value=value,
        needs=tuple(needs),
        excludes=tuple(excludes),
        exits=exits,
        applies=applies,
    )


def value(
    *names: str,
    read: Callable[..., T],
    dcmtk_read: Callable[..., T] | None = None,
    metavar: str,
    help: str,
    needs: Sequence[str] = (),
    excludes: Sequence[str | tuple[str, ...]] = (),
    exits: bool = False,
    applies: Applies | None = None,
) -> Option[T]:
    """An option with as many values as `metavar` has words, of which `read` makes the setting."""
    return Option(
        names=names,
        help=help,
        value=_NONE,
        read=read,
        dcmtk_read=dcmtk_read,
        metavar=metavar,
        needs=tuple(needs),
        excludes=tuple(excludes),
        exits=exits,
        applies=applies,
    )


def repeated(
    *names: str,
    read: Callable[..., T],
    metavar: str,
    help: str,
    needs: Sequence[str] = (),
    excludes: Sequence[str | tuple[str, ...]] = (),
) -> Option[tuple[T, ...]]:
    """An option that may be given several times; the setting is all of its values, in order."""
    return Option(
        names=names,
        help=help,
        value=_NONE,
        read=cast("Any", read),
        metavar=metavar,
        many=True,
        needs=tuple(needs),
        excludes=tuple(excludes),
    )


class _Setting:
    """What stands in the class for a setting; instances have a value of their own."""

    def __init__(self, default: Any, options: tuple[Option[Any], ...], dcmtk: Any) -> None:
        self.default = default
        self.options = options
        self.dcmtk = dcmtk


def setting(default: T, *options: Option[T], dcmtk: T = _NONE) -> T:
    """A setting, with the options that set it.

    Args:
        default: its value where none of them is given.
        options: in the order of the usage text.
        dcmtk: the default under --dcmtk-defaults, where DCMTK's is another one.
    """
    return cast("T", _Setting(default, options, dcmtk))


def always(*names: str, help: str) -> Any:
    """An option that says what is the case anyway; it is taken, and sets nothing."""
    return _Setting(_NONE, (Option(names=names, help=help, value=None),), _NONE)


@dataclass(frozen=True, slots=True)
class Parameter:
    """What stands without an option.

    Attributes:
        name: of the setting.
        shown: how the usage text and messages name it.
        read: as of an `Option`.
        help: for the usage text.
        many: once or more often; for the last one only.
        default: if it is missing; otherwise it must be there.
    """

    name: str
    shown: str
    read: Callable[[str], Any]
    help: str
    many: bool
    default: Any

    @property
    def required(self) -> bool:
        """It must be there."""
        return self.default is _NONE


def parameter(shown: str, *, read: Callable[[str], T], help: str, default: T = _NONE) -> T:
    """A parameter, by the name that messages give it."""
    return cast("T", Parameter("", shown, read, help, many=False, default=default))


def parameters(
    shown: str, *, read: Callable[[str], T], help: str, optional: bool = False
) -> tuple[T, ...]:
    """The last parameter, if there may be several of it; one at least, unless it is optional."""
    default = () if optional else _NONE
    found: Any = Parameter("", shown, read, help, many=True, default=default)
    return cast("tuple[T, ...]", found)


@dataclass(frozen=True, slots=True)
class Group:
    """Options under a common heading, each with the name of its setting ("" for `always`)."""

    title: str
    options: tuple[tuple[Option[Any], str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """All that is declared by a class of settings and those it is made of.

    Attributes:
        tool: the tool's name.
        summary: what it does, in a few words.
        groups: the options, in the order of the usage text.
        parameters: in the order of the command line.
        defaults: of all settings.
        dcmtk: the defaults that are others at DCMTK.
    """

    tool: str
    summary: str
    groups: tuple[Group, ...]
    parameters: tuple[Parameter, ...]
    defaults: dict[str, Any]
    dcmtk: dict[str, Any]

    @property
    def options(self) -> Iterator[tuple[Option[Any], str]]:
        """All options, each with the name of its setting."""
        return (each for group in self.groups for each in group.options)


class Settings:
    """What a command line comes to: an attribute for each setting, not to be changed.

    Class arguments:
        title: of the group that the class declares.
        tool, summary: the tool, for the class that is complete.
        defaults: of inherited settings, where this tool has others.
        dcmtk: of inherited settings, where DCMTK's tool of this name has others.
    """

    __declaration__ = Declaration(
        tool="", summary="", groups=(), parameters=(), defaults={}, dcmtk={}
    )

    def __init_subclass__(
        cls,
        *,
        title: str = "",
        tool: str = "",
        summary: str = "",
        defaults: Mapping[str, Any] | None = None,
        dcmtk: Mapping[str, Any] | None = None,
    ) -> None:
        inherited = [base.__declaration__ for base in cls.__bases__ if issubclass(base, Settings)]
        groups: dict[str, dict[tuple[str, ...], tuple[Option[Any], str]]] = {}
        parameters: dict[str, Parameter] = {}
        values: dict[str, Any] = {}
        theirs: dict[str, Any] = {}
        for each in inherited:
            for group in each.groups:
                groups.setdefault(group.title, {}).update(_by_names(group.options))
            parameters |= {one.name: one for one in each.parameters}
            values |= each.defaults
            theirs |= each.dcmtk
        for name, declared in list(vars(cls).items()):
            if isinstance(declared, Parameter):
                parameters[name] = Parameter(
                    name,
                    declared.shown,
                    declared.read,
                    declared.help,
                    declared.many,
                    declared.default,
                )
            elif isinstance(declared, _Setting):
                sets = "" if declared.default is _NONE else name
                options = ((option, sets) for option in declared.options)
                groups.setdefault(title, {}).update(_by_names(options))
                if sets:
                    values[name] = declared.default
                if declared.dcmtk is not _NONE:
                    theirs[name] = declared.dcmtk
            else:
                continue
            delattr(cls, name)  # an instance has the value, or there is none
        unknown = ((defaults or {}).keys() | (dcmtk or {}).keys()) - values.keys()
        assert not unknown, f"no such settings: {unknown}"
        cls.__declaration__ = Declaration(
            tool=tool,
            summary=summary,
            groups=tuple(Group(name, tuple(each.values())) for name, each in groups.items()),
            parameters=tuple(parameters.values()),
            defaults=values | dict(defaults or {}),
            dcmtk=theirs | dict(dcmtk or {}),
        )

    def __init__(self, **values: Any) -> None:
        """Settings as given, the others at their defaults."""
        declared = self.__declaration__
        unknown = values.keys() - declared.defaults.keys() - {e.name for e in declared.parameters}
        if unknown:
            raise TypeError(f"no such settings: {', '.join(sorted(unknown))}")
        vars(self).update(declared.defaults | values)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{name}: settings are not changed")

    def __repr__(self) -> str:
        inner = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({inner})"


def _by_names(
    options: Iterable[tuple[Option[Any], str]],
) -> dict[tuple[str, ...], tuple[Option[Any], str]]:
    """One that is declared again, in a class that inherits it, takes the place of the first."""
    return {option.names: (option, name) for option, name in options}
