import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { PHASES, type Phase, VERDICTS } from "../gates/gate.ts";
import { RUNBOOK_OBJECTIVES } from "../gates/objective.ts";
import { FACTS, type Facts, RULES, type Rule } from "../gates/tree.ts";
import { policies, subjectOf } from "../policies/all.ts";
import { auditControls, type Control, ownControls } from "../policies/controls/table.ts";
import { MAX_DAYS } from "../policies/judging/approvals.ts";
import { NEVER_EXEMPT } from "../policies/judging/session.ts";
import { exitCodesText } from "../runbook/command.ts";
import { type Check, GROUPS } from "../runbook/preflight/check.ts";
import { CHECKLIST } from "../runbook/preflight/checklist.ts";
import { ALLOWED_EXAMPLES, STATEMENT_RULES, type StatementRule } from "../runbook/preflight/migration-rules.ts";
import { ReleaseObjectives } from "../runbook/verify/checks/objectives.ts";
import { successTable, verifications } from "../runbook/verify/verify.ts";
import { EXIT } from "../shared/deploy-error.ts";

/** docs/preflight.md, from the checks before a deployment; the same checks always give the same text. */
export function checklistPage(): string {
  return [
    "# Before a deployment: preflight",
    "",
    "Generated from the checks in `runbook/preflight` by `node docs/generate.ts preflight`; a",
    "test keeps it current.",
    "",
    "`npx sparki preflight` runs the runbook's checklist and changes nothing. The checks run in parallel, so the whole list takes",
    "as long as its slowest check. Each check ends in one of four ways:",
    "",
    "- **pass**: it holds;",
    "- **warn**: it holds, but needs attention soon;",
    `- **fail**: it does not hold, or could not be checked; the line says how to fix it, and the command exits with ${EXIT.refused.code};`,
    "- **skipped**: there is nothing to check yet (for example, before a first deployment), or no way to check it; the reason says which.",
    "",
    "With `--phase` it checks one step of [bootstrap.md](bootstrap.md) instead: what the step must have left behind in the",
    "account, its states or GitHub. There, what cannot be checked is unknown and counts as not done.",
    "",
    ...GROUPS.flatMap(groupSection),
    ...CREDENTIALS,
    "## Migrations",
    "",
    "While migrations run, the previous release is still serving. So a migration may only add to the schema. Removals wait for",
    "a later release, in a migration with a line of its own that says so: `-- contract: level 3` (only code of schema level 3 or",
    "later runs afterwards). Such a contraction is due once the live release has that level and `sparki:release.schema.oldest`",
    "says it too. A table that is created in the same run, without `IF NOT EXISTS`, may be changed in any way: nothing uses it yet.",
    "",
    "Whatever refuses what live code may write is a contraction too, such as a CHECK, a foreign key or a unique index, with",
    "`NOT VALID` as well; so is a default of a column that live code may leave out. A level stands for code: where one release",
    "must write otherwise before the next may contract, give it a level of its own by a migration that holds only a comment.",
    "What only widens may run: an ENUM's value, `DROP NOT NULL`, a CHECK that is dropped. The release that is live must be able",
    "to read it before the next one writes it.",
    "",
    "PostgreSQL's own parser reads the statements. Statements on the list of allowed ones may run under traffic; all others are",
    "refused. A lock is held until its transaction ends. So after a lock, the same file may hold no statement whose duration grows",
    "with the number of rows, and a file that holds AccessExclusiveLock on one table may not wait for another.",
    "",
    "### What the application's runner does",
    "",
    "- It runs each file once, in the order of the names, in one transaction, with a `lock_timeout` of 3 s. A file that does not",
    "  get its lock is rolled back and retried, five times in all.",
    "- A file whose only statement is `CREATE INDEX`, `DROP INDEX` or `REINDEX ... CONCURRENTLY` runs outside a transaction. It",
    "  waits as long as it must, because it blocks neither reads nor writes. An invalid index of that name is dropped first, if an",
    "  interrupted run left one, and dropped again if the statement fails: an invalid unique index still refuses rows.",
    "- No other statement that PostgreSQL refuses inside a transaction can run.",
    "",
    "### Allowed",
    "",
    "| allowed | because |",
    "| --- | --- |",
    ...ALLOWED_EXAMPLES.map(({ statement, because }) => `| \`${statement}\` | ${because} |`),
    "",
    "Also allowed: comments, sequences, types, functions under a new name, `ANALYZE`, `GRANT`, `INSERT`, `SELECT`, and the",
    "extensions of PostgreSQL's own distribution that only add types and functions, and need no superuser. A foreign key to a",
    "table of live code is a warning, if it has neither ON DELETE CASCADE, SET NULL nor SET DEFAULT: rows of the new release",
    "then keep live code from deleting what they refer to, and after a rollback too.",
    "",
    "### Refused",
    "",
    "Of these, only statements of the kind `breaking` may run, and only in a contraction that is due.",
    "",
    "| refused | kind | because it | lock | instead |",
    "| --- | --- | --- | --- | --- |",
    ...Object.values<StatementRule>(STATEMENT_RULES).map(
      ({ example, kind, what, lock = "", instead }) => `| \`${example}\` | ${kind} | ${what} | ${lock} | ${instead} |`,
    ),
    "",
  ].join("\n");
}

function groupSection(group: Check["group"]): string[] {
  const own = CHECKLIST.filter((check) => check.group === group);
  const rows = own.map(
    ({ id, title, proves, timeLimitSeconds }) => `| ${title} | \`${id}\` | ${proves} | ${timeLimitSeconds} s |`,
  );
  return [`## ${group}`, "", "| check | id | passes when | time limit |", "| --- | --- | --- | --- |", ...rows, ""];
}

const CREDENTIALS = [
  "## What it may use",
  "",
  "The checks query AWS through the provider's own functions, with the credentials that the AWS command line would use, and the",
  "cluster with a token from those credentials. Everything else comes from the stack's config and the environment:",
  "",
  "| what | for |",
  "| --- | --- |",
  "| `--on-call-confirmed`, `--window-announced` | what only a person can confirm; prompted for on a terminal, recorded in the result |",
  "| `SPARKI_REGISTRY_TOKEN` | private images: a token, or `user:token` |",
  "| `GITHUB_TOKEN` | the commit, if no clone of the application has it, and its CI status |",
  "| `SPARKI_SLACK_TOKEN` or `SPARKI_SLACK_WEBHOOK` | Slack; otherwise the config's secrets `sparki:slackToken`, `sparki:slackWebhook` |",
  "| `SPARKI_STORM_TOKEN` | Storm's services, as a bearer token |",
  "| `sparki:storm.*Url` | Storm's eight services; a service without an address is skipped |",
  "| `sparki:preflight.repository`, `.checkout` | the application's repository on GitHub, and a clone of it |",
  "| `sparki:preflight.migrations` | the folder of the engine's migrations |",
  "| `sparki:preflight.featureFlags` | the file of feature flags |",
  '| `sparki:preflight.restoreTest` | `{ "on": DAY, by, snapshot }`: the last snapshot that was restored and read; `npx sparki drill restore` writes it, with `upgrade: { to, "on": DAY, outageSeconds }` after `--upgrade-to` |',
  "| `sparki:preflight.cacheRestoreTest` | the same of the cache; `npx sparki drill restore cache` writes it |",
  "| `sparki:preflight.imageSignatureKey` | cosign's public key, PEM; without it signatures are not checked |",
  "",
  "Secret values are read only to compare the names of their keys, and are not passed on.",
  "",
];

/** docs/verify.md, from the checks of a live release; the same checks always give the same text. */
export function verifyPage(): string {
  const pace = { deadlineSeconds: 0, sourceRetrySeconds: 0 };
  const checks = verifications(new ReleaseObjectives({ config: { objectives: [...RUNBOOK_OBJECTIVES] }, pace }));
  return [
    "# Once a release is live: verify",
    "",
    "Generated from the checks in `runbook/verify` by `node docs/generate.ts verify`; a test keeps it",
    "current.",
    "",
    "`npx sparki verify` checks the release that the promotion record names. `sparki deploy` does the same as soon as a",
    "release is promoted. The checks run in parallel, and each ends in one of four ways:",
    "",
    "- **pass**: it holds;",
    "- **warn**: it is not proven: too little data, or it could not be checked;",
    "- **fail**: the release is unhealthy; the command says what to run next;",
    "- **skipped**: there is nothing to check yet, such as an error budget before the first user.",
    "",
    exitCodesText({ done: "verified", refused: "something failed", held: "something is not proven" }),
    "",
    "| check | id | passes when |",
    "| --- | --- | --- |",
    ...checks.map(({ id, title, proves }) => `| ${title} | \`${id}\` | ${proves} |`),
    "",
    ...FIGURES,
    "## The success table",
    "",
    "`verify` and `deploy` end with the runbook's success table; `--json` has it as `success`:",
    "",
    "| metric | threshold |",
    "| --- | --- |",
    ...successTable([], RUNBOOK_OBJECTIVES).map(({ metric, threshold }) => `| ${metric} | ${threshold} |`),
    "",
  ].join("\n");
}

const FIGURES = [
  "## What the figures are based on",
  "",
  "The objectives come from the config. They are judged as in the gates, by bounds that hold at every check, on all requests that",
  "the release's pods counted in the last 30 minutes: users' requests and, right after a deployment, the gates' own. The reason says",
  "how many were users'.",
  "",
  "If that proves nothing, `verify` makes requests through the domain until it does, for at most the gate's deadline. It counts them",
  "by the answers that it gets, because no pod counts what the load balancer answers itself. Without requests, nothing passes.",
  "",
  "Burn rates and the error budget cover only users' requests, whichever release answered them.",
  "",
  "The test project is called `sparki-verify`. It is removed afterwards. If the application cannot remove projects, the next run",
  "uses it again.",
  "",
  "## When the release is unhealthy",
  "",
  "After a promotion, a release that is not verified gets five minutes, and is then verified again:",
  "",
  "- If more than 1 % of requests have failed for five minutes, the previous release is restored.",
  "- If anything else is still wrong, a person is paged; the release stays live.",
  `- If something is merely not proven, the release is held: exit ${EXIT.held.code}, and nothing more is changed.`,
  "",
  "[decision-tree.md](decision-tree.md) has every case, under `promoted`.",
  "",
];

const sectionSchema = z.strictObject({
  section: z.string().min(1),
  /** How many lines the manual runbook has there. */
  count: z.int().min(1),
  lines: z.array(z.strictObject({ line: z.string().min(1), doneBy: z.array(z.string().includes(":")).min(1) })).min(1),
});

type RunbookSection = z.infer<typeof sectionSchema>;

/** What a reference of each kind names, and the file that its name is in. */
const REFERENCE_KINDS: Readonly<Record<string, { readonly means: string; readonly file?: (name: string) => string }>> =
  {
    command: { means: "a command, `npx sparki NAME`, with its option where one is named" },
    preflight: { means: "a check of `sparki preflight` ([preflight.md](preflight.md))" },
    verify: { means: "a check of `sparki verify`, which `sparki deploy` runs at its end ([verify.md](verify.md))" },
    diagnose: { means: "an examination of `sparki diagnose` ([diagnose.md](diagnose.md))" },
    watch: { means: "a part of the schedule of `sparki watch` ([watch.md](watch.md))" },
    watched: { means: "what each check of `sparki watch` examines, besides requests" },
    gate: {
      means: "a gate of the deployment ([gates.md](gates.md))",
      file: (name) => `../gates/live/${name}-gate.ts`,
    },
    objective: { means: "an objective that gates, alerts and dashboards share" },
    tree: { means: "a rule of the decision tree: phase, verdict, action ([decision-tree.md](decision-tree.md))" },
    control: { means: "a control that a policy enforces ([controls.md](controls.md))" },
    policy: { means: "a policy", file: (name) => `../policies/${subjectOf(name)}.ts` },
    infra: { means: "a part of the program's infrastructure", file: (name) => `../infra/${name}.ts` },
    apps: { means: "a part of the program's deployment", file: (name) => `../apps/${name}.ts` },
    chart: { means: "a file of a Helm chart", file: (name) => `../apps/charts/${name}` },
    output: { means: "an output of the stack" },
    script: { means: "an npm script" },
    notify: { means: "a message to Slack, with the field where one is named" },
    alert: { means: "an alert ([alerts.md](alerts.md))", file: (name) => `alerts.md#${name.toLowerCase()}` },
    panel: { means: "a panel of a dashboard" },
    success: { means: "a row of the success table at the end of `sparki verify`" },
    contact: { means: "a contact in the config's `sparki:contacts`" },
    page: { means: "a page", file: (name) => (name.startsWith("docs/") ? name.slice("docs/".length) : `../${name}`) },
  };

/** Every line of the manual runbook with what does it now; throws when a line names nothing. */
export function runbookSections(): RunbookSection[] {
  return z.array(sectionSchema).parse(parse(readFileSync(join(import.meta.dirname, "runbook-lines.yaml"), "utf8")));
}

/** docs/runbook.md; throws for a reference of a kind that nobody knows. */
export function runbookPage(sections: readonly RunbookSection[]): string {
  const total = sections.reduce((sum, { lines }) => sum + lines.length, 0);
  const used = new Set(sections.flatMap(({ lines }) => lines.flatMap(({ doneBy }) => doneBy.map(referenceKind))));
  const legend = Object.entries(REFERENCE_KINDS).filter(([kind]) => used.has(kind));
  return [
    "# The runbook, line by line",
    "",
    "<!-- Written by `node docs/generate.ts runbook` from docs/runbook-lines.yaml; a test compares it, and resolves every reference. -->",
    "",
    `Deployments were once done by hand, by a runbook of ${total} lines. Each of them is below, with the command, check, gate,`,
    "resource or page that does it now.",
    "",
    "| reference | names |",
    "| --- | --- |",
    ...legend.map(([kind, { means }]) => `| \`${kind}:\` | ${means} |`),
    "",
    ...sections.flatMap(sectionLines),
  ].join("\n");
}

function sectionLines({ section, lines }: RunbookSection): string[] {
  const rows = lines.map(({ line, doneBy }) => `| ${line} | ${doneBy.map(reference).join(", ")} |`);
  return [`## ${section}`, "", "| line | done by |", "| --- | --- |", ...rows, ""];
}

function reference(text: string): string {
  const kind = REFERENCE_KINDS[referenceKind(text)];
  if (kind === undefined) throw new Error(`${text}: unknown kind of reference`);
  const file = kind.file?.(referenceName(text));
  return file === undefined ? `\`${text}\`` : `[\`${text}\`](${file})`;
}

/** What stands before a reference's first colon. */
export function referenceKind(text: string): string {
  return text.slice(0, text.indexOf(":"));
}

/** What stands after it. */
export function referenceName(text: string): string {
  return text.slice(text.indexOf(":") + 1);
}

const PHASE_WORDS: Readonly<Record<Phase, string>> = {
  preflight: "Checks before anything is changed",
  infrastructure: "The account's resources are created",
  database: "Migrations and seed data",
  "one-box": "One pod of the new release next to the old fleet",
  fleet: "The new release everywhere, not yet recorded as live",
  cutover: "Names point to the new release",
  promoted: "The release is live and watched",
  rollback: "The rollback to the last verified release, and its proof",
};

const FACT_WORDS: Readonly<Record<keyof Facts, readonly [yes: string, no: string]>> = {
  timeLeft: ["before the deadline", "after the deadline"],
  canRollBack: ["a verified release to roll back to", "no release to roll back to"],
  hasState: ["a database or cache exists", "nothing holds data"],
  destroyRequested: ["destruction requested", "no destruction requested"],
  rollbackTried: ["already rolled back once", "not rolled back yet"],
  settling: ["in the first 5 minutes", "after the first 5 minutes"],
  highErrors: ["over 1 % failing", "at most 1 % failing"],
  sustained: ["for 5 minutes", "for less than 5 minutes"],
};

/** The page as Markdown with a Mermaid picture; the same rules always give the same text. */
export function treePage(): string {
  return [
    "# What happens next: the decision tree",
    "",
    "Generated from the rules in `gates/tree.ts` by `node docs/generate.ts decision-tree`; a test keeps it current.",
    "",
    "In every state exactly one rule holds. A phase's verdict is the worst of its checks: `fail` (proven bad),",
    "`error` (could not check), `inconclusive` (not proven yet) or `pass` (proven good).",
    "",
    "```mermaid",
    ...picture(),
    "```",
    ...PHASES.flatMap(phaseSection),
    "",
  ].join("\n");
}

function phaseSection(phase: Phase): string[] {
  const rows = VERDICTS.flatMap((verdict) =>
    rulesOf(phase)
      .filter((rule) => rule.verdicts.includes(verdict))
      .map((rule) => `| ${verdict} | ${conditions(rule)} | ${actionOf(rule)} | ${rule.reason} |`),
  );
  return [
    "",
    `## ${phase}`,
    `${PHASE_WORDS[phase]}.`,
    "",
    "| verdict | when | then | because |",
    "|---|---|---|---|",
    ...rows,
  ];
}

function rulesOf(phase: Phase): Rule[] {
  return RULES.filter((rule) => rule.phases.includes(phase));
}

function conditions({ when }: Rule): string {
  const words = FACTS.flatMap((fact) => (when[fact] === undefined ? [] : [FACT_WORDS[fact][when[fact] ? 0 : 1]]));
  return words.join(", ") || "always";
}

function actionOf({ action, page }: Rule): string {
  return page ? `**${action}**, page` : `**${action}**`;
}

function picture(): string[] {
  const edges = PHASES.flatMap((phase, index) => edgesOf(phase, PHASES[index + 1]));
  return ["flowchart TD", ...PHASES.map((phase) => `  ${nodeOf(phase)}["${phase}"]`), ...ENDS, ...edges];
}

const ENDS = [
  '  hold(["hold: nothing more is changed"])',
  '  stop(["stop"])',
  '  destroy(["destroy what was created"])',
  '  escalate(["escalate: page a person"])',
  '  done(["watched to the end"])',
];

function nodeOf(phase: Phase): string {
  return `p_${phase.replace("-", "_")}`;
}

/** One edge per target, with all verdicts that lead there; waiting leads back to the same phase and is left out. */
function edgesOf(phase: Phase, next: Phase | undefined): string[] {
  const verdicts = new Map<string, Set<string>>();
  for (const rule of rulesOf(phase).filter(({ action }) => action !== "wait")) {
    const target = targetOf(rule, phase, next);
    verdicts.set(target, new Set([...(verdicts.get(target) ?? []), ...rule.verdicts]));
  }
  return [...verdicts].map(([target, from]) => {
    const label = VERDICTS.filter((verdict) => from.has(verdict)).join(", ");
    return `  ${nodeOf(phase)} -->|${label}| ${target}`;
  });
}

function targetOf({ action }: Rule, phase: Phase, next: Phase | undefined): string {
  if (action === "rollback") return nodeOf("rollback");
  if (action !== "proceed") return action;
  return phase === "promoted" || next === undefined ? "done" : nodeOf(next);
}

const CONTROLS_HEAD = `# Controls

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

const CONTROLS_CONFIG = `## Exemptions, relaxations, approvals

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
  const audit = `## The audit's\n\n${controlsTable(auditControls)}`;
  const own = `## This deployment's own\n\n${controlsTable(ownControls)}`;
  return [CONTROLS_HEAD, audit, own, CONTROLS_CONFIG, may].join("\n");
}

function controlsTable(controls: readonly Control[]): string {
  const rows = controls.map((control) => controlCells(control).join(" | "));
  const lines = ["# | demands | known as | met in | enforced by | also", "--- | --- | --- | --- | --- | ---", ...rows];
  return `${lines.map((line) => `| ${line} |`).join("\n")}\n`;
}

function controlCells({ id, title, ids, metBy, notApplicable, alsoCheckedBy }: Control): string[] {
  const enforcing = policies.filter((policy) => policy.control === id);
  const links = enforcing.map(({ name }) => `[${name}](../policies/${subjectOf(name)}.ts)`).join(", ");
  const also = notApplicable === undefined ? (alsoCheckedBy ?? "") : `not applicable: ${notApplicable}`;
  const where = notApplicable === undefined ? `[${metBy}](../${metBy})` : "";
  return [id, title, ids.join(", "), where, links, also];
}
