"""
Reads a report as a browser would and says what is wrong with it: anything that it would fetch, elements that are not
closed, ids that are there twice, links that lead nowhere, data that is no JSON, headings that skip a level, tables
without headings, scripts that are not ours.

    page_parser.py FILE [--text]     --text prints what a reader sees instead
"""
import json
import sys
from html.parser import HTMLParser

VOID = {"meta", "link", "br"}


class Page(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.wrong, self.ids, self.links, self.text = [], [], set(), [], []
        self.scripts, self.script, self.level = [], None, 0
        self.in_table = self.headings = 0

    def handle_starttag(self, tag, attributes):
        at = dict(attributes)
        for name, value in attributes:
            if name in ("src", "srcset", "action", "poster", "data"):
                self.wrong.append(f"<{tag}> fetches {value}")
            if name.startswith("on"):
                self.wrong.append(f"<{tag}> has a handler {name}={value}")
        href = at.get("href")
        if href is not None and not href.startswith("#") and href != "data:,":
            self.wrong.append(f"<{tag}> leads away to {href}")
        if href is not None and href.startswith("#"):
            self.links.append(href[1:])
        for key in ("aria-labelledby", "data-from"):
            if key in at and tag != "button":
                self.links.append(at[key])
        if "id" in at:
            if at["id"] in self.ids:
                self.wrong.append(f"the id {at['id']} is there twice")
            self.ids.add(at["id"])
        if tag in ("h1", "h2", "h3"):
            if int(tag[1]) > self.level + 1:
                self.wrong.append(f"<{tag}> follows a heading of level {self.level}")
            self.level = int(tag[1])
        if tag == "table":
            self.headings = 0
        self.headings += tag == "th"
        if tag == "figure":
            json.loads(at["data-spec"])
        if tag == "script":
            self.script = at
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in ("path", "circle") and (not self.open or self.open[-1] != tag):
            return
        if not self.open or self.open[-1] != tag:
            self.wrong.append(f"</{tag}> at {self.getpos()} closes {self.open[-1:]}")
            return
        self.open.pop()
        if tag == "table" and self.headings == 0:
            self.wrong.append(f"a table without headings at {self.getpos()}")

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts.append((self.script, data))
        elif self.open and self.open[-1] != "style":
            self.text.append(data)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        source = file.read()
    page = Page()
    page.feed(source)
    page.close()
    if "--text" in sys.argv:
        print("".join(page.text))
        return 0
    wrong = page.wrong + [f"<{tag}> is not closed" for tag in page.open]
    wrong += [f"nothing has the id {name}" for name in page.links if name not in page.ids]
    programs = [s for at, s in page.scripts if "type" not in at]
    if len(programs) != 3:
        wrong.append(f"{len(programs)} programs instead of dygraphs, its synchronizer and ours")
    for at, text in page.scripts:
        if at.get("type") == "application/json":
            json.loads(text)
    odd = {c for c in source if ord(c) < 32 and c not in "\n\t" or 0x7F <= ord(c) < 0xA0 or c in "\u202e\u2066\u200b"}
    if odd - {"\x7f"} and any(c in "".join(page.text) for c in odd):
        wrong.append(f"characters that are not to be seen: {sorted(map(hex, map(ord, odd)))}")
    print("\n".join(wrong))
    return 1 if wrong else 0


sys.exit(main())
