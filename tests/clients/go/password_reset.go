package main

import (
	"context"

	identityv1 "example.invalid/backend/gen/rekey/identity/v1"
)

// Back in without the old password: who are you, prove it, set a new one. Each step is a page of your site.

// StartReset opens a reset. Known and unknown logins look alike, so show whatever comes.
func (b *Backend) StartReset(ctx context.Context, login string) (*identityv1.StartPasswordResetResponse, error) {
	return b.Resets.StartPasswordReset(ctx, &identityv1.StartPasswordResetRequest{
		TenantId: b.TenantID, Login: login, Context: person(),
	})
}

// SendCode has a code sent to the method that the person chose.
func (b *Backend) SendCode(ctx context.Context, resetToken, methodID string) error {
	_, err := b.Resets.SendResetCode(ctx, &identityv1.SendResetCodeRequest{
		ResetToken: resetToken, MethodId: methodID, RequestId: requestID(), Context: person(),
	})
	return err
}

// SubmitCode shows what the person typed. A wrong code is an outcome, not an error: let them try again.
func (b *Backend) SubmitCode(
	ctx context.Context, resetToken, methodID, code string,
) (*identityv1.SubmitResetProofResponse, error) {
	return b.Resets.SubmitResetProof(ctx, &identityv1.SubmitResetProofRequest{
		ResetToken: resetToken, MethodId: methodID, Code: code, RequestId: requestID(), Context: person(),
	})
}

// SetPassword sets the new password, with the token of the last proof, and ends every session.
func (b *Backend) SetPassword(ctx context.Context, resetToken, newPassword string) error {
	_, err := b.Resets.CompletePasswordReset(ctx, &identityv1.CompletePasswordResetRequest{
		ResetToken: resetToken, NewPassword: newPassword, RequestId: requestID(), Context: person(),
	})
	return err
}
