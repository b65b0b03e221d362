import { join } from "node:path";
import { promotionIn } from "../../../records/promotion.ts";
import { type Check, fail, pass, skipped } from "../check.ts";
import { placeOf } from "../context.ts";
import { migrationProblems, pendingCount } from "../migrations.ts";

export const migrations: Check = {
  id: "migrations",
  group: "Application",
  title: "Database migrations",
  proves: "What the release would run only adds, locks no table for long, and takes away only what is out of use.",
  timeLimitSeconds: 10,
  run: async (context) => {
    const { config, files, state } = context;
    const folder = config.preflight.migrations;
    if (folder === undefined) return skipped("no sparki:preflight.migrations folder is configured");
    const path = placeOf(context, folder);
    const names = files.list(path)?.filter((name) => name.endsWith(".sql"));
    if (names === undefined)
      return fail(`${folder} is not there`, "check the application out there, or correct sparki:preflight.migrations");
    const { resources } = await state.read();
    const plan = { release: config.release, live: promotionIn(resources)?.release };
    const read = names.map((name) => ({ name, script: files.read(join(path, name)) ?? "" }));
    const problems = await migrationProblems(read, plan);
    if (problems.length > 0)
      return fail(problems.join("\n"), "expand now and contract in a later release; see docs/preflight.md#migrations");
    const count = pendingCount(read, plan);
    return pass(count === 0 ? "none to run" : `${count} to run, up to level ${config.release.schema.level}`);
  },
};
