"""AE titles: which ones a product answers to, and whether it looks at them at all."""

import platform
import re

from .asking import Answer, Asker

#: Titles that products come with, the most frequent first.
USUAL_CALLED = (
    "ANY-SCP", "STORESCP", "ORTHANC", "DCM4CHEE", "COMMON", "ARCHIVE", "PACS", "STORE_SCP", "ECHOSCP",
    "CONQUESTSRV1", "DCMQRSCP", "QRSCP", "SERVER", "DICOM", "PYNETDICOM", "DCMTK", "OSIRIX", "HOROS",
    "KPServer", "AE_TITLE", "DEFAULT", "SCP", "TEST",
)  # fmt: skip
USUAL_CALLING = (
    "DULSPEC", "STORESCU", "ECHOSCU", "DCMECHO", "MODALITY", "PYNETDICOM", "ANY-SCU", "FINDSCU", "DCMTK",
    "WORKSTATION", "SCU", "TEST",
)  # fmt: skip
#: Nobody is called so; a product that takes it does not look at titles.
NOBODY = "NO_SUCH_TITLE_9"
_TITLE = re.compile(r"[A-Z][A-Z0-9_-]{2,15}")


def rejects_title(answer: Answer) -> bool:
    """Whether an association was rejected for a title, or for good without a reason."""
    return answer.rejection is not None and answer.rejection in {(1, 1, 7), (1, 1, 3), (1, 1, 1)}


def candidates(first: str, command: str, usual: tuple[str, ...]) -> list[str]:
    """Titles to try: the one that is set, what the product's own command says, the usual ones."""
    found = [first, *_TITLE.findall(command), *usual]
    host = platform.node().partition(".")[0].upper()[:16]
    return list(dict.fromkeys([*found, host] if host else found))


def find(asker: Asker, command: str = "") -> Answer:
    """Set the asker's titles to two that the product accepts; the answer to the last that was tried.

    `command` is the line that starts the product, if it is known: it may name the title. Products say
    which title they do not know (reasons 7 and 3), or give no reason: then every pair may be the one.
    """
    called = candidates(asker.called_ae_title, command, USUAL_CALLED)
    calling = [*candidates(asker.calling_ae_title, "", USUAL_CALLING), asker.called_ae_title]
    answer = Answer(reason="no title was tried")
    for title in called:
        for name in calling:
            answer = asker.ask(called_ae_title=title, calling_ae_title=name)
            if not rejects_title(answer):
                asker.called_ae_title, asker.calling_ae_title = title, name
                return answer
            if answer.rejection != (1, 1, 3):
                break
        if answer.rejection == (1, 1, 7) and name != calling[0]:
            # This calling title is known: it is the called one that is still wrong.
            calling = [name]
    if answer.rejection == (1, 1, 1):
        return _find_pair(asker, called, calling[1:])
    return answer


def _find_pair(asker: Asker, called: list[str], calling: list[str]) -> Answer:
    """Every pair of titles, for a product that does not say which one it does not know."""
    answer = Answer(reason="no title was tried")
    for name in calling:
        for title in called:
            answer = asker.ask(called_ae_title=title, calling_ae_title=name)
            if not rejects_title(answer):
                asker.called_ae_title, asker.calling_ae_title = title, name
                return answer
    return answer


def checks(asker: Asker) -> tuple[bool, bool]:
    """Whether the product rejects a called, and a calling AE title that it does not know."""
    called = asker.ask(called_ae_title=NOBODY)
    calling = asker.ask(calling_ae_title=NOBODY)
    return rejects_title(called), rejects_title(calling)
