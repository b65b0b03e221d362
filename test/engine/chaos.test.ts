import { spawn } from "node:child_process";
import { join } from "node:path";
import { z } from "zod";

jest.setTimeout(600_000);

const MAIN = join(import.meta.dirname, "..", "..", "tools", "chaos", "main.ts");
/** Another point every day; SPARKI_CHAOS_SEED tries one of another day again. */
const SEED = process.env.SPARKI_CHAOS_SEED ?? `${Math.floor(Date.now() / 86_400_000)}`;

const documentSchema = z.object({
  seed: z.number(),
  attempts: z.array(
    z.object({ point: z.string(), wasKilled: z.boolean(), converged: z.boolean(), findings: z.array(z.string()) }),
  ),
});

describe("npm run chaos", () => {
  it("finds that a first deployment killed at a step of the day goes on by the same command, and leaves nothing", async () => {
    const args = ["--json", "--journey", "first-deploy", "--sample", "1", "--seed", SEED];
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "inherit"] });
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    const exitCode = await new Promise((resolve) => child.once("close", resolve));
    const { seed, attempts } = documentSchema.parse(JSON.parse(stdout));
    expect({ seed, attempts, exitCode }).toEqual({
      seed: Number(SEED),
      attempts: [expect.objectContaining({ wasKilled: true, converged: true, findings: [] })],
      exitCode: 0,
    });
  });
});
