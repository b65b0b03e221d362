import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { Registry } from "prom-client";
import { type Answer, json, RequestError } from "./answer.ts";
import type { Cache } from "./cache.ts";
import type { Database } from "./database.ts";
import type { Dependency } from "./dependency.ts";
import { log, reasonOf } from "./log.ts";
import { createProject, detectFramework, listProjects, removeProject } from "./projects.ts";
import type { Router } from "./routes.ts";
import { serve } from "./server.ts";
import { type Settings, secretFiles } from "./settings.ts";

interface Backends {
  readonly database: Database;
  readonly cache: Cache;
}

/** The stand-in engine: projects in PostgreSQL, a health probe of Redis; ready only while both answer. */
export async function engine(settings: Settings): Promise<void> {
  const registry = new Registry();
  const connecting = connect(settings, registry);
  let backends: Backends | undefined;
  connecting.then((connected) => {
    backends = connected;
  }, fail);
  await serve(settings, {
    registry,
    routes: (router) => addRoutes(router, connecting),
    check: async () => {
      if (backends === undefined) throw new Error("waiting for the secrets");
      await Promise.all([backends.database.ping(), backends.cache.ping()]);
    },
    close: async () => {
      backends?.cache.close();
      await backends?.database.close();
    },
  });
}

/** Waits for the secrets' files, then loads the clients: so the port opens before the slow imports. */
async function connect(settings: Settings, registry: Registry): Promise<Backends> {
  const files = Object.values(secretFiles(settings.root));
  while (!files.every((file) => existsSync(file))) await sleep(100);
  const [{ Database }, { Cache }] = await Promise.all([import("./database.ts"), import("./cache.ts")]);
  const report = (dependency: Dependency) => (error: Error) =>
    log("ERROR", `${dependency} connection failed`, { reason: reasonOf(error), dependency });
  return {
    database: new Database(settings, registry, report("database")),
    cache: new Cache(settings, registry, report("cache")),
  };
}

function fail(error: unknown): void {
  log("ERROR", "fatal: cannot connect", { reason: reasonOf(error) });
  process.exit(1);
}

function addRoutes(router: Router, connecting: Promise<Backends>): void {
  router
    .on("GET", "/api/projects", async () => json(200, await listProjects((await connecting).database)))
    .on("POST", "/api/projects", async (request) => {
      const body = await readJson(request);
      return json(201, await createProject((await connecting).database, body));
    })
    .on("DELETE", "/api/projects/:id", async (_request, id) => {
      await removeProject((await connecting).database, id);
      return json(200, { id });
    })
    .on("POST", "/api/projects/:id/detect", async (_request, id) =>
      json(200, await detectFramework((await connecting).database, id)),
    )
    .on("GET", "/api/cache/health", async () => probeCache((await connecting).cache));
}

/** One key a process: its own pairs of commands never interleave, those of other pods could. */
const PROBE_KEY = `sparki:health:${randomUUID()}`;

async function probeCache(cache: Cache): Promise<Answer> {
  const value = randomUUID();
  if ((await cache.setAndGet(PROBE_KEY, value)) !== value) throw new Error("the cache did not return what was written");
  return json(200, { status: "ok", set: true, get: true });
}

const MAX_BODY_BYTES = 64 * 1024;

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk;
    if (text.length > MAX_BODY_BYTES) throw new RequestError(413, "the body is too large");
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new RequestError(400, "the body is not JSON");
  }
}
