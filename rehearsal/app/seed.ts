import { log, reasonOf } from "./log.ts";
import { connectOnce, LIMITS } from "./migrate.ts";
import type { Settings } from "./settings.ts";

/** What every Sparki has from the start; the ids are fixed so that seeding again changes nothing. */
const PROJECTS = [
  ["5eed0000-0000-4000-8000-000000000001", "Getting started", "https://github.com/alexarno/sparki-start.git"],
  ["5eed0000-0000-4000-8000-000000000002", "Next.js example", "https://github.com/alexarno/sparki-next.git"],
  ["5eed0000-0000-4000-8000-000000000003", "Go example", "https://github.com/alexarno/sparki-go.git"],
] as const;

/** Upserts the first data in one transaction: the same rows however often; returns the exit code. */
export async function seedData(settings: Settings): Promise<number> {
  try {
    const client = await connectOnce(settings, LIMITS.connectSeconds);
    try {
      const { rowCount } = await client.query(
        `INSERT INTO projects (id, name, repository_url) SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[])
         ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name, repository_url = EXCLUDED.repository_url`,
        [PROJECTS.map(([id]) => id), PROJECTS.map(([, name]) => name), PROJECTS.map(([, , url]) => url)],
      );
      log("INFO", "seed data is in place", { projects: rowCount });
      return 0;
    } finally {
      await client.end();
    }
  } catch (error) {
    log("ERROR", "seeding failed; nothing was changed", { reason: reasonOf(error) });
    return 1;
  }
}
