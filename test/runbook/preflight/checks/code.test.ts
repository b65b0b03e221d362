import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CommandRunner } from "../../../../io/child-command.ts";
import { ciGreen, merged } from "../../../../runbook/preflight/checks/code.ts";
import type { Commands } from "../../../../runbook/preflight/context.ts";
import { configWith, fakeContext, fakeFiles, look } from "../../../support/preflight.ts";

const { gitSha } = configWith({}).release;
const short = gitSha.slice(0, 12);
const API = "https://api.github.com/repos/alexarno/sparki";
const tokens = { github: "ghp_1" };
const files = fakeFiles({ "/sparki/README.md": "" });

/** A clone: which of its commands fail. */
function git(failing: string): Commands {
  const run: CommandRunner = async ([verb]) => ({ code: verb === failing ? 1 : 0, stdout: "", stderr: "" });
  return { aws: run, git: run, helm: run };
}

describe("merged", () => {
  it("passes when a clone has the commit on main", async () => {
    expect(await look(merged, fakeContext({ files, commands: git("none") }))).toEqual({
      status: "pass",
      reason: `commit ${short} is on origin/main of ../sparki`,
    });
  });

  it("still passes by what the clone has when it cannot be brought up to date", async () => {
    expect(await look(merged, fakeContext({ files, commands: git("fetch") }))).toMatchObject({ status: "pass" });
  });

  describe("of a real clone", () => {
    const folder = mkdtempSync(join(tmpdir(), "sparki-clones-"));
    const run = (cwd: string, ...args: readonly string[]) => {
      const who = ["-c", "user.name=test", "-c", "user.email=test@localhost"];
      const env = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null" };
      const { status, stdout, stderr } = spawnSync("git", [...who, ...args], { cwd, encoding: "utf8", env });
      return { code: status ?? 1, stdout, stderr };
    };
    const upstream = join(folder, "upstream");
    const commit = (message: string) => {
      run(upstream, "commit", "--quiet", "--allow-empty", "--message", message);
      return run(upstream, "rev-parse", "HEAD").stdout.trim();
    };
    mkdirSync(upstream);
    run(upstream, "init", "--quiet", "--initial-branch=main");
    commit("one");
    const onMain = commit("two");
    run(upstream, "branch", "release");
    commit("three");
    commit("four");
    run(upstream, "checkout", "--quiet", "-b", "feature");
    const elsewhere = commit("five");
    afterAll(() => rmSync(folder, { recursive: true }));

    const judged = (clone: string, gitHash: string, web = {}) => {
      const cwd = join(folder, clone);
      if (clone === "gone") run(cwd, "remote", "set-url", "origin", "/nowhere");
      const tool: CommandRunner = async (args) => run(cwd, ...args);
      const release = { ...configWith({}).release, gitSha: gitHash };
      const config = configWith({ release });
      return look(merged, fakeContext({ config, files, commands: { aws: tool, git: tool, helm: tool }, tokens, web }));
    };
    const cloned = (name: string, ...options: readonly string[]) => {
      run(folder, "clone", "--quiet", ...options, `file://${upstream}`, name);
      return name;
    };
    const onGitHub = (gitHash: string) => ({
      [`GET ${API}/compare/main...${gitHash}`]: { body: { status: "behind" } },
    });

    it("fails when the clone has the commit elsewhere", async () => {
      expect(await judged(cloned("whole"), elsewhere)).toEqual({
        status: "fail",
        reason: `commit ${elsewhere.slice(0, 12)} is not on main`,
        fix: "release a commit that is merged, or correct sparki:release.gitSha",
      });
      expect(await judged("whole", onMain)).toMatchObject({ status: "pass" });
    });

    it("finds main where only another branch was cloned", async () => {
      expect(await judged(cloned("single", "--single-branch", "--branch=release"), onMain)).toMatchObject({
        status: "pass",
        reason: expect.stringContaining("origin/main of ../sparki"),
      });
    });

    it.each([
      ["is shallow", "shallow", ["--depth=1", "--no-single-branch", "--branch=release"], onMain],
      ["cannot be brought up to date", "gone", ["--branch=feature"], elsewhere],
    ])("asks GitHub where a clone %s: what is merged may not show in it", async (_, name, options, gitHash) => {
      cloned(name, ...options);
      expect(await judged(name, gitHash, onGitHub(gitHash))).toMatchObject({
        status: "pass",
        reason: expect.stringContaining("main of alexarno/sparki"),
      });
    });
  });

  const compared = (status: string) => ({ [`GET ${API}/compare/main...${gitSha}`]: { body: { status } } });

  it.each(["behind", "identical"])("passes when GitHub says that the commit is %s", async (status) => {
    const context = fakeContext({ tokens, web: compared(status) });
    expect(await look(merged, context)).toEqual({
      status: "pass",
      reason: `commit ${short} is on main of alexarno/sparki`,
    });
    expect(context.requests[0]?.headers?.authorization).toBe("Bearer ghp_1");
  });

  it.each([
    ["says that it diverged", compared("diverged"), `commit ${short} is not on main`],
    ["does not know it", { [`GET ${API}`]: { status: 404 } }, `commit ${short} is not in alexarno/sparki`],
  ])("fails when GitHub %s", async (_, web, reason) => {
    expect(await look(merged, fakeContext({ tokens, web }))).toMatchObject({ status: "fail", reason });
  });

  it("is skipped with the reason when neither a clone nor GitHub can be asked", async () => {
    const finding = await look(merged, fakeContext({ files, commands: git("cat-file") }));
    expect(finding.status).toBe("skipped");
    expect(finding.reason).toContain("GITHUB_TOKEN is not set");
  });
});

describe("ciGreen", () => {
  const run = (name: string, conclusion: string | null) => ({
    name,
    status: conclusion === null ? "in_progress" : "completed",
    conclusion,
  });
  const stated = (...statuses: object[]) => ({
    [`GET ${API}/commits/${gitSha}/status`]: { body: { total_count: statuses.length, statuses } },
  });
  const suites = (...check_suites: object[]) => ({
    [`GET ${API}/commits/${gitSha}/check-suites`]: { body: { total_count: check_suites.length, check_suites } },
  });
  const suite = (conclusion: string | null, more: object = {}) => ({
    ...{ id: 7, app: { slug: "github-actions" }, status: conclusion === null ? "queued" : "completed", conclusion },
    ...{ latest_check_runs_count: 0, ...more },
  });
  const ran = (...runs: object[]) => ({
    ...stated(),
    ...suites(),
    [`GET ${API}/commits/${gitSha}/check-runs`]: { body: { total_count: runs.length, check_runs: runs } },
  });

  it("passes when every check of CI ended well", async () => {
    const web = ran(run("unit", "success"), run("docs", "skipped"));
    expect(await look(ciGreen, fakeContext({ tokens, web }))).toEqual({
      status: "pass",
      reason: `2 checks on ${short} are green`,
    });
  });

  it.each([
    ["failed", ran(run("unit", "success"), run("e2e", "failure")), "e2e: failure"],
    ["still runs", ran(run("e2e", null)), "e2e: in_progress"],
    ["never ran", ran(), `CI has not run on ${short}`],
  ])("fails when one %s, and links to it", async (_, web, reason) => {
    expect(await look(ciGreen, fakeContext({ tokens, web }))).toEqual({
      status: "fail",
      reason,
      fix: `https://github.com/alexarno/sparki/commit/${gitSha}/checks`,
    });
  });

  it("fails a commit of which every check was skipped: nothing was tested", async () => {
    const web = ran(run("unit", "skipped"), run("docs", "neutral"));
    expect(await look(ciGreen, fakeContext({ tokens, web }))).toMatchObject({
      status: "fail",
      reason: `no check of CI on ${short} did anything: 2 were skipped or neutral`,
    });
  });

  it.each([
    ["could not start", suite("startup_failure"), "startup_failure"],
    ["failed before it had a job", suite("failure"), "failure"],
    ["waits for an approval", suite("action_required"), "action_required"],
    ["waits for a runner", suite(null), "queued"],
  ])("fails a commit with green checks and a workflow that %s, which is no check run", async (_, one, said) => {
    const web = { ...ran(run("unit", "success")), ...suites(one) };
    expect(await look(ciGreen, fakeContext({ tokens, web }))).toMatchObject({
      status: "fail",
      reason: `workflow without a job (check suite 7): ${said}`,
    });
  });

  it.each([
    ["an app that has nothing to say", suite(null, { app: { slug: "dependabot" } })],
    ["an app that is gone", suite(null, { app: null })],
    ["a workflow that was skipped", suite("skipped")],
    ["a workflow whose jobs are check runs", suite("failure", { latest_check_runs_count: 3 })],
  ])("passes over the suite of %s", async (_, one) => {
    const web = { ...ran(run("unit", "success")), ...suites(one) };
    expect(await look(ciGreen, fakeContext({ tokens, web }))).toMatchObject({ status: "pass" });
  });

  it("fails where GitHub does not list all suites", async () => {
    const web = ran(run("unit", "success"));
    const path = `GET ${API}/commits/${gitSha}/check-suites`;
    const all = { ...web, [path]: { body: { total_count: 2, check_suites: [] } } };
    expect(await look(ciGreen, fakeContext({ tokens, web: all }))).toMatchObject({
      status: "fail",
      reason: "2 more check suites: not listed",
    });
  });

  const paged = (total_count: number, ...pages: (readonly object[])[]) => {
    const path = `GET ${API}/commits/${gitSha}/check-runs?per_page=100&page=`;
    return Object.assign(
      { ...stated(), ...suites() },
      Object.fromEntries(
        [...pages, []].map((check_runs, index) => [`${path}${index + 1}`, { body: { total_count, check_runs } }]),
      ),
    );
  };
  const green = Array.from({ length: 100 }, (_, index) => run(`c${index}`, "success"));

  it("reads every page that GitHub has", async () => {
    const rest = Array.from({ length: 39 }, (_, index) => run(`d${index}`, "success"));
    const all = paged(140, green, [...rest, run("last", "success")]);
    expect(await look(ciGreen, fakeContext({ tokens, web: all }))).toMatchObject({
      status: "pass",
      reason: `140 checks on ${short} are green`,
    });
    const bad = paged(140, green, [...rest, run("last", "failure")]);
    expect(await look(ciGreen, fakeContext({ tokens, web: bad }))).toMatchObject({
      status: "fail",
      reason: "last: failure",
    });
  });

  it.each([
    ["red", "failure", "ci/legacy: failure"],
    ["in error", "error", "ci/legacy: error"],
    ["pending", "pending", "ci/legacy: pending"],
  ])("fails when a commit status is %s beside green check runs", async (_, state, reason) => {
    const web = { ...ran(run("unit", "success")), ...stated({ context: "ci/legacy", state }) };
    expect(await look(ciGreen, fakeContext({ tokens, web }))).toMatchObject({ status: "fail", reason });
  });

  it("passes when CI reports by commit statuses only", async () => {
    const web = { ...ran(), ...stated({ context: "ci/legacy", state: "success" }) };
    expect(await look(ciGreen, fakeContext({ tokens, web }))).toMatchObject({ status: "pass" });
  });

  it("reads every page of the commit statuses", async () => {
    const path = `GET ${API}/commits/${gitSha}/status?per_page=100&page=`;
    const page = (count: number, state: string) => ({
      body: {
        total_count: 101,
        statuses: Array.from({ length: count }, (_, index) => ({ context: `s${index}`, state })),
      },
    });
    const web = { ...ran(), [`${path}1`]: page(100, "success"), [`${path}2`]: page(1, "failure") };
    expect(await look(ciGreen, fakeContext({ tokens, web }))).toMatchObject({ status: "fail", reason: "s0: failure" });
  });

  it("fails where GitHub does not list the statuses that it counts", async () => {
    const web = { ...ran(run("unit", "success")) };
    web[`GET ${API}/commits/${gitSha}/status`] = { body: { total_count: 2, statuses: [] } };
    expect(await look(ciGreen, fakeContext({ tokens, web }))).toMatchObject({
      status: "fail",
      reason: "2 more statuses: not listed",
    });
  });

  it.each([
    ["a page", "<html><title>Sign in</title>", 'a page "Sign in"'],
    ["half of an answer", '{"total_count":1,"check', "something that GitHub would not"],
    ["something else", "{}", "something that GitHub would not"],
  ])("says that GitHub did not answer, where %s did", async (_, body, said) => {
    const asked = look(ciGreen, fakeContext({ tokens, web: { [`GET ${API}`]: { body } } }));
    await expect(asked).rejects.toMatchObject({ code: "SPARKI_OUTSIDE", message: expect.stringContaining(said) });
  });

  it.each([
    [403, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "99999999999999999" }, "", "rate limit is used up"],
    [403, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1795600000" }, "", "until 2026-11-25T"],
    [429, { "retry-after": "60" }, "", "for 60 s"],
    [403, {}, '{"message":"You have exceeded a secondary rate limit"}', "rate limit is used up"],
  ])("says that GitHub's rate limit is used up, for an answer %d with %j", async (status, headers, body, said) => {
    const web = { [`GET ${API}`]: { status, headers, body } };
    await expect(look(ciGreen, fakeContext({ tokens, web }))).rejects.toThrow(said);
  });

  it("fails where GitHub does not list them all", async () => {
    expect(await look(ciGreen, fakeContext({ tokens, web: paged(140, green) }))).toMatchObject({
      status: "fail",
      reason: "GitHub listed only 100 of 140 checks",
    });
  });

  it("fails for a commit that GitHub does not know", async () => {
    const web = { [`GET ${API}`]: { status: 422 } };
    expect(await look(ciGreen, fakeContext({ tokens, web }))).toMatchObject({ status: "fail" });
  });

  it.each([
    ["there is no token", fakeContext(), "GITHUB_TOKEN is not set"],
    [
      "no repository is configured",
      fakeContext({ tokens, config: configWith({ preflight: {} }) }),
      "no sparki:preflight",
    ],
  ])("is skipped when %s", async (_, context, reason) => {
    expect(await look(ciGreen, context)).toMatchObject({ status: "skipped", reason: expect.stringContaining(reason) });
  });

  it.each([
    ["refuses the token", { [`GET ${API}`]: { status: 401 } }, "answered 401"],
    ["has renamed the repository", { [`GET ${API}`]: { status: 301 } }, "has another name or owner at GitHub now"],
    ["is away", {}, "connect ECONNREFUSED"],
  ])("cannot look when GitHub %s", async (_, web, message) => {
    await expect(look(ciGreen, fakeContext({ tokens, web }))).rejects.toThrow(message);
  });
});
