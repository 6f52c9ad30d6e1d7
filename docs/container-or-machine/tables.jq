# The tables of docs/container-or-machine.md, from one line of JSON for each run.

def mib: if . == null or . == 0 then "-" else . / 1048576 | round | tostring end;
def median: sort | if length == 0 then null else .[(length - 1) / 2 | floor] end;
def verdict: .outcome + (if (.cause // "") != "" then "/" + .cause else "" end);
def died: .outcome == "crashed";
def row: "| " + join(" | ") + " |";
def rule($n): [range($n) | "---"] | row;
def of($setting; $case): map(select(.setting == $setting and .case == $case));
def present($order): map(.setting) as $there | $order | map(select(. as $s | $there | index($s)));

# "crashed/oom-kill 3" or, where runs differ, each with its number.
def cell: if length == 0 then "" else group_by(verdict) | sort_by(-length) |
	map("\(.[0] | verdict) \(length)") | join(", ") end;

def verdicts($order; $cases): . as $all | present($order) as $settings |
	(["", $settings[]] | row), rule(1 + ($settings | length)),
	($cases[] as $case | select($all | any(.case == $case)) |
		[$case, ($settings[] as $s | $all | of($s; $case) | cell)] | row);

# Of all runs of a setting: medians of what was there before the load, highest of what came.
def figures($order; $cases): . as $all |
	(["", "limit", "kernel before the load", "unreclaimable before", "left for the server", "most dirty", "most in sockets", "most swapped out"] | row), rule(8),
	(present($order)[] as $s | $all | map(select(.setting == $s and .outcome != "invalid" and .outcome != "skipped" and (.case | test("^(one|two|three)-")))) |
		select(length > 0) |
		[$s, (map(.cap) | median | mib), (map(.kernel) | median | mib), (map(.before) | median | mib),
			((map(.cap) | median) - (map(.before) | median) | mib), (map(.dirty) | max | mib), (map(.sock) | max | mib),
			(map(.swap) | max | mib)] | row);

# Whether the server dies in more than half of the runs; null: not run, or not known.
def fate: map(select(.outcome != "invalid" and .outcome != "skipped")) | if length == 0 then null else (map(select(died)) | length * 2) > length end;

# A factor is one thing that differs between two settings.
def factor_list: [
	{name: "socket memory, charged by v2 alone", from: "v1", to: "v2"},
	{name: "memory.high", from: "v2", to: "v2-high"},
	{name: "a machine of that size instead of a cap", from: "v1", to: "machine"},
	{name: "the kernel's own share alone, taken off the cap", from: "v1", to: "v1-less"},
	{name: "what else a machine has", from: "v1-less", to: "machine"},
	{name: "a machine instead of a cap, at 192 MiB", from: "v1-192", to: "machine-192"},
	{name: "swap of the same size", from: "machine", to: "machine-swap"},
	{name: "a disk of 20 MB/s", from: "machine", to: "machine-slow"},
	{name: "vm.dirty_ratio of 5 instead of 20", from: "machine", to: "machine-dirty"},
	{name: "the lower ratio on the slow disk", from: "machine-slow", to: "machine-slow-dirty"}];

# Each factor with the cases whose fate is known in both of its settings; none: it is left out.
def compared($cases): . as $all | factor_list[] | . as $f |
	[$cases[] as $c | {case: $c, a: ($all | of($f.from; $c) | fate), b: ($all | of($f.to; $c) | fate)} | select(.a != null and .b != null)] |
	select(length > 0) |
	$f + {same: map(select(.a == .b)) | length, lives: map(select(.a and (.b | not)) | .case), dies: map(select(.b and (.a | not)) | .case)};

def names: if length == 0 then "none" else join(", ") end;

def factors($order; $cases):
	(["factor", "from → to", "cases with the same fate", "dies no more", "dies now"] | row), rule(5),
	(compared($cases) | [.name, "\(.from) → \(.to)", (.same | tostring), (.lives | names), (.dies | names)] | row);

# The factors that gave a case another fate, then those that gave none.
def answer($order; $cases): [compared($cases)] | map(select(.lives + .dies != [])) as $made | map(select(.lives + .dies == [])) as $not |
	($made[] | "- **\(.name)** makes a difference (`\(.from)` → `\(.to)`, \(.same) cases the same)." +
		(if .lives == [] then "" else "\n  Dies no more: \(.lives | names)." end) + (if .dies == [] then "" else "\n  Dies now: \(.dies | names)." end)),
	(if $not == [] then empty else "- **No case has another fate** with", ($not | map("  - \(.name) (\(.same) cases)") | join(";\n")) + "." end);

# What a machine leaves for the server, beside a cap of its size.
def room($order; $cases): (map(select(.outcome != "invalid" and .outcome != "skipped" and (.case | test("^(one|two|three)-"))))) as $all |
	def left($s): $all | map(select(.setting == $s)) | {cap: (map(.cap) | median), kernel: (map(.kernel) | median), before: (map(.before) | median)};
	if ($all | any(.setting == "machine")) and ($all | any(.setting == "v1")) then left("machine") as $m | left("v1") as $c |
		"Of \($m.cap | mib) MiB a machine leaves \($m.cap - $m.before | mib) MiB for the server, a cap \($c.cap - $c.before | mib) MiB:\n" +
		"\($m.kernel | mib) MiB are the kernel's before any load."
	else "Cap and machine were not both measured." end;

def sizes($order; $cases): "\(length) runs; uploads of \(map(.size) | unique | join(", ")); \(map(select(.outcome == "invalid")) | length) runs invalid" +
	(map(select(.outcome == "invalid") | "\(.setting), \(.case): \(.why)") | unique | if length == 0 then "." else ": " + (join("; ")) + "." end);
