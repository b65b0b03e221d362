import { parentPort, workerData } from "node:worker_threads";
import { PORTS } from "../addresses.ts";
import type { LoadBalancerState } from "../services.ts";
import {
  Balancer,
  type BalancerCommand,
  type BalancerEvent,
  type BalancerRequest,
  type BalancerWorkerData,
  Firewall,
  TargetGroup,
} from "./balancer.ts";
import { seededRandom } from "./random.ts";

// Runs every load balancer in a thread of its own: users' requests must not wait while the cloud's own thread is busy.
const { timeScale, seed }: BalancerWorkerData = workerData;
const random = seededRandom(seed);
const groups = new Map<string, TargetGroup>();
const balancers = new Map<string, { readonly balancer: Balancer; state: LoadBalancerState }>();
const firewall = new Firewall();
let last = Promise.resolve();

parentPort?.on("message", (command: BalancerCommand) => {
  if (command.type === "targets") return groupOf(command.arn).setTargets(command.targets);
  if (command.type === "firewall") return firewall.limitGateRequests(command.gateRequests);
  const { id } = command;
  last = last
    .then(() => act(command))
    .then(
      () => tell({ type: "done", id, failure: undefined }),
      (error: unknown) => tell({ type: "done", id, failure: String(error) }),
    );
});

async function act(request: BalancerRequest): Promise<void> {
  if (request.type === "apply") await apply(request);
  else {
    await balancers.get(request.name)?.balancer.close();
    balancers.delete(request.name);
  }
  closeUnused();
}

async function apply({ state, address, certificate }: Extract<BalancerRequest, { type: "apply" }>): Promise<void> {
  for (const group of state.targetGroups) groupOf(group.arn).configure(group);
  const found = balancers.get(state.name);
  const balancer = found?.balancer ?? new Balancer({ address, groups, random, firewall, portOf });
  balancers.set(state.name, { balancer, state });
  await balancer.apply(state, certificate);
}

function groupOf(arn: string): TargetGroup {
  const found = groups.get(arn);
  if (found) return found;
  const group = new TargetGroup(timeScale, () => tell({ type: "health", arn, healthy: group.healthyKeys() }));
  groups.set(arn, group);
  return group;
}

/** Without a balancer a group is not checked; it gets its targets again with its next balancer. */
function closeUnused(): void {
  const used = new Set([...balancers.values()].flatMap(({ state }) => state.targetGroups.map(({ arn }) => arn)));
  for (const [arn, group] of groups) {
    if (used.has(arn)) continue;
    group.close();
    groups.delete(arn);
    tell({ type: "health", arn, healthy: [] });
  }
}

/** Low ports need privileges that a rehearsal does not ask for. */
function portOf(port: number): number {
  if (port === 443) return PORTS.https;
  return port === 80 ? PORTS.http : port;
}

function tell(event: BalancerEvent): void {
  parentPort?.postMessage(event);
}
