import { jaeger } from "../../../../runbook/preflight/checks/observability.ts";
import { fakeContext, look } from "../../../support/preflight.ts";

const URL = "POST https://jaeger.storm.sparki.tools/v1/traces";

describe("jaeger", () => {
  it.each([
    ["says nothing else", {}],
    ["says that it rejected none", { partialSuccess: { rejectedSpans: "0" } }],
  ])("passes when the collector takes a span of our own and %s", async (_, body) => {
    const context = fakeContext({ web: { [URL]: { body } } });
    expect(await look(jaeger, context)).toMatchObject({
      status: "pass",
      reason: expect.stringContaining("not checked: no sparki:storm.jaegerQueryUrl is configured"),
    });
    const sent = JSON.parse(context.requests[0]?.body ?? "");
    expect(sent.resourceSpans[0].resource.attributes[0].value).toEqual({ stringValue: "sparki-preflight" });
    expect(sent.resourceSpans[0].scopeSpans[0].spans[0]).toMatchObject({
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
      spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
      startTimeUnixNano: "1795435200000000000",
    });
  });

  it("fails when the collector rejects it, with its reason", async () => {
    const body = { partialSuccess: { rejectedSpans: 1, errorMessage: "queue is full" } };
    expect(await look(jaeger, fakeContext({ web: { [URL]: { body } } }))).toMatchObject({
      status: "fail",
      reason: "it rejected a span: queue is full",
    });
  });

  it("cannot look when the collector answers an error", async () => {
    await expect(look(jaeger, fakeContext({ web: { [URL]: { status: 503 } } }))).rejects.toThrow("answered 503");
  });
});
