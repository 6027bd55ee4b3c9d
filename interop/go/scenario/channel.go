package main

import (
	"bytes"
	"log"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nsqio/go-nsq"
)

// Clocks of two processes on one machine agree to the millisecond they are rounded to.
const clockTolerance = 2 * time.Millisecond

const maxErrors = 20

// counts is one channel's part of the report.
type counts struct {
	Received       int `json:"received"`
	Finished       int `json:"finished"`
	Requeued       int `json:"requeued"`
	Left           int `json:"left"`
	Touched        int `json:"touched"`
	DistinctIDs    int `json:"distinctIds"`
	DistinctBodies int `json:"distinctBodies"`
	Corrupt        int `json:"corrupt"`
	WrongAttempts  int `json:"wrongAttempts"`
	Early          int `json:"early"`
	Refused        int `json:"refused"`
}

// channel follows the plan for the deliveries of one channel, whichever of its consumers gets them.
type channel struct {
	name      string
	plan      *plan
	deferrals []time.Duration
	consumers []*nsq.Consumer

	mu         sync.Mutex
	counts     counts
	ids        []string // by message number
	deliveries []int
	finished   []bool
	notBefore  []time.Time
	left       []*nsq.Message
	errors     []string
	stopping   bool
}

func newChannel(name string, p *plan) *channel {
	total := len(p.Messages)
	return &channel{
		name:       name,
		plan:       p,
		deferrals:  p.deferrals(),
		ids:        make([]string, total),
		deliveries: make([]int, total),
		finished:   make([]bool, total),
		notBefore:  make([]time.Time, total),
	}
}

func (c *channel) connect(topic, address string, count int) error {
	for i := 0; i < count; i++ {
		config := nsq.NewConfig()
		config.MaxInFlight = c.plan.MaxInFlight
		config.MaxAttempts = 0
		config.MsgTimeout = milliseconds(c.plan.MsgTimeoutMs)
		consumer, err := nsq.NewConsumer(topic, c.name, config)
		if err != nil {
			return err
		}
		consumer.SetLogger(log.New(&errorLog{channel: c}, "", 0), nsq.LogLevelWarning)
		consumer.AddConcurrentHandlers(nsq.HandlerFunc(c.handle), 4)
		c.consumers = append(c.consumers, consumer)
		if err := consumer.ConnectToNSQD(address); err != nil {
			return err
		}
	}
	return nil
}

func (c *channel) handle(m *nsq.Message) error {
	m.DisableAutoResponse()
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()

	number, _, _ := bytes.Cut(m.Body, []byte{'\n'})
	n, err := strconv.Atoi(string(number))
	if err != nil || n < 0 || n >= len(c.plan.Messages) || !bytes.Equal(m.Body, c.plan.Messages[n].Body) {
		c.counts.Corrupt++
		m.Finish()
		return nil
	}

	c.counts.Received++
	c.deliveries[n]++
	first := c.deliveries[n] == 1
	if int(m.Attempts) != c.deliveries[n] {
		c.counts.WrongAttempts++
	}
	if first {
		c.ids[n] = string(m.ID[:])
		c.notBefore[n] = time.Unix(0, m.Timestamp).Add(c.deferrals[n])
	} else if c.ids[n] != string(m.ID[:]) {
		c.counts.Corrupt++
	}
	if now.Add(clockTolerance).Before(c.notBefore[n]) {
		c.counts.Early++
	}

	planned := c.plan.Messages[n]
	switch {
	case first && planned.Action == actionRequeue:
		delay := milliseconds(planned.DelayMs)
		c.counts.Requeued++
		c.notBefore[n] = now.Add(delay)
		m.RequeueWithoutBackoff(delay)
	case first && planned.Action == actionLeave:
		c.counts.Left++
		c.left = append(c.left, m)
	case first && planned.Action == actionTouch:
		c.counts.Touched++
		for _, after := range c.plan.TouchAfterMs {
			time.AfterFunc(milliseconds(after), m.Touch)
		}
		time.AfterFunc(milliseconds(c.plan.FinishTouchedAfterMs), func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.finish(n, m)
		})
	default:
		c.finish(n, m)
	}
	return nil
}

func (c *channel) finish(n int, m *nsq.Message) {
	m.Finish()
	c.counts.Finished++
	if !c.finished[n] {
		c.finished[n] = true
		c.counts.DistinctBodies++
	}
}

func (c *channel) isComplete() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts.DistinctBodies == len(c.plan.Messages)
}

// answerLate finishes the deliveries that were left to time out. nsqd must refuse each, without
// closing the connection.
func (c *channel) answerLate() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.left {
		m.Finish()
	}
}

func (c *channel) areLateAnswersRefused() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts.Refused >= c.counts.Left
}

func (c *channel) stop() {
	c.mu.Lock()
	c.stopping = true
	c.mu.Unlock()
	for _, consumer := range c.consumers {
		consumer.Stop()
	}
	for _, consumer := range c.consumers {
		<-consumer.StopChan
	}
}

// report is to be called when the consumers have stopped.
func (c *channel) report() counts {
	distinct := map[string]bool{}
	for _, id := range c.ids {
		if id != "" {
			distinct[id] = true
		}
	}
	c.counts.DistinctIDs = len(distinct)
	return c.counts
}

// errorLog receives go-nsq's warnings and errors: error frames have no other way out of a Consumer.
type errorLog struct{ channel *channel }

func (l *errorLog) Write(line []byte) (int, error) {
	// go-nsq logs while it holds no lock of ours, except from a Finish made under c.mu: don't wait here.
	text := strings.TrimSpace(string(line))
	go l.channel.note(text)
	return len(line), nil
}

func (c *channel) note(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if strings.Contains(text, "E_FIN_FAILED") {
		c.counts.Refused++
	} else if !c.stopping && len(c.errors) < maxErrors {
		c.errors = append(c.errors, c.name+": "+text)
	}
}
