import { RUNBOOK_OBJECTIVES } from "../gates/objective.ts";
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
    ...GROUPS.flatMap(section),
    ...CREDENTIALS,
    "## Migrations",
    "",
    "While migrations run, the previous release is still serving. So a migration may only add to the schema. Removals wait for",
    "a later release, in a migration with a line of its own that says so: `-- contract: level 3` (only code of schema level 3 or",
    "later runs afterwards). Such a contraction is due once the live release has that level and `sparki:release.schema.oldest`",
    "says it too. A table that is created in the same run, without `IF NOT EXISTS`, may be changed in any way: nothing uses it yet.",
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
    "  waits as long as it must, because it blocks neither reads nor writes. If an interrupted run left an invalid index of that",
    "  name, that index is dropped first.",
    "- No other statement that PostgreSQL refuses inside a transaction can run.",
    "",
    "### Allowed",
    "",
    "| allowed | because |",
    "| --- | --- |",
    ...ALLOWED_EXAMPLES.map(({ statement, because }) => `| \`${statement}\` | ${because} |`),
    "",
    "Also allowed: comments, sequences, types, functions under a new name, `ANALYZE`, `GRANT`, `INSERT`, `SELECT`, and the",
    "extensions of PostgreSQL's own distribution that only add types and functions.",
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

function section(group: Check["group"]): string[] {
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
