import { readPodLog } from "../../io/pod-log.ts";
import { fail, pass, skipped } from "../preflight/check.ts";
import type { DiagnosisContext, Examination, Topic } from "./examination.ts";
import { type Line, recentLines, shortened } from "./log-lines.ts";

/** Pods that cannot reach a server say so again and again. */
const SAID_SECONDS = 300;
const MOST_SHOWN = 5;

interface Server {
  readonly dependency: "database" | "cache";
  readonly topics: readonly Topic[];
  /** How an error line names the server where the application sets no `dependency`. */
  readonly named: RegExp;
  readonly next: (context: DiagnosisContext) => string;
}

/**
 * What the engine's pods themselves say of a server they need: every readiness probe of a pod connects to it, so this is
 * a connection from each pod, made all the time, and needs no `exec`.
 */
const words = ({ dependency, topics, named, next }: Server): Examination => ({
  id: `${dependency}-words`,
  topics,
  title: `What pods say of the ${dependency}`,
  timeLimitSeconds: 60,
  run: async (context) => {
    const found = (await context.cluster.pods("sparki-engine")) ?? [];
    const pods = found.filter(({ phase }) => phase !== "Succeeded");
    if (pods.length === 0) return skipped("no pod of the engine runs");
    const { lines, assertComplete } = await recentLines(context, SAID_SECONDS, ["sparki-engine"]);
    const newest = new Map(
      lines.filter((line) => isAbout(line, dependency, named)).map((line) => [line.pod, line.text]),
    );
    if (newest.size === 0) assertComplete();
    if (newest.size === 0) return pass(`none of ${pods.length} pods says that it cannot reach the ${dependency}`);
    const evidence = [...newest].slice(0, MOST_SHOWN).map(([pod, text]) => `${pod}: ${shortened(text)}`);
    const told = `${newest.size} of ${pods.length} pods said in the last 5 minutes that they cannot reach the ${dependency}`;
    return { ...fail(told, next(context)), evidence };
  },
});

function isAbout({ text }: Line, dependency: string, named: RegExp): boolean {
  const { errorLines, outages } = readPodLog([text]);
  return (
    outages.some((outage) => outage.startsWith(`the ${dependency} is`)) || errorLines.some((line) => named.test(line))
  );
}

export const databaseWords = words({
  dependency: "database",
  topics: ["database", "errors"],
  named: /postgres|:5432\b/i,
  next: ({ stack, config: { contacts } }) =>
    `aws rds describe-events --duration 60 --source-type db-instance --source-identifier sparki-${stack}-database; ` +
    `ask ${contacts.database.mention} in ${contacts.database.channel}`,
});

export const cacheWords = words({
  dependency: "cache",
  topics: ["errors", "latency"],
  named: /redis|:6379\b/i,
  next: ({ stack, config: { contacts } }) =>
    `aws elasticache describe-events --duration 60 --source-type replication-group --source-identifier sparki-${stack}-cache; ` +
    `ask ${contacts.database.mention} in ${contacts.database.channel}`,
});
