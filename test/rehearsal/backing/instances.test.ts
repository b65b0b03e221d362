import { Instances } from "../../../rehearsal/backing/instances.ts";

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
