#!{python}
"""Stands where picotool is: says and does what its test has written beside it. Notes how it was called."""

import json
import os
import sys
import time
from pathlib import Path

folder = Path(__file__).parent
plan = json.loads((folder / "plan.json").read_text())
with (folder / "calls.jsonl").open("a") as calls:
    calls.write(json.dumps([time.monotonic(), *sys.argv[1:]]) + "\n")
if sys.argv[1:] == ["version"]:
    print(plan["version"])
    sys.exit(plan.get("version_code", 0))
if plan.get("child"):
    child = os.fork()
    if child == 0:
        time.sleep(600)
    (folder / "child").write_text(str(child))
sys.stdout.write(plan["says"])
sys.stdout.flush()
time.sleep(plan.get("seconds", 0))
with (folder / "calls.jsonl").open("a") as calls:
    calls.write(json.dumps([time.monotonic(), "end"]) + "\n")
if plan.get("signal"):
    os.kill(os.getpid(), plan["signal"])
os._exit(plan["code"])
