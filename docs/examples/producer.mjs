// Publishes one notification to Kafka: node producer.mjs BROKERS "text"
// Needs kafkajs. A typed message: whom it reaches stands in the recipients file.

import { randomUUID } from "node:crypto";
import { Kafka, Partitioners } from "kafkajs";

const [brokers, text] = process.argv.slice(2);
const kafka = new Kafka({ clientId: "producer-example", brokers: brokers.split(",") });
const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });

// The worker recognises a repeat by its message_id.
const notification = {
  message_id: randomUUID(),
  message_type: "simple",
  user_uuid: "trader-001",
  title: "Signal",
  content: text,
  priority: 2,
};

await producer.connect();
try {
  // The key keeps one user's notifications in order.
  const [place] = await producer.send({
    topic: "notifications",
    acks: -1,
    messages: [{ key: notification.user_uuid, value: JSON.stringify(notification) }],
  });
  console.log(`published to ${place.topicName}, partition ${place.partition}`);
} finally {
  await producer.disconnect();
}
