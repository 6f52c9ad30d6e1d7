#!/usr/bin/env python3
"""A stored history made up from one real record: history.py RUN.JSON COUNT RESULTS [STEP_AT STEP_BYTES]

A run each hour and a commit each three runs, on three branches, with labels and notes; memory peaks vary by 1 MiB
around the record's own, by STEP_BYTES more from run STEP_AT on. No samples: nothing of what a listing reads."""
import datetime
import hashlib
import json
import os
import random
import sys

record, count, results = sys.argv[1], int(sys.argv[2]), sys.argv[3]
step_at, step_bytes = (int(sys.argv[4]), int(sys.argv[5])) if len(sys.argv) > 5 else (count, 0)
chance = random.Random(1)
with open(record, encoding="utf-8") as file:
    run = json.load(file)
facts = run["facts"]
peaks = {key: facts[key] for key in facts if key.startswith("peak_") and key.endswith("_bytes") and isinstance(facts[key], int)}
start = datetime.datetime(2026, 1, 1)

for i in range(count):
    at = start + datetime.timedelta(hours=i)
    run["id"] = f"{at:%Y%m%d-%H%M%S}.{i % 1000:03}-{run['scenario']['name']}-{i & 0xffff:04x}"
    run["started"] = f"{at:%Y-%m-%dT%H:%M:%S}Z"
    run["label"] = f"night-{i // 50}" if i % 2 else None
    run["note"] = f"tried {i // 100}" if i % 5 == 0 else None
    run["server_source"] = {"branch": ("main", "next", "old")[i % 3], "commit": hashlib.sha1(b"%d" % (i // 3)).hexdigest(), "dirty": False,
                            "changed": 0, "untracked": 0, "diff_sha": None}
    shift = chance.gauss(0, 1 << 20) + (step_bytes if i >= step_at else 0)
    for key, value in peaks.items():
        facts[key] = max(0, int(value + shift))
    os.makedirs(f"{results}/{run['id']}")
    with open(f"{results}/{run['id']}/run.json", "w", encoding="utf-8") as file:
        json.dump(run, file, indent=2)
