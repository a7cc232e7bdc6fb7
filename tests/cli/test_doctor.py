"""dulcet doctor: what a shell finds under our names, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli import doctor
from cli.doctor import Symptom, scripts_found, symptoms

OURS = "#!/python\nimport sys\nfrom dulcet.cli.storescu import main\nsys.exit(main())\n"
THEIRS = "#!/python\nimport sys\nfrom pynetdicom.apps.storescu import main\nsys.exit(main())\n"


def found(path: Path | None, others: set[str], here: Path) -> Symptom:
    (symptom,) = scripts_found({"storescu": others}, lambda _: path and str(path), here)
    return symptom


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "storescu"
    path.write_text(OURS)
    return path


def test_it_is_ours(script: Path, tmp_path: Path) -> None:
    assert found(script, set(), tmp_path) == Symptom("ok", f"storescu: {script}")


def test_it_is_ours_for_now(script: Path, tmp_path: Path) -> None:
    symptom = found(script, {"pynetdicom"}, tmp_path)
    assert symptom.state == "note"
    assert "ours, but pynetdicom has a script of that name, too" in symptom.text


def test_another_package_has_taken_it(script: Path, tmp_path: Path) -> None:
    script.write_text(THEIRS)
    symptom = found(script, {"pynetdicom"}, tmp_path)
    assert symptom.state == "wrong"
    assert "is that of pynetdicom, which was installed later" in symptom.text
    assert "'dulcet storescu' is ours; or: pip install --force-reinstall" in symptom.advice


def test_another_folder_comes_first(tmp_path: Path) -> None:
    symptom = found(Path("/usr/bin/storescu"), set(), tmp_path)
    assert symptom.state == "wrong"
    assert "/usr/bin/storescu comes first in PATH" in symptom.text
    assert f"put {tmp_path} first in PATH" in symptom.advice


@pytest.mark.parametrize(
    ("name", "always"),
    [
        ("storescu", "dulcet storescu"),
        ("dulspec", "dulcet spec"),
        ("dulcet", "python -m dulcet"),
    ],
)
def test_it_is_nowhere(name: str, always: str, tmp_path: Path) -> None:
    (symptom,) = scripts_found({name: set()}, lambda _: None, tmp_path)
    assert symptom.state == "note"
    assert symptom.advice == f"'{always}' is the same; or put {tmp_path} into PATH"


def test_every_script_of_ours_is_looked_for() -> None:
    text = "\n".join(each.text for each in symptoms())
    for name in ("storescu", "storescp", "echoscu", "dulspec", "dulcet"):
        assert f"{name}: " in text


def test_a_dictionary_that_is_none_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DCMDICTPATH", "/nowhere/dicom.dic")
    assert doctor.main([]) == 1
    assert "DCMDICTPATH names what is no file: /nowhere/dicom.dic" in capsys.readouterr().out
