import fc from "fast-check";
import type { Properties } from "../../../rehearsal/provider/properties.ts";
import { RandomProvider } from "../../../rehearsal/random/provider.ts";
import { UNKNOWN } from "../../../shared/engine-values.ts";

const PASSWORD = "random:index/randomPassword:RandomPassword";
const session = { config: {}, signal: new AbortController().signal };

function about(type: string, name: string) {
  return { type, name, urn: `urn:${type}::${name}`, session, signal: session.signal, log: () => {} };
}

function create(type: string, inputs: Properties, { seed = 1, name = "a", preview = false } = {}) {
  const provider = new RandomProvider(seed);
  const request = { ...about(type, name), olds: {}, news: inputs, secrets: [], randomSeed: new Uint8Array() };
  const checked = provider.check(request).inputs;
  return provider.create({ ...about(type, name), inputs: checked, preview, timeoutSeconds: 0, secrets: [] });
}

const result = (inputs: Properties, options = {}) => String(create(PASSWORD, inputs, options).properties.result);

describe("RandomPassword", () => {
  it("has the length and the classes asked for", () => {
    const counts = fc.record({
      minLower: fc.nat(5),
      minUpper: fc.nat(5),
      minNumeric: fc.nat(5),
      minSpecial: fc.nat(5),
      length: fc.integer({ min: 20, max: 80 }),
    });
    const found = (text: string, pattern: RegExp) => text.match(pattern)?.length ?? 0;
    fc.assert(
      fc.property(counts, fc.integer(), (inputs, seed) => {
        const text = result(inputs, { seed });
        expect(text).toHaveLength(inputs.length);
        expect(found(text, /[a-z]/g)).toBeGreaterThanOrEqual(inputs.minLower);
        expect(found(text, /[A-Z]/g)).toBeGreaterThanOrEqual(inputs.minUpper);
        expect(found(text, /[0-9]/g)).toBeGreaterThanOrEqual(inputs.minNumeric);
        expect(found(text, /[^a-zA-Z0-9]/g)).toBeGreaterThanOrEqual(inputs.minSpecial);
      }),
    );
  });

  it("has no special characters when none are wanted, and only those wanted", () => {
    expect(result({ length: 200, special: false })).toMatch(/^[a-zA-Z0-9]+$/);
    expect(result({ length: 200, overrideSpecial: "-" })).toMatch(/^[a-zA-Z0-9-]+$/);
  });

  it("is the same for the same seed and resource, and another for another or for other keepers", () => {
    const inputs = { length: 32 };
    expect(result(inputs)).toBe(result(inputs));
    expect(result(inputs)).not.toBe(result(inputs, { seed: 2 }));
    expect(result(inputs)).not.toBe(result(inputs, { name: "b" }));
    expect(result(inputs)).not.toBe(result({ ...inputs, keepers: { round: "2" } }));
  });

  it("is a secret, and unknown in a preview", () => {
    expect(create(PASSWORD, { length: 16 }).secrets).toEqual([["result"]]);
    expect(create(PASSWORD, { length: 16 }, { preview: true }).properties.result).toBe(UNKNOWN);
  });

  it("is refused when the classes do not fit into the length", () => {
    expect(() => result({ length: 2, minLower: 3 })).toThrow("2 characters cannot hold the 3");
  });
});

describe("RandomProvider", () => {
  it("gives an id in all its forms", () => {
    const { id, properties } = create("random:index/randomId:RandomId", { byteLength: 8 });
    const bytes = Buffer.from(id, "base64url");
    expect(bytes).toHaveLength(8);
    expect(properties).toMatchObject({
      hex: bytes.toString("hex"),
      dec: BigInt(`0x${bytes.toString("hex")}`).toString(),
    });
  });

  it("gives a pet as many words as asked for", () => {
    const { id } = create("random:index/randomPet:RandomPet", { length: 3, prefix: "sparki" });
    expect(id).toMatch(/^sparki(-[a-z]+){3}$/);
  });

  it("replaces for any change", () => {
    const request = { ...about(PASSWORD, "a"), id: "none", olds: {} };
    const difference = new RandomProvider(1).diff({ ...request, oldInputs: { length: 16 }, news: { length: 17 } });
    expect(difference.detailed).toEqual({ length: "update-replace" });
  });

  it("refuses what it has no model for, and a missing length", () => {
    expect(() => create("random:index/randomUuid:RandomUuid", {})).toThrow(
      "no model for random:index/randomUuid:RandomUuid",
    );
    const request = { ...about(PASSWORD, "a"), olds: {}, news: {}, secrets: [], randomSeed: new Uint8Array() };
    expect(new RandomProvider(1).check(request).failures).toEqual([expect.objectContaining({ property: "length" })]);
  });
});
