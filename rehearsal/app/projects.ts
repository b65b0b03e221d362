import { createHash, randomUUID } from "node:crypto";
import { RequestError } from "./answer.ts";
import type { Database } from "./database.ts";

export interface Project {
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
export function listProjects(database: Database): Promise<Project[]> {
  return database.query<Project & Record<string, unknown>>(LIST);
}

/** Creates a project from a request's JSON; a wrong body is a 400. */
export async function createProject(database: Database, body: unknown): Promise<Project | undefined> {
  const { name, repositoryUrl } = projectFields(body);
  const [project] = await database.query<Project & Record<string, unknown>>(CREATE, [
    randomUUID(),
    name,
    repositoryUrl,
  ]);
  return project;
}

/** Removes a project and its detections; an unknown one is a 404. */
export async function removeProject(database: Database, id: string): Promise<void> {
  const removed = UUID.test(id) ? await database.query(REMOVE, [id]) : [];
  if (removed.length === 0) throw new RequestError(404, "no such project");
}

/** Finishes a detection of a project's framework and returns it; an unknown project is a 404. */
export async function detectFramework(database: Database, id: string): Promise<unknown> {
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
