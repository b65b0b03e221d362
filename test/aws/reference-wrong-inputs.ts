import type { InputRecord } from "../../aws/inputs.ts";
import {
  ACL,
  CACHE,
  CLUSTER,
  check,
  DATABASE,
  inner,
  LISTENER,
  long,
  of,
  RULE,
  rule,
  TARGET,
  type Wrong,
} from "./input-changes.ts";

const ACCOUNT = "111122223333";
const NONE = [{ priority: 0, type: "NONE" }];
const DIRECTORY = {
  domainFqdn: "corp.example.com",
  domainOu: "OU=db,DC=example",
  domainAuthSecretArn: `arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:a-a1b2c3`,
  domainDnsIps: ["10.0.0.2", "10.0.0.3"],
};
const token = (rest: InputRecord): InputRecord => ({
  defaultActions: [
    {
      type: "jwt-validation",
      order: 1,
      jwtValidation: { issuer: "https://a.test", jwksEndpoint: "https://a.test/jwks", ...rest },
    },
    { type: "fixed-response", order: 2, fixedResponse: { contentType: "text/plain", statusCode: "404" } },
  ],
});
const claim = (rest: InputRecord): InputRecord =>
  token({ additionalClaims: [{ name: "aud", format: "single-string", values: ["a"], ...rest }] });
const labelled = (name: string) =>
  rule({ statement: { geoMatchStatement: { countryCodes: ["KP"] } }, ruleLabels: [{ name }] });
const hidden = (field: InputRecord): InputRecord => ({
  dataProtectionConfig: { dataProtections: [{ action: "HASH", field }] },
});

/** What the API's reference says of a parameter in words alone. */
export const REFERENCE_WRONG: readonly Wrong[] = [
  ...of(CACHE, [
    [
      "two zones for one replica in each shard",
      {
        numCacheClusters: undefined,
        replicasPerNodeGroup: 1,
        nodeGroupConfigurations: [{ replicaAvailabilityZones: ["us-east-1a", "us-east-1b"] }],
      },
      "nodeGroupConfigurations",
    ],
  ]),
  ...of(DATABASE, [
    ["a directory's name of 65 characters", { ...DIRECTORY, domainFqdn: `${long(60)}.test` }, "domainFqdn"],
    ["a directory's unit of 65 characters", { ...DIRECTORY, domainOu: `OU=${long(62)}` }, "domainOu"],
  ]),
  ...of("aws:lb/loadBalancer:LoadBalancer", [
    [
      "prefixes of IPv6 on IPv4",
      { loadBalancerType: "network", enablePrefixForIpv6SourceNat: "on" },
      "enablePrefixForIpv6SourceNat",
    ],
  ]),
  ...of(TARGET, [
    [
      "a status of 600 for a network",
      { protocol: "TCP", ...check({ protocol: "HTTP", matcher: "200-600" }) },
      "healthCheck.matcher",
    ],
    [
      "a status of 200 alone for a gateway",
      { protocol: "GENEVE", port: 6081, healthCheck: { protocol: "HTTP", path: "/", matcher: "200" } },
      "healthCheck.matcher",
    ],
  ]),
  ...of(LISTENER, [
    [
      "a way from HTTPS to HTTP",
      { defaultActions: [{ type: "redirect", redirect: { statusCode: "HTTP_301", protocol: "HTTP", port: "80" } }] },
      "defaultActions[0].redirect.protocol",
    ],
    [
      "a claim that is asked anyway",
      claim({ name: "exp" }),
      "defaultActions[0].jwtValidation.additionalClaims[0].name",
    ],
    [
      "eleven values of a claim",
      claim({ format: "string-array", values: Array.from({ length: 11 }, (_, i) => `v${i}`) }),
      "defaultActions[0].jwtValidation.additionalClaims[0].values",
    ],
    [
      "blanks in values that blanks separate",
      claim({ format: "space-separated-values", values: ["a b"] }),
      "defaultActions[0].jwtValidation.additionalClaims[0].values",
    ],
    [
      "keys at a URL of 257 characters",
      token({ jwksEndpoint: `https://a.test/${long(242)}` }),
      "defaultActions[0].jwtValidation.jwksEndpoint",
    ],
  ]),
  ...of(RULE, [
    [
      "a pattern of 129 characters",
      { conditions: [{ pathPattern: { regexValues: [long(129)] } }] },
      "conditions[0].pathPattern.regexValues[0]",
    ],
  ]),
  ...of("aws:secretsmanager/secretRotation:SecretRotation", [
    [
      "a window over midnight",
      { rotationRules: { scheduleExpression: "cron(0 23 1 * ? *)", duration: "2h" } },
      "rotationRules.duration",
    ],
  ]),
  ...of("aws:ec2/subnet:Subnet", [
    [
      "an Outpost without its zone",
      { availabilityZone: undefined, outpostArn: `arn:aws:outposts:us-east-1:${ACCOUNT}:outpost/op-0a1b2c3d4e5f60718` },
      "availabilityZone",
    ],
  ]),
  ...of("aws:ec2/vpcEndpoint:VpcEndpoint", [
    [
      "a preference of a service's own endpoint",
      { dnsOptions: { privateDnsPreference: "ALL_DOMAINS" } },
      "dnsOptions.privateDnsPreference",
    ],
  ]),
  ...of(CLUSTER, [
    ["events for an hour and a half", { kubeApiServerConfig: { eventTtl: "1h30m" } }, "kubeApiServerConfig.eventTtl"],
    [
      "a weight of 101",
      {
        kubeSchedulerConfig: {
          nodeResourcesFit: { scoringStrategy: { type: "MostAllocated", resources: [{ name: "cpu", weight: 101 }] } },
        },
      },
      "kubeSchedulerConfig.nodeResourcesFit.scoringStrategy.resources[0].weight",
    ],
    [
      "a role of nodes as that of a user",
      inner(CLUSTER, "computeConfig", { nodeRoleArn: `arn:aws:iam::${ACCOUNT}:user/a` }),
      "computeConfig.nodeRoleArn",
    ],
  ]),
  ...of("aws:eks/accessEntry:AccessEntry", [
    ["nodes that are a user", { type: "EC2_LINUX", principalArn: `arn:aws:iam::${ACCOUNT}:user/me` }, "principalArn"],
  ]),
  ...of(ACL, [
    [
      "a fingerprint with SQL in it",
      rule({
        statement: {
          sqliMatchStatement: {
            fieldToMatch: { ja3Fingerprint: { fallbackBehavior: "MATCH" } },
            textTransformations: NONE,
          },
        },
      }),
      "rules[0].statement.sqliMatchStatement.fieldToMatch",
    ],
    ["a label behind six namespaces", labelled("a:b:c:d:e:f:g"), "rules[0].ruleLabels[0].name"],
    ["a namespace of 129 characters", labelled(`${long(129)}:a`), "rules[0].ruleLabels[0].name"],
    [
      "a header to hide, without its name",
      hidden({ fieldType: "SINGLE_HEADER" }),
      "dataProtectionConfig.dataProtections[0].field.fieldKeys",
    ],
    [
      "a body to hide, with a name",
      hidden({ fieldType: "BODY", fieldKeys: ["a"] }),
      "dataProtectionConfig.dataProtections[0].field.fieldKeys",
    ],
    [
      "a rule's challenge of a minute",
      rule({
        statement: { geoMatchStatement: { countryCodes: ["KP"] } },
        challengeConfig: { immunityTimeProperty: { immunityTime: 60 } },
      }),
      "rules[0].challengeConfig.immunityTimeProperty.immunityTime",
    ],
  ]),
];
