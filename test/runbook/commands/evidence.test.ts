import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { runCommandLine } from "../../../runbook/command-line.ts";
import { evidenceArchive, evidenceText, exitCodeOf, writeArchive } from "../../../runbook/evidence/archive.ts";
import { plainScreen } from "../../../runbook/report/screen.ts";
import { gathered, secondsOf, wholeUpdate } from "../../support/evidence.ts";
import { fakeClock } from "../../support/fake-clock.ts";
import { releaseNamed } from "../../support/updates.ts";

const keys = generateKeyPairSync("ed25519");
const RSA = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pem = { privateKey: { type: "pkcs8", format: "pem" }, publicKey: { type: "spki", format: "pem" } } as const;
const NONE = {
  reports: { files: new Map(), kept: [], apart: [], gaps: [] },
  plans: { files: new Map(), plans: { kept: [], absent: [] } },
};
const two = releaseNamed("2.0");

describe("sparki evidence", () => {
  let cwd: string;
  beforeEach(() => {
    cwd = mkdtempSync(join(tmpdir(), "sparki-evidence-"));
    const write = (name: string, text: string | Buffer) => writeFileSync(join(cwd, name), text);
    write("own.key", keys.privateKey.export(pem.privateKey));
    write("own.pub", keys.publicKey.export(pem.publicKey));
    write("rsa.key", RSA.privateKey.export(pem.privateKey));
    write("rsa.pub", RSA.publicKey.export(pem.publicKey));
    write("text", "no key");
  });
  afterEach(() => rmSync(cwd, { recursive: true }));

  const run = async (line: string, env: Record<string, string> = {}) => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const clock = fakeClock(secondsOf("2026-11-29T12:00:00Z"));
    const ports = { stdout, stderr, clock, env, cwd, signal: new AbortController().signal };
    const exitCode = await runCommandLine(["evidence", ...line.split(" "), "--json"], ports);
    return { exitCode, document: JSON.parse(String(stdout.read())), stderr: String(stderr.read() ?? "") };
  };
  const DAYS = "--from 2026-10-01 --to 2026-10-31";
  const archived = async (unapproved = false) => {
    const update = wholeUpdate(two, "2026-10-02T09:00:00Z");
    const ranBy = unapproved && update.ranBy ? { ranBy: { ...update.ranBy, approval: null } } : {};
    return evidenceArchive(await gathered([{ ...update, ...ranBy }]), NONE, keys.privateKey);
  };

  it.each([
    [`--to 2026-10-31 --unsigned`, "--from is missing"],
    [`--from 2026-10-31 --to 2026-10-01 --unsigned`, "is after --to"],
    [DAYS, "there is no signing key; expected --key FILE, SPARKI_EVIDENCE_KEY, or --unsigned"],
    [`${DAYS} --unsigned --key own.key`, "--unsigned and --key were both given"],
    [`${DAYS} --key nowhere.key`, "cannot be read"],
    [`${DAYS} --key text`, "is not a private key in PEM"],
    [`${DAYS} --key own.pub`, "is a public key; expected the private key"],
    [`${DAYS} --key rsa.key`, "is a key of rsa; expected an Ed25519 key"],
    [`${DAYS} --unsigned --public-key own.pub`, "--public-key can be used only with --verify"],
    [`--verify a.tar --unsigned`, "--unsigned cannot be used with --verify"],
    [`--verify a.tar --from 2026-10-01`, "--from cannot be used with --verify"],
    [`--verify a.tar`, "--verify a.tar cannot be read"],
    [`--verify text --public-key own.key`, "is a private key, which only the signer should have"],
    [`--verify text --public-key rsa.pub`, "is a key of rsa; expected an Ed25519 key"],
    [`--verify text --public-key text`, "is not a public key in PEM"],
  ])("refuses %s as a mistake of who called, before anything is asked", async (line, message) => {
    const { exitCode, document } = await run(line);
    expect({ exitCode, code: document.error.code }).toEqual({ exitCode: 2, code: "SPARKI_USAGE" });
    expect(document.error.message).toContain(message);
    expect(document.error.hint).toMatch(/^(npx sparki evidence|openssl)/);
  });

  it("never shows the text of a key that it cannot use", async () => {
    const whole = String(keys.privateKey.export(pem.privateKey));
    const secret = whole.split("\n")[1]?.slice(0, 40) ?? "";
    const broken = whole.replace(/.{8}\n-----END/, "\n-----END");
    const { exitCode, document, stderr } = await run(DAYS, { SPARKI_EVIDENCE_KEY: broken });
    expect(exitCode).toBe(2);
    expect(document.error.message).toMatch(/^SPARKI_EVIDENCE_KEY is not a private key in PEM/);
    expect(broken).toContain(secret);
    expect(secret.length).toBe(40);
    expect(`${JSON.stringify(document)}${stderr}`).not.toContain(secret);
  });

  it("verifies an archive by the public key, and ends with 3 where nothing proves who wrote it", async () => {
    writeArchive(join(cwd, "a.tar"), (await archived()).bytes);
    const verified = await run("--verify a.tar --public-key own.pub");
    expect(verified).toMatchObject({ exitCode: 0, document: { outcome: "verified", stack: "prod", gaps: [] } });
    expect(verified.stderr).toContain("every file matches the list, and the list is signed by");
    const unproven = await run("--verify a.tar");
    expect(unproven).toMatchObject({ exitCode: 3, document: { outcome: "unproven" } });
    expect(unproven.stderr).toContain("Next: run it again with --public-key FILE");
  });

  it("ends with 1 for an archive that was changed, and says where", async () => {
    const { bytes } = await archived();
    const at = bytes.indexOf("1 of 1 gates passed");
    bytes.write("9 of 9 gates passed", at);
    writeFileSync(join(cwd, "a.tar"), bytes);
    const { exitCode, document, stderr } = await run("--verify a.tar --public-key own.pub");
    expect({ exitCode, outcome: document.outcome }).toEqual({ exitCode: 1, outcome: "refused" });
    expect(stderr).toContain("! evidence.json was changed");
  });

  it("calls evidence whole only without a gap, and names each", async () => {
    const { paint } = plainScreen(new PassThrough());
    const whole = await archived();
    expect(exitCodeOf(whole.evidence)).toBe(0);
    expect(evidenceText(whole, "a.tar", paint)).toContain("nothing that should have been recorded is missing");
    const lacking = await archived(true);
    expect(exitCodeOf(lacking.evidence)).toBe(3);
    expect(evidenceText(lacking, "a.tar", paint)).toContain("- no approval is recorded for release 2.0");
    const page = lacking.bytes.toString("utf8");
    expect(page).toContain("- no approval is recorded for release 2.0");
    expect(page).not.toContain("Nothing that should have been recorded is missing");
  });

  it("takes secrets, commands to a terminal and forged headings out of what a history says", async () => {
    const why = "token=ghp_0123456789abcdefghijklmnopqrstuvwxyz \u001b[2J\n# All well";
    const update = wholeUpdate(two, "2026-10-02T09:00:00Z", { result: "failed" });
    const end = { startedAt: update.startedAt - 60, release: "2.0", outcome: "failed", reason: why };
    const { bytes } = evidenceArchive(await gathered([update], { ends: [end] }), NONE, undefined);
    const text = bytes.toString("utf8");
    expect(text).toContain("All well");
    expect(text).not.toMatch(/ghp_0123456789|^# All well/m);
    expect(text).not.toContain("\u001b");
  });

  it("writes an archive for its owner alone, and never over another one", async () => {
    const file = join(cwd, "a.tar");
    const { bytes } = await archived();
    writeArchive(file, bytes);
    writeArchive(file, bytes);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const other = await archived(true);
    expect(() => writeArchive(file, other.bytes)).toThrow(expect.objectContaining({ code: "SPARKI_USAGE" }));
    expect(readFileSync(file).equals(bytes)).toBe(true);
    expect(() => writeArchive(join(cwd, "nowhere", "a.tar"), bytes)).toThrow(
      expect.objectContaining({ code: "SPARKI_OUTSIDE" }),
    );
  });
});
