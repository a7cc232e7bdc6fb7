"""Sequences as text and files, the alphabet they are made of, and how they are shortened."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed.explore.sequence import (
    DELIVERIES,
    WAITS,
    WORDS,
    Sample,
    Step,
    explain,
    heard,
    load,
    parse,
    save,
    simpler,
    text,
)  # fmt: skip
from testbed.explore.shrink import shortest
from testbed.explore.speech import Speech
from testbed.facts import Facts
from testbed.parse import Pdu, parse_associate
from testbed.table import EVENTS

STEPS = {
    role: st.builds(Step, st.sampled_from([*words, *WAITS]), st.sampled_from(DELIVERIES))
    for role, words in WORDS.items()
}
ROLES = st.sampled_from(["scp", "scu"])


@given(ROLES.flatmap(lambda role: st.tuples(st.just(role), st.lists(STEPS[role]))))
def test_text_is_read_back(drawn):
    role, steps = drawn
    assert parse(text(steps), role) == tuple(steps)
    assert len(explain(steps, role)) == len(steps)


@pytest.mark.parametrize("line", ["nonsense", "rq/sideways"])
def test_a_wrong_word_is_named(line):
    with pytest.raises(ValueError, match=r"nonsense|sideways"):
        parse(line, "scp")


@pytest.mark.parametrize("role", ["scp", "scu"])
def test_every_word_says_bytes_that_count_as_events_of_the_table(role):
    for name, word in WORDS[role].items():
        said = word.say(Speech(role), Facts())
        assert said.data
        assert said.input.stimulus == name == word.name
        assert set(said.input.events) <= set(EVENTS)
        assert name not in WAITS
        assert not set("/ ") & set(name)


@given(
    ROLES.flatmap(
        lambda role: st.tuples(st.just(role), st.lists(st.sampled_from(list(WORDS[role]))))
    )
)
def test_words_can_be_said_in_any_order(drawn):
    role, names = drawn
    speech = Speech(role)
    for name in names:
        assert WORDS[role][name].say(speech, Facts(accepted={1: "", 3: ""})).data


def test_a_message_in_two_parts_is_owed_one_response_with_its_id():
    speech, facts = Speech("scp"), Facts(accepted={1: "", 3: ""})
    words = WORDS["scp"]
    begun = words["store-begins"].say(speech, facts)
    assert begun.input.completes == ()
    assert words["store-goes-on"].say(speech, facts).input.manner == "right"
    ended = words["store-ends"].say(speech, facts)
    assert [owed.name for owed in ended.input.completes] == ["C-STORE-RSP"]
    assert words["store-ends"].say(speech, facts).input.manner == "free"


def test_a_second_request_before_the_response_may_be_aborted():
    speech, facts = Speech("scp"), Facts(accepted={1: "", 3: ""})
    assert WORDS["scp"]["echo"].say(speech, facts).input.manner == "right"
    assert WORDS["scp"]["echo"].say(speech, facts).input.manner == "pipelined"


def test_wrong_requests_are_wrong_and_right_ones_right():
    for name, word in WORDS["scp"].items():
        if word.group == "request" and name.startswith("rq"):
            data = word.say(Speech("scp"), Facts()).data
            view = parse_associate(Pdu(data[0], data[1], data[6:]))
            assert bool(view.faults) == (name in {"rq-short", "rq-overrun"}), (name, view.faults)


def test_what_cannot_be_heard_is_left_out():
    said = parse("rq cut-data echo pause pause idle fin echo", "scp")
    assert text(heard(said, "scp", idle=False)) == "rq cut-data pause fin"
    assert text(heard(said, "scp", idle=True)) == "rq cut-data pause idle fin"


def test_a_plainer_step_is_tried_first():
    assert list(simpler(Step("rq-reserved", "bytes"), "scp")) == [Step("rq"), Step("rq-reserved")]
    assert list(simpler(Step("rq"), "scp")) == []
    assert list(simpler(Step("pause"), "scp")) == []


@given(st.lists(STEPS["scp"], max_size=12), st.data())
def test_what_is_shortest_still_shows_it_and_no_step_can_be_left_out(steps, data):
    needed = data.draw(st.lists(st.sampled_from(steps), max_size=3)) if steps else []

    def shows(sequence):
        rest = iter(sequence)
        return all(any(each == step for each in rest) for step in wanted)

    # Needed in the order in which they stand.
    wanted = [step for at, step in enumerate(steps) if any(step is each for each in needed)]
    best = shortest(tuple(steps), "scp", shows)
    assert shows(best)
    assert all(not shows((*best[:at], *best[at + 1 :])) for at in range(len(best)))


def test_a_sample_is_read_back(tmp_path):
    sample = Sample("scp", parse("rq ac/bytes", "scp"), "Sta6.AA-8:CLOSE", "fail", "it closes", ["AB(2)"],
                    "AC(1:0) CLOSE", [6, 3], "M.P.Sta6.Evt3: fail", {"seed": 1}, [])  # fmt: skip
    save(sample, tmp_path / "one.json")
    assert load(tmp_path / "one.json") == sample


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"format": "other"}, "not a dulspec-sequence/1 file"),
        ({"role": "both"}, "no such role"),
        ({"sequence": "rq hello"}, "no stimulus 'hello'"),
        ({"cause": None}, None),
    ],
)
def test_a_wrong_file_is_told(tmp_path, change, told):
    path = tmp_path / "one.json"
    save(Sample("scp", (), "cause", "fail", "story"), path)
    data = json.loads(path.read_text()) | change
    if told is None:
        del data["cause"]
    path.write_text(json.dumps(data))
    with pytest.raises(ValueError, match=told or "'cause' is missing"):
        load(path)
