package main

import (
	"context"

	identityv1 "example.invalid/backend/gen/rekey/identity/v1"
)

// Signing in, staying signed in, changing the password, signing out.

// SignIn gives tokens, a challenge for ContinueSignIn, or a rejection: a wrong password is no error.
func (b *Backend) SignIn(ctx context.Context, login, password string) (*identityv1.SignInResponse, error) {
	return b.Sessions.SignIn(ctx, &identityv1.SignInRequest{
		TenantId: b.TenantID, Login: login, Password: password, RequestId: requestID(), Context: person(),
	})
}

// Refresh gives the next tokens: keep both, the refresh token is spent.
func (b *Backend) Refresh(ctx context.Context, refreshToken string) (*identityv1.SessionTokens, error) {
	answer, err := b.Sessions.RefreshSession(ctx, &identityv1.RefreshSessionRequest{
		RefreshToken: refreshToken, RequestId: requestID(), Context: person(),
	})
	return answer.GetTokens(), err
}

// IsActive says whether the token is good at this very moment. A signature that fits says less.
func (b *Backend) IsActive(ctx context.Context, accessToken string) (bool, error) {
	answer, err := b.Sessions.CheckAccessToken(ctx, &identityv1.CheckAccessTokenRequest{AccessToken: accessToken})
	return answer.GetActive(), err
}

// ChangePassword gives the access token that follows the one at hand, or a rejection of the current password.
func (b *Backend) ChangePassword(
	ctx context.Context, accessToken, currentPassword, newPassword string,
) (*identityv1.ChangePasswordResponse, error) {
	return b.Passwords.ChangePassword(AsPerson(ctx, accessToken), &identityv1.ChangePasswordRequest{
		CurrentPassword: currentPassword, NewPassword: newPassword, RequestId: requestID(), Context: person(),
	})
}

// SignOut ends the session.
func (b *Backend) SignOut(ctx context.Context, accessToken string) error {
	_, err := b.Sessions.SignOut(AsPerson(ctx, accessToken), &identityv1.SignOutRequest{
		RequestId: requestID(), Context: person(),
	})
	return err
}
