import { declaredOnly } from "../../../policies/declared-only.ts";
import type { PolicyConfig } from "../../../policies/policy.ts";
import { type Example, judge, situation, thing } from "../../support/policy-fixtures.ts";
import { parsedStackConfig } from "../../support/policy-stack.ts";

const { network, cluster } = parsedStackConfig();
const one = (type: string, name: string) => thing(type, {}).named(name);
const ofZones = (type: string, tier: string) => network.zones.map((zone) => one(type, `network-${tier}-${zone}`));
const SUBNET = "aws:ec2/subnet:Subnet";
const TABLE = "aws:ec2/routeTable:RouteTable";
const GROUP = "aws:ec2/securityGroup:SecurityGroup";
const ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint";

/** What is said of a property, whose values come from these resources. */
function saidOf(
  type: string,
  name: string,
  property: string,
  sources: readonly Example<object>[],
  changes: Partial<PolicyConfig> = {},
): string[] {
  const listed = one(type, name).fromEach(property, ...sources);
  const said = judge([declaredOnly], [listed, ...new Set(sources)], situation(changes)).map(
    (each) => each.property ?? "",
  );
  return said.filter((path) => path.startsWith(property));
}

type Row = readonly [type: string, name: string, property: string, sources: readonly Example<object>[]];
const LISTS: readonly Row[] = [
  ["aws:rds/subnetGroup:SubnetGroup", "database-subnets", "subnetIds", ofZones(SUBNET, "database")],
  ["aws:elasticache/subnetGroup:SubnetGroup", "cache-subnets", "subnetIds", ofZones(SUBNET, "database")],
  ["aws:lb/loadBalancer:LoadBalancer", "edge-lb-balancer", "subnets", ofZones(SUBNET, "public")],
  ["eks:index:Cluster", "cluster-eks", "privateSubnetIds", ofZones(SUBNET, "private")],
  [ENDPOINT, "network-endpoint-kms", "subnetIds", ofZones(SUBNET, "private")],
  [ENDPOINT, "network-endpoint-s3", "routeTableIds", [one(TABLE, "network-database"), ...ofZones(TABLE, "private")]],
  ["aws:rds/instance:Instance", "database-instance", "vpcSecurityGroupIds", [one(GROUP, "database-access")]],
  [
    "aws:elasticache/replicationGroup:ReplicationGroup",
    "cache-redis",
    "securityGroupIds",
    [one(GROUP, "cache-access")],
  ],
];

describe("lists of what has to be one of each", () => {
  it.each(LISTS)("of %s %s, %s, are whole", (type, name, property, sources) => {
    const [first] = sources;
    expect(saidOf(type, name, property, sources)).toEqual([]);
    expect(saidOf(type, name, property, sources.slice(1))).not.toEqual([]);
    expect(saidOf(type, name, property, [...sources, ...(first === undefined ? [] : [first])])).not.toEqual([]);
  });

  it("of one NAT gateway's network have one private route table", () => {
    const tables = [one(TABLE, "network-database"), one(TABLE, `network-private-${network.zones[0]}`)];
    const single = { network: { ...network, natGateways: "one" as const } };
    expect(saidOf(ENDPOINT, "network-endpoint-s3", "routeTableIds", tables, single)).toEqual([]);
    expect(saidOf(ENDPOINT, "network-endpoint-s3", "routeTableIds", tables)).not.toEqual([]);
  });

  it("have no text twice", () => {
    const subnets = one("aws:rds/subnetGroup:SubnetGroup", "database-subnets").with({
      subnetIds: ["subnet-1", "subnet-2", "subnet-1"],
    });
    const said = judge([declaredOnly], [subnets]).map(({ property }) => property ?? "");
    expect(said).toContainEqual(expect.stringMatching(/^subnetIds \(declared: outputs of /));
  });
});

describe("the networks that the API is open to", () => {
  const said = (vpcConfig: object, publicAccessCidrs: readonly string[]) => {
    const eks = thing("aws:eks/cluster:Cluster", { vpcConfig }).named("cluster-eks-eksCluster");
    const given = situation({ cluster: { ...cluster, publicAccessCidrs: [...publicAccessCidrs] } });
    return judge([declaredOnly], [eks], given)
      .map(({ property }) => property ?? "")
      .filter((property) => property.startsWith("vpcConfig.publicAccessCidrs"));
  };
  const OPEN = { endpointPrivateAccess: true, endpointPublicAccess: true };

  it("are the config's, and are not left out of a public endpoint, whose they then are not", () => {
    expect(said({ ...OPEN, publicAccessCidrs: ["203.0.113.0/24"] }, ["203.0.113.0/24"])).toEqual([]);
    expect(said({ ...OPEN, publicAccessCidrs: ["203.0.113.0/24", "0.0.0.0/0"] }, ["203.0.113.0/24"])).toHaveLength(1);
    expect(said(OPEN, ["203.0.113.0/24"])).toHaveLength(1);
  });

  it("are none of a private one", () => {
    expect(said({ ...OPEN, endpointPublicAccess: false }, [])).toEqual([]);
  });
});
