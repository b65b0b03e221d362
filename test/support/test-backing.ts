import { readFileSync } from "node:fs";
import { join } from "node:path";
import type pg from "pg";
import type { Addresses } from "../../rehearsal/addresses.ts";
import { withClient } from "../../rehearsal/backing/database.ts";
import { type Backing, startBacking } from "../../rehearsal/backing/serve.ts";
import type { Processes } from "../../rehearsal/processes.ts";
import { TEST_TOKEN } from "./asking.ts";
import { toolPath } from "./tool.ts";

/** Where a test's servers are. */
export interface TestPlace {
  readonly run: string;
  readonly addresses: Addresses;
  readonly processes: Processes;
}

/** The rehearsal's backing servers of a stack `test`, in fast time. */
export function startTestBacking({ run, addresses, processes }: TestPlace): Promise<Backing> {
  const tools = { "redis-server": toolPath("redis-server"), prometheus: toolPath("prometheus") };
  const own = { stack: "test", timeScale: 0.01, seed: 1, token: TEST_TOKEN };
  return startBacking({ ...own, runDirectory: run, addresses, tools, processes });
}

interface Login {
  readonly username: string;
  readonly password: string;
}

/** Acts on the first database of the place over verified TLS, as one of its users. */
export async function onDatabase<T>(
  { run, addresses }: Pick<TestPlace, "run" | "addresses">,
  { username: user, password }: Login,
  act: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const ssl = { ca: readFileSync(join(run, "ca.pem"), "utf8") };
  return withClient({ host: addresses.database(1), user, password, database: "sparki", ssl }, act);
}
