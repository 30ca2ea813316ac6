// A person who forgot their password gets back in, signs in, changes it and signs out.
//
// With `rekey up` running and the variables of ../README.md set, in this folder:
//
//	buf generate ../../../proto --template buf.gen.yaml && go run .
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"maps"
	"os"
	"slices"
	"strings"

	identityv1 "example.invalid/backend/gen/rekey/identity/v1"
)

const (
	newPassword  = "nine slow rivers and stone"
	nextPassword = "four green kettles by the door"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	token, err := os.ReadFile(os.Getenv("TOKEN_FILE"))
	if err != nil {
		return err
	}
	serviceConfig, err := os.ReadFile(os.Getenv("SERVICE_CONFIG"))
	if err != nil {
		return err
	}
	address, tenantID, login := os.Getenv("IDENTITY_ADDRESS"), os.Getenv("TENANT_ID"), os.Getenv("LOGIN")
	backend, err := Connect(address, strings.TrimSpace(string(token)), tenantID, string(serviceConfig))
	if err != nil {
		return err
	}
	if err := getBackIn(ctx, backend, login, os.Getenv("INBOX")); err != nil {
		return err
	}
	return useTheAccount(ctx, backend, login)
}

func getBackIn(ctx context.Context, backend *Backend, login, inbox string) error {
	started, err := backend.StartReset(ctx, login)
	if err != nil {
		return err
	}
	byMail := slices.IndexFunc(started.Methods, func(method *identityv1.ResetMethod) bool {
		return method.Kind == identityv1.MethodKind_METHOD_KIND_EMAIL
	})
	if byMail < 0 {
		return errors.New("this tenant offers no mail")
	}
	methodID := started.Methods[byMail].MethodId
	fmt.Printf("reset: %d proof\n", started.ProofsRequired)

	if err := backend.SendCode(ctx, started.ResetToken, methodID); err != nil {
		return err
	}
	fmt.Println("code: sent")
	if err := refused(backend.SendCode(ctx, started.ResetToken, methodID)); err != nil {
		return err
	}

	code, err := codeFor(ctx, inbox, login)
	if err != nil {
		return err
	}
	proved, err := backend.SubmitCode(ctx, started.ResetToken, methodID, code)
	if err != nil {
		return err
	}
	fmt.Printf("code: %s, %d to go\n", proved.Outcome, proved.ProofsRemaining)

	if err := refused(backend.SetPassword(ctx, proved.ResetToken, "short")); err != nil {
		return err
	}
	if err := backend.SetPassword(ctx, proved.ResetToken, newPassword); err != nil {
		return err
	}
	fmt.Println("password: set")
	return nil
}

func useTheAccount(ctx context.Context, backend *Backend, login string) error {
	wrong, err := backend.SignIn(ctx, login, "not my password")
	if err != nil {
		return err
	}
	if wrong.GetRejection() != nil {
		fmt.Println("sign-in: rejection")
	}
	right, err := backend.SignIn(ctx, login, newPassword)
	if err != nil {
		return err
	}
	if right.GetTokens() != nil {
		fmt.Println("sign-in: tokens")
	}

	tokens, err := backend.Refresh(ctx, right.GetTokens().GetRefreshToken())
	if err != nil {
		return err
	}
	active, err := backend.IsActive(ctx, tokens.AccessToken)
	if err != nil {
		return err
	}
	fmt.Printf("refreshed: %s\n", state(active))

	answer, err := backend.ChangePassword(ctx, tokens.AccessToken, newPassword, nextPassword)
	if err != nil {
		return err
	}
	changed := answer.GetChanged().GetTokens()
	if changed == nil {
		return errors.New("the current password was rejected")
	}
	fmt.Println("password: changed")

	if err := backend.SignOut(ctx, changed.AccessToken); err != nil {
		return err
	}
	active, err = backend.IsActive(ctx, changed.AccessToken)
	fmt.Printf("signed out: %s\n", state(active))
	return err
}

func state(active bool) string {
	if active {
		return "active"
	}
	return "not active"
}

// refused shows what is said of a call that must be refused.
func refused(err error) error {
	if err == nil {
		return errors.New("this call was to be refused")
	}
	refusal := RefusalOf(err)
	pairs := []string{}
	for key, value := range refusal.Metadata {
		pairs = append(pairs, key+"="+value)
	}
	again := "not so"
	if refusal.RetryAfter > 0 {
		again = "later"
	}
	fmt.Printf("refused: %s\n", refusal.Reason)
	fmt.Printf("  metadata: %s\n", strings.Join(pairs, ", "))
	fmt.Printf("  fields: %s\n", strings.Join(slices.Collect(maps.Keys(refusal.Fields)), ", "))
	fmt.Printf("  try again: %s\n", again)
	fmt.Printf("  support code: %d digits\n", len(refusal.SupportCode))
	return nil
}
