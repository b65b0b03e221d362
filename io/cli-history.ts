import { z } from "zod";
import { promotionIn } from "../records/promotion.ts";
import { runRecordIn } from "../records/run-record.ts";
import { resourcesIn } from "../records/state.ts";
import { type Promoted, releaseIn, type Update } from "../records/update.ts";
import { DeployError } from "../shared/deploy-error.ts";

/** Runs the Pulumi CLI on the stack and resolves with what it wrote to stdout. */
export type PulumiCommand = (args: readonly string[]) => Promise<string>;

const configValueSchema = z.object({ value: z.string().optional(), objectValue: z.unknown().optional() });

const updateSchema = z.object({
  /** Counts up from 1 on Pulumi Cloud; 0 for every update of a backend that keeps its state in a bucket. */
  version: z.int().default(0),
  kind: z.string(),
  startTime: z.string(),
  endTime: z.string().optional(),
  result: z.string(),
  message: z.string().default(""),
  config: z.record(z.string(), configValueSchema).nullish(),
});

/**
 * The updates as `pulumi stack history` tells them, newest first. What was live after one is read from its state on
 * Pulumi Cloud; a bucket gives the CLI no old state, so there it is what the update was asked for, if it succeeded and was
 * sparki's own: anybody else's may have been of a part of the stack, and have promoted nothing.
 */
export async function readCliHistory(pulumi: PulumiCommand): Promise<readonly Update[]> {
  const updates = parsed(await pulumi(["stack", "history", "--json", "--page-size", "0"]));
  return updates
    .filter(({ kind }) => kind === "update")
    .map(({ version, startTime, endTime, result, message, config }) => {
      const asked = config?.["sparki:release"];
      const release = releaseIn(asked?.objectValue ?? asked?.value);
      const ended = result === "succeeded" || result === "failed" ? result : "unknown";
      const ranBy = runRecordIn(config, release?.id);
      const live = ended === "succeeded" && release && ranBy ? { release } : undefined;
      return {
        id: version > 0 ? `${version}` : startTime,
        startedAt: secondsOf(startTime),
        endedAt: secondsOf(endTime ?? startTime),
        result: ended,
        message,
        release,
        ranBy,
        promotion: async () => (version > 0 ? promotionOf(version, pulumi) : live),
      } satisfies Update;
    });
}

async function promotionOf(version: number, pulumi: PulumiCommand): Promise<Promoted | undefined> {
  const state: unknown = JSON.parse(await pulumi(["stack", "export", "--version", `${version}`]));
  return promotionIn(resourcesIn(state));
}

function parsed(text: string): readonly z.infer<typeof updateSchema>[] {
  try {
    return z.array(updateSchema).parse(JSON.parse(text));
  } catch (cause) {
    throw new DeployError("SPARKI_OUTSIDE", "pulumi stack history answered with something that is no history", {
      cause,
    });
  }
}

function secondsOf(time: string): number {
  return Date.parse(time) / 1000;
}
