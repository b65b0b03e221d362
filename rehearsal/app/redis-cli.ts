import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { connect } from "node:tls";
import { parseArgs } from "node:util";
import { reasonOf } from "./log.ts";
import { lookupAt } from "./settings.ts";

/** What `sparki rotate` uses of redis-cli; any other option is refused, since it would be ignored here. */
const OPTIONS = {
  tls: { type: "boolean" },
  host: { type: "string", short: "h" },
  port: { type: "string", short: "p" },
} as const;

const CONNECT_MILLISECONDS = 10_000;

/**
 * Stands in for Redis's client: the commands of its input, one after the other on one connection over verified TLS. It
 * understands answers of one line, which is what they answer.
 */
async function redisCli(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const { host = "127.0.0.1", port = "6379", tls } = parseArgs({ args: [...args], options: OPTIONS }).values;
  if (tls !== true) throw new Error("redis-cli: expected --tls; the rehearsal's Redis has no other port");
  const commands = (await text(process.stdin)).split("\n").filter((line) => line.trim() !== "");
  const lookup = lookupAt(env.SPARKI_DNS_SERVER);
  const ca = env.SPARKI_CA_FILE && readFileSync(env.SPARKI_CA_FILE, "utf8");
  const socket = connect({ host, port: Number(port), servername: host, ...(ca && { ca }), ...(lookup && { lookup }) });
  try {
    await once(socket, "secureConnect", { signal: AbortSignal.timeout(CONNECT_MILLISECONDS) });
    const answers = createInterface({ input: socket })[Symbol.asyncIterator]();
    for (const command of commands) {
      socket.write(wire(command.split(" ")));
      const { value, done } = await answers.next();
      if (done === true) throw new Error("Server closed the connection");
      process.stdout.write(`${String(value).slice(1)}\n`);
    }
    return 0;
  } catch (error) {
    process.stderr.write(`Could not connect to Redis at ${host}:${port}: ${reasonOf(error)}\n`);
    return 1;
  } finally {
    socket.destroy();
  }
}

/** A command in Redis's protocol: a count, then each word after its length. */
function wire(words: readonly string[]): string {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${parts.join("")}`;
}

try {
  process.exitCode = await redisCli(process.argv.slice(2), process.env);
} catch (error) {
  process.stderr.write(`${reasonOf(error)}\n`);
  process.exitCode = 1;
}
