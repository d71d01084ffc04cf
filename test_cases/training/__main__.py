"""Train and write all example models and data sets, or check that the files are what training gives."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

TEST_CASES = Path(__file__).resolve().parents[1]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m test_cases.training", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file differs from a rebuild")
    parser.add_argument("--out", type=Path, default=TEST_CASES, help="folder that holds models/ and data/")
    arguments = parser.parse_args()

    # One thread, set before numpy starts its own: the order in which a matrix product is summed depends on the count.
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"
    try:
        from test_cases.training.build import build, differences, write
        from test_cases.training.evaluate import evaluate
    except ModuleNotFoundError as error:
        if error.name != "tflite_micro":
            raise
        print("training needs the tflite-micro wheel, which exists for x86-64 Linux only", file=sys.stderr)
        return 2

    start = time.monotonic()
    built = build()
    print(f"trained in {time.monotonic() - start:.1f} s")
    if arguments.check:
        found = differences(built.files(), arguments.out)
        print("\n".join(found) or f"all {len(built.files())} files are as rebuilt")
        return 1 if found else 0

    write(built.files(), arguments.out)
    print(f"{len(built.files())} files written below {arguments.out}")
    for name, figures in evaluate(built.models, built.datasets).items():
        text = ", ".join(f"{figure.replace('_', ' ')} {value:.4g}" for figure, value in figures.items())
        print(f"{name:18} {len(built.models[name]):6} bytes  {text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
