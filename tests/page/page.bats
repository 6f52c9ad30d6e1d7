#!/usr/bin/env bats
# The report in a real browser: drawn without a complaint, zoom shared, light and dark, on a phone, by keyboard.
# SHOTS=FOLDER keeps pictures of what was seen.

bats_require_minimum_version 1.5.0
load browser.bash
load ../integration/run.bash

setup_file() {
	cd "$BATS_TEST_DIRNAME/../.." || return 1
	mkdir -p build
	RESULTS=$(mktemp -d "$PWD/build/results.XXXXXX")
	export RESULTS
	./oomrig doctor >/dev/null 2>&1 || return 0
	local run="./oomrig run --quiet --results $RESULTS"
	$run scenarios/picoshare/three-uploads-before-any-fix.yaml --runs 3 --label before >/dev/null
	$run scenarios/picoshare/three-uploads-before-any-fix.yaml --runs 3 --label after --memory 1GiB >/dev/null || [ $? -eq 1 ]
	$run scenarios/laws/H2.yaml >/dev/null || [ $? -eq 1 ]
	./oomrig report "$(basename "$(ls -d "$RESULTS"/2*before* | head -1)")" --results "$RESULTS" -o "$RESULTS/death.html"
	./oomrig report "$(basename "$(ls -d "$RESULTS"/2*H2*)")" --results "$RESULTS" -o "$RESULTS/law.html"
	./oomrig report before after --results "$RESULTS" -o "$RESULTS/sides.html"
	./oomrig report "$RESULTS/" --by memory --results "$RESULTS" -o "$RESULTS/matrix.html"
	PAGES="death law sides matrix"
	export PAGES
}

teardown_file() { rm -rf "$RESULTS"; }

setup() {
	command -v chromedriver >/dev/null || skip "chromedriver is not installed (make test-page installs it)"
	[ -n "${PAGES:-}" ] || skip "no memory cap can be made here"
	browser_start
}
teardown() { browser_stop; }

quiet_page() {
	page "$RESULTS/$1.html" "$2" "$3"
	local complaints
	complaints=$(console)
	[ -z "$complaints" ] || { echo "$1, $2, $3 columns: $complaints"; return 1; }
}

@test "every kind of page is drawn without a complaint, as wide as the window, light and dark" {
	local name scheme columns
	for name in $PAGES; do
		for columns in 1280 390; do
			for scheme in light dark; do
				quiet_page "$name" "$scheme" "$columns"
				# Each figure has a canvas that something was drawn on, or says that there was nothing.
				same "$(script "return [...document.querySelectorAll('figure.chart .plot')].filter(function (plot) {
					var all = [...plot.querySelectorAll('canvas')];
					if (all.length === 0) return plot.textContent === '';
					return !all.some(function (canvas) {
						var data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
						return data.some(function (v) { return v > 0; });
					});
				}).length")" 0
				same "$(script 'return document.documentElement.scrollWidth <= innerWidth')" true
				[ -z "${SHOTS:-}" ] || screenshot "$SHOTS/$name-$columns-$scheme.png" whole
			done
		done
	done
}

@test "light and dark have other colours, also when they change under a page that is open" {
	quiet_page death light 1280
	local paper line
	paper=$(script 'return getComputedStyle(document.body).backgroundColor')
	line=$(script 'return oomrigCharts[0].graph.getColors().join()')
	devtools Emulation.setEmulatedMedia '{"features": [{"name": "prefers-color-scheme", "value": "dark"}]}'
	[ "$(script 'return getComputedStyle(document.body).backgroundColor')" != "$paper" ]
	[ "$(script 'return oomrigCharts[0].graph.getColors().join()')" != "$line" ]
}

ranges() { script 'return oomrigCharts.filter(c => !c.spec.apart).map(c => c.graph.xAxisRange().map(x => x.toFixed(3)).join("-"))'; }

@test "all charts zoom together: by button, by keyboard, and back" {
	quiet_page death light 1280
	local whole load
	whole=$(ranges)
	same "$(jq 'unique | length' <<<"$whole")" 1
	script 'for (var b of document.querySelectorAll(".zoom button")) if (b.textContent === "load") b.click()' >/dev/null
	load=$(ranges)
	[ "$load" != "$whole" ]
	same "$(jq 'unique | length' <<<"$load")" 1
	script 'var plot = document.querySelectorAll("figure.chart .plot")[1]; plot.focus();
		for (var key of ["-", "-", "-", "+", "ArrowRight"])
			plot.dispatchEvent(new KeyboardEvent("keydown", {key: key, bubbles: true}))' >/dev/null
	[ "$(ranges)" != "$load" ]
	same "$(jq 'unique | length' <<<"$(ranges)")" 1
	script 'document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key: "0", bubbles: true}))' >/dev/null
	same "$(ranges)" "$whole"
}

@test "who sees no charts reads them in words; who has no mouse reaches and scrolls all" {
	local name
	for name in $PAGES; do
		quiet_page "$name" light 390
		# Each chart that was drawn is described by its highest figures, each picture has a title.
		same "$(script 'return oomrigCharts.filter(c => {
			var box = c.figure.querySelector(".plot"), words = document.getElementById(box.getAttribute("aria-describedby"));
			return !(words && /^Highest: .*[0-9]/.test(words.textContent) && box.tabIndex === 0);
		}).length')" 0
		same "$(script 'return [...document.querySelectorAll("svg")].filter(s => !s.querySelector("title")).length')" 0
		# Whatever is wider than a phone is scrolled by keyboard, and says what it is.
		same "$(script 'return [...document.querySelectorAll(".wide")].filter(b => b.scrollWidth > b.clientWidth &&
			!(b.tabIndex === 0 && b.getAttribute("aria-label"))).length')" 0
		same "$(script 'return document.querySelectorAll(".wide[tabindex]").length > 0')" true
		# One level of headings after another, and every table says what its columns or rows are.
		same "$(script 'var last = 0; return [...document.querySelectorAll("h1, h2, h3")].filter(h => {
			var level = Number(h.tagName[1]), skipped = level > last + 1; last = level; return skipped;
		}).length')" 0
		same "$(script 'return [...document.querySelectorAll("table")].filter(t => !t.caption ||
			[...t.querySelectorAll("th")].some(th => !th.scope) || !t.querySelector("th")).length')" 0
	done
}

@test "on a phone no picture shrinks to nothing and no row grows empty" {
	local name
	for name in sides matrix; do
		quiet_page "$name" light 390
		same "$(script 'return [...document.querySelectorAll("svg.interval")].filter(s => s.clientWidth < 200).length')" 0
		same "$(script 'return [...document.querySelectorAll(".runs tbody tr")].filter(r => r.clientHeight > 250).length')" 0
	done
}

# The contrast of two colours (WCAG 2): 4.5 and above is read by who sees badly.
@test "words and lines stand out from what is behind them, light and dark" {
	local scheme
	for scheme in light dark; do
		quiet_page sides "$scheme" 1280
		same "$(script 'var style = getComputedStyle(document.documentElement);
			var light = name => {
				var hex = style.getPropertyValue("--" + name).trim().slice(1);
				hex = hex.length === 3 ? [...hex].map(c => c + c).join("") : hex;
				var [r, g, b] = [0, 2, 4].map(i => parseInt(hex.slice(i, i + 2), 16) / 255)
					.map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
				return 0.2126 * r + 0.7152 * g + 0.0722 * b;
			};
			var contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
			var pairs = ["ink", "faint", "link"].map(n => [n, "paper", 4.5]).concat(["ink", "faint"].map(n => [n, "band", 4.5]),
				["good", "warn", "bad", "alarm"].map(n => [n, n + "-back", 4.5]), [1, 2, 3, 4, 5, 6].map(n => ["c" + n, "paper", 3]));
			return pairs.filter(p => contrast(p[0], p[1]) < p[2]).map(p => p.join(" ") + " " + contrast(p[0], p[1]))')" "[]"
	done
}

@test "on paper it is dark on light, and has no buttons" {
	quiet_page death dark 1280
	devtools Emulation.setEmulatedMedia '{"media": "print", "features": [{"name": "prefers-color-scheme", "value": "dark"}]}'
	same "$(script 'return getComputedStyle(document.body).backgroundColor')" '"rgb(255, 255, 255)"'
	same "$(script 'return getComputedStyle(document.querySelector(".zoom")).display')" '"none"'
	same "$(script 'return getComputedStyle(document.querySelector(".hint")).display')" '"none"'
}

@test "a page needs no network and no neighbour" {
	mkdir "$RESULTS/alone"
	cp "$RESULTS/death.html" "$RESULTS/alone/"
	devtools Network.enable '{}'
	devtools Network.emulateNetworkConditions '{"offline": true, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}'
	quiet_page alone/death light 1280
	same "$(script 'return performance.getEntriesByType("resource").length')" 0
}
