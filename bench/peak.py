"""Run a command and write its peak memory in KiB to a file: `python bench/peak.py FILE COMMAND [ARGUMENT...]`.

In a process of its own: Linux counts the memory of whoever starts a process towards the peak of what is started.
"""

import resource
import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Run the command, and leave with its exit code."""
    file, *command = sys.argv[1:]
    code = subprocess.run(command, check=False).returncode
    Path(file).write_text(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
    return code


if __name__ == "__main__":
    raise SystemExit(main())
