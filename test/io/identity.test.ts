import { hostname } from "node:os";
import { identityIn } from "../../io/engine.ts";

describe("identityIn", () => {
  it("is whom GitHub Actions names, with the run's page", () => {
    const env = {
      GITHUB_ACTIONS: "true",
      GITHUB_ACTOR: "bot",
      GITHUB_TRIGGERING_ACTOR: "ada",
      GITHUB_SERVER_URL: "https://github.com",
      GITHUB_REPOSITORY: "alexarno/sparki",
      GITHUB_RUN_ID: "7",
    };
    const run = "https://github.com/alexarno/sparki/actions/runs/7";
    expect(identityIn(env, "robot")).toEqual({ name: "ada", through: "GitHub Actions", run, knownBy: "environment" });
  });

  it("is the account of Pulumi Cloud, in its deployments with their page", () => {
    expect(identityIn({}, "ada")).toEqual({ name: "ada", through: "Pulumi Cloud", run: null, knownBy: "backend" });
    const env = { PULUMI_CI_SYSTEM: "Pulumi Deployments", PULUMI_CI_BUILD_URL: "https://app.pulumi.com/7" };
    const run = "https://app.pulumi.com/7";
    expect(identityIn(env, "ada")).toEqual({ name: "ada", through: "Pulumi Deployments", run, knownBy: "backend" });
  });

  it("is the machine's user where nobody else knows one", () => {
    expect(identityIn({}, undefined)).toMatchObject({
      name: expect.any(String),
      through: hostname(),
      knownBy: "machine",
    });
  });
});
