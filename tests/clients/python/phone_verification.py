"""Proves that somebody holds a phone: a text message takes a code there, and they type it into your page."""

import uuid

import grpc
from rekey.verification.v1 import verification_pb2, verification_service_pb2 as pb
from rekey.verification.v1.verification_service_pb2_grpc import VerificationServiceStub

# What the codes are for. The entry of your backend names it.
PURPOSE = "sign_up"


class PhoneVerification:
    """Verifies phone numbers for one tenant. Make one when your process starts, and share it."""

    def __init__(self, address: str, token: str, tenant_id: str, service_config: str):
        # Beyond this machine: grpc.secure_channel(address, grpc.ssl_channel_credentials(authority), options).
        options = [("grpc.service_config", service_config)]
        self._stub = VerificationServiceStub(grpc.insecure_channel(address, options))
        self._metadata = [("authorization", f"Bearer {token}")]
        self._tenant_id = tenant_id

    def start(
        self, verification_id: str, user_id: str, phone_number: str, challenge_passed: bool = False
    ) -> pb.StartVerificationResponse:
        """Has a code sent. Keep `verification_id` and `user_id` in the person's session.

        Refused with CHALLENGE_REQUIRED? Have the person solve a CAPTCHA, and start again with `challenge_passed`.
        """
        request = pb.StartVerificationRequest(
            tenant_id=self._tenant_id,
            verification_id=verification_id,
            request_id=new_id(),
            purpose=PURPOSE,
            subject=user_id,
            destinations=[verification_pb2.Destination(phone_number=phone_number)],
            organisation="Example Shop",
            context=person(),
            challenge_passed=challenge_passed,
        )
        return self._stub.StartVerification(request, metadata=self._metadata)

    def resend(self, verification_id: str) -> pb.ResendCodeResponse:
        """Has the same code sent again. The answer says when it may be sent once more."""
        request = pb.ResendCodeRequest(
            tenant_id=self._tenant_id,
            verification_id=verification_id,
            request_id=new_id(),
            context=person(),
        )
        return self._stub.ResendCode(request, metadata=self._metadata)

    def check(self, verification_id: str, user_id: str, code: str) -> pb.CheckVerificationResponse:
        """Shows what the person typed. A wrong code is an outcome, not an error: let them try again."""
        request = pb.CheckVerificationRequest(
            tenant_id=self._tenant_id,
            verification_id=verification_id,
            code=code,
            request_id=new_id(),
            purpose=PURPOSE,
            subject=user_id,
            context=person(),
        )
        return self._stub.CheckVerification(request, metadata=self._metadata)

    def redeem(self, grant: str) -> pb.RedeemGrantResponse:
        """Spends the proof, once. Whoever acts on it redeems it, and acts on what the answer says."""
        request = pb.RedeemGrantRequest(tenant_id=self._tenant_id, grant=grant, request_id=new_id())
        return self._stub.RedeemGrant(request, metadata=self._metadata)


def new_id() -> str:
    """One for each verification, and one for each thing that a person does: gRPC repeats a call with the id it had."""
    return str(uuid.uuid4())


def person() -> verification_pb2.RequestContext:
    """Where the person's request came from; take it from the request that you are answering."""
    return verification_pb2.RequestContext(ip_address="203.0.113.7", user_agent="Mozilla/5.0")
