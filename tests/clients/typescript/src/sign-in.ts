// Signing in, staying signed in, changing the password, signing out.

import type { ChangePasswordResponse } from "../gen/rekey/identity/v1/password_service";
import type { SessionTokens } from "../gen/rekey/identity/v1/session";
import type { SignInResponse } from "../gen/rekey/identity/v1/session_service";
import { type Backend, person, requestId } from "./backend";

/** Tokens, a challenge for `ContinueSignIn`, or a rejection: a wrong password is no error. */
export function signIn(backend: Backend, login: string, password: string): Promise<SignInResponse> {
  const request = { tenantId: backend.tenantId, login, password, requestId: requestId(), context: person() };
  return backend.call(backend.sessions.signIn.bind(backend.sessions), request);
}

/** The next tokens: keep both, the refresh token is spent. */
export async function refresh(backend: Backend, refreshToken: string): Promise<SessionTokens | undefined> {
  const request = { refreshToken, requestId: requestId(), context: person() };
  return (await backend.call(backend.sessions.refreshSession.bind(backend.sessions), request)).tokens;
}

/** Whether the token is good at this very moment. A signature that fits says less. */
export async function isActive(backend: Backend, accessToken: string): Promise<boolean> {
  return (await backend.call(backend.sessions.checkAccessToken.bind(backend.sessions), { accessToken })).active;
}

/** The access token that follows the one at hand, or a rejection of the current password. */
export function changePassword(
  backend: Backend,
  accessToken: string,
  currentPassword: string,
  newPassword: string,
): Promise<ChangePasswordResponse> {
  const request = { currentPassword, newPassword, requestId: requestId(), context: person() };
  return backend.call(backend.passwords.changePassword.bind(backend.passwords), request, accessToken);
}

/** Ends the session. */
export async function signOut(backend: Backend, accessToken: string): Promise<void> {
  const request = { requestId: requestId(), context: person(), refreshToken: "" };
  await backend.call(backend.sessions.signOut.bind(backend.sessions), request, accessToken);
}
