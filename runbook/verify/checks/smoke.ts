import type { HttpAnswer } from "../../../io/http.ts";
import { fail, pass } from "../../preflight/check.ts";
import { askEntrance, diagnoseErrors, type Verification, type VerifyContext } from "../verification.ts";

const TIMEOUT_SECONDS = 10;
/** The engine, what it needs, and the web UI. */
export const SMOKE_PATHS = ["/health", "/api/projects", "/api/cache/health", "/"] as const;

export const smoke: Verification = {
  id: "smoke",
  title: "Smoke tests",
  proves: `${SMOKE_PATHS.join(", ")} answer 200 through the load balancer, by its own name.`,
  timeLimitSeconds: 60,
  run: async (context, signal) => {
    const answers = await Promise.all(
      SMOKE_PATHS.map(async (path) => ({ path, answer: await ask(context, path, signal) })),
    );
    const bad = answers.filter(({ answer }) => !isGood(answer));
    const evidence = answers.map(({ path, answer }) => `${path} ${told(answer)}`);
    if (bad.length === 0) return { ...pass(`${answers.length} of ${answers.length} answered 200`), evidence };
    const which = bad.map(({ path, answer }) => `${path} ${told(answer)}`).join("; ");
    return { ...fail(`${bad.length} of ${answers.length}: ${which}`, diagnoseErrors(context)), evidence };
  },
};

interface Answering extends Pick<Verification, "id" | "title" | "proves"> {
  readonly path: string;
  /** What a good answer says. */
  readonly healthy: string;
  readonly fix: (context: VerifyContext) => string;
}

/** Something behind the engine that must answer by one of its paths. */
const answering = ({ path, healthy, fix, ...named }: Answering): Verification => ({
  ...named,
  timeLimitSeconds: 30,
  run: async (context, signal) => {
    const answer = await ask(context, path, signal);
    return isGood(answer) ? pass(`${healthy}${path} ${told(answer)}`) : fail(`${path} ${told(answer)}`, fix(context));
  },
});

export const database = answering({
  id: "database",
  title: "Database",
  proves: "The engine reads its projects from PostgreSQL: `/api/projects` answers 200.",
  path: "/api/projects",
  healthy: "healthy: ",
  fix: ({ stack }) => `npx sparki diagnose database --stack ${stack}`,
});

export const cache = answering({
  id: "cache",
  title: "Cache",
  proves: "The engine sets a key in Redis and gets it back: `/api/cache/health` answers 200.",
  path: "/api/cache/health",
  healthy: "healthy: set and get, ",
  fix: diagnoseErrors,
});

function ask(context: VerifyContext, path: string, signal: AbortSignal): Promise<HttpAnswer> {
  return askEntrance(context, path, { timeoutSeconds: TIMEOUT_SECONDS, signal });
}

function isGood(answer: HttpAnswer): boolean {
  return answer.answered && answer.status === 200;
}

/** The answer and its time, in words. */
function told(answer: HttpAnswer): string {
  const time = `${Math.round(answer.seconds * 1000)} ms`;
  return answer.answered ? `answered ${answer.status} in ${time}` : `did not answer: ${answer.error}`;
}
