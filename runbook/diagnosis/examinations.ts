import { databaseAccess, databaseConnections, databaseErrors, databaseName, secretsPresent } from "./database.ts";
import type { Examination } from "./examination.ts";
import { errorLines, slowQueries } from "./log-lines.ts";
import { pods, resources, warnings } from "./pods.ts";
import { cacheAnswer, cacheHits, databaseAnswer, errorRate, slowRoutes } from "./requests.ts";
import { slowSearch, traces } from "./storm.ts";
import { cacheWords, databaseWords } from "./words.ts";

/**
 * The troubleshooting guide, causes before what they cause: the first that is wrong is the likeliest cause of the others.
 * A server that is away takes the pods' readiness with it, so what pods say of their servers comes before the pods.
 */
export const EXAMINATIONS: readonly Examination[] = [
  secretsPresent,
  databaseName,
  databaseAccess,
  databaseWords,
  cacheWords,
  resources,
  pods,
  databaseConnections,
  databaseAnswer,
  databaseErrors,
  cacheAnswer,
  slowQueries,
  slowSearch,
  cacheHits,
  traces,
  warnings,
  errorLines,
  errorRate,
  slowRoutes,
];
