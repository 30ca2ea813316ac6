"""A mail server for tests, on aiosmtpd. What is read and written beside mail stands in `script.rs`."""

import asyncio
import email
import email.policy
import itertools
import json
import logging
import os
import ssl
import sys
import threading

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

# It warns about what the tests want on purpose.
logging.disable(logging.WARNING)
settings = json.loads(sys.argv[1])
behaviour = settings["behaviour"]
connections = itertools.count(1)
spooled = itertools.count(1)
output = threading.Lock()


def tell(**document):
    with output:
        sys.stdout.write(json.dumps(document) + "\n")
        sys.stdout.flush()


def spool(content):
    """As relays do: what was taken is on the disk. A full one is an OSError."""
    if settings["spool"]:
        path = os.path.join(settings["spool"], f"mail-{next(spooled)}")
        with open(path, "wb") as file:
            file.write(content)


def body(message, kind):
    part = message.get_body((kind,))
    return part.get_content() if part is not None else None


greylisted = set()


def treatment_of(address):
    """What a mail for this recipient meets."""
    usual = {
        "refuse": behaviour["refuse_recipients"].get(address),
        "refuse_first": None,
        "after_data": behaviour["after_data"],
        "drop": behaviour["drop"],
        "delay_ms": behaviour["delay_ms"],
    }
    return behaviour["treatments"].get(address, usual)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        treatment = treatment_of(address)
        if treatment["drop"] == "recipient":
            server.transport.abort()
        if treatment["refuse"]:
            return treatment["refuse"]
        if treatment["refuse_first"] and address not in greylisted:
            greylisted.add(address)
            return treatment["refuse_first"]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        treatment = treatment_of(envelope.rcpt_tos[0])
        if treatment["delay_ms"]:
            await asyncio.sleep(treatment["delay_ms"] / 1000)
        if treatment["after_data"]:
            return treatment["after_data"]
        try:
            spool(envelope.content)
        except OSError:
            return "452 4.3.1 no room left"
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        tell(
            message={
                "from": envelope.mail_from,
                "recipients": envelope.rcpt_tos,
                "login": session.auth_data.decode() if session.auth_data else None,
                "encrypted": session.ssl is not None or settings["tls"] == "implicit",
                "connection": server.connection_number,
                "headers": [[name, str(value)] for name, value in message.items()],
                "text": body(message, "plain"),
                "html": body(message, "html"),
                "raw": envelope.content.decode("utf-8", errors="replace"),
            }
        )
        if treatment["drop"] == "answer":
            server.transport.abort()
        return "250 2.0.0 taken"


class Server(SMTP):
    connection_number = 0

    def connection_made(self, transport):
        if behaviour["drop"] == "connection":
            transport.abort()
            return
        # Called again after STARTTLS, on the same connection.
        self.connection_number = self.connection_number or next(connections)
        super().connection_made(transport)


def authenticate(server, session, envelope, mechanism, data):
    known = LoginPassword(settings["username"].encode(), settings["password"].encode())
    return AuthResult(success=data == known, handled=False, auth_data=getattr(data, "login", None))


def listen_to_orders(loop):
    for line in sys.stdin:
        tell(synced=int(line))
    loop.call_soon_threadsafe(loop.stop)


async def main():
    loop = asyncio.get_running_loop()
    context = None
    if settings["tls"] != "none":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(settings["certificate"], settings["key"])
    starttls = context if settings["tls"] == "starttls" else None

    def server():
        return Server(
            Handler(),
            enable_SMTPUTF8=True,
            hostname="localhost",
            tls_context=starttls,
            require_starttls=starttls is not None,
            auth_required=True,
            auth_require_tls=starttls is not None,
            authenticator=authenticate,
            loop=loop,
        )

    implicit = context if settings["tls"] == "implicit" else None
    listener = await loop.create_server(server, "127.0.0.1", settings["port"], ssl=implicit)
    tell(listening=listener.sockets[0].getsockname()[1])
    threading.Thread(target=listen_to_orders, args=(loop,), daemon=True).start()


loop = asyncio.new_event_loop()
loop.create_task(main())
loop.run_forever()
