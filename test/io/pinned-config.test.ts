import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { pinConfig } from "../../io/engine.ts";
import { releaseNamed } from "../support/updates.ts";

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
