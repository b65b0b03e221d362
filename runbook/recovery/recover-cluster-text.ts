import { EXIT } from "../../shared/deploy-error.ts";
import { duration, inColumns } from "../report/columns.ts";
import type { Paint } from "../report/screen.ts";
import type { ClusterLoss, NamedResource } from "./lost-cluster.ts";
import type { ClusterRecovery } from "./recover-cluster.ts";

/** What holds data, or is known to others by its name: what a person wants to hear of, and how one of them is told. */
const HELD: readonly (readonly [type: string, what: string, told?: (id: string) => string])[] = [
  ["aws:rds/instance:Instance", "database", (id) => id],
  ["aws:elasticache/replicationGroup:ReplicationGroup", "cache", (id) => id],
  ["aws:ec2/vpc:Vpc", "network", (id) => id],
  ["aws:lb/loadBalancer:LoadBalancer", "balancer", (id) => id.split("/").at(-2) ?? id],
  ["aws:route53/zone:Zone", "DNS zone", (id) => id],
  ["aws:secretsmanager/secret:Secret", "secrets"],
  ["aws:kms/key:Key", "keys"],
];

/** What is lost and what stays, and what will happen: what a person agrees to. */
export function recoveryIntent(stack: string, { cluster, lost, kept }: ClusterLoss): string {
  const held = HELD.flatMap(([type, what, told]) => {
    const [first, ...others] = kept.filter((each) => each.type === type);
    if (first === undefined) return [];
    const text = told !== undefined && others.length === 0 ? told(first.id) : `${others.length + 1}`;
    return [`  ${what.padEnd(10)}${text}`];
  });
  return inColumns(
    [
      `The cluster ${cluster?.name ?? `sparki-${stack}`} of ${stack} does not exist any more. Lost for good is what was in it alone: objects that somebody made there by hand, and logs that were not sent on.`,
      `Out of the state, to be made again by the next deployment: ${lost.length} resources`,
      `  ${countsOf(lost)}`,
      `Kept as they are: ${kept.length} resources, among them`,
      ...held,
      "This changes the state in one step, and nothing at AWS. Nothing is live until the next deployment has made a new cluster, run the migrations again and promoted through every gate.",
    ].join("\n"),
  );
}

/** `1 cluster, 3 Helm releases, ...`, the most numerous first. */
function countsOf(lost: readonly NamedResource[]): string {
  const kinds = Map.groupBy(lost, ({ type }) => type.slice(type.lastIndexOf(":") + 1));
  return [...kinds]
    .toSorted(([, one], [, other]) => other.length - one.length)
    .map(([kind, all]) => `${all.length} ${kind}`)
    .join(", ");
}

/** What a recovery of the cluster came to, for a person. */
export function clusterRecoveryText(document: ClusterRecovery, paint: Paint): string {
  const { stack, outcome, exitCode, reason, lost, kept, leftGroup, seconds, next } = document;
  const colour = exitCode === EXIT.done.code ? paint.good : paint.bad;
  const lines = [
    "",
    `${paint.strong(`cluster of ${stack}`)}: ${colour(outcome)} (exit ${exitCode}) in ${duration(seconds)}`,
    ...(reason === null ? [] : [`  reason   ${reason}`]),
    ...(outcome === "unchanged" ? ["  found    the state names nothing that was in a cluster"] : []),
    ...(lost.length === 0
      ? []
      : [`  lost     ${lost.length} taken out of the state, to be made again: ${countsOf(lost)}`]),
    ...(lost.length === 0 ? [] : [`  kept     ${kept} as they are`]),
    ...(leftGroup === null
      ? []
      : [
          `  left     ${leftGroup}, EKS's own security group: after the deployment, aws ec2 delete-security-group --group-id ${leftGroup}`,
        ]),
    `  next     ${next}`,
  ];
  return `${inColumns(lines.join("\n"))}\n`;
}
