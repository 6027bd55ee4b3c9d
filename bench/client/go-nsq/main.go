// One workload with go-nsq: what client.ts runs in a process of its own.
package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	nsq "github.com/nsqio/go-nsq"
)

const warmUp = 2000

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func number(at int) int {
	n, err := strconv.Atoi(os.Args[at])
	must(err)
	return n
}

func cpu() time.Duration {
	var usage syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func measure(run func()) {
	used, start := cpu(), time.Now()
	run()
	must(json.NewEncoder(os.Stdout).Encode(map[string]float64{
		"seconds":    time.Since(start).Seconds(),
		"cpuSeconds": (cpu() - used).Seconds(),
	}))
}

func publish(address, topic string, outstanding, batchOf, messages int, body []byte) {
	producer, err := nsq.NewProducer(address, nsq.NewConfig())
	must(err)
	producer.SetLoggerLevel(nsq.LogLevelError)
	must(producer.Ping())
	batch := make([][]byte, batchOf)
	for i := range batch {
		batch[i] = body
	}
	keepUnderWay := func(calls int) {
		if outstanding == 1 {
			for i := 0; i < calls; i++ {
				must(producer.Publish(topic, body))
			}
			return
		}
		done := make(chan *nsq.ProducerTransaction, outstanding)
		sent := 0
		for answered := 0; answered < calls; {
			if sent < calls && sent-answered < outstanding {
				if batchOf == 1 {
					must(producer.PublishAsync(topic, body, done))
				} else {
					must(producer.MultiPublishAsync(topic, batch, done))
				}
				sent++
				continue
			}
			must((<-done).Error)
			answered++
		}
	}
	keepUnderWay(warmUp / batchOf)
	measure(func() { keepUnderWay(messages / batchOf) })
	producer.Stop()
}

func consume(address, topic string, maxInFlight, messages int) {
	config := nsq.NewConfig()
	config.MaxInFlight = maxInFlight
	consumer, err := nsq.NewConsumer(topic, "c", config)
	must(err)
	consumer.SetLoggerLevel(nsq.LogLevelError)
	var seen int64
	all := make(chan bool)
	consumer.AddHandler(nsq.HandlerFunc(func(*nsq.Message) error {
		if atomic.AddInt64(&seen, 1) == int64(messages) {
			close(all)
		}
		return nil
	}))
	measure(func() {
		must(consumer.ConnectToNSQD(address))
		<-all
	})
	consumer.Stop()
	<-consumer.StopChan
}

func main() {
	address, topic := os.Args[2], os.Args[3]
	outstanding, batchOf, messages := number(4), number(5), number(6)
	if os.Args[1] == "publish" {
		publish(address, topic, outstanding, batchOf, messages, bytes.Repeat([]byte("x"), number(7)))
	} else {
		consume(address, topic, outstanding, messages)
	}
}
