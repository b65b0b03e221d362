import { type Declaration, declare } from "./declaration.ts";
import { config, known, matching, ref, type Shape } from "./shape.ts";

/** The nodes and pods of the cluster, by the security group that EKS made for them. */
const PODS = ["cluster-eks", "cluster-eks-eksCluster"] as const;
/** A network outside the VPC that sparki:cluster.privateAccessCidrs admits to the private endpoint. */
const CALLER = config("cluster.privateAccessCidrs", ({ cluster }, { bound }) =>
  cluster.privateAccessCidrs.find((cidr) => cidr.replace(/[./]/g, "-") === bound.caller),
);
const WORLD = { cidr: "0.0.0.0/0" };

/** One opened TCP port. `to` is the group that the rule stands in; `with` is who is at the other end. */
interface Flow {
  readonly rule: string;
  readonly direction: "in" | "out";
  readonly at: readonly string[];
  readonly with: readonly string[] | { readonly cidr: Shape; readonly from?: readonly string[] };
  readonly port: number;
}

/** Every port that is open between parts of this deployment, and to the world; anything else is closed. */
export const FLOWS: readonly Flow[] = [
  { rule: "edge-lb-entrance-from-world-http", direction: "in", at: ["edge-lb-entrance"], with: WORLD, port: 80 },
  { rule: "edge-lb-entrance-from-world-https", direction: "in", at: ["edge-lb-entrance"], with: WORLD, port: 443 },
  { rule: "edge-lb-entrance-to-pods", direction: "out", at: ["edge-lb-entrance"], with: PODS, port: 8080 },
  { rule: "edge-lb-pods-from-entrance", direction: "in", at: PODS, with: ["edge-lb-entrance"], port: 8080 },
  { rule: "database-access-from-cluster", direction: "in", at: ["database-access"], with: PODS, port: 5432 },
  { rule: "cache-access-from-cluster", direction: "in", at: ["cache-access"], with: PODS, port: 6379 },
  {
    rule: "network-endpoints-from-vpc",
    direction: "in",
    at: ["network-endpoints"],
    with: { cidr: "{vpc}", from: ["network-vpc"] },
    port: 443,
  },
  { rule: "cluster-api-from-{caller}", direction: "in", at: PODS, with: { cidr: CALLER }, port: 443 },
];

const DESCRIPTION = matching("a description", /^[\w .,:;()-]{1,255}$/);
const RULES = {
  in: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
  out: "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
};

function otherEnd({ with: other }: Flow): Readonly<Record<string, Shape>> {
  if (!("cidr" in other)) return { referencedSecurityGroupId: ref(...other) };
  return { cidrIpv4: other.from === undefined ? other.cidr : known(other.cidr, ...other.from) };
}

function declared(flow: Flow): Declaration[] {
  const { rule, direction, at, port } = flow;
  const properties = {
    description: DESCRIPTION,
    ipProtocol: "tcp",
    fromPort: port,
    toPort: port,
    securityGroupId: ref(...at),
    ...otherEnd(flow),
  };
  return declare(RULES[direction], { [rule]: properties });
}

const group = (description: string, suffix: string) => ({
  description,
  name: `sparki-{stack}-${suffix}`,
  vpcId: ref("network-vpc"),
});

/** Security groups, which hold no rule themselves, and their rules. */
export const flows: readonly Declaration[] = [
  ...declare("aws:ec2/securityGroup:SecurityGroup", {
    "network-endpoints": group("AWS service endpoints", "endpoints"),
    "database-access": group("PostgreSQL of Sparki", "database"),
    "cache-access": group("Redis of Sparki", "cache"),
    "edge-lb-entrance": group("Public entrance of Sparki", "entrance"),
  }),
  ...FLOWS.flatMap(declared),
];
