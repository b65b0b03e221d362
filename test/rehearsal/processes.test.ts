import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endLeftovers, endThoseIn, Instances, Processes, readRecords, recordsFile } from "../../rehearsal/processes.ts";
import { waitFor, waitForHttp } from "../../rehearsal/waiting.ts";
import { identityOf } from "../../tools/temporary-folders.ts";

const SLEEP = "setInterval(() => {}, 1000)";
const STUBBORN = "process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1000)";

let run: string;
let processes: Processes;

beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), "sparki-processes-"));
  processes = new Processes(run);
});

afterEach(async () => {
  await processes.stopAll(0.1);
  rmSync(run, { recursive: true, force: true });
});

function node(name: string, script: string) {
  return processes.start({ name, command: process.execPath, args: ["-e", script] });
}

const nameOf = (pid: number) => readFileSync(`/proc/${pid}/comm`, "utf8");

function records() {
  return readRecords(readFileSync(recordsFile(run), "utf8"));
}

describe("Processes", () => {
  it("logs both outputs and reports the exit code", async () => {
    const child = await node("talker", "console.log('out'); console.error('err'); process.exitCode = 3");
    expect(await child.exited).toEqual({ code: 3, signal: null });
    expect(readFileSync(join(run, "logs", "talker.log"), "utf8")).toBe("out\nerr\n");
  });

  it("keeps the record of running children only", async () => {
    const first = await node("first", SLEEP);
    const second = await node("second", SLEEP);
    expect(records().map(({ pid }) => pid)).toEqual([first.pid, second.pid]);
    await first.stop();
    expect(records().map(({ name }) => name)).toEqual(["second"]);
  });

  it("kills a child that ignores TERM once its limit is over", async () => {
    const lines: string[] = [];
    const child = await processes.start({
      name: "stubborn",
      command: process.execPath,
      args: ["-e", STUBBORN],
      onOutput: (_, chunk) => lines.push(`${chunk}`),
    });
    while (lines.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await child.stop(0.2);
    expect(await child.exited).toEqual({ code: null, signal: "SIGKILL" });
  });

  it("refuses a program that does not exist", async () => {
    const missing = processes.start({ name: "ghost", command: "/nowhere/ghost", args: [] });
    await expect(missing).rejects.toMatchObject({ code: "SPARKI_OUTSIDE" });
  });
});

describe("a server that is kept", () => {
  it("is started again when it ends by itself, and not when it was told to", async () => {
    const server = processes.keep(await node("server", SLEEP), () => node("server", SLEEP));
    const { pid } = server;
    process.kill(pid, "SIGKILL");
    await waitFor("the next one", async () => server.pid !== pid, { limitSeconds: 60 });
    expect(server.running()).toBe(true);
    expect(records()).toEqual([expect.objectContaining({ name: "server", pid: server.pid })]);
    server.signal("SIGINT");
    expect(await server.exited).toEqual({ code: null, signal: "SIGINT" });
    expect(server.running()).toBe(false);
    expect(records()).toEqual([]);
  });

  it("ends though it is told to while another is being started", async () => {
    const started: string[] = [];
    const server = processes.keep(await node("first", SLEEP), async () => {
      void server.stop();
      const next = await node("next", SLEEP);
      started.push(next.name);
      return next;
    });
    process.kill(server.pid, "SIGKILL");
    await server.exited;
    expect(started).toEqual(["next"]);
    expect(records()).toEqual([]);
  });

  it("is not started any more after five times in a row, nor once all are stopped", async () => {
    let starts = 0;
    const failing = processes.keep(await node("failing", "process.exit(7)"), async () => {
      starts++;
      throw new Error("cannot be started");
    });
    const other = processes.keep(await node("other", SLEEP), () => node("other", SLEEP));
    expect(await failing.exited).toEqual({ code: 7, signal: null });
    expect(starts).toBe(5);
    await processes.stopAll(0.1);
    await other.exited;
    expect(records()).toEqual([]);
  });
});

describe("endThoseIn", () => {
  it("ends a program's processes that work in a folder, and leaves others alone, there and elsewhere", async () => {
    const folder = mkdtempSync(join(run, "data-"));
    const sleeping = (name: string, program: string, cwd: string) =>
      processes.start({ name, command: program, args: [], cwd });
    const [server, other] = [join(run, "server"), join(run, "shell")];
    for (const program of [server, other])
      writeFileSync(program, "#!/bin/sh\nwhile :; do sleep 600; done\n", { mode: 0o755 });
    const own = await sleeping("own", server, folder);
    const shell = await sleeping("shell", other, folder);
    const elsewhere = await sleeping("elsewhere", server, run);
    await waitFor(
      "the programs",
      async () => [own, shell, elsewhere].every(({ pid }) => /server|shell/.test(nameOf(pid))),
      {
        limitSeconds: 60,
      },
    );
    expect(await endThoseIn(folder, "server")).toBe(true);
    expect((await own.exited).signal).toBe("SIGKILL");
    expect([shell.running(), elsewhere.running()]).toEqual([true, true]);
  });
});

describe("endLeftovers", () => {
  it("ends the children of a run that never stopped them", async () => {
    const child = await node("forgotten", SLEEP);
    expect(await endLeftovers(run)).toContain("forgotten");
    expect((await child.exited).signal).toBe("SIGKILL");
  });

  it("ends what a child had started that was killed, and leaves those alone whom the run itself was started by", async () => {
    // A parent that bears the mark too, which asks; beside it a process that a killed one has left.
    const left = `require("node:child_process").spawn(process.execPath, ["--eval", "setInterval(() => undefined, 1000)"], { detached: true, stdio: "ignore" })`;
    const leftovers = new URL("../../rehearsal/processes.ts", import.meta.url);
    const asks = `import("${leftovers}").then(({ endLeftovers }) => endLeftovers("${run}")).then((names) => console.log(names.length))`;
    const program = `
      const { execFileSync } = require("node:child_process");
      const { pid } = ${left};
      const told = execFileSync(process.execPath, ["--eval", ${JSON.stringify(asks)}], { encoding: "utf8" });
      console.log(told.trim(), require("node:fs").existsSync("/proc/" + pid + "/exe"));
    `;
    const env = { ...process.env, SPARKI_RUN_DIRECTORY: run };
    expect(execFileSync(process.execPath, ["--eval", program], { env, encoding: "utf8" })).toBe("1 false\n");
  });

  it("leaves a process alone that only has the same pid", async () => {
    const child = await node("bystander", SLEEP);
    const other = new Processes(join(run, "other"));
    const reused = [{ name: "old", pid: child.pid, identity: "another-boot/1" }];
    writeFileSync(recordsFile(other.runDirectory), JSON.stringify(reused));
    expect(await endLeftovers(other.runDirectory)).toEqual([]);
    expect(child.running()).toBe(true);
  });
});

describe("readRecords", () => {
  it.each([["[{"], ["{}"], ['[{"name":"x"}]'], ['[{"name":"x","pid":1}]']])("finds none in %s", (text) => {
    expect(readRecords(text)).toEqual([]);
  });
});

describe("identityOf", () => {
  it("is stable for a live process and undefined for none", () => {
    expect(identityOf(process.pid)).toBe(identityOf(process.pid));
    expect(identityOf(2 ** 22 + 1)).toBeUndefined();
  });
});

describe("waitForHttp", () => {
  it("resolves once the server answers 200", async () => {
    const server = createServer((_, response) => response.end("ok")).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await waitForHttp(`http://127.0.0.1:${port}/`, { limitSeconds: 2 });
    server.close();
  });
});

describe("waitFor", () => {
  it("fails with the log's last lines when the process ends first", async () => {
    const child = await node("broken", "console.error('no such option'); process.exitCode = 1");
    const waiting = waitFor("the server", async () => false, { limitSeconds: 5, process: child });
    await expect(waiting).rejects.toThrow(/broken ended before the server answered\n {2}no such option/);
  });

  it("fails after its limit", async () => {
    await expect(waitFor("the server", async () => false, { limitSeconds: 0.1 })).rejects.toThrow("within 0.1 s");
  });
});

function fakes() {
  const running = new Set<object>();
  const instances = new Instances<{ address: string; isRunning(): boolean }>();
  const make = async (index: number) => {
    const made = { address: `127.20.1.${index}`, isRunning: () => running.has(made) };
    running.add(made);
    return made;
  };
  return { instances, make, running };
}

describe("Instances", () => {
  it("starts a name once however concurrently it is asked for", async () => {
    const { instances, make } = fakes();
    const started = await Promise.all([instances.start("a", make), instances.start("a", make)]);
    expect(started[0]).toBe(started[1]);
  });

  it("gives each name an address of its own, and a freed one to the next", async () => {
    const { instances, make } = fakes();
    await instances.start("a", make);
    expect((await instances.start("b", make)).address).toBe("127.20.1.2");
    await instances.take("a");
    expect((await instances.start("c", make)).address).toBe("127.20.1.1");
  });

  it("starts again, at the same address, what has ended by itself", async () => {
    const { instances, make, running } = fakes();
    const first = await instances.start("a", make);
    running.delete(first);
    const second = await instances.start("a", make);
    expect(second).not.toBe(first);
    expect(second.address).toBe(first.address);
  });

  it("gives the name of one that is replaced to another server on another address, or leaves it", async () => {
    const { instances, make } = fakes();
    await instances.start("a", make);
    await expect(instances.replace("a", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect((await instances.find("a"))?.address).toBe("127.20.1.1");
    expect((await instances.replace("a", make)).address).toBe("127.20.1.2");
    expect((await instances.start("a", make)).address).toBe("127.20.1.2");
    expect((await instances.start("b", make)).address).toBe("127.20.1.1");
  });

  it("tries again after a start that failed", async () => {
    const { instances, make } = fakes();
    await expect(instances.start("a", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect((await instances.start("a", make)).address).toBe("127.20.1.1");
  });
});
