import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { storeDirectory } from "../../io/seal/store.ts";
import { commitCopy, gitIn } from "../support/committed-copy.ts";
import { type RehearsedStack, serveStack } from "../support/rehearsed-stack.ts";

jest.setTimeout(3_600_000);

/** Another patch of a provider's package, with what npm says of it. */
const OTHER = {
  name: "@pulumi/random",
  version: "4.21.1",
  integrity: "sha512-2wD0UJTsoyj+MyBOa60E2FyrqyIaspTCz1qBG+mj34xQUk/u568s4925oWpGEeY3Z3wV7BbRpiEnnztnDb1xOA==",
};
const POLICIES = ["ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-TLS13-1-3-2021-06"] as const;

describe("sparki plan --compare, on the real engine", () => {
  const directory = mkdtempSync(join(tmpdir(), "sparki-compared-test-"));
  const checkout = join(directory, "checkout");
  const git = gitIn(checkout);
  let stack: RehearsedStack;
  let own = "";

  beforeAll(async () => {
    commitCopy(checkout);
    const edit = (file: string, change: (text: string) => string) => {
      const path = join(checkout, file);
      writeFileSync(path, change(readFileSync(path, "utf8")));
    };
    const branch = (name: string) => git("checkout", "--quiet", "-b", name);
    const back = () => {
      git("commit", "--quiet", "--all", "--message", "Another one");
      git("checkout", "--quiet", "-");
    };
    const versions = (text: string) => {
      const document = JSON.parse(text);
      const { "": root, [`node_modules/${OTHER.name}`]: locked } = document.packages ?? { "": document };
      own = root.dependencies[OTHER.name];
      root.dependencies[OTHER.name] = OTHER.version;
      if (locked !== undefined) Object.assign(locked, { version: OTHER.version, integrity: OTHER.integrity });
      return `${JSON.stringify(document, null, 2)}\n`;
    };
    branch("other-versions");
    edit("package.json", versions);
    edit("package-lock.json", versions);
    back();
    branch("other-program");
    edit("infra/load-balancer.ts", (text) => text.replace(POLICIES[0], POLICIES[1]));
    back();
    stack = await serveStack("staging", 0.002, "promoted");
  });
  afterAll(async () => {
    await stack?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Folders of commits that were laid out to be compared with. */
  const laidOut = () => {
    const runs = join(storeDirectory(process.env), "runs");
    return readdirSync(runs).filter((name) => existsSync(join(runs, name, "checkout")));
  };

  it("names versions that differ, and finds no difference in what would be done", async () => {
    const before = await stack.ask("pulumi stack export");
    const { exitCode, document, stderr } = await stack.runFrom(checkout, "plan --compare other-versions");
    if (exitCode !== 0) throw new Error(`${JSON.stringify(document).slice(0, 3000)}\n${stderr.slice(-3000)}`);
    expect(document).toMatchObject({
      verdict: "same",
      before: { name: "other-versions", commit: git("rev-parse", "other-versions").trim(), outcome: "succeeded" },
      now: { commit: git("rev-parse", "HEAD").trim(), gaps: [], outcome: "succeeded" },
      versions: [
        { kind: "sdk", name: OTHER.name, from: OTHER.version, to: own },
        { kind: "plugin", name: "random", from: OTHER.version, to: own },
      ],
      files: { program: [], command: [], config: [] },
      steps: { same: 0, different: [] },
      policies: { verdicts: [], violations: { onlyBefore: [], onlyNow: [] } },
    });
    expect(document.now.unchanged).toBeGreaterThan(100);
    expect(document.policies.checks.to).toBeGreaterThan(1000);
    expect(document.policies.checks.from).toBe(document.policies.checks.to);
    expect(await stack.ask("pulumi stack export")).toBe(before);
    expect(git("status", "--porcelain", "--ignored")).toBe("");
    expect(laidOut()).toEqual([]);
  });

  it("names the step that only another program would do, its inputs, and that program's file", async () => {
    const { exitCode, document } = await stack.runFrom(checkout, "plan --compare other-program");
    expect({ exitCode, document }).toMatchObject({
      exitCode: 1,
      document: {
        verdict: "different",
        versions: [],
        files: { program: ["infra/load-balancer.ts"], command: [], config: [] },
        steps: {
          same: 0,
          different: [
            {
              name: "edge-lb-https",
              before: { action: "update", replacedFor: [] },
              properties: [{ path: "sslPolicy", before: POLICIES[1], now: POLICIES[0] }],
              because: {
                cause: "program",
                text: "from the program's files (infra/load-balancer.ts): nothing else differs",
              },
            },
          ],
        },
      },
    });
  });

  it("leaves nothing behind when it is interrupted in the other commit's preview", async () => {
    const { exitCode } = await stack.runFrom(checkout, "plan --compare other-program", "preview by other-program");
    expect(exitCode).toBe(4);
    expect(laidOut()).toEqual([]);
  });
});
