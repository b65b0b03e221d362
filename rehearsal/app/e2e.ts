import type { Behaviour } from "./behaviour.ts";
import { log, reasonOf } from "./log.ts";
import { type Reply, requestsTo, type Send } from "./requests.ts";

/** Walks the site at `APP_URL` as a user would and logs each step; returns the exit code: 0 when every step held. */
export async function e2e(
  env: Readonly<Record<string, string | undefined>>,
  { failTests }: Pick<Behaviour, "failTests">,
): Promise<number> {
  const site = env.APP_URL;
  if (site === undefined) {
    log("ERROR", "APP_URL is missing; expected the site's address");
    return 2;
  }
  try {
    await walk(requestsTo(site, env));
    if (failTests) throw new Error("the checkout page lacks its button");
    log("INFO", "end-to-end tests passed", { site });
    return 0;
  } catch (error) {
    log("ERROR", "end-to-end tests failed", { site, reason: reasonOf(error) });
    return 1;
  }
}

async function walk(send: Send): Promise<void> {
  await step("the web page answers", 200, () => send("GET", "/"));
  await step("the engine is healthy", 200, () => send("GET", "/health"));
  await step("the cache sets and gets", 200, () => send("GET", "/api/cache/health"));
  const created = await step("a project is created", 201, () =>
    send("POST", "/api/projects", { name: "e2e", repositoryUrl: "https://example.com/e2e.git" }),
  );
  const { id } = parsed(created);
  if (typeof id !== "string") throw new Error("the created project has no id");
  try {
    const list = await step("projects are listed", 200, () => send("GET", "/api/projects"));
    if (!list.body.includes(id)) throw new Error(`the list of projects lacks ${id}`);
    const detection = await step("its framework is detected", 200, () => send("POST", `/api/projects/${id}/detect`));
    const { status } = parsed(detection);
    if (status !== "finished") throw new Error(`the detection is ${JSON.stringify(status)}; expected "finished"`);
  } finally {
    await step("the project is removed", 200, () => send("DELETE", `/api/projects/${id}`));
  }
}

async function step(name: string, expected: number, act: () => Promise<Reply>): Promise<Reply> {
  const start = performance.now();
  const reply = await act();
  const duration = Math.round(performance.now() - start);
  if (reply.status !== expected)
    throw new Error(`${name}: status ${reply.status}; expected ${expected}: ${reply.body}`);
  log("INFO", name, { status: reply.status, duration_ms: duration, release: reply.headers["x-sparki-release"] });
  return reply;
}

function parsed(reply: Reply): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(reply.body);
  return value !== null && typeof value === "object" ? { ...value } : {};
}
