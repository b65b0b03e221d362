import { RUNBOOK_OBJECTIVES } from "../../gates/objective.ts";
import { SCRAPER_LABELS } from "../../io/scraped-once.ts";
import { ENTERED, type ServiceName, serviceOf } from "../../stacks/services.ts";

/**
 * How a point can be seen: `url` of any running process, `away` of one whose database or cache is away, `registry` of an
 * image as it is in its registry, `image` only by whoever runs the image, or has its pod or its log.
 */
export type Seen = "url" | "away" | "registry" | "image";

/** What an image is of: a service, or the end-to-end tests. */
export type Role = ServiceName | "e2e";

/** Something that an image of Sparki offers, because something in this project uses it. */
export interface Point {
  readonly id: string;
  readonly seen: Seen;
  /** The services that it asks something of; the end-to-end image's is `e2e`. */
  readonly of: readonly Role[];
  readonly required: string;
  /** Who reads it, and what goes wrong without it. */
  readonly neededBy: string;
  /** What `sparki conformance` does, or else what a person does. */
  readonly checkedBy: string;
}

/** The services that a URL can be checked for: users reach them, so their requests are counted. */
export const CHECKED_SERVICES = ENTERED;

/** Seconds that a probe waits, as the charts and the scraping say. */
export const TIME_LIMITS = { health: 2, ready: 3, metrics: 5 } as const;

/** What an image can be checked as. */
export const ROLES: readonly Role[] = [...CHECKED_SERVICES, "e2e"];

/** Whom pods run as, as the charts say. */
export const POD_USER = 10001;
/** What pods serve on. */
export const POD_PORT = 8080;
/** Programs that jobs run in the engine's image. */
export const PROGRAMS = { migrate: "/app/migrate", seedData: "/app/seed-data" } as const;
/** What the charts and `verify` mount into a root that nothing can write to. */
export const MOUNTS: Readonly<Record<Role, readonly string[]>> = {
  engine: ["/tmp", "/mnt/secrets/database", "/mnt/secrets/cache"],
  web: ["/tmp"],
  e2e: ["/tmp"],
};

const ALL = CHECKED_SERVICES;
const ENGINE = ["engine"] as const satisfies readonly ServiceName[];
const LIMITS = limitsIn(RUNBOOK_OBJECTIVES).join(", ");

/** The objectives' durations in seconds, the shortest first: each must be a bound of the histogram. */
export function limitsIn(objectives: typeof RUNBOOK_OBJECTIVES): number[] {
  const limits = objectives.flatMap(({ kind }) => (kind.type === "slowerThan" ? [kind.seconds] : []));
  return [...new Set(limits)].sort((one, other) => one - other);
}

const paths = (name: ServiceName) => (serviceOf(name).entrance?.traffic ?? []).map((path) => `\`${path}\``).join(", ");

/** All of the contract, in the order in which it is checked and shown. */
export const CONTRACT = [
  {
    id: "health",
    seen: "url",
    of: ALL,
    required: `\`GET /health\` answers 200 within ${TIME_LIMITS.health} s.`,
    neededBy:
      "The startup and liveness probes of the charts: a pod that does not answer for a minute, or later three times in a row, is restarted. The engine's health gate and `verify` request it too.",
    checkedBy: "requests it",
  },
  {
    id: "ready",
    seen: "url",
    of: ALL,
    required: `\`GET /ready\` answers 200 within ${TIME_LIMITS.ready} s, as soon as requests can be served.`,
    neededBy:
      "The readiness probe of the charts and the load balancer's target groups: no request reaches a pod before.",
    checkedBy: "requests it",
  },
  {
    id: "gate-paths",
    seen: "url",
    of: ALL,
    required: `What a gate requests answers 200: ${ALL.map((name) => `${paths(name)} (${name})`).join("; ")}.`,
    neededBy:
      "`entrance` in `stacks/services.ts`: a gate's own requests are for these, and any status of 400 or more counts as an error. Smoke tests and `diagnose` request them too, as proof that database and cache answer.",
    checkedBy: "requests each twice, as a user",
  },
  {
    id: "projects",
    seen: "url",
    of: ENGINE,
    required:
      "`GET /api/projects` answers JSON: a list, or an object with the list as `projects`; each has `id` and `name`, both text.",
    neededBy: "`verify`'s test project, which finds its project and how its detection ended in this list.",
    checkedBy: "reads the list",
  },
  {
    id: "unknown-path",
    seen: "url",
    of: ALL,
    required:
      "An unknown path is not a failure: 404 (engine), any status below 500 (web, which may show a page for it).",
    neededBy:
      "The error objective: a scanner of paths would burn its budget with every 5xx. And an engine that answers 200 to anything would pass every probe without serving anything.",
    checkedBy: "requests two paths that do not exist",
  },
  {
    id: "release-header",
    seen: "url",
    of: ALL,
    required: "Answers carry `x-sparki-release`: the value of RELEASE_ID, the same in all of them.",
    neededBy:
      "The end-to-end tests' log, and people with `curl`: it tells which release answered through the load balancer. No gate reads it.",
    checkedBy: "reads it from `/health` and from what a gate requests",
  },
  {
    id: "metrics",
    seen: "url",
    of: ALL,
    required: `\`GET /metrics\` answers 200 within ${TIME_LIMITS.metrics} s, in Prometheus's text format, and says so: \`content-type\` is \`text/plain\` or \`application/openmetrics-text\`.`,
    neededBy:
      "The PodMonitor of the monitoring chart, which gives up after 5 s; Prometheus 3 refuses an answer of another type. Without a scrape every gate holds, and `EngineMetricsMissing` or `WebMetricsMissing` pages.",
    checkedBy: "requests it as Prometheus does, and reads each line",
  },
  {
    id: "requests-counted",
    seen: "url",
    of: ALL,
    required:
      '`http_requests_total` counts each request that is answered once, a user\'s with the label `synthetic="false"`.',
    neededBy:
      "Gates, burn-rate alerts, `watch`, `verify` and the dashboards: the errors objective is a share of these.",
    checkedBy: "sends users' requests and compares the counts before and after",
  },
  {
    id: "request-status",
    seen: "url",
    of: ALL,
    required: "`http_requests_total` has the label `status`: the status of HTTP, or its class, such as `5xx`.",
    neededBy:
      "The errors objective counts what begins with 5. A gate that finds another status calls the counts unusable and holds.",
    checkedBy: "reads the label of every series, and expects a 404 or a 200 that it received",
  },
  {
    id: "synthetic-apart",
    seen: "url",
    of: ALL,
    required:
      'A request with the header `x-sparki-synthetic: 1` is counted with the label `synthetic="true"` in both metrics of requests, and never with `"false"`.',
    neededBy:
      "Gates, `verify` and `diagnose` mark their own requests by it. Counted as users', they would dilute users' errors in gates, budgets and alerts.",
    checkedBy: "sends such requests and compares the counts before and after",
  },
  {
    id: "probes-uncounted",
    seen: "url",
    of: ALL,
    required: '`/health`, `/ready` and `/metrics` are not counted as users\' requests (`synthetic="false"`).',
    neededBy:
      "Probes and scrapes never fail while a pod is ready: counted, they would hide users' errors, and `RequestsStopped` would never fire.",
    checkedBy: "requests each of the first two five times and compares the counts before and after",
  },
  {
    id: "bounded-routes",
    seen: "url",
    of: ALL,
    required:
      "`http_requests_total` and `http_request_duration_seconds` have the label `route`: a path's template, such as `/api/projects/:id/detect`, and no label holds a path as it was requested.",
    neededBy:
      "`diagnose` names the route that fails or is slow. With raw paths each id would be its own series, until Prometheus runs out of memory.",
    checkedBy: "requests unknown paths, and in the engine unknown projects, and looks for them in the labels",
  },
  {
    id: "durations-counted",
    seen: "url",
    of: ALL,
    required:
      "`http_request_duration_seconds` is a histogram with the label `synthetic`, and observes each request that `http_requests_total` counts: its `_count` and its bucket `+Inf` grow alike.",
    neededBy: "Gates, alerts and dashboards: the latency objectives are shares of `_count` and of the bucket `+Inf`.",
    checkedBy: "sends users' requests and compares the counts before and after",
  },
  {
    id: "duration-limits",
    seen: "url",
    of: ALL,
    required: `Every counter of that histogram has a bucket for each limit of the stack's objectives; by default ${LIMITS} (seconds).`,
    neededBy:
      "A gate counts the requests over a limit, without estimating: where a counter has no such bucket it calls the counts unusable and holds.",
    checkedBy: "reads the bounds; `--stack` takes the limits of that stack's objectives",
  },
  {
    id: "metric-numbers",
    seen: "url",
    of: ALL,
    required:
      "Values of the metrics of this contract are finite and not negative; counters of requests are whole numbers.",
    neededBy: "Gates, which hold on NaN; alerts, which never fire on it.",
    checkedBy: "reads every value",
  },
  {
    id: "scraper-labels",
    seen: "url",
    of: ALL,
    required: `The metrics of requests have no label of a scraper's own: ${[...SCRAPER_LABELS, "instance"].map((name) => `\`${name}\``).join(", ")}.`,
    neededBy:
      "Gates and alerts leave these out, so that two scrapers of a pod count once: series that differ only in them would be merged, and requests would be lost.",
    checkedBy: "reads the labels",
  },
  {
    id: "database-metrics",
    seen: "url",
    of: ENGINE,
    required:
      "`database_connections` (`state`: `active` and others), `database_connections_max`, `database_connection_waiters`, `database_queries_total` (`result`: `ok` or `error`), and the histogram `database_query_duration_seconds` (`statement`).",
    neededBy:
      "The alerts `DatabaseFailing` and `DatabaseConnectionsExhausted`, the dashboard *Database*, and `diagnose database`.",
    checkedBy: "reads them, after a request that needs the database",
  },
  {
    id: "cache-metrics",
    seen: "url",
    of: ENGINE,
    required:
      "`cache_commands_total` (`result`: `hit`, `miss`, `ok` or `error`), and the histogram `cache_command_duration_seconds`.",
    neededBy: "The alert `CacheFailing`, the dashboard *Cache*, and `diagnose latency`.",
    checkedBy: "reads them, after a request that needs the cache",
  },
  {
    id: "unready-without",
    seen: "away",
    of: ENGINE,
    required: `While the database or the cache is stopped \`GET /ready\` answers 503; a status of 400 or more, or no answer within ${TIME_LIMITS.ready} s, counts for the same.`,
    neededBy: "The readiness probe and the load balancer: users' requests go to pods that can serve them.",
    checkedBy: "stop one of them; then `--away` requests it",
  },
  {
    id: "alive-without",
    seen: "away",
    of: ENGINE,
    required: `While the database or the cache is stopped \`GET /health\` still answers 200 within ${TIME_LIMITS.health} s.`,
    neededBy: "The liveness probe: a database that fails over must not restart every pod of the fleet at once.",
    checkedBy: "stop one of them; then `--away` requests it",
  },
  {
    id: "image-platforms",
    seen: "registry",
    of: ROLES,
    required: "The registry has it for linux/amd64, and its config says the same.",
    neededBy: "Nodes: an image without their platform is there and yet starts on none of them.",
    checkedBy: "reads the index, the manifest and the config; `--platform` names others",
  },
  {
    id: "image-digests",
    seen: "registry",
    of: ROLES,
    required:
      "The manifest, the config and each layer have the digest and the size by which they are named, and each layer unpacks to the digest that the config says.",
    neededBy: "Nodes, which refuse an image that is damaged; a release is named by digest alone.",
    checkedBy: "reads all of them and compares",
  },
  {
    id: "image-layers",
    seen: "registry",
    of: ROLES,
    required:
      "Its layers are tar archives, plain or compressed by gzip or zstd, whose entries stay inside the image; of 2 GiB each and 8 GiB unpacked at most.",
    neededBy: "Nodes, which unpack them; every other point about files.",
    checkedBy: "reads each layer as it comes and unpacks it to nowhere; more than these limits stays unknown",
  },
  {
    id: "image-user",
    seen: "registry",
    of: ROLES,
    required: "Its config names a user by number who is not root, at best 10001.",
    neededBy:
      "`runAsNonRoot` (Pod Security `restricted`): the kubelet refuses root, and a name that it cannot tell from root. The charts set 10001; this holds where someone runs the image without them.",
    checkedBy: "reads the config's `User`",
  },
  {
    id: "image-command",
    seen: "registry",
    of: ROLES,
    required: "Its config has an entrypoint or a command, which is a file of the image that user 10001 may execute.",
    neededBy: "The charts and `verify`, which run the image's own command.",
    checkedBy: "reads the config, and finds the program in the layers by its path or by `PATH`",
  },
  {
    id: "image-port",
    seen: "registry",
    of: ALL,
    required: `Its config exposes ${POD_PORT}/tcp; one that exposes nothing says nothing.`,
    neededBy: "The charts' `containerPort`: an image that is made for another port answers no probe.",
    checkedBy: "reads the config's `ExposedPorts`",
  },
  {
    id: "image-secrets",
    seen: "registry",
    of: ROLES,
    required: "No variable, label, annotation, command or line of its history holds a secret.",
    neededBy: "Everyone who can pull it can read them. Pods get their secrets as files (`secret-files`).",
    checkedBy: "looks for what a name or a form says is a secret, and never shows it",
  },
  {
    id: "image-migrate",
    seen: "registry",
    of: ENGINE,
    required: `\`${PROGRAMS.migrate}\` is a file that user and group ${POD_USER} may execute.`,
    neededBy: "`apps/database-jobs.ts`: a job without its program fails before any pod of the release.",
    checkedBy: "finds it in the layers, through links inside the image",
  },
  {
    id: "image-seed-data",
    seen: "registry",
    of: ENGINE,
    required: `\`${PROGRAMS.seedData}\` is a file that user and group ${POD_USER} may execute.`,
    neededBy: "`apps/database-jobs.ts`, after the migrations.",
    checkedBy: "finds it in the layers, through links inside the image",
  },
  {
    id: "image-authorities",
    seen: "registry",
    of: ENGINE,
    required: `A file of certificates (.pem, .crt, .cer or .cert, up to 1 MiB) that user and group ${POD_USER} may read has a certificate authority of RDS that has not expired; with \`--stack\`, of its region.`,
    neededBy: "`encrypted-stores`: the chart mounts no certificate authority.",
    checkedBy:
      "reads such files and compares with what AWS publishes; a program may hold them itself, so none found is unknown",
  },
  {
    id: "image-mounts",
    seen: "registry",
    of: ROLES,
    required: `What is mounted finds a folder or nothing at its place: ${MOUNTS.engine.map((path) => `\`${path}\``).join(", ")} (web, e2e: \`/tmp\`). The config declares no other volume, and its working directory can be entered.`,
    neededBy:
      "The charts' read-only root: a file in a mount's place keeps the container from starting, and a declared volume is a place to write that nothing limits. What is written at run time no image shows: `user`.",
    checkedBy: "reads the config's `Volumes` and `WorkingDir`, and the layers",
  },
  {
    id: "port",
    seen: "image",
    of: ALL,
    required: "The image's own command serves plain HTTP/1.1 on port 8080 of every address, with any Host header.",
    neededBy:
      "The charts' `containerPort`: probes, Prometheus and the load balancer use a pod's address, not the site's name.",
    checkedBy: "`docker run --publish 8080:8080 IMAGE`, then `curl -H 'host: 10.0.0.1' http://127.0.0.1:8080/health`",
  },
  {
    id: "start",
    seen: "image",
    of: ALL,
    required: "`/health` answers within 60 s of the start, with 250m of a CPU.",
    neededBy: "The startup probe (30 times 2 s): after that the container is restarted.",
    checkedBy: "`docker run --cpus 0.25`, and request `/health`",
  },
  {
    id: "environment",
    seen: "image",
    of: ALL,
    required:
      "It reads RELEASE_ID and TRACK (`one-box` or `fleet`), and needs no other variable but the engine's below.",
    neededBy: "The charts set these, and the policies refuse any other.",
    checkedBy: "`docker run` with only these",
  },
  {
    id: "stores-environment",
    seen: "image",
    of: ENGINE,
    required:
      "The engine and its two jobs find PostgreSQL by DATABASE_HOST, DATABASE_PORT and DATABASE_NAME; the engine finds Redis by CACHE_HOST and CACHE_PORT.",
    neededBy: "The engine's chart and `apps/database-jobs.ts`, which set only these to reach them.",
    checkedBy: "`docker run` with these alone, next to a database and a cache",
  },
  {
    id: "secret-files",
    seen: "image",
    of: ENGINE,
    required:
      "Credentials are read from files: `/mnt/secrets/database/username`, `/mnt/secrets/database/password`, and in the engine `/mnt/secrets/cache/auth-token`; readable by group 10001.",
    neededBy: "The engine's chart and `apps/database-jobs.ts` mount them there; a secret is never a variable.",
    checkedBy: "`docker run --volume` with such files and without any secret in the environment",
  },
  {
    id: "rotated-secrets",
    seen: "image",
    of: ENGINE,
    required:
      "The cache's token is read again for each new connection. The database's files may be read once: another rotation is another secret, and replaces the pods.",
    neededBy:
      "The secrets driver, which refreshes a file in place: a pod that keeps the old token fails at its next connection.",
    checkedBy: "change the token in Redis and in the file, `CLIENT KILL TYPE normal`, and request `/api/cache/health`",
  },
  {
    id: "cache-failover",
    seen: "image",
    of: ENGINE,
    required:
      "A command for the cache waits up to 5 s for the next connection, and the name is resolved again for each attempt, at least every 250 ms. One that is answered READONLY is asked again over a new connection.",
    neededBy:
      "An upgrade of Redis, whose failover loses every connection for a few seconds, and leaves the primary before as a replica: a command that fails at once is a lost request.",
    checkedBy:
      "stop the cache for 3 s, start it at another address of the same name, and request `/api/cache/health` meanwhile; then the same with `REPLICAOF` in place of the stop",
  },
  {
    id: "encrypted-stores",
    seen: "image",
    of: ENGINE,
    required: "It speaks TLS with the database and the cache, and contains the certificate authorities of RDS.",
    neededBy:
      "RDS is set to refuse connections without TLS (control S23), and ElastiCache allows only TLS (S36). The chart mounts no certificate authority.",
    checkedBy: "a database with `hostssl` lines alone in `pg_hba.conf`, and a cache with `tls-port` alone",
  },
  {
    id: "reconnects",
    seen: "image",
    of: ENGINE,
    required:
      "After an outage of the database or the cache it is ready again by itself, without a restart. A connection that is not answered is given up within 30 s and made again, by `/app/migrate` and `/app/seed-data` too.",
    neededBy:
      "Failovers: the liveness probe leaves such a pod alone, so nothing else would make it ready again. And each start: EKS applies a new pod's network policies a moment later, and what answers a connection from before then may never arrive.",
    checkedBy:
      "stop and start each of them, and request `/ready`; start each program while nothing answers at the database's address (`iptables -j DROP`), and let it answer after 40 s",
  },
  {
    id: "user",
    seen: "image",
    of: ["engine", "web", "e2e"],
    required:
      "It runs as user and group 10001 without any capability, and writes only to `/tmp` (64 MiB in engine and web; the two jobs of the engine's image have no `/tmp`).",
    neededBy: "Pod Security `restricted` and the charts' read-only root.",
    checkedBy: "`docker run --user 10001:10001 --cap-drop ALL --read-only --tmpfs /tmp:size=64m`",
  },
  {
    id: "memory",
    seen: "image",
    of: ALL,
    required: "It stays below 512 MiB under load; `/app/migrate` and `/app/seed-data` below 256 MiB.",
    neededBy:
      "The limits in the charts' values and in `apps/database-jobs.ts`: the kernel kills what uses more, and a restart fails the health gate.",
    checkedBy: "`docker run --memory 512m` under load",
  },
  {
    id: "stop",
    seen: "image",
    of: ALL,
    required: "It serves until SIGTERM, then answers its open requests and exits within 15 s.",
    neededBy:
      "The charts' `shutdown`: the preStop hook waits until the load balancer has noticed, and what does not end in time is killed with its open requests.",
    checkedBy: "`docker stop --time 15` under load: no request fails, and the exit code is not 137",
  },
  {
    id: "keep-alive",
    seen: "image",
    of: ALL,
    required: "A connection may be idle for more than 60 s before it is closed.",
    neededBy:
      "The load balancer keeps idle connections for 60 s: one that the pod closes first fails a user's request with a 502 that no pod counts.",
    checkedBy:
      "open a connection, send a request, wait 65 s and send another on it; by URL, what the server says itself in `Keep-Alive: timeout=`, if it does",
  },
  {
    id: "log-lines",
    seen: "image",
    of: ALL,
    required:
      "It logs to stdout, one JSON object a line: `ts` (ISO 8601), `level`, `msg`, and of a request `status` and `duration_ms`.",
    neededBy:
      "`diagnose` reads `ts`, `level` and `duration_ms` to find errors and slow work of the last 15 minutes; `verify` shows `level`, `msg` and `reason` of the end-to-end tests.",
    checkedBy: "`docker logs`, each line through `jq`",
  },
  {
    id: "error-lines",
    seen: "image",
    of: ALL,
    required: 'The word ERROR, and a 5xx as `"status":5..`, stand in a log line only where something failed.',
    neededBy: "The health gate: a single such line of a new pod fails the release.",
    checkedBy: "`docker logs` of a start and a walk through the site has no ERROR",
  },
  {
    id: "outage-lines",
    seen: "image",
    of: ENGINE,
    required:
      'A line about a server that cannot be reached has `"dependency": "database"` or `"cache"`, and `reason`; so does one that `/ready` logs.',
    neededBy:
      "The health gate and `diagnose` tell an outage from the release's own fault by it: without it the release is blamed and rolled back.",
    checkedBy: "stop the database, request `/ready` and a path that needs it, and read the log",
  },
  {
    id: "named-columns",
    seen: "image",
    of: ENGINE,
    required: "Queries name the columns that they read or return: none is a prepared `SELECT *` or `RETURNING *`.",
    neededBy:
      "Migrations, which add columns while the release before serves: PostgreSQL then refuses such a statement once on each connection (`cached plan must not change result type`), and a user's request fails with it.",
    checkedBy: "request a path that needs the database, add a column to each of its tables, and request it again",
  },
  {
    id: "migrate",
    seen: "image",
    of: ENGINE,
    required:
      "`/app/migrate up` brings the schema to the release's level within 10 min and ends with code 0; run again it changes nothing more; a migration that fails leaves nothing half done, and the command ends with a non-zero code.",
    neededBy:
      "`apps/database-jobs.ts` runs it once for each image, before any pod of the release. Code of the previous level is still running meanwhile (docs/preflight.md).",
    checkedBy: "run it twice on an empty database",
  },
  {
    id: "seed-data",
    seen: "image",
    of: ENGINE,
    required:
      "`/app/seed-data` leaves the same rows however often it runs, with the rights of the application, and ends with code 0.",
    neededBy: "`apps/database-jobs.ts` runs it after the migrations, once for each image.",
    checkedBy: "run it twice, and compare a dump",
  },
  {
    id: "test-project",
    seen: "image",
    of: ENGINE,
    required:
      "`POST /api/projects` with `name` answers 2xx with the `id`; `POST /api/projects/ID/detect` starts a detection, whose `status` there or in the list becomes `completed`, `finished`, `detected`, `succeeded` or `done` within 180 s.",
    neededBy: "`verify`'s test project. `DELETE /api/projects/ID` removes it; without that the next run uses it again.",
    checkedBy: "`npx sparki verify`; a check by URL writes nothing",
  },
  {
    id: "e2e",
    seen: "image",
    of: ["e2e"],
    required:
      "The e2e image's own command walks through the site at APP_URL within 15 min and ends with code 0, with a non-zero code where the site is unhealthy; HOME is `/tmp`.",
    neededBy: "`verify`, and so the end of each deployment: its failure rolls the release back.",
    checkedBy: "`docker run --env APP_URL=... IMAGE`",
  },
  {
    id: "e2e-marked",
    seen: "image",
    of: ["e2e"],
    required: "The end-to-end tests send `x-sparki-synthetic: 1` with every request.",
    neededBy: "The objectives and alerts, which count only users' requests.",
    checkedBy: '`http_requests_total{synthetic="false"}` does not grow while they run against a quiet site',
  },
  {
    id: "image",
    seen: "image",
    of: ["engine", "web", "e2e"],
    required: "It is in its registry by digest, for linux/amd64, and signed by cosign where the config names a key.",
    neededBy: "`preflight` (`images`, `image-pull`, `image-signatures`), and nodes.",
    checkedBy: "`npx sparki preflight`",
  },
] as const satisfies readonly Point[];

export type PointId = (typeof CONTRACT)[number]["id"];

/** The points that ask something of a role. */
export function pointsOf(service: Role): readonly (Point & { readonly id: PointId })[] {
  return CONTRACT.filter((point) => point.of.some((name) => name === service));
}

const HEADINGS: Readonly<Record<Seen, string>> = {
  url: "## Checked by URL",
  away: "## Checked by URL, while the database or the cache is stopped",
  registry: "## Checked by image",
  image: "## Not checked by URL",
};

const INTRODUCTIONS: Readonly<Record<Seen, string>> = {
  url: "`npx sparki conformance URL` checks these, one by one.",
  away: "`npx sparki conformance URL --away` checks these: stop the database or the cache of that engine first.",
  registry:
    "`npx sparki conformance IMAGE` checks these of an image in its registry, without running it; `--service web` or `e2e` for those.",
  image:
    "These cannot be checked by URL, and the command lists them as not checked. The last column says how a person can check each.",
};

/** docs/contract.md: every point with who needs it and how it is checked. */
export function contractPage(): string {
  return [
    "# What Sparki's images must offer",
    "",
    "<!-- Written by `node docs/generate.ts contract`; a test compares it. -->",
    "",
    "This deployment knows Sparki only by its images. This page lists all that it needs of them, each point with who needs it: a",
    "probe, a gate, an alert, a command. Nothing else about the application matters to it. The stand-in application of the",
    "rehearsal (`rehearsal/app/`) offers the same.",
    "",
    "```sh",
    "kubectl port-forward -n sparki-engine deploy/engine-one-box 8080:8080",
    "npx sparki conformance http://127.0.0.1:8080                  # of the engine, checked point by point",
    "npx sparki conformance http://127.0.0.1:8081 --service web",
    "npx sparki conformance ghcr.io/alexarno/sparki/engine:1.2     # an image in its registry, without running it",
    "npx sparki conformance --list                                 # the points of this page; with --json as one document",
    "```",
    "",
    "Check one process that receives no other requests meanwhile: the counts before and after are compared. The load balancer",
    "does not expose `/metrics` and `/ready`, so its name cannot be used. About ten requests are sent that count as users'.",
    "",
    ...(["url", "away", "registry", "image"] as const).flatMap(sectionOf),
  ].join("\n");
}

function sectionOf(seen: Seen): string[] {
  const points: readonly Point[] = CONTRACT;
  const rows = points
    .filter((point) => point.seen === seen)
    .map(({ id, of, required, neededBy, checkedBy }) => {
      const cells = [`\`${id}\``, of.join(", "), required, neededBy, checkedBy];
      return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
    });
  const head = ["| point | of | required | needed by | checked by |", "| --- | --- | --- | --- | --- |"];
  return [HEADINGS[seen], "", INTRODUCTIONS[seen], "", ...head, ...rows, ""];
}
