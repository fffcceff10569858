"""docs/README.md: every page, package and rule is listed, each at its place."""

import re

import pytest

from helpers.repository import ROOT

PAGE = ROOT / "docs" / "README.md"
TEXT = PAGE.read_text()
SOURCE = ROOT / "src" / "s2r"
HEAD = r"^ *(?:use rule \w+ as|rule|checkpoint) (\w+)"


def rules() -> dict[str, str]:
    """The text of every rule, by its name."""
    found = {}
    for path in (ROOT / "workflow" / "rules").glob("*.smk"):
        _, *parts = re.split(HEAD, path.read_text(), flags=re.M)
        found |= dict(zip(parts[::2], parts[1::2], strict=True))
    return found


RULES = rules()


def stages() -> dict[str, tuple[list[str], list[str]]]:
    """Rules and results of each row of the table of stages."""
    table = TEXT.split("| stage | rules, in `workflow/rules/` | results |")[1]
    rows = [line.strip("| ").split("|") for line in table.splitlines() if line.startswith("| ")]
    return {
        stage.strip(): tuple(re.findall(r"`([^`]+)`", cell) for cell in (named, results))
        for stage, named, results in rows
    }


def tree() -> list[str]:
    """Names below src/s2r/ in the tree, from top to bottom."""
    block = re.search(r"^src/s2r/\n((?:  .*\n)+)", TEXT, re.M)[1]
    return [line.split()[0].rstrip("/") for line in block.splitlines()]


def test_every_page_is_listed():
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {PAGE.name}
    pages |= {"../config/README.md", "../profiles/README.md"}
    pages |= {f"notebooks/{path.name}" for path in (ROOT / "docs" / "notebooks").glob("*.ipynb")}
    listed = re.findall(r"^\| \[([^\]]+)\]\(([^)]+)\) \|", TEXT, re.M)
    assert sorted(target for _, target in listed) == sorted(pages)
    assert all(name == target for name, target in listed)


def test_every_package_is_in_the_tree():
    there = {path.parent.name for path in SOURCE.glob("*/__init__.py")} | {"cli.py"}
    assert sorted(tree()) == sorted(there)


def test_a_package_imports_only_from_packages_above_it():
    """Beside the test of the order, so that the page has this order too."""
    names = [name.removesuffix(".py") for name in tree()]
    for path in SOURCE.rglob("*.py"):
        here = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        if here not in names:
            continue
        for there in re.findall(r"^\s*(?:from|import) s2r\.(\w+)", path.read_text(), re.M):
            assert names.index(there) <= names.index(here), f"{path.name}: s2r.{there}"
            assert (here, there) != ("generation", "training")


def test_the_folders_of_the_workflow_are_there():
    block = re.search(r"^workflow/\n((?:  .*\n)+)", TEXT, re.M)[1]
    for line in block.splitlines():
        assert (ROOT / "workflow" / line.split()[0]).is_dir()
    assert (SOURCE / "corpus" / "phantom").is_dir()


def test_every_rule_stands_in_the_table_once():
    named = [rule for rules, _ in stages().values() for rule in rules]
    assert sorted(named) == sorted(RULES)


def outputs_of(rule: str) -> str:
    if rule == "contours":  # the name stands in common.smk
        return '"<results>/contours.h5"'
    found = re.search(r"^( +)output:(.*?)(?=^\1\w+:|\Z)", RULES[rule], re.S | re.M)
    return found[2] if found else ""


@pytest.mark.parametrize("stage", stages())
def test_the_results_of_a_stage_are_made_by_its_rules(stage):
    named, results = stages()[stage]
    made = re.findall(r'"<results>/([^"]*)"', "".join(map(outputs_of, named)))
    assert results
    for result in results:
        pattern = re.escape(result).replace(r"\*", r"\w+")
        pattern = rf"{pattern.rstrip('/')}(/.*)?" if result.endswith("/") else pattern
        assert any(re.fullmatch(pattern, path) for path in made), result


@pytest.mark.parametrize("stage", stages())
def test_no_result_of_a_stage_is_left_out(stage):
    """But for those that lie beside one with a name in the table."""
    named, results = stages()[stage]
    beside = ("index.csv", "shards/", "segments.csv", "words_items.csv", "phones_confusion.csv")
    beside += ("real_speech_phones.csv", "origin.json", "table2.md", "rating_", "words.png")
    beside += ("real_speech.png",)
    for path in re.findall(r'"<results>/([^"]*)"', "".join(map(outputs_of, named))):
        known = any(path.startswith(result.rstrip("/*").removesuffix(".*")) for result in results)
        assert known or path.startswith(beside), path
