import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { CONTRACT } from "../../../runbook/conformance/contract.ts";
import { conformanceDocument, contractDocument } from "../../../runbook/report/document.ts";
import { runSparki } from "../../support/command-line.ts";
import { contractServer } from "../../support/contract-server.ts";
import { serveHttp } from "../../support/http-server.ts";
import { startImageRegistry } from "../../support/image-registry.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");

const sparki = (...argv: string[]) => runSparki(["conformance", ...argv], { cwd: ROOT });

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** The stand-in's web front, as a rehearsal's pod runs it. */
async function standInWeb(): Promise<{ readonly url: string; readonly child: ChildProcess }> {
  const port = await freePort();
  const env = { PATH: process.env.PATH, PORT: String(port), RELEASE_ID: "2026.11.1", TRACK: "fleet" };
  const argv = [join(ROOT, "rehearsal", "app", "main.ts"), "web"];
  const child = spawn(process.execPath, argv, { env, stdio: ["ignore", "pipe", "inherit"] });
  // Its first line says that it listens; what it logs later must find a reader too.
  await once(child.stdout, "data");
  child.stdout.resume();
  return { url: `http://127.0.0.1:${port}`, child };
}

describe("sparki conformance", () => {
  it("finds that the stand-in's web front conforms in every point", async () => {
    const { url, child } = await standInWeb();
    try {
      const { exitCode, out } = await sparki(url, "--service", "web", "--json");
      const report = conformanceDocument.parse(JSON.parse(out));
      expect(report.points.filter(({ status }) => status === "fail")).toEqual([]);
      // A Node server says so itself.
      expect(report.points.find(({ id }) => id === "keep-alive")?.found).toBe(
        "it says that it keeps an idle connection for 120 s",
      );
      expect({ exitCode, outcome: report.outcome, passed: report.passed }).toEqual({
        exitCode: 0,
        outcome: "conforms",
        passed: 16,
      });
    } finally {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }
  });

  it("ends with 1 where a point is not met, and says on stderr which and how many", async () => {
    const server = await contractServer({ headers: () => ({ "x-sparki-release": "" }) });
    const { exitCode, out, err } = await sparki(server.url);
    await server.close();
    expect({ exitCode, out }).toEqual({ exitCode: 1, out: "" });
    expect(err).toMatch(/✗ release-header +\/health has no header x-sparki-release\n/);
    expect(err).toMatch(/\n17 passed, 1 failed, 34 not checked by a URL/);
  });

  it("takes the limits from the objectives of a stack", async () => {
    const server = await contractServer();
    const { exitCode, err } = await sparki(server.url, "--stack", "staging");
    await server.close();
    expect(err).toMatch(/✓ duration-limits +\d+ counters have the bounds 0\.1, 1, 5\n/);
    expect(exitCode).toBe(0);
  });

  it("checks an image in a registry over TLS, by tag, and ends with what was found", async () => {
    const registry = await startImageRegistry();
    const image = (tag: string) => `${registry.host}/sparki/engine:${tag}`;
    const run = (tag: string) => runSparki(["conformance", image(tag), "--json"], { cwd: ROOT, env: registry.env });
    try {
      const digest = registry.push({}, "good");
      registry.push({ config: { User: "root" } }, "root");
      const good = await run("good");
      const report = conformanceDocument.parse(JSON.parse(good.out));
      expect(good.exitCode).toBe(0);
      expect(report).toMatchObject({ outcome: "conforms", passed: 11, image: { name: image("good"), digest } });
      expect(good.err).toMatch(/✓ image-migrate +\/app\/migrate may be executed/);
      const root = await run("root");
      expect(root.exitCode).toBe(1);
      expect(root.err).toMatch(/✗ image-user +User is "root"; expected/);
      const none = await run("none");
      expect(none.exitCode).toBe(4);
      expect(none.err.replaceAll(/\s+/g, " ")).toContain("is not in the registry");
    } finally {
      await registry.close();
    }
    expect((await sparki(image("good"))).exitCode).toBe(4);
  });

  it("follows no redirect to another host", async () => {
    let asked = 0;
    const other = await serveHttp((_, response) => {
      asked++;
      response.end("{}");
    });
    const server = await serveHttp((_, response) => void response.writeHead(302, { location: other.url }).end());
    const { exitCode } = await sparki(server.url);
    await Promise.all([server.close(), other.close()]);
    expect({ exitCode, asked }).toEqual({ exitCode: 1, asked: 0 });
  });

  it("ends with 4 where nothing answers", async () => {
    const { exitCode, err } = await sparki(`http://127.0.0.1:${await freePort()}`);
    expect(exitCode).toBe(4);
    expect(err).toMatch(/SPARKI_OUTSIDE: nothing answers at http:\/\/127\.0\.0\.1:\d+: .*ECONNREFUSED/);
  });

  it.each([
    [[], "no URL given"],
    [["ftp://127.0.0.1"], "the URL is ftp://127.0.0.1/; expected http or https"],
    [["file:///etc/passwd"], "the URL is file:///etc/passwd; expected"],
    [["127.0.0.1:8080"], '"127.0.0.1:8080" is neither a URL nor an image; expected one such as'],
    [["nginx"], '"nginx" is neither a URL nor an image'],
    [["user:secret@ghcr.io/owner/engine:1"], '"…@ghcr.io/owner/engine:1" is neither a URL nor an image'],
    [["ghcr.io/owner/engine@sha256:abc"], '"ghcr.io/owner/engine@sha256:abc" is neither'],
    [["ghcr.io/owner/engine:1", "--service", "worker"], '--service is "worker"; expected engine, web, e2e'],
    [["ghcr.io/owner/engine:1", "--platform", "linux/s390x"], '--platform is "linux/s390x"; expected linux/amd64'],
    [["ghcr.io/owner/engine:1", "--away"], "--away is of a URL"],
    [["http://127.0.0.1:8080", "--platform", "linux/amd64"], "--platform is of an image"],
    [["http://127.0.0.1:8080/metrics"], "the URL is http://127.0.0.1:8080/metrics; expected"],
    [["http://user:secret@127.0.0.1:8080"], "the URL is http://127.0.0.1:8080/; expected"],
    [["http://127.0.0.1:8080", "--service", "worker"], '--service is "worker"; expected engine or web'],
    [["http://127.0.0.1:8080", "--service", "web", "--away"], "--away checks nothing of web"],
  ])("refuses %j with exit 2", async (argv, message) => {
    const { exitCode, err } = await sparki(...argv);
    expect(exitCode).toBe(2);
    expect(err.replaceAll(/\s+/g, " ")).toContain(`SPARKI_USAGE: ${message}`);
    expect(err).not.toContain("secret");
  });

  it("lists the contract, as text and as a document", async () => {
    const { exitCode, out, err } = await sparki("--list", "--json");
    const { points } = contractDocument.parse(JSON.parse(out));
    expect(exitCode).toBe(0);
    expect(points.map(({ id }) => id)).toEqual(CONTRACT.map(({ id }) => id));
    for (const { id } of points) expect(err).toContain(`${id}: `);
    expect(points.map(({ seen }) => seen)).toEqual(expect.arrayContaining(["url", "away", "registry", "image"]));
  });

  it("teaches what it does and how it ends", async () => {
    const { exitCode, out } = await sparki("--help");
    expect(exitCode).toBe(0);
    for (const word of [
      "docs/contract.md",
      "Exit codes: 0 every point",
      "--away",
      "--list",
      "receives no other requests",
    ])
      expect(out).toContain(word);
  });
});
