"""TextGrids from the phones that flite prints."""

import pytest

from s2r.corpus.textgrid import read_textgrid


def test_a_textgrid_of_flite(benchmark_module, tmp_path):
    printed = "pau:0.224 m:0.285 eh:0.413 n:0.462 iy:0.601 pau:0.777 \n"
    path = tmp_path / "a.TextGrid"
    path.write_text(benchmark_module("voices").textgrid(printed))
    phones = read_textgrid(path).phones
    assert [phone.label for phone in phones] == ["SIL", "M", "EH", "N", "IY", "SIL"]
    assert phones[1].start == pytest.approx(0.224) and phones[-1].end == pytest.approx(0.777)
