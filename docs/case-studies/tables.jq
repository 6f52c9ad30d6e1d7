# The tables of docs/case-studies.md, from an array of records (run.json, with "groups": what became of the requests
# of each load group) and the rows of the table.

def mb: . / 1e5 | round / 10 | "\(.) MB";
def seconds: . / 1e8 | round / 10 | "\(.) s";
def ms: . / 1e5 | round / 10 | "\(.) ms";
def known: type == "number";
def verdict: .verdict | .outcome + (if .cause != "" then "/" + .cause else "" end);
def of($name): [.[] | select(.scenario.name == $name)];

def outcome($name): of($name) | if length == 0 then "-" else
	(group_by(verdict) | map("\(.[0] | verdict)" + (if length > 1 then " × \(length)" else "" end)) | join(", "))
	+ (if all(.[]; .verdict.as_expected or .verdict.outcome == "skipped") then "" else " (**unexpected**)" end) end;

# What is worth a word, of one run.
def figures($latency):
	.facts as $f | [
	(if ($f.peak_unreclaimable_bytes | known) then
		"unreclaimable +" + ($f.peak_unreclaimable_bytes - $f.baseline_unreclaimable_bytes | mb) else empty end),
	(if ($f.squeezed_unreclaimable_bytes | known) then
		"of which \([$f.squeezed_unreclaimable_bytes - $f.baseline_unreclaimable_bytes, 0] | max | mb) stayed"
		else empty end),
	(if ($f.requests_failed | known) and $f.requests_failed > 0 and .verdict.outcome != "crashed" then
		"\($f.requests_failed) of \($f.requests_started) requests failed" else empty end),
	(if ($f.corrupt | known) and $f.corrupt > 0 then "**\($f.corrupt) acknowledged and lost**" else empty end),
	(if ($f.peak_wal_bytes | known) and $f.peak_wal_bytes > 3e7 then
		"log of \($f.peak_wal_bytes | mb) on disk" else empty end),
	(if ($f.canary_lag_ns | known) and $f.canary_lag_ns > 3e9 then
		"clean-up has not run for \($f.canary_lag_ns | seconds)" else empty end),
	(if ($f.deaths // [] | length) > 1 then $f.deaths as $d |
		"\($d | length) deaths, one every \(($d[-1].end_ns - $d[0].end_ns) / ($d | length - 1) | seconds), down " +
		"\($d | map(.down_ns // 0) | add | ms) in all, \($d | map(.lost // 0) | add) requests lost" else empty end),
	(if .verdict.outcome == "crashed" and ($f.load_ns | known) and ($f.deaths | not) then
		"dead after \($f.load_ns | seconds), \($f.requests_ok) requests answered" else empty end),
	(if $latency and (.load.latency | length) > 0 then
		"p50 \(.load.latency[0].p50_ns | ms), p99 \(.load.latency[0].p99_ns | ms)" else empty end),
	(if .verdict.outcome == "skipped" then .verdict.evidence[0] else empty end)
	] | join(", ");

# What the fix costs in time, where a row asks for it.
def latency_cost($row):
	[(of($row.scenarios.on), of($row.scenarios.off // "")) | .[-1].load.latency[0].p50_ns // empty]
	| if ($row.latency_cost // false) and length == 2 then
		"; p50 of off against on: × \(.[1] / .[0] * 100 | round / 100)" else "" end;

def rows($rows):
	. as $all
	| def measured($row): [$row.scenarios | to_entries[] | .key as $k | .value as $name | $all | of($name)
		| if length == 0 then empty else "\($k): " + (.[-1] | figures($row.latency // false)) end] | join("; ");
	"| row | behaviour | on | off | what its author saw | what we measured |", "|---|---|---|---|---|---|",
	($rows[] | . as $row | "| \(.row) | \(.behaviour) | \($all | outcome($row.scenarios.on)) | " +
		"\($all | outcome($row.scenarios.off // "")) | \(.author) | \(measured($row))\($all | latency_cost($row)) |");

# What became of one group's requests: "3 ok", "11 ok, 1 failed", "none in time".
def group($name; $corrupt):
	(.groups[$name] // {}) as $g | [
	(if ($g.ok // 0) > 0 then "\($g.ok) ok" else empty end),
	(if ($g.failed // 0) > 0 then
		"\($g.failed) " + (if .verdict.outcome == "crashed" then "cut off by the kill" else "failed" end) else empty end),
	(if ($g.lost // 0) > 0 then "**\($g.lost) \($corrupt)**" else empty end),
	(if ($g.ok // 0) == 0 and ($g.cut // 0) > 0 then "none in time" else empty end)
	] | if length == 0 then "-" else join(", ") end;

def group($name): group($name; "lost");

def maintenance:
	.facts as $f
	| (if ($f.maintenance_passes | known) then
		"\($f.maintenance_passes) pass\(if $f.maintenance_passes == 1 then "" else "es" end)" else "none" end)
	+ (if ($f.peak_wal_bytes | known) then ", log of \($f.peak_wal_bytes | mb)" else "" end);

def history:
	. as $all
	| "| point | three large files at once | large, in sequence | small, in sequence | a slow one | three who watch | " +
	"maintenance | verdict |", "|---|---|---|---|---|---|---|---|",
	(map(select(.scenario.tags | index("history"))) | map(.scenario.name) | unique[] as $name | $all | of($name) | .[-1]
		| "| \($name) | \(group("tabs")) | " +
		"\(group("sequence")) | \(group("small")) | \(group("phone")) | \(group("viewers"; "wrong")) | \(maintenance) | " + ($all | outcome($name)) +
		", unreclaimable at most \(.facts.peak_unreclaimable_bytes | mb) |");

def dead_ends($rows):
	. as $all
	| "| what was tried | verdict | what we measured | scenario |", "|---|---|---|---|",
	($rows[] | .scenario as $name | .tried as $tried | $all | of($name) | if length == 0 then empty else
		"| \($tried) | \($all | outcome($name)) | \(.[-1] | figures(false)) | \($name) |" end);

def runs: "\(length) runs between \(map(.started) | min) and \(map(.ended) | max), on \(.[0].host.kernel // "?"), with " +
	"\(.[0].isolation.backend // "?"). Where a scenario ran several times, the figures are of the last run.";
