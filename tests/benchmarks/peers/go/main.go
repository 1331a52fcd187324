// Go as fast as it delivers at least once: franz-go for Kafka, net/http for HTTP.
//
// Goroutines pull from what was fetched. A fetch's offsets are committed when everything in it, and
// in every fetch before it, was answered.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	fetchRecords   = 2000
	commitInterval = time.Second
	timeout        = 10 * time.Second
	longestDelay   = 60 * time.Second
)

type envelope struct {
	MessageID   string `json:"message_id"`
	Content     string `json:"content"`
	ContentType string `json:"content_type"`
	Priority    int    `json:"priority"`
	Timestamp   string `json:"timestamp"`
	Metadata    struct {
		Title string `json:"title"`
	} `json:"metadata"`
	Kwargs struct {
		WebhookURL string `json:"webhook_url"`
		URL        string `json:"url"`
	} `json:"kwargs"`
}

type body struct {
	Type      string `json:"type"`
	Timestamp string `json:"timestamp"`
	Data      data   `json:"data"`
}

type data struct {
	MessageID   string `json:"message_id"`
	Title       string `json:"title,omitempty"`
	Content     string `json:"content"`
	ContentType string `json:"content_type"`
	Priority    int    `json:"priority"`
	URL         string `json:"url,omitempty"`
}

// batch is one fetch: the last record of each of its partitions, and how many are not yet answered.
type batch struct {
	last []*kgo.Record
	left atomic.Int64
}

// taken is one record on its way, with the batch that it belongs to.
type taken struct {
	record *kgo.Record
	batch  *batch
}

func main() {
	inFlight, err := strconv.Atoi(os.Getenv("BENCH_IN_FLIGHT"))
	if err != nil {
		log.Fatal(err)
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(os.Getenv("BENCH_BOOTSTRAP")),
		kgo.ConsumerGroup(os.Getenv("BENCH_GROUP")),
		kgo.ConsumeTopics(os.Getenv("BENCH_TOPIC")),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchMaxWait(100*time.Millisecond),
		kgo.AutoCommitMarks(),
		kgo.AutoCommitInterval(commitInterval),
	)
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	poster := newPoster(inFlight)
	records := make(chan taken, inFlight)
	for range inFlight {
		go func() {
			for next := range records {
				if poster.deliver(ctx, next.record.Value) {
					next.batch.left.Add(-1)
				}
			}
		}()
	}
	consume(ctx, client, records)
	log.Print(context.Cause(ctx))
	if err := client.CommitMarkedOffsets(context.Background()); err != nil {
		log.Print(err)
	}
	client.Close()
}

// consume hands out records and marks what may be committed, until the context ends.
func consume(ctx context.Context, client *kgo.Client, records chan<- taken) {
	var pending []*batch
	for ctx.Err() == nil {
		fetches := client.PollRecords(ctx, fetchRecords)
		fetched := &batch{}
		fetched.left.Store(int64(fetches.NumRecords()))
		fetches.EachPartition(func(partition kgo.FetchTopicPartition) {
			if n := len(partition.Records); n > 0 {
				fetched.last = append(fetched.last, partition.Records[n-1])
			}
		})
		pending = append(pending, fetched)
		for _, record := range fetches.Records() {
			select {
			case records <- taken{record, fetched}:
			case <-ctx.Done():
			}
		}
		for len(pending) > 0 && pending[0].left.Load() == 0 {
			client.MarkCommitRecords(pending[0].last...)
			pending = pending[1:]
		}
	}
}

// poster delivers notifications over connections that are kept.
type poster struct {
	client http.Client
}

func newPoster(inFlight int) *poster {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns = 0
	transport.MaxIdleConnsPerHost = inFlight
	transport.DisableCompression = true
	return &poster{client: http.Client{Transport: transport, Timeout: timeout}}
}

// deliver posts until it is accepted, with exponential back-off and full jitter; false when the
// context ended before.
func (p *poster) deliver(ctx context.Context, value []byte) bool {
	var message envelope
	if err := json.Unmarshal(value, &message); err != nil {
		log.Fatal(err)
	}
	encoded, err := json.Marshal(body{"notification", message.Timestamp, data{
		MessageID:   message.MessageID,
		Title:       message.Metadata.Title,
		Content:     message.Content,
		ContentType: message.ContentType,
		Priority:    message.Priority,
		URL:         message.Kwargs.URL,
	}})
	if err != nil {
		log.Fatal(err)
	}
	for attempt := 0; ; attempt++ {
		if p.post(ctx, message.Kwargs.WebhookURL, encoded) {
			return true
		}
		longest := min(float64(longestDelay), float64(time.Second)*math.Pow(2, float64(attempt)))
		select {
		case <-time.After(time.Duration(rand.Float64() * longest)):
		case <-ctx.Done():
			return false
		}
	}
}

func (p *poster) post(ctx context.Context, url string, encoded []byte) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(encoded))
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := p.client.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err == nil && response.StatusCode/100 == 2
}
