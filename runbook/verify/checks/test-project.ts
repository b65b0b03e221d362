import { z } from "zod";
import type { HttpAnswer } from "../../../io/http.ts";
import { safeText } from "../../../shared/text/visible.ts";
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
