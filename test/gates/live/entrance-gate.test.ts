import { entranceProbes } from "../../../gates/live/entrance-gate.ts";
import type { HttpAnswer, HttpRequest } from "../../../io/http.ts";
import { configWith } from "../../support/preflight.ts";

const SITE = "https://prod.sparki.tools";

/** What each probe found at a load balancer that answers a request to a track, or to either, with this status. */
async function found(statusOf: (path: string, track: string | undefined) => number | string, config = configWith({})) {
  const asked: string[] = [];
  const ask = async (url: string, { headers }: HttpRequest = {}): Promise<HttpAnswer> => {
    const [path, track] = [url.replace(SITE, ""), headers?.["x-sparki-track"]];
    asked.push(`${path} ${track ?? "as users ask"}`);
    const status = statusOf(path, track);
    if (typeof status === "string") return { answered: false, error: status, seconds: 0 };
    return { answered: true, status, headers: {}, body: "", seconds: 0 };
  };
  const results: Record<string, string | undefined> = {};
  for (const { name, run } of entranceProbes(config, ask)) results[name] = await run();
  return { results, asked };
}

describe("entranceProbes", () => {
  it("ask every path of every service on each track and as users do", async () => {
    const { results, asked } = await found(() => 200);
    expect(results).toEqual({ "certificate and engine": undefined, "certificate and web": undefined });
    const engine = ["/health", "/api/projects", "/api/cache/health"];
    const ways = ["one-box", "fleet", "as users ask"];
    expect(asked).toEqual([
      ...ways.flatMap((way) => engine.map((path) => `${path} ${way}`)),
      ...ways.map((way) => `/ ${way}`),
    ]);
  });

  it("refuse a fleet without healthy targets, though the one-box answers what users ask (F47)", async () => {
    const { results } = await found((path, track) => (path === "/" || track !== "fleet" ? 200 : 503));
    expect(results).toEqual({
      "certificate and engine": `${SITE}/health on the fleet answered 503; expected 200`,
      "certificate and web": undefined,
    });
  });

  it.each<[string, (path: string, track: string | undefined) => number | string, string]>([
    ["a one-box without healthy targets", (_, track) => (track === "one-box" ? 503 : 200), "/health on the one-box"],
    ["a store that does not answer", (path) => (path === "/api/projects" ? 503 : 200), "/api/projects on the one-box"],
    ["rules that send users elsewhere", (_, track) => (track === undefined ? 404 : 200), "/health answered 404"],
    ["a certificate of another name", () => "ERR_TLS_CERT_ALTNAME_INVALID", "/health on the one-box: ERR_TLS_CERT"],
  ])("refuse %s", async (_, statusOf, expected) => {
    const { results } = await found(statusOf);
    expect(results["certificate and engine"]).toContain(`${SITE}${expected}`);
  });
});
