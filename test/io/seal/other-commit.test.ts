import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { layOutCommit, pinnedTools, sparkiOf } from "../../../io/seal/other-commit.ts";
import { readCommit } from "../../../io/seal/source.ts";
import { SealStore } from "../../../io/seal/store.ts";
import { SealedCheckout } from "../../support/sealed-checkout.ts";

jest.setTimeout(600_000);

const cache = mkdtempSync(join(tmpdir(), "sparki-cache-"));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

/** Tells what it was given and what it finds, as a command of an earlier commit would. */
const TELLING = `console.error("• begun\\n  is on its way");
const { argv, env } = process;
console.log(JSON.stringify({ args: argv.slice(2), cwd: process.cwd(), env }));
`;
const WAITING = `process.on("SIGINT", () => process.exit(4));
console.error("waits");
setInterval(() => {}, 1000);
`;
const CATALOG = `import type { Tool } from "./tool.ts";
export const CATALOG: readonly Tool[] = [{ name: "pulumi", version: "3.200.0" }];
`;

describe("a commit beside the checkout", () => {
  let checkout: SealedCheckout;
  let store: SealStore;
  const said: string[] = [];
  const say = (line: string) => said.push(line);
  beforeEach(() => {
    checkout = new SealedCheckout(cache);
    store = SealStore.open(checkout.env);
    said.length = 0;
  });
  afterEach(() => checkout.remove());

  const committed = (path: string, text: string) => {
    checkout.write(path, text);
    checkout.commit();
    return readCommit(checkout.directory, "HEAD", checkout.env);
  };
  const ports = (env: Record<string, string> = {}, signal = new AbortController().signal) => {
    return { env: { ...checkout.env, ...env }, signal, say };
  };

  it("is read as it was committed, whatever the work tree has, and whatever is checked out", () => {
    const first = checkout.git("rev-parse", "HEAD").trim();
    committed("gates/tree.ts", "export const tree = 2;\n");
    checkout.write("gates/tree.ts", "export const tree = 3;\n");
    const { commit, files } = readCommit(checkout.directory, "HEAD~1", checkout.env);
    expect([commit, `${files.get("gates/tree.ts")?.content}`]).toEqual([first, "export const tree = 1;\n"]);
  });

  it.each([
    ["nowhere", /"nowhere" is no commit, branch or tag of this repository$/],
    ["--all", /"--all" is no commit/],
    ["HEAD:gates", /is no commit/],
  ])("is refused as %s", (name, message) => {
    expect(() => readCommit(checkout.directory, name, checkout.env)).toThrow(
      expect.objectContaining({ code: "SPARKI_USAGE", message: expect.stringMatching(message) }),
    );
  });

  it("is refused where there is no repository, in git's words", () => {
    rmSync(join(checkout.directory, ".git"), { recursive: true });
    expect(() => readCommit(checkout.directory, "HEAD", checkout.env)).toThrow(
      /of this repository: not a git repository/,
    );
  });

  it("is refused where it is none of this project", () => {
    checkout.git("rm", "--quiet", "runbook/sparki.ts");
    checkout.commit();
    expect(() => readCommit(checkout.directory, "HEAD", checkout.env)).toThrow(
      /is not one of this project: it has no runbook\/sparki.ts/,
    );
  });

  it("runs a command by its own sparki, in a private folder that leaves nothing and is no part of the checkout", async () => {
    const folder = await layOutCommit(store, committed("runbook/sparki.ts", TELLING), ports());
    const { code, document } = await sparkiOf(store, folder, ["plan", "--stack", "staging"], ports());
    expect(code).toBe(0);
    expect(document).toMatchObject({ args: ["plan", "--stack", "staging", "--json"], cwd: folder.project });
    expect(said.slice(-2)).toEqual(["• begun", "is on its way"]);
    expect(statSync(dirname(folder.project)).mode & 0o777).toBe(0o700);
    expect(existsSync(join(folder.packages, "node_modules"))).toBe(true);
    folder.remove();
    expect(checkout.stored("runs")).toEqual([]);
    expect(checkout.git("status", "--porcelain")).toBe("");
  });

  it("hands on the variables that a deployment may have, and nothing of the run that it is started from", async () => {
    const folder = await layOutCommit(store, committed("runbook/sparki.ts", TELLING), ports());
    const own = { SECRET_THING: "x", NODE_OPTIONS: "--no-deprecation", NODE_COMPILE_CACHE: cache, AWS_PROFILE: "ada" };
    const PATH = `${store.path("runs", "1-12345678", "bin")}:${checkout.env.PATH}`;
    const { document } = await sparkiOf(store, folder, [], ports({ ...own, PATH }));
    expect(document).toMatchObject({ env: { PATH: checkout.env.PATH, AWS_PROFILE: "ada", AWS_REGION: "us-east-1" } });
    const { env }: { env: object } = Object(document);
    for (const name of ["SECRET_THING", "NODE_OPTIONS", "NODE_COMPILE_CACHE"]) expect(env).not.toHaveProperty(name);
    folder.remove();
  });

  it("has no document where its sparki writes none, and says how it ended", async () => {
    const folder = await layOutCommit(store, committed("runbook/sparki.ts", "process.exit(7);\n"), ports());
    expect(await sparkiOf(store, folder, ["plan"], ports())).toEqual({ code: 7, document: undefined });
    folder.remove();
  });

  it("is interrupted with us, and waited for", async () => {
    const folder = await layOutCommit(store, committed("runbook/sparki.ts", WAITING), ports());
    const controller = new AbortController();
    const running = sparkiOf(store, folder, ["plan"], {
      ...ports({}, controller.signal),
      say: () => controller.abort(new Error("interrupted")),
    });
    await expect(running).rejects.toThrow("interrupted");
    folder.remove();
  });

  it("is taken away by the next sealed command where its own was killed", async () => {
    const { pid } = spawnSync("true");
    const left = store.path("runs", `${pid}-12345678`, "checkout");
    mkdirSync(left, { recursive: true });
    await checkout.launch("plan");
    expect(existsSync(left)).toBe(false);
  });

  it("tells which tools its catalog pins, and none where it has no such catalog", async () => {
    committed("tools/tool.ts", "export interface Tool { name: string; version: string }\n");
    const folder = await layOutCommit(store, committed("tools/catalog.ts", CATALOG), ports());
    expect(await pinnedTools(store, folder.project, checkout.env)).toEqual({ pulumi: "3.200.0" });
    rmSync(join(folder.project, "tools"), { recursive: true });
    expect(await pinnedTools(store, folder.project, checkout.env)).toEqual({});
    folder.remove();
  });

  it("has its packages installed before the sealed command begins, once for each lock file", async () => {
    const lock = checkout.git("show", "HEAD:package-lock.json");
    committed("package-lock.json", lock.replace('"version": "1.0.0"', '"version": "1.0.1"'));
    const before = readdirSync(store.path("dependencies")).length;
    await checkout.launch("plan", "--compare", "HEAD~1");
    expect(checkout.said).toMatch(/HEAD~1: installing the dependencies|^installing/m);
    const after = readdirSync(store.path("dependencies")).length;
    expect(after).toBeGreaterThan(before);
    await checkout.launch("plan", "--compare=HEAD~1");
    expect(checkout.said).toBe("");
    expect(readdirSync(store.path("dependencies"))).toHaveLength(after);
  });

  it("is told to be none before anything is installed", async () => {
    await expect(checkout.launch("plan", "--compare", "nowhere")).rejects.toThrow('"nowhere" is no commit');
    expect(checkout.stored("runs")).toEqual([]);
  });
});
