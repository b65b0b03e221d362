import { levelsOf, requestsToPass } from "../../gates/bounds.ts";
import { NO_COUNTS } from "../../gates/objective.ts";
import { nameOf } from "../../records/engine-record.ts";
import type { Dependencies } from "../../records/state.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import { ENTERED, trackName } from "../../stacks/services.ts";
import type { PlannedResource } from "./planned.ts";

/** How long a plan takes when everything that can be made side by side is. */
export interface CriticalPath extends Duration {
  /** The resources of the longest chain of usual durations, first to last; those that take no time are left out. */
  readonly chain: readonly string[];
}

interface Chain extends Duration {
  readonly urns: readonly string[];
}

const NOTHING: Chain = { typical: 0, longest: 0, urns: [] };

/** The longest chain of changes in which each needs the one before; `waits` adds what a resource waits for, such as a gate. */
export function criticalPath(
  resources: readonly PlannedResource[],
  dependencies: Dependencies,
  waits: (resource: PlannedResource) => Duration,
): CriticalPath {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const ends = new Map<string, Chain>();
  const endOf = (urn: string): Chain => {
    const known = ends.get(urn);
    if (known !== undefined) return known;
    // Stands for itself while it is being found, so that a circle ends.
    ends.set(urn, NOTHING);
    const needs = (dependencies.get(urn) ?? []).map(endOf);
    const end = extended(longest(needs), byUrn.get(urn), waits);
    ends.set(urn, end);
    return end;
  };
  const { urns, ...duration } = longest([...byUrn.keys()].map(endOf));
  return { ...duration, chain: urns.map(nameOf) };
}

/** How long the same changes take one after the other, each with what it waits for. */
export function serialDuration(
  resources: readonly PlannedResource[],
  waits: (resource: PlannedResource) => Duration,
): Duration {
  const all = resources.flatMap((resource) => [durationOf(resource), waits(resource)]);
  const sum = (of: keyof Duration) => all.reduce((total, duration) => total + duration[of], 0);
  return { typical: sum("typical"), longest: sum("longest") };
}

/** The longest maximum may lie on another chain than the longest usual duration. */
function longest(chains: readonly Chain[]): Chain {
  return chains.reduce(
    (one, other) => ({
      ...(other.typical > one.typical ? other : one),
      longest: Math.max(one.longest, other.longest),
    }),
    NOTHING,
  );
}

function extended(
  chain: Chain,
  resource: PlannedResource | undefined,
  waits: (resource: PlannedResource) => Duration,
): Chain {
  if (resource === undefined || resource.action === "same") return chain;
  const [own, waited] = [durationOf(resource), waits(resource)];
  return {
    typical: chain.typical + own.typical + waited.typical,
    longest: chain.longest + own.longest + waited.longest,
    urns: [...chain.urns, resource.urn],
  };
}

/** The day on which the table below was put together. */
export const DURATIONS_AS_OF = "2026-11-20";

/** Seconds at AWS's own pace: the usual, and the longest that was seen. */
export interface Duration {
  readonly typical: number;
  readonly longest: number;
}

interface ByAction {
  readonly create: Duration;
  readonly update?: Duration;
  readonly delete?: Duration;
}

const seconds = (typical: number, longest: number): Duration => ({ typical, longest });

const NO_TIME = seconds(0, 0);

const SMALL = seconds(3, 20);

const HELM_RELEASE = seconds(21, 56);

const RECORD = seconds(35, 60);

/** From published logs of deployments; docs/plan.md says how many logs each figure is from. */
const TABLE: Readonly<Record<string, ByAction>> = {
  "aws:acm/certificateValidation:CertificateValidation": { create: seconds(90, 4500) },
  "aws:ec2/natGateway:NatGateway": { create: seconds(105, 125), delete: seconds(60, 120) },
  "aws:ec2/vpc:Vpc": { create: seconds(3, 15) },
  "aws:ec2/vpcEndpoint:VpcEndpoint": { create: seconds(60, 150) },
  "aws:eks/addon:Addon": { create: seconds(15, 56) },
  "aws:eks/cluster:Cluster": {
    create: seconds(615, 1200),
    update: seconds(300, 900),
    delete: seconds(205, 522),
  },
  "aws:elasticache/replicationGroup:ReplicationGroup": {
    create: seconds(480, 3600),
    update: seconds(90, 900),
    delete: seconds(300, 900),
  },
  "aws:lb/loadBalancer:LoadBalancer": { create: seconds(142, 172) },
  "aws:rds/instance:Instance": {
    create: seconds(443, 512),
    update: seconds(60, 600),
    delete: seconds(240, 600),
  },
  "aws:route53/record:Record": { create: RECORD, update: RECORD, delete: RECORD },
  "kubernetes:helm.sh/v3:Release": { create: HELM_RELEASE, update: HELM_RELEASE, delete: HELM_RELEASE },
};

const DATABASE_IN_SEVERAL_ZONES = seconds(1000, 2400);

/** A command that runs a Job in the cluster waits for its pod, as a Helm release does; any other ends at once. */
const JOB = /\brun-job\b/;

/** How long the change of one resource takes; nothing for what does not change. */
export function durationOf(resource: PlannedResource): Duration {
  const { type, action, after } = resource;
  if (action === "same") return seconds(0, 0);
  if (type === "command:local:Command") return JOB.test(commandOf(resource)) ? HELM_RELEASE : NO_TIME;
  const known = TABLE[type];
  const create = after.multiAz === true ? DATABASE_IN_SEVERAL_ZONES : (known?.create ?? SMALL);
  if (action !== "replace") return action === "create" ? create : (known?.[action] ?? SMALL);
  const remove = known?.delete ?? SMALL;
  return seconds(create.typical + remove.typical, create.longest + remove.longest);
}

/** What is run for the change of a command; one that is replaced is created again. */
function commandOf({ action, before, after }: PlannedResource): string {
  return String(action === "delete" ? before.delete : action === "update" ? after.update : after.create);
}

/** What a gate stands before. No gate counts requests of a service that users do not reach. */
const GATED = new Set([...ENTERED.map((workload) => trackName({ workload, kind: "fleet" })), "promotion-record"]);

/** How long the gate before a resource takes: until a clean release is proven, and at most until its deadline. */
export function gateWaits({
  gate,
  objectives,
}: Pick<StackConfig, "gate" | "objectives">): (resource: PlannedResource) => Duration {
  const levels = levelsOf(gate.maxWrongVerdictRatio, 1);
  const requests = Math.max(...objectives.map(({ maxRatio }) => requestsToPass(NO_COUNTS, maxRatio, levels)));
  const typical = requests / gate.syntheticRequestsPerSecond;
  const longest = (gate.deadlineMinutes + gate.healthDeadlineMinutes) * 60;
  return ({ name, action }) => {
    const isGated = GATED.has(name) && (action === "create" || action === "update");
    return isGated ? { typical, longest } : NO_TIME;
  };
}
