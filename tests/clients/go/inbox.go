package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"time"
)

var code = regexp.MustCompile(`\b\d{6}\b`)

// codeFor reads the development inbox of `rekey up`, in place of a person who reads their mail: the newest code sent to an
// address. A send is answered before its message arrives.
func codeFor(ctx context.Context, inbox, address string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		messages, err := read(ctx, inbox)
		if err != nil {
			return "", err
		}
		for _, message := range messages {
			if found := code.FindString(message.Text); message.To == address && found != "" {
				return found, nil
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	return "", fmt.Errorf("no code for %s came", address)
}

type message struct {
	To   string `json:"to"`
	Text string `json:"text"`
}

func read(ctx context.Context, inbox string) ([]message, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, inbox, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var messages []message
	return messages, json.NewDecoder(response.Body).Decode(&messages)
}
