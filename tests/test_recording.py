"""The recording in the README: of a real terminal, as it looks today, and light."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import recording


def lines_of(svg: str) -> list[str]:
    """What a reader sees, line by line; ports are one number."""
    rows: dict[float, str] = {}
    for node in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"):
        if "clip-path" in node.attrib:
            rows.setdefault(float(node.attrib["y"]), "")
            rows[float(node.attrib["y"])] += "".join(node.itertext())
    text = "\n".join(rows[y].replace("\xa0", " ").rstrip() for y in sorted(rows))
    return re.sub(r"\b\d{5}\b(?!,)", "PORT", text.replace("11112", "eleven")).splitlines()


def test_it_shows_what_the_demonstration_shows():
    said = recording.record()
    assert "\x1b[" in said, "a terminal is coloured"
    assert all(len(re.sub(r"\x1b\[[\d;]*m", "", line)) <= 80 for line in said.splitlines())
    assert lines_of(recording.draw(said)) == lines_of(recording.TARGET.read_text("utf-8")), (
        "make recording"
    )


def test_it_is_light_and_fetches_nothing():
    svg = recording.TARGET.read_text("utf-8")
    assert len(svg) < 60_000
    assert "url(http" not in svg
    assert "@font-face" not in svg
    assert "href" not in svg
