import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StoredImages } from "../../../rehearsal/cluster/images.ts";

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
