import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import pg from "pg";
import { reasonOf } from "./log.ts";
import { lookupAt, NamedSocket } from "./settings.ts";

/** psql's exit codes: its own failure, no connection, a statement that failed under ON_ERROR_STOP. */
const EXIT = { failure: 1, connection: 2, script: 3 } as const;

/** What the program's own jobs use of psql; any other option is refused, since it would be ignored here. */
const OPTIONS = {
  "no-psqlrc": { type: "boolean" },
  quiet: { type: "boolean" },
  set: { type: "string", multiple: true },
  "single-transaction": { type: "boolean" },
  file: { type: "string" },
} as const;

/** Stands in for PostgreSQL's client: a script of plain SQL, in one transaction, over verified TLS, on the real server. */
async function psql(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS, strict: true });
  const required = values["no-psqlrc"] && values["single-transaction"] && values.set?.join() === "ON_ERROR_STOP=1";
  if (!required || values.file === undefined)
    throw new Error("psql: expected --no-psqlrc --single-transaction --set=ON_ERROR_STOP=1 --file=<script>");
  const script = readFileSync(values.file, "utf8");
  if (/^\\/m.test(script)) throw new Error("psql: the script has a meta-command; only SQL is understood here");
  const client = await connected(env);
  client.on("notice", ({ severity, message }) => process.stderr.write(`${severity}: ${message}\n`));
  try {
    await client.query(`BEGIN; ${script}\n; COMMIT`);
    return 0;
  } catch (error) {
    process.stderr.write(`psql:${values.file}: ERROR: ${reasonOf(error)}\n`);
    return EXIT.script;
  } finally {
    await client.end();
  }
}

/** The parameters of libpq's connection service file; it is read once, since it may be a pipe. */
function serviceOf({ PGSERVICE = "", PGSERVICEFILE = "" }: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  const [heading, ...lines] = readFileSync(PGSERVICEFILE, "utf8").trim().split("\n");
  if (heading !== `[${PGSERVICE}]`) throw new Error(`psql: definition of service "${PGSERVICE}" not found`);
  const parameters = lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1).trim()]);
  return Object.fromEntries(parameters);
}

/** Connects as libpq would by these variables. */
async function connected(env: NodeJS.ProcessEnv): Promise<pg.Client> {
  const { PGHOST: host, PGPORT, PGDATABASE: database } = env;
  const { user, password, options } = serviceOf(env);
  if (env.PGSSLMODE !== "verify-full") throw new Error(`psql: PGSSLMODE is ${env.PGSSLMODE}; expected verify-full`);
  const authorities = join(env.SPARKI_ROOT ?? "/", env.PGSSLROOTCERT ?? "");
  if (!existsSync(authorities)) throw new Error(`psql: root certificate file "${authorities}" does not exist`);
  const ca = readFileSync(env.SPARKI_CA_FILE ?? authorities, "utf8");
  const lookup = lookupAt(env.SPARKI_DNS_SERVER);
  const client = new pg.Client({
    ...{ host, port: Number(PGPORT), user, password, database, options },
    ssl: { ca, rejectUnauthorized: true, ...(host && { servername: host }) },
    stream: () => new NamedSocket(lookup),
    connectionTimeoutMillis: 30_000,
    application_name: env.PGAPPNAME,
  });
  client.on("error", () => {});
  try {
    await client.connect();
    return client;
  } catch (error) {
    process.stderr.write(`psql: error: connection to server at "${host}" failed: ${reasonOf(error)}\n`);
    process.exit(EXIT.connection);
  }
}

try {
  process.exitCode = await psql(process.argv.slice(2), process.env);
} catch (error) {
  process.stderr.write(`${reasonOf(error)}\n`);
  process.exitCode = EXIT.failure;
}
