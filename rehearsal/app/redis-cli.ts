import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { Redis } from "ioredis";
import { reasonOf } from "./log.ts";
import { lookupAt } from "./settings.ts";

/** What `sparki rotate` uses of redis-cli; any other option is refused, since it would be ignored here. */
const OPTIONS = {
  tls: { type: "boolean" },
  host: { type: "string", short: "h" },
  port: { type: "string", short: "p" },
} as const;

/** Stands in for Redis's client: the commands of its input, one after the other on one connection over verified TLS. */
async function redisCli(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const { host = "127.0.0.1", port = "6379", tls } = parseArgs({ args: [...args], options: OPTIONS }).values;
  if (tls !== true) throw new Error("redis-cli: expected --tls; the rehearsal's Redis has no other port");
  const lookup = lookupAt(env.SPARKI_DNS_SERVER);
  const ca = env.SPARKI_CA_FILE && readFileSync(env.SPARKI_CA_FILE, "utf8");
  const client = new Redis({
    host,
    port: Number(port),
    tls: { ...(ca && { ca }), servername: host, ...(lookup && { lookup }) },
    lazyConnect: true,
    enableReadyCheck: false,
    disableClientInfo: true,
    connectTimeout: 5000,
    commandTimeout: 5000,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  client.on("error", () => {});
  try {
    await client.connect();
    const lines = (await text(process.stdin)).split("\n").filter((line) => line.trim() !== "");
    for (const line of lines) {
      const [name = "", ...words] = line.split(" ");
      process.stdout.write(`${await client.call(name, ...words).catch(reasonOf)}\n`);
    }
    return 0;
  } catch (error) {
    process.stderr.write(`Could not connect to Redis at ${host}:${port}: ${reasonOf(error)}\n`);
    return 1;
  } finally {
    client.disconnect();
  }
}

try {
  process.exitCode = await redisCli(process.argv.slice(2), process.env);
} catch (error) {
  process.stderr.write(`${reasonOf(error)}\n`);
  process.exitCode = 1;
}
