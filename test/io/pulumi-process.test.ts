import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { documentIn, PulumiExit, pulumiProcess, reasonIn } from "../../io/pulumi-process.ts";
import { abortOnSignals } from "../../io/signals.ts";

describe("pulumiProcess", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "sparki-process-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const touch = (signal: AbortSignal) => {
    const file = join(folder, "begun");
    const run = pulumiProcess("/bin/sh", "3.255.0").run(
      ["-c", `touch ${file}`],
      folder,
      {},
      undefined,
      undefined,
      signal,
    );
    return { run, begun: () => existsSync(file) };
  };

  it("runs the CLI to its end", async () => {
    const { run, begun } = touch(new AbortController().signal);
    expect(await run).toMatchObject({ code: 0 });
    expect(begun()).toBe(true);
  });

  it("says of a CLI that was killed that it was, and what it said itself where it said something", async () => {
    const killed = (script: string) => pulumiProcess("/bin/sh", "3.255.0").run(["-c", script], folder, {});
    await expect(killed("kill -9 $$")).rejects.toThrow("pulumi was killed while it worked");
    await expect(killed("echo error: no disk >&2; kill -9 $$")).rejects.toThrow("no disk");
  });

  it("does not begin what was interrupted before", async () => {
    const { run, begun } = touch(AbortSignal.abort(new Error("interrupted by SIGINT")));
    await expect(run).rejects.toThrow("interrupted by SIGINT");
    expect(begun()).toBe(false);
  });
});

describe("a second signal", () => {
  const exit = jest.spyOn(process, "exit").mockImplementation(() => {
    throw new Error("exit");
  });
  afterEach(() => {
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.removeAllListeners(name);
    jest.useRealTimers();
  });
  afterAll(() => exit.mockRestore());

  it.each([
    ["up", "pulumi cancel --stack my-org/prod, then run the same command again: it takes over what was being made"],
    ["preview", "run the same command again: it takes over what was being made"],
  ])("kills the CLI, and names what the lock of a killed `pulumi %s` asks for", async (operation, hint) => {
    const hints: unknown[] = [];
    abortOnSignals((why) => hints.push(why.hint));
    // What the shell is given after its script are the words that the CLI would have.
    const cli = pulumiProcess("/bin/sh", "3.255.0");
    const folder = mkdtempSync(join(tmpdir(), "sparki-process-"));
    const script = join(folder, operation);
    writeFileSync(script, "echo begun; exec sleep 60");
    let begun = () => {};
    const begins = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const ended = cli.run([operation, "--yes", "--stack", "my-org/prod"], folder, {}, begun).catch((error) => error);
    await begins;
    jest.useFakeTimers();
    process.emit("SIGINT", "SIGINT");
    jest.advanceTimersByTime(600);
    expect(() => process.emit("SIGINT", "SIGINT")).toThrow("exit");
    expect(hints).toEqual([hint]);
    expect(await ended).toBeInstanceOf(PulumiExit);
    rmSync(folder, { recursive: true });
  });
});

describe("reasonIn", () => {
  it.each([
    ["error: no stack named 'prod' found\n", "no stack named 'prod' found"],
    ["Logging in using access token from PULUMI_ACCESS_TOKEN\nerror: Unauthorized\n", "Unauthorized"],
    ["warning: old\nerror: first\nerror: second\n", "first\nerror: second"],
    ["panic: no error: at a line's start\n", "panic: no error: at a line's start"],
  ])("is in %j what follows the first error's mark", (stderr, reason) => {
    expect(reasonIn(stderr)).toBe(reason);
  });
});

describe("PulumiExit", () => {
  it.each([
    ["PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions", /^pulumi login, or export/],
    ["[401] Unauthorized: No credentials provided or are invalid.", /^pulumi login, or export/],
    ["could not list bucket: no such host", /^pulumi whoami --verbose$/],
  ])("tells what to do about %j", (reason, hint) => {
    expect(new PulumiExit(255, `error: ${reason}\n`).hint).toMatch(hint);
  });

  it("is an outside fault with the CLI's exit code, whether the CLI says why or not", () => {
    const outside = { code: "SPARKI_OUTSIDE", hint: "pulumi whoami --verbose", exitCode: 255 };
    expect(new PulumiExit(255, "error: no\n")).toMatchObject({ ...outside, message: "no" });
    expect(new PulumiExit(255, "\n")).toMatchObject({ ...outside, message: "pulumi ended with 255" });
  });
});

describe("documentIn", () => {
  const document = { name: "prod", of: [{ id: 1 }] };
  const written = JSON.stringify(document, null, 4);
  const sdk = "SDK 2026/06/16 15:59:16 WARN Response has no supported checksum. Not validating response payload.";

  it.each([
    ["alone", `${written}\n`],
    ["on one line", JSON.stringify(document)],
    ["after what the SDK for AWS says of a bucket", `${sdk}\n${sdk}\n${written}\n`],
    ["after a line that begins like one", `[resource plugin aws-7.8.0] installing\n${written}`],
    ["before a newer version", `${written}\nwarning: A new version of Pulumi is available.\n`],
  ])("reads a document that stands %s", (_, text) => {
    expect(documentIn(text, "stack export")).toEqual(document);
  });

  it.each(["", sdk, `${sdk}\n${written.slice(0, 30)}`, '{"secret": "geheim"'])(
    "says that there is none, and shows nothing of it: %j",
    (text) => {
      const read = () => documentIn(text, "stack export");
      expect(read).toThrow("pulumi stack export wrote no JSON document");
      expect(read).not.toThrow("geheim");
    },
  );
});
