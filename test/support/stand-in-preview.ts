/**
 * A preview in the engine's place: leaves the file `started` in a folder and continues until SIGINT; then it tells of a
 * step a quarter of a second, four times, and leaves the file `saved`. It ends earlier when nobody reads what it writes.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { credentials } from "@grpc/grpc-js";
import eventsService from "@pulumi/pulumi/proto/events_grpc_pb.js";
import eventsMessages from "@pulumi/pulumi/proto/events_pb.js";

const [folder = "", ...args] = process.argv.slice(2);
const address = (args[args.indexOf("--event-log") + 1] ?? "").replace("tcp://", "");
const events = new eventsService.EventsClient(address, credentials.createInsecure()).streamEvents(() => undefined);
events.on("error", () => process.exit(1));
process.stdout.on("error", () => process.exit(1));

const interrupted = new Promise((resolve) => process.once("SIGINT", resolve));
writeFileSync(join(folder, "started"), "");
await Promise.race([interrupted, delay(60_000)]);
for (let step = 0; step < 4; step++) {
  const urn = `urn:pulumi:staging::sparki::aws:s3/bucket:Bucket::logs-${step}`;
  const metadata = { op: "create", urn, type: "aws:s3/bucket:Bucket", new: { custom: true }, provider: "" };
  const event = JSON.stringify({ sequence: step, timestamp: 1, resOutputsEvent: { metadata, planning: true } });
  events.write(new eventsMessages.EventRequest().setEvent(event));
  process.stdout.write(`${event}\n`);
  await delay(250);
}
writeFileSync(join(folder, "saved"), "");
process.exit(255);
