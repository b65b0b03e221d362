import { join } from "node:path";
import type { Addresses } from "../../rehearsal/addresses.ts";
import type { Backing } from "../../rehearsal/backing/serve.ts";
import type { Processes } from "../../rehearsal/processes.ts";
import type { LoadBalancerState } from "../../rehearsal/services.ts";
import { Pods } from "../rehearsal/backing/pods.ts";
import { at, type Values } from "./chart.ts";
import { makeUsers, type Users } from "./database-users.ts";

/** The name of the site. */
export const SITE = "prod.sparki.test";
const BALANCER = "sparki-prod-1.us-east-1.elb.amazonaws.com";
const MASTER = { username: "sparki_admin", password: "password-of-a-test" };
/** The cache's first token. */
export const TOKEN = "auth-token-of-a-test";
const NAME = "sparki-test";

/** What Secrets Manager has for the engine's chart, by ARN; a database's users are added with them. */
export function secretsFor(values: Values): Map<string, string> {
  return new Map([cacheSecret(values, TOKEN)]);
}

/** The secret of the cache with a token, by ARN. */
export function cacheSecret(values: Values, authToken: string): [string, string] {
  return [textIn(values, "cache.secretArn"), JSON.stringify({ authToken })];
}

/** Makes the running cache take these tokens and no others. */
export async function giveToken(
  backing: Backing,
  values: Values,
  tokens: { readonly authToken: string; readonly tokenBefore?: string },
): Promise<void> {
  await backing.cache.start({ name: NAME, hostnames: [textIn(values, "cache.host")], ...tokens });
}

/** The secret of the application's user since a day. */
export function userSecretArn(day: string): string {
  return `arn:aws:secretsmanager:us-east-1:111122223333:secret:sparki/prod/database/application-${day}-AbCdEf`;
}

/** Has another node take the running cache over, as an upgrade does; resolves with its address. */
export async function failOverCache(backing: Backing, values: Values): Promise<string> {
  const { address } = await backing.cache.failOver(NAME);
  backing.names.setAddress(textIn(values, "cache.host"), address);
  return address;
}

/** Starts database, cache and load balancer, each under the name that the values have for it. */
export async function startServers(backing: Backing, values: Values): Promise<void> {
  const hosts = { database: textIn(values, "database.host"), cache: textIn(values, "cache.host") };
  const database = {
    name: NAME,
    hostnames: [hosts.database],
    databaseName: textIn(values, "database.name"),
    ...MASTER,
  };
  const [{ address }, cache, balancer] = await Promise.all([
    backing.database.start(database),
    backing.cache.start({ name: NAME, hostnames: [hosts.cache], authToken: TOKEN }),
    backing.loadBalancer.apply(balancerOf(values)),
  ]);
  backing.names.setAddress(hosts.database, address);
  backing.names.setAddress(hosts.cache, cache.address);
  backing.names.setAddress(BALANCER, balancer.address);
  backing.names.setRecords("Z1", [{ name: SITE, type: "A", values: [], aliasTo: BALANCER }]);
}

/** As `infra/load-balancer.ts` makes it, with the fleet's target group alone. */
function balancerOf(values: Values): LoadBalancerState {
  const arn = textIn(values, "targetGroupArn");
  const action = { type: "forward", targets: [{ arn, weight: 1 }] } as const;
  const healthCheck = { path: "/ready", intervalSeconds: 10, healthyThreshold: 2 };
  return {
    name: NAME,
    certificateNames: [SITE],
    listeners: [{ port: 443, protocol: "HTTPS", rules: [{ conditions: {}, action }] }],
    targetGroups: [{ arn, healthCheck, takesPods: true, deregistrationDelaySeconds: 30 }],
  };
}

/** Makes the users since a day in the database, as the program's job does. */
export async function rotate(processes: Processes, addresses: Addresses, values: Values, users: Users): Promise<void> {
  const database = { host: textIn(values, "database.host"), databaseName: textIn(values, "database.name") };
  const { code, output } = await makeUsers(processes, addresses, { ...database, master: MASTER, users });
  if (code !== 0) throw new Error(`the users' job: ${output}`);
}

/** Runs the migrations and the seed, as the program does before any pod starts. */
export async function migrate(processes: Processes, addresses: Addresses, values: Values, users: Users): Promise<void> {
  const environment = {
    SPARKI_DNS_SERVER: `${addresses.dns}:5353`,
    SPARKI_CA_FILE: join(processes.runDirectory, "ca.pem"),
    DATABASE_HOST: textIn(values, "database.host"),
  };
  const steps = [
    ["migrate up", users.migrations],
    ["seed-data", users.application],
  ] as const;
  for (const [job, { username, password }] of steps) {
    const files = { "database/username": username, "database/password": password, "cache/auth-token": TOKEN };
    const { code, lines } = await new Pods(processes, environment, files).run(job);
    if (code !== 0) throw new Error(`${job}: ${JSON.stringify(lines)}`);
  }
}

function textIn(values: Values, path: string): string {
  const found = at(values, path);
  if (typeof found !== "string") throw new Error(`${path} is ${JSON.stringify(found)}; expected a text`);
  return found;
}
