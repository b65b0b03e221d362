import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { authoritiesOf, usersCommand, usersSql } from "../../apps/database-jobs.ts";
import type { Addresses } from "../../rehearsal/addresses.ts";
import type { Processes } from "../../rehearsal/processes.ts";

const MAIN = join(import.meta.dirname, "../../rehearsal/app/main.ts");

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** The users of one rotation. */
export type Users = Readonly<Record<"application" | "migrations", Credentials>>;

/** The users since a day, `20261101`. */
export function usersSince(day: string): Users {
  const since = (purpose: string) => ({
    username: `sparki_${purpose}_${day}`,
    password: `password of ${purpose} since ${day} of a test`.replaceAll(" ", "-"),
  });
  return { application: since("application"), migrations: since("migrations") };
}

export interface UsersJob {
  readonly host: string;
  readonly databaseName: string;
  readonly master: Credentials;
  readonly users: Users;
}

/** Runs the program's job that makes the users, by its own script and statements, as the kubelet would. */
export async function makeUsers(processes: Processes, addresses: Addresses, job: UsersJob) {
  const { host, databaseName, master, users } = job;
  const root = join(processes.runDirectory, "pods", `users-${users.application.username}`);
  const secrets = Object.entries({ master, ...users }).flatMap(([who, credentials]) =>
    Object.entries(credentials).map(([part, value]) => [`mnt/secrets/database/${who}-${part}`, value] as const),
  );
  const files = { "etc/sparki/database-users.sql": usersSql(), "etc/sparki/rds-ca.pem": authoritiesOf("us-east-1") };
  for (const [path, content] of [...secrets, ...Object.entries(files)]) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  const { command, environment } = usersCommand({ host, port: 5432, databaseName });
  let output = "";
  const handle = await processes.start({
    name: "database-users",
    command: process.execPath,
    args: [MAIN, "sh", ...command.slice(1)],
    env: {
      ...environment,
      SPARKI_ROOT: root,
      SPARKI_DNS_SERVER: `${addresses.dns}:5353`,
      SPARKI_CA_FILE: join(processes.runDirectory, "ca.pem"),
    },
    onOutput: (_stream, chunk) => {
      output += chunk.toString();
    },
  });
  const { code } = await handle.exited;
  return { code, output };
}
