import { quotas } from "../../../../runbook/preflight/checks/quotas.ts";
import { fakeContext, fakeState, look, resource } from "../../../support/preflight.ts";

/** An account whose quotas are as low as a stack can live with. */
const LEAST: Readonly<Record<string, number>> = {
  "L-1216C47A": 6,
  "L-407747CB": 9,
  "L-29B6F2EB": 8,
  "L-FE177D64": 7,
};
const tagged = (count: number) => ({
  resourceTagMappingLists: Array(count).fill({ resourceArn: "arn:aws:rds:::subgrp:a" }),
});
const looks = {
  "servicequotas/getServiceQuota": ({ quotaCode }: { quotaCode: string }) => ({ value: LEAST[quotaCode] ?? 5 }),
  "ec2/getInstance": { instanceType: "t4g.medium" },
  "ec2/getInstanceType": { defaultVcpus: 2 },
  "ec2/getVpcs": { ids: ["vpc-1"] },
  "ec2/getEips": { allocationIds: ["a", "b"] },
  "eks/getClusters": { names: [] },
  "ec2/getInstances": { ids: [] },
  "rds/getInstances": { instanceIdentifiers: [] },
  "lb/getLbs": { arns: [] },
  "resourcegroupstaggingapi/getResources": tagged(0),
};

describe("quotas", () => {
  it("passes with the counts where there is room for a whole stack", async () => {
    const finding = await look(quotas, fakeContext({ looks }));
    expect(finding).toMatchObject({ status: "pass" });
    expect(finding.reason).toMatch(
      /VPCs 1 of 5, Elastic IPs 2 of 5, NAT gateways in a zone 0 of 5, subnets of a VPC 9 of 9/,
    );
  });

  it("fails for each that lacks room, with the request for more", async () => {
    const full = {
      ...looks,
      "ec2/getEips": { allocationIds: ["a", "b", "c"] },
      "ec2/getVpcs": { ids: ["1", "2", "3", "4", "5"] },
    };
    const finding = await look(quotas, fakeContext({ looks: full }));
    expect(finding).toMatchObject({
      status: "fail",
      reason: "VPCs 5 of 5 used, 1 more needed; Elastic IPs 3 of 5 used, 3 more needed",
    });
    expect(finding.fix).toContain(
      "aws service-quotas request-service-quota-increase --region us-east-1 --service-code ec2 --quota-code L-0263D0A3 --desired-value 6",
    );
  });

  it("fails where the nodes' processors are more than the account may have", async () => {
    const running = (...ids: string[]) => ({
      "ec2/getInstances": ({ filters }: { filters?: unknown }) => ({ ids: filters === undefined ? ids : ["i-9"] }),
    });
    const busy = { ...looks, ...running("i-1", "i-9") };
    expect(await look(quotas, fakeContext({ looks: busy }))).toMatchObject({
      status: "fail",
      reason: "vCPUs of instances 2 of 6 used, 6 more needed",
      fix: expect.stringContaining("--quota-code L-1216C47A --desired-value 8"),
    });
    const nodes = { ...looks, ...running("i-1", "i-2", "i-3") };
    const state = fakeState([resource("aws:eks/cluster:Cluster", "cluster-eks-eksCluster")]);
    expect(await look(quotas, fakeContext({ looks: nodes, state }))).toMatchObject({ status: "pass" });
  });

  it("counts what AWS lists by its tags, and says that there may be more", async () => {
    const find = ({ resourceTypeFilters: [kind] }: { resourceTypeFilters: string[] }) =>
      tagged(kind === "rds:subgrp" ? 5 : kind === "elasticache:cluster" ? 3 : 0);
    const finding = await look(
      quotas,
      fakeContext({ looks: { ...looks, "resourcegroupstaggingapi/getResources": find } }),
    );
    expect(finding).toMatchObject({
      status: "fail",
      reason:
        "ElastiCache nodes at least 3 of 5 used, 3 more needed; DB subnet groups at least 5 of 5 used, 1 more needed",
      fix: expect.stringContaining("--service-code rds --quota-code L-48C6BF61 --desired-value 6"),
    });
    const group = "aws:elasticache/replicationGroup:ReplicationGroup";
    const state = fakeState([resource(group, "cache-redis"), resource("aws:rds/subnetGroup:SubnetGroup", "subnets")]);
    const again = await look(
      quotas,
      fakeContext({ looks: { ...looks, "resourcegroupstaggingapi/getResources": find }, state }),
    );
    expect(again).toMatchObject({
      status: "pass",
      reason: expect.stringContaining("ElastiCache nodes at least 3 of 5"),
    });
  });

  it("needs nothing for what the stack has already", async () => {
    const own = ["a", "b", "c"].map((name) => resource("aws:ec2/eip:Eip", name));
    const full = { ...looks, "ec2/getEips": { allocationIds: ["a", "b", "c", "d", "e"] } };
    expect(await look(quotas, fakeContext({ looks: full, state: fakeState(own) }))).toMatchObject({ status: "pass" });
  });

  it("cannot judge a quota that AWS does not know", async () => {
    const { "servicequotas/getServiceQuota": _, ...rest } = looks;
    await expect(look(quotas, fakeContext({ looks: rest }))).rejects.toThrow(/AWS knows no quota vpc L-/u);
  });
});
