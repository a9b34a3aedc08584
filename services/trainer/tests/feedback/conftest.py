"""An HTTP server that answers as the API documents."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest


@pytest.fixture
def api():
    """A server: `answers` gives a status and a body for each request, which `asked` keeps."""

    class Server(ThreadingHTTPServer):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            self.asked, self.answers = [], []

        @property
        def url(self):
            return f"http://127.0.0.1:{self.server_port}"

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            parts = urlsplit(self.path)
            server.asked.append(
                (parts.path, parse_qs(parts.query), self.headers.get("Authorization"))
            )
            status, body = server.answers[min(len(server.asked), len(server.answers)) - 1]
            content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments):
            pass

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
