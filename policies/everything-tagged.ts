import { isTagged } from "../stacks/tagging.ts";
import { textAt, valueAt } from "./judging/objects.ts";
import type { AnyResource } from "./judging/resource.ts";
import { every, type Policy } from "./policy.ts";

const TAGS = ["project", "stack", "owner"];

/** What the provider adds to every resource; the engine keeps a provider's nested settings as JSON text. */
function defaultTags(provider: AnyResource["provider"]): unknown {
  const settings = provider?.props.defaultTags;
  return valueAt(typeof settings === "string" ? JSON.parse(settings) : settings, "tags");
}

function isText(value: string | undefined): boolean {
  return value !== undefined && value !== "";
}

export const everythingTagged: Policy = {
  name: "everything-tagged",
  control: "D03",
  reason:
    "What has no owner is never cleaned up, what names no stack cannot be told from an orphan, and what names no release cannot be traced to the change that made it.",
  fix: "Use the stack's AWS provider, whose default tags are project, stack and owner, below a component that is given the release's transformation (infra/release-tag.ts); a kind without tags belongs into stacks/tagging.ts.",
  each: [
    every(
      (type) => type.startsWith("aws:"),
      ({ props, provider }, demand) => {
        for (const tag of TAGS)
          demand(`tags.${tag}`, () => isText(textAt(props.tags, tag) ?? textAt(defaultTags(provider), tag)));
      },
    ),
    // Its own tag: a default one would change every resource at every release.
    every(isTagged, ({ props }, demand) => demand("tags.release", () => isText(textAt(props.tags, "release")))),
  ],
};
