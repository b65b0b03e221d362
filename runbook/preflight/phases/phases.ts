import { CHECKLIST } from "../checklist.ts";
import { awsCli, offers } from "../checks/account.ts";
import { maintenanceWindow, onCall } from "../checks/people.ts";
import { quotas } from "../checks/quotas.ts";
import { administrator, deliveryConfig, documents, programs } from "./account.ts";
import type { PhaseCheck } from "./context.ts";
import { deliveryRoles, mails, stateBucket, stateKeys } from "./delivered.ts";
import { drills, environment, runner, runnerVariable, subject, variables } from "./github.ts";
import { deliveryState, deployedByCi, ownNetwork, ownStack, promoted } from "./states.ts";
import type { StepId } from "./steps.ts";

/** What each step must have left behind. */
export const PHASES: Readonly<Record<StepId, readonly PhaseCheck[]>> = {
  account: [administrator],
  tools: [programs, awsCli],
  quotas: [quotas, offers],
  config: [deliveryConfig, documents],
  delivery: [stateBucket, stateKeys, deliveryRoles],
  mails: [mails],
  state: [deliveryState],
  stack: [ownStack],
  checklist: CHECKLIST,
  network: [ownNetwork],
  github: [subject, environment, variables, drills],
  runner: [runner, runnerVariable],
  ci: [promoted, deployedByCi],
};

/** The same for who only wants to know where an account is: what people confirm of one deployment is asked by that deployment. */
export const SURVEYED: typeof PHASES = {
  ...PHASES,
  checklist: CHECKLIST.filter((check) => check !== onCall && check !== maintenanceWindow),
};
