"""tests/ mirrors the packages: dimse/objects/walk.py has tests/dimse/objects/test_walk.py.

What has no test file of its name stands in `GUARDED`, under the tests that guard it, with the
reason; `SUBJECTS` are the test files that are about more than one module. A new module needs either
of the two.
"""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
PACKAGES = ("dul", "dimse", "cli", "testbed")

# Tests, and the modules that they guard though they are not named after them.
GUARDED = {
    "cli/test_completion.py": "cli/manpage.py cli/manual/installed.py cli/manual/options.py",
    "cli/manual/test_roff.py": "cli/manual/texts.py",
    "cli/manual/test_shells.py": "cli/manual/tables.py cli/manual/shared.py",
    # The cells of Table 9-10 go through what its actions do and what received PDUs are.
    "dul/test_cells.py": "dul/actions.py dul/inbox.py",
    # Indications are plain data; what is told when is an association's behaviour.
    "dul/test_association.py": "dul/events.py",
    # Items and sub-items have the same golden bytes, strategies and arbitrary bytes.
    "dul/test_items.py": "dul/user_items.py",
    # Facts are what an overview keeps.
    "dimse/watch/test_visits.py": "dimse/watch/overview.py",
    # Pictures are shown by the application.
    "cli/web/test_application.py": "cli/web/pictures.py",
    # An entry is what comes out of the index.
    "dimse/storage/index/test_index.py": "dimse/storage/index/entry.py",
    # Real sockets, each test through both faces.
    "faces/": (
        "dul/aio.py dul/blocking.py dul/transport/admission.py dul/transport/link.py "
        "dul/tasks/*.py dul/threads/*.py dul/transport/acceptor.py "
        "dul/transport/listener.py dul/transport/opening.py "
        "dul/transport/secure.py dul/transport/wakeup.py"
    ),
    "dul/tls/test_contexts.py": "dul/tls/credentials.py",
    "faces/test_face_tls.py": "dul/security.py dul/tls/facts.py",
    # One association of a server is one conversation, cut into modules by who knows what.
    "dimse/test_services.py": "dimse/decision.py dimse/scp.py",
    "dimse/test_handlers.py": (
        "dimse/answers.py dimse/incoming.py dimse/intake.py dimse/provider.py dimse/served.py"
    ),
    # Each test through both faces.
    "dimse/test_faces.py": "dimse/crew.py dimse/aio/client.py dimse/aio/server.py dimse/client.py",
    "dimse/test_session.py": "dimse/aio/session.py",
    "dimse/test_client_ways.py": "dul/transport/player.py",  # several at a time need objects to send
    # Events are plain data; which one is told when, and how associations follow on one another.
    "dimse/test_engine.py": "dimse/dialogue.py dimse/events.py",
    # Errors are raised, and their texts compared, where they happen.
    "dimse/": "dimse/errors.py",
    # The codec is tested with every message class there is.
    "dimse/messages/test_codec.py": (
        "dimse/messages/base.py dimse/messages/composite.py dimse/messages/normalized.py"
    ),
    "dimse/objects/test_decompress.py": "dimse/objects/pixels.py",
    "dimse/tables/test_status.py": "dimse/tables/status_rows.py",
    "dimse/objects/": "dimse/objects/bounds.py",  # numbers: each is met where it bounds something
    "dimse/test_requests.py": "dimse/objects/decoded.py",
    # A report's file is read again in each of its forms, and its page opened in a browser.
    "dimse/reports/test_report.py": (
        "dimse/reports/page.py dimse/reports/rows.py dimse/reports/writers.py"
    ),
    "dimse/objects/test_datasets.py": "dimse/objects/encode.py",
    "dimse/objects/test_prepare.py": "dimse/objects/copies.py dimse/objects/layers.py",
    "dimse/objects/test_part10.py": "dimse/objects/filemeta.py",
    # Between layouts and between syntaxes: both ways of one thing, compared with pydicom.
    "dimse/objects/test_transcode.py": "dimse/objects/reencode.py",
    "dimse/storage/test_spool.py": (
        "dimse/storage/appearance.py dimse/storage/content.py dimse/storage/directory.py "
        "dimse/storage/identical.py dimse/storage/identifiers.py dimse/storage/newfile.py"
    ),
    "dimse/storage/test_object_store.py": "dimse/storage/bucket.py",
    # A dictionary is read from its text to pydicom's look-up.
    "dimse/tables/test_dictionary.py": "dimse/tables/dictionary_format.py",
    "dimse/watch/test_counts.py": "dimse/watch/observers.py",
    # Processes are made, and signals heeded, by a supervisor; what an attendant does, studies show.
    "dimse/workers/test_supervisor.py": (
        "dimse/workers/events.py dimse/workers/lives.py dimse/workers/signals.py"
    ),
    "dimse/workers/test_studies.py": "dimse/workers/attendant.py",
    # Groups of options, and what reads and prints them: through the command lines that they make.
    "cli/grammar/test_parsing.py": (
        "cli/grammar/commandfile.py cli/grammar/usage.py cli/grammar/values.py "
        "cli/options/*.py cli/echoscu_options.py cli/storescu_options.py cli/tool.py"
    ),
    # What a tool is made of is tested by running the tool.
    "cli/storescp/": "cli/dumps.py cli/monitor/*.py cli/storescp/*.py",
    "cli/test_secure.py": "cli/options/tls.py cli/secrets.py",
    "cli/test_identity.py": "cli/options/identity.py",
    "cli/test_storescu.py": (
        "cli/calling.py cli/codes.py cli/conditions.py cli/dots.py cli/transfer.py"
    ),
    "cli/test_dcmsend.py": "cli/summary.py cli/words.py",
    "dimse/test_profiles.py": "dimse/tables/dcmtk_names.py",
    # A case is data: it proves itself by catching the fault that is planted in a wrong peer.
    "testbed/selftest/test_planted.py": (
        "testbed/cases/*.py testbed/liveness.py testbed/mini/*.py testbed/whys.py testbed/verdicts.py "
        "testbed/selftest/faults.py testbed/selftest/judging.py"
    ),
    "testbed/selftest/test_mutants.py": (
        "testbed/selftest/account.py testbed/selftest/command.py testbed/selftest/survivors.py"
    ),
    "testbed/test_catalogue.py": "testbed/model.py testbed/matrix.py testbed/table.py",
    "testbed/test_runner.py": (
        "testbed/facts.py testbed/launch.py testbed/scene.py testbed/settings.py testbed/trial.py"
    ),
    "testbed/test_parse.py": "testbed/assemble.py testbed/messages.py",
    "testbed/test_registry.py": "testbed/names.py",
    "testbed/test_result_files.py": "testbed/results.py",
    "testbed/cases/test_tls.py": "testbed/tls_raw.py",
    "testbed/cases/test_tls_profiles.py": "testbed/tls_suites.py",
    "testbed/test_cli.py": (
        "testbed/commands/browsing.py testbed/commands/comparing.py testbed/commands/levels.py "
        "testbed/commands/options.py testbed/commands/product.py testbed/commands/selection.py "
        "testbed/commands/tls.py testbed/console.py"
    ),
    "testbed/decode/test_command.py": "testbed/decode/pcap.py testbed/decode/printer.py",
    "testbed/discover/test_finding.py": (
        "testbed/discover/asking.py testbed/discover/limits.py testbed/discover/services.py "
        "testbed/discover/titles.py"
    ),
    # An exploration is judged as a whole: what it finds in peers with planted faults, and reports.
    "testbed/explore/test_hunt.py": (
        "testbed/explore/acceptor_words.py testbed/explore/causes.py testbed/explore/ledger.py "
        "testbed/explore/machine.py testbed/explore/requestor_words.py testbed/explore/shrink.py"
    ),
    "testbed/explore/test_belief.py": "testbed/explore/moves.py testbed/explore/speech.py",
    "testbed/explore/test_page.py": "testbed/explore/account.py",
    "testbed/report/test_html.py": (
        "testbed/report/document.py testbed/report/html_cases.py testbed/report/html_filters.py "
        "testbed/report/html_grid.py testbed/report/html_matrix.py testbed/report/html_overview.py "
        "testbed/report/html_tallies.py testbed/report/html_wire.py "
        "testbed/report/markup.py"
    ),
    "testbed/report/test_changes.py": "testbed/report/command.py testbed/report/html_changes.py",
    "testbed/test_profiles.py": "testbed/report/statement.py",
    "testbed/site/test_index.py": "testbed/site/command.py testbed/site/shelf.py",
}

# Tests of a room or of a program as a whole.
SUBJECTS = {
    "dimse/tables/test_text_table.py": "tables of text, whose rows are made when they are asked for",
    "cli/web/test_browser.py": "the page in a browser",
    "cli/test_defaults.py": "DCMTK's defaults, where ours are others",
    "cli/test_agreed.py": "what both ends show of what they agreed on",
    "cli/test_dcmtk.py": "the options, side by side with DCMTK's own tools",
    "cli/test_endings.py": "however the peer ends it, in plain words",
    "cli/test_identity.py": "who calls: the options of both roles",
    "cli/test_interrupt.py": "signals, at every moment",
    "cli/test_process.py": "the tools as processes: pipes, full disks, exit codes",
    "cli/test_seed.py": "the usage text that storescu began with",
    "cli/test_words.py": "no word of the state machine but under -d",
    "dimse/test_peer_faults.py": "a peer that does what it should not, with every way to send, over real sockets",
    "dimse/test_peer_ends.py": "a peer that ends the association at any step, over real sockets",
    "dimse/test_restless_files.py": "files that do not stay as they were examined",
    "dimse/test_whole.py": "nothing is told as stored that was not sent whole",
    "dul/test_peer_ends.py": "a peer that ends the association at any moment",
    "testbed/report/test_browser.py": "the pages in a browser",
    "testbed/test_agreement.py": "the testbed's eyes and the stack's agree",
    "testbed/test_imports.py": "the testbed's rooms",
    "testbed/explore/test_samples.py": "the sequences of fixtures/sequences",
    "testbed/test_pipelines.py": "action.yml, packaging/dulspec: dulspec in pipelines",
}


def modules() -> dict[str, Path]:
    """Every module with code, and the test file of its name."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if path.name not in {"__init__.py", "__main__.py"}:
                place = path.relative_to(ROOT)
                found[str(place)] = TESTS / place.parent / f"test_{place.name}"
    return found


MODULES = modules()
BY_GUARD = {
    guard: {
        str(path.relative_to(ROOT))
        for pattern in patterns.split()
        for path in ROOT.glob(pattern)
        if path.name not in {"__init__.py", "__main__.py"}
    }
    for guard, patterns in GUARDED.items()
}


def test_every_module_has_a_test_file_of_its_name_or_is_guarded_by_another():
    guarded = set().union(*BY_GUARD.values())
    missing = {place for place, own in MODULES.items() if not own.exists()} - guarded
    assert not missing, f"write its test, or say in GUARDED what guards it: {sorted(missing)}"


@pytest.mark.parametrize("guard", GUARDED)
def test_what_guards_and_what_is_guarded_exist(guard: str):
    assert (TESTS / guard).exists()
    for pattern in GUARDED[guard].split():
        assert list(ROOT.glob(pattern)), f"there is no {pattern}"


def test_every_test_file_is_about_a_module_or_a_subject():
    """tests/dul/test_association_abort.py is about one side of dul/association.py; or about a room."""
    strangers = []
    for package in PACKAGES:
        for path in sorted((TESTS / package).rglob("test_*.py")):
            place = path.relative_to(TESTS)
            words = path.stem.removeprefix("test_").split("_")
            named = ("_".join(words[:count]) for count in range(len(words), 0, -1))
            about = any(
                str(place.parent / f"{name}.py") in MODULES or (ROOT / place.parent / name).is_dir()
                for name in named
            )
            if not about and str(place) not in GUARDED and str(place) not in SUBJECTS:
                strangers.append(str(place))
    assert not strangers, "a test file is named after its module, or its subject is in SUBJECTS"


def test_the_subjects_exist():
    assert all((TESTS / place).exists() for place in SUBJECTS)
