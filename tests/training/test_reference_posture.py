"""What of a reference frame's code is a posture."""

import pytest
import torch

from s2r.training.reference_posture import reference_posture

CODES = 4


def made_up(speakers: int, each: int, differ: float, move: float) -> tuple:
    """Codes (R, K) of recordings, their postures, and who speaks."""
    generator = torch.Generator().manual_seed(1)
    who = torch.arange(speakers).repeat_interleave(each)
    speaker = differ * torch.randn(speakers, CODES, generator=generator)
    postures = move * torch.randn(len(who), CODES, generator=generator)
    return 2 + speaker[who] + postures, postures, [f"sub{number:03d}" for number in who]


def estimated(codes, subjects):
    posture, neutral = reference_posture(codes, subjects)
    return (codes - neutral) @ posture.T


@pytest.mark.parametrize(("differ", "move"), [(1.0, 1.0), (2.0, 1.0), (0.5, 1.0)])
def test_postures_are_estimated_as_well_as_a_linear_estimate_can(differ, move):
    codes, postures, subjects = made_up(400, 5, differ, move)
    left = (estimated(codes, subjects) - postures).square().mean().item()
    best = 1 / (1 / differ**2 + 1 / move**2)  # variance of a posture when the sum is known
    assert left == pytest.approx(best, rel=0.05)


def test_the_neutral_code_counts_speakers_alike():
    codes, _, subjects = made_up(2, 5, 1.0, 0.1)
    twice = torch.cat([codes, codes[:5]])
    neutral = reference_posture(twice, subjects + subjects[:5])[1]
    torch.testing.assert_close(neutral, codes.view(2, 5, CODES).mean((0, 1)))


def test_references_at_rest_have_hardly_a_posture():
    codes, _, subjects = made_up(20, 5, 1.0, 0.05)
    assert estimated(codes, subjects).abs().max() < 0.1


def test_with_one_speaker_everything_is_posture():
    codes, _, subjects = made_up(1, 8, 0.0, 1.0)
    torch.testing.assert_close(estimated(codes, subjects), codes - codes.mean(0))


@pytest.mark.parametrize(
    ("codes", "subjects"),
    [
        (torch.eye(3), ["a", "b", "c"]),
        (torch.eye(3)[[0, 0, 1, 1]], ["a", "a", "b", "b"]),
        (torch.zeros(1, 3), ["a"]),
        (torch.zeros(4, 3), ["a", "a", "b", "b"]),
    ],
)
def test_without_two_references_that_differ_nothing_is(codes, subjects):
    posture, neutral = reference_posture(codes, subjects)
    assert not posture.any()
    assert neutral.isfinite().all()


def test_few_recordings_of_many_codes_give_a_finite_estimate():
    generator = torch.Generator().manual_seed(2)
    codes = torch.randn(4, 48, generator=generator)
    posture = reference_posture(codes, ["a", "a", "b", "b"])[0]
    share = torch.linalg.eigvals(posture).real
    assert share.min() >= -1e-5
    assert share.max() <= 1 + 1e-5
