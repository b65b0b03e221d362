import { createServer } from "node:net";
import { PORTS } from "../../rehearsal/addresses.ts";
import { type ControlApi, claimSlot } from "../../rehearsal/control.ts";

describe("claimSlot", () => {
  const open: ControlApi[] = [];
  const claim = async (routes: Parameters<typeof claimSlot>[0]) => {
    const control = await claimSlot(routes);
    open.push(control);
    return control;
  };
  afterEach(async () => {
    for (const control of open.splice(0)) await control.close();
  });

  it("gives two rehearsals different networks", async () => {
    const [one, two] = [await claim({}), await claim({})];
    expect(one.addresses.slot).not.toBe(two.addresses.slot);
    expect(one.url).toBe(`http://127.${one.addresses.slot}.0.1:7070`);
  });

  it("leaves a slot alone where something listens on a port that a server needs", async () => {
    const first = await claim({});
    await first.close();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(PORTS.prometheus, first.addresses.prometheus, resolve));
    const { addresses } = await claim({});
    expect(addresses.slot).not.toBe(first.addresses.slot);
    await new Promise((resolve) => server.close(resolve));
  });

  it("answers a known path with what it resolves with", async () => {
    const { url } = await claim({ "POST /echo": async (body) => ({ body }) });
    const answer = await fetch(`${url}/echo`, { method: "POST", body: '{"a":1}' });
    expect(await answer.json()).toEqual({ body: { a: 1 } });
  });

  it("answers an unknown path with those there are", async () => {
    const { url } = await claim({ "GET /world": async () => ({}) });
    const answer = await fetch(`${url}/elsewhere`);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toEqual({ message: "expected one of GET /world" });
  });

  it("answers a refusal with its reason", async () => {
    const { url } = await claim({
      "POST /images": async () => {
        throw new Error("no such kind");
      },
    });
    const answer = await fetch(`${url}/images`, { method: "POST", body: "{}" });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({ message: "no such kind" });
  });
});
