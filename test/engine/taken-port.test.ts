import { createServer, type Server } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { PORTS } from "../../rehearsal/addresses.ts";
import { makeRuns, sparki } from "../support/sparki.ts";

jest.setTimeout(600_000);

describe("sparki rehearse", () => {
  it("names a port that something else on the machine has taken, and exits 4", async () => {
    const runs = makeRuns();
    const server = await listeningEverywhere(PORTS.kubelet);
    const { exitCode, stderr } = await sparki(["rehearse"], runs);
    await new Promise((resolve) => server.close(resolve));
    expect({ exitCode, left: runs.processes() }).toEqual({ exitCode: 4, left: [] });
    runs.remove();
    expect(stderr).toContain(`port ${PORTS.kubelet} is in use`);
    expect(stderr).toContain("Next: stop what listens on it");
  });
});

/** Waits for rehearsals of others on this machine to let go of the port. */
async function listeningEverywhere(port: number): Promise<Server> {
  for (let tries = 0; ; tries++) {
    const server = createServer();
    const taken = await new Promise<unknown>((resolve) => {
      server.once("error", resolve);
      server.listen(port, "0.0.0.0", () => resolve(undefined));
    });
    if (taken === undefined) return server;
    if (tries === 240) throw taken;
    await delay(500);
  }
}
