import { type DatabaseReplacement, openRdsReplacement } from "../../io/database-replacement.ts";
import { lineProgress } from "../../tools/progress.ts";
import type { Ports } from "../command.ts";
import { openStack } from "../deploy/real-target.ts";
import { askFromCluster } from "../drill/open-copies.ts";
import type { OpenPreflight } from "../preflight/open.ts";
import { requestCounter } from "../rotation/open-rotation.ts";
import { DATABASE, exchangeInState, type RestorePorts } from "./restore-database.ts";

/** The stack's instances at AWS, asked by a Job in its own cluster. */
export function openAwsReplacement(opened: OpenPreflight): Promise<DatabaseReplacement & { close(): void }> {
  const { context, network } = opened;
  const { stack, config } = context;
  const { region, accountId } = config;
  return openRdsReplacement({ ...{ stack, region, accountId, network }, ask: askFromCluster(opened) });
}

/** How a restore reaches the stack's state and its users' requests; the engine is opened here, so that it cannot fail later. */
export async function openRestorePorts(
  opened: OpenPreflight,
  named: { readonly stack: string; readonly fullName: string },
  ports: Ports,
): Promise<Pick<RestorePorts, "adopt" | "requestsSince" | "clock" | "signal">> {
  const { clock, signal, stderr } = ports;
  const options = { fullName: named.fullName, mayCreate: false };
  const { engine } = await openStack(named.stack, ports, lineProgress(stderr), options);
  return {
    ...{ clock, signal },
    adopt: (resourceId) => exchangeInState(engine, DATABASE, resourceId),
    requestsSince: requestCounter(opened),
  };
}
