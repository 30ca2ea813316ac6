package example;

import static example.Backend.person;
import static example.Backend.requestId;

import rekey.identity.v1.ChangePasswordRequest;
import rekey.identity.v1.ChangePasswordResponse;
import rekey.identity.v1.CheckAccessTokenRequest;
import rekey.identity.v1.RefreshSessionRequest;
import rekey.identity.v1.SessionTokens;
import rekey.identity.v1.SignInRequest;
import rekey.identity.v1.SignInResponse;
import rekey.identity.v1.SignOutRequest;

/** Signing in, staying signed in, changing the password, signing out. */
record SignIn(Backend backend) {
  /** Tokens, a challenge for {@code ContinueSignIn}, or a rejection: a wrong password is no error. */
  SignInResponse signIn(String login, String password) {
    return backend.sessions.signIn(SignInRequest.newBuilder()
        .setTenantId(backend.tenantId)
        .setLogin(login)
        .setPassword(password)
        .setRequestId(requestId())
        .setContext(person())
        .build());
  }

  /** The next tokens: keep both, the refresh token is spent. */
  SessionTokens refresh(String refreshToken) {
    return backend.sessions.refreshSession(RefreshSessionRequest.newBuilder()
        .setRefreshToken(refreshToken)
        .setRequestId(requestId())
        .setContext(person())
        .build()).getTokens();
  }

  /** Whether the token is good at this very moment. A signature that fits says less. */
  boolean isActive(String accessToken) {
    CheckAccessTokenRequest request = CheckAccessTokenRequest.newBuilder().setAccessToken(accessToken).build();
    return backend.sessions.checkAccessToken(request).getActive();
  }

  /** The access token that follows the one at hand, or a rejection of the current password. */
  ChangePasswordResponse changePassword(String accessToken, String currentPassword, String newPassword) {
    return backend.passwords.withInterceptors(Backend.as(accessToken)).changePassword(
        ChangePasswordRequest.newBuilder()
            .setCurrentPassword(currentPassword)
            .setNewPassword(newPassword)
            .setRequestId(requestId())
            .setContext(person())
            .build());
  }

  /** Ends the session. */
  void signOut(String accessToken) {
    backend.sessions.withInterceptors(Backend.as(accessToken)).signOut(
        SignOutRequest.newBuilder().setRequestId(requestId()).setContext(person()).build());
  }
}
