import { textAt, valueAt } from "./judging/objects.ts";
import type { AnyResource } from "./judging/resource.ts";
import { every, type Policy } from "./policy.ts";

const TAGS = ["project", "stack", "owner"];

/** What the provider adds to every resource; the engine keeps a provider's nested settings as JSON text. */
function defaultTags(provider: AnyResource["provider"]): unknown {
  const settings = provider?.props.defaultTags;
  return valueAt(typeof settings === "string" ? JSON.parse(settings) : settings, "tags");
}

export const everythingTagged: Policy = {
  name: "everything-tagged",
  control: "D03",
  reason: "What has no owner is never cleaned up, and what names no stack cannot be told from an orphan.",
  fix: "Use the stack's AWS provider, whose default tags are project, stack and owner.",
  each: [
    every(
      (type) => type.startsWith("aws:"),
      ({ props, provider }, demand) => {
        for (const tag of TAGS) {
          demand(`tags.${tag}`, () => {
            const value = textAt(props.tags, tag) ?? textAt(defaultTags(provider), tag);
            return value !== undefined && value !== "";
          });
        }
      },
    ),
  ],
};
