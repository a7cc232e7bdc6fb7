"""The other fixtures are what their READMEs say: DICOM files, tables, certificates."""

from __future__ import annotations

import hashlib
import re
import ssl
from dataclasses import dataclass
from pathlib import Path

import pydicom
import pytest
from golden import FIXTURES

DICOM = FIXTURES / "dicom"
README = (DICOM / "README.md").read_text("utf-8")


@dataclass(frozen=True)
class Row:
    name: str
    sop_class: str
    transfer_syntax: str
    size: int
    sha256: str


def rows() -> list[Row]:
    found = []
    for line in README.splitlines():
        if line.startswith("| `"):
            cells = [each.strip() for each in line.strip("|").split("|")]
            uids = [(re.findall(r"`([0-9.]+)`", cell) or [""])[0] for cell in cells[2:4]]
            found.append(Row(cells[0].strip("`"), *uids, int(cells[6]), cells[7].strip("`")))
    return found


def dicom(pattern: str) -> list[Path]:
    return sorted(path for path in DICOM.glob(pattern) if path.name != "README.md")


def test_the_table_names_every_file_and_no_other():
    files = {path.relative_to(DICOM).as_posix() for path in dicom("**/*") if path.is_file()}
    assert {each.name for each in rows()} == files
    assert sum(each.size for each in rows()) < 3_000_000


@pytest.mark.parametrize("row", [pytest.param(each, id=each.name) for each in rows()])
def test_a_row_tells_the_truth(row: Row):
    data = (DICOM / row.name).read_bytes()
    assert len(data) == row.size
    assert hashlib.sha256(data).hexdigest() == row.sha256
    if row.name.startswith("faulty/"):
        assert (row.sop_class, row.transfer_syntax) == ("", "")
        return
    found = pydicom.dcmread(DICOM / row.name)
    assert found.SOPClassUID == found.file_meta.MediaStorageSOPClassUID == row.sop_class
    assert found.SOPInstanceUID == found.file_meta.MediaStorageSOPInstanceUID
    assert found.file_meta.TransferSyntaxUID == row.transfer_syntax


def test_files_to_be_stored_have_their_own_instance_uids():
    uids = [
        pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID for path in dicom("*.dcm")
    ]
    assert len(uids) > 20
    assert len(set(uids)) == len(uids)


def test_many_kinds_and_syntaxes_are_there():
    kinds = {
        each.name.partition("-")[0].partition(".")[0] for each in rows() if "/" not in each.name
    }
    assert kinds >= {"cr", "ct", "mr", "us", "sc", "rtplan", "rtdose", "sr", "ecg", "seg"}
    stored = {each.transfer_syntax for each in rows() if "/" not in each.name}
    base = "1.2.840.10008.1.2"
    lossless_and_lossy = {f"{base}.4.{end}" for end in (50, 51, 70, 81, 90, 91)}
    assert stored >= {
        base,
        f"{base}.1",
        f"{base}.2",
        f"{base}.1.99",
        f"{base}.5",
        *lossless_and_lossy,
    }


@pytest.mark.parametrize("stem", ["mr", "seg", "sc-odd"])
def test_variants_are_one_object(stem: str):
    found = [pydicom.dcmread(path) for path in dicom(f"variants/{stem}-*.dcm")]
    assert len(found) >= 2
    assert len({each.SOPInstanceUID for each in found}) == 1
    assert len({each.file_meta.TransferSyntaxUID for each in found}) == len(found)
    sizes = {(each.Rows, each.Columns) for each in found}
    assert len(sizes) == 1


@pytest.mark.parametrize("name", ["no-meta-explicit", "no-meta-implicit", "no-meta-big-endian"])
def test_a_bare_data_set_has_no_file_meta(name: str):
    data = (DICOM / "faulty" / f"{name}.dcm").read_bytes()
    assert data[128:132] != b"DICM"
    assert data[:4] in (b"\x08\0\x05\0", b"\0\x08\0\x05")


def test_truncated_files_end_early():
    whole = (DICOM / "ct-explicit.dcm").read_bytes()
    assert (DICOM / "faulty" / "truncated-meta.dcm").read_bytes() == whole[:200]
    pixels = pydicom.dcmread(DICOM / "faulty" / "truncated-pixels.dcm")
    assert len(pixels.PixelData) < pixels.Rows * pixels.Columns * 2


def test_a_bare_data_set_is_the_whole_ones_data_set():
    whole = (DICOM / "ct-explicit.dcm").read_bytes()
    bare = (DICOM / "faulty" / "no-meta-explicit.dcm").read_bytes()
    assert whole.endswith(bare)
    assert len(whole) - len(bare) == 144 + int.from_bytes(whole[140:144], "little")


TLS = FIXTURES / "tls"


def handshake(server: str, client: str, *, host: str = "localhost") -> None:
    """Both ends in memory; the server asks for a certificate. Raises what the first to fail says."""
    near = ssl.create_default_context(cafile=TLS / "ca.pem")
    near.load_cert_chain(TLS / f"{client}.pem", TLS / f"{client}.key")
    far = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=TLS / "ca.pem")
    far.verify_mode = ssl.CERT_REQUIRED
    far.load_cert_chain(TLS / f"{server}.pem", TLS / f"{server}.key")
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        near.wrap_bio(back, there, server_hostname=host),
        far.wrap_bio(there, back, server_side=True),
    ]
    for _ in range(4):  # flights of a TLS 1.3 handshake, and one more
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_good_certificates_shake_hands(host: str):
    handshake("server", "client", host=host)


@pytest.mark.parametrize(
    ("server", "client", "why"),
    [
        ("expired-server", "client", "certificate has expired"),
        ("unknown-server", "client", "unable to get local issuer certificate"),
        ("elsewhere-server", "client", "Hostname mismatch"),
        ("server", "expired-client", "certificate has expired"),
        ("server", "unknown-client", "unable to get local issuer certificate"),
    ],
)
def test_bad_certificates_are_refused(server: str, client: str, why: str):
    with pytest.raises(ssl.SSLCertVerificationError, match=why):
        handshake(server, client)


def test_certificates_outlive_the_project_and_are_marked():
    for path in TLS.glob("*.pem"):
        found = ssl._ssl._test_decode_cert(path)
        assert ("organizationName", "dulcet TEST ONLY") in {each[0] for each in found["subject"]}
        ends = ssl.cert_time_to_seconds(found["notAfter"])
        starts = ssl.cert_time_to_seconds(found["notBefore"])
        years = (ends - starts) / 365.25 / 86400
        assert years < 1.1 if path.stem.startswith("expired") else years > 20
        assert "TEST ONLY" in path.with_suffix(".key").read_text("ascii").splitlines()[0]


def test_every_folder_is_described():
    text = (FIXTURES / "README.md").read_text("utf-8")
    standard = {path.name for path in (FIXTURES / "standard").iterdir()}
    assert {name for name in standard if f"`{name}`" not in text} == set()
    folders = {path.name for path in FIXTURES.iterdir() if path.is_dir()} - {"__pycache__"}
    assert {name for name in folders if f"`{name}/" not in text} == set()
