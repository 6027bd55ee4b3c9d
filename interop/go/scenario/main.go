// Command scenario runs the plan of interop/plan.ts through go-nsq and prints what it saw as JSON.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/nsqio/go-nsq"
)

const publishers = 16

type report struct {
	Client       string            `json:"client"`
	Version      string            `json:"version"`
	Published    map[string]int    `json:"published"`
	Channels     map[string]counts `json:"channels"`
	IDMismatches int               `json:"idMismatches"`
	Errors       []string          `json:"errors"`
}

func main() {
	tcpAddress := flag.String("nsqd-tcp-address", "", "nsqd's TCP address, host:port")
	httpAddress := flag.String("nsqd-http-address", "", "nsqd's HTTP address, host:port")
	topic := flag.String("topic", "", "topic to publish to and consume from")
	planPath := flag.String("plan", "", "plan written by interop/plan.ts")
	deadline := flag.Duration("deadline", time.Minute, "give up after this long")
	flag.Parse()

	time.AfterFunc(*deadline, func() { fail("not done after %s", *deadline) })
	p, err := readPlan(*planPath)
	if err != nil {
		fail("cannot read the plan: %s", err)
	}
	result, err := run(p, *topic, *tcpAddress, *httpAddress)
	if err != nil {
		fail("%s", err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		fail("cannot write the report: %s", err)
	}
}

func fail(format string, values ...any) {
	fmt.Fprintf(os.Stderr, "go-nsq scenario: "+format+"\n", values...)
	os.Exit(1)
}

func run(p *plan, topic, tcpAddress, httpAddress string) (*report, error) {
	// Both channels must stand before the first publish: each is to get every message.
	if err := post(httpAddress, "/topic/create", url.Values{"topic": {topic}}); err != nil {
		return nil, err
	}
	var channels []*channel
	for _, planned := range p.Channels {
		values := url.Values{"topic": {topic}, "channel": {planned.Name}}
		if err := post(httpAddress, "/channel/create", values); err != nil {
			return nil, err
		}
		c := newChannel(planned.Name, p)
		if err := c.connect(topic, tcpAddress, planned.Consumers); err != nil {
			return nil, err
		}
		channels = append(channels, c)
	}

	published, err := publish(p, topic, tcpAddress)
	if err != nil {
		return nil, err
	}
	waitFor(channels, (*channel).isComplete)
	if err := waitUntilDrained(httpAddress, topic); err != nil {
		return nil, err
	}
	for _, c := range channels {
		c.answerLate()
	}
	waitFor(channels, (*channel).areLateAnswersRefused)
	for _, c := range channels {
		c.stop()
	}
	return summarize(published, channels), nil
}

func publish(p *plan, topic, address string) (map[string]int, error) {
	producer, err := nsq.NewProducer(address, nsq.NewConfig())
	if err != nil {
		return nil, err
	}
	producer.SetLogger(log.New(os.Stderr, "", 0), nsq.LogLevelWarning)
	defer producer.Stop()

	queue := make(chan plannedPublic)
	failures := make(chan error, publishers)
	var workers sync.WaitGroup
	for i := 0; i < publishers; i++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for publication := range queue {
				if err := publishOne(producer, topic, p, publication); err != nil {
					failures <- err
					return
				}
			}
		}()
	}

	published := map[string]int{"PUB": 0, "MPUB": 0, "DPUB": 0}
	for _, publication := range p.Publications {
		select {
		case queue <- publication:
			published[publication.Command] += publication.Count
		case err := <-failures:
			return nil, err
		}
	}
	close(queue)
	workers.Wait()
	select {
	case err := <-failures:
		return nil, err
	default:
		return published, nil
	}
}

func publishOne(producer *nsq.Producer, topic string, p *plan, publication plannedPublic) error {
	messages := p.Messages[publication.First : publication.First+publication.Count]
	switch publication.Command {
	case "PUB":
		return producer.Publish(topic, messages[0].Body)
	case "DPUB":
		return producer.DeferredPublish(topic, milliseconds(publication.DelayMs), messages[0].Body)
	case "MPUB":
		bodies := make([][]byte, len(messages))
		for i, message := range messages {
			bodies[i] = message.Body
		}
		return producer.MultiPublish(topic, bodies)
	}
	return fmt.Errorf("the plan has an unknown command %q", publication.Command)
}

func waitFor(channels []*channel, condition func(*channel) bool) {
	for _, c := range channels {
		for !condition(c) {
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// waitUntilDrained waits until nsqd holds nothing of the topic any more, in any state.
func waitUntilDrained(httpAddress, topic string) error {
	for {
		held, err := countHeld(httpAddress, topic)
		if err != nil || held == 0 {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func countHeld(httpAddress, topic string) (int, error) {
	query := url.Values{"format": {"json"}, "topic": {topic}}
	response, err := http.Get("http://" + httpAddress + "/stats?" + query.Encode())
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	var stats struct {
		Topics []struct {
			Depth    int `json:"depth"`
			Channels []struct {
				Depth    int `json:"depth"`
				InFlight int `json:"in_flight_count"`
				Deferred int `json:"deferred_count"`
			} `json:"channels"`
		} `json:"topics"`
	}
	if err := json.NewDecoder(response.Body).Decode(&stats); err != nil {
		return 0, err
	}
	held := 0
	for _, t := range stats.Topics {
		held += t.Depth
		for _, c := range t.Channels {
			held += c.Depth + c.InFlight + c.Deferred
		}
	}
	return held, nil
}

func post(httpAddress, path string, values url.Values) error {
	response, err := http.Post("http://"+httpAddress+path+"?"+values.Encode(), "", nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %d %s", path, response.StatusCode, text)
	}
	return nil
}

func summarize(published map[string]int, channels []*channel) *report {
	result := &report{
		Client:    "go-nsq",
		Version:   nsq.VERSION,
		Published: published,
		Channels:  map[string]counts{},
		Errors:    []string{},
	}
	for _, c := range channels {
		result.Channels[c.name] = c.report()
		result.Errors = append(result.Errors, c.errors...)
		for n, id := range c.ids {
			if id != channels[0].ids[n] {
				result.IDMismatches++
			}
		}
	}
	return result
}
