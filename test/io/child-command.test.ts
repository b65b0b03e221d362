import { commandRunner } from "../../io/child-command.ts";

const node = commandRunner(process.execPath, { GREETING: "hello" });

describe("commandRunner", () => {
  it("gives what a program wrote and how it ended, also when it failed", async () => {
    const program = "console.log(process.env.GREETING); console.error('why'); process.exitCode = 3";
    expect(await node(["-e", program])).toEqual({ code: 3, stdout: "hello\n", stderr: "why\n" });
  });

  it("hands it its input and its folder", async () => {
    const program = "process.stdin.on('data', (text) => console.log(process.cwd(), String(text)))";
    expect(await node(["-e", program], { cwd: "/", input: "in" })).toMatchObject({ stdout: "/ in\n" });
  });

  it("does not mind a program that reads nothing", async () => {
    expect(await node(["-e", ""], { input: "x".repeat(1_000_000) })).toMatchObject({ code: 0 });
  });

  it("rejects, naming the program, when it cannot be started or is ended", async () => {
    const absent = commandRunner("/no/such/program", {});
    await expect(absent([])).rejects.toThrow("/no/such/program cannot be run: spawn /no/such/program ENOENT");
    const signal = AbortSignal.timeout(50);
    await expect(node(["-e", "setTimeout(() => {}, 60000)"], { signal })).rejects.toThrow("cannot be run");
  });
});
