"""Generate docs/fsm.md, docs/conformance-statement.md and docs/api from what they describe: `make docs`; tests keep them current."""

from __future__ import annotations

from pathlib import Path

import api_pages
import cli_pages
import statement_page

from dul.fsm import ACTIONS, TABLE, Action, Event, State

TARGET = Path(__file__).parent / "fsm.md"

HEAD = """# The state machine

Generated from `dul/fsm.py` by `make docs`; Tables 9-5 to 9-10 of PS3.8.

## States

| state | meaning |
|---|---|
"""


def render() -> str:
    """The whole document."""
    parts = [HEAD]
    parts += [f"| {state.name} | {state.value} |\n" for state in State]
    parts.append("\n## Events\n\n| event | meaning |\n|---|---|\n")
    parts += [f"| {event.name} | {event.value} |\n" for event in Event]
    parts.append(
        "\n## Actions\n\n| action | if | effects, in order | next state |\n|---|---|---|---|\n"
    )
    for action in Action:
        for guard, outcome in ACTIONS[action].items():
            when = guard.value.split(": ", 1)[1] if guard else ""
            effects = "; ".join(effect.value for effect in outcome.effects)
            parts.append(f"| {action.value} | {when} | {effects} | {outcome.next_state.name} |\n")
    parts.append("\n## Table 9-10\n\nA dot is a blank cell.\n\n```")
    parts.append(TABLE)
    parts.append("```\n")
    return "".join(parts)


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
    page = cli_pages.TARGET.read_text("utf-8")
    cli_pages.TARGET.write_text(cli_pages.render(page), encoding="utf-8")
    statement_page.TARGET.write_text(statement_page.render(), encoding="utf-8")
    for module in api_pages.PUBLIC:
        api_pages.page_of(module).write_text(api_pages.render(module), encoding="utf-8")
    api_pages.page_of("README").write_text(api_pages.index(), encoding="utf-8")
