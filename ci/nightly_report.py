# SPDX-License-Identifier: MIT
"""Writes summary.md and summary.json of a night: nightly_report.py OUT CURRENT TARGETS."""
import json
import os
import sys


def read(path, default=""):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return default


def replace(path, text):
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".new", path)


def target_row(out, now, target):
    fields = (read(f"{now}/fuzzed-{target}") + "\t" * 5).split("\t")
    execs, ops, secs, first, last = (int(f) if f.strip().isdigit() else 0 for f in fields[:5])
    corpus = f"{out}/corpus/{target}"
    return {
        "target": target,
        "replayed": int(read(f"{now}/replayed-{target}", "0")),
        "execs": execs,
        "execs_per_sec": execs // max(secs, 1),
        "ops_per_sec": ops // max(secs, 1) if ops else None,
        "coverage_begin": first,
        "coverage_end": last,
        "corpus": len(os.listdir(corpus)) if os.path.isdir(corpus) else 0,
        "saved": read(f"{now}/saved-{target}") or None,
    }


def findings(out, now, night):
    rows = {}
    for line in read(f"{now}/buckets").splitlines():
        bucket, target, case, verdict = line.split("\t", 3)
        verdict, _, public = verdict.partition(", known: ")
        first = read(f"{out}/known/{bucket}")
        row = rows.setdefault(bucket, {
            "bucket": bucket, "target": target, "verdict": verdict,
            "new": first == night and not public, "public": public or None, "first_seen": first, "cases": 0, "folder": f"findings/{bucket}"})
        row["cases"] += 1
    return sorted(rows.values(), key=lambda row: (not row["new"], row["bucket"]))


def main():
    out, now, targets = sys.argv[1], sys.argv[2], sys.argv[3].split()
    night = read(f"{now}/began")
    report = {
        "night": night,
        "fuzzing_secs": int(read(f"{now}/secs", "0")),
        "targets": [target_row(out, now, target) for target in targets],
        "findings": findings(out, now, night),
    }
    new = sum(row["new"] for row in report["findings"])
    report["new_findings"] = new
    lines = [f"# Night of {night}", "",
             f"{new} new findings, {len(report['findings']) - new} known, "
             f"{report['fuzzing_secs']} s of fuzzing.", "",
             "| target | replayed | execs | exec/s | ops/s | coverage | corpus |",
             "|---|--:|--:|--:|--:|--:|--:|"]
    for row in report["targets"]:
        lines.append(f"| {row['target']} | {row['replayed']} | {row['execs']} | "
                     f"{row['execs_per_sec']} | {row['ops_per_sec'] or '-'} | "
                     f"{row['coverage_begin']} to {row['coverage_end']} | {row['corpus']} |")
    lines += [""] * any(row["saved"] for row in report["targets"])
    lines += [f"What is new of {row['target']}: {row['saved']}." for row in report["targets"] if row["saved"]]
    if report["findings"]:
        lines += ["", "| | bucket | target | cases | first seen | verdict |", "|---|---|---|--:|---|---|"]
        for row in report["findings"]:
            verdict = row["verdict"].replace("|", "\\|")[:160]
            state = "**new**" if row["new"] else "known"
            lines.append(f"| {state} | `{row['bucket']}` | {row['target']} | {row['cases']} | "
                         f"{row['public'] or row['first_seen']} | {verdict} |")
        lines += ["", "Each bucket's first case and readable trace are in `findings/<bucket>/`; "
                  "`make repro F=<case> T=<target>` shows it again."]
    replace(f"{out}/summary.md", "\n".join(lines) + "\n")
    replace(f"{out}/summary.json", json.dumps(report, indent=1) + "\n")


main()
