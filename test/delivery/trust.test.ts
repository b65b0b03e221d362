import { existsSync } from "node:fs";
import { join } from "node:path";
import { allows, documentFaults } from "../../aws/policy-document.ts";
import { trustsOf } from "../../delivery/documents.ts";
import { places } from "../../delivery/places.ts";

const REPOSITORY = "alexarno/sparki-deploy";
const trusts = trustsOf({ stack: "prod", accountId: "111122223333" }, REPOSITORY);
const deploying = JSON.stringify(trusts["deploying-role-trust.prod.json"]);
const planning = JSON.stringify(trusts["planning-role-trust.prod.json"]);

/** What GitHub says of a job in the token that it signs. */
interface Claims {
  readonly sub: string;
  readonly aud?: string;
  readonly ref?: string;
  readonly workflow?: string;
}

const MAIN = "refs/heads/main";
const workflow = (file: string, ref = MAIN) => `${REPOSITORY}/.github/workflows/${file}@${ref}`;
const ISSUER = "token.actions.githubusercontent.com";

function trusted(
  document: string,
  { sub, aud = "sts.amazonaws.com", ref = MAIN, workflow: from = "" }: Claims,
): boolean {
  const claims = { sub, aud, ref, job_workflow_ref: from };
  const context = Object.fromEntries(Object.entries(claims).map(([claim, value]) => [`${ISSUER}:${claim}`, value]));
  const principal = `arn:aws:iam::111122223333:oidc-provider/${ISSUER}`;
  return allows(document, { action: "sts:AssumeRoleWithWebIdentity", principal, context });
}

const production = `repo:${REPOSITORY}:environment:production`;
const pullRequest = `repo:${REPOSITORY}:pull_request`;
const onMain = `repo:${REPOSITORY}:ref:${MAIN}`;

describe("trustsOf", () => {
  it.each<[boolean, string, Claims]>([
    [true, "the deployment in the environment", { sub: production, workflow: workflow("deploy-stack.yml") }],
    [true, "the rollback in the environment", { sub: production, workflow: workflow("rollback.yml") }],
    [
      false,
      "another stack's environment",
      { sub: `repo:${REPOSITORY}:environment:staging`, workflow: workflow("deploy-stack.yml") },
    ],
    [false, "another branch", { sub: production, ref: "refs/heads/x", workflow: workflow("deploy-stack.yml") }],
    [false, "another workflow", { sub: production, workflow: workflow("other.yml") }],
    [
      false,
      "the workflow as a branch has changed it",
      { sub: production, workflow: workflow("rollback.yml", "refs/heads/x") },
    ],
    [false, "a pull request", { sub: pullRequest, workflow: workflow("pull-request.yml", "refs/pull/1/merge") }],
    [false, "the main branch without the environment", { sub: onMain, workflow: workflow("deploy-stack.yml") }],
    [
      false,
      "another repository",
      { sub: "repo:somebody/else:environment:production", workflow: workflow("deploy-stack.yml") },
    ],
    [false, "a token for another audience", { sub: production, aud: "x", workflow: workflow("deploy-stack.yml") }],
  ])("says %s whether the role that deploys is for %s", (expected, _, claims) => {
    expect(trusted(deploying, claims)).toBe(expected);
  });

  it.each<[boolean, string, Claims]>([
    [true, "a pull request", { sub: pullRequest }],
    [true, "the main branch", { sub: onMain }],
    [false, "another branch", { sub: `repo:${REPOSITORY}:ref:refs/heads/x` }],
    [false, "the environment", { sub: production }],
    [false, "another repository's pull request", { sub: "repo:somebody/else:pull_request" }],
  ])("says %s whether the role that plans is for %s", (expected, _, claims) => {
    expect(trusted(planning, claims)).toBe(expected);
  });

  it("is such as IAM takes, and names workflows that exist", () => {
    for (const document of [deploying, planning]) expect(documentFaults(document, "trust")).toEqual([]);
    const named = [...deploying.matchAll(/\/(\.github\/workflows\/[\w.-]+)@/g)].map(([, path = ""]) => path);
    expect(named.length).toBe(2);
    for (const path of named) expect(existsSync(join(import.meta.dirname, "..", "..", path))).toBe(true);
  });

  it("takes the repository from the stacks' configs", () => {
    expect(new Set(places().map(({ repository }) => repository))).toEqual(new Set([REPOSITORY]));
  });
});
