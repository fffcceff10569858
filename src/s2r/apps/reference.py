"""The reference of the Python interface, docs/reference.md, written from the docstrings.

``python -m s2r.apps.reference`` in the project's folder writes it again; a test compares them.
"""

import ast
import inspect
import itertools
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from pkgutil import resolve_name

import s2r
from s2r.core.files import atomic_path

FILE = Path("docs/reference.md")

HEAD = """\
# Reference of the Python interface

Written from the docstrings: `python -m s2r.apps.reference`. How it is used, with examples:
[python.md](python.md).
"""

PUBLIC = ("load", "Model", "Video", "UserError")
"""Names of the package `s2r`, in the order of the page."""

STAGES = (
    "s2r.corpus.phantom.writer:record",
    "s2r.corpus.phantom.writer:write_recording",
    "s2r.preparation.frames:prepare_recording",
    "s2r.preparation.frames:prepare_video",
    "s2r.core.shards:write_shard",
    "s2r.speech.load:load_encoder",
    "s2r.preparation.embeddings:embed_shard",
    "s2r.preparation.recordings:open_recordings",
    "s2r.training.autoencoder:fit_autoencoder",
    "s2r.training.utterance:train_utterance",
    "s2r.generation.model_folder:export_model",
    "s2r.apps.score_videos:score",
    "s2r.evaluation.metrics.paired:ssim_per_frame",
    "s2r.evaluation.metrics.tract_variables:tract_variables",
    "s2r.apps.adapt:adapt_folder",
    "s2r.generation.hub:find_model",
    "s2r.generation.hub:push_model",
)
"""Functions of the stages that examples of docs/python.md call."""

_SECTION = re.compile(r"(Args|Returns|Raises|Warns):")
_ENTRY = re.compile(r"(\w[\w, ]*): (.*)")


def reference() -> str:
    """The text of the page."""
    parts = [HEAD]
    for name in PUBLIC:
        found = getattr(s2r, name)
        parts += [f"## s2r.{name}\n", *(_of_class(found) if inspect.isclass(found) else [])]
        if not inspect.isclass(found):
            parts.append(_of_function(found, f"s2r.{name}"))
    parts.append("## Stages\n")
    for place in STAGES:
        module, name = place.split(":")
        parts += [f"### {name}\n", _of_function(resolve_name(place), f"{module}.{name}")]
    return "\n".join(parts)


def _of_class(cls: type) -> Iterator[str]:
    yield markdown(inspect.getdoc(cls))
    if cls.__module__ == "s2r.core.errors":
        return
    attributes = {name: text for name, text in _attributes(cls).items() if name[0] != "_"}
    members = {
        name: member for name, member in vars(cls).items() if name[0] != "_" or name == "__call__"
    }
    properties = {
        name: inspect.getdoc(member)
        for name, member in members.items()
        if isinstance(member, property)
    }
    rows = {**attributes, **properties}
    lines = [f"| `{name}` | {_in_line(text)} |" for name, text in rows.items()]
    yield "\n".join(["| attribute | |", "|---|---|", *lines, ""])
    variable = cls.__name__.lower()
    for name, member in members.items():
        if inspect.isfunction(member):
            call = variable if name == "__call__" else f"{variable}.{name}"
            yield f"### {'Call of a model' if name == '__call__' else f'{cls.__name__}.{name}'}\n"
            yield _of_function(member, call)


def _of_function(function, call: str) -> str:
    signature = inspect.signature(function)
    kept = [value for name, value in signature.parameters.items() if name != "self"]
    arguments = [str(value) for value in signature.replace(parameters=kept).parameters.values()]
    kinds = [value.kind for value in kept]
    if inspect.Parameter.KEYWORD_ONLY in kinds:
        arguments.insert(kinds.index(inspect.Parameter.KEYWORD_ONLY), "*")
    returned = signature.return_annotation
    returned = returned if isinstance(returned, str) else inspect.formatannotation(returned)
    text = ", ".join(arguments)
    if len(text) > 70:
        text = "\n    " + ",\n    ".join(arguments) + ",\n"
    text = _short(f"{call}({text}) -> {returned}")
    return f"```text\n{text}\n```\n\n{markdown(inspect.getdoc(function))}"


def _short(signature: str) -> str:
    """A signature without the modules of its types."""
    return re.sub(r"\b(?:[a-z_]\w*\.)+(?=[A-Z]|ndarray)", "", signature).replace("'", '"')


def _attributes(cls: type) -> dict[str, str]:
    """Attributes that ``__init__`` sets with a text below: {name: text}."""
    source = textwrap.dedent(inspect.getsource(cls.__init__))
    body = ast.parse(source).body[0].body
    found = {}
    for statement, text in itertools.pairwise(body):
        target = statement.targets[0] if isinstance(statement, ast.Assign) else None
        documented = isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
        if isinstance(target, ast.Attribute) and documented:
            found[target.attr] = inspect.cleandoc(text.value.value)
    return found


def _in_line(text: str) -> str:
    return " ".join(text.replace("``", "`").split())


def markdown(text: str) -> str:
    """A docstring as Markdown: its arguments, errors and results as lists."""
    lines, section, entry = [], "", []

    def end() -> None:
        if entry:
            lines.append(f"- {_in_line(' '.join(entry))}")
            entry.clear()

    for line in text.splitlines():
        heading = _SECTION.fullmatch(line)
        if heading or not section or (line and not line.startswith("    ")):
            end()
            section = heading[1] if heading else ""
            lines += [f"**{section}**", ""] if heading else [line.replace("``", "`")]
        elif not line.strip():
            end()
            lines.append("")
        else:
            found = _ENTRY.fullmatch(line[4:])
            if found and section != "Returns":
                end()
                names = ", ".join(f"`{name}`" for name in found[1].split(", "))
                entry.append(f"{names}: {found[2]}")
            else:
                entry.append(line.strip())
    end()
    return "\n".join(lines).rstrip() + "\n"


def write(root: Path = Path()) -> None:
    """Write the page below ``root``."""
    with atomic_path(root / FILE) as temporary:
        temporary.write_text(reference())


if __name__ == "__main__":
    write()
