import type { CreateRequest, ProviderModel } from "../../../rehearsal/provider/model.ts";
import { Boundaries } from "../../../rehearsal/provider/server.ts";

/** A provider that notes what it did. */
function provider() {
  const done: string[] = [];
  const model: ProviderModel = {
    name: "aws",
    version: "1",
    check: ({ news }) => ({ inputs: news }),
    diff: () => ({ detailed: {} }),
    create: ({ name }) => {
      done.push(`create ${name}`);
      return { id: name, properties: {} };
    },
    read: () => undefined,
    update: () => ({ properties: {} }),
    delete: ({ name }) => {
      done.push(`delete ${name}`);
    },
  };
  return { model, done };
}

function request(name: string, preview = false): CreateRequest {
  const { signal } = new AbortController();
  const about = { urn: `urn:${name}`, type: "t", name, session: { config: {}, signal }, signal, log: () => {} };
  return { ...about, inputs: {}, preview, timeoutSeconds: 0, secrets: [] };
}

const settled = async (promise: Promise<unknown>) => {
  const open = Symbol("open");
  await new Promise((resolve) => setImmediate(resolve));
  return (await Promise.race([promise, Promise.resolve(open)])) !== open;
};

describe("Boundaries", () => {
  it.each([
    ["before", []],
    ["after", ["create cache"]],
  ] as const)("hold a call %s it acts, until they are told to let it go on", async (moment, soFar) => {
    const boundaries = new Boundaries();
    const { model, done } = provider();
    const held = boundaries.around(model);
    boundaries.hold([{ name: "cache", operation: "create", moment }]);
    const call = Promise.resolve(held.create(request("cache")));
    expect(await settled(call)).toBe(false);
    expect({ held: boundaries.held, done }).toEqual({ held: ["cache"], done: soFar });
    boundaries.hold([]);
    expect(await call).toMatchObject({ id: "cache" });
    expect(done).toEqual(["create cache"]);
  });

  it("hold nothing else: no other resource, operation or preview, and no second time", async () => {
    const boundaries = new Boundaries();
    const { model, done } = provider();
    const held = boundaries.around(model);
    boundaries.hold([{ name: "cache", operation: "create", moment: "before" }]);
    await held.create(request("other"));
    await held.create(request("cache", true));
    await held.delete({ ...request("cache"), id: "cache", properties: {}, oldInputs: {} });
    expect({ held: boundaries.held, done }).toEqual({
      held: [],
      done: ["create other", "create cache", "delete cache"],
    });
    const first = Promise.resolve(held.create(request("cache")));
    expect(await settled(first)).toBe(false);
    expect(await settled(Promise.resolve(held.create(request("cache"))))).toBe(true);
    boundaries.hold([]);
    await first;
    expect(held.name).toBe("aws");
  });

  it("hold a resource's check, so that something can break before its hooks run, and answer it as the provider does", async () => {
    const boundaries = new Boundaries();
    const { model, done } = provider();
    const held = boundaries.around(model);
    boundaries.hold([{ name: "cache", operation: "check", moment: "before" }]);
    const checked = (name: string) => {
      const about = { ...request(name), olds: {}, news: { size: name }, randomSeed: new Uint8Array() };
      return Promise.resolve(held.check(about));
    };
    expect(await checked("other")).toEqual({ inputs: { size: "other" } });
    const call = checked("cache");
    expect(await settled(call)).toBe(false);
    expect({ held: boundaries.held, done }).toEqual({ held: ["cache"], done: [] });
    boundaries.hold([]);
    expect(await call).toEqual({ inputs: { size: "cache" } });
    boundaries.lose();
    expect(await checked("cache")).toEqual({ inputs: { size: "cache" } });
  });

  it("hold several calls at once, and let them go on together", async () => {
    const boundaries = new Boundaries();
    const { model, done } = provider();
    const held = boundaries.around(model);
    boundaries.hold(["cache", "database"].map((name) => ({ name, operation: "create", moment: "after" })));
    const calls = ["cache", "database"].map(async (name) => held.create(request(name)));
    await settled(Promise.all(calls));
    expect(boundaries.held).toEqual(["cache", "database"]);
    boundaries.hold([]);
    await Promise.all(calls);
    expect(done).toEqual(["create cache", "create database"]);
  });

  it("answer no change once the connection is lost, though what was done stays done, and nothing more is", async () => {
    const boundaries = new Boundaries();
    const { model, done } = provider();
    const held = boundaries.around(model);
    boundaries.hold([{ name: "cache", operation: "create", moment: "after" }]);
    const call = Promise.resolve(held.create(request("cache")));
    expect(await settled(call)).toBe(false);
    boundaries.lose();
    await expect(call).rejects.toThrow("transport is closing");
    await expect(held.create(request("database"))).rejects.toThrow("transport is closing");
    expect(done).toEqual(["create cache"]);
  });

  it("answer again once something is held, or nothing, so that the next deployment is not lost too", async () => {
    const boundaries = new Boundaries();
    const { model, done } = provider();
    const held = boundaries.around(model);
    boundaries.lose();
    boundaries.hold([]);
    await held.create(request("database"));
    expect(done).toEqual(["create database"]);
  });
});
