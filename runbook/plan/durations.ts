import type { PlannedResource } from "./planned.ts";

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
  "command:local:Command": { create: HELM_RELEASE, update: HELM_RELEASE },
  "kubernetes:helm.sh/v3:Release": { create: HELM_RELEASE, update: HELM_RELEASE, delete: HELM_RELEASE },
};
const DATABASE_IN_SEVERAL_ZONES = seconds(1000, 2400);

/** How long the change of one resource takes; nothing for what does not change. */
export function durationOf({ type, action, after }: PlannedResource): Duration {
  if (action === "same") return seconds(0, 0);
  const known = TABLE[type];
  const create = after.multiAz === true ? DATABASE_IN_SEVERAL_ZONES : (known?.create ?? SMALL);
  if (action !== "replace") return action === "create" ? create : (known?.[action] ?? SMALL);
  const remove = known?.delete ?? SMALL;
  return seconds(create.typical + remove.typical, create.longest + remove.longest);
}
