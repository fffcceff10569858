"""Run the script of one job in this process, without Snakemake around it: for debuggers.

    python workflow/debug.py results/split.csv
    python -m pdb -c "break workflow/scripts/split.py:11" -c continue \\
        workflow/debug.py results/split.csv

Snakemake is asked which job makes the file, and its script gets the same object ``snakemake``; only
the log is empty, so that messages, prompts of a debugger and exceptions stay on the terminal. The
inputs of the job must be there. Its outputs are written as always (docs/jobs.md).
"""

import argparse
import os
import runpy
import sys
from pathlib import Path

from snakemake.api import SnakemakeApi
from snakemake.exceptions import RuleException, WorkflowError
from snakemake.iocontainers import Log, Snakemake
from snakemake.jobs import Job
from snakemake.settings.enums import Quietness
from snakemake.settings.types import (
    ConfigSettings,
    DAGSettings,
    OutputSettings,
    ResourceSettings,
)

from s2r.core.errors import UserError
from s2r.core.processes import hold_folder

WORKFLOW = Path(__file__).parent
SNAKEFILE = WORKFLOW.parent / "Snakefile"


def main() -> None:
    parser = argparse.ArgumentParser(description="Run the script of one job in this process.")
    parser.add_argument("target", help="a file that the workflow makes")
    parser.add_argument("--configfile", type=Path, nargs="+", default=[], help="as of snakemake")
    parser.add_argument("--cores", type=int, default=os.cpu_count(), help="as of snakemake")
    arguments = parser.parse_args()
    try:
        hold_folder(".snakemake/run.lock")
        script, described = script_of(arguments.target, arguments.configfile, arguments.cores)
    except UserError as error:
        sys.exit(f"Error: {error}")
    runpy.run_path(str(script), {"snakemake": described}, run_name="__main__")


def script_of(target: str, configfiles: list[Path], cores: int) -> tuple[Path, Snakemake]:
    """The script that makes a file, and the object ``snakemake`` for it, without a log.

    Raises UserError where no script makes it, or where inputs are missing.
    """
    target = os.path.relpath(target)
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL}, enable_file_logging=False)) as api:
        try:
            job = _job_of(api, target, configfiles, cores)
        except (RuleException, WorkflowError) as error:
            raise UserError(f"Snakemake finds no job that makes {target}: {error}") from error
        if not job.is_script:
            raise UserError(f"{target} is made by the rule {job.rule.name}, which has no script.")
        if missing := [path for path in dict.fromkeys(job.input) if not Path(path).exists()]:
            raise UserError(
                f"{len(missing)} inputs of {target} are missing, {missing[0]} first: make them by "
                f"`snakemake --cores all {target}`, then call again."
            )
        return WORKFLOW / "scripts" / Path(job.rule.script).name, Snakemake(
            job.input,
            job.output,
            job.params,
            job.wildcards,
            job.threads,
            job.resources,
            Log(),
            job.rule.workflow.config,
            job.rule.name,
            None,
            str(WORKFLOW / "scripts"),
        )


def _job_of(api: SnakemakeApi, target: str, configfiles: list[Path], cores: int) -> Job:
    """The job that makes a file. Snakemake has no public way to it: names with _ are its own.

    Raises UserError where the target is a rule.
    """
    api.workflow(
        resource_settings=ResourceSettings(cores=cores),
        config_settings=ConfigSettings(configfiles=[path.absolute() for path in configfiles]),
        snakefile=SNAKEFILE,
    ).dag(DAGSettings(targets={target}))
    workflow = api._workflow_api._workflow
    workflow._prepare_dag(forceall=False, ignore_incomplete=True, lock_warn_only=False, nolock=True)
    workflow._build_dag()
    for job in workflow.dag.jobs:
        if target in map(str, job.output):
            return job
    raise UserError(f"{target} is not a file that a rule makes: name one of its output files.")


if __name__ == "__main__":
    main()
