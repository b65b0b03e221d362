import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CommandRunner } from "../../../../io/child-command.ts";
import { migrations } from "../../../../runbook/preflight/migrations.ts";
import { configWith, fakeContext, fakeFiles, fakeState, look, promotionOf } from "../../../support/preflight.ts";

const { release } = configWith({});
const at = (level: number, oldest = 1) => ({ ...release, schema: { level, oldest } });
const FIRST = "CREATE TABLE projects (id uuid PRIMARY KEY);";
const holding = (level: number, scripts: readonly string[], live?: number) => {
  const files = scripts.map((script, index) => [`/project/sql/000${index + 1}_step.sql`, script]);
  return fakeContext({
    config: configWith({ preflight: { migrations: "sql" }, release: at(level) }),
    files: fakeFiles(Object.fromEntries(files)),
    state: fakeState(live === undefined ? [] : [promotionOf(at(live))]),
  });
};

describe("migrations", () => {
  it("passes with how many there are to run", async () => {
    const scripts = [FIRST, "ALTER TABLE projects ADD COLUMN owner text;"];
    expect(await look(migrations, holding(2, scripts))).toEqual({ status: "pass", reason: "2 to run, up to level 2" });
    expect(await look(migrations, holding(2, scripts, 2))).toEqual({ status: "pass", reason: "none to run" });
  });

  it("judges only what the database does not have yet", async () => {
    const scripts = [FIRST, "ALTER TABLE projects DROP COLUMN name;"];
    expect(await look(migrations, holding(2, scripts, 2))).toMatchObject({ status: "pass" });
    expect(await look(migrations, holding(2, scripts, 1))).toMatchObject({
      status: "fail",
      reason: expect.stringContaining("0002_step.sql: ALTER TABLE projects DROP COLUMN name drops a column"),
      fix: expect.stringContaining("expand now and contract in a later release"),
    });
  });

  it("warns of what is safe only beside live code that deletes nothing", async () => {
    const scripts = [FIRST, "CREATE TABLE works (project uuid REFERENCES projects);"];
    expect(await look(migrations, holding(2, scripts, 1))).toMatchObject({
      status: "warn",
      reason: expect.stringMatching(
        /^1 to run, up to level 2\n0002_step\.sql: CREATE TABLE works .* deleting a row of projects/,
      ),
      fix: expect.stringContaining("ON DELETE CASCADE"),
    });
    expect(await look(migrations, holding(2, scripts))).toMatchObject({ status: "pass" });
  });

  it.each([{ preflight: {} }, { preflight: { migrations: "sql" } }])(
    "refuses an older release, such as an old run of CI deploys, once the database has lost what it needs: %j",
    async (settings) => {
      const older = (level: number, live: typeof release) =>
        look(
          migrations,
          fakeContext({
            config: configWith({ ...settings, release: at(level) }),
            files: fakeFiles({ "/project/sql/0001_step.sql": FIRST }),
            state: fakeState([promotionOf(live)]),
          }),
        );
      expect(await older(1, at(3, 2))).toMatchObject({
        status: "fail",
        reason: expect.stringMatching(
          /at schema level 3, and \S+, which is live, supports none below 2; \S+ is code for levels 1 to 1$/,
        ),
      });
      expect((await older(1, at(3, 1))).status).not.toBe("fail");
    },
  );

  it("fails when the folder is not there", async () => {
    const config = configWith({ preflight: { migrations: "../sparki/migrations" } });
    expect(await look(migrations, fakeContext({ config }))).toMatchObject({
      status: "fail",
      reason: "../sparki/migrations is not there",
    });
  });

  describe("in a clone of the application", () => {
    const folder = mkdtempSync(join(tmpdir(), "sparki-clone-"));
    const app = join(folder, "app");
    const git = (...args: readonly string[]) => {
      const who = ["-c", "user.name=test", "-c", "user.email=test@localhost"];
      const env = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null" };
      const { status, stdout, stderr } = spawnSync("git", [...who, ...args], { cwd: app, encoding: "utf8", env });
      return { code: status ?? 1, stdout, stderr };
    };
    const commit = (name: string, script: string) => {
      writeFileSync(join(app, "migrations", name), script);
      git("add", "--all");
      git("commit", "--quiet", "--message", name);
      return git("rev-parse", "HEAD").stdout.trim();
    };
    mkdirSync(join(app, "migrations"), { recursive: true });
    git("init", "--quiet");
    const first = commit("0001_step.sql", FIRST);
    const second = commit("0002_step.sql", "\ufeffSELECT 1;");
    afterAll(() => rmSync(folder, { recursive: true }));

    const judged = (gitSha: string, level: number) => {
      const tool: CommandRunner = async (args) => git(...args);
      const preflight = { checkout: "../app", migrations: "../app/migrations" };
      const config = configWith({ preflight, release: { ...at(level), gitSha } });
      const commands = { aws: tool, git: tool, helm: tool };
      return look(migrations, fakeContext({ config, commands, projectDirectory: join(folder, "project") }));
    };

    it("judges those of the release's commit, whatever the clone is at", async () => {
      expect(await judged(first, 1)).toEqual({ status: "pass", reason: "1 to run, up to level 1" });
      expect(await judged(second, 2)).toMatchObject({
        status: "fail",
        reason: expect.stringContaining("byte order mark"),
      });
    });

    it("fails where the clone lacks the commit: what it has may be of another release", async () => {
      expect(await judged("f".repeat(40), 1)).toMatchObject({
        status: "fail",
        reason:
          "the clone that ../app/migrations is in does not have commit ffffffffffff, whose migrations the release runs",
        fix: `git -C ../app fetch origin ${"f".repeat(40)}`,
      });
    });
  });

  it("is skipped when none is configured", async () => {
    expect(await look(migrations, fakeContext({ config: configWith({ preflight: {} }) }))).toMatchObject({
      status: "skipped",
    });
  });
});
