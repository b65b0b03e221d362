import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { applicationArguments, StoredImages } from "../../../rehearsal/cluster/images.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "sparki-images-"));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe("StoredImages", () => {
  it("knows an image by its digest, in a later run too", () => {
    const file = join(directory, "images.json");
    new StoredImages(file).push(`ghcr.io/a/engine@${DIGEST}`, { kind: "engine", errorRatio: 0.5 });
    expect(new StoredImages(file).behaviourOf(`mirror/engine@${DIGEST}`)).toEqual({ kind: "engine", errorRatio: 0.5 });
  });

  it("does not know what was never pushed", () => {
    expect(new StoredImages(join(directory, "images.json")).behaviourOf(`x@${DIGEST}`)).toBeUndefined();
  });
});

describe("applicationArguments", () => {
  it.each([
    { kind: "engine" as const, container: {}, words: ["engine"] },
    { kind: "web" as const, container: {}, words: ["web"] },
    { kind: "engine" as const, container: { command: ["/app/migrate", "up"] }, words: ["migrate", "up"] },
    { kind: "engine" as const, container: { command: ["/app/migrate"], args: ["$(STEP)"] }, words: ["migrate", "up"] },
    { kind: "e2e" as const, container: { args: ["--once"] }, words: ["e2e", "--once"] },
  ])("runs $words for a $kind image", ({ kind, container, words }) => {
    expect(applicationArguments(kind, container, { STEP: "up" })).toEqual(words);
  });

  it.each([
    { kind: "web" as const, command: ["/app/migrate", "up"] },
    { kind: "engine" as const, command: ["sh", "-c", "sleep 1"] },
    { kind: "engine" as const, command: ["engine"] },
  ])("refuses $command in a $kind image", ({ kind, command }) => {
    expect(() => applicationArguments(kind, { command }, {})).toThrow("no such file or directory");
  });
});
