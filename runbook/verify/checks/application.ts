import { Writable } from "node:stream";
import { z } from "zod";
import { urlOf } from "../../../gates/live/track.ts";
import type { Job } from "../../../io/cluster-job.ts";
import { NOT_DISRUPTED, RESTRICTED_POD, restrictedContainer } from "../../../io/engine-job.ts";
import type { HttpAnswer } from "../../../io/http.ts";
import { safeText } from "../../../shared/text/visible.ts";
import type { Release } from "../../../stacks/schema.ts";
import { type Finding, fail, pass } from "../../preflight/check.ts";
import { jsonRequest } from "../../preflight/storm.ts";
import { askEntrance, diagnoseErrors, type Verification, type VerifyContext } from "../verification.ts";

/** Nobody else's project is called this; one that is left from an earlier time is used again. */
const TEST_PROJECT = "sparki-verify";
/** For all until the detection has ended, made project included. */
const MAX_DETECTION_SECONDS = 180;
const REQUEST_SECONDS = 30;
const LOOK_EVERY_SECONDS = 1;

const projectSchema = z.object({ id: z.string(), name: z.string(), status: z.string().nullish() });
/** The list itself, or the list within an answer. */
export const listSchema = z.union([z.array(projectSchema), z.object({ projects: z.array(projectSchema) })]);
const detectionSchema = z.object({
  status: z.string().nullish(),
  /** Of generating the pipeline. */
  errors: z.array(z.unknown()).nullish(),
  error: z.string().nullish(),
});
type Detection = z.infer<typeof detectionSchema>;

const DONE: ReadonlySet<string> = new Set(["completed", "finished", "detected", "succeeded", "done"]);
const FAILED: ReadonlySet<string> = new Set(["failed", "error", "cancelled"]);

export const testProject: Verification = {
  id: "test-project",
  title: "Test project",
  proves: "A project is created, its detection completes, and no pipeline generation fails; then it is removed.",
  // The last look at the detection and the removal come on top.
  timeLimitSeconds: MAX_DETECTION_SECONDS + 2 * REQUEST_SECONDS + LOOK_EVERY_SECONDS,
  run: async (context, signal) => {
    const started = context.clock.now();
    const project = await findOrCreate(context, signal);
    if ("status" in project) return project;
    try {
      return await detect(context, project.id, started, signal);
    } finally {
      // An application that removes no projects keeps this one, and the next time finds it.
      await ask(context, "DELETE", `/api/projects/${project.id}`, signal);
    }
  },
};

interface Project {
  readonly id: string;
  readonly isNew: boolean;
}

async function findOrCreate(context: VerifyContext, signal: AbortSignal): Promise<Project | Finding> {
  const listed = await ask(context, "GET", "/api/projects", signal);
  const list = parsed(listed, listSchema);
  const known = (Array.isArray(list) ? list : (list?.projects ?? [])).find(({ name }) => name === TEST_PROJECT);
  if (known !== undefined) return { id: known.id, isNew: false };
  const made = await ask(context, "POST", "/api/projects", signal, { name: TEST_PROJECT });
  const project = isOk(made) ? parsed(made, projectSchema.pick({ id: true })) : undefined;
  if (project === undefined) return fail(`POST /api/projects ${told(made)}`, diagnoseErrors(context));
  return { id: project.id, isNew: true };
}

async function detect(context: VerifyContext, id: string, started: number, signal: AbortSignal): Promise<Finding> {
  const path = `/api/projects/${id}/detect`;
  const answer = await ask(context, "POST", path, signal);
  const begun = isOk(answer) ? parsed(answer, detectionSchema) : undefined;
  if (begun === undefined) return fail(`POST ${path} ${told(answer)}`, diagnoseErrors(context));
  for (let found: Detection = begun; ; found = await statusOf(context, id, signal)) {
    const end = judge(found, context);
    if (end !== undefined) return end;
    if (context.clock.now() - started >= MAX_DETECTION_SECONDS)
      return fail(
        `the detection is ${found.status ?? "in no state"} after ${MAX_DETECTION_SECONDS} s`,
        diagnoseErrors(context),
      );
    await context.clock.sleep(LOOK_EVERY_SECONDS, signal);
  }
}

/** Undefined while it continues. */
function judge({ status, errors, error }: Detection, context: VerifyContext): Finding | undefined {
  const problems = [...(errors ?? []), ...(error ? [error] : [])];
  if (problems.length > 0)
    return fail(`pipeline generation errors: ${problems.map(textOf).join("; ")}`, diagnoseErrors(context));
  if (FAILED.has(status ?? "")) return fail(`the detection ended as ${status}`, diagnoseErrors(context));
  return DONE.has(status ?? "") ? pass(`detection ${status}, no pipeline generation errors`) : undefined;
}

async function statusOf(context: VerifyContext, id: string, signal: AbortSignal): Promise<Detection> {
  const list = parsed(await ask(context, "GET", "/api/projects", signal), listSchema);
  const own = (Array.isArray(list) ? list : (list?.projects ?? [])).find((project) => project.id === id);
  return { status: own?.status };
}

function ask(
  context: VerifyContext,
  method: "GET" | "POST" | "DELETE",
  path: string,
  signal: AbortSignal,
  body?: unknown,
): Promise<HttpAnswer> {
  const sent = body === undefined ? {} : jsonRequest(body);
  return askEntrance(context, path, { ...sent, method, timeoutSeconds: REQUEST_SECONDS, signal });
}

function isOk(answer: HttpAnswer): boolean {
  return answer.answered && answer.status >= 200 && answer.status < 300;
}

function parsed<T>(answer: HttpAnswer, schema: z.ZodType<T>): T | undefined {
  if (!answer.answered) return undefined;
  try {
    return schema.safeParse(JSON.parse(answer.body)).data;
  } catch {
    return undefined;
  }
}

function told(answer: HttpAnswer): string {
  return answer.answered ? `answered ${answer.status}: ${safeText(answer.body).slice(0, 120)}` : answer.error;
}

function textOf(problem: unknown): string {
  return typeof problem === "string" ? problem : JSON.stringify(problem);
}

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
