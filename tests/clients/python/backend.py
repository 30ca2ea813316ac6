"""How a backend calls Rekey's identity: one channel, and its token with every call."""

import uuid

import grpc
from rekey.identity.v1.password_reset_service_pb2_grpc import PasswordResetServiceStub
from rekey.identity.v1.password_service_pb2_grpc import PasswordServiceStub
from rekey.identity.v1.request_context_pb2 import RequestContext
from rekey.identity.v1.session_service_pb2_grpc import SessionServiceStub


class Backend:
    """Calls identity about the people of one tenant."""

    def __init__(self, address: str, token: str, tenant_id: str, service_config: str):
        # Beyond this machine: grpc.secure_channel(address, grpc.ssl_channel_credentials(authority), options).
        options = [("grpc.service_config", service_config)]
        channel = grpc.insecure_channel(address, options)
        self.resets = PasswordResetServiceStub(channel)
        self.sessions = SessionServiceStub(channel)
        self.passwords = PasswordServiceStub(channel)
        self.tenant_id = tenant_id
        self._token = token

    def metadata(self, access_token: str | None = None) -> list[tuple[str, str]]:
        """Which backend calls and, for what a signed-in person does, which person."""
        metadata = [("authorization", f"Bearer {self._token}")]
        if access_token:
            metadata.append(("rekey-access-token", access_token))
        return metadata


def request_id() -> str:
    """One for each thing that a person does. gRPC repeats a call with the id that it began with."""
    return str(uuid.uuid4())


def person() -> RequestContext:
    """Where the person's request came from; take it from the request that you are answering."""
    return RequestContext(ip_address="203.0.113.7", user_agent="Mozilla/5.0", locale="en")
