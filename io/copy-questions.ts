import { DeployError } from "../shared/deploy-error.ts";
import { cachePolicy, tokenClass } from "./cache-tokens.ts";
import type { Job } from "./cluster-job.ts";
import { engineJob, restrictedContainer } from "./engine-job.ts";
import type { Answer, CacheQuestion, Outage, Question } from "./restored-copies.ts";

/** What the program made for its own jobs (apps/database-jobs.ts), and a drill's job uses: it reads as the application. */
const CREDENTIALS = "jobs-seed";
const FILES = { configMap: "database-users", folder: "/etc/sparki", authorities: "rds-ca.pem" } as const;
const JOB_LABEL = { "sparki.tools/job": "true" } as const;
const CONTAINER = "drill";
const DEADLINE_SECONDS = 600;
/** Within it a connection is answered, or nobody reaches the server. */
const CONNECT_SECONDS = 10;
const WATCH_CONNECT_SECONDS = 3;

/**
 * One question in a session of its own that only reads. Passwords reach the client as a service file on a pipe, in no
 * argument and in no environment.
 */
const ASK = `
set -f
secret() { cat "/mnt/secrets/database/$1"; }
ask() {
  psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --set=VERBOSITY=verbose --command="$1" 2>&1 3<<END
[sparki]
user=$(secret username)
password=$(secret password)
END
}
`.trim();

/** Asks one question after the other. The server may be out of reach until the pod is let in. */
const DATABASE_SCRIPT = `
${ASK}
tell() {
  printf 'sparki-answer %s %s' "$1" "$2"
  printf ' %s' $answer
  printf '\\n'
}
tries=0
until answer=$(ask "SELECT 1"); do
  tries=$((tries + 1))
  if [ "$tries" -ge 24 ]; then tell reach failed; exit 1; fi
  sleep 5
done
number=0
for question in "$@"; do
  if answer=$(ask "$question"); then tell "$number" ok; else tell "$number" failed; fi
  number=$((number + 1))
done
`.trim();

/** Connects every second, and tells when that begins to be answered, or not to be, in seconds since 1970. */
const WATCH_SCRIPT = `
${ASK}
state=none
while :; do
  at=$(date +%s)
  if ask "SELECT 1" > /dev/null; then now=up; at=$(date +%s); else now=down; fi
  if [ "$now" != "$state" ]; then printf 'sparki-reach %s %s\\n' "$now" "$at"; state=$now; fi
  sleep 1
done
`.trim();

interface PsqlJob {
  readonly name: string;
  /** With psql and sh. */
  readonly image: string;
  readonly host: string;
}

export interface QuestionsJob extends PsqlJob {
  readonly questions: readonly Question[];
}

/** The Job that asks. */
export function questionsJob({ questions, ...job }: QuestionsJob): Job {
  const args = questions.map(({ sql }) => sql);
  return psqlJob(job, {
    script: DATABASE_SCRIPT,
    args,
    deadlineSeconds: DEADLINE_SECONDS,
    connectSeconds: CONNECT_SECONDS,
  });
}

export interface WatchJob extends PsqlJob {
  readonly deadlineSeconds: number;
}

/** The Job that connects again and again, until it is deleted or its time is over. */
export function watchJob({ deadlineSeconds, ...job }: WatchJob): Job {
  return psqlJob(job, { script: WATCH_SCRIPT, args: [], deadlineSeconds, connectSeconds: WATCH_CONNECT_SECONDS });
}

interface Scripted {
  readonly script: string;
  readonly args: readonly string[];
  readonly deadlineSeconds: number;
  readonly connectSeconds: number;
}

function psqlJob({ name, image, host }: PsqlJob, { script, args, deadlineSeconds, connectSeconds }: Scripted): Job {
  const environment = {
    PGHOST: host,
    PGPORT: "5432",
    PGDATABASE: "sparki",
    PGSSLMODE: "verify-full",
    PGSSLROOTCERT: `${FILES.folder}/${FILES.authorities}`,
    PGCONNECT_TIMEOUT: `${connectSeconds}`,
    PGAPPNAME: "sparki-drill",
    PGSERVICE: "sparki",
    PGSERVICEFILE: "/dev/fd/3",
    PGOPTIONS: "-c default_transaction_read_only=on -c statement_timeout=60s",
  };
  const container = {
    name: CONTAINER,
    image,
    command: ["/bin/sh", "-euc", script, "sh", ...args],
    env: Object.entries(environment).map(([key, value]) => ({ name: key, value })),
    resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { cpu: "500m", memory: "128Mi" } },
    securityContext: restrictedContainer(),
    volumeMounts: [
      { name: "database-secret", mountPath: "/mnt/secrets/database", readOnly: true },
      { name: "files", mountPath: FILES.folder, readOnly: true },
    ],
  };
  const secret = { secretProviderClass: CREDENTIALS };
  return engineJob({
    name,
    labels: JOB_LABEL,
    deadlineSeconds,
    container,
    volumes: [
      {
        name: "database-secret",
        csi: { driver: "secrets-store.csi.k8s.io", readOnly: true, volumeAttributes: secret },
      },
      { name: "files", configMap: { name: FILES.configMap } },
    ],
  });
}

const DATABASE_LINE = /^sparki-answer (\d{1,3}|reach) (ok|failed)(?: (.*))?$/;
/** As psql says it when it is told to be verbose. */
const DATABASE_REFUSAL = /(?:ERROR|FATAL|PANIC): +([0-9A-Z]{5}): (.*?)(?: +LINE \d+: .*| +LOCATION: .*)?$/;

/** The answers in the log of such a Job; what it does not say is not among them. Throws when it never reached the server. */
export function answersIn(log: string, questions: readonly Question[]): Answer[] {
  return log.split("\n").flatMap((line): Answer[] => {
    const [, index = "", status, said = ""] = DATABASE_LINE.exec(line.trimEnd()) ?? [];
    if (index === "reach")
      throw new DeployError("SPARKI_OUTSIDE", `the restored database refuses the check's job: ${said}`);
    const question = index === "" ? undefined : questions[Number(index)];
    if (question === undefined) return [];
    const { id } = question;
    if (status === "ok") return [{ id, value: said.trim() === "" ? null : said.trim() }];
    const [, sqlState = "", problem = said] = DATABASE_REFUSAL.exec(said) ?? [];
    return [{ id, problem: problem.trim(), sqlState }];
  });
}

const REACH = /^sparki-reach (up|down) (\d{1,12})$/;

/**
 * When nobody reached the server, by the log of such a Job, until `end`; undefined where nobody ever did. What was before
 * the first answer is no outage: the pod was not let in yet.
 */
export function outagesIn(lines: readonly string[], end: number): Outage[] | undefined {
  const outages: Outage[] = [];
  let down: number | undefined;
  let isReached = false;
  for (const line of lines) {
    const [, state, text = ""] = REACH.exec(line.trimEnd()) ?? [];
    if (state === undefined) continue;
    if (state === "down") down = Number(text);
    else if (isReached && down !== undefined) outages.push({ from: down, until: Number(text) });
    if (state === "up") {
      down = undefined;
      isReached = true;
    }
  }
  if (!isReached) return undefined;
  return down === undefined ? outages : [...outages, { from: down, until: Math.max(end, down) }];
}

const CACHE_LABEL = { "sparki.tools/drill": "cache" } as const;
const CACHE_PORT = 6379;
const CACHE_FOLDER = "/mnt/secrets/cache";

/**
 * Asks one question after the other. The token reaches the client on its input, in no argument and in no environment; the
 * server is verified by the image's own authorities, and may be out of reach until the pod is let in.
 */
const CACHE_SCRIPT = `
set -f
ask() {
  printf 'AUTH %s\\n%s\\n' "$(cat "${CACHE_FOLDER}/token")" "$1" |
    redis-cli --tls -h "$CACHE_HOST" -p "$CACHE_PORT" 2>&1 | tr '\\r\\n' '  '
}
tries=0
until answer=$(ask PING) && [ "$answer" = "OK PONG " ]; do
  tries=$((tries + 1))
  if [ "$tries" -ge 24 ]; then printf 'sparki-answer reach %s\\n' "$answer"; exit 1; fi
  sleep 5
done
number=0
for question in "$@"; do
  printf 'sparki-answer %s %s\\n' "$number" "$(ask "$question")"
  number=$((number + 1))
done
`.trim();

export interface CacheQuestionsJob {
  readonly name: string;
  /** With redis-cli and sh. */
  readonly image: string;
  readonly host: string;
  readonly questions: readonly CacheQuestion[];
  /** Of the server's own; without it the stack's secret has it. */
  readonly token?: string;
  /** The name of that secret in Secrets Manager. */
  readonly secretName: string;
  /** The network that the cache is in. */
  readonly networkCidr: string;
}

/** The Job that asks. */
export function cacheQuestionsJob({ name, image, host, questions, token }: CacheQuestionsJob): Job {
  const container = {
    name: "drill",
    image,
    command: ["/bin/sh", "-euc", CACHE_SCRIPT, "sh", ...questions.map(({ command }) => command)],
    env: [
      { name: "CACHE_HOST", value: host },
      { name: "CACHE_PORT", value: String(CACHE_PORT) },
    ],
    resources: { requests: { cpu: "100m", memory: "64Mi" }, limits: { cpu: "500m", memory: "64Mi" } },
    securityContext: restrictedContainer(),
    volumeMounts: [{ name: "token", mountPath: CACHE_FOLDER, readOnly: true }],
  };
  const own = { name: "token", secret: { secretName: name, defaultMode: 0o440 } };
  const csi = { driver: "secrets-store.csi.k8s.io", readOnly: true, volumeAttributes: { secretProviderClass: name } };
  return engineJob({
    name,
    labels: CACHE_LABEL,
    deadlineSeconds: DEADLINE_SECONDS,
    container,
    volumes: [token === undefined ? { name: "token", csi } : own],
  });
}

/** The flow that the Job needs. */
export function questionsPolicy({ name, networkCidr }: CacheQuestionsJob) {
  return cachePolicy({ name, labels: CACHE_LABEL, networkCidr, port: CACHE_PORT });
}

/** What gives the Job the live cache's token. */
export function liveTokenClass({ name, secretName }: CacheQuestionsJob) {
  return tokenClass({ name, secretName, versions: { token: "AWSCURRENT" } });
}

const CACHE_LINE = /^sparki-answer (\d{1,3}|reach) ?(.*)$/;
/** As Redis begins what it refuses: `WRONGTYPE Operation against a key ...`. */
const CACHE_REFUSAL = /^[A-Z]{2,20} (?=.*[a-z])/;

/** The answers in the log of such a Job; what it does not say is not among them. Throws when it never reached the server. */
export function cacheAnswersIn(log: string, questions: readonly CacheQuestion[]): Answer[] {
  return log.split("\n").flatMap((line): Answer[] => {
    const [, index = "", said = ""] = CACHE_LINE.exec(line.trimEnd()) ?? [];
    if (index === "reach")
      throw new DeployError("SPARKI_OUTSIDE", `the restored cache refuses the check's job: ${said}`);
    const question = index === "" ? undefined : questions[Number(index)];
    if (question === undefined) return [];
    const { id } = question;
    const [, answer] = /^OK(?: (.*))?$/.exec(said) ?? [undefined, undefined];
    if (!/^OK\b/.test(said)) return [{ id, problem: said, sqlState: "" }];
    const value = (answer ?? "").trim();
    if (CACHE_REFUSAL.test(value)) return [{ id, problem: value, sqlState: "" }];
    return [{ id, value: value === "" ? null : value }];
  });
}
