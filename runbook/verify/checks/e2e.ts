import { Writable } from "node:stream";
import { urlOf } from "../../../gates/live/track.ts";
import type { Job } from "../../../io/cluster-job.ts";
import { NOT_DISRUPTED, RESTRICTED_POD, restrictedContainer } from "../../../io/engine-job.ts";
import type { Release } from "../../../stacks/schema.ts";
import { fail, pass } from "../../preflight/check.ts";
import type { Verification } from "../verification.ts";

const E2E_NAMESPACE = "sparki-test";

/** The tests' own longest time; a browser's walk through a site takes minutes. */
const E2E_DEADLINE_SECONDS = 900;

/** Logs can be read for a day, then Kubernetes cleans up. */
const KEPT_SECONDS = 86_400;

/** The release's end-to-end tests as a Job that runs once against a site, within Pod Security `restricted`. */
export function e2eJob({ id, images }: Release, site: string): Job {
  const labels = { "app.kubernetes.io/name": "sparki-e2e", "sparki.tools/release": id };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    // Of each release's own: tests of another release that still run are not taken for this one's.
    metadata: { name: `e2e-${id.replaceAll(".", "-")}`, namespace: E2E_NAMESPACE, labels },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: E2E_DEADLINE_SECONDS,
      ttlSecondsAfterFinished: KEPT_SECONDS,
      template: {
        metadata: { labels, annotations: NOT_DISRUPTED },
        spec: {
          restartPolicy: "Never",
          serviceAccountName: "e2e",
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          securityContext: RESTRICTED_POD,
          containers: [container(images.e2e, site)],
          volumes: [{ name: "scratch", emptyDir: {} }],
        },
      },
    },
  };
}

function container(image: string, site: string) {
  return {
    name: "e2e",
    image,
    env: [
      { name: "APP_URL", value: site },
      { name: "HOME", value: "/tmp" },
    ],
    resources: { requests: { cpu: "250m", memory: "512Mi" }, limits: { cpu: "2", memory: "2Gi" } },
    securityContext: restrictedContainer(),
    volumeMounts: [{ name: "scratch", mountPath: "/tmp" }],
  };
}

/** Beside the tests' own deadline: the image's pull, and the API's time to tell of the end. */
const GRACE_SECONDS = 120;
const SHOWN_LINES = 5;
const LONGEST_LINE = 160;

export const e2e: Verification = {
  id: "e2e",
  title: "End-to-end tests",
  proves: `The release's e2e image, run as a Job in \`${E2E_NAMESPACE}\` against the domain, exits with 0.`,
  timeLimitSeconds: E2E_DEADLINE_SECONDS + GRACE_SECONDS,
  run: async (context, signal) => {
    const { config, stack } = context;
    const job = e2eJob(config.release, urlOf(config));
    const name = job.metadata?.name;
    const log = new LogLines((line) => context.say(`e2e: ${readable(line)}`));
    const failure = await context.runJob(job, log, signal);
    const reason = `job ${E2E_NAMESPACE}/${name}`;
    if (failure === undefined) return pass(`${reason} passed, ${log.lines.length} log lines`);
    const evidence = log.lines.slice(-SHOWN_LINES).map(readable);
    const fix = `kubectl logs job/${name} -n ${E2E_NAMESPACE}; then npx sparki verify --stack ${stack}`;
    return { ...fail(`${reason} failed: ${failure}`, fix), ...(evidence.length > 0 && { evidence }) };
  },
};

/** Takes a log as it comes and keeps its lines. */
class LogLines extends Writable {
  readonly lines: string[] = [];
  readonly #onLine: (line: string) => void;
  #rest = "";

  constructor(onLine: (line: string) => void) {
    super({ decodeStrings: false, defaultEncoding: "utf8" });
    this.#onLine = onLine;
  }

  override _write(chunk: unknown, _encoding: string, done: () => void): void {
    const parts = `${this.#rest}${chunk}`.split("\n");
    this.#rest = parts.pop() ?? "";
    for (const line of parts.filter((part) => part.trim() !== "")) {
      this.lines.push(line);
      this.#onLine(line);
    }
    done();
  }
}

/** A line of a log for a person: the message and the reason of one that is JSON, else the line itself. */
function readable(line: string): string {
  const fields = fieldsOf(line);
  const told = [fields.level, fields.msg, fields.reason].filter((field) => typeof field === "string").join(" ");
  const text = told === "" ? line : told;
  return text.length > LONGEST_LINE ? `${text.slice(0, LONGEST_LINE - 1)}…` : text;
}

function fieldsOf(line: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === "object" && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}
