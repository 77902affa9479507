"""The whole `hybrid` at desk, from the command line to the report.

    python benchmarks/hybrid_run.py [OVERRIDE ...]

Overrides as `dataset.root=HETREC` or `variant=sound` go to the run. Outputs and cache are new
folders, so that rendering the simulated sound counts. Wanted: under three minutes on two cores.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time


def main() -> None:
    """Print the wall time, the CPU time, and the run's own phases.

    Raises:
        SystemExit: the run failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        own = {"MUSO_OUTPUTS": folder, "MUSO_CACHE": f"{folder}/cache"}
        command = [sys.executable, "-m", "muso_exp", "+experiment=hybrid", *sys.argv[1:]]
        started = time.perf_counter()
        ran = subprocess.run(command, env=os.environ | own, capture_output=True, text=True)
        wall = time.perf_counter() - started
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
    if ran.returncode:
        raise SystemExit(ran.stderr[-2000:])
    cpu = used.ru_utime + used.ru_stime
    peak = used.ru_maxrss / 2**20
    print(f"hybrid {' '.join(sys.argv[1:])}: {wall:.0f} s, CPU {cpu:.0f} s, peak {peak:.2f} GiB")


if __name__ == "__main__":
    main()
