// The same against go-nsq: go run . HOST:PORT [messages] [body bytes]
package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	nsq "github.com/nsqio/go-nsq"
)

func cpu() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func measure(name string, messages int, run func()) {
	used, start := cpu(), time.Now()
	run()
	seconds := time.Since(start).Seconds()
	per := float64((cpu() - used).Nanoseconds()) / 1000 / float64(messages)
	fmt.Printf("%-34s %12.0f msg/s %.2f µs CPU/msg\n", name, float64(messages)/seconds, per)
}

func number(at, otherwise int) int {
	if len(os.Args) > at {
		n, _ := strconv.Atoi(os.Args[at])
		return n
	}
	return otherwise
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	address := os.Args[1]
	messages := number(2, 200000)
	body := bytes.Repeat([]byte("x"), number(3, 200))
	stamp := time.Now().UnixMilli()
	config := nsq.NewConfig()
	producer, err := nsq.NewProducer(address, config)
	must(err)
	producer.SetLoggerLevel(nsq.LogLevelError)
	must(producer.Ping())

	few := 20000
	measure("publish, each awaited", few, func() {
		for i := 0; i < few; i++ {
			must(producer.Publish(fmt.Sprintf("go_one_%d#ephemeral", stamp), body))
		}
	})
	topic := fmt.Sprintf("go_pipe_%d#ephemeral", stamp)
	measure("publish, 1,000 outstanding", messages, func() {
		done := make(chan *nsq.ProducerTransaction, 1000)
		for i := 0; i < messages; i++ {
			if i >= 1000 {
				must((<-done).Error)
			}
			must(producer.PublishAsync(topic, body, done))
		}
		for i := 0; i < 1000; i++ {
			must((<-done).Error)
		}
	})
	batch := make([][]byte, 200)
	for i := range batch {
		batch[i] = body
	}
	for _, maxInFlight := range []int{200, 2500} {
		topic := fmt.Sprintf("go_read_%d_%d", stamp, maxInFlight)
		measure("MultiPublish of 200, 10 outstanding", messages, func() {
			done := make(chan *nsq.ProducerTransaction, 10)
			for i := 0; i < messages/200; i++ {
				if i >= 10 {
					must((<-done).Error)
				}
				must(producer.MultiPublishAsync(topic, batch, done))
			}
			for i := 0; i < 10; i++ {
				must((<-done).Error)
			}
		})
		config.MaxInFlight = maxInFlight
		consumer, err := nsq.NewConsumer(topic, "c#ephemeral", config)
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
		measure(fmt.Sprintf("consume, max in flight %d", maxInFlight), messages, func() {
			must(consumer.ConnectToNSQD(address))
			<-all
		})
		consumer.Stop()
		<-consumer.StopChan
	}
	producer.Stop()
}
