import { join } from "node:path";
import { commandRunner } from "../../io/child-command.ts";
import { copyConfig } from "../../io/engine.ts";
import { readHistory } from "../../io/stack-state.ts";
import { promotionIn } from "../../records/promotion.ts";
import { resourcesIn } from "../../records/state.ts";
import type { Update } from "../../records/update.ts";
import { chooseGoal, type Goal, type Wish } from "../../runbook/rollback/rollback-target.ts";
import { yamlText } from "../../shared/yaml-text.ts";
import { RUN_RECORD_KEY } from "../../stacks/run-record.ts";
import type { Release } from "../../stacks/schema.ts";
import { emptyProject } from "../support/empty-project.ts";
import { type S3Server, serveS3 } from "../support/s3-server.ts";
import { toolPath } from "../support/tool.ts";
import { ranFor, releaseNamed } from "../support/updates.ts";

jest.setTimeout(3_600_000);

const ROOT = join(import.meta.dirname, "..", "..");
const HOST = join(ROOT, "rehearsal", "language-host");

/** What promotes in the program, without what it promotes: the record with what was promoted before. */
const PROGRAM = `import * as pulumi from "@pulumi/pulumi";
import { earlierThan } from "${ROOT}/apps/promotion.ts";
import { previousOutputs } from "${ROOT}/apps/outputs.ts";
export default async function () {
  const release = new pulumi.Config("sparki").requireObject("release");
  const promotion = previousOutputs().getOutput("promotion").apply((last) => {
    const promoted = { release, revisions: { engine: 1, web: 1 }, chartHashes: { engine: "e", web: "w" } };
    return { ...promoted, earlier: earlierThan(promoted, last) };
  });
  if (release.id === "bad") throw new Error("a gate refused it");
  new pulumi.Stash("promotion-record", { input: promotion });
  return { promotion };
}
`;

const [one, two, three, bad] = ["1.0", "2.0", "3.0", "bad"].map((id) => releaseNamed(id)) as [
  Release,
  Release,
  Release,
  Release,
];
const told = (goal: Goal) => (goal.kind === "release" ? `back to ${goal.promoted.release.id}` : goal.kind);

type Promoter = "sparki deploy" | "plain pulumi up" | "sparki rollback";

/** One stack on one backend, promoted to by the CLI as people, or as sparki, run it. */
class Stack {
  readonly #project = emptyProject(PROGRAM);
  readonly #environment: Readonly<Record<string, string>>;

  constructor(backendUrl: string | undefined, environment: Readonly<Record<string, string>>) {
    this.#environment = {
      ...this.#project.environment,
      ...environment,
      PATH: `${HOST}:${this.#project.environment.PATH}`,
      ...(backendUrl && { PULUMI_BACKEND_URL: backendUrl }),
    };
  }

  async pulumi(args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<string> {
    const run = commandRunner(toolPath("pulumi"), { ...this.#environment, ...more });
    const { code, stdout, stderr } = await run([...args, "--non-interactive"], { cwd: this.#project.directory });
    if (code !== 0) throw new Error(`pulumi ${args.join(" ")}: ${stdout}${stderr}`);
    return stdout;
  }

  /** As `sparki` does, with who runs it in the config of the update; what a person runs has no such record. */
  async up(release: Release, by: Promoter): Promise<void> {
    const record = ranFor(release, by === "sparki rollback" ? `sparki rollback to ${release.id}: errors` : "");
    const own = by === "plain pulumi up" ? {} : { [RUN_RECORD_KEY]: JSON.stringify(record) };
    const text = yamlText({ config: { "sparki:release": release, ...own } });
    const { file, remove } = copyConfig(join(this.#project.directory, "Pulumi.prod.yaml"), text);
    const rollback = { SPARKI_ROLLBACK: String(by === "sparki rollback") };
    await this.pulumi(["up", "--yes", "--skip-preview", "--stack", "prod", "--config-file", file], rollback).finally(
      remove,
    );
  }

  async history(): Promise<readonly Update[]> {
    const { url }: { url: string } = JSON.parse(await this.pulumi(["whoami", "--json"]));
    return readHistory({
      backendUrl: url,
      projectDirectory: this.#project.directory,
      project: "sparki",
      stack: "prod",
      pulumi: (args) => this.pulumi([...args, "--stack", "prod"]),
    });
  }

  async goal(wish: Wish = {}): Promise<string> {
    const exported: unknown = JSON.parse(await this.pulumi(["stack", "export", "--stack", "prod"]));
    const live = promotionIn(resourcesIn(exported));
    return told(
      await chooseGoal({ updates: await this.history(), live, apart: [], interrupted: [], ranJobsOf: [] }, wish),
    );
  }

  remove(): void {
    this.#project.remove();
  }
}

describe.each([
  ["a folder", "sparki deploy"],
  ["a folder", "plain pulumi up"],
  ["a bucket", "sparki deploy"],
  ["a bucket", "plain pulumi up"],
] as const)("a stack whose state is in %s, promoted by %s", (kind, by) => {
  let server: S3Server | undefined;
  let stack: Stack;

  beforeAll(async () => {
    server = kind === "a bucket" ? await serveS3() : undefined;
    stack = new Stack(server?.backendUrl, server?.environment ?? {});
    await stack.pulumi(["stack", "init", "prod"]);
    for (const release of [one, two, three]) await stack.up(release, by);
    await stack.up(bad, by).catch(() => undefined);
  });
  afterAll(async () => {
    stack.remove();
    await server?.close();
  });

  it("tells its updates, newest first, with the release that each was asked for and who ran it", async () => {
    const ranBy = by === "sparki deploy" ? by : undefined;
    expect((await stack.history()).map((each) => [each.release?.id, each.result, each.ranBy?.by])).toEqual([
      ["bad", "failed", ranBy],
      ["3.0", "succeeded", ranBy],
      ["2.0", "succeeded", ranBy],
      ["1.0", "succeeded", ranBy],
    ]);
  });

  it("rolls back to what was promoted before, whoever promoted it (W110)", async () => {
    expect(await stack.goal()).toBe("nothing");
    expect(await stack.goal({ isLiveBad: true })).toBe("back to 2.0");
    expect(await stack.goal({ to: "1.0" })).toBe("back to 1.0");
    expect(await stack.goal({ to: "bad" })).toBe("none");
  });

  it("keeps with it why it is frozen, for every machine that deploys it", async () => {
    await stack.pulumi(["stack", "tag", "set", "sparki:frozen", "the rollback to 1.0 failed", "--stack", "prod"]);
    const tags: unknown = JSON.parse(await stack.pulumi(["stack", "tag", "ls", "--json", "--stack", "prod"]));
    expect(tags).toMatchObject({ "sparki:frozen": "the rollback to 1.0 failed" });
  });

  it("knows that it went back, from what, and what was promoted before that", async () => {
    await stack.up(two, "sparki rollback");
    expect(await stack.goal()).toBe("nothing");
    expect(await stack.goal({ isLiveBad: true })).toBe("back to 1.0");
    expect(await stack.goal({ to: "3.0" })).toBe("back to 3.0");
  });
});
