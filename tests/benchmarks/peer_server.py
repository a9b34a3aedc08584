"""A service that answers every tweet alike: `peer_server.py PORT [BEHAVIOUR]`."""

import os
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

behaviour = sys.argv[2] if len(sys.argv) > 2 else os.environ.get("BEHAVIOUR", "")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(200, b"{}")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        if behaviour == "slow":
            time.sleep(0.02)
        if behaviour == "failing":
            self._answer(500, b"no")
        else:
            self._answer(
                200, b'{"other": 1}' if behaviour == "strange" else b'{"label": "positive"}'
            )

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


if behaviour == "broken":
    sys.exit("cannot find the model")
if behaviour.startswith("parent:"):  # a child in a group of its own, as some servers start them
    child = subprocess.Popen(["sleep", "600"], start_new_session=True)
    Path(behaviour.removeprefix("parent:")).write_text(str(child.pid))
ThreadingHTTPServer.request_queue_size = 256  # its own 5 let clients wait for seconds
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
