"""Signing in, staying signed in, changing the password, signing out."""

from rekey.identity.v1 import password_service_pb2, session_pb2, session_service_pb2

from backend import Backend, person, request_id


def sign_in(backend: Backend, login: str, password: str) -> session_service_pb2.SignInResponse:
    """Tokens, a challenge for `ContinueSignIn`, or a rejection: a wrong password is no error."""
    request = session_service_pb2.SignInRequest(
        tenant_id=backend.tenant_id,
        login=login,
        password=password,
        request_id=request_id(),
        context=person(),
    )
    return backend.sessions.SignIn(request, metadata=backend.metadata())


def refresh(backend: Backend, refresh_token: str) -> session_pb2.SessionTokens:
    """The next tokens: keep both, the refresh token is spent."""
    request = session_service_pb2.RefreshSessionRequest(
        refresh_token=refresh_token, request_id=request_id(), context=person()
    )
    return backend.sessions.RefreshSession(request, metadata=backend.metadata()).tokens


def is_active(backend: Backend, access_token: str) -> bool:
    """Whether the token is good at this very moment. A signature that fits says less."""
    request = session_service_pb2.CheckAccessTokenRequest(access_token=access_token)
    return backend.sessions.CheckAccessToken(request, metadata=backend.metadata()).active


def change_password(
    backend: Backend, access_token: str, current_password: str, new_password: str
) -> password_service_pb2.ChangePasswordResponse:
    """The access token that follows the one at hand, or a rejection of the current password."""
    request = password_service_pb2.ChangePasswordRequest(
        current_password=current_password,
        new_password=new_password,
        request_id=request_id(),
        context=person(),
    )
    return backend.passwords.ChangePassword(request, metadata=backend.metadata(access_token))


def sign_out(backend: Backend, access_token: str) -> None:
    """Ends the session."""
    request = session_service_pb2.SignOutRequest(request_id=request_id(), context=person())
    backend.sessions.SignOut(request, metadata=backend.metadata(access_token))
