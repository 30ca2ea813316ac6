// Back in without the old password: who are you, prove it, set a new one. Each step is a page of your site.

import type { SendResetCodeResponse } from "../gen/rekey/identity/v1/password_reset_service";
import type { StartPasswordResetResponse } from "../gen/rekey/identity/v1/password_reset_service";
import type { SubmitResetProofResponse } from "../gen/rekey/identity/v1/password_reset_service";
import { type Backend, person, requestId } from "./backend";

/** Opens a reset. Known and unknown logins look alike, so show whatever comes. */
export function start(backend: Backend, login: string): Promise<StartPasswordResetResponse> {
  const request = { tenantId: backend.tenantId, login, context: person() };
  return backend.call(backend.resets.startPasswordReset.bind(backend.resets), request);
}

/** Has a code sent to the method that the person chose. */
export function sendCode(backend: Backend, resetToken: string, methodId: string): Promise<SendResetCodeResponse> {
  const request = { resetToken, methodId, requestId: requestId(), context: person() };
  return backend.call(backend.resets.sendResetCode.bind(backend.resets), request);
}

/** Shows what the person typed. A wrong code is an outcome, not an error: let them try again. */
export function submitCode(
  backend: Backend,
  resetToken: string,
  methodId: string,
  code: string,
): Promise<SubmitResetProofResponse> {
  const passkeyCredentialJson = ""; // instead of the code, where a passkey is the method
  const request = { resetToken, methodId, code, passkeyCredentialJson, requestId: requestId(), context: person() };
  return backend.call(backend.resets.submitResetProof.bind(backend.resets), request);
}

/** Sets the new password, with the token of the last proof, and ends every session. */
export async function setPassword(backend: Backend, resetToken: string, newPassword: string): Promise<void> {
  const request = { resetToken, newPassword, requestId: requestId(), context: person() };
  await backend.call(backend.resets.completePasswordReset.bind(backend.resets), request);
}
