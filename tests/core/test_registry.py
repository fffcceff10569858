"""Extensions that installed packages provide, found by name."""

import subprocess
import sys

import pytest

from helpers.package import install_package
from s2r.core.errors import UserError
from s2r.core.registry import (
    ENCODERS,
    METRICS,
    MODELS,
    extension_names,
    find_extension,
    load_extension,
    package_of,
)


@pytest.fixture
def install(tmp_path, monkeypatch):
    """``install(name, group, entries, code)`` installs a package with a module of the same name."""

    def write(name, group, entries, code=""):
        install_package(monkeypatch, tmp_path / name, name, {group: entries}, {name: code})

    return write


def sentence_of(call, *arguments) -> str:
    with pytest.raises(UserError) as error:
        call(*arguments)
    sentence = str(error.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


@pytest.mark.parametrize("group", [ENCODERS, MODELS, METRICS])
def test_an_extension_is_listed_and_loaded(install, group):
    before = extension_names(group)
    install("ours", group, {"aardvark": "ours:THING"}, "THING = 7\n")
    assert extension_names(group) == ["aardvark", *before]
    assert "ours" not in sys.modules, "listing imports nothing"
    assert package_of(find_extension(group, "aardvark")) == "ours 1.5"
    assert "ours" not in sys.modules
    assert load_extension(group, "aardvark", int) == 7


def test_groups_are_kept_apart(install):
    install("ours", METRICS, {"aardvark": "ours:THING"}, "THING = 7\n")
    assert "Unknown encoder kind 'aardvark'" in sentence_of(find_extension, ENCODERS, "aardvark")


def test_an_unknown_name_gets_the_nearest_and_all_known(install):
    install("ours", METRICS, {"sharpness": "ours:A", "contrast": "ours:B"})
    known = ", ".join(extension_names(METRICS))
    sentence = sentence_of(load_extension, METRICS, "sharpnes", object)
    assert sentence.startswith("Unknown metric 'sharpnes' (did you mean 'sharpness'?)")
    assert known in sentence
    sentence = sentence_of(load_extension, METRICS, "qqq", object)
    assert "did you mean" not in sentence
    assert known in sentence


def test_a_package_that_was_not_installed_again_is_the_reason(monkeypatch):
    monkeypatch.setattr(sys, "path", [])
    assert extension_names(ENCODERS) == []
    sentence = sentence_of(find_extension, ENCODERS, "logmel")
    assert "no installed package provides any" in sentence
    assert "pip install -e ." in sentence


def test_two_packages_with_the_same_name_are_both_named(install):
    install("ours", ENCODERS, {"twice": "ours:THING"}, "THING = 7\n")
    install("theirs", ENCODERS, {"twice": "theirs:THING"}, "THING = 7\n")
    sentence = sentence_of(load_extension, ENCODERS, "twice", int)
    assert "by ours 1.5 (ours:THING) and theirs 1.5 (theirs:THING)" in sentence
    assert "ours" not in sys.modules


def test_the_same_package_in_two_folders_is_one(install, tmp_path, monkeypatch):
    install("ours", ENCODERS, {"once": "ours:THING"}, "THING = 7\n")
    monkeypatch.syspath_prepend(tmp_path / "ours" / ".." / "ours")
    assert load_extension(ENCODERS, "once", int) == 7


FAILURES = {
    "no such module": ("absent:THING", "", "ModuleNotFoundError: No module named 'absent'"),
    "no such object": ("ours:ABSENT", "", "AttributeError: module 'ours' has no attribute"),
    "syntax": ("ours:THING", "THING =\n", "SyntaxError: "),
    "missing package": ("ours:THING", "import absent\n", "No module named 'absent'"),
    "own error": ("ours:THING", "raise KeyError\n", "KeyError: no message"),
    "two lines": ("ours:THING", "raise ValueError('a\\nb')\n", "ValueError: a"),
    "no module name": ("not a module", "", "cannot be imported from not a module"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_an_import_that_fails_names_the_package(install, failure):
    target, module, reason = FAILURES[failure]
    install("ours", METRICS, {"broken": target}, module)
    sentence = sentence_of(load_extension, METRICS, "broken", int)
    assert "The metric 'broken' of the package ours 1.5 cannot be imported" in sentence
    assert reason in sentence


def test_an_object_of_another_type_names_the_package(install):
    install("ours", MODELS, {"text": "ours:THING"}, "THING = 'seven'\n")
    sentence = sentence_of(load_extension, MODELS, "text", int)
    assert "of the package ours 1.5 is a str, but ours:THING must be an instance of" in sentence
    assert "builtins.int" in sentence


def test_the_registry_imports_nothing_heavy():
    code = (
        "import sys; from s2r.core import registry; registry.extension_names('s2r.encoders');"
        "print({'numpy', 'torch', 'transformers', 's2r.speech'} & set(sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "set()"
