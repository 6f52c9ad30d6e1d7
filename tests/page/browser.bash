# A real browser, spoken to by curl and jq (W3C WebDriver).

# Starts chromedriver and a session; light or dark by $1, columns by $2.
browser_start() {
	PORT_FILE=$(mktemp)
	chromedriver --port=0 >"$PORT_FILE" 2>&1 3>&- &
	DRIVER_PID=$!
	local port='' i
	for ((i = 0; i < 600; i++)); do
		port=$(sed -nE 's/.*started successfully on port ([0-9]+).*/\1/p' "$PORT_FILE")
		[ -z "$port" ] || break
		kill -0 "$DRIVER_PID" 2>/dev/null || { cat "$PORT_FILE"; return 1; }
		sleep 0.1
	done
	[ -n "$port" ] || { echo "chromedriver did not start: $(cat "$PORT_FILE")"; return 1; }
	DRIVER=http://127.0.0.1:$port
	PROFILE=$(mktemp -d)
	SESSION=$(jq -n --arg profile "$PROFILE" '{capabilities: {alwaysMatch: {
		"goog:loggingPrefs": {browser: "ALL"},
		"goog:chromeOptions": {args: ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
			"--hide-scrollbars", "--force-device-scale-factor=1", "--user-data-dir=" + $profile]}}}}' |
		curl -sf --max-time 120 -H 'Content-Type: application/json' -d @- "$DRIVER/session" | jq -r .value.sessionId)
	[ -n "$SESSION" ] && [ "$SESSION" != null ] || { echo "no session: $(cat "$PORT_FILE")"; return 1; }
}

browser_stop() {
	[ -z "${SESSION:-}" ] || curl -s --max-time 30 -X DELETE "$DRIVER/session/$SESSION" >/dev/null
	[ -z "${DRIVER_PID:-}" ] || { kill "$DRIVER_PID"; wait "$DRIVER_PID"; } 2>/dev/null || true
	rm -rf "${PROFILE:-}" "${PORT_FILE:-}"
}

# driver COMMAND JSON: prints the answer's value
driver() {
	curl -s --max-time 120 -H 'Content-Type: application/json' -d "$2" "$DRIVER/session/$SESSION/$1" | jq -c .value
}

devtools() { driver goog/cdp/execute "$(jq -n --arg cmd "$1" --argjson params "$2" '{cmd: $cmd, params: $params}')" >/dev/null; }

# page FILE light|dark COLUMNS
page() {
	devtools Emulation.setEmulatedMedia "{\"features\": [{\"name\": \"prefers-color-scheme\", \"value\": \"$2\"}]}"
	devtools Emulation.setDeviceMetricsOverride "{\"width\": $3, \"height\": 900, \"deviceScaleFactor\": 1, \"mobile\": false}"
	driver url "{\"url\": \"file://$1\"}" >/dev/null
	local i
	for ((i = 0; i < 300; i++)); do
		[ "$(script 'return document.documentElement.dataset.drawn || ""')" = '""' ] || return 0
		[ $((i % 20)) -ne 19 ] || [ -z "$(console)" ] || break
		sleep 0.1
	done
	echo "nothing was drawn; the browser says: $(console)"
	return 1
}

# script JAVASCRIPT: what it returns, as JSON
script() { driver execute/sync "$(jq -n --arg script "$1" '{script: $script, args: []}')"; }

# What the browser has to complain of.
console() { driver se/log '{"type": "browser"}' | jq -r '.[]? | select(.level == "SEVERE" or .level == "WARNING") | .message'; }

# screenshot FILE [whole]: what is to be seen, or the whole page
screenshot() {
	local height
	if [ "${2:-}" = whole ]; then
		height=$(script 'return document.documentElement.scrollHeight')
		devtools Emulation.setDeviceMetricsOverride "{\"width\": $(script 'return innerWidth'), \"height\": $height, \"deviceScaleFactor\": 1, \"mobile\": false}"
	fi
	curl -s --max-time 120 "$DRIVER/session/$SESSION/screenshot" | jq -r .value | base64 -d >"$1"
}
