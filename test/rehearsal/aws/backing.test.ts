import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { secretValue } from "../../../rehearsal/aws/services/kms-secretsmanager.ts";
import { TYPES } from "../../../rehearsal/aws/types.ts";
import { text } from "../../../rehearsal/aws/values.ts";
import { Account } from "./account.ts";
import {
  balancer,
  cacheInputs,
  clusterInputs,
  databaseInputs,
  hostedZone,
  issuedCertificate,
  type Landscape,
  landscape,
  targets,
} from "./landscape.ts";

let account: Account;
let land: Landscape;

beforeEach(async () => {
  account = new Account();
  land = await landscape(account);
});

afterEach(() => account.close());

const files = () => readFileSync(join(account.directory, "world.json"), "utf8");

describe("secrets of the simulated account", () => {
  it("are never in the world's file, and the file that has them is its owner's alone", async () => {
    const secret = await account.create({ type: TYPES.secret, name: "s", inputs: { name: "sparki/test" } });
    const value = { secretId: secret.id, secretString: "recognisable-secret" };
    await account.create({ type: TYPES.secretVersion, name: "v", inputs: value, secrets: [["secretString"]] });
    await account.create({ type: TYPES.replicationGroup, name: "c", inputs: await cacheInputs(account, land) });
    const tags = { Name: "recognisable-tag" };
    await account.create({
      type: TYPES.logGroup,
      name: "l",
      inputs: { name: "/l", tags },
      secrets: [["tags", "Name"], ["tagsAll"]],
    });
    const statement = {
      Sid: "recognisable",
      Effect: "Allow",
      Principal: { AWS: "arn:aws:iam::111122223333:root" },
      Action: "kms:*",
      Resource: "*",
    };
    const policy = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
    await account.create({ type: TYPES.kmsKey, name: "y", inputs: { policy }, secrets: [["policy"]] });
    await account.create({ type: TYPES.database, name: "d", inputs: await databaseInputs(account, land) });
    await account.create({ type: TYPES.cluster, name: "k", inputs: await clusterInputs(account, land) });
    await account.world.saved();
    expect(files()).not.toMatch(/recognisable|cluster-token/);
    expect(files()).not.toContain(account.services.passwords[0]);
    expect(statSync(join(account.directory, "secrets.json")).mode & 0o777).toBe(0o600);
  });

  it("are found by ARN and by name; the newest value is the current one", async () => {
    const secret = await account.create({ type: TYPES.secret, name: "s", inputs: { name: "sparki/test" } });
    expect(secretValue("sparki/test", account.cloud)).toBeUndefined();
    const version = (name: string) =>
      account.create({ type: TYPES.secretVersion, name, inputs: { secretId: secret.id, secretString: name } });
    const old = await version("old");
    expect(secretValue(secret.id, account.cloud, "AWSPREVIOUS")).toBeUndefined();
    await version("new");
    expect(secretValue(secret.id, account.cloud, "AWSPREVIOUS")).toBe("old");
    expect(secretValue(secret.id, account.cloud)).toBe("new");
    // A replacement makes the new value first and deletes the old one afterwards.
    await account.delete(TYPES.secretVersion, old.id);
    expect(secretValue("sparki/test", account.cloud)).toBe("new");
    expect(secretValue("sparki/test", account.cloud, "AWSPREVIOUS")).toBe("old");
    expect(secretValue("other", account.cloud)).toBeUndefined();
  });

  it("include the master password that RDS makes and manages", async () => {
    const { id, properties } = await account.create({
      type: TYPES.database,
      name: "d",
      inputs: await databaseInputs(account, land),
    });
    const arn = text(properties, "masterUserSecrets.secretArn") ?? "";
    expect(arn).toMatch(/:secret:rds!db-[0-9a-f-]{36}-[0-9a-f]{6}$/);
    const password = account.services.passwords[0];
    expect(JSON.parse(secretValue(arn, account.cloud) ?? "")).toEqual({ username: "sparki_admin", password });
    await account.delete(TYPES.database, id);
    expect(secretValue(arn, account.cloud)).toBeUndefined();
  });
});

describe("an EKS cluster", () => {
  it("starts in the zones and the network of its subnets, with a security group of its own", async () => {
    const { properties } = await account.create({
      type: TYPES.cluster,
      name: "k",
      inputs: await clusterInputs(account, land),
    });
    expect(account.services.calls).toContain("cluster.start sparki-test us-east-1a,us-east-1b 10.40.0.0/16");
    expect(properties).toMatchObject({
      endpoint: "https://127.99.0.10:6443",
      certificateAuthority: { data: Buffer.from("PEM").toString("base64") },
      vpcConfig: {
        vpcId: land.vpc,
        endpointPrivateAccess: true,
        clusterSecurityGroupId: expect.stringMatching(/^sg-0/),
      },
    });
    const group = text(properties, "vpcConfig.clusterSecurityGroupId") ?? "";
    expect(account.world.get(TYPES.securityGroup, group)?.owner).toBe("sparki-test");
    const token = account.provider.invoke({
      token: "aws:eks/getClusterAuth:getClusterAuth",
      args: { name: "sparki-test" },
      session: account.session,
    });
    expect(token).toMatchObject({ token: "cluster-token" });
  });

  it("is taken to a version that the update asks for, and by no other update", async () => {
    const inputs = await clusterInputs(account, land);
    const made = { type: TYPES.cluster, name: "k", inputs: { ...inputs, version: "1.34" } };
    const { id, properties } = await account.create(made);
    const logged = { ...made.inputs, enabledClusterLogTypes: ["api"] };
    const updated = await account.update({ ...made, inputs: logged }, id, properties);
    const upgrades = () => account.services.calls.filter((call) => call.startsWith("cluster.upgrade"));
    expect(upgrades()).toEqual([]);
    await account.update({ ...made, inputs: { ...logged, version: "1.35" } }, id, updated);
    expect(upgrades()).toEqual(["cluster.upgrade sparki-test 1.35"]);
  });
});

describe("a load balancer", () => {
  const forward = (arn: string, weight: number) => ({ arn, weight });

  it("serves its listeners' rules in order, and stops with it", async () => {
    const loadBalancerArn = await balancer(account, land);
    const [web, engine] = [await targets(account, land, "web"), await targets(account, land, "engine")];
    const certificateArn = await issuedCertificate(account, await hostedZone(account));
    const defaultActions = [{ type: "forward", forward: { targetGroups: [forward(web, 95), forward(engine, 5)] } }];
    const tlsPolicy = "ELBSecurityPolicy-TLS13-1-2-2021-06";
    const tls = { protocol: "HTTPS", certificateArn, sslPolicy: tlsPolicy };
    const inputs = { loadBalancerArn, port: 443, ...tls, defaultActions };
    const listener = await account.create({ type: TYPES.listener, name: "https", inputs });
    const rule = (priority: number, conditions: object[]) =>
      account.create({
        type: TYPES.listenerRule,
        name: `rule-${priority}`,
        inputs: {
          listenerArn: listener.id,
          priority,
          conditions: JSON.parse(JSON.stringify(conditions)),
          actions: [{ type: "forward", targetGroupArn: engine }],
        },
      });
    await rule(20, [{ pathPattern: { values: ["/api/*"] } }]);
    await rule(10, [{ httpHeader: { httpHeaderName: "x-sparki-track", values: ["fleet"] } }]);
    const to = { type: "forward", targets: [forward(engine, 1)] };
    expect(account.services.balancers.get("sparki-test")).toMatchObject({
      certificateNames: ["test.sparki.tools"],
      listeners: [
        {
          port: 443,
          protocol: "HTTPS",
          tlsPolicy,
          rules: [
            { conditions: { headers: [{ name: "x-sparki-track", values: ["fleet"] }] }, action: to },
            { conditions: { pathPatterns: ["/api/*"] }, action: to },
            { conditions: {}, action: { type: "forward", targets: [forward(web, 95), forward(engine, 5)] } },
          ],
        },
      ],
      targetGroups: [{ arn: web }, { arn: engine }],
    });
    await account.delete(TYPES.loadBalancer, loadBalancerArn);
    expect(account.services.balancers.size).toBe(0);
  });

  it.each([true, false])(
    "takes pods only into target groups that bear the cluster's name (there first: %s)",
    async (isFirst) => {
      const inputs = await clusterInputs(account, land);
      const makeCluster = () => account.create({ type: TYPES.cluster, name: "cluster", inputs });
      if (isFirst) await makeCluster();
      const tags = { "eks:eks-cluster-name": String(inputs.name) };
      const [tagged, bare] = [await targets(account, land, "tagged", tags), await targets(account, land, "bare")];
      const forwarding = { type: "forward", forward: { targetGroups: [forward(tagged, 1), forward(bare, 1)] } };
      const listener = { loadBalancerArn: await balancer(account, land), port: 80, defaultActions: [forwarding] };
      await account.create({ type: TYPES.listener, name: "http", inputs: listener });
      if (!isFirst) await makeCluster();
      const groups = account.services.balancers.get("sparki-test")?.targetGroups ?? [];
      expect(Object.fromEntries(groups.map(({ arn, takesPods }) => [arn, takesPods]))).toEqual({
        [tagged]: true,
        [bare]: false,
      });
    },
  );

  it("is reached by its DNS name", async () => {
    const arn = await balancer(account, land);
    const name = String(account.world.get(TYPES.loadBalancer, arn)?.outputs.dnsName);
    expect(name).toMatch(/^sparki-test-\d+\.us-east-1\.elb\.amazonaws\.com$/);
    expect(account.services.addresses.get(name)).toBe("127.99.3.1");
  });

  it("leaves its access logs in the bucket, which then cannot just be deleted", async () => {
    const bucket = { type: TYPES.bucket, name: "b", inputs: { bucket: "logs" } };
    const { properties } = await account.create(bucket);
    const statement = {
      Effect: "Allow",
      Principal: { Service: "logdelivery.elasticloadbalancing.amazonaws.com" },
      Action: "s3:PutObject",
      Resource: "arn:aws:s3:::logs/AWSLogs/111122223333/*",
    };
    const policy = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
    await account.create({ type: TYPES.bucketPolicy, name: "p", inputs: { bucket: "logs", policy } });
    const inputs = { name: "logged", subnets: [...land.subnets], accessLogs: { enabled: true, bucket: "logs" } };
    await account.create({ type: TYPES.loadBalancer, name: "l", inputs });
    await expect(account.delete(TYPES.bucket, "logs")).rejects.toThrow("BucketNotEmpty");
    await account.update({ ...bucket, inputs: { bucket: "logs", forceDestroy: true } }, "logs", properties);
    await account.delete(TYPES.bucket, "logs");
  });
});

describe("Route 53", () => {
  it("answers with what the zone holds, and with aliases of load balancers", async () => {
    const zoneId = await hostedZone(account);
    const arn = await balancer(account, land);
    const dnsName = String(account.world.get(TYPES.loadBalancer, arn)?.outputs.dnsName);
    const record = {
      type: TYPES.record,
      name: "r",
      inputs: { zoneId, name: "api", type: "CNAME", records: ["x.test."], ttl: 60 },
    };
    const { id, properties } = await account.create(record);
    expect(properties.fqdn).toBe("api.test.sparki.tools");
    const aliases = [{ name: dnsName, zoneId: "Z35SXDOTRQ7X7K", evaluateTargetHealth: true }];
    const weighted = { setIdentifier: "sparki", weightedRoutingPolicies: [{ weight: 100 }], aliases };
    await account.create({
      type: TYPES.record,
      name: "w",
      inputs: { zoneId, name: "test.sparki.tools", type: "A", ...weighted },
    });
    expect(account.services.records.get(zoneId)).toEqual([
      // As if the parent zone had delegated already.
      { name: "test.sparki.tools", type: "NS", values: expect.arrayContaining([expect.stringContaining("awsdns")]) },
      { name: "api.test.sparki.tools", type: "CNAME", values: ["x.test."] },
      { name: "test.sparki.tools", type: "A", values: [], aliasTo: dnsName, weight: 100, setIdentifier: "sparki" },
    ]);
    await account.delete(TYPES.record, id);
    expect(account.services.records.get(zoneId)).toHaveLength(2);
    await expect(account.delete(TYPES.zone, zoneId)).rejects.toThrow("HostedZoneNotEmpty");
  });
});

describe("ACM", () => {
  it("issues a certificate once its proof is in DNS", async () => {
    const arn = await issuedCertificate(account, await hostedZone(account));
    expect(account.world.get(TYPES.certificate, arn)?.outputs.status).toBe("ISSUED");
  });

  it("gives up when the proof never comes", async () => {
    const { id } = await account.create({
      type: TYPES.certificate,
      name: "c",
      inputs: { domainName: "a.test", validationMethod: "DNS" },
    });
    const refusal = account.create({ type: TYPES.certificateValidation, name: "i", inputs: { certificateArn: id } });
    await expect(refusal).rejects.toThrow("timeout while waiting for state to become 'ISSUED'");
  });
});
