"""Completion scripts for bash, zsh and fish: one engine in each shell's language, and tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from dul.values import TYPE_CHECKING

from .programs import Program
from .tables import tables

if TYPE_CHECKING:
    from typing import Final

__all__ = ["SHELLS", "bash", "fish", "zsh"]

_HEAD = "# Made of the declarations of the options when dulcet is built or asked for it; see cli/manual/tables.py.\n"

_BASH = r"""
_dulcet_complete() {
    local table=$1 current=${COMP_WORDS[COMP_CWORD]} index word place count=0
    local plus options arguments commands operands
    local -a pending=() places=()
    local IFS=$' \t\n'
    COMPREPLY=()
    [[ $current == '=' ]] && current=
    "$table" ''
    for ((index = 1; index < COMP_CWORD; index++)); do
        word=${COMP_WORDS[index]}
        if [[ $word == [=:] ]]; then # bash cuts words there: what follows is the rest of one
            if ((!${#pending[@]})); then
                ((++index < COMP_CWORD)) || return
            fi
            continue
        fi
        if [[ $plus && $word == @ ]]; then
            pending=(@)
            continue
        fi
        if [[ ${pending[0]} == 'number?' && $word == *[!0-9]* ]]; then
            pending=()
        fi
        if ((${#pending[@]})); then
            pending=("${pending[@]:1}")
        elif [[ $word == -[!0-9]* || ($plus && $word == +[!0-9]*) ]]; then
            operands=
            "$table" "$word"
            pending=($operands)
        elif [[ $commands && $count -eq 0 ]] && declare -F "${table}_$word" >/dev/null; then
            table=${table}_$word
            "$table" ''
        else
            ((count++))
        fi
    done
    if [[ ${pending[0]} == 'number?' && $current == *[!0-9]* ]]; then
        pending=()
    fi
    if ((${#pending[@]})); then
        place=${pending[0]}
    elif [[ $current == -* || ($plus && $current == +*) ]]; then
        place=word:${options// /,}
    elif [[ $commands && $count -eq 0 ]]; then
        place=word:${commands// /,}
    else
        places=($arguments)
        ((${#places[@]})) || return
        ((count < ${#places[@]})) || count=$((${#places[@]} - 1))
        place=${places[count]}
        [[ $place == *... || $count -lt ${#places[@]} ]] || return
    fi
    place=${place%...}
    case $place in
    file) compopt -o default ;; # readline's own, which knows of ~ and quotation marks
    @) # there readline's own would look for hosts
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -P @ -f -- "$current")
        ;;
    directory) compopt -o dirnames ;;
    host) COMPREPLY=($(compgen -A hostname -- "$current")) ;;
    word:*)
        place=${place#word:}
        COMPREPLY=($(compgen -W "${place//,/ }" -- "$current"))
        ;;
    esac
}
"""

_ZSH = r"""
_dulcet_complete() {
    local table=$1 word place plus
    integer index count=0
    local -a options arguments commands operands pending
    $table ''
    for ((index = 2; index < CURRENT; index++)); do
        word=${words[index]}
        if [[ ${pending[1]} == 'number?' && $word == *[^0-9]* ]]; then
            pending=()
        fi
        if (( $#pending )); then
            shift pending
        elif [[ $word == -[^0-9]* || ( -n $plus && $word == +[^0-9]* ) ]]; then
            operands=()
            $table ${word%%=*}
            [[ -z $plus && $word == --*=* ]] || pending=($operands)
        elif (( $#commands && count == 0 )) && (( $+functions[${table}_$word] )); then
            table=${table}_$word
            $table ''
        else
            (( count += 1 ))
        fi
    done
    word=${words[CURRENT]}
    if [[ ${pending[1]} == 'number?' && $word == *[^0-9]* ]]; then
        pending=()
    fi
    if (( $#pending )); then
        place=${pending[1]}
    elif [[ $word == -* || ( -n $plus && $word == +* ) ]]; then
        _describe -o option options
        return
    elif (( $#commands && count == 0 )); then
        _describe command commands
        return
    elif [[ -n $plus && $word == @* ]]; then
        compset -P @
        _files
        return
    else
        (( $#arguments )) || return
        if (( count < $#arguments )); then
            place=${arguments[count + 1]}
        else
            place=${arguments[-1]}
            [[ $place == *... ]] || return
        fi
    fi
    place=${place%...}
    case $place in
    (file) _files ;;
    (directory) _path_files -/ ;;
    (host) _hosts ;;
    (word:*) compadd -- ${(s:,:)place#word:} ;;
    (*) return 1 ;;
    esac
}
"""

_FISH = r"""
function __dulcet_complete
    set -l table $argv[1]
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    set -l pending
    set -l count 0
    for word in $before[2..-1]
        if test "$pending[1]" = 'number?'; and not string match -qr '^[0-9]+$' -- $word
            set pending
        end
        if set -q pending[1]
            set -e pending[1]
        else if string match -qr '^-[^0-9]' -- $word; or begin
                $table plus; and string match -qr '^\+[^0-9]' -- $word
            end
            set pending (string split ' ' -- ($table operands $word))
        else if $table has_commands; and test $count -eq 0; and functions -q "$table"_$word
            set table "$table"_$word
        else
            set count (math $count + 1)
        end
    end
    if test "$pending[1]" = 'number?'; and string match -qr '[^0-9]' -- $current
        set pending
    end
    set -l place
    if set -q pending[1]
        set place $pending[1]
    else if string match -qr '^-' -- $current; or begin
            $table plus; and string match -qr '^\+' -- $current
        end
        $table options
        return
    else if $table has_commands; and test $count -eq 0
        $table commands
        return
    else if $table plus; and string match -q '@*' -- $current
        string replace -r '^' '@' -- (__fish_complete_path (string sub -s 2 -- $current))
        return
    else
        set -l places (string split -n ' ' -- ($table arguments))
        set -q places[1]; or return
        if test $count -lt (builtin count $places)
            set place $places[(math $count + 1)]
        else
            set place $places[-1]
            string match -q '*...' -- $place; or return
        end
    end
    set place (string replace -r '\.\.\.$' '' -- $place)
    switch $place
        case file
            __fish_complete_path $current
        case directory
            __fish_complete_directories $current
        case host
            __fish_print_hostnames
        case 'word:*'
            string split ',' -- (string replace 'word:' '' -- $place)
    end
end
"""


def bash(program: Program) -> str:
    """The script for bash; it needs no bash-completion."""
    lines = []
    for table in tables(program):
        lines += [
            f"_dulcet_{table.name}() {{",
            f"    plus={'yes' if table.plus else ''}",
            f"    options={_quoted(' '.join(name for name, _ in table.options))}",
            f"    arguments={_quoted(' '.join(table.arguments))}",
            f"    commands={_quoted(' '.join(name for name, _ in table.commands))}",
            "    case $1 in",
        ]
        lines += [
            f"    {'|'.join(map(_quoted, names))}) operands={_quoted(' '.join(places))} ;;"
            for names, places in table.operands
        ]
        lines += ["    esac", "}"]
    name = program.name
    lines.append(f"_dulcet_of_{name}() {{ _dulcet_complete _dulcet_{name}; }}")
    lines.append(f"complete -F _dulcet_of_{name} {name}")
    return _HEAD + _BASH + "\n".join(lines) + "\n"


def zsh(program: Program) -> str:
    """The script for zsh: a file of fpath, or evaluated after compinit."""
    lines = []
    for table in tables(program):
        lines += [
            f"_dulcet_{table.name}() {{",
            f"    plus={'yes' if table.plus else ''}",
            f"    options=({_described(table.options)})",
            f"    arguments=({' '.join(map(_quoted, table.arguments))})",
            f"    commands=({_described(table.commands)})",
            "    case $1 in",
        ]
        lines += [
            f"    ({'|'.join(map(_quoted, names))}) operands=({' '.join(map(_quoted, places))}) ;;"
            for names, places in table.operands
        ]
        lines += ["    esac", "}"]
    name = program.name
    lines += [
        f"_{name}() {{ _dulcet_complete _dulcet_{name} }}",
        f'if [[ "${{funcstack[1]}}" == _{name} ]]; then _{name} "$@"; else compdef _{name} {name}; fi',
    ]
    return f"#compdef {name}\n" + _HEAD + _ZSH + "\n".join(lines) + "\n"


def fish(program: Program) -> str:
    """The script for fish."""
    lines = []
    for table in tables(program):
        lines += [
            f"function __dulcet_{table.name}",
            "    switch $argv[1]",
            "        case plus",
            f"            {'true' if table.plus else 'false'}",
            "        case has_commands",
            f"            {'true' if table.commands else 'false'}",
            "        case arguments",
            f"            echo {_fish(' '.join(table.arguments))}",
            "        case options",
            *_printed(table.options),
            "        case commands",
            *_printed(table.commands),
            "        case operands",
            "            switch $argv[2]",
        ]
        for names, places in table.operands:
            lines.append(f"                case {' '.join(map(_fish, names))}")
            lines.append(f"                    echo {_fish(' '.join(places))}")
        lines += ["            end", "    end", "end"]
    name = program.name
    lines.append(f"complete -c {name} -f -a '(__dulcet_complete __dulcet_{name})'")
    return _HEAD + _FISH + "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _described(rows: Iterable[tuple[str, str]]) -> str:
    """For _describe of zsh, which wants colons in names quoted."""
    rows = [(name.replace(":", "\\:"), _short(text)) for name, text in rows]
    return "".join(f"\n        {_quoted(f'{name}:{text}')}" for name, text in rows)


def _fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _printed(rows: Iterable[tuple[str, str]]) -> list[str]:
    """For fish: a name and its explanation on each line, with a tab between."""
    return [f"            printf '%s\\t%s\\n' {_fish(n)} {_fish(_short(text))}" for n, text in rows]


def _short(text: str) -> str:
    """What fits beside a name."""
    first = text.split(";", maxsplit=1)[0].split(" (", maxsplit=1)[0]
    return first if len(first) <= 60 else first[:57].rstrip() + "..."


SHELLS: Final[dict[str, tuple[Callable[[Program], str], str]]] = {
    "bash": (bash, "share/bash-completion/completions/{}"),
    "zsh": (zsh, "share/zsh/site-functions/_{}"),
    "fish": (fish, "share/fish/vendor_completions.d/{}.fish"),
}
"""By shell: what makes its script, and where the shell looks for it, beneath a prefix."""
