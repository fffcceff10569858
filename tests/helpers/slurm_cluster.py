"""A real SLURM on one host for tests: one node without GPUs, one with simulated GPUs.

Everything lies in one folder, listens on 127.0.0.1 only, and ends with the block. Nothing of a
SLURM that the host may belong to is read or changed.

>>> with running_cluster() as cluster:
...     cluster.call("sinfo")
"""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun")
GPUS = 4

SETTINGS = """\
ClusterName=s2r
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
# The lifetime of a credential is also how long a job that is requeued waits before it starts again.
AuthInfo=socket={folder}/munge/socket,cred_expire=5
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=2,batch_sched_delay=0
# The nodes are larger than the host: what jobs ask for is real, what they use is tiny.
SlurmdParameters=config_overrides
ReturnToService=2
DefMemPerCPU=500
# Jobs that are over are remembered for an hour.
MinJobAge=3600
KillWait=5
GresTypes=gpu
NodeName=cpu0 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=64 RealMemory=256000
NodeName=gpu0 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=64 RealMemory=256000 \
Gres=gpu:none:{gpus}
PartitionName=cpu Nodes=cpu0 Default=YES MaxTime=1440 State=UP
PartitionName=gpu Nodes=gpu0 MaxTime=1440 State=UP
"""


def why_not() -> str | None:
    """Why no cluster can be started on this host; None where it can."""
    missing = [name for name in PROGRAMS if shutil.which(name, path=PATH) is None]
    if missing:
        return f"SLURM is not installed here ({', '.join(missing)}): tests/slurm/install.sh"
    return None if os.geteuid() == 0 else "a SLURM can only be started by root"


@dataclass(frozen=True)
class Cluster:
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs to find this cluster and no other."""
        return os.environ | {
            "SLURM_CONF": str(self.folder / "slurm.conf"),
            "PATH": f"{self.folder / 'bin'}:{PATH}",
        }

    def call(self, *command: str) -> str:
        """Standard output of one of SLURM's programs."""
        process = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)}: {process.stderr}")
        return process.stdout

    def jobs(self) -> list[dict[str, str]]:
        """All jobs of the last hour, first to last, as `scontrol show job` has them."""
        lines = self.call("scontrol", "--oneliner", "show", "job").splitlines()
        jobs = [dict(re.findall(r"(\w+)=(\S*)", line)) for line in lines if "JobId=" in line]
        return sorted(jobs, key=lambda job: int(job["JobId"]))


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """A cluster with the partitions cpu and gpu, one node each. Raises RuntimeError where it does
    not come up."""
    folder = Path(tempfile.mkdtemp(prefix="s2r-slurm-"))
    folder.chmod(0o755)  # munged wants a socket that everybody can reach
    cluster = Cluster(folder)
    with ExitStack() as cleanup:
        cleanup.callback(shutil.rmtree, folder)
        _write_settings(folder)
        munge = folder / "munge"
        daemon = _daemon(cleanup, cluster)
        daemon(
            *("munged", "--foreground", f"--key-file={munge}/key", f"--socket={munge}/socket"),
            *(f"--pid-file={munge}/pid", f"--seed-file={munge}/seed"),
            *(f"--log-file={munge}/log", "--num-threads=2"),
        )
        _wait(cluster, (munge / "socket").exists)
        daemon("slurmctld", "-D")
        daemon("slurmd", "-D", "-N", "cpu0")
        daemon("slurmd", "-D", "-N", "gpu0")
        _wait(cluster, lambda: cluster.call("sinfo", "-hN", "-o", "%T").split() == ["idle"] * 2)
        cleanup.callback(_cancel_all, cluster)
        yield cluster


def _write_settings(folder: Path) -> None:
    for name in ("munge", "state", "cpu0", "gpu0", "bin", "dev"):
        (folder / name).mkdir()
    key = folder / "munge" / "key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o600)
    ports, host = _free_ports(3), socket.gethostname().split(".")[0]
    settings = SETTINGS.format(folder=folder, host=host, ports=ports, gpus=GPUS)
    (folder / "slurm.conf").write_text(settings)
    # Of the device files slurmd wants no more than that they are there.
    for number in range(GPUS):
        os.mknod(folder / "dev" / f"nvidia{number}", 0o20600, os.makedev(1, 3))
    (folder / "gres.conf").write_text(
        "AutoDetect=off\nNodeName=gpu0 Name=gpu Type=none Flags=nvidia_gpu_env "
        f"File={folder}/dev/nvidia[0-{GPUS - 1}]\n"
    )
    # Snakemake takes SLURM_CONF from the environment in which it calls srun.
    srun = folder / "bin" / "srun"
    program = shutil.which("srun", path=PATH)
    srun.write_text(f'#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {program} "$@"\n')
    srun.chmod(0o755)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as cleanup:
        sockets = [cleanup.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _daemon(cleanup: ExitStack, cluster: Cluster):
    def start(*command: str) -> None:
        with open(cluster.folder / "daemons.log", "ab") as log:
            process = subprocess.Popen(command, env=cluster.environment, stdout=log, stderr=log)
        cleanup.callback(_stop, process)

    return start


def _stop(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait(cluster: Cluster, ready, seconds: float = 60) -> None:
    end, reported = time.monotonic() + seconds, ""
    while time.monotonic() < end:
        try:
            if ready():
                return
        except RuntimeError as error:
            reported = str(error)
        time.sleep(0.2)
    log = (cluster.folder / "daemons.log").read_text()
    raise RuntimeError(f"SLURM does not come up: {reported}\n{log[-3000:]}")


def _cancel_all(cluster: Cluster) -> None:
    cluster.call("scancel", "--user=root")
    _wait(cluster, lambda: not cluster.call("squeue", "-h"))
