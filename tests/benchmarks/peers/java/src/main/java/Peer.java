import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import io.confluent.parallelconsumer.ParallelConsumerOptions;
import io.confluent.parallelconsumer.ParallelConsumerOptions.CommitMode;
import io.confluent.parallelconsumer.ParallelConsumerOptions.ProcessingOrder;
import io.confluent.parallelconsumer.RecordContext;
import io.confluent.parallelconsumer.vertx.VertxParallelEoSStreamProcessor;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.client.HttpResponse;
import io.vertx.ext.web.client.WebClient;
import io.vertx.ext.web.client.WebClientOptions;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Java as fast as it delivers at least once: Confluent's parallel-consumer over Vert.x.
 *
 * <p>Records are processed without an order; what failed comes again after an exponential back-off
 * with full jitter. The library commits what is done and keeps what is done above that in the
 * commit's metadata.
 */
public final class Peer {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final Duration COMMIT_INTERVAL = Duration.ofSeconds(1);
  private static final long LONGEST_DELAY_MS = 60_000;

  private static final ObjectReader READER = new ObjectMapper().readerFor(Envelope.class);
  private static final ObjectWriter WRITER = new ObjectMapper().writerFor(Body.class);

  private final WebClient client;

  private Peer(WebClient client) {
    this.client = client;
  }

  @JsonIgnoreProperties(ignoreUnknown = true)
  record Envelope(
      @JsonProperty("message_id") String messageId,
      String content,
      @JsonProperty("content_type") String contentType,
      int priority,
      String timestamp,
      Metadata metadata,
      Kwargs kwargs) {}

  @JsonIgnoreProperties(ignoreUnknown = true)
  record Metadata(String title) {}

  @JsonIgnoreProperties(ignoreUnknown = true)
  record Kwargs(@JsonProperty("webhook_url") String webhookUrl, String url) {}

  record Body(String type, String timestamp, Data data) {}

  @JsonInclude(JsonInclude.Include.NON_NULL)
  record Data(
      @JsonProperty("message_id") String messageId,
      String title,
      String content,
      @JsonProperty("content_type") String contentType,
      int priority,
      String url) {}

  public static void main(String[] args) {
    int inFlight = Integer.parseInt(System.getenv("BENCH_IN_FLIGHT"));
    Vertx vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));
    WebClient client =
        WebClient.create(
            vertx, new WebClientOptions().setMaxPoolSize(inFlight).setFollowRedirects(false));
    var processor =
        new VertxParallelEoSStreamProcessor<byte[], byte[]>(vertx, client, options(inFlight));
    processor.subscribe(List.of(System.getenv("BENCH_TOPIC")));
    Runtime.getRuntime().addShutdownHook(new Thread(processor::closeDontDrainFirst));
    Peer peer = new Peer(client);
    processor.vertxFuture(context -> peer.deliver(context.getSingleConsumerRecord().value()));
  }

  private static ParallelConsumerOptions<byte[], byte[]> options(int inFlight) {
    Map<String, Object> settings =
        Map.of(
            ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG,
            System.getenv("BENCH_BOOTSTRAP"),
            ConsumerConfig.GROUP_ID_CONFIG,
            System.getenv("BENCH_GROUP"),
            ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
            "earliest",
            ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG,
            false,
            ConsumerConfig.MAX_POLL_RECORDS_CONFIG,
            2000,
            ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG,
            100,
            ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG,
            ByteArrayDeserializer.class,
            ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG,
            ByteArrayDeserializer.class);
    return ParallelConsumerOptions.<byte[], byte[]>builder()
        .consumer(new KafkaConsumer<>(settings))
        .ordering(ProcessingOrder.UNORDERED)
        .maxConcurrency(inFlight)
        .commitMode(CommitMode.PERIODIC_CONSUMER_ASYNCHRONOUS)
        .commitInterval(COMMIT_INTERVAL)
        .retryDelayProvider(Peer::delay)
        .build();
  }

  private static Duration delay(RecordContext<byte[], byte[]> context) {
    int doublings = Math.min(context.getNumberOfFailedAttempts() - 1, 6);
    long longest = Math.min(LONGEST_DELAY_MS, 1000L << Math.max(doublings, 0));
    return Duration.ofMillis(ThreadLocalRandom.current().nextLong(longest));
  }

  /** Posts one notification; the future fails when it was not accepted. */
  private Future<?> deliver(byte[] value) {
    String url;
    byte[] body;
    try {
      Envelope envelope = READER.readValue(value);
      url = envelope.kwargs().webhookUrl();
      body = WRITER.writeValueAsBytes(body(envelope));
    } catch (IOException error) {
      return Future.failedFuture(error);
    }
    return client
        .postAbs(url)
        .timeout(TIMEOUT.toMillis())
        .putHeader("Content-Type", "application/json")
        .sendBuffer(Buffer.buffer(body))
        .compose(Peer::accepted);
  }

  private static Body body(Envelope envelope) {
    String title = envelope.metadata() == null ? null : envelope.metadata().title();
    return new Body(
        "notification",
        envelope.timestamp(),
        new Data(
            envelope.messageId(),
            title,
            envelope.content(),
            envelope.contentType(),
            envelope.priority(),
            envelope.kwargs().url()));
  }

  private static Future<?> accepted(HttpResponse<Buffer> response) {
    int status = response.statusCode();
    return status / 100 == 2 ? Future.succeededFuture() : Future.failedFuture("answered " + status);
  }
}
