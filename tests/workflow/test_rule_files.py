"""The files of the rules, and the profile that names them."""

import re

import yaml

from helpers.repository import ROOT


def test_each_rule_is_in_the_file_of_its_name():
    files = {path.stem: path.read_text() for path in (ROOT / "workflow" / "rules").glob("*.smk")}
    for stem, text in files.items():
        for rule in re.findall(r"^ *(?:use rule \w+ as|rule|checkpoint) (\w+)", text, re.M):
            fitting = [name for name in files if f"{rule}_".startswith(f"{name}_")]
            assert stem == max(fitting, key=len), f"{rule} is in {stem}.smk"
        assert len(text.splitlines()) <= 60 or stem == "common"
    includes = re.findall(r'"rules/(\w+)\.smk"', (ROOT / "workflow" / "Snakefile").read_text())
    assert sorted(includes) == sorted(files)


def test_the_slurm_profile_names_rules_that_exist_and_all_with_threads():
    rules = {}
    for path in (ROOT / "workflow" / "rules").glob("*.smk"):
        parts = re.split(
            r"^ *(?:use rule \w+ as|rule|checkpoint) (\w+)", path.read_text(), flags=re.M
        )
        rules |= dict(zip(parts[1::2], parts[2::2], strict=True))
    profile = yaml.safe_load((ROOT / "profiles" / "slurm" / "config.yaml").read_text())
    assert set(profile["set-resources"]) <= set(rules)
    inherited = {"generate_without_mean"}
    own = {name for name, text in rules.items() if re.search(r"^ +threads:", text, re.M)}
    assert set(profile["set-threads"]) == own | inherited
