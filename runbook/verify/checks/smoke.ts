import type { HttpAnswer } from "../../io/http.ts";
import { type Finding, fail, pass } from "../../preflight/check.ts";
import { SYNTHETIC, type Verification, type VerifyContext } from "../verification.ts";

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
    return { ...fail(`${bad.length} of ${answers.length}: ${which}`, fixOf(context)), evidence };
  },
};

export const database: Verification = {
  id: "database",
  title: "Database",
  proves: "The engine reads its projects from PostgreSQL: `/api/projects` answers 200.",
  timeLimitSeconds: 30,
  run: async (context, signal) => {
    const answer = await ask(context, "/api/projects", signal);
    if (isGood(answer)) return pass(`healthy: /api/projects ${told(answer)}`);
    return fail(`/api/projects ${told(answer)}`, `npx sparki diagnose database --stack ${context.stack}`);
  },
};

export const cache: Verification = {
  id: "cache",
  title: "Cache",
  proves: "The engine sets a key in Redis and gets it back: `/api/cache/health` answers 200.",
  timeLimitSeconds: 30,
  run: async (context, signal) => {
    const answer = await ask(context, "/api/cache/health", signal);
    if (isGood(answer)) return pass(`healthy: set and get, /api/cache/health ${told(answer)}`);
    return fail(`/api/cache/health ${told(answer)}`, fixOf(context));
  },
};

function ask({ balancer, config }: VerifyContext, path: string, signal: AbortSignal): Promise<HttpAnswer> {
  const options = { headers: SYNTHETIC, timeoutSeconds: TIMEOUT_SECONDS, signal };
  return balancer(`https://${config.domain}${path}`, options);
}

function isGood(answer: HttpAnswer): boolean {
  return answer.answered && answer.status === 200;
}

/** The answer and its time, in words. */
function told(answer: HttpAnswer): string {
  const time = `${Math.round(answer.seconds * 1000)} ms`;
  return answer.answered ? `answered ${answer.status} in ${time}` : `did not answer: ${answer.error}`;
}

function fixOf({ stack }: VerifyContext): NonNullable<Finding["fix"]> {
  return `npx sparki diagnose errors --stack ${stack}`;
}
