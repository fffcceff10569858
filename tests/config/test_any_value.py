"""Whatever stands at a key, the configuration is complete or refused in one sentence."""

import math

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.settings import PAPER_RUN, change
from s2r.config.check import complete
from s2r.config.tree import leaves
from s2r.core.errors import UserError

FREE = {"encoders": "logmel", "runs": "old", "words": "bvt"}
"""A name for each block of free names."""

KEYS = [
    name.replace("<name>", FREE.get(name.partition(".")[0], "")).replace(".", "/")
    for name, _ in leaves()
]

numbers = st.one_of(
    st.integers(),
    st.integers(-2, 130),
    st.floats(),
    st.floats(0, 2),
    st.sampled_from([2**31, 2**32, 2**63, 2**64, 10**400, 4.0, 1e-320, 1e308, -0.0]),
)
texts = st.one_of(
    st.text(max_size=12), st.sampled_from(["", "top", "estimate", "{x}", "a\n", "\x00", "\ud800"])
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(texts, numbers), inner, max_size=2)
    ),
    max_leaves=4,
)


def not_finite(content: object, path: str = "") -> list[str]:
    """Where a configuration holds numbers that are infinite or none."""
    if isinstance(content, dict):
        return [one for name in content for one in not_finite(content[name], f"{path}.{name}")]
    if isinstance(content, list):
        return [one for entry in content for one in not_finite(entry, path)]
    return [path] if isinstance(content, float) and not math.isfinite(content) else []


@settings(
    max_examples=400, derandomize=True, database=None, deadline=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(st.dictionaries(st.sampled_from(KEYS), values, min_size=1, max_size=2))
def test_it_is_complete_or_one_sentence(changes):
    base = {"runs": {"logmel": PAPER_RUN | {"preset": "s2r"}, "old": PAPER_RUN}}
    try:
        config = complete(change(base, changes))
    except UserError as error:
        sentence = str(error)
        assert sentence.isprintable(), sentence
        assert sentence.endswith((".", "?"))
    else:
        assert {where.rpartition(".")[2] for where in not_finite(config)} <= {"guidance_interval"}
        assert complete(config) == config
