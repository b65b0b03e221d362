import { estimateByService, estimateCost, NOT_COUNTED, type Priced } from "../../../policies/pricing/estimate.ts";
import { UNKNOWN } from "../../../shared/engine-values.ts";

const of = (type: string, inputs: Record<string, unknown> = {}): Priced => ({ type, name: type, inputs });
const database = {
  instanceClass: "db.r7g.large",
  allocatedStorage: 100,
  multiAz: true,
  manageMasterUserPassword: true,
};
const linesOf = (...resources: Priced[]) => {
  return Object.fromEntries(
    estimateCost(resources).lines.map(({ item, quantity, monthly }) => [item, [quantity, monthly]]),
  );
};

describe("estimateCost", () => {
  it("costs nothing for nothing", () => {
    expect(estimateCost([])).toEqual({
      ...{ region: "us-east-1", asOf: "2026-06-30", currency: "USD", monthly: 0, lines: [] },
      notCounted: NOT_COUNTED,
    });
  });

  it.each<[string, Priced, Record<string, [number, number]>]>([
    ["a cluster without subnets", of("aws:eks/cluster:Cluster"), { "EKS control plane": [1, 73] }],
    ["a NAT gateway", of("aws:ec2/natGateway:NatGateway"), { "NAT gateway": [1, 32.85] }],
    ["an address", of("aws:ec2/eip:Eip"), { "public IPv4 address": [1, 3.65] }],
    ["a key", of("aws:kms/key:Key"), { "KMS key": [1, 1] }],
    ["a secret", of("aws:secretsmanager/secret:Secret"), { secret: [1, 0.4] }],
    ["a zone", of("aws:route53/zone:Zone"), { "hosted zone": [1, 0.5] }],
    ["a firewall", of("aws:wafv2/webAcl:WebAcl", { rules: [{}, {}] }), { "web ACL": [1, 5], "web ACL rule": [2, 2] }],
    [
      "an endpoint in two zones",
      of("aws:ec2/vpcEndpoint:VpcEndpoint", { vpcEndpointType: "Interface", subnetIds: [UNKNOWN, UNKNOWN] }),
      { "interface endpoint in a zone": [2, 14.6] },
    ],
    ["a gateway endpoint", of("aws:ec2/vpcEndpoint:VpcEndpoint", { vpcEndpointType: "Gateway" }), {}],
    [
      "a load balancer in three zones",
      of("aws:lb/loadBalancer:LoadBalancer", { subnets: ["a", "b", "c"] }),
      { "load balancer": [1, 16.43], "public IPv4 address": [3, 10.95] },
    ],
    [
      "a database in two zones",
      of("aws:rds/instance:Instance", database),
      { "database db.r7g.large": [2, 348.94], "database storage, GiB": [200, 23], secret: [1, 0.4] },
    ],
    [
      "a database in one zone",
      of("aws:rds/instance:Instance", { ...database, multiAz: false, manageMasterUserPassword: false }),
      { "database db.r7g.large": [1, 174.47], "database storage, GiB": [100, 11.5] },
    ],
    [
      "three caches",
      of("aws:elasticache/replicationGroup:ReplicationGroup", { nodeType: "cache.r7g.large", numCacheClusters: 3 }),
      { "cache cache.r7g.large": [3, 479.61] },
    ],
    ["what AWS gives away", of("aws:ec2/vpc:Vpc"), {}],
  ])("prices %s", (_title, resource, expected) => expect(linesOf(resource)).toEqual(expected));

  it("counts a node in each zone of a cluster", () => {
    const subnet = (availabilityZone: string) => of("aws:ec2/subnet:Subnet", { availabilityZone });
    const lines = linesOf(of("aws:eks/cluster:Cluster"), subnet("a"), subnet("a"), subnet("b"));
    expect(lines["node c6a.large, one a zone"]).toEqual([2, 125.09]);
  });

  it("adds up the same things, dearest first", () => {
    const { lines, monthly } = estimateCost([
      of("aws:kms/key:Key"),
      of("aws:eks/cluster:Cluster"),
      of("aws:kms/key:Key"),
    ]);
    expect(lines.map(({ item, quantity }) => [item, quantity])).toEqual([
      ["EKS control plane", 1],
      ["KMS key", 2],
    ]);
    expect(monthly).toBe(75);
  });

  it("says of what has no price that it has none", () => {
    const { monthly, notCounted } = estimateCost([of("aws:rds/instance:Instance", { instanceClass: "db.x2g.large" })]);
    expect(monthly).toBe(0);
    expect(notCounted[0]).toBe("database db.x2g.large: no price in the table");
  });
});

describe("estimateByService", () => {
  const subnet = (availabilityZone: string) => of("aws:ec2/subnet:Subnet", { availabilityZone });
  const all = [
    of("aws:eks/cluster:Cluster"),
    ...["a", "b", "c"].map(subnet),
    of("aws:ec2/natGateway:NatGateway"),
    of("aws:ec2/eip:Eip"),
    of("aws:kms/key:Key"),
    of("aws:secretsmanager/secret:Secret"),
    of("aws:route53/zone:Zone"),
    of("aws:wafv2/webAcl:WebAcl", { rules: [{}, {}] }),
    of("aws:ec2/vpcEndpoint:VpcEndpoint", { vpcEndpointType: "Interface", subnetIds: [UNKNOWN, UNKNOWN] }),
    of("aws:lb/loadBalancer:LoadBalancer", { subnets: ["a", "b"] }),
    of("aws:rds/instance:Instance", database),
    of("aws:elasticache/replicationGroup:ReplicationGroup", { nodeType: "cache.r7g.large", numCacheClusters: 3 }),
  ];

  it("names the service that AWS bills each item under", () => {
    expect(Object.fromEntries(estimateByService(all))).toEqual({
      // The control plane, and Auto Mode's fee for three nodes.
      "Amazon Elastic Container Service for Kubernetes": 93.1,
      "Amazon Elastic Compute Cloud - Compute": 167.54,
      "EC2 - Other": 32.85,
      "Amazon Virtual Private Cloud": 25.55,
      "Amazon Elastic Load Balancing": 16.43,
      "Amazon Relational Database Service": 371.94,
      "Amazon ElastiCache": 479.61,
      "AWS Key Management Service": 1,
      "AWS Secrets Manager": 0.8,
      "Amazon Route 53": 0.5,
      "AWS WAF": 7,
    });
  });

  it("adds up to the estimate of the plan, and names nothing that costs nothing", () => {
    const sum = [...estimateByService(all).values()].reduce((total, each) => total + each, 0);
    // Each of eleven services and sixteen items is rounded to a cent.
    expect(Math.abs(sum - estimateCost(all).monthly)).toBeLessThan(0.15);
    expect(estimateByService([of("aws:lb/loadBalancer:LoadBalancer")]).has("Amazon Virtual Private Cloud")).toBe(false);
    expect(estimateByService([of("aws:rds/instance:Instance", { instanceClass: "db.x2g.large" })]).size).toBe(0);
  });
});
