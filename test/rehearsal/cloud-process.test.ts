import { startedAgain } from "../../rehearsal/cloud-process.ts";

describe("a start that is tried again", () => {
  const failing = (failures: number) => {
    let starts = 0;
    return async () => {
      starts += 1;
      if (starts <= failures) throw new Error(`start ${starts} failed`);
      return starts;
    };
  };

  it("gives the second start's answer and says why there was one", async () => {
    const said: string[] = [];
    const answer = await startedAgain(failing(1), new AbortController().signal, (line) => said.push(line));
    expect({ answer, said }).toEqual({ answer: 2, said: ["start 1 failed; it is started once more"] });
  });

  it("fails with the second start's reason", async () => {
    const start = startedAgain(failing(2), new AbortController().signal, () => undefined);
    await expect(start).rejects.toThrow("start 2 failed");
  });

  it("does not start again once it was interrupted", async () => {
    const start = startedAgain(failing(1), AbortSignal.abort(new Error("interrupted")), () => undefined);
    await expect(start).rejects.toThrow("interrupted");
  });
});
