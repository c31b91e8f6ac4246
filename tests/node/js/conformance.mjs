// The official JavaScript client against a node: each case is a sentence and a function that must not throw.
// Usage: node conformance.mjs CONNECTION_STRING; prints one JSON line a case.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import {
  ANY,
  BACKWARDS,
  END,
  FORWARDS,
  KurrentDBClient,
  NO_STREAM,
  PARK,
  RETRY,
  START,
  STREAM_EXISTS,
  AccessDeniedError,
  PersistentSubscriptionDoesNotExistError,
  PersistentSubscriptionExistsError,
  StreamDeletedError,
  StreamNotFoundError,
  WrongExpectedVersionError,
  eventTypeFilter,
  excludeSystemEvents,
  jsonEvent,
  binaryEvent,
  persistentSubscriptionToAllSettingsFromDefaults,
  persistentSubscriptionToStreamSettingsFromDefaults,
  streamNameFilter,
} from "@kurrent/kurrentdb-client";

const client = KurrentDBClient.connectionString(process.argv[2]);
const guarded = process.argv[3] === "guarded";

const event = (number = 0, type = "Deposited") => jsonEvent({ type, data: { number }, metadata: { by: "test" } });
const some = (count) => Array.from({ length: count }, (_, number) => event(number));
const fresh = () => `account-${randomUUID()}`;

async function collect(stream, count = Infinity) {
  const found = [];
  for await (const resolved of stream) {
    found.push(resolved);
    if (found.length >= count) break;
  }
  return found;
}

async function refusedWith(kind, work) {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof kind, `${error.constructor.name}: ${error.message}`);
    return true;
  });
}

async function until(condition) {
  for (let tries = 0; tries < 300; tries += 1) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail("It did not come to be.");
}

const revisions = (found) => found.map(({ event }) => Number(event.revision));

const cases = {
  async "what is appended is read back"() {
    const stream = fresh();
    const result = await client.appendToStream(stream, [event(7), binaryEvent({ type: "Raw", data: Buffer.from([0, 255]) })], {
      streamState: NO_STREAM,
    });
    assert.equal(result.success, true);
    assert.equal(result.nextExpectedRevision, 1n);
    const [first, second] = await collect(client.readStream(stream));
    assert.deepEqual(first.event.data, { number: 7 });
    assert.deepEqual(first.event.metadata, { by: "test" });
    assert.deepEqual([...second.event.data], [0, 255]);
    assert.equal(second.event.position.commit, result.position.commit);
  },

  async "a credentialed append goes by the other call"() {
    const stream = fresh();
    const credentials = { username: "admin", password: process.argv[4] ?? "x" };
    const result = await client.appendToStream(stream, some(2), { streamState: ANY, credentials });
    assert.equal(result.nextExpectedRevision, 1n);
    await refusedWith(WrongExpectedVersionError, () =>
      client.appendToStream(stream, some(1), { streamState: NO_STREAM, credentials }),
    );
  },

  async "a wrong version is told with what is there"() {
    const stream = fresh();
    await client.appendToStream(stream, some(3));
    await refusedWith(WrongExpectedVersionError, () => client.appendToStream(stream, some(1), { streamState: 1n }));
    await refusedWith(WrongExpectedVersionError, () =>
      client.appendToStream(fresh(), some(1), { streamState: STREAM_EXISTS }),
    );
  },

  async "a repeat writes nothing"() {
    const stream = fresh();
    const events = some(2);
    const first = await client.appendToStream(stream, events);
    const again = await client.appendToStream(stream, events);
    assert.equal(again.nextExpectedRevision, first.nextExpectedRevision);
    assert.equal((await collect(client.readStream(stream))).length, 2);
  },

  async "a hundred appends are pipelined on one call"() {
    const streams = Array.from({ length: 100 }, fresh);
    const results = await Promise.all(streams.map((stream) => client.appendToStream(stream, some(2))));
    assert.ok(results.every((result) => result.nextExpectedRevision === 1n));
  },

  async "streams are read both ways, in parts"() {
    const stream = fresh();
    await client.appendToStream(stream, some(700));
    assert.equal((await collect(client.readStream(stream))).length, 700);
    const back = await collect(client.readStream(stream, { direction: BACKWARDS, fromRevision: END, maxCount: 2 }));
    assert.deepEqual(revisions(back), [699, 698]);
    const middle = await collect(client.readStream(stream, { direction: FORWARDS, fromRevision: 5n, maxCount: 2 }));
    assert.deepEqual(revisions(middle), [5, 6]);
  },

  async "a stream that is not there is not found"() {
    await refusedWith(StreamNotFoundError, () => collect(client.readStream(fresh())));
  },

  async "the log is read and filtered"() {
    const stream = fresh();
    await client.appendToStream(stream, [event(0, "One"), event(1, "Two")]);
    const back = await collect(client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 2 }));
    assert.equal(back.length, 2);
    const filter = streamNameFilter({ prefixes: [stream] });
    assert.deepEqual((await collect(client.readAll({ filter }))).map(({ event }) => event.type), ["One", "Two"]);
  },

  async "a subscription to a stream catches up and stays"() {
    const stream = fresh();
    await client.appendToStream(stream, some(2));
    const subscription = client.subscribeToStream(stream, { fromRevision: START });
    setTimeout(() => client.appendToStream(stream, some(1)), 200);
    assert.deepEqual(revisions(await collect(subscription, 3)), [0, 1, 2]);
    await subscription.unsubscribe();
  },

  async "a subscription says that it caught up"() {
    const stream = fresh();
    await client.appendToStream(stream, some(2));
    const subscription = client.subscribeToStream(stream, { fromRevision: START });
    await new Promise((resolve, reject) => {
      subscription.on("caughtUp", resolve).on("error", reject).on("data", () => {});
    });
    await subscription.unsubscribe();
  },

  async "a filtered subscription to the log gets its own, and checkpoints"() {
    const stream = fresh();
    let checkpoints = 0;
    const filter = streamNameFilter({
      prefixes: [stream],
      checkpointInterval: 1,
      checkpointReached: async () => {
        checkpoints += 1;
      },
    });
    const subscription = client.subscribeToAll({ fromPosition: START, filter });
    setTimeout(() => client.appendToStream(stream, some(2)), 200);
    assert.deepEqual(revisions(await collect(subscription, 2)), [0, 1]);
    assert.ok(checkpoints > 0);
    await subscription.unsubscribe();
  },

  async "types are filtered by regular expression"() {
    const type = `Type-${randomUUID()}`;
    await client.appendToStream(fresh(), [event(0, type), event(1, "Other")]);
    const subscription = client.subscribeToAll({ fromPosition: START, filter: eventTypeFilter({ regex: `^${type}$` }) });
    const [found] = await collect(subscription, 1);
    assert.equal(found.event.type, type);
    await subscription.unsubscribe();
  },

  async "events of the system are left out where that is asked for"() {
    const stream = fresh();
    await client.setStreamMetadata(stream, { maxCount: 20 });
    await client.appendToStream(stream, some(1));
    const subscription = client.subscribeToAll({ fromPosition: START, filter: excludeSystemEvents() });
    let found;
    for await (found of subscription) {
      assert.ok(!found.event.type.startsWith("$"));
      if (found.event.streamId === stream) break;
    }
    assert.equal(found.event.streamId, stream);
    await subscription.unsubscribe();
  },

  async "metadata is set, read and expected"() {
    const stream = fresh();
    await client.appendToStream(stream, some(4));
    await client.setStreamMetadata(stream, { maxCount: 2, customer: "c-17" });
    const { metadata } = await client.getStreamMetadata(stream);
    assert.equal(metadata.maxCount, 2);
    assert.equal(metadata.customer, "c-17");
    assert.deepEqual(revisions(await collect(client.readStream(stream))), [2, 3]);
  },

  async "a deleted stream goes on with its next number"() {
    const stream = fresh();
    await client.appendToStream(stream, some(2));
    await client.deleteStream(stream, { expectedRevision: 1n });
    await refusedWith(StreamNotFoundError, () => collect(client.readStream(stream)));
    await client.appendToStream(stream, some(1), { streamState: NO_STREAM });
    assert.deepEqual(revisions(await collect(client.readStream(stream))), [2]);
    await refusedWith(WrongExpectedVersionError, () => client.deleteStream(stream, { expectedRevision: 0n }));
  },

  async "a tombstone is the end"() {
    const stream = fresh();
    await client.appendToStream(stream, some(1));
    await client.tombstoneStream(stream);
    await refusedWith(StreamDeletedError, () => collect(client.readStream(stream)));
    await refusedWith(StreamDeletedError, () => client.appendToStream(stream, some(1)));
    await refusedWith(StreamDeletedError, () => client.deleteStream(stream));
  },

  async "several streams are appended to at once, or none is"() {
    const [first, second] = [fresh(), fresh()];
    const stated = (stream, expectedState) => ({ streamName: stream, events: some(2), expectedState });
    const result = await client.multiStreamAppend([stated(first, NO_STREAM), stated(second, ANY)]);
    assert.deepEqual(result.responses.map(({ revision }) => revision), [1n, 1n]);
    const third = fresh();
    await assert.rejects(() => client.multiStreamAppend([stated(third, ANY), stated(first, NO_STREAM)]));
    await refusedWith(StreamNotFoundError, () => collect(client.readStream(third)));
  },

  async "links are resolved"() {
    const [stream, links] = [fresh(), fresh()];
    await client.appendToStream(stream, some(2));
    await client.appendToStream(links, [binaryEvent({ type: "$>", data: Buffer.from(`1@${stream}`) })]);
    const [found] = await collect(client.readStream(links, { resolveLinkTos: true }));
    assert.equal(found.event.streamId, stream);
    assert.equal(found.link.streamId, links);
  },

  async "a group of consumers acks, retries and parks"() {
    const stream = fresh();
    await client.appendToStream(stream, some(3));
    await client.createPersistentSubscriptionToStream(
      stream,
      "group",
      persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: START }),
    );
    const subscription = client.subscribeToPersistentSubscriptionToStream(stream, "group");
    const seen = [];
    for await (const received of subscription) {
      seen.push([Number(received.event.revision), received.retryCount]);
      if (received.event.revision === 1n && received.retryCount === 0) await subscription.nack(RETRY, "again", received);
      else if (received.event.revision === 2n) await subscription.nack(PARK, "later", received);
      else await subscription.ack(received);
      if (seen.length === 4) break;
    }
    assert.deepEqual(seen.sort(), [[0, 0], [1, 0], [1, 1], [2, 0]]);
    await until(async () => {
      const info = await client.getPersistentSubscriptionToStreamInfo(stream, "group");
      return Number(info.stats.parkedMessageCount) === 1;
    });
    await subscription.unsubscribe(); // leaving the loop does not end the call
    await client.replayParkedMessagesToStream(stream, "group");
    const again = client.subscribeToPersistentSubscriptionToStream(stream, "group");
    const [replayed] = await collect(again, 1);
    assert.equal(replayed.event.revision, 2n);
  },

  async "a group tells how much it delivers and how long its consumers take"() {
    const stream = fresh();
    await client.appendToStream(stream, some(3));
    await client.createPersistentSubscriptionToStream(
      stream,
      "group",
      persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: START, extraStatistics: true }),
    );
    const subscription = client.subscribeToPersistentSubscriptionToStream(stream, "group");
    for (const received of await collect(subscription, 3)) await subscription.ack(received);
    let info;
    await until(async () => {
      info = await client.getPersistentSubscriptionToStreamInfo(stream, "group");
      return Number(info.stats.totalInFlightMessages) === 0;
    });
    assert.equal(Number(info.stats.totalItems), 3);
    assert.ok(info.connections[0].extraStatistics.get("highest") >= 0n);
    await client.appendToStream(stream, some(2));
    await until(async () => {
      info = await client.getPersistentSubscriptionToStreamInfo(stream, "group");
      return Number(info.stats.countSinceLastMeasurement) > 0;
    });
    assert.ok(info.stats.averagePerSecond > 0);
    await subscription.unsubscribe();
  },

  async "groups are created once, listed, changed and deleted"() {
    const stream = fresh();
    const settings = persistentSubscriptionToStreamSettingsFromDefaults({ maxRetryCount: 3 });
    await client.createPersistentSubscriptionToStream(stream, "group", settings);
    await refusedWith(PersistentSubscriptionExistsError, () =>
      client.createPersistentSubscriptionToStream(stream, "group", settings),
    );
    await client.updatePersistentSubscriptionToStream(
      stream,
      "group",
      persistentSubscriptionToStreamSettingsFromDefaults({ maxRetryCount: 5 }),
    );
    const [found] = await client.listPersistentSubscriptionsToStream(stream);
    assert.equal(found.settings.maxRetryCount, 5);
    assert.ok((await client.listAllPersistentSubscriptions()).length > 0);
    await client.deletePersistentSubscriptionToStream(stream, "group");
    await refusedWith(PersistentSubscriptionDoesNotExistError, () =>
      client.deletePersistentSubscriptionToStream(stream, "group"),
    );
  },

  async "a group to the log has a filter"() {
    const [stream, group] = [fresh(), randomUUID()];
    await client.createPersistentSubscriptionToAll(
      group,
      persistentSubscriptionToAllSettingsFromDefaults({ startFrom: START }),
      { filter: streamNameFilter({ prefixes: [stream] }) },
    );
    const subscription = client.subscribeToPersistentSubscriptionToAll(group);
    setTimeout(() => client.appendToStream(stream, some(1)), 200);
    const [found] = await collect(subscription, 1);
    assert.equal(found.event.streamId, stream);
    await client.deletePersistentSubscriptionToAll(group).catch(() => {});
  },

  async "projections are declared unsupported"() {
    await assert.rejects(() => client.createProjection(randomUUID(), "fromAll()"), /not supported|Unsupported|UNIMPLEMENTED/i);
  },
};

const guardedCases = {
  async "whoever logs in may use streams"() {
    const stream = fresh();
    await client.appendToStream(stream, some(1));
    assert.equal((await collect(client.readStream(stream))).length, 1);
  },

  async "the log is for administrators"() {
    await refusedWith(AccessDeniedError, () => collect(client.readAll({ maxCount: 1 })));
    await refusedWith(AccessDeniedError, () => client.appendToStream(`$${fresh()}`, some(1)));
    const credentials = { username: "admin", password: process.argv[4] };
    assert.equal((await collect(client.readAll({ maxCount: 1, credentials }))).length, 1);
  },

  async "a wrong password is refused"() {
    const credentials = { username: "ann", password: "guessed" };
    await assert.rejects(() => collect(client.readStream(fresh(), { credentials })));
    await assert.rejects(() => client.appendToStream(fresh(), some(1), { credentials }));
  },
};

for (const [name, work] of Object.entries(guarded ? guardedCases : cases)) {
  let error = null;
  try {
    await Promise.race([
      work(),
      new Promise((_, reject) => setTimeout(() => reject(new Error("no answer within 20 s")), 20_000).unref()),
    ]);
  } catch (thrown) {
    error = thrown?.stack ?? String(thrown);
  }
  console.log(JSON.stringify({ name, error }));
}
await client.dispose();
process.exit(0);
