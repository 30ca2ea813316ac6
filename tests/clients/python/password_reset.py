"""Back in without the old password: who are you, prove it, set a new one. Each step is a page of your site."""

from rekey.identity.v1 import password_reset_service_pb2 as pb

from backend import Backend, person, request_id


def start(backend: Backend, login: str) -> pb.StartPasswordResetResponse:
    """Opens a reset. Known and unknown logins look alike, so show whatever comes."""
    request = pb.StartPasswordResetRequest(tenant_id=backend.tenant_id, login=login, context=person())
    return backend.resets.StartPasswordReset(request, metadata=backend.metadata())


def send_code(backend: Backend, reset_token: str, method_id: str) -> pb.SendResetCodeResponse:
    """Has a code sent to the method that the person chose."""
    request = pb.SendResetCodeRequest(
        reset_token=reset_token, method_id=method_id, request_id=request_id(), context=person()
    )
    return backend.resets.SendResetCode(request, metadata=backend.metadata())


def submit_code(backend: Backend, reset_token: str, method_id: str, code: str) -> pb.SubmitResetProofResponse:
    """Shows what the person typed. A wrong code is an outcome, not an error: let them try again."""
    request = pb.SubmitResetProofRequest(
        reset_token=reset_token, method_id=method_id, code=code, request_id=request_id(), context=person()
    )
    return backend.resets.SubmitResetProof(request, metadata=backend.metadata())


def set_password(backend: Backend, reset_token: str, new_password: str) -> None:
    """Sets the new password, with the token of the last proof, and ends every session."""
    request = pb.CompletePasswordResetRequest(
        reset_token=reset_token, new_password=new_password, request_id=request_id(), context=person()
    )
    backend.resets.CompletePasswordReset(request, metadata=backend.metadata())
