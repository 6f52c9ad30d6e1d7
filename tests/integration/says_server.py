# A small upload server whose misbehaviour is named by its second argument: what
# tests/integration/verdicts.bats asks the rig about.
import http.server, os, signal, sys, threading, time

port, how = int(sys.argv[1]), sys.argv[2]
text = sys.argv[3] if len(sys.argv) > 3 else ""
started, kept, objects = time.monotonic(), [], {}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *a):
        pass

    def answer(self, body=b"", status=200, cookie=None):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if cookie:
            self.send_header("Set-Cookie", cookie)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/ready" and how == "slow-ready":
            time.sleep(3)
        if self.path == "/health" and how == "long-health":
            return self.answer(b"x" * (3 << 20))
        if self.path in ("/", "/ready", "/health"):
            return self.answer(b"ok")
        if how == "hangs-up" or self.path not in objects:
            self.close_connection = True
            return None if how == "hangs-up" else self.answer(status=404)
        return self.answer(objects[self.path])

    def do_POST(self):
        if self.path == "/login":
            time.sleep(3)
            return self.answer(b"in", cookie="sid=1")
        head = "%s|%s" % (self.headers.get("Content-Length"), self.headers.get("Content-Type"))
        self.answer(b"", 200 if head == "0|None" else 400)

    def do_PUT(self):
        length = self.headers.get("Content-Length")
        if self.path == "/empty":
            return self.answer(b"", 200 if length == "0" else 411)
        if how == "dies":
            self.rfile.read(20_000_000)
            os.kill(os.getpid(), getattr(signal, text)) if text != "exit" else os._exit(3)
        if how == "says":
            print(text, file=sys.stderr, flush=True)
            os._exit(1)
        if how == "eats":
            kept.append(b"x" * (512 << 20))
        body = self.rfile.read(int(length))
        if how == "forgets" and len(body) > 5_000_000:
            kept.append(body)
            time.sleep(3600)
        if how == "holds":
            kept.append((open("/dev/null"), threading.Thread(target=time.sleep, args=(3600,), daemon=True)))
            kept[-1][1].start()
        name = self.path
        if how == "odd-names":
            name = "/files/a%3Fb%23c%25d%20e&f/" + self.path.strip("/")
            objects[name] = body
            return self.answer(b'{"id": "a?b#c%%d e&f/%s"}' % self.path.strip("/").encode())
        objects[name] = body
        self.answer()


http.server.ThreadingHTTPServer.request_queue_size = 64
http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
