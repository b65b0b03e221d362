import { DeployError } from "../../shared/deploy-error.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import { undecidable } from "../decidable.ts";

/** The bounds that the engine's and the web UI's request histograms have. */
const BUCKET_SECONDS = [0.1, 1, 5];

/** Throws SPARKI_CONFIG, with each change that would mend it, when the stack's gates could not pass even a clean release. */
export function assertDecidable(config: Pick<StackConfig, "objectives" | "gate">, stack: string): void {
  const { gate, objectives } = config;
  const found = undecidable({
    objectives,
    errorRate: gate.maxWrongVerdictRatio,
    requestsPerSecond: gate.syntheticRequestsPerSecond,
    deadlineSeconds: gate.deadlineMinutes * 60,
    bucketSeconds: BUCKET_SECONDS,
  });
  if (found === undefined) return;
  const changes = found.changes.map(({ setting, from, to }) => `  ${setting} from ${from} to ${to}`);
  const ways = changes.length === 0 ? "" : `\neither of these would mend it:\n${changes.join("\n")}`;
  throw new DeployError("SPARKI_CONFIG", `the gates of ${stack} could never decide: ${found.reason}${ways}`, {
    hint: `pulumi config set --stack ${stack} --path 'sparki:gate.deadlineMinutes' <minutes>`,
  });
}
