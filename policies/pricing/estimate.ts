import { knownValue, listAt, valueAt } from "../judging/resource.ts";

/** The day the list prices were taken down. */
const PRICES_AS_OF = "2026-06-30";

const PRICES_REGION = "us-east-1";

/** Hours in a month, as AWS's own calculator counts them. */
const HOURS = 730;

/** On-demand list prices in US dollars an hour, of the instance types that the stacks may be given. */
const DATABASE_HOUR: Readonly<Record<string, number>> = {
  "db.t4g.medium": 0.065,
  "db.t4g.large": 0.129,
  "db.m7g.large": 0.168,
  "db.m7g.xlarge": 0.337,
  "db.r7g.large": 0.239,
  "db.r7g.xlarge": 0.478,
  "db.r7g.2xlarge": 0.956,
};

const CACHE_NODE_HOUR: Readonly<Record<string, number>> = {
  "cache.t4g.small": 0.032,
  "cache.t4g.medium": 0.065,
  "cache.m7g.large": 0.158,
  "cache.r7g.large": 0.219,
  "cache.r7g.xlarge": 0.437,
};

/** US dollars an hour. */
const HOUR = {
  cluster: 0.1,
  /** A c6a.large, which Auto Mode takes for small pods. */
  node: 0.0765,
  /** Auto Mode's own fee for it, 12 %. */
  nodeFee: 0.00918,
  natGateway: 0.045,
  loadBalancer: 0.0225,
  publicAddress: 0.005,
  endpoint: 0.01,
} as const;

/** US dollars a month. */
const MONTH = {
  databaseGib: 0.115,
  key: 1,
  secret: 0.4,
  zone: 0.5,
  webAcl: 5,
  webAclRule: 1,
} as const;

/** The services that AWS bills what is priced here under, by their names in Cost Explorer. */
const SERVICES = {
  cluster: "Amazon Elastic Container Service for Kubernetes",
  compute: "Amazon Elastic Compute Cloud - Compute",
  /** NAT gateways, volumes and their snapshots, traffic between zones. */
  otherCompute: "EC2 - Other",
  network: "Amazon Virtual Private Cloud",
  loadBalancing: "Amazon Elastic Load Balancing",
  database: "Amazon Relational Database Service",
  cache: "Amazon ElastiCache",
  keys: "AWS Key Management Service",
  secrets: "AWS Secrets Manager",
  names: "Amazon Route 53",
  firewall: "AWS WAF",
} as const;

type Service = (typeof SERVICES)[keyof typeof SERVICES];

/** What depends on use, and is therefore in no estimate. */
export const NOT_COUNTED: readonly string[] = [
  "data transfer: to the internet, between zones and through NAT gateways and endpoints",
  "load balancer capacity units, WAF requests, DNS queries, KMS and Secrets Manager calls",
  "logs: ingestion, storage and access logs in S3; enhanced monitoring",
  "backups beyond the database's own size, and the cache's snapshots",
  "nodes beyond one small one a zone: the autoscaler adds them with load",
  "Storm, support plans, taxes, reservations and discounts",
];

/** A resource with its inputs; values that preview cannot know may be missing or throw. */
export interface Priced {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

export interface CostLine {
  readonly item: string;
  readonly quantity: number;
  /** US dollars a month for each. */
  readonly each: number;
  readonly monthly: number;
}

export interface CostEstimate {
  readonly region: string;
  /** The day of the price list. */
  readonly asOf: string;
  readonly currency: "USD";
  readonly monthly: number;
  readonly lines: readonly CostLine[];
  readonly notCounted: readonly string[];
}

/** A price: US dollars a month for each, by the service that bills it; undefined where the list has none. */
type Price = Partial<Readonly<Record<Service, number>>> | undefined;
type Item = readonly [item: string, quantity: number, each: Price];

const monthly = (service: Service, price: number): Price => ({ [service]: price });
const hourly = (service: Service, price: number | undefined): Price =>
  price === undefined ? undefined : { [service]: price * HOURS };

const CLUSTER: Price = hourly(SERVICES.cluster, HOUR.cluster);
const NODE: Price = { ...hourly(SERVICES.compute, HOUR.node), ...hourly(SERVICES.cluster, HOUR.nodeFee) };
const NAT_GATEWAY: Price = hourly(SERVICES.otherCompute, HOUR.natGateway);
const PUBLIC_ADDRESS: Price = hourly(SERVICES.network, HOUR.publicAddress);
const ENDPOINT: Price = hourly(SERVICES.network, HOUR.endpoint);
const LOAD_BALANCER: Price = hourly(SERVICES.loadBalancing, HOUR.loadBalancer);
const KEY: Price = monthly(SERVICES.keys, MONTH.key);
const SECRET: Price = monthly(SERVICES.secrets, MONTH.secret);
const ZONE: Price = monthly(SERVICES.names, MONTH.zone);
const WEB_ACL: Price = monthly(SERVICES.firewall, MONTH.webAcl);
const WEB_ACL_RULE: Price = monthly(SERVICES.firewall, MONTH.webAclRule);
const DATABASE_GIB: Price = monthly(SERVICES.database, MONTH.databaseGib);

const PRICED: Readonly<Record<string, (inputs: Priced["inputs"]) => readonly Item[]>> = {
  "aws:eks/cluster:Cluster": () => [["EKS control plane", 1, CLUSTER]],
  "aws:ec2/natGateway:NatGateway": () => [["NAT gateway", 1, NAT_GATEWAY]],
  "aws:ec2/eip:Eip": () => [["public IPv4 address", 1, PUBLIC_ADDRESS]],
  "aws:kms/key:Key": () => [["KMS key", 1, KEY]],
  "aws:secretsmanager/secret:Secret": () => [["secret", 1, SECRET]],
  "aws:route53/zone:Zone": () => [["hosted zone", 1, ZONE]],
  "aws:wafv2/webAcl:WebAcl": (inputs) => [
    ["web ACL", 1, WEB_ACL],
    ["web ACL rule", listAt(inputs, "rules").length, WEB_ACL_RULE],
  ],
  "aws:ec2/vpcEndpoint:VpcEndpoint": (inputs) =>
    valueAt(inputs, "vpcEndpointType") === "Interface"
      ? [["interface endpoint in a zone", listAt(inputs, "subnetIds").length, ENDPOINT]]
      : [],
  "aws:lb/loadBalancer:LoadBalancer": (inputs) => [
    ["load balancer", 1, LOAD_BALANCER],
    ["public IPv4 address", listAt(inputs, "subnets").length, PUBLIC_ADDRESS],
  ],
  "aws:rds/instance:Instance": (inputs) => {
    const { instanceClass, allocatedStorage, multiAz, manageMasterUserPassword } = inputs;
    const copies = multiAz === true ? 2 : 1;
    return [
      [`database ${instanceClass}`, copies, hourly(SERVICES.database, DATABASE_HOUR[String(instanceClass)])],
      ["database storage, GiB", Number(allocatedStorage ?? 0) * copies, DATABASE_GIB],
      ...(manageMasterUserPassword === true ? [["secret", 1, SECRET] as const] : []),
    ];
  },
  "aws:elasticache/replicationGroup:ReplicationGroup": ({ nodeType, numCacheClusters }) => [
    [`cache ${nodeType}`, Number(numCacheClusters ?? 1), hourly(SERVICES.cache, CACHE_NODE_HOUR[String(nodeType)])],
  ],
};

/** What the resources cost a month by the list, use left out; a type without a price is said to be so. */
export function estimateCost(resources: readonly Priced[]): CostEstimate {
  const items = itemsOf(resources);
  const lines = sum(items.filter(([, quantity]) => quantity > 0));
  const unpriced = items.flatMap(([item, , each]) => (each === undefined ? [`${item}: no price in the table`] : []));
  const total = cents(lines.reduce((sum, line) => sum + line.monthly, 0));
  const notCounted = [...unpriced, ...NOT_COUNTED];
  return { region: PRICES_REGION, asOf: PRICES_AS_OF, currency: "USD", monthly: total, lines, notCounted };
}

/** The same estimate by the service that AWS bills it under, in US dollars a month. */
export function estimateByService(resources: readonly Priced[]): ReadonlyMap<string, number> {
  const services = new Map<string, number>();
  for (const [, quantity, each = {}] of itemsOf(resources))
    for (const [service, price] of Object.entries(each))
      services.set(service, (services.get(service) ?? 0) + quantity * price);
  return new Map(
    [...services].filter(([, dollars]) => dollars > 0).map(([service, dollars]) => [service, cents(dollars)]),
  );
}

function itemsOf(resources: readonly Priced[]): readonly Item[] {
  return [...resources.flatMap(({ type, inputs }) => PRICED[type]?.(inputs) ?? []), ...nodes(resources)];
}

/** One node in each zone of the cluster's VPC, the least that pods spread over zones need. */
function nodes(resources: readonly Priced[]): Item[] {
  if (!resources.some(({ type }) => type === "aws:eks/cluster:Cluster")) return [];
  const subnets = resources.filter(({ type }) => type === "aws:ec2/subnet:Subnet");
  const zones = new Set(subnets.map(({ inputs }) => knownValue(() => inputs.availabilityZone)));
  return [["node c6a.large, one a zone", zones.size, NODE]];
}

function sum(items: readonly Item[]): CostLine[] {
  const quantities = new Map<string, { quantity: number; each: number }>();
  for (const [item, quantity, price] of items) {
    if (price === undefined) continue;
    const each = Object.values(price).reduce((all, part) => all + part, 0);
    quantities.set(item, { quantity: (quantities.get(item)?.quantity ?? 0) + quantity, each });
  }
  return [...quantities]
    .map(([item, { quantity, each }]) => ({
      item,
      quantity,
      each: Math.round(each * 1e4) / 1e4,
      monthly: cents(quantity * each),
    }))
    .sort((one, other) => other.monthly - one.monthly || one.item.localeCompare(other.item));
}

const cents = (dollars: number) => Math.round(dollars * 100) / 100;
