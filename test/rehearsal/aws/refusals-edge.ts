import { TYPES } from "../../../rehearsal/aws/types.ts";
import type { Properties } from "../../../rehearsal/provider/properties.ts";
import type { Account } from "./account.ts";
import { balancer, hostedZone, type Landscape, targets } from "./landscape.ts";
import type { Refusal } from "./refusal.ts";

const inLand = (rest: Properties) => (_account: Account, land: Landscape) => ({ vpcId: land.vpc, ...rest });

/** What load balancing, certificates, the firewall and Route 53 refuse. */
export const EDGE: readonly Refusal[] = [
  {
    what: "a load balancer of the same name",
    type: TYPES.loadBalancer,
    inputs: async (account, land) => {
      await balancer(account, land);
      return { name: "sparki-test", subnets: [...land.subnets] };
    },
    code: "DuplicateLoadBalancerName",
    words: "A load balancer with the same name 'sparki-test' exists",
  },
  {
    what: "a load balancer in a single zone",
    type: TYPES.loadBalancer,
    inputs: (_account, land) => ({ name: "one", subnets: [land.subnets[0] ?? ""] }),
    code: "ValidationError",
    words: "At least two subnets in two different Availability Zones",
  },
  {
    what: "access logs in a bucket that does not let them in",
    type: TYPES.loadBalancer,
    inputs: async (account, land) => {
      await account.create({ type: TYPES.bucket, name: "b", inputs: { bucket: "closed" } });
      return { name: "x", subnets: [...land.subnets], accessLogs: { enabled: true, bucket: "closed" } };
    },
    code: "InvalidConfigurationRequest",
    words: "Access Denied for bucket: closed",
  },
  {
    what: "a name longer than 32 characters",
    type: TYPES.targetGroup,
    inputs: inLand({ name: "sparki-production-engine-one-box-targets", port: 80, protocol: "HTTP" }),
    code: "ValidationError",
    words: "at most 32",
  },
  {
    what: "a listener whose target group does not exist",
    type: TYPES.listener,
    inputs: async (account, land) => ({
      loadBalancerArn: await balancer(account, land),
      port: 80,
      defaultActions: [{ type: "forward", targetGroupArn: "arn:none" }],
    }),
    code: "TargetGroupNotFound",
    words: "arn:none",
  },
  {
    what: "HTTPS with a certificate that is not issued",
    type: TYPES.listener,
    inputs: async (account, land) => {
      const certificate = await account.create({
        type: TYPES.certificate,
        name: "c",
        inputs: { domainName: "a.test", validationMethod: "DNS" },
      });
      const defaultActions = [{ type: "forward", targetGroupArn: await targets(account, land) }];
      const loadBalancerArn = await balancer(account, land);
      return { loadBalancerArn, port: 443, protocol: "HTTPS", certificateArn: certificate.id, defaultActions };
    },
    code: "UnsupportedCertificate",
    words: "PENDING_VALIDATION",
  },
  {
    what: "logs of the firewall in a group of another name",
    type: TYPES.webAclLogging,
    inputs: async (account) => {
      const visibilityConfig = { cloudwatchMetricsEnabled: true, metricName: "acl", sampledRequestsEnabled: true };
      const inputs = { name: "acl", scope: "REGIONAL", defaultAction: { allow: {} }, visibilityConfig };
      const { properties } = await account.create({ type: TYPES.webAcl, name: "acl", inputs });
      const group = await account.create({ type: TYPES.logGroup, name: "g", inputs: { name: "firewall" } });
      return { resourceArn: properties.arn ?? "", logDestinationConfigs: [group.properties.arn ?? ""] };
    },
    code: "WAFInvalidParameterException",
    words: "aws-waf-logs-",
  },
  {
    what: "the same record twice",
    type: TYPES.record,
    inputs: async (account) => {
      const record = {
        zoneId: await hostedZone(account),
        name: "a.test.sparki.tools",
        type: "A",
        ttl: 60,
        records: ["192.0.2.1"],
      };
      await account.create({ type: TYPES.record, name: "a", inputs: record });
      return { ...record, name: "A.test.sparki.tools." };
    },
    code: "InvalidChangeBatch",
    words: "already exists",
  },
  {
    what: "a record of a zone that does not exist",
    type: TYPES.record,
    inputs: { zoneId: "Z123", name: "a", type: "A" },
    code: "NoSuchHostedZone",
    words: "Z123",
  },
  {
    what: "an alias of a load balancer that there is not",
    type: TYPES.record,
    inputs: async (account) => ({
      ...{ zoneId: await hostedZone(account), name: "a", type: "A" },
      aliases: [{ name: "gone-1.us-east-1.elb.amazonaws.com", zoneId: "Z35SXDOTRQ7X7K", evaluateTargetHealth: true }],
    }),
    code: "InvalidChangeBatch",
    words: "that target was not found",
  },
  {
    what: "query logs that no policy lets in",
    type: TYPES.queryLog,
    inputs: async (account) => {
      const group = await account.create({ type: TYPES.logGroup, name: "g", inputs: { name: "queries" } });
      return { zoneId: await hostedZone(account), cloudwatchLogGroupArn: group.properties.arn ?? "" };
    },
    code: "InsufficientCloudWatchLogsResourcePolicy",
    words: "does not let Route 53",
  },
  {
    what: "query logs in another region than Route 53's own",
    type: TYPES.queryLog,
    inputs: async (account) => {
      const inputs = { name: "queries", region: "eu-west-1" };
      const group = await account.create({ type: TYPES.logGroup, name: "g", inputs });
      return { zoneId: await hostedZone(account), cloudwatchLogGroupArn: group.properties.arn ?? "" };
    },
    code: "InvalidInput",
    words: "is not in us-east-1",
  },
  {
    what: "a public load balancer whose VPC has no internet gateway yet",
    type: TYPES.loadBalancer,
    inputs: async (account, land) => {
      await account.delete(TYPES.internetGateway, land.gateway);
      return { name: "x", subnets: [...land.subnets] };
    },
    code: "InvalidSubnet",
    words: "has no internet gateway",
  },
  {
    what: "a signing key that is not of the curve",
    type: TYPES.keySigningKey,
    inputs: async (account, land) => ({
      name: "sparki",
      hostedZoneId: await hostedZone(account),
      keyManagementServiceArn: land.key,
    }),
    code: "InvalidKMSArn",
    words: "ECC_NIST_P256",
  },
];
