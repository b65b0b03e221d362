import { compareVersions } from "../../../aws/rules/shared.ts";
import { type Check, fail, pass, skipped } from "../check.ts";

/** Of Redis the minor version is told with its patch, and wanted without. */
const minorOf = (version: unknown) => (typeof version === "string" ? /^\d+\.\d+/.exec(version)?.[0] : undefined);
const majorOf = (version: unknown) => (typeof version === "string" ? /^\d+/.exec(version)?.[0] : undefined);

export const databaseVersion: Check = {
  id: "database-version",
  group: "Infrastructure",
  title: "Database version",
  proves: "The config names the major version of PostgreSQL that the database has: a deployment cannot change it.",
  timeLimitSeconds: 30,
  run: async ({ config, stack, state }) => {
    const { resources } = await state.read();
    const database = resources.find(({ type }) => type === "aws:rds/instance:Instance");
    if (database === undefined) return skipped("there is no database yet");
    const { engineVersionActual, engineVersion } = database.outputs ?? {};
    const [has, wanted] = [majorOf(engineVersionActual ?? engineVersion), majorOf(config.database.engineVersion)];
    if (has === undefined)
      return fail("the state does not say which version the database has", `pulumi refresh --stack ${stack}`);
    if (has === wanted) return pass(`PostgreSQL ${has}`);
    return fail(
      `the database has PostgreSQL ${has}, and sparki:database.engineVersion is ${config.database.engineVersion}`,
      `set sparki:database.engineVersion back to ${has}; docs/upgrades.md says how a major version is upgraded`,
    );
  },
};

export const cacheVersion: Check = {
  id: "cache-version",
  group: "Infrastructure",
  title: "Cache version",
  proves:
    "The config names the version of Redis that the cache has, or a later one: ElastiCache takes no older one, and its provider would replace the cache.",
  timeLimitSeconds: 30,
  run: async ({ config, stack, state }) => {
    const { resources } = await state.read();
    const cache = resources.find(({ type }) => type === "aws:elasticache/replicationGroup:ReplicationGroup");
    if (cache === undefined) return skipped("there is no cache yet");
    const { engineVersionActual, engineVersion } = cache.outputs ?? {};
    const has = minorOf(engineVersionActual ?? engineVersion);
    const wanted = config.cache.engineVersion;
    if (has === undefined)
      return fail("the state does not say which version the cache has", `pulumi refresh --stack ${stack}`);
    if (has === wanted) return pass(`Redis ${has}`);
    if (compareVersions(wanted, has) > 0)
      return pass(`Redis ${has}, which this deployment upgrades to ${wanted}: connections are lost once, for seconds`);
    return fail(
      `the cache has Redis ${has}, and sparki:cache.engineVersion is ${wanted}; ElastiCache takes no older version`,
      `set sparki:cache.engineVersion back to ${has}; docs/upgrades.md says what undoes an upgrade`,
    );
  },
};
