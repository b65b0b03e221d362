/** The page of what is verified, generated from the checks: `node runbook/verify/verify-page.ts > docs/verify.md`. */

import { RUNBOOK_OBJECTIVES } from "../../gates/objective.ts";
import { EXIT } from "../../shared/deploy-error.ts";
import { exitCodesText } from "../command.ts";
import { ReleaseObjectives } from "./checks/objectives.ts";
import { successTable, verifications } from "./verify.ts";

/** The page as Markdown; the same checks always give the same text. */
export function verifyPage(): string {
  const pace = { deadlineSeconds: 0, sourceRetrySeconds: 0 };
  const checks = verifications(new ReleaseObjectives({ config: { objectives: [...RUNBOOK_OBJECTIVES] }, pace }));
  return [
    "# Once a release is live: verify",
    "",
    "Generated from the checks in `runbook/verify` by `node runbook/verify/verify-page.ts > docs/verify.md`; a test keeps it",
    "current.",
    "",
    "`npx sparki verify` checks the release that the promotion record names. `sparki deploy` does the same as soon as a",
    "release is promoted. The checks run side by side, and each ends in one of four ways:",
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
    ...KNOWLEDGE,
    "## The success table",
    "",
    "The runbook's, at the end of `verify` and `deploy`, and as `success` in `--json`:",
    "",
    "| metric | threshold |",
    "| --- | --- |",
    ...successTable([], RUNBOOK_OBJECTIVES).map(({ metric, threshold }) => `| ${metric} | ${threshold} |`),
    "",
  ].join("\n");
}

const KNOWLEDGE = [
  "## What the figures are based on",
  "",
  "The objectives are the config's. They are judged as the gates judge them, by bounds that hold at every check, on all",
  "requests that the release's pods counted in the last 30 minutes: users', and the gates' own right after a deployment. The",
  "reason says how many were users'. Where that proves nothing, `verify` makes requests through the domain until it does, at",
  "most for the gate's deadline, and counts them as they were answered there: what the load balancer answers itself, no",
  "pod counts. Without requests nothing passes.",
  "",
  "Burn rates and the error budget are about users only, whichever release answered them.",
  "",
  "The test project is called `sparki-verify`. It is removed afterwards; where the application cannot remove projects, the",
  "next time uses it again.",
  "",
  "## When it is not well",
  "",
  "After a promotion, a release that is not verified gets five minutes, and is verified again. If more than 1 % of requests",
  "have failed for five minutes, the previous release is restored. Anything else that is still wrong pages a person; the release",
  `stays live. What is merely not proven is held: exit ${EXIT.held.code}, nothing more is changed. [decision-tree.md](decision-tree.md) has every`,
  "case, under `promoted`.",
  "",
];

if (process.argv[1] === import.meta.filename) process.stdout.write(verifyPage());
