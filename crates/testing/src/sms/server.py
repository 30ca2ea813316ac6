"""A gateway of text messages for tests, which takes the form that Twilio takes. What is read and written beside HTTP stands in
`script.rs`."""

import itertools
import json
import os
import socketserver
import sys
import threading
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs

settings = json.loads(sys.argv[1])
numbers = itertools.count(1)
output = threading.Lock()


def tell(**document):
    with output:
        sys.stdout.write(json.dumps(document) + "\n")
        sys.stdout.flush()


def spool(form):
    """What was taken is on the disk. A full one is an OSError."""
    if settings["spool"]:
        with open(os.path.join(settings["spool"], f"text-{next(numbers)}"), "wb") as file:
            file.write(form)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        form = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            spool(form)
        except OSError:
            self.answer(507, {})
            return
        fields = {name: values[0] for name, values in parse_qs(form.decode()).items()}
        tell(message={"to": fields["To"], "text": fields["Body"]})
        self.answer(201, {"status": "queued"})

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *arguments):
        pass


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Connections that break are what the tests want."""


server = Server(("127.0.0.1", settings["port"]), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
tell(listening=settings["port"])
for line in sys.stdin:
    tell(synced=int(line))
