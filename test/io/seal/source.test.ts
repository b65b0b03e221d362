import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSource } from "../../../io/seal/source.ts";
import { SealedCheckout } from "../../support/sealed-checkout.ts";

const cache = mkdtempSync(join(tmpdir(), "sparki-cache-"));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

describe("readSource", () => {
  let checkout: SealedCheckout;
  beforeEach(() => {
    checkout = new SealedCheckout(cache);
  });
  afterEach(() => checkout.remove());

  it("reads a clean checkout as its commit", () => {
    const { commit, files, gap } = readSource(checkout.directory, checkout.env);
    expect(commit).toBe(checkout.git("rev-parse", "HEAD").trim());
    expect({ gap, has: files.has("index.ts") }).toEqual({ gap: undefined, has: true });
  });

  it("reads a copy below a checkout that git leaves out as it is on disk, of no commit, as a rehearsal makes one", () => {
    const copy = join(checkout.directory, ".sparki", "rehearsal", "prod", "checkout-1-next");
    mkdirSync(join(copy, "node_modules"), { recursive: true });
    writeFileSync(join(copy, "package.json"), "{}\n");
    writeFileSync(join(copy, "node_modules", "own.js"), "evil\n");
    const { commit, files, gap } = readSource(copy, checkout.env);
    expect({ commit, gap, names: [...files.keys()] }).toEqual({
      commit: undefined,
      gap: "not committed: git ignores the whole folder",
      names: ["package.json"],
    });
  });
});
