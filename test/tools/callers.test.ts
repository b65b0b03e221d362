import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { answerCallers, CALLER, callerHeaders } from "../../tools/callers.ts";

describe("answerCallers", () => {
  let server: Server;
  let url: string;
  const asked: (string | undefined)[] = [];

  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(request.url);
      response.end("ok");
    });
    answerCallers(server, CALLER);
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const address = server.address();
    url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  });

  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it("answers who knows the secret", async () => {
    expect(await (await fetch(`${url}/known`, { headers: { ...callerHeaders } })).text()).toBe("ok");
  });

  it("answers our own user's connections without it", async () => {
    const answers = ["/a", "/b"].map(async (path) => (await fetch(url + path)).text());
    expect(await Promise.all(answers)).toEqual(["ok", "ok"]);
    expect(asked).toEqual(expect.arrayContaining(["/a", "/b"]));
  });
});

describe("CALLER", () => {
  it("is one secret for all threads: the load balancer checks pods' health in a thread of its own", async () => {
    const file = join(import.meta.dirname, "..", "..", "tools", "callers.ts");
    const program = `import(${JSON.stringify(file)}).then(({ CALLER }) => require("node:worker_threads").parentPort.postMessage(CALLER))`;
    const [secret] = await once(new Worker(program, { eval: true }), "message");
    expect(secret).toBe(CALLER);
  });
});
