// Node as fast as it delivers at least once: kafkajs for Kafka, undici for HTTP.
//
// Partitions are consumed concurrently; within a partition's batch, tasks pull from it. An offset is
// resolved, and then committed, when everything up to it was answered.
import { setTimeout as sleep } from "node:timers/promises";
import { Kafka, logLevel } from "kafkajs";
import { Agent } from "undici";

const { BENCH_BOOTSTRAP, BENCH_TOPIC, BENCH_GROUP, BENCH_IN_FLIGHT } = process.env;
const IN_FLIGHT = Number(BENCH_IN_FLIGHT);
const HOUSEKEEPING_EVERY = 50; // records: heartbeats and commits, each as often as they are due
const TIMEOUT_MS = 10_000;
const LONGEST_DELAY_MS = 60_000;
const HEADERS = { "content-type": "application/json" };

const agent = new Agent({
  connections: null,
  pipelining: 1,
  bodyTimeout: TIMEOUT_MS,
  headersTimeout: TIMEOUT_MS,
});
const targets = new Map();

function target(url) {
  let found = targets.get(url);
  if (found === undefined) {
    const { origin, pathname, search } = new URL(url);
    found = { origin, path: pathname + search };
    targets.set(url, found);
  }
  return found;
}

// All partitions together have so many requests under way at most.
let free = IN_FLIGHT;
const waiting = [];

async function take() {
  if (free > 0) free--;
  else await new Promise((resolve) => waiting.push(resolve));
}

function give() {
  const next = waiting.shift();
  if (next) next();
  else free++;
}

async function post(url, body) {
  const { origin, path } = target(url);
  const answer = await agent.request({ origin, path, method: "POST", headers: HEADERS, body });
  await answer.body.dump();
  return answer.statusCode >= 200 && answer.statusCode < 300;
}

async function deliver(value) {
  const envelope = JSON.parse(value);
  const { message_id, content, content_type, priority, metadata, kwargs } = envelope;
  const body = JSON.stringify({
    type: "notification",
    timestamp: envelope.timestamp,
    data: { message_id, title: metadata?.title, content, content_type, priority, url: kwargs.url },
  });
  for (let attempt = 0; ; attempt++) {
    if (await post(kwargs.webhook_url, body).catch(() => false)) return;
    await sleep(Math.random() * Math.min(LONGEST_DELAY_MS, 1000 * 2 ** attempt));
  }
}

async function handle({ batch, resolveOffset, heartbeat, commitOffsetsIfNecessary, isRunning }) {
  const { messages } = batch;
  const done = new Array(messages.length).fill(false);
  let next = 0;
  let resolved = 0;
  const work = async () => {
    while (next < messages.length && isRunning()) {
      const index = next++;
      if (index % HOUSEKEEPING_EVERY === 0) {
        await heartbeat();
        await commitOffsetsIfNecessary();
      }
      await take();
      try {
        await deliver(messages[index].value);
      } finally {
        give();
      }
      done[index] = true;
      while (done[resolved]) resolveOffset(messages[resolved++].offset);
    }
  };
  await Promise.all(Array.from({ length: Math.min(IN_FLIGHT, messages.length) }, work));
}

const kafka = new Kafka({ brokers: BENCH_BOOTSTRAP.split(","), logLevel: logLevel.ERROR });
const consumer = kafka.consumer({ groupId: BENCH_GROUP, maxWaitTimeInMs: 100 });
await consumer.connect();
await consumer.subscribe({ topics: [BENCH_TOPIC], fromBeginning: true });
await consumer.run({
  autoCommitInterval: 1000,
  eachBatchAutoResolve: false,
  partitionsConsumedConcurrently: 12,
  eachBatch: handle,
});
process.once("SIGTERM", async () => {
  await consumer.disconnect();
  process.exit();
});
