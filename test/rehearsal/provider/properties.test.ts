import fc from "fast-check";
import { hasUnknown, receive, send, type Value } from "../../../rehearsal/provider/properties.ts";
import { UNKNOWN } from "../../../shared/engine-values.ts";

/** A name that protobuf's own conversion takes for the object's prototype is none that a provider has. */
const key = fc.string({ minLength: 1 }).filter((name) => name !== "__proto__");

const value: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.string(),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(key, tie("value"), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;

const properties = fc.dictionary(key, value, { maxKeys: 4, noNullPrototype: true });

describe("send and receive", () => {
  it("give back what was sent", () => {
    fc.assert(fc.property(properties, (sent) => expect(receive(send(sent)).values).toEqual(sent)));
  });

  it("unwrap a secret and remember where it was", () => {
    const sent = { user: "a", environment: { PASSWORD: "hunter2", HOME: "/" }, list: ["x", "y"] };
    const secrets = [
      ["environment", "PASSWORD"],
      ["list", 1],
    ];
    expect(receive(send(sent, secrets))).toEqual({ values: sent, secrets });
  });

  it("ignore a secret path that the properties do not have", () => {
    expect(receive(send({ a: 1 }, [["b", "c"]]))).toEqual({ values: { a: 1 }, secrets: [] });
  });

  it("wrap a value once when two secret paths cover it", () => {
    expect(receive(send({ a: { b: 1 } }, [["a"], ["a", "b"]])).values).toEqual({ a: { b: 1 } });
  });
});

describe("hasUnknown", () => {
  it("finds an unknown value at any depth", () => {
    expect(hasUnknown({ a: [{ b: UNKNOWN }] })).toBe(true);
    expect(hasUnknown({ a: [{ b: "known" }] })).toBe(false);
  });
});
