import {
  allowedRegionsOnly,
  everythingTagged,
  guardedKindsOnly,
  logGroupsKeptAndEncrypted,
  stackAboveItsFloor,
  statefulKept,
  takenByAws,
} from "../../policies/stack.ts";
import { RIGHT } from "../aws/right-inputs.ts";
import { cache, database, key, loadBalancer, release, subnets, vpc } from "../support/policy-examples.ts";
import { example, KEY_ARN, thing } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

{
  const type = "pulumi:providers:aws";
  const provider = thing(type, { region: "us-east-1" });
  const group = thing("aws:cloudwatch/logGroup:LogGroup", {}).under({ type, props: { region: "us-east-1" } });

  proves(allowedRegionsOnly, {
    passes: {
      "an allowed region": [provider, group],
      "another allowed one": {
        stack: provider.with({ region: "eu-west-1" }),
        config: { allowedRegions: ["eu-west-1"] },
      },
      "what is not of AWS": thing("kubernetes:core/v1:ConfigMap", {}),
    },
    stops: {
      "a provider elsewhere": ["region", provider.with({ region: "eu-west-1" })],
      "a provider that leaves it to the environment": ["region", provider.without("region")],
      "a resource elsewhere by itself": ["region", group.with({ region: "eu-west-1" })],
      "a resource elsewhere by its provider": ["region", group.under({ type, props: { region: "eu-west-1" } })],
      "a resource that is nowhere": ["region", group.under({ type, props: {} })],
    },
  });
}

{
  const tags = { project: "sparki", stack: "prod", owner: "platform-engineering" };
  const own = { release: "2026.11.1" };
  const provider = (defaultTags: unknown) => ({
    type: "pulumi:providers:aws",
    props: { region: "us-east-1", defaultTags },
  });
  const group = thing("aws:cloudwatch/logGroup:LogGroup", { name: "x", tags: own });
  const route = thing("aws:ec2/route:Route", { routeTableId: "x" });
  const missing = Object.keys(tags).map((tag) => {
    const rest = Object.fromEntries(Object.entries(tags).filter(([key]) => key !== tag));
    return [`what has no ${tag}`, [`tags.${tag}`, group.under(provider({ tags: rest }))] as const];
  });

  proves(everythingTagged, {
    passes: {
      "what the provider tags": group.under(provider({ tags })),
      "what the provider tags, as the engine tells it": group.under(provider(JSON.stringify({ tags }))),
      "what is tagged itself": group.with({ tags: { ...tags, ...own } }),
      "what both tag": group.with({ tags: { ...own, owner: "x" } }).under(provider({ tags: { ...tags, owner: "" } })),
      "what has no tags on AWS": route.under(provider({ tags })),
      "what is not of AWS": thing("kubernetes:core/v1:ConfigMap", {}),
    },
    stops: {
      ...Object.fromEntries(missing),
      "an empty tag": ["tags.owner", group.with({ tags: { ...tags, ...own, owner: "" } })],
      "what nobody tags": [Object.keys(tags).map((tag) => `tags.${tag}`), group],
      "what does not say which release made it": ["tags.release", group.with({ tags: {} }).under(provider({ tags }))],
      "an empty release": ["tags.release", group.with({ tags: { release: "" } }).under(provider({ tags }))],
      "a release that the provider would change each time": [
        "tags.release",
        group.without("tags").under(provider({ tags: { ...tags, ...own } })),
      ],
    },
  });
}

{
  const unguarded = [
    "aws:alb/loadBalancer:LoadBalancer",
    "aws:applicationloadbalancing/loadBalancer:LoadBalancer",
    "aws:elb/loadBalancer:LoadBalancer",
    "aws:elasticloadbalancingv2/listener:Listener",
    "aws:rds/cluster:Cluster",
    "aws:elasticache/cluster:Cluster",
    "aws:elasticache/serverlessCache:ServerlessCache",
    "aws:iam/user:User",
    "aws:iam/accessKey:AccessKey",
    "aws:eks/fargateProfile:FargateProfile",
    "aws:kms/externalKey:ExternalKey",
    "aws:ecr/registryPolicy:RegistryPolicy",
  ];

  proves(guardedKindsOnly, {
    passes: {
      "kinds that policies read": [database, key, loadBalancer],
      "a service that no control is about": thing("aws:sns/topic:Topic", {}),
      "what is not of AWS": [thing("kubernetes:core/v1:ConfigMap", {}), thing("random:kms/cryptoKey:CryptoKey", {})],
    },
    stops: Object.fromEntries(unguarded.map((type) => [type, ["type", thing(type, {})] as const])),
  });
}

{
  const group = example("aws:cloudwatch/logGroup:LogGroup", { kmsKeyId: KEY_ARN, retentionInDays: 365 });

  proves(logGroupsKeptAndEncrypted, {
    passes: {
      "logs for a year under a customer key": group,
      "logs for ever": group.with({ retentionInDays: 0 }),
      "logs under a key of the same stack": [key, group.from("kmsKeyId", key)],
    },
    stops: {
      "logs under no key": ["kmsKeyId", group.without("kmsKeyId")],
      "logs under something else": ["kmsKeyId", [vpc, group.from("kmsKeyId", vpc)]],
      "logs for half a year": ["retentionInDays", group.with({ retentionInDays: 180 })],
      "logs for as long as AWS likes": ["retentionInDays", group.without("retentionInDays")],
    },
  });
}

{
  const replicas = "values.replicas";

  proves(stackAboveItsFloor, {
    passes: {
      "a stack at its floor": [
        vpc,
        ...subnets,
        database.with({ backupRetentionPeriod: 7 }),
        cache.with({ numCacheClusters: 2 }),
        release.with({ values: { replicas: 2 } }),
      ],
      "a one-box, which is one": release.named("engine-one-box").with({ values: { replicas: 1 } }),
      "a lower floor": {
        stack: database.with({ backupRetentionPeriod: 1 }),
        config: { floor: { zones: 1, replicas: 1, backupDays: 1 } },
      },
    },
    stops: {
      "fewer days of backup": ["backupRetentionPeriod", database.with({ backupRetentionPeriod: 6 })],
      "no days of backup": ["backupRetentionPeriod", database.without("backupRetentionPeriod")],
      "fewer caches": ["numCacheClusters", cache.with({ numCacheClusters: 1 })],
      "a cache by itself": ["numCacheClusters", cache.without("numCacheClusters")],
      "fewer pods": [replicas, release.with({ values: { replicas: 1 } })],
      "no said number of pods": [replicas, release.with({ values: {} })],
      "fewer zones": ["zones", [vpc, ...subnets.slice(1)]],
      "as many subnets in fewer zones": [
        "zones",
        [
          vpc,
          ...subnets.map((subnet) => subnet.with({ vpcId: "", availabilityZone: "us-east-1a" }).from("vpcId", vpc)),
        ],
      ],
      "a higher floor": [replicas, release, { floor: { zones: 3, replicas: 4, backupDays: 7 } }],
    },
  });
}

{
  const zone = example("aws:route53/zone:Zone", { name: "prod.sparki.tools" });
  const approval = { resource: "database-instance", action: "replace", by: "@alexarno", until: "2026-11-23" } as const;
  const ended = { ...approval, until: "2026-11-22" };
  const ofOther = { ...approval, resource: "other" };

  proves(statefulKept, {
    passes: {
      "what is protected": [database, cache, key, zone],
      "a database whose replacement is approved": { stack: database.unprotected(), config: { approvals: [approval] } },
      "a subnet, which holds nothing": example("aws:ec2/subnet:Subnet", {}).unprotected(),
      "a database that goes without a snapshot, as approved": {
        stack: database.with({ skipFinalSnapshot: true }),
        config: { approvals: [approval] },
      },
    },
    stops: {
      "a database": ["protect", database.unprotected()],
      "a cache": ["protect", cache.unprotected()],
      "a key": ["protect", key.unprotected()],
      "a zone": ["protect", zone.unprotected()],
      "an approval that has ended": ["protect", database.unprotected(), { approvals: [ended] }],
      "an approval for something else": ["protect", database.unprotected(), { approvals: [ofOther] }],
      "a database that leaves no snapshot": ["skipFinalSnapshot", database.with({ skipFinalSnapshot: true })],
      "a database whose snapshot has no name": ["finalSnapshotIdentifier", database.without("finalSnapshotIdentifier")],
      "a cache whose snapshot has no name": ["finalSnapshotIdentifier", cache.without("finalSnapshotIdentifier")],
    },
  });
}

{
  const TYPE = "aws:lb/targetGroup:TargetGroup";
  const right = thing(TYPE, RIGHT[TYPE] ?? {});
  const key = thing("aws:kms/key:Key", {});

  proves(takenByAws, {
    passes: {
      "what AWS takes": right,
      "a value that only the update knows": right.from("vpcId", key),
      "a list of values that only the update knows": thing("aws:elasticache/subnetGroup:SubnetGroup", {
        name: "sparki",
      }).fromEach("subnetIds", key),
      "a kind that AWS publishes nothing of": thing("kubernetes:core/v1:ConfigMap", { data: 1 }),
    },
    stops: {
      "a value out of AWS's list": [
        "protocol (AWS takes one of GENEVE, HTTP, HTTPS, QUIC, TCP, TCP_QUIC, TCP_UDP, TLS, UDP)",
        right.with({ protocol: "HTPP" }),
      ],
      "a text where AWS wants a list": [
        "subnetIds (AWS takes a list)",
        thing("aws:elasticache/subnetGroup:SubnetGroup", { name: "sparki", subnetIds: "subnet-0a1b2c3d" }),
      ],
      "a value inside of others": [
        "healthCheck.interval (AWS takes 5 to 300)",
        right.with({ healthCheck: { interval: 4, timeout: 2 } }),
      ],
    },
  });
}
