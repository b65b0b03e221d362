import { request } from "node:http";
import { createServer } from "node:net";
import { PORTS } from "../../rehearsal/addresses.ts";
import { type ControlApi, claimSlot } from "../../rehearsal/control.ts";
import { TOKEN_HEADER } from "../../shared/rehearsal-access.ts";
import { headersWith, TEST_TOKEN } from "../support/asking.ts";
import { asStranger } from "../support/stranger.ts";

describe("claimSlot", () => {
  const headers = headersWith(TEST_TOKEN);
  const open: ControlApi[] = [];
  const claim = async (routes: Parameters<typeof claimSlot>[0]) => {
    const control = await claimSlot(routes, TEST_TOKEN);
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

  it("claims the network that a kept rehearsal is on, and says so where that is not free", async () => {
    const first = await claim({});
    const { slot } = first.addresses;
    await expect(claimSlot({}, TEST_TOKEN, slot)).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: `this rehearsal needs 127.${slot}.0.0/16 again, and 127.${slot}.0.1 is not free`,
    });
    await first.close();
    open.length = 0;
    const again = await claimSlot({}, TEST_TOKEN, slot);
    open.push(again);
    expect(again.addresses.slot).toBe(slot);
  });

  it("answers a known path with what it resolves with", async () => {
    const { url } = await claim({ "POST /echo": async (body) => ({ body }) });
    const answer = await fetch(`${url}/echo`, { method: "POST", headers, body: '{"a":1}' });
    expect(await answer.json()).toEqual({ body: { a: 1 } });
  });

  it("answers an unknown path with those there are", async () => {
    const { url } = await claim({ "GET /world": async () => ({}) });
    const answer = await fetch(`${url}/elsewhere`, { headers });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toEqual({ message: "expected one of GET /world" });
  });

  it("answers a refusal with its reason", async () => {
    const { url } = await claim({
      "POST /images": async () => {
        throw new Error("no such kind");
      },
    });
    const answer = await fetch(`${url}/images`, { method: "POST", headers, body: "{}" });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({ message: "no such kind" });
  });

  const asked = async (change: Readonly<Record<string, string | undefined>>, method = "POST") => {
    let answered = 0;
    const { addresses } = await claim({
      "POST /images": async () => {
        answered += 1;
      },
      "GET /world": async () => {
        answered += 1;
      },
    });
    const path = method === "GET" ? "/world" : "/images";
    const all = Object.entries({ ...headers, ...change });
    const sent = Object.fromEntries(all.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
    const status = await new Promise((resolve, reject) => {
      const call = request({ host: addresses.control, port: PORTS.control, path, method, headers: sent, agent: false });
      call.on("error", reject).on("response", (response) => resolve(response.resume().statusCode));
      call.end(method === "GET" ? undefined : "{}");
    });
    return { status, answered };
  };

  it.each([
    ["without the token", { [TOKEN_HEADER]: undefined }, "GET", 401],
    ["with another token", { [TOKEN_HEADER]: "x".repeat(64) }, "GET", 401],
    ["for another host, as after DNS rebinding", { host: "rebound.example:7070" }, "GET", 421],
    ["for localhost", { host: "localhost:7070" }, "GET", 421],
    ["of a page in a browser", { origin: "https://page.example" }, "GET", 403],
    ["of a sandboxed page", { origin: "null" }, "POST", 403],
    ["with text that a page may send without asking", { "content-type": "text/plain" }, "POST", 415],
    ["with a form", { "content-type": "application/x-www-form-urlencoded" }, "POST", 415],
    ["without a content type", { "content-type": undefined }, "POST", 415],
    ["that asks whether a page may ask", {}, "OPTIONS", 405],
  ])("refuses a request %s", async (_, change, method, status) => {
    expect(await asked(change, method)).toEqual({ status, answered: 0 });
  });

  it("lets no page know that it may ask", async () => {
    const { url } = await claim({ "GET /world": async () => ({}) });
    const answer = await fetch(`${url}/world`, { headers });
    const allowed = [...answer.headers.keys()].filter((name) => name.startsWith("access-control-"));
    expect([answer.status, allowed]).toEqual([200, []]);
  });

  it("closes the connection of another local user, who even knows the token", async () => {
    const { url } = await claim({ "GET /world": async () => ({ secret: 1 }) });
    const ask = ["-s", "-m", "5", "-H", `${TOKEN_HEADER}: ${TEST_TOKEN}`, `${url}/world`];
    expect((await asStranger("id", "-u")).stdout.trim()).toBe("65534");
    expect(await asStranger("curl", ...ask)).toEqual({ code: expect.any(Number), stdout: "" });
  });
});
