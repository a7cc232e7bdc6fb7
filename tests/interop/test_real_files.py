"""Every file that pydicom and pydicom-data ship goes to three peers, and each outcome has its reason."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest
from dulcet_programs import TITLE, start_storescp
from installed import demand
from peer_scps import SCPS
from peers import Target, need

from dimse.client import Client
from dimse.errors import CannotTranscode, InvalidFile, NoPresentationContext, NotDICOM, Truncated
from dimse.objects.codecs import Decompress
from dimse.objects.finder import MEDIA_STORAGE_DIRECTORY
from dimse.objects.prepare import Preparation
from dimse.outcome import Outcome

pytestmark = [pytest.mark.interop, pytest.mark.filterwarnings("ignore")]

DCMTK, BITS, ORTHANC, OURS = "dcmtk", "dcmtk-bit-preserving", "orthanc", "dulcet"
PALETTES = "1.2.840.10008.5.1.4.39.1"

# Files that can't be sent to anybody, and why.
UNUSABLE = {
    "bad_sequence": InvalidFile,  # a SOP Instance UID of letters
    "SC_rgb_jpeg": InvalidFile,  # Implicit VR, said to be Explicit VR
    "empty_charset_LEI": InvalidFile,  # no SOP Class UID
    "meta_missing_tsyntax": InvalidFile,  # nor anything else to know it by
    "nested_priv_SQ": InvalidFile,  # no SOP Class UID
    "emri_small_jpeg_2k_lossless_too_short": Truncated,
    "MR_truncated": Truncated,
    "rtplan_truncated": Truncated,
}
# Explicit VR with UN for every VR: DCMTK does not see their UIDs.
ALL_UNKNOWN = {"explicit_VR-UN", "rtdose_rle", "rtdose_rle_1frame"}
# Compressed, and with no decoder that makes pixels of them; pydicom has none either.
UNDECODABLE = {"JPEG-lossy", "JPEG2000-embedded-sequence-delimiter"}


def all_files() -> list[Path]:
    data_store = pytest.importorskip("data_store", reason="needs pydicom-data")
    roots = [Path(pydicom.__file__).parent / "data", Path(data_store.__file__).parent]
    found = [path for root in roots for path in sorted(root.rglob("*")) if path.is_file()]
    return [path for path in found if path.suffix not in {".py", ".pyc"}]


def has_its_uids(outcome: Outcome) -> bool:
    """Whether the UIDs stand in the data set, and not in the file meta information alone."""
    own = pydicom.dcmread(outcome.name, stop_before_pixels=True)
    return "SOPClassUID" in own and "SOPInstanceUID" in own


def lacks_its_study(outcome: Outcome) -> bool:
    return not pydicom.dcmread(outcome.name, stop_before_pixels=True).get("StudyInstanceUID")


def reason(peer: str, outcome: Outcome) -> str | None:
    """Why an object was not stored, as far as that is right; None: there is no reason."""
    stem, error, status = Path(outcome.name).stem, outcome.error, outcome.status
    if isinstance(error, NotDICOM):
        return "it is something else, a text or a picture"
    if stem in UNUSABLE and type(error) is UNUSABLE[stem]:
        return "it can't be sent"
    if isinstance(error, CannotTranscode) and stem in UNDECODABLE and peer == DCMTK:
        return "it can't be decompressed"
    if isinstance(error, NoPresentationContext):
        if outcome.sop_class_uid == MEDIA_STORAGE_DIRECTORY:
            return "a DICOMDIR is for media"
        if outcome.sop_class_uid == PALETTES and peer != OURS:
            return "DCMTK knows no palettes"
    if status == (0xA900 if peer == OURS else 0xC000) and not has_its_uids(outcome):
        return "its data set does not say what it is"
    if status == 0xC000 and stem in ALL_UNKNOWN:
        return "DCMTK does not look into UN"
    if peer == ORTHANC and status == 0xA700 and lacks_its_study(outcome):
        return "Orthanc keeps only what belongs to a study"
    return None


def send(target: Target, files: list[Path]) -> list[Outcome]:
    client = Client(target.host, target.port, called_ae_title=target.title)
    preparation = Preparation(decompress=Decompress.LOSSY)
    return list(client.store(files, preparation=preparation))


@pytest.mark.parametrize("peer", [DCMTK, BITS, ORTHANC, OURS])
def test_every_outcome_has_its_reason(peer: str, tmp_path: Path):
    demand_codecs()
    files = all_files()
    assert len(files) > 200
    if peer == OURS:
        service, folder = start_storescp(tmp_path)
        with service:
            outcomes = send(Target(service.port, TITLE), files)
            kept = {pydicom.dcmread(path).SOPInstanceUID for path in folder.iterdir()}
    else:
        scp = next(each for each in SCPS if each.name == peer)
        need(scp.package)
        running = scp.start(tmp_path)
        with running.service:
            outcomes = send(running.target(), files)
            kept = set(running.stored())
    assert [outcome.name for outcome in sorted(outcomes, key=lambda each: each.name)] == sorted(
        map(str, files)
    )
    unexplained = {
        outcome.name: outcome.meaning
        for outcome in outcomes
        if not outcome.stored and reason(peer, outcome) is None
    }
    assert unexplained == {}
    assert sum(outcome.stored for outcome in outcomes) > 200
    sent = {outcome.sop_instance_uid for outcome in outcomes if outcome.stored}
    refused = {outcome.sop_instance_uid for outcome in outcomes if not outcome.stored}
    # DCMTK removes what it had if another object of the same name is bad.
    assert sent - refused <= kept
    if peer != DCMTK:  # which keeps what it refused, under names of its own
        assert kept <= sent | refused


def demand_codecs() -> None:
    try:
        import pylibjpeg  # noqa: F401
    except ImportError:
        demand("pylibjpeg", "needs the codecs: pip install -e .[codecs]", optional=True)
