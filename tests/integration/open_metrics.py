"""Is standard input OpenMetrics text (openmetrics.io, version 1.0: the ABNF of the exposition format)?"""
import re
import sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
ESCAPED = r'(?:[^"\\\n]|\\["\\n])*'
LABELS = r'\{(?:%s="%s"(?:,%s="%s")*)?\}' % (NAME, ESCAPED, NAME, ESCAPED)
NUMBER = r"[+-]?(?:\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|NaN|[+-]?Inf)"
TYPE = re.compile(r"# TYPE (%s) (gauge|counter|info|stateset|unknown)$" % NAME)
UNIT = re.compile(r"# UNIT (%s) ([a-z]+)$" % NAME)
HELP = re.compile(r"# HELP (%s) (?:[^\\\n]|\\[\\n\"])*$" % NAME)
SAMPLE = re.compile(r"(%s)(%s)? (%s)(?: (%s))?$" % (NAME, LABELS, NUMBER, NUMBER))

text = sys.stdin.read()
assert text.endswith("# EOF\n"), "does not end with # EOF"
family, kind, seen, samples = None, None, set(), set()
for number, line in enumerate(text[: -len("# EOF\n")].splitlines(), 1):
    where = "line %d: %r" % (number, line)
    if match := TYPE.match(line):
        family, kind = match.groups()
        assert family not in seen, where + ": a family twice"
        seen.add(family)
    elif match := UNIT.match(line):
        assert match[1] == family and family.endswith("_" + match[2]), where + ": the unit is not the name's ending"
    elif match := HELP.match(line):
        assert match[1] == family, where + ": help of another family"
    else:
        match = SAMPLE.match(line)
        assert match, where + ": no sample"
        assert match[1] == family + ("_info" if kind == "info" else ""), where + ": a sample of another family"
        assert (match[1], match[2]) not in samples, where + ": a sample twice"
        samples.add((match[1], match[2]))
print(len(samples))
