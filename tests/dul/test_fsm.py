"""Tables 9-6 to 9-10 of PS3.8, cell by cell, against the tables in `fixtures/standard`."""

from __future__ import annotations

import csv
import dataclasses
import itertools
import re
from collections import Counter

import pytest
from golden import FIXTURES

from dul.fsm import ACTIONS, TABLE, Action, Effect, Event, Guard, State, Transition, step

STANDARD = FIXTURES / "standard"
NOTES = (STANDARD / "ul_state_notes.md").read_text("utf-8")


def rows(name: str) -> list[dict[str, str]]:
    with (STANDARD / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


CELLS = rows("ul_state_table.tsv")
ROWS_OF_ACTIONS = {row["action"]: row for row in rows("ul_actions.tsv")}

# What an outcome depends on, in the words of the fixture; None: nothing.
GUARDS: dict[str, tuple[Guard | None, ...]] = {
    "AE-6": (Guard.ACCEPTABLE, Guard.NOT_ACCEPTABLE),
    "AR-8": (Guard.REQUESTOR, Guard.ACCEPTOR),
    "AA-3": (Guard.BY_USER, Guard.BY_PROVIDER),
}


def guards_of(action: str) -> tuple[Guard | None, ...]:
    return GUARDS.get(action, (None,))


# ------------------------------------------------------------------------ Table 9-10 --


def outcomes(state: State, event: Event) -> list[Transition]:
    """All that may follow in this cell, whatever the guard."""
    found: list[Transition] = []
    for guard in (None, *Guard):
        try:
            transition = step(state, event, guard)
        except KeyError:
            continue
        if transition is not None and transition not in found:
            found.append(transition)
    return found


@pytest.mark.parametrize(
    "cell", [pytest.param(cell, id=f"{cell['state']}-Evt{cell['event']}") for cell in CELLS]
)
def test_each_cell_is_the_standards(cell: dict[str, str]):
    found = outcomes(State[cell["state"]], Event[f"Evt{cell['event']}"])
    if cell["action"] == "-":
        assert cell["next_state"] == "-"
        assert found == []
        return
    assert {each.action.value for each in found} == {cell["action"]}
    # AA-3 branches in what it indicates, not in where it leads.
    states = dict.fromkeys(each.next_state.name for each in found)
    assert "|".join(states) == cell["next_state"]


def test_the_fixture_has_every_cell_once():
    keys = {(cell["state"], cell["event"]) for cell in CELLS}
    assert len(CELLS) == len(keys) == 247
    assert keys == {(s.name, e.name[3:]) for s in State for e in Event}


def test_the_counts_are_those_of_the_notes():
    """123 filled and 124 blank cells; how often each action stands in the table."""
    filled, blank = re.search(r"(\d+) cells filled, (\d+) blank", NOTES).groups()
    actions = Counter(
        found[0].action.value for s in State for e in Event if (found := outcomes(s, e))
    )
    assert (actions.total(), 247 - actions.total()) == (int(filled), int(blank)) == (123, 124)
    counted = re.search(r"Counts: (.*), others 1\.", NOTES).group(1)
    expected = {action: int(count) for action, count in re.findall(r"(\S+-\d) (\d+)", counted)}
    assert expected["AA-8"] == 54
    assert actions == Counter({action.value: 1 for action in Action} | expected)


def test_events_mean_what_the_fixture_says():
    names = {cell["event"]: cell["event_name"] for cell in CELLS}
    for event in Event:
        said = names[event.name[3:]]
        said = re.sub(r" \(local \w+\)$| received$", "", said).replace(", ", " (", 1)
        said = f"{said})" if "(" in said else said
        assert event.value.lower() == said.lower()


def test_states_mean_what_the_notes_say():
    """The notes name each state briefly; the same PDUs and primitives stand in the members."""
    listed = re.search(r"- States: (.*)\.\n", NOTES).group(1)
    said = dict(re.findall(r"(\d+) ([^;]+)", listed))
    assert [state.name for state in State] == [f"Sta{number}" for number in said]
    same = {
        "idle": "idle",
        "established": "established",
        "waiting RQ": "awaiting A-ASSOCIATE-RQ",
        "waiting AC/RJ": "awaiting A-ASSOCIATE-AC or A-ASSOCIATE-RJ",
        "waiting RP": "awaiting A-RELEASE-RP",
        "waiting RELEASE-RP": "awaiting A-RELEASE-RP",
        "waiting local accept/reject": "awaiting local A-ASSOCIATE response",
        "waiting local release response": "awaiting local A-RELEASE response",
        "waiting local response": "awaiting A-RELEASE response",
        "waiting TCP open": "awaiting transport connection opening",
        "waiting TCP close": "awaiting transport connection close",
        "collision requestor": "collision, requestor side",
        "collision acceptor": "collision, acceptor side",
        "TCP open": "transport connection open",
    }
    for state, text in zip(State, said.values(), strict=True):
        for part in text.split(", "):
            assert same[part] in state.value


def test_the_table_can_be_read_line_by_line():
    """A blank cell is visible as blank, and the columns stand under each other."""
    head, *lines = TABLE.split("\n")[1:-1]
    starts = [match.start() for match in re.finditer(r"Sta\d+", head)]
    assert head.split() == [state.name for state in State]
    assert [line.split()[0] for line in lines] == [event.name for event in Event]
    for line in lines:
        assert [match.start() for match in re.finditer(r"\S+", line)] == [0, *starts]


# -------------------------------------------------------------------- Tables 9-6 to 9-9 --

Effects = dict[Guard | None, set[Effect]]


def always(*effects: Effect) -> Effects:
    return {None: set(effects)}


NOTHING = always()

# The words of the fixture's columns and the effects they stand for; by guard, or always (None).
WORDS: dict[str, dict[str, Effects]] = {
    "what_it_does": {"silently drop the PDU": always(Effect.IGNORE)},
    "sends_pdu": {
        "-": NOTHING,
        "A-ASSOCIATE-RQ": always(Effect.SEND_ASSOCIATE_RQ),
        "A-ASSOCIATE-AC": always(Effect.SEND_ASSOCIATE_AC),
        "A-ASSOCIATE-RJ": always(Effect.SEND_ASSOCIATE_RJ),
        "if not acceptable: A-ASSOCIATE-RJ (source 2 or 3)": {
            Guard.NOT_ACCEPTABLE: {Effect.SEND_ASSOCIATE_RJ}
        },
        "P-DATA-TF": always(Effect.SEND_P_DATA),
        "A-RELEASE-RQ": always(Effect.SEND_RELEASE_RQ),
        "A-RELEASE-RP": always(Effect.SEND_RELEASE_RP),
        "A-ABORT (source 0, reason 0)": always(Effect.SEND_USER_ABORT),
        "A-ABORT (source 2)": always(Effect.SEND_PROVIDER_ABORT),
        # AA-7: the standard names no source; what provokes it is a provider's matter.
        "A-ABORT": always(Effect.SEND_PROVIDER_ABORT),
    },
    "local_primitive": {
        "-": NOTHING,
        "transport connect response": always(Effect.ACCEPT_CONNECTION),
        "if acceptable: A-ASSOCIATE indication": {Guard.ACCEPTABLE: {Effect.INDICATE_ASSOCIATE}},
        "A-ASSOCIATE confirmation(accept)": always(Effect.CONFIRM_ASSOCIATE),
        "A-ASSOCIATE confirmation(reject)": always(Effect.CONFIRM_REJECTION),
        "P-DATA indication": always(Effect.INDICATE_P_DATA),
        "A-RELEASE indication": always(Effect.INDICATE_RELEASE),
        "A-RELEASE indication (collision)": always(Effect.INDICATE_COLLISION),
        "A-RELEASE confirmation": always(Effect.CONFIRM_RELEASE),
        "A-P-ABORT indication": always(Effect.INDICATE_P_ABORT),
        "source 0 -> A-ABORT indication; source 2 -> A-P-ABORT indication": {
            Guard.BY_USER: {Effect.INDICATE_ABORT},
            Guard.BY_PROVIDER: {Effect.INDICATE_P_ABORT},
        },
    },
    "artim": {
        "-": NOTHING,
        "start": always(Effect.START_ARTIM),
        "start or restart": always(Effect.START_ARTIM),
        "stop": always(Effect.STOP_ARTIM),
        "stop if running": always(Effect.STOP_ARTIM),
        "stop; start again if rejecting": {
            None: {Effect.STOP_ARTIM},
            Guard.NOT_ACCEPTABLE: {Effect.START_ARTIM},
        },
    },
    "transport": {
        "-": NOTHING,
        "(already closed)": NOTHING,
        "open (active)": always(Effect.CONNECT),
        "accept (passive)": always(Effect.ACCEPT_CONNECTION),
        "close": always(Effect.CLOSE),
    },
}

NEXT_STATES: dict[str, dict[str, State]] = {
    "AE-6": {"Sta3": Guard.ACCEPTABLE, "Sta13": Guard.NOT_ACCEPTABLE},
    "AR-8": {
        "Sta9 (association requestor)": Guard.REQUESTOR,
        "Sta10 (association acceptor)": Guard.ACCEPTOR,
    },
}


@pytest.mark.parametrize("action", [each.value for each in Action])
@pytest.mark.parametrize("column", WORDS)
def test_each_column_of_each_action_has_its_effects(action: str, column: str):
    """The effects that belong to a column are those which its words ask for, no more, no less."""
    words = ROWS_OF_ACTIONS[action][column]
    if column == "what_it_does":  # prose; only where it is all there is does it stand for an effect
        asked = WORDS[column].get(words, NOTHING)
    else:
        asked = WORDS[column][words]
    kinds = {
        each for by_guard in WORDS[column].values() for each in set().union(*by_guard.values())
    }
    for guard in guards_of(action):
        found = set(ACTIONS[Action(action)][guard].effects) & kinds
        expected = asked.get(None, set()) | (asked.get(guard, set()) if guard else set())
        if column == "transport" and Effect.ACCEPT_CONNECTION in expected:
            assert ROWS_OF_ACTIONS[action]["local_primitive"] == "transport connect response"
        assert found == expected


def test_every_effect_belongs_to_a_column():
    named = {
        effect
        for words in WORDS.values()
        for by_guard in words.values()
        for effects in by_guard.values()
        for effect in effects
    }
    assert named == set(Effect)


@pytest.mark.parametrize("action", [each.value for each in Action])
def test_each_action_leads_to_its_next_state(action: str):
    words = ROWS_OF_ACTIONS[action]["next_state"].split("|")
    by_guard = NEXT_STATES.get(action)
    for guard in guards_of(action):
        (expected,) = [w for w in words if by_guard is None or by_guard[w] is guard]
        assert ACTIONS[Action(action)][guard].next_state.name == expected.split()[0]


def test_the_actions_stand_in_the_order_of_their_tables():
    assert [each.value for each in ACTIONS] == [each.value for each in Action]
    assert list(ROWS_OF_ACTIONS) == [each.value for each in ACTIONS]
    tables = {"AE": "9-6", "DT": "9-7", "AR": "9-8", "AA": "9-9"}
    for token, row in ROWS_OF_ACTIONS.items():
        assert row["ps38_table"] == tables[token[:2]]
    assert len(ACTIONS) == 28


def test_only_three_actions_branch_and_on_their_own_guards():
    for action, branches in ACTIONS.items():
        assert tuple(branches) == guards_of(action.value)


def test_effects_stand_in_the_order_in_which_the_standard_lists_them():
    """Stop the timer, send, tell the user, start the timer, close: Tables 9-6 to 9-9."""
    ranks = [
        {Effect.STOP_ARTIM, Effect.CONNECT, Effect.ACCEPT_CONNECTION, Effect.IGNORE},
        {each for each in Effect if each.name.startswith("SEND")},
        {each for each in Effect if each.name.startswith(("INDICATE", "CONFIRM"))},
        {Effect.START_ARTIM},
        {Effect.CLOSE},
    ]
    rank = {effect: index for index, effects in enumerate(ranks) for effect in effects}
    assert set(rank) == set(Effect)
    for outcome in (each for branches in ACTIONS.values() for each in branches.values()):
        assert list(outcome.effects) == sorted(set(outcome.effects), key=rank.__getitem__)


# ------------------------------------------------------------------------------- step --


def test_a_step_is_total_and_changes_nothing():
    for state, event, guard in itertools.product(State, Event, (None, *Guard)):
        cell = outcomes(state, event)
        branches = ACTIONS[cell[0].action] if cell else {None: None}
        if None not in branches and guard not in branches:
            with pytest.raises(KeyError):
                step(state, event, guard)
            continue
        first = step(state, event, guard)
        assert first == step(state, event, guard)
        if first is not None:
            assert (first.state, first.event) == (state, event)
            branch = ACTIONS[first.action].get(guard) or ACTIONS[first.action][None]
            assert (first.effects, first.next_state) == (branch.effects, branch.next_state)


@pytest.mark.parametrize("event", [Event.Evt6, Event.Evt12, Event.Evt16])
def test_a_branching_action_needs_its_guard(event: Event):
    state = {Event.Evt6: State.Sta2, Event.Evt12: State.Sta7, Event.Evt16: State.Sta6}[event]
    with pytest.raises(KeyError):
        step(state, event)


def test_a_transition_prints_as_one_line_of_the_tables():
    transition = step(State.Sta6, Event.Evt11)
    assert str(transition) == "Sta6 Evt11 AR-1 Sta7"
    with pytest.raises(dataclasses.FrozenInstanceError):
        transition.state = State.Sta1


def walk(state: State, *steps: tuple[int, Guard | None]) -> list[str]:
    path = []
    for number, guard in steps:
        state = step(state, Event[f"Evt{number}"], guard).next_state
        path.append(state.name)
    return path


def test_release_collision_takes_the_ways_of_the_notes():
    """PS3.8 7.2.2.7: both ends come from Sta6 to Sta1."""
    ways = re.search(r"collision: requestor (.*); acceptor (.*)\.\n", NOTES).groups()
    for way, guard in zip(ways, (Guard.REQUESTOR, Guard.ACCEPTOR), strict=True):
        first, *rest = way.split()
        events = [int(each.strip("->")) for each in rest[::2]]
        states = [f"Sta{each}" for each in rest[1::2]]
        assert walk(State[f"Sta{first}"], *((event, guard) for event in events)) == states


def test_data_is_sent_and_received_where_the_notes_say():
    received, sent = re.search(r"received in (.*); sent in (.*?)\.", NOTES).groups()
    takes = [s.name for s in State if Effect.INDICATE_P_DATA in effects_in(s, Event.Evt10)]
    gives = [s.name for s in State if Effect.SEND_P_DATA in effects_in(s, Event.Evt9)]
    assert (", ".join(takes), ", ".join(gives)) == (received, sent)


def effects_in(state: State, event: Event) -> set[Effect]:
    return {effect for each in outcomes(state, event) for effect in each.effects}


def test_artim_runs_in_sta2_and_sta13_only():
    """PS3.8 9.1.5: followed through every path, started and stopped by the effects alone."""
    seen: set[tuple[State, bool]] = set()
    todo = [(State.Sta1, False)]
    while todo:
        state, running = todo.pop()
        if (state, running) in seen:
            continue
        seen.add((state, running))
        for event in Event:
            for each in outcomes(state, event):
                after = running
                for effect in each.effects:
                    after = {Effect.START_ARTIM: True, Effect.STOP_ARTIM: False}.get(effect, after)
                todo.append((each.next_state, after))
    assert {state for state, running in seen if running} == {State.Sta2, State.Sta13}
    assert (State.Sta13, False) not in seen
    assert {state for state, _ in seen} == set(State)
    assert [s for s in State if outcomes(s, Event.Evt18)] == [State.Sta2, State.Sta13]
