import { createHash } from "node:crypto";
import { SERVICE_NAMES, type ServiceName } from "../../stacks/services.ts";
import { CHARTS, type DeclaredObject } from "./charts.ts";
import type { Grant } from "./iam-shapes.ts";
import { grantsOfPods } from "./identities.ts";
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
