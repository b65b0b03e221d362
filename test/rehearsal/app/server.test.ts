import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { json, RequestError, Router } from "../../../rehearsal/app/server.ts";

describe("Router", () => {
  const router = new Router()
    .on("GET", "/health", async () => json(200, "health"))
    .on("GET", "/api/projects", async () => json(200, "list"))
    .on("DELETE", "/api/projects/:id", async (_request, id) => json(200, id))
    .on("POST", "/api/projects/:id/detect", async (_request, id) => json(200, id));
  const request = new IncomingMessage(new Socket());

  it.each([
    ["GET", "/health", "/health", false, '"health"'],
    ["GET", "/api/projects", "/api/projects", true, '"list"'],
    ["DELETE", "/api/projects/a%20b", "/api/projects/:id", true, '"a b"'],
    ["POST", "/api/projects/7/detect", "/api/projects/:id/detect", true, '"7"'],
    ["POST", "/api/projects/7/8/detect", "other", true, '{"error":"no such path"}'],
    ["POST", "/api/projects//detect", "other", true, '{"error":"no such path"}'],
    ["POST", "/api/projects/detect", "other", true, '{"error":"no such path"}'],
    ["PUT", "/api/projects", "other", true, '{"error":"no such path"}'],
  ])("finds %s %s as %s", async (method, path, route, isCounted, body) => {
    const match = router.find(method, path);
    expect(match).toMatchObject({ route, isCounted });
    expect(await match.handle(request)).toMatchObject({ body });
  });

  it("answers 400 to a path that is no percent-encoding", async () => {
    const { handle } = router.find("DELETE", "/api/projects/%zz");
    await expect(handle(request)).rejects.toThrow(RequestError);
  });
});
