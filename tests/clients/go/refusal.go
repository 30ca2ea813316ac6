package main

import (
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"
)

// Refusal is why a call was refused: for your program, your form and your log.
type Refusal struct {
	Reason      string
	Metadata    map[string]string
	Fields      map[string]string
	RetryAfter  time.Duration
	SupportCode string
}

// RefusalOf reads the details of an error.
func RefusalOf(err error) Refusal {
	refusal := Refusal{Fields: map[string]string{}}
	for _, detail := range status.Convert(err).Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			refusal.Reason, refusal.Metadata = detail.Reason, detail.Metadata
		case *errdetails.BadRequest:
			for _, violation := range detail.FieldViolations {
				refusal.Fields[violation.Field] = violation.Description
			}
		case *errdetails.RetryInfo:
			refusal.RetryAfter = detail.RetryDelay.AsDuration()
		case *errdetails.RequestInfo:
			refusal.SupportCode = detail.RequestId
		}
	}
	return refusal
}
