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

def factor($name; $with; $without; $cases): . as $all |
	[$cases[] as $c | {case: $c, a: ($all | of($without; $c) | fate), b: ($all | of($with; $c) | fate)} | select(.a != null and .b != null)] |
	if length == 0 then empty else
	[$name, "\($without) → \($with)", (map(select(.a == .b)) | length | tostring),
		(map(select(.a and (.b | not)) | .case) | if length == 0 then "none" else join(", ") end),
		(map(select(.b and (.a | not)) | .case) | if length == 0 then "none" else join(", ") end)] | row end;

def factors($order; $cases):
	(["factor", "from → to", "cases with the same fate", "dies no more", "dies now"] | row), rule(5),
	factor("socket memory, charged by v2 alone"; "v2"; "v1"; $cases),
	factor("memory.high"; "v2-high"; "v2"; $cases),
	factor("a machine of that size instead of a cap"; "machine"; "v1"; $cases),
	factor("the kernel's own share alone, taken off the cap"; "v1-less"; "v1"; $cases),
	factor("what else a machine has"; "machine"; "v1-less"; $cases),
	factor("a machine instead of a cap, at 192 MiB"; "machine-192"; "v1-192"; $cases),
	factor("swap of the same size"; "machine-swap"; "machine"; $cases),
	factor("a disk of 20 MB/s"; "machine-slow"; "machine"; $cases),
	factor("vm.dirty_ratio of 5 instead of 20"; "machine-dirty"; "machine"; $cases),
	factor("the lower ratio on the slow disk"; "machine-slow-dirty"; "machine-slow"; $cases);

def sizes($order; $cases): "\(length) runs; uploads of \(map(.size) | unique | join(", ")); \(map(select(.outcome == "invalid")) | length) runs invalid" +
	(map(select(.outcome == "invalid") | "\(.setting), \(.case): \(.why)") | unique | if length == 0 then "." else ": " + (join("; ")) + "." end);
