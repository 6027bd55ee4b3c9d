package main

import (
	"encoding/json"
	"os"
	"time"
)

// What to do with a message at its first delivery; at every later one it is finished.
const (
	actionFinish  = "finish"
	actionRequeue = "requeue"
	actionLeave   = "leave"
	actionTouch   = "touch"
)

// plan is what interop/plan.ts wrote.
type plan struct {
	Channels []struct {
		Name      string `json:"name"`
		Consumers int    `json:"consumers"`
	} `json:"channels"`
	MaxInFlight          int             `json:"maxInFlight"`
	MsgTimeoutMs         int             `json:"msgTimeoutMs"`
	TouchAfterMs         []int           `json:"touchAfterMs"`
	FinishTouchedAfterMs int             `json:"finishTouchedAfterMs"`
	Messages             []plannedBody   `json:"messages"`
	Publications         []plannedPublic `json:"publications"`
}

type plannedBody struct {
	Body    []byte `json:"body"` // base64 in JSON
	Action  string `json:"action"`
	DelayMs int    `json:"delayMs"`
}

type plannedPublic struct {
	Command string `json:"command"`
	First   int    `json:"first"`
	Count   int    `json:"count"`
	DelayMs int    `json:"delayMs"`
}

func readPlan(path string) (*plan, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	p := &plan{}
	return p, json.Unmarshal(text, p)
}

// deferrals gives, for each message, how long its publication defers it.
func (p *plan) deferrals() []time.Duration {
	all := make([]time.Duration, len(p.Messages))
	for _, publication := range p.Publications {
		for n := publication.First; n < publication.First+publication.Count; n++ {
			all[n] = milliseconds(publication.DelayMs)
		}
	}
	return all
}

func milliseconds(n int) time.Duration { return time.Duration(n) * time.Millisecond }
