import { spawnSync } from "node:child_process";
import {
  closeSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createWhole, writeWhole } from "../../io/whole-file.ts";

const MODULE = join(import.meta.dirname, "..", "..", "io", "whole-file.ts");

describe.each([
  ["writeWhole", writeWhole],
  ["createWhole", createWhole],
])("%s", (name, write) => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "sparki-whole-"));
    file = join(folder, "plan.json");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("leaves the file with its content and mode, and nothing beside it", () => {
    write(file, { content: "whole", mode: 0o600 });
    expect({ text: readFileSync(file, "utf8"), mode: statSync(file).mode & 0o777, left: readdirSync(folder) }).toEqual({
      text: "whole",
      mode: 0o600,
      left: ["plan.json"],
    });
  });

  it("removes the part that a killed process has left, and that of no other", () => {
    const { pid } = spawnSync(process.execPath, ["--version"]);
    const [ended, running, other] = [`.prod.json.${pid}.part`, `.prod.json.${process.ppid}.part`, ".notes.part"];
    for (const each of [ended, running, other]) writeFileSync(join(folder, each), "half");
    write(file, { content: "whole", mode: 0o600 });
    expect(readdirSync(folder).sort()).toEqual([running, other, "plan.json"].sort());
  });

  it("leaves no half of the file where there is no room for all of it", () => {
    // A limit on the size of files ends the writing in its middle, as a full disk does.
    const script = `const { ${name} } = await import(${JSON.stringify(MODULE)});
      process.on("SIGXFSZ", () => {});
      ${name}(${JSON.stringify(file)}, { content: "x".repeat(100_000), mode: 0o600 });`;
    const command = `ulimit -f 8; exec "$0" --input-type=module -e "$1"`;
    const { status, stderr } = spawnSync("bash", ["-c", command, process.execPath, script], { encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining("EFBIG") });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("writeWhole", () => {
  it("shows the whole of what was there to whoever is reading it", () => {
    const folder = mkdtempSync(join(tmpdir(), "sparki-whole-"));
    const file = join(folder, "Pulumi.prod.yaml");
    writeFileSync(file, "before");
    const reader = openSync(file, "r");
    writeWhole(file, { content: "after", mode: 0o644 });
    expect([readFileSync(reader, "utf8"), readFileSync(file, "utf8")]).toEqual(["before", "after"]);
    closeSync(reader);
    rmSync(folder, { recursive: true });
  });
});

describe("writeWhole to a link", () => {
  it("writes what it leads to", () => {
    const folder = mkdtempSync(join(tmpdir(), "sparki-whole-"));
    const [file, link] = [join(folder, "shared.yaml"), join(folder, "Pulumi.prod.yaml")];
    writeFileSync(file, "before");
    symlinkSync(file, link);
    writeWhole(link, { content: "after", mode: 0o644 });
    expect([readFileSync(file, "utf8"), lstatSync(link).isSymbolicLink()]).toEqual(["after", true]);
    rmSync(folder, { recursive: true });
  });
});

describe("createWhole", () => {
  it("leaves what is there as it is", () => {
    const folder = mkdtempSync(join(tmpdir(), "sparki-whole-"));
    const file = join(folder, "evidence.tar");
    writeFileSync(file, "reviewed");
    expect(() => createWhole(file, { content: "other", mode: 0o600 })).toThrow(
      expect.objectContaining({ code: "EEXIST" }),
    );
    expect([readFileSync(file, "utf8"), readdirSync(folder)]).toEqual(["reviewed", ["evidence.tar"]]);
    rmSync(folder, { recursive: true });
  });
});
