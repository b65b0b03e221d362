import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SERVICE_NAMES, type ServiceName } from "../../stacks/services.ts";
import { CHARTS, type DeclaredObject } from "./charts.ts";
import { type Grant, grantsOfPods } from "./identities.ts";
import { REVIEWED_SQL } from "./jobs.ts";
import { SERVICE_ACCOUNTS } from "./pods.ts";
import { Matcher, type Shape } from "./shape.ts";
import { DECLARATIONS } from "./world.ts";

/** What whoever has taken over a pod can do with what the pod has, by the declarations. */
export interface PodReach {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** What its role may ask of AWS. */
  readonly grants: readonly Grant[];
  /** Whom its secrets let it log in to PostgreSQL as; undefined for who has none. */
  readonly databaseRoles: readonly string[];
  /** Whether it holds Redis's AUTH token, with which every command on every key is allowed. */
  readonly hasCache: boolean;
  /** Whether a token for Kubernetes is mounted. */
  readonly hasToken: boolean;
  /** Roles and bindings of Kubernetes that any declaration has; a pod has no more than its namespace's. */
  readonly clusterRules: number;
  readonly egress: readonly string[];
  readonly ingress: readonly string[];
  /** Where it may write files; everything else of its file system is read-only. */
  readonly writable: readonly string[];
}

/** The rights of PostgreSQL that a role has on kinds of objects: `{tables: ["SELECT"]}`. */
export type DatabaseRights = Readonly<Record<string, readonly string[]>>;

/** Every service account of this deployment, with what its pods can do. */
export function podReaches(): PodReach[] {
  return Object.entries(SERVICE_ACCOUNTS).flatMap(([namespace, accounts]) =>
    accounts.map((serviceAccount) => {
      const grants = grantsOfPods(namespace, serviceAccount);
      const secrets = grants.flatMap(({ resources = [] }) => resources).filter((arn) => arn.includes(":secret:"));
      const policies = networkPoliciesOf(namespace, serviceAccount);
      return {
        namespace,
        serviceAccount,
        grants,
        databaseRoles: secrets.flatMap(databaseRoleOf),
        hasCache: secrets.some((arn) => /:secret:sparki\/\{stack\}\/cache-/.test(arn)),
        hasToken: mountsToken(namespace, serviceAccount),
        clusterRules: RULES.length,
        egress: flowsOf(policies, "egress", "to"),
        ingress: flowsOf(policies, "ingress", "from"),
        writable: writableOf(serviceAccount),
      };
    }),
  );
}

/**
 * What the reviewed statements give to roles of PostgreSQL, by role.
 * @throws RangeError for statements that are not the reviewed ones
 */
export function databaseRights(sql: string): Readonly<Record<string, DatabaseRights>> {
  const digest = createHash("sha256").update(sql).digest("hex");
  if (!REVIEWED_SQL.includes(digest)) throw new RangeError(`statements ${digest} are not reviewed`);
  const plain = sql.replace(/--[^\n]*/g, "").replace(/\s+/g, " ");
  const direct = plain.replace(/ALTER DEFAULT PRIVILEGES [^;]*;/g, "");
  const rights: Record<string, DatabaseRights> = {};
  for (const [, privileges = "", on = "", role = ""] of direct.matchAll(GRANTED)) {
    const kind = KINDS.find(([words]) => on.startsWith(words))?.[1] ?? on;
    const known = rights[role] ?? {};
    const added = privileges.split(",").map((each) => each.trim());
    rights[role] = { ...known, [kind]: [...(known[kind] ?? []), ...added] };
  }
  return rights;
}

const GRANTED = /GRANT ([A-Z, ]+?) ON ((?:ALL TABLES IN SCHEMA|ALL SEQUENCES IN SCHEMA|SCHEMA|DATABASE) \S+) TO (\w+)/g;
const KINDS = [
  ["ALL TABLES", "tables"],
  ["ALL SEQUENCES", "sequences"],
  ["SCHEMA", "schema"],
  ["DATABASE", "database"],
] as const;

const RULES = [
  ...DECLARATIONS.filter(({ type }) => type.includes(":rbac.")),
  ...Object.keys(CHARTS)
    .flatMap(objectsOf)
    .filter(({ apiVersion }) => String(apiVersion).startsWith("rbac.")),
];

function objectsOf(chart: string): DeclaredObject["shape"][] {
  return (CHARTS[chart] ?? []).map(({ shape }) => shape);
}

function mountsToken(namespace: string, serviceAccount: string): boolean {
  const account = DECLARATIONS.find(
    ({ type, name }) => type === "kubernetes:core/v1:ServiceAccount" && name === `${namespace}-${serviceAccount}`,
  );
  return account?.properties.automountServiceAccountToken !== false;
}

const isChart = (name: string): name is ServiceName => SERVICE_NAMES.some((service) => service === name);

function databaseRoleOf(secret: string): string[] {
  if (secret.includes(":secret:rds!db-")) return ["the master user"];
  const purpose = /\/database\/(\w+)-/.exec(secret)?.[1];
  return purpose === undefined ? [] : [`sparki_${purpose}`];
}

/** The network policies that select a pod: its namespace's, its chart's, and that of the database's jobs. */
function networkPoliciesOf(namespace: string, serviceAccount: string): Shape[] {
  const own = isChart(serviceAccount) ? objectsOf(serviceAccount) : [];
  const isHere = (spec: Shape | undefined) => {
    const selected = at(at(spec, "podSelector"), "matchLabels");
    const isJob = !isChart(serviceAccount) && namespace === "sparki-engine";
    return selected === undefined || (isJob && at(selected, "sparki.tools/job") === "true");
  };
  const beside = DECLARATIONS.filter(({ type }) => type.endsWith(":NetworkPolicy"))
    .map(({ properties }) => properties)
    .filter(({ metadata, spec }) => at(metadata, "namespace") === namespace && isHere(spec));
  return [...own.filter(({ kind }) => kind === "NetworkPolicy"), ...beside].flatMap(({ spec }) => spec ?? []);
}

function flowsOf(policies: readonly Shape[], direction: "egress" | "ingress", peers: "to" | "from"): string[] {
  return policies
    .flatMap((policy) => listAt(policy, direction))
    .map((flow) => {
      const ports = listAt(flow, "ports").map((one) => `${text(at(one, "protocol"))} ${text(at(one, "port"))}`);
      const others = at(flow, peers);
      const whom = isList(others) ? others.map(peerText).join(", ") : text(others);
      return `${whom}: ${ports.join(", ")}`;
    });
}

function peerText(peer: Shape): string {
  const cidr = at(at(peer, "ipBlock"), "cidr");
  const except = listAt(at(peer, "ipBlock") ?? {}, "except").map(text);
  if (cidr !== undefined) return `${text(cidr)}${except.length > 0 ? ` but ${except.join(", ")}` : ""}`;
  const namespace = text(at(at(at(peer, "namespaceSelector"), "matchLabels"), "kubernetes.io/metadata.name"));
  const name = text(at(at(at(peer, "podSelector"), "matchLabels"), "app.kubernetes.io/name"));
  return `pods ${name} in ${namespace}`;
}

/** The volumes of a chart's pods that are not mounted read-only. */
function writableOf(serviceAccount: string): string[] {
  const deployment = isChart(serviceAccount)
    ? objectsOf(serviceAccount).find(({ kind }) => kind === "Deployment")
    : undefined;
  const pod = at(at(at(deployment, "spec"), "template"), "spec");
  return listAt(pod ?? {}, "containers").flatMap((container) =>
    listAt(container, "volumeMounts")
      .filter((mount) => at(mount, "readOnly") !== true)
      .map((mount) => text(at(mount, "mountPath"))),
  );
}

function at(shape: Shape | undefined, key: string): Shape | undefined {
  if (typeof shape !== "object" || shape === null || isList(shape) || shape instanceof Matcher) return undefined;
  return shape[key];
}

function listAt(shape: Shape, key: string): readonly Shape[] {
  const found = at(shape, key);
  return isList(found) ? found : [];
}

function isList(shape: Shape | undefined): shape is readonly Shape[] {
  return Array.isArray(shape);
}

function text(shape: Shape | undefined): string {
  return shape instanceof Matcher ? shape.expects : String(shape ?? "");
}

const SQL = join(import.meta.dirname, "..", "..", "apps", "database-users.sql");

const HEAD = `# What an attacker in a pod can do

<!-- Written by \`node docs/generate.ts engine-pod\`; a test compares it. -->

Anyone who runs code in the engine's container has everything that its pod has: the mounted files, its role in AWS, its database
user, and the flows that its network policy leaves open. This page is computed from what the policies declare
([policies/declared/](../policies/declared/)), which is all that a deployment may create. Anything else is refused before it
exists, as D09 or D10.

The page assumes the worst: the pod holds its role's credentials, although the add-on reads the secrets for it, and the attacker
reads and changes every file that the pod may. \`{any}\` stands for a string that AWS generates. For keys, it stands only for the
stack's key for secrets, because the role's policy may contain no other key's ARN.
`;

const CHECKED = `## How it is checked

| what | by |
| --- | --- |
| this page matches the declarations | \`test/policies/declared/pod-reach.test.ts\` |
| in the simulated account, its role reads these secrets and no others | \`test/rehearsal/aws/secret-access.test.ts\` |
| of all PostgreSQL privileges, its database user has these and no others; it cannot alter, drop or truncate a table, or create a role | \`test/engine/database-users.test.ts\` |
| its service account may do nothing in a Kubernetes control plane with the charts' objects | \`test/engine/object-proof.test.ts\` |
| its network policies leave these flows open, and no others | \`test/charts/network-policies.test.ts\` |
`;

/** docs/engine-pod.md: what each pod can read, write and reach. */
export function podsPage(): string {
  const rights = databaseRights(readFileSync(SQL, "utf8"));
  const [engine, ...others] = podReaches().map((pod) => section(pod, rights));
  return [HEAD, engine, CHECKED, "## The other pods\n", ...others].join("\n");
}

function section(pod: PodReach, rights: Readonly<Record<string, DatabaseRights>>): string {
  const name = `${pod.serviceAccount}, in ${pod.namespace}`;
  const heading = pod.serviceAccount === "engine" ? `## ${name}` : `### ${name}`;
  const rows = [
    ...awsRows(pod),
    ...databaseRows(pod, rights),
    ["Redis", pod.hasCache ? "every key" : nothing, pod.hasCache ? "every key, by the one AUTH token" : nothing],
    ["Kubernetes", kubernetes(pod), nothing],
    [
      "its own files",
      "its image, and what is mounted",
      pod.writable.map((path) => `\`${path}\``).join(", ") || nothing,
    ],
  ];
  const lines = rows.map((row) => `| ${row.join(" | ")} |`);
  return [
    `${heading}\n`,
    "| where | reads | writes |\n| --- | --- | --- |",
    ...lines,
    "",
    `- reaches: ${listed(pod.egress)}`,
    `- is reached by: ${listed(pod.ingress)}`,
    "",
  ].join("\n");
}

const nothing = "nothing";
const listed = (flows: readonly string[]) => (flows.length === 0 ? nothing : flows.join("; "));

/** Actions that only read; whatever is not among them is taken for one that writes. */
const READS = /^(secretsmanager:(GetSecretValue|DescribeSecret)|kms:Decrypt)$/;

function awsRows({ grants }: PodReach): string[][] {
  if (grants.length === 0) return [["AWS", "nothing: it has no role", nothing]];
  return grants.flatMap(({ actions, resources = [] }) =>
    resources.map((resource) => {
      const [reads, writes] = [true, false].map((isRead) => actions.filter((action) => READS.test(action) === isRead));
      return [`AWS, \`${resource}\``, reads?.join(", ") || nothing, writes?.join(", ") || nothing];
    }),
  );
}

function databaseRows({ databaseRoles }: PodReach, rights: Readonly<Record<string, DatabaseRights>>): string[][] {
  if (databaseRoles.length === 0) return [["PostgreSQL", "nothing: it has no user", nothing]];
  return databaseRoles.map((role) => {
    const own = rights[role];
    if (role === "the master user") return [`PostgreSQL, as ${role}`, "everything", "everything, users too"];
    if (own === undefined)
      return [`PostgreSQL, as ${role}`, "every row", "every row and object of the schema; no users"];
    return [`PostgreSQL, as ${role}`, privileges(own, READING), privileges(own, WRITING)];
  });
}

const READING = /^(CONNECT|USAGE|SELECT)$/;
const WRITING = /^(?!CONNECT$|USAGE$|SELECT$)/;

function privileges(rights: DatabaseRights, kind: RegExp): string {
  const texts = Object.entries(rights).flatMap(([on, all]) => {
    const some = all.filter((privilege) => kind.test(privilege));
    return some.length === 0 ? [] : [`${some.join(", ")} on ${on}`];
  });
  return texts.join("; ") || nothing;
}

function kubernetes({ hasToken, clusterRules }: PodReach): string {
  const token = hasToken ? "a token is mounted" : "no token is mounted";
  return clusterRules === 0
    ? `nothing: ${token}, and no role or binding is declared`
    : `what ${clusterRules} declared roles and bindings give: ${token}`;
}
