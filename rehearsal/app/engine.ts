import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { Registry } from "prom-client";
import type { Cache } from "./cache.ts";
import type { Database } from "./database.ts";
import type { Dependency } from "./dependency.ts";
import { log, reasonOf } from "./log.ts";

import { type Answer, json, RequestError, type Router, serve } from "./server.ts";
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

interface Project {
  readonly id: string;
  readonly name: string;
  readonly repository_url: string;
  readonly status: string;
  readonly created_at: string;
}

const LIST = {
  name: "list-projects",
  text: "SELECT id, name, repository_url, status, created_at FROM projects ORDER BY created_at DESC, id LIMIT 50",
};

const CREATE = {
  name: "create-project",
  text: `INSERT INTO projects (id, name, repository_url) VALUES ($1, $2, $3)
         ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name RETURNING id, name, repository_url, status, created_at`,
};

const REMOVE = { name: "remove-project", text: "DELETE FROM projects WHERE id = $1 RETURNING id" };

const DETECT = {
  name: "finish-detection",
  text: `WITH project AS (UPDATE projects SET status = 'detected' WHERE id = $1 RETURNING id)
         INSERT INTO detections (id, project_id, framework, status) SELECT $2, id, $3, 'finished' FROM project
         ON CONFLICT (id) DO UPDATE SET status = 'finished' RETURNING id, project_id, framework, status`,
};

const FRAMEWORKS = ["next", "nuxt", "sveltekit", "remix", "go", "rust", "python"] as const;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The newest 50 projects. */
function listProjects(database: Database): Promise<Project[]> {
  return database.query<Project & Record<string, unknown>>(LIST);
}

/** Creates a project from a request's JSON; a wrong body is a 400. */
async function createProject(database: Database, body: unknown): Promise<Project | undefined> {
  const { name, repositoryUrl } = projectFields(body);
  const [project] = await database.query<Project & Record<string, unknown>>(CREATE, [
    randomUUID(),
    name,
    repositoryUrl,
  ]);
  return project;
}

/** Removes a project and its detections; an unknown one is a 404. */
async function removeProject(database: Database, id: string): Promise<void> {
  const removed = UUID.test(id) ? await database.query(REMOVE, [id]) : [];
  if (removed.length === 0) throw new RequestError(404, "no such project");
}

/** Finishes a detection of a project's framework and returns it; an unknown project is a 404. */
async function detectFramework(database: Database, id: string): Promise<unknown> {
  if (!UUID.test(id)) throw new RequestError(404, "no such project");
  const index = createHash("sha256").update(id).digest().readUInt16BE(0) % FRAMEWORKS.length;
  const [detection] = await database.query(DETECT, [id, randomUUID(), FRAMEWORKS[index]]);
  if (detection === undefined) throw new RequestError(404, "no such project");
  return detection;
}

function projectFields(body: unknown): { name: string; repositoryUrl: string } {
  const name = body !== null && typeof body === "object" && "name" in body ? body.name : undefined;
  if (typeof name !== "string" || name === "" || name.length > 200) {
    throw new RequestError(400, "name is missing; expected a string of 1 to 200 characters");
  }
  const url = body !== null && typeof body === "object" && "repositoryUrl" in body ? body.repositoryUrl : "";
  return { name, repositoryUrl: typeof url === "string" ? url : "" };
}
