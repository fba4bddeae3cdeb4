"""A server on loopback that misbehaves in ways that a test chooses."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Server:
    """Serves ``files`` (name: bytes); ``behaviour`` (name: a list of ways, one for each request, then ``"good"``)."""

    def __init__(self):
        self.files = {}
        self.behaviour = {}
        self.requests = []  # (name, header Range)
        self.ranges = True
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def do_GET(self):
                outer.answer(self, self.path.lstrip("/"))

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def answer(self, handler, name):
        asked = handler.headers.get("Range")
        self.requests.append((name, asked))
        ways = self.behaviour.get(name, [])
        way = ways.pop(0) if ways else "good"
        data = self.files.get(name)
        if way == "missing" or data is None:
            handler.send_error(404)
            return
        if way == "wrong":
            data = bytes(len(data))
        start = int(asked[6:-1]) if asked and self.ranges else 0
        if asked and self.ranges and start >= len(data):
            handler.send_error(416)
            return
        handler.send_response(206 if start else 200)
        handler.send_header("Content-Length", str(len(data) - start))
        handler.end_headers()
        body = data[start:]
        if way in ("truncated", "stalled"):
            handler.wfile.write(body[: len(body) // 2])
            handler.wfile.flush()
            if way == "stalled":
                time.sleep(0.6)
            handler.close_connection = True
            return
        handler.wfile.write(body)

    def close(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()
