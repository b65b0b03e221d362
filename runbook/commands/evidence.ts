import type { KeyObject } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { relative, resolve } from "node:path";
import { DeployError, EXIT, messageOf } from "../../shared/deploy-error.ts";
import { type Command, type CommandInput, type CommandResult, exitCodesText } from "../command.ts";
import { inColumns } from "../report/columns.ts";

const DESCRIPTION = `Gathers the records of a stack's deployments into one archive, for an audit; or verifies such an archive.

It holds who planned, approved and deployed each release, which gates it passed with how many requests,
what was refused or rolled back and why, restore tests, rotations, exemptions with their end dates, and
the reports and approved plans of this machine. Its sources are the history in the stack's backend and
the stack's config; it changes nothing. Whatever should have been recorded but was not is listed as a
gap, and then the exit code is ${EXIT.held.code}.

The archive is a tar file that depends only on the history: the same history gives the same bytes.
SHA256SUMS in it lists every file, and SHA256SUMS.sig signs that list with Ed25519. Make a key once,
keep it where deployments cannot read it, and give auditors its public half:
  openssl genpkey -algorithm ed25519 -out evidence.key
  openssl pkey -in evidence.key -pubout -out evidence.pub
SPARKI_EVIDENCE_KEY may hold the private key's PEM text instead of --key.

${exitCodesText({
  done: "gathered, with nothing missing; or verified",
  refused: "--verify: something was changed, added or removed, or another key signed it",
  usage: "usage or config",
  held: "gathered, but something is missing; or --verify without --public-key: who wrote it is not proven",
  outside: "the backend could not be read, or the archive could not be written",
})}

Examples:
  npx sparki evidence --stack prod --from 2026-10-01 --to 2026-10-31 --key evidence.key
  npx sparki evidence --from 2026-10-01 --to 2026-10-31 --unsigned --output october.tar --json
  npx sparki evidence --verify october.tar --public-key evidence.pub`;

/** `sparki evidence`: what is kept of a stack's deployments as one archive, and the check of one. */
export const evidence: Command = {
  name: "evidence",
  summary: "one signed archive for an audit: approvals, gates, drills, exemptions",
  description: DESCRIPTION,
  options: [
    { flags: "--from <day>", help: "the first day, in UTC" },
    { flags: "--to <day>", help: "the last day, included; today at the latest" },
    { flags: "--output <file>", help: "the archive's file name (default: sparki-evidence-<stack>-<from>-<to>.tar)" },
    { flags: "--key <file>", help: "the private key that signs, Ed25519 in PEM" },
    { flags: "--unsigned", help: "do not sign: nobody can then prove who gathered it" },
    { flags: "--verify <file>", help: "check an archive instead of gathering one; works offline" },
    { flags: "--public-key <file>", help: "with --verify: the public key that must have signed it, in PEM" },
  ],
  run,
};

/** An archive of a year has a few hundred megabytes of reports at most. */
const MOST_BYTES = 1024 ** 3;

async function run(input: CommandInput): Promise<CommandResult> {
  const { options } = input;
  if (options.verify === undefined) {
    refuse(options, ["publicKey"], "can be used only with --verify");
    return gatherAndWrite(input);
  }
  refuse(
    options,
    ["from", "to", "output", "key", "unsigned"],
    "cannot be used with --verify, which checks an existing archive",
  );
  return verify(input);
}

async function verify({ options, ports }: CommandInput): Promise<CommandResult> {
  const { publicKeyOf, verificationText, verifyArchive } = await import("../evidence/archive.ts");
  const { openScreen } = await import("../report/screen.ts");
  const given = String(options.verify);
  const key = typeof options.publicKey === "string" ? publicKeyOf(resolve(ports.cwd, options.publicKey)) : undefined;
  const document = verifyArchive(archiveAt(resolve(ports.cwd, given), given), key);
  const screen = await openScreen(ports);
  ports.stderr.write(inColumns(verificationText(given, document, screen.paint)));
  return { exitCode: document.exitCode, json: document };
}

function archiveAt(file: string, given: string): Buffer {
  try {
    if (statSync(file).size > MOST_BYTES)
      throw new Error("it is larger than 1 GiB; expected an evidence archive, which is always smaller");
    return readFileSync(file);
  } catch (cause) {
    throw new DeployError("SPARKI_USAGE", `--verify ${given} cannot be read: ${messageOf(cause)}`, {
      hint: "npx sparki evidence --verify FILE --public-key evidence.pub",
      cause,
    });
  }
}

async function gatherAndWrite({ options, ports }: CommandInput): Promise<CommandResult> {
  const { rangeOf } = await import("../evidence/evidence.ts");
  const range = rangeOf({ from: options.from, to: options.to }, ports.clock.now());
  const key = await keyIn(options, ports);
  const { openTarget } = await import("../deploy/real-target.ts");
  const { endedDeploys } = await import("../deploy/release-history.ts");
  const { frozenReason } = await import("../deploy/stack-tags.ts");
  const { gather, planFiles, reportFiles } = await import("../evidence/gather.ts");
  const { evidenceArchive, evidenceText, exitCodeOf, writeArchive } = await import("../evidence/archive.ts");
  const { readPlanDocument } = await import("../plan/plan-files.ts");
  const { CHECKOUT_DIRECTORY } = await import("../project.ts");
  const { keptReports } = await import("../report/report-files.ts");
  const { openScreen } = await import("../report/screen.ts");
  const { rehearsalVariables } = await import("../../io/rehearsal-variables.ts");
  const screen = await openScreen(ports);
  const isRehearsal = rehearsalVariables(ports.env).access !== undefined;
  const target = await openTarget(options.stack, ports, screen, false);
  let progress = "reading the stack's history";
  const stopProgress = screen.region(() => [progress]);
  try {
    const { stack, engine } = target;
    const [updates, tags, frozen, config] = await Promise.all([
      engine.history(),
      engine.tags(),
      frozenReason(engine),
      target.config(),
    ]);
    const ends = endedDeploys(tags);
    const gathered = await gather({ stack, updates, ends, frozen, config, isRehearsal }, range, (text) => {
      progress = text;
    });
    const reports = reportFiles(keptReports(ports), gathered, ends, { cwd: ports.cwd, range });
    const plans = await planFiles(gathered.updates, (hash) => readPlanDocument(CHECKOUT_DIRECTORY, stack, hash));
    const archive = evidenceArchive(gathered, { reports, plans }, key);
    const name = typeof options.output === "string" ? options.output : nameOf(stack, range);
    const file = resolve(ports.cwd, name);
    writeArchive(file, archive.bytes);
    stopProgress();
    const shown = relative(ports.cwd, file);
    ports.stderr.write(inColumns(evidenceText(archive, shown, screen.paint)));
    const exitCode = exitCodeOf(archive.evidence);
    return { exitCode, json: { file: shown, exitCode, files: archive.files, ...archive.evidence } };
  } finally {
    stopProgress();
    await target.close();
  }
}

function nameOf(stack: string, { from, to }: { readonly from: string; readonly to: string }): string {
  return `sparki-evidence-${stack}-${from}-${to}.tar`;
}

type Options = CommandInput["options"];

/** The key that signs; undefined with --unsigned. Throws SPARKI_USAGE where neither was said, or both. */
async function keyIn({ key, unsigned }: Options, { env, cwd }: CommandInput["ports"]): Promise<KeyObject | undefined> {
  const { KEY_VARIABLE, signingKey } = await import("../evidence/archive.ts");
  const text = env[KEY_VARIABLE] || undefined;
  if (unsigned === true) {
    if (key === undefined) return undefined;
    throw refused("--unsigned and --key were both given; expected one of them");
  }
  if (typeof key === "string") return signingKey({ file: resolve(cwd, key) });
  if (text !== undefined) return signingKey({ text });
  throw refused(`there is no signing key; expected --key FILE, ${KEY_VARIABLE}, or --unsigned`);
}

function refuse(options: Options, names: readonly string[], why: string): void {
  const found = names.find((name) => options[name] !== undefined);
  if (found === undefined) return;
  throw refused(`--${found.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} ${why}`);
}

function refused(message: string): DeployError {
  return new DeployError("SPARKI_USAGE", message, { hint: "npx sparki evidence --help" });
}
