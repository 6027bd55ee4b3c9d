// Command exchange sends messages through one nsqd and back, over a connection with TLS, compression or
// sampling as asked for, and prints what it saw as JSON. See interop/exchange.ts.
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/nsqio/go-nsq"
)

type report struct {
	Received    int             `json:"received"`
	Distinct    int             `json:"distinct"`
	Corrupt     int             `json:"corrupt"`
	Connections json.RawMessage `json:"connections"`
}

type stats struct {
	Topics []struct {
		Channels []struct {
			Depth    int             `json:"depth"`
			InFlight int             `json:"in_flight_count"`
			Messages int             `json:"message_count"`
			Clients  json.RawMessage `json:"clients"`
		} `json:"channels"`
	} `json:"topics"`
}

func main() {
	tcpAddress := flag.String("nsqd-tcp-address", "", "nsqd's TCP address, host:port")
	httpAddress := flag.String("nsqd-http-address", "", "nsqd's HTTP address, host:port")
	topic := flag.String("topic", "", "topic to publish to and consume from")
	messages := flag.Int("messages", 0, "how many")
	large := flag.Int("large-bytes", 0, "size of every fiftieth")
	ca := flag.String("tls-ca", "", "speak TLS, with nsqd verified by this file")
	deflate := flag.Int("deflate", 0, "deflate at this level")
	snappy := flag.Bool("snappy", false, "use snappy")
	sampleRate := flag.Int("sample-rate", 0, "percentage to consume")
	secret := flag.String("auth-secret", "", "send this secret with AUTH")
	flag.Parse()

	time.AfterFunc(30*time.Second, func() { fail("not done after 30 s") })
	config := nsq.NewConfig()
	config.MaxInFlight = 200
	config.Snappy = *snappy
	config.SampleRate = int32(*sampleRate)
	config.AuthSecret = *secret
	if *deflate > 0 {
		config.Deflate = true
		config.DeflateLevel = *deflate
	}
	if *ca != "" {
		pem, err := os.ReadFile(*ca)
		check(err)
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)
		config.TlsV1 = true
		config.TlsConfig = &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"}
	}

	var mu sync.Mutex
	result := report{}
	seen := map[int]bool{}
	consumer, err := nsq.NewConsumer(*topic, "exchange", config)
	check(err)
	consumer.SetLogger(log.New(os.Stderr, "", 0), nsq.LogLevelWarning)
	consumer.AddHandler(nsq.HandlerFunc(func(m *nsq.Message) error {
		mu.Lock()
		defer mu.Unlock()
		number, _, _ := bytes.Cut(m.Body, []byte{'\n'})
		n, err := strconv.Atoi(string(number))
		result.Received++
		if err != nil || !bytes.Equal(m.Body, body(n, *large)) {
			result.Corrupt++
			return nil
		}
		seen[n] = true
		return nil
	}))
	check(consumer.ConnectToNSQD(*tcpAddress))

	producer, err := nsq.NewProducer(*tcpAddress, config)
	check(err)
	producer.SetLogger(log.New(os.Stderr, "", 0), nsq.LogLevelWarning)
	for n := 0; n < *messages; n++ {
		check(producer.Publish(*topic, body(n, *large)))
	}
	for {
		response, err := http.Get("http://" + *httpAddress + "/stats?format=json&topic=" + *topic)
		check(err)
		var now stats
		check(json.NewDecoder(response.Body).Decode(&now))
		response.Body.Close()
		if len(now.Topics) == 1 && len(now.Topics[0].Channels) == 1 {
			c := now.Topics[0].Channels[0]
			if c.Messages == *messages && c.Depth == 0 && c.InFlight == 0 {
				result.Connections = c.Clients
				break
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	producer.Stop()
	consumer.Stop()
	<-consumer.StopChan
	result.Distinct = len(seen)
	check(json.NewEncoder(os.Stdout).Encode(result))
}

// body is a number and, so that a byte in the wrong place shows, bytes that hardly repeat.
func body(n, large int) []byte {
	size := n % 400
	if n%50 == 7 {
		size = large
	}
	b := []byte(strconv.Itoa(n) + "\n")
	for i := 0; i < size; i++ {
		b = append(b, byte((i*i+n)%251))
	}
	return b
}

func check(err error) {
	if err != nil {
		fail("%s", err)
	}
}

func fail(format string, values ...any) {
	fmt.Fprintf(os.Stderr, "go-nsq exchange: "+format+"\n", values...)
	os.Exit(1)
}
