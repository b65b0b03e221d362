import { execFileSync } from "node:child_process";
import { shellLines } from "../../../runbook/rehearse/rehearsal-session.ts";

describe("shellLines", () => {
  const shell = (lines: string, words: string) =>
    execFileSync("/bin/sh", ["-c", `${lines}\nprintf %s "${words}"`], { encoding: "utf8", env: { PATH: "/its/own" } });

  it.each(["plain", "two words", "it's", '"$HOME"', "a\\b", "`false`", "ü"])("gives a shell %s as it is", (value) => {
    const lines = shellLines({ NAME: value }, { directory: "/", path: "/bin" });
    expect(shell(lines, "$NAME")).toBe(value);
  });

  it("goes to the project's directory", () => {
    const lines = shellLines({}, { directory: "/usr/lib", path: "/bin" });
    expect(shell(lines, "$PWD")).toBe("/usr/lib");
  });

  it("puts the run's programs before the other terminal's own search path", () => {
    const lines = shellLines({ PATH: "/run/bin:/usr/bin:/bin" }, { directory: "/", path: "/usr/bin:/bin" });
    expect(shell(lines, "$PATH")).toBe("/run/bin:/its/own");
  });

  it("gives the search path whole when it does not end with the terminal's", () => {
    const lines = shellLines({ PATH: "/run/bin" }, { directory: "/", path: "/usr/bin" });
    expect(shell(lines, "$PATH")).toBe("/run/bin");
  });
});
