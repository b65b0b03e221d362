/** The checklist's page in docs, generated from its checks: `node runbook/preflight/checklist-page.ts > docs/preflight.md`. */
import { EXIT } from "../../shared/deploy-error.ts";
import { type Check, GROUPS } from "./check.ts";
import { CHECKLIST } from "./checklist.ts";
import { ALLOWED_EXAMPLES, STATEMENT_RULES, type StatementRule } from "./migration-rules.ts";

/** The page as Markdown; the same checks always give the same text. */
export function checklistPage(): string {
  return [
    "# Before a deployment: preflight",
    "",
    "Generated from the checks in `runbook/preflight` by `node runbook/preflight/checklist-page.ts > docs/preflight.md`; a",
    "test keeps it current.",
    "",
    "`npx sparki preflight` goes through the runbook's checklist and changes nothing. The checks run side by side, so all of",
    "it takes as long as the slowest one. Each ends in one of four ways:",
    "",
    "- **pass**: it holds;",
    "- **warn**: it holds, but someone should look at it soon;",
    `- **fail**: it does not hold, or could not be checked; the line says how to fix it, and the command exits with ${EXIT.refused.code};`,
    "- **skipped**: there is nothing to check yet (as before a first deployment), or no way to check it; the reason says which.",
    "",
    ...GROUPS.flatMap(section),
    ...KNOWLEDGE,
    "## Migrations",
    "",
    "While migrations run, the previous release is still serving. So a migration may only add, and what is removed goes in a",
    "later release, in a migration that says so on its own line: `-- contract: level 3` (only code of schema level 3 or",
    "later runs afterwards). It is due once the live release is of that level and `sparki:release.schema.oldest` says it too.",
    "A table that is created in the same run, without `IF NOT EXISTS`, may be changed in any way: nothing uses it yet.",
    "",
    "The statements are read by PostgreSQL's own parser. What is on the list of allowed statements may run under traffic; what is",
    "not on it is refused, whatever it is. A lock stays until its transaction ends, so nothing that takes longer the more",
    "rows there are may follow one in the same file, and a file that holds AccessExclusiveLock on one table may not wait for",
    "another.",
    "",
    "### What the application's runner does",
    "",
    "- It runs each file once, in the order of the names, in one transaction, with a `lock_timeout` of 3 s; a file that did",
    "  not get its lock is rolled back and tried again, five times in all.",
    "- A file whose only statement is `CREATE INDEX`, `DROP INDEX` or `REINDEX ... CONCURRENTLY` runs outside of a",
    "  transaction and waits as long as it must, because it blocks neither reads nor writes. An index of that name which an",
    "  interrupted run left invalid is dropped first.",
    "- No other statement that PostgreSQL refuses inside a transaction can run.",
    "",
    "### Allowed",
    "",
    "| allowed | because |",
    "| --- | --- |",
    ...ALLOWED_EXAMPLES.map(({ statement, because }) => `| \`${statement}\` | ${because} |`),
    "",
    "Further: comments, sequences, types, functions under a new name, `ANALYZE`, `GRANT`, `INSERT`, `SELECT`, and the",
    "extensions of PostgreSQL's own distribution that only add types and functions.",
    "",
    "### Refused",
    "",
    "Only what is called breaking here may run in a contraction that is due.",
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

const KNOWLEDGE = [
  "## What it may use",
  "",
  "AWS is queried through the provider's own functions, with the credentials that the AWS command line would use; the cluster",
  "with a token from those. The rest comes from the stack's config and from the environment:",
  "",
  "| what | for |",
  "| --- | --- |",
  "| `--on-call-confirmed`, `--window-announced` | what only a person can confirm; asked for on a terminal, kept in the result |",
  "| `SPARKI_REGISTRY_TOKEN` | private images: a token, or `user:token` |",
  "| `GITHUB_TOKEN` | the commit and its CI, where no clone of the application knows it |",
  "| `SPARKI_SLACK_TOKEN` or `SPARKI_SLACK_WEBHOOK` | Slack; else the config's secrets `sparki:slackToken`, `sparki:slackWebhook` |",
  "| `SPARKI_STORM_TOKEN` | Storm's services, as a bearer token |",
  "| `sparki:storm.*Url` | Storm's eight services; one without an address is skipped |",
  "| `sparki:preflight.repository`, `.checkout` | the application's repository on GitHub, and a clone of it |",
  "| `sparki:preflight.migrations` | the folder of the engine's migrations |",
  "| `sparki:preflight.featureFlags` | the file of feature flags |",
  '| `sparki:preflight.restoreTest` | `{ "on": DAY, by, snapshot }`: the last snapshot that was restored and read; `npx sparki drill restore` writes it |',
  "| `sparki:preflight.imageSignatureKey` | cosign's public key, PEM; without it signatures are not checked |",
  "",
  "Secret values are read only to compare the names of their keys, and are not passed on.",
  "",
];

if (process.argv[1] === import.meta.filename) process.stdout.write(checklistPage());
