import { DeployError } from "../shared/deploy-error.ts";
import { cachePolicy, tokenClass } from "./cache-tokens.ts";
import type { Job } from "./cluster-job.ts";
import { engineJob, restrictedContainer } from "./engine-job.ts";
import type { Answer, CacheQuestion } from "./restored-copies.ts";

const LABEL = { "sparki.tools/drill": "cache" } as const;
const PORT = 6379;
const DEADLINE_SECONDS = 600;
const FOLDER = "/mnt/secrets/cache";

/**
 * Asks one question after the other. The token reaches the client on its input, in no argument and in no environment; the
 * server is verified by the image's own authorities, and may be out of reach until the pod is let in.
 */
const SCRIPT = `
set -f
ask() {
  printf 'AUTH %s\\n%s\\n' "$(cat "${FOLDER}/token")" "$1" |
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
    command: ["/bin/sh", "-euc", SCRIPT, "sh", ...questions.map(({ command }) => command)],
    env: [
      { name: "CACHE_HOST", value: host },
      { name: "CACHE_PORT", value: String(PORT) },
    ],
    resources: { requests: { cpu: "100m", memory: "64Mi" }, limits: { cpu: "500m", memory: "64Mi" } },
    securityContext: restrictedContainer(),
    volumeMounts: [{ name: "token", mountPath: FOLDER, readOnly: true }],
  };
  const own = { name: "token", secret: { secretName: name, defaultMode: 0o440 } };
  const csi = { driver: "secrets-store.csi.k8s.io", readOnly: true, volumeAttributes: { secretProviderClass: name } };
  return engineJob({
    name,
    labels: LABEL,
    deadlineSeconds: DEADLINE_SECONDS,
    container,
    volumes: [token === undefined ? { name: "token", csi } : own],
  });
}

/** The flow that the Job needs. */
export function questionsPolicy({ name, networkCidr }: CacheQuestionsJob) {
  return cachePolicy({ name, labels: LABEL, networkCidr, port: PORT });
}

/** What gives the Job the live cache's token. */
export function liveTokenClass({ name, secretName }: CacheQuestionsJob) {
  return tokenClass({ name, secretName, versions: { token: "AWSCURRENT" } });
}

const LINE = /^sparki-answer (\d{1,3}|reach) ?(.*)$/;
/** As Redis begins what it refuses: `WRONGTYPE Operation against a key ...`. */
const REFUSAL = /^[A-Z]{2,20} (?=.*[a-z])/;

/** The answers in the log of such a Job; what it does not say is not among them. Throws when it never reached the server. */
export function cacheAnswersIn(log: string, questions: readonly CacheQuestion[]): Answer[] {
  return log.split("\n").flatMap((line): Answer[] => {
    const [, index = "", said = ""] = LINE.exec(line.trimEnd()) ?? [];
    if (index === "reach")
      throw new DeployError("SPARKI_OUTSIDE", `the restored cache refuses the check's job: ${said}`);
    const question = index === "" ? undefined : questions[Number(index)];
    if (question === undefined) return [];
    const { id } = question;
    const [, answer] = /^OK(?: (.*))?$/.exec(said) ?? [undefined, undefined];
    if (!/^OK\b/.test(said)) return [{ id, problem: said, sqlState: "" }];
    const value = (answer ?? "").trim();
    if (REFUSAL.test(value)) return [{ id, problem: value, sqlState: "" }];
    return [{ id, value: value === "" ? null : value }];
  });
}
