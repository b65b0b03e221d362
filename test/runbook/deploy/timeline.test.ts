import * as fc from "fast-check";
import type { Step } from "../../../records/engine-record.ts";
import { timelineOf } from "../../../runbook/deploy/deploy-document.ts";

const step = (urn: string, startSeconds: number, endSeconds: number, type = "aws:a:A"): Step => ({
  urn,
  name: urn,
  type,
  op: "create",
  startSeconds,
  endSeconds,
  status: "done",
});

describe("timelineOf", () => {
  it("stretches AWS's steps by the time scale and leaves real work as it was", () => {
    const steps = [step("a", 0, 1), step("b", 1, 3, "kubernetes:helm.sh/v3:Release")];
    const timeline = timelineOf(steps, new Map([["b", ["a"]]]), 0.01);
    expect(timeline).toEqual({ modelSeconds: 102, criticalPathSeconds: 102 });
  });

  it("lets independent steps run side by side", () => {
    const timeline = timelineOf([step("a", 0, 1), step("b", 0, 2)], new Map(), 0.01);
    expect(timeline).toEqual({ modelSeconds: 200, criticalPathSeconds: 200 });
  });

  it("counts waiting that no dependency explains into the model time, not into the critical path", () => {
    const timeline = timelineOf([step("a", 0, 1), step("b", 2, 3)], new Map(), 0.01);
    expect(timeline).toEqual({ modelSeconds: 201, criticalPathSeconds: 100 });
  });

  it("follows dependencies through what had no step of its own", () => {
    const needs = new Map([
      ["b", ["component"]],
      ["component", ["a"]],
    ]);
    expect(timelineOf([step("a", 0, 1), step("b", 1, 2)], needs, 0.01).criticalPathSeconds).toBe(200);
  });

  it("never finds a critical path longer than the model time or than all steps together", () => {
    const anyStep = fc.record({ start: fc.integer({ min: 0, max: 50 }), length: fc.integer({ min: 0, max: 50 }) });
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 12 }), (drawn) => {
        const steps = drawn.map(({ start, length }, index) => step(`${index}`, start, start + length));
        // Each step needs those that had ended when it began, as the engine would have it.
        const needs = new Map(
          steps.map((each) => [
            each.urn,
            steps
              .filter(
                (other) =>
                  other !== each &&
                  (other.endSeconds ?? 0) <= each.startSeconds &&
                  other.startSeconds < each.startSeconds,
              )
              .map(({ urn }) => urn),
          ]),
        );
        const { modelSeconds, criticalPathSeconds } = timelineOf(steps, needs, 0.1);
        const sum = drawn.reduce((total, { length }) => total + length * 10, 0);
        expect(criticalPathSeconds).toBeLessThanOrEqual(modelSeconds + 1e-6);
        expect(criticalPathSeconds).toBeLessThanOrEqual(sum + 1e-6);
      }),
    );
  });
});
