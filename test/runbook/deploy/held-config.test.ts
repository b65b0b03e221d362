import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pinConfig } from "../../../io/engine.ts";
import { withHeldConfig } from "../../../runbook/deploy/deploy-run.ts";
import { readStack } from "../../../runbook/preflight/stack-file.ts";
import { releaseNamed } from "../../support/updates.ts";

const OWN = join(import.meta.dirname, "../../../Pulumi.staging.yaml");

describe("withHeldConfig", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "sparki-held-"));
    copyFileSync(OWN, join(folder, "Pulumi.staging.yaml"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const target = () => {
    const configFile = join(folder, "Pulumi.staging.yaml");
    const config = async () =>
      readStack("staging", { cwd: folder, env: { PULUMI_OPTION_CONFIG_FILE: configFile } }).config;
    return { stack: "staging", configFile, config };
  };
  /** Somebody edits the checkout while the deploy's gates look. */
  const edit = (file: string) =>
    writeFileSync(file, readFileSync(file, "utf8").replace("db.t4g.large", "db.r7g.8xlarge"));

  it("rolls back by the config that was planned, whatever the file says by then", async () => {
    const own = target();
    const text = readFileSync(own.configFile, "utf8");
    const seen = await withHeldConfig(own, text, async (held) => {
      edit(own.configFile);
      const pinned = pinConfig(held.configFile, { release: releaseNamed("1.0") });
      const { database } = await held.config();
      const found = [database.instanceClass, readFileSync(pinned.file, "utf8")];
      pinned.remove();
      return [...found, held.configFile];
    });
    expect(seen[0]).toBe("db.t4g.large");
    expect(seen[1]).toContain("instanceClass: db.t4g.large");
    expect(existsSync(seen[2] ?? "")).toBe(false);
    expect((await own.config()).database.instanceClass).toBe("db.r7g.8xlarge");
  });

  it("leaves the target as it is where nothing was planned", async () => {
    const own = target();
    await withHeldConfig(own, undefined, async (held) => expect(held).toBe(own));
  });

  it("leaves no copy behind when the work fails", async () => {
    let file = "";
    const work = async (held: { readonly configFile: string }) => {
      file = held.configFile;
      throw new Error("the rollback failed");
    };
    await expect(withHeldConfig(target(), "config: {}", work)).rejects.toThrow("the rollback failed");
    expect(file).not.toBe("");
    expect(existsSync(file)).toBe(false);
  });
});
