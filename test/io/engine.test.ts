import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parse } from "yaml";
import { Engine, pinConfig, type RunSettings } from "../../io/engine.ts";
import { isRollbackUpdate, ROLLBACK_ENVIRONMENT } from "../../records/helm-release.ts";
import { fakeClock } from "../support/fake-clock.ts";
import { type StandInTools, standInTools } from "../support/stand-in-tools.ts";
import { releaseNamed } from "../support/updates.ts";

jest.setTimeout(600_000);

describe("Engine", () => {
  let tools: StandInTools;
  beforeEach(() => {
    tools = standInTools({});
  });
  afterEach(() => {
    tools.remove();
    delete process.env.SPARKI_ROLLBACK;
  });

  /** Whether the program would take each step of a preview for one of an update that rolls back. */
  async function modesOf(settings?: RunSettings): Promise<Set<boolean>> {
    const controller = new AbortController();
    const engine = await Engine.open({
      stack: "staging",
      projectDirectory: tools.folder,
      cli: { path: join(tools.folder, "pulumi"), version: "3.255.0" },
      environment: { PATH: process.env.PATH ?? "" },
      program: async () => undefined,
      programEnvironment: {},
      policyPacks: [],
      parallel: 1,
      clock: fakeClock(),
      signal: controller.signal,
    });
    const seen = new Set<boolean>();
    const ended = engine.preview(() => seen.add(isRollbackUpdate(process.env)), settings);
    while (!existsSync(join(tools.folder, "started"))) await delay(50);
    controller.abort();
    expect(await ended).toMatchObject({ outcome: "interrupted" });
    return seen;
  }

  it("runs no deploy as one that rolls back, whatever the shell exports", async () => {
    process.env.SPARKI_ROLLBACK = "true";
    expect(await modesOf()).toEqual(new Set([false]));
    expect(process.env.SPARKI_ROLLBACK).toBe("true");
  });

  it("runs as one that rolls back what is told to be", async () => {
    expect(await modesOf({ environment: ROLLBACK_ENVIRONMENT })).toEqual(new Set([true]));
    expect(process.env.SPARKI_ROLLBACK).toBeUndefined();
  });
});

const CONFIG = `encryptionsalt: v1:abc
config:
  sparki:slackWebhook:
    secure: v1:def
  # the release that did not work
  sparki:release: { id: "2.0" }
  sparki:accountId: "111122223333"
`;

describe("pinConfig", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "sparki-pin-test-"));
    writeFileSync(join(folder, "Pulumi.prod.yaml"), CONFIG);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("copies the config with another release in it, encrypted secrets and all, and leaves the original", () => {
    const { file, remove } = pinConfig(join(folder, "Pulumi.prod.yaml"), { release: releaseNamed("1.0") });
    expect(parse(readFileSync(file, "utf8"))).toEqual({
      encryptionsalt: "v1:abc",
      config: {
        "sparki:slackWebhook": { secure: "v1:def" },
        "sparki:release": releaseNamed("1.0"),
        "sparki:accountId": "111122223333",
      },
    });
    expect(readFileSync(join(folder, "Pulumi.prod.yaml"), "utf8")).toBe(CONFIG);
    remove();
    expect(existsSync(file)).toBe(false);
  });

  it("rolls back to a release from before a service was added without that service, and with it to one that has it", () => {
    const file = join(folder, "Pulumi.prod.yaml");
    const { web, ...images } = releaseNamed("1.0").images;
    writeFileSync(file, `config:\n  sparki:release: { id: "2.0", images: { web: "${web}" } }\n`);
    const older = pinConfig(file, { release: { ...releaseNamed("1.0"), images } });
    const { "sparki:release": release, "sparki:absent": absent } = parse(readFileSync(older.file, "utf8")).config;
    expect({ release, absent }).toEqual({ release: releaseNamed("1.0"), absent: ["web"] });
    const newer = pinConfig(older.file, { release: releaseNamed("2.0") });
    expect(parse(readFileSync(newer.file, "utf8")).config["sparki:absent"]).toEqual([]);
    for (const { remove } of [older, newer]) remove();
  });

  it("lets only its owner read the copy", () => {
    const { file, remove } = pinConfig(join(folder, "Pulumi.prod.yaml"), { release: releaseNamed("1.0") });
    expect(statSync(file).mode & 0o077).toBe(0);
    remove();
  });

  it.each(["2026-11-01", "012", "1e3", "12.30", "on"])(
    "writes a release that is called %s so that Pulumi, which reads YAML 1.1, reads that text (W01)",
    (id) => {
      const { file, remove } = pinConfig(join(folder, "Pulumi.prod.yaml"), { release: releaseNamed(id) });
      const read: unknown = parse(readFileSync(file, "utf8"), { version: "1.1" });
      expect(read).toMatchObject({ config: { "sparki:release": { id } } });
      remove();
    },
  );
});
