import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder for PATH in which `pulumi` and `helm` are shell scripts. */
export interface StandInTools {
  readonly folder: string;
  remove(): void;
}

/** A CLI that answers with `state`, and whose preview goes on until SIGINT, and then as stand-in-preview.ts says. */
export function standInTools(state: unknown): StandInTools {
  const folder = mkdtempSync(join(tmpdir(), "sparki-tools-"));
  writeFileSync(join(folder, "state.json"), JSON.stringify(state));
  writeFileSync(join(folder, "pulumi"), pulumi(folder), { mode: 0o755 });
  writeFileSync(join(folder, "helm"), "#!/bin/sh\necho v3.19.0\n", { mode: 0o755 });
  return { folder, remove: () => rmSync(folder, { recursive: true }) };
}

function pulumi(folder: string): string {
  return `#!/bin/sh
case "$1 $2" in
  "version "*) echo v3.255.0 ;;
  "stack export") cat ${folder}/state.json ;;
  "stack history") echo '[]' ;;
  "whoami "*) echo '{"user":"somebody","url":"https://backend.invalid"}' ;;
  "config "*) echo '{}' ;;
  "preview "*) exec ${process.execPath} ${join(import.meta.dirname, "stand-in-preview.ts")} ${folder} "$@" ;;
esac
`;
}
