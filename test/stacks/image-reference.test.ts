import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { digestReference, imageReference, imageText, placeOfImage } from "../../stacks/fields.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const hex = fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 64, maxLength: 64 });
const word = fc.string({ unit: fc.constantFrom(..."abcxyz09"), minLength: 1, maxLength: 8 });

describe("imageReference", () => {
  it("takes an image apart as its registry is asked", () => {
    const digest = `sha256:${"a".repeat(64)}`;
    const image = imageReference(`localhost:5000/alexarno/sparki/engine@${digest}`);
    expect(image).toEqual({ host: "localhost:5000", repository: "alexarno/sparki/engine", digest });
    expect(placeOfImage(image)).toBe("localhost:5000/alexarno/sparki/engine");
  });

  it("gives back the text of whatever the config admits", () => {
    const admitted = fc
      .tuple(word, fc.option(fc.integer({ min: 1, max: 65_535 })), fc.array(word, { minLength: 1, maxLength: 4 }), hex)
      .map(
        ([host, port, path, digest]) =>
          `${host}${port === null ? ".test" : `:${port}`}/${path.join("/")}@sha256:${digest}`,
      );
    fc.assert(
      fc.property(admitted, (text) => {
        expect(digestReference.parse(text)).toBe(text);
        expect(imageText(imageReference(text))).toBe(text);
      }),
    );
  });

  it("is the only place between the config and the pod that takes an image's text apart", () => {
    const files = execFileSync("git", ["ls-files", "*.ts"], { cwd: ROOT, encoding: "utf8" }).split("\n");
    const between = /^(?:index\.ts|(?:stacks|apps|gates|io|records|runbook|infra)\/)/;
    const apart =
      /(?:split|indexOf|endsWith|startsWith)\("@(?:sha256)?:?"\)|replace\(\/[^/]*sha256|\.images\[?[^;]*\.(?:split|slice|replace|endsWith)\(/;
    const found = files
      .filter((file) => between.test(file) && file !== "stacks/fields.ts")
      .flatMap((file) =>
        readFileSync(join(ROOT, file), "utf8")
          .split("\n")
          .map((line) => `${file}: ${line.trim()}`),
      )
      .filter((line) => apart.test(line));
    expect(found).toEqual([]);
  });
});
