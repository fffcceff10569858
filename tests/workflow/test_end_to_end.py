"""The whole job, in small, on the phantom, in pictures of the size of the USC corpus."""

from helpers.whole_workflow import SMALL, complete


def test_phantom_from_nothing_to_table_and_the_second_call_does_nothing(snakemake, tmp_path, i3d):
    config = SMALL | {
        "corpus": {"phantom": {"profile": "tiny"}},
        "frames": {"size": 84},
        "split": {"unseen_subjects": 1, "unseen_stimuli": ["topic1"], "validation_stimuli": []},
        "evaluation": SMALL["evaluation"] | {"i3d": i3d},
    }
    done = snakemake("--cores", "1", config=config)
    assert done.returncode == 0, done.stdout[-3000:]
    sets = ["unseen_speech", "unseen_subject", "unseen_both"]
    table = complete(tmp_path / "results", sets)
    assert {"copied_frame", "mean_frame", "real_other"} <= set(table.index)
    assert {"mean-logmel", "recurrent-logmel"} <= set(table.index)
    for name in sets:
        floor = table.loc["real", f"contour_mm_draw_{name}"]
        assert floor < table.loc["copied_frame", f"contour_mm_draw_{name}"]
    again = snakemake("--cores", "1", config=config)
    assert "Nothing to be done" in again.stdout
