"""The whole configuration: all blocks by name, its defaults, and a walk over its keys."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter
from pydantic.fields import FieldInfo
from typing_extensions import is_typeddict

from s2r.config import data_blocks as data
from s2r.config import model_blocks as models
from s2r.config import result_blocks as results
from s2r.config import window_blocks as windows
from s2r.config.keys import Name, block, key, plain
from s2r.config.recurrent_blocks import RecurrentBlock
from s2r.config.schedule import Seeds


def _default_encoders() -> dict[str, models.EncoderBlock]:
    return {
        "logmel": models.EncoderBlock("logmel"),
        "whisper-tiny.en": models.EncoderBlock("whisper", layer=2, size="tiny"),
    }


def _default_runs() -> dict[str, models.RunBlock]:
    return {
        "logmel": models.RunBlock("logmel", pooling=False, preset="s2r"),
        "whisper-tiny.en": models.RunBlock("whisper-tiny.en", pooling=False, preset="s2r"),
        "whisper-tiny.en-pooled": models.RunBlock("whisper-tiny.en", pooling=True, preset="s2r"),
    }


@block
class Config:
    """The configuration of the workflow; every default is that of the embedded experiment."""

    device: Literal["auto", "cpu", "cuda"] = key(
        "auto", "Where networks run. auto takes a GPU where there is one."
    )
    gpus: int = key(
        1,
        "GPUs of one machine that share the batches of a training; training.batch of every run "
        "must be a multiple.",
        ge=1,
    )
    seeds: Seeds = key(
        (0,),
        "Seeds of the trainings: every run and recurrent regression is trained once with each. "
        "Tables have the mean over them; samples, words, the rating study and the model folder are "
        "those of the first one.",
    )
    pathvars: data.PathVars | None = key(None, "")
    corpus: data.CorpusBlock = key(data.CorpusBlock, "")
    recordings: data.RecordingsBlock = key(data.RecordingsBlock, "")
    frames: data.FramesBlock = key(data.FramesBlock, "")
    split: data.SplitBlock = key(data.SplitBlock, "")
    encoders: dict[Name, models.EncoderBlock] = key(_default_encoders, "", min_length=1)
    runs: dict[Name, models.RunBlock] = key(_default_runs, "", min_length=1)
    recurrent: RecurrentBlock = key(RecurrentBlock, "")
    autoencoder: models.AutoencoderBlock = key(models.AutoencoderBlock, "")
    mean: models.MeanBlock = key(models.MeanBlock, "")
    residual: models.ResidualBlock = key(models.ResidualBlock, "")
    window: windows.WindowBlock = key(windows.WindowBlock, "")
    model: windows.ModelBlock = key(windows.ModelBlock, "")
    denoiser: windows.DenoiserBlock = key(windows.DenoiserBlock, "")
    training: windows.TrainingBlock = key(windows.TrainingBlock, "")
    sampler: models.SamplerConfig = key(models.SamplerConfig, "")
    evaluation: results.EvaluationBlock = key(results.EvaluationBlock, "")
    words: results.WordsBlock = key(results.WordsBlock, "")
    speech: results.SpeechBlock = key(results.SpeechBlock, "")
    paper_compat: results.PaperCompatBlock = key(results.PaperCompatBlock, "")
    rating: results.RatingBlock = key(results.RatingBlock, "")


def validate(config: Mapping) -> Config:
    """The typed configuration of merged YAML files.

    Raises pydantic's ValidationError; `s2r.config.errors.read` turns it into one sentence.
    """
    # As JSON, in which lists stand for tuples and whole numbers for numbers, and nothing else is
    # converted.
    return _validator().validate_json(json.dumps(config, default=str))


@cache
def _validator() -> TypeAdapter:
    return TypeAdapter(Config)


@dataclass(frozen=True)
class Place:
    """What the configuration may hold at one place."""

    annotation: Any
    """The type, without ``Annotated`` around it."""
    text: str
    unit: str = ""
    default: Any = None
    """As YAML holds it."""
    required: bool = False
    """Whether the key has no default."""

    @property
    def names(self) -> list[str] | None:
        """Names of the keys of a block; None where any name, or no name, may follow."""
        cls = block_of(self.annotation)
        return None if cls is None else list(_fields(cls))


def block_of(annotation: Any) -> type | None:
    """The block that an annotation means (``Block``, ``Block | None``, overrides), or None."""
    members = () if get_origin(annotation) in (dict, tuple) else get_args(annotation)
    for member in (annotation, *members):
        if hasattr(member, "__pydantic_fields__") or is_typeddict(member):
            return member
    return None


def place_at(path: list[str | int], root: type = Config) -> Place | None:
    """The place that a path of names leads to in ``root``, None where there is no such place."""
    place = Place(root, "")
    for part in path:
        annotation, cls = place.annotation, block_of(place.annotation)
        if cls is not None:
            if part not in _fields(cls):
                return None
            place = _place(cls, str(part))
        elif get_origin(annotation) is dict:
            place = _described(get_args(annotation)[1], place)
        else:
            lists = [choice for choice in _choices(annotation) if get_origin(choice) is tuple]
            if not lists:
                return None
            place = _described(get_args(lists[0])[0], place)
    return place


def leaves(cls: type = Config, prefix: str = "") -> Iterator[tuple[str, Place]]:
    """Every key that takes a value, by its dotted name; ``<name>`` stands for a free name."""
    for name in _fields(cls):
        place, dotted = _place(cls, name), f"{prefix}{name}"
        inner_block = block_of(place.annotation)
        if get_origin(place.annotation) is dict:
            inner_block = block_of(get_args(place.annotation)[1])
            dotted = f"{dotted}.<name>" if inner_block or place.default else dotted
        if inner_block is None or is_typeddict(inner_block):
            yield dotted, place
        else:
            yield from leaves(inner_block, f"{dotted}.")


def _fields(cls: type) -> Mapping[str, Any]:
    return cls.__annotations__ if is_typeddict(cls) else cls.__pydantic_fields__


def _place(cls: type, name: str) -> Place:
    hints = get_type_hints(cls, include_extras=True)
    if is_typeddict(cls):
        return _described(hints[name], Place(None, ""))
    field = cls.__pydantic_fields__[name]
    required, unit = field.is_required(), (field.json_schema_extra or {}).get("unit", "")
    default = None if required else plain(field.get_default(call_default_factory=True))
    parent = Place(None, field.description or "", unit, default, required)
    return _described(hints[name], parent)


def _described(annotation: Any, parent: Place) -> Place:
    """The place of ``annotation`` below ``parent``, with the text of ``parent`` by default."""
    text = parent.text
    if get_origin(annotation) is Annotated:
        annotation, *metadata = get_args(annotation)
        infos = [info for info in metadata if isinstance(info, FieldInfo)]
        texts = [info.description for info in infos if info.description]
        text = texts[0] if texts else text
    return replace(parent, annotation=annotation, text=text)


def _choices(annotation: Any) -> list[Any]:
    """The members of a union, or the annotation itself; without ``Annotated`` around them."""
    members = get_args(annotation) if get_origin(annotation) not in (tuple, dict, Literal) else ()
    choices = [
        get_args(member)[0] if get_origin(member) is Annotated else member for member in members
    ]
    return choices or [annotation]


WORDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    tuple: "a list",
    dict: "a block of keys",
    NoneType: "null",
}


def type_words(annotation: Any) -> str:
    """``a whole number or null`` for ``int | None``."""
    if block_of(annotation) is not None:
        return WORDS[dict]
    return " or ".join(WORDS[get_origin(choice) or choice] for choice in _choices(annotation))
