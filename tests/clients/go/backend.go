package main

import (
	"context"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	identityv1 "example.invalid/backend/gen/rekey/identity/v1"
)

// Backend calls identity about the people of one tenant.
type Backend struct {
	Resets    identityv1.PasswordResetServiceClient
	Sessions  identityv1.SessionServiceClient
	Passwords identityv1.PasswordServiceClient
	TenantID  string
}

// Connect opens the one channel of this process; calls share it.
func Connect(address, token, tenantID, serviceConfig string) (*Backend, error) {
	channel, err := grpc.NewClient(address,
		// Beyond this machine: credentials.NewTLS(&tls.Config{RootCAs: authority}).
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithPerRPCCredentials(serviceToken(token)),
		grpc.WithDefaultServiceConfig(serviceConfig),
	)
	if err != nil {
		return nil, err
	}
	return &Backend{
		Resets:    identityv1.NewPasswordResetServiceClient(channel),
		Sessions:  identityv1.NewSessionServiceClient(channel),
		Passwords: identityv1.NewPasswordServiceClient(channel),
		TenantID:  tenantID,
	}, nil
}

// serviceToken says with every call which backend it is.
type serviceToken string

func (token serviceToken) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(token)}, nil
}

// RequireTransportSecurity is false for loopback alone; beyond this machine say true.
func (serviceToken) RequireTransportSecurity() bool { return false }

// AsPerson makes a call one of a signed-in person.
func AsPerson(ctx context.Context, accessToken string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "rekey-access-token", accessToken)
}

// requestID is one for each thing that a person does. gRPC repeats a call with the id that it began with.
func requestID() string { return uuid.NewString() }

// person is where the person's request came from; take it from the request that you are answering.
func person() *identityv1.RequestContext {
	return &identityv1.RequestContext{IpAddress: "203.0.113.7", UserAgent: "Mozilla/5.0", Locale: "en"}
}
