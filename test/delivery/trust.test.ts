import { existsSync } from "node:fs";
import { join } from "node:path";
import { allows, documentFaults } from "../../aws/policy-document.ts";
import { CLOUD_ISSUER, trustsOf } from "../../delivery/documents.ts";
import { places } from "../../delivery/places.ts";

const REPOSITORY = "alexarno/sparki-deploy";
const trusts = trustsOf({ stack: "prod", accountId: "111122223333" }, REPOSITORY);
const deploying = JSON.stringify(trusts["deploying-role-trust.prod.json"]);
const planning = JSON.stringify(trusts["planning-role-trust.prod.json"]);
const drilling = JSON.stringify(trusts["drilling-role-trust.prod.json"]);

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

  it.each<[boolean, string, Claims]>([
    [true, "the main branch's own drill", { sub: onMain, workflow: workflow("drill.yml") }],
    [false, "another workflow of the main branch", { sub: onMain, workflow: workflow("watch.yml") }],
    [false, "the drill as a branch has changed it", { sub: onMain, workflow: workflow("drill.yml", "refs/heads/x") }],
    [
      false,
      "the drill of another branch",
      { sub: `repo:${REPOSITORY}:ref:refs/heads/x`, workflow: workflow("drill.yml") },
    ],
    [false, "a pull request", { sub: pullRequest, workflow: workflow("drill.yml", "refs/pull/1/merge") }],
    [false, "another repository", { sub: `repo:somebody/else:ref:${MAIN}`, workflow: workflow("drill.yml") }],
  ])("says %s whether the role that drills is for %s", (expected, _, claims) => {
    expect(trusted(drilling, claims)).toBe(expected);
  });

  it("is such as IAM takes, and names workflows that exist", () => {
    for (const document of [deploying, planning, drilling]) expect(documentFaults(document, "trust")).toEqual([]);
    const named = [...(deploying + drilling).matchAll(/\/(\.github\/workflows\/[\w.-]+)@/g)].map(
      ([, path = ""]) => path,
    );
    expect(named.length).toBe(3);
    for (const path of named) expect(existsSync(join(import.meta.dirname, "..", "..", path))).toBe(true);
  });

  it("takes the repository from the stacks' configs", () => {
    expect(new Set(places().map(({ repository }) => repository))).toEqual(new Set([REPOSITORY]));
  });
});

describe("trustsOf a repository that GitHub's tokens name with numbers", () => {
  const numbered = "alexarno@1234/sparki-deploy@5678";
  const found = trustsOf({ stack: "prod", accountId: "111122223333", numbered }, REPOSITORY);
  const allowed = (role: string, sub: string, more: Readonly<Record<string, string>>) =>
    allows(JSON.stringify(found[`${role}-role-trust.prod.json`]), {
      action: "sts:AssumeRoleWithWebIdentity",
      principal: `arn:aws:iam::111122223333:oidc-provider/${ISSUER}`,
      context: Object.fromEntries(
        Object.entries({ sub, aud: "sts.amazonaws.com", ref: MAIN, ...more }).map(([claim, value]) => [
          `${ISSUER}:${claim}`,
          value,
        ]),
      ),
    });
  const roles = [
    ["deploying", "environment:production", workflow("deploy-stack.yml")],
    ["drilling", `ref:${MAIN}`, workflow("drill.yml")],
    ["planning", "pull_request", ""],
  ] as const;

  it.each(roles)("takes both forms of the %s role's subject, and of that repository alone", (role, ending, from) => {
    const own = { repository_id: "5678", job_workflow_ref: from };
    expect(allowed(role, `repo:${numbered}:${ending}`, own)).toBe(true);
    expect(allowed(role, `repo:${REPOSITORY}:${ending}`, own)).toBe(true);
    // Somebody else made a repository under a name that was given up.
    expect(allowed(role, `repo:${REPOSITORY}:${ending}`, { ...own, repository_id: "9999" })).toBe(false);
    expect(allowed(role, `repo:alexarno@1234/sparki-deploy@9999:${ending}`, { ...own, repository_id: "9999" })).toBe(
      false,
    );
    const { repository_id: _, ...unknown } = own;
    expect(allowed(role, `repo:${REPOSITORY}:${ending}`, unknown)).toBe(false);
  });

  it("is such as IAM takes", () => {
    for (const document of Object.values(found)) {
      expect(documentFaults(JSON.stringify(document), "trust")).toEqual([]);
      expect(JSON.stringify(document).length).toBeLessThan(2048);
    }
  });
});

describe("trustsOf with Pulumi Cloud", () => {
  const of = (ends: boolean) => {
    const cloud = { organization: "sparki", ends };
    const found = trustsOf({ stack: "prod", accountId: "111122223333" }, REPOSITORY, cloud);
    return {
      deploying: JSON.stringify(found["deploying-role-trust.prod.json"]),
      planning: JSON.stringify(found["planning-role-trust.prod.json"]),
    };
  };
  const deploy = (operation: string, { organization = "sparki", project = "sparki", stack = "prod" } = {}) =>
    `pulumi:deploy:org:${organization}:project:${project}:stack:${stack}:operation:${operation}:scope:write`;
  const allowed = (document: string, sub: string, aud = "sparki", account = "111122223333", issuer = CLOUD_ISSUER) =>
    allows(document, {
      action: "sts:AssumeRoleWithWebIdentity",
      principal: `arn:aws:iam::${account}:oidc-provider/${issuer}`,
      context: { [`${issuer}:sub`]: sub, [`${issuer}:aud`]: aud },
    });
  /** Jest takes an argument that a row lacks for its callback: each row has its audience. */
  const withAudience = (rows: readonly (readonly [boolean, string, string, string?])[]) =>
    rows.map(([expected, what, sub, aud = "sparki"]) => [expected, what, sub, aud] as const);
  const following = (task: string) => deploy("update", { project: "sparki-after", stack: `prod-${task}` });
  const environment = (name: string, organization = "sparki") => `pulumi:environments:org:${organization}:env:${name}`;

  it.each<readonly [boolean, string, string, string]>(
    withAudience([
      [true, "an update of the stack", deploy("update")],
      [true, "its search for drift", deploy("detect-drift")],
      [false, "a preview of it, which may be of any commit", deploy("preview")],
      [false, "a refresh, which changes the state", deploy("refresh")],
      [false, "an update that takes drift back", deploy("remediate-drift")],
      [false, "a destroy", deploy("destroy")],
      [false, "another stack", deploy("update", { stack: "staging" })],
      [false, "a stack whose name begins the same", deploy("update", { stack: "prod-2" })],
      [false, "another project", deploy("update", { project: "sparki-delivery" })],
      [false, "what follows a deployment", following("verify")],
      [false, "another organization", deploy("update", { organization: "somebody" }), "somebody"],
      [false, "another organization that names this audience", deploy("update", { organization: "somebody" })],
      [false, "a token for another audience", deploy("update"), "aws:sparki"],
      [false, "an ESC environment", environment("sparki/prod-plans"), "aws:sparki"],
    ]),
  )("says %s whether the role that deploys is for %s", (expected, _, sub, aud) => {
    expect(allowed(of(false).deploying, sub, aud)).toBe(expected);
  });

  it("lets a stack be destroyed by it only where its end is set", () => {
    expect(allowed(of(true).deploying, deploy("destroy"))).toBe(true);
    expect(allowed(of(true).deploying, deploy("remediate-drift"))).toBe(false);
    expect(allowed(of(true).planning, deploy("destroy"))).toBe(false);
  });

  it.each<readonly [boolean, string, string, string]>(
    withAudience([
      [true, "the verification after a deployment", following("verify")],
      [true, "the watch after a deployment", following("watch")],
      [true, "the stack's ESC environment", environment("sparki/prod-plans"), "aws:sparki"],
      [false, "the deployment itself", deploy("update")],
      [false, "another task", following("deploy")],
      [false, "another stack's verification", deploy("update", { project: "sparki-after", stack: "staging-verify" })],
      [false, "the destruction of what follows", deploy("destroy", { project: "sparki-after", stack: "prod-verify" })],
      [false, "another environment", environment("sparki/staging-plans"), "aws:sparki"],
      [false, "another organization's environment", environment("sparki/prod-plans", "somebody"), "aws:somebody"],
      [false, "an environment's token for another audience", environment("sparki/prod-plans")],
    ]),
  )("says %s whether the role that plans is for %s", (expected, _, sub, aud) => {
    expect(allowed(of(false).planning, sub, aud)).toBe(expected);
  });

  it("is such as IAM takes, no longer than its quota, of this account's providers, and leaves GitHub's jobs theirs", () => {
    for (const document of Object.values(of(true))) {
      expect(documentFaults(document, "trust")).toEqual([]);
      expect(document.length).toBeLessThanOrEqual(2048);
      expect(document).not.toMatch(/StringLike|\*/);
    }
    expect(allowed(of(false).deploying, deploy("update"), "sparki", "444455556666")).toBe(false);
    const strange = trusted(of(false).deploying, { sub: deploy("update"), aud: "sparki" });
    expect(strange).toBe(false);
    expect(trusted(of(false).deploying, { sub: production, workflow: workflow("deploy-stack.yml") })).toBe(true);
    expect(trusted(of(false).planning, { sub: pullRequest })).toBe(true);
  });

  it("is left out where it is not asked for", () => {
    expect(deploying + planning).not.toContain("pulumi");
  });
});
