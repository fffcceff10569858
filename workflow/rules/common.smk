"""The checked configuration, and the names that the rules share."""

import glob
import os
import sys
from pathlib import Path

try:
    from s2r.config import judges, parameters, systems
    from s2r.config.build import build
    from s2r.config.check import complete
    from s2r.config.data_blocks import FolderBlock
    from s2r.core.content import content_digest
    from s2r.corpus.content import corpus_content
    from s2r.corpus.metafile import find_metafile
    from s2r.corpus.textgrid import textgrid_content
    from s2r.core.errors import UserError
    from s2r.core.processes import (
        RUN_VARIABLE,
        check_interpreter,
        check_system,
        hold_folder,
    )
    from s2r.core.registry import METRICS
    from s2r.core.source_digest import code_version
except ModuleNotFoundError as error:
    sys.exit(
        f"The package {error.name} is not installed: pip install -c constraints.txt -e .[workflow]"
    )

try:
    check_system()
except UserError as error:
    sys.exit(str(error))

try:
    config.update(complete(config))
except UserError as error:
    # An exception would bring a traceback along; one sentence is what helps here.
    sys.exit(f"Configuration: {error}")

# Jobs end when this process does.
os.environ[RUN_VARIABLE] = str(os.getpid())


# Snakemake's own locks are files that a killed call leaves behind (profiles/default switches them
# off). This one is held by a call that has jobs to do, not by -n, --report or the jobs themselves.
onstart:
    try:
        check_interpreter(sys.executable)
        hold_folder(".snakemake/run.lock")
    except UserError as error:
        sys.exit(f"Error: {error}")


ENCODERS = config["encoders"]
RUNS = list(config["runs"])
RECURRENT = config["recurrent"]["encoders"]
RUNS_WITH_MEAN = systems.runs_with_mean(config)
RUN_WITH_GAUSSIAN = systems.run_with_gaussian(config)
TRAINED = list(systems.trained_systems(config))
SYSTEMS = systems.systems(config)
# What is scored: every system once for each seed, {name of its files: (system, seed)}.
REPLICATES = systems.replicates(config)
# The same of runs, and of the encoders in the names of recurrent regressions.
RUN_SEEDS = systems.replicates_of(config, RUNS)
RECURRENT_SEEDS = [
    name.removeprefix(systems.recurrent_system(""))
    for name in systems.replicates_of(config, map(systems.recurrent_system, RECURRENT))
]
SETS = systems.evaluation_sets(config)
# Instruments that say whether a video belongs to its sound.
JUDGES = judges.instruments(config)
# Runs that generate single words on their own, beside the words in their rollouts.
SINGLE_RUNS = RUNS if config["words"]["singles"] != 0 else []
# Systems of which the rating study may show clips.
RATED = [config["rating"]["run"]] if config["rating"]["run"] else TRAINED
# The names that s2r.corpus.index.shard_of gives.
SHARDS = [f"{number:02d}" for number in range(config["recordings"]["shards"])]

# Lists of words that are to be told from each other, such as the eight bVt words.
WORD_LISTS = [text.split() for text in parameters.transcripts(config).values()]

HAS_TRUTH = parameters.of_phantom(config)
# Contours that a user traced; those of the phantom stand in its own files.
TRACED = config["corpus"]["contours"]["path"]
CONTOURS = ["<results>/contours.h5"] if TRACED else []
HAS_CONTOURS = HAS_TRUTH or bool(CONTOURS)
GPU = parameters.gpus_wanted(config["device"])
# Several runs side by side use the cores better than one run with all of them. (workflow.cores fails
# in calls without --cores: --report, --unlock, and jobs for a cluster, whose profile has set-threads.)
THREADS = max(1, (workflow.resource_settings.cores or 1) // len(RUNS))

# A phantom with others' voices does not replace the one without.
VOICES = config["corpus"]["phantom"]["voices"]
PHANTOM = f"data/phantom{'_voices' if VOICES else ''}/phantom.json"
CORPUS = PHANTOM if HAS_TRUTH else config["corpus"]["path"]
USC75 = config["corpus"]["kind"] == "usc75"
# How arrays of frames are read: only in folders, so that no other corpus is prepared again.
IN_FOLDER = config["corpus"]["kind"] == "folder"
VOLUMES = {"volumes": config["corpus"]["folder"]["volumes"]} if IN_FOLDER else {}
METAFILE = config["corpus"]["metafile"] or (find_metafile(CORPUS) if USC75 else None)
I3D = config["evaluation"]["i3d"] or "weights/i3d-kinetics-400.safetensors"
# Of the embedded weights the checksum is known; others may be exchanged.
I3D_HELD = content_digest(I3D) if config["evaluation"]["i3d"] else ""
WHISPER = "weights/whisper-tiny.en.bin"

# Shards are large: their indexes, which hold all their checksums, decide what is made again
# (frame_lists, run_lists), and the shards' own dates do not.
FRAMES = ancient(expand("<results>/frames/{shard}.h5", shard=SHARDS))
FRAMES_INDEX = expand("<results>/frames/{shard}.json", shard=SHARDS)
# Their validation errors say which trained system is the best (s2r.report.best): those of the first
# seeds, as only these go into samples, words, the rating study and the model folder.
CURVES = expand("<results>/runs/{system}/curve.csv", system=TRAINED)

# Parameters of the rules that compute scores and tables, which are made again when the code that
# computes them changes (docs/jobs.md).
SCORES_CODE = code_version(
    "evaluation",
    "preparation/region.py",
    "preparation/recordings.py",
    "preparation/selection.py",
    "generation/clip_choice.py",
    "generation/generated_file.py",
    "corpus/articulators.py",
    "corpus/truth.py",
    "config/judges.py",
    "corpus/textgrid.py",
    "core/phonetics.py",
    "core/polylines.py",
    "core/units.py",
    "speech/logmel.py",
    "speech/level.py",
    extensions=METRICS,
)
TABLES_CODE = code_version(
    "report",
    "config/systems.py",
    "evaluation/metric.py",
    "evaluation/metric_list.py",
    "evaluation/articulator_scores.py",
    "evaluation/metrics/tract_variables.py",
    extensions=METRICS,
)


wildcard_constraints:
    shard=parameters.any_of(SHARDS),
    encoder=parameters.any_of(ENCODERS),
    run=parameters.any_of(RUN_SEEDS),
    system=parameters.any_of(REPLICATES),


def speech_file(wildcards):
    """The file in speech/ that a video is asked of, whatever its suffix."""
    found = [
        str(path)
        for path in sorted(Path("speech").glob(f"{glob.escape(wildcards.name)}.*"))
        if path.stem == wildcards.name and path.is_file()
    ]
    if len(found) > 1:
        sys.exit(
            f"{' and '.join(found)} have one name, and so would their videos: rename one."
        )
    return found[0] if found else f"speech/{wildcards.name}.wav"


def speech_held(wildcards):
    """The content of that file."""
    return content_digest(speech_file(wildcards))


def there(key, path):
    """The path that a key of the configuration names. Where nothing is there, snakemake would go
    on with results that were made from something else."""

    def checked(wildcards):
        if not Path(path).exists():
            sys.exit(
                f"Configuration: {key}: there is no {path}; results that are here may have been "
                "made from something else. Correct the key, or bring it back."
            )
        # Its content counts, and its date does not.
        return ancient(path)

    return checked


def folder_of_speech(wildcards):
    """The folder of speech of people, which only a rule asked for by name needs."""
    path = config["speech"]["path"]
    if path is None:
        sys.exit(
            "Configuration: speech.path: name the folder with the speech of people that the model "
            "is to be judged by (docs/real-speech.md)."
        )
    return there("speech.path", path)(wildcards)


def i3d_weights(wildcards):
    """The weights of the Fréchet distance's network: fetched, or the user's own."""
    own = config["evaluation"]["i3d"]
    return there("evaluation.i3d", own)(wildcards) if own else I3D


def corpus_held(wildcards):
    """What decides the index: the content of recordings and metafile, not their dates.

    Not of the phantom, which its own file describes: on a cluster this is asked before it is made.
    """
    if HAS_TRUTH:
        return ""
    files = build(FolderBlock, config["corpus"]["folder"])
    kind = config["corpus"]["kind"]
    return corpus_content(kind, CORPUS, files, *([METAFILE] if METAFILE else []))


def textgrids_held(wildcards):
    """The content of the TextGrids beside the recordings; the phantom has none."""
    return "" if HAS_TRUTH else textgrid_content(CORPUS)


def shard_lists(wildcards):
    """The recordings of every shard. Snakemake looks again, once the index is done, whether a job
    with this input is needed: where no list has changed, nothing is made again."""
    return checkpoints.index.get().output.shards


def frame_lists(wildcards):
    """The recordings of every shard, and the indexes of their frames."""
    return [*shard_lists(wildcards), *FRAMES_INDEX]


def run_lists(wildcards):
    """The same, and the indexes of the embeddings of a run or a recurrent regression."""
    encoder = run_encoder(wildcards)
    return [
        *frame_lists(wildcards),
        *expand(
            "<results>/embeddings/{encoder}/{shard}.json", encoder=encoder, shard=SHARDS
        ),
    ]


def shard_list(wildcards):
    """The recordings of one shard."""
    return shard_lists(wildcards)[SHARDS.index(wildcards.shard)]


def rating_answers(wildcards):
    """What raters answered, where anybody did: no rule makes it."""
    path = workflow.pathvars.apply("<results>/rating_answers.sqlite")
    return path if Path(path).exists() else []


def embedded_whisper(encoders):
    """The weights of Whisper tiny.en, where an encoder reads them."""
    used = [ENCODERS[name] for name in encoders]
    return (
        [WHISPER]
        if any(e["kind"] == "whisper" and not e["model"] for e in used)
        else []
    )


def encoder_weights(wildcards):
    """Weights that must be there before an encoder is loaded."""
    return embedded_whisper([wildcards.encoder])


def encoder_held(wildcards):
    """The content of an encoder's local folder; of a model of the hub, what no file is."""
    model = ENCODERS[wildcards.encoder]["model"]
    return content_digest(*([model] if model else []))


def replicate(wildcards):
    """A run or a recurrent regression, and the seed of its training."""
    recurrent = "encoder" in wildcards.keys()
    return REPLICATES[
        systems.recurrent_system(wildcards.encoder) if recurrent else wildcards.run
    ]


def trained(wildcards):
    """The name of a run or a recurrent regression in the configuration, without a seed."""
    return replicate(wildcards).system


def training_seed(wildcards):
    """The seed of a training."""
    return replicate(wildcards).seed


def run_encoder(wildcards):
    """The encoder of a run, a recurrent regression or an instrument of agreement."""
    if "judge" in wildcards.keys():
        return wildcards.judge
    return systems.trained_systems(config)[trained(wildcards)]


def embeddings(wildcards):
    """Embedding shards of the encoder of a run or a recurrent regression."""
    encoder = run_encoder(wildcards)
    return ancient(
        expand(
            "<results>/embeddings/{encoder}/{shard}.h5", encoder=encoder, shard=SHARDS
        )
    )


def autoencoder(wildcards):
    """The articulation codes that a run of preset s2r is trained on."""
    return (
        "<results>/autoencoder/autoencoder.safetensors" if _has_codes(wildcards) else []
    )


def codes(wildcards):
    """The codes of the recordings that such a run is trained on."""
    return ["<results>/autoencoder/codes.h5"] if _has_codes(wildcards) else []


def _has_codes(wildcards):
    return config["runs"][trained(wildcards)]["preset"] == "s2r"


def run_size(wildcards):
    """The label of the size of the encoder of a run or a recurrent regression."""
    return parameters.size_label(config, run_encoder(wildcards))


def training_settings(wildcards):
    """What decides the weights of a run or a recurrent regression, given the seed: not the sampler,
    so that changing it trains nothing."""
    return parameters.weight_settings(config, trained(wildcards))


def generation_settings(wildcards):
    """What decides a run's videos, given its weights."""
    own = parameters.run_settings(config, trained(wildcards))
    return {key: value for key, value in own.items() if key != "training"}


def judge_embeddings(wildcards):
    """The embeddings of an instrument's encoder; log-mel is computed from the stored sound."""
    return [] if wildcards.judge == judges.LOGMEL else embeddings(wildcards)


def judge_lists(wildcards):
    """The recordings of every shard, and the indexes of what an instrument reads of them."""
    logmel = wildcards.judge == judges.LOGMEL
    return frame_lists(wildcards) if logmel else run_lists(wildcards)


def judge_encoder(wildcards):
    """What makes the embeddings of an instrument's encoder."""
    if wildcards.judge == judges.LOGMEL:
        return {"kind": "logmel"}
    return parameters.encoder_settings(config, wildcards.judge)


def judges_of(wildcards):
    """What the instruments of agreement are asked about a system, whatever its seed."""
    name = wildcards.get("system", "real")
    system = REPLICATES[name].system if name in REPLICATES else name
    return judges.judges(config, system)


def judge_files(rule, output):
    """The files of a rule of every instrument that judges a system."""

    def of_system(wildcards):
        names = [judge["encoder"] for judge in judges_of(wildcards)]
        return expand(getattr(rule.output, output), judge=names)

    return of_system
