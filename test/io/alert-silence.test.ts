import { SILENCE_SECONDS, type SilenceOptions, whileSilenced } from "../../io/alert-silence.ts";
import type { Http, HttpAnswer } from "../../io/http.ts";
import { idleClock } from "../support/fake-clock.ts";

const URL = "https://alertmanager.test";
const OK: HttpAnswer = {
  answered: true,
  status: 200,
  headers: {},
  body: JSON.stringify({ silenceID: "one" }),
  seconds: 0,
};

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly id?: string; readonly endsAt: string; readonly matchers: readonly object[] };
}

function asking(answer: (method: string) => HttpAnswer = () => OK, more: Partial<SilenceOptions> = {}) {
  const asked: Asked[] = [];
  const lines: string[] = [];
  const http: Http = async (url, { method = "GET", headers = {}, body = "{}" } = {}) => {
    asked.push({ method, path: url.slice(URL.length), headers, body: JSON.parse(body) });
    return answer(method);
  };
  const clock = idleClock();
  const line = (text: string) => void lines.push(text);
  return { asked, lines, clock, options: { url: URL, http, clock, stack: "prod", line, ...more } };
}

describe("whileSilenced", () => {
  it("silences what a deployment of this stack causes, for half an hour at most, and lifts that at the end", async () => {
    const { asked, lines, options, clock } = asking(undefined, { token: "storm-token" });
    const begin = clock.now();
    expect(await whileSilenced(options, "deployment of 2", async () => asked.length)).toBe(1);
    expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "POST /api/v2/silences",
      "DELETE /api/v2/silence/one",
    ]);
    const [made] = asked;
    expect(made?.headers.authorization).toBe("Bearer storm-token");
    expect(made?.body.matchers).toEqual([
      { name: "stack", value: "prod", isRegex: false, isEqual: true },
      { name: "caused_by", value: "deployment", isRegex: false, isEqual: true },
    ]);
    expect(Date.parse(made?.body.endsAt ?? "") / 1000).toBe(begin + SILENCE_SECONDS);
    expect(lines).toEqual([]);
  });

  it("makes it longer while the work goes on, by its id", async () => {
    const { asked, options, clock } = asking();
    await whileSilenced(options, "deployment of 2", () => clock.sleep(SILENCE_SECONDS));
    const renewed = asked.filter(({ method, body }) => method === "POST" && body.id === "one");
    expect(renewed.length).toBeGreaterThanOrEqual(2);
    const ends = asked.filter(({ method }) => method === "POST").map(({ body }) => Date.parse(body.endsAt));
    expect(ends).toEqual([...ends].sort((one, other) => one - other));
  });

  it("makes it again where Alertmanager forgot it at a restart, and has nothing to lift where it is unknown", async () => {
    // https://github.com/prometheus/alertmanager/issues/1673
    const known = new Set<string>();
    const { asked, lines, clock, options } = asking();
    const http: Http = async (url, request = {}) => {
      await options.http(url, request);
      const id = request.method === "DELETE" ? url.split("/").at(-1) : JSON.parse(request.body ?? "").id;
      if (id !== undefined && !known.has(id)) return { ...OK, status: 404, body: '"silence not found"' };
      known.add(`silence ${asked.length}`);
      return { ...OK, body: JSON.stringify({ silenceID: `silence ${asked.length}` }) };
    };
    await whileSilenced({ ...options, http }, "deployment of 2", async () => {
      known.clear();
      await clock.sleep(SILENCE_SECONDS / 2);
      expect(known.size).toBeGreaterThan(0);
      known.clear();
    });
    expect(asked.at(-1)?.method).toBe("DELETE");
    expect(lines).toEqual([]);
  });

  it("lifts it when the work fails, and passes the failure on", async () => {
    const { asked, options } = asking();
    const failing = whileSilenced(options, "deployment of 2", () => Promise.reject(new Error("no")));
    await expect(failing).rejects.toThrow("no");
    expect(asked.at(-1)?.method).toBe("DELETE");
  });

  it.each([
    ["does not answer", { answered: false, error: "ECONNREFUSED", seconds: 0 } as const, "ECONNREFUSED"],
    ["refuses", { ...OK, status: 403, body: "forbidden" }, "403"],
    ["answers with a page", { ...OK, body: "<html><title>Sign in</title>" }, "Sign in"],
  ])("works all the same where Alertmanager %s, and says so", async (_, answer, says) => {
    const { asked, lines, options } = asking(() => answer);
    expect(await whileSilenced(options, "deployment of 2", async () => "done")).toBe("done");
    expect(lines).toEqual([expect.stringContaining(says)]);
    expect(asked.map(({ method }) => method)).toEqual(["POST"]);
  });

  it("says that a silence is left, and asks nobody where the stack has no Alertmanager", async () => {
    const left = asking((method) => (method === "DELETE" ? { ...OK, status: 500, body: "" } : OK));
    await whileSilenced(left.options, "deployment of 2", async () => undefined);
    expect(left.lines).toEqual([expect.stringContaining("ends by itself")]);
    const none = asking();
    await whileSilenced({ ...none.options, url: undefined }, "deployment of 2", async () => undefined);
    expect(none.asked).toEqual([]);
  });
});
