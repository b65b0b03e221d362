import { databaseAccess, databaseConnections, databaseErrors, databaseName, secretsPresent } from "./database.ts";
import type { Examination } from "./examination.ts";
import { errorLines, slowQueries } from "./log-lines.ts";
import { pods, resources, warnings } from "./pods.ts";
import { cacheAnswer, cacheHits, databaseAnswer, errorRate, slowRoutes } from "./requests.ts";

/** The troubleshooting guide, causes before what they cause: the first that is wrong is the likeliest cause of the others. */
export const EXAMINATIONS: readonly Examination[] = [
  secretsPresent,
  databaseName,
  databaseAccess,
  resources,
  pods,
  databaseConnections,
  databaseAnswer,
  databaseErrors,
  cacheAnswer,
  slowQueries,
  cacheHits,
  warnings,
  errorLines,
  errorRate,
  slowRoutes,
];
