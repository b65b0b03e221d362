import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder for PATH in which `pulumi` and `helm` are shell scripts. */
export interface StandInTools {
  readonly folder: string;
  remove(): void;
}

/** A CLI's answers as JSON, by the words that its arguments begin with. */
type Answers = Readonly<Record<string, unknown>>;

const ALWAYS: Answers = {
  "stack history": [],
  "stack tag ls": {},
  whoami: { user: "somebody", url: "https://backend.invalid" },
  config: {},
};

/** A CLI that gives these answers, and whose preview continues until SIGINT, and then as stand-in-preview.ts says. */
export function standInTools(answers: Answers): StandInTools {
  const folder = mkdtempSync(join(tmpdir(), "sparki-tools-"));
  const cases = Object.entries({ ...ALWAYS, ...answers }).map(([words, answer], index) => {
    writeFileSync(join(folder, `${index}.json`), JSON.stringify(answer));
    return `"${words} "*) cat ${folder}/${index}.json ;;`;
  });
  const preview = `exec ${process.execPath} ${join(import.meta.dirname, "stand-in-preview.ts")} ${folder} "$@"`;
  const all = ['"version "*) echo v3.255.0 ;;', ...cases, `"preview "*) ${preview} ;;`];
  writeFileSync(join(folder, "pulumi"), `#!/bin/sh\ncase "$* " in\n${all.join("\n")}\nesac\n`, { mode: 0o755 });
  writeFileSync(join(folder, "helm"), "#!/bin/sh\necho v3.19.0\n", { mode: 0o755 });
  return { folder, remove: () => rmSync(folder, { recursive: true }) };
}
