import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CHECKOV } from "../../tools/audit-charts.ts";
import { resolvePythonTool } from "../../tools/resolve.ts";

const TOOLS = join(import.meta.dirname, "..", "..", "tools");

describe("resolvePythonTool", () => {
  let root: string;
  let told: string[];

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "sparki-python-"));
    mkdirSync(join(root, "bin"));
    told = [];
  });

  afterEach(() => rmSync(root, { recursive: true }));

  /** A Python whose environments have a pip that installs the tool, or does `install` instead. */
  function fakePython({ version = "3.11.7", ensurepip = "exit 0", install = 'touch "$(dirname "$0")/checkov"' } = {}) {
    const path = join(root, "bin", "python3");
    const pip = `#!/bin/sh\necho "$@" >> ${root}/installs\n${install}\n`;
    const script = `#!/bin/sh
case "$1" in
  --version) echo Python ${version};;
  -c) ${ensurepip};;
  -m) mkdir -p "$3/bin" && touch "$3/bin/python" && printf '%s' '${pip.replaceAll("'", "'\\''")}' > "$3/bin/pip" && chmod +x "$3/bin/pip";;
esac
`;
    writeFileSync(path, script);
    chmodSync(path, 0o755);
  }

  const resolve = () => {
    const progress = {
      begin: (title: string) => ({ end: (note: string) => void told.push(`${title}: ${note}`) }),
    };
    const env = { PATH: `${join(root, "bin")}:/usr/bin:/bin`, XDG_CACHE_HOME: join(root, "cache") };
    return resolvePythonTool(CHECKOV, { env, progress, signal: new AbortController().signal });
  };
  const installs = () => readFileSync(join(root, "installs"), "utf8").trim().split("\n");

  it("installs what the requirements pin, by hash, and only once", async () => {
    fakePython();
    const [path] = await Promise.all([resolve(), resolve()]);
    expect(existsSync(path)).toBe(true);
    expect(await resolve()).toBe(path);
    expect(told).toEqual(["installing checkov 3.3.30: installed"]);
    expect(installs()).toEqual([
      expect.stringMatching(/--require-hashes --requirement \S*tools\/checkov\/requirements.txt$/),
    ]);
  });

  it("installs again when the Python under it has gone", async () => {
    fakePython();
    const path = await resolve();
    rmSync(join(path, "..", "venv", "bin", "python"));
    await resolve();
    expect(installs()).toHaveLength(2);
  });

  it("keeps nothing of an installation that failed, and says pip's own words", async () => {
    fakePython({ install: "echo THESE PACKAGES DO NOT MATCH THE HASHES >&2; exit 1" });
    await expect(resolve()).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: expect.stringContaining("DO NOT MATCH THE HASHES"),
    });
    expect(existsSync(join(root, "cache", "sparki-deploy", "tools", "checkov", CHECKOV.version))).toBe(false);
  });

  it.each([
    [{ version: "3.9.2" }, /found Python 3\.9\.2, expected Python 3\.10 or newer/, /install Python 3\.10/],
    [{ ensurepip: "exit 1" }, /cannot create virtual environments/, /apt install python3-venv/],
  ])("says what to install when Python is not good enough: %j", async (python, message, hint) => {
    fakePython(python);
    await expect(resolve()).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
  });
});

describe("CHECKOV", () => {
  it("is the version that its requirements pin, with a hash for every package", () => {
    const lines = readFileSync(join(TOOLS, "checkov", "requirements.txt"), "utf8").split("\n");
    const pins = lines.filter((line) => /^[a-z]/i.test(line));
    expect(pins).toContain(`checkov==${CHECKOV.version} \\`);
    expect(pins.filter((line) => !/^\S+==\S+( ;.*)? \\$/.test(line))).toEqual([]);
    expect(readFileSync(join(TOOLS, "checkov", "requirements.in"), "utf8")).toContain(`checkov==${CHECKOV.version}\n`);
  });
});
