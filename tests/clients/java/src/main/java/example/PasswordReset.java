package example;

import static example.Backend.person;
import static example.Backend.requestId;

import rekey.identity.v1.CompletePasswordResetRequest;
import rekey.identity.v1.SendResetCodeRequest;
import rekey.identity.v1.StartPasswordResetRequest;
import rekey.identity.v1.StartPasswordResetResponse;
import rekey.identity.v1.SubmitResetProofRequest;
import rekey.identity.v1.SubmitResetProofResponse;

/** Back in without the old password: who are you, prove it, set a new one. Each step is a page of your site. */
record PasswordReset(Backend backend) {
  /** Opens a reset. Known and unknown logins look alike, so show whatever comes. */
  StartPasswordResetResponse start(String login) {
    return backend.resets.startPasswordReset(StartPasswordResetRequest.newBuilder()
        .setTenantId(backend.tenantId)
        .setLogin(login)
        .setContext(person())
        .build());
  }

  /** Has a code sent to the method that the person chose. */
  void sendCode(String resetToken, String methodId) {
    backend.resets.sendResetCode(SendResetCodeRequest.newBuilder()
        .setResetToken(resetToken)
        .setMethodId(methodId)
        .setRequestId(requestId())
        .setContext(person())
        .build());
  }

  /** Shows what the person typed. A wrong code is an outcome, not an error: let them try again. */
  SubmitResetProofResponse submitCode(String resetToken, String methodId, String code) {
    return backend.resets.submitResetProof(SubmitResetProofRequest.newBuilder()
        .setResetToken(resetToken)
        .setMethodId(methodId)
        .setCode(code)
        .setRequestId(requestId())
        .setContext(person())
        .build());
  }

  /** Sets the new password, with the token of the last proof, and ends every session. */
  void setPassword(String resetToken, String newPassword) {
    backend.resets.completePasswordReset(CompletePasswordResetRequest.newBuilder()
        .setResetToken(resetToken)
        .setNewPassword(newPassword)
        .setRequestId(requestId())
        .setContext(person())
        .build());
  }
}
