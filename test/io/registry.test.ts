import { createServer, type Server } from "node:http";
import { openNetwork } from "../../io/network.ts";
import { openRegistry } from "../../io/oci-registry.ts";
import { imageReference } from "../../stacks/fields.ts";
import { releaseNamed } from "../support/updates.ts";

const { images } = releaseNamed("1.0");
const engine = imageReference(images.engine);
const web = imageReference(images.web);
const e2e = imageReference(images.e2e);

describe("openRegistry", () => {
  const network = openNetwork({});
  const asked: string[] = [];
  let server: Server;
  let mirror: string;

  beforeAll(async () => {
    server = createServer(({ method, url = "" }, response) => {
      asked.push(`${method} ${url}`);
      const status = url.includes("/engine/") ? 200 : url.includes("/web/") ? 404 : 501;
      response.writeHead(status, { "content-type": "application/json" }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    mirror = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  });
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await network.close();
  });

  it("tells an image that is there from one that is gone, by its digest and on the mirror", async () => {
    const registry = openRegistry(network, { SPARKI_REGISTRY: mirror });
    expect(await registry.find(engine)).toEqual({ kind: "there" });
    expect(await registry.find(web)).toEqual({ kind: "missing" });
    expect(asked[0]).toBe(`HEAD /v2/alexarno/sparki/engine/manifests/${engine.digest}`);
  });

  it("never takes a registry that fails, or does not answer, for one that has lost the image", async () => {
    const failing = openRegistry(network, { SPARKI_REGISTRY: mirror });
    const closed = openRegistry(network, { SPARKI_REGISTRY: "http://127.0.0.1:9" });
    expect(await failing.find(e2e)).toMatchObject({ kind: "unknown", reason: expect.stringContaining("501") });
    expect(await closed.find(engine)).toMatchObject({
      kind: "unknown",
      reason: expect.stringContaining("ECONNREFUSED"),
    });
  });
});
