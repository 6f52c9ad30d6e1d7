"""http.server of Python's own library: PUT /NAME.  MODE: stream (64 KiB at a time) or keep."""
import http.server
import os
import shutil
import sys

mode, port = sys.argv[1], int(sys.argv[2])
kept = []


class Part:
    """So much of the connection as belongs to the body."""

    def __init__(self, source, left):
        self.source, self.left = source, left

    def read(self, size):
        piece = self.source.read(min(size, self.left))
        self.left -= len(piece)
        return piece


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self):
        self.answer(200)

    def do_PUT(self):
        length = int(self.headers["Content-Length"])
        if mode == "keep":
            kept.append(self.rfile.read(length))
        else:
            path = os.path.join(os.environ["OOMRIG_DATA"], os.path.basename(self.path))
            with open(path, "wb") as file:
                shutil.copyfileobj(Part(self.rfile, length), file, 65536)
        self.answer(201)


http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
