import { policies, subjectOf } from "../all.ts";
import { MAX_DAYS } from "../judging/approvals.ts";
import { NEVER_EXEMPT } from "../judging/exemptions.ts";
import type { Control } from "./control.ts";
import { auditControls, ownControls } from "./table.ts";

const HEAD = `# Controls

<!-- Written by \`node docs/generate.ts controls\`; a test compares it. -->

What this stack is audited by: seventy controls of AWS Foundational Security Best Practices, CIS AWS, CIS EKS,
Checkov (CKV), Trivy (AVD, KSV) and the Pod Security Standards. Each is met by the program and enforced by a
CrossGuard policy, which stops a preview that breaks it before anything changes.

- \`npx sparki controls\` shows how a stack stands, from a preview of its own config, and what it costs a month.
- \`pulumi preview --policy-pack policies/pack\` judges any preview; \`policies\` works too, under a Node.js language host.
- \`node tools/mutate-policies.ts\` negates every condition of every policy and shows that a test notices.
- [engine-pod.md](engine-pod.md) says what a pod can read, write and reach that somebody has taken over.
- \`npm run audit:charts\` lets kube-score and checkov judge what the charts render; what they find and is meant to be so
  stands with its reason in [exemptions.yaml](../apps/charts/exemptions.yaml).

A value that preview cannot know is judged again once it is known: a key's ARN passes only if it comes from a key
of the stack, a document that only the update knows is judged before its resource is made, and any other unknown
value is a violation. So is what a policy cannot read. A pack that cannot start stops the deployment.
`;

const CONFIG = `## Exemptions, relaxations, approvals

Lines of the stack's config, each with its reason; a reviewer sees them, and \`sparki controls\` shows them.

\`\`\`yaml
sparki:exemptions:           # one control on some resources; \`name.property\` exempts that property only
  - { control: S32, resource: "*-instance.port", reason: the runbook names 5432, by: "@alexarno", until: "2027-06-30" }
sparki:relaxations:          # a control that may be relaxed, where sparki:production is false
  - { control: S24, reason: staging holds no customer data }
sparki:approvals:            # what holds data may be replaced or deleted, until that day
  - { resource: database-instance, action: replace, by: "@alexarno", until: "2027-01-15" }
\`\`\`

An exemption that has ended fails, and so does one, or a relaxation, that excuses nothing. An exemption or an approval
names a person, ends within ${MAX_DAYS} days, and names its resources by four letters or more: a bare \`*\` is refused. Nothing
is exempt from these: ${[...NEVER_EXEMPT].sort().join(", ")}.

An approval lets a resource be made without Pulumi's protection, by name, until that day. \`sparki plan\` and
\`sparki deploy\` also look at what would be done: a replacement or a deletion of a database, a cache, a key or a hosted
zone needs an approval of just that action. Plain \`pulumi up\` goes by the protection alone.

\`release\` in D03 is the release that made a resource. It stays when later releases leave the resource as it is, so a
new release changes no tag.
`;

/** docs/controls.md: every control, where it is met and what enforces it. */
export function controlsPage(): string {
  const relaxable = policies.filter((policy) => policy.relaxable).map(({ control }) => control);
  const may = `These may be relaxed: ${[...new Set(relaxable)].sort().join(", ")}.\n`;
  const audit = `## The audit's\n\n${tableOf(auditControls)}`;
  const own = `## This deployment's own\n\n${tableOf(ownControls)}`;
  return [HEAD, audit, own, CONFIG, may].join("\n");
}

function tableOf(controls: readonly Control[]): string {
  const rows = controls.map((control) => cells(control).join(" | "));
  const lines = ["# | demands | known as | met in | enforced by | also", "--- | --- | --- | --- | --- | ---", ...rows];
  return `${lines.map((line) => `| ${line} |`).join("\n")}\n`;
}

function cells({ id, title, ids, metBy, notApplicable, alsoCheckedBy }: Control): string[] {
  const enforcing = policies.filter((policy) => policy.control === id);
  const links = enforcing.map(({ name }) => `[${name}](../policies/${subjectOf(name)}.ts)`).join(", ");
  const also = notApplicable === undefined ? (alsoCheckedBy ?? "") : `not applicable: ${notApplicable}`;
  const where = notApplicable === undefined ? `[${metBy}](../${metBy})` : "";
  return [id, title, ids.join(", "), where, links, also];
}
