"""Numbers on the command line: the same bounds as in the configuration, before any work."""

import math

import pytest

from s2r.cli import main, parser
from s2r.config.model_blocks import SamplerConfig
from s2r.core.errors import UserError
from s2r.model.sampler import resampled


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--guidance=nan", "'nan' is not a number from 0 to 100"),
        ("--guidance=inf", "'inf' is not a number from 0 to 100"),
        ("--guidance=-1", "'-1' is not a number from 0 to 100"),
        ("--guidance=much", "'much' is not a number from 0 to 100"),
        ("--steps=0", "'0' is not a whole number from 1 to 1000"),
        ("--steps=1000000000", "is not a whole number from 1 to 1000"),
        ("--steps=4.0", "'4.0' is not a whole number"),
        ("--seed=-1", "'-1' is not a whole number from 0 to 4294967295"),
        (f"--seed={2**63}", "is not a whole number from 0 to 4294967295"),
        ("--size=0", "'0' is not a whole number from 16 to 4096"),
        ("--size=100000", "is not a whole number from 16 to 4096"),
    ],
)
def test_numbers_out_of_range(option, words, capsys):
    with pytest.raises(SystemExit) as end:
        main(["generate", "none.wav", option])
    assert end.value.code == 2
    sentence = capsys.readouterr().err.splitlines()[-1]
    assert f"argument {option.split('=')[0]}: " in sentence
    assert words in sentence


def test_numbers_in_range():
    given = ["--guidance", "2.5", "--steps", "1000", "--seed", str(2**32 - 1), "--size", "17"]
    options = parser().parse_args(["generate", "none.wav", *given])
    assert (options.guidance, options.steps, options.seed) == (2.5, 1000, 2**32 - 1)
    assert options.size == 17


@pytest.mark.parametrize("change", [(0, None), (1001, None), (None, math.nan), (None, math.inf)])
def test_the_sampler_has_the_bounds_of_the_configuration(change):
    """Whoever asks for it: the command, the studio, a script."""
    with pytest.raises(UserError, match=r"^(steps|guidance_scale): must be"):
        resampled(SamplerConfig(), *change)
    assert resampled(SamplerConfig(), 7, 0.0) == SamplerConfig(steps=7, guidance_scale=0.0)
