"""Flask, by its own server or gunicorn: POST / of a form, PUT /body, PUT /keep."""
import gc
import os
import sys
import uuid

import flask

app = flask.Flask(__name__)
kept = []


@app.get("/healthz")
def healthz():
    return "ok"


@app.post("/collect")
def collect():
    # Flask's request and its environment hold each other: freed by the next collection only.
    gc.collect()
    return ""


@app.post("/")
def form():
    # A part of more than 500 kB lies in a temporary file by now.
    flask.request.files["file"].save(os.path.join(os.environ["OOMRIG_DATA"], uuid.uuid4().hex))
    return "", 201


@app.put("/body/<name>")
def body(name):
    with open(os.path.join(os.environ["OOMRIG_DATA"], name), "wb") as file:
        file.write(flask.request.get_data())
    return "", 201


@app.put("/keep/<name>")
def keep(name):
    kept.append(flask.request.get_data())
    return "", 201


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(sys.argv[1]), threaded=True)
