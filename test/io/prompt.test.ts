import { PassThrough } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { askYesNo } from "../../io/prompt.ts";

/** A question at a terminal of someone who types these keys. */
async function asked(keys: string | null, signal = new AbortController().signal, isTTY = true) {
  const place = {
    stdin: Object.assign(new PassThrough(), { isTTY }),
    stderr: Object.assign(new PassThrough(), { isTTY }),
  };
  const answer = askYesNo("Deploy this?", signal, place);
  await turn();
  if (keys === null) place.stdin.end();
  else place.stdin.write(keys);
  return answer;
}

describe("askYesNo", () => {
  it.each([
    ["y\n", true],
    ["Yes\n", true],
    ["n\n", false],
    ["\n", false],
    ["certainly\n", false],
    // Ctrl-D.
    ["\u0004", false],
    [null, false],
  ])("takes %j as %j", async (keys, expected) => {
    expect(await asked(keys)).toBe(expected);
  });

  const interrupted = { code: "SPARKI_OUTSIDE", message: expect.stringContaining("nothing was changed") };

  it("ends with an interruption at a Ctrl-C", async () => {
    await expect(asked("\u0003")).rejects.toMatchObject(interrupted);
  });

  it("ends with an interruption at a signal", async () => {
    await expect(asked("", AbortSignal.timeout(20))).rejects.toMatchObject(interrupted);
  });

  it("asks nobody where nobody sits", async () => {
    expect(await asked("y\n", undefined, false)).toBeUndefined();
  });
});
