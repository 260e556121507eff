"""Measures every figure of docs/performance.md and writes the table there.

python benchmarks/run.py [--only NAME ...] [--quick]

Wants a quiet machine: it starts servers, loads all cores for half an hour, and takes about 4 GB of memory and 25 GB of disk.
"""

import importlib
import sys
from pathlib import Path

if __name__ == "__main__":
    # At the end: the checkout's folders must not stand before installed packages of the same name.
    sys.path.append(str(Path(__file__).parent.parent))
    sys.exit(importlib.import_module("benchmarks.suite").main())
