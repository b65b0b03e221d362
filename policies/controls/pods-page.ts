import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type DatabaseRights, databaseRights, type PodReach, podReaches } from "../declared/pod-reach.ts";

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
