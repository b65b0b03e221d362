import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { accessSchema } from "../shared/rehearsal-access.ts";

/** The run's token, made once and kept for later clouds over the same run directory. */
export function tokenOf(runDirectory: string): string {
  const file = accessFile(runDirectory);
  if (!existsSync(file)) return randomBytes(32).toString("hex");
  return accessSchema.parse(JSON.parse(readFileSync(file, "utf8"))).token;
}

/** Writes down, for our own user alone, the token and the origins that it opens; answers with the file's path. */
export function writeAccess(runDirectory: string, token: string, origins: readonly string[]): string {
  const file = accessFile(runDirectory);
  writeFileSync(file, JSON.stringify({ token, origins }), { mode: 0o600 });
  return file;
}

function accessFile(runDirectory: string): string {
  const folder = join(runDirectory, "private");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return join(folder, "access.json");
}
