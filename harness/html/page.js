/*
 * Draws each <figure class="chart"> by dygraphs from the JSON document that its data-from names.
 *
 * data-spec: {"unit": "bytes" | "ms" | "count", "series": [[table, column, name, colour 1..6, form]],
 * "stack": one on top of the other, the last the lowest, "limit": a line at the cap, "tall", "apart": has an axis of its own,
 * "axis": "round", "runs": the series stand in the document}.  form: "points", "dots" (larger), "dashed", "censored"
 * (dashed, its highest point marked); none is a line, as is "maybe", which is not named when nothing is known of it.
 * The document: {"span", "limit", "tables": {name: {"columns": [...], "rows": [...]}}, "phases", "marks"};
 * sizes in it are KiB.  All charts that are not apart share zoom and cursor.
 */
(function () {
	"use strict";

	var KIB = 1024;
	var charts = [], shared = [];

	function colour(name) {
		return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
	}

	/* ---- figures as people read them ---- */

	function three(value) {
		return value >= 100 || value === 0 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
	}

	function size(bytes) {
		var units = ["B", "KiB", "MiB", "GiB", "TiB"], i = 0, sign = bytes < 0 ? "\u2212" : "";
		for (bytes = Math.abs(bytes); bytes >= 1000 && i < units.length - 1; i++)
			bytes /= KIB;
		return sign + (i === 0 ? bytes.toFixed(0) : three(bytes)) + " " + units[i];
	}

	/* digits: decimals of a second, for an axis that is zoomed into. */
	function duration(s, digits) {
		var sign = s < 0 ? "\u2212" : "";
		s = Math.abs(s);
		if (s === 0)
			return "0 s";
		if (digits > 1 && s < 1)
			return sign + (s * 1000).toFixed(Math.max(0, digits - 3)) + " ms";
		if (s < 120)
			return sign + s.toFixed(Math.max(digits, 0)) + " s";
		if (s < 7200)
			return sign + Math.floor(s / 60) + " min" + (s % 60 >= 1 ? " " + Math.floor(s % 60) + " s" : "");
		return sign + Math.floor(s / 3600) + " h" + (s % 3600 >= 60 ? " " + Math.floor(s % 3600 / 60) + " min" : "");
	}

	var units = {
		bytes: { scale: KIB, text: size },
		ms: { scale: 1, text: function (ms) { return ms < 1000 ? three(ms) + " ms" : three(ms / 1000) + " s"; } },
		count: { scale: 1, text: function (n) { return String(Math.round(n * 100) / 100); } }
	};

	/* ---- data ---- */

	var documents = {};

	function data(id) {
		if (!documents[id])
			documents[id] = JSON.parse(document.getElementById(id).textContent);
		return documents[id];
	}

	/* What gives the figure of a row. */
	function reader(table, column) {
		var at = function (name) { return table.columns.indexOf(name); };
		var own = at(column), usage = at("usage"), held = at("unreclaimable"), file = at("file");
		if (column !== "other")
			return function (row) { return row[own]; };
		/* What is charged beside the two: never below nothing, because the kernel counts a little behind. */
		return function (row) {
			if (row[usage] === null || row[held] === null || row[file] === null)
				return null;
			return Math.max(0, row[usage] - row[held] - row[file]);
		};
	}

	/* Rows of all tables by time; a series whose table has no row then is undefined there: no gap. */
	function rows(spec, doc) {
		var all = [], scale = units[spec.unit].scale, names = {};
		spec.series.forEach(function (s) { names[s[0]] = true; });
		Object.keys(names).forEach(function (name) {
			var table = doc.tables[name];
			var readers = spec.series.map(function (s) { return s[0] === name ? reader(table, s[1]) : null; });
			table.rows.forEach(function (row) {
				var line = [row[0]];
				readers.forEach(function (read) {
					var value = read && read(row);
					line.push(read && value === null ? NaN : value === null ? null : value * scale);
				});
				all.push(line);
			});
		});
		return all.sort(function (a, b) { return a[0] - b[0]; });
	}

	/* ---- what stands behind and on the figures ---- */

	/* One behind the other: a phase that began within another is shown from that one's end. */
	function phases(doc) {
		var end = 0;
		return (doc.phases || []).map(function (phase) {
			var from = Math.max(phase.from, end);
			end = Math.max(end, phase.to);
			return { from: from, to: phase.to, name: phase.name };
		});
	}

	function bands(context, area, graph, doc) {
		context.fillStyle = colour("band");
		phases(doc).forEach(function (phase, i) {
			if (i % 2 === 0)
				return;
			var from = graph.toDomXCoord(phase.from), to = graph.toDomXCoord(phase.to);
			from = Math.max(from, area.x);
			to = Math.min(to, area.x + area.w);
			if (to > from)
				context.fillRect(from, area.y, to - from, area.h);
		});
	}

	function names(context, area, graph, doc) {
		context.fillStyle = colour("faint");
		context.font = "11px system-ui, sans-serif";
		context.textBaseline = "top";
		phases(doc).forEach(function (phase) {
			var from = Math.max(graph.toDomXCoord(phase.from), area.x);
			var to = Math.min(graph.toDomXCoord(phase.to), area.x + area.w);
			if (to - from > context.measureText(phase.name).width + 6)
				context.fillText(phase.name, from + 3, area.y + 2);
		});
	}

	var markColours = { oom: "bad", death: "bad", squeeze: "c5", pass: "c6", collect: "c5" };
	var markDashes = { oom: [2, 3], death: [], squeeze: [6, 3], pass: [1, 4], collect: [6, 3] };

	function marks(context, area, graph, doc) {
		(doc.marks || []).forEach(function (mark, i) {
			var x = Math.round(graph.toDomXCoord(mark.t)) + 0.5;
			if (x < area.x || x > area.x + area.w)
				return;
			context.strokeStyle = context.fillStyle = colour(markColours[mark.kind] || "ink");
			context.setLineDash(markDashes[mark.kind] || []);
			context.beginPath();
			context.moveTo(x, area.y);
			context.lineTo(x, area.y + area.h);
			context.stroke();
			context.setLineDash([]);
			context.font = "bold 11px system-ui, sans-serif";
			context.textBaseline = "top";
			context.textAlign = x > area.x + area.w - 20 ? "right" : "left";
			context.fillText(String(i + 1), x + (x > area.x + area.w - 20 ? -2 : 2), area.y + 13);
			context.textAlign = "left";
		});
	}

	function limit(context, area, graph, doc) {
		var y = Math.round(graph.toDomYCoord(doc.limit)) + 0.5;
		if (y < area.y || y > area.y + area.h)
			return;
		context.strokeStyle = context.fillStyle = colour("bad");
		context.setLineDash([8, 4]);
		context.beginPath();
		context.moveTo(area.x, y);
		context.lineTo(area.x + area.w, y);
		context.stroke();
		context.setLineDash([]);
		context.font = "bold 11px system-ui, sans-serif";
		context.textBaseline = "bottom";
		context.fillText("cap " + size(doc.limit), area.x + 4, y - 2);
	}

	/* A dot on the highest figure of each run that was cut short. */
	function ends(context, graph, spec, highs) {
		spec.series.forEach(function (s, i) {
			if (s[4] !== "censored" || highs[i] === null)
				return;
			context.fillStyle = colour("c" + s[3]);
			context.beginPath();
			context.arc(graph.toDomXCoord(highs[i][0]), graph.toDomYCoord(highs[i][i + 1]), 4, 0, 2 * Math.PI);
			context.fill();
		});
	}

	/* ---- a chart ---- */

	function moment(spec, t) {
		return spec.axis === "round" ? "round " + t : duration(t, 3);
	}

	/* Of each series the row that holds its highest figure; null: none is known. */
	function highest(spec, all) {
		return spec.series.map(function (s, i) {
			return all.reduce(function (best, row) {
				var v = row[i + 1];
				return v === null || isNaN(v) || (best !== null && best[i + 1] >= v) ? best : row;
			}, null);
		});
	}

	/* The chart in words, for who cannot see it. */
	function describe(figure, spec, highs) {
		var words = document.createElement("p"), unit = units[spec.unit];
		words.className = "unseen";
		words.id = figure.id + "-words";
		words.textContent = "Highest: " + spec.series.map(function (s, i) {
			return s[2] + (highs[i] ? " " + unit.text(highs[i][i + 1]) + " at " + moment(spec, highs[i][0]) : " none");
		}).join("; ") + ".";
		figure.appendChild(words);
		figure.querySelector(".plot").setAttribute("aria-describedby", words.id);
	}

	/* The legend is built of nodes: a name is foreign text. */
	function legend(figure, spec, highs) {
		var box = figure.querySelector(".legend"), unit = units[spec.unit];
		return function (t, values) {
			box.textContent = "";
			if (t !== null) {
				var when = document.createElement("b");
				when.textContent = moment(spec, t);
				box.appendChild(when);
			}
			var told = {};
			spec.series.forEach(function (s, i) {
				if ((spec.runs && told[s[2]]) || (s[4] === "maybe" && !highs[i]))
					return;
				told[s[2]] = true;
				var item = document.createElement("span"), key = document.createElement("i");
				key.style.borderTop = (s[4] === "dashed" || s[4] === "censored" ? "3px dashed " : s[4] && s[4] !== "maybe" ? "3px dotted " : "3px solid ") + colour("c" + s[3]);
				key.style.height = "0";
				key.style.verticalAlign = "middle";
				item.appendChild(key);
				var value = values && !spec.runs ? values[i] : null, none = spec.runs || highs[i] ? "" : ": none";
				item.appendChild(document.createTextNode(s[2] + (value === null || isNaN(value) ? none : " " + unit.text(value))));
				box.appendChild(item);
			});
		};
	}

	/* What each series was last known to be at that row; a stack is drawn from its sum, but told by its parts. */
	function values(spec, all, row) {
		return spec.series.map(function (s, i) {
			for (var k = row; k >= 0; k--)
				if (all[k][i + 1] !== null)
					return all[k][i + 1];
			return null;
		});
	}

	function seriesOptions(spec) {
		var series = {};
		spec.series.forEach(function (s, i) {
			series[i + " " + s[2]] = s[4] === "points" || s[4] === "dots" ?
				{ strokeWidth: 0, drawPoints: true, pointSize: s[4] === "dots" ? 4 : 2 } :
				{ strokePattern: s[4] === "dashed" || s[4] === "censored" ? [6, 3] : null, drawPoints: s[4] === "dashed", pointSize: 2 };
		});
		return series;
	}

	function colours(spec) {
		return spec.series.map(function (s) { return colour("c" + s[3]); });
	}

	function axes(spec) {
		var unit = units[spec.unit];
		return {
			x: {
				pixelsPerLabel: spec.axis === "round" ? 30 : 70,
				axisLabelFormatter: function (t, granularity, options, graph) {
					var range = graph.xAxisRange(), step = (range[1] - range[0]) / 8;
					if (spec.axis === "round")
						return t === Math.round(t) ? String(t) : "";
					return duration(t, step > 0 ? Math.ceil(-Math.log10(step)) : 0);
				}
			},
			y: { labelsKMG2: spec.unit === "bytes", axisLabelWidth: 62, axisLabelFormatter: function (v) { return unit.text(v); } }
		};
	}

	function top(spec, all, doc) {
		var most = 0;
		all.forEach(function (row) {
			var sum = 0;
			row.slice(1).forEach(function (v) {
				if (v !== null && !isNaN(v))
					sum = spec.stack ? sum + v : Math.max(sum, v);
			});
			most = Math.max(most, sum);
		});
		/* The cap is in the picture unless all there is would be flat beneath it. */
		if (spec.limit && doc.limit && most >= doc.limit / 4)
			most = Math.max(most, doc.limit);
		/* Above it there is room for the names of phases, the numbers of marks and the word of the cap. */
		var room = spec.apart && !spec.limit ? 1.06 : 1.2;
		return most > 0 ? most * room : units[spec.unit].scale;
	}

	function draw(figure) {
		var spec = JSON.parse(figure.dataset.spec), doc = data(figure.dataset.from);
		if (spec.runs)
			spec.series = doc.series;
		var all = rows(spec, doc), highs = highest(spec, all), box = figure.querySelector(".plot");
		var span = doc.span || 0;
		if (!highs.some(Boolean)) {
			box.textContent = "nothing was recorded of this";
			box.style.height = "auto";
			return;
		}
		box.classList.toggle("tall", Boolean(spec.tall));
		var window_ = spec.apart ? null : [0, span];
		if (spec.axis === "round")
			window_ = [all[0][0] - 0.5, all[all.length - 1][0] + 0.5];
		var most = top(spec, all, doc);
		var tell = legend(figure, spec, highs);
		var graph = new Dygraph(box, all, {
			labels: ["time"].concat(spec.series.map(function (s, i) { return i + " " + s[2]; })),
			colors: colours(spec),
			series: seriesOptions(spec),
			stackedGraph: Boolean(spec.stack),
			fillAlpha: 0.45,
			strokeWidth: 1.5,
			connectSeparatedPoints: true,
			legend: "never",
			axes: axes(spec),
			axisLineColor: colour("rule"),
			gridLineColor: colour("rule"),
			dateWindow: window_,
			valueRange: [0, most],
			includeZero: true,
			highlightCircleSize: 3,
			underlayCallback: function (context, area, g) {
				if (!spec.apart) {
					bands(context, area, g, doc);
					names(context, area, g, doc);
					marks(context, area, g, doc);
				}
				if (spec.limit && doc.limit)
					limit(context, area, g, doc);
				if (spec.runs)
					ends(context, g, spec, highs);
			},
			highlightCallback: function (event, t, points, row) { tell(t, values(spec, all, row)); },
			unhighlightCallback: function () { tell(null, null); }
		});
		tell(null, null);
		charts.push({ graph: graph, spec: spec, figure: figure, whole: window_ || graph.xAxisExtremes(), tell: tell });
		if (!spec.apart)
			shared.push(graph);
		keys(box, charts[charts.length - 1]);
		describe(figure, spec, highs);
	}

	/* A table that is wider than the window is scrolled by keyboard too. */
	function scrollers() {
		document.querySelectorAll(".wide").forEach(function (box) {
			var caption = box.querySelector("caption");
			if (box.scrollWidth <= box.clientWidth) {
				["tabindex", "role", "aria-label"].forEach(function (name) { box.removeAttribute(name); });
				return;
			}
			box.tabIndex = 0;
			box.setAttribute("role", "region");
			box.setAttribute("aria-label", caption ? caption.textContent : "table");
		});
	}

	/* ---- zoom ---- */

	function show(chart, from, to) {
		var whole = chart.whole, least = (whole[1] - whole[0]) / 1e6;
		from = Math.max(from, whole[0]);
		to = Math.min(Math.max(to, from + least), whole[1]);
		chart.graph.updateOptions({ dateWindow: [from, to] });
	}

	function keys(box, chart) {
		box.addEventListener("keydown", function (event) {
			var range = chart.graph.xAxisRange(), width = range[1] - range[0], middle = (range[0] + range[1]) / 2;
			var moves = {
				ArrowLeft: [range[0] - width / 5, range[1] - width / 5],
				ArrowRight: [range[0] + width / 5, range[1] + width / 5],
				"+": [middle - width / 4, middle + width / 4],
				"=": [middle - width / 4, middle + width / 4],
				"-": [middle - width, middle + width],
				"0": chart.whole, Home: chart.whole
			};
			var to = moves[event.key], whole = chart.whole;
			if (!to || event.ctrlKey || event.altKey || event.metaKey)
				return;
			event.preventDefault();
			if (event.key.indexOf("Arrow") === 0) /* at an end it stays as wide as it is */
				to = to[0] < whole[0] ? [whole[0], whole[0] + width] : to[1] > whole[1] ? [whole[1] - width, whole[1]] : to;
			show(chart, to[0], to[1]);
		});
	}

	function buttons() {
		document.querySelectorAll(".zoom button").forEach(function (button) {
			button.addEventListener("click", function () {
				charts.filter(function (c) { return !c.spec.apart; }).slice(0, 1).forEach(function (c) {
					if (button.hasAttribute("data-whole"))
						show(c, c.whole[0], c.whole[1]);
					else
						show(c, Number(button.dataset.from), Number(button.dataset.to));
				});
			});
		});
	}

	/* Light, dark and paper have other colours. */
	function recolour() {
		charts.forEach(function (c) {
			c.graph.updateOptions({
				colors: colours(c.spec), axisLineColor: colour("rule"), gridLineColor: colour("rule")
			});
			c.tell(null, null);
		});
	}

	document.querySelectorAll("figure.chart").forEach(draw);
	if (shared.length > 1)
		Dygraph.synchronize(shared, { zoom: true, selection: true, range: false });
	buttons();
	scrollers();
	window.addEventListener("resize", scrollers);
	["(prefers-color-scheme: dark)", "print"].forEach(function (query) {
		window.matchMedia(query).addEventListener("change", recolour);
	});
	window.addEventListener("beforeprint", function () {
		charts.forEach(function (c) { c.graph.resize(); });
	});
	document.documentElement.dataset.drawn = String(charts.length);
	window.oomrigCharts = charts; /* for tests */
})();
