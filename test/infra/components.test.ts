import type { Cluster } from "../../infra/cluster.ts";
import { SERVICE_NAMES } from "../../stacks/services.ts";
import { find, type Recorded, record } from "../support/recorder.ts";

const PLACE = { stack: "prod", accountId: "111122223333", region: "us-east-1", protect: true };
const ZONES = ["us-east-1a", "us-east-1b", "us-east-1c"];

async function recordInfra(): Promise<Recorded[]> {
  return record(async () => {
    const { Keys } = await import("../../infra/keys.ts");
    const { Network } = await import("../../infra/network.ts");
    const { Cluster } = await import("../../infra/cluster.ts");
    const { Database } = await import("../../infra/database.ts");
    const { Cache } = await import("../../infra/cache.ts");
    const { Edge } = await import("../../infra/edge.ts");
    const keys = new Keys("keys", PLACE);
    const network = new Network("network", {
      ...PLACE,
      cidr: "10.40.0.0/16",
      zones: ZONES,
      natGateways: "per-zone",
      keys,
    });
    const cluster: Cluster = new Cluster("cluster", {
      release: "2026.11.1",
      ...PLACE,
      version: "1.35",
      administrators: ["arn:aws:iam::111122223333:role/platform"],
      readers: ["arn:aws:iam::111122223333:role/plans"],
      publicAccessCidrs: [],
      privateAccessCidrs: ["10.9.0.0/16"],
      network,
      keys,
    });
    const shared = { ...PLACE, network, cluster, keys };
    const size = { instanceClass: "db.r7g.large", engineVersion: "17.6", storageGib: 100, maxStorageGib: 1000 };
    new Database("database", { ...shared, ...size, multiZone: true, backupDays: 14 });
    for (const storageGib of [399, 400]) {
      const apart = { ...shared, stack: `of-${storageGib}`, ...size, storageGib, multiZone: false, backupDays: 14 };
      new Database(`database-${storageGib}`, apart);
    }
    const node = { nodeType: "cache.r7g.large", engineVersion: "7.1", replicas: 2, snapshotDays: 7 };
    new Cache("cache", { ...shared, ...node, authTokenSince: "2026-11-01" });
    new Edge("edge", { ...shared, domain: "prod.sparki.tools", services: SERVICE_NAMES });
  });
}

let recorded: Recorded[] = [];
beforeAll(async () => {
  recorded = await recordInfra();
});

const ofType = (type: string) => recorded.filter((each) => each.type === type);

describe("Network", () => {
  it("has a public, a private and a database subnet in each of three zones", () => {
    expect(
      ofType("aws:ec2/subnet:Subnet")
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["database", "private", "public"].flatMap((tier) => ZONES.map((zone) => `network-${tier}-${zone}`)));
  });

  it("sends each zone's private traffic through that zone's own NAT gateway", () => {
    for (const zone of ZONES) {
      expect(find(recorded, "aws:ec2/route:Route", `network-private-${zone}-nat`).inputs.natGatewayId).toBe(
        `network-nat-${zone}-id`,
      );
    }
  });

  it("gives the database tier no route out of the VPC", () => {
    const routes = ofType("aws:ec2/route:Route").map(({ inputs }) => inputs.routeTableId);
    expect(routes).not.toContain("network-database-id");
  });

  it("refuses SSH from the world, and no answer to an ephemeral port, RDP's among them", () => {
    const { ingress } = find(recorded, "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl").inputs;
    const world = "0.0.0.0/0";
    expect(ingress).toMatchObject([
      { ruleNo: 10, action: "deny", fromPort: 22, cidrBlock: world },
      { ruleNo: 100, action: "allow", protocol: "-1" },
    ]);
  });

  it("leaves the default security group empty", () => {
    expect(find(recorded, "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup").inputs).toMatchObject({
      ingress: [],
      egress: [],
    });
  });
});

describe("Cluster", () => {
  it("is reachable privately only, entered by access entries, with all logs and customer-key secrets", () => {
    expect(find(recorded, "eks:index:Cluster").inputs).toMatchObject({
      autoMode: { enabled: true },
      authenticationMode: "API",
      endpointPrivateAccess: true,
      endpointPublicAccess: false,
      deletionProtection: true,
      encryptionConfigKeyArn: "arn:aws:test:us-east-1:111122223333:keys-cluster",
      enabledClusterLogTypes: ["api", "audit", "authenticator", "controllerManager", "scheduler"],
      upgradePolicy: { supportType: "STANDARD" },
    });
  });

  it("is asked by its own pods, the runner and the named networks only", () => {
    const rules = ofType("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule");
    const onApi = rules.filter(({ inputs }) => inputs.fromPort === 443 && inputs.securityGroupId === "sg-cluster");
    const who = onApi.map(({ name, inputs }) => [name, inputs.cidrIpv4 ?? inputs.referencedSecurityGroupId]);
    expect(Object.fromEntries(who)).toEqual({
      "cluster-api-from-runner": "network-runner-id",
      "cluster-api-from-10-9-0-0-16": "10.9.0.0/16",
    });
  });

  it("gives the runner a way out by HTTPS alone, and nothing a way to it", () => {
    const about = (type: string) =>
      ofType(type).flatMap(({ inputs }) => (inputs.securityGroupId === "network-runner-id" ? [inputs] : []));
    expect(about("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")).toEqual([]);
    expect(about("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")).toMatchObject([
      { cidrIpv4: "0.0.0.0/0", fromPort: 443, toPort: 443, ipProtocol: "tcp" },
    ]);
  });

  it("changes ConfigMaps and Secrets in place, and takes over what EKS or a killed update has made first", () => {
    const provider = find(recorded, "pulumi:providers:kubernetes", "cluster-kubernetes").inputs;
    expect(provider).toMatchObject({
      enableConfigMapMutable: "true",
      enableSecretMutable: "true",
      upsertExistingObjects: "true",
    });
    const { metadata } = find(recorded, "kubernetes:core/v1:ConfigMap", "cluster-network-policies").inputs;
    expect(metadata).toMatchObject({ name: "amazon-vpc-cni", annotations: { "pulumi.com/patchForce": "true" } });
  });

  it("has its nodes in private subnets only, and no add-on that Auto Mode makes needless", () => {
    const { inputs } = find(recorded, "eks:index:Cluster");
    expect(inputs).toMatchObject({
      privateSubnetIds: ZONES.map((zone) => `network-private-${zone}-id`),
      corednsAddonOptions: { enabled: false },
      kubernetesServiceIpAddressRange: "172.20.0.0/16",
    });
    expect(inputs).not.toHaveProperty("publicSubnetIds");
  });
});

describe("Database", () => {
  it("admits only the cluster's pods, on the database's port", () => {
    const rule = find(
      recorded,
      "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
      "database-access-from-cluster",
    );
    expect(rule.inputs).toMatchObject({ fromPort: 5432, toPort: 5432, referencedSecurityGroupId: "sg-cluster" });
    expect(rule.inputs).not.toHaveProperty("cidrIpv4");
  });

  // https://github.com/alphagov/govuk-infrastructure/pull/3164
  it("names IOPS and throughput from 400 GiB on, without which RDS resizes nothing there", () => {
    const of = (name: string) => find(recorded, "aws:rds/instance:Instance", name).inputs;
    expect(of("database-400-instance")).toMatchObject({ allocatedStorage: 400, iops: 12_000, storageThroughput: 500 });
    for (const name of ["iops", "storageThroughput"]) expect(of("database-399-instance")).not.toHaveProperty(name);
  });

  it("survives a zone, an accident and the stack's deletion", () => {
    expect(find(recorded, "aws:rds/instance:Instance", "database-instance").inputs).toMatchObject({
      multiAz: true,
      backupRetentionPeriod: 14,
      deletionProtection: true,
      skipFinalSnapshot: false,
      storageEncrypted: true,
      publiclyAccessible: false,
      manageMasterUserPassword: true,
    });
  });

  it("forces TLS", () => {
    const { parameters } = find(recorded, "aws:rds/parameterGroup:ParameterGroup").inputs;
    expect(parameters).toContainEqual({ name: "rds.force_ssl", value: "1", applyMethod: "pending-reboot" });
  });

  it("never sees the master password", () => {
    expect(find(recorded, "aws:rds/instance:Instance").inputs).not.toHaveProperty("password");
  });
});

describe("Cache", () => {
  it("fails over across zones, over TLS, with AUTH", () => {
    expect(find(recorded, "aws:elasticache/replicationGroup:ReplicationGroup").inputs).toMatchObject({
      numCacheClusters: 3,
      multiAzEnabled: true,
      automaticFailoverEnabled: true,
      transitEncryptionMode: "required",
      atRestEncryptionEnabled: true,
    });
  });
});

describe("Edge", () => {
  it("is the only thing open to the world, on 443 and 80", () => {
    const open = ofType("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").filter(
      ({ inputs }) => inputs.cidrIpv4 === "0.0.0.0/0",
    );
    expect(open.map(({ name, inputs }) => [name, inputs.fromPort])).toEqual([
      ["edge-lb-entrance-from-world-https", 443],
      ["edge-lb-entrance-from-world-http", 80],
    ]);
  });

  it("lets Auto Mode register pods in every target group, by the tag that its policy asks for", () => {
    const groups = ofType("aws:lb/targetGroup:TargetGroup");
    expect(groups.map(({ inputs }) => inputs.tags)).toEqual(Array(4).fill({ "eks:eks-cluster-name": "sparki-prod" }));
  });

  it("sends a gate's requests to the track that it names, before any weight is drawn", () => {
    const priorities = ofType("aws:lb/listenerRule:ListenerRule").map(({ name, inputs }) => [name, inputs.priority]);
    expect(Object.fromEntries(priorities)).toEqual({
      "edge-lb-not-public": 1,
      "edge-lb-gate-engine-one-box": 10,
      "edge-lb-gate-engine-fleet": 11,
      "edge-lb-gate-web-one-box": 12,
      "edge-lb-gate-web-fleet": 13,
      "edge-lb-engine": 20,
    });
  });

  it("answers plain HTTP with a redirect only", () => {
    expect(find(recorded, "aws:lb/listener:Listener", "edge-lb-http").inputs.defaultActions).toEqual([
      { type: "redirect", redirect: { protocol: "HTTPS", port: "443", statusCode: "HTTP_301" } },
    ]);
  });
});
