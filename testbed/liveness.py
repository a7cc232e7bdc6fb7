"""Whether an acceptor under test is alive: a fresh association, a C-ECHO, a release."""

from dataclasses import replace

from . import messages, raw
from .clock import Clock
from .observe import LogEntry
from .parse import AssociateView, uid_text
from .scene import Scene, Unmet
from .trace import matches
from .trial import Trial


def probe(
    trial: Trial, *, patience: float | None = None, clock: Clock | None = None
) -> tuple[str, list[LogEntry]]:
    """What did not go well, "" if all did; and the wire log. The first time it learns the product's names.

    An answer is waited for as long as it may take and be slow, or for `patience` seconds, counted by `clock`.
    """
    scene = Scene(trial, "LIVE", clock=clock)
    if patience is not None:
        scene.settings = replace(trial.settings, timeout=patience, slow_max=patience)
    try:
        facts = scene.facts
        scene.associate(raw.associate_rq(facts.called_ae_title, facts.calling_ae_title), need=(1,))
        scene.send(messages.command_pdu(messages.echo_rq(1)), "C-ECHO-RQ")
        scene.read_until("RSP", scene.settings.timeout, due=True)
        if not matches("C-ECHO-RSP(0000)", scene.tokens):
            return f"no C-ECHO success (seen: {' '.join(scene.tokens) or 'nothing'})", scene.log
        scene.release()
        if scene.ac is not None and "max_length" not in trial.target:
            _learn(trial, scene.ac)
    except Unmet as reason:
        return str(reason), scene.log
    finally:
        scene.close()
    return "", scene.log


def _learn(trial: Trial, ac: AssociateView) -> None:
    versions, classes = ac.subitems(0x55), ac.subitems(0x52)
    trial.target["max_length"] = ac.max_length
    trial.target["implementation_class"] = uid_text(classes[0]) if classes else ""
    trial.target["implementation_version"] = uid_text(versions[0]) if versions else ""
